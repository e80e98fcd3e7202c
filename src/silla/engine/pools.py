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
    pools, serves = world.pools, world.serves
    shape = (*load.shape[:2], len(pools.id))
    out = {name: np.zeros(shape) for name in PoolDay.__dataclass_fields__}
    demand, variance = _ran_demand(world, load)
    hour = ((epochs_s / 3600.0 - 0.5) % 24.0)[:, None]
    low = hour.astype(int) % 24
    for p in range(len(pools.id)):
        rows = np.flatnonzero(serves.pool == p)
        gpu = _gpu(pools.gpu[p])
        shared, count = bool(pools.shared[p]), float(pools.count[p])
        n_ran = 0.0 if shared else float(pools.ran_gpus[p])
        own = [
            serves.requests_per_s[r]
            * (
                serves.profile[r][low]
                + (hour - hour.astype(int)) * (serves.profile[r][(low + 1) % 24] - serves.profile[r][low])
            )[:, 0]
            for r in rows
        ]
        weights = [
            serves.requests_per_s[r]
            * (serves.prompt_tokens[r] + serves.output_tokens[r])
            * serves.model[r]["n_parameters"]
            for r in rows
        ]
        _one_pool(out, p, world, gpu, demand[..., p], variance[..., p], rows, own, weights, shared, count, n_ran)
    return PoolDay(**out)


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


def _one_pool(out, p, world, gpu, demand, variance, rows, per_s, weights, shared, count, n_ran) -> None:
    if not shared:
        nobody = Requests(0.0)
        ran = serve(
            n_ran, gpu, _ANY_MODEL, nobody, ran_demand=demand, ran_variance=variance, slot_s=_SLOT_S, deadline_s=_SLOT_S
        )
        out["utilisation_ran"][..., p] = ran.ran_utilisation * n_ran / count
        out["deadline_miss"][..., p] = ran.ran_miss_probability
        out["power_w"][..., p] = ran.power_w
    elif not len(rows):
        ran = serve(
            count,
            gpu,
            _ANY_MODEL,
            Requests(0.0),
            ran_demand=demand,
            ran_variance=variance,
            slot_s=_SLOT_S,
            deadline_s=_SLOT_S,
        )
        out["utilisation_ran"][..., p] = ran.ran_utilisation
        out["deadline_miss"][..., p] = ran.ran_miss_probability
        out["power_w"][..., p] = ran.power_w
    total = float(sum(weights)) or 1.0
    ttft = np.zeros(demand.shape)
    tpot = np.zeros(demand.shape)
    for r, rate, weight in zip(rows, per_s, weights):
        share = weight / total
        n = (count - n_ran) * share
        requests = Requests(
            np.broadcast_to(rate[None, :], demand.shape), world.serves.prompt_tokens[r], world.serves.output_tokens[r]
        )
        ran_part = {"ran_demand": demand * share, "ran_variance": variance * share**2} if shared else {}
        got = serve(
            n, gpu, _language_model(world.serves.model[r]), requests, slot_s=_SLOT_S, deadline_s=_SLOT_S, **ran_part
        )
        part = n / count
        out["utilisation_ai"][..., p] += (got.prefill_utilisation + got.decode_utilisation) * part
        out["tokens_per_s"][..., p] += got.tokens_per_s
        out["requests_per_s"][..., p] += got.offered_per_s
        out["unserved_per_s"][..., p] += got.refused_per_s
        out["power_w"][..., p] += got.power_w
        ttft += np.nan_to_num(got.ttft_mean_s) * got.served_per_s
        tpot += np.nan_to_num(got.per_token_mean_s) * got.served_per_s
        if shared:
            out["utilisation_ran"][..., p] += got.ran_utilisation * part
            out["deadline_miss"][..., p] += got.ran_miss_probability * share
    served = out["requests_per_s"][..., p] - out["unserved_per_s"][..., p]
    with np.errstate(invalid="ignore", divide="ignore"):
        out["ttft_s"][..., p] = np.where(served > 0, ttft / served, np.nan)
        out["tpot_s"][..., p] = np.where(served > 0, tpot / served, np.nan)


# A model that is never asked for anything: the radio's GPUs need one for the signature alone.
_ANY_MODEL = LanguageModel(1e9, 16, 8, 64)
