"""Oracle: Stim and PyMatching, an independent simulation of the code (SOURCE.md)."""

from __future__ import annotations

import pytest

from silla.physics.qubits.resources.codes import check_distance

pytest.importorskip("stim")
pytest.importorskip("pymatching")


@pytest.mark.parametrize(("gate_error", "shots"), [(1e-3, 2_000_000), (2e-3, 500_000)])
def test_the_formula_distance_is_confirmed_within_one_step(gate_error, shots):
    found = check_distance(gate_error, 1e-12, (3, 5, 7), shots, seed=1)
    assert abs(found.distance_formula - found.distance_simulated) <= 2
    assert found.confirmed and all(0.4 <= r <= 2.0 for r in found.ratio)


def test_nearer_the_threshold_the_formula_errs_on_the_safe_side():
    found = check_distance(3e-3, 1e-12, (3, 5, 7), 200_000, seed=1)
    assert found.distance_simulated <= found.distance_formula <= found.distance_simulated + 4
