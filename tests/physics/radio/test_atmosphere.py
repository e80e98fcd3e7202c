"""Oracles: values of an independent implementation (itur 0.4.0, P.676-12 Annex 1), P.838-3 Table 5, line positions."""

import numpy as np
import pytest

from silla.base.errors import DomainError
from silla.physics.radio.atmosphere import (
    gas_attenuation_db_per_km,
    rain_attenuation_db_per_km,
    rain_coefficients,
)

# itur.models.itu676.gamma_exact(f, p_dry, 7.5, 288.15), p_dry = 1013.25 - 7.5 * 288.15 / 216.7 hPa
ITUR = {
    1.0: 0.00536077377,
    12.0: 0.0179877351,
    22.235: 0.193344684,
    35.0: 0.100268862,
    60.0: 14.655684,
    94.0: 0.404443796,
    118.75: 1.94358189,
    156.0: 1.29036063,
    183.31: 28.2598697,
    240.0: 2.81983071,
    300.0: 5.20312341,
    350.0: 10.0720212,
}


def test_gases_agree_with_an_independent_implementation():
    f = np.array(list(ITUR))
    assert gas_attenuation_db_per_km(f) == pytest.approx(list(ITUR.values()), rel=1e-6)


def test_absorption_peaks_where_the_lines_are():
    f = np.arange(15.0, 350.0, 0.05)
    gas = gas_attenuation_db_per_km(f)
    peaks = f[1:-1][(gas[1:-1] > gas[:-2]) & (gas[1:-1] > gas[2:])]
    for line, shift in ((22.235, 0.5), (118.75, 0.1), (183.31, 0.1), (325.15, 0.1)):  # 22 GHz: broad, on a slope
        assert np.abs(peaks - line).min() < shift
    assert 57.0 < f[np.argmax(np.where(f < 100, gas, 0))] < 63.0
    assert 1.0 < float(gas_attenuation_db_per_km(156.0)) < 2.0  # "of the order of 1 to 2 dB/km"


def test_water_raises_and_dry_air_stays():
    dry, wet = (float(gas_attenuation_db_per_km(183.31, vapour_g_per_m3=v)) for v in (0.0, 15.0))
    assert dry < 0.02 and wet > 40.0


@pytest.mark.parametrize(("f", "kh", "ah", "kv", "av"), [
    (10.0, 0.01217, 1.2571, 0.01129, 1.2156),
    (30.0, 0.2403, 0.9485, 0.2291, 0.9129),
    (100.0, 1.3671, 0.6815, 1.3680, 0.6765),
])  # fmt: skip
def test_rain_coefficients_of_table_5(f, kh, ah, kv, av):
    k, alpha = rain_coefficients(f, 0.0, 0.0)
    assert (float(k), float(alpha)) == pytest.approx((kh, ah), rel=2e-3)
    k, alpha = rain_coefficients(f, 0.0, 90.0)
    assert (float(k), float(alpha)) == pytest.approx((kv, av), rel=2e-3)


def test_circular_polarisation_lies_between():
    h, c, v = (float(rain_attenuation_db_per_km(28.0, 25.0, 0.0, tilt)) for tilt in (0.0, 45.0, 90.0))
    assert v < c < h
    assert float(rain_attenuation_db_per_km(28.0, 0.0)) == 0.0


@pytest.mark.parametrize("call", [
    lambda: gas_attenuation_db_per_km(400.0),
    lambda: gas_attenuation_db_per_km(60.0, temperature_k=20.0),
    lambda: rain_attenuation_db_per_km(28.0, -1.0),
])  # fmt: skip
def test_outside_the_recommendations(call):
    with pytest.raises(DomainError):
        call()
