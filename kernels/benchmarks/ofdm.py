"""OFDM symbols between subcarriers and samples: microseconds of one core for each transform of 1024 and 4096."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels

ROWS = 448  # a slot of four carriers with eight ports


def seconds(call, *arguments) -> float:
    """Least processor time of a few calls."""
    times = []
    for _ in range(15):
        start = time.process_time()
        call(*arguments)
        times.append(time.process_time() - start)
    return min(times)


def twiddles(n: int) -> np.ndarray:
    """Runs of exp(-2 pi j p / m), its square and its cube for every radix-4 pass."""
    parts = []
    for m in [n >> (2 * i) for i in range(n.bit_length()) if n >> (2 * i) >= 4]:
        for power in (1, 2, 3):
            w = np.exp(-2j * np.pi * power * np.arange(m // 4) / m)
            parts += [w.real, w.imag]
    return np.concatenate(parts).astype(np.float32)


def main() -> None:
    rng = np.random.default_rng(0)
    for n, k in ((1024, 504), (4096, 3276)):
        x = rng.standard_normal((ROWS, 2 * n), dtype=np.float32)
        y = np.ascontiguousarray(x[:, : 2 * k])
        table = twiddles(n)
        for isa in silla_kernels.supported():
            silla_kernels.set_isa(isa)
            down = seconds(silla_kernels.ofdm, x, n, k, table, 1.0, True) / ROWS
            up = seconds(silla_kernels.ofdm, y, n, k, table, 1.0, False) / ROWS
            print(f"{isa:9s} {n:5d}: to subcarriers {down * 1e6:5.2f} us, to samples {up * 1e6:5.2f} us")


if __name__ == "__main__":
    main()
