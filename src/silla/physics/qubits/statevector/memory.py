"""What a state vector needs, before it is asked of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.memory import available_bytes

__all__ = ["MemoryPlan", "aligned", "available_bytes", "plan"]

_LINE = 64  # bytes
_WORK = 64 << 20  # buffers and what the interpreter takes beside the arrays


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes of a simulation: amplitudes, energies of all basis states, and in all with some room for buffers."""

    state: int
    cost: int

    @property
    def total(self) -> int:
        """Bytes in all."""
        return self.state + self.cost + _WORK


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array, not initialised, that begins on a cache line: no vector of the kernels then lies across two."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape)) * kind.itemsize
    raw = np.empty(size + _LINE, np.uint8)
    first = -raw.ctypes.data % _LINE
    return raw[first : first + size].view(kind).reshape(shape)


def plan(
    n: int, *, precision: str = "single", counted: bool = False, gradient: bool = False, limit: int | None = None
) -> MemoryPlan:
    """Memory for n qubits; ArgumentError where that is more than `limit` bytes (default: what is available now).

    precision : "single" (two float32 planes, 8 bytes an amplitude) or "double". counted : energies are whole numbers
    of a step, 2 bytes each. gradient : a second state is held.

    >>> plan(30, limit=24 * 2**30).total / 2**30
    12.0625
    """
    real = {"single": 4, "double": 8}.get(precision)
    if real is None:
        raise ArgumentError(f"precision is 'single' or 'double', found {precision!r}")
    needed = MemoryPlan((4 if gradient else 2) * real << n, (2 if counted else real) << n)
    have = available_bytes() if limit is None else limit
    if needed.total > have:
        gib = needed.total / 2**30
        raise ArgumentError(
            f"an exact state of n = {n} qubits in {precision} precision needs {gib:,.1f} GiB "
            f"({needed.state / 2**30:,.1f} amplitudes, {needed.cost / 2**30:,.1f} energies) and "
            f"{have / 2**30:,.1f} GiB are available; take fewer variables, single precision, or a solver that holds "
            "no state vector"
        )
    return needed
