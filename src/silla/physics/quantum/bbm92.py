"""Asymptotic key rate of BBM92 with pairs from parametric down-conversion, source anywhere on the line.

    R = q Q [1 - (1 + f) h(E)]                                                     bit per pump pulse

A pulse holds n pairs with probability P(n) = (n + 1) lambda^n / (1 + lambda)^(n + 2), 2 lambda on average. With eta_A,
eta_B the transmittance of either arm and its detectors and Y_0A, Y_0B their background,

    Q   = 1 - (1 - Y_0A) / (1 + eta_A lambda)^2 - (1 - Y_0B) / (1 + eta_B lambda)^2
            + (1 - Y_0A)(1 - Y_0B) / (1 + eta_A lambda + eta_B lambda - eta_A eta_B lambda)^2
    E Q = e_0 Q - 2 (e_0 - e_d) (1 - Y_0A)(1 - Y_0B) eta_A eta_B lambda (1 + lambda)
            / [(1 + eta_A lambda)(1 + eta_B lambda)(1 + eta_A lambda + eta_B lambda - eta_A eta_B lambda)]

Ma, Fung and Lo, PRA 76, 012307 (2007), section IV, with the background's share in E Q kept: a gate in which noise
clicks gives a random bit, whatever the pair did. The source need not be trusted (Koashi and Preskill, PRL 90, 057902
(2003)). The tests sum over the photon numbers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.optimise import maximise

__all__ = ["PairKey", "best_brightness", "key_rate"]

ARM = Range(1e-15, 1.0, "")
BRIGHTNESS = Range(1e-6, 1.0, "")
_E0 = 0.5


class PairKey(NamedTuple):
    """Result of `key_rate`; broadcast shape of the inputs."""

    rate: Any  # secret bits per pump pulse, 0 where no key
    signed_rate: Any  # before clipping
    gain: Any  # coincidences per pump pulse
    qber: Any


def key_rate(
    transmittance_a: ArrayLike,
    transmittance_b: ArrayLike,
    *,
    brightness: ArrayLike,
    y0: ArrayLike,
    misalignment: ArrayLike,
    error_correction: float = 1.22,
    sifting: float = 0.5,
) -> PairKey:
    """Secret bits per pump pulse.

    Parameters
    ----------
    transmittance_a, transmittance_b : of either arm with its detectors. brightness : lambda, half the mean number of
    pairs. y0 : background clicks per gate of either side. misalignment : error rate of a true pair.
    error_correction : f >= 1. sifting : share of pulses whose bases agree.

    Left out: finite statistics, two-way post-processing (which reaches further), pairs in several modes.
    Raises DomainError outside the ranges.

    >>> float(key_rate(0.1, 0.1, brightness=0.05, y0=1e-6, misalignment=0.015).rate.round(6))
    0.000186
    """
    what = "BBM92"
    check_domain("transmittance_a", transmittance_a, ARM, what=what)
    check_domain("transmittance_b", transmittance_b, ARM, what=what)
    check_domain("brightness", brightness, BRIGHTNESS, what=what, advice="0.01 to 0.2 is usual")
    check_domain("y0", y0, CHANNEL_RANGES["y0"], what=what)
    check_domain("misalignment", misalignment, CHANNEL_RANGES["misalignment"], what=what)
    check_domain("error_correction", error_correction, Range(1.0, 5.0, ""), what=what)
    check_domain("sifting", sifting, Range(0.0, 1.0, ""), what=what)
    inputs = (transmittance_a, transmittance_b, brightness, y0, misalignment)
    gain, qber = _received(*(np.asarray(x, float) for x in inputs))
    signed = sifting * gain * (1.0 - (1.0 + error_correction) * binary_entropy(np.minimum(qber, 0.5)))
    return PairKey(np.maximum(signed, 0.0), signed, gain, qber)


def _received(a, b, lam, y0, e_d):
    """Coincidences per pulse and their error rate, arranged so that small numbers do not cancel."""
    x, y = a * lam, b * lam
    both = x + y - a * b * lam
    # 1 - 1/(1+x)^2 = x (2 + x) / (1+x)^2: some photon of that arm is seen
    seen_a, seen_b = (u * (2.0 + u) / (1.0 + u) ** 2 for u in (x, y))
    # both arms seen: P(a) + P(b) - P(a or b), and P(a or b) - P(b) in closed form
    only_a = a * lam * (1.0 - b) * (2.0 + 2.0 * y + a * lam * (1.0 - b)) / ((1.0 + y) * (1.0 + both)) ** 2
    gain = (1.0 - y0) ** 2 * (seen_a - only_a) + y0 * (1.0 - y0) * (seen_a + seen_b) + y0**2
    true = 2.0 * a * b * lam * (1.0 + lam) / ((1.0 + x) * (1.0 + y) * (1.0 + both)) * (1.0 - y0) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        qber = np.where(gain > 0.0, _E0 - (_E0 - e_d) * true / gain, _E0)
    return gain, qber[()]


def best_brightness(transmittance_a: ArrayLike, transmittance_b: ArrayLike, **arguments: Any):
    """lambda between 1e-4 and 0.5 that maximises `key_rate`, broadcast shape of the two arms, to 1e-4 of itself.

    `arguments` are those of `key_rate` without `brightness`.

    >>> lam = best_brightness(0.01, 0.01, y0=1e-6, misalignment=0.015)
    >>> 0.05 < float(lam) < 0.2
    True
    """
    a, b = np.broadcast_arrays(np.asarray(transmittance_a, float), np.asarray(transmittance_b, float))

    def rate(brightness):
        return key_rate(a, b, brightness=brightness, **arguments).signed_rate

    return maximise(rate, {"brightness": (1e-4, 0.5)}, shape=a.shape)["brightness"]


def _card_rate(**arguments):
    return key_rate(**arguments).rate


register(
    ModelCard(
        id="quantum.bbm92.spdc",
        title="BBM92 with down-conversion pairs, asymptotic key rate",
        function=_card_rate,
        sources=(
            Citation(
                "ma2007",
                "X. Ma, C.-H. F. Fung, H.-K. Lo, Quantum key distribution with entangled photon sources, Phys. Rev. A "
                "76, 012307 (2007)",
                "https://doi.org/10.1103/PhysRevA.76.012307",
            ),
        ),
        valid={
            "transmittance_a": ARM,
            "transmittance_b": ARM,
            "brightness": BRIGHTNESS,
            "y0": CHANNEL_RANGES["y0"],
            "misalignment": CHANNEL_RANGES["misalignment"],
        },
        references=(
            Reference(
                {
                    "transmittance_a": 1.0,
                    "transmittance_b": 1.0,
                    "brightness": 0.1,
                    "y0": 0.0,
                    "misalignment": 0.0,
                    "error_correction": 1.0,
                    "sifting": 1.0,
                },
                0.1172091,
                "closed form: gain 1 - 1/1.21, errors of double pairs 1/42",
                rel=1e-6,
            ),
        ),
        decreasing=("misalignment",),
        left_out="finite statistics, two-way post-processing",
    )
)
