"""Channel and noise on a slot of 273 resource blocks, one transmit and four receive antennas: M samples per second."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 1, 14, 2 * 3276), dtype=np.float32)
    h = rng.standard_normal((1, 4, 1, 14, 2 * 3276), dtype=np.float32)
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        for name, noise in (("channel", 0.0), ("channel and noise", 0.1)):
            level = np.full(1, noise, np.float32)
            times = []
            for key in range(7):
                start = time.process_time()
                silla_kernels.propagate(x, h, level, key)
                times.append(time.process_time() - start)
            print(f"{isa:9s} {name:18s} {4 * 14 * 3276 / min(times) / 1e6:7.1f} M samples/s")


if __name__ == "__main__":
    main()
