"""One direct-communication link over its length: composes fibre, attack and protocol into arrays along the distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.physics.optical.fibre import link_loss_db
from silla.physics.quantum import dl04, hd_qsdc, two_step
from silla.physics.quantum.optimise import maximise
from silla.physics.quantum.presets import QkdSystem

__all__ = ["DIMENSIONS", "LIMIT_DB", "DirectLink", "along", "check_combination", "rates"]

DIMENSIONS = (2, 4, 8, 16, 32, 64, 128, 256)
LIMIT_DB = 90.0  # both ways together stay within the 1e-20 that the models cover
_MU = (1e-4, 1.0)


@dataclass(frozen=True)
class DirectLink:
    """What `along` computes. `dimension` None and `mu` None mean the best at each distance; `single` overrides `mu`."""

    system: QkdSystem
    protocol: str
    single: bool
    mu: float | None
    dimension: int | None
    bin_s: float
    dead_time_s: float
    guard: bool
    check_efficiency: float | None
    heralded: bool
    intercepted: float
    decoys: str = "infinite"
    reflected: float = 0.0


def along(link: DirectLink, km: np.ndarray) -> dict[str, Any]:
    """Figures of the link at each distance (arrays over `km`), and its reach.

    Raises DomainError for distances below 0 or beyond 90 dB of loss, and for settings outside a model's range.
    """
    at = link.system.attenuation_db_per_km
    limit_km = LIMIT_DB / at
    advice = f"that is {LIMIT_DB:g} dB one way at {at:g} dB/km; nothing comes back beyond it"
    check_domain("distance", km, Range(0.0, limit_km, "km"), what="direct communication", advice=advice)
    check_domain("intercepted share", link.intercepted, Range(0.0, 1.0, ""), what="direct communication")
    found = rates(link, km)
    reach = _reach(link, np.append(np.arange(0.0, limit_km, 5.0), limit_km))
    signed = found.pop("signed")
    head = {"km": km, "loss_db": link_loss_db(km * 1e3, at), "rate_bit_per_s": np.maximum(signed, 0.0)}
    return head | found | {"max_km": reach, "limit_db": LIMIT_DB}


def _reach(link: DirectLink, grid: np.ndarray) -> float:
    """Greatest distance at which a message passes: the last such interval, divided by 32 four times."""
    for _ in range(5):
        positive = np.flatnonzero(rates(link, grid)["signed"] > 0.0)
        if positive.size == 0:
            return 0.0
        if positive[-1] == grid.size - 1:
            return float(grid[-1])
        low, high = grid[positive[-1]], grid[positive[-1] + 1]
        grid = np.linspace(low, high, 33)
    return float(low)


def rates(link: DirectLink, km: np.ndarray) -> dict[str, Any]:
    """Figures of the link at each distance, unchecked; "signed" is the rate before clipping at zero."""
    line = 10.0 ** (-link_loss_db(km * 1e3, link.system.attenuation_db_per_km) / 10.0)
    if link.protocol == "hd":
        return _high_dimensional(link, line)
    common = {"y0": link.system.y0, "receiver_efficiency": link.system.detector_efficiency}
    common["misalignment"] = _watched(link, 2.0)
    if link.protocol == "two-step":
        direct = two_step.secrecy_capacity(line, heralded=link.heralded, **common)
        return _figures(direct, _with_dead_time(link, direct), 4.0, np.nan)

    def rate(mu):
        return dl04.secrecy_capacity(
            line,
            mean_photons=mu,
            check_efficiency=link.check_efficiency,
            decoys=link.decoys,
            reflected=link.reflected,
            **common,
        )

    mu = _photons(link, line, lambda mu: _with_dead_time(link, rate(mu)))
    direct = rate(mu)
    return _figures(direct, _with_dead_time(link, direct), 2.0, mu)


def _high_dimensional(link: DirectLink, line: np.ndarray) -> dict[str, Any]:
    tried = []
    for n in DIMENSIONS if link.dimension is None else (link.dimension,):
        arguments: dict[str, Any] = {
            "bin_s": link.bin_s,
            "dead_time_s": link.dead_time_s,
            "guard": link.guard,
            "misalignment": _watched(link, float(n)),
            "y0": link.system.y0,
            "receiver_efficiency": link.system.detector_efficiency,
            "check_efficiency": link.check_efficiency,
            "decoys": link.decoys,
            "reflected": link.reflected,
        }

        def rate(mu, n=n, arguments=arguments):
            return hd_qsdc.message_rate(n, line, mean_photons=mu, **arguments)

        mu = _photons(link, line, lambda mu, rate=rate: rate(mu).signed_bit_per_s)
        found = rate(mu)
        tried.append(_figures(found.direct, found.signed_bit_per_s, float(n), mu))
    best = np.argmax(np.stack([one["signed"] for one in tried]), axis=0)[None]
    return {name: np.take_along_axis(np.stack([one[name] for one in tried]), best, 0)[0] for name in tried[0]}


def _photons(link: DirectLink, line: np.ndarray, rate) -> Any:
    """Mean photons of a pulse at each distance; None for single photons."""
    if link.single:
        return None
    if link.mu is not None:
        return np.full(line.shape, link.mu)
    return maximise(rate, {"mu": _MU}, shape=line.shape)["mu"]


def _watched(link: DirectLink, n: float) -> float:
    """Error rate when Eve measures and resends a share of the photons, each in one of the two bases at random."""
    e = link.system.misalignment
    return e + 0.5 * link.intercepted * (1.0 - 1.0 / n - e)


def _with_dead_time(link: DirectLink, direct) -> Any:
    """Signed message bits per second at the clock; dead time costs Bob his clicks and Eve nothing."""
    live = 1.0 / (1.0 + direct.gain * link.system.clock_hz * link.dead_time_s)
    return (live * (direct.signed + direct.eve_bit) - direct.eve_bit) * link.system.clock_hz


def _figures(direct, signed, dimension: float, mu: Any) -> dict[str, Any]:
    """Arrays over the distance; `mu` None stands for a single photon."""
    shape = np.shape(direct.signed)
    return {
        "signed": signed,
        "rate": direct.capacity,
        "dimension": np.full(shape, dimension),
        "mu": np.broadcast_to(1.0 if mu is None else mu, shape),
        "qber": np.broadcast_to(direct.qber, shape),
        "check_error": np.broadcast_to(direct.check_error, shape),
        "eve_bit": np.broadcast_to(direct.eve_bit, shape),
    }


def check_combination(link: DirectLink) -> None:
    """Refuse settings that a protocol has no use for, rather than leave them out in silence."""
    if link.protocol != "hd" and link.dimension not in (None, 2):
        raise ArgumentError(f"--dimension: {link.protocol} codes in qubits; use --protocol hd")
    if link.protocol != "hd" and link.guard:
        raise ArgumentError(f"--guard: frames of time bins belong to --protocol hd, not to {link.protocol}")
    if link.protocol == "two-step" and link.mu is not None:
        raise ArgumentError("--mu: two-step sends one pair at a time; leave it out")
    if link.single and link.decoys != "infinite":
        raise ArgumentError("--decoys: single photons and pairs come in one intensity; leave it out")
    if link.protocol == "two-step" and link.reflected:
        raise ArgumentError("--isolation-db: light reflected out of the encoder is counted by hd and dl04")
    if link.protocol != "two-step" and not link.heralded:
        raise ArgumentError(f"--no-herald: the store of photons belongs to --protocol two-step, not to {link.protocol}")
