"""Keys through the air between two places: weather, turbulence, daylight and decoy-state BB84 with finite statistics.

The path's loss is `free_space.level_budget`'s, the background that of the sky at the Sun's elevation over the
scenario's origin. The link is then a channel like any other, and its keys those of `quantum_protocols`.
An attack is answered as on a fibre (`attacks`), by what the receiver counts or a watchdog sees.
Left out: fades by scintillation (the mean counts are those of the mean loss), the shape of the ground.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.engine.quantum import error_under
from silla.engine.quantum_protocols import KeyPoint, Line, key_point
from silla.physics.optical.air import WEATHERS
from silla.physics.optical.free_space import Budget, Terminals, level_budget, stray_photons_per_s
from silla.physics.optical.orbit import Station, julian_date, sun_elevation_deg
from silla.physics.optical.sky import photons_per_mode, sky_radiance
from silla.physics.quantum.detectors import background_per_gate
from silla.physics.quantum.distillation.yields import AUTHENTICATION_BIT
from silla.world.types import World

__all__ = [
    "AirRate",
    "AirSupply",
    "air_budget",
    "air_line",
    "air_point",
    "air_rate",
    "air_supply",
    "attacked_air",
    "sun_elevations",
]

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


@functools.lru_cache(maxsize=1024)
def _loss_db(ends: Terminals, length_m: float, weather: str, structure: float) -> float:
    return float(level_budget(ends, length_m, weather=WEATHERS[weather], structure=structure).total_db)


def air_line(world: World, i: int, weather: str, sun_deg: float, intercepted: float = 0.0, split: float = 0.0) -> Line:
    """Link i as its protocol sees it, with a share of its pulses intercepted, or their photon numbers split."""
    a, ends = world.air, terminals(world, i)
    d, h = a.detector[i], a.homodyne[i]
    continuous = a.protocol[i] == "cv-qkd"
    gate = float(a.gate_s[i])
    loss = min(_loss_db(ends, float(a.length_m[i]), weather, float(a.turbulence[i])), _LIMIT_DB)
    radiance = sky_radiance(sun_deg)
    background = background_per_gate(
        float(d["dark_counts_per_s"]), gate, efficiency=float(d["efficiency"]),
        light_photons_per_s=stray_photons_per_s(ends, radiance),
    )  # fmt: skip
    return Line(
        protocol=a.protocol[i],
        channel=min(10.0 ** (-loss / 10.0) / ends.optics, _WHOLE),
        receiver=ends.optics if continuous else ends.optics * float(d["efficiency"]),
        background=float(background),
        error=error_under(a.protocol[i], float(a.misalignment[i]), intercepted),
        clock_hz=float(a.pulse_rate_hz[i]),
        dead_time_s=float(d["dead_time_ns"]) * 1e-9,
        afterpulse=float(d["afterpulse"]),
        block_bits=float(a.block_bits[i]),
        epsilon=float(a.security_epsilon[i]),
        isolation=float(a.isolation[i]),
        split=split,
        intercepted=intercepted,
        noise_photons=float(photons_per_mode(radiance, ends.wavelength_m)) if continuous else 0.0,
        homodyne=(h["detection"], h["efficiency"], h["electronic_noise"], h["excess_noise"], h["reconciliation"]),
    )


def air_point(world: World, i: int, weather: str, sun_deg: float, **attacked: float) -> KeyPoint:
    """What link i yields per pulse at the settings that are best for it; `attacked` as in `air_line`."""
    return key_point(air_line(world, i, weather, sun_deg, **attacked))


class AirRate(NamedTuple):
    """Secret bit/s, error rate, share of the bits that Eve has, whether the ends notice."""

    secret: float
    qber: float
    known: float = 0.0
    seen: bool = False


def attacked_air(world: World, i: int, weather: str, sun_deg: float, attack: str, share: float) -> AirRate:
    """Link i under one kind of attack on a share of its pulses."""
    a, protocol = world.air, world.air.protocol[i]
    clean = air_point(world, i, weather, sun_deg)
    left = air_rate(world, i, clean)[0]
    continuous = protocol == "cv-qkd"  # no photons to split, and no single-photon detectors to blind
    if attack == "intercept-resend":
        under = air_point(world, i, weather, sun_deg, intercepted=share)
        return AirRate(air_rate(world, i, under)[0], under.qber, seen=True)
    if attack == "photon-number-splitting" and not continuous:
        if protocol != "decoy-bb84":
            return AirRate(0.0, clean.qber, seen=True)  # yields that are not the line's: nothing is made of them
        under = air_point(world, i, weather, sun_deg, split=share)
        return AirRate(min(air_rate(world, i, under)[0], left), under.qber, seen=True)
    if attack == "blinding" and not continuous:
        return AirRate(0.0, clean.qber, seen=True) if a.watchdog[i] else AirRate(left, clean.qber, share)
    if attack == "trojan-horse" and not np.isfinite(a.isolation[i]):
        return AirRate(left, clean.qber, share)
    return AirRate(left, clean.qber)


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


class AirSupply(NamedTuple):
    """[t, links] over the day: secret bits, bits spent on their authentication, share of the former that Eve has, error
    rate, whether an attack is noticed."""

    secret: Floats
    authentication: Floats
    known: Floats
    qber: Floats
    seen: NDArray[np.bool_]


def air_supply(
    world: World,
    epochs_s: Floats,
    step_s: float,
    attacks: Mapping[str, Floats] | None = None,
    cut: Floats | None = None,
) -> AirSupply:
    """Keys of the links through the air over the day.

    attacks : kind -> [t, links] share of pulses attacked; of two at once, the one that leaves less counts. cut :
    [t, links] share of the epoch in which something stands in the path. Each epoch is at its middle's light; where
    there is no key nothing is authenticated, and under attack blocks are given up after their pads were spent.
    """
    shape = (len(epochs_s), len(world.air.id))
    secret, spent, known, seen = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool)
    qber = np.full(shape, np.nan)
    clear = 1.0 - (np.zeros(shape) if cut is None else cut)
    for i in range(shape[1]):
        suns = np.clip(sun_elevations(world, i, np.asarray(epochs_s, float) + 0.5 * step_s), *_SKY_DEG)
        for t, (start, sun) in enumerate(zip(epochs_s, suns)):
            hits = [(kind, float(x[t, i])) for kind, x in (attacks or {}).items() if x[t, i] > 0]
            worst = 0.0
            for weather, share in _skies(world, i, float(start), float(start) + step_s):
                point = air_point(world, i, weather, float(sun))
                best, tags = air_rate(world, i, point)
                under = [attacked_air(world, i, weather, float(sun), kind, x) for kind, x in hits]
                found = min(under, key=lambda u: u.secret, default=AirRate(best, point.qber))
                lit = share * clear[t, i] * step_s
                secret[t, i] += found.secret * lit
                spent[t, i] += tags * lit
                known[t, i] = max(known[t, i], *(u.known for u in under), 0.0)
                seen[t, i] |= any(u.seen for u in under)
                worst = max(worst, found.qber)
            qber[t, i] = worst
    return AirSupply(secret, spent, known, qber, seen)


# beyond these elevations the sky is as bright or as dark as it gets, so that the days' many epochs are few lines
_SKY_DEG = (-18.0, 0.0)


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
