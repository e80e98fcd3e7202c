"""K-best-32 of 16x16 16-QAM (32 real levels of four amplitudes) and the sphere search: milliseconds a channel use."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels

N, SNR_DB, BLOCKS = 16, 20.0, 200


def main() -> None:
    rng = np.random.default_rng(0)
    level = (np.array([-3, -1, 1, 3]) / np.sqrt(10)).astype(np.float32)
    a = rng.normal(size=(BLOCKS, 2, N, N)) / np.sqrt(2)
    h = np.block([[a[:, 0], -a[:, 1]], [a[:, 1], a[:, 0]]])
    x = level[rng.integers(0, 4, (BLOCKS, 2 * N))].astype(float)
    noise = rng.normal(size=x.shape) * np.sqrt(N * 10 ** (-SNR_DB / 10) / 2)
    y = np.einsum("bij,bj->bi", h, x) + noise
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        for name, call in (
            ("K-best-32", lambda: silla_kernels.k_best(h, y, level, 32)),
            ("sphere", lambda: silla_kernels.sphere(h, y, level, 10**6)),
        ):
            call()
            start = time.process_time()
            call()
            print(f"{isa:9s} {name:10s} {(time.process_time() - start) / BLOCKS * 1e3:6.3f} ms")


if __name__ == "__main__":
    main()
