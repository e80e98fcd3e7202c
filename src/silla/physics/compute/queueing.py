"""The queueing formulas of a shared GPU: Pollaczek-Khinchine, processor sharing with a state-dependent rate, lateness.

`pool.py` puts them together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv, ndtr

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = ["accepted_rate", "gamma_p95", "mg1_wait_s", "processor_sharing", "ran_miss_probability", "weighted_variance"]

COHEN = Citation(
    "Cohen1979",
    "J. W. Cohen, The multiple phase service network with generalized processor sharing, Acta Informatica 12, 1979",
    "https://doi.org/10.1007/BF00264581",
)
COBHAM = Citation(
    "Cobham1954",
    "A. Cobham, Priority assignment in waiting line problems, Operations Research 2(1), 1954",
    "https://doi.org/10.1287/opre.2.1.70",
)
KLEINROCK = Citation(
    "Kleinrock1975", "L. Kleinrock, Queueing systems, volume 1: theory, Wiley 1975, eq. 5.72 (Pollaczek-Khinchine)"
)

_WAIT_RANGES = {name: Range(0.0, np.inf, unit) for name, unit in (("per_s", "1/s"), ("service_s", "s"), ("cv", ""))}
_MISS_RANGES = {
    "work_s": Range(0.0, np.inf, "s"),
    "work_sd_s": Range(0.0, np.inf, "s"),
    "deadline_s": Range(1e-9, np.inf, "s"),
}
_BISECTIONS = 40
_NEGLIGIBLE = 1e-12  # blocking below this is not searched for


def mg1_wait_s(per_s: ArrayLike, service_s: ArrayLike, cv: ArrayLike = 0.0, residual_s: ArrayLike = 0.0):
    """Mean waiting time of an M/G/1 queue: (lambda S^2 (1 + cv^2)/2 + R) / (1 - lambda S); inf at or above load 1.

    residual_s : R, the mean residual of lower-priority work found in service and not interrupted (Cobham's term).

    >>> float(mg1_wait_s(0.5, 1.0, cv=1.0))
    1.0
    """
    for name, value in (("per_s", per_s), ("service_s", service_s), ("cv", cv)):
        check_domain(name, value, _WAIT_RANGES[name], what="M/G/1 waiting time")
    rate, service = np.asarray(per_s, float), np.asarray(service_s, float)
    load = rate * service
    backlog = 0.5 * rate * service**2 * (1.0 + np.asarray(cv, float) ** 2) + np.asarray(residual_s, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(load < 1.0, backlog / (1.0 - load), np.inf)


def processor_sharing(per_s: ArrayLike, departures_per_s: np.ndarray, n_states: ArrayLike) -> np.ndarray:
    """Stationary probabilities of 0..N requests, shape (..., N+1): a birth-death chain (Cohen 1979).

    Parameters
    ----------
    per_s : arrivals, shape (...). departures_per_s : phi(1..N), shape (..., N). n_states : largest number of requests
    admitted, shape (...), at most N; states above it have probability 0.
    """
    return _normalised(_log_weights(np.asarray(per_s, float), departures_per_s, np.asarray(n_states)))


def _log_weights(rate: np.ndarray, departures_per_s: np.ndarray, n_states: np.ndarray) -> np.ndarray:
    """ln prod lambda/phi(j) of the states 0..N; -inf above the largest admitted."""
    count = np.arange(1, departures_per_s.shape[-1] + 1)
    with np.errstate(divide="ignore"):
        total = np.cumsum(np.log(rate)[..., None] - np.log(departures_per_s), axis=-1)
    total = np.where(count <= n_states[..., None], total, -np.inf)
    return np.concatenate([np.zeros((*total.shape[:-1], 1)), total], axis=-1)


def _normalised(log_weights: np.ndarray) -> np.ndarray:
    weight = np.exp(log_weights - log_weights.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


def _mean_normal_tail(gap: np.ndarray, width: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Mean over u in [0, width] of P(Z sd > gap - u), Z standard normal; gap = deadline minus mean work."""

    def integral(x: np.ndarray) -> np.ndarray:  # of Phi(t / sd) up to x, plus a constant that cancels
        z = np.clip(x / sd, -1e6, 1e6)
        return x * ndtr(z) + sd * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)

    wide = np.maximum(width, 1e-12)
    return np.where(width > 0.0, (integral(wide - gap) - integral(-gap)) / wide, ndtr(-gap / sd))


def ran_miss_probability(
    work_s: ArrayLike,
    work_sd_s: ArrayLike,
    deadline_s: ArrayLike,
    prefill_busy: ArrayLike = 0.0,
    prefill_kernel_s: ArrayLike = 0.0,
    decode_busy: ArrayLike = 0.0,
    decode_kernel_s: ArrayLike = 0.0,
):
    """Share of slots in which layer 1 ends after its deadline: P(work + blocking > deadline).

    Parameters
    ----------
    work_s, work_sd_s : mean and standard deviation of the GPU time of a slot (many cells: taken as normal).
    deadline_s : time from the start of the slot until the result is due.
    prefill_busy, decode_busy : probability that a prefill or decode kernel is in service when the slot starts.
    prefill_kernel_s, decode_kernel_s : length of such a kernel; the residual is uniform from 0 to that length.

    Left out: work carried over from a late slot to the next (the miss is counted, its work is dropped).

    >>> float(ran_miss_probability(0.3, 0.0, 0.5, decode_busy=1.0, decode_kernel_s=0.4))
    0.5
    """
    for name, value in (("work_s", work_s), ("work_sd_s", work_sd_s), ("deadline_s", deadline_s)):
        check_domain(name, value, _MISS_RANGES[name], what="deadline misses of layer 1")
    work, deadline = np.asarray(work_s, float), np.asarray(deadline_s, float)
    sd = np.maximum(np.asarray(work_sd_s, float), 1e-9 * deadline)
    gap = deadline - work
    prefill, decode = np.asarray(prefill_busy, float), np.asarray(decode_busy, float)
    free = np.clip(1.0 - prefill - decode, 0.0, 1.0)
    zero = np.zeros_like(gap)
    miss = free * _mean_normal_tail(gap, zero, sd)
    miss = miss + prefill * _mean_normal_tail(gap, np.asarray(prefill_kernel_s, float), sd)
    miss = miss + decode * _mean_normal_tail(gap, np.asarray(decode_kernel_s, float), sd)
    return np.clip(np.where(work > 0.0, miss, 0.0), 0.0, 1.0)


def accepted_rate(rate, free, prefill, unit_rates, capacity):
    """(accepted arrivals per second, state probabilities): the fixed point x = lambda (1 - pi_N(x)).

    More accepted prompts leave less time for decoding and so raise pi_N: the root is unique, found by bisection where
    accepting everything does not already solve the equation.
    """
    shape, n = rate.shape, unit_rates.shape[-1]
    rate, free, prefill = (np.ravel(a) for a in (rate, free, prefill))
    capacity = np.ravel(capacity).astype(int)
    base = _log_weights(rate, unit_rates.reshape(-1, n), capacity)
    count = np.arange(n + 1)

    def law(x, rows):
        """State probabilities with x prompts per second accepted; departures scale with the time that is left."""
        left = np.maximum(free[rows] - x * prefill[rows], 1e-9)
        return _normalised(base[rows] - count * np.log(left)[:, None])

    def blocked(x, rows):
        return law(x, rows)[np.arange(rows.size), capacity[rows]]

    open_rows = np.flatnonzero(capacity > 0)
    x = np.where(capacity > 0, rate, 0.0)
    rows = open_rows[(x * prefill >= free)[open_rows]]
    x[rows] = 0.999999 * free[rows] / prefill[rows]
    rows = open_rows[blocked(x[open_rows], open_rows) > _NEGLIGIBLE] if open_rows.size else open_rows
    low, high = np.zeros(rows.size), x[rows]
    for _ in range(_BISECTIONS if rows.size else 0):
        middle = 0.5 * (low + high)
        too_low = middle < rate[rows] * (1.0 - blocked(middle, rows))
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    x[rows] = 0.5 * (low + high)
    return x.reshape(shape), law(x, np.arange(rate.size)).reshape(*shape, n + 1)


def weighted_variance(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Variance along the last axis under unnormalised weights."""
    share = weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-300)
    mean = np.sum(share * values, axis=-1, keepdims=True)
    return np.sum(share * (values - mean) ** 2, axis=-1)


def gamma_p95(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """95th percentile of the gamma law of that mean and variance; the mean itself where there is no variance."""
    relative = np.maximum(variance / mean**2, 1e-9)
    return mean * gammaincinv(1.0 / relative, 0.95) * relative


register(
    ModelCard(
        id="compute.pool.mg1_wait",
        title="Waiting time of an M/G/1 queue with a lower-priority step in service",
        function=mg1_wait_s,
        sources=(KLEINROCK, COBHAM),
        valid=_WAIT_RANGES,
        references=(
            Reference({"per_s": 0.5, "service_s": 1.0, "cv": 0.0}, 0.5, "M/D/1: rho / (2 (1 - rho))", rel=1e-12),
            Reference({"per_s": 0.5, "service_s": 1.0, "cv": 1.0}, 1.0, "M/M/1: rho / (1 - rho)", rel=1e-12),
        ),
        increasing=("per_s", "service_s", "cv"),
    )
)
register(
    ModelCard(
        id="compute.pool.ran_miss",
        title="Deadline misses of layer-1 work behind inference kernels",
        function=ran_miss_probability,
        sources=(COBHAM,),
        valid=_MISS_RANGES,
        references=(
            Reference(
                {"work_s": 0.3, "work_sd_s": 0.0, "deadline_s": 0.5, "decode_busy": 1.0, "decode_kernel_s": 0.4},
                0.5,
                "uniform residual of a 0.4 s kernel against a slack of 0.2 s",
                rel=1e-6,
            ),
        ),
        increasing=("work_s",),
        decreasing=("deadline_s",),
        left_out="late work carried into the next slot",
    )
)
