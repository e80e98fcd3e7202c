"""MDI and twin-field keys, which meet at a station. Oracles: photons and phases followed one by one, PLOB, limits."""

from __future__ import annotations

from itertools import product
from math import comb, factorial

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.quantum import mdi, twin_field
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.entropy import binary_entropy

D, E_D = 1e-3, 0.02  # background and misalignment large enough to be seen
PHASES = np.linspace(0, 2 * np.pi, 400, endpoint=False)  # exact for these integrands to 1e-15


def clicks_exactly(light, wanted):
    """Chance that just the detectors `wanted` click, each seeing `light` photons on average."""
    dark = [(1 - D) * np.exp(-x) for x in light]
    return np.prod([1 - p if i in wanted else p for i, p in enumerate(dark)], axis=0)


def bell_gain(fields):
    """Announced Bell states of the two time slots or polarisations: one click in each, same port or different ports."""
    (a0, b0), (a1, b1) = fields
    light = [abs(a0 + b0) ** 2 / 2, abs(a0 - b0) ** 2 / 2, abs(a1 + b1) ** 2 / 2, abs(a1 - b1) ** 2 / 2]
    same = clicks_exactly(light, (0, 2)) + clicks_exactly(light, (1, 3))
    return np.mean(same), np.mean(clicks_exactly(light, (0, 3)) + clicks_exactly(light, (1, 2)))


def mdi_by_phases(x, y):
    """Gains of the z basis and of the x basis, and the error gain of the latter, without misalignment."""
    u, v = np.sqrt(x), np.sqrt(y) * np.exp(1j * PHASES)
    zero = np.zeros_like(v)
    unequal = sum(bell_gain([(u, zero), (zero, v)]))  # different bits: right
    equal = sum(bell_gain([(u, v), (zero, zero)]))
    half_u, half_v = u / np.sqrt(2), v / np.sqrt(2)
    plus = bell_gain([(half_u, half_v), (half_u, half_v)])  # both +: same port right
    minus = bell_gain([(half_u, half_v), (half_u, -half_v)])
    return 0.5 * (unequal + equal), 0.5 * equal, 0.5 * (sum(plus) + sum(minus)), 0.5 * (plus[1] + minus[0])


@pytest.mark.parametrize("x, y", [(0.3, 0.3), (0.05, 0.4), (1e-3, 2e-3), (0.0, 0.2)])
def test_mdi_gains_are_those_of_four_detectors_and_random_phases(x, y):
    z, z_wrong, test, test_wrong = mdi_by_phases(x, y)
    assert mdi._key_basis(x, y, D, 0.0) == pytest.approx((z, z_wrong), rel=1e-9)
    assert mdi._test_basis(x, y, D, 0.0) == pytest.approx((test, test_wrong), rel=1e-9)


def test_mdi_single_photon_figures_are_the_first_order_of_the_gains():
    """Y_11 = d^2 [exp(x + y) Q] / dx dy at zero, by the counts that decoys isolate."""
    a, b, small = 0.3, 0.2, 1e-4
    y11, e11 = mdi._single_photons(a, b, D, E_D)

    def part(basis, which):
        def q(ka, kb):
            return np.exp(ka + kb) * basis(a * ka, b * kb, D, E_D)[which]

        return (q(small, small) - q(small, 0.0) - q(0.0, small) + q(0.0, 0.0)) / small**2

    assert part(mdi._key_basis, 0) == pytest.approx(y11, rel=5e-4)
    assert part(mdi._test_basis, 1) / part(mdi._test_basis, 0) == pytest.approx(e11, rel=2e-3)


def test_mdi_decoy_bounds_hold_and_tighten_as_the_decoy_weakens():
    arm = 10.0 ** np.linspace(-0.1, -2.5, 20)
    link = {"mu": 0.4, "background": 1e-6, "misalignment": 0.01}
    exact = mdi.key_rate(arm, 0.5 * arm, **link)
    gap = []
    for nu in (0.1, 0.01):
        bound = mdi.key_rate(arm, 0.5 * arm, nu=nu, decoys="vacuum+weak", **link)
        assert np.all(bound.single_yield <= exact.single_yield * (1 + 1e-6))
        assert np.all(bound.single_error >= exact.single_error * (1 - 1e-6))
        assert np.all(bound.signed_rate <= exact.signed_rate)
        gap.append(np.max(exact.rate - bound.rate))
    assert gap[1] < gap[0]


def test_mdi_stays_below_the_bound_and_falls_with_noise():
    arm = 10.0 ** np.linspace(-0.01, -3, 30)
    mu = mdi.best_intensity(arm, arm, background=0.0, misalignment=0.0)
    rate = mdi.key_rate(arm, arm, mu=mu, background=0.0, misalignment=0.0, error_correction=1.0).rate
    assert np.all(rate <= plob_bit(arm**2)) and np.all(rate > 0) and np.all(np.diff(rate) < 0)
    noisy = [mdi.key_rate(0.1, 0.1, mu=0.4, background=1e-6, misalignment=e).rate for e in np.linspace(0, 0.2, 30)]
    assert np.all(np.diff(noisy) <= 0) and noisy[-1] == 0


def fock_one_click(m, n, eta):
    """Chance that port + alone clicks, D background: both numbers thinned by loss, then a beam splitter of a^m b^n."""
    total = 0.0
    for i, j in product(range(m + 1), range(n + 1)):
        arrive = comb(m, i) * eta**i * (1 - eta) ** (m - i) * comb(n, j) * eta**j * (1 - eta) ** (n - j)
        # (c + d)^i (c - d)^j / sqrt(2)^(i + j) on vacuum: no photon at d leaves c^(i + j)
        dark_other = factorial(i + j) / (2 ** (i + j) * factorial(i) * factorial(j))
        silent = 1.0 if i + j == 0 else 0.0
        total += arrive * (1 - D) * (dark_other - (1 - D) * silent)
    return total


@pytest.mark.parametrize("m, n", [(0, 0), (1, 0), (1, 1), (3, 1), (2, 4)])
def test_twin_field_yields_are_those_of_photon_numbers_on_a_beam_splitter(m, n):
    for eta in (1.0, 0.3, 1e-3):
        assert twin_field._one_click(m, n, eta, D) == pytest.approx(fock_one_click(m, n, eta), rel=1e-9)


def test_cal_without_noise_and_loss_reaches_its_closed_form():
    """eta = 1, d = 0: one announced photon pair less; gain 1 - exp(-2 mu), and e_z from photon numbers summed here."""
    mu, found = 0.05, twin_field.cal_key_rate(1.0, mu=0.05, background=0.0, misalignment=0.0)
    assert found.gain == pytest.approx(-np.expm1(-2 * mu)) and found.qber == 0
    amplitude = [np.exp(-mu / 2) * mu ** (n / 2) / np.sqrt(factorial(n)) for n in range(12)]
    parts = [0.0, 0.0]
    for m, n in product(range(12), repeat=2):
        if (m + n) % 2 == 0:
            dark_other = factorial(m + n) / (2 ** (m + n) * factorial(m) * factorial(n)) - (m + n == 0)
            parts[m % 2] += amplitude[m] * amplitude[n] * np.sqrt(dark_other)
    phase = (parts[0] ** 2 + parts[1] ** 2) / (0.5 * found.gain)
    assert found.phase_error == pytest.approx(min(phase, 0.5), rel=1e-9)
    assert found.rate == pytest.approx(found.gain * (1 - binary_entropy(phase)), rel=1e-9)


def test_sns_windows_are_those_of_two_detectors_and_random_phases():
    eta, mu = 0.4, 0.7
    light = eta * mu
    one = clicks_exactly([light / 2, light / 2], (0,)) * 2
    swing = light * (1 + np.cos(PHASES)), light * (1 - np.cos(PHASES))
    both = np.mean(clicks_exactly(swing, (0,)) + clicks_exactly(swing, (1,)))
    none = 2 * D * (1 - D)
    assert twin_field._windows(eta, mu, D) == pytest.approx((one, both, none), rel=1e-9)


def test_pairing_keeps_the_odd_pairs_of_bits_drawn_at_random():
    """Bits of Alice and Bob drawn by their windows, paired as the protocol says; exact binomial error, 5 sigma."""
    link = {"mu": 0.5, "sending": 0.3, "background": 1e-3, "misalignment": 0.03}
    eta, eps = 0.02, link["sending"]
    found = twin_field.sns_key_rate(eta, **link)
    one, both, none = twin_field._windows(eta, link["mu"], 1e-3)
    chances = np.array([eps * (1 - eps) * one, eps * (1 - eps) * one, eps**2 * both, (1 - eps) ** 2 * none])
    rng = np.random.default_rng(5)
    event = rng.choice(4, size=400_000, p=chances / chances.sum())  # Alice sent, Bob sent, both, none
    alice, bob = np.isin(event, (0, 2)), ~np.isin(event, (1, 2))
    zeros, ones = rng.permutation(np.flatnonzero(~bob)), rng.permutation(np.flatnonzero(bob))
    pairs = min(zeros.size, ones.size)
    first, second = zeros[:pairs], ones[:pairs]
    odd = alice[first] != alice[second]
    wrong = alice[first][odd] != bob[first][odd]
    share = found.qber
    assert wrong.mean() == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / odd.sum()))


def test_twin_field_keys_pass_the_bound_of_the_whole_line_and_mdi_does_not():
    """They scale with the root of the transmittance: on long lines above PLOB, which holds without a station."""
    loss_db = np.array([20.0, 80.0, 120.0])
    arm = 10 ** (-loss_db / 20)
    noise = {"background": 1e-11, "misalignment": 0.02}
    for rate in (twin_field.best_cal(arm, **noise)[0].rate, twin_field.best_sns(arm, **noise)[0].rate):
        assert list(rate > plob_bit(arm**2)) == [False, True, True]
        assert np.all(rate < plob_bit(arm))  # one photon over half of the line: never above that bound
        assert np.log10(rate[1] / rate[2]) == pytest.approx(2.0, abs=0.05)  # 40 dB more, 20 dB of key
    mu = mdi.best_intensity(arm, arm, **noise)
    assert np.all(mdi.key_rate(arm, arm, mu=mu, **noise).rate < plob_bit(arm**2))


def test_pairing_pays_where_errors_are_many():
    arm = 10 ** (-np.array([60.0, 150.0]) / 20)
    noise = {"background": 4e-12, "misalignment": 0.05}
    with_pairs, without = (twin_field.best_sns(arm, pairing=p, **noise)[0].rate for p in ("aopp", "none"))
    assert np.all(with_pairs > 1.2 * without)


def test_best_parameters_are_maxima():
    noise = {"background": 1e-9, "misalignment": 0.03}
    found, mu, eps = twin_field.best_sns(1e-3, **noise)
    for m, e in ((1.05, 1.0), (0.95, 1.0), (1.0, 1.05), (1.0, 0.95)):
        assert twin_field.sns_key_rate(1e-3, mu=m * mu, sending=e * eps, **noise).signed_rate < found.signed_rate


def test_bad_input_is_refused():
    noise = {"background": 1e-9, "misalignment": 0.03}
    for name, value in {"background": 0.5, "misalignment": 0.5, "mu": 0.0}.items():
        with pytest.raises(DomainError, match=name):
            mdi.key_rate(0.1, 0.1, **({"mu": 0.3} | noise | {name: value}))
        with pytest.raises(DomainError, match=name):
            twin_field.cal_key_rate(0.1, **({"mu": 0.3} | noise | {name: value}))
        with pytest.raises(DomainError, match=name):
            twin_field.sns_key_rate(0.1, **({"mu": 0.3, "sending": 0.2} | noise | {name: value}))
    with pytest.raises(DomainError, match="nu"):
        mdi.key_rate(0.1, 0.1, mu=0.3, nu=0.4, decoys="vacuum+weak", **noise)
    with pytest.raises(ArgumentError, match="aopp"):
        twin_field.sns_key_rate(0.1, mu=0.3, sending=0.2, pairing="twice", **noise)
    with pytest.raises(ArgumentError, match="infinite"):
        mdi.key_rate(0.1, 0.1, mu=0.3, decoys="many", **noise)
