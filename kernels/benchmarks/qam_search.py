"""K-best detection on 4 antennas: thousand resource elements per second."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels


def main() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal((1, 4, 1, 2 * 500), dtype=np.float32)
    noise = np.full((1, 1, 1), 0.1, np.float32)
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        for n_layers, n_levels, k in ((2, 4, 16), (4, 4, 64), (4, 8, 64)):
            h = rng.standard_normal((1, 4, n_layers, 1, 2 * 500), dtype=np.float32)
            levels = np.linspace(-1, 1, n_levels, dtype=np.float32)
            start = time.process_time()
            silla_kernels.qam_search(y, h, noise, levels, k, 20.0)
            spent = time.process_time() - start
            print(f"{isa:9s} {n_layers} layers of {n_levels**2}QAM, k {k}: {0.5 / spent:7.1f} k elements/s")


if __name__ == "__main__":
    main()
