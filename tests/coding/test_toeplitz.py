"""Oracles: the matrix itself, products of large integers, counting over all matrices, sums known in closed form."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.coding import toeplitz
from silla.coding.toeplitz import toeplitz_hash, toeplitz_hash_numpy


def by_matrix(x, t, n_out):
    rows = np.arange(n_out)[:, None] - np.arange(len(x)) + len(x) - 1
    return (np.asarray(t)[rows].astype(int) @ x) & 1


def by_integers(x, t, n_out):
    """Digits of 32 bits hold every sum: the convolution is one product of two integers."""
    a, b = (int.from_bytes(np.asarray(v, "<u4").tobytes(), "little") for v in (x, t))
    digits = np.frombuffer((a * b).to_bytes(4 * (len(x) + len(t)), "little"), "<u4")
    return digits[len(x) - 1 : len(x) - 1 + n_out] & 1


def bits(n, *name):
    return stream(1, "toeplitz", *name).integers(0, 2, n, dtype=np.uint8)


SHAPES = [
    (1, 1),
    (1, 9),
    (9, 1),
    (63, 64),
    (64, 64),
    (65, 63),
    (127, 130),
    (300, 200),
    (1000, 37),
    (37, 1000),
    (2048, 2048),
]


@pytest.mark.parametrize(("n", "n_out"), SHAPES)
@pytest.mark.parametrize("hash_", [toeplitz_hash, toeplitz_hash_numpy])
def test_against_the_matrix(n, n_out, hash_):
    x, t = bits(n, "x", n, n_out), bits(n + n_out - 1, "t", n, n_out)
    assert hash_(x, t, n_out).tolist() == by_matrix(x, t, n_out).tolist()


@pytest.mark.skipif(not kernels.available(), reason="no C++ kernels")
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_instruction_sets_against_integers(isa):
    import silla_kernels

    if isa not in silla_kernels.supported():
        pytest.skip(f"no {isa} here")
    before = silla_kernels.isa()
    try:
        silla_kernels.set_isa(isa)
        for n, n_out in ((20_000, 6_000), (9_999, 14_001), (12_345, 1)):
            x, t = bits(n, "i", n), bits(n + n_out - 1, "j", n)
            assert (toeplitz_hash(x, t, n_out) == by_integers(x, t, n_out)).all()
    finally:
        silla_kernels.set_isa(before)


@pytest.mark.parametrize("piece", [64, 100, 1 << 22])
def test_twin_is_cut_into_pieces_without_a_trace(monkeypatch, piece):
    monkeypatch.setattr(toeplitz, "_PIECE", piece)
    x, t = bits(333, "p"), bits(333 + 210, "q")
    assert toeplitz_hash_numpy(x, t, 211).tolist() == by_matrix(x, t, 211).tolist()


def test_two_inputs_collide_for_a_quarter_of_all_matrices():
    tables = itertools.product((0, 1), repeat=5)
    hashes = np.array(
        [
            [toeplitz_hash(np.array(x), np.array(t), 2) @ [1, 2] for x in itertools.product((0, 1), repeat=4)]
            for t in tables
        ]
    )
    for i, j in itertools.combinations(range(16), 2):
        assert np.mean(hashes[:, i] == hashes[:, j]) == 0.25


def test_largest_sums_are_kept_exactly():
    """All ones: the sums are as large as they get, and their parity is that of n."""
    n, n_out = 1_000_001, 1000
    t = np.ones(n + n_out - 1, np.uint8)
    t[::3] = 0
    below = np.cumsum(np.concatenate([[0], t]))
    expected = (below[n : n + n_out] - below[:n_out]) & 1
    for hash_ in (toeplitz_hash, toeplitz_hash_numpy):
        assert (hash_(np.ones(n, np.uint8), t, n_out) == expected).all()


@pytest.mark.parametrize("bad", [(4, 4, 2), (0, 1, 2), (4, 3, 0)])
def test_shapes_are_checked(bad):
    n, m, n_out = bad
    with pytest.raises(ArgumentError, match="expected"):
        toeplitz_hash(np.ones(n, np.uint8), np.ones(m, np.uint8), n_out)


def test_values_are_checked():
    with pytest.raises(ArgumentError, match="other than 0 and 1"):
        toeplitz_hash(np.full(4, 2), np.ones(5, np.uint8), 2)
    with pytest.raises(ArgumentError, match="other than 0 and 1"):
        toeplitz_hash(np.full(4, 0.5), np.ones(5, np.uint8), 2)
