"""Where keys come from over the day: links on fibres, chains of repeaters, satellites, the air; attacks and cuts.

An attack is answered by what the receiver can measure. Interception raises the error rate; splitting of photon numbers
bends the decoys' counts, and the finite-key formula, fed with those counts, gives nothing; a Trojan horse is met by the
isolation of the transmitter; blinding leaves no trace in the counts, so that without a watchdog on the detectors the
keys are made as ever, and the eavesdropper has them (state "compromised").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.engine.air import air_supply
from silla.engine.attacks import Attacked, attacked_keys
from silla.engine.passes import passages
from silla.engine.quantum import KeyRates, LinkBudget, key_rates, pair_rates
from silla.physics.quantum.distillation.yields import AUTHENTICATION_BIT
from silla.world.types import World

__all__ = ["STATES", "Disturbed", "Supply", "disturbed", "key_supply"]

Floats = NDArray[np.float64]
_RETRY_S = 60.0
STATES = ("up", "no key", "eavesdropped", "cut", "compromised", "no pass")
UP, NO_KEY, TAPPED, CUT, COMPROMISED, NO_PASS = range(6)


@dataclass(frozen=True)
class Disturbed:
    """attacks : kind -> [t, path] share of pulses attacked. cut : [t, path] share of the epoch.

    Paths are the fibres, and after them the links through the air.
    """

    attacks: dict[str, Floats]
    cut: Floats

    @property
    def tapped(self) -> Floats:
        """[t, path] the greatest share of any attack."""
        return np.max(np.stack([np.zeros_like(self.cut), *self.attacks.values()]), axis=0)


@dataclass(frozen=True)
class Supply:
    """Keys of every store [k]: on fibres, chains of repeaters, satellites, through the air; t epochs.

    ends [k, 2] places, satellites counted after the last of them; trusted [places and satellites]. secret,
    authentication, known [t, k] bits made, those of them that authenticating the blocks takes, and those that an
    eavesdropper has. produced is secret less authentication; spent is what authentication takes from the stock where
    blocks were given up after their pads were used. qber, state [t, k]. stock_bits, initial_bits [k].
    """

    id: tuple[str, ...]
    ends: NDArray[np.int64]
    trusted: NDArray[np.bool_]
    secret: Floats
    authentication: Floats
    known: Floats
    qber: Floats
    state: NDArray[np.int64]
    stock_bits: Floats
    initial_bits: Floats

    @property
    def produced(self) -> Floats:
        """[t, k] bits that are added to the stocks, before traffic takes its own."""
        return np.maximum(self.secret - self.authentication, 0.0)

    @property
    def spent(self) -> Floats:
        """[t, k] bits that authentication takes from the stocks, as far as they go."""
        return np.maximum(self.authentication - self.secret, 0.0)


def disturbed(world: World, epochs_s: Floats, step_s: float) -> Disturbed:
    """What happens to fibres and links through the air.

    An epoch that an eavesdropper touches counts as attacked: its blocks are given up.
    """
    e = world.events
    shape = (len(epochs_s), len(world.fibres.id) + len(world.air.id))
    attacks: dict[str, Floats] = {}
    cut = np.zeros(shape)
    for kind, start, end, target, amount, attack in zip(
        e.kind, e.start_s, e.end_s, e.target, e.amount, e.detail, strict=True
    ):
        overlap = np.clip(np.minimum(end, epochs_s + step_s) - np.maximum(start, epochs_s), 0.0, None) / step_s
        if kind == "eavesdrop":
            share = attacks.setdefault(attack, np.zeros(shape))
            share[:, target] = np.maximum(share[:, target], np.where(overlap > 0, amount, 0.0))
        elif kind == "cut":
            cut[:, target] = np.minimum(1.0, cut[:, target] + overlap)
    return Disturbed(attacks, cut)


def key_supply(
    world: World, budget: LinkBudget, events: Disturbed, epochs_s: Floats, step_s: float
) -> tuple[Supply, KeyRates]:
    """(supply of all stores over the day, clean rates of the links on fibres)."""
    links, chains = world.key_links, world.repeaters
    clean = key_rates(world, budget, np.zeros(len(links.id)))
    fibre = _fibre_supply(world, budget, events, clean, step_s)
    keys = chains.makes_keys
    chain = _chain_supply(world, events, step_s)[:, :, keys]
    space, down = _space_supply(world, epochs_s, step_s), world.downlinks
    above = np.stack([down.station, len(world.places.id) + down.satellite], axis=1)
    air = world.air
    ends = np.concatenate(
        [world.fibres.ends[links.fibre].reshape(-1, 2), chains.ends[keys].reshape(-1, 2), above, air.ends]
    )
    sources = (fibre, chain, space, _air_supply(world, events, epochs_s, step_s))
    joined = [np.concatenate(parts, axis=1) for parts in zip(*sources)]
    supply = Supply(
        (*links.id, *(name for name, mine in zip(chains.id, keys) if mine), *down.id, *air.id),
        ends, np.concatenate([world.places.trusted, world.satellites.trusted]),
        joined[0], joined[1], joined[2], joined[3], joined[4].astype(np.int64),
        np.concatenate([links.stock_bits, chains.stock_bits[keys], down.stock_bits, air.stock_bits]),
        np.concatenate([links.initial_bits, chains.initial_bits[keys], down.initial_bits, air.initial_bits]),
    )  # fmt: skip
    return supply, clean


def _fibre_supply(
    world: World, budget: LinkBudget, events: Disturbed, clean: KeyRates, step_s: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """(secret, authentication, known, qber, state) [t, links on fibres].

    A block that is given up has spent its pads all the same. While blocks are given up one is tried every minute, so
    that an eavesdropper cannot empty the stocks through authentication.
    """
    fibre = world.key_links.fibre
    cut = events.cut[:, fibre]
    rate = np.broadcast_to(clean.secret_bit_per_s, cut.shape).copy()
    qber = np.broadcast_to(clean.qber, cut.shape).copy()
    known = np.zeros(cut.shape)
    state = np.where(rate > 0, UP, NO_KEY)
    for attack, shares in events.attacks.items():
        on_link = shares[:, fibre]
        for row in np.unique(on_link[(on_link > 0).any(axis=1)], axis=0):
            times, hit = (on_link == row).all(axis=1), row > 0
            found: Attacked = attacked_keys(world, budget, clean, attack, row)
            for i in np.flatnonzero(hit):
                # Of two attacks at once, the one that leaves less.
                worse = times & (found.bit_per_s[i] <= rate[:, i])
                rate[worse, i], qber[worse, i] = found.bit_per_s[i], found.qber[i]
                known[times, i] = np.maximum(known[times, i], found.known[i])
                state[times, i] = COMPROMISED if found.known[i] > 0 else TAPPED if found.seen[i] else state[times, i]
    state = np.where(cut > 0, CUT, state)
    lit = (1.0 - cut) * step_s
    tags = clean.authentication_bit_per_s
    secret, spent = rate * lit, np.where(rate > 0.0, tags, np.minimum(tags, AUTHENTICATION_BIT / _RETRY_S)) * lit
    return secret, spent, np.maximum(secret - spent, 0.0) * known, qber, state


def _chain_supply(world: World, events: Disturbed, step_s: float) -> NDArray[np.float64]:
    """[5, t, chains]: bits made, authentication, known (none), error rate of the pairs, state. A chain stops where a
    fibre does; its rates are those of long blocks, whose authentication is nothing beside them.

    Nothing can be read from a fibre without taking the fidelity of its pairs, which the ends measure.
    """
    made = pair_rates(world)
    tapped = events.tapped
    out = np.zeros((5, len(events.cut), len(world.repeaters.id)))
    for i, path in enumerate(world.repeaters.path):
        cut = 1.0 - np.prod(1.0 - events.cut[:, list(path)], axis=1)
        attacked = tapped[:, list(path)].max(axis=1) > 0
        out[0, :, i] = np.where(attacked, 0.0, made.bit_per_s[i] * (1.0 - cut) * step_s)
        out[3, :, i] = np.where(attacked, 0.5, 2.0 * (1.0 - made.fidelity[i]) / 3.0)
        state = np.where(attacked, TAPPED, UP if made.bit_per_s[i] > 0 else NO_KEY)
        out[4, :, i] = np.where(cut > 0, CUT, state)
    return out


def _space_supply(world: World, epochs_s: Floats, step_s: float) -> NDArray[np.float64]:
    """[5, t, downlinks]: bits, authentication (one block a passage), none known to others, error rate, state.

    A key is there when its passage ends; a passage that cannot bring one is not authenticated.
    """
    out = np.zeros((5, len(epochs_s), len(world.downlinks.id)))
    out[3], out[4] = np.nan, NO_PASS
    if not len(world.downlinks.id) or not len(epochs_s):
        return out
    for p in passages(world, len(epochs_s) * step_s / 3600.0):
        t = min(int((p.set_s - epochs_s[0]) // step_s), len(epochs_s) - 1)
        makes = p.key_bit > AUTHENTICATION_BIT
        out[:2, t, p.link] += (p.key_bit, AUTHENTICATION_BIT) if makes else (0.0, 0.0)
        out[3, t, p.link] = p.qber
        if out[4, t, p.link] != UP:
            out[4, t, p.link] = UP if makes else NO_KEY
    return out


def _air_supply(world: World, events: Disturbed, epochs_s: Floats, step_s: float) -> NDArray[np.float64]:
    """[5, t, links through the air]: bits, authentication, those known to others, error rate, state."""
    first = len(world.fibres.id)
    attacks = {kind: share[:, first:] for kind, share in events.attacks.items()}
    cut = events.cut[:, first:]
    found = air_supply(world, epochs_s, step_s, attacks, cut)
    state = np.where(found.secret > 0, UP, NO_KEY)
    state = np.where(found.seen, TAPPED, state)
    state = np.where(found.known > 0, COMPROMISED, state)
    known = np.maximum(found.secret - found.authentication, 0.0) * found.known
    return np.stack([found.secret, found.authentication, known, found.qber, np.where(cut > 0, CUT, state)])


def chain_messages(world: World, events: Disturbed, step_s: float) -> tuple[NDArray[np.int64], Floats]:
    """(ends [n, 2], bits [t, n] that can be sent) of the chains that carry messages."""
    mine = ~world.repeaters.makes_keys
    return world.repeaters.ends[mine].reshape(-1, 2), _chain_supply(world, events, step_s)[0][:, mine]
