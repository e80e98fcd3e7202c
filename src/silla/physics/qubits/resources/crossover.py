"""Where a quantum time crosses a measured classical one: two laws of growth fitted, each with its interval.

What lies beyond the sizes measured is extrapolation, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["Crossing", "Growth", "crossing", "fit_growth"]


@dataclass(frozen=True)
class Growth:
    """Seconds over size: law "exponential", t = a 2^(b n), or "power", t = a n^b; log2 a, b and 95 % interval of b.

    covariance : of (log2 a, b). aic : Akaike's criterion, the lower the better. sizes : range that was measured.
    """

    law: str
    log2_a: float
    b: float
    interval: tuple[float, float]
    covariance: tuple[tuple[float, float], tuple[float, float]]
    t_quantile: float
    aic: float
    sizes: tuple[int, int]

    def _x(self, n: float) -> float:
        return n if self.law == "exponential" else math.log2(n)

    def log2_seconds(self, n: float, side: float = 0.0) -> float:
        """log2 of the mean law at size n; side -1, +1: ends of its 95 % interval there."""
        x = self._x(n)
        (va, cab), (_, vb) = self.covariance
        half = self.t_quantile * math.sqrt(max(0.0, va + 2 * x * cab + x * x * vb))
        return self.log2_a + self.b * x + side * half


@dataclass(frozen=True)
class Crossing:
    """Size from which the quantum time is the lower one: None where there is none up to `searched`.

    earliest, latest : for the ends of the classical law's interval. extrapolated : beyond the sizes measured.
    """

    size: int | None
    earliest: int | None
    latest: int | None
    seconds: float | None
    extrapolated: bool
    searched: int
    note: str


def fit_growth(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[Growth, Growth]:
    """Both laws through measured times, the better one first (least squares of log2 seconds).

    Raises ArgumentError for fewer than four points, fewer than three sizes, or times that are not above zero.

    >>> best, _ = fit_growth([4, 8, 12, 16, 20], [2.0**n for n in (4, 8, 12, 16, 20)])
    >>> best.law, round(best.b, 6)
    ('exponential', 1.0)
    """
    n, t = np.asarray(sizes, float), np.asarray(seconds, float)
    if n.shape != t.shape or n.size < 4 or np.unique(n).size < 3:
        raise ArgumentError(f"a law of growth needs four times at three sizes, found {n.size} at {np.unique(n).size}")
    if not (np.isfinite(n).all() and np.isfinite(t).all() and (n >= 1).all() and (t > 0).all()):
        raise ArgumentError("sizes must be 1 or more and times above 0, all finite")
    both = [_fit(law, n, t) for law in ("exponential", "power")]
    first, second = sorted(both, key=lambda g: g.aic)
    return first, second


def _fit(law: str, n: np.ndarray, t: np.ndarray) -> Growth:
    from scipy.stats import t as student

    x, y = (n if law == "exponential" else np.log2(n)), np.log2(t)
    design = np.column_stack([np.ones_like(x), x])
    (a, b), *_ = np.linalg.lstsq(design, y, rcond=None)
    rest = y - design @ [a, b]
    free = len(y) - 2
    variance = float(rest @ rest) / free
    c = variance * np.linalg.inv(design.T @ design)
    q = float(student.ppf(0.975, free))
    half = q * math.sqrt(c[1, 1])
    aic = len(y) * math.log(max(float(rest @ rest) / len(y), 1e-30)) + 4
    pairs = ((float(c[0, 0]), float(c[0, 1])), (float(c[1, 0]), float(c[1, 1])))
    return Growth(
        law, float(a), float(b), (float(b) - half, float(b) + half), pairs, q, aic, (int(n.min()), int(n.max()))
    )


def crossing(growth: Growth, quantum_log2_seconds: Callable[[float], float], largest: int = 100_000) -> Crossing:
    """The least size, up to `largest`, from which the quantum time stays below the classical law.

    quantum_log2_seconds : size -> log2 of seconds; infinite where it cannot run.

    >>> law, _ = fit_growth([4, 8, 12, 16, 20], [2.0**n for n in (4, 8, 12, 16, 20)])
    >>> crossing(law, lambda n: n / 2 + 30.3).size
    61
    """
    sizes = _grid(growth.sizes[0], largest)
    quantum = np.array([quantum_log2_seconds(float(n)) for n in sizes])
    found = [_first(sizes, quantum, growth, quantum_log2_seconds, side) for side in (0.0, 1.0, -1.0)]
    size, earliest, latest = found
    if size is None:
        return Crossing(
            None, earliest, latest, None, True, largest,
            f"no crossing up to n = {largest}: the classical time stays the lower one",
        )  # fmt: skip
    beyond = size > growth.sizes[1]
    note = f"extrapolated from n = {growth.sizes[0]}..{growth.sizes[1]}" if beyond else "within the sizes measured"
    log2 = quantum_log2_seconds(float(size))
    return Crossing(size, earliest, latest, 2.0**log2 if log2 < 1000 else math.inf, beyond, largest, note)


def _grid(low: int, high: int) -> np.ndarray:
    return np.unique(np.r_[np.arange(low, min(high, low + 100) + 1), np.geomspace(max(low, 1), high, 120).astype(int)])


def _first(sizes, quantum, growth: Growth, time: Callable[[float], float], side: float) -> int | None:
    below = quantum < [growth.log2_seconds(float(n), side) for n in sizes]
    if not below[-1]:
        return None
    last = np.flatnonzero(~below)
    if not last.size:
        return int(sizes[0])
    low, high = int(sizes[last[-1]]), int(sizes[last[-1] + 1])
    while high - low > 1:
        middle = (low + high) // 2
        if time(float(middle)) < growth.log2_seconds(float(middle), side):
            high = middle
        else:
            low = middle
    return high
