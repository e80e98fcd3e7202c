"""Oracles: conversions by hand, conservation of the split, scaling laws."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.compute import energy


def test_one_kilowatt_for_a_day_is_24_kwh_and_its_carbon():
    intensity = energy.hour_intensity(np.full(24, 400.0), np.arange(96) / 4)
    day = energy.energy_day(np.full(96, 1000.0), 0.0, 0.0, np.full(96, 1e9), 900.0, intensity)
    assert day.total_kwh == pytest.approx(24.0)
    assert day.carbon_g == pytest.approx(9600.0)
    assert day.joule_per_bit == pytest.approx(86.4e6 / 96e9)


def test_the_split_adds_up_and_pue_multiplies_its_own_kind_alone():
    rng = np.random.default_rng(1)
    radio, gpu, quantum, bits = rng.random((4, 5, 96)) * 1e3
    plain = energy.energy_day(radio, gpu, quantum, bits, 900.0, 400.0, gpu_pue=1.0)
    cooled = energy.energy_day(radio, gpu, quantum, bits, 900.0, 400.0, gpu_pue=1.5)
    np.testing.assert_allclose(plain.total_kwh, (radio + gpu + quantum).sum(axis=1) * 0.25 / 1000)
    np.testing.assert_allclose(cooled.total_kwh - plain.total_kwh, 0.5 * plain.gpu_kwh)
    np.testing.assert_allclose(cooled.carbon_g_by_epoch.sum(axis=1), 400.0 * cooled.total_kwh)


def test_hours_wrap_and_pick_the_profile():
    profile = np.arange(24.0)
    np.testing.assert_array_equal(energy.hour_intensity(profile, [0.0, 13.75, 24.5, 47.99]), [0, 13, 0, 23])
    with pytest.raises(ArgumentError, match="24 hourly"):
        energy.hour_intensity(profile[:23], [0.0])
    with pytest.raises(DomainError, match="carbon intensity"):
        energy.hour_intensity(profile - 1.0, [0.0])


def test_nothing_delivered_costs_infinitely_many_joules_per_bit():
    assert energy.joule_per_bit(5.0, 0.0) == np.inf
    with pytest.raises(DomainError, match="gpu_w"):
        energy.energy_day([1.0], [-1.0], [0.0], [1.0], 900.0, 400.0)
