"""Four-wave mixing and coexistence. Oracles: the integral along the fibre, G.652, sums by hand, the published band."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from silla.base.errors import DomainError
from silla.base.units import PLANCK_J_S, SPEED_OF_LIGHT_M_PER_S
from silla.physics.optical import coexistence
from silla.physics.optical.four_wave_mixing import (
    dispersion_s_per_m2,
    mixing_photons_per_s,
    mixing_power_w,
    phase_mismatch_per_m,
)
from silla.physics.quantum.decoy_bb84 import best_intensity, key_rate
from silla.physics.quantum.detectors import background_per_gate

ALPHA, GAMMA = 4.6e-5, 1.3e-3


@pytest.mark.parametrize("db", [0.0, 1e-5, 3e-4, 2e-3])
@pytest.mark.parametrize("length", [500.0, 25e3])
def test_power_is_the_field_summed_along_the_fibre(db, length):
    """Field at L: gamma 2 sqrt(P_i P_j P_k) exp(-alpha L / 2) times the integral of exp(-alpha z + i db z)."""
    powers = (1e-3, 2e-3, 0.5e-3)
    parts = [
        quad(lambda z, f=f: np.exp(-ALPHA * z) * f(db * z), 0, length, limit=500, epsabs=1e-9)[0]
        for f in (np.cos, np.sin)
    ]
    expected = 4 * GAMMA**2 * np.prod(powers) * np.exp(-ALPHA * length) * (parts[0] ** 2 + parts[1] ** 2)
    found = mixing_power_w(*powers, length, mismatch_per_m=db, alpha_per_m=ALPHA)
    assert found == pytest.approx(expected, rel=1e-6)
    assert mixing_power_w(*powers, length, mismatch_per_m=db, alpha_per_m=ALPHA, degenerate=True) == found / 4


def test_mismatch_is_the_difference_of_propagation_constants():
    """Dispersion integrated twice over frequency gives beta; beta_i + beta_j - beta_k - beta_q by finite sums."""
    f = np.linspace(192e12, 197e12, 500_001)
    wave = SPEED_OF_LIGHT_M_PER_S / f
    beta_2 = -dispersion_s_per_m2(wave) * wave**2 / (2 * np.pi * SPEED_OF_LIGHT_M_PER_S)
    step = 2 * np.pi * (f[1] - f[0])

    def rise(y):
        return np.concatenate([[0.0], np.cumsum(0.5 * (y[1:] + y[:-1])) * step])

    beta = rise(rise(beta_2))

    def at(hz):
        return np.interp(hz, f, beta)

    for i, j, k in ((194.0e12, 194.0e12, 194.1e12), (193.5e12, 195.1e12, 194.0e12), (196e12, 194e12, 193e12)):
        exact = abs(at(i) + at(j) - at(k) - at(i + j - k))
        assert phase_mismatch_per_m(i, j, k) == pytest.approx(exact, rel=5e-3)


def test_dispersion_of_standard_fibre():
    """ITU-T G.652.D: zero within 1300 to 1324 nm, 13.3 to 18.6 ps/(nm km) at 1550 nm."""
    assert dispersion_s_per_m2(1310e-9) == pytest.approx(0.0, abs=1e-12)
    assert 13.3 < dispersion_s_per_m2(1550e-9) * 1e6 < 18.6


def test_two_channels_make_one_wave_on_either_side():
    f = np.array([193.1e12, 193.2e12])
    found = mixing_photons_per_s([1e-3, 2e-3], f, [193.0e12, 193.3e12, 193.15e12], 20e9, 25e3, alpha_per_m=ALPHA)
    low, high = (
        mixing_power_w(*p, 25e3, mismatch_per_m=phase_mismatch_per_m(*c), alpha_per_m=ALPHA, degenerate=True)
        for p, c in (((1e-3, 1e-3, 2e-3), (f[0], f[0], f[1])), ((2e-3, 2e-3, 1e-3), (f[1], f[1], f[0])))
    )
    np.testing.assert_allclose(found, [low / (PLANCK_J_S * 193.0e12), high / (PLANCK_J_S * 193.3e12), 0.0], rtol=1e-9)


def test_products_of_a_comb_are_counted_one_by_one():
    f, p = 193e12 + 50e9 * np.array([0, 1, 3, 4]), np.array([1e-3, 2e-3, 3e-3, 4e-3])
    target, total = 193e12 + 100e9, 0.0
    for i in range(4):
        for j in range(i, 4):
            for k in range(4):
                if k not in (i, j) and abs(f[i] + f[j] - f[k] - target) < 1e9:
                    db = phase_mismatch_per_m(f[i], f[j], f[k])
                    watts = mixing_power_w(
                        p[i], p[j], p[k], 1e4, mismatch_per_m=db, alpha_per_m=ALPHA, degenerate=i == j
                    )
                    total += watts / (PLANCK_J_S * target)
    assert mixing_photons_per_s(p, f, target, 10e9, 1e4, alpha_per_m=ALPHA) == pytest.approx(total, rel=1e-6)


COMB_M = SPEED_OF_LIGHT_M_PER_S / (191.4e12 + 100e9 * np.arange(48))  # the C band


def test_parts_add_and_counter_propagation_does_not_mix():
    power = np.full(48, 1e-3)
    co, counter = (
        coexistence.noise_at([1400e-9, 1528e-9], power, COMB_M, 50e3, direction=d) for d in ("co", "counter")
    )
    total = co.raman_photons_per_s + co.mixing_photons_per_s + co.leaked_photons_per_s
    np.testing.assert_array_equal(co.photons_per_s, total)
    assert np.all(counter.mixing_photons_per_s == 0)
    # Rayleigh backscatter of a long fibre: 32 to 34 dB below the launched power (Nakazawa 1983)
    launched = np.sum(power * COMB_M) / (PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S) * 1e-12
    assert -34.0 < 10 * np.log10(counter.leaked_photons_per_s[0] / launched) < -31.0
    assert np.all(counter.raman_photons_per_s > 0)
    weaker = coexistence.noise_at([1400e-9], 0.5 * power, COMB_M, 50e3)
    assert weaker.raman_photons_per_s[0] == pytest.approx(0.5 * co.raman_photons_per_s[0])


def best_band_nm(dbm, km):
    """Wavelength of the highest decoy BB84 rate beside 48 channels of `dbm` each: no dark counts, no receiver loss."""
    bands = np.arange(1290, 1526, 10) * 1e-9
    noise = coexistence.noise_at(bands, np.full(48, 10 ** (0.1 * dbm - 3)), COMB_M, km * 1e3)
    y0 = background_per_gate(0.0, 1e-10, light_photons_per_s=noise.photons_per_s)
    link, eta = {"y0": y0, "misalignment": 0.01}, 10 ** (-noise.loss_db / 10)
    return 1e9 * bands[np.argmax(key_rate(eta, mu=best_intensity(eta, **link), **link).rate)]


def test_the_best_band_moves_away_from_the_channels_as_they_grow_stronger():
    """Zischler et al. report the upper E band, near 1400 nm, above the O band: so it is here at moderate power.

    Less power: nearer the channels, where fibre loses least. More power: noise weighs more than loss, the O band wins
    (with the greatest attenuation that the fibre's maker states at 1383 nm, no better than at 1310 nm).
    """
    assert all(1390 <= best_band_nm(-10.0, km) <= 1450 for km in (60.0, 100.0))
    assert best_band_nm(-20.0, 60.0) >= 1500
    assert best_band_nm(0.0, 60.0) <= 1320


def test_bad_input_is_refused():
    good = {"mismatch_per_m": 0.0, "alpha_per_m": ALPHA}
    with pytest.raises(DomainError, match="dBm"):
        mixing_power_w(20.0, 1e-3, 1e-3, 1e3, **good)
    with pytest.raises(DomainError, match="alpha"):
        mixing_power_w(1e-3, 1e-3, 1e-3, 1e3, **(good | {"alpha_per_m": 0.2}))
    with pytest.raises(DomainError, match="one power for"):
        mixing_photons_per_s([1e-3], [193e12, 194e12], 193e12, 1e10, 1e3, alpha_per_m=ALPHA)
    with pytest.raises(DomainError, match="closer together"):
        coexistence.noise_at([1260e-9], [1e-3], [1600e-9], 1e4)
    with pytest.raises(DomainError, match="isolation"):
        coexistence.noise_at([1400e-9], [1e-3], [1550e-9], 1e4, isolation_db=-3.0)


def test_power_scales_each_part_as_it_should():
    power = np.full(48, 1e-3)
    booster = coexistence.Booster()
    one = coexistence.noise_at([1400e-9, 1530e-9], power, COMB_M, 50e3, booster=booster)
    two = coexistence.noise_at([1400e-9, 1530e-9], 2 * power, COMB_M, 50e3, booster=booster)
    for by_factor, computed in zip(one.at_power(2.0), two):
        np.testing.assert_allclose(by_factor, computed, rtol=1e-9)
    # F (G - 1) photons per second and hertz, 60 dB less, 0.1 nm, then the fibre
    hz = SPEED_OF_LIGHT_M_PER_S * 0.1e-9 / 1530e-9**2
    expected = 10**0.5 * 99 * 1e-6 * hz * 10 ** (-one.loss_db[1] / 10)
    assert one.amplifier_photons_per_s.tolist() == [0.0, pytest.approx(expected)]
