"""Continuous-variable keys from Gaussian coherent states (GG02), reverse reconciliation, collective attacks.

    R = beta I_AB - chi_BE                                                          asymptotic
    R = (n / N) [beta I_AB - chi_BE(T_min, xi_max) - Delta(n)]                      finite size

In shot-noise units, referred to the channel's input, with V = V_A + 1:

    chi_line = 1 / T - 1 + xi              chi_tot = chi_line + chi_det / T
    chi_det  = (1 + v_el) / eta - 1                        homodyne
    chi_det  = (2 + 2 v_el) / eta - 1                      heterodyne
    I_AB     = 1/2 log2[(V + chi_tot) / (1 + chi_tot)]     homodyne, twice that for heterodyne
    chi_BE   = sum G((l_i - 1) / 2), i = 1, 2  -  the same, i = 3, 4        G(x) = (x+1) log2(x+1) - x log2 x

The detector is trusted: Eve has neither its loss nor its noise. Grosshans and Grangier, PRL 88, 057902 (2002); Lodewyck
et al., PRA 76, 042305 (2007) (homodyne); Fossier et al., J. Phys. B 42, 114014 (2009) (heterodyne); Leverrier,
Grosshans and Grangier, PRA 81, 062343 (2010) (finite size). The tests recompute the symplectic eigenvalues from
covariance matrices.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.optimise import maximise

__all__ = ["DETECTIONS", "CvKey", "best_modulation", "finite_key_rate", "key_rate"]

DETECTIONS = ("homodyne", "heterodyne")
# beyond 60 dB the difference of two entropies loses its last digits
LINE = Range(1e-6, 1.0, "")
MODULATION = Range(1e-3, 1e4, "shot-noise units")
EXCESS = Range(0.0, 1.0, "shot-noise units")
EFFICIENCY = Range(0.01, 1.0, "")
ELECTRONIC = Range(0.0, 10.0, "shot-noise units")
BETA = Range(0.0, 1.0, "")


class CvKey(NamedTuple):
    """Result of the rates; broadcast shape of the inputs."""

    rate: Any  # secret bits per symbol, 0 where no key
    signed_rate: Any  # before clipping
    mutual_bit: Any  # I_AB
    holevo_bit: Any  # chi_BE


def key_rate(
    transmittance: ArrayLike,
    *,
    modulation: ArrayLike,
    excess_noise: ArrayLike,
    reconciliation: ArrayLike = 0.95,
    efficiency: ArrayLike = 1.0,
    electronic_noise: ArrayLike = 0.0,
    detection: str = "homodyne",
) -> CvKey:
    """Asymptotic secret bits per symbol.

    Parameters
    ----------
    transmittance : of the line, detector not counted. modulation : V_A, variance of Alice's Gaussian.
    excess_noise : xi, at the channel's input. reconciliation : beta, share of the mutual information that error
    correction keeps. efficiency, electronic_noise : eta and v_el of Bob's detector. detection : one of `DETECTIONS`.

    Left out: discrete modulation, phase-reference noise other than as part of xi, finite resolution.
    Raises DomainError outside the ranges, ArgumentError for an unknown `detection`.

    >>> r = key_rate(10**-0.5, modulation=4, excess_noise=0.01, efficiency=0.6, electronic_noise=0.01)  # 25 km
    >>> float(r.rate.round(5))
    0.09163
    """
    _check(transmittance, modulation, excess_noise, reconciliation, efficiency, electronic_noise, detection)
    inputs = (transmittance, modulation, excess_noise, efficiency, electronic_noise)
    line, v_a, xi, eta, v_el = (np.asarray(x, float) for x in inputs)
    mutual, holevo = _informations(line, v_a, xi, eta, v_el, detection)
    signed = np.asarray(reconciliation, float) * mutual - holevo
    return CvKey(np.maximum(signed, 0.0), signed, mutual, holevo)


def _informations(line, v_a, xi, eta, v_el, detection):
    """I_AB and chi_BE, bits per symbol."""
    v = v_a + 1.0
    chi_line = 1.0 / line - 1.0 + xi
    chi_det = (1.0 + v_el) / eta - 1.0 if detection == "homodyne" else (2.0 + 2.0 * v_el) / eta - 1.0
    chi_tot = chi_line + chi_det / line
    mutual = np.log2((v + chi_tot) / (1.0 + chi_tot)) * (0.5 if detection == "homodyne" else 1.0)
    a = v**2 * (1.0 - 2.0 * line) + 2.0 * line + line**2 * (v + chi_line) ** 2
    b = (line * (v * chi_line + 1.0)) ** 2
    root_b, received = np.sqrt(b), line * (v + chi_line)
    total = line * (v + chi_tot)
    if detection == "homodyne":
        c = (a * chi_det + v * root_b + received) / total
        d = root_b * (v + root_b * chi_det) / total
    else:
        cross = line * (v**2 - 1.0)
        c = (a * chi_det**2 + b + 1.0 + 2.0 * chi_det * (v * root_b + received) + 2.0 * cross) / total**2
        d = ((v + root_b * chi_det) / total) ** 2
    return mutual, sum(map(_entropy, _symplectic(a, b))) - sum(map(_entropy, _symplectic(c, d)))


def _symplectic(sum_of_squares, product_of_squares):
    """The two symplectic eigenvalues from l1^2 + l2^2 and l1^2 l2^2, not below 1."""
    root = np.sqrt(np.maximum(sum_of_squares**2 - 4.0 * product_of_squares, 0.0))
    large = 0.5 * (sum_of_squares + root)
    return np.sqrt(np.maximum(large, 1.0)), np.sqrt(np.maximum(product_of_squares / large, 1.0))


def _entropy(eigenvalue):
    x = 0.5 * (eigenvalue - 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        g = (x + 1.0) * np.log1p(x) - x * np.log(x)
    return np.where(x > 0.0, g, 0.0) / np.log(2.0)


def finite_key_rate(
    transmittance: ArrayLike,
    *,
    symbols: ArrayLike,
    modulation: ArrayLike,
    excess_noise: ArrayLike,
    estimation_share: ArrayLike = 0.5,
    reconciliation: ArrayLike = 0.95,
    efficiency: ArrayLike = 1.0,
    electronic_noise: ArrayLike = 0.0,
    detection: str = "homodyne",
    eps: float = 1e-10,
) -> CvKey:
    """Secret bits per symbol of blocks of `symbols`, of which a share estimates the line; collective attacks.

    The worst line that the estimates allow, but for a chance of `eps`, is given to Eve (Leverrier et al., Eqs.
    (6)-(10)); Delta(n) = 7 sqrt(log2(2 / eps) / n) + 2 / n log2(1 / eps), their Eq. (5), with `eps` for each of
    smoothing, privacy amplification and estimation. Heterodyne detection estimates from both quadratures.

    Parameters
    ----------
    symbols : N, 1e4 to 1e16. estimation_share : m / N. The others are those of `key_rate`.

    >>> r = finite_key_rate(0.5, symbols=1e9, modulation=4, excess_noise=0.01, efficiency=0.6, electronic_noise=0.01)
    >>> 0.03 < float(r.rate) < 0.13
    True
    """
    from scipy.special import ndtri

    _check(transmittance, modulation, excess_noise, reconciliation, efficiency, electronic_noise, detection)
    what = "GG02"
    check_domain("symbols", symbols, Range(1e4, 1e16, ""), what=what, advice="blocks of 1e8 to 1e12 are usual")
    check_domain("estimation_share", estimation_share, Range(1e-3, 0.999, ""), what=what)
    check_domain("eps", eps, Range(1e-40, 0.1, ""), what=what)
    inputs = (transmittance, modulation, excess_noise, efficiency, electronic_noise, symbols, estimation_share)
    line, v_a, xi, eta, v_el, total, share = (np.asarray(x, float) for x in inputs)
    mutual, _ = _informations(line, v_a, xi, eta, v_el, detection)
    spread = -float(ndtri(0.5 * eps))
    worst_line, worst_xi = _worst_line(line, v_a, xi, eta, v_el, share * total, spread, detection)
    _, holevo = _informations(worst_line, v_a, worst_xi, eta, v_el, detection)
    kept = (1.0 - share) * total
    penalty = 7.0 * np.sqrt(np.log2(2.0 / eps) / kept) + 2.0 / kept * np.log2(1.0 / eps)
    signed = (1.0 - share) * (np.asarray(reconciliation, float) * mutual - holevo - penalty)
    return CvKey(np.maximum(signed, 0.0), signed, mutual, holevo)


def _worst_line(line, v_a, xi, eta, v_el, m, spread, detection):
    """Smallest transmittance and greatest excess noise within `spread` standard deviations of m samples."""
    halves = 1.0 if detection == "homodyne" else 2.0  # quadratures per symbol, each with its share of the light
    gain = np.sqrt(eta * line / halves)
    noise = 1.0 + v_el + eta * line * xi / halves
    samples = m * halves
    low = np.maximum(gain - spread * np.sqrt(noise / (samples * v_a)), 1e-9)
    high = noise * (1.0 + spread * np.sqrt(2.0 / samples))
    return low**2 * halves / eta, (high - 1.0 - v_el) / low**2


def best_modulation(transmittance: ArrayLike, **arguments: Any):
    """V_A between 0.05 and 100 that maximises `key_rate`, same shape as `transmittance`, to 1e-3 of itself.

    `arguments` are those of `key_rate` without `modulation`; they broadcast to the shape of `transmittance`.

    >>> v = best_modulation(0.1, excess_noise=0.01, efficiency=0.6, electronic_noise=0.01)
    >>> 2.0 < float(v) < 6.0
    True
    """
    line = np.asarray(transmittance, float)

    def rate(modulation):
        return key_rate(line, modulation=modulation, **arguments).signed_rate

    return maximise(rate, {"modulation": (0.05, 100.0)}, shape=line.shape)["modulation"]


def _check(line, v_a, xi, beta, eta, v_el, detection) -> None:
    what = "GG02"
    if detection not in DETECTIONS:
        raise ArgumentError(f"{what}: detection is {detection!r}, allowed {', '.join(DETECTIONS)}")
    check_domain("transmittance", line, LINE, what=what, advice="continuous variables end long before 60 dB")
    check_domain("modulation", v_a, MODULATION, what=what)
    check_domain("excess_noise", xi, EXCESS, what=what)
    check_domain("reconciliation", beta, BETA, what=what)
    check_domain("efficiency", eta, EFFICIENCY, what=what)
    check_domain("electronic_noise", v_el, ELECTRONIC, what=what)


def _card_rate(**arguments):
    return key_rate(**arguments).rate


_ANCHOR = {"modulation": 4.0, "excess_noise": 0.01, "reconciliation": 0.95, "efficiency": 0.6, "electronic_noise": 0.01}
register(
    ModelCard(
        id="quantum.cvqkd.gg02",
        title="GG02 with a trusted detector, asymptotic key rate against collective attacks",
        function=_card_rate,
        sources=(
            Citation(
                "lodewyck2007",
                "J. Lodewyck et al., Quantum key distribution over 25 km with an all-fiber continuous-variable system, "
                "Phys. Rev. A 76, 042305 (2007)",
                "https://doi.org/10.1103/PhysRevA.76.042305",
            ),
            Citation(
                "fossier2009",
                "S. Fossier, E. Diamanti, T. Debuisschert, R. Tualle-Brouri, P. Grangier, Improvement of "
                "continuous-variable quantum key distribution systems by using optical preamplifiers, J. Phys. B 42, "
                "114014 (2009)",
                "https://doi.org/10.1088/0953-4075/42/11/114014",
            ),
            Citation(
                "leverrier2010",
                "A. Leverrier, F. Grosshans, P. Grangier, Finite-size analysis of a continuous-variable quantum key "
                "distribution, Phys. Rev. A 81, 062343 (2010)",
                "https://doi.org/10.1103/PhysRevA.81.062343",
            ),
        ),
        valid={
            "transmittance": LINE,
            "modulation": MODULATION,
            "excess_noise": EXCESS,
            "reconciliation": BETA,
            "efficiency": EFFICIENCY,
            "electronic_noise": ELECTRONIC,
        },
        references=(
            Reference({**_ANCHOR, "transmittance": 10**-0.2}, 0.25339, "closed form, 10 km", absolute=1e-5),
            Reference({**_ANCHOR, "transmittance": 10**-1.0}, 0.02287, "closed form, 50 km", absolute=1e-5),
            Reference({**_ANCHOR, "transmittance": 10**-2.0}, 0.00197, "closed form, 100 km", absolute=1e-5),
        ),
        increasing=("reconciliation",),
        decreasing=("excess_noise",),
        left_out="finite size (`finite_key_rate`), general attacks, discrete modulation",
    )
)
