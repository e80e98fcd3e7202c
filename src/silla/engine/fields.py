"""Fields on a grid: signal, interference at given loads, line of sight and serving cell, row by row of a map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.base.geo import clusters
from silla.engine.radio import Draws, RadioModel, links_of_drop
from silla.engine.users import Users
from silla.physics.radio import footprints
from silla.world.types import World

__all__ = ["Grid", "field_map", "grids_of", "map_carrier"]

Floats = NDArray[np.float64]
_DEFAULT_POINTS = 40_000
_FULL_LOAD = 1.0
_GROUP_GAP_M = 3000.0


@dataclass(frozen=True)
class Grid:
    """A regular grid of points, row by row from the south-west."""

    x_m: Floats
    y_m: Floats


def map_carrier(world: World, name: str | None) -> int:
    """Index of the carrier to draw: the one named, else the widest below 24 GHz, else the first."""
    c = world.carriers
    if name is not None and name in c.id:
        return c.id.index(name)
    low = np.flatnonzero(c.frequency_hz < 24e9)
    return int(low[np.argmax(c.bandwidth_hz[low])]) if len(low) else 0


def grids_of(world: World, step_m: float | None, margin_m: float) -> list[Grid]:
    """Points over the whole layout or all buildings; else one grid around each group of sites, with a border.

    Sites within 3 km of one another are one group. All grids have the same step; without one given, it is such that
    they have about 40,000 points together.
    """
    a, sites = world.area, world.sites.xy_m
    if world.buildings.n_buildings or a.kind == "hexagons":
        boxes = [(np.array([a.xmin_m, a.ymin_m]), np.array([a.xmax_m, a.ymax_m]))]
    else:
        groups = [sites[g] for g in clusters(sites, _GROUP_GAP_M)]
        boxes = [(g.min(axis=0) - margin_m, g.max(axis=0) + margin_m) for g in groups]
    area = sum(float(np.prod(high - low)) for low, high in boxes)
    step = step_m or max(0.5, float(np.sqrt(area / _DEFAULT_POINTS)))
    return [_grid(low, high, step) for low, high in boxes]


def _grid(low: Floats, high: Floats, step: float) -> Grid:
    n = np.maximum(1, np.floor((high - low) / step)).astype(int)
    return Grid(low[0] + (np.arange(n[0]) + 0.5) * step, low[1] + (np.arange(n[1]) + 0.5) * step)


def field_map(model: RadioModel, carrier: str, x_m: Floats, y_m: Floats, height_m: float) -> dict[str, NDArray]:
    """Rows y of a map with columns x: SINR at full load and signal in dB(m), rate, line of sight, indoors, best cell.

    Users stand outdoors, or indoors on the ground floor where a building is; without shadow fading, whose median is 0
    dB, and with line of sight by the buildings, or where its probability exceeds one half.
    """
    world = model.world
    k = world.carriers.id.index(carrier)
    chosen = next(c for c in model.carriers if c.index == k)
    xx, yy = np.meshgrid(x_m, y_m)
    users = _points(model, xx.ravel(), yy.ravel(), height_m)
    single = RadioModel(world, (chosen,), model.walls)
    links = (len(users), len(world.sites.id))
    median = Draws(np.full(links, 0.5, dtype=np.float32), np.zeros(links, dtype=np.float32))
    drop = links_of_drop(single, users, median)[0]
    rows = np.arange(len(users))
    power = world.cells.tx_power_w[chosen.cells]
    signal = drop.gain[rows, drop.serving].astype(float) * power[drop.serving]
    total = drop.gain_mean @ power.astype(np.float32) * np.float32(_FULL_LOAD)
    other = np.maximum(total - drop.gain_mean[rows, drop.serving] * power[drop.serving], 0.0)
    sinr = signal * chosen.ue_gain / (other + world.carriers.ue_noise_w[k])
    efficiency = np.where(drop.los, chosen.table_few(sinr), chosen.table(sinr))
    c = world.carriers
    bandwidth = c.bandwidth_hz[k] * c.downlink[k] * (1 - c.overhead[k])
    shape = xx.shape
    with np.errstate(divide="ignore"):
        return {
            "sinr_db": (10 * np.log10(sinr)).reshape(shape).astype(np.float32),
            "rsrp_dbm": (10 * np.log10(signal) + 30).reshape(shape).astype(np.float32),
            "rate_mbps": (efficiency * bandwidth / 1e6).reshape(shape).astype(np.float32),
            "los": drop.los.reshape(shape),
            "indoor": users.indoor.reshape(shape),
            "cell": chosen.cells[drop.serving].reshape(shape).astype(np.int32),
        }


def _points(model: RadioModel, x: Floats, y: Floats, height_m: float) -> Users:
    n = len(x)
    inside = np.zeros(n, dtype=bool)
    if model.walls is not None:
        inside = footprints.indoor(model.walls, np.column_stack([x, y])) >= 0
    zero = np.zeros(n)
    return Users(
        xyz_m=np.column_stack([x, y, np.full(n, height_m)]),
        group=np.zeros(n, dtype=np.int64),
        indoor=inside,
        car=np.zeros(n, dtype=bool),
        d2d_in_m=np.where(inside, 8.3, 0.0),  # mean of the lesser of two uniform draws up to 25 m
        high_loss=np.zeros(n, dtype=bool),
        penetration_normal=zero,
        downlink_bit_per_s=zero,
        uplink_bit_per_s=zero,
    )
