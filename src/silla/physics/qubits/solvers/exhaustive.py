"""All states of a small Ising model in Gray-code order: the exact optimum, proven."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.samples import Sampler, Samples, timing

__all__ = ["Exhaustive"]

_BLOCK = 18  # spins whose states the twin holds at once


class Exhaustive(Sampler):
    """The optimum over all 2^n states; info["optima"] counts the states within rounding of it.

    Options: max_n, above which it refuses (30: some seconds), use_kernel.

    >>> Exhaustive().sample(Ising([0.0, 0.1], [[0, 1], [0, 0]])).best
    (array([ 1, -1], dtype=int8), -1.1)
    """

    name: ClassVar[str] = "exhaustive"
    options: ClassVar[dict[str, Any]] = {"max_n": 30, "use_kernel": True}

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        n = model.n
        if n > min(62, o["max_n"]):
            years = 2.0**n * 4e-9 / 3.156e7
            raise ArgumentError(
                f"exhaustive search of n = {n} spins visits 2^{n} states, about {years:.2g} years at 4 ns each; "
                f"allowed up to max_n = {o['max_n']}; take another solver"
            )
        clock = time.perf_counter()
        dense = model.dense()
        tolerance = 1e-9 * (float(np.abs(dense.h).sum()) + 0.5 * float(np.abs(dense.J).sum()) + 1e-300)
        fast = kernel("enumerate_states") if o["use_kernel"] else None
        if fast is not None:
            _, code, optima = fast(dense.h, dense.J, tolerance)
        else:
            code, optima = _twin(dense, tolerance)
        spins = (2 * ((int(code) >> np.arange(n)) & 1) - 1).astype(np.int8)[None]
        spent = timing(run=time.perf_counter() - clock)
        energy = model.energy(spins)
        info = {"status": "optimal", "bound": float(energy[0]), "optima": int(optima)}
        return Samples(spins, energy, np.ones(1, np.int64), spent, "spin", info)


def _twin(model: Ising, tolerance: float) -> tuple[int, int]:
    """(code of an optimum, number of optima): the first spins all at once, the others one state at a time."""
    n, low = model.n, min(model.n, _BLOCK)
    codes = np.arange(1 << low)
    spins = (2 * ((codes[:, None] >> np.arange(low)) & 1) - 1).astype(np.float64)
    inner = 0.5 * np.einsum("ri,ri->r", spins @ model.J[:low, :low], spins) + spins @ model.h[:low]
    best, code, optima = np.inf, 0, 0
    for high in range(1 << (n - low)):
        t = 2.0 * ((high >> np.arange(n - low)) & 1) - 1.0
        outer = 0.5 * t @ model.J[low:, low:] @ t + t @ model.h[low:]
        energies = inner + spins @ (model.J[:low, low:] @ t) + outer
        k = int(np.argmin(energies))
        near = int((energies <= min(best, energies[k]) + tolerance).sum())
        if energies[k] < best - tolerance:
            best, code, optima = float(energies[k]), int(codes[k]) | high << low, near
        else:
            optima += near
    return code, optima
