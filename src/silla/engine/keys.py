"""Keys over the day: links fill stocks, traffic asks for keys along trusted nodes, what finds none falls back.

Each replicate day (drop r of every epoch) is its own chain of epochs: what is in stock now decides who is protected
later. Supply comes from the links' physics and stops when an eavesdropper raises the error rate or the fibre is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import RunError
from silla.engine.quantum import KeyRates, LinkBudget, direct_rates, key_rates, link_budgets, plob_bit_per_s
from silla.physics.quantum.key_routing import allocate
from silla.physics.quantum.rekeying import cipher_demand_bit
from silla.world.types import World

__all__ = ["STATES", "KeyDay", "key_day", "key_links_of"]

Floats = NDArray[np.float64]
STATES = ("up", "no key", "eavesdropped", "cut")
_TURNS = 4  # at least, of flows of equal priority


@dataclass(frozen=True)
class KeyDay:
    """A day of keys; r replicates, t epochs, k links, f flows, d direct links.

    produced, consumed, stock (at the end of the epoch) [r, t, k] bits; qber [t, k]; state [t, k] index of STATES.
    traffic, quantum, one_time_pad, fallback, unsent [r, t, f] bits, the last four sum to the first; key_demand,
    key_served [r, t, f] bits. direct_sent, direct_offered [t, d] bits; direct_state [t, d].
    """

    produced: Floats
    consumed: Floats
    stock: Floats
    qber: Floats
    state: NDArray[np.int64]
    traffic: Floats
    quantum: Floats
    one_time_pad: Floats
    fallback: Floats
    unsent: Floats
    key_demand: Floats
    key_served: Floats
    direct_offered: Floats
    direct_sent: Floats
    direct_state: NDArray[np.int64]
    budget: LinkBudget
    clean: KeyRates
    direct_budget: LinkBudget


def key_day(world: World, hub_bits: Floats, epochs_s: Floats, step_s: float) -> KeyDay:
    """Simulate the keys of a day.

    hub_bits : [n_replicates, n_epochs, n_places] backhaul traffic of each hub. epochs_s : [n_epochs] starts.
    """
    budget = link_budgets(world, world.key_links)
    direct_budget = link_budgets(world, world.direct_links)
    tapped, cut = _fibre_events(world, epochs_s, step_s)
    supply, qber, state, clean = _supply(world, budget, tapped, cut, step_s)
    flows = world.flows
    traffic = hub_bits[:, :, flows.source] * flows.share
    shape = (*hub_bits.shape[:2], len(world.key_links.id))
    out = {name: np.zeros(shape) for name in ("produced", "consumed", "stock")}
    demand = _demand(world, traffic, step_s)
    served = np.zeros(demand.shape)
    for r in range(hub_bits.shape[0]):
        _chain(world, supply, demand[r], served[r], {name: a[r] for name, a in out.items()})
    _check_conservation(world, out, supply)
    shares = _protected(flows, traffic, demand, served)
    return KeyDay(
        **out, qber=qber, state=state, traffic=traffic, **shares, key_demand=demand, key_served=served,
        **_direct(world, direct_budget, tapped, cut, step_s), budget=budget, clean=clean, direct_budget=direct_budget,
    )  # fmt: skip


def _fibre_events(world: World, epochs_s: Floats, step_s: float) -> tuple[Floats, Floats]:
    """([t, fibre] share of pulses intercepted, [t, fibre] share of the epoch during which the fibre is cut).

    An epoch that an eavesdropper touches counts as attacked: keys distilled from its blocks are given up.
    """
    e = world.events
    tapped = np.zeros((len(epochs_s), len(world.fibres.id)))
    cut = np.zeros_like(tapped)
    for kind, start, end, target, amount in zip(e.kind, e.start_s, e.end_s, e.target, e.amount):
        overlap = np.clip(np.minimum(end, epochs_s + step_s) - np.maximum(start, epochs_s), 0.0, None) / step_s
        if kind == "eavesdrop":
            tapped[:, target] = np.maximum(tapped[:, target], np.where(overlap > 0, amount, 0.0))
        elif kind == "cut":
            cut[:, target] = np.minimum(1.0, cut[:, target] + overlap)
    return tapped, cut


def _supply(world: World, budget: LinkBudget, tapped: Floats, cut: Floats, step_s: float):
    """Bits that each link makes in each epoch, QBER, state and the clean rates."""
    links = world.key_links
    on_link, cut_link = tapped[:, links.fibre], cut[:, links.fibre]
    clean = key_rates(world, budget, np.zeros(len(links.id)))
    rate = np.broadcast_to(clean.bit_per_s, on_link.shape).copy()
    qber = np.broadcast_to(clean.qber, on_link.shape).copy()
    attacks = np.unique(on_link[(on_link > 0).any(axis=1)], axis=0) if on_link.size else np.zeros((0, len(links.id)))
    for attack in attacks:
        rows = (on_link == attack).all(axis=1)
        under = key_rates(world, budget, attack)
        rate[rows], qber[rows] = under.bit_per_s, under.qber
    state = np.where(rate > 0, 0, 1)
    state = np.where(on_link > 0, 2, state)
    state = np.where(cut_link > 0, 3, state)
    return rate * (1.0 - cut_link) * step_s, qber, state, clean


def _demand(world: World, traffic: Floats, step_s: float) -> Floats:
    """Key bits that each flow asks for in each epoch [r, t, f]."""
    flows = world.flows
    demand = np.zeros(traffic.shape)
    if not len(flows.id):
        return demand
    rekeyed = ~flows.one_time_pad
    volume = np.moveaxis(traffic, 1, -1) / 8  # bytes, [r, f, t]
    bits = cipher_demand_bit(
        volume[:, rekeyed],
        step_s,
        "aes-256-gcm",
        every_byte=flows.rekey_bits[rekeyed] / 8,
        every_s=flows.rekey_s[rekeyed],
    )
    demand[:, :, rekeyed] = np.moveaxis(bits, -1, 1)
    demand[:, :, flows.one_time_pad] = traffic[:, :, flows.one_time_pad]
    return demand


def _chain(world: World, supply: Floats, demand: Floats, served: Floats, out: dict[str, Floats]) -> None:
    """One replicate day, epoch by epoch: what the flows are served, written into `served` and `out`."""
    links, flows = world.key_links, world.flows
    ends = world.fibres.ends[links.fibre]
    stock = links.initial_bits.astype(float)
    for t in range(len(supply)):
        available = stock + supply[t]
        used = np.zeros(len(stock))
        if len(links.id) and len(flows.id):
            served[t], used = _allocate(world, ends, available, demand[t])
        stock = np.minimum(np.maximum(available - used, 0.0), links.stock_bits)
        out["produced"][t], out["consumed"][t], out["stock"][t] = supply[t], used, stock


def _allocate(world: World, ends: NDArray[np.int64], available: Floats, demand: Floats) -> tuple[Floats, Floats]:
    """(bits served to each flow, bits used of each link). Keys pass through trusted nodes alone.

    Where an end of a flow is not trusted it may use its own links, but no other flow may pass through it: then each
    flow is routed over the links that are open to it. Flows of equal priority take turns in equal slices; nobody asks
    for more than the keys at either of its ends, so that slices stay small when keys are short.
    """
    flows, trusted = world.flows, world.places.trusted
    at_place = np.bincount(ends.ravel(), np.repeat(available, 2), minlength=len(trusted))
    demand = np.minimum(demand, np.minimum(at_place[flows.source], at_place[flows.target]))
    served, used = np.zeros(len(flows.id)), np.zeros(len(available))
    order = np.argsort(-flows.priority, kind="stable")
    if trusted[np.concatenate([flows.source, flows.target])].all():
        batches = [(order, trusted[ends].all(axis=1), demand)]
    else:
        batches = []
        for level in -np.unique(-flows.priority):
            members = np.flatnonzero(flows.priority == level)
            turns = _turns(len(members))
            for _ in range(turns):
                for f in members:
                    own = trusted | np.isin(np.arange(len(trusted)), [flows.source[f], flows.target[f]])
                    batches.append((np.array([f]), own[ends].all(axis=1), demand / turns))
    for members, usable, wanted in batches:
        known = set(ends[usable].ravel().tolist())
        inside = [f for f in members if flows.source[f] in known and flows.target[f] in known]
        if not inside:
            continue
        asked = [(int(flows.source[f]), int(flows.target[f]), float(wanted[f])) for f in inside]
        left = (available - used)[usable].clip(0.0)
        slices = _turns(int(np.unique(flows.priority[inside], return_counts=True)[1].max()))
        granted = allocate(ends[usable], left, asked, -flows.priority[inside], slices=slices)
        served[inside] += granted.served_bit
        used[usable] += granted.used_bit
    return served, used


def _turns(n: int) -> int:
    """Turns that n flows of equal priority take: a multiple of n, so that a supply for one is shared evenly."""
    return n * -(-_TURNS // n) if n > 1 else 1


def _protected(flows, traffic: Floats, demand: Floats, served: Floats) -> dict[str, Floats]:
    """Traffic by what protects it. Without a demand in an epoch the last key still holds, whatever it was."""
    share = np.divide(served, demand, out=np.full(demand.shape, np.nan), where=demand > 0)
    current = np.zeros((demand.shape[0], demand.shape[2]))
    for t in range(demand.shape[1]):
        current = np.where(np.isnan(share[:, t]), current, share[:, t])
        share[:, t] = current
    share = np.clip(share, 0.0, 1.0)
    held = traffic * share
    none = np.array([f == "none" for f in flows.fallback], dtype=bool)
    return {
        "quantum": np.where(flows.one_time_pad, 0.0, held),
        "one_time_pad": np.where(flows.one_time_pad, held, 0.0),
        "fallback": np.where(none, 0.0, traffic - held),
        "unsent": np.where(none, traffic - held, 0.0),
    }


def _direct(world: World, budget: LinkBudget, tapped: Floats, cut: Floats, step_s: float) -> dict[str, Any]:
    links = world.direct_links
    on_link, cut_link = tapped[:, links.fibre], cut[:, links.fibre]
    offered = np.broadcast_to(links.message_bit_per_s * step_s, on_link.shape).copy()
    rate = np.zeros(on_link.shape)
    for attack in np.unique(on_link, axis=0) if len(links.id) else ():
        rate[(on_link == attack).all(axis=1)] = direct_rates(world, budget, attack).bit_per_s
    state = np.where(rate > 0, 0, 1)
    state = np.where(on_link > 0, 2, state)
    state = np.where(cut_link > 0, 3, state)
    sent = np.minimum(offered, rate * (1.0 - cut_link) * step_s)
    return {"direct_offered": offered, "direct_sent": sent, "direct_state": state}


def _check_conservation(world: World, out: dict[str, Floats], supply: Floats) -> None:
    """No link gives more than it had: stock before + produced - consumed >= stock after, and nothing is negative."""
    before = np.concatenate(
        [np.broadcast_to(world.key_links.initial_bits, out["stock"][:, :1].shape), out["stock"][:, :-1]], axis=1
    )
    left = before + supply - out["consumed"]
    slack = 1e-6 * (1.0 + before + supply)
    if np.any(left < -slack) or np.any(out["stock"] > left + slack):
        raise RunError("key stocks do not add up: a link gave more key than it had; this is a fault of the program")


def key_links_of(world: World, variant: str) -> list[tuple]:
    """Rows of the table `key_links` of one variant: what each quantum link is worth without events."""
    rows = []
    budget = link_budgets(world, world.key_links)
    clean = key_rates(world, budget, np.zeros(len(world.key_links.id)))
    rows += _link_rows(
        world,
        variant,
        "key",
        world.key_links,
        budget,
        clean.qber,
        clean.bit_per_s,
        clean.plob_bit_per_s,
        clean.limited_by,
    )
    links = world.direct_links
    budget = link_budgets(world, links)
    direct = direct_rates(world, budget, np.zeros(len(links.id)))
    limits = tuple("the fibre is passed twice" if r > 0 else "loss" for r in direct.bit_per_s)
    bound = plob_bit_per_s(links, budget)
    return rows + _link_rows(world, variant, "direct", links, budget, direct.qber, direct.bit_per_s, bound, limits)


def _link_rows(world, variant, kind, links, budget, qber, rate, bound, limits) -> list[tuple]:
    f = world.fibres
    return [
        (
            variant, links.id[i], kind, links.protocol[i], f.id[links.fibre[i]], f.length_m[links.fibre[i]] / 1e3,
            budget.loss_db[i], budget.raman_per_gate[i], budget.dark_per_gate[i], qber[i], rate[i], bound[i], limits[i],
        )
        for i in range(len(links.id))
    ]  # fmt: skip
