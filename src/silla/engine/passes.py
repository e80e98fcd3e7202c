"""Passages of the satellites of a world over its stations, and what keys they bring to which epoch of the day."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from silla.engine.satellite import PassResult, SpaceLink, over_pass
from silla.physics.optical.air import WEATHERS
from silla.physics.optical.free_space import Terminals
from silla.physics.optical.orbit import Pass, Satellite, Station, find_passes, sun_synchronous, tle
from silla.world.types import World

__all__ = ["Passage", "passages"]

_STEP_S = 2.0  # between the moments of a passage


@dataclass(frozen=True)
class Passage:
    """One passage: number of the downlink, seconds of the day, the sky, the key of the whole passage."""

    link: int
    rise_s: float
    culmination_s: float
    set_s: float
    weather: str
    light: str
    elevation_deg: NDArray[np.float64]
    time_s: NDArray[np.float64]  # of the day
    loss_db: NDArray[np.float64]
    range_m: NDArray[np.float64]
    sifted_bit: float
    qber: float
    key_bit: float


def passages(world: World, hours: float) -> list[Passage]:
    """All passages of the day, by link and time."""
    return list(_passages(_Day(world, hours)))


class _Day:
    """A world and the length of its day, hashable by what passages depend on."""

    def __init__(self, world: World, hours: float):
        self.world, self.hours = world, hours
        d, s, e = world.downlinks, world.satellites, world.events
        columns = (np.asarray(getattr(d, name)).tobytes() for name in ("lat_deg", "lon_deg", "height_m", "wavelength_m",
            "min_elevation_deg", "transmitter_m", "receiver_m", "divergence_rad", "jitter_rad", "optics", "field_rad",
            "filter_m", "gate_s", "pulse_rate_hz", "efficiency", "dark_counts_per_s", "dead_time_s", "misalignment",
            "security_epsilon", "satellite", "station"))  # fmt: skip
        sky = tuple(
            row for row in zip(e.kind, e.start_s.tolist(), e.end_s.tolist(), e.target.tolist(), e.detail)
            if row[0] == "weather"
        )  # fmt: skip
        self.key = (
            *columns, d.id, d.weather, s.tle, s.altitude_m.tobytes(), s.node_hour.tobytes(), s.begin_utc, sky, hours
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Day) and self.key == other.key


@functools.lru_cache(maxsize=64)
def _passages(day: _Day) -> tuple[Passage, ...]:
    world = day.world
    begin = datetime.fromisoformat(world.satellites.begin_utc)
    orbits = [_orbit(world, i, begin) for i in range(len(world.satellites.id))]
    found = []
    for i in range(len(world.downlinks.id)):
        d = world.downlinks
        station = Station(world.places.id[d.station[i]], *(float(x[i]) for x in (d.lat_deg, d.lon_deg, d.height_m)))
        orbit = orbits[d.satellite[i]]
        for passage in find_passes(orbit, station, begin, day.hours, min_elevation_deg=float(d.min_elevation_deg[i])):
            if (passage.set - passage.rise).total_seconds() > 2.0 * _STEP_S:
                found.append(_passage(world, i, orbit, station, passage, begin))
    return tuple(found)


def _orbit(world: World, i: int, begin: datetime) -> Satellite:
    s = world.satellites
    if s.tle[i]:
        return tle(s.name[i], *s.tle[i])
    return sun_synchronous(float(s.altitude_m[i]), float(s.node_hour[i]), begin, s.name[i])


def _passage(world: World, i: int, orbit: Satellite, station: Station, passage: Pass, begin: datetime) -> Passage:
    rise, top, end = ((t - begin).total_seconds() for t in (passage.rise, passage.culmination, passage.set))
    sky = _sky(world, i, top)
    result = over_pass(_space_link(world, i), orbit, station, passage, weather=WEATHERS[sky], step_s=_STEP_S)
    return _summary(i, rise, top, end, sky, result)


def _summary(i: int, rise: float, top: float, end: float, sky: str, result: PassResult) -> Passage:
    return Passage(
        i, rise, top, end, sky, result.light, result.elevation_deg, rise + result.time_s, result.loss_db,
        result.range_m, float(result.key.sifted_bit), float(result.key.qber), float(result.key.length_bit),
    )  # fmt: skip


def _sky(world: World, i: int, at_s: float) -> str:
    """The weather over a station: the link's own, unless an event has changed it; the last event counts."""
    e, sky = world.events, world.downlinks.weather[i]
    for kind, start, end, target, detail in zip(e.kind, e.start_s, e.end_s, e.target, e.detail, strict=True):
        if kind == "weather" and target == world.downlinks.station[i] and start <= at_s < end:
            sky = detail
    return sky


def _space_link(world: World, i: int) -> SpaceLink:
    d = world.downlinks
    terminals = Terminals(
        wavelength_m=float(d.wavelength_m[i]), transmitter_m=float(d.transmitter_m[i]),
        receiver_m=float(d.receiver_m[i]), divergence_rad=float(d.divergence_rad[i]),
        jitter_rad=float(d.jitter_rad[i]), optics=float(d.optics[i]), field_of_view_rad=float(d.field_rad[i]),
        filter_m=float(d.filter_m[i]), margin_db=3.0,
    )  # fmt: skip
    return SpaceLink(
        terminals, clock_hz=float(d.pulse_rate_hz[i]), efficiency=float(d.efficiency[i]),
        dark_counts_per_s=float(d.dark_counts_per_s[i]), dead_time_s=float(d.dead_time_s[i]), gate_s=float(d.gate_s[i]),
        misalignment=float(d.misalignment[i]), eps_sec=float(d.security_epsilon[i]),
    )  # fmt: skip
