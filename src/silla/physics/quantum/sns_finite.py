"""Sending-or-not-sending with three intensities, odd-parity pairing and finite statistics, against collective attacks.

In a window each side either takes part in the key (p_z: it sends mu_z with probability eps, else nothing) or in the
estimate (1 - p_z: nothing, mu_1 or mu_2 with p_0, p_1, 1 - p_0 - p_1). With S_jk the share of windows announced when
one side sent intensity j and the other k, and windows of mu_1, mu_1 whose phases agree within D / 2 (or that off pi),

    s_1 >= [mu_2^2 e^mu_1 S_10 - mu_1^2 e^mu_2 S_20 - (mu_2^2 - mu_1^2) S_00] / [mu_1 mu_2 (mu_2 - mu_1)]
    e_1 <= (T_D - e^(-2 mu_1) S_00 / 2) / (2 mu_1 e^(-2 mu_1) s_1)         T_D: announced by the wrong detector

Wang, Yu and Hu, PRA 98, 062323 (2018); Yu, Hu, Jiang, Xu and Wang, Sci. Rep. 9, 3080 (2019). Pairing as in
`twin_field`. Every count is replaced by what it may be at worst but for a chance of 1e-10 (Chernoff's bound, as solved
by Yin et al., Sci. Rep. 10, 14312 (2020)), and the key pays log2(2 / eps_cor) + 2 log2(1 / (sqrt(2) eps_pa eps_hat)).
Pairs are taken as independent, which is the case under collective attacks; Jiang, Hu, Yu and Wang, New J. Phys. 23,
063038 (2021) show that coherent attacks cost little more.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.optimise import search
from silla.physics.quantum.twin_field import ARM, BACKGROUND, _one_sends, _windows

__all__ = ["SnsSettings", "best_sns_finite", "sns_finite_rate"]

PULSES = Range(1e6, 1e30, "windows")
EPSILON = 1e-10  # of each estimate, of privacy amplification and of smoothing


class SnsSettings(NamedTuple):
    """What either side does in a window; scalars or arrays. phase_slice_rad : D, the width accepted."""

    mu_z: Any
    sending: Any
    mu_1: Any
    mu_2: Any
    key_share: Any  # p_z
    empty_share: Any  # p_0, of the windows for the estimate
    weak_share: Any  # p_1, of the rest of them
    phase_slice_rad: Any


class SnsFinite(NamedTuple):
    """Result; broadcast shape of the inputs."""

    rate: Any  # secret bits per window, all windows counted; 0 where no key
    signed_rate: Any
    qber: Any  # of the pairs kept
    single_yield: Any  # lower bound
    phase_error: Any  # of a pair, upper bound


def sns_finite_rate(
    transmittance: ArrayLike,
    settings: SnsSettings,
    *,
    pulses: ArrayLike,
    background: ArrayLike,
    misalignment: ArrayLike,
    error_correction: float = 1.16,
    eps_cor: float = 1e-10,
) -> SnsFinite:
    """Secret bits per window of a session of `pulses` windows, expected counts taken as counted.

    Parameters
    ----------
    transmittance : of one arm with the station's detectors. pulses : 1e6 to 1e30; the last is as good as endless.
    background : clicks per window of one detector. misalignment : error rate of the interference of equal phases.

    Raises DomainError outside the ranges.

    >>> s = SnsSettings(0.45, 0.27, 0.05, 0.3, 0.7, 0.2, 0.6, 0.35)
    >>> r = sns_finite_rate(1e-3, s, pulses=1e12, background=1e-9, misalignment=0.03)
    >>> 1e-6 < float(r.rate) < 1e-4
    True
    """
    what = "SNS, finite"
    check_domain("transmittance", transmittance, ARM, what=what, advice="give that of one arm, half of the line")
    check_domain("background", background, BACKGROUND, what=what, advice="give the clicks per window of one detector")
    check_domain("misalignment", misalignment, CHANNEL_RANGES["misalignment"], what=what)
    check_domain("pulses", pulses, PULSES, what=what, advice="sessions of 1e10 to 1e15 windows are usual")
    check_domain("error_correction", error_correction, Range(1.0, 5.0, ""), what=what)
    for name, value in settings._asdict().items():
        check_domain(name, value, Range(1e-6, 2.0, ""), what=what)
    inputs = (transmittance, pulses, background, misalignment)
    eta, n, d, e_d = (np.asarray(x, float) for x in inputs)
    given = SnsSettings(*(np.asarray(x, float) for x in settings))
    return _rate(eta, n, d, e_d, given, error_correction, eps_cor)[0]


def _rate(eta, n, d, e_d, s: SnsSettings, f, eps_cor) -> tuple[SnsFinite, Any]:
    """The rate, and the pairs kept per window."""
    b = -np.log(EPSILON)
    rest = 1.0 - s.key_share
    p0, p1 = rest * s.empty_share, rest * (1.0 - s.empty_share) * s.weak_share
    p2 = rest - p0 - p1
    dark = s.key_share * (1.0 - s.sending) + p0  # sends nothing, whether for the key or not
    one, both, none = _windows(eta, s.mu_z, d)
    weak, strong = _one_sends(eta, s.mu_1, d), _one_sends(eta, s.mu_2, d)
    # windows of one side's intensity against nothing on the other, both ways; those for the key are told apart later
    low_1 = _low(2.0 * n * p1 * dark * weak, b) / (2.0 * n * p1 * dark)
    high_2 = _high(2.0 * n * p2 * dark * strong, b) / (2.0 * n * p2 * dark)
    empty = n * (2.0 * dark * p0 - p0**2)  # at least one side for the estimate
    low_0, high_0 = _low(empty * none, b) / empty, _high(empty * none, b) / empty
    m1, m2 = s.mu_1, s.mu_2
    single = m2**2 * np.exp(m1) * low_1 - m1**2 * np.exp(m2) * high_2 - (m2**2 - m1**2) * high_0
    single = np.maximum(single / (m1 * m2 * (m2 - m1)), 0.0)
    wrong, windows = _wrong_detector(eta, d, e_d, s), n * p1**2 * s.phase_slice_rad / np.pi
    error = _high(windows * wrong, b) / windows - 0.5 * np.exp(-2.0 * m1) * low_0
    with np.errstate(divide="ignore", invalid="ignore"):
        phase = np.where(single > 0.0, error / (2.0 * m1 * np.exp(-2.0 * m1) * single), 0.5)
    phase = np.clip(phase, 0.0, 0.5)
    # counts of single photons among the key's bits, at worst; both sides' alike
    sent = n * s.key_share**2 * s.sending * (1.0 - s.sending) * s.mu_z * np.exp(-s.mu_z)
    share = s.key_share**2
    sure = np.where(single > 0.0, _low_seen(sent * single, b) / np.maximum(sent * single, 1e-300), 0.0)
    # odd-parity pairing, as in `twin_field`
    eps = s.sending
    right, clash, nothing = eps * (1.0 - eps) * one, eps**2 * both, (1.0 - eps) ** 2 * none
    zeros, ones = right + clash, right + nothing
    paired = share * np.minimum(zeros, ones) / (zeros * ones)
    wrong_pairs = paired * clash * nothing
    kept = paired * right**2 + wrong_pairs
    qber, pair_phase = wrong_pairs / kept, 2.0 * phase * (1.0 - phase)
    leak = f * kept * binary_entropy(qber)
    pairs = paired * (eps * (1.0 - eps) * s.mu_z * np.exp(-s.mu_z) * single * sure) ** 2
    pairs = _low_seen(n * pairs, b) / n  # private pairs that chance makes, at worst
    errors = _high_seen(n * pairs * pair_phase, b) / np.maximum(n * pairs, 1e-300)
    phase_error = np.clip(errors, 0.0, 0.5)
    paid = np.log2(2.0 / eps_cor) + 2.0 * np.log2(1.0 / (np.sqrt(2.0) * EPSILON * EPSILON))
    signed = pairs * (1.0 - binary_entropy(phase_error)) - leak - paid / n
    return SnsFinite(np.maximum(signed, 0.0), signed, qber, single, phase_error), kept


def _wrong_detector(eta, d, e_d, s: SnsSettings):
    """Chance that the wrong detector alone clicks when both send mu_1 with phases that agree within the slice."""
    half = 0.5 * s.phase_slice_rad
    error = 0.5 * (1.0 - (1.0 - 2.0 * e_d) * np.sinc(half / np.pi))  # mean over the slice
    light = 2.0 * eta * s.mu_1
    return (1.0 - d) * np.exp(-light * (1.0 - error)) * (d - (1.0 - d) * np.expm1(-light * error))


# what a mean may be when x was counted (_low, _high), and a count when its mean is x (_low_seen, _high_seen)
def _low(x, b):
    return np.maximum(x - 0.5 * b - np.sqrt(2.0 * b * x + 0.25 * b**2), 0.0)


def _high(x, b):
    return x + b + np.sqrt(2.0 * b * x + b**2)


def _low_seen(x, b):
    return np.maximum(x - np.sqrt(2.0 * b * x), 0.0)


def _high_seen(x, b):
    return x + 0.5 * b + np.sqrt(2.0 * b * x + 0.25 * b**2)


def best_sns_finite(
    transmittance: ArrayLike,
    *,
    pulses: ArrayLike,
    background: ArrayLike,
    misalignment: ArrayLike,
    error_correction: float = 1.16,
    eps_cor: float = 1e-10,
) -> tuple[SnsFinite, SnsSettings]:
    """`sns_finite_rate` at the best settings, and those; broadcast shape of the inputs.

    >>> found, s = best_sns_finite(1e-3, pulses=1e12, background=1e-9, misalignment=0.03)
    >>> 1e-5 < float(found.rate) < 1e-4, 0.2 < float(s.mu_z) < 0.8
    (True, True)
    """
    inputs = np.broadcast_arrays(*(np.asarray(x, float) for x in (transmittance, pulses, background, misalignment)))
    shape = inputs[0].shape
    eta, n, d, e_d = (x.ravel() for x in inputs)

    def value(points):
        found, kept = _rate(eta, n, d, e_d, _settings(points), error_correction, eps_cor)
        signed = found.signed_rate
        # without a key, by what is missing for each bit kept: to keep no bits at all is no way to a key
        return np.where(signed > 0.0, signed, np.minimum(signed, 0.0) / kept)

    best = _settings(search(value, 8, eta.size, starts=320, tried=128, rounds=13))
    best = SnsSettings(*(x.reshape(shape)[()] for x in best))
    link: dict[str, Any] = {"background": background, "misalignment": misalignment}
    common = {"pulses": pulses, "error_correction": error_correction, "eps_cor": eps_cor}
    return sns_finite_rate(transmittance, best, **link, **common), best


def _settings(x) -> SnsSettings:
    """Settings of points x of the unit cube [8, ...]."""
    weak = 10.0 ** (-3.0 + 2.7 * x[2])  # 0.001 to 0.5
    return SnsSettings(
        mu_z=0.05 + 0.95 * x[0],
        sending=0.02 + 0.48 * x[1],
        mu_1=weak,
        mu_2=weak * 1.2 + (1.0 - weak * 1.2) * (0.05 + 0.9 * x[3]),
        key_share=1.0 - 10.0 ** (-3.0 * x[4]) * 0.95,
        empty_share=0.02 + 0.9 * x[5],
        weak_share=0.02 + 0.95 * x[6],
        phase_slice_rad=0.02 + 1.3 * x[7],
    )


def _card_rate(transmittance, pulses, background, misalignment):
    return best_sns_finite(transmittance, pulses=pulses, background=background, misalignment=misalignment)[0].rate


register(
    ModelCard(
        id="quantum.sns_finite.aopp",
        title="Sending-or-not-sending, three intensities and odd-parity pairing, finite statistics",
        function=_card_rate,
        sources=(
            Citation(
                "jiang2021",
                "C. Jiang, X.-L. Hu, Z.-W. Yu, X.-B. Wang, Composable security for practical quantum key distribution "
                "with "
                "two way classical communication, New J. Phys. 23, 063038 (2021)",
                "https://doi.org/10.1088/1367-2630/ac0285",
            ),
            Citation(
                "yu2019",
                "Z.-W. Yu, X.-L. Hu, C. Jiang, H. Xu, X.-B. Wang, Sending-or-not-sending twin-field quantum key "
                "distribution "
                "in practice, Sci. Rep. 9, 3080 (2019)",
                "https://doi.org/10.1038/s41598-019-39225-y",
            ),
        ),
        valid={"transmittance": ARM, "background": BACKGROUND, "pulses": PULSES},
        references=(
            Reference(
                {"transmittance": 1e-2, "pulses": 1e30, "background": 1e-12, "misalignment": 0.0},
                2.096e-4,
                "without noise and end: the best of the closed form of twin_field, approached as the decoys weaken",
                rel=0.01,
            ),
        ),
        left_out="coherent attacks, arms of different loss, spread of the counts about their mean",
    )
)
