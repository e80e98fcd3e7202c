"""Oracles: TR 38.901 Table 7.4.1-1 by hand, continuity at the break point, exact probabilities of h_E."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.radio.environments import ENVIRONMENTS, Environment, EnvironmentParameters
from silla.physics.radio.path_loss import environment_height, height_factor, path_loss, path_loss_db

OUTDOOR = ("uma", "umi", "rma", "sma")


def test_umi_far_slope_by_hand():
    # d_BP' = 4 (10-1) (1.5-1) 2e9 / 3e8 = 120 m; d3D = hypot(300, 8.5)
    d3 = np.hypot(300.0, 8.5)
    expected = 32.4 + 40 * np.log10(d3) + 20 * np.log10(2.0) - 9.5 * np.log10(120.0**2 + 8.5**2)
    assert path_loss("umi", 2.0, 300.0, 10.0, 1.5).los_db == pytest.approx(expected, abs=1e-9)


def test_rma_nlos_by_hand():
    par = EnvironmentParameters(street_width_m=20.0, building_height_m=5.0)
    d3 = np.hypot(2000.0, 33.5)
    expected = 161.04 - 7.1 * np.log10(20) + 7.5 * np.log10(5) - (24.37 - 3.7 * (5 / 35) ** 2) * np.log10(35)
    expected += (43.42 - 3.1 * np.log10(35)) * (np.log10(d3) - 3) + 20 * np.log10(0.7)
    expected -= 3.2 * np.log10(11.75 * 1.5) ** 2 - 4.97
    loss = path_loss("rma", 0.7, 2000.0, 35.0, 1.5, parameters=par)
    assert loss.nlos_db == pytest.approx(expected, abs=1e-9)
    assert loss.shadow_nlos_db == 8.0


@pytest.mark.parametrize(("env", "nlos", "sigma"), [
    ("inf-sl", 33.0 + 25.5 * 2 + 20 * np.log10(28.0), 5.7),
    ("inf-dl", 18.6 + 35.7 * 2 + 20 * np.log10(28.0), 7.2),
    ("inf-sh", 32.4 + 23.0 * 2 + 20 * np.log10(28.0), 5.9),
    ("inf-dh", 33.63 + 21.9 * 2 + 20 * np.log10(28.0), 4.0),
    ("inf-hh", 31.84 + 21.5 * 2 + 19 * np.log10(28.0), 4.3),
    ("inh-mixed", 17.3 + 38.3 * 2 + 24.9 * np.log10(28.0), 8.03),
])  # fmt: skip
def test_indoor_nlos_at_100_m(env, nlos, sigma):
    loss = path_loss(env, 28.0, 100.0, 3.0, 3.0)
    assert loss.nlos_db == pytest.approx(nlos, abs=1e-9)
    assert loss.shadow_nlos_db == sigma


@pytest.mark.parametrize(("env", "hs", "break_m"), [
    ("umi", 10.0, 4 * 9 * 0.5 * 3.5e9 / 3e8),
    ("uma", 25.0, 4 * 24 * 0.5 * 3.5e9 / 3e8),
    ("rma", 35.0, 2 * np.pi * 35 * 1.5 * 3.5e9 / 3e8),
])  # fmt: skip
def test_line_of_sight_is_nearly_continuous_at_the_break_point(env, hs, break_m):
    below, above = path_loss(env, 3.5, np.array([break_m * 0.999999, break_m * 1.000001]), hs, 1.5).los_db
    assert abs(above - below) < 0.05  # the standard's own rounding of its two pieces


@pytest.mark.parametrize("env", OUTDOOR)
def test_nlos_never_below_los_and_both_rise_with_distance(env):
    row = ENVIRONMENTS[Environment[env.upper()]]
    d = np.geomspace(row.distance_2d_m.low, row.distance_2d_m.high, 4000)
    loss = path_loss(env, 6.0, d, {"uma": 25.0, "umi": 10.0, "rma": 35.0, "sma": 35.0}[env], 1.5)
    assert (loss.nlos_db >= loss.los_db).all()
    assert (np.diff(loss.los_db) > -0.02).all() and (np.diff(loss.nlos_db) > -0.02).all()


def test_tr38900_differs_in_the_uma_line_of_sight_alone():
    old, new = (path_loss("uma", 6.0, 200.0, 25.0, 1.5, tr_version=v) for v in ("V14.0", "V16.1"))
    d3 = np.hypot(200.0, 23.5)
    assert old.los_db == pytest.approx(32.4 + 20 * np.log10(d3) + 20 * np.log10(6.0), abs=1e-9)
    assert new.los_db == pytest.approx(28.0 + 22 * np.log10(d3) + 20 * np.log10(6.0), abs=1e-9)
    assert old.nlos_db == new.nlos_db
    for env in ("umi", "rma", "inh-open"):
        d = 100.0
        assert path_loss_db(env, 6.0, d, 10.0, 1.5, True, "V14.0") == path_loss_db(
            env, 6.0, d, 10.0, 1.5, True, "V19.2"
        )


def test_environment_height_has_the_standards_distribution():
    d, h = 150.0, 22.5  # {1} with 1 / (1 + C), else uniform over {12, 15, 18, 21}
    u = (np.arange(100_000) + 0.5) / 100_000
    values, counts = np.unique(environment_height(d, h, u), return_counts=True)
    p_one = 1.0 / (1.0 + (0.95**1.5) * 1.25 * 1.5**3 * np.exp(-1.0))
    assert values.tolist() == [1.0, 12.0, 15.0, 18.0, 21.0]
    assert counts / 1e5 == pytest.approx([p_one] + 4 * [(1 - p_one) / 4], abs=2e-5)


def test_environment_height_is_one_metre_for_low_users_and_near_sites():
    assert (environment_height([50.0, 1000.0], 12.9, 0.999) == 1.0).all()
    assert height_factor(np.array(18.0), np.array(22.5)) == 0.0


@pytest.mark.parametrize(("arguments", "word"), [
    (("umi", 101.0, 100.0, 10.0, 1.5), "frequency_ghz"),
    (("umi", 6.0, 9.0, 10.0, 1.5), "distance_2d_m"),
    (("umi", 6.0, np.nan, 10.0, 1.5), "distance_2d_m"),
    (("uma", 6.0, 100.0, 25.0, 60.0), "user_height_m"),
    (("rma", 60.0, 100.0, 35.0, 1.5), "frequency_ghz"),
    (("subthz-umi", 90.0, 100.0, 10.0, 1.5), "frequency_ghz"),
    (("inh-open", 6.0, 0.2, 3.0, 3.0), "at least 1 m"),
])  # fmt: skip
def test_refuses_what_lies_outside_the_table(arguments, word):
    with pytest.raises(DomainError, match=word):
        path_loss(*arguments)


def test_suburban_macro_is_the_rural_model_with_its_own_houses():
    par = EnvironmentParameters(street_width_m=10.0, building_height_m=10.0)
    sma, rma = path_loss("sma", 3.5, 700.0, 35.0, 1.5), path_loss("rma", 3.5, 700.0, 35.0, 1.5, parameters=par)
    assert (sma.los_db, sma.nlos_db) == (rma.los_db, rma.nlos_db)
    with pytest.raises(ArgumentError, match=r"V19\.2"):
        path_loss("sma", 3.5, 700.0, 35.0, 1.5, tr_version="V16.1")


def test_unknown_names_are_refused():
    with pytest.raises(ArgumentError, match="known: rma"):
        path_loss("urban", 6.0, 100.0, 25.0, 1.5)
    with pytest.raises(ArgumentError, match=r"V16\.1"):
        path_loss("uma", 6.0, 100.0, 25.0, 1.5, tr_version="V18.0")
