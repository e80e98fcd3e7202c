"""Rate matching, soft combining and CRC-24A: Gbit/s of one core, code blocks of K = 8448 at rate 1/2."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels

Z, E, N_BLOCKS = 384, 16_896, 12


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
    word = rng.integers(0, 2, (N_BLOCKS, 68 * Z), dtype=np.uint8)
    runs = np.array([[2 * Z, 66 * Z]])
    llr = rng.integers(-127, 128, (1, N_BLOCKS, E)).astype(np.int8)
    total, numbers = np.zeros((1, N_BLOCKS, 68 * Z), np.int8), np.arange(N_BLOCKS)
    table = np.zeros((8, 256), np.uint32)
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        crc = seconds(lambda: silla_kernels.crc_remainder(word, 22 * Z, table))
        print(f"{isa:9s} CRC {N_BLOCKS * 22 * Z / crc / 1e9:6.1f}")
        for bits in (2, 4, 6, 8, 10, 12):
            e = E // bits * bits
            part = np.ascontiguousarray(llr[..., :e])
            up = seconds(lambda b=bits, e=e: silla_kernels.rate_match(word, runs, e, b))
            down = seconds(lambda b=bits, p=part: silla_kernels.rate_combine(p, runs, b, numbers, total))
            print(
                f"{isa:9s} {bits:2d} bits a symbol  matching {N_BLOCKS * e / up / 1e9:6.1f}"
                f"  combining {N_BLOCKS * e / down / 1e9:6.1f}"
            )


if __name__ == "__main__":
    main()
