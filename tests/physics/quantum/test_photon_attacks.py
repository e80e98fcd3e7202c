"""Attacks show where theory says, and not elsewhere. Exact binomial tests, false-alarm rate 1e-6; seeds are fixed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from silla.base.errors import DomainError
from silla.physics.quantum.attack import intercept_resend_error
from silla.physics.quantum.channel import gain_and_error, photon_yield
from silla.physics.quantum.photons import countermeasures as guard
from silla.physics.quantum.photons.attacks import (
    BeamSplitting,
    Blinding,
    InterceptResend,
    PhotonNumberSplitting,
    TimeShift,
    TrojanHorse,
)
from silla.physics.quantum.photons.decoy import DecoyLink, simulate
from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver
from silla.physics.quantum.presets import GYS

LINK = DecoyLink.of(GYS, 5.0)
ETA = LINK.transmittance * GYS.detector_efficiency
N = 400_000_000


def agrees(seen: int, n: int, chance: float) -> bool:
    return bool(stats.binomtest(seen, n, chance).pvalue > 1e-6)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_intercept_and_resend_shows_in_the_errors_alone(share):
    counts = simulate(LINK, N, seed=1, attack=InterceptResend(share))
    error = float(intercept_resend_error(GYS.misalignment, share))
    for k in (0, 1):
        known = gain_and_error(LINK.intensities[k], ETA, y0=GYS.y0, misalignment=error)
        assert agrees(counts.n_clicks(k), counts.n_sifted_sent(k), float(known.gain))
        assert agrees(counts.n_errors(k), counts.n_clicks(k), float(known.qber))
    assert agrees(round(counts.known_share(0) * counts.n_clicks(0)), counts.n_clicks(0), share / 2)


def test_photon_number_splitting_shows_in_the_decoys_yields():
    """Every single photon blocked; Eve's lossless line makes up for the signal's gain, and decoys betray her."""
    link = DecoyLink.of(GYS, 20.0)
    counts = simulate(link, N, seed=2, attack=PhotonNumberSplitting(1.0, line=0.05))
    honest = [
        float(gain_and_error(mu, 0.01 * 0.045, y0=GYS.y0, misalignment=GYS.misalignment).gain) for mu in (0.48, 0.05)
    ]
    for k, mu in enumerate(link.intensities[:2]):
        n = np.arange(60)
        share = stats.poisson.pmf(n, mu)
        left = np.where(n < 2, 0, n - 1)
        chance = float((share * photon_yield(left, 0.05 * 0.045, GYS.y0)).sum())
        assert agrees(counts.n_clicks(k), counts.n_sifted_sent(k), chance)
    # single photons make dark counts alone, whatever the honest line would do
    single = math.exp(-0.48) * 0.48 * GYS.y0
    assert agrees(counts.n_clicks(0, photons=1), counts.n_sifted_sent(0), single)
    # the decoy falls far more than the signal: its ratio to the signal is what no honest line of any loss has
    signal, decoy = counts.gain(0) / honest[0], counts.gain(1) / honest[1]
    assert 1.0 < signal < 1.05 and decoy < 0.2
    y1 = (
        0.48
        / (0.48 * 0.05 - 0.05**2)
        * (counts.gain(1) * math.exp(0.05) - counts.gain(0) * math.exp(0.48) * (0.05 / 0.48) ** 2)
    )
    assert y1 < 0.1 * float(photon_yield(1, 0.01 * 0.045, GYS.y0))


def test_blinding_keeps_the_errors_low_and_is_seen_by_the_watchdog():
    receiver = Receiver.alike(PhotonDetector(0.2, 1e-5), misalignment=0.02)
    link = DecoyLink(0.1, receiver)
    honest, attack = simulate(link, N, seed=3), Blinding(efficiency=0.04, error=0.01)
    counts = simulate(link, N, seed=4, attack=attack)
    chance = 0.5 * -math.expm1(-0.48 * 0.04)  # Eve sees it, and Bob's basis is hers
    assert agrees(counts.n_clicks(0), counts.n_sifted_sent(0), chance)
    assert counts.gain(0) == pytest.approx(honest.gain(0), rel=0.02)  # rates look as they should
    assert agrees(counts.n_errors(0), counts.n_clicks(0), 0.01) and counts.known_share(0) == 1.0
    assert counts.n_clicks(2) == 0 and counts.n_doubles(0) == 0 < honest.n_doubles(0)
    seen = guard.watch(honest, counts)
    assert seen.alarm and not seen.photocurrent_alarm and seen.vacuum_p_value < 1e-20
    assert guard.watch(honest, counts, attack=attack).photocurrent_alarm
    assert not guard.watch(honest, simulate(link, N, seed=5)).alarm


def test_beam_splitting_shows_nowhere():
    mu = LINK.intensities[0]
    quiet, counts = simulate(LINK, N, seed=6), simulate(LINK, N, seed=7, attack=BeamSplitting(mu))
    for k in (0, 1):
        known = gain_and_error(LINK.intensities[k], ETA, y0=GYS.y0, misalignment=GYS.misalignment)
        assert agrees(counts.n_clicks(k), counts.n_sifted_sent(k), float(known.gain))
    held = -math.expm1(-mu * (1 - LINK.transmittance))
    assert agrees(round(counts.known_share(0) * counts.n_clicks(0)), counts.n_clicks(0), held)
    assert quiet.known_share(0) == 0.0


def test_time_shift_tells_bits_without_an_error():
    ideal = replace(LINK, receiver=Receiver.alike(PhotonDetector(0.1), misalignment=0.01))
    counts = simulate(ideal, N, seed=8, attack=TimeShift(0.1, 0.025))
    # the favoured detector's share of right and wrong clicks alike, while multi-photon pulses are few
    assert counts.known_share(0) == pytest.approx(0.99 * 0.8 + 0.01 * 0.2, abs=0.003)
    assert counts.qber(0) == pytest.approx(0.01, abs=5 * math.sqrt(0.01 / counts.n_clicks(0)))


def test_trojan_horse_reads_the_setting_unseen():
    counts = simulate(LINK, N, seed=9, attack=TrojanHorse(0.5))
    share = float(guard.unambiguous_share(0.5))
    assert agrees(round(counts.known_share(0) * counts.n_clicks(0)), counts.n_clicks(0), share)
    known = gain_and_error(0.48, ETA, y0=GYS.y0, misalignment=GYS.misalignment)
    assert agrees(counts.n_errors(0), counts.n_clicks(0), float(known.qber))


def test_unambiguous_share_is_that_of_the_gram_matrix():
    for mu in (0.05, 0.5, 2.0):
        phase = 1j ** np.arange(4)
        gram = np.exp(-mu * (1 - np.conj(phase)[:, None] * phase[None, :]))
        least = np.linalg.eigvalsh(gram).min()  # N symmetric states: N min |c|^2, eigenvalues N |c|^2
        assert float(guard.unambiguous_share(mu)) == pytest.approx(least, rel=1e-9)


def test_coin_imbalance_is_the_overlap_of_the_purified_bases():
    for mu in (1e-3, 0.3):
        zero, plus = np.eye(2), np.array([[1, 1], [1, -1]]) / math.sqrt(2)
        light = {0: (1, -1), 1: (1j, -1j)}
        total = 0.0
        for j in range(2):
            for k in range(2):
                states = zero[j] @ plus[k]
                overlap = np.exp(-mu + mu * np.conj(light[0][j]) * light[1][k])
                total += states**2 * overlap / 2  # ancilla in either basis holds the bit
        assert float(guard.coin_imbalance(mu)) == pytest.approx((1 - total.real) / 2, rel=1e-9)


def test_trojan_leak_bound():
    clean = float(guard.trojan_phase_error(0.02, 0.0, 0.01))
    assert clean == pytest.approx(0.02)
    d = float(guard.coin_imbalance(1e-7)) / 0.01
    formula = 0.02 + 4 * d * (1 - d) * 0.96 + 4 * (1 - 2 * d) * math.sqrt(d * (1 - d) * 0.02 * 0.98)
    assert float(guard.trojan_phase_error(0.02, 1e-7, 0.01)) == pytest.approx(formula, rel=1e-9)
    grid = guard.trojan_phase_error(0.02, np.geomspace(1e-12, 10, 200), 0.01)
    assert (np.diff(grid) >= 0).all() and grid[-1] == pytest.approx(0.5)
    rates = guard.trojan_key_rate(0.02, 0.03, 0.013, 0.03, 0.045, np.geomspace(1e-9, 1e-2, 50))
    assert (np.diff(rates) <= 0).all() and rates[0] > 0 and rates[-1] == 0.0
    # 10 dB of isolation are a tenth of the light
    assert guard.reflected_photons(160.0) == pytest.approx(10 * guard.reflected_photons(170.0))


@pytest.mark.parametrize(
    "make",
    [
        lambda: InterceptResend(1.5),
        lambda: PhotonNumberSplitting(-0.1),
        lambda: TimeShift(0.0, 0.1),
        lambda: TrojanHorse(-1.0),
    ],
)
def test_bad_attacks_are_refused(make):
    with pytest.raises(DomainError):
        make()
