"""What a headline figure is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from silla.base import kernels

__all__ = ["Figure", "Measured", "best_of", "with_avx2"]

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """A measurement: the value and the peer's in the figure's unit (None where they could not be had), and a remark."""

    value: float | None
    peer_value: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """One headline figure.

    floor : the value that must be met everywhere; goal : the one aimed at. better : which way is better.
    peer : what it is measured beside, "" for none. measure : takes the measurement, seconds to a minute.
    """

    name: str
    unit: str
    floor: float
    goal: float
    better: Literal["higher", "lower"]
    measure: Callable[[], Measured]
    peer: str = ""

    def row(self, measured: Measured) -> dict[str, Any]:
        """The measurement as the row that `silla bench --json` prints.

        ratio : how many times better than the peer, above 1 when silla is ahead; None without both values.
        """
        value, peer = measured.value, measured.peer_value
        ratio = None
        if value and peer:
            ratio = value / peer if self.better == "higher" else peer / value
        return {
            "name": self.name,
            "value": value,
            "unit": self.unit,
            "floor": self.floor,
            "goal": self.goal,
            "better": self.better,
            "peer": self.peer or None,
            "peer_value": peer,
            "ratio": ratio,
            "note": measured.note,
        }


def best_of(call: Callable[[], Any], repeats: int = 5) -> float:
    """Least wall time in seconds of several calls, after one that does not count."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def with_avx2(call: Callable[[], T]) -> T | None:
    """What `call` gives with the AVX2 kernels, where a wider set is in use, else None."""
    set_isa = kernels.kernel("set_isa")
    if set_isa is None or kernels.isa() != "avx512":
        return None
    try:
        set_isa("avx2")
        return call()
    finally:
        set_isa("avx512")
