"""Oracle: arithmetic of units, and words a person would call near."""

from __future__ import annotations

import pytest

from silla.scenario.suggest import did_you_mean, listing, nearest, unit_of_name, unit_slip


@pytest.mark.parametrize(
    ("value", "unit", "low", "high", "other", "converted"),
    [
        (0.0002, "dB/km", 0.1, 10, "dB/m", "0.2 dB/km"),
        (7800, "GHz", 0.5, 325, "MHz", "7.8 GHz"),
        (7.8e9, "GHz", 0.5, 325, "Hz", "7.8 GHz"),
        (0.4, "MHz", 1, 40000, "GHz", "400 MHz"),
        (31000, "km", 0, 2000, "m", "31 km"),
        (0.03, "m", 1, 500, "km", "30 m"),
        (400, "dBm", -30, 70, "W", "56.0206 dBm"),
        (0.4, "dBm", 20, 30, "W", "26.0206 dBm"),
        (60, "1", 0, 1, "per cent", "0.6"),
        (0.15, "%", 1, 100, "a fraction", "15 %"),
        (27.78, "km/h", 50, 120, "m/s", "100.008 km/h"),
        (1.0472, "deg", 45, 90, "radians", "60.0001 deg"),
        (46.0, "W", 1, 45, "dBm", "39.8107 W"),
        (3600, "h", 0.5, 24, "s", "1 h"),
    ],
)
def test_slips_are_named_with_the_converted_value(value, unit, low, high, other, converted):
    text = unit_slip(value, unit, low, high)
    assert text.startswith(f"did you mean {other}?")
    assert text.endswith(f"is {converted}")


def test_unknown_units_fall_back_on_powers_of_a_thousand():
    assert unit_slip(0.2, "widgets", 100, 300) == "did you mean 200?"
    assert unit_slip(-3, "widgets", 1, 10) == "did you mean 3?"


def test_no_advice_when_nothing_fits():
    assert unit_slip(5e20, "widgets", 1, 2) == ""
    assert unit_slip(0.0, "dBm", 10, 20) == ""


def test_nearest_ignores_case_and_dashes_and_takes_beginnings():
    assert nearest("Heigth-m", ["height_m", "hub", "id"]) == ["height_m"]
    assert nearest("freq", ["frequency_ghz", "duplex"]) == ["frequency_ghz"]
    assert nearest("zzz", ["height_m"]) == []


def test_sentences():
    assert did_you_mean("fr4", ["fr3"]) == "; did you mean 'fr3'?"
    assert did_you_mean("zzz", ["fr3"]) == ""
    assert listing([], 3) == "none"
    assert listing("abcd", 3) == "a, b, c and 1 more"


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("attenuation_db_per_km", "dB/km"), ("tx_power_dbm", "dBm"), ("height_m", "m"), ("speed_kmh", "km/h"),
        ("low_loss_fraction", "1"), ("m", "m"), ("items", ""), ("name", ""),
    ],
)  # fmt: skip
def test_units_read_from_names(key, unit):
    assert unit_of_name(key) == unit
