"""The radio of a world as problems see it: drops of users with what they receive from every cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.engine.power import cell_power_w
from silla.engine.radio import RadioDrop, downlink, evaluate, prepare
from silla.engine.tasks import group_factors
from silla.engine.users import draw_users
from silla.world.types import World

__all__ = ["View", "carrier_of", "drops_of", "figures", "view_of"]

Floats = NDArray[np.float64]
_MARGIN_DB = 6.0


@dataclass(frozen=True)
class View:
    """Users of all drops together, one row a user; columns are all cells of the world.

    power_w : received from each cell at full load, 0 from cells of other carriers that it does not hear. serving :
    [n_users, n_carriers] world cell, -1 none. share : [n_users, n_cells] of a cell's time that the user's demand takes,
    infinite out of reach. load : [n_cells] mean. speed_m_per_s, demand [n_users]. n_drops.
    """

    power_w: Floats
    serving: NDArray[np.int64]
    share: Floats
    load: Floats
    speed_m_per_s: Floats
    demand: Floats
    n_drops: int


def busy_hour_s(world: World) -> float:
    """The time of day with most users."""
    hours = world.demands.users @ world.demands.profile + len(world.fixed_users.height_m) * world.fixed_users.profile
    return (float(np.argmax(hours)) + 0.5) * 3600.0


def drops_of(world: World, n_drops: int = 2, at_s: float | None = None) -> list[RadioDrop]:
    """Drops at one time of the day (the busiest by default): the same users and draws for every patch of a world."""
    if n_drops < 1:
        raise ArgumentError(f"one drop at least, found {n_drops}")
    model = prepare(world)
    factors, off = group_factors(world, busy_hour_s(world) if at_s is None else at_s)
    out = []
    for drop in range(n_drops):
        users = draw_users(world, np.array(factors), stream(world.seed, "users", "problem", drop))
        out.append(evaluate(model, users, stream(world.seed, "links", "problem", drop), np.array(off, dtype=np.int64)))
    return out


def view_of(world: World, drops: list[RadioDrop]) -> View:
    """The users of drops in one table."""
    n_cells, n_carriers = len(world.cells.id), len(world.carriers.id)
    n = sum(len(d.users) for d in drops)
    power, share = np.zeros((n, n_cells)), np.full((n, n_cells), np.inf)
    serving = np.full((n, n_carriers), -1, dtype=np.int64)
    load = np.zeros(n_cells)
    speed, demand = np.zeros(n), np.zeros(n)
    at = 0
    for drop in drops:
        rows = slice(at, at + len(drop.users))
        at += len(drop.users)
        demand[rows] = drop.users.downlink_bit_per_s
        speeds = np.append(world.demands.speed_m_per_s, 0.0)
        speed[rows] = speeds[drop.users.group]
        for carrier, used in zip(drop.carriers, drop.down.load):
            cells = carrier.model.cells
            links = downlink(world, carrier)
            best = carrier.gain.astype(float) * world.cells.tx_power_w[cells]
            power[rows, cells] = best
            serving[rows, carrier.model.index] = np.where(best.max(axis=1) > 0, cells[carrier.serving], -1)
            load[cells] += used / len(drops)
            total = links.interference.astype(float) @ used
            other = np.maximum(total[:, None] - links.interference * used, 0.0) + links.noise_w
            sinr = best * carrier.model.ue_gain / other
            few, many = carrier.model.table_few(sinr), carrier.model.table(sinr)
            rate = np.where(carrier.los[:, None], few, many) * links.bandwidth_hz
            asked = drop.users.downlink_bit_per_s[:, None]
            share[rows, cells] = np.divide(asked, rate, out=np.full(rate.shape, np.inf), where=rate > 0)
    return View(power, serving, share, load, speed, demand, len(drops))


def carrier_of(world: World, name: str | None) -> int:
    """Index of a carrier by id; the one with most cells for None."""
    if name is None:
        return int(np.argmax(np.bincount(world.cells.carrier, minlength=len(world.carriers.id))))
    if name not in world.carriers.id:
        raise ArgumentError(f"no carrier is called {name!r}; known: {', '.join(world.carriers.id)}")
    return world.carriers.id.index(name)


def neighbours(view: View, cells: NDArray[np.int64], margin_db: float = _MARGIN_DB) -> Floats:
    """[n, n] share of the users of `cells` that hear both of two cells within the margin of their strongest."""
    power = view.power_w[:, cells]
    top = power.max(axis=1)
    near = (power >= top[:, None] * 10.0 ** (-margin_db / 10.0)) & (top[:, None] > 0)
    both = near.astype(float).T @ near.astype(float)
    np.fill_diagonal(both, 0.0)
    return both / max(1, int((top > 0).sum()))


def figures(world: World, drops: list[RadioDrop]) -> dict[str, float]:
    """Served share of the downlink demand, 5th percentile and mean throughput, sum of squared loads, watts."""
    served = np.concatenate([d.down.served_bit_per_s for d in drops])
    offered = np.concatenate([d.users.downlink_bit_per_s for d in drops])
    rate = np.concatenate([d.down.throughput_bit_per_s for d in drops])
    load = np.zeros((len(drops), 2, len(world.cells.id)))
    for k, d in enumerate(drops):
        for carrier, down, up in zip(d.carriers, d.down.load, d.up.load):
            load[k, 0, carrier.model.cells], load[k, 1, carrier.model.cells] = down, up
    return {
        "served_share": float(served.sum() / offered.sum()) if offered.sum() > 0 else 1.0,
        "throughput_p5_mbps": float(np.percentile(rate, 5) / 1e6) if len(rate) else 0.0,
        "throughput_mean_mbps": float(rate.mean() / 1e6) if len(rate) else 0.0,
        "max_load": float(load[:, 0].mean(axis=0).max()),
        "squared_loads": float((load[:, 0] ** 2).sum(axis=1).mean()),
        "power_w": float(cell_power_w(world, load).sum(axis=1).mean()),
    }


RADIO_BETTER = {
    "served_share": "higher",
    "throughput_p5_mbps": "higher",
    "throughput_mean_mbps": "higher",
    "max_load": "lower",
    "squared_loads": "lower",
    "power_w": "lower",
}
