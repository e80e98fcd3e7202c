"""QAOA of depth three on a dense model: processor time of an energy and of its gradient, on one core."""

from __future__ import annotations

import time

import numpy as np
import silla_kernels


def best(function, *arguments, repeats: int = 5, **named) -> float:
    """Milliseconds of the best call."""
    function(*arguments, **named)
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        function(*arguments, **named)
        spent.append(time.process_time() - start)
    return 1e3 * min(spent)


def main(sizes: tuple[int, ...] = (20, 24)) -> None:
    rng = np.random.default_rng(0)
    run = silla_kernels.qaoa_run
    for n in sizes:
        h, couplings = rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1)
        cost = np.empty(1 << n, np.float32)
        state, back = np.zeros((2, 1 << n), np.float32), np.zeros((2, 1 << n), np.float32)
        gamma, phi = np.array([0.1, 0.2, 0.3]), np.tile([[-0.5], [-0.3], [-0.1]], (1, n))
        for isa in silla_kernels.supported():
            silla_kernels.set_isa(isa)
            diagonal = best(silla_kernels.ising_diagonal, cost, h, couplings)
            energy = best(run, state, cost, 0.0, 1.0, gamma, phi)
            gradient = best(run, state, cost, 0.0, 1.0, gamma, phi, back=back, repeats=2)
            print(f"n={n} {isa:9s} energies {diagonal:7.2f} ms, <H> {energy:8.2f} ms, gradient {gradient:8.2f} ms")


if __name__ == "__main__":
    main()
