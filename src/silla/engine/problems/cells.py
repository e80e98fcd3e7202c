"""Problems of cells and sites: identities, tracking areas, sleep, which sites to have."""

from __future__ import annotations

from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.engine.power import cell_power_w
from silla.engine.problems.base import Built, ProblemKind, checked
from silla.engine.problems.radio_view import RADIO_BETTER, carrier_of, drops_of, figures, neighbours, view_of
from silla.physics.qubits.problems.colouring import Colouring, clique, confusion_edges, dsatur, edges_of
from silla.physics.qubits.problems.covering import CellSleep, SiteSelection
from silla.physics.qubits.problems.labelling import TrackingAreas
from silla.world.types import World, WorldPatch, replace

__all__ = ["KINDS"]

_PCI = 1008  # physical cell identities (TS 38.211 clause 7.4.2.1)


def _world_of(built: Built, solution: np.ndarray | None) -> World:
    return built.world if solution is None else replace(built.world, built.patch(solution))


_PCI_OPTIONS: dict[str, Any] = {
    "carrier": None, "identities": None, "first": 0, "margin_db": 6.0, "least_share": 0.005, "n_drops": 2,
}  # fmt: skip


def build_pci(world: World, **options: Any) -> Built:
    """PCIs for the cells of one carrier.

    Two cells are neighbours where at least `least_share` of the users hear both within `margin_db`; neighbours, and
    neighbours of one cell, get different identities; the share of users in the overlap is the price of equal residues
    modulo 3. identities : how many may be used, from `first` on (None: as few as DSATUR needs, three at least).

    Raises ArgumentError with the cells of the clique when there are too few identities.
    """
    o = checked(options, _PCI_OPTIONS, "pci")
    cells = np.flatnonzero(world.cells.carrier == carrier_of(world, o["carrier"]))
    overlap = neighbours(view_of(world, drops_of(world, o["n_drops"])), cells, o["margin_db"])
    near = np.argwhere(np.triu(overlap >= o["least_share"], 1))
    n = len(cells)
    hard = edges_of(np.concatenate([edges_of(near, n), confusion_edges(near, n)]), n)
    names = tuple(world.cells.id[c] for c in cells)
    count = max(3, int(dsatur(n, hard).max()) + 1) if o["identities"] is None else int(o["identities"])
    if not 1 <= count <= _PCI - int(o["first"]) or o["first"] < 0:
        raise ArgumentError(f"identities {o['first']}..{o['first'] + count - 1} are not within 0..{_PCI - 1}")
    found = clique(n, hard, more_than=count)
    if len(found) > count:
        raise ArgumentError(
            f"{count} identities cannot do: cells {', '.join(names[i] for i in found)} must all differ "
            f"(a clique of {len(found)} neighbours and second neighbours); give {len(found)} or more"
        )
    soft = np.argwhere(np.triu(overlap > 0, 1))
    instance = Colouring(n, hard, count, soft, overlap[soft[:, 0], soft[:, 1]] if len(soft) else (), 3)
    context = {"cells": cells, "first": int(o["first"]), "near": near, "overlap": overlap}
    return Built(PCI, world, instance, names, context, ("modulo 30 of the uplink's reference signals is not priced",))


def _patch_pci(built: Built, solution: np.ndarray) -> WorldPatch:
    pci = built.world.cells.pci.copy()
    pci[built.context["cells"]] = built.context["first"] + solution
    return {"cells": {"pci": pci}}


def _evaluate_pci(built: Built, solution: np.ndarray | None) -> dict[str, float]:
    """Neighbours with equal identity, pairs with a common neighbour and equal identity, users in mod-3 overlap.

    Cells without an identity (-1) count as equal: they are not planned.
    """
    pci = _world_of(built, solution).cells.pci[built.context["cells"]]
    near, n = built.context["near"], len(pci)
    second = confusion_edges(near, n)
    equal = np.equal.outer(pci, pci) | (pci < 0)[:, None] | (pci < 0)
    mod3 = np.equal.outer(pci % 3, pci % 3) | (pci < 0)[:, None] | (pci < 0)
    return {
        "collisions": float(equal[near[:, 0], near[:, 1]].sum()),
        "confusions": float(equal[second[:, 0], second[:, 1]].sum()),
        "mod3_users": float((np.triu(built.context["overlap"], 1) * mod3).sum()),
    }


PCI = ProblemKind(
    "pci", "PCI assignment", build_pci, _patch_pci, _evaluate_pci,
    {"collisions": "lower", "confusions": "lower", "mod3_users": "lower"}, "cells.pci", _PCI_OPTIONS,
)  # fmt: skip

_AREA_OPTIONS: dict[str, Any] = {
    "areas": 3, "page_cost": 0.1, "calls_per_user_h": 2.0, "default_speed_kmh": 3.0, "n_drops": 2,
}  # fmt: skip


def build_areas(world: World, **options: Any) -> Built:
    """Tracking areas of sites: updates of users who cross between areas against paging within them.

    A user who hears two sites within 6 dB crosses between them at the rate speed / (distance of the sites); pages are
    `calls_per_user_h` for each user of a site; `page_cost` is what one page in one site costs beside one update.
    """
    o = checked(options, _AREA_OPTIONS, "tracking-areas")
    drops = drops_of(world, o["n_drops"])
    view = view_of(world, drops)
    n_sites = len(world.sites.id)
    power = np.zeros((len(view.demand), n_sites))
    for site in range(n_sites):
        own = world.cells.site == site
        power[:, site] = view.power_w[:, own].max(axis=1) if own.any() else 0.0
    top = power.max(axis=1, initial=0.0)
    near = (power >= top[:, None] * 10**-0.6) & (top[:, None] > 0)
    speed = np.where(view.speed_m_per_s > 0, view.speed_m_per_s, o["default_speed_kmh"] / 3.6)
    apart = np.linalg.norm(world.sites.xy_m[:, None] - world.sites.xy_m[None], axis=2)
    both = (near * speed[:, None]).T.astype(float) @ near.astype(float)
    moves = 0.5 * both / np.maximum(apart, 50.0) / view.n_drops
    np.fill_diagonal(moves, 0.0)
    served = np.bincount(np.argmax(power, axis=1)[top > 0], minlength=n_sites) / view.n_drops
    instance = TrackingAreas(moves, served * o["calls_per_user_h"] / 3600.0, int(o["areas"]), o["page_cost"])
    return Built(AREAS, world, instance, world.sites.id, {}, ("users move at their group's speed in all directions",))


def _patch_areas(built: Built, solution: np.ndarray) -> WorldPatch:
    return {"cells": {"tracking_area": solution[built.world.cells.site].astype(np.int64)}}


def _evaluate_areas(built: Built, solution: np.ndarray | None) -> dict[str, float]:
    """Updates and pages per second; before, sites without an area are one area."""
    world, n = _world_of(built, solution), len(built.world.sites.id)
    labels = np.zeros(n, dtype=np.int64)
    labels[world.cells.site] = np.maximum(world.cells.tracking_area, 0)
    instance = built.instance
    assert isinstance(instance, TrackingAreas)
    updates = 0.5 * float((instance.between * (labels[:, None] != labels)).sum())
    pages = float((instance.calls * (labels[:, None] == labels).sum(axis=0)).sum())
    return {"updates_per_s": updates, "pages_per_s": pages, "signalling_per_s": updates + instance.page_cost * pages}


AREAS = ProblemKind(
    "tracking-areas", "Tracking-area planning", build_areas, _patch_areas, _evaluate_areas,
    {"updates_per_s": "lower", "pages_per_s": "lower", "signalling_per_s": "lower"}, "cells.tracking_area",
    _AREA_OPTIONS,
)  # fmt: skip

_SLEEP_OPTIONS: dict[str, Any] = {
    "max_load": 0.3, "max_share": 0.1, "candidates": 4, "n_drops": 2, "at_s": None,
}  # fmt: skip


def build_sleep(world: World, **options: Any) -> Built:
    """Cells that may sleep: watts saved against users that must keep a cell.

    Only cells with a load below `max_load` may sleep. A user can move to any of its `candidates` strongest cells that
    would serve its demand with at most `max_share` of their time; one of them must stay awake.
    """
    o = checked(options, _SLEEP_OPTIONS, "cell-sleep")
    drops = drops_of(world, o["n_drops"], o["at_s"])
    view = view_of(world, drops)
    may = world.cells.active & (view.load < o["max_load"])
    if not may.any():
        raise ArgumentError(
            f"no active cell has a load below max_load = {o['max_load']}; raise it, or take another hour"
        )
    cells = np.flatnonzero(may)
    rank = np.argsort(np.argsort(-view.power_w, axis=1, kind="stable"), axis=1)
    able = (view.share <= o["max_share"]) & (rank < o["candidates"]) & world.cells.active
    free = (able & ~may).any(axis=1)  # such a user keeps a cell that is never switched off
    need = able[:, cells][~free & able.any(axis=1)]
    load = np.stack([view.load, np.zeros_like(view.load)])
    asleep = replace(world, {"cells": {"active": np.zeros(len(world.cells.id), dtype=bool)}})
    saved = np.maximum(cell_power_w(world, load) - cell_power_w(asleep, load), 0.0)[cells]
    sets = np.unique(need, axis=0) if len(need) else need
    instance = CellSleep(saved, sets, np.full(len(sets), np.inf))
    notes = (f"{int((~able.any(axis=1)).sum())} users that no cell serves within max_share are left out",)
    return Built(SLEEP, world, instance, tuple(world.cells.id[c] for c in cells), {"cells": cells, "options": o}, notes)


def _patch_active(built: Built, solution: np.ndarray) -> WorldPatch:
    active = built.world.cells.active.copy()
    active[built.context["cells"]] = solution > 0
    return {"cells": {"active": active}}


def _evaluate_radio(built: Built, solution: np.ndarray | None, n_drops: int = 3) -> dict[str, float]:
    world = _world_of(built, solution)
    return figures(world, drops_of(world, n_drops, built.context.get("options", {}).get("at_s")))


SLEEP = ProblemKind(
    "cell-sleep", "Cell sleep selection", build_sleep, _patch_active, _evaluate_radio, RADIO_BETTER, "cells.active",
    _SLEEP_OPTIONS,
)  # fmt: skip

_SITE_OPTIONS: dict[str, Any] = {"snr_db": 0.0, "cost_users": None, "n_drops": 2}


def build_sites(world: World, **options: Any) -> Built:
    """Sites to have: users lost without, against the cost of each site in users (2 % of all users by default).

    A site serves a user where one of its cells is heard with an SNR of `snr_db` at least, without interference.
    """
    o = checked(options, _SITE_OPTIONS, "site-selection")
    view = view_of(world, drops_of(world, o["n_drops"]))
    noise, carrier = world.carriers.ue_noise_w, world.cells.carrier
    heard = view.power_w >= noise[carrier] * 10.0 ** (o["snr_db"] / 10.0)
    sites = np.unique(world.cells.site)
    serves = np.stack([heard[:, world.cells.site == s].any(axis=1) for s in sites], axis=1)
    rows, count = np.unique(serves, axis=0, return_counts=True) if len(serves) else (serves, np.zeros(0))
    users = float(count.sum()) / view.n_drops
    cost = 0.02 * users if o["cost_users"] is None else float(o["cost_users"])
    instance = SiteSelection(np.full(len(sites), cost), rows, count / view.n_drops)
    return Built(SITES, world, instance, tuple(world.sites.id[s] for s in sites), {"sites": sites}, ())


def _patch_sites(built: Built, solution: np.ndarray) -> WorldPatch:
    kept = built.context["sites"][solution > 0]
    return {"cells": {"active": built.world.cells.active & np.isin(built.world.cells.site, kept)}}


SITES = ProblemKind(
    "site-selection", "Site selection", build_sites, _patch_sites, _evaluate_radio, RADIO_BETTER, "cells.active",
    _SITE_OPTIONS,
)  # fmt: skip

KINDS = (PCI, AREAS, SLEEP, SITES)
