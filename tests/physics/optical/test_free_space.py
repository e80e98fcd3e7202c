"""Free-space links. Oracles: closed forms, quadrature, sampled jitter and fades, published values, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.physics.optical import air, beam, sky, turbulence
from silla.physics.optical.air import WEATHERS, Weather
from silla.physics.optical.free_space import Terminals, level_budget, slant_budget, stray_photons_per_s


def test_truncation_gain_against_the_diffraction_integral():
    """On the axis of the far field the amplitude is the integral of the aperture's amplitude."""
    for alpha, gamma in ((1.12, 0.0), (0.5, 0.0), (2.0, 0.3), (1.0, 0.5)):
        amplitude = quad(lambda r, a=alpha: r * np.exp(-((a * r) ** 2)), gamma, 1.0)[0]
        power = 1.0 / (4.0 * alpha**2)  # of the whole beam before the aperture cuts it: int r exp(-2 a^2 r^2) dr
        assert beam.truncation_gain(alpha, gamma) == pytest.approx(amplitude**2 / (0.5 * power), rel=1e-9)
    tried = np.linspace(0.5, 2.0, 3001)
    found = beam.truncation_gain(tried)
    assert (tried[np.argmax(found)], found.max()) == pytest.approx((1.12, 0.8145), abs=2e-3)  # Klein and Degnan


def test_divergence_of_an_uncut_beam_is_the_gaussian_one():
    assert beam.divergence_rad(850e-9, 1.0, waist_m=0.05) == pytest.approx(850e-9 / (np.pi * 0.05), rel=1e-9)


def test_jitter_by_sampling():
    rng = stream(7, "test", "jitter")
    offsets = 5e5 * 3e-6 * rng.standard_normal((2, 400_000))
    r2 = (offsets**2).sum(axis=0)
    w = 5e5 * 8e-6
    small = 0.01  # aperture much smaller than the spot: intensity times area
    sampled = np.mean(2 / (np.pi * w**2) * np.exp(-2 * r2 / w**2)) * np.pi * (small / 2) ** 2
    assert beam.capture(5e5, 8e-6, small, jitter_rad=3e-6) == pytest.approx(sampled, rel=5e-3)
    faded = np.mean(10 * np.log10(np.exp(-2 * r2 / w**2)) < -3.0)
    assert beam.jitter_fade_probability(3.0, 5e5, 8e-6, 3e-6) == pytest.approx(faded, abs=4e-3)


@given(st.floats(1e5, 3e6), st.floats(1e-6, 1e-4), st.floats(0.05, 3.0), st.floats(0.0, 0.5))
def test_capture_is_a_share_and_obscuration_takes_from_it(distance, angle, aperture, hidden):
    whole = float(beam.capture(distance, angle, aperture))
    assert 0.0 < float(beam.capture(distance, angle, aperture, obscuration=hidden)) <= whole <= 1.0


def test_moments_of_the_profile_against_adaptive_quadrature():
    for weight in (lambda h: 1.0, lambda h: h ** (5 / 3), lambda h: h ** (5 / 6)):
        exact = sum(
            quad(lambda h, w=weight: float(turbulence.refractive_structure(h) * w(h)), a, b, limit=200)[0]
            for a, b in ((0, 500), (500, 5000), (5000, 30_000))
        )
        assert turbulence._moment(weight, 0.0) == pytest.approx(exact, rel=1e-6)


def test_uplink_air_matters_less_for_coherence_than_downlink_but_weighs_the_ground():
    down, up = (turbulence.fried_m(850e-9, 60.0, direction=d) for d in ("down", "up"))
    assert up == pytest.approx(down, rel=0.05) and up > down  # all air lies near the transmitter
    assert turbulence.rytov_variance(850e-9, 30.0) > turbulence.rytov_variance(850e-9, 80.0)


def test_gamma_gamma_fades_by_sampling_and_log_normal_in_the_weak_limit():
    found = turbulence.scintillation(1.5)
    rng = stream(8, "test", "fades")
    drawn = rng.gamma(found.alpha, 1 / found.alpha, 300_000) * rng.gamma(found.beta, 1 / found.beta, 300_000)
    assert drawn.var() == pytest.approx(found.index, rel=0.02)
    for depth in (3.0, 10.0):
        expected = np.mean(drawn < 10 ** (-depth / 10))
        p = turbulence.fade_probability(depth, 0.1, law="gamma-gamma", rytov=1.5)
        assert p == pytest.approx(expected, abs=5 * np.sqrt(expected / 3e5) + 1e-3)
    weak = turbulence.scintillation(0.01).index
    assert turbulence.fade_probability(1.0, weak) == pytest.approx(
        turbulence.fade_probability(1.0, weak, law="gamma-gamma", rytov=0.01), abs=2e-3
    )
    assert turbulence.fade_probability(turbulence.fade_db(0.01, 0.3), 0.3) == pytest.approx(0.01, rel=1e-9)


def test_air_against_published_tables():
    """Kim et al. 2001, table 1: dB/km at 785 and 1550 nm."""
    table = {0.05: (340, 340), 0.2: (85, 85), 0.5: (34, 34), 1.0: (14, 10), 2.0: (7, 4), 4.0: (3, 2), 10.0: (1, 0.4)}
    for visibility, (short, long) in table.items():
        assert air.extinction_db_per_km(785e-9, visibility) == pytest.approx(short, abs=0.5 + 0.05 * short)
        assert air.extinction_db_per_km(1550e-9, visibility) == pytest.approx(long, abs=0.5 + 0.1 * long)
    assert air.extinction_db_per_km(1550e-9, 0.4) == air.extinction_db_per_km(785e-9, 0.4)  # fog is grey
    assert air.extinction_db_per_km(1550e-9, 0.4, model="kruse") < air.extinction_db_per_km(785e-9, 0.4, model="kruse")


def test_budget_adds_up_and_weather_only_takes():
    t = Terminals(divergence_rad=5e-6, jitter_rad=1e-6, margin_db=1.0)
    b = slant_budget(t, [90.0, 30.0], [500e3, 900e3])
    by_hand = 10 * np.log10(2 * (500e3 * 5e-6) ** 2 / 1.0**2 / 1.0)  # w^2 / 2 a^2 with a = 0.5: -10 log10(0.5 / w^2)
    assert b.geometry_db[0] == pytest.approx(by_hand, abs=0.25)
    assert b.pointing_db[0] == pytest.approx(10 * np.log10(1 + 4 / 25), abs=0.03)
    parts = b.geometry_db + b.pointing_db + b.turbulence_db + b.air_db + b.optics_db
    assert b.total_db == pytest.approx(parts)
    assert b.optics_db[0] == pytest.approx(-10 * np.log10(0.4) + 1.0)
    clear = slant_budget(t, 60.0, 600e3).total_db
    for name, weather in WEATHERS.items():
        if name not in ("clear", "very-clear"):
            assert slant_budget(t, 60.0, 600e3, weather=weather).total_db > clear, name
    measured = slant_budget(t, 90.0, 600e3, weather=Weather(zenith_loss_db=2.5)).air_db
    assert measured == pytest.approx(2.5, rel=1e-3)


def test_uplink_loses_what_a_downlink_does_not():
    t = Terminals(transmitter_m=0.3, receiver_m=0.3, jitter_rad=0.0, wavelength_m=785e-9)
    up, down = (slant_budget(t, 60.0, 600e3, direction=d).turbulence_db for d in ("up", "down"))
    assert 3.0 < up < 30.0 and down < 0.1
    narrow = Terminals(field_of_view_rad=5e-6)
    assert slant_budget(narrow, 60.0, 600e3).turbulence_db > 3.0  # the image is wider than the field


def test_level_links_end_in_fog():
    t = Terminals(transmitter_m=0.05, receiver_m=0.1, wavelength_m=1550e-9)
    clear, fog = (level_budget(t, 3000.0, weather=w).total_db for w in (Weather(), WEATHERS["fog"]))
    assert clear < 15.0 and fog > 200.0
    assert level_budget(t, 20e3).geometry_db > level_budget(t, 5e3).geometry_db
    with pytest.raises(DomainError, match="round"):
        level_budget(t, 200e3)


def test_background_by_day_and_night():
    t = Terminals()
    day, night = (stray_photons_per_s(t, sky.sky_radiance(s)) for s in (30.0, -30.0))
    assert day / night == pytest.approx(1e6)
    assert sky.sky_radiance(-9.0) == pytest.approx(np.sqrt(15.0 * 1.5e-5))
    total = quad(lambda um: float(sky.sunlight_w_per_m2_um(um * 1e-6)), 0.35, 2.0)[0]
    # share of a black body's power from lambda T = 2020 to 11,544 um K: 0.9398 - 0.0693 by tables
    assert total == pytest.approx(1361 * (0.9398 - 0.0693), rel=5e-3)
    assert sky.earth_radiance(850e-9, -40.0, moon=True) > sky.earth_radiance(850e-9, -40.0)
    with pytest.raises(ArgumentError, match="sky"):
        sky.sky_radiance(0.0, day="noon")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: slant_budget(Terminals(), 2.0, 600e3), "elevation"),
        (lambda: slant_budget(Terminals(wavelength_m=10e-6), 60.0, 600e3), "wavelength"),
        (lambda: slant_budget(Terminals(jitter_rad=5.0), 60.0, 600e3), "microradians"),
        (lambda: slant_budget(Terminals(), 60.0, 600.0), "range_m"),
        (lambda: air.extinction_db_per_km(850e-9, 0.0), "visibility"),
        (lambda: turbulence.fried_m(850e-9, 60.0, direction="sideways"), "direction"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises((DomainError, ArgumentError), match=message):
        call()
