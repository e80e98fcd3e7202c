"""The analog front end: million samples per second of one core, all stages and the quantiser alone."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels

GROUPS, PORTS, N = 4, 8, 14 * 1024  # a slot of four carriers with eight ports


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
    x = rng.standard_normal((GROUPS, PORTS, N, 2), dtype=np.float32)
    turn = rng.standard_normal((GROUPS, N, 2), dtype=np.float32)
    step = np.full((GROUPS, PORTS), 0.05, np.float32)
    mix = np.tile(np.array([1, 0.01, -0.01, 1], np.float32), (GROUPS, PORTS, 1))
    gain = np.ones((8193, 2), np.float32)
    samples = GROUPS * PORTS * N
    for isa in silla_kernels.supported():
        silla_kernels.set_isa(isa)
        whole = seconds(lambda: silla_kernels.front_end(x, turn, step, 64.0, mix, gain, 400.0, turn))
        one = seconds(lambda: silla_kernels.front_end(x, None, step, 64.0, None, None, 1.0, None))
        print(f"{isa:9s} all stages {samples / whole / 1e6:6.0f}  quantiser {samples / one / 1e6:6.0f}")


if __name__ == "__main__":
    main()
