"""Oracles: the Slepian-Wolf bound, linearity of the syndrome, published efficiencies of LDPC reconciliation."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.coding import reconciliation as rec
from silla.coding.codes import nr_code

N_BLOCKS = 20 if kernels.available() else 2


def exchange(reconciler, error_rate, n_blocks=N_BLOCKS):
    rng = stream(7, "coding", "bsc", int(1e4 * error_rate))
    key = rng.integers(0, 2, (n_blocks, reconciler.n_key), dtype=np.uint8)
    private = rng.integers(0, 2, (n_blocks, reconciler.n_private), dtype=np.uint8)
    other = key ^ (rng.random(key.shape) < error_rate)
    got, good = rec.correct(reconciler, other, rec.syndrome_of(reconciler, key, private), error_rate)
    return key, got, good


@pytest.mark.parametrize(("error_rate", "f"), [(0.02, 1.5), (0.03, 1.4), (0.05, 1.3), (0.08, 1.2), (0.11, 1.15)])
def test_keys_agree_at_a_leak_above_the_bound(error_rate, f):
    """Measured block errors are below 1e-2 there."""
    reconciler = rec.choose(error_rate, f)
    assert f - 1e-3 <= reconciler.efficiency(error_rate) < f + 0.01
    key, got, good = exchange(reconciler, error_rate)
    wrong = (got != key).any(axis=1)
    assert wrong.sum() <= 2 and (good == ~wrong).all()


def test_no_code_works_below_the_bound_and_says_so():
    reconciler = rec.Reconciler(nr_code(1, 64).cut(9))
    assert reconciler.efficiency(0.08) < 0.7
    _, _, good = exchange(reconciler, 0.08, 4)
    assert not good.any()


def test_shortened_bits_are_zeros_and_lower_the_rate():
    plain, short = rec.Reconciler(nr_code(1, 16).cut(10)), rec.Reconciler(nr_code(1, 16).cut(10), 50)
    assert short.n_key == plain.n_key - 50 and short.n_leaked == plain.n_leaked
    assert short.efficiency(0.05) > plain.efficiency(0.05)
    key, got, good = exchange(short, 0.005, 5)
    assert good.all() and (got == key).all()


def test_every_rate_is_between_two_neighbours():
    wanted = np.linspace(1.05, 1.6, 23)
    found = [rec.choose(0.04, f, z=64).efficiency(0.04) for f in wanted]
    assert np.all(found >= wanted - 1e-9) and np.all(found - wanted < 0.06)


def test_entropy_is_symmetric_and_known():
    assert np.allclose(rec.binary_entropy(np.array([0.0, 0.11, 0.89, 1.0])), [0, 0.49992, 0.49992, 0], atol=1e-4)


def test_bad_input_is_refused():
    with pytest.raises(DomainError):
        rec.choose(0.2, 1.2)
    with pytest.raises(DomainError, match="bound"):
        rec.choose(0.02, 0.9)
    with pytest.raises(ArgumentError):
        rec.correct(rec.choose(0.05, 1.2, 16), np.zeros((1, 3), np.uint8), np.zeros((1, 3), np.uint8), 0.05)
