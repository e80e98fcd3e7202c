"""Oracle: the published estimate, within a factor of two (SOURCE.md)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from silla.physics.qubits.resources import MACHINES, estimate
from silla.physics.qubits.resources.programs import rsa_2019

ROWS = csv.DictReader((Path(__file__).parent / "reference.csv").open(encoding="utf-8"))
PUBLISHED = {r["quantity"]: float(r["value"]) for r in ROWS}


def test_rsa_2048_within_a_factor_of_two():
    program = rsa_2019(2048)
    found = estimate(program, MACHINES["superconducting"], "gidney-ekera-2019", factories=28)
    assert program.toffoli == pytest.approx(PUBLISHED["toffoli"], rel=0.01)
    assert program.logical_qubits == pytest.approx(PUBLISHED["logical_qubits"], rel=0.01)
    assert 0.5 <= found.physical_qubits / PUBLISHED["physical_qubits"] <= 2.0
    assert 0.5 <= found.expected_s / 3600 / PUBLISHED["expected_time"] <= 2.0
    assert found.distance == 27  # the source's distance of its larger code
