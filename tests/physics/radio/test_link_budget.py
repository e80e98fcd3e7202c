"""Oracles: Friis by hand, the textbook noise floor, inversion of the path loss."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.physics.radio.link_budget import eirp_dbm, free_space_loss_db, noise_dbm, reach_m, snr_db


def test_noise_floor():
    assert float(noise_dbm(1.0)) == pytest.approx(-173.975, abs=1e-3)  # k 290 K
    assert float(noise_dbm(100e6, 9.0)) == pytest.approx(-84.975, abs=1e-3)


def test_free_space():
    # 92.45 + 20 log10(f GHz) + 20 log10(d km), ITU-R P.525
    assert float(free_space_loss_db(28.0, 1000.0)) == pytest.approx(92.45 + 20 * np.log10(28.0), abs=0.01)
    with pytest.raises(ArgumentError):
        free_space_loss_db(28.0, 0.0)


def test_snr_adds_up():
    eirp = eirp_dbm(46.0, 17.0, 2.0)
    assert float(eirp) == 61.0
    assert float(snr_db(eirp, 130.0, 0.0, 20e6, 9.0)) == pytest.approx(61 - 130 + 91.965, abs=1e-3)


@pytest.mark.parametrize("gas", [0.0, 10.0])
def test_reach_inverts_the_loss(gas):
    d = reach_m(120.0, 60.0, gas, exponent=2.0)
    assert float(free_space_loss_db(60.0, d)) + gas * d / 1e3 == pytest.approx(120.0, abs=1e-6)
    if gas == 0.0:
        assert d == pytest.approx(10 ** ((120.0 - float(free_space_loss_db(60.0, 1.0))) / 20), rel=1e-6)


def test_reach_ends():
    assert reach_m(10.0, 60.0) == 0.0
    assert reach_m(400.0, 1.0, longest_m=5e4) == 5e4
