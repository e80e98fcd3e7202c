"""Oracles: the matrix written out, enumeration of all diagonals, integer arithmetic of long numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silla.base.errors import ArgumentError
from silla.coding import toeplitz
from silla.coding.toeplitz import toeplitz_hash


def by_matrix(x: np.ndarray, t: np.ndarray, n_out: int) -> np.ndarray:
    i, j = np.indices((n_out, len(x)))
    return t[i - j + len(x) - 1].astype(int) @ x % 2


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.integers(1, 120), st.integers(0, 2**32))
def test_hash_is_the_matrix_product(n, n_out, seed):
    rng = np.random.default_rng(seed)
    x, t = rng.integers(0, 2, n), rng.integers(0, 2, n + n_out - 1)
    assert toeplitz_hash(x, t, n_out).tolist() == by_matrix(x, t, n_out).tolist()


@pytest.mark.parametrize("piece", [7, 64, 1000])
def test_pieces_add_up(monkeypatch, piece):
    rng = np.random.default_rng(piece)
    x, t = rng.integers(0, 2, 500), rng.integers(0, 2, 500 + 211 - 1)
    monkeypatch.setattr(toeplitz, "_PIECE", piece)
    assert toeplitz_hash(x, t, 211).tolist() == by_matrix(x, t, 211).tolist()


def test_collisions_have_exactly_the_universal_share():
    """n = 4, two output bits: over all 32 diagonals every pair of different inputs collides in exactly 8."""
    hashes = np.array([
        [toeplitz_hash(np.array(x), np.array(t), 2) @ [1, 2] for x in itertools.product((0, 1), repeat=4)]
        for t in itertools.product((0, 1), repeat=5)
    ])  # fmt: skip
    for a, b in itertools.combinations(range(16), 2):
        assert (hashes[:, a] == hashes[:, b]).sum() == 8


def test_a_long_hash_is_exact_at_its_ends_and_in_the_middle():
    """All ones, where the sums are largest, against counting: row i of ones and zeros has a known number of ones."""
    n, n_out = 300_000, 120_000
    t = (np.arange(n + n_out - 1) % 3 == 0).astype(np.uint8)
    ones = np.concatenate([[0], np.cumsum(t, dtype=np.int64)])
    expected = (ones[n : n + n_out] - ones[:n_out]) % 2
    assert (toeplitz_hash(np.ones(n, np.uint8), t, n_out) == expected).all()


def test_lengths_are_smooth_and_the_least():
    smooth = sorted(2**i * 3**j * 5**k for i in range(13) for j in range(9) for k in range(7))
    for n in range(1, 3000, 7):
        assert toeplitz._smooth(n) == next(s for s in smooth if s >= n)


def test_bad_input_is_refused():
    with pytest.raises(ArgumentError, match="n_out"):
        toeplitz_hash(np.ones(4), np.ones(4), 2)
    with pytest.raises(ArgumentError, match="0 and 1"):
        toeplitz_hash(np.full(4, 2), np.ones(5), 2)
