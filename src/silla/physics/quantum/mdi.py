"""Asymptotic key rate of measurement-device-independent QKD with decoy-state laser pulses.

    R = q { mu_A mu_B exp(-mu_A - mu_B) Y_11 [1 - h(e_11)] - Q_z f h(E_z) }               bit per pair of pulses

Alice and Bob send to a station that announces two of the Bell states and need not be trusted. One basis (z) makes the
key, the other (x) bounds the phase errors. With eta_A, eta_B the transmittance of either arm and its detectors and d
the background clicks per gate of each of the four detectors: Ma and Razavi, PRA 86, 062319 (2012), Appendix B.
`DECOYS`:

    infinite      Y_11 and e_11 known exactly
    vacuum+weak   bounded by a weak decoy nu and the vacuum; Xu, Curty, Qi and Lo, New J. Phys. 15, 113007 (2013)

The tests integrate the gains over the phases of the pulses, detector by detector.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.optimise import maximise

__all__ = ["DECOYS", "MdiKey", "best_intensity", "key_rate"]

DECOYS = ("infinite", "vacuum+weak")
ARM = Range(1e-12, 1.0, "")
BACKGROUND = Range(0.0, 0.1, "per gate and detector")
INTENSITY = Range(1e-4, 2.0, "photons per pulse")


class MdiKey(NamedTuple):
    """Result of `key_rate`; broadcast shape of the inputs."""

    rate: Any  # secret bits per pair of pulses, 0 where no key
    signed_rate: Any  # before clipping
    gain: Any  # announced Bell states per pair of signal pulses, z basis
    qber: Any  # their error rate
    single_yield: Any  # of one photon from either side
    single_error: Any  # their error rate in the x basis


def key_rate(
    transmittance_a: ArrayLike,
    transmittance_b: ArrayLike,
    *,
    mu: ArrayLike,
    background: ArrayLike,
    misalignment: ArrayLike,
    nu: ArrayLike = 0.05,
    decoys: str = "infinite",
    error_correction: float = 1.16,
    sifting: float = 1.0,
) -> MdiKey:
    """Secret bits per pair of pulses, one from either side.

    Parameters
    ----------
    transmittance_a, transmittance_b : of either arm with the station's detectors. mu, nu : mean photons of signal and
    weak decoy, the same on both sides. background : d, clicks per gate of one detector. misalignment : error rate of
    true coincidences. decoys : one of `DECOYS`. error_correction : f >= 1. sifting : share of pairs in the key basis.

    Left out: finite statistics, intensities that differ between the sides.
    Raises DomainError outside the ranges, ArgumentError for an unknown `decoys`.

    >>> r = key_rate(0.1, 0.1, mu=0.4, background=1e-7, misalignment=0.01)
    >>> 1e-4 < float(r.rate) < 1e-3
    True
    """
    _check(transmittance_a, transmittance_b, mu, nu, background, misalignment, decoys, error_correction, sifting)
    a, b, mu, nu, d, e_d = (
        np.asarray(x, float) for x in (transmittance_a, transmittance_b, mu, nu, background, misalignment)
    )
    gain, error = _key_basis(a * mu, b * mu, d, e_d)
    y11, e11 = _single_photons(a, b, d, e_d) if decoys == "infinite" else _bounds(a, b, mu, nu, d, e_d)
    private = mu**2 * np.exp(-2.0 * mu) * y11 * (1.0 - binary_entropy(e11))
    qber = error / np.where(gain > 0.0, gain, 1.0)
    qber = np.where(gain > 0.0, qber, 0.5)[()]
    signed = sifting * (private - error_correction * gain * binary_entropy(np.minimum(qber, 0.5)))
    return MdiKey(np.maximum(signed, 0.0), signed, gain, qber, y11, e11)


def _single_photons(a, b, d, e_d):
    """Y_11, the same in both bases, and e_11 in the x basis."""
    both = 0.5 * a * b
    y11 = (1.0 - d) ** 2 * (both + (2.0 * a + 2.0 * b - 3.0 * a * b) * d + 4.0 * (1.0 - a) * (1.0 - b) * d**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        e11 = np.where(y11 > 0.0, 0.5 - (0.5 - e_d) * (1.0 - d) ** 2 * both / y11, 0.5)
    return y11, e11[()]


def _key_basis(x, y, d, e_d):
    """Gain and error gain in the z basis; x, y are the mean photons that arrive from either side."""
    from scipy.special import i0e

    dark = 1.0 - d
    total = np.exp(-0.5 * (x + y))
    seen_x, seen_y = (1.0 - dark * np.exp(-0.5 * u) for u in (x, y))
    right = 2.0 * dark**2 * total * seen_x * seen_y
    root = np.sqrt(x * y)
    # I0(sqrt(xy)) exp(-(x+y)/2) without overflow
    meeting = i0e(root) * np.exp(root - 0.5 * (x + y))
    wrong = 2.0 * d * dark**2 * (meeting - dark * np.exp(-(x + y)))
    return right + wrong, e_d * right + (1.0 - e_d) * wrong


def _test_basis(x, y, d, e_d):
    """Gain and error gain in the x basis."""
    seen = d - (1.0 - d) * np.expm1(-0.25 * (x + y))
    dark = 1.0 - seen
    once, twice, rest = _bessel_parts(x * y)
    # 1 + 2 D^2 - 4 D I0(z) + I0(2z) of the source, arranged so that small gains do not cancel
    gain = 2.0 * dark**2 * (2.0 * seen**2 + 4.0 * seen * once + rest)
    return gain, 0.5 * gain - (0.5 - e_d) * 2.0 * dark**2 * twice


def _bessel_parts(product):
    """I0(z) - 1, I0(2z) - 1 and the latter less four times the former, z = sqrt(product) / 2, by their series."""
    term, once, twice, rest = 1.0, 0.0, 0.0, 0.0
    greatest = float(np.max(product, initial=0.0))
    for n in range(1, 25):  # enough for z up to 2, the most that intensities allow
        term = term * product / (16.0 * n**2)
        once, twice, rest = once + term, twice + 4.0**n * term, rest + (4.0**n - 4.0) * term
        # the next terms are smaller than these by product / 4 (n + 1)^2 and more
        if n > 1 and (greatest / 4.0) ** n < 1e-18 * math.factorial(n) ** 2:
            break
    return once, twice, rest


def _bounds(a, b, mu, nu, d, e_d):
    """Lower bound on Y_11 (z basis) and upper bound on e_11 (x basis) from signal, weak decoy and vacuum."""

    strong, weak, none = np.broadcast_arrays(mu, nu, 0.0, a, b, d, e_d)[:3]
    left = np.stack([none, strong, strong, none, weak, weak, none])
    right = np.stack([none, strong, none, strong, weak, none, weak])

    def counts(basis):
        """(gain, error gain) of mu, mu and of nu, nu as powers: exp(2k) Q less what an empty pulse explains."""
        both = []
        for part in basis(a * left, b * right, d, e_d):
            dark, *q = part * np.exp(left + right)
            both.append((q[0] + dark - q[1] - q[2], q[3] + dark - q[4] - q[5]))
        return both

    def lower(signal, weak):
        return (mu**3 * weak - nu**3 * signal) / (mu**2 * nu**2 * (mu - nu))

    key, test = counts(_key_basis), counts(_test_basis)
    y11 = np.maximum(lower(*key[0]), 0.0)
    single = lower(*test[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        e11 = np.where(single > 0.0, test[1][1] / (nu**2 * single), 0.5)
    return y11, np.clip(e11, 0.0, 0.5)[()]


def best_intensity(transmittance_a: ArrayLike, transmittance_b: ArrayLike, **arguments: Any):
    """mu that maximises `key_rate`, broadcast shape of the two arms, to 1e-4 of itself.

    `arguments` are those of `key_rate` without `mu`. Searched from 0.01 (or just above `nu`) to 1.5.

    >>> 0.2 < float(best_intensity(0.1, 0.1, background=1e-7, misalignment=0.01)) < 0.8
    True
    """
    a, b = np.broadcast_arrays(np.asarray(transmittance_a, float), np.asarray(transmittance_b, float))
    low = 0.01 if arguments.get("decoys", "infinite") == "infinite" else 1.02 * float(arguments.get("nu", 0.05))

    def rate(mu):
        return key_rate(a, b, mu=mu, **arguments).signed_rate

    return maximise(rate, {"mu": (low, 1.5)}, shape=a.shape)["mu"]


def _check(a, b, mu, nu, d, e_d, decoys, f, q) -> None:
    what = "MDI-QKD"
    if decoys not in DECOYS:
        raise ArgumentError(f"{what}: decoys is {decoys!r}, allowed {', '.join(DECOYS)}")
    check_domain("transmittance_a", a, ARM, what=what)
    check_domain("transmittance_b", b, ARM, what=what)
    check_domain("mu", mu, INTENSITY, what=what)
    check_domain("background", d, BACKGROUND, what=what, advice="give the clicks per gate of one detector")
    check_domain("misalignment", e_d, CHANNEL_RANGES["misalignment"], what=what)
    check_domain("error_correction", f, Range(1.0, 5.0, ""), what=what)
    check_domain("sifting", q, Range(0.0, 1.0, ""), what=what)
    if decoys == "vacuum+weak":
        check_domain("nu", nu, INTENSITY, what=what)
        if np.any(np.asarray(nu) >= np.asarray(mu)):
            raise DomainError(f"{what}: nu is {np.max(nu):g}, allowed below mu = {np.min(mu):g}; weaken the decoy")


def _card_rate(**arguments):
    return key_rate(**arguments).rate


register(
    ModelCard(
        id="quantum.mdi.asymptotic",
        title="Measurement-device-independent QKD, asymptotic key rate",
        function=_card_rate,
        sources=(
            Citation(
                "ma2012",
                "X. Ma, M. Razavi, Alternative schemes for measurement-device-independent quantum key distribution, "
                "Phys. Rev. A 86, 062319 (2012)",
                "https://doi.org/10.1103/PhysRevA.86.062319",
            ),
            Citation(
                "xu2013",
                "F. Xu, M. Curty, B. Qi, H.-K. Lo, Practical aspects of measurement-device-independent quantum key "
                "distribution, New J. Phys. 15, 113007 (2013)",
                "https://doi.org/10.1088/1367-2630/15/11/113007",
            ),
        ),
        valid={
            "transmittance_a": ARM,
            "transmittance_b": ARM,
            "mu": INTENSITY,
            "background": BACKGROUND,
            "misalignment": CHANNEL_RANGES["misalignment"],
        },
        references=(
            Reference(
                {
                    "transmittance_a": 0.2,
                    "transmittance_b": 0.1,
                    "mu": 0.5,
                    "background": 0.0,
                    "misalignment": 0.0,
                },
                0.25 * 0.36787944 * 0.01,
                "closed form without noise: mu^2 exp(-2 mu) eta_A eta_B / 2",
                rel=1e-6,
            ),
        ),
        increasing=("transmittance_a", "transmittance_b"),
        decreasing=("background", "misalignment"),
        left_out="finite statistics",
    )
)
