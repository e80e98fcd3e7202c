"""What the receiver counts: gains and errors of phase-randomised laser pulses after a lossy, noisy channel.

    Y_n     = Y0 + (1 - Y0) (1 - (1 - eta)^n)                     yield of n photons
    Q_mu    = Y0 + (1 - Y0) (1 - exp(-eta mu))                    gain of intensity mu
    E_mu Q_mu = e0 Y0 + e_d (1 - Y0) (1 - exp(-eta mu))           error gain

Ma, Qi, Zhao and Lo, PRA 72, 012326 (2005), Eqs. (6)-(11), with the product Y0 eta kept: a gate in which noise clicks
gives a random bit, whatever the signal did, so gains stay below 1 and error rates below 1/2 at any noise. After-pulses
add a fraction p_ap of every gain, half of them wrong (Lim et al., PRA 89, 022307 (2014), section IV).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = ["CHANNEL_RANGES", "MA2005", "Received", "check_channel", "gain_and_error", "photon_yield"]

MA2005 = Citation(
    "ma2005",
    "X. Ma, B. Qi, Y. Zhao, H.-K. Lo, Practical decoy state for quantum key distribution, Phys. Rev. A 72, 012326 "
    "(2005)",
    "https://doi.org/10.1103/PhysRevA.72.012326",
)

CHANNEL_RANGES = {
    "transmittance": Range(1e-24, 1.0, ""),
    "y0": Range(0.0, 0.999, "per gate"),
    "misalignment": Range(0.0, 0.49, ""),
    "afterpulse": Range(0.0, 0.5, ""),
}
_ADVICE = {
    "transmittance": "the transmittance is that of fibre and detector together; 240 dB is the most that is modelled",
    "y0": "give the background clicks per gate of all detectors together",
    "misalignment": "an error rate near 1/2 carries no information; typical values are 0.005 to 0.05",
    "afterpulse": "a detector with more after-pulses than that needs a longer dead time",
}


class Received(NamedTuple):
    """Clicks and wrong clicks per gate, and their ratio."""

    gain: Any
    error_gain: Any
    qber: Any


def check_channel(what: str, **values: ArrayLike) -> None:
    """Raise DomainError when a channel quantity named in CHANNEL_RANGES is not finite or outside its range."""
    for name, value in values.items():
        check_domain(name, value, CHANNEL_RANGES[name], what=what, advice=_ADVICE[name])


def photon_yield(n: ArrayLike, transmittance: ArrayLike, y0: ArrayLike = 0.0):
    """Probability of a click when n photons are sent.

    Parameters
    ----------
    n : photon number. transmittance : of channel and detector together. y0 : background clicks per gate. All broadcast.

    >>> float(photon_yield(0, 0.1, 1e-6))
    1e-06
    """
    transmittance, y0 = np.asarray(transmittance, float), np.asarray(y0, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        signal = np.where(np.asarray(n) == 0, 0.0, -np.expm1(np.asarray(n) * np.log1p(-transmittance)))
    return (y0 + (1.0 - y0) * signal)[()]


def gain_and_error(
    intensity: ArrayLike,
    transmittance: ArrayLike,
    *,
    y0: ArrayLike,
    misalignment: ArrayLike,
    e0: float = 0.5,
    afterpulse: ArrayLike = 0.0,
) -> Received:
    """Gain, error gain and QBER of pulses of one mean photon number; see the module for the equations.

    Parameters
    ----------
    intensity : mean photon number per pulse. transmittance : of channel and detector together.
    y0 : background clicks per gate (dark counts, Raman photons). misalignment : error rate of signal clicks.
    e0 : error rate of background clicks. afterpulse : probability that a click is followed by a false one.

    No domain check here (it is the inner loop); the public rates check. A gain of zero gives a QBER of `e0`.

    >>> float(round(gain_and_error(0.48, 0.045, y0=1.7e-6, misalignment=0.033).qber, 5))
    0.03304
    """
    y0 = np.asarray(y0, float)
    signal = -(1.0 - y0) * np.expm1(-np.asarray(intensity, float) * np.asarray(transmittance, float))
    gain = y0 + signal
    error = e0 * y0 + np.asarray(misalignment, float) * signal + 0.5 * np.asarray(afterpulse) * gain
    gain = gain * (1.0 + np.asarray(afterpulse))
    with np.errstate(divide="ignore", invalid="ignore"):
        qber = np.where(gain > 0.0, error / gain, e0)
    return Received(gain, error, qber[()])


def _qber(intensity, transmittance, y0, misalignment, afterpulse=0.0):
    check_channel("channel", transmittance=transmittance, y0=y0, misalignment=misalignment, afterpulse=afterpulse)
    return gain_and_error(intensity, transmittance, y0=y0, misalignment=misalignment, afterpulse=afterpulse).qber


register(
    ModelCard(
        id="quantum.channel.weak_pulse",
        title="Gain and error rate of phase-randomised weak laser pulses",
        function=_qber,
        sources=(MA2005,),
        valid=CHANNEL_RANGES,
        references=(
            # closed form at zero transmission: only background, e0
            Reference(
                {"intensity": 0.48, "transmittance": 1e-24, "y0": 1.7e-6, "misalignment": 0.033},
                0.5,
                "limit of Eqs. (10)-(11) for zero transmittance",
                absolute=1e-6,
            ),
            Reference(
                {"intensity": 0.48, "transmittance": 0.01, "y0": 0.0, "misalignment": 0.033},
                0.033,
                "limit of Eqs. (10)-(11) without background",
                rel=1e-9,
            ),
        ),
        decreasing=("transmittance",),
        increasing=("misalignment", "y0"),
        left_out="detector efficiency mismatch, pulse-to-pulse intensity fluctuations, memory of after-pulses",
    )
)
