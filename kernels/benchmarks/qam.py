"""QAM mapping and max-log demapping to 8 bits: million symbols per second of one core."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels

N = 42_588  # symbols of a slot of 273 PRB with 13 data symbols


def seconds(call) -> float:
    """Least processor time of a few calls."""
    times = []
    for _ in range(15):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    rng = np.random.default_rng(0)
    noise = np.full(N, 0.1, np.float32)
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        for bits in (2, 4, 6, 8, 10, 12):
            level = np.linspace(-1, 1, 1 << (bits // 2), dtype=np.float32)
            data, flip = rng.integers(0, 2, (2, N * bits), dtype=np.uint8)
            symbols = silla_kernels.qam_map(data, bits, level, flip)
            unit = 1.0 / (len(level) - 1)
            up = seconds(lambda d=data, b=bits, v=level, f=flip: silla_kernels.qam_map(d, b, v, f))
            down = seconds(
                lambda s=symbols, b=bits, u=unit, f=flip: silla_kernels.qam_demap_int8(s, noise, b, u, 4.0, f)
            )
            print(f"{isa:9s} {bits:2d} bits  mapping {N / up / 1e6:6.0f}  demapping {N / down / 1e6:6.0f}")


if __name__ == "__main__":
    main()
