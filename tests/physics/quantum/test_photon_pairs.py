"""BBM92 pair by pair, against the closed forms of `bbm92`, for single pairs, and with an eavesdropper.

Exact binomial tests with a false-alarm rate of 1e-6; seeds are fixed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from silla.base.errors import ArgumentError, DomainError
from silla.physics.quantum import bbm92
from silla.physics.quantum.photons.pairs import PairLink, _quarter_turn, detections, simulate, slot_table
from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver


def agrees(seen: int, n: int, chance: float) -> bool:
    return bool(stats.binomtest(seen, n, chance).pvalue > 1e-6)


def station(efficiency=0.5, dark=1e-5, e=0.0, **more) -> Receiver:
    return Receiver.alike(PhotonDetector(efficiency, dark, **more), misalignment=e)


def closed_form(link: PairLink):
    """(gain, QBER) of `bbm92`; only noise that changes a reading counts: (1 - d) for each station, not (1 - d)^2."""
    a, b = (line * r.detectors[0].efficiency for line, r in zip(link.arms, (link.alice, link.bob)))
    d = link.alice.detectors[0].dark_per_gate
    y0, e = 1 - (1 - d) ** 2, link.bob.misalignment
    noisy = bbm92.key_rate(a, b, brightness=link.brightness, y0=y0, misalignment=e)
    clean = bbm92.key_rate(a, b, brightness=link.brightness, y0=0.0, misalignment=e)
    true = (0.5 - clean.qber) * clean.gain * (1 - d) ** 2
    return float(noisy.gain), float(0.5 - true / noisy.gain)


@pytest.mark.parametrize(("lam", "arms", "dark", "e"), [(0.05, (0.1, 0.3), 1e-5, 0.015), (0.4, (1.0, 1.0), 1e-2, 0.05)])
def test_the_table_is_the_closed_form(lam, arms, dark, e):
    link = PairLink(lam, arms, station(dark=dark), station(dark=dark, e=e))
    table, (gain, qber) = slot_table(link), closed_form(link)
    same = int(np.flatnonzero(table.labels["alice_basis"] == table.labels["bob_basis"])[0])
    pattern = table.pattern[same].reshape(4, 4)  # [Bob, Alice]
    assert pattern[1:, 1:].sum() == pytest.approx(gain, rel=1e-9)
    sign = np.array([0.0, 1.0, -1.0, 0.0])
    assert 0.5 - 0.5 * sign @ pattern @ sign / gain == pytest.approx(qber, rel=1e-9)


@pytest.mark.parametrize("dead_time_s", [0.0, 40e-9])
def test_coincidences_and_errors(dead_time_s):
    at = {"dead_time_s": dead_time_s}
    link = PairLink(0.02, (0.05, 0.1), station(**at), station(e=0.02, **at))
    counts, (gain, qber) = simulate(link, 400_000_000, seed=1), closed_form(link)
    if not dead_time_s:
        assert agrees(counts.n_coincidences(), counts.n_sifted_sent(), gain)
        single = 1 - (1 - 1e-5) ** 2 / (1 + 0.05 * 0.5 * 0.02) ** 2
        assert agrees(counts.singles(0), counts.n_slots, single)
    assert agrees(counts.n_errors(), counts.n_coincidences(), qber)


def test_other_bases_know_nothing_of_each_other():
    link = PairLink(0.1, (0.5, 0.5), station(dark=0.0), station(dark=0.0))
    chosen = []
    for part in detections(link, 20_000_000, seed=2):
        other = part["alice_basis"] != part["bob_basis"]
        chosen.append(part["alice_bit"][other] == part["bob_bit"][other])
    equal = np.concatenate(chosen)
    assert len(equal) > 10_000 and agrees(int(equal.sum()), len(equal), 0.5)


def test_detections_are_the_coincidences():
    link = PairLink(0.1, (0.2, 0.2), station(), station(e=0.05))
    parts, counts = list(detections(link, 30_000_000, seed=3)), simulate(link, 30_000_000, seed=3)
    same = np.concatenate([p["alice_basis"] == p["bob_basis"] for p in parts])
    wrong = np.concatenate([p["alice_bit"] != p["bob_bit"] for p in parts])
    assert same.sum() == counts.n_coincidences() and (same & wrong).sum() == counts.n_errors()


def test_independent_pairs_have_the_errors_of_accidentals():
    # Poisson pairs, lossless and clean: one detector pattern each; summed over n and m by hand
    link = PairLink(0.1, (1.0, 1.0), station(1.0, 0.0), station(1.0, 0.0), source="poisson")
    counts = simulate(link, 5_000_000, seed=4)
    mean = 0.2
    assert agrees(counts.n_coincidences(), counts.n_sifted_sent(), 1 - math.exp(-mean))
    # wrong only where both values occur at both ends: two double clicks, read at random
    mixed = sum(math.exp(-mean) * mean**n / math.factorial(n) * (1 - 0.5 ** (n - 1)) for n in range(2, 30))
    assert agrees(counts.n_errors(), counts.n_sifted_sent(), 0.5 * mixed)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_an_eavesdropper_costs_a_quarter(share):
    link = PairLink(1e-4, (0.5, 0.5), station(dark=0.0), station(dark=0.0, e=0.01), intercepted=share)
    counts = simulate(link, 4_000_000_000, seed=5)
    expected = 0.01 + share * (0.25 - 0.5 * 0.01)  # attack.intercept_resend_error; double pairs add 1e-4
    assert counts.qber() == pytest.approx(expected, abs=2e-4 + 5 * math.sqrt(expected / counts.n_coincidences()))


def test_a_quarter_turn_of_small_spins():
    np.testing.assert_allclose(_quarter_turn(1), [[0.5, 0.5], [0.5, 0.5]], atol=1e-12)
    np.testing.assert_allclose(_quarter_turn(2)[1], [0.5, 0.0, 0.5], atol=1e-12)  # Hong-Ou-Mandel: both go together


def test_bad_input_is_refused():
    with pytest.raises(DomainError, match="brightness"):
        PairLink(0.0, (0.1, 0.1), station(), station())
    with pytest.raises(DomainError, match="arms"):
        PairLink(0.1, (0.1, 1e-21), station(), station())
    with pytest.raises(ArgumentError, match="source"):
        PairLink(0.1, (0.1, 0.1), station(), station(), source="lamp")
