"""Oracle: the published bounds, within a factor of two (SOURCE.md)."""

from __future__ import annotations

import csv
from pathlib import Path

from silla.physics.qubits.resources import MACHINES, estimate
from silla.physics.qubits.resources.programs import rsa_2025

ROWS = csv.DictReader((Path(__file__).parent / "reference.csv").open(encoding="utf-8"))
PUBLISHED = {r["quantity"]: float(r["value"]) for r in ROWS}


def test_rsa_2048_within_a_factor_of_two():
    found = estimate(rsa_2025(2048), MACHINES["superconducting"], "gidney-2025")
    assert 0.5 <= found.physical_qubits / PUBLISHED["physical_qubits"] <= 2.0
    assert 0.5 <= found.expected_s / 86400 / PUBLISHED["time"] <= 2.0
