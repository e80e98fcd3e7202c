"""Advantage reports. Oracles: the leaf's own estimates, exhaustive search, closed forms of the shape."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.engine.advantage import advantage_report, measure, preset_report, random_qubo, shape_of, sub_qubo
from silla.physics.qubits.ising import Qubo
from silla.physics.qubits.resources import MACHINES, PRESETS, estimate
from silla.physics.qubits.solvers import SOLVERS


def test_the_shape_of_a_qubo():
    shape = shape_of(Qubo([[1.0, 2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 3.0]]))
    assert (shape.n, shape.pairs, shape.max_degree) == (3, 1, 1)
    assert shape_of(random_qubo(30, 1.0, 1)).pairs == 435
    assert shape_of(random_qubo(30, 1.0, 1)).at(60).pairs == 1770


def test_classical_targets_are_optima_where_they_can_be_checked():
    rng = np.random.default_rng(1)
    family = {(n, k): sub_qubo(random_qubo(20, 0.5, 1), n, rng) for n in (6, 10, 14, 18) for k in (1,)}
    found = measure(lambda n, k: family[n, k], (6, 10, 14, 18), cpu_s=0.02, seeds=(1,))
    for row in found.rows:
        exact = SOLVERS["exhaustive"]().sample(family[row["n"], row["seed"]], seed=1).best[1]
        assert row["target"] == pytest.approx(exact)
    assert found.growth is not None and found.growth.sizes == (6, 18)


def test_a_report_says_what_the_leaf_says():
    report = advantage_report(random_qubo(24, 0.5, 2), ["superconducting", "annealer"], "slot", cpu_s=0.02, seeds=(1,))
    kinds = {(e["algorithm"], e["machine"]) for e in report["estimates"]}
    assert kinds == {("qaoa", "superconducting"), ("grover", "superconducting"), ("annealing", "annealer")}
    assert not any(e["in_time"] for e in report["estimates"])
    row = report["estimates"][0]
    assert row["times_clock"] == pytest.approx(row["expected_s"] / 0.5e-3)
    assert len(report["crossings"]) == 6 and all(c["size"] is None or c["extrapolated"] for c in report["crossings"])


def test_a_preset_is_its_estimate():
    report = preset_report(PRESETS["ecc-256-2026"])
    own = next(e for e in report["estimates"] if e["assumed"])
    found = estimate(PRESETS["ecc-256-2026"], MACHINES["superconducting"])
    assert own["physical_qubits"] == found.physical_qubits


def test_bad_input():
    with pytest.raises(ArgumentError, match="no weights"):
        advantage_report(Qubo(np.zeros((3, 3))))
    with pytest.raises(ArgumentError, match="a Qubo"):
        advantage_report("scheduling")
    with pytest.raises(ArgumentError, match="annealer does not"):
        preset_report(PRESETS["aes-128"], ["annealer"])
    with pytest.raises(ArgumentError, match="no machine"):
        advantage_report(random_qubo(8, 0.5, 1), [])
