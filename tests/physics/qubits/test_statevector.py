"""State vectors of QAOA. Oracles: matrix exponentials and Kronecker products, enumeration, finite differences, Aer;
each kernel beside its twin for every instruction set."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.physics.qubits.ising import Ising, Qubo
from silla.physics.qubits.polynomial import HigherOrder
from silla.physics.qubits.qaoa import Qaoa, triangle_free_cut_fraction
from silla.physics.qubits.qaoa_mixers import WarmStart, XYMixer, pairs_of
from silla.physics.qubits.statevector import cost_of, draw, plan, run_layers
from silla.physics.qubits.statevector.cost import spins_at
from silla.physics.qubits.statevector.run import planes

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])


@pytest.fixture(params=["twin", *(kernels.constant("supported", list)())])
def use_kernel(request):
    if request.param == "twin":
        yield False
        return
    import silla_kernels

    before = silla_kernels.isa()
    silla_kernels.set_isa(request.param)
    yield True
    silla_kernels.set_isa(before)


def random_ising(n: int, seed: int = 1, fields: bool = True) -> Ising:
    rng = np.random.default_rng(seed)
    return Ising(rng.normal(size=n) * fields, np.triu(rng.normal(size=(n, n)), 1), 0.7)


def cubic(n: int, seed: int = 2) -> HigherOrder:
    rng = np.random.default_rng(seed)
    terms = {
        tuple(rng.choice(n, size, replace=False).tolist()): float(rng.normal()) for size in (1, 2, 3, 4, min(n, 5))
    }
    return HigherOrder(n, terms, "spin", -0.4)


def on(n: int, *operators: tuple[np.ndarray, int]) -> np.ndarray:
    """The operators on their qubits as a matrix; qubit 0 is the lowest bit."""
    factors = [np.eye(2)] * n
    for matrix, q in operators:
        factors[q] = matrix
    out = np.eye(1)
    for f in factors:
        out = np.kron(f, out)
    return out


@pytest.mark.parametrize("n", [1, 2, 5, 12, 13])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_energies_of_all_states(use_kernel, n, precision):
    for model in (random_ising(n), cubic(max(n, 4))):
        cost = cost_of(model, precision=precision, use_kernel=use_kernel)
        true = model.energy(spins_at(np.arange(1 << cost.n), cost.n))
        np.testing.assert_allclose(cost.energies(), true, atol=1e-12 if precision == "double" else 2e-5)
        assert cost.least + cost.offset == pytest.approx(true.min()) and true[cost.least_at] == true.min()
        assert cost.greatest + cost.offset == pytest.approx(true.max())


def test_whole_numbers_are_counted_exactly(use_kernel):
    rng = np.random.default_rng(3)
    n = 11
    model = Ising(rng.integers(-3, 4, n) * 0.5, np.triu(rng.integers(-3, 4, (n, n)), 1) * 0.5)
    cost = cost_of(model, use_kernel=use_kernel)
    assert cost.counted
    np.testing.assert_array_equal(cost.energies(), model.energy(spins_at(np.arange(1 << n), n)))
    gamma, phi = [0.3, -0.8], rng.uniform(-4, 4, (2, n))
    plain = cost_of(model, precision="double", counted=False, use_kernel=use_kernel)
    energies = [
        run_layers(c, gamma, phi, state=planes(n, "double"), use_kernel=use_kernel).energy for c in (cost, plain)
    ]
    assert energies[0] == pytest.approx(energies[1], abs=1e-10)
    with pytest.raises(ArgumentError, match="16 bits"):
        cost_of(random_ising(4), counted=True)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize(("n", "low", "high"), [(6, 0, 0), (7, 0, 0), (9, 6, 2), (11, 6, 2), (13, 0, 0), (15, 0, 0)])
def test_the_kernel_is_its_twin(use_kernel, n, low, high, precision):
    """All depths of blocking, angles of all quadrants, per-qubit angles and fields, the gradient of each."""
    if not use_kernel:
        pytest.skip("the twin is the other side")
    import silla_kernels

    from silla.physics.qubits.statevector import twin

    rng = np.random.default_rng(n)
    cost = cost_of(random_ising(n), precision=precision)
    gamma, field = rng.uniform(-1, 1, 2), rng.normal(size=(2, n))
    exact, tolerance = cost_of(random_ising(n), precision="double"), 1e-11 if precision == "double" else 3e-5
    for mirror, f in ((False, None), (False, field), (True, None)):
        angles = rng.uniform(-5, 5, (2, n + mirror))
        kept, right = planes(n, precision), planes(n, "double")
        silla_kernels.qaoa_run(kept, cost.values, 0.0, 1.0, gamma, angles, f, True, mirror, True, None, low, high)
        twin.qaoa_run(right, exact.values, 0.0, 1.0, gamma, angles, f, True, mirror, True)
        np.testing.assert_allclose(kept, right, atol=tolerance * 2.0 ** (-n / 2) * 10)
        state, back = planes(n, precision), planes(n, precision)
        a = silla_kernels.qaoa_run(
            state, cost.values, 0.0, 1.0, gamma, angles, f, True, mirror, False, back, low, high
        )  # fmt: skip
        b = twin.qaoa_run(
            planes(n, "double"), exact.values, 0.0, 1.0, gamma, angles, f, True, mirror, False, planes(n, "double")
        )
        for x, y in zip(a, b):
            np.testing.assert_allclose(x, y, atol=tolerance * 10)


MIXERS = {
    "x": "x",
    "warm": WarmStart([0.9, 0.1, 0.5, 0.7], 0.1),
    "ring": XYMixer([[0, 1, 2, 3]], 2, "ring"),
    "complete": XYMixer([[3, 0, 2], [1]], [1, 1], "complete"),
}


@pytest.mark.parametrize("name", MIXERS)
@pytest.mark.parametrize(
    "model", [random_ising(4), random_ising(4, fields=False), cubic(4)], ids=["h", "even", "cubic"]
)
def test_against_matrix_exponentials(name, model, use_kernel):
    n, gamma, beta = 4, [0.4, -0.9], [0.5, 2.2]
    c = np.diag(model.energy(spins_at(np.arange(16), n))) - model.offset * np.eye(16)
    mixer = MIXERS[name]
    if name == "x":
        state, terms = np.full(16, 0.25, complex), [sum(on(n, (X, q)) for q in range(n))]
    elif name == "warm":
        t = mixer.angles(n)
        state = np.eye(1)[0].astype(complex)
        for q in range(n):
            state = np.kron([np.cos(t[q] / 2), np.sin(t[q] / 2)], state)
        terms = [sum(np.sin(t[q]) * on(n, (X, q)) + np.cos(t[q]) * on(n, (Z, q)) for q in range(n))]
        np.testing.assert_allclose(terms[0] @ state, n * state, atol=1e-12)  # the start is left alone by the mixer
    else:
        ones = np.bitwise_count(np.arange(16) & (0b1111 if name == "ring" else 0b1101))
        allowed = (ones == 2) if name == "ring" else (ones == 1) & (np.arange(16) >> 1 & 1 == 1)
        state = (allowed / np.sqrt(allowed.sum())).astype(complex)
        terms = [0.5 * (on(n, (X, a), (X, b)) + on(n, (Y, a), (Y, b)).real) for a, b in mixer.pairs()]
    for g, b in zip(gamma, beta):
        state = np.exp(-1j * g * np.diag(c)) * state
        for h in terms:
            state = expm(-1j * b * h) @ state
    qaoa = Qaoa(model, mixer=mixer, precision="double", use_kernel=use_kernel)
    np.testing.assert_allclose(qaoa.state(gamma, beta), state, atol=1e-12)
    assert qaoa.energy(gamma, beta) == pytest.approx(float(abs(state) ** 2 @ np.diag(c)) + model.offset, abs=1e-11)


@pytest.mark.parametrize("name", MIXERS)
@pytest.mark.parametrize("n", [4, 7])
def test_gradient_by_finite_differences(name, n, use_kernel):
    mixers = {"x": "x", "warm": WarmStart(np.linspace(0, 1, n), 0.2), "ring": XYMixer([list(range(n))], 2),
              "complete": XYMixer([list(range(n))], 1, "complete")}  # fmt: skip
    for model in (random_ising(n), random_ising(n, fields=False)):
        qaoa = Qaoa(model, mixer=mixers[name], precision="double", use_kernel=use_kernel)
        angles = np.array([0.3, -0.7, 0.2, 0.9, 1.9, -0.4])
        energy, d_gamma, d_beta = qaoa.gradient(angles[:3], angles[3:])
        assert energy == pytest.approx(qaoa.energy(angles[:3], angles[3:]), abs=1e-10)
        for k, exact in enumerate([*d_gamma, *d_beta]):
            up, down = angles.copy(), angles.copy()
            up[k] += 1e-5
            down[k] -= 1e-5
            slope = (qaoa.energy(up[:3], up[3:]) - qaoa.energy(down[:3], down[3:])) / 2e-5
            assert exact == pytest.approx(slope, abs=2e-6 * qaoa.scale)


def test_half_a_state_is_the_whole_one(use_kernel):
    model = random_ising(9, fields=False)
    half, whole = (Qaoa(model, precision="double", symmetry=s, use_kernel=use_kernel) for s in (True, False))
    assert half.cost.mirror and not whole.cost.mirror and half.cost.n == 8
    gamma, beta = [0.2, 0.5, -0.3], [0.6, -1.4, 0.2]
    np.testing.assert_allclose(half.state(gamma, beta), whole.state(gamma, beta), atol=1e-13)
    for a, b in zip(half.gradient(gamma, beta), whole.gradient(gamma, beta)):
        np.testing.assert_allclose(a, b, atol=1e-11)


def test_xy_mixers_conserve_the_number_of_ones(use_kernel):
    groups = [[0, 3, 5], [1, 2, 6, 7]]
    for shape in ("ring", "complete"):
        mixer = XYMixer(groups, [1, 3], shape)
        qaoa = Qaoa(random_ising(8), mixer=mixer, precision="double", use_kernel=use_kernel)
        p, z = qaoa.probabilities([0.7, 0.2], [0.9, -0.5]), np.arange(256)
        allowed = (z >> 4 & 1) == 0
        for group, down in zip(groups, (1, 3)):
            allowed &= sum(z >> q & 1 for q in group) == down
        assert p[allowed].sum() == pytest.approx(1.0, abs=1e-12) and (p[~allowed] == 0).all()
        assert allowed.sum() == mixer.n_states(8) == 12 and (p[allowed] > 1e-6).all()


def test_pairs_meet_once():
    for m in (2, 3, 4, 5, 8):
        met = {frozenset(p) for p in pairs_of(list(range(m)), "complete")}
        assert len(met) == len(pairs_of(list(range(m)), "complete")) == m * (m - 1) // 2
        assert len(pairs_of(list(range(m)), "ring")) == (m if m > 2 else 1)


def regular_graphs() -> dict[str, tuple[int, int, list[tuple[int, int]]]]:
    petersen = [(i, (i + 1) % 5) for i in range(5)] + [(i, i + 5) for i in range(5)]
    petersen += [(5 + i, 5 + (i + 2) % 5) for i in range(5)]
    cube = [(i, i ^ 1 << k) for i in range(16) for k in range(4) if i < i ^ 1 << k]
    return {
        "petersen": (10, 3, petersen),
        "hypercube": (16, 4, cube),
        "ring": (7, 2, [(i, (i + 1) % 7) for i in range(7)]),
    }


@pytest.mark.parametrize("name", regular_graphs())
def test_depth_one_on_graphs_without_triangles(name):
    """The closed form of Wang et al. (2018)."""
    n, degree, edges = regular_graphs()[name]
    couplings = np.zeros((n, n))
    for a, b in edges:
        couplings[min(a, b), max(a, b)] = 1.0
    qaoa = Qaoa(Ising(np.zeros(n), couplings))
    for gamma, beta in [(-0.3, 0.39), (0.7, -0.2), (1.1, 1.3)]:
        cut = (len(edges) - qaoa.energy([gamma], [beta])) / (2 * len(edges))
        assert cut == pytest.approx(triangle_free_cut_fraction(degree, gamma, beta), abs=1e-6)


def test_single_precision_to_one_part_in_a_hundred_thousand(use_kernel):
    """n = 15, depth 3, angles that lower the energy: relative to the energy itself."""
    model = Ising(random_ising(15).h, random_ising(15).J)
    gamma, beta = [0.1, 0.17, 0.2], [-0.55, -0.37, -0.2]
    single, double = (Qaoa(model, precision=p, use_kernel=use_kernel).energy(gamma, beta) for p in ("single", "double"))
    assert single == pytest.approx(double, rel=1e-5) and double < -10


def test_reads_follow_the_probabilities():
    """Chi-square over 64 states at a false-alarm rate of 1e-6; also where half the state is held."""
    from scipy.stats import chi2

    for fields in (True, False):
        qaoa = Qaoa(random_ising(6, fields=fields), precision="double")
        p = qaoa.probabilities([0.3], [0.5])
        reads = qaoa.sample([0.3], [0.5], 20_000, np.random.default_rng(4))
        seen = np.zeros(64)
        seen[((1 - reads.spins) // 2) @ (1 << np.arange(6))] = reads.counts
        assert seen.sum() == 20_000
        assert ((seen - 20_000 * p) ** 2 / (20_000 * p)).sum() < chi2.isf(1e-6, 63)
        np.testing.assert_allclose(reads.energies, random_ising(6, fields=fields).energy(reads.spins), atol=1e-12)


def test_reads_of_a_basis_state_and_of_many_blocks():
    state = planes(14, "single")
    state[...] = 0.0
    state[1, 9000] = 1.0
    assert [a.tolist() for a in draw(state, 5, np.random.default_rng(1))] == [[9000], [5]]
    state[0, [3, 16383]] = 1.0
    states, counts = draw(state, 3000, np.random.default_rng(2))
    assert states.tolist() == [3, 9000, 16383] and (abs(counts - 1000) < 150).all()


def test_against_aer():
    """A circuit of rz, rzz and rx gates on Aer's state vector."""
    qiskit = pytest.importorskip("qiskit")
    aer = pytest.importorskip("qiskit_aer")
    n, gamma, beta = 8, [0.4, -0.3], [0.7, 1.8]
    model = random_ising(n)
    circuit = qiskit.QuantumCircuit(n)
    circuit.h(range(n))
    for g, b in zip(gamma, beta):
        for i, j, value in zip(*model.pairs()):
            circuit.rzz(2 * g * value, int(i), int(j))
        for q in range(n):
            circuit.rz(2 * g * model.h[q], q)
            circuit.rx(2 * b, q)
    circuit.save_statevector()
    theirs = np.asarray(aer.AerSimulator(method="statevector").run(circuit).result().get_statevector())
    np.testing.assert_allclose(Qaoa(model, precision="double").state(gamma, beta), theirs, atol=1e-10)


def test_memory_is_asked_for_before_it_is_taken():
    """Bytes by arithmetic: 2 planes of 4 bytes, energies of 4 or 2, twice the planes with a gradient."""
    assert plan(30, limit=24 << 30).state == 8 << 30 and plan(30, limit=24 << 30).cost == 4 << 30
    assert plan(30, counted=True, limit=24 << 30).cost == 2 << 30
    assert plan(30, gradient=True, limit=24 << 30).total < 24 << 30
    with pytest.raises(ArgumentError, match=r"needs 96\.1 GiB .* 24\.0 GiB are available"):
        plan(33, limit=24 << 30)
    fits_once = Qaoa(random_ising(8), limit=(64 << 20) + 256 * 12)
    with pytest.raises(ArgumentError, match="n = 8 qubits"):
        fits_once.gradient([0.1], [0.1])
    with pytest.raises(ArgumentError, match="n = 60 qubits"):
        Qaoa(Ising(np.ones(60), np.eye(60)))


def test_bad_input():
    with pytest.raises(ArgumentError, match="finite"):
        Qaoa(Qubo([[np.nan]]))
    with pytest.raises(ArgumentError, match="square"):
        Qaoa(Qubo(np.zeros((2, 3))))
    with pytest.raises(ArgumentError, match="found str"):
        Qaoa("model")
    qaoa = Qaoa(random_ising(3))
    with pytest.raises(ArgumentError, match="shapes"):
        qaoa.energy([0.1], [0.1, 0.2])
    with pytest.raises(ArgumentError, match="not finite"):
        qaoa.energy([np.inf], [0.1])
    with pytest.raises(DomainError, match="single precision"):
        qaoa.energy([1e6], [0.1])
    for mixer in (
        "y",
        XYMixer([[0, 1], [1, 2]]),
        XYMixer([[0, 5]]),
        XYMixer([[0, 1]], 3),
        WarmStart([0.5]),
        WarmStart([2, 0, 0]),
    ):
        with pytest.raises(ArgumentError):
            Qaoa(random_ising(3), mixer=mixer)


def test_no_layer_is_the_uniform_superposition():
    model = random_ising(7)
    assert Qaoa(model, precision="double").energy([], []) == pytest.approx(model.offset, abs=1e-12)
