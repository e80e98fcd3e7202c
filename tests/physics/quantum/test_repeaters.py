"""Chains of repeaters. Oracles: dice, closed forms of two segments, limits without waiting and without memory."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.quantum.entanglement import purify, swap_chain
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.repeaters import chain, expected_rounds, hashing_bound, pair_key_bit, waiting_weight


@pytest.mark.parametrize(
    ("p", "x"),
    [([0.3, 0.2, 0.05], 0.02), ([0.01] * 4, 1e-3), ([1.0, 0.3], 0.1), ([2e-4, 1e-4], 1e-4), ([0.2] * 40, 0.01)],
)
def test_rounds_and_waiting_against_dice(p, x):
    rng = np.random.default_rng(20261128)
    rounds = rng.geometric(np.array(p)[:, None], size=(len(p), 100_000))
    last = rounds.max(axis=0)
    weight = np.exp(-2 * x * (last - rounds).sum(axis=0))
    for exact, seen in ((expected_rounds(p), last), (waiting_weight(p, x), weight)):
        # five standard errors: a false alarm in two million
        assert abs(exact - seen.mean()) < 5 * seen.std() / np.sqrt(len(seen)) + 1e-12


@pytest.mark.parametrize("p", [0.9, 0.1, 1e-3, 1e-6, 1e-9])
def test_two_segments_in_closed_form(p):
    assert expected_rounds([p, p]) == pytest.approx(2 / p - 1 / (2 * p - p * p), rel=1e-8)
    assert expected_rounds([p]) == pytest.approx(1 / p, rel=1e-8)
    x = 0.3 * p
    keep, miss = np.exp(-2 * x), 1 - p
    both = p * p / (1 - miss * miss) * (1 + 2 * keep * miss / (1 - keep * miss))
    assert waiting_weight([p, p], x) == pytest.approx(both, rel=1e-6)


def test_perfect_parts_give_perfect_pairs_as_fast_as_the_chance_allows():
    made = chain([1.0] * 3, [0.0] * 3, attempts_per_s=1e6, station_efficiency=1.0)
    assert made.fidelity == pytest.approx(1.0)
    assert made.pairs_per_s == pytest.approx(1e6 / expected_rounds([0.5] * 3))  # half of the Bell states are told apart


def test_fidelity_is_that_of_swapped_pairs_without_waiting_and_noise():
    made = chain([0.1] * 4, [1e4] * 4, attempts_per_s=1e6, modes=10, station_efficiency=0.5, pair_fidelity=0.95)
    assert made.fidelity == pytest.approx(float(swap_chain([0.95] * 4)))
    worse = chain(
        [0.1] * 4, [1e4] * 4, attempts_per_s=1e6, modes=10, station_efficiency=0.5, pair_fidelity=0.95, memory_s=0.01
    )
    assert 0.25 < worse.fidelity < made.fidelity


def test_background_makes_false_heralds():
    quiet, loud = (
        chain([1e-4] * 2, [5e4] * 2, attempts_per_s=1e6, station_efficiency=0.5, background=b) for b in (0.0, 1e-3)
    )
    assert loud.pairs_per_s > quiet.pairs_per_s and loud.fidelity < 0.9 < quiet.fidelity


def test_purifying_is_bbpssw_at_half_the_rate_times_its_success():
    plain, better = (
        chain([0.1] * 2, [1e4] * 2, attempts_per_s=1e6, station_efficiency=0.5, pair_fidelity=0.9, purify_rounds=n)
        for n in (0, 1)
    )
    found = purify(plain.fidelity, plain.fidelity)
    assert better.fidelity == pytest.approx(float(found.fidelity))
    assert better.pairs_per_s == pytest.approx(0.5 * plain.pairs_per_s * float(found.probability))


def test_a_chain_beats_one_long_fibre_where_loss_is_great():
    one = chain([1e-8], [4e5], attempts_per_s=1e7, modes=100, station_efficiency=0.7)
    four = chain([1e-2] * 4, [1e5] * 4, attempts_per_s=1e7, modes=100, station_efficiency=0.7)
    assert four.pairs_per_s > 100 * one.pairs_per_s


def test_yield_of_pairs():
    assert float(hashing_bound(1.0)) == 1.0 and float(hashing_bound(0.81)) == 0.0 < float(hashing_bound(0.82))
    f = 0.95
    e = 2 * (1 - f) / 3
    assert float(pair_key_bit(f, 1.0)) == pytest.approx(1 - 2 * float(binary_entropy(e)))


def test_refusals_name_the_value():
    with pytest.raises(ArgumentError, match="2 transmittances for 1"):
        chain([0.1, 0.1], [1e4], attempts_per_s=1e6, station_efficiency=0.5)
    with pytest.raises(DomainError, match="fidelity"):
        chain([0.1], [1e4], attempts_per_s=1e6, station_efficiency=0.5, pair_fidelity=0.2)
    with pytest.raises(DomainError, match="probability"):
        expected_rounds([0.0])
