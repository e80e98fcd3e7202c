"""Training and solving with QAOA, Grover's search. Oracles: enumeration, the exact optimum of rings, two-dimensional
rotations, published bounds on queries."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.physics.qubits.grover import (
    GroverSolver,
    best_iterations,
    grover_state,
    minimum,
    query_bound,
    search_unknown,
    success_probability,
)  # fmt: skip
from silla.physics.qubits.ising import Ising, Qubo
from silla.physics.qubits.qaoa import Qaoa, ring_cut_fraction
from silla.physics.qubits.qaoa_mixers import XYMixer
from silla.physics.qubits.qaoa_solver import QaoaSolver
from silla.physics.qubits.qaoa_training import fourier_angles, train
from silla.physics.qubits.solvers import SOLVERS


def random_ising(n: int, seed: int = 1) -> Ising:
    rng = np.random.default_rng(seed)
    return Ising(rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1), 0.7)


@pytest.mark.parametrize("method", ["interp", "fourier"])
def test_rings_are_trained_to_their_proven_optimum(method):
    n = 10
    couplings = np.zeros((n, n))
    couplings[np.arange(n - 1), np.arange(1, n)] = couplings[0, n - 1] = 1.0
    qaoa = Qaoa(Ising(np.zeros(n), couplings), precision="double")
    for depth in (1, 2, 3):
        trained = train(qaoa, depth, method=method)
        assert (n - trained.energy) / (2 * n) == pytest.approx(ring_cut_fraction(depth), abs=1e-6)


def test_deeper_is_never_worse_and_methods_agree():
    qaoa = Qaoa(random_ising(8), precision="double")
    trained = train(qaoa, 4)
    assert trained.by_depth == sorted(trained.by_depth, reverse=True)
    assert qaoa.energy(trained.gamma, trained.beta) == pytest.approx(trained.energy, abs=1e-9)
    assert train(qaoa, 4, method="ramp").energy == pytest.approx(trained.energy, rel=0.05)


def test_a_budget_ends_the_training_with_angles_of_the_full_depth():
    qaoa = Qaoa(random_ising(8), precision="double")
    trained = train(qaoa, 5, max_evaluations=20)
    assert trained.n_evaluations <= 21 and len(trained.gamma) == len(trained.beta) == 5
    assert qaoa.energy(trained.gamma, trained.beta) == pytest.approx(trained.energy, abs=1e-9)
    for wrong in ({"method": "x"}, {"max_evaluations": 0}, {"max_seconds": 0.0}):
        with pytest.raises(ArgumentError):
            train(qaoa, 2, **wrong)
    with pytest.raises(ArgumentError, match="depth"):
        train(qaoa, 0)


def test_waves_of_the_fourier_start():
    """Two waves at depth two by hand."""
    gamma, beta = fourier_angles(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 2)
    np.testing.assert_allclose(gamma, np.sin([np.pi / 8, 3 * np.pi / 8]))
    np.testing.assert_allclose(beta, np.cos([3 * np.pi / 8, 9 * np.pi / 8]))


def test_the_solver_finds_the_optimum_and_counts_its_time():
    model = random_ising(10)
    best = SOLVERS["exhaustive"]().sample(model).best
    found = SOLVERS["qaoa"]().sample(model, depth=3, reads=500, seed=3)
    assert found.best[1] == pytest.approx(best[1]) and (found.best[0] == best[0]).all()
    assert found.n_reads == 500 and found.energies == pytest.approx(model.energy(found.states))
    t = found.timing
    assert t["programming"] >= found.info["training_s"] > 0 and t["readout"] > 0
    assert t["wall"] >= t["programming"] + t["run"] + t["readout"]
    again = QaoaSolver().sample(model, depth=3, reads=500, seed=3)
    assert (again.states == found.states).all() and (again.counts == found.counts).all()


def test_one_hot_qubo_with_the_xy_mixer():
    """Three users on three cells: every read satisfies the constraint that the QUBO does not mention."""
    rng = np.random.default_rng(2)
    model = Qubo(np.diag(rng.normal(size=9)) + np.triu(rng.normal(size=(9, 9)), 1))
    groups = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    found = QaoaSolver().sample(model, mixer=XYMixer(groups, 2, "complete"), depth=2, reads=400)
    assert found.vartype == "binary"
    assert (found.states.reshape(-1, 3, 3).sum(axis=2) == 1).all()
    one_hot = [np.eye(3)[list(c)].ravel() for c in np.ndindex(3, 3, 3)]
    assert found.best[1] == pytest.approx(model.energy(one_hot).min())


def test_grover_is_a_rotation():
    for n_marked in (1, 3, 20, 64):
        marked = np.arange(64) < n_marked
        for k in range(8):
            p = grover_state(marked, k) ** 2
            assert p[marked].sum() == pytest.approx(success_probability(64, n_marked, k), abs=1e-12)
    k = best_iterations(1 << 20, 1)
    assert k == 804 and success_probability(1 << 20, 1, k) > 1 - 1e-6


def test_search_with_an_unknown_number_of_solutions():
    """Mean iterations stay below 9/2 sqrt(N/M); without solutions the search ends."""
    for n_marked in (1, 5):
        marked = np.zeros(256, bool)
        marked[10 : 10 + n_marked] = True
        found = [search_unknown(marked, np.random.default_rng(k)) for k in range(200)]
        assert all(f.found and marked[f.index] for f in found)
        assert np.mean([f.queries for f in found]) < 4.5 * np.sqrt(256 / n_marked)
    lost = search_unknown(np.zeros(64, bool), np.random.default_rng(1))
    assert not lost.found and lost.index == -1 and lost.queries <= 9 * 8


def test_minimum_within_the_published_number_of_queries():
    """Both ways of reading agree (Kolmogorov-Smirnov at 1e-6), and stay far below 22.5 sqrt(N) in the mean."""
    from scipy.stats import ks_2samp

    values = np.random.default_rng(5).normal(size=256)
    queries = []
    for amplitudes in (True, False):
        runs = [minimum(values, np.random.default_rng([k, amplitudes]), amplitudes=amplitudes) for k in range(300)]
        assert np.mean([r.found and r.index == values.argmin() for r in runs]) > 0.95
        assert all((np.diff(values[list(r.trace)]) < 0).all() for r in runs)
        queries.append([r.queries for r in runs])
        assert np.mean(queries[-1]) < 45 / 4 * np.sqrt(256) + 0.7 * 8**2
    assert ks_2samp(*queries).pvalue > 1e-6
    assert query_bound(256) == pytest.approx(22.5 * 16 + 1.4 * 64)
    assert minimum([3.0, 3.0, 3.0], np.random.default_rng(1)).queries == 0


def test_grover_as_a_solver():
    model = random_ising(9)
    found = SOLVERS["grover"]().sample(model, seed=2)
    assert found.best[1] == pytest.approx(SOLVERS["exhaustive"]().sample(model).best[1])
    assert found.info["queries"] <= 4 * found.info["bound"]
    with pytest.raises(ArgumentError, match="n = 40"):
        GroverSolver().sample(Ising(np.ones(40), np.eye(40)))


def test_bad_searches():
    for call in (
        lambda: grover_state([True, False, True], 1), lambda: grover_state([True, False], -1),
        lambda: minimum([], np.random.default_rng(1)), lambda: minimum([np.nan, 1.0], np.random.default_rng(1)),
        lambda: best_iterations(4, 0), lambda: QaoaSolver().sample(random_ising(3), reads=0),
        lambda: QaoaSolver().sample(random_ising(3), layers=2),
    ):  # fmt: skip
        with pytest.raises(ArgumentError):
            call()
