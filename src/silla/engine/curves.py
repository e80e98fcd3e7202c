"""Points of a block-error curve, their exact intervals, and where the curve passes a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from silla.results.stats import Proportion

__all__ = ["CurvePoint", "Threshold", "crossing", "interval95", "threshold"]


def interval95(errors: int, of: int) -> tuple[float, float]:
    """Exact 95 % interval of an error rate (Clopper and Pearson 1934)."""
    low, high = Proportion(np.asarray(errors), np.asarray(of)).interval95()
    return float(low), float(high)


@dataclass(frozen=True)
class CurvePoint:
    """Blocks and block errors at one signal-to-noise ratio."""

    snr_db: float
    blocks: int
    errors: int

    @property
    def bler(self) -> float:
        """Share of blocks lost; NaN without any."""
        return self.errors / self.blocks if self.blocks else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % interval of the block error rate (Clopper and Pearson 1934)."""
        return interval95(self.errors, self.blocks)


@dataclass(frozen=True)
class Threshold:
    """Where a curve passes the target, in dB, and where the limits of its intervals do. NaN: not within the points."""

    snr_db: float
    low_db: float
    high_db: float
    blocks: int


def crossing(snr_db: ArrayLike, value: ArrayLike, target: float) -> float:
    """The signal-to-noise ratio at which a falling curve passes the target, log(value) linear in dB; NaN where never.

    The last crossing counts, so that a curve that wavers is not taken for better than it is.

    >>> crossing([0, 1, 2], [1.0, 0.1, 0.001], 0.01)
    1.5
    """
    x, y = np.asarray(snr_db, float), np.log10(np.maximum(np.asarray(value, float), 1e-12))
    goal = np.log10(target)
    above = np.flatnonzero(y > goal)
    if not len(above) or above[-1] + 1 == len(x):
        return float("nan")
    i = int(above[-1])
    return float(x[i] + (y[i] - goal) / (y[i] - y[i + 1]) * (x[i + 1] - x[i]))


def threshold(points: Sequence[CurvePoint], target: float) -> Threshold:
    """Where the block error rate passes the target; a point without errors counts as half an error."""
    ordered = sorted((p for p in points if p.blocks), key=lambda p: p.snr_db)
    x, limits = [p.snr_db for p in ordered], [p.interval for p in ordered]
    middle = crossing(x, [max(p.errors, 0.5) / p.blocks for p in ordered], target)
    low, high = (crossing(x, [pair[side] for pair in limits], target) for side in (0, 1))
    return Threshold(middle, low, high, sum(p.blocks for p in ordered))
