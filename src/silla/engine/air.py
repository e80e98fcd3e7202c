"""Keys through the air between two places: weather, turbulence, daylight and decoy-state BB84 with finite statistics.

The path's loss is `free_space.level_budget`'s, the background that of the sky at the Sun's elevation over the
scenario's origin. The link is then a channel like any other, and its keys those of `quantum_protocols`.
Left out: fades by scintillation (the mean counts are those of the mean loss), eavesdroppers, the shape of the ground.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from silla.engine.quantum_protocols import KeyPoint, Line, key_point
from silla.physics.optical.air import WEATHERS
from silla.physics.optical.free_space import Budget, Terminals, level_budget, stray_photons_per_s
from silla.physics.optical.orbit import Station, julian_date, sun_elevation_deg
from silla.physics.optical.sky import sky_radiance
from silla.physics.quantum.detectors import background_per_gate
from silla.physics.quantum.distillation.yields import AUTHENTICATION_BIT
from silla.world.types import World

__all__ = ["air_budget", "air_line", "air_point", "air_rate", "air_supply", "sun_elevations"]

Floats = NDArray[np.float64]
DAY_DEG, NIGHT_DEG = 90.0, -90.0
_WHOLE = 1.0 - 1e-9  # a line without any loss has no bound
_LIMIT_DB = 190.0  # beyond it nothing arrives that any model here could tell from nothing


def terminals(world: World, i: int) -> Terminals:
    """The two telescopes of link i."""
    a = world.air
    spread = float(a.divergence_rad[i])
    return Terminals(
        wavelength_m=float(a.wavelength_m[i]), transmitter_m=float(a.transmitter_m[i]),
        receiver_m=float(a.receiver_m[i]), divergence_rad=None if np.isnan(spread) else spread,
        jitter_rad=float(a.jitter_rad[i]), optics=float(a.optics[i]), field_of_view_rad=float(a.field_rad[i]),
        filter_m=float(a.filter_m[i]),
    )  # fmt: skip


def air_budget(world: World, i: int, weather: str) -> Budget:
    """Losses of link i under a sky of that name."""
    a = world.air
    return level_budget(
        terminals(world, i), float(a.length_m[i]), weather=WEATHERS[weather], structure=float(a.turbulence[i])
    )


def air_line(world: World, i: int, weather: str, sun_deg: float) -> Line:
    """Link i as its protocol sees it."""
    a, ends = world.air, terminals(world, i)
    d = a.detector[i]
    gate = float(a.gate_s[i])
    loss = min(float(air_budget(world, i, weather).total_db), _LIMIT_DB)
    background = background_per_gate(
        float(d["dark_counts_per_s"]), gate, efficiency=float(d["efficiency"]),
        light_photons_per_s=stray_photons_per_s(ends, sky_radiance(sun_deg)),
    )  # fmt: skip
    return Line(
        protocol="decoy-bb84",
        channel=min(10.0 ** (-loss / 10.0) / ends.optics, _WHOLE),
        receiver=ends.optics * float(d["efficiency"]),
        background=float(background),
        error=float(a.misalignment[i]),
        clock_hz=float(a.pulse_rate_hz[i]),
        dead_time_s=float(d["dead_time_ns"]) * 1e-9,
        afterpulse=float(d["afterpulse"]),
        block_bits=float(a.block_bits[i]),
        epsilon=float(a.security_epsilon[i]),
    )


def air_point(world: World, i: int, weather: str, sun_deg: float) -> KeyPoint:
    """What link i yields per pulse at the settings that are best for it."""
    return key_point(air_line(world, i, weather, sun_deg))


def air_rate(world: World, i: int, point: KeyPoint) -> tuple[float, float]:
    """(secret bit/s, those of them that authenticating the blocks spends); nothing where the former are not more."""
    clock = float(world.air.pulse_rate_hz[i])
    tags = AUTHENTICATION_BIT * point.sifted / float(world.air.block_bits[i])
    return (point.bit * clock, tags * clock) if point.bit > tags else (0.0, 0.0)


def sun_elevations(world: World, i: int, times_s: Floats) -> Floats:
    """Elevation of the Sun at seconds of the day; 90 and -90 degrees where the link is told the light."""
    a = world.air
    told = {"day": DAY_DEG, "night": NIGHT_DEG}.get(a.light[i])
    if told is not None:
        return np.full(len(times_s), told)
    begin = julian_date(datetime.fromisoformat(world.satellites.begin_utc))
    origin = Station("origin", float(a.lat_deg[i]), float(a.lon_deg[i]), 0.0)
    return np.asarray(sun_elevation_deg(origin, begin + np.asarray(times_s, float) / 86400.0))


def air_supply(world: World, epochs_s: Floats, step_s: float) -> tuple[Floats, Floats, Floats]:
    """(secret bits, bits spent on their authentication, error rate) [t, links] over the day.

    Each epoch is at its middle's light; where there is no key nothing is authenticated.
    """
    shape = (len(epochs_s), len(world.air.id))
    bits, spent, qber = np.zeros(shape), np.zeros(shape), np.full(shape, np.nan)
    for i in range(shape[1]):
        suns = sun_elevations(world, i, np.asarray(epochs_s, float) + 0.5 * step_s)
        for t, (start, sun) in enumerate(zip(epochs_s, suns)):
            worst = 0.0
            for weather, share in _skies(world, i, float(start), float(start) + step_s):
                point = _point(world, i, weather, float(sun))
                secret, tags = air_rate(world, i, point)
                bits[t, i] += secret * share * step_s
                spent[t, i] += tags * share * step_s
                worst = max(worst, point.qber)
            qber[t, i] = worst
    return bits, spent, qber


def _point(world: World, i: int, weather: str, sun_deg: float) -> KeyPoint:
    # beyond these elevations the sky is as bright or as dark as it gets, so that the days' many epochs are few lines
    return air_point(world, i, weather, float(np.clip(sun_deg, -18.0, 0.0)))


def _skies(world: World, i: int, start: float, end: float) -> Iterator[tuple[str, float]]:
    """(weather, share of the time) of link i from start to end; of several events at either end the last counts."""
    e = world.events
    mine = [
        (a, b, sky)
        for kind, a, b, target, sky in zip(e.kind, e.start_s, e.end_s, e.target, e.detail, strict=True)
        if kind == "weather" and target in world.air.ends[i]
    ]
    edges = sorted({start, end, *(float(x) for a, b, _ in mine for x in (a, b) if start < x < end)})
    for low, high in itertools.pairwise(edges):
        sky = world.air.weather[i]
        for a, b, new in mine:
            if a <= 0.5 * (low + high) < b:
                sky = new
        yield sky, (high - low) / (end - start)
