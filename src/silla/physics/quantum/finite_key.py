"""Secret key length of a finite block of decoy-state BB84, composably secure against general attacks.

    l = s_0 + s_1 [1 - h(phi)] - leak - 6 log2(c / eps_sec) - log2(2 / eps_cor)

Three intensities, c = 21: Lim, Curty, Walenta, Xu and Zbinden, PRA 89, 022307 (2014), Eqs. (1)-(5).
Two intensities, c = 19: Rusca, Boaron, Gruenenfelder, Martin and Zbinden, APL 112, 171104 (2018), Eqs. (A16)-(A25),
read with the factor e^k / p_k that its (A18) leaves out and its (A2) needs.

One basis makes the key, the other tests it. A lower bound on a count that comes out negative is taken as zero, and one
error is assumed where none was seen (the sampling bound is void there); both only lower or keep the key.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Range, check_domain
from silla.physics.quantum.channel import check_channel, gain_and_error
from silla.physics.quantum.entropy import binary_entropy

__all__ = [
    "Counts",
    "FiniteKey",
    "expected_counts",
    "finite_key_rate",
    "key_length",
    "sampled_error",
    "single_photon_counts",
]

BLOCK = Range(1e3, 1e15, "sifted bits")
EPSILON = Range(1e-40, 0.1, "")


class Counts(NamedTuple):
    """Clicks and errors per intensity (last axis), in the basis that makes the key and in the one that tests it."""

    key: Any
    key_errors: Any
    test: Any
    test_errors: Any


class FiniteKey(NamedTuple):
    """Length of the secret key of one block and the bounds behind it."""

    length_bit: Any  # floored at 0
    signed_bit: Any  # before the floor
    vacuum_bit: Any  # lower bound on clicks of empty pulses
    single_bit: Any  # lower bound on clicks of single photons
    phase_error: Any  # upper bound
    leaked_bit: Any  # spent on error correction
    qber: Any  # of the key basis


def key_length(
    counts: Counts,
    intensities: ArrayLike,
    probabilities: ArrayLike,
    *,
    eps_sec: ArrayLike = 1e-10,
    eps_cor: float = 1e-15,
    error_correction: float = 1.16,
    leaked_bit: ArrayLike | None = None,
) -> FiniteKey:
    """Secret bits of one block from what was counted.

    Parameters
    ----------
    counts : four arrays of shape [..., K]. intensities, probabilities : shape [..., K], K = 3 (two decoys) or 2 (one
        decoy), intensities falling along the last axis; for K = 3 the first exceeds the sum of the others.
    eps_sec, eps_cor : secrecy and correctness. leaked_bit : bits that error correction really told; None estimates
        `error_correction` * n * h(QBER).

    >>> mu, p = [0.5, 0.1, 2e-4], [0.7, 0.2, 0.1]
    >>> counts, pulses = expected_counts(1e-2, mu, p, block=1e7, key_basis=0.8, y0=1e-6, misalignment=0.01)
    >>> 1e6 < float(key_length(counts, mu, p).length_bit) < 5e6
    True
    """
    mu, p = _split(intensities), _split(probabilities)
    key, key_errors, test, test_errors = (_split(c) for c in counts)
    if len(mu) not in (2, 3) or len({len(x) for x in (mu, p, key, key_errors, test, test_errors)}) != 1:
        raise ArgumentError("finite key: counts, intensities and probabilities need a last axis of the same 2 or 3")
    _check_intensities(mu)
    check_domain("eps_sec", eps_sec, EPSILON, what="finite key")
    check_domain("eps_cor", eps_cor, EPSILON, what="finite key")
    return _key_length(key, key_errors, test, test_errors, mu, p, eps_sec, eps_cor, error_correction, leaked_bit)


def single_photon_counts(
    clicks: ArrayLike, errors: ArrayLike, intensities: ArrayLike, probabilities: ArrayLike, *, eps: float = 1e-10
) -> tuple[Any, Any, Any]:
    """(s_0 low, s_1 low, v_1 high): clicks of empty pulses and of single photons, and wrong ones of the latter.

    Of counts of any measurement in one basis: Lim et al. Eqs. (2)-(4), or Rusca et al. with two intensities, with
    Poisson's limits of each count in place of Hoeffding's, each wrong with a chance of `eps`. clicks, errors,
    intensities, probabilities : [..., 3 or 2] as in `key_length`.

    >>> s0, s1, v1 = single_photon_counts([4e5, 2.8e4, 10], [4e3, 280, 5], [0.5, 0.1, 0.0], [0.7, 0.2, 0.1])
    >>> bool(2.5e5 < s1 < 3.3e5), bool(v1 > 3000)
    (True, True)
    """
    n, m, mu, p = (_split(x) for x in (clicks, errors, intensities, probabilities))
    if len(mu) not in (2, 3) or len({len(x) for x in (n, m, mu, p)}) != 1:
        raise ArgumentError("single photons: counts, intensities and probabilities need a last axis of the same 2 or 3")
    _check_intensities(mu)
    check_domain("eps", eps, EPSILON, what="single photons")
    bounds = _two_decoy_bounds if len(mu) == 3 else _one_decoy_bounds
    return bounds(n, m, _source(mu, p), np.log(1.0 / eps), _poisson)


def _split(array: ArrayLike) -> list[np.ndarray]:
    array = np.asarray(array, float)
    return [array[..., i] for i in range(array.shape[-1])]


def _check_intensities(mu) -> None:
    weak = mu[1] + mu[2] if len(mu) == 3 else mu[1]
    if np.any(mu[0] <= weak) or np.any(np.diff(np.stack(np.broadcast_arrays(*mu)), axis=0) >= 0) or np.any(mu[-1] < 0):
        raise DomainError(
            "finite key: intensities must fall (signal, decoy[, vacuum]), stay at 0 or above, and the signal must "
            "exceed the sum of the others"
        )


def _key_length(key, key_errors, test, test_errors, mu, p, eps_sec, eps_cor, f, leaked) -> FiniteKey:
    """`key_length` without checks; every argument a list of K arrays or a scalar."""
    bounds, terms = (_two_decoy_bounds, 21.0) if len(mu) == 3 else (_one_decoy_bounds, 19.0)
    log_eps = np.log(terms / np.asarray(eps_sec, float))
    source = _source(mu, p)
    s0, s1, _ = bounds(key, key_errors, source, log_eps)
    _, t1, v1 = bounds(test, test_errors, source, log_eps)
    phase = sampled_error(s1, t1, v1, eps_sec, terms)
    n, m = sum(key), sum(key_errors)
    with np.errstate(divide="ignore", invalid="ignore"):
        qber = np.where(n > 0, m / n, 0.5)
    if leaked is None:
        leaked = f * n * binary_entropy(np.minimum(qber, 0.5))
    signed = s0 + s1 * (1.0 - binary_entropy(phase)) - leaked - 6.0 * log_eps / np.log(2.0) - np.log2(2.0 / eps_cor)
    return FiniteKey(np.floor(np.maximum(signed, 0.0)), signed, s0, s1, phase, leaked, qber)


class _Source(NamedTuple):
    """What the bounds need of the source: intensities, e^k / p_k, and the chance that a pulse holds 0 or 1 photons."""

    mu: list
    weight: list
    tau0: Any
    tau1: Any


def _source(mu, p) -> _Source:
    weight = [np.exp(k) / pk for k, pk in zip(mu, p)]
    return _Source(mu, weight, sum(1.0 / w for w in weight), sum(k / w for k, w in zip(mu, weight)))


# Limits of the counts behind those seen: (low, high) for each intensity; weights e^k / p_k are put on afterwards.
def _hoeffding(n, log_eps):
    spread = np.sqrt(0.5 * sum(n) * log_eps)
    return [np.maximum(x - spread, 0.0) for x in n], [x + spread for x in n]


def _poisson(n, log_eps):
    """Of independent events, whose number is no more scattered than Poisson's: tighter for rare intensities."""
    from scipy.special import gammainccinv, gammaincinv

    eps = np.exp(-log_eps)
    low = [np.where(x > 0.0, gammaincinv(np.maximum(x, 1e-9), eps), 0.0) for x in n]
    return low, [gammainccinv(x + 1.0, eps) for x in n]


def _two_decoy_bounds(n, m, source: _Source, log_eps, limits=_hoeffding):
    """s_0 low, s_1 low, v_1 high: Lim et al. Eqs. (2)-(4)."""
    (m1, m2, m3), (w1, w2, w3), tau0, tau1 = source
    (low, high), (wrong_low, wrong_high) = limits(n, log_eps), limits(m, log_eps)
    s0 = np.maximum(tau0 * (m2 * w3 * low[2] - m3 * w2 * high[1]) / (m2 - m3), 0.0)
    square = m2**2 - m3**2
    difference = w2 * low[1] - w3 * high[2]
    s1 = tau1 * m1 * (difference - square / m1**2 * (w1 * high[0] - s0 / tau0)) / (m1 * (m2 - m3) - square)
    v1 = tau1 * (w2 * wrong_high[1] - w3 * wrong_low[2]) / (m2 - m3)
    return s0, np.maximum(s1, 0.0), np.maximum(v1, 0.0)


def _one_decoy_bounds(n, m, source: _Source, log_eps, limits=_hoeffding):
    """s_0 low, s_1 low, v_1 high: Rusca et al. Eqs. (A19), (A17) with (A16), (A22)."""
    (m1, m2), (w1, w2), tau0, tau1 = source
    (low, high), (wrong_low, wrong_high) = limits(n, log_eps), limits(m, log_eps)
    s0 = np.maximum(tau0 * (m1 * w2 * low[1] - m2 * w1 * high[0]) / (m1 - m2), 0.0)
    # (A16) with the decoy, whose errors are the more of background; fixed beforehand, as the union bound demands
    spread = np.sqrt(0.5 * sum(n) * log_eps)
    s0_high = np.minimum(2.0 * (tau0 * w2 * wrong_high[1] + spread), sum(n))
    s1 = w2 * low[1] - (m2 / m1) ** 2 * w1 * high[0] - (m1**2 - m2**2) / m1**2 * s0_high / tau0
    v1 = tau1 * (w1 * wrong_high[0] - w2 * wrong_low[1]) / (m1 - m2)
    return s0, np.maximum(tau1 * m1 * s1 / (m2 * (m1 - m2)), 0.0), np.maximum(v1, 0.0)


def sampled_error(s1, t1, v1, eps_sec, terms):
    """Upper bound on the error rate of s1 unseen bits from v1 errors in t1 tested ones; 1/2 where there is none.

    Lim et al. Eq. (5), wrong with a chance of eps_sec / terms. At least one error is assumed.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.clip(np.maximum(v1, 1.0) / t1, 0.0, 0.5)
        variance = (s1 + t1) / (s1 * t1) * (1.0 - rate) * rate
        log_term = np.log((s1 + t1) / (s1 * t1 * (1.0 - rate) * rate) * (terms / eps_sec) ** 2) / np.log(2.0)
        bound = rate + np.sqrt(variance / np.log(2.0) * np.maximum(log_term, 0.0))
    return np.where((s1 > 0.0) & (t1 > 0.0) & (bound < 0.5), bound, 0.5)


def expected_counts(
    transmittance: ArrayLike,
    intensities: ArrayLike,
    probabilities: ArrayLike,
    *,
    block: ArrayLike,
    key_basis: ArrayLike,
    y0: ArrayLike,
    misalignment: ArrayLike,
    afterpulse: ArrayLike = 0.0,
) -> tuple[Counts, Any]:
    """Expected `Counts` of a block and the number of pulses that were sent for it.

    Parameters
    ----------
    transmittance : shape S, channel and detector. intensities, probabilities : shape S + [K] or [K].
    block : sifted bits of the key basis. key_basis : probability that either side picks that basis.
    """
    mu, p = _split(intensities), _split(probabilities)
    eta, n, q, noise, e_d, p_ap = (
        np.asarray(x, float) for x in (transmittance, block, key_basis, y0, misalignment, afterpulse)
    )
    parts, pulses = _expected(eta, n, q, noise, e_d, p_ap, mu, p)
    return Counts(*(np.stack(np.broadcast_arrays(*part), axis=-1) for part in parts)), pulses


def _expected(eta, block, q, y0, e_d, p_ap, mu, p) -> tuple[tuple[list, list, list, list], Any]:
    # one call for all intensities, on a new first axis
    k = np.stack(np.broadcast_arrays(*mu, eta)[: len(mu)])
    clicks = gain_and_error(k, eta, y0=y0, misalignment=e_d, afterpulse=p_ap)
    gains = [pk * gain for pk, gain in zip(p, clicks.gain)]
    errors = [pk * gain for pk, gain in zip(p, clicks.error_gain)]
    pulses = block / (q**2 * sum(gains))
    key, test = pulses * q**2, pulses * (1.0 - q) ** 2
    parts = (
        [key * x for x in gains],
        [key * x for x in errors],
        [test * x for x in gains],
        [test * x for x in errors],
    )
    return parts, pulses


def finite_key_rate(
    transmittance: ArrayLike,
    intensities: ArrayLike,
    probabilities: ArrayLike,
    *,
    block: ArrayLike,
    key_basis: ArrayLike,
    y0: ArrayLike,
    misalignment: ArrayLike,
    afterpulse: ArrayLike = 0.0,
    eps_sec: ArrayLike = 1e-10,
    eps_cor: float = 1e-15,
    error_correction: float = 1.16,
):
    """Expected secret bits per pulse sent, for given settings; see `expected_counts` and `key_length`.

    Settings that were optimised are in `finite_key_best.best_finite_key`. Raises DomainError outside the ranges.

    >>> r = finite_key_rate(1e-3, [0.5, 0.1, 2e-4], [0.7, 0.2, 0.1], block=1e7, key_basis=0.9, y0=1.2e-6,
    ...     misalignment=5e-3)
    >>> 1e-5 < float(r) < 5e-4
    True
    """
    what = "finite key"
    check_channel(what, transmittance=transmittance, y0=y0, misalignment=misalignment, afterpulse=afterpulse)
    check_domain("block", block, BLOCK, what=what, advice="blocks of 1e5 to 1e9 bits are usual")
    check_domain("key_basis", key_basis, Range(0.01, 0.99999, ""), what=what)
    counts, pulses = expected_counts(
        transmittance,
        intensities,
        probabilities,
        block=block,
        key_basis=key_basis,
        y0=y0,
        misalignment=misalignment,
        afterpulse=afterpulse,
    )
    found = key_length(
        counts, intensities, probabilities, eps_sec=eps_sec, eps_cor=eps_cor, error_correction=error_correction
    )
    return (found.length_bit / pulses)[()]
