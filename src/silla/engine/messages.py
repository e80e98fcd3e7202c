"""Direct quantum messages over the day: sent over links and chains, relayed, rerouted, kept waiting or sent otherwise.

A link's own messages come first. Those between places are routed over what is left: over one link, or from relay to
relay (`Message.relay`), by the router of keys; of equal priorities each takes its turn. What finds no way waits, is
lost, or falls back to keys or to post-quantum encryption.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.engine.attacks import attacked_direct
from silla.engine.key_supply import COMPROMISED, CUT, NO_KEY, TAPPED, UP, Disturbed, chain_messages
from silla.engine.quantum import LinkBudget, direct_rates
from silla.physics.quantum.key_routing import allocate
from silla.world.types import World

__all__ = ["MESSAGE_STATES", "DirectDay", "MessageDay", "direct_day", "message_day"]

Floats = NDArray[np.float64]
MESSAGE_STATES = ("direct", "relayed", "rerouted", "waiting", "fallback", "lost", "idle")


@dataclass(frozen=True)
class DirectDay:
    """Direct links [t, d]: bits that they can send, their own messages offered and sent, error rate, state.

    known : [t, d] share of what is sent that an eavesdropper reads.
    """

    capacity: Floats
    offered: Floats
    sent: Floats
    qber: Floats
    known: Floats
    state: NDArray[np.int64]


@dataclass(frozen=True)
class MessageDay:
    """Messages between places [t, m] in bits; offered includes nothing that waited before.

    offered + waiting before = quantum + keys + post_quantum + lost + waiting after. exposed: of quantum, what was read.
    hops [t, m]: mean links of a bit on its way (NaN: none went). asked_keys [t, m]: bits that want a one-time pad from
    the key stocks; `keys` is what they got, known once the keys of the day are (`engine.keys`).
    """

    offered: Floats
    quantum: Floats
    exposed: Floats
    asked_keys: Floats
    post_quantum: Floats
    lost: Floats
    waiting: Floats
    hops: Floats
    rerouted: NDArray[np.bool_]


def direct_day(world: World, budget: LinkBudget, events: Disturbed, step_s: float) -> DirectDay:
    """What the direct links do with their own messages over the day."""
    links = world.direct_links
    cut = events.cut[:, links.fibre]
    clean = direct_rates(world, budget, np.zeros(len(links.id)))
    rate, qber = (np.broadcast_to(x, cut.shape).copy() for x in (clean.bit_per_s, clean.qber))
    known, state = np.zeros(cut.shape), np.where(rate > 0, UP, NO_KEY)
    for attack, shares in events.attacks.items():
        on_link = shares[:, links.fibre]
        for row in np.unique(on_link[(on_link > 0).any(axis=1)], axis=0):
            times = (on_link == row).all(axis=1)
            found = attacked_direct(world, budget, attack, row)
            for i in np.flatnonzero(row > 0):
                rate[times, i] = np.minimum(rate[times, i], found.bit_per_s[i])
                qber[times, i] = np.maximum(qber[times, i], found.qber[i])
                known[times, i] = np.maximum(known[times, i], found.known[i])
                state[times, i] = COMPROMISED if found.known[i] > 0 else TAPPED if found.seen[i] else state[times, i]
    state = np.where(cut > 0, CUT, state)
    capacity = rate * (1.0 - cut) * step_s
    offered = np.broadcast_to(links.message_bit_per_s * step_s, cut.shape).copy()
    return DirectDay(capacity, offered, np.minimum(offered, capacity), qber, known, state)


def message_day(world: World, direct: DirectDay, events: Disturbed, epochs_s: Floats, step_s: float) -> MessageDay:
    """Messages between places over the day."""
    m = world.messages
    chain_ends, chain_bits = chain_messages(world, events, step_s)
    ends = np.concatenate([world.fibres.ends[world.direct_links.fibre].reshape(-1, 2), chain_ends])
    free = np.concatenate([direct.capacity - direct.sent, chain_bits], axis=1)
    known = np.concatenate([direct.known, np.zeros(chain_bits.shape)], axis=1)
    offered = _offered(world, epochs_s, step_s)
    out = {
        name: np.zeros(offered.shape)
        for name in ("quantum", "exposed", "asked_keys", "post_quantum", "lost", "waiting")
    }
    hops, rerouted = np.full(offered.shape, np.nan), np.zeros(offered.shape, dtype=bool)
    usual = _usual(world, ends, free, offered)
    waiting = np.zeros(len(m.id))
    fallback = np.array(m.fallback, dtype=object)
    for t in range(len(offered)):
        wanted = offered[t] + waiting
        flow = _route(world, ends, free[t], wanted)
        sent = np.minimum(_delivered(ends, flow, m.ends), wanted)
        left = np.maximum(wanted - sent, 0.0)
        out["quantum"][t] = sent
        out["exposed"][t] = np.minimum(np.abs(flow) @ known[t], sent)
        out["asked_keys"][t] = np.where(fallback == "keys", left, 0.0)
        out["post_quantum"][t] = np.where(fallback == "ml-kem-768", left, 0.0)
        out["lost"][t] = np.where(fallback == "none", left, 0.0)
        waiting = np.where(fallback == "wait", left, 0.0)
        out["waiting"][t] = waiting
        with np.errstate(divide="ignore", invalid="ignore"):
            hops[t] = np.where(sent > 0, np.abs(flow).sum(axis=1) / sent, np.nan)
        rerouted[t] = ((np.abs(flow) > 1e-9) & ~usual).any(axis=1)
    return MessageDay(offered=offered, hops=hops, rerouted=rerouted, **out)


def _offered(world: World, epochs_s: Floats, step_s: float) -> Floats:
    """[t, m] bits offered, profiles joined by straight lines between the middles of the hours."""
    hour = ((epochs_s + step_s / 2) / 3600.0 - 0.5) % 24.0
    low = hour.astype(int) % 24
    profile = world.messages.profile
    share = profile[:, low] + (hour - np.floor(hour)) * (profile[:, (low + 1) % 24] - profile[:, low])
    return (world.messages.bit_per_s[:, None] * share * step_s).T


def _usual(world: World, ends: NDArray[np.int64], free: Floats, offered: Floats) -> NDArray[np.bool_]:
    """[m, links] links that a message takes when nothing is disturbed: all links at their best, at its busiest."""
    if not offered.size:
        return np.zeros((offered.shape[1], len(ends)), dtype=bool)
    return np.abs(_route(world, ends, free.max(axis=0), offered.max(axis=0))) > 1e-9


def _route(world: World, ends: NDArray[np.int64], free: Floats, wanted: Floats) -> Floats:
    """[m, links] signed bits of each message over each link."""
    m, trusted = world.messages, world.places.trusted
    flow, left = np.zeros((len(m.id), len(ends))), free.clip(0.0).copy()
    place = np.arange(len(trusted))
    for level in -np.unique(-m.priority):
        members = np.flatnonzero(m.priority == level)
        turns = 4 if len(members) > 1 else 1
        for _ in range(turns):
            for i in members:
                own = np.isin(place, m.ends[i])
                open_to = {"trusted": trusted | own, "pqc": np.ones(len(trusted), dtype=bool), "none": own}[m.relay[i]]
                usable = open_to[ends].all(axis=1)
                source, target = int(m.ends[i, 0]), int(m.ends[i, 1])
                if not {source, target} <= set(ends[usable].ravel().tolist()):
                    continue
                found = allocate(ends[usable], left[usable], [(source, target, float(wanted[i]) / turns)])
                flow[i, usable] += found.flow_bit[0]
                left[usable] = (left[usable] - found.used_bit).clip(0.0)
    return flow


def _delivered(ends: NDArray[np.int64], flow: Floats, wanted_ends: NDArray[np.int64]) -> Floats:
    """Bits of each message that leave its sender: what the links at it carry away."""
    away = np.zeros(len(flow))
    for i, (source, _) in enumerate(wanted_ends):
        away[i] = flow[i, ends[:, 0] == source].sum() - flow[i, ends[:, 1] == source].sum()
    return away.clip(0.0)
