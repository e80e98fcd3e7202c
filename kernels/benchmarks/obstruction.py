"""Line of sight of 20 masts and a 10 m grid through 900 random blocks: rays per second on one core."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels


def street_blocks(n: int = 30, pitch: float = 40.0, width: float = 28.0) -> list[np.ndarray]:
    """Walls [n_walls, 2] a and b of square blocks, their roofs and buildings."""
    rng = np.random.default_rng(0)
    corner = np.stack(np.meshgrid(np.arange(n), np.arange(n)), axis=-1).reshape(-1, 2) * pitch + rng.uniform(
        0, 12, (n * n, 2)
    )
    ring = width * np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
    vertices = corner[:, None] + ring
    building = np.repeat(np.arange(n * n), 4).astype(np.int32)
    return [
        vertices[:, :-1].reshape(-1, 2),
        vertices[:, 1:].reshape(-1, 2),
        rng.uniform(6, 60, n * n)[building],
        building,
    ]


def grid(a: np.ndarray, b: np.ndarray, roof: np.ndarray, building: np.ndarray, cell: float = 12.0) -> tuple:
    """The walls entered into every cell of their bounding boxes."""
    nx = ny = int(np.ceil(max(a.max(), b.max()) / cell)) + 1
    low, high = (np.minimum(a, b) / cell).astype(int), (np.maximum(a, b) / cell).astype(int)
    entries = [(y * nx + x, w) for w in range(len(a)) for x in range(low[w, 0], high[w, 0] + 1)
               for y in range(low[w, 1], high[w, 1] + 1)]  # fmt: skip
    cells, walls = np.array(sorted(entries)).T
    top = np.full(nx * ny, -np.inf)
    np.maximum.at(top, cells, roof[walls])
    offset = np.searchsorted(cells, np.arange(nx * ny + 1))
    return 0.0, 0.0, cell, nx, ny, offset, top, a[walls], b[walls], roof[walls], building[walls]


def main() -> None:
    rng = np.random.default_rng(1)
    walls = grid(*street_blocks())
    tx = np.column_stack([rng.uniform(0, 1200, (20, 2)), np.full(20, 25.0)])
    xy = np.stack(np.meshgrid(np.arange(0.0, 1200.0, 10.0), np.arange(0.0, 1200.0, 10.0)), axis=-1).reshape(-1, 2)
    rx = np.column_stack([xy, np.full(len(xy), 1.5)])
    none = [(np.zeros(len(p) + 1, np.int64), np.empty(0, np.int32)) for p in (tx, rx)]
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        start = time.perf_counter()
        clear = silla_kernels.los(*walls, tx, *none[0], rx, *none[1], False)
        seconds = time.perf_counter() - start
        print(f"{isa:9s} {clear.size / seconds / 1e6:6.1f} M rays/s, {clear.mean():.1%} in line of sight")


if __name__ == "__main__":
    main()
