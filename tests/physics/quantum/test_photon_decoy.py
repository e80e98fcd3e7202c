"""Decoy BB84 photon by photon, against the closed forms of `channel`, `decoy_bb84` and `detectors`, and GYS.

Every statistical test is an exact binomial one with a false-alarm rate of 1e-6; seeds are fixed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from silla.base.errors import ArgumentError, DomainError
from silla.physics.quantum import decoy_bb84
from silla.physics.quantum.channel import gain_and_error, photon_yield
from silla.physics.quantum.detectors import DETECTORS
from silla.physics.quantum.photons.decoy import DecoyLink, detections, simulate, slot_table
from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver
from silla.physics.quantum.presets import GYS, LIM, RUSCA

FALSE_ALARM = 1e-6


def agrees(seen: int, n: int, chance: float) -> bool:
    return bool(stats.binomtest(seen, n, chance).pvalue > FALSE_ALARM)


def expected(link: DecoyLink, k: int):
    """Gain and error gain of the closed form: the two detectors' background together, half of it wrong.

    The closed form gives a gate with background a random bit whatever the signal did; here a dark count in the right
    detector does no harm to a photon there, so errors differ by at most the chance of both.
    """
    one, _ = link.receiver.detectors
    y0 = 1 - (1 - one.dark_per_gate) ** 2
    eta = link.transmittance * one.efficiency
    return gain_and_error(link.intensities[k], eta, y0=y0, misalignment=link.receiver.misalignment)


@pytest.mark.parametrize("km", [0.0, 20.0, 80.0])
def test_gains_and_errors_of_gys(km):
    link = DecoyLink.of(GYS, 0.21 * km)
    counts = simulate(link, 400_000_000, seed=1)
    assert counts.n_slots == 400_000_000
    for k in range(3):
        found = expected(link, k)
        assert agrees(counts.n_clicks(k), counts.n_sifted_sent(k), float(found.gain))
        chance = 0.5 if k == 2 else float(found.qber)
        assert agrees(counts.n_errors(k), counts.n_clicks(k), chance)


def test_settings_are_drawn_with_their_chances():
    link = DecoyLink.of(GYS, 0.0, probabilities=(0.6, 0.3, 0.1), key_basis=0.9)
    counts = simulate(link, 50_000_000, seed=2)
    n = counts.n_slots
    for k, p in enumerate(link.probabilities):
        assert agrees(counts.n_sent(intensity=k), n, p)
    for alice, bob in ((0, 0), (0, 1), (1, 1)):
        chance = (0.1 if alice else 0.9) * (0.1 if bob else 0.9)
        assert agrees(counts.n_sent(alice_basis=alice, bob_basis=bob), n, chance)
    assert agrees(counts.n_sent(alice_bit=1), n, 0.5)


def test_yields_of_photon_numbers_are_those_of_the_line():
    link = DecoyLink.of(GYS, 4.0)
    counts = simulate(link, 400_000_000, seed=3)
    eta, y0 = link.transmittance * GYS.detector_efficiency, GYS.y0
    for n in range(1, 5):
        share = math.exp(-GYS.mu) * GYS.mu**n / math.factorial(n)
        chance = share * float(photon_yield(n, eta, y0))
        assert agrees(counts.n_clicks(0, photons=n), counts.n_sifted_sent(0), chance)


def test_decoy_bounds_from_counts_give_the_key_rate_of_the_library():
    link = DecoyLink.of(GYS, 10.5)
    counts = simulate(link, 10**10, seed=4)  # 50 km; the cost goes with the clicks
    mu, nu = link.intensities[:2]
    q_mu, q_nu, y0 = (counts.gain(k) for k in range(3))
    known = decoy_bb84.key_rate(
        link.transmittance * GYS.detector_efficiency,
        mu=mu,
        nu=nu,
        y0=GYS.y0,
        misalignment=GYS.misalignment,
        decoys="vacuum+weak",
    )
    y1 = (
        mu
        / (mu * nu - nu**2)
        * (q_nu * math.exp(nu) - q_mu * math.exp(mu) * (nu / mu) ** 2 - (1 - (nu / mu) ** 2) * y0)
    )
    e1 = (counts.qber(1) * q_nu * math.exp(nu) - 0.5 * y0) / (nu * y1)
    assert y1 == pytest.approx(known.single_yield, rel=0.015)
    assert e1 == pytest.approx(known.single_error, rel=0.08)
    true = counts.n_clicks(0, photons=1) / (counts.n_sifted_sent(0) * mu * math.exp(-mu))
    assert y1 < true  # the bound is a bound


def test_dead_time_thins_all_intensities_alike():
    link = DecoyLink.of(RUSCA, 3.0)  # 100 ns at 1 GHz: 99 gates missed
    found = simulate(link, 200_000_000, seed=5)
    table = slot_table(link)
    p = float(np.dot(table.prior, table.click))
    for k in (0, 1):
        chance = float(expected(link, k).gain) / (1.0 + 99.0 * p)
        assert found.gain(k) == pytest.approx(chance, rel=5.0 / math.sqrt(found.n_clicks(k)))


def test_afterpulses_follow_the_detectors_model():
    link = DecoyLink.of(LIM, 20.0, key_basis=0.5)  # 4 % after-pulses; clicks are rare
    counts = simulate(link, 4 * 10**9, seed=6)
    clicks, n = counts.of(np.ones(len(counts.sent), bool)), counts.n_slots
    table = slot_table(link)
    first = float(np.dot(table.prior, table.click))
    mean = n * first / (1 - 0.04)
    assert abs(clicks - mean) < stats.norm.isf(FALSE_ALARM / 2) * math.sqrt(mean * 1.05 / 0.96) + 0.01 * 0.04 * mean
    # an after-pulse knows nothing of Alice's bit: the error gain grows by half of it, spread evenly over pulses sent
    extra = 0.5 * n * first * 0.04 / 0.96 * counts.n_sifted_sent(0) / n
    wrong = float(expected(link, 0).error_gain) * counts.n_sifted_sent(0) + extra
    assert abs(counts.n_errors(0) - wrong) < 5.0 * math.sqrt(wrong * 1.05)


def test_jitter_loses_photons_and_spills_into_neighbours():
    period, gate, sigma = 1e-9, 0.5e-9, 0.3e-9
    detector = PhotonDetector(0.5, 0.0, jitter_s=sigma)
    receiver = Receiver.alike(detector, clock_hz=1 / period, gate_s=gate)
    link = DecoyLink(1e-2, receiver, (0.5, 0.1, 0.0), (0.4, 0.3, 0.3))
    counts = simulate(link, 100_000_000, seed=7)
    stay = math.erf(0.25 / (0.3 * math.sqrt(2)))
    near = sum(stats.norm.cdf((k + 0.25) / 0.3) - stats.norm.cdf((k - 0.25) / 0.3) for k in (-3, -2, -1, 1, 2, 3))
    eta = 1e-2 * 0.5
    spilt = eta * 0.23 * near  # mean photons of a pulse: 0.4 * 0.5 + 0.3 * 0.1
    assert agrees(counts.n_clicks(2), counts.n_sifted_sent(2), -math.expm1(-spilt))
    found = -math.expm1(-eta * 0.5 * stay - spilt)
    assert agrees(counts.n_clicks(0), counts.n_sifted_sent(0), found)
    wrong = -math.expm1(-spilt / 2) * (math.exp(-eta * 0.5 * stay) + 0.5 * -math.expm1(-eta * 0.5 * stay))
    assert agrees(counts.n_errors(0), counts.n_sifted_sent(0), wrong)


def test_double_clicks_are_read_at_random():
    receiver = Receiver.alike(PhotonDetector(1.0, 0.1))
    counts = simulate(DecoyLink(1.0, receiver, (0.5,), (1.0,)), 2_000_000, seed=8)
    doubles = counts.n_doubles(0)
    assert agrees(doubles, counts.n_sifted_sent(0), (1 - math.exp(-0.5) * 0.9) * 0.1)
    # wrong: the other detector's dark count alone, or half of the double clicks
    alone, both = math.exp(-0.5) * 0.9 * 0.1, (1 - math.exp(-0.5) * 0.9) * 0.1
    assert agrees(counts.n_errors(0), counts.n_sifted_sent(0), alone + 0.5 * both)


def test_detections_are_the_counts_one_by_one():
    link = DecoyLink.of(GYS, 0.0)
    parts = list(detections(link, 120_000_000, seed=9))
    assert len(parts) > 1 and sum(p["n_sent"] for p in parts) == 120_000_000
    counts = simulate(link, 120_000_000, seed=9)
    pulse = np.concatenate([p["pulse"] for p in parts])
    assert pulse.dtype == np.uint64 and (np.diff(pulse.astype(np.int64)) > 0).all() and pulse[-1] < 120_000_000
    sent = np.sum([p["n_sent_per_intensity"] for p in parts], axis=0)
    assert [int(s) for s in sent] == [counts.n_sent(intensity=k) for k in range(3)]
    column = {name: np.concatenate([p[name] for p in parts]) for name in parts[0] if name[:1] in "ab"}
    same = column["alice_basis"] == column["bob_basis"]
    for k in range(3):
        chosen = same & (column["alice_intensity"] == k)
        assert chosen.sum() == counts.n_clicks(k)
        assert (column["alice_bit"] != column["bob_bit"])[chosen].sum() == counts.n_errors(k)
    assert all(column[name].dtype == np.uint8 for name in column)


def test_counts_add_and_the_seed_is_the_run():
    link = DecoyLink.of(GYS, 0.0)
    a, b = simulate(link, 1_000_000, seed=1), simulate(link, 1_000_000, seed=2)
    assert (simulate(link, 1_000_000, seed=1).clicks == a.clicks).all() and (a.clicks != b.clicks).any()
    assert (a + b).n_slots == 2_000_000
    with pytest.raises(ArgumentError, match="different links"):
        _ = a + simulate(DecoyLink.of(GYS, 0.0, intensities=(0.5,), probabilities=(1.0,)), 1000, seed=1)


def test_a_detector_of_the_catalogue():
    detector = PhotonDetector.of(DETECTORS["ingaas-sine-gated"], 1e-9)
    assert detector.dark_per_gate == pytest.approx(6e-7, rel=1e-6) and detector.dead_time_s == 8e-9


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DecoyLink.of(GYS, 201.0), "200"),
        (lambda: DecoyLink.of(GYS, float("nan")), "loss"),
        (lambda: DecoyLink(0.0, Receiver.alike(PhotonDetector(0.5))), "200 dB"),
        (lambda: PhotonDetector(0.0), "sees no photon"),
        (lambda: PhotonDetector(0.5, -1e-6), "dark_per_gate"),
        (lambda: PhotonDetector(0.5, dead_time_s=-1.0), "dead_time_s"),
        (lambda: Receiver.alike(PhotonDetector(0.5), misalignment=0.5), "no information"),
        (lambda: Receiver.alike(PhotonDetector(0.5), clock_hz=1e9, gate_s=2e-9), "longer than the clock"),
        (lambda: DecoyLink(0.1, Receiver.alike(PhotonDetector(0.5)), (0.1, 0.5), (0.5, 0.5)), "must fall"),
        (lambda: DecoyLink(0.1, Receiver.alike(PhotonDetector(0.5)), (0.5, 0.1), (0.5, 0.4)), "sum to"),
        (lambda: simulate(DecoyLink.of(GYS, 1.0), 0, seed=1), "pulses"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises((DomainError, ArgumentError), match=says):
        make()
