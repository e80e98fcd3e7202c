"""One quantum link over its length: composes fibre, Raman noise, attack and protocol into arrays along the distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Range, check_domain
from silla.base.units import dbm_to_w
from silla.cli._qkd_air import LEAST_KM, MOST_KM, AirPath
from silla.cli._qkd_protocols import MORE_PROTOCOLS, Continuous, Request
from silla.physics.optical.fibre import attenuation_at, link_loss_db, nepers_per_m
from silla.physics.optical.raman import noise_photons_per_s
from silla.physics.quantum import dl04
from silla.physics.quantum.attack import intercept_resend_error
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.decoy_bb84 import best_intensity, key_rate
from silla.physics.quantum.detectors import FILTER, dead_time_factor
from silla.physics.quantum.finite_key_best import best_finite_key, shortest_block
from silla.physics.quantum.presets import QkdSystem

__all__ = ["ONE_WAY", "Classical", "Link", "along"]

ONE_WAY = ("decoy-bb84", "dl04", "six-state")  # one line from end to end, counted by photons

LIMIT_DB = 200.0
CONTINUOUS_LIMIT_DB = 60.0


@dataclass(frozen=True)
class Classical:
    """Classical channels in the same fibre."""

    power_dbm: float
    channels: int
    wavelength_m: float
    quantum_wavelength_m: float
    filter_m: float
    gate_s: float
    direction: str


@dataclass(frozen=True)
class Link:
    """What `along` computes: a system, a protocol and its settings. `mu` None means the best at each distance."""

    system: QkdSystem
    protocol: str
    decoys: str
    mu: float | None
    block: float | None = None
    eps_sec: float = 1e-10
    intercepted: float = 0.0
    classical: Classical | None = None
    continuous: Continuous = field(default_factory=Continuous)
    air: AirPath | None = None


def along(link: Link, km: np.ndarray) -> dict[str, Any]:
    """Figures of the link at each distance (lists over `km`), and its reach.

    Raises DomainError for distances below 0 or beyond 200 dB of loss (60 for cv-qkd; through the air, 10 m to 150 km),
    and for settings outside a model's range.
    """
    limit_db = CONTINUOUS_LIMIT_DB if link.protocol == "cv-qkd" else LIMIT_DB
    least_km, limit_km, advice = _limits(link, limit_db)
    check_domain("distance", km, Range(least_km, limit_km, "km"), what="quantum link", advice=advice)
    _check_combination(link)
    found = _rates(link, km)
    step = 5.0 if link.block is not None or link.protocol in MORE_PROTOCOLS else 0.5
    grid = np.append(np.arange(least_km, limit_km, step), limit_km)
    reach = _last_positive(lambda x: _rates(link, x)["signed"], grid)
    loss_db = _loss_db(link, km)
    between_db = loss_db if link.air is None else link.air.open_loss_db(km)
    channel = 10.0 ** (-np.minimum(between_db, LIMIT_DB) / 10.0)
    clicks = link.system.clock_hz * found["gain"]
    per_s = found["rate"] * link.system.clock_hz * dead_time_factor(clicks, link.system.dead_time_s)
    shortest = _shortest_blocks(link, km, found["rate"])
    plob = np.where(channel < 1.0, plob_bit(np.minimum(channel, 1.0 - 1e-12)), np.inf)
    return {
        "km": km,
        "loss_db": loss_db,
        "rate": found["rate"],
        "rate_bit_per_pulse": found["rate"],
        "rate_bit_per_s": per_s,
        "max_km": reach,
        "limit_db": limit_db,
        "mu": found["mu"],
        "qber": found["qber"],
        "y0": found["y0"],
        "plob": plob,
    } | shortest


def _limits(link: Link, limit_db: float) -> tuple[float, float, str]:
    """(least distance, greatest, why) of the line."""
    if link.air is not None:
        return LEAST_KM, MOST_KM, "a level path through the air; the Earth is round"
    at = link.system.attenuation_db_per_km
    return 0.0, limit_db / at, f"that is {limit_db:g} dB at {at:g} dB/km; nothing is received beyond it"


def _loss_db(link: Link, km: np.ndarray) -> np.ndarray:
    """Loss of the line, fibre or air with its telescopes."""
    if link.air is not None:
        return link.air.loss_db(km)
    return np.asarray(link_loss_db(km * 1e3, link.system.attenuation_db_per_km))


def _shortest_blocks(link: Link, km: np.ndarray, rate: np.ndarray) -> dict[str, Any]:
    """`shortest_block_bit` at each distance: NaN where there is a key, inf where no block has one."""
    if link.block is None or link.protocol != "decoy-bb84":
        return {}
    needed = np.full(km.shape, np.nan)
    empty = rate <= 0.0
    if empty.any():
        line, y0, error = _channel(link, km[empty])
        needed[empty] = shortest_block(
            line * link.system.detector_efficiency,
            decoys=1 if link.decoys == "one-decoy" else 2,
            y0=y0,
            misalignment=error,
            afterpulse=link.system.afterpulse,
            eps_sec=link.eps_sec,
            error_correction=link.system.error_correction,
        )
    return {"shortest_block_bit": needed}


def _channel(link: Link, km: np.ndarray):
    """Line transmittance, background per gate and signal error rate at each distance."""
    system = link.system
    line = 10.0 ** (-np.minimum(_loss_db(link, km), LIMIT_DB) / 10.0)
    error = intercept_resend_error(system.misalignment, link.intercepted)
    y0 = np.full(km.shape, system.y0)
    if link.classical is not None:
        clicks = _raman_photons_per_s(link, link.classical, km) * system.detector_efficiency
        y0 = 1.0 - (1.0 - system.y0) * np.exp(-clicks * link.classical.gate_s)
    if link.air is not None:
        y0 = 1.0 - (1.0 - y0) * np.exp(-link.air.stray_per_gate(system.detector_efficiency))
    return line, y0, np.full(km.shape, error)


def _raman_photons_per_s(link: Link, classical: Classical, km: np.ndarray):
    if classical.channels < 1:
        raise ArgumentError(f"--classical-channels is {classical.channels}, allowed 1 and above")
    check_domain("filter", classical.filter_m, FILTER, what="quantum link", advice="filters of 0.1 to 1 nm are usual")
    apart = abs(classical.wavelength_m - classical.quantum_wavelength_m)
    if apart < classical.filter_m:
        raise ArgumentError(
            f"--classical-nm {1e9 * classical.wavelength_m:g} lies within the filter of the quantum channel at "
            f"{1e9 * classical.quantum_wavelength_m:g} nm; keep them at least {1e9 * classical.filter_m:g} nm apart"
        )
    at_quantum = link.system.attenuation_db_per_km
    at_1550 = at_quantum - float(attenuation_at(classical.quantum_wavelength_m)) + 0.18
    at_classical = attenuation_at(classical.wavelength_m, max(at_1550, 0.1))
    one = noise_photons_per_s(
        dbm_to_w(classical.power_dbm),
        classical.wavelength_m,
        classical.quantum_wavelength_m,
        classical.filter_m,
        km * 1e3,
        classical_alpha_per_m=nepers_per_m(at_classical),
        quantum_alpha_per_m=nepers_per_m(at_quantum),
        direction=classical.direction,
    )
    return classical.channels * one


def _decoy_bb84(link: Link, km: np.ndarray) -> dict[str, Any]:
    line, y0, error = _channel(link, km)
    if link.block is not None:
        return _finite(link, line, y0, error)
    system = link.system
    eta = line * system.detector_efficiency
    common: dict[str, Any] = {
        "y0": y0,
        "misalignment": error,
        "nu": system.nu,
        "decoys": link.decoys,
        "error_correction": system.error_correction,
        "afterpulse": system.afterpulse,
    }
    mu = best_intensity(eta, **common) if link.mu is None else np.full(km.shape, link.mu)
    found = key_rate(eta, mu=mu, sifting=system.sifting, **common)
    signed = found.signed_rate / eta
    return {"rate": found.rate, "signed": signed, "gain": found.gain, "qber": found.qber, "mu": mu, "y0": y0}


def _finite(link: Link, line, y0, error) -> dict[str, Any]:
    system = link.system
    found = best_finite_key(
        line * system.detector_efficiency,
        block=float(link.block or 0.0),
        decoys=1 if link.decoys == "one-decoy" else 2,
        y0=y0,
        misalignment=error,
        afterpulse=system.afterpulse,
        eps_sec=link.eps_sec,
        error_correction=system.error_correction,
    )
    gain = np.asarray(link.block) / (found.pulses * found.key_basis**2)
    mu = found.intensities[..., 0]
    return {"rate": found.rate, "signed": found.rate, "gain": gain, "qber": found.qber, "mu": mu, "y0": y0}


def _dl04(link: Link, km: np.ndarray) -> dict[str, Any]:
    line, y0, error = _channel(link, km)
    system = link.system
    arguments = {"misalignment": error, "y0": y0, "receiver_efficiency": system.detector_efficiency}
    if link.mu is None:
        found, mu = dl04.best_direct_rate(np.maximum(line, 1e-20), **arguments)
    else:
        mu = np.full(km.shape, link.mu)
        found = dl04.secrecy_capacity(np.maximum(line, 1e-20), mean_photons=mu, **arguments)
    signed = found.signed / line
    return {"rate": found.capacity, "signed": signed, "gain": found.gain, "qber": found.qber, "mu": mu, "y0": y0}


def _rates(link: Link, km: np.ndarray) -> dict[str, Any]:
    if link.protocol == "decoy-bb84":
        return _decoy_bb84(link, km)
    if link.protocol == "dl04":
        return _dl04(link, km)
    line, y0, error = _channel(link, km)
    ask = Request(link.system, line, y0, error, link.mu, link.decoys, link.block, link.continuous)
    return MORE_PROTOCOLS[link.protocol](ask) | {"y0": y0}


def _check_combination(link: Link) -> None:
    """Refuse settings that a protocol has no model for, rather than leave them out in silence."""
    if link.air is not None:
        _check_air(link)
    if link.block is not None and link.protocol not in ("decoy-bb84", "cv-qkd", "sns"):
        raise ArgumentError(f"--finite-key: {link.protocol} has an asymptotic rate only; leave it out")
    if link.intercepted > 0.0 and link.protocol not in ("decoy-bb84", "dl04"):
        raise ArgumentError(f"--intercept: modelled for decoy-bb84 and dl04, not for {link.protocol}")
    if link.classical is not None and link.protocol not in ONE_WAY:
        raise ArgumentError(f"--classical-dbm: modelled for {', '.join(ONE_WAY)}, not for {link.protocol}")


def _check_air(link: Link) -> None:
    if link.protocol not in ONE_WAY:
        raise ArgumentError(f"--free-space: modelled for {', '.join(ONE_WAY)}, not for {link.protocol}")
    if link.classical is not None:
        raise ArgumentError("--classical-dbm: classical channels share a fibre, and --free-space has none")


def _last_positive(signed: Callable[[np.ndarray], np.ndarray], grid: np.ndarray) -> float:
    """Greatest distance with a positive rate: the grid's last such interval, divided by 32 six times; 0 for none."""
    for _ in range(7):
        positive = np.flatnonzero(signed(grid) > 0.0)
        if positive.size == 0:
            return 0.0
        if positive[-1] == grid.size - 1:
            return float(grid[-1])
        low, high = grid[positive[-1]], grid[positive[-1] + 1]
        grid = np.linspace(low, high, 33)
    return float(low)


def with_changes(system: QkdSystem, **changes: Any) -> QkdSystem:
    """The system with every change that is not None; DomainError for values no receiver can have."""
    given = {name: value for name, value in changes.items() if value is not None}
    system = replace(system, **given)
    what = "quantum link"
    check_domain(
        "attenuation",
        system.attenuation_db_per_km,
        Range(0.1, 10.0, "dB/km"),
        what=what,
        advice="fibre has 0.14 to 0.5 dB/km; did you give dB/m?",
    )
    check_domain(
        "detector efficiency",
        system.detector_efficiency,
        Range(1e-4, 1.0, ""),
        what=what,
        advice="give the share of photons that click, as 0.1 for 10 %",
    )
    check_domain("clock", system.clock_hz, Range(1.0, 1e12, "Hz"), what=what)
    check_domain("nu", system.nu, Range(1e-4, 1.0, "photons per pulse"), what=what)
    if system.misalignment >= 0.5:
        raise DomainError(
            f"{what}: misalignment is {system.misalignment:g}, allowed 0 to 0.49; half of the bits wrong says nothing"
        )
    return system
