"""Twin-field keys: phase-matched coherent states (CAL) and sending-or-not-sending (SNS) with odd-parity pairing.

Alice and Bob send weak pulses to a station between them that announces which of two detectors clicked; one photon over
half of the line suffices, so the key falls as the square root of the line's transmittance and passes the PLOB bound of
the whole line. The station need not be trusted. All yields are taken as known (infinitely many decoys).

CAL: bits in the phases of coherent states of mu photons, per announced detector

    R = p_x [1 - f h(e_x) - h(e_z)]
    e_z p_x <= sum_{j = even, odd} | sum_{m, n of parity j} c_m c_n sqrt(Y_mn) |^2, c_m = exp(-mu/2) mu^(m/2) / sqrt(m!)

with Y_mn the chance that this detector alone clicks when m and n photons are sent. Curty, Azuma and Lo, npj Quantum
Inf. 5, 64 (2019), Eqs. (5)-(9).

SNS: in each window either sends a phase-randomised pulse of mu with probability eps, or nothing; bits are who sent

    R = 2 eps (1 - eps) mu exp(-mu) s_1 [1 - h(e_1)] - S f h(E)

s_1, e_1: yield and phase error rate of one photon from either side; S, E: announced windows and their bit error rate.
Wang, Yu and Hu, PRA 98, 062323 (2018). Pairing ("aopp"): Bob pairs his 0 bits with his 1 bits at random, Alice tells
which of her pairs are odd, and those keep one bit each. Both right or both wrong survive, so E falls sharply; a pair is
private if both were single photons, with phase error rate 2 e_1 (1 - e_1). Xu, Yu, Jiang, Hu and Wang, PRA 101, 042330
(2020).
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.optimise import maximise

__all__ = ["PAIRINGS", "TwinKey", "best_cal", "best_sns", "cal_key_rate", "sns_key_rate"]

PAIRINGS = ("none", "aopp")
ARM = Range(1e-15, 1.0, "")
BACKGROUND = Range(0.0, 0.1, "per window and detector")
INTENSITY = Range(1e-5, 2.0, "photons per pulse")
SENDING = Range(1e-4, 0.9, "")
_PHOTONS = 25  # beyond, the Poisson weights of 2 photons are below 1e-17


class TwinKey(NamedTuple):
    """Result of the rates; broadcast shape of the inputs."""

    rate: Any  # secret bits per window (a pulse from either side), 0 where no key
    signed_rate: Any  # before clipping
    gain: Any  # announced windows, both detectors
    qber: Any  # bit error rate: of all announced windows (after pairing: of the pairs kept)
    phase_error: Any


def cal_key_rate(
    transmittance: ArrayLike,
    *,
    mu: ArrayLike,
    background: ArrayLike,
    misalignment: ArrayLike,
    error_correction: float = 1.16,
    sifting: float = 1.0,
) -> TwinKey:
    """Secret bits per window of twin-field keys from coherent states.

    Parameters
    ----------
    transmittance : of one arm (half of the line) with the station's detectors; both arms alike. mu : mean photons of
    either pulse. background : clicks per window of one detector. misalignment : error rate of interference, which is
    (1 - visibility) / 2. error_correction : f >= 1. sifting : share of windows in which both choose the key basis.

    Left out: finite statistics, arms of different loss, decoys other than exact ones.
    Raises DomainError outside the ranges.

    >>> r = cal_key_rate(1e-3, mu=0.02, background=1e-9, misalignment=0.02)
    >>> 1e-6 < float(r.rate) < 4e-5
    True
    """
    what = "twin-field QKD"
    _check(what, transmittance, background, misalignment, error_correction, sifting)
    check_domain("mu", mu, INTENSITY, what=what, advice="the best lies near 0.02 on long lines")
    eta, mu, d, e_d = (np.asarray(x, float) for x in (transmittance, mu, background, misalignment))
    return _cal_key_rate(eta, mu, d, e_d, _root_yields(eta, d), error_correction, sifting)


def _cal_key_rate(eta, mu, d, e_d, roots, f, q) -> TwinKey:
    """The formulas without domain checks; `roots` of `_root_yields`, which do not depend on mu."""
    bright = eta * mu
    # this detector alone clicks: the other one sees the fraction `away` of both pulses' light and must stay dark
    same = (1.0 - d) * np.exp(-2.0 * bright * e_d) * (1.0 - (1.0 - d) * np.exp(-2.0 * bright * (1.0 - e_d)))
    opposite = (1.0 - d) * np.exp(-2.0 * bright * (1.0 - e_d)) * (1.0 - (1.0 - d) * np.exp(-2.0 * bright * e_d))
    gain = 0.5 * (same + opposite)
    with np.errstate(divide="ignore", invalid="ignore"):
        qber = np.where(gain > 0.0, opposite / (2.0 * gain), 0.5)
        phase = np.where(gain > 0.0, np.minimum(_phase_error_gain(mu, roots) / gain, 0.5), 0.5)
    signed = q * 2.0 * gain * (1.0 - f * binary_entropy(qber) - binary_entropy(phase))
    return TwinKey(np.maximum(signed, 0.0), signed, 2.0 * gain, qber[()], phase[()])


def _root_yields(eta, d):
    """Coefficients of exp(mu) sum c_m c_n sqrt(Y_mn) as polynomials in mu, even and odd photon numbers: [2][power].

    c_m c_n = exp(-mu) mu^((m + n) / 2) / sqrt(m! n!), and m + n is even as m and n are of one parity.
    """
    sums = [[np.zeros(np.broadcast_shapes(np.shape(eta), np.shape(d)))] * (_PHOTONS // 2 + 1) for _ in range(2)]
    for m in range(_PHOTONS + 1):
        for n in range(m % 2, min(m, _PHOTONS - m) + 1, 2):
            weight = (1.0 if m == n else 2.0) / math.sqrt(math.factorial(m) * math.factorial(n))
            power = (m + n) // 2
            sums[m % 2][power] = sums[m % 2][power] + weight * np.sqrt(_one_click(m, n, eta, d))
    return sums


def _phase_error_gain(mu, roots):
    """Bound on e_z p_x for one detector, infinitely many decoys."""
    even, odd = (functools.reduce(lambda total, c: total * mu + c, reversed(part)) for part in roots)
    return np.exp(-2.0 * mu) * (even**2 + odd**2)


def _one_click(m: int, n: int, eta, d):
    """Chance that one given detector alone clicks when m and n photons are sent.

    The other one's vacuum overlap is sum_k C(m,k) C(n,k) (eta/2)^2k (1 - eta/2)^(m+n-2k).
    """
    half = 0.5 * eta
    other_dark = sum(
        math.comb(m, k) * math.comb(n, k) * half ** (2 * k) * (1.0 - half) ** (m + n - 2 * k)
        for k in range(min(m, n) + 1)
    )
    return (1.0 - d) * np.maximum(other_dark - (1.0 - d) * (1.0 - eta) ** (m + n), 0.0)


def sns_key_rate(
    transmittance: ArrayLike,
    *,
    mu: ArrayLike,
    sending: ArrayLike,
    background: ArrayLike,
    misalignment: ArrayLike,
    pairing: str = "aopp",
    error_correction: float = 1.16,
    sifting: float = 1.0,
) -> TwinKey:
    """Secret bits per window of sending-or-not-sending.

    Parameters
    ----------
    transmittance : of one arm with the station's detectors; both arms alike. mu : mean photons of a pulse that is sent.
    sending : eps, chance to send. background : clicks per window of one detector. misalignment : phase error rate of
    interference. pairing : one of `PAIRINGS`. sifting : share of windows that both give to the key.

    Left out: finite statistics, arms of different loss, decoys other than exact ones.
    Raises DomainError outside the ranges, ArgumentError for an unknown `pairing`.

    >>> r = sns_key_rate(1e-3, mu=0.4, sending=0.2, background=1e-9, misalignment=0.05)
    >>> 1e-6 < float(r.rate) < 1e-3
    True
    """
    what = "SNS"
    if pairing not in PAIRINGS:
        raise ArgumentError(f"{what}: pairing is {pairing!r}, allowed {', '.join(PAIRINGS)}")
    _check(what, transmittance, background, misalignment, error_correction, sifting)
    check_domain("mu", mu, INTENSITY, what=what)
    check_domain("sending", sending, SENDING, what=what)
    eta, mu, eps, d, e_d = (np.asarray(x, float) for x in (transmittance, mu, sending, background, misalignment))
    single, phase = _single_photon(eta, d, e_d)
    return _sns_rate(*_windows(eta, mu, d), mu, eps, single, phase, pairing, error_correction, sifting)


def _sns_rate(one, both, none, mu, eps, single, phase, pairing: str, f, q) -> TwinKey:
    """Rate from the chances of one click when one, both or none sends, and single photons' yield and phase errors."""
    right, clash, empty = eps * (1.0 - eps) * one, eps**2 * both, (1.0 - eps) ** 2 * none
    private = eps * (1.0 - eps) * mu * np.exp(-mu) * single  # of Bob's 0 bits, and as many of his 1 bits
    gain = 2.0 * right + clash + empty
    if pairing == "none":
        kept, wrong, secret = gain, clash + empty, 2.0 * private
    else:
        zeros, ones = right + clash, right + empty  # Bob sent; Bob did not
        pairs = np.minimum(zeros, ones) / (zeros * ones)
        kept, wrong, secret = pairs * (right**2 + clash * empty), pairs * clash * empty, pairs * private**2
        phase = 2.0 * phase * (1.0 - phase)
    qber = wrong / kept
    signed = q * (secret * (1.0 - binary_entropy(phase)) - f * kept * binary_entropy(qber))
    return TwinKey(np.maximum(signed, 0.0), signed, gain, qber, phase)


def _single_photon(eta, d, e_d):
    """Yield of one photon shared between the sides (exactly one detector clicks), and its phase error rate."""
    arrives, lost = eta * (1.0 - d), (1.0 - eta) * d * (1.0 - d)
    single = arrives + 2.0 * lost
    return single, (e_d * arrives + lost) / single


def _windows(eta, mu, d):
    """Chance of exactly one click when one side sends, both send, none sends."""
    from scipy.special import i0e

    light, dark = eta * mu, 1.0 - d
    # mean over the phases of exp(-light (1 - cos)) is i0e(light)
    both = 2.0 * dark * (i0e(light) - dark * np.exp(-2.0 * light))
    return _one_sends(eta, mu, d), both, 2.0 * d * dark


def _one_sends(eta, mu, d):
    """Chance of exactly one click when one side sends."""
    half = np.expm1(-0.5 * eta * mu)
    return 2.0 * (1.0 - d) * (1.0 + half) * (d - (1.0 - d) * half)


def best_cal(transmittance: ArrayLike, **arguments: Any) -> tuple[TwinKey, Any]:
    """`cal_key_rate` at its best mu (1e-4 to 0.5), and that mu; shape of `transmittance`.

    `arguments` are those of `cal_key_rate` without `mu`.

    >>> found, mu = best_cal(1e-3, background=1e-9, misalignment=0.02)
    >>> 0.005 < float(mu) < 0.1
    True
    """
    first = cal_key_rate(transmittance, mu=0.02, **arguments)  # checks, and the shape
    eta, d, e_d = (np.asarray(x, float) for x in (transmittance, arguments["background"], arguments["misalignment"]))
    rest = (_root_yields(eta, d), arguments.get("error_correction", 1.16), arguments.get("sifting", 1.0))
    shape = np.shape(first.signed_rate)
    mu = maximise(lambda mu: _cal_key_rate(eta, mu, d, e_d, *rest).signed_rate, {"mu": (1e-4, 0.5)}, shape=shape)["mu"]
    return _cal_key_rate(eta, mu, d, e_d, *rest), mu


def best_sns(transmittance: ArrayLike, **arguments: Any) -> tuple[TwinKey, Any, Any]:
    """`sns_key_rate` at its best mu (0.01 to 1.5) and eps (0.005 to 0.6), and those; shape of `transmittance`.

    `arguments` are those of `sns_key_rate` without `mu` and `sending`.

    >>> found, mu, eps = best_sns(1e-3, background=1e-9, misalignment=0.05)
    >>> 0.1 < float(mu) < 1.0, 0.1 < float(eps) < 0.5
    (True, True)
    """
    eta = np.asarray(transmittance, float)

    def rate(mu, sending):
        return sns_key_rate(eta, mu=mu, sending=sending, **arguments).signed_rate

    best = maximise(rate, {"mu": (0.01, 1.5), "sending": (0.005, 0.6)}, shape=eta.shape)
    return sns_key_rate(eta, **best, **arguments), best["mu"], best["sending"]


def _check(what, eta, d, e_d, f, q) -> None:
    check_domain("transmittance", eta, ARM, what=what, advice="give that of one arm, half of the line")
    check_domain("background", d, BACKGROUND, what=what, advice="give the clicks per window of one detector")
    check_domain("misalignment", e_d, CHANNEL_RANGES["misalignment"], what=what)
    check_domain("error_correction", f, Range(1.0, 5.0, ""), what=what)
    check_domain("sifting", q, Range(0.0, 1.0, ""), what=what)


def _card_cal(**arguments):
    return cal_key_rate(**arguments).rate


def _card_sns(**arguments):
    return sns_key_rate(**arguments).rate


_VALID = {"transmittance": ARM, "background": BACKGROUND, "misalignment": CHANNEL_RANGES["misalignment"]}
register(
    ModelCard(
        id="quantum.twin_field.cal",
        title="Twin-field QKD with coherent states (Curty, Azuma and Lo), asymptotic key rate",
        function=_card_cal,
        sources=(
            Citation(
                "curty2019",
                "M. Curty, K. Azuma, H.-K. Lo, Simple security proof of twin-field type quantum key distribution "
                "protocol, npj Quantum Inf. 5, 64 (2019)",
                "https://doi.org/10.1038/s41534-019-0175-6",
            ),
        ),
        valid={**_VALID, "mu": INTENSITY},
        references=(
            Reference(
                {"transmittance": 1.0, "mu": 0.05, "background": 0.0, "misalignment": 0.0},
                0.0677556,
                "lossless line: 1 - exp(-2 mu) clicks, phase errors summed over photon numbers",
                rel=1e-5,
            ),
        ),
        decreasing=("background", "misalignment"),
        left_out="finite statistics, arms of different loss",
    )
)
register(
    ModelCard(
        id="quantum.twin_field.sns",
        title="Sending-or-not-sending with odd-parity pairing, asymptotic key rate",
        function=_card_sns,
        sources=(
            Citation(
                "wang2018",
                "X.-B. Wang, Z.-W. Yu, X.-L. Hu, Twin-field quantum key distribution with large misalignment error, "
                "Phys. Rev. A 98, 062323 (2018)",
                "https://doi.org/10.1103/PhysRevA.98.062323",
            ),
            Citation(
                "xu2020",
                "H. Xu, Z.-W. Yu, C. Jiang, X.-L. Hu, X.-B. Wang, Sending-or-not-sending twin-field quantum key "
                "distribution: breaking the direct transmission key rate, Phys. Rev. A 101, 042330 (2020)",
                "https://doi.org/10.1103/PhysRevA.101.042330",
            ),
        ),
        valid={**_VALID, "mu": INTENSITY, "sending": SENDING},
        references=(
            Reference(
                {
                    "transmittance": 0.01,
                    "mu": 0.5,
                    "sending": 0.25,
                    "background": 0.0,
                    "misalignment": 0.0,
                    "pairing": "aopp",
                },
                2.0791698e-4,
                "closed form without noise: single photons of both bits of a pair, no errors",
                rel=1e-6,
            ),
        ),
        decreasing=("misalignment",),
        left_out="finite statistics, arms of different loss",
    )
)
