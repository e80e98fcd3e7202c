"""Figures of merit from stored tables: pure functions on plain numbers and arrays.

Each returns a number, or a (mean, low, high) triple where the inputs carry intervals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "Change",
    "PeakCarrier",
    "area_of_grid_m2",
    "change",
    "clusters",
    "mean_of_epochs",
    "peak_rate_bit_per_s",
    "percentile_interval",
    "percentile_of_cdf",
    "ratio",
    "resource_blocks",
    "thin",
]


@dataclass(frozen=True)
class Change:
    """Difference `b - a` and ratio `b / a - 1`, each with the ends of a 95 % interval; NaN where not defined."""

    difference: float
    difference_low: float
    difference_high: float
    relative: float
    relative_low: float
    relative_high: float

    @property
    def significant(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.difference_low > 0 or self.difference_high < 0


def change(a: float, a_low: float, a_high: float, b: float, b_low: float, b_high: float) -> Change:
    """How `b` differs from `a`, from the two means and their 95 % intervals.

    The half-widths are added in quadrature, as for independent means; the ratio's by the delta method in the logarithm,
    so its interval is multiplicative and never crosses -100 %. Variants of a run share their random numbers, which
    makes the true interval narrower.

    >>> c = change(10, 9, 11, 30, 29, 31)
    >>> round(c.difference_high - c.difference, 4), c.relative
    (1.4142, 2.0)
    """
    half_a, half_b = (a_high - a_low) / 2, (b_high - b_low) / 2
    half = math.hypot(half_a, half_b)
    difference = b - a
    if a > 0 and b > 0:
        spread = math.hypot(half_a / a, half_b / b)
        ratio = b / a
        relative = (ratio - 1, ratio * math.exp(-spread) - 1, ratio * math.exp(spread) - 1)
    else:
        relative = (math.nan, math.nan, math.nan)
    return Change(difference, difference - half, difference + half, *relative)


def percentile_of_cdf(value: ArrayLike, cdf: ArrayLike, share: float) -> float:
    """The value below which `share` of the distribution lies, linear between the stored points.

    Parameters
    ----------
    value, cdf : the points of a distribution function, same length, `cdf` rising within [0, 1].
    share : 0.05 for the 5th percentile. NaN when it lies outside the stored range.
    """
    v, p = np.asarray(value, dtype=float), np.asarray(cdf, dtype=float)
    order = np.lexsort((v, p))
    v, p = v[order], p[order]
    if not len(p) or share < p[0] or share > p[-1]:
        return math.nan
    return float(np.interp(share, p, v))


def percentile_interval(
    value: ArrayLike, cdf: ArrayLike, low: ArrayLike, high: ArrayLike, share: float
) -> tuple[float, float, float]:
    """The percentile with its 95 % interval, from a band [low, high] around the distribution function.

    The interval's ends are where the band's upper and lower edge reach `share`; infinite where an edge never does.
    """
    ends = [percentile_of_cdf(value, edge, share) for edge in (high, low)]
    lower, upper = (-math.inf if math.isnan(ends[0]) else ends[0]), (math.inf if math.isnan(ends[1]) else ends[1])
    return percentile_of_cdf(value, cdf, share), lower, upper


def thin(n: int, most: int = 200) -> np.ndarray:
    """Indexes of at most `most` of `n` sorted points, the ends kept and the rest evenly spread."""
    if n <= most:
        return np.arange(n)
    return np.unique(np.rint(np.linspace(0, n - 1, most)).astype(int))


def mean_of_epochs(mean: ArrayLike, low: ArrayLike, high: ArrayLike) -> tuple[float, float, float]:
    """Mean over epochs of equal length with its 95 % interval, from each epoch's own mean and interval.

    Epochs have independent drops, so half-widths h_i combine to sqrt(sum h_i^2)/n. NaN for no epochs.
    """
    m = np.asarray(mean, dtype=float)
    if not m.size:
        return math.nan, math.nan, math.nan
    half = (np.asarray(high, dtype=float) - np.asarray(low, dtype=float)) / 2
    spread = float(np.sqrt(np.sum(half**2))) / m.size
    centre = float(m.mean())
    return centre, centre - spread, centre + spread


def ratio(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    """a / b of two positive (mean, low, high), the interval by the delta method in the logarithm."""
    c = change(*b, *a)
    return c.relative + 1, c.relative_low + 1, c.relative_high + 1


@dataclass(frozen=True)
class PeakCarrier:
    """What the peak rate of a carrier depends on; `overhead` and `code_rate` are shares."""

    bandwidth_hz: float
    scs_hz: float
    layers: int
    bits_per_symbol: int
    overhead: float
    code_rate: float = 948 / 1024


def resource_blocks(bandwidth_hz: float, scs_hz: float) -> int:
    """Resource blocks of twelve subcarriers that fit with 2 % of the band left for guards.

    Within 3 % of the tables of 3GPP TS 38.101-1 clause 5.3.2 from 40 MHz upwards (100 MHz at 30 kHz: 272, there 273),
    and defined for bandwidths that no table has.
    """
    return math.floor(0.98 * bandwidth_hz / (12 * scs_hz) + 1e-9)


def peak_rate_bit_per_s(carrier: PeakCarrier) -> float:
    """Peak data rate while the carrier serves one direction: v Q R N_PRB 12 (14/T_subframe-slot) (1 - OH).

    Source: 3GPP TS 38.306 clause 4.1.2 with scaling factor 1. The time share of TDD is left out, as it is there.
    """
    symbols_per_s = 14 * 1000 * carrier.scs_hz / 15_000
    resource_elements_per_s = resource_blocks(carrier.bandwidth_hz, carrier.scs_hz) * 12 * symbols_per_s
    per_element = carrier.layers * carrier.bits_per_symbol * carrier.code_rate * (1 - carrier.overhead)
    return resource_elements_per_s * per_element


def area_of_grid_m2(x_m: ArrayLike, y_m: ArrayLike) -> float:
    """Area that a regular grid of points covers, each point a square of the grid's step; 0 for fewer than 2 x 2."""
    xs, ys = np.unique(np.asarray(x_m, dtype=float)), np.unique(np.asarray(y_m, dtype=float))
    if len(xs) < 2 or len(ys) < 2:
        return 0.0
    return float((xs[1] - xs[0]) * (ys[1] - ys[0]) * len(xs) * len(ys))


def clusters(xy_m: ArrayLike, gap_m: float) -> list[list[int]]:
    """Indexes of points in groups that are linked by steps of at most `gap_m` (single linkage), largest group first."""
    points = np.asarray(xy_m, dtype=float).reshape(-1, 2)
    left, groups = set(range(len(points))), []
    while left:
        front, group = [min(left)], []
        left.discard(front[0])
        while front:
            i = front.pop()
            group.append(i)
            near = [j for j in left if math.dist(points[i], points[j]) <= gap_m]
            left.difference_update(near)
            front += near
        groups.append(sorted(group))
    return sorted(groups, key=lambda g: (-len(g), g[0]))
