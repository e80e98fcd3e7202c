"""Cascade (both ends), Toeplitz hashing of 1e7 bits and polynomial hashing: processor time on one core, each set."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels


def seconds(call, *arguments) -> float:
    call(*arguments)
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


def main() -> None:
    rng, n, frames, rate = np.random.default_rng(0), 65536, 8, 0.03
    orders = np.stack([rng.permutation(n).astype(np.uint16) for _ in range(2)])
    masks = rng.integers(0, n, 13, dtype=np.uint16) | np.uint16(1)
    a = rng.integers(0, 2, (frames, n), dtype=np.uint8)
    b = a ^ (rng.random(a.shape) < rate).astype(np.uint8)
    words = [np.packbits(x, axis=1, bitorder="little").view(np.uint64) for x in (a, b)]
    top = [5, 9, 12] + [15] * 13
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        took = seconds(silla_kernels.cascade_run, *words, n, top, orders, masks)
        print(f"{isa:9s} cascade    {a.size / took / 1e6:8.1f} Mbit/s at 3 % errors")
        size = 10**6 if isa == "baseline" else 10**7
        x, t = (rng.bytes((k + 7) // 8) for k in (size, size + 3 * size // 10 - 1))
        bits, diagonals = np.frombuffer(x, np.uint8), np.frombuffer(t, np.uint8)
        took = seconds(silla_kernels.toeplitz, bits, size, diagonals, 3 * size // 10)
        print(f"{isa:9s} toeplitz   {size / took / 1e6:8.1f} Mbit/s")
        key = rng.integers(0, 2**63, 2, dtype=np.uint64)
        took = seconds(silla_kernels.polynomial_hash, bits[: 16 * (len(bits) // 16)], key)
        print(f"{isa:9s} polynomial {len(bits) / took / 1e6:8.1f} MB/s")


if __name__ == "__main__":
    main()
