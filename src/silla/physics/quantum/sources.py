"""Sources of photons: laser pulses, single-photon emitters, down-conversion as it is and heralded.

    laser                    P(n) = e^-mu mu^n / n!                                                g2 = 1
    emitter                  P(2) = g2 <n>^2 / 2, P(1) = <n> - 2 P(2), nothing beyond two
    down-conversion, one mode P(n) = mu^n / (1 + mu)^(n + 1)                                       g2 = 2
    heralded                 P(n | click) = P(n) [1 - (1 - d) (1 - eta_h)^n] / P(click)

and the key that an emitter gives without decoys, when every pulse of more than one photon is given to Eve,

    R = q Q { (1 - D) [1 - h(E / (1 - D))] - f h(E) }           D = P(n >= 2) / Q,  P(n >= 2) <= g2 <n>^2 / 2

Waks, Santori and Yamamoto, PRA 66, 042315 (2002) after Gottesman et al., QIC 4, 325 (2004). Pairs of a photon each way
are in `bbm92`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import DomainError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES, check_channel, photon_yield
from silla.physics.quantum.entropy import binary_entropy

__all__ = [
    "EMITTERS",
    "Emitter",
    "EmitterKey",
    "correlation",
    "emitter",
    "emitter_key_rate",
    "heralded",
    "laser",
    "pairs",
]

MEAN = Range(0.0, 10.0, "photons per pulse")
CORRELATION = Range(0.0, 1.0, "")
_PHOTONS = 60


class Emitter(NamedTuple):
    """A single-photon source. mean : photons per pulse into the fibre. g2 : second-order correlation at zero delay."""

    mean: float
    g2: float
    source: Citation


EMITTERS = {
    "quantum-dot": Emitter(
        0.57,
        0.02,
        Citation(
            "tomm2021",
            "N. Tomm et al., A bright and fast source of coherent single photons, Nat. Nanotechnol. 16, 399 (2021): "
            "57 % "
            "into the fibre, g2 0.021",
            "https://doi.org/10.1038/s41565-020-00831-x",
        ),
    ),
}


def laser(mean: float) -> np.ndarray:
    """Photon-number distribution P(0..60) of a phase-randomised laser pulse.

    >>> float(laser(0.5)[1].round(4))
    0.3033
    """
    check_domain("mean", mean, MEAN, what="laser pulse")
    from scipy.special import gammaln

    n = np.arange(_PHOTONS + 1)
    with np.errstate(divide="ignore"):
        return np.where(mean > 0.0, np.exp(n * np.log(max(mean, 1e-300)) - mean - gammaln(n + 1.0)), n == 0)


def emitter(mean: float, g2: float) -> np.ndarray:
    """P(0), P(1), P(2) of a single-photon emitter of this mean (up to 1) and g2 (up to 1).

    >>> [float(p) for p in emitter(0.5, 0.04).round(3)]
    [0.505, 0.49, 0.005]
    """
    check_domain("mean", mean, Range(0.0, 1.0, "photons per pulse"), what="single-photon source")
    check_domain("g2", g2, CORRELATION, what="single-photon source")
    two = 0.5 * g2 * mean**2
    one = mean - 2.0 * two
    return np.array([1.0 - one - two, one, two])


def pairs(mean: float) -> np.ndarray:
    """P(0..60) of pairs from down-conversion in one mode (thermal)."""
    check_domain("mean", mean, Range(0.0, 2.0, "pairs per pulse"), what="down-conversion")
    n = np.arange(_PHOTONS + 1)
    return mean**n / (1.0 + mean) ** (n + 1.0)


def heralded(distribution: ArrayLike, efficiency: float, dark: float = 0.0) -> tuple[np.ndarray, float]:
    """Photon numbers of one arm when the other one's detector clicked, and the chance of that click.

    Parameters
    ----------
    distribution : of the pairs. efficiency : of the herald's arm with its detector. dark : false heralds per pulse.

    >>> p, click = heralded(pairs(0.01), 0.6)
    >>> 0.98 < float(p[1]) < 1.0, round(click, 4)
    (True, 0.006)
    """
    check_domain("efficiency", efficiency, Range(1e-6, 1.0, ""), what="herald")
    check_domain("dark", dark, Range(0.0, 0.5, ""), what="herald")
    p = np.asarray(distribution, float)
    seen = 1.0 - (1.0 - dark) * (1.0 - efficiency) ** np.arange(p.size)
    click = float(np.sum(p * seen))
    return p * seen / click, click


def correlation(distribution: ArrayLike) -> float:
    """g2 = <n (n - 1)> / <n>^2 of a photon-number distribution; 1 for a laser, 2 for thermal light.

    >>> round(correlation(laser(0.3)), 9), round(correlation(pairs(0.1)), 9)
    (1.0, 2.0)
    """
    p = np.asarray(distribution, float)
    n = np.arange(p.size)
    mean = float(np.sum(n * p))
    if mean <= 0.0:
        raise DomainError("g2: the source emits nothing; give a mean above 0")
    return float(np.sum(n * (n - 1.0) * p)) / mean**2


class EmitterKey(NamedTuple):
    """Result of `emitter_key_rate`; broadcast shape of the inputs."""

    rate: Any  # secret bits per pulse, 0 where no key
    signed_rate: Any
    gain: Any
    qber: Any
    multi_share: Any  # of clicks that may come from pulses of two photons or more


def emitter_key_rate(
    transmittance: ArrayLike,
    *,
    mean: ArrayLike,
    g2: ArrayLike,
    y0: ArrayLike,
    misalignment: ArrayLike,
    error_correction: float = 1.16,
    sifting: float = 0.5,
) -> EmitterKey:
    """Secret bits per pulse of BB84 with a single-photon emitter and no decoys.

    Parameters
    ----------
    transmittance : of channel and detector. mean, g2 : of the emitter, `mean` at the fibre. y0 : background clicks per
    gate. misalignment : error rate of signal clicks.

    Left out: finite statistics, photons that can be told apart.
    Raises DomainError outside the ranges.

    >>> float(emitter_key_rate(0.1, mean=1.0, g2=0.0, y0=0.0, misalignment=0.0, sifting=1.0).rate)
    0.1
    """
    what = "single-photon BB84"
    check_channel(what, transmittance=transmittance, y0=y0, misalignment=misalignment)
    check_domain("mean", mean, Range(1e-6, 1.0, "photons per pulse"), what=what)
    check_domain("g2", g2, CORRELATION, what=what)
    check_domain("error_correction", error_correction, Range(1.0, 5.0, ""), what=what)
    check_domain("sifting", sifting, Range(0.0, 1.0, ""), what=what)
    eta, n, g, noise, e_d = (np.asarray(x, float) for x in (transmittance, mean, g2, y0, misalignment))
    multi = 0.5 * g * n**2
    seen = np.maximum(n - 2.0 * multi, 0.0) * photon_yield(1, eta) + multi * photon_yield(2, eta)
    gain = noise + (1.0 - noise) * seen
    with np.errstate(divide="ignore", invalid="ignore"):
        qber = np.where(gain > 0.0, (0.5 * noise + e_d * (1.0 - noise) * seen) / gain, 0.5)
        share = np.minimum(np.where(gain > 0.0, multi / gain, 1.0), 1.0)
        single = np.where(share < 1.0, np.minimum(qber / np.maximum(1.0 - share, 1e-300), 0.5), 0.5)
    secret = (1.0 - share) * (1.0 - binary_entropy(single)) - error_correction * binary_entropy(np.minimum(qber, 0.5))
    signed = sifting * gain * secret
    return EmitterKey(np.maximum(signed, 0.0), signed, gain, qber[()], share[()])


def _card_rate(**arguments):
    return emitter_key_rate(**arguments).rate


register(
    ModelCard(
        id="quantum.sources.emitter",
        title="BB84 with a single-photon emitter, asymptotic key rate without decoys",
        function=_card_rate,
        sources=(
            Citation(
                "waks2002",
                "E. Waks, C. Santori, Y. Yamamoto, Security aspects of quantum key distribution with sub-Poisson "
                "light, "
                "Phys. Rev. A 66, 042315 (2002)",
                "https://doi.org/10.1103/PhysRevA.66.042315",
            ),
        ),
        valid={
            "transmittance": CHANNEL_RANGES["transmittance"],
            "g2": CORRELATION,
            "y0": CHANNEL_RANGES["y0"],
            "misalignment": CHANNEL_RANGES["misalignment"],
        },
        references=(
            Reference(
                {
                    "transmittance": 0.1,
                    "mean": 1.0,
                    "g2": 0.0,
                    "y0": 0.0,
                    "misalignment": 0.01,
                    "error_correction": 1.0,
                },
                0.05 * (1.0 - 2.0 * 0.0807931359),
                "no photons in excess: half of the clicks, 1 - 2 h(0.01)",
                rel=1e-6,
            ),
        ),
        decreasing=("g2", "y0", "misalignment"),
        left_out="finite statistics, decoy states, photons that can be told apart",
    )
)
