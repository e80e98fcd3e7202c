"""Strongest cell and weighted sums over 100,000 users and 225 cells: gains per second on one core."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels


def main() -> None:
    rng = np.random.default_rng(0)
    gain = (10 ** rng.uniform(-16, -6, (100_000, 225))).astype(np.float32)
    cells, users = rng.random(225), rng.random(100_000)
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        for name, weight in (("strongest", cells), ("weigh_cells", cells), ("weigh_users", users)):
            call = getattr(silla_kernels, name)
            call(gain, weight)
            start = time.perf_counter()
            call(gain, weight)
            print(f"{isa:9s} {name:12s} {gain.size / (time.perf_counter() - start) / 1e9:6.2f} G gains/s")


if __name__ == "__main__":
    main()
