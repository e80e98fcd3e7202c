"""Oracle: the published counts, within 10 % (SOURCE.md)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from silla.physics.qubits.resources import MACHINES, estimate
from silla.physics.qubits.resources.programs import ecc_2026

ROWS = csv.DictReader((Path(__file__).parent / "reference.csv").open(encoding="utf-8"))
PUBLISHED = {r["quantity"]: float(r["value"]) for r in ROWS}


def test_ecc_256_within_ten_per_cent():
    program = ecc_2026(256)
    found = estimate(program, MACHINES["superconducting"], "babbush-2026")
    assert (program.logical_qubits, program.toffoli) == (PUBLISHED["logical_qubits"], PUBLISHED["toffoli"])
    assert found.physical_qubits == pytest.approx(PUBLISHED["physical_qubits"], rel=0.1)
    assert found.online_s / 60 == pytest.approx(PUBLISHED["online_time"], rel=0.1)
    assert found.expected_s > found.run_s  # runs that fail are not hidden
