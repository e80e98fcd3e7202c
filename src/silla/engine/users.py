"""Users of one drop: how many, where, how high, indoors or not, and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.physics.radio.footprints import Footprints, WallIndex, build_index, indoor
from silla.physics.radio.penetration import indoor_distance
from silla.world.types import Area, Demands, World

__all__ = ["Users", "draw_users", "sample_area", "wall_index"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_FLOOR_M = 3.0  # TR 36.873 Table 6-1: h = 3 (n_fl - 1) + 1.5 m
_TRIES = 40
_HEXAGON = np.array([[1.0, 0.0], [0.5, np.sqrt(0.75)], [0.5, -np.sqrt(0.75)]])  # unit normals of half the sides


@dataclass(frozen=True)
class Users:
    """One drop of users, `n` of them.

    xyz_m [n, 3]; group [n] index of the demand group (the file's users are the last group); indoor, car [n];
    d2d_in_m [n] horizontal distance inside the building; high_loss [n] kind of the building; penetration_normal [n]
    standard normal draw of its loss; downlink, uplink [n] offered bit/s.
    """

    xyz_m: Floats
    group: NDArray[np.int64]
    indoor: Bools
    car: Bools
    d2d_in_m: Floats
    high_loss: Bools
    penetration_normal: Floats
    downlink_bit_per_s: Floats
    uplink_bit_per_s: Floats

    def __len__(self) -> int:
        return len(self.group)


_INDEXES: dict[int, tuple[Footprints, WallIndex]] = {}


def wall_index(world: World) -> WallIndex | None:
    """The wall index of the world's buildings, built once per process; None where there are none."""
    if not world.buildings.n_buildings:
        return None
    key = id(world.buildings)
    if key not in _INDEXES:
        _INDEXES[key] = (world.buildings, build_index(world.buildings))  # holding the key keeps its id unique
    return _INDEXES[key][1]


def draw_users(world: World, factors: Floats, rng: np.random.Generator) -> Users:
    """Users of one drop.

    Parameters
    ----------
    factors : [n_groups + 1] share of each group that is active (profile times burst); the last is the file's users.
    rng : the stream of this drop.

    The number of a group is Poisson with mean users x factor; the file's users are each active with probability
    min(1, factor).
    """
    groups = world.demands
    counts = rng.poisson(groups.users * factors[:-1])
    parts = [_place_group(world, groups, g, int(counts[g]), rng) for g in range(len(groups.id))]
    xy = np.vstack([p[0] for p in parts]) if parts else np.zeros((0, 2))
    inside = np.concatenate([p[1] for p in parts]) if parts else np.zeros(0, dtype=bool)
    roof = np.concatenate([p[2] for p in parts]) if parts else np.zeros(0)
    group = np.repeat(np.arange(len(groups.id)), counts)
    n = len(group)
    car = ~inside & (rng.random(n) < groups.car[group])
    z = _heights(groups, group, inside, roof, rng)
    fixed = _fixed(world, factors[-1], rng)
    n_fixed = len(fixed[0])
    both = np.concatenate([inside, fixed[2]])
    return Users(
        xyz_m=np.vstack([np.column_stack([xy, z]), np.column_stack([fixed[0], fixed[1]])]),
        group=np.concatenate([group, np.full(n_fixed, len(groups.id))]),
        indoor=both,
        car=np.concatenate([car, np.zeros(n_fixed, dtype=bool)]),
        d2d_in_m=np.where(both, indoor_distance(rng.random((n + n_fixed, 2))), 0.0),
        high_loss=rng.random(n + n_fixed) >= world.environment.low_loss_fraction,
        penetration_normal=rng.standard_normal(n + n_fixed),
        downlink_bit_per_s=np.concatenate([groups.downlink_bit_per_s[group], fixed[3]]),
        uplink_bit_per_s=np.concatenate([groups.uplink_bit_per_s[group], fixed[4]]),
    )


def _fixed(world: World, factor: float, rng: np.random.Generator):
    f = world.fixed_users
    on = rng.random(len(f.height_m)) < factor
    return f.xy_m[on], f.height_m[on], f.indoor[on], f.downlink_bit_per_s[on], f.uplink_bit_per_s[on]


def _heights(groups: Demands, group, inside: Bools, roof: Floats, rng: np.random.Generator) -> Floats:
    """Heights: the group's own, or for users in buildings a floor drawn uniformly.

    Floors of a building whose roof is known are those below it; otherwise their number is uniform in 4..floors_max
    (TR 36.873 Table 6-1).
    """
    n = len(group)
    top = groups.floors_max[group]
    low = np.minimum(4, top)
    floors = low + np.floor(rng.random(n) * (top - low + 1))
    known = roof > 0
    floors = np.where(known, np.maximum(1, np.floor(roof / _FLOOR_M)), floors)
    floor = np.minimum(np.floor(rng.random(n) * floors), floors - 1)
    return groups.height_m[group] + np.where(inside, _FLOOR_M * floor, 0.0)


def _place_group(world: World, groups: Demands, g: int, n: int, rng: np.random.Generator):
    """(xy [n, 2], indoor [n], roof height [n] or 0) of one group, by rejection of points too near a site."""
    index = wall_index(world)
    want_inside = rng.random(n) < groups.indoor[g]
    xy = _sample(world, groups, g, n, rng)
    accepted = _accept(world, groups, g, xy, want_inside, index)
    for _ in range(_TRIES):
        todo = np.flatnonzero(~accepted)
        if not len(todo):
            break
        xy[todo] = _sample(world, groups, g, len(todo), rng)
        accepted[todo] = _accept(world, groups, g, xy[todo], want_inside[todo], index)
    if index is None:
        return xy, want_inside, np.zeros(n)
    # What never found its place (no building in the disc, or nothing else) is what its place makes it.
    building = indoor(index, xy)
    return xy, building >= 0, np.where(building >= 0, world.buildings.height_m[building], 0.0)


def _accept(world: World, groups: Demands, g: int, xy: Floats, want_inside: Bools, index: WallIndex | None) -> Bools:
    ok = np.ones(len(xy), dtype=bool)
    if groups.min_distance_m[g] > 0:
        for wrap in world.area.wrap_m:
            apart = xy[:, None, :] - (world.sites.xy_m + wrap)[None]
            ok &= (np.einsum("usk,usk->us", apart, apart) >= groups.min_distance_m[g] ** 2).all(axis=1)
    if index is not None:
        ok &= (indoor(index, xy) >= 0) == want_inside
    return ok


def _sample(world: World, groups: Demands, g: int, n: int, rng: np.random.Generator) -> Floats:
    """Uniform points in the group's disc, or over the whole area."""
    if np.isfinite(groups.centre_m[g, 0]):
        r, angle = groups.radius_m[g] * np.sqrt(rng.random(n)), 2 * np.pi * rng.random(n)
        return groups.centre_m[g] + np.column_stack([r * np.cos(angle), r * np.sin(angle)])
    return sample_area(world.area, world.sites.xy_m, n, rng)


def sample_area(area: Area, sites_m: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Uniform points over the area: in a rectangle, or in the hexagons around the sites."""
    if area.kind == "rectangle":
        low, high = np.array([area.xmin_m, area.ymin_m]), np.array([area.xmax_m, area.ymax_m])
        return low + rng.random((n, 2)) * (high - low)
    site = rng.integers(len(sites_m), size=n)
    points = np.zeros((n, 2))
    todo = np.arange(n)
    half = area.hexagon_m * np.array([1.0, 2 / np.sqrt(3)])
    while len(todo):
        points[todo] = (2 * rng.random((len(todo), 2)) - 1) * half
        outside = (np.abs(points[todo] @ _HEXAGON.T) > area.hexagon_m).any(axis=1)
        todo = todo[outside]
    return sites_m[site] + points
