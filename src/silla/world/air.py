"""Key links through the air, as arrays; their lengths are the distances of their places."""

from __future__ import annotations

import numpy as np

from silla.base.errors import ScenarioError
from silla.base.units import from_db
from silla.scenario.catalogue import Catalogue
from silla.scenario.models import Scenario
from silla.scenario.quantum import AirLink
from silla.world.telescopes import column, stores, telescopes
from silla.world.types import AirLinks, Places

__all__ = ["compile_air", "horizon_m"]

_EARTH_M = 6_371_000.0
_BENT = 7.0 / 6.0  # light near the ground bends with a seventh of the Earth's curvature
_SHORTEST_M, _LONGEST_M = 10.0, 150e3


def horizon_m(heights_m: tuple[float, ...]) -> float:
    """Distance at which two telescopes of these heights above a round, bare Earth lose sight of each other.

    sqrt(2 k R h) for each, k = 7/6 (refraction of a standard atmosphere at visible wavelengths).

    >>> round(horizon_m((30.0, 30.0)) / 1e3, 1)
    42.2
    """
    return float(sum(np.sqrt(2.0 * _BENT * _EARTH_M * h) for h in heights_m))


def compile_air(scenario: Scenario, places: Places, place: dict[str, int], parts: Catalogue) -> AirLinks:
    """Links that are enabled; ScenarioError for one too short, too long or beyond the horizon."""
    links = [a for a in scenario.quantum.air if a.enabled and scenario.quantum.enabled]
    ends = np.array([[place[e] for e in a.ends] for a in links], dtype=np.int64).reshape(-1, 2)
    length = np.hypot(*(places.xy_m[ends[:, 0]] - places.xy_m[ends[:, 1]]).T)
    for link, distance in zip(links, length, strict=True):
        _check(link, float(distance))
    origin = scenario.origin

    return AirLinks(
        id=tuple(a.id for a in links),
        protocol=tuple(a.protocol for a in links),
        watchdog=np.array([a.watchdog for a in links], dtype=bool),
        isolation=from_db(-column(links, "isolation_db")),
        homodyne=tuple(a.homodyne.model_dump() for a in links),
        ends=ends,
        length_m=np.asarray(length, dtype=float),
        lat_deg=np.full(len(links), 0.0 if origin is None else origin.lat),
        lon_deg=np.full(len(links), 0.0 if origin is None else origin.lon),
        light=tuple(a.light for a in links),
        weather=tuple(a.weather for a in links),
        turbulence=column(links, "turbulence"),
        **telescopes(links),
        detector=tuple(parts.part("detectors", a.detector) for a in links),
        misalignment=column(links, "misalignment"),
        block_bits=column(links, "block_bits"),
        security_epsilon=column(links, "security_epsilon"),
        equipment_w=column(links, "equipment_w"),
        **stores(links),
    )


def _check(link: AirLink, length_m: float) -> None:
    where, km = f"quantum.air[{link.id}]", length_m / 1e3
    if not _SHORTEST_M <= length_m <= _LONGEST_M:
        raise ScenarioError(
            f"{where}.ends: {' and '.join(link.ends)} lie {km:.4g} km apart, allowed {_SHORTEST_M:g} m to "
            f"{_LONGEST_M / 1e3:g} km; move a place or use a fibre"
        )
    sight = horizon_m(link.heights_m)
    if length_m > sight:
        raise ScenarioError(
            f"{where}.heights_m: {km:.4g} km lie beyond the horizon, {sight / 1e3:.4g} km for telescopes "
            f"{' and '.join(f'{h:g}' for h in link.heights_m)} m above the ground; raise them or bring the ends closer"
        )
