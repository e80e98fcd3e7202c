"""Oracles: TR 38.901 Table 7.4.2-1 by hand."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.radio.environments import EnvironmentParameters
from silla.physics.radio.los import los_probability

ALL = ("rma", "uma", "sma", "umi", "inh-open", "inh-mixed", "inf-sl", "inf-dl", "inf-sh", "inf-dh", "inf-hh",
       "subthz-umi")  # fmt: skip


@pytest.mark.parametrize(("env", "d", "expected"), [
    ("umi", 18.0, 1.0),
    ("umi", 72.0, 0.25 + 0.75 * np.exp(-2.0)),
    ("uma", 126.0, 1 / 7 + 6 / 7 * np.exp(-2.0)),
    ("rma", 10.0, 1.0),
    ("rma", 1010.0, np.exp(-1.0)),
    ("inh-open", 49.0, np.exp(-44.0 / 70.8)),
    ("inh-open", 60.0, 0.54 * np.exp(-11.0 / 211.7)),
    ("inh-mixed", 1.2, 1.0),
    ("inh-mixed", 5.9, np.exp(-1.0)),
    ("inh-mixed", 39.1, 0.32 * np.exp(-1.0)),
    ("inf-hh", 500.0, 1.0),
])  # fmt: skip
def test_table_by_hand(env, d, expected):
    assert float(los_probability(env, d)) == pytest.approx(expected, rel=1e-12)


def test_uma_rises_for_users_above_13_m():
    low, high = los_probability("uma", 150.0, 25.0, np.array([13.0, 22.5]))
    boost = 1.0 + 0.95**1.5 * 1.25 * 1.5**3 * np.exp(-1.0)
    assert high == pytest.approx(low * boost, rel=1e-12)


def test_factory_clutter():
    par = EnvironmentParameters(clutter_density=0.6, clutter_size_m=2.0, clutter_height_m=6.0)
    k = -2.0 / np.log(0.4)
    assert float(los_probability("inf-dl", 10.0, 1.5, 1.5, par)) == pytest.approx(np.exp(-10.0 / k), rel=1e-12)
    expected = np.exp(-10.0 / (k * (8.0 - 1.5) / (6.0 - 1.5)))
    assert float(los_probability("inf-dh", 10.0, 8.0, 1.5, par)) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ArgumentError, match="clutter height"):
        los_probability("inf-sh", 10.0, 8.0, 6.5, par)


@pytest.mark.parametrize("env", ALL)
def test_a_probability_that_falls_with_distance(env):
    d = np.linspace(0.0, 600.0, 6001)
    p = los_probability(env, d, 8.0, 1.5)
    assert p[0] == 1.0 and (p >= 0).all() and (p <= 1).all()
    # the open office's pieces do not quite meet at 49 m (0.537 and 0.54): as in the standard
    assert (np.diff(p) <= 0.004).all()  # SMa steps down at 10 m, never up


def test_suburban_clutter_by_hand():
    # 2 % at 20 m, 18 % at 8 m, 10 % at 15 m, seen from 1.5 m towards 35 m, clutter of 30 m
    rate = -(np.log(0.98) * 18.5 + np.log(0.82) * 6.5 + np.log(0.90) * 13.5) / (30.0 * 33.5)
    assert float(los_probability("sma", 400.0, 35.0, 1.5)) == pytest.approx(np.exp(-400.0 * rate), rel=1e-12)
    bare = los_probability("sma", 400.0, 35.0, 1.5, EnvironmentParameters(vegetation_density=0.0))
    assert float(bare) > 1.5 * float(los_probability("sma", 400.0, 35.0, 1.5))


def test_negative_distance_is_refused():
    with pytest.raises(DomainError):
        los_probability("umi", -1.0)
