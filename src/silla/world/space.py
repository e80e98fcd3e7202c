"""Satellites and their links to stations, as arrays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from silla.base.errors import ScenarioError, SillaError
from silla.base.geo import unproject
from silla.physics.optical.orbit import check_age, tle
from silla.scenario.models import Scenario
from silla.scenario.quantum import Downlink, Satellite
from silla.world.telescopes import column, stores, telescopes
from silla.world.types import Downlinks, Places, Satellites

__all__ = ["compile_downlinks", "compile_satellites"]


def compile_satellites(scenario: Scenario) -> Satellites:
    """Satellites; ScenarioError for elements that cannot be read or are too old for the day."""
    flying = list(scenario.quantum.satellites) if scenario.quantum.enabled else []
    begin, hours = _begin(scenario)
    for satellite in flying:
        if satellite.tle:
            _check_elements(satellite, begin, hours)
    return Satellites(
        id=tuple(s.id for s in flying),
        name=tuple(s.name or s.id for s in flying),
        tle=tuple(tuple(s.tle) for s in flying),
        altitude_m=np.array([s.altitude_km for s in flying], dtype=float) * 1e3,
        node_hour=np.array([s.node_hour for s in flying], dtype=float),
        trusted=np.array([s.trusted for s in flying], dtype=bool),
        begin_utc=begin.isoformat(),
    )


def _begin(scenario: Scenario) -> tuple[datetime, float]:
    """(when the day begins, its hours); without a day, the default's date."""
    day = scenario.day
    if day is None:
        return datetime(2026, 3, 20, tzinfo=UTC), 24.0
    return datetime.fromisoformat(day.date).replace(tzinfo=UTC) - timedelta(hours=day.utc_offset_h), day.hours


def _check_elements(satellite: Satellite, begin: datetime, hours: float) -> None:
    try:
        orbit = tle(satellite.id, *satellite.tle, source=f"satellite {satellite.id!r}")
        check_age(orbit, begin, begin + timedelta(hours=hours))
    except SillaError as error:
        raise ScenarioError(f"quantum.satellites[{satellite.id}].tle: {error}") from None


def compile_downlinks(scenario: Scenario, places: Places, place: dict[str, int]) -> Downlinks:
    """Links that are enabled, with the latitude and longitude of their stations."""
    links = [d for d in scenario.quantum.downlinks if d.enabled and scenario.quantum.enabled]
    index = {s.id: i for i, s in enumerate(scenario.quantum.satellites)}
    station = np.array([place[d.station] for d in links], dtype=np.int64)
    origin = scenario.origin
    if links and origin is not None:
        lat, lon = unproject(places.xy_m[station, 0], places.xy_m[station, 1], origin.lat, origin.lon)
    else:
        lat = lon = np.zeros(len(links))

    return Downlinks(
        id=tuple(d.id for d in links),
        satellite=np.array([index[d.satellite] for d in links], dtype=np.int64),
        station=station,
        lat_deg=np.asarray(lat, dtype=float),
        lon_deg=np.asarray(lon, dtype=float),
        height_m=column(links, "height_m"),
        min_elevation_deg=column(links, "min_elevation_deg"),
        weather=_weather(links),
        **telescopes(links),
        efficiency=column(links, "detector_efficiency"),
        dark_counts_per_s=column(links, "dark_counts_per_s"),
        dead_time_s=column(links, "dead_time_ns", 1e-9),
        misalignment=column(links, "misalignment"),
        security_epsilon=column(links, "security_epsilon"),
        equipment_w=column(links, "equipment_w"),
        **stores(links),
    )


def _weather(links: list[Downlink]) -> tuple[str, ...]:
    return tuple(d.weather for d in links)
