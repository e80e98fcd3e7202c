"""Figures of merit from stored numbers: pure functions on plain numbers and arrays.

Read `change` first: it is what the comparison of variants rests on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Change", "change", "peak_efficiency", "thin", "uplink_peak"]


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

    @property
    def ratio_significant(self) -> bool:
        """Whether the interval of the ratio leaves out one; narrow intervals agree with `significant`."""
        return self.relative_low > 0 or self.relative_high < 0


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
        factor = b / a
        relative = (factor - 1, factor * math.exp(-spread) - 1, factor * math.exp(spread) - 1)
    else:
        relative = (math.nan, math.nan, math.nan)
    return Change(difference, difference - half, difference + half, *relative)


def peak_efficiency(peak_bit_per_s: float, bandwidth_hz: float, share: float) -> float:
    """Peak spectral efficiency in bit/s/Hz: peak rate over the bandwidth and the direction's share of time.

    Source: ITU-R M.2410-0 clause 4.2, normalised for TDD as in 3GPP TR 37.910.

    >>> peak_efficiency(1.5e9, 100e6, 0.75)
    20.0
    """
    return peak_bit_per_s / (bandwidth_hz * share)


def uplink_peak(peak_downlink: float, downlink_share: float) -> float:
    """Peak uplink rate of a carrier with the same layers, MCS and overhead both ways, from its downlink's.

    `downlink_share` of time is 1 for FDD, whose uplink has its own band.

    >>> uplink_peak(3.0, 0.75), uplink_peak(3.0, 1.0)
    (1.0, 3.0)
    """
    return peak_downlink if downlink_share >= 1.0 else peak_downlink * (1.0 - downlink_share) / downlink_share


def thin(n: int, most: int = 200) -> NDArray[np.int64]:
    """Indexes of at most `most` of `n` sorted points, the ends kept and the rest evenly spread."""
    if n <= most:
        return np.arange(n)
    return np.unique(np.rint(np.linspace(0, n - 1, most)).astype(np.int64))
