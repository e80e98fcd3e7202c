"""Line of sight through buildings. Oracles: exact cases, and a brute-force walk along each ray with shapely."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from tests.physics.radio.test_footprints import SQUARE, random_city

from silla.base.errors import ArgumentError
from silla.physics.radio.footprints import Footprints, build_index, containing
from silla.physics.radio.obstruction import los

INDEX = build_index(Footprints.from_rings([[SQUARE]], [20.0]))


def one(tx, rx, index=INDEX, **options) -> bool:
    answers = {bool(los(index, [tx], [rx], use_kernel=use, **options)[0, 0]) for use in (True, False)}
    assert len(answers) == 1, "kernel and twin differ"
    return answers.pop()


def brute_force(polygons, heights, tx, rx, own, n=4000):
    """Whether a sample of the ray lies inside a prism that counts."""
    t = (np.arange(n) + 0.5) / n
    xyz = tx + t[:, None] * (rx - tx)
    where, b = shapely.STRtree(polygons).query(shapely.points(xyz[:, :2]), predicate="intersects")
    counts = ~np.isin(b, own) & (xyz[where, 2] < heights[b])
    return bool(counts.any())


def test_random_city_against_brute_force():
    rng = np.random.default_rng(7)
    footprints, polygons = random_city(rng, 70)
    index = build_index(footprints)
    tx = np.column_stack([rng.uniform(-20, 320, (12, 2)), rng.uniform(5, 45, 12)])
    rx = np.column_stack([rng.uniform(-20, 320, (40, 2)), rng.uniform(1, 25, 40)])
    answer = los(index, tx, rx)
    offset_tx, own_tx = containing(index, tx[:, :2])
    offset_rx, own_rx = containing(index, rx[:, :2])
    differ = []
    for i in range(len(tx)):
        for j in range(len(rx)):
            own = [*own_tx[offset_tx[i] : offset_tx[i + 1]], *own_rx[offset_rx[j] : offset_rx[j + 1]]]
            if brute_force(polygons, footprints.height_m, tx[i], rx[j], own) == answer[i, j]:
                differ.append((i, j))
    assert 0.1 < answer.mean() < 0.9
    # Samples 0.1 m apart may miss a corner cut shorter than that: such a ray is blocked and yet looks clear.
    assert all(not answer[i, j] for i, j in differ)
    assert len(differ) <= 3


@pytest.mark.parametrize(
    ("tx", "rx", "expected"),
    [
        ((-30, 5, 25), (40, 5, 1.5), False),  # through the middle
        ((-30, 5, 25), (40, 15, 21), True),  # over the roof
        ((-10, 5, 30), (20, 5, 10), False),  # enters over the roof and leaves through the wall, z = 16.7 at x = 10
        ((-10, 5, 40), (30, 5, 0), True),  # z = 20 at x = 10: touches the far edge of the roof
        ((-10, 5, 40), (30, 5, -0.1), False),  # and a little lower cuts it
        ((-30, -1, 5), (40, -1, 5), True),  # beside it
    ],
)
def test_heights(tx, rx, expected):
    assert one(tx, rx) is expected


@pytest.mark.parametrize(
    ("tx", "rx", "expected"),
    [
        ((-30, 0, 5), (40, 0, 5), True),  # along the south wall
        ((-30, 10, 5), (40, 10, 5), True),  # along the north wall
        ((0, -30, 5), (0, 40, 5), True),  # along the west wall
        ((-10, 10, 5), (10, -10, 5), True),  # through the corner (0, 0) only
        ((-10, -10, 5), (20, 20, 5), False),  # through two corners and the inside
        ((5, -10, 5), (5, 0, 5), True),  # ends on the near wall
        ((5, -10, 5), (5, 10, 5), False),  # ends on the far wall
        ((0, 0, 5), (10, 0, 5), True),  # from corner to corner along a wall
        ((0, 0, 5), (10, 10, 5), True),  # ends on corners: the building contains one of them, so it does not count
        ((-5, 5, 1), (-5, 5, 80), True),  # straight up outside
        ((-5, 5, 1), (-5, 5, 1), True),  # no length at all
    ],
)
def test_degenerate_rays(tx, rx, expected):
    assert one(tx, rx) is expected
    assert one(rx, tx) is expected


def test_a_shared_wall_blocks():
    """Two buildings side by side: along their common wall there is no gap to see through."""
    index = build_index(Footprints.from_rings([[SQUARE], [[(10, 0), (20, 0), (20, 10), (10, 10)]]], [20.0, 20.0]))
    assert one((10, -30, 5), (10, 40, 5), index) is False


def test_a_courtyard_is_seen_into_from_above():
    rings = [[[(0, 0), (30, 0), (30, 30), (0, 30)], [(10, 10), (20, 10), (20, 20), (10, 20)]]]
    index = build_index(Footprints.from_rings(rings, [10.0]))
    assert one((15, 15, 40), (12, 12, 1.5), index) is True
    assert one((-100, 15, 15), (15, 15, 1.5), index) is False
    assert one((15, 11, 1.5), (15, 19, 1.5), index) is True


def test_own_buildings_do_not_count_unless_asked():
    inside, street, roof = (5, 5, 1.5), (5, -40, 10), (5, 5, 23)
    assert one(street, inside) is True
    assert one(street, inside, count_own_rx=True) is False
    assert one(inside, street, count_own_tx=True) is False
    assert one(roof, (5, -40, 1.5)) is True
    assert one(roof, (5, -3, 1.5), count_own_tx=True) is False  # in the shade of the roof's edge
    assert one(roof, (5, -60, 15), count_own_tx=True) is True
    other = build_index(Footprints.from_rings([[SQUARE], [[(0, -20), (10, -20), (10, -10), (0, -10)]]], [20.0, 20.0]))
    assert one(street, inside, other) is False  # another building still does


def test_both_directions_agree_and_pairs_are_the_diagonal():
    rng = np.random.default_rng(3)
    footprints, _ = random_city(rng, 80)
    index = build_index(footprints)
    a = np.column_stack([rng.uniform(0, 300, (200, 2)), rng.uniform(1, 50, 200)])
    b = np.column_stack([rng.uniform(0, 300, (200, 2)), rng.uniform(1, 50, 200)])
    for use in (True, False):
        forth = los(index, a, b, use_kernel=use)
        assert (forth == los(index, b, a, use_kernel=use).T).all()
        assert (np.diag(forth) == los(index, a, b, pairs=True, use_kernel=use)).all()


def test_raising_an_end_never_hides_it():
    rng = np.random.default_rng(5)
    footprints, _ = random_city(rng, 60)
    index = build_index(footprints)
    tx = np.column_stack([rng.uniform(0, 300, (30, 2)), np.full(30, 20.0)])
    xy = rng.uniform(0, 300, (60, 2))
    before = None
    for z in (1.5, 10.0, 30.0, 61.0):
        now = los(index, tx, np.column_stack([xy, np.full(60, z)]))
        assert before is None or (now | ~before).all()
        before = now
    assert los(index, tx + np.array([0, 0, 41.0]), np.column_stack([xy, np.full(60, 61.0)])).all()


def test_positions_that_are_no_numbers_are_refused():
    with pytest.raises(ArgumentError, match="rx_xyz_m"):
        los(INDEX, [(0, 0, 1)], [(np.nan, 0, 1)])
    with pytest.raises(ArgumentError, match="pairs"):
        los(INDEX, [(0, 0, 1)], [(0, 0, 1), (1, 1, 1)], pairs=True)
