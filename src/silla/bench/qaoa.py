"""One QAOA energy on one core: depth three, all couplings and fields there, single precision; and its gradient.

Processor time is counted, the best of several calls. The energies of all basis states are there before; the note says
what making them takes. Peers run the same circuit gate by gate in the same run.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from silla.base import kernels
from silla.base.rng import stream
from silla.bench.figure import Figure, Measured, with_avx2
from silla.bench.peer_qaoa import peer_energy
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.qaoa import Qaoa

__all__ = ["FIGURES"]

_GAMMA, _BETA = np.array([0.06, 0.12, 0.15]), np.array([-0.55, -0.37, -0.2])


def _processor_ms(call: Callable[[], Any], repeats: int) -> float:
    call()
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)
    return 1e3 * min(spent)


def _model(n: int) -> Ising:
    rng = stream(1, "bench", "qaoa", n)
    return Ising(rng.standard_normal(n), np.triu(rng.standard_normal((n, n)), 1))


def _problem(n: int, precision: str) -> dict[str, Any]:
    model = _model(n)
    return {
        "h": model.h.tolist(), "J": np.triu(model.J, 1).tolist(), "gamma": _GAMMA.tolist(), "beta": _BETA.tolist(),
        "precision": precision,
    }  # fmt: skip


@functools.cache
def _size(n: int) -> int:
    """The size measured: smaller where the twins serve, which take seconds."""
    return n if kernels.available() else 14


def _energy(n: int) -> Measured:
    size, repeats = _size(n), 9 if n <= 20 else 3
    start = time.process_time()
    qaoa = Qaoa(_model(size))
    making = 1e3 * (time.process_time() - start)
    value = _processor_ms(lambda: qaoa.energy(_GAMMA, _BETA), repeats)
    notes = [f"kernels: {kernels.isa()}", *_narrower(qaoa, repeats), f"energies of all states {making:.1f} ms"]
    peer = None
    if n <= 20 and size == n:
        peer, _, remark = peer_energy("aer", _problem(n, "single"))
        notes += [remark, peer_energy("lightning", _problem(n, "single"))[2]]
    if size != n:
        notes.append(f"n = {size} instead of {n}: no kernels")
    return Measured(value if size == n else None, peer, "; ".join(notes))


def _narrower(qaoa: Qaoa, repeats: int) -> list[str]:
    """The same with AVX2, where a wider set is in use."""
    spent = with_avx2(lambda: _processor_ms(lambda: qaoa.energy(_GAMMA, _BETA), repeats))
    return [] if spent is None else [f"avx2 {spent:.1f} ms"]


def _gradient() -> Measured:
    qaoa = Qaoa(_model(_size(20)))
    one = _processor_ms(lambda: qaoa.energy(_GAMMA, _BETA), 9)
    all_six = _processor_ms(lambda: qaoa.gradient(_GAMMA, _BETA), 9)
    return Measured(all_six / one, 12.0, f"kernels: {kernels.isa()}; n = {_size(20)}, {all_six:.1f} ms for 6 angles")


def _error() -> Measured:
    n = _size(20)
    single = Qaoa(_model(n)).energy(_GAMMA, _BETA)
    double = Qaoa(_model(n), precision="double").energy(_GAMMA, _BETA)
    _, theirs, remark = peer_energy("aer", _problem(n, "double"))
    beside = "" if theirs is None else f"; double precision against Aer's {abs(double / theirs - 1):.1e} ({remark})"
    return Measured(abs(single / double - 1.0), None, f"n = {n}, energy {double:.6f}{beside}")


FIGURES: tuple[Figure, ...] = (
    Figure("qaoa-20", "ms", 60.0, 15.0, "lower", lambda: _energy(20), peer="Aer: statevector, single precision"),
    Figure("qaoa-24", "ms", 1500.0, 400.0, "lower", lambda: _energy(24)),
    Figure("qaoa-gradient", "energies", 4.0, 4.0, "lower", _gradient, peer="central differences"),
    Figure("qaoa-error", "relative", 1e-5, 1e-6, "lower", _error),
)
