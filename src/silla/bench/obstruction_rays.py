"""Rays per second and core through a city's buildings, beside shapely's index of the same walls.

900 blocks on a disturbed street grid, masts at 25 m, receivers at 1.5 m. The peer answers the plan question alone
(does the ray cross any footprint), without heights.
"""

from __future__ import annotations

import numpy as np
import shapely

from silla.base import kernels
from silla.base.rng import stream
from silla.bench.figure import Figure, Measured, best_of
from silla.physics.radio.footprints import Footprints, build_index
from silla.physics.radio.obstruction import los

__all__ = ["FIGURE"]

_BLOCKS, _PITCH_M = 30, 45.0


def _city() -> Footprints:
    rng = stream(1, "bench", "city")
    corner = _PITCH_M * np.stack(np.meshgrid(np.arange(_BLOCKS), np.arange(_BLOCKS)), axis=-1).reshape(-1, 2)
    corner = corner + rng.uniform(0.0, 8.0, corner.shape)
    size = rng.uniform(15.0, 32.0, corner.shape)
    rings = [[c + s * np.array([(0, 0), (1, 0), (1, 1), (0, 1)])] for c, s in zip(corner, size)]
    return Footprints.from_rings(rings, rng.uniform(6.0, 60.0, len(rings)))


def measure() -> Measured:
    """Rays per second of a full matrix of masts and receivers, and shapely's."""
    city, rng = _city(), stream(1, "bench", "rays")
    side = _BLOCKS * _PITCH_M
    tx = np.column_stack([rng.uniform(0, side, (20, 2)), np.full(20, 25.0)])
    rx = np.column_stack([rng.uniform(0, side, (20_000, 2)), np.full(20_000, 1.5)])
    index = build_index(city)
    n_rx = len(rx) if kernels.available() else 2_000
    rate = len(tx) * n_rx / best_of(lambda: los(index, tx, rx[:n_rx]), repeats=3)

    tree = shapely.STRtree([shapely.Polygon(ring) for ring in np.split(city.vertices_m, city.ring_offsets[1:-1])])
    some = rx[:100, :2]
    ends = np.stack([np.repeat(tx[:, :2], len(some), axis=0), np.tile(some, (len(tx), 1))], axis=1)
    lines = shapely.linestrings(ends)
    peer = len(ends) / best_of(lambda: tree.query(lines, predicate="intersects"), repeats=3)
    return Measured(rate, peer, f"kernels: {kernels.isa()}; the peer ignores heights")


FIGURE = Figure(
    "obstruction-rays", "rays/s per core", 1e6, 2e6, "higher", measure, peer="shapely STRtree, plan view only"
)
