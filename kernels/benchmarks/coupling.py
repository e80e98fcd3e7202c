"""Large-scale gain of 100,000 users and 57 cells of 19 UMa sites: links per second on one core."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels

UMA, N_USERS, N_SITES = 1, 100_000, 19


def main() -> None:
    rng = np.random.default_rng(0)
    n_cells = 3 * N_SITES
    users = np.column_stack([rng.uniform(-1200, 1200, (N_USERS, 2)), rng.choice([1.5, 4.5, 16.5], N_USERS)])
    sites = np.column_stack([rng.uniform(-1200, 1200, (N_SITES, 2)), np.full(N_SITES, 25.0)])
    zenith, azimuth = np.meshgrid(np.arange(-90, 91.0), np.arange(-180, 181.0), indexing="ij")
    pattern = 8.0 - np.minimum(12 * (zenith / 65) ** 2 + 12 * (azimuth / 65) ** 2, 30.0)
    arguments = [
        users, rng.random(N_USERS) < 0.8, rng.uniform(0, 25, N_USERS), rng.uniform(0, 30, N_USERS), sites,
        np.full(N_SITES, UMA, np.int32), np.repeat(np.arange(N_SITES), 3).astype(np.int32),
        np.tile(np.radians([30.0, 150.0, -90.0]), N_SITES), np.full(n_cells, 0.1), np.zeros(n_cells, np.int32),
        pattern[None].astype(np.float32), rng.random((N_USERS, N_SITES), dtype=np.float32),
        rng.standard_normal((N_USERS, N_SITES), dtype=np.float32), 3.5, False, 20.0, 5.0, 0.2, 10.0, 2.0, 0.1, None,
        np.zeros((1, 2)), 0.0, None,
    ]  # fmt: skip
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        start = time.perf_counter()
        gain = silla_kernels.coupling(*arguments)[0]
        seconds = time.perf_counter() - start
        print(f"{isa:9s} {gain.size / seconds / 1e6:6.1f} M links/s, mean gain {10 * np.log10(gain.mean()):.1f} dB")


if __name__ == "__main__":
    main()
