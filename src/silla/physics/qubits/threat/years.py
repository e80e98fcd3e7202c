"""The year in which a primitive falls: machines grow, gates improve, algorithms need less; each at an uncertain pace.

A machine of N0 qubits in year t0 doubles every T years; an attack that needed M0 qubits in year m0 needs half of them
every H years, down to a floor; the gate error halves every E years and must reach the attack's. The year is the first
in which both hold. T, E and H are lognormal. Without H and E the year is t0 + T log2(M0 / N0), itself lognormal: the
oracle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.qubits.threat.evidence import Route, primitive, routes_of

__all__ = ["GROWTHS", "Growth", "broken_years", "chance", "closed_form_year", "route_years"]

Floats = NDArray[np.float64]
_MAX_SAMPLES = 1_000_000


@dataclass(frozen=True)
class Growth:
    """How a platform grows. Pairs are (median, sigma of the logarithm) of years; None: it does not change.

    qubits, gate_error : in `year`. doubling : of qubits. halving_error : of the gate error. halving_need : of the
    qubits that an attack needs.
    """

    platform: str
    year: float
    qubits: float
    gate_error: float
    doubling: tuple[float, float]
    halving_error: tuple[float, float] | None
    halving_need: tuple[float, float] | None
    source: str

    def __post_init__(self) -> None:
        if not (self.qubits >= 1 and 0 < self.gate_error < 1 and math.isfinite(self.qubits + self.year)):
            raise ArgumentError(f"growth of {self.platform}: qubits {self.qubits} and gate error {self.gate_error}")
        for name in ("doubling", "halving_error", "halving_need"):
            pair = getattr(self, name)
            if pair is not None and not (math.isfinite(sum(pair)) and pair[0] > 0 and pair[1] >= 0):
                raise ArgumentError(
                    f"growth of {self.platform}: {name} is {pair}, allowed a median above 0, sigma >= 0"
                )


GROWTHS: dict[str, Growth] = {
    "superconducting": Growth(
        "superconducting", 2024.9, 105, 3.3e-3, (1.5, 0.4), (3.0, 0.4), (3.0, 0.5),
        "qubits and error: Willow (Nature 638, 920). Doubling declared between the 5 years of machines with falling "
        "errors (53 in 2019, 105 in 2024) and the 0.9 years of the largest chips (53 to 1,121); halving of the need: "
        "20e6 to 1e6 in six years is 1.4 years, of which half the pace is believed to last (declared)",
    ),
    "neutral-atom": Growth(
        "neutral-atom", 2025.7, 448, 5e-3, (1.3, 0.5), (3.0, 0.5), (4.0, 0.5),
        "qubits: 448 that compute (2025), 280 in 2023; doubling declared, faster where trapped atoms (6,100) count; "
        "need already near its floor (declared)",
    ),
}  # fmt: skip


def _drawn(pair: tuple[float, float] | None, rng: np.random.Generator, n: int) -> Floats:
    """Years, infinite where nothing changes."""
    normal = rng.normal(size=n)  # drawn in any case: other draws stay what they are
    return np.full(n, np.inf) if pair is None else pair[0] * np.exp(pair[1] * normal)


def route_years(route: Route, growth: Growth, rng: np.random.Generator, n: int) -> Floats:
    """[n] years in which the route opens; infinite where the gate error never gets there."""
    doubling = _drawn(growth.doubling, rng, n)
    error = _drawn(growth.halving_error, rng, n)
    need = _drawn(growth.halving_need, rng, n)
    # log2 N(t) = log2 N0 + (t - t0)/T meets log2 M0 - (t - m0)/H, or the floor, whichever is reached first in N
    gap = math.log2(route.qubits / growth.qubits) + (route.year - growth.year) / need
    falling = growth.year + np.maximum(gap, 0.0) / (1.0 / doubling + 1.0 / need)
    floor = growth.year + doubling * max(math.log2(route.floor / growth.qubits), 0.0)
    enough = np.maximum(np.maximum(falling, floor), route.year)  # not before the attack was known
    ratio = math.log2(growth.gate_error / route.gate_error)
    good = growth.year + (error * ratio if ratio > 0 else np.zeros(n))
    return np.maximum(enough, good)


def broken_years(
    name: str,
    *,
    n: int = 20_000,
    seed: int = 1,
    standing: str = "preprint",
    growths: Mapping[str, Growth] | None = None,
) -> Floats:
    """[n] draws of the year in which a primitive falls by the first of its routes; infinite where none is known.

    The draws are addressed by seed and platform: primitives share a future, so one that needs less never falls later.
    Raises ArgumentError for n outside 100 to 1e6, an unknown primitive or standing.

    >>> bool(np.isinf(broken_years("aes-256", n=100)).all())
    True
    """
    if not isinstance(n, (int, np.integer)) or not 100 <= n <= _MAX_SAMPLES:
        raise ArgumentError(f"samples is {n}, allowed 100 to {_MAX_SAMPLES}")
    if growths is None:
        return _default_years(primitive(name).name, int(n), int(seed), standing)
    return _years(name, int(n), int(seed), standing, growths)


@lru_cache(maxsize=64)
def _default_years(name: str, n: int, seed: int, standing: str) -> Floats:
    """Draws of the platforms' own growth, kept: the variants of a run share them. Not to be written to."""
    years = _years(name, n, seed, standing, GROWTHS)
    years.flags.writeable = False
    return years


def _years(name: str, n: int, seed: int, standing: str, known: Mapping[str, Growth]) -> Floats:
    years = np.full(n, np.inf)
    for route in routes_of(name, standing):
        if route.platform in known:
            rng = stream(seed, "threat", route.platform)
            years = np.minimum(years, route_years(route, known[route.platform], rng, n))
    return years


def closed_form_year(route: Route, growth: Growth, probability: float) -> float:
    """Quantile of the year where neither the need nor the gate error changes: t0 + log2(M0/N0) T, T lognormal."""
    from scipy.stats import norm

    median, sigma = growth.doubling
    steps = max(math.log2(route.qubits / growth.qubits), 0.0)
    return growth.year + steps * median * math.exp(sigma * float(norm.ppf(probability)))


def chance(years: Floats, by: float) -> tuple[float, float, float]:
    """(P(year <= by), low, high): exact 95 % binomial interval of the draws, not of what they assume."""
    from scipy.stats import binomtest

    n, k = years.size, int(np.count_nonzero(years <= by))
    exact = binomtest(k, n).proportion_ci()
    return k / n, float(exact.low), float(exact.high)
