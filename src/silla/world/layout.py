"""Generated layouts: where the sites of a hexagonal grid, an indoor hall or a street grid stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.scenario.radio import Cell, HexLayout, IndoorLayout, MadridGridLayout
from silla.world.types import Area

__all__ = ["Laid", "hexagons", "indoor", "lay_out", "madrid_grid"]

Floats = NDArray[np.float64]

# One tile of the street grid: 3 x 4 square blocks, streets between them (METIS D6.1, clause 3.3.1: 387 m x 552 m).
_TILE_M = (387.0, 552.0)
_BLOCK_M = 120.0
_FLOOR_M = 3.5
_PARK = (1, 1)  # column, row of the block without buildings
_SPLIT = {(0, 2), (2, 0), (2, 3)}  # blocks of two 30 m deep rows around a yard


@dataclass(frozen=True)
class Laid:
    """Sites of a layout: ids, positions, heights, and the cells of each as (template, azimuth added in degrees)."""

    id: tuple[str, ...]
    xy_m: Floats
    height_m: Floats
    cells: tuple[tuple[tuple[Cell, float], ...], ...]
    area: Area
    footprints: tuple[tuple[Floats, float], ...] = ()  # (ring [n, 2], height)


def lay_out(layout: HexLayout | IndoorLayout | MadridGridLayout) -> Laid:
    """The sites of any layout."""
    if isinstance(layout, HexLayout):
        return hexagons(layout)
    return indoor(layout) if isinstance(layout, IndoorLayout) else madrid_grid(layout)


def hexagons(layout: HexLayout) -> Laid:
    """Hexagonal lattice with a neighbour to the east, so that sectors at 30, 150 and 270 degrees look at neighbours.

    That is the layout of three hexagonal cells a site (TR 36.942 Figure 4.2): a cell's centre, its far corner and the
    next site lie on its boresight.

    With wrap-around, the cluster repeats under the six displacements of length sqrt(3R^2 + 3R + 1) ISD.
    """
    r, isd = layout.rings, layout.isd_m
    a, b = np.array([isd, 0.0]), np.array([isd * 0.5, isd * np.sqrt(0.75)])
    ring = [(i, j) for i in range(-r, r + 1) for j in range(-r, r + 1) if abs(i + j) <= r]
    ring.sort(
        key=lambda p: (max(abs(p[0]), abs(p[1]), abs(p[0] + p[1])), np.arctan2(*(p[0] * a + p[1] * b)) % (2 * np.pi))
    )
    xy = np.array([i * a + j * b for i, j in ring])
    wrap = [np.zeros(2)]
    if layout.wrap_around:
        u, v = r + 1, r
        for _ in range(6):
            wrap.append(u * a + v * b)
            u, v = -v, u + v  # rotation by 60 degrees in lattice coordinates
    half = np.abs(xy).max(axis=0) + isd * np.array([0.5, 1 / np.sqrt(3)])
    area = Area("hexagons", -half[0], half[0], -half[1], half[1], isd / 2, np.array(wrap))
    sectors = tuple((c, az) for c in layout.cells for az in layout.sector_azimuths_deg)
    return Laid(_ids("s", len(xy)), xy, np.full(len(xy), layout.height_m), (sectors,) * len(xy), area)


def indoor(layout: IndoorLayout) -> Laid:
    """Two rows of ceiling points in a hall, centred on the origin (TR 38.901 Figure 7.2-1)."""
    columns = max(1, int(layout.width_m // layout.isd_m))
    x = (np.arange(columns) - (columns - 1) / 2) * layout.isd_m
    y = np.array([-layout.isd_m / 2, layout.isd_m / 2])
    xy = np.array([(xi, yi) for yi in y for xi in x])
    w, d = layout.width_m / 2, layout.depth_m / 2
    area = Area("rectangle", -w, w, -d, d, 0.0, np.zeros((1, 2)))
    cells = tuple((c, 0.0) for c in layout.cells)
    return Laid(_ids("s", len(xy)), xy, np.full(len(xy), layout.height_m), (cells,) * len(xy), area)


def madrid_grid(layout: MadridGridLayout) -> Laid:
    """Tiles of 3 x 4 blocks: a park, split blocks, full blocks of 8 to 15 floors.

    Each tile has a macro site on a roof and two micro sites at street corners.
    """
    size = np.array([layout.blocks_east, layout.blocks_north]) * _TILE_M
    footprints: list[tuple[Floats, float]] = []
    macro: list[Floats] = []
    micro: list[Floats] = []
    for e in range(layout.blocks_east):
        for n in range(layout.blocks_north):
            corner = np.array([e, n]) * _TILE_M - size / 2
            footprints += _tile(corner, e, n, layout.macro_height_m)
            macro.append(corner + _block_corner(1, 2) + _BLOCK_M / 2)
            street = np.array([_TILE_M[0] / 3 - _BLOCK_M, _TILE_M[1] / 4 - _BLOCK_M]) / 2
            micro.append(corner + _block_corner(1, 1) - street)
            micro.append(corner + _block_corner(2, 3) - street)
    area = Area("rectangle", -size[0] / 2, size[0] / 2, -size[1] / 2, size[1] / 2, 0.0, np.zeros((1, 2)))
    macro_cells = tuple((c, az) for c in layout.macro_cells for az in (0.0, 120.0, 240.0))
    micro_cells = tuple((c, az) for c in layout.micro_cells for az in (0.0, 180.0))
    return Laid(
        _ids("macro", len(macro)) + _ids("micro", len(micro)),
        np.array(macro + micro),
        np.repeat([layout.macro_height_m, layout.micro_height_m], [len(macro), len(micro)]),
        (macro_cells,) * len(macro) + (micro_cells,) * len(micro),
        area,
        tuple(footprints),
    )


def _ids(prefix: str, n: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{i:02d}" for i in range(n))


def _block_corner(column: int, row: int) -> Floats:
    pitch = np.array([_TILE_M[0] / 3, _TILE_M[1] / 4])
    return np.array([column, row]) * pitch + (pitch - _BLOCK_M) / 2


def _tile(corner: Floats, e: int, n: int, macro_height_m: float) -> list[tuple[Floats, float]]:
    buildings = []
    for column in range(3):
        for row in range(4):
            if (column, row) == _PARK:
                continue
            low = corner + _block_corner(column, row)
            # Floors differ from block to block without a random stream: a fixed hash of the block's number.
            floors = 8 + (column * 5 + row * 3 + e * 7 + n * 11) % 8
            height = macro_height_m - 5.0 if (column, row) == (1, 2) else floors * _FLOOR_M
            depths = [(0.0, 30.0), (90.0, 120.0)] if (column, row) in _SPLIT else [(0.0, _BLOCK_M)]
            for y0, y1 in depths:
                box = np.array([[0.0, y0], [_BLOCK_M, y0], [_BLOCK_M, y1], [0.0, y1]])
                buildings.append((low + box, height))
    return buildings
