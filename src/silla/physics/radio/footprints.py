"""Building footprints as plain arrays, and a uniform grid over their walls.

Buildings are prisms over flat ground: a footprint of one or more closed rings (even-odd rule, so that a ring inside a
ring is a courtyard), from height 0 to `height_m`. They may overlap and may be tiny, as in any real extract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError

__all__ = ["Footprints", "WallIndex", "build_index", "containing", "height_at", "indoor"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MARGIN_M = 1e-3  # by which a wall is entered into neighbouring cells too, so that rounding on a border loses nothing
_CHUNK = 1 << 20  # rows of temporary arrays


@dataclass(frozen=True)
class Footprints:
    """Footprints of `n_buildings` buildings.

    vertices_m : [n_vertices, 2] x (east) and y (north), metres; rings one after another, closing vertex or not.
    ring_offsets : [n_rings + 1] where each ring starts in `vertices_m`.
    ring_building : [n_rings] the building of each ring; the rings of a building follow one another.
    height_m : [n_buildings] roof height over the ground.

    Raises ArgumentError when the arrays do not fit one another, for a ring of fewer than three vertices, and for
    coordinates or heights that are not finite (heights must be positive).
    """

    vertices_m: Floats
    ring_offsets: Ints
    ring_building: Ints
    height_m: Floats

    def __post_init__(self) -> None:
        def put(name: str, dtype: type) -> NDArray:
            value = np.ascontiguousarray(getattr(self, name), dtype=dtype)
            object.__setattr__(self, name, value)
            return value

        vertices, offsets = put("vertices_m", np.float64).reshape(-1, 2), put("ring_offsets", np.int64)
        building, height = put("ring_building", np.int64), put("height_m", np.float64)
        object.__setattr__(self, "vertices_m", vertices)
        if offsets.size != building.size + 1 or offsets[0] != 0 or offsets[-1] != len(vertices):
            raise ArgumentError(
                "footprints: ring_offsets must be one longer than ring_building and run from 0 to n_vertices"
            )
        if building.size and (np.any(np.diff(building) < 0) or building[0] < 0 or building[-1] >= height.size):
            raise ArgumentError("footprints: ring_building must rise from 0 to n_buildings - 1")
        if np.any(np.diff(offsets) < 3):
            raise ArgumentError(f"footprints: ring {int(np.argmin(np.diff(offsets)))} has fewer than three vertices")
        if not np.isfinite(vertices).all():
            raise ArgumentError("footprints: a coordinate is not finite")
        if not (np.isfinite(height) & (height > 0)).all():
            raise ArgumentError("footprints: a height is not a positive number")

    @classmethod
    def from_rings(cls, rings: Sequence[Sequence[ArrayLike]], height_m: ArrayLike) -> Footprints:
        """Footprints of buildings given each as a list of rings ([n, 2], metres): the outline, then courtyards.

        >>> Footprints.from_rings([[[(0, 0), (10, 0), (10, 10), (0, 10)]]], [20.0]).n_buildings
        1
        """
        flat = [np.asarray(ring, dtype=np.float64).reshape(-1, 2) for building in rings for ring in building]
        return cls(
            np.concatenate(flat) if flat else np.empty((0, 2)),
            np.concatenate([[0], np.cumsum([len(ring) for ring in flat])]).astype(np.int64),
            np.repeat(np.arange(len(rings)), [len(building) for building in rings]),
            np.asarray(height_m, dtype=np.float64),
        )

    @property
    def n_buildings(self) -> int:
        return self.height_m.size


@dataclass(frozen=True)
class WallIndex:
    """Walls of footprints, by building and by square grid cell (cell `iy * nx + ix`); made by `build_index`.

    wall_a, wall_b : [n_walls, 2] end points of each wall, sorted by building, whose walls start at `wall_offset`.
    cell_offset, cell_a, cell_b, cell_roof_m, cell_building : the walls of each cell, one after another.
    cell_top_m : [nx * ny] highest roof that has a wall in the cell (-inf where none).
    box_offset, box_building : the buildings whose bounding box meets each cell.
    """

    height_m: Floats
    x0_m: float
    y0_m: float
    cell_m: float
    nx: int
    ny: int
    wall_a: Floats
    wall_b: Floats
    wall_offset: Ints
    cell_offset: Ints
    cell_a: Floats
    cell_b: Floats
    cell_roof_m: Floats
    cell_building: NDArray[np.int32]
    cell_top_m: Floats
    box_offset: Ints
    box_building: NDArray[np.int32]
    box_m: Floats  # [n_buildings, 4] x and y of the lower left corner, x and y of the upper right


def expand(start: Ints, count: Ints) -> tuple[Ints, Ints]:
    """(owner, index): for each i the run start[i] .. start[i] + count[i] - 1, one after another, and whose it is."""
    owner = np.repeat(np.arange(count.size), count)
    first = np.cumsum(count) - count
    return owner, np.arange(owner.size) - np.repeat(first - start, count)


def build_index(footprints: Footprints, cell_m: float = 12.0) -> WallIndex:
    """The uniform grid over the walls of `footprints`, with square cells of side `cell_m` metres.

    The default suits city blocks; a grid of more than four million cells is made coarser.
    """
    a, b, building = _walls(footprints)
    n_buildings = footprints.n_buildings
    wall_offset = np.searchsorted(building, np.arange(n_buildings + 1))
    box = _boxes(a, wall_offset, n_buildings)
    low = box[:, :2].min(axis=0) - 1.0 if n_buildings else np.zeros(2)
    size = box[:, 2:].max(axis=0) + 1.0 - low if n_buildings else np.ones(2)
    cell_m = max(float(cell_m), float(np.sqrt(size.prod() / 4e6)))
    nx, ny = (int(n) for n in np.ceil(size / cell_m))

    wall, cell = _cells_of_walls(a - low, b - low, cell_m, nx, ny)
    order = np.lexsort((wall, cell))
    wall, cell = wall[order], cell[order]
    roof = footprints.height_m[building[wall]]
    top = np.full(nx * ny, -np.inf)
    np.maximum.at(top, cell, roof)

    box_id, box_cell = _cells_of_boxes(box - np.tile(low, 2), cell_m, nx, ny)
    box_order = np.lexsort((box_id, box_cell))
    cells = np.arange(nx * ny + 1)
    return WallIndex(
        height_m=footprints.height_m, x0_m=float(low[0]), y0_m=float(low[1]), cell_m=cell_m, nx=nx, ny=ny,
        wall_a=a, wall_b=b, wall_offset=wall_offset,
        cell_offset=np.searchsorted(cell, cells), cell_a=a[wall], cell_b=b[wall], cell_roof_m=roof,
        cell_building=building[wall].astype(np.int32), cell_top_m=top,
        box_offset=np.searchsorted(box_cell[box_order], cells),
        box_building=box_id[box_order].astype(np.int32), box_m=box,
    )  # fmt: skip


def _walls(footprints: Footprints) -> tuple[Floats, Floats, Ints]:
    """(a, b, building) of every wall; walls without length (closing vertices, doubled points) are left out."""
    a, offsets = footprints.vertices_m, footprints.ring_offsets
    following = np.arange(1, len(a) + 1)
    following[offsets[1:] - 1] = offsets[:-1]
    b = a[following] if len(a) else a
    building = np.repeat(footprints.ring_building, np.diff(offsets))
    kept = (a != b).any(axis=1)
    return np.ascontiguousarray(a[kept]), np.ascontiguousarray(b[kept]), building[kept]


def _boxes(a: Floats, wall_offset: Ints, n_buildings: int) -> Floats:
    """[n_buildings, 4] bounding boxes; a building without a wall has an empty one."""
    box = np.tile([np.inf, np.inf, -np.inf, -np.inf], (n_buildings, 1))
    some = np.diff(wall_offset) > 0
    if some.any():
        box[some, :2] = np.minimum.reduceat(a, wall_offset[:-1][some], axis=0)
        box[some, 2:] = np.maximum.reduceat(a, wall_offset[:-1][some], axis=0)
    if not some.all():
        raise ArgumentError(f"footprints: building {int(np.argmin(some))} has no wall of any length")
    return box


def _cells_of_boxes(box: Floats, cell_m: float, nx: int, ny: int) -> tuple[Ints, Ints]:
    """(box id, cell) for every grid cell that each box, made larger by the margin, meets."""
    last = np.array([nx - 1, ny - 1])
    low = np.clip(np.floor((box[:, :2] - MARGIN_M) / cell_m).astype(np.int64), 0, last)
    high = np.clip(np.floor((box[:, 2:] + MARGIN_M) / cell_m).astype(np.int64), 0, last)
    wide = high - low + 1
    owner, k = expand(np.zeros(len(box), np.int64), wide.prod(axis=1))
    return owner, (low[owner, 1] + k // wide[owner, 0]) * nx + low[owner, 0] + k % wide[owner, 0]


def _cells_of_walls(a: Floats, b: Floats, cell_m: float, nx: int, ny: int) -> tuple[Ints, Ints]:
    """(wall, cell) for every cell that a wall comes within the margin of (a separating-axis test: none is missed)."""
    wall, cell = _cells_of_boxes(np.hstack([np.minimum(a, b), np.maximum(a, b)]), cell_m, nx, ny)
    d = b - a
    centre = (np.stack([cell % nx, cell // nx], axis=1) + 0.5) * cell_m - a[wall]
    away = np.abs(d[wall, 0] * centre[:, 1] - d[wall, 1] * centre[:, 0])
    reach = np.abs(d).sum(axis=1) * (cell_m / 2) + np.hypot(d[:, 0], d[:, 1]) * MARGIN_M
    met = away <= reach[wall]
    return wall[met], cell[met]


def containing(index: WallIndex, xy_m: ArrayLike) -> tuple[Ints, NDArray[np.int32]]:
    """(offset, building): the buildings over point i are building[offset[i]:offset[i + 1]], in rising order.

    `xy_m` is [n_points, 2] in metres. Even-odd rule; of two points on opposite walls of a building one is inside.
    """
    xy = np.asarray(xy_m, dtype=np.float64).reshape(-1, 2)
    found = [_containing(index, xy[k : k + _CHUNK // 16], k) for k in range(0, len(xy), _CHUNK // 16)]
    point = np.concatenate([f[0] for f in found]) if found else np.empty(0, np.int64)
    building = np.concatenate([f[1] for f in found]) if found else np.empty(0, np.int32)
    return np.searchsorted(point, np.arange(len(xy) + 1)), building


def _containing(index: WallIndex, xy: Floats, first: int) -> tuple[Ints, NDArray[np.int32]]:
    column = np.floor((xy - [index.x0_m, index.y0_m]) / index.cell_m)
    within = ((column >= 0) & (column < [index.nx, index.ny])).all(axis=1)
    cell = np.where(within, column[:, 1] * index.nx + column[:, 0], 0).astype(np.int64)
    count = np.where(within, np.diff(index.box_offset)[cell], 0)
    point, k = expand(index.box_offset[cell], count)
    building = index.box_building[k]
    box, x, y = index.box_m[building], xy[point, 0], xy[point, 1]
    near = (x >= box[:, 0]) & (y >= box[:, 1]) & (x <= box[:, 2]) & (y <= box[:, 3])
    point, building = point[near], building[near]

    pair, wall = expand(index.wall_offset[building], np.diff(index.wall_offset)[building])
    a, b = index.wall_a[wall], index.wall_b[wall]
    x, y = xy[point[pair], 0], xy[point[pair], 1]
    crossed = (a[:, 1] > y) != (b[:, 1] > y)
    a, b, x, y = a[crossed], b[crossed], x[crossed], y[crossed]
    right = x < a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    inside = np.bincount(pair[crossed][right], minlength=point.size) % 2 == 1
    return point[inside] + first, building[inside]


def indoor(index: WallIndex, xy_m: ArrayLike) -> Ints:
    """[n_points] id of the building over each point, the tallest where several overlap, -1 outdoors."""
    offset, building = containing(index, xy_m)
    result = np.full(offset.size - 1, -1, dtype=np.int64)
    point = np.repeat(np.arange(result.size), np.diff(offset))
    rising = np.argsort(index.height_m[building], kind="stable")
    result[point[rising]] = building[rising]  # the last written, hence the tallest, stays
    return result


def height_at(index: WallIndex, xy_m: ArrayLike) -> Floats:
    """[n_points] height in metres of the highest roof over each point, 0 outdoors."""
    building = indoor(index, xy_m)
    return np.where(building >= 0, index.height_m[building] if index.height_m.size else 0.0, 0.0)
