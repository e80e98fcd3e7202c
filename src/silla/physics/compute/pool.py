"""A pool of GPUs shared by the radio's layer 1 (priority) and language-model requests (continuous batching).

Each GPU is looked at alone: cells and requests are spread evenly and at random over the GPUs of a pool.

Radio: every slot brings work w; it goes before everything else, and waits at most for the kernel in service.
Prefill: one prompt at a time, before decoding; Pollaczek-Khinchine with the residual of the step in service (Cobham).
Decode: processor sharing with a rate that depends on the number of requests in the batch. Cohen (1979) showed that the
stationary law of such a queue does not depend on the shape of the length distribution; it is the birth-death law
pi(n) = pi(0) prod lambda/phi(j), phi(j) = j a / (G t_step(j)), with a the share of time left by radio and prefill, G
the mean number of generated tokens, and phi constant above the batch limit, where requests wait. At most
`queue_limit` requests wait; more are refused, so overload shows as refused requests and never as a share above one.

Dedicated and shared use are the same function with other counts: `serve(n_ran, ..., requests_per_s=0)` beside
`serve(n_ai, ..., ran_demand=0)`, against `serve(n_ran + n_ai, ...)`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import ModelCard, Range, Reference, check_domain, register
from silla.physics.compute.gpu import Gpu, LanguageModel, decode_step_s, max_batch, power_w, prefill_s
from silla.physics.compute.queueing import (
    COBHAM,
    COHEN,
    KLEINROCK,
    accepted_rate,
    gamma_p95,
    mg1_wait_s,
    ran_miss_probability,
    weighted_variance,
)

__all__ = ["PoolResult", "Requests", "serve"]

BATCH_LIMIT = 256  # requests decoded together at most, whatever the memory (common default of serving engines)
KERNELS_PER_LAYER = 5  # QKV, attention, output, two of the feed-forward network: the grain at which radio preempts
SMALLEST_SLICE = 1e-3  # of a GPU; less is taken as none


@dataclass(frozen=True)
class Requests:
    """What the users of a pool ask for; every field may be an array over pools.

    per_s : requests per second offered to the whole pool. prompt_tokens, generated_tokens : means.
    prompt_cv : coefficient of variation of the prompt's length (1 as in an exponential law).
    """

    per_s: ArrayLike
    prompt_tokens: ArrayLike = 1155.0
    generated_tokens: ArrayLike = 211.0
    prompt_cv: ArrayLike = 1.0


@dataclass(frozen=True)
class PoolResult:
    """What a pool did; every field has the broadcast shape of the inputs.

    utilisation, ran_utilisation, prefill_utilisation, decode_utilisation : shares of the GPUs' time, the first the sum
    of the others. ran_served, ran_unserved : GPUs' worth of layer-1 work done and not done. ran_miss_probability :
    share of slots that end after their deadline. offered_per_s = served_per_s + refused_per_s. tokens_per_s :
    generated.
    mean_batch : requests decoded together on one GPU. ttft_*, per_token_* : seconds, NaN where nothing is served.
    power_w : all GPUs of the pool.
    """

    utilisation: np.ndarray
    ran_utilisation: np.ndarray
    prefill_utilisation: np.ndarray
    decode_utilisation: np.ndarray
    ran_served: np.ndarray
    ran_unserved: np.ndarray
    ran_miss_probability: np.ndarray
    offered_per_s: np.ndarray
    served_per_s: np.ndarray
    refused_per_s: np.ndarray
    tokens_per_s: np.ndarray
    mean_batch: np.ndarray
    ttft_mean_s: np.ndarray
    ttft_p95_s: np.ndarray
    per_token_mean_s: np.ndarray
    per_token_p95_s: np.ndarray
    power_w: np.ndarray


def _state_rates(step_s: np.ndarray, generated: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Departures per second per unit of free time with 1..N requests present; flat above the batch limit."""
    count = np.arange(1, step_s.shape[-1] + 1)
    inside = np.minimum(count, np.maximum(batch, 1)[..., None])
    at_limit = np.take_along_axis(step_s, inside.astype(int) - 1, axis=-1)
    return inside / (generated[..., None] * at_limit)


def _broadcast(gpu: Gpu, model: LanguageModel, requests: Requests, *arrays: ArrayLike):
    """The same inputs, every field an array of one common shape."""
    parts = [gpu, model, requests]
    values = [np.asarray(getattr(part, f.name), float) for part in parts for f in fields(part)]
    common = np.broadcast_arrays(*values, *(np.asarray(a, float) for a in arrays))
    common = [np.atleast_1d(np.array(c)) for c in common]
    cut = iter(common)
    built = [type(part)(**{f.name: next(cut) for f in fields(part)}) for part in parts]
    return built, list(cut)


def _slice(gpu: Gpu, speed: np.ndarray) -> Gpu:
    """A GPU with that share of compute, bandwidth, memory and power (time slice or partition)."""
    scaled = ("peak_flop_per_s", "bandwidth_byte_per_s", "memory_byte", "idle_w", "tdp_w")
    values = {f.name: np.asarray(getattr(gpu, f.name), float) for f in fields(gpu)}
    return Gpu(**{name: v * speed if name in scaled else v for name, v in values.items()})


def serve(
    n_gpu: ArrayLike,
    gpu: Gpu,
    model: LanguageModel,
    requests: Requests,
    *,
    ran_demand: ArrayLike = 0.0,
    ran_variance: ArrayLike = 0.0,
    slot_s: ArrayLike = 0.5e-3,
    deadline_s: ArrayLike = 0.5e-3,
    queue_limit: int = 128,
    batch_limit: int = BATCH_LIMIT,
    preempt: str = "kernel",
) -> PoolResult:
    """What a pool of GPUs does for the radio and for language-model requests.

    Parameters
    ----------
    n_gpu : GPUs of the pool; a fraction is a slice with that share of compute, bandwidth, memory and power; less
        than a thousandth serves nothing. All arguments broadcast; the result has their common shape, at least one axis.
    ran_demand, ran_variance : mean and variance over slots of the layer-1 work, in GPUs (see `ran_load.py`).
    slot_s, deadline_s : slot length and the time from its start to the deadline of its work.
    queue_limit : requests that wait per GPU before more are refused.
    preempt : grain at which layer 1 displaces inference: ``kernel`` (the kernel in service is finished) or ``step``
        (the whole prefill or decode step is).

    Sources: module docstring. Left out: routing by queue length, chunked prefill, prefix caches, work of several
    models on one GPU (give each its slice), correlation of radio load with requests. Both p95 take the time as
    gamma-distributed with the mean and variance of the queue; a request's time per token is its mean over its tokens.
    Against an event-by-event simulation with Poisson arrivals and exponential prompts: means within 10 %, the p95 of
    the first token up to 20 % and that of the time per token up to 30 % low when prefill takes over half of the time.

    >>> idle = serve(1, Gpu(1e15, 3e12, 8e10, 70, 700), LanguageModel(8e9, 32, 8, 128), Requests(0.0))
    >>> float(idle.power_w[0])
    70.0
    """
    if preempt not in ("kernel", "step"):
        raise ValueError(f"preempt is {preempt!r}; allowed are 'kernel' and 'step'")
    for name, value in (("n_gpu", n_gpu), ("ran_demand", ran_demand), ("requests_per_s", requests.per_s)):
        check_domain(name, value, Range(0.0, 1e6, ""), what="GPU pool")
    (gpu, model, requests), (n, demand, variance, slot, deadline) = _broadcast(
        gpu, model, requests, n_gpu, ran_demand, ran_variance, slot_s, deadline_s
    )
    servers = np.maximum(np.ceil(n - 1e-9), 1.0)
    alive = n > SMALLEST_SLICE
    part = _slice(gpu, np.where(alive, n, 1.0) / servers)
    demand_each = np.where(alive, demand / np.where(alive, n, 1.0), 0.0)
    ran = np.minimum(demand_each, 1.0)
    rate = np.where(alive, requests.per_s / servers, 0.0)
    decode = _decode(part, model, requests, rate, ran, alive, queue_limit, batch_limit)
    prefill_busy, decode_busy = decode["prefill_busy"], decode["decode_busy"]

    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.maximum(1.0 - ran, 1e-12)
        kernels = np.asarray(model.n_layers, float) * KERNELS_PER_LAYER if preempt == "kernel" else 1.0
        miss = ran_miss_probability(
            demand_each * slot,
            # each server has the cells' variance over their number, in units of its own capacity n / servers
            np.sqrt(variance * servers / np.where(alive, n, 1.0) ** 2) * slot,
            deadline,
            np.where(ran < 1.0, prefill_busy / left, 0.0),
            decode["prefill_s"] / kernels,
            np.where(ran < 1.0, decode_busy / left, 0.0),
            decode["step_s"] / kernels,
        )
    miss = np.where(alive, miss, np.where(demand > 0, 1.0, 0.0))
    served = decode["accepted"] * servers
    utilisation = np.where(alive, ran + prefill_busy + decode_busy, 0.0)
    ran_served = np.where(alive, ran * n, 0.0)
    return PoolResult(
        utilisation=utilisation,
        ran_utilisation=np.where(alive, ran, 0.0),
        prefill_utilisation=prefill_busy,
        decode_utilisation=decode_busy,
        ran_served=ran_served,
        ran_unserved=demand - ran_served,
        ran_miss_probability=miss,
        offered_per_s=np.asarray(requests.per_s),
        served_per_s=served,
        refused_per_s=requests.per_s - served,
        tokens_per_s=served * requests.generated_tokens,
        mean_batch=decode["mean_batch"],
        ttft_mean_s=decode["ttft_mean_s"],
        ttft_p95_s=decode["ttft_p95_s"],
        per_token_mean_s=decode["per_token_mean_s"],
        per_token_p95_s=decode["per_token_p95_s"],
        power_w=np.where(alive, servers * power_w(part, np.minimum(utilisation, 1.0)), 0.0),
    )


def _decode(part, model, requests, rate, ran, alive, queue_limit, batch_limit) -> dict[str, np.ndarray]:
    """The inference side of one GPU of each pool: batch law, utilisations, times. All arrays of one shape."""
    generated = np.maximum(requests.generated_tokens, 1.0)
    context = requests.prompt_tokens + 0.5 * generated
    fits = max_batch(part, model, requests.prompt_tokens + generated)
    batch = np.where(alive & (ran < 1.0), np.minimum(fits, batch_limit), 0.0)
    capacity = np.where(batch > 0, batch + queue_limit, 0.0)
    n_states = int(max(capacity.max(initial=0.0), 1))
    count = np.arange(1, n_states + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = _steps(part, model, count, context)
        prompt = prefill_s(part, model, requests.prompt_tokens)
        usable = batch > 0
        step = np.where(usable[..., None], step, 1.0)
        prompt = np.where(usable, prompt, 0.0)
    free = 1.0 - ran
    unit = _state_rates(step, generated, batch)
    accepted, law = accepted_rate(np.where(usable, rate, 0.0), free, prompt, unit, capacity)

    prefill_busy = accepted * prompt
    left = np.maximum(free - prefill_busy, 1e-12)
    some = 1.0 - law[..., 0]
    decode_busy = np.where(accepted > 0, left * some, 0.0)
    inside = np.minimum(count, np.maximum(batch, 1)[..., None])
    present = law[..., 1:]
    mean_batch = np.sum(present * inside, axis=-1)
    limit_step = np.take_along_axis(step, inside.astype(int) - 1, axis=-1)
    mean_step = np.sum(present * limit_step, axis=-1) / np.maximum(some, 1e-300)

    with np.errstate(divide="ignore", invalid="ignore"):
        queue = _batch_wait(law, capacity, batch, unit, left)
        first_mean, first_p95 = _first_token(requests, accepted, prompt, free, decode_busy, mean_step, *queue)
        token_rate = present * unit * left[..., None]
        token_time = limit_step / left[..., None]
        per_token = mean_batch / (accepted * generated)
        # a request of G tokens meets prefills at rate `accepted` for G per_token seconds: a compound Poisson delay
        stall = (prompt / free) ** 2 * (1.0 + requests.prompt_cv**2)
        spread = weighted_variance(token_time, token_rate) + accepted * stall * per_token / generated
        per_token_p95 = gamma_p95(per_token, spread)
    nothing = ~(accepted > 0)
    return {
        "accepted": accepted,
        "prefill_busy": prefill_busy,
        "decode_busy": decode_busy,
        "prefill_s": prompt,
        "step_s": np.where(nothing, 0.0, mean_step),
        "mean_batch": np.where(nothing, 0.0, mean_batch),
        "ttft_mean_s": np.where(nothing, np.nan, first_mean),
        "ttft_p95_s": np.where(nothing, np.nan, first_p95),
        "per_token_mean_s": np.where(nothing, np.nan, per_token),
        "per_token_p95_s": np.where(nothing, np.nan, per_token_p95),
    }


def _steps(part: Gpu, model: LanguageModel, count: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Decode step times with 1..N requests, shape (..., N)."""

    def wide(part_or_model):
        return type(part_or_model)(
            **{f.name: np.asarray(getattr(part_or_model, f.name))[..., None] for f in fields(part_or_model)}
        )

    return decode_step_s(wide(part), wide(model), count, context[..., None])


def _batch_wait(law, capacity, batch, unit, left):
    """(mean, variance) of an admitted request's wait for a place in the batch: Erlang(n - B + 1) of n found (PASTA)."""
    found = np.arange(law.shape[-1])
    admitted = np.where(found < capacity[..., None], law, 0.0)
    admitted = admitted / np.maximum(admitted.sum(axis=-1, keepdims=True), 1e-300)
    ahead = np.maximum(found - batch[..., None] + 1.0, 0.0)
    departures = unit[..., -1] * left
    mean = np.sum(admitted * ahead, axis=-1) / departures
    second = np.sum(admitted * ahead * (ahead + 1.0), axis=-1) / departures**2
    return mean, np.maximum(second - mean**2, 0.0)


def _first_token(requests, accepted, prompt, free, decode_busy, mean_step, queue, queue_variance):
    """(mean, p95) of the time to the first token: place in the batch, prefill queue, residual step, own prefill."""
    service = np.where(free > 0.0, prompt / free, 0.0)  # nothing is accepted where no time is free
    residual = (decode_busy / free) * 0.5 * mean_step / free
    wait = mg1_wait_s(accepted, service, requests.prompt_cv, residual)
    mean = queue + wait + service
    # the prefill wait is zero or exponential with the mean above: E[W^2] = 2 E[W]^2 / P(W > 0)
    busy = np.clip((accepted * prompt + decode_busy) / free, 1e-9, 1.0)
    variance = wait**2 * (2.0 / busy - 1.0) + (service * requests.prompt_cv) ** 2 + queue_variance
    return mean, gamma_p95(mean, variance)


def _h100_served_per_s(per_s: float) -> float:
    """Requests served per second by one H100 with an 8 G parameter model (the default request shape)."""
    gpu = Gpu(989e12, 3.35e12, 80e9, 70.0, 700.0)
    return float(serve(1, gpu, LanguageModel(8e9, 32, 8, 128), Requests(per_s)).served_per_s[0])


register(
    ModelCard(
        id="compute.pool.shared_gpu",
        title="GPU pool shared by layer 1 and language-model requests",
        function=_h100_served_per_s,
        sources=(COHEN, COBHAM, KLEINROCK),
        valid={"per_s": Range(0.0, 1e6, "1/s")},
        references=(
            Reference({"per_s": 1.0}, 1.0, "conservation: nothing is refused far below capacity", rel=1e-9),
            Reference(
                {"per_s": 1000.0},
                1.0 / (1.848e13 / (0.45 * 9.89e14) + 211 / 256 * (16e9 + 256 * 1260.5 * 131072) / 3.35e12),
                "saturation: one prefill and 211/256 of a full decode step per request",
                rel=1e-6,
            ),
        ),
        increasing=("per_s",),
        left_out="chunked prefill, prefix caches, routing by queue length",
    )
)
