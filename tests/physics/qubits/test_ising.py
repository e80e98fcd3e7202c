"""Models and their exchange. Oracles: the definition written out in loops, dimod, and enumeration of all states."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp

from silla.base.errors import ArgumentError, DataFileError
from silla.physics.qubits.exchange import from_dimod, read_coo, to_dimod, write_coo
from silla.physics.qubits.ising import Ising, Qubo, bits_of, check_memory, spins_of
from silla.physics.qubits.polynomial import HigherOrder


def all_spins(n):
    return np.array(list(product((-1, 1), repeat=n)))


def random_ising(n, seed=1, sparse=False):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.normal(size=(n, n)), 1)
    if sparse:
        upper = sp.csr_array(upper * (rng.random((n, n)) < 0.4))
    return Ising(rng.normal(size=n), upper, float(rng.normal()))


@pytest.mark.parametrize("sparse", [False, True])
def test_energy_is_the_sum_over_pairs(sparse):
    m = random_ising(6, sparse=sparse)
    dense = m.dense().J
    for s in all_spins(6):
        by_hand = m.offset + sum(m.h[i] * s[i] for i in range(6))
        by_hand += sum(dense[i, j] * s[i] * s[j] for i in range(6) for j in range(i + 1, 6))
        assert m.energy(s) == pytest.approx(by_hand)
        assert m.bound <= by_hand


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_conversions_keep_every_energy(sparse, n):
    m = random_ising(n, seed=n, sparse=sparse)
    s = all_spins(n)
    q = m.to_qubo()
    assert q.sparse == sparse
    assert q.energy(bits_of(s)) == pytest.approx(m.energy(s))
    back = q.to_ising()
    assert back.energy(s) == pytest.approx(m.energy(s))
    assert back.h == pytest.approx(m.h)
    assert (spins_of(bits_of(s)) == s).all()


def test_a_qubo_may_be_given_in_any_triangle():
    q = np.array([[1.0, 3.0], [-1.0, 2.0]])
    for given in (q, q.T, [[1.0, 2.0], [0.0, 2.0]], sp.coo_array(q)):
        assert Qubo(given).energy([[0, 0], [1, 0], [0, 1], [1, 1]]).tolist() == [0, 1, 2, 5]


def test_a_triangle_and_its_mirror_are_the_same_couplings():
    up = np.array([[0.0, 2.0], [0.0, 0.0]])
    for given in (up, up.T, up + up.T, sp.csr_array(up), sp.csr_array(up + up.T)):
        assert Ising([0, 0], given).energy([1, 1]) == 2.0
    assert Ising([0, 0], np.eye(2) + up).energy([1, 1]) == 4.0


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Qubo([[1.0, 2.0]]), "square"),
        (lambda: Qubo([[1.0, np.nan], [0, 0]]), r"finite.*\[0, 1\]"),
        (lambda: Qubo(np.zeros((0, 0))), "empty"),
        (lambda: Qubo([["a", "b"], ["c", "d"]]), "real numbers"),
        (lambda: Qubo(sp.csr_array([[np.inf, 0], [0, 0.0]])), "finite"),
        (lambda: Qubo([[1.0]], np.nan), "offset"),
        (lambda: Ising([1.0], [[0.0, 1.0], [1.0, 0.0]]), r"h must be \[2\]"),
        (lambda: Ising([np.inf, 0], np.zeros((2, 2))), "h must be finite"),
        (lambda: Ising([0, 0], [[0, 1.0], [2.0, 0]]), "twice unlike"),
        (lambda: Ising([0, 0], np.zeros((2, 2))).energy([1, 1, 1]), "states must be"),
        (lambda: check_memory(10_000_000), "GiB"),
        (lambda: HigherOrder(0), "one variable"),
        (lambda: HigherOrder(2, {(0, 2): 1.0}), "outside"),
        (lambda: HigherOrder(2, {(0,): np.nan}), "finite"),
    ],
)
def test_bad_models_are_refused(build, says):
    with pytest.raises(ArgumentError, match=says):
        build()


def test_a_sparse_model_too_large_for_a_dense_one_is_told_so():
    m = Ising(np.zeros(400_000), sp.csr_array((400_000, 400_000)))
    with pytest.raises(ArgumentError, match=r"n = 400000 needs 1,192\.1 GiB"):
        m.dense()


@pytest.mark.parametrize("vartype", ["spin", "binary"])
def test_polynomials_keep_their_energies_and_minima(vartype):
    rng = np.random.default_rng(5)
    n = 6
    for trial in range(6):
        terms = {tuple(rng.choice(n, k, replace=False).tolist()): float(rng.normal()) for k in (1, 2, 3, 3, 4, 5)}
        p = HigherOrder(n, terms, vartype, 0.3)
        s = all_spins(n)
        x = (s + 1) // 2
        own = s if vartype == "spin" else x
        e = p.energy(own)
        assert p.to_binary().energy(x) == pytest.approx(e)
        assert p.to_spin().energy(s) == pytest.approx(e)
        q, decode = p.quadratised()
        states = np.array(list(product((0, 1), repeat=q.n)))
        values = q.energy(states)
        best = np.full(2**n, np.inf)
        np.minimum.at(best, decode(states) @ (1 << np.arange(n)[::-1]), values)
        # minimised over the auxiliary bits, the quadratic form is the polynomial, for every state
        assert best[x @ (1 << np.arange(n)[::-1])] == pytest.approx(e), trial


def test_repeated_variables_reduce():
    assert HigherOrder(2, {(0, 0, 1): 2.0, (1, 1): 1.0}, "spin").energy([1, -1]) == -1.0
    assert HigherOrder(2, {(0, 0, 1): 2.0}, "binary").terms == {(0, 1): 2.0}


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_dimod_agrees(vartype):
    dimod = pytest.importorskip("dimod")
    m = random_ising(5, seed=3)
    model = m if vartype == "SPIN" else m.to_qubo()
    labels = ["가", "나", "다", "라", "마"]
    bqm = to_dimod(model, labels)
    assert bqm.vartype.name == vartype
    s = all_spins(5)
    own = s if vartype == "SPIN" else bits_of(s)
    assert bqm.energies((own, labels)) == pytest.approx(m.energy(s))
    back, names = from_dimod(bqm)
    assert names == labels
    assert back.energy(s) == pytest.approx(m.energy(s))
    with pytest.raises(ArgumentError, match="no variables"):
        from_dimod(dimod.BinaryQuadraticModel("SPIN"))


@pytest.mark.parametrize("sparse", [False, True])
def test_coo_files_round_trip(tmp_path, sparse):
    for model in (random_ising(5, sparse=sparse), random_ising(5, sparse=sparse).to_qubo(), Ising([0.0], [[0.0]])):
        write_coo(tmp_path / "문제.coo", model)
        back = read_coo(tmp_path / "문제.coo")
        assert type(back) is type(model)
        s = all_spins(model.n) if isinstance(model, Ising) else bits_of(all_spins(model.n))
        assert back.energy(s) == pytest.approx(model.energy(s), abs=1e-14, rel=1e-14)


def test_dimod_reads_our_coo_files(tmp_path):
    pytest.importorskip("dimod")
    from dimod.serialization import coo

    m = random_ising(4)
    write_coo(tmp_path / "a.coo", m)
    with (tmp_path / "a.coo").open() as f:
        bqm = coo.load(f, vartype="SPIN")
    assert bqm.energies((all_spins(4), range(4))) + m.offset == pytest.approx(m.energy(all_spins(4)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 0 1\n", "vartype"),
        ("# vartype=SPIN\n0 x 1\n", ":2: expected"),
        ("# vartype=SPIN\n# n=1\n0 3 1\n", "beyond"),
        ("# vartype=SPIN\n-1 3 1\n", "start at 0"),
        ("# vartype=SPIN\n# n=many\n0 0 1\n", "not a number"),
    ],
)
def test_bad_coo_files_are_refused(tmp_path, text, says):
    (tmp_path / "a.coo").write_text(text)
    with pytest.raises(DataFileError, match=says):
        read_coo(tmp_path / "a.coo")
    with pytest.raises(DataFileError, match="cannot be read"):
        read_coo(tmp_path / "none.coo")
