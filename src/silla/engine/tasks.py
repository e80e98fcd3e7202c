"""Tasks: the unit of work, of resume and of scale-out.

A task is a value: its kind, the hash of its world, its parameters. Its hash names its result in the store. `run_task`
is a pure function of the task and its world; every random number comes from a stream addressed by the world's seed and
by what is drawn, so two variants of a scenario see the same users in the same places (common random numbers).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from silla.base.hashing import content_hash
from silla.base.kernels import available
from silla.base.rng import stream
from silla.base.version import VERSION
from silla.engine.fields import field_map
from silla.engine.radio import RadioDrop, RadioModel, evaluate, prepare
from silla.engine.users import draw_users
from silla.world.types import World

__all__ = ["EDGES", "Record", "Task", "group_factors", "one_thread", "run_task"]

Record = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]

# Raised whenever the meaning of a record changes, so that old results are not taken for new ones.
RECORD_VERSION = 2

# Fixed bin edges make counts of different tasks addable. Rates are binned in decades.
EDGES: dict[str, Floats] = {
    "coupling_loss": np.arange(30.0, 230.0, 0.5),
    "sinr_downlink": np.arange(-40.0, 80.0, 0.25),
    "sinr_uplink": np.arange(-40.0, 80.0, 0.25),
    "geometry_sinr": np.arange(-40.0, 80.0, 0.25),
    "rate_downlink": np.logspace(3, 12, 361),
    "rate_uplink": np.logspace(3, 12, 361),
}


@dataclass(frozen=True)
class Task:
    """One unit of work.

    kind : "epoch" (drops at one time of the day), "snapshot" (drops with distributions), "map" (rows of the grid),
    "solve" (a question of `engine.solve`).
    world : hash of the world. drops : (first, one past the last). at_s : time of day.
    factors : active share of each group of users, the file's users last. off_sites : sites out of order.
    extra : parameters of the kind, hashable by content.
    """

    kind: str
    world: str
    at_s: float
    drops: tuple[int, int]
    factors: tuple[float, ...]
    off_sites: tuple[int, ...] = ()
    extra: tuple[Any, ...] = ()

    @cached_property
    def hash(self) -> str:
        """The name of the task's result. Kernels and their NumPy twins round differently, so they are kept apart."""
        return content_hash([RECORD_VERSION, VERSION, "kernels" if available() else "numpy", self])


def group_factors(world: World, at_s: float, span_s: float = 0.0) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """(active share of each group and of the file's users, sites out of order) at a time of the day.

    Hourly profiles are joined by straight lines between the middles of the hours. Events count over `span_s` seconds
    around the time: a burst that fills a share x of it multiplies users by 1 + x (factor - 1), their mean over it; a
    site is out of order where its outages fill at least half of it, or where one lies wholly within it.
    """
    profiles = np.vstack([world.demands.profile, world.fixed_users.profile[None]])
    hour = (at_s / 3600.0 - 0.5) % 24.0
    low = int(hour) % 24
    factors = profiles[:, low] + (hour - int(hour)) * (profiles[:, (low + 1) % 24] - profiles[:, low])
    first, last = at_s - span_s / 2, at_s + span_s / 2
    off: dict[int, float] = {}
    e = world.events
    for kind, start, end, target, amount in zip(e.kind, e.start_s, e.end_s, e.target, e.amount, strict=True):
        if span_s > 0:
            overlap = max(0.0, min(end, last) - max(start, first)) / span_s
        else:
            overlap = float(start <= at_s < end)
        if kind == "burst":
            factors[target] *= 1.0 + overlap * (amount - 1.0)
        elif kind == "outage" and overlap > 0:
            within = first <= start and end <= last
            off[int(target)] = off.get(int(target), 0.0) + (1.0 if within else overlap)
    return tuple(float(f) for f in factors), tuple(sorted(site for site, share in off.items() if share >= 0.5))


_MODELS: dict[str, RadioModel] = {}


def _model(task: Task, worlds: Mapping[str, World]) -> RadioModel:
    if task.world not in _MODELS:
        _MODELS[task.world] = prepare(worlds[task.world])
    return _MODELS[task.world]


@functools.cache
def _threads() -> ThreadpoolController:
    """The linear algebra libraries of this process, looked for once."""
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """Linear algebra on one thread inside this context, so that sums do not depend on the machine's cores."""
    return _threads().limit(limits=1)


def run_task(task: Task, worlds: Mapping[str, World]) -> Record:
    """The record of a task, with linear algebra on one thread."""
    with one_thread():
        if task.kind == "link":
            from silla.engine.scenario_links import run_link  # it builds on this module

            return run_link(task.extra)
        if task.kind == "solve":
            from silla.engine.solve import Question, solve  # it builds on this module

            return solve(worlds[task.world], Question(*task.extra))
        model = _model(task, worlds)
        if task.kind == "map":
            return field_map(model, *task.extra)
        rows = [_drop(task, model, drop) for drop in range(*task.drops)]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _drop(task: Task, model: RadioModel, number: int) -> Record:
    world = model.world
    address = (task.kind, round(task.at_s), number)
    users = draw_users(world, np.array(task.factors), stream(world.seed, "users", *address))
    off = np.array(task.off_sites, dtype=np.int64)
    drop = evaluate(model, users, stream(world.seed, "links", *address), off)
    record = _totals(drop, world)
    if task.kind == "snapshot":
        record |= _distributions(drop, world)
    return record


def _totals(drop: RadioDrop, world: World) -> Record:
    """Sums and counts of one drop: what the day needs."""
    n_cells, n_sites = len(world.cells.id), len(world.sites.id)
    load = np.zeros((2, n_cells))
    carried = np.zeros((2, n_cells))
    for direction, solved in enumerate((drop.down, drop.up)):
        for d, x, bits in zip(drop.carriers, solved.load, solved.carried):
            load[direction, d.model.cells] = x
            carried[direction, d.model.cells] = np.bincount(d.serving, bits, minlength=len(d.model.cells))
    users = drop.users
    rate = drop.down.throughput_bit_per_s
    reached = np.zeros(len(users), dtype=bool)
    for r in drop.down.rate:
        reached |= r > 0
    return {
        "users": np.array(float(len(users))),
        "reached": np.array(float(reached.sum())),
        "offered": np.array([users.downlink_bit_per_s.sum(), users.uplink_bit_per_s.sum()]),
        "served": np.array([drop.down.served_bit_per_s.sum(), drop.up.served_bit_per_s.sum()]),
        "load": load,
        "carried": carried,
        "site_carried": np.stack([np.bincount(world.cells.site, c, minlength=n_sites) for c in carried]),
        "rate_mean": np.array([_mean(rate), _mean(drop.up.throughput_bit_per_s)]),
        "rate_p5": np.array([_quantile(rate), _quantile(drop.up.throughput_bit_per_s)]),
        "converged": np.array(float(drop.down.converged and drop.up.converged)),
    }


def _mean(x: Floats) -> float:
    return float(x.mean()) if len(x) else np.nan


def _quantile(x: Floats, q: float = 0.05) -> float:
    """The q-quantile, linear between order statistics (Hyndman and Fan's type 7)."""
    if not len(x):
        return np.nan
    place = q * (len(x) - 1)
    low = int(place)
    ordered = np.sort(x)
    high = ordered[min(low + 1, len(x) - 1)]
    return float(ordered[low] + (place - low) * (high - ordered[low]))


def _distributions(drop: RadioDrop, world: World) -> Record:
    """Counts in the bins of EDGES, per carrier [n_carriers, n_bins]; rates over all carriers together [1, n_bins].

    The first bin also counts what is below it and the last what is above.
    """
    with np.errstate(divide="ignore"):
        coupling, geometry, down, up = [], [], [], []
        for d, s_down, s_up in zip(drop.carriers, drop.down.sinr, drop.up.sinr):
            rows = np.arange(len(d.serving))
            power = world.cells.tx_power_w[d.model.cells]
            own = d.gain[rows, d.serving].astype(float)
            coupling.append(-10 * np.log10(own))
            received = d.gain_mean @ power.astype(np.float32) - d.gain_mean[rows, d.serving] * power[d.serving]
            noise = world.carriers.ue_noise_w[d.model.index]
            geometry.append(10 * np.log10(own * power[d.serving] * d.model.ue_gain / (np.maximum(received, 0) + noise)))
            down.append(10 * np.log10(s_down))
            up.append(10 * np.log10(s_up))
    values = {
        "coupling_loss": coupling,
        "geometry_sinr": geometry,
        "sinr_downlink": down,
        "sinr_uplink": up,
        "rate_downlink": [drop.down.throughput_bit_per_s],
        "rate_uplink": [drop.up.throughput_bit_per_s],
    }
    return {f"hist_{name}": np.stack([_counts(x, EDGES[name]) for x in rows]) for name, rows in values.items()}


def _counts(values: Floats, edges: Floats) -> NDArray[np.int64]:
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    return np.bincount(bins, minlength=len(edges) - 1)
