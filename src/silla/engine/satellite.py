"""Keys over the passages of a satellite: orbit, air, background light and finite statistics put together.

Each passage is one block of decoy-state BB84 (`finite_key_pass`) with the best settings for it; beside it stands what
the line would give with endless statistics at every moment. Clicks that fall into a detector's dead time are lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.provenance import Citation, Range, check_domain
from silla.physics.optical import orbit, sky
from silla.physics.optical.air import Weather
from silla.physics.optical.free_space import Budget, Terminals, slant_budget, stray_photons_per_s
from silla.physics.optical.orbit import Pass, Satellite, Station
from silla.physics.quantum.decoy_bb84 import best_intensity, key_rate
from silla.physics.quantum.detectors import background_per_gate, dead_time_factor
from silla.physics.quantum.finite_key_pass import PassKey, best_pass_key, passes_needed

__all__ = ["ASSUMED_EFFICIENCY", "MICIUS", "PassResult", "SpaceLink", "over_pass", "passes_for_a_key", "survey"]

Floats = NDArray[np.float64]
_LIMIT_DB = 200.0
ASSUMED_EFFICIENCY = 1.16  # f of error correction (Lim et al. 2014)


@dataclass(frozen=True)
class SpaceLink:
    """A link between a satellite and stations.

    terminals : its telescopes. direction : "down" or "up". clock_hz : pulses per second. efficiency, dark_counts_per_s,
    detectors, dead_time_s : of the receiver, each detector blind after a click of its own. gate_s : what is kept around
    each pulse. misalignment : error rate of signal clicks.
    day, night : names in `sky.SKIES`; moon : a full moon, for the ground below an uplink.
    """

    terminals: Terminals = field(default_factory=Terminals)
    direction: str = "down"
    clock_hz: float = 100e6
    efficiency: float = 0.5
    dark_counts_per_s: float = 25.0
    detectors: int = 4
    dead_time_s: float = 0.0
    gate_s: float = 2e-9
    misalignment: float = 0.01
    error_correction: float = ASSUMED_EFFICIENCY
    eps_sec: float = 1e-9
    eps_cor: float = 1e-15
    decoys: int = 2
    day: str = "day"
    night: str = "dark"
    source: Citation | None = None


MICIUS = SpaceLink(
    # divergence: 22 dB from 1200 km into 1 m; 3 dB of pointing are in the margin
    Terminals(848.6e-9, 0.3, 1.0, 7.4e-6, 0.0, 0.32, 100e-6, 1e-9, margin_db=3.0),
    dead_time_s=50e-9,
    source=Citation(
        "liao2017",
        "S.-K. Liao et al., Satellite-to-ground quantum key distribution, Nature 549, 43 (2017): 848.6 nm, 100 MHz, "
        "0.3 m to "
        "1 m, loss budget and receiver efficiency of 16 % as quoted in later work; field of view, filter, dark "
        "counts "
        "and dead time (of actively quenched silicon detectors) assumed",
        "https://doi.org/10.1038/nature23655",
    ),
)


@dataclass(frozen=True)
class PassResult:
    """One passage; arrays over its moments, `step_s` apart."""

    passage: Pass
    time_s: Floats  # from rise
    azimuth_deg: Floats
    elevation_deg: Floats
    range_m: Floats
    budget: Budget
    loss_db: Floats
    sun_elevation_deg: Floats
    shadowed: NDArray[np.bool_]  # the satellite lies in the Earth's shadow
    y0: Floats  # background clicks per gate
    qber: Floats
    sifted_per_s: Floats  # at 1/2 of the clicks of signal pulses, dead time counted
    asymptotic_bit_per_s: Floats
    key: PassKey  # of the whole passage as one block
    pulses: Floats  # that find the detectors ready
    live_share: Floats

    @property
    def light(self) -> str:
        """ "day", "dusk" or "night" at culmination, by the Sun at the station."""
        sun = self.sun_elevation_deg[int(np.argmax(self.elevation_deg))]
        return "day" if sun > 0.0 else "dusk" if sun > -18.0 else "night"


def over_pass(
    link: SpaceLink,
    satellite: Satellite,
    station: Station,
    passage: Pass,
    *,
    weather: Weather | None = None,
    light: str = "auto",
    step_s: float = 1.0,
) -> PassResult:
    """What one passage yields.

    Parameters
    ----------
    weather : clear unless given. light : "auto" takes the Sun where it is, "day" and "night" take the sky as said.
    step_s : between moments, 0.1 to 30 s.

    Raises DomainError outside the ranges of the parts.
    """
    check_domain("step_s", step_s, Range(0.1, 30.0, "s"), what="satellite pass")
    what = "satellite link"
    check_domain("detector efficiency", link.efficiency, Range(1e-4, 1.0, ""), what=what, advice="0.5 is 50 %")
    check_domain("clock", link.clock_hz, Range(1.0, 1e12, "Hz"), what=what)
    check_domain("dead time", link.dead_time_s, Range(0.0, 1.0, "s"), what=what, advice="50e-9 is 50 ns")
    duration = (passage.set - passage.rise).total_seconds()
    n = max(2, int(np.ceil(duration / step_s)))
    edges = np.linspace(0.0, duration, n + 1)
    seconds = 0.5 * (edges[:-1] + edges[1:])  # middles, so that counts add up to the pulses sent
    jd = orbit.julian_date(passage.rise) + seconds / 86400.0
    places = orbit.positions_m(satellite, jd)
    seen = orbit.look_from(station, orbit.teme_to_fixed(places, jd))
    sun = np.asarray(orbit.sun_elevation_deg(station, jd))
    budget = slant_budget(
        link.terminals, seen.elevation_deg, seen.range_m, height_m=max(station.height_m, 0.0), direction=link.direction,
        weather=weather,
    )  # fmt: skip
    loss = np.asarray(budget.total_db)
    # beyond 200 dB nothing arrives that any model here could tell from nothing
    line = 10.0 ** (-np.minimum(loss, _LIMIT_DB) / 10.0)
    y0 = np.asarray(_background(link, {"day": 90.0, "night": -90.0}.get(light, sun)))
    y0 = np.broadcast_to(y0, seconds.shape)
    eta = line * link.efficiency
    common: dict[str, Any] = {"y0": y0, "misalignment": link.misalignment, "error_correction": link.error_correction}
    mu = best_intensity(eta, **common, decoys="vacuum+weak")
    found = key_rate(eta, mu=mu, **common, decoys="vacuum+weak")
    clicks = link.clock_hz * np.asarray(found.gain) / link.detectors
    live = np.broadcast_to(dead_time_factor(clicks, link.dead_time_s), seconds.shape)
    pulses = live * link.clock_hz * duration / n
    key = best_pass_key(
        eta,
        pulses,
        y0=y0,
        misalignment=link.misalignment,
        decoys=link.decoys,
        eps_sec=link.eps_sec,
        eps_cor=link.eps_cor,
        error_correction=link.error_correction,
    )
    return PassResult(
        passage,
        seconds,
        np.asarray(seen.azimuth_deg),
        np.asarray(seen.elevation_deg),
        np.asarray(seen.range_m),
        budget,
        loss,
        sun,
        np.asarray(orbit.in_shadow(places, jd)),
        y0,
        np.asarray(found.qber),
        0.5 * link.clock_hz * live * np.asarray(found.gain),
        link.clock_hz * live * np.asarray(found.rate),
        key,
        pulses,
        live,
    )


def _background(link: SpaceLink, sun_elevation_deg) -> Any:
    """Clicks per gate of dark counts and stray light, at the Sun's elevation."""
    if link.direction == "down":
        radiance = sky.sky_radiance(sun_elevation_deg, day=link.day, night=link.night)
    else:
        moon = link.night == "full-moon"
        radiance = sky.earth_radiance(link.terminals.wavelength_m, sun_elevation_deg, moon=moon)
    stray = stray_photons_per_s(link.terminals, radiance)
    return background_per_gate(
        link.dark_counts_per_s,
        link.gate_s,
        detectors=link.detectors,
        light_photons_per_s=stray,
        efficiency=link.efficiency,
    )


def passes_for_a_key(link: SpaceLink, result: PassResult) -> float:
    """How many passages like this one must be put into one block before there is a key; inf where none are enough."""
    eta = 10.0 ** (-np.minimum(result.loss_db, _LIMIT_DB) / 10.0) * link.efficiency
    if not np.any(result.asymptotic_bit_per_s > 0.0):
        return float("inf")
    return passes_needed(
        eta,
        result.pulses,
        y0=result.y0,
        misalignment=link.misalignment,
        decoys=link.decoys,
        eps_sec=link.eps_sec,
        eps_cor=link.eps_cor,
        error_correction=link.error_correction,
    )


def survey(
    link: SpaceLink,
    satellite: Satellite,
    station: Station,
    start: datetime,
    hours: float,
    *,
    min_elevation_deg: float = 20.0,
    max_age_days: float = orbit.MAX_AGE_DAYS,
    weather: Weather | None = None,
    light: str = "auto",
    step_s: float = 1.0,
    progress: Any = None,
) -> list[PassResult]:
    """All passages above an elevation within `hours` from `start`, each with its key; `progress(done, total)` is told.

    Raises as `orbit.find_passes` and `over_pass`.
    """
    check_domain(
        "min_elevation_deg", min_elevation_deg, Range(5.0, 89.0, "degrees"), what="satellite pass",
        advice="the air is not modelled below 5 degrees",
    )  # fmt: skip
    passages = orbit.find_passes(
        satellite, station, start, hours, min_elevation_deg=min_elevation_deg, max_age_days=max_age_days
    )
    results = []
    for i, passage in enumerate(passages):
        if progress is not None:
            progress(i, len(passages))
        if passage.set - passage.rise > timedelta(seconds=1.0):
            results.append(over_pass(link, satellite, station, passage, weather=weather, light=light, step_s=step_s))
    return results
