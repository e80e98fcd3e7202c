"""Placing a quantum channel. Oracles: the closed form of the Raman noise, a scan of the power, the published band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.engine.coexistence import BANDS, ClassicalLoad, Receiver, best_placement
from silla.physics.optical.coexistence import Booster, noise_at
from silla.physics.optical.raman import noise_photons_per_s

LOAD = ClassicalLoad.carrying(4.8e12, power_dbm=-10.0)


def test_the_anchor_of_the_closed_form():
    """0 dBm, rho 3e-9 /(km nm), 0.6 nm, 25 km of 0.2 dB/km: P L rho dl exp(-alpha L) = 1.1e8 photons/s."""
    alpha = 0.2 * np.log(10) / 10 * 1e-3
    found = noise_photons_per_s(
        1e-3, 1551e-9, 1550e-9, 0.6e-9, 25e3, classical_alpha_per_m=alpha, quantum_alpha_per_m=alpha, cross_section=3e-3
    )
    by_hand = 1e-3 * 25 * 3e-9 * 0.6 * np.exp(-alpha * 25e3) / (6.62607015e-34 * 299792458 / 1550e-9)
    assert found == pytest.approx(by_hand, rel=1e-9)
    assert found == pytest.approx(1.1e8, rel=0.02)


def test_a_terabit_is_ten_channels_of_the_grid():
    load = ClassicalLoad.carrying(1e12, power_dbm=0.0, spacing_ghz=50.0, centre_nm=1550.0)
    f = 299792458.0 / load.wavelengths_m
    assert load.wavelengths_m.size == 10 and load.bit_per_s == 1e12
    assert np.abs(np.diff(f)) == pytest.approx(50e9) and f.mean() == pytest.approx(299792458 / 1550e-9, rel=1e-9)


@pytest.mark.parametrize("direction", ["co", "counter", "both"])
def test_noise_is_that_of_the_optical_model(direction):
    found = best_placement(replace(LOAD, direction=direction), 30e3, wavelengths_nm=[1310.0, 1400.0])
    ways = ("co", "counter") if direction == "both" else (direction,)
    power = np.full(48, 1e-4)
    parts = [
        noise_at([1310e-9, 1400e-9], power, LOAD.wavelengths_m, 30e3, direction=d, attenuation_1550_db_per_km=0.2)
        for d in ways
    ]
    total = sum(values for values in found.noise.values())
    np.testing.assert_allclose(total, sum(p.photons_per_s for p in parts), rtol=1e-9)
    np.testing.assert_allclose(found.loss_db, parts[0].loss_db)


@pytest.mark.parametrize("nm", [1310.0, 1415.0, 1500.0])
def test_the_highest_power_is_where_the_rate_meets_the_target(nm):
    found = best_placement(LOAD, 40e3, wavelengths_nm=[nm], target_bit_per_s=2e4)
    at = float(found.highest_dbm[0])
    for change, met in ((-0.1, True), (0.1, False)):
        again = best_placement(replace(LOAD, power_dbm=at + change), 40e3, wavelengths_nm=[nm])
        assert bool(again.rate_bit_per_s[0] >= 2e4) is met
    assert np.isnan(best_placement(LOAD, 40e3, wavelengths_nm=[nm], target_bit_per_s=1e11).highest_dbm[0])


def test_the_published_band_wins_at_moderate_power_and_the_o_band_at_high():
    """Zischler et al. 2026: upper E or lower S above the O band, near 1400 nm, co-propagating."""
    for km in (20e3, 60e3, 80e3):
        found = best_placement(LOAD, km)
        assert found.best is not None and found.best.name == "E" and 1395 <= found.best.wavelength_nm <= 1425
        rates = {band.name: band.rate_bit_per_s for band in found.bands}
        assert rates["E"] > rates["O"] > 0
    strong = best_placement(replace(LOAD, power_dbm=0.0), 60e3)
    assert strong.best is not None and strong.best.name == "O"
    assert found.best.why and "E band" in found.why and "O band" in found.why


def test_what_limits_is_named():
    quiet = best_placement(replace(LOAD, power_dbm=-60.0), 60e3, wavelengths_nm=[1310.0])
    assert "detectors' own background" in quiet.bands[0].why
    loud = best_placement(replace(LOAD, power_dbm=10.0), 60e3, wavelengths_nm=[1560.2])
    assert loud.best is None and loud.bands[0].why.startswith("no key") and "lower the launch power" in loud.why
    leaky = best_placement(LOAD, 20e3, receiver=Receiver(isolation_db=40.0), wavelengths_nm=[1400.0])
    assert "through the filter" in leaky.bands[0].why
    amplified = best_placement(LOAD, 20e3, wavelengths_nm=[1530.2], booster=Booster(rejection_db=10.0))
    assert "ASE" in amplified.bands[0].why


def test_candidates_keep_clear_of_the_channels_and_within_the_models():
    found = best_placement(LOAD, 20e3)
    apart = np.abs(found.wavelength_nm[:, None] - LOAD.wavelengths_m * 1e9).min(axis=1)
    assert apart.min() >= 0.8 and found.wavelength_nm.max() == 1625.0
    assert [band.name for band in found.bands] == [b for b in BANDS if b != "C"]  # 48 channels fill it
    few = best_placement(ClassicalLoad.grid(4, power_dbm=0.0), 20e3, bands=("C",))
    assert [band.name for band in few.bands] == ["C"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: best_placement(LOAD, 20e3, bands=("U",)), "U band"),
        (lambda: best_placement(LOAD, 20e3, wavelengths_nm=[1650.0]), "1625 nm"),
        (lambda: best_placement(LOAD, 20e3, wavelengths_nm=[1261.0]), "Hz"),
        (lambda: best_placement(LOAD, 0.0), "length_m"),
        (lambda: best_placement(LOAD, 20e3, receiver=Receiver(efficiency=0.0)), "detector efficiency"),
        (lambda: ClassicalLoad.grid(0, power_dbm=0.0), "channels"),
        (lambda: ClassicalLoad.grid(4, power_dbm=90.0), "power_dbm"),
        (lambda: ClassicalLoad.grid(4, power_dbm=0.0, direction="up"), "direction"),
        (lambda: ClassicalLoad.carrying(1e15, power_dbm=0.0), "channels"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises((ArgumentError, DomainError), match=message):
        call()
