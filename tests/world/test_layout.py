"""Generated layouts. Oracles: the geometry of the hexagonal lattice, a search over explicit copies, exact tilings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from scipy.spatial.distance import pdist, squareform

from silla.physics.radio.large_scale import nearest_image
from silla.scenario.radio import Cell, HexLayout, IndoorLayout, MadridGridLayout
from silla.world.layout import hexagons, indoor, madrid_grid

CELLS = (Cell(carrier="c"),)


@pytest.mark.parametrize(("rings", "count"), [(0, 1), (1, 7), (2, 19), (3, 37)])
def test_hexagonal_lattice_has_the_right_number_of_sites_at_exactly_the_distance(rings, count):
    laid = hexagons(HexLayout(kind="hex", rings=rings, isd_m=500, cells=CELLS))
    assert len(laid.id) == len(set(laid.id)) == len(laid.xy_m) == count
    assert laid.xy_m[0] == pytest.approx([0, 0])
    if count > 1:
        apart = squareform(pdist(laid.xy_m)) + np.diag(np.full(count, np.inf))
        assert apart.min(axis=1) == pytest.approx(np.full(count, 500.0), rel=1e-12)
        # every sector of the centre (30, 150, 270 degrees from north) looks at a neighbour
        near = laid.xy_m[np.isclose(np.hypot(*laid.xy_m.T), 500)]
        assert len(near) == 6
        for azimuth in np.radians([30, 150, 270]):
            ahead = 500 * np.array([np.sin(azimuth), np.cos(azimuth)])
            assert np.isclose(near, ahead, atol=1e-9).all(axis=1).any()


@pytest.mark.parametrize("rings", [0, 1, 2, 3])
def test_wrapped_copies_tile_the_plane(rings):
    """The seven copies of the cluster are disjoint, and every site has six neighbours at the distance among them."""
    isd = 200.0
    laid = hexagons(HexLayout(kind="hex", rings=rings, isd_m=isd, cells=CELLS))
    n = len(laid.id)
    assert len(laid.area.wrap_m) == 7 and (laid.area.wrap_m[0] == 0).all()
    assert np.hypot(*laid.area.wrap_m[1:].T) == pytest.approx(np.full(6, isd * np.sqrt(3 * rings**2 + 3 * rings + 1)))
    copies = (laid.xy_m[None] + laid.area.wrap_m[:, None]).reshape(-1, 2)
    apart = np.hypot(*(copies[:, None] - copies[None, :n]).transpose(2, 0, 1))
    assert np.sort(apart, axis=0)[1] == pytest.approx(np.full(n, isd))  # no two sites nearer than the distance
    assert (np.isclose(apart, isd).sum(axis=0) == 6).all()


def test_nearest_image_agrees_with_a_search_over_every_copy():
    laid = hexagons(HexLayout(kind="hex", rings=2, isd_m=500, cells=CELLS))
    rng = np.random.default_rng(5)
    users = rng.uniform(-1300, 1300, (200, 2))
    found = np.hypot(*nearest_image(users, laid.xy_m, laid.area.wrap_m).transpose(2, 0, 1))
    for u, s in itertools.product(range(0, 200, 9), range(19)):
        explicit = min(np.hypot(*(users[u] - laid.xy_m[s] - shift)) for shift in laid.area.wrap_m)
        assert found[u, s] == pytest.approx(explicit, abs=1e-9)
    # Wrapped, no user of the cluster is farther from the nearest site than the corner of a hexagon.
    inside = users[np.hypot(*users.T) < 1000]
    distance = np.hypot(*nearest_image(inside, laid.xy_m, laid.area.wrap_m).transpose(2, 0, 1)).min(axis=1)
    assert distance.max() <= 500 / np.sqrt(3) + 1e-9


def test_every_site_sees_the_same_distances_in_a_wrapped_cluster():
    laid = hexagons(HexLayout(kind="hex", rings=2, isd_m=500, cells=CELLS))
    distance = np.hypot(*nearest_image(laid.xy_m, laid.xy_m, laid.area.wrap_m).transpose(2, 0, 1))
    rows = np.sort(distance, axis=1)
    assert rows == pytest.approx(np.tile(rows[0], (19, 1)))


def test_without_wrap_around_there_is_one_copy_and_sectors_keep_their_azimuths():
    laid = hexagons(HexLayout(kind="hex", rings=1, wrap_around=False, sector_azimuths_deg=(0, 90), cells=CELLS))
    assert laid.area.wrap_m.shape == (1, 2)
    assert [azimuth for _, azimuth in laid.cells[3]] == [0, 90]


def test_indoor_hall_is_the_office_of_the_standard():
    laid = indoor(IndoorLayout(kind="indoor", cells=CELLS))
    # TR 38.901 Table 7.2-2: 120 m x 50 m, twelve points 20 m apart in two rows, 3 m up
    assert len(laid.id) == 12 and (laid.height_m == 3.0).all()
    assert sorted(set(laid.xy_m[:, 0])) == [-50, -30, -10, 10, 30, 50]
    assert sorted(set(laid.xy_m[:, 1])) == [-10, 10]
    assert (laid.area.xmin_m, laid.area.xmax_m, laid.area.ymin_m, laid.area.ymax_m) == (-60, 60, -25, 25)


def test_street_grid_has_disjoint_buildings_and_sites_where_they_belong():
    layout = MadridGridLayout(kind="madrid-grid", blocks_east=2, blocks_north=1, macro_cells=CELLS, micro_cells=CELLS)
    laid = madrid_grid(layout)
    houses = [shapely.Polygon(ring) for ring, _ in laid.footprints]
    assert len(houses) == 2 * (12 - 1 + 3)  # a park, three blocks split in two
    assert shapely.union_all(houses).area == pytest.approx(sum(h.area for h in houses))  # no overlap
    frame = shapely.box(laid.area.xmin_m, laid.area.ymin_m, laid.area.xmax_m, laid.area.ymax_m)
    assert all(frame.covers(h) for h in houses)
    union = shapely.union_all(houses)
    for name, xy, height in zip(laid.id, laid.xy_m, laid.height_m, strict=True):
        on_roof = union.contains(shapely.Point(xy))
        assert on_roof == name.startswith("macro")
        if on_roof:
            roof = next(h for (ring, h), house in zip(laid.footprints, houses) if house.contains(shapely.Point(xy)))
            assert roof < height


def test_street_grid_repeats_exactly():
    one = madrid_grid(MadridGridLayout(kind="madrid-grid", blocks_east=1, blocks_north=1, macro_cells=CELLS))
    two = madrid_grid(MadridGridLayout(kind="madrid-grid", blocks_east=2, blocks_north=1, macro_cells=CELLS))
    size = one.area.xmax_m - one.area.xmin_m
    west = np.array([ring for ring, _ in two.footprints[: len(one.footprints)]])
    assert west == pytest.approx(np.array([ring for ring, _ in one.footprints]) - [size / 2, 0])
