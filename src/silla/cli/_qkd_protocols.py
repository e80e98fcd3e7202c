"""Protocols of `silla qkd` beside decoy BB84 and DL04: from a system and its line to rates along the distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from silla.physics.quantum import bbm92, cvqkd, mdi, six_state, sns_finite, twin_field
from silla.physics.quantum.optimise import maximise
from silla.physics.quantum.presets import QkdSystem

__all__ = ["MORE_PROTOCOLS", "Continuous", "Request"]


@dataclass(frozen=True)
class Continuous:
    """What continuous variables need beside the receiver's efficiency. `modulation` None means the best."""

    modulation: float | None = None
    excess_noise: float = 0.01
    electronic_noise: float = 0.01
    reconciliation: float = 0.95
    detection: str = "homodyne"


@dataclass(frozen=True)
class Request:
    """A link as these protocols see it; `mu` None means the best at each distance."""

    system: QkdSystem
    line: np.ndarray
    y0: np.ndarray
    misalignment: np.ndarray
    mu: float | None
    decoys: str
    block: float | None
    continuous: Continuous


def _six_state(ask: Request) -> dict[str, Any]:
    eta = ask.line * ask.system.detector_efficiency
    link = {"y0": ask.y0, "misalignment": ask.misalignment, "error_correction": ask.system.error_correction}
    if ask.mu is None:
        best = maximise(
            lambda mu: six_state.key_rate(eta, mu=mu, **link).signed_rate, {"mu": (0.01, 1.5)}, shape=eta.shape
        )
        mu = best["mu"]
    else:
        mu = np.full(eta.shape, ask.mu)
    return _figures(six_state.key_rate(eta, mu=mu, **link), mu)


def _bbm92(ask: Request) -> dict[str, Any]:
    """Source in the middle; `mu` is the mean number of pairs."""
    arm = np.sqrt(ask.line) * ask.system.detector_efficiency
    link: dict[str, Any] = {
        "y0": ask.y0,
        "misalignment": ask.misalignment,
        "error_correction": ask.system.error_correction,
        "sifting": ask.system.sifting,
    }
    half = bbm92.best_brightness(arm, arm, **link) if ask.mu is None else np.full(arm.shape, 0.5 * ask.mu)
    return _figures(bbm92.key_rate(arm, arm, brightness=half, **link), 2.0 * np.asarray(half))


def _mdi(ask: Request) -> dict[str, Any]:
    arm, link = _station(ask)
    link |= {"decoys": ask.decoys, "nu": ask.system.nu}
    mu = mdi.best_intensity(arm, arm, **link) if ask.mu is None else np.full(arm.shape, ask.mu)
    return _figures(mdi.key_rate(arm, arm, mu=mu, **link), mu)


def _twin_field(ask: Request) -> dict[str, Any]:
    arm, link = _station(ask)
    if ask.mu is not None:
        mu = np.full(arm.shape, ask.mu)
        return _figures(twin_field.cal_key_rate(arm, mu=mu, **link), mu)
    return _figures(*twin_field.best_cal(arm, **link))


def _sns(ask: Request) -> dict[str, Any]:
    arm, link = _station(ask)
    if ask.block is not None:
        found, settings = sns_finite.best_sns_finite(arm, pulses=ask.block, **link)
        windows = twin_field.sns_key_rate(arm, mu=settings.mu_z, sending=settings.sending, **link)
        return _figures(found, settings.mu_z) | {"gain": windows.gain}
    if ask.mu is None:
        found, mu, _ = twin_field.best_sns(arm, **link)
        return _figures(found, mu)
    mu = ask.mu

    def rate(sending):
        return twin_field.sns_key_rate(arm, mu=mu, sending=sending, **link).signed_rate

    sending = maximise(rate, {"sending": (0.005, 0.6)}, shape=arm.shape)["sending"]
    return _figures(twin_field.sns_key_rate(arm, mu=mu, sending=sending, **link), np.full(arm.shape, mu))


def _station(ask: Request) -> tuple[np.ndarray, dict[str, Any]]:
    """Transmittance of one arm to a station in the middle, and its noise; `y0` counts two detectors' background."""
    link = {
        "background": 0.5 * ask.y0,
        "misalignment": ask.misalignment,
        "error_correction": ask.system.error_correction,
    }
    return np.sqrt(ask.line) * ask.system.detector_efficiency, link


def _cvqkd(ask: Request) -> dict[str, Any]:
    """Bits per symbol; `mu` is the mean photon number, half the modulation variance."""
    line = np.maximum(ask.line, cvqkd.LINE.low)  # the last of the 60 dB may round to just below
    given = ask.continuous
    link: dict[str, Any] = {
        "excess_noise": given.excess_noise,
        "reconciliation": given.reconciliation,
        "efficiency": ask.system.detector_efficiency,
        "electronic_noise": given.electronic_noise,
        "detection": given.detection,
    }
    if given.modulation is None:
        modulation = cvqkd.best_modulation(line, **link)
    else:
        modulation = np.full(line.shape, given.modulation)
    if ask.block is None:
        found = cvqkd.key_rate(line, modulation=modulation, **link)
    else:
        found = cvqkd.finite_key_rate(line, symbols=ask.block, modulation=modulation, **link)
    no_clicks, no_bits = np.zeros(line.shape), np.full(line.shape, np.nan)
    figures = {"gain": no_clicks, "qber": no_bits, "mu": 0.5 * modulation}
    return figures | {"rate": found.rate, "signed": found.signed_rate}


def _figures(found: Any, mu: Any) -> dict[str, Any]:
    gain = getattr(found, "gain", np.zeros(np.shape(found.rate)))
    return {"rate": found.rate, "signed": found.signed_rate, "gain": gain, "qber": found.qber, "mu": mu}


MORE_PROTOCOLS: dict[str, Callable[[Request], dict[str, Any]]] = {
    "six-state": _six_state,
    "bbm92": _bbm92,
    "mdi": _mdi,
    "tf": _twin_field,
    "sns": _sns,
    "cv-qkd": _cvqkd,
}
