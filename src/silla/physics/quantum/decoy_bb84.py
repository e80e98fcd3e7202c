"""Asymptotic key rate of decoy-state BB84 with weak laser pulses.

    R = q { -Q_mu f h(E_mu) + Q_1 [1 - h(e_1)] (+ Q_0) }               bit per pulse sent

GLLP (Gottesman, Lo, Luetkenhaus and Preskill, QIC 4, 325 (2004)) with the single-photon part Q_1 = Y_1 mu exp(-mu) and
e_1 bounded by decoy states; Ma, Qi, Zhao and Lo, PRA 72, 012326 (2005). `DECOYS` lists the bounds:

    infinite      Y_1 and e_1 known exactly                              Eqs. (7), (9)
    vacuum+weak   one weak decoy nu and the vacuum                       Eqs. (34), (37)
    one-decoy     one weak decoy nu; the background is bounded           Eqs. (41), (37) with Y_0 >= 0
    none          no decoy: every multi-photon pulse is given to Eve     GLLP

Q_0, the vacuum clicks that no eavesdropper can know (Lo, QIC 5, 413 (2005)), counts only on request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import (
    CHANNEL_RANGES,
    MA2005,
    Received,
    check_channel,
    gain_and_error,
    photon_yield,
)
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.optimise import maximise
from silla.physics.quantum.presets import GYS

__all__ = [
    "DECOYS",
    "DecoyKey",
    "best_intensity",
    "key_rate",
    "max_loss_db",
    "optimal_intensity_lossy",
    "single_photon_bounds",
]

DECOYS = ("infinite", "vacuum+weak", "one-decoy", "none")
INTENSITY = Range(1e-4, 2.0, "photons per pulse")
_LOSS_STEP_DB = 0.25
_LOSS_LIMIT_DB = 200.0


class DecoyKey(NamedTuple):
    """Result of `key_rate`; each field has the broadcast shape of the inputs."""

    rate: Any  # secret bits per pulse sent, 0 where no key
    signed_rate: Any  # the same before clipping at zero: its root is the reach
    gain: Any  # clicks per signal pulse
    qber: Any  # error rate of the signal pulses
    single_yield: Any  # lower bound on Y_1
    single_error: Any  # upper bound on e_1


def key_rate(
    transmittance: ArrayLike,
    *,
    mu: ArrayLike,
    y0: ArrayLike,
    misalignment: ArrayLike,
    nu: ArrayLike = 0.05,
    decoys: str = "infinite",
    error_correction: float = 1.22,
    sifting: float = 0.5,
    e0: float = 0.5,
    afterpulse: ArrayLike = 0.0,
    count_vacuum: bool = False,
) -> DecoyKey:
    """Secret key rate per pulse and what it was computed from.

    Parameters
    ----------
    transmittance : of channel and detector together, 1e-24 to 1; any shape, broadcast with the next five.
    mu, nu : mean photon numbers of signal and weak decoy, nu < mu. y0 : background clicks per gate.
    misalignment : error rate of signal clicks (e_d). afterpulse : false clicks per click.
    decoys : one of `DECOYS`. error_correction : f >= 1, leaked bits over the Shannon limit.
    sifting : share of pulses whose bases agree (q): 1/2, or towards 1 with biased bases.
    count_vacuum : add Q_0, the clicks of empty pulses.

    Left out: finite statistics (`finite_key`), device side channels.
    Raises DomainError outside the ranges, ArgumentError for an unknown `decoys`.

    >>> float(key_rate(0.045, mu=0.48, y0=1.7e-6, misalignment=0.033).rate.round(6))
    0.002555
    """
    _check(transmittance, mu, nu, y0, misalignment, decoys, error_correction, sifting, e0, afterpulse)
    return _key_rate(
        *(np.asarray(x, float) for x in (transmittance, mu, nu, y0, misalignment, afterpulse)),
        decoys=decoys,
        f=error_correction,
        q=sifting,
        e0=e0,
        count_vacuum=count_vacuum,
    )


def _key_rate(eta, mu, nu, y0, e_d, p_ap, *, decoys, f, q, e0, count_vacuum) -> DecoyKey:
    """The formulas without domain checks: what the optimiser and the root finder call."""

    def received(k):
        return gain_and_error(k, eta, y0=y0, misalignment=e_d, e0=e0, afterpulse=p_ap)

    signal = received(mu)
    single, error = single_photon_bounds(decoys, received, mu, nu, eta, y0, e_d, e0, p_ap)
    usable = single > 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        e1 = np.where(usable, np.clip(error / single, 0.0, 0.5), 0.5)
    single = np.where(usable, single, 0.0)
    secret = single * mu * np.exp(-mu) * (1.0 - binary_entropy(e1))
    if count_vacuum:
        secret = secret + y0 * np.exp(-mu)
    # an error rate beyond 1/2 cannot occur in the channel model; h is flat there, so the clip changes nothing else
    signed = q * (secret - signal.gain * f * binary_entropy(np.minimum(signal.qber, 0.5)))
    return DecoyKey(np.maximum(signed, 0.0), signed, signal.gain, signal.qber, single, e1)


def single_photon_bounds(
    decoys: str, received: Callable[[Any], Received], mu, nu, eta, y0, e_d, e0=0.5, p_ap=0.0
) -> tuple[Any, Any]:
    """(lower bound on Y_1, upper bound on e_1 Y_1); a bound may come out below 0. The inner loop: nothing is checked.

    received : gain and errors that are counted at an intensity, of the honest channel or of an attacked one; called
    for mu, nu and 0. eta, y0, e_d, p_ap : what `decoys` "infinite" knows exactly; the other bounds look at `received`
    alone.
    """
    if decoys == "infinite":
        y1 = photon_yield(1, eta, y0)
        return y1 * (1.0 + p_ap), e0 * y0 + e_d * (y1 - y0) + 0.5 * p_ap * y1
    signal = received(mu)
    if decoys == "none":
        # Q_1 >= Q_mu - P(n >= 2), all errors blamed on single photons; after-pulses come on top of certain clicks
        poisson_1 = mu * np.exp(-mu)
        multi = (-np.expm1(-mu) - poisson_1) * (1.0 + p_ap)
        return (signal.gain - received(0.0).gain * np.exp(-mu) - multi) / poisson_1, signal.error_gain / poisson_1
    weak = received(nu)
    background = received(0.0).gain
    if decoys == "one-decoy":
        # Y_0 <= E_nu Q_nu exp(nu) / e0 (all errors of the decoy blamed on background), and Y_0 >= 0 in e_1
        low, background = 0.0, weak.error_gain * np.exp(nu) / e0
    else:
        low = received(0.0).error_gain
    y1 = (
        mu
        / (mu * nu - nu**2)
        * (weak.gain * np.exp(nu) - signal.gain * np.exp(mu) * (nu / mu) ** 2 - (mu**2 - nu**2) / mu**2 * background)
    )
    return y1, (weak.error_gain * np.exp(nu) - low) / nu


def _check(transmittance, mu, nu, y0, misalignment, decoys, f, q, e0, afterpulse) -> None:
    what = "decoy BB84"
    if decoys not in DECOYS:
        raise ArgumentError(f"{what}: decoys is {decoys!r}, allowed {', '.join(DECOYS)}")
    check_channel(what, transmittance=transmittance, y0=y0, misalignment=misalignment, afterpulse=afterpulse)
    check_domain("mu", mu, INTENSITY, what=what, advice="the best signal intensity lies between 0.3 and 0.8")
    check_domain("error_correction", f, Range(1.0, 5.0, ""), what=what, advice="practical codes reach 1.05 to 1.22")
    check_domain("sifting", q, Range(0.0, 1.0, ""), what=what)
    check_domain("e0", e0, Range(0.25, 0.5, ""), what=what, advice="background clicks are wrong half of the time")
    if decoys in ("vacuum+weak", "one-decoy"):
        check_domain("nu", nu, INTENSITY, what=what)
        if np.any(np.asarray(nu) >= np.asarray(mu)):
            raise DomainError(f"{what}: nu is {np.max(nu):g}, allowed below mu = {np.min(mu):g}; weaken the decoy")


def best_intensity(
    transmittance: ArrayLike,
    *,
    y0: ArrayLike,
    misalignment: ArrayLike,
    nu: float = 0.05,
    decoys: str = "infinite",
    error_correction: float = 1.22,
    e0: float = 0.5,
    afterpulse: ArrayLike = 0.0,
    count_vacuum: bool = False,
):
    """Mean photon number that maximises `key_rate`, same shape as the broadcast inputs, to 1e-6.

    Searched from 0.02 (or just above `nu`) to 1.2 by `optimise.maximise`. Where no intensity gives a key, that of the
    least negative signed rate.

    >>> float(best_intensity(0.045 * 10 ** (-0.21 * 50 / 10), y0=1.7e-6, misalignment=0.033).round(3))
    0.479
    """
    _check(transmittance, 1.2, nu, y0, misalignment, decoys, error_correction, 1.0, e0, afterpulse)
    eta, y0, e_d, p_ap = np.broadcast_arrays(
        *(np.asarray(x, float) for x in (transmittance, y0, misalignment, afterpulse))
    )

    def rate(mu):
        return _key_rate(
            eta, mu, nu, y0, e_d, p_ap, decoys=decoys, f=error_correction, q=1.0, e0=e0, count_vacuum=count_vacuum
        ).signed_rate

    low = 1e-4 if decoys == "none" else 0.02 if decoys == "infinite" else 1.02 * nu
    return maximise(rate, {"mu": (low, 1.2)}, shape=eta.shape, start=33, rounds=15)["mu"]


def optimal_intensity_lossy(misalignment: float, error_correction: float = 1.22) -> float:
    """Best signal intensity for a long line without background: root of (1-mu) exp(-mu) = f h(e_d) / (1 - h(e_d)).

    Ma et al., PRA 72, 012326, Eq. (12). Raises DomainError where no intensity gives a key.

    >>> round(optimal_intensity_lossy(0.033, 1.22), 3)
    0.479
    """
    h = float(binary_entropy(misalignment))
    target = error_correction * h / (1.0 - h)
    if not 0.0 <= target < 1.0:
        raise DomainError(
            f"decoy BB84: misalignment {misalignment:g} leaves no key at any intensity; align the receiver"
        )
    return _root(lambda mu: (1.0 - mu) * np.exp(-mu) - target, 0.0, 1.0)


def max_loss_db(
    *,
    y0: float,
    misalignment: float,
    detector_efficiency: float,
    mu: float | None,
    nu: float = 0.05,
    decoys: str = "infinite",
    error_correction: float = 1.22,
    e0: float = 0.5,
    afterpulse: float = 0.0,
    count_vacuum: bool = False,
) -> float:
    """Greatest channel loss in dB (detector not counted) with a positive key rate; 0 when there is none at all.

    `mu` None means the best intensity at each loss. The sign is scanned in quarter decibels up to 200 dB, and the last
    crossing is refined by bisection to 1e-9 dB. Returns 200 where the key never ends (no background at all).

    >>> round(max_loss_db(y0=1.7e-6, misalignment=0.033, detector_efficiency=0.045, mu=0.48) / 0.21, 1)
    142.0
    """
    check_domain("detector_efficiency", detector_efficiency, Range(1e-4, 1.0, ""), what="decoy BB84")
    common = {"decoys": decoys, "error_correction": error_correction, "e0": e0, "afterpulse": afterpulse}
    common |= {"nu": nu, "y0": y0, "misalignment": misalignment, "count_vacuum": count_vacuum}

    def signed(loss_db):
        eta = detector_efficiency * 10.0 ** (-np.asarray(loss_db, float) / 10.0)
        intensity = best_intensity(eta, **common) if mu is None else mu
        return key_rate(eta, mu=intensity, **common).signed_rate / eta

    losses = np.arange(0.0, _LOSS_LIMIT_DB + _LOSS_STEP_DB, _LOSS_STEP_DB)
    positive = np.flatnonzero(signed(losses) > 0.0)
    if positive.size == 0:
        return 0.0
    last = positive[-1]
    if last == losses.size - 1:
        return _LOSS_LIMIT_DB
    return _root(lambda x: float(signed(x)), float(losses[last]), float(losses[last + 1]))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(cast(Any, brentq(function, low, high, xtol=1e-10)))


def _card_rate(**arguments):
    return key_rate(**arguments).rate


_GYS = {"y0": GYS.y0, "misalignment": GYS.misalignment}
_ANCHOR = "derived from Ma et al. 2005, Eqs. (1), (7)-(11), with the GYS parameters of its Table I"
register(
    ModelCard(
        id="quantum.decoy_bb84.asymptotic",
        title="Decoy-state BB84, asymptotic key rate",
        function=_card_rate,
        sources=(
            MA2005,
            Citation(
                "gllp2004",
                "D. Gottesman, H.-K. Lo, N. Luetkenhaus, J. Preskill, Security of quantum key distribution with "
                "imperfect devices, Quantum Inf. Comput. 4, 325 (2004)",
                "https://arxiv.org/abs/quant-ph/0212066",
            ),
        ),
        valid={**CHANNEL_RANGES, "mu": INTENSITY},
        references=(
            Reference({**_GYS, "transmittance": 0.045, "mu": 0.48}, 2.555e-3, _ANCHOR + ", 0 km", rel=1e-3),
            Reference(
                {**_GYS, "transmittance": 0.045 * 10 ** (-0.21 * 10), "mu": 0.48},
                1.718e-5,
                _ANCHOR + ", 100 km",
                rel=1e-3,
            ),
            Reference(
                {**_GYS, "transmittance": 0.045 * 10 ** (-0.21 * 14), "mu": 0.48},
                2.46e-7,
                _ANCHOR + ", 140 km",
                rel=5e-3,
            ),
        ),
        increasing=("transmittance",),
        decreasing=("y0", "misalignment"),
        left_out="finite statistics, source and detector side channels, basis-dependent flaws",
    )
)
