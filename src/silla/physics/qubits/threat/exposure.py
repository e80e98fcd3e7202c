"""Mosca's inequality per interface: how long data must stay secret, how long a migration takes, when the cipher falls.

Confidentiality: what is recorded today is read once the key exchange falls, so data sent until the migration ends is
exposed when the year comes within its lifetime after that. Authentication: nothing recorded helps; the signature must
be gone before the year comes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.physics.qubits.threat.years import chance

__all__ = ["Exposure", "expose"]


@dataclass(frozen=True)
class Exposure:
    """Risk of one use of one primitive. Years are calendar years.

    now, at_end : (P, low, high) that data sent now, or at the end of a migration that starts now, is read within its
    lifetime (of authentication: that the signature falls before now, or before the end). latest_start : start of the
    migration that keeps this at `risk`. late_by : years since, 0 when not yet.
    """

    now: tuple[float, float, float]
    at_end: tuple[float, float, float]
    latest_start: float
    late_by: float
    risk: float


def expose(
    years: NDArray[np.float64],
    *,
    now: float,
    lifetime: float,
    migration: float,
    confidentiality: bool,
    risk: float = 0.05,
) -> Exposure:
    """Exposure from draws of the year in which the primitive falls (`broken_years`).

    lifetime : years that data must stay secret (x), migration : years to replace the primitive (y). Mosca: worry when
    x + y > z. Raises ArgumentError for negative years or a risk outside 0..1.

    >>> e = expose(np.full(1000, 2035.0), now=2026.0, lifetime=10.0, migration=3.0, confidentiality=True)
    >>> e.now[0], e.latest_start, e.late_by
    (1.0, 2022.0, 4.0)
    """
    for name, value in (("lifetime", lifetime), ("migration", migration)):
        if not (math.isfinite(value) and value >= 0):
            raise ArgumentError(f"{name} is {value} years, allowed 0 or more")
    if not 0.0 < risk < 1.0:
        raise ArgumentError(f"risk is {risk:g}, allowed above 0 and below 1")
    x = lifetime if confidentiality else 0.0
    early = float(np.quantile(years, risk, method="inverted_cdf"))
    latest = early - x - migration
    late = max(0.0, now - latest) if math.isfinite(latest) else 0.0
    return Exposure(chance(years, now + x), chance(years, now + migration + x), latest, late, risk)
