"""Kernel and twin of the line of sight, to the last bit, for each instruction set of this machine."""

from __future__ import annotations

import numpy as np
import pytest
from tests.physics.radio.test_footprints import random_city

from silla.base import kernels
from silla.physics.radio.footprints import Footprints, build_index
from silla.physics.radio.obstruction import los

silla_kernels = pytest.importorskip("silla_kernels", reason="no C++ kernels to compare the twins with")
pytestmark = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())


@pytest.fixture(params=silla_kernels.supported())
def isa(request):
    before = silla_kernels.isa()
    silla_kernels.set_isa(request.param)
    yield request.param
    silla_kernels.set_isa(before)


def lattice() -> tuple[Footprints, np.ndarray]:
    """A street grid whose walls lie on whole metres, and points on walls, corners, streets and inside: every tie."""
    blocks = [
        [[(x, y), (x + 20, y), (x + 20, y + 20), (x, y + 20)]] for x in range(0, 120, 20) for y in range(0, 120, 30)
    ]
    points = np.array(
        [(x, y, z) for x in range(-10, 140, 10) for y in range(-5, 130, 15) for z in (1, 12)], dtype=float
    )
    return Footprints.from_rings(blocks, np.tile([10.0, 12.0, 12.0], 8)), points


@pytest.mark.parametrize("cell_m", [4.0, 12.0, 50.0])
def test_random_city(isa, cell_m):
    rng = np.random.default_rng(11)
    footprints, _ = random_city(rng, 120)
    index = build_index(footprints, cell_m)
    tx = np.column_stack([rng.uniform(-50, 350, (40, 2)), rng.uniform(0, 80, 40)])
    rx = np.column_stack([rng.uniform(-50, 350, (500, 2)), rng.uniform(0, 30, 500)])
    for options in ({}, {"count_own_tx": True, "count_own_rx": True}):
        fast, twin = (los(index, tx, rx, use_kernel=use, **options) for use in (True, False))
        assert 0.05 < twin.mean() < 0.95
        assert (fast == twin).all()


def test_every_tie_of_a_lattice(isa):
    footprints, points = lattice()
    index = build_index(footprints, 10.0)
    fast, twin = (los(index, points, points, use_kernel=use) for use in (True, False))
    assert (fast == twin).all()
    assert (twin == twin.T).all()


def test_arrays_that_do_not_fit_are_refused():
    footprints, points = lattice()
    index = build_index(footprints)
    own = (np.zeros(len(points) + 1, np.int64), np.empty(0, np.int32))
    grid = [index.x0_m, index.y0_m, index.cell_m, index.nx, index.ny, index.cell_offset, index.cell_top_m]
    walls = [index.cell_a, index.cell_b, index.cell_roof_m, index.cell_building]
    with pytest.raises(ValueError, match="wall grid"):
        silla_kernels.los(*grid[:5], index.cell_offset[:-1], *grid[6:], *walls, points, *own, points, *own, False)
    with pytest.raises(ValueError, match="own_offset"):
        silla_kernels.los(*grid, *walls, points, own[0][:-1], own[1], points, *own, False)
