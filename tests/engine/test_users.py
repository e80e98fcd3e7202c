"""Users of a drop. Oracles: exact tests with stated false-alarm rates, shapely for buildings, the standard's floors.

Each rejects a right program with probability 1e-4; the streams are fixed, so a test fails always or never.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy import stats
from tests.engine.scenarios import CITY, HEX, world_of

from silla.base.rng import stream
from silla.engine.users import draw_users, sample_area
from silla.scenario.radio import Cell, HexLayout
from silla.world.layout import hexagons

FALSE_ALARM = 1e-4


def drops(world, n, factors=None):
    ones = np.ones(len(world.demands.id) + 1) if factors is None else np.array(factors, dtype=float)
    return [draw_users(world, ones, stream(world.seed, "test", d)) for d in range(n)]


def polygons(world):
    b = world.buildings
    rings = [b.vertices_m[b.ring_offsets[i] : b.ring_offsets[i + 1]] for i in range(len(b.ring_building))]
    return [shapely.Polygon(rings[i]) for i in range(len(rings))]


def test_number_of_users_is_poisson():
    world = world_of(HEX, "demand[people].users=20")
    counts = np.array([len(u) for u in drops(world, 400, [0.5, 1])])
    # the sum of Poisson numbers is Poisson: an exact two-sided test of the mean, and the dispersion test of the shape
    assert stats.poisson.cdf(counts.sum(), 400 * 10) > FALSE_ALARM / 2
    assert stats.poisson.sf(counts.sum() - 1, 400 * 10) > FALSE_ALARM / 2
    dispersion = ((counts - counts.mean()) ** 2).sum() / counts.mean()
    assert FALSE_ALARM / 2 < stats.chi2.cdf(dispersion, 399) < 1 - FALSE_ALARM / 2


def test_users_are_uniform_in_their_disc():
    disc = "{id: people, users: 4000, x_m: 100, y_m: -50, radius_m: 300, min_distance_m: 0}"
    world = world_of(HEX, f"demand[people]={disc}")
    xy = drops(world, 1)[0].xyz_m[:, :2] - [100, -50]
    assert stats.kstest((np.hypot(*xy.T) / 300) ** 2, "uniform").pvalue > FALSE_ALARM
    assert stats.kstest((np.arctan2(*xy.T) / (2 * np.pi)) % 1, "uniform").pvalue > FALSE_ALARM


def test_users_are_uniform_over_the_hexagons():
    laid = hexagons(HexLayout(kind="hex", rings=1, isd_m=400, cells=(Cell(carrier="c"),)))
    points = sample_area(laid.area, laid.xy_m, 20_000, stream(1, "test"))
    nearest = np.hypot(*(points[:, None] - laid.xy_m).transpose(2, 0, 1))
    site, distance = nearest.argmin(axis=1), nearest.min(axis=1)
    assert distance.max() <= 400 / np.sqrt(3) + 1e-9  # each point lies in the hexagon of its nearest site
    assert stats.chisquare(np.bincount(site, minlength=7)).pvalue > FALSE_ALARM
    # the share of a hexagon (inradius 200 m) within r <= 200 m is that of the circle: pi r^2 over its area
    area = 2 * np.sqrt(3) * 200**2
    inner = distance[distance <= 200]
    assert stats.binomtest(len(inner), 20_000, np.pi * 200**2 / area).pvalue > FALSE_ALARM
    assert stats.kstest((inner / 200) ** 2, "uniform").pvalue > FALSE_ALARM
    # uniform in direction of the six-fold symmetric cell: equal counts in the six sextants
    own = points - laid.xy_m[site]
    sextant = ((np.arctan2(own[:, 1], own[:, 0]) / (np.pi / 3)) % 6).astype(int)
    assert stats.chisquare(np.bincount(sextant, minlength=6)).pvalue > FALSE_ALARM


def test_users_are_uniform_in_a_rectangle():
    world = world_of(CITY, "demand[indoor].users=0", "demand[street].indoor_fraction=0", "demand[street].users=4000")
    xy = drops(world, 1)[0].xyz_m[:, :2]
    a = world.area
    open_ground = shapely.box(a.xmin_m, a.ymin_m, a.xmax_m, a.ymax_m) - shapely.union_all(polygons(world))
    # exact cell probabilities by polygon clipping in a 5 x 5 grid of the frame
    xs, ys = np.linspace(a.xmin_m, a.xmax_m, 6), np.linspace(a.ymin_m, a.ymax_m, 6)
    expected = np.array(
        [[(open_ground & shapely.box(xs[i], ys[j], xs[i + 1], ys[j + 1])).area for j in range(5)] for i in range(5)]
    )
    seen = np.histogram2d(xy[:, 0], xy[:, 1], [xs, ys])[0]
    # the few metres around the sites that are kept free are below a thousandth of the area
    assert stats.chisquare(seen.ravel(), (expected / expected.sum() * len(xy)).ravel()).pvalue > FALSE_ALARM


def test_no_user_is_nearer_to_a_site_or_its_copies_than_allowed():
    world = world_of(HEX, "demand[people].users=3000", "demand[people].min_distance_m=60")
    xy = drops(world, 1)[0].xyz_m[:, :2]
    for shift in world.area.wrap_m:
        apart = np.hypot(*(xy[:, None] - world.sites.xy_m - shift).transpose(2, 0, 1))
        assert apart.min() >= 60
    assert apart.shape[0] > 2500


def test_indoor_users_are_in_a_real_building_below_its_roof_and_others_are_not():
    world = world_of(CITY, "demand[indoor].users=400", "demand[street].users=400")
    users = drops(world, 1)[0]
    houses = polygons(world)
    tree = shapely.STRtree(houses)
    for (x, y, z), group, inside in zip(users.xyz_m, users.group, users.indoor, strict=True):
        under = tree.query(shapely.Point(x, y), predicate="intersects")
        assert (len(under) > 0) == inside == (group == 0)
        if inside:
            assert z < max(world.buildings.height_m[under])
            assert (z - 1.5) % 3 == pytest.approx(0, abs=1e-9)  # TR 36.873: 3 (floor - 1) + 1.5 m
        else:
            assert z == 1.5
    assert not users.car[users.indoor].any()
    # the exact test of a share of 0.3 in cars
    street = users.group == 1
    assert stats.binomtest(int(users.car[street].sum()), int(street.sum()), 0.3).pvalue > FALSE_ALARM


def test_floors_are_those_of_the_standard_where_no_building_is_known():
    world = world_of(HEX, "demand[people].users=20000", "demand[people].indoor_fraction=0.8")
    users = drops(world, 1)[0]
    n = len(users)
    assert stats.binomtest(int(users.indoor.sum()), n, 0.8).pvalue > FALSE_ALARM
    assert (users.xyz_m[~users.indoor, 2] == 1.5).all()
    floor = np.round((users.xyz_m[users.indoor, 2] - 1.5) / 3).astype(int)
    # TR 36.873 Table 6-1: N uniform in 4..8, floor uniform in 1..N; P(floor = f) = mean over N >= f of 1/N
    chance = np.array([np.mean([1 / n_fl if f < n_fl else 0 for n_fl in range(4, 9)]) for f in range(8)])
    assert stats.chisquare(np.bincount(floor, minlength=8), chance * len(floor)).pvalue > FALSE_ALARM


def test_distance_indoors_is_the_lesser_of_two_uniform_draws():
    world = world_of(HEX, "demand[people].users=5000", "demand[people].indoor_fraction=1")
    d = drops(world, 1)[0].d2d_in_m
    # TR 38.901 clause 7.4.3.1: min of two independent uniforms on 0..25 m, distribution 1 - (1 - d/25)^2
    assert stats.kstest(d, lambda x: 1 - (1 - np.clip(x / 25, 0, 1)) ** 2).pvalue > FALSE_ALARM


def test_the_same_address_gives_the_same_users_and_another_gives_others():
    world = world_of(HEX)
    one = draw_users(world, np.ones(2), stream(1, "users", 0))
    two = draw_users(world, np.ones(2), stream(1, "users", 0))
    other = draw_users(world, np.ones(2), stream(1, "users", 1))
    assert np.array_equal(one.xyz_m, two.xyz_m) and np.array_equal(one.penetration_normal, two.penetration_normal)
    assert one.xyz_m.shape != other.xyz_m.shape or not np.array_equal(one.xyz_m, other.xyz_m)


def test_users_of_a_file_stay_where_they_are_and_come_and_go_by_their_profile(tmp_path):
    from silla.scenario.loader import load
    from silla.world.compile import compile_worlds

    rows = "".join(f"{x},{-x},{1.5 + x / 100},0\n" for x in range(500))
    (tmp_path / "users.csv").write_text("x_m,y_m,height_m,indoor\n" + rows)
    path = tmp_path / "s.yaml"
    path.write_text(HEX + "files: {users: {path: users.csv}}\n")
    world = compile_worlds(load(path))["base"]
    users = draw_users(world, np.array([0.0, 0.4]), stream(1, "test"))
    assert (users.group == 1).all()
    assert stats.binomtest(len(users), 500, 0.4).pvalue > FALSE_ALARM
    assert np.array_equal(users.xyz_m[:, 0], -users.xyz_m[:, 1])
    everyone = draw_users(world, np.array([0.0, 3.0]), stream(1, "test"))
    assert everyone.xyz_m[:, 0].tolist() == list(range(500))


def test_nobody_is_a_drop_too():
    world = world_of(HEX, "demand[people].users=0")
    users = drops(world, 1)[0]
    assert len(users) == 0 and users.xyz_m.shape == (0, 3)
