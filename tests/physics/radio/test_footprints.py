"""Footprints and their wall grid. Oracle: shapely's own point-in-polygon, and exact cases."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from silla.base.errors import ArgumentError
from silla.physics.radio.footprints import Footprints, build_index, containing, height_at, indoor

SQUARE = [(0, 0), (10, 0), (10, 10), (0, 10)]


def random_city(rng: np.random.Generator, n: int, side_m: float = 300.0) -> tuple[Footprints, list[shapely.Polygon]]:
    """Turned rectangles and L shapes, some overlapping, some tiny, every fifth with a courtyard."""
    rings, polygons, heights = [], [], rng.uniform(4.0, 60.0, n)
    for k in range(n):
        w, h = rng.uniform(0.3, 2.0, 2) if k % 7 == 0 else rng.uniform(8.0, 40.0, 2)
        outline = np.array([(0, 0), (w, 0), (w, h), (w / 2, h), (w / 2, h / 2), (0, h / 2)][: 4 if k % 2 else 6])
        if k % 2:
            outline = np.array([(0, 0), (w, 0), (w, h), (0, h)])
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        place = rng.uniform(0, side_m, 2)
        holes = [np.array([(0.4, 0.1), (0.6, 0.1), (0.6, 0.3), (0.4, 0.3)]) * (w, h)] if k % 5 == 0 else []
        building = [ring @ turn + place for ring in [outline, *holes]]
        rings.append(building)
        polygons.append(shapely.Polygon(building[0], building[1:]))
    return Footprints.from_rings(rings, heights), polygons


@pytest.mark.parametrize("cell_m", [3.0, 12.0, 1000.0])
def test_containing_agrees_with_shapely_whatever_the_cell(cell_m):
    rng = np.random.default_rng(1)
    footprints, polygons = random_city(rng, 60)
    points = rng.uniform(-30, 340, (4000, 2))
    offset, building = containing(build_index(footprints, cell_m), points)
    found = {(i, int(b)) for i in range(len(points)) for b in building[offset[i] : offset[i + 1]]}
    tree = shapely.STRtree(polygons)
    expected = set(zip(*(ids.tolist() for ids in tree.query(shapely.points(points), predicate="intersects"))))
    assert len(expected) > 500
    assert found == expected


def test_the_tallest_of_overlapping_buildings_decides():
    index = build_index(Footprints.from_rings([[SQUARE], [[(5, 5), (15, 5), (15, 15), (5, 15)]]], [30.0, 12.0]))
    points = [(2, 2), (7, 7), (12, 12), (20, 20), (1e9, 0)]
    assert indoor(index, points).tolist() == [0, 0, 1, -1, -1]
    assert height_at(index, points).tolist() == [30.0, 30.0, 12.0, 0.0, 0.0]


def test_a_courtyard_is_outdoors_and_a_closing_vertex_changes_nothing():
    court = [(3, 3), (7, 3), (7, 7), (3, 7)]
    for close in (False, True):
        rings = [ring + ring[:1] if close else ring for ring in (SQUARE, court)]
        index = build_index(Footprints.from_rings([rings], [9.0]))
        assert indoor(index, [(5, 5), (1, 5), (5, 8)]).tolist() == [-1, 0, 0]


def test_no_building_at_all():
    index = build_index(Footprints.from_rings([], []))
    assert indoor(index, [(0, 0)]).tolist() == [-1]
    assert height_at(index, [(0, 0)]).tolist() == [0.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height_m": [np.nan]}, "positive number"),
        ({"height_m": [0.0]}, "positive number"),
        ({"vertices_m": [(0, 0), (1, 0), (np.inf, 1)], "ring_offsets": [0, 3]}, "not finite"),
        ({"ring_offsets": [0, 3]}, "ring_offsets"),
        ({"ring_building": [1]}, "ring_building"),
        ({"vertices_m": [(0, 0), (1, 1)], "ring_offsets": [0, 2]}, "three vertices"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    fields = {"vertices_m": SQUARE, "ring_offsets": [0, 4], "ring_building": [0], "height_m": [10.0]} | change
    with pytest.raises(ArgumentError, match=message):
        Footprints(**{name: np.array(value) for name, value in fields.items()})


def test_a_building_of_one_point_is_refused():
    with pytest.raises(ArgumentError, match="building 1 has no wall"):
        build_index(Footprints.from_rings([[SQUARE], [[(1, 1), (1, 1), (1, 1)]]], [3.0, 3.0]))
