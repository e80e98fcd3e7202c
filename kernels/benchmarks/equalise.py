"""LMMSE detection of a slot of 273 resource blocks, 1, 2 and 4 layers on 4 antennas: M resource elements per second."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels


def main() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal((1, 4, 14, 2 * 3276), dtype=np.float32)
    noise = np.full((1, 1, 1), 0.1, np.float32)
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        for n_layers in (1, 2, 4):
            h = rng.standard_normal((1, 4, n_layers, 14, 2 * 3276), dtype=np.float32)
            silla_kernels.lmmse_detect(y, h, noise)
            times = []
            for _ in range(7):
                start = time.process_time()
                silla_kernels.lmmse_detect(y, h, noise)
                times.append(time.process_time() - start)
            print(f"{isa:9s} {n_layers} layers {14 * 3276 / min(times) / 1e6:7.1f} M elements/s")


if __name__ == "__main__":
    main()
