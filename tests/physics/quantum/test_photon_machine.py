"""Skip sampling of clicks: kernel against twin to the bit, its random numbers, and its law against exact chances.

Statistical tests are exact binomial or chi-square ones with a false-alarm rate of 1e-6 each; seeds are fixed.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.physics.quantum.photons import philox
from silla.physics.quantum.photons.chunks import chunk_slots, chunks, count_slots
from silla.physics.quantum.photons.machine import Dead, run_slots
from silla.physics.quantum.photons.table import SlotTable, click_patterns, poisson

FALSE_ALARM = 1e-6
needs_kernels = pytest.mark.skipif(kernels.kernel("photon_clicks") is None, reason="kernels not installed")
DEADS = {
    "ready": Dead((0, 0)),
    "dead": Dead((7, 3)),
    "together": Dead((7, 3), together=True),
    "traps": Dead((5, 5), (0.1, 0.3), (20.0, 50.0)),
    "many traps": Dead((5, 5), (0.6, 0.3), (20.0, 50.0), True),
    "traps, no dead time": Dead((0, 0), (0.3, 0.3), (2.0, 1.0)),
}


def table(eta=0.1, dark=1e-4, mus=(0.5, 0.1), stations=1) -> SlotTable:
    """A toy link: the setting is the intensity alone; two stations see the same number of photons each."""
    joint = []
    for mu in mus:
        number = poisson(max(mus)) * 0.0
        number[: len(poisson(mu))] = poisson(mu)
        one = click_patterns(np.arange(len(number)), 0.8 * eta, 0.2 * eta, dark, 2 * dark)
        both = one if stations == 1 else (one[:, None, :] * one[:, :, None]).reshape(len(number), -1)
        joint.append((both * number[:, None]).T)
    prior = np.full(len(mus), 1.0 / len(mus))
    return SlotTable({"intensity": np.arange(len(mus), dtype=np.uint8)}, prior, np.stack(joint))


def gather(found):
    states, parts = [], []
    for run, records in found:
        states.append(run.state.copy())
        parts.append(records)
    return run.counts, run.visited, states, [np.concatenate(column) for column in zip(*parts)]


def test_philox_gives_the_published_words():
    # known answers of Random123 1.14, philox4x32 with 10 rounds
    zero = philox.words(0, np.zeros(1, np.uint64), 0)[:, 0]
    assert [int(w) for w in zero] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def test_the_logarithm_is_right_to_two_units_in_the_last_place():
    x = np.concatenate([np.random.default_rng(1).random(20000), 2.0 ** -np.arange(1.0, 54.0), [1 - 2.0**-53]])
    assert np.abs(philox.log_unit(x) / np.log(x) - 1.0).max() < 5e-16


@needs_kernels
@pytest.mark.parametrize("stations", [1, 2])
@pytest.mark.parametrize("name", DEADS)
def test_kernel_and_twin_agree_to_the_bit(name, stations):
    given, dead = table(stations=stations), DEADS[name]
    if stations == 2:
        dead = Dead(2 * dead.slots, 2 * dead.afterpulse, 2 * dead.trap_slots, dead.together)
    for n, room, pairs in ((15_000, 0, False), (15_000, 100, False), (1_500, 7, False), (15_000, 50, True)):
        one = gather(run_slots(given, dead, 2**63 + 11, n, capacity=room, coincidences=pairs))
        two = gather(run_slots(given, dead, 2**63 + 11, n, capacity=room, coincidences=pairs, twin=True))
        for a, b in zip(one[:2], two[:2]):
            np.testing.assert_array_equal(a, b)
        assert len(one[2]) == len(two[2]) and all((a == b).all() for a, b in zip(one[2], two[2]))
        for a, b in zip(one[3], two[3]):
            np.testing.assert_array_equal(a, b)


@needs_kernels
def test_every_instruction_set_gives_the_same_counts():
    import silla_kernels

    before, found = silla_kernels.isa(), []
    try:
        for isa in silla_kernels.supported():
            silla_kernels.set_isa(isa)
            found.append(gather(run_slots(table(), DEADS["traps"], 5, 10**6))[0])
    finally:
        silla_kernels.set_isa(before)
    assert all((x == found[0]).all() for x in found)


@pytest.mark.parametrize("eta", [1.0, 0.3, 1e-3])
def test_outcomes_have_their_exact_chances(eta):
    given, n = table(eta), 4_000_000
    counts = count_slots(given, DEADS["ready"], n, seed=1, name="law")
    assert counts.n_slots == n
    numbers = np.pad(given.joint[:, 1:, :7], [(0, 0), (0, 0), (0, 1)])
    numbers[..., 7] = given.joint[:, 1:, 7:].sum(axis=-1)
    # detector patterns 1, 2, 3 are read as 1, 2 and 3 or 4
    seen = np.stack([counts.clicks[:, 1], counts.clicks[:, 2], counts.clicks[:, 3] + counts.clicks[:, 4]], 1)
    expected = numbers * given.prior[:, None, None] * n
    kept = expected > 5.0
    seen_all = np.append(seen[kept], n - seen[kept].sum())
    expected_all = np.append(expected[kept], n - expected[kept].sum())
    assert stats.chisquare(seen_all, expected_all).pvalue > FALSE_ALARM
    coin = counts.clicks[:, 3:].sum(axis=(0, 2))
    assert coin.sum() < 20 or stats.binomtest(int(coin[0]), int(coin.sum())).pvalue > FALSE_ALARM


def test_slots_are_a_geometric_distance_apart():
    given = table(0.3, mus=(0.5,))
    _, _, _, (slot, *_) = gather(run_slots(given, DEADS["ready"], 3, 10**6, capacity=10**6))
    gap = np.diff(slot)
    chance = stats.geom.pmf(np.arange(1, 40), float(given.click[0]))
    seen = np.array([(gap == g).sum() for g in range(1, 40)] + [(gap >= 40).sum()])
    assert stats.chisquare(seen, np.append(chance, 1 - chance.sum()) * len(gap)).pvalue > FALSE_ALARM


@pytest.mark.parametrize("dead", [1, 20, 500])
def test_dead_time_is_that_of_a_renewal_process(dead):
    given, n = table(0.3, mus=(0.5,)), 3_000_000
    p = float(given.click[0])
    counts = count_slots(given, Dead((dead, dead), together=True), n, seed=2, name="dead")
    seen, mean = int(counts.clicks.sum()), n / (1.0 / p + dead)
    # cycles of dead + geometric slots: the variance of their number is n var / mean^3
    deviation = np.sqrt(n * (1 - p) / p**2 / (dead + 1.0 / p) ** 3)
    assert abs(seen - mean) < stats.norm.isf(FALSE_ALARM / 2) * deviation + 1.0


@pytest.mark.parametrize(("chance", "life", "dead"), [(0.05, 30.0, 0), (0.3, 200.0, 10), (0.6, 5.0, 3)])
def test_afterpulses_multiply_clicks_by_one_over_one_minus_their_chance(chance, life, dead):
    # rare clicks, so that none is lost: n / (1 - p) in all (detectors.afterpulse_clicks), each chain on its own
    given, n = table(1e-5, 0.0, mus=(0.5,)), 2 * 10**9
    counts = count_slots(given, Dead((dead, dead), (chance,) * 2, (life,) * 2), n, seed=3, name="traps")
    seen, first = int(counts.clicks.sum()), n * float(given.click[0])
    deviation = np.sqrt(first * (1 + chance) / (1 - chance) ** 2)  # a Poisson number of geometric chains
    assert abs(seen - first / (1 - chance)) < stats.norm.isf(FALSE_ALARM / 2) * deviation


def test_afterpulses_come_after_the_dead_time_with_the_life_of_a_trap():
    given, dead, life = table(1e-5, 0.0, mus=(0.5,)), 12, 40.0
    memory = Dead((dead, dead), (0.3, 0.3), (life, life))
    _, _, _, (slot, *_) = gather(run_slots(given, memory, 7, 3 * 10**9, capacity=10**5))
    late = np.diff(slot)
    late = late[late < 20 * life] - dead  # 1, 2, ... geometric with 1 - exp(-1 / life)
    assert late.min() == 1
    edges = np.array([1, 10, 20, 40, 80, 160])
    seen = np.histogram(late, edges)[0]
    chance = np.diff(-np.exp(-(edges - 1) / life))
    assert stats.chisquare(seen, chance / chance.sum() * seen.sum()).pvalue > FALSE_ALARM


def test_counts_do_not_depend_on_the_records():
    given = table()
    with_records = gather(run_slots(given, DEADS["dead"], 9, 100_000, capacity=64))
    without = gather(run_slots(given, DEADS["dead"], 9, 100_000))
    np.testing.assert_array_equal(with_records[0], without[0])
    assert len(with_records[3][0]) == without[0].sum()


def test_chunks_tile_the_run():
    given = table()
    size = chunk_slots(given)
    parts = chunks(given, 3 * size + 5)
    assert [p.first for p in parts] == [0, size, 2 * size, 3 * size] and parts[-1].n_slots == 5


def test_bad_input_is_refused():
    with pytest.raises(DomainError, match="pulses; allowed: 1 to"):
        chunks(table(), 0)
    with pytest.raises(ArgumentError, match="each must sum to 1"):
        SlotTable({}, np.array([0.5]), np.ones((1, 4, 1)) / 4)
    with pytest.raises(ArgumentError, match="no detector can ever fire"):
        _ = table(0.0, 0.0).compiled
    with pytest.raises(ArgumentError, match="mean life of a trap"):
        Dead((0, 0), (0.1, 0.1))
    with pytest.raises(DomainError):
        Dead((-1, 0))


def test_click_patterns_keep_their_digits_and_sum_to_one():
    # enumeration of where each of n photons goes, against the closed sums
    for n, p0, p1, d0, d1 in ((3, 0.2, 0.5, 0.01, 0.02), (4, 0.3, 0.7, 0.0, 0.1), (0, 0.1, 0.1, 0.2, 0.3)):
        exact = np.zeros(4)
        for way in itertools.product(range(3), repeat=n):
            chance = np.prod([(p0, p1, 1 - p0 - p1)[w] for w in way])
            for dark in itertools.product((0, 1), repeat=2):
                weight = (d0 if dark[0] else 1 - d0) * (d1 if dark[1] else 1 - d1)
                mask = (0 in way or dark[0]) | (1 in way or dark[1]) << 1
                exact[mask] += chance * weight
        np.testing.assert_allclose(click_patterns(np.array([n]), p0, p1, d0, d1)[0], exact, rtol=1e-12)
    faint = click_patterns(np.array([2]), 1e-20, 2e-20, 0.0, 0.0)[0]
    np.testing.assert_allclose(faint[1:], [2e-20, 4e-20, 4e-40], rtol=1e-12)
