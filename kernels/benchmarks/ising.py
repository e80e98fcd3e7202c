"""Annealing of dense spin glasses, tabu search and enumeration: spin updates, steps and states per second, one core."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels


def padded(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    pad = -(-n // 16) * 16
    h = np.full(pad, -1e30, np.float32)
    h[:n] = 0.0
    upper = np.triu(rng.normal(size=(n, n)), 1)
    j = np.zeros((n, pad), np.float32)
    j[:, :n] = upper + upper.T
    return h, j / np.abs(j).max()


def seconds(call) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    rng = np.random.default_rng(0)
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        for n, reads, sweeps in ((100, 100, 1000), (2000, 4, 200)):
            h, j = padded(n, rng)
            spins = (2 * rng.integers(0, 2, (reads, len(h))) - 1).astype(np.float32)
            spins[:, n:] = 1.0
            t = np.geomspace(2, 0.08, sweeps).astype(np.float32)[None] * np.float32(np.sqrt((j[0] ** 2).sum()))
            state = rng.integers(1, 2**32, (reads, 4, 16), dtype=np.uint32)
            spent = seconds(lambda a=(h, n, spins, t, state, True, j): silla_kernels.anneal(*a))
            print(f"{isa:9s} annealing n = {n:4d} {reads * sweeps * n / spent / 1e6:7.1f} M spin updates/s")
            tenure = np.full(2000, 20, np.int32)
            spent = seconds(lambda a=(h, n, spins[:4], tenure, j): silla_kernels.tabu(*a))
            print(f"{isa:9s} tabu      n = {n:4d} {4 * len(tenure) / spent / 1e6:7.2f} M steps/s")
        j22 = np.triu(rng.normal(size=(22, 22)), 1)
        given = (np.zeros(22), j22 + j22.T, 1e-9)
        spent = seconds(lambda a=given: silla_kernels.enumerate_states(*a))
        print(f"{isa:9s} enumerate n = 22   {2**22 / spent / 1e6:7.1f} M states/s")


if __name__ == "__main__":
    main()
