"""Solvers. Oracles: enumeration written out here, kernels beside twins, Boltzmann's law, dwave-samplers, dimod."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp

from silla.base import kernels
from silla.base.errors import ArgumentError, MissingExtra
from silla.base.rng import stream
from silla.physics.qubits.ising import Ising, Qubo
from silla.physics.qubits.samples import TIMING_KEYS, Samples, timing
from silla.physics.qubits.solvers import SOLVERS, Annealing, Exhaustive, Tabu
from silla.physics.qubits.solvers.single import generator_states, random_spins, single, sweeps, tabu_steps

CLASSICAL = ("exhaustive", "cp-sat", "highs", "annealing", "tempering", "tabu", "bifurcation", "greedy")
HEURISTICS = ("annealing", "tempering", "tabu", "bifurcation", "greedy")


def glass(n, seed=1, density=1.0, fields=True, sparse=False):
    """A spin glass with couplings in multiples of 1/64, so that single precision is exact."""
    rng = np.random.default_rng(seed)
    j = np.triu(np.rint(64 * rng.normal(size=(n, n))) / 64, 1) * (rng.random((n, n)) < density)
    h = np.rint(64 * rng.normal(size=n)) / 64 if fields else np.zeros(n)
    return Ising(h, sp.csr_array(j) if sparse else j, 0.25)


def optimum(model):
    return float(model.energy(np.array(list(product((-1, 1), repeat=model.n)))).min())


@pytest.fixture(params=kernels.constant("supported", list)())
def isa(request):
    import silla_kernels

    before = silla_kernels.isa()
    silla_kernels.set_isa(request.param)
    yield request.param
    silla_kernels.set_isa(before)


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("n", [1, 2, 10])
@pytest.mark.parametrize("sparse", [False, True])
def test_every_solver_finds_the_optimum_of_small_models(name, n, sparse):
    if name == "cp-sat":
        pytest.importorskip("ortools")
    for seed in range(3):
        model = glass(n, seed, 0.6, sparse=sparse)
        samples = SOLVERS[name]().sample(model, seed=seed)
        state, energy = samples.best
        assert energy == pytest.approx(optimum(model))
        assert energy == pytest.approx(float(model.energy(state)))
        assert set(samples.timing) == set(TIMING_KEYS) and samples.timing["wall"] >= samples.timing["run"] > 0
        if "bound" in samples.info:
            assert samples.info["bound"] <= energy + 1e-6
            assert samples.info["status"] == "optimal"
            assert samples.info["bound"] == pytest.approx(energy, abs=1e-5)


@pytest.mark.parametrize("name", CLASSICAL)
def test_qubos_come_back_in_bits_and_seeds_repeat(name):
    if name == "cp-sat":
        pytest.importorskip("ortools")
    qubo = glass(8).to_qubo()
    a, b = (SOLVERS[name]().sample(qubo, seed=5) for _ in range(2))
    assert a.vartype == "binary" and set(np.unique(a.states)) <= {0, 1}
    assert (a.states == b.states).all()
    assert a.energies == pytest.approx(qubo.energy(a.states))


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_model_without_coefficients_is_solved(name):
    if name == "cp-sat":
        pytest.importorskip("ortools")
    assert SOLVERS[name]().sample(Ising(np.zeros(3), np.zeros((3, 3)), 2.0), seed=1).best[1] == 2.0
    assert SOLVERS[name]().sample(Ising(np.zeros(3), sp.csr_array((3, 3)), 2.0), seed=1).best[1] == 2.0


@pytest.mark.parametrize(("n", "sparse"), [(5, False), (16, False), (37, False), (40, True), (200, True)])
def test_sweeps_of_kernel_and_twin_give_the_same_states(isa, n, sparse):
    model = single(glass(n, density=0.05 if sparse else 1.0, sparse=sparse))
    assert (model.dense is None) == sparse
    rng = stream(3, "parity")
    spins, states = random_spins(rng, 6, n), generator_states(rng, 6)
    for t in (np.geomspace(4, 0.05, 12), np.linspace(2, 0.1, 6 * 7).reshape(6, 7), np.zeros(0)):
        a = sweeps(model, spins, t, states)
        b = sweeps(model, spins, t, states, use_kernel=False)
        assert (a[0] == b[0]).all() and a[2] == b[2]
        assert a[1] == pytest.approx(b[1])


@pytest.mark.parametrize(("n", "sparse"), [(5, False), (37, False), (200, True)])
def test_tabu_steps_of_kernel_and_twin_give_the_same_states(isa, n, sparse):
    model = single(glass(n, density=0.05 if sparse else 1.0, sparse=sparse))
    rng = stream(3, "parity")
    spins, tenure = random_spins(rng, 4, n), rng.integers(1, max(2, n // 5), 300)
    a, b = tabu_steps(model, spins, tenure), tabu_steps(model, spins, tenure, use_kernel=False)
    assert (a[0] == b[0]).all() and (a[1] == b[1]).all()


@pytest.mark.parametrize("use_kernel", [True, False])
def test_exhaustive_counts_every_optimum(use_kernel):
    ring = np.zeros((20, 20))
    ring[np.arange(20), (np.arange(20) + 1) % 20] = -1.0
    found = Exhaustive().sample(Ising(np.zeros(20), np.triu(ring + ring.T)), seed=1, use_kernel=use_kernel)
    assert found.best[1] == -20 and found.info["optima"] == 2
    frustrated = Ising(np.zeros(3), np.triu(np.ones((3, 3)), 1))
    assert Exhaustive().sample(frustrated, seed=1, use_kernel=use_kernel).info["optima"] == 6


def test_a_constant_temperature_samples_boltzmanns_law():
    """Chi-square of 3-spin states at T = 1 from independent chains; false alarm 1e-4."""
    from scipy.stats import chisquare

    model = Ising([0.3, -0.2, 0.1], np.triu([[0, 0.7, -0.4], [0, 0, 0.5], [0, 0, 0]]))
    reads, rng = 20_000, stream(1, "boltzmann")
    arrays = single(model)
    spins, _, _ = sweeps(
        arrays, random_spins(rng, reads, 3), np.full(40, 1 / arrays.scale), generator_states(rng, reads), descend=False
    )
    every = np.array(list(product((-1, 1), repeat=3)))
    weight = np.exp(-model.energy(every))
    code = ((spins + 1) // 2) @ np.array([4, 2, 1])
    assert chisquare(np.bincount(code, minlength=8), reads * weight / weight.sum()).pvalue > 1e-4


@pytest.mark.parametrize("name", ["annealing", "tempering", "tabu", "bifurcation"])
def test_spin_glasses_of_sixty_spins(name):
    """The optimum proven by branch and bound elsewhere is not needed: all solvers meet the same energy."""
    model = glass(60, 9)
    reference = min(Tabu().sample(model, seed=s, reads=20, steps=5000).best[1] for s in range(2))
    assert SOLVERS[name]().sample(model, seed=2).best[1] <= reference + 0.01 * abs(reference)
    if name in ("annealing", "tempering"):
        assert SOLVERS[name]().sample(model, seed=2).best[1] == pytest.approx(reference)


def test_disconnected_parts_are_solved_each():
    part = glass(6, 4)
    j = np.zeros((18, 18))
    for k in range(0, 18, 6):
        j[k : k + 6, k : k + 6] = part.J
    whole = Ising(np.tile(part.h, 3), np.triu(j))
    assert Annealing().sample(whole, seed=1, reads=200).best[1] == pytest.approx(3 * (optimum(part) - part.offset))


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_units_do_not_matter(scale):
    model = glass(12, 3)
    for name in (*HEURISTICS, "exhaustive"):
        assert SOLVERS[name]().sample(model.scaled(scale), seed=1).best[1] / scale == pytest.approx(optimum(model))


def test_dimod_takes_our_samplers():
    dimod = pytest.importorskip("dimod")
    bqm = dimod.BinaryQuadraticModel({"가": 1.0, "나": -1.0}, {("가", "나"): 2.0}, 0.5, "BINARY")
    found = Annealing().sample(bqm, seed=1, reads=3)
    assert isinstance(found, dimod.SampleSet) and found.vartype is dimod.BINARY
    assert dict(found.first.sample) == {"가": 0, "나": 1} and found.first.energy == -0.5
    exact = dimod.ExactSolver().sample(bqm)
    assert found.first.energy == exact.first.energy
    assert Annealing().sample_ising({"a": 1.0}, {}, reads=2).first.energy == -1.0
    assert Annealing().sample_ising([0.0, 0.0], {(0, 1): -1.0}, reads=2).first.energy == -1.0
    assert Annealing().sample_qubo({(0, 0): -1.0}, reads=2).first.energy == -1.0
    composed = dimod.TrackingComposite(Annealing())
    assert composed.sample(bqm, reads=2).first.energy == -0.5
    assert "sweeps" in Annealing().parameters and Annealing().properties["name"] == "annealing"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: Annealing().sample(m, reads=0), "reads must be a whole number"),
        (lambda m: Annealing().sample(m, sweeps=2.5), "sweeps must be a whole number"),
        (lambda m: Annealing().sample(m, swepes=2), "no option swepes; known"),
        (lambda m: Annealing().sample(m, hot=1.0, cold=2.0), "hot >= cold"),
        (lambda m: Annealing().sample(m, schedule="magic"), "geometric"),
        (lambda m: Annealing().sample(m, initial=[0, 0]), "initial must be spins"),
        (lambda m: Annealing().sample([[1.0]]), "samples Ising, Qubo or dimod"),
        (lambda m: SOLVERS["bifurcation"]().sample(m, variant="x"), "ballistic"),
        (lambda m: SOLVERS["bifurcation"]().sample(m, dt=np.nan), "dt must"),
        (lambda m: SOLVERS["highs"]().sample(m, time_limit_s=0), "time_limit_s"),
        (lambda m: Exhaustive().sample(Ising(np.zeros(50), np.zeros((50, 50)))), r"2\^50 states, about 0\.14 years"),
        (lambda m: SOLVERS["highs"]().sample(Qubo(np.ones((800, 800)))), "319,600 products"),
        (lambda m: timing(runn=1.0), "keys queue"),
        (lambda m: Samples(np.zeros((0, 2), np.int8), np.zeros(0), np.zeros(0, int), timing()), "no state"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ArgumentError, match=says):
        call(Ising([0.0, 1.0], np.zeros((2, 2))))


def test_a_missing_extra_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ortools", None)
    monkeypatch.setitem(sys.modules, "ortools.sat", None)
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(MissingExtra, match=r"silla\[qubits\]"):
        SOLVERS["cp-sat"]().sample(glass(3))


def test_time_limits_give_a_bound_and_say_so():
    model = glass(70, 2)
    for name in ("highs", "cp-sat"):
        if name == "cp-sat":
            pytest.importorskip("ortools")
        found = SOLVERS[name]().sample(model, seed=1, time_limit_s=1.0)
        assert found.info["status"] == "feasible"
        assert model.bound <= found.info["bound"] + 1e-6 and found.info["bound"] < found.best[1]


def test_samples_aggregate():
    states = np.array([[1, -1], [-1, 1], [1, -1]], dtype=np.int8)
    s = Samples(states, np.array([1.0, 0.0, 1.0]), np.array([2, 1, 3]), timing()).aggregated()
    assert s.counts.tolist() == [1, 5] and s.energies.tolist() == [0.0, 1.0] and s.n_reads == 6
