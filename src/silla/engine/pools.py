"""GPU pools over the day: baseband of the cells and language models on the same or on separate GPUs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.physics.compute.gpu import Gpu, LanguageModel
from silla.physics.compute.pool import Requests, serve
from silla.physics.compute.ran_load import pool_ran_demand
from silla.world.types import World

__all__ = ["PoolDay", "pool_day"]

Floats = NDArray[np.float64]
_SLOT_S = 0.5e-3  # 30 kHz numerology, the clock of the published multicell capacities
_MAX_PORTS = 256.0


@dataclass(frozen=True)
class PoolDay:
    """Every array [n_replicates, n_epochs, n_pools]; times in seconds, NaN where nothing was served."""

    utilisation_ran: Floats
    utilisation_ai: Floats
    deadline_miss: Floats
    tokens_per_s: Floats
    requests_per_s: Floats
    unserved_per_s: Floats
    ttft_s: Floats
    tpot_s: Floats
    power_w: Floats


def pool_day(world: World, load: Floats, epochs_s: Floats) -> PoolDay:
    """What the pools do.

    Parameters
    ----------
    load : [n_replicates, n_epochs, n_cells] mean of downlink and uplink load. epochs_s : [n_epochs] times of day.

    A pool's GPUs are divided among what it serves: each language model has a slice in proportion to its offered work
    (tokens times parameters); a shared pool's baseband spreads over all slices in proportion, a dedicated pool's has
    GPUs of its own.
    """
    pools = world.pools
    shape = (*load.shape[:2], len(pools.id))
    out = {name: np.zeros(shape) for name in PoolDay.__dataclass_fields__}
    demand, variance = _ran_demand(world, load)
    for p in range(len(pools.id)):
        slices = _slices(world, p, epochs_s)
        one = _one_pool(_gpu(pools.gpu[p]), slices, demand[..., p], variance[..., p], float(pools.count[p]))
        for name, values in one.items():
            out[name][..., p] = values
    return PoolDay(**out)


@dataclass(frozen=True)
class _Slice:
    """`n` GPUs of a pool that run one model and a share of the pool's baseband; per_s [n_epochs] requests."""

    n: float
    model: LanguageModel
    per_s: Floats
    prompt_tokens: float
    output_tokens: float
    ran_share: float


def _slices(world: World, p: int, epochs_s: Floats) -> list[_Slice]:
    """How the GPUs of pool p are divided; models that are never asked for anything divide them evenly."""
    pools, serves = world.pools, world.serves
    shared = bool(pools.shared[p])
    rows = np.flatnonzero(serves.pool == p)
    n_ran = 0.0 if shared else float(pools.ran_gpus[p])
    n_ai = float(pools.count[p]) - n_ran
    nobody = np.zeros(len(epochs_s))
    found = [] if shared else [_Slice(n_ran, _ANY_MODEL, nobody, 1.0, 1.0, 1.0)]
    if not len(rows):
        return [*found, _Slice(n_ai, _ANY_MODEL, nobody, 1.0, 1.0, float(shared))]
    models = [_language_model(serves.model[r]) for r in rows]
    tokens = serves.prompt_tokens[rows] + serves.output_tokens[rows]
    work = serves.requests_per_s[rows] * tokens * np.array([float(np.max(m.n_parameters)) for m in models])
    shares = work / work.sum() if work.sum() > 0 else np.full(len(rows), 1.0 / len(rows))
    hour = (epochs_s / 3600.0 - 0.5) % 24.0
    low = hour.astype(int) % 24
    for r, model, share in zip(rows, models, shares, strict=True):
        profile = serves.profile[r]
        per_s = serves.requests_per_s[r] * (profile[low] + (hour % 1.0) * (profile[(low + 1) % 24] - profile[low]))
        prompt, output = float(serves.prompt_tokens[r]), float(serves.output_tokens[r])
        found.append(_Slice(n_ai * share, model, per_s, prompt, output, float(share) if shared else 0.0))
    return found


def _gpu(part: dict) -> Gpu:
    names = ("peak_flop_per_s", "bandwidth_byte_per_s", "memory_byte", "idle_w", "tdp_w", "mfu_prefill", "mfu_decode")
    return Gpu(**{name: part[name] for name in names})


def _language_model(part: dict) -> LanguageModel:
    names = ("n_parameters", "n_layers", "n_kv_heads", "head_dim", "hidden", "byte_per_parameter", "byte_per_kv")
    return LanguageModel(**{name: part[name] for name in names})


def _ran_demand(world: World, load: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the GPUs that each pool's cells need; a site belongs to the first pool that claims it."""
    pools, cells, carriers = world.pools, world.cells, world.carriers
    site_pool = np.where(pools.ran_sites.any(axis=0), pools.ran_sites.argmax(axis=0), -1) if len(pools.id) else None
    if site_pool is None:
        return np.zeros((*load.shape[:2], 0)), np.zeros((*load.shape[:2], 0))
    cell_pool = site_pool[cells.site]
    peak = np.array([g["peak_cells"] for g in pools.gpu], dtype=float)
    layers = carriers.layers[cells.carrier].astype(float)
    return pool_ran_demand(
        np.clip(load, 0.0, 1.0),
        carriers.bandwidth_hz[cells.carrier],
        layers,
        np.minimum(layers, _MAX_PORTS),  # one digital port per layer after the radio unit's beamforming
        cell_pool,
        len(pools.id),
        peak_cells_per_gpu=peak[np.maximum(cell_pool, 0)],
    )


def _one_pool(gpu: Gpu, slices: list[_Slice], demand: Floats, variance: Floats, count: float) -> dict[str, Floats]:
    """The fields of PoolDay of one pool, each [n_replicates, n_epochs]."""
    out = {name: np.zeros(demand.shape) for name in PoolDay.__dataclass_fields__}
    ttft, tpot = np.zeros(demand.shape), np.zeros(demand.shape)
    for s in slices:
        requests = Requests(np.broadcast_to(s.per_s, demand.shape), s.prompt_tokens, s.output_tokens)
        got = serve(
            s.n,
            gpu,
            s.model,
            requests,
            ran_demand=demand * s.ran_share,
            ran_variance=variance * s.ran_share**2,
            slot_s=_SLOT_S,
            deadline_s=_SLOT_S,
        )
        part = s.n / count
        out["utilisation_ran"] += got.ran_utilisation * part
        out["utilisation_ai"] += (got.prefill_utilisation + got.decode_utilisation) * part
        out["deadline_miss"] += got.ran_miss_probability * s.ran_share
        out["tokens_per_s"] += got.tokens_per_s
        out["requests_per_s"] += got.offered_per_s
        out["unserved_per_s"] += got.refused_per_s
        out["power_w"] += got.power_w
        ttft += np.nan_to_num(got.ttft_mean_s) * got.served_per_s
        tpot += np.nan_to_num(got.per_token_mean_s) * got.served_per_s
    served = out["requests_per_s"] - out["unserved_per_s"]
    with np.errstate(invalid="ignore", divide="ignore"):
        out["ttft_s"] = np.where(served > 0, ttft / served, np.nan)
        out["tpot_s"] = np.where(served > 0, tpot / served, np.nan)
    return out


# A model that is never asked for anything: the radio's GPUs need one for the signature alone.
_ANY_MODEL = LanguageModel(1e9, 16, 8, 64)
