"""Line of sight through building footprints with heights (2.5-D), by the C++ kernel or its NumPy twin.

Conventions, the same in both:

- A ray is blocked when it passes through the inside of a building below its roof. Passing exactly at roof height, along
  a wall or through a corner is not: a ray has two halves, a wall seen edge-on or a corner meets one of them, and the
  ray is blocked when both are.
- A wall within a micrometre of an end of the ray is touched, not crossed: a receiver on a facade sees the street.
- The buildings that contain an end of the ray do not count, whether the end lies below their roof (an indoor user,
  whose penetration loss is a matter of its own; an antenna on a wall or under the eaves) or above it (a mast, taken to
  stand where its own roof's edge does not shade the street). `count_own_tx`, `count_own_rx` make them count.
- Both directions of a ray give the same answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.physics.radio.footprints import MARGIN_M, WallIndex, containing, expand

__all__ = ["los", "los_numpy"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Own = tuple[Ints, NDArray[np.int32]]  # as `containing` returns it

TOUCH_M = 1e-6
_RAYS = 1 << 17  # rays that the twin walks at a time


def los(
    index: WallIndex,
    tx_xyz_m: ArrayLike,
    rx_xyz_m: ArrayLike,
    *,
    pairs: bool = False,
    count_own_tx: bool = False,
    count_own_rx: bool = False,
    use_kernel: bool = True,
) -> Bools:
    """Whether nothing stands between transmitters and receivers: bool [n_tx, n_rx], with `pairs` [n].

    Parameters
    ----------
    index : from `footprints.build_index`.
    tx_xyz_m, rx_xyz_m : [n_tx, 3], [n_rx, 3] positions: metres east, north, and over the ground.
    pairs : judge only tx i with rx i.
    count_own_tx, count_own_rx : let the buildings that contain an end count as well: then a link with an end inside a
        building and below its roof is blocked.
    use_kernel : False for the NumPy twin even where the kernel is installed.

    Left out: terrain, roof shapes, overhangs, vegetation, diffraction (`path_loss` models account for what NLOS means).

    Raises ArgumentError for positions that are not finite, or `pairs` of unlike lengths.

    >>> from silla.physics.radio.footprints import Footprints, build_index
    >>> index = build_index(Footprints.from_rings([[[(0, 0), (10, 0), (10, 10), (0, 10)]]], [20.0]))
    >>> los(index, [(-30, 5, 25)], [(40, 5, 1.5), (-5, 40, 1.5), (1000, 5, 24)]).tolist()
    [[False, True, True]]
    """
    tx, rx = _positions(tx_xyz_m, "tx_xyz_m"), _positions(rx_xyz_m, "rx_xyz_m")
    if pairs and len(tx) != len(rx):
        raise ArgumentError(f"los: pairs need as many receivers as transmitters, found {len(tx)} and {len(rx)}")
    tx_own, tx_shut = _own(index, tx, count_own_tx)
    rx_own, rx_shut = _own(index, rx, count_own_rx)
    walk = kernel("los") if use_kernel else None
    if walk is None:
        clear = los_numpy(index, tx, tx_own, rx, rx_own, pairs)
    else:
        clear = walk(
            index.x0_m, index.y0_m, index.cell_m, index.nx, index.ny, index.cell_offset, index.cell_top_m,
            index.cell_a, index.cell_b, index.cell_roof_m, index.cell_building, tx, *tx_own, rx, *rx_own, pairs,
        )  # fmt: skip
    if pairs:
        return clear[:, 0] & ~tx_shut & ~rx_shut
    clear[tx_shut] = False
    clear[:, rx_shut] = False
    return clear


def _positions(value: ArrayLike, name: str) -> Floats:
    xyz = np.ascontiguousarray(value, dtype=np.float64).reshape(-1, 3)
    if not np.isfinite(xyz).all():
        raise ArgumentError(f"los: {name} holds a coordinate that is not finite")
    return xyz


def _own(index: WallIndex, xyz: Floats, count_own: bool) -> tuple[Own, Bools]:
    """(buildings that do not count for each point, whether the point is shut in by one that does)."""
    offset, building = containing(index, xyz[:, :2])
    if not count_own:
        return (offset, building), np.zeros(len(xyz), dtype=bool)
    point = np.repeat(np.arange(len(xyz)), np.diff(offset))
    under = index.height_m[building] > xyz[point, 2]
    shut = np.zeros(len(xyz), dtype=bool)
    shut[point[under]] = True
    return (np.zeros(len(xyz) + 1, np.int64), np.empty(0, np.int32)), shut


def los_numpy(index: WallIndex, tx: Floats, tx_own: Own, rx: Floats, rx_own: Own, pairs: bool) -> Bools:
    """The twin of the kernel `los`: [n_tx, n_rx], with `pairs` [n, 1]."""
    n_columns = 1 if pairs else len(rx)
    clear = np.empty((len(tx), n_columns), dtype=bool)
    flat = clear.reshape(-1)
    keys = [_keys(index, own) for own in (tx_own, rx_own)]
    for first in range(0, flat.size, _RAYS):
        ray = np.arange(first, min(first + _RAYS, flat.size))
        i, j = (ray, ray) if pairs else np.divmod(ray, n_columns)
        flat[ray] = ~_blocked(index, tx[i], rx[j], i, j, keys)
    return clear


def _keys(index: WallIndex, own: Own) -> Ints:
    """Sorted numbers that stand for (point, building that does not count for it)."""
    offset, building = own
    return np.repeat(np.arange(offset.size - 1), np.diff(offset)) * index.height_m.size + building


def _has(keys: Ints, wanted: Ints) -> Bools:
    if not keys.size:
        return np.zeros(wanted.shape, dtype=bool)
    return keys[np.minimum(np.searchsorted(keys, wanted), keys.size - 1)] == wanted


def _blocked(index: WallIndex, p: Floats, q: Floats, i: Ints, j: Ints, keys: list[Ints]) -> Bools:
    """[n] for rays p -> q: all rays walk one cell per turn, from their lower end, until they are blocked or leave."""
    swap = _precedes(q, p)
    p, q = np.where(swap[:, None], q, p), np.where(swap[:, None], p, q)
    d = q - p
    length2 = d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1]
    halves = np.zeros(len(p), dtype=np.int64)
    n_cells = np.array([index.nx, index.ny])
    highest = index.cell_top_m.max(initial=-np.inf)

    low = np.where((p[:, 2] <= q[:, 2])[:, None], p, q)
    step = np.where((p[:, 2] <= q[:, 2])[:, None], d, -d)
    o, heading = low[:, :2] - [index.x0_m, index.y0_m], step[:, :2]
    w0, w1 = _clip(o, heading, n_cells * index.cell_m)
    ray = np.flatnonzero((length2 > 0) & (w0 <= w1))
    with np.errstate(divide="ignore", invalid="ignore"):
        cell = np.clip(np.trunc((o + w0[:, None] * heading) / index.cell_m), 0, n_cells - 1)
        stride = np.where(heading != 0, index.cell_m / np.abs(heading), np.inf)
        following = np.where(heading != 0, ((cell + (heading > 0)) * index.cell_m - o) / heading, np.inf)
        slack = np.abs(d[:, 2]) * MARGIN_M / np.sqrt(length2) + 1e-9
    direction = np.where(heading > 0, 1, -1)
    w = w0.copy()
    while ray.size:
        lowest = low[ray, 2] + w[ray] * np.abs(d[ray, 2]) - slack[ray]
        ray, lowest = ray[lowest < highest], lowest[lowest < highest]
        c = (cell[ray, 1] * index.nx + cell[ray, 0]).astype(np.int64)
        below = lowest < index.cell_top_m[c]
        _cross(index, ray[below], c[below], p, d, length2, i, j, keys, halves)
        ray = ray[halves[ray] != 3]
        axis = np.where(following[ray, 0] < following[ray, 1], 0, 1)
        w[ray] = following[ray, axis]
        following[ray, axis] += stride[ray, axis]
        cell[ray, axis] += direction[ray, axis]
        at = cell[ray]
        ray = ray[(w[ray] <= w1[ray]) & (at >= 0).all(axis=1) & (at < n_cells).all(axis=1)]
    return halves == 3


def _precedes(p: Floats, q: Floats) -> Bools:
    """Whether p comes before q by x, then y, then z."""
    less, equal = p < q, p == q
    return less[:, 0] | (equal[:, 0] & (less[:, 1] | (equal[:, 1] & less[:, 2])))


def _clip(o: Floats, d: Floats, size: Floats) -> tuple[Floats, Floats]:
    """The part [w0, w1] of o + w d, 0 <= w <= 1, inside the box from 0 to `size` (empty: w0 > w1)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        u, v = -o / d, (size - o) / d
    within = (o >= 0) & (o <= size)
    enter = np.where(d != 0, np.minimum(u, v), np.where(within, 0.0, np.inf))
    leave = np.where(d != 0, np.maximum(u, v), np.where(within, 1.0, -np.inf))
    return np.maximum(enter.max(axis=1), 0.0), np.minimum(leave.min(axis=1), 1.0)


def _cross(
    index: WallIndex, ray: Ints, cell: Ints, p: Floats, d: Floats, length2: Floats, i: Ints, j: Ints, keys: list[Ints],
    halves: Ints,
) -> None:  # fmt: skip
    """Enters into `halves` which halves of each ray the walls of its cell hit: bit 1 the left, bit 2 the right."""
    turn, wall = expand(index.cell_offset[cell], np.diff(index.cell_offset)[cell])
    r = ray[turn]
    (ax, ay), (bx, by) = (index.cell_a[wall] - p[r, :2]).T, (index.cell_b[wall] - p[r, :2]).T
    dx, dy = d[r, 0], d[r, 1]
    sa, sb = dx * ay - dy * ax, dx * by - dy * bx
    half = ((sa >= 0) != (sb >= 0)) | (((sa > 0) != (sb > 0)).astype(np.int64) << 1)
    some = half > 0
    r, wall, half, ax, ay, bx, by, dx, dy, sa, sb = (x[some] for x in (r, wall, half, ax, ay, bx, by, dx, dy, sa, sb))
    inverse, touch = 1.0 / length2[r], TOUCH_M / np.sqrt(length2[r])
    ta, tb = (ax * dx + ay * dy) * inverse, (bx * dx + by * dy) * inverse
    t = ta + sa / (sa - sb) * (tb - ta)
    hit = (t > touch) & (t < 1.0 - touch) & (p[r, 2] + t * d[r, 2] < index.cell_roof_m[wall])
    r, half, building = r[hit], half[hit], index.cell_building[wall[hit]]
    n = index.height_m.size
    counts = ~_has(keys[0], i[r] * n + building) & ~_has(keys[1], j[r] * n + building)
    np.bitwise_or.at(halves, r[counts], half[counts])
