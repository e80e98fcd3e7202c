"""Processor time of one point of a quantum link's rate curve at the best settings, for every protocol.

One point is one distance by itself, the most costly way to ask; curves of many distances cost a tenth of it for each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from silla.bench.figure import Figure, Measured
from silla.physics.quantum import (
    bbm92,
    cvqkd,
    decoy_bb84,
    dl04,
    finite_key_best,
    hd_qsdc,
    mdi,
    six_state,
    sns_finite,
    twin_field,
    two_step,
)
from silla.physics.quantum.optimise import maximise

__all__ = ["BEST", "FIGURE"]

_LINK: dict[str, Any] = {"y0": 1e-6, "misalignment": 0.01}
_CLEAN: dict[str, Any] = {"y0": 1e-8, "misalignment": 0.001, "receiver_efficiency": 0.8}
_STATION: dict[str, Any] = {"background": 1e-9, "misalignment": 0.03}


def _six_state(eta: Any):
    def rate(mu):
        return six_state.key_rate(eta, mu=mu, **_LINK).signed_rate

    return maximise(rate, {"mu": (0.01, 1.5)}, shape=np.shape(eta))


# protocol -> its best settings for a transmittance
BEST: dict[str, Callable[[Any], Any]] = {
    "decoy-bb84, infinite": lambda eta: decoy_bb84.best_intensity(eta, **_LINK),
    "decoy-bb84, vacuum+weak": lambda eta: decoy_bb84.best_intensity(eta, decoys="vacuum+weak", **_LINK),
    "decoy-bb84, one-decoy": lambda eta: decoy_bb84.best_intensity(eta, decoys="one-decoy", **_LINK),
    "decoy-bb84, finite, two decoys": lambda eta: finite_key_best.best_finite_key(eta, **_LINK),
    "decoy-bb84, finite, one decoy": lambda eta: finite_key_best.best_finite_key(eta, decoys=1, **_LINK),
    "six-state": _six_state,
    "bbm92": lambda eta: bbm92.best_brightness(eta, eta, **_LINK),
    "mdi, infinite": lambda eta: mdi.best_intensity(eta, eta, **_STATION),
    "mdi, vacuum+weak": lambda eta: mdi.best_intensity(eta, eta, decoys="vacuum+weak", **_STATION),
    "tf": lambda eta: twin_field.best_cal(eta, **_STATION),
    "sns": lambda eta: twin_field.best_sns(eta, pairing="none", **_STATION),
    "sns, aopp": lambda eta: twin_field.best_sns(eta, **_STATION),
    "sns, finite": lambda eta: sns_finite.best_sns_finite(eta, pulses=1e12, **_STATION),
    "cv-qkd": lambda eta: cvqkd.best_modulation(eta, excess_noise=0.01, efficiency=0.6, electronic_noise=0.01),
    "hd": lambda eta: hd_qsdc.best_intensity(4, eta, **_CLEAN),
    "dl04": lambda eta: dl04.best_direct_rate(eta, **_CLEAN),
    "two-step": lambda eta: two_step.secrecy_capacity(eta, **_CLEAN),
}


def point_ms(best: Callable[[Any], Any], eta: Any = 0.05, repeats: int = 5) -> float:
    """Least processor time in milliseconds of several calls, after one that does not count."""
    best(eta)
    times = []
    for _ in range(repeats):
        start = time.process_time()
        best(eta)
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def _measure() -> Measured:
    found = {name: point_ms(best) for name, best in BEST.items()}
    worst = max(found, key=lambda name: found[name])
    many = np.geomspace(0.01, 0.5, 100)
    curve = max(point_ms(best, many, 2) / many.size for best in BEST.values())
    note = f"worst of {len(found)} protocols: {worst}; on a curve of 100 points {curve:.2g} ms for each"
    return Measured(found[worst], note=note)


FIGURE = Figure("quantum-rate-point", "ms CPU per point", 10.0, 5.0, "lower", _measure)
