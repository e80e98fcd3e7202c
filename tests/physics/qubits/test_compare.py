"""The comparison at equal CPU seconds. Oracles: the optimum by enumeration, clocks, hand-made solvers."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError, RunError
from silla.physics.qubits.compare import compare, within
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.samples import Samples, timing
from silla.physics.qubits.solvers import Annealing, Exhaustive


def glass(n, seed=1):
    rng = np.random.default_rng(seed)
    return Ising(rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1))


@pytest.mark.skipif(not kernels.available(), reason="too few reads in the time with the NumPy twins")
def test_each_solver_gets_its_seconds_and_the_optimum_is_found():
    model = glass(16)
    best = Exhaustive().sample(model).best[1]
    c = compare(
        model, ["annealing", "tabu", "tempering", "bifurcation"], 0.15, [1, 2, 3], options={"tempering": {"rounds": 5}}
    )
    for r in c.rows:
        assert r.best == pytest.approx(best) and r.mean >= r.best - 1e-9
        assert r.interval[0] <= r.mean <= r.interval[1]
        assert r.time_to_target_s is not None and r.time_to_target_s <= r.cpu_s + 1e-9
        assert model.energy(c.states[r.solver]) == pytest.approx(best)
        assert 0.05 < r.cpu_s < 0.4 and r.reads >= 1
    assert c.target == pytest.approx(best)
    assert len(c.table().splitlines()) == 5 and len(c.records()) == 4


def test_a_failure_is_shown_in_its_own_row():
    def broken(problem, cpu_s, seed):
        raise TimeoutError("the machine did not answer in 3 s")

    c = compare(glass(40), {"exhaustive": Exhaustive(), "machine": broken, "annealing": Annealing()}, 0.02, [1])
    assert c.row("machine").best is None and "did not answer" in c.row("machine").failure
    assert "2^40" in c.row("exhaustive").failure
    assert c.row("annealing").best is not None and "machine" not in c.states
    assert "failed: TimeoutError" in c.table()


def test_quantum_rows_need_three_baselines():
    def machine(problem, cpu_s, seed):
        s = np.ones((1, problem.n), np.int8)
        return Samples(s, problem.energy(s), np.ones(1, np.int64), timing(queue=2.0, wall=2.0))

    solvers = {"machine": machine, "annealing": Annealing(), "exhaustive": Exhaustive()}
    c = compare(glass(8), solvers, 0.02, [1], quantum=["machine"])
    assert c.row("machine").timing["queue"] == 2.0
    with pytest.raises(RunError, match=r"there are 2 \(annealing, exhaustive\)"):
        c.require_baselines()
    c.require_baselines(2)
    compare(glass(8), ["annealing"], 0.01, [1]).require_baselines()


def test_an_overrun_is_told():
    def slow(problem, cpu_s, seed):
        import time

        until = time.process_time() + 0.2
        while time.process_time() < until:
            pass
        s = np.ones((1, problem.n), np.int8)
        return Samples(s, problem.energy(s), np.ones(1, np.int64), timing())

    assert "overran" in compare(glass(4), {"slow": slow}, 0.01, [1]).rows[0].status


def test_one_seed_has_no_interval_and_within_traces():
    assert compare(glass(4), ["greedy"], 0.01, [1]).rows[0].interval is None
    a = within(Annealing(), glass(12), 0.05, 1)
    times, energies = zip(*a.trace)
    assert list(times) == sorted(times) and list(energies) == sorted(energies, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((["nobody"], 1.0, [1]), "no solver is called 'nobody'"),
        (([], 1.0, [1]), "one solver"),
        ((["greedy"], 1.0, []), "one seed"),
        ((["greedy"], 0.0, [1]), "positive"),
    ],
)
def test_bad_input_is_refused(arguments, says):
    with pytest.raises(ArgumentError, match=says):
        compare(glass(3), *arguments)
    with pytest.raises(ArgumentError, match="called qaoa"):
        compare(glass(3), ["greedy"], 1.0, [1], quantum=["qaoa"])
