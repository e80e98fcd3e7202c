"""Keys over the day: links fill stocks, traffic asks for keys along trusted nodes, what finds none falls back.

Each replicate day (drop r of every epoch) is its own chain of epochs: what is in stock now decides who is protected
later. Supply comes from the links' physics and stops when an eavesdropper raises the error rate or the fibre is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import RunError
from silla.engine.air import DAY_DEG, NIGHT_DEG, air_line, air_point, air_rate
from silla.engine.key_supply import STATES, Supply, disturbed, key_supply
from silla.engine.messages import DirectDay, MessageDay, direct_day, message_day
from silla.engine.passes import passages
from silla.engine.quantum import (
    KeyRates,
    LinkBudget,
    direct_rates,
    key_rates,
    link_budgets,
    pair_rates,
    plob_bit_per_s,
)
from silla.engine.quantum_protocols import key_point
from silla.engine.satellite import ASSUMED_EFFICIENCY
from silla.physics.optical.fibre import transmittance
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.distillation.yields import AUTHENTICATION_BIT
from silla.physics.quantum.key_routing import allocate
from silla.physics.quantum.rekeying import cipher_demand_bit
from silla.world.types import World, without_events

__all__ = ["STATES", "KeyDay", "key_day", "key_links_of"]

Floats = NDArray[np.float64]
_TURNS = 4  # at least, of flows of equal priority


@dataclass(frozen=True)
class KeyDay:
    """A day of keys; r replicates, t epochs, k stores (`supply.id`), f flows.

    consumed (by flows, messages and blocks that were given up), stock (at the end of the epoch) [r, t, k] bits, known
    [r, t, k] share of the stock that an eavesdropper has. traffic, quantum, one_time_pad, fallback, unsent [r, t, f]
    bits, the last four sum to the first; exposed, of what is under quantum keys or the pad, the bits that an
    eavesdropper can read. key_demand, key_served [r, t, f] bits. use [t, f, k] mean bits of each store for each flow.
    message_keys [r, t, m] bits of pad for messages.
    """

    supply: Supply
    produced: Floats
    consumed: Floats
    stock: Floats
    known: Floats
    traffic: Floats
    quantum: Floats
    one_time_pad: Floats
    fallback: Floats
    unsent: Floats
    exposed: Floats
    key_demand: Floats
    key_served: Floats
    use: Floats
    message_keys: Floats
    budget: LinkBudget
    clean: KeyRates
    direct_budget: LinkBudget
    direct: DirectDay
    messages: MessageDay


class _Askers(NamedTuple):
    """Who asks for keys: the flows, then the messages that may fall back to keys."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    priority: NDArray[np.int64]


def key_day(world: World, hub_bits: Floats, epochs_s: Floats, step_s: float) -> KeyDay:
    """Simulate the keys of a day.

    hub_bits : [n_replicates, n_epochs, n_places] backhaul traffic of each hub. epochs_s : [n_epochs] starts.
    """
    budget = link_budgets(world, world.key_links)
    direct_budget = link_budgets(world, world.direct_links)
    events = disturbed(world, epochs_s, step_s)
    supply, clean = key_supply(world, budget, events, epochs_s, step_s)
    direct = direct_day(world, direct_budget, events, step_s)
    messages = message_day(world, direct, events, epochs_s, step_s)
    flows, m = world.flows, world.messages
    traffic = hub_bits[:, :, flows.source] * flows.share
    replicates = hub_bits.shape[0]
    shape = (*hub_bits.shape[:2], len(supply.id))
    out = {name: np.zeros(shape) for name in ("consumed", "stock", "known")}
    demand = _demand(world, traffic, step_s)
    asked = np.broadcast_to(messages.asked_keys, (replicates, *messages.asked_keys.shape))
    everyone = np.concatenate([demand, asked], axis=2)
    askers = _Askers(
        np.concatenate([flows.source, m.ends[:, 0]]),
        np.concatenate([flows.target, m.ends[:, 1]]),
        np.concatenate([flows.priority, m.priority]),
    )
    served, read = np.zeros(everyone.shape), np.zeros(everyone.shape)
    use = np.zeros((len(epochs_s), len(askers.source), len(supply.id)))
    for r in range(replicates):
        _chain(world, supply, askers, everyone[r], served[r], read[r], use, {name: a[r] for name, a in out.items()})
    produced = np.broadcast_to(supply.produced, shape).copy()
    _check_conservation(supply, produced, out)
    n = len(flows.id)
    shares = _protected(flows, traffic, demand, served[:, :, :n], read[:, :, :n])
    return KeyDay(
        supply=supply, produced=produced, **out, traffic=traffic, **shares, key_demand=demand,
        key_served=served[:, :, :n], use=use[:, :n] / max(replicates, 1), message_keys=served[:, :, n:], budget=budget,
        clean=clean, direct_budget=direct_budget, direct=direct, messages=messages,
    )  # fmt: skip


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


def _chain(
    world: World, supply: Supply, askers: _Askers, demand: Floats, served: Floats, read: Floats, use: Floats,
    out: dict[str, Floats],
) -> None:  # fmt: skip
    """One replicate day, epoch by epoch: what is served and what of it an eavesdropper has, written into the arrays.

    Keys of one store are mixed: what is drawn holds the eavesdropper's share of the stock.
    """
    stock = supply.initial_bits.astype(float)
    known = np.zeros(len(stock))  # bits of the stock
    for t in range(len(supply.produced)):
        available = stock + supply.produced[t]
        spent = np.minimum(supply.spent[t], available)
        available = available - spent
        known = known + supply.known[t]
        share = np.divide(known, available, out=np.zeros(len(stock)), where=available > 0)
        used = np.zeros(len(stock))
        if len(stock) and len(askers.source):
            served[t], flow = _allocate(supply, askers, available, demand[t])
            used = flow.sum(axis=0)
            read[t] = np.minimum(flow @ share, served[t])
            use[t] += flow
        stock = np.minimum(np.maximum(available - used, 0.0), supply.stock_bits)
        known = share * stock
        out["consumed"][t], out["stock"][t], out["known"][t] = used + spent, stock, share


def _allocate(supply: Supply, askers: _Askers, available: Floats, demand: Floats) -> tuple[Floats, Floats]:
    """(bits served to each asker, bits of each store for each of them [f, k]). Keys pass trusted nodes alone.

    Where an end of a flow is not trusted it may use its own links, but no other flow may pass through it: then each
    flow is routed over the links that are open to it. Flows of equal priority take turns in equal slices; nobody asks
    for more than the keys at either of its ends, so that slices stay small when keys are short.
    """
    source, target, priority = askers
    ends, trusted = supply.ends, supply.trusted
    at_place = np.bincount(ends.ravel(), np.repeat(available, 2), minlength=len(trusted))
    demand = np.minimum(demand, np.minimum(at_place[source], at_place[target]))
    served, flow = np.zeros(len(source)), np.zeros((len(source), len(available)))
    order = np.argsort(-priority, kind="stable")
    if trusted[np.concatenate([source, target])].all():
        batches = [(order, trusted[ends].all(axis=1), demand)]
    else:
        batches = []
        for level in -np.unique(-priority):
            members = np.flatnonzero(priority == level)
            turns = _turns(len(members))
            for _ in range(turns):
                for f in members:
                    own = trusted | np.isin(np.arange(len(trusted)), [source[f], target[f]])
                    batches.append((np.array([f]), own[ends].all(axis=1), demand / turns))
    for members, usable, wanted in batches:
        known = set(ends[usable].ravel().tolist())
        inside = [f for f in members if source[f] in known and target[f] in known]
        if not inside:
            continue
        asked = [(int(source[f]), int(target[f]), float(wanted[f])) for f in inside]
        left = (available - flow.sum(axis=0))[usable].clip(0.0)
        slices = _turns(int(np.unique(priority[inside], return_counts=True)[1].max()))
        granted = allocate(ends[usable], left, asked, -priority[inside], slices=slices)
        served[inside] += granted.served_bit
        flow[np.ix_(inside, np.flatnonzero(usable))] += np.abs(granted.flow_bit)
    return served, flow


def _turns(n: int) -> int:
    """Turns that n flows of equal priority take: a multiple of n, so that a supply for one is shared evenly."""
    return n * -(-_TURNS // n) if n > 1 else 1


def _protected(flows, traffic: Floats, demand: Floats, served: Floats, read: Floats) -> dict[str, Floats]:
    """Traffic by what protects it. Without a demand in an epoch the last key still holds, whatever it was."""
    held_share = _held_on(served, demand)
    known_share = np.minimum(_held_on(read, demand), held_share)
    held, exposed = traffic * held_share, traffic * known_share
    none = np.array([f == "none" for f in flows.fallback], dtype=bool)
    return {
        "quantum": np.where(flows.one_time_pad, 0.0, held),
        "one_time_pad": np.where(flows.one_time_pad, held, 0.0),
        "fallback": np.where(none, 0.0, traffic - held),
        "unsent": np.where(none, traffic - held, 0.0),
        "exposed": exposed,
    }


def _held_on(part: Floats, demand: Floats) -> Floats:
    """part / demand, in epochs without a demand that of the epoch before; between 0 and 1."""
    share = np.divide(part, demand, out=np.full(demand.shape, np.nan), where=demand > 0)
    current = np.zeros((demand.shape[0], demand.shape[2]))
    for t in range(demand.shape[1]):
        current = np.where(np.isnan(share[:, t]), current, share[:, t])
        share[:, t] = current
    return np.clip(share, 0.0, 1.0)


def _check_conservation(supply: Supply, produced: Floats, out: dict[str, Floats]) -> None:
    """No store gives more than it had: stock before + produced - consumed >= stock after, and nothing is negative."""
    before = np.concatenate(
        [np.broadcast_to(supply.initial_bits, out["stock"][:, :1].shape), out["stock"][:, :-1]], axis=1
    )
    left = before + produced - out["consumed"]
    slack = 1e-6 * (1.0 + before + produced)
    if np.any(left < -slack) or np.any(out["stock"] > left + slack):
        raise RunError("key stocks do not add up: a link gave more key than it had; this is a fault of the program")


def key_links_of(world: World, variant: str, hours: float = 24.0) -> list[tuple]:
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
        _correction(world.key_links, clean),
    )
    links = world.direct_links
    budget = link_budgets(world, links)
    direct = direct_rates(world, budget, np.zeros(len(links.id)))
    limits = tuple("the fibre is passed twice" if r > 0 else "loss" for r in direct.bit_per_s)
    bound = plob_bit_per_s(links, budget)
    rows += _link_rows(world, variant, "direct", links, budget, direct.qber, direct.bit_per_s, bound, limits)
    return rows + _chain_rows(world, variant) + _downlink_rows(world, variant, hours) + _air_rows(world, variant)


def _air_rows(world: World, variant: str) -> list[tuple]:
    """Links through the air without events, by night: what they yield at best; the last column tells of the day."""
    a, rows = world.air, []
    for i, ident in enumerate(a.id):
        line = air_line(world, i, a.weather[i], NIGHT_DEG if a.light[i] != "day" else DAY_DEG)
        found, bright = key_point(line), air_point(world, i, a.weather[i], DAY_DEG)
        (secret, spent), (by_day, tags) = (air_rate(world, i, p) for p in (found, bright))
        rate, by_day = secret - spent, by_day - tags
        dim = a.light[i] != "auto" or by_day > 0.9 * rate
        limit = "loss of the air" if dim else f"daylight: {by_day:.3g} bit/s then"
        rows.append(
            (
                variant, ident, "air", a.protocol[i], " to ".join(world.places.name[e] for e in a.ends[i]),
                float(a.length_m[i]) / 1e3, -10.0 * np.log10(line.channel), np.nan, line.background, found.qber, rate,
                float(plob_bit(line.channel)) * float(a.pulse_rate_hz[i]),
                limit if rate > 0 else f"loss of the air: {a.weather[i]}",
                "assumed", found.efficiency, found.sifted * float(a.pulse_rate_hz[i]), np.nan, secret, spent,
            )
        )  # fmt: skip
    return rows


def _downlink_rows(world: World, variant: str, hours: float) -> list[tuple]:
    """Downlinks without events: the best passage's least loss, and keys of all passages spread over the day."""
    d, rows = world.downlinks, []
    found = passages(without_events(world), hours) if len(d.id) else []
    for i, ident in enumerate(d.id):
        mine = [p for p in found if p.link == i]
        name = world.satellites.name[d.satellite[i]]
        near = max(mine, key=lambda p: (p.key_bit, -float(p.loss_db.min())), default=None)
        keys = [p.key_bit for p in mine if p.key_bit > AUTHENTICATION_BIT]
        secret, spent = (x / (hours * 3600.0) for x in (sum(keys), AUTHENTICATION_BIT * len(keys)))
        good, f = len(keys), ASSUMED_EFFICIENCY
        rows.append(
            (
                variant, ident, "satellite", "decoy-bb84", name,
                float(near.range_m.min()) / 1e3 if near else np.nan, float(near.loss_db.min()) if near else np.nan,
                np.nan, np.nan, near.qber if near else np.nan, secret - spent, np.nan,
                f"{len(mine)} passages a day, {good} with keys" if mine else "no passage",
                "assumed", f, np.nan, np.nan, secret, spent,
            )
        )  # fmt: skip
    return rows


def _chain_correction(world: World, i: int, rate: float) -> tuple:
    r = world.repeaters
    f = float(r.error_correction_efficiency[i])
    return ("assumed", f, np.nan, np.nan, rate, 0.0) if r.makes_keys[i] else _NONE


def _chain_rows(world: World, variant: str) -> list[tuple]:
    r, made = world.repeaters, pair_rates(world)
    rows = []
    for i, path in enumerate(r.path):
        kind = "key" if r.makes_keys[i] else "direct"
        bound = plob_bit(transmittance(made.loss_db[i])) * r.attempts_per_s[i] * r.modes[i]
        names = "+".join(world.fibres.id[f] for f in path)
        limit = "fidelity of the pairs" if made.bit_per_s[i] == 0 else "rate of the pairs"
        rows.append(
            (
                variant, r.id[i], kind, f"repeaters, {len(path)} segments", names, made.length_m[i] / 1e3,
                made.loss_db[i], np.nan, np.nan, 2.0 * (1.0 - made.fidelity[i]) / 3.0, made.bit_per_s[i], float(bound),
                limit, *_chain_correction(world, i, float(made.bit_per_s[i])),
            )
        )  # fmt: skip
    return rows


_NONE = ("", np.nan, np.nan, np.nan, np.nan, np.nan)  # error correction and authentication of what is no key


def _correction(links, clean: KeyRates) -> list[tuple]:
    """The last six columns: error correction, f, bits before it and at most, secret bits, authentication."""
    names = ["assumed" if p == "cv-qkd" else c for p, c in zip(links.protocol, links.error_correction)]
    most = np.where(np.isfinite(clean.corrected_bit_per_s), clean.corrected_bit_per_s, np.nan)
    columns = (clean.efficiency, clean.sifted_bit_per_s, most, clean.secret_bit_per_s, clean.authentication_bit_per_s)
    return list(zip(names, *columns))


def _link_rows(world, variant, kind, links, budget, qber, rate, bound, limits, more=None) -> list[tuple]:
    f = world.fibres
    return [
        (
            variant, links.id[i], kind, links.protocol[i], f.id[links.fibre[i]], f.length_m[links.fibre[i]] / 1e3,
            budget.loss_db[i], budget.raman_per_gate[i], budget.dark_per_gate[i], qber[i], rate[i], bound[i], limits[i],
            *(more[i] if more else _NONE),
        )
        for i in range(len(links.id))
    ]  # fmt: skip
