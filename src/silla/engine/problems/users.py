"""Problems of users: which cell serves them, who is scheduled together, what they sent, a surface that helps them."""

from __future__ import annotations

from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.engine.problems.base import Built, ProblemKind, checked, no_patch
from silla.engine.problems.radio_view import RADIO_BETTER, carrier_of, drops_of, figures, view_of
from silla.physics.qubits.problems.labelling import Association
from silla.physics.qubits.problems.mimo import MODULATIONS, MimoDetection, draw_uses
from silla.physics.qubits.problems.ris import SurfaceLinks, link_power
from silla.physics.qubits.problems.scheduling import Scheduling
from silla.world.types import World, WorldPatch, replace

__all__ = ["KINDS"]

_LIGHT_M_PER_S = 299_792_458.0
_OFFSET_DB = 24.0  # TS 38.331 Q-OffsetRange

_ASSOCIATION_OPTIONS: dict[str, Any] = {"carrier": None, "choices": 3, "max_users": 40}


def build_association(world: World, **options: Any) -> Built:
    """A cell of one carrier for the users of one drop, by squared loads.

    The `max_users` users with the largest demand on time choose among their `choices` strongest cells; the others stay
    where they are and are the base load.
    """
    o = checked(options, _ASSOCIATION_OPTIONS, "association")
    k = carrier_of(world, o["carrier"])
    cells = np.flatnonzero((world.cells.carrier == k) & world.cells.active)
    view = view_of(world, drops_of(world, 1))
    share, serving = view.share[:, cells], view.serving[:, k]
    reach = np.flatnonzero(np.isfinite(share).any(axis=1) & (serving >= 0))
    if not len(reach):
        raise ArgumentError("association: no user is within reach of a cell on this carrier")
    heavy = reach[np.argsort(-share[reach].min(axis=1), kind="stable")][: int(o["max_users"])]
    choices = min(int(o["choices"]), len(cells))
    pick = np.argsort(-view.power_w[heavy][:, cells], axis=1, kind="stable")[:, :choices]
    cost = np.take_along_axis(share[heavy], pick, axis=1)
    reachable = np.isfinite(cost).any(axis=1)
    heavy, pick, cost = heavy[reachable], pick[reachable], cost[reachable]
    rest = np.setdiff1d(reach, heavy)
    own = np.searchsorted(cells, serving[rest])
    taken = share[rest, own]
    base = np.bincount(own, np.where(np.isfinite(taken), taken, 0.0), len(cells))
    instance = Association(cost, pick, len(cells), base)
    context = {"cells": cells, "users": heavy, "power": view.power_w[:, cells], "serving": own, "rest": rest}
    notes = ("rates are those at the loads before; the world follows by cell individual offsets, not user by user",)
    return Built(ASSOCIATION, world, instance, tuple(f"user {u}" for u in heavy), context, notes)


def _patch_association(built: Built, solution: np.ndarray) -> WorldPatch:
    """Cell individual offsets under which users choose as nearly as possible what the solution gives them.

    A perceptron on received power in dB: where a user's wanted cell is not its strongest, the two offsets move apart
    by half a dB, within +-24 dB (TS 38.331 Q-OffsetRange); the best of the rounds is kept.
    """
    c, instance = built.context, built.instance
    assert isinstance(instance, Association)
    wanted = instance.cell[np.arange(instance.n_items), solution]
    with np.errstate(divide="ignore"):
        level = 10.0 * np.log10(np.concatenate([c["power"][c["users"]], c["power"][c["rest"]]]))
    target = np.concatenate([wanted, c["serving"]])
    offset = np.zeros(len(c["cells"]))
    best, kept = -1, offset.copy()
    for _ in range(200):
        chosen = np.argmax(level + offset, axis=1)
        wrong = np.flatnonzero(chosen != target)
        if len(target) - len(wrong) > best:
            best, kept = len(target) - len(wrong), offset.copy()
        if not len(wrong):
            break
        step = np.bincount(target[wrong], minlength=len(offset)) - np.bincount(chosen[wrong], minlength=len(offset))
        offset = np.clip(offset + 0.5 * np.sign(step), -_OFFSET_DB, _OFFSET_DB)
    offsets = built.world.cells.offset.copy()
    offsets[c["cells"]] *= 10.0 ** (kept / 10.0)
    return {"cells": {"offset": offsets}}


def _evaluate_radio(built: Built, solution: np.ndarray | None, n_drops: int = 1) -> dict[str, float]:
    world = built.world if solution is None else replace(built.world, built.patch(solution))
    return figures(world, drops_of(world, n_drops))


ASSOCIATION = ProblemKind(
    "association", "User-cell association", build_association, _patch_association, _evaluate_radio, RADIO_BETTER,
    "cells.offset", _ASSOCIATION_OPTIONS,
)  # fmt: skip

_SCHEDULING_OPTIONS: dict[str, Any] = {"carrier": None, "max_users": 40, "least_sir_db": 10.0}


def build_scheduling(world: World, **options: Any) -> Built:
    """Users of one carrier to serve in one slot: one a cell, and none that disturbs another below `least_sir_db`.

    The weight of a user is the spectral efficiency it would have alone.
    """
    o = checked(options, _SCHEDULING_OPTIONS, "scheduling")
    k = carrier_of(world, o["carrier"])
    cells = np.flatnonzero(world.cells.carrier == k)
    view = view_of(world, drops_of(world, 1))
    users = np.flatnonzero(view.serving[:, k] >= 0)
    rng = stream(world.seed, "scheduling users")
    users = np.sort(rng.permutation(users)[: int(o["max_users"])])
    if not len(users):
        raise ArgumentError("scheduling: no user is within reach of a cell on this carrier")
    own = np.searchsorted(cells, view.serving[users, k])
    power = view.power_w[np.ix_(users, cells)]
    signal = power[np.arange(len(users)), own]
    weight = np.log2(1.0 + signal / world.carriers.ue_noise_w[k])
    across = power[:, own]  # [u, v]: what u receives of v's cell
    harmed = across > signal[:, None] * 10.0 ** (-o["least_sir_db"] / 10.0)
    clash = (own[:, None] == own) | harmed | harmed.T
    instance = Scheduling(weight, np.argwhere(np.triu(clash, 1)))
    context = {"signal": signal, "across": across, "noise": float(world.carriers.ue_noise_w[k]), "own": own}
    return Built(SCHEDULING, world, instance, tuple(f"user {u}" for u in users), context, ("no fairness over slots",))


def _evaluate_scheduling(built: Built, solution: np.ndarray | None) -> dict[str, float]:
    """Sum of log2(1 + SINR) with the interference of all that are served; before, each cell serves its strongest."""
    c = built.context
    if solution is None:
        chosen = np.zeros(len(c["own"]), dtype=bool)
        for cell in np.unique(c["own"]):
            mine = np.flatnonzero(c["own"] == cell)
            chosen[mine[np.argmax(c["signal"][mine])]] = True
    else:
        chosen = solution > 0
    on = np.flatnonzero(chosen)
    across = c["across"][np.ix_(on, on)].copy()
    np.fill_diagonal(across, 0.0)
    sinr = c["signal"][on] / (across.sum(axis=1) + c["noise"])
    return {
        "sum_rate_bit_per_s_per_hz": float(np.log2(1.0 + sinr).sum()),
        "users": float(len(on)),
        "least_sinr_db": float(10.0 * np.log10(sinr.min())) if len(on) else float("nan"),
    }


SCHEDULING = ProblemKind(
    "scheduling", "User and beam scheduling", build_scheduling, no_patch, _evaluate_scheduling,
    {"sum_rate_bit_per_s_per_hz": "higher", "users": "higher", "least_sinr_db": "higher"}, "", _SCHEDULING_OPTIONS,
)  # fmt: skip

_MIMO_OPTIONS: dict[str, Any] = {
    "users": 8, "antennas": None, "modulation": "16qam", "snr_db": 20.0, "regularisation": 0.0, "use": 0,
}  # fmt: skip


def build_mimo(world: World, **options: Any) -> Built:
    """One uplink channel use of a cell: `users` power-controlled users, Rayleigh fading, the cell's chains as antennas.

    antennas : None takes the transceivers of the first cell's antenna. snr_db : of one antenna, all users together.
    """
    o = checked(options, _MIMO_OPTIONS, "mimo-detection")
    if o["modulation"] not in MODULATIONS:
        raise ArgumentError(f"modulation is one of {', '.join(MODULATIONS)}, found {o['modulation']!r}")
    part = world.antennas.part[int(world.cells.antenna[0])]
    antennas = int(part["txru"]) if o["antennas"] is None else int(o["antennas"])
    rng = stream(world.seed, "mimo use", int(o["use"]))
    h, y, levels, noise = draw_uses(rng, 1, antennas, int(o["users"]), o["modulation"], float(o["snr_db"]))
    instance = MimoDetection(h[0], y[0], o["modulation"], noise, float(o["regularisation"]))
    names = tuple(f"user {u}" for u in range(int(o["users"])))
    return Built(MIMO, world, instance, names, {"levels": levels[0]}, ("Rayleigh fading, perfect channel knowledge",))


def _evaluate_mimo(built: Built, solution: np.ndarray | None) -> dict[str, float]:
    """Bits in error of this use, and the metric; before, MMSE detects."""
    instance = built.instance
    assert isinstance(instance, MimoDetection)
    chosen = instance.rivals()["mmse"](0.0, 1).solution if solution is None else solution
    wrong = instance.use.bits(chosen) != instance.use.bits(built.context["levels"])
    return {"bit_errors": float(wrong.sum()), "metric": instance.objective(chosen)}


MIMO = ProblemKind(
    "mimo-detection", "Uplink MIMO detection", build_mimo, no_patch, _evaluate_mimo,
    {"bit_errors": "lower", "metric": "lower"}, "", _MIMO_OPTIONS,
)  # fmt: skip

_RIS_OPTIONS: dict[str, Any] = {
    "site": None, "carrier": None, "rows": 16, "columns": 16, "ris_xyz_m": None, "users_xyz_m": None,
    "blockage_db": 30.0,
}  # fmt: skip


def build_ris(world: World, **options: Any) -> Built:
    """Signs of a one-bit surface between a site and users, from geometry: spherical waves, elements half a wave apart.

    Default places: the surface 30 m beside the site's first boresight at 60 m, one user beyond it. The direct path has
    free-space loss and `blockage_db`.
    """
    o = checked(options, _RIS_OPTIONS, "ris")
    k = carrier_of(world, o["carrier"])
    site = 0 if o["site"] is None else _index(o["site"], world.sites.id, "site")
    source = np.append(world.sites.xy_m[site], world.sites.height_m[site])
    own = np.flatnonzero(world.cells.site == site)
    azimuth = float(world.cells.azimuth_rad[own[0]]) if len(own) else 0.0
    ahead, aside = np.array([np.cos(azimuth), np.sin(azimuth)]), np.array([-np.sin(azimuth), np.cos(azimuth)])
    at = np.append(source[:2] + 60.0 * ahead + 30.0 * aside, 8.0) if o["ris_xyz_m"] is None else o["ris_xyz_m"]
    default_user = np.append(source[:2] + 110.0 * ahead, 1.5)[None]
    users = np.atleast_2d(np.asarray(default_user if o["users_xyz_m"] is None else o["users_xyz_m"], dtype=float))
    at = np.asarray(at, dtype=float)
    if at.shape != (3,) or users.shape[1] != 3 or min(int(o["rows"]), int(o["columns"])) < 1:
        raise ArgumentError("ris_xyz_m is [3], users_xyz_m [n, 3], rows and columns 1 at least")
    wave = _LIGHT_M_PER_S / float(world.carriers.frequency_hz[k])
    column, row = np.meshgrid(np.arange(int(o["columns"])), np.arange(int(o["rows"])))
    across = (column.ravel() - column.mean())[:, None] * np.append(ahead, 0.0) * wave / 2.0
    elements = at + across + (row.ravel() - row.mean())[:, None] * np.array([0.0, 0.0, wave / 2.0])
    first = np.linalg.norm(elements - source, axis=1)
    second = np.linalg.norm(users[:, None] - elements, axis=2)
    # an element of half a wave by half a wave: scattering aperture (Ozdogan et al., IEEE WCL 9(5) 2020)
    gain = (wave / 2.0) ** 2 / (4.0 * np.pi) / (first * second)
    cascaded = gain * np.exp(-2j * np.pi * (first + second) / wave)
    apart = np.linalg.norm(users - source, axis=1)
    direct = wave / (4.0 * np.pi * apart) * 10.0 ** (-o["blockage_db"] / 20.0) * np.exp(-2j * np.pi * apart / wave)
    scale = 1.0 / float(np.abs(cascaded).max())
    instance = SurfaceLinks(cascaded * scale, direct * scale, np.ones(len(users)))
    return Built(RIS, world, instance, tuple(f"user {u}" for u in range(len(users))), {"scale": scale}, (
        "free space, no coupling of elements, no ripple of amplitude over phase",
    ))  # fmt: skip


def _index(name: str, ids: tuple[str, ...], what: str) -> int:
    if name not in ids:
        raise ArgumentError(f"no {what} is called {name!r}; known: {', '.join(ids)}")
    return ids.index(name)


def _evaluate_ris(built: Built, solution: np.ndarray | None) -> dict[str, float]:
    """Path gain of the weakest user and in sum, dB; before, every element reflects alike."""
    instance = built.instance
    assert isinstance(instance, SurfaceLinks)
    signs = np.ones(instance.cascaded.shape[1]) if solution is None else solution
    power = link_power(instance.cascaded, signs, instance.direct) / built.context["scale"] ** 2
    floor = np.finfo(float).tiny
    return {
        "least_gain_db": float(10.0 * np.log10(max(power.min(), floor))),
        "sum_gain_db": float(10.0 * np.log10(max(power.sum(), floor))),
    }


RIS = ProblemKind(
    "ris", "One-bit reconfigurable surface", build_ris, no_patch, _evaluate_ris,
    {"least_gain_db": "higher", "sum_gain_db": "higher"}, "", _RIS_OPTIONS,
)  # fmt: skip

KINDS = (ASSOCIATION, SCHEDULING, MIMO, RIS)
