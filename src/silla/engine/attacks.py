"""What each attack on a fibre does to the key links over it: the rate that is left, and who notices.

Every answer is worked out from what the receiver measures, not declared:

    intercept-resend         the error rate rises (physics.quantum.attack)
    photon-number-splitting  the decoys' gains no longer fit one line; decoy-bb84: the finite-key formula on the counts
    blinding                 no trace in the counts; a watchdog on the detectors sees the bright light
    trojan-horse             light reflected by the transmitter tells the basis: bounded by its isolation
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.engine.quantum import KeyRates, LinkBudget, direct_rates, key_rate_of, key_rates
from silla.world.types import World

__all__ = ["Attacked", "attacked_direct", "attacked_keys"]

Floats = NDArray[np.float64]
Row = tuple[float, float, float, bool]
_STATION = ("mdi", "tf", "sns")  # whose detectors need not be trusted
_NO_PHOTONS_TO_SPLIT = ("bbm92", "cv-qkd")  # pairs are made one by one; a quadrature is no count of photons
_SEEN = 1e-3  # of the rate, by which decoys that do not fit change it
_NO_SETTINGS_TO_READ = ("bbm92",)  # the source stands outside of both ends, which choose their bases passively


class Attacked(NamedTuple):
    """[n_links]: secret bit/s left, error rate, share of the bits that Eve has, whether the ends notice."""

    bit_per_s: Floats
    qber: Floats
    known: Floats
    seen: NDArray[np.bool_]


def attacked_keys(world: World, budget: LinkBudget, clean: KeyRates, attack: str, share: Floats) -> Attacked:
    """Key links under one kind of attack on a share of the pulses of each [n_links], 0 for links left alone."""
    if attack == "intercept-resend":
        under = key_rates(world, budget, share)
        return Attacked(under.secret_bit_per_s, under.qber, np.zeros(len(share)), share > 0)
    answer = _KEYS[attack]
    rows = [answer(world, budget, clean, i, float(x)) if x > 0 else _as_ever(clean, i) for i, x in enumerate(share)]
    return _joined(rows)


def _joined(rows: list[Row]) -> Attacked:
    bits, qber, known, seen = (np.array(column) for column in zip(*rows)) if rows else (np.zeros(0),) * 4
    return Attacked(bits, qber, known, seen.astype(bool))


def _as_ever(clean: KeyRates, i: int, known: float = 0.0) -> Row:
    return float(clean.secret_bit_per_s[i]), float(clean.qber[i]), known, False


def _splitting(world: World, budget: LinkBudget, clean: KeyRates, i: int, share: float) -> Row:
    """decoy-bb84 counts what arrives; the other decoy protocols see yields that are not their line's and give up."""
    links = world.key_links
    if links.protocol[i] in _NO_PHOTONS_TO_SPLIT:
        return _as_ever(clean, i)
    if links.protocol[i] != "decoy-bb84":
        return 0.0, float(clean.qber[i]), 0.0, True
    found = key_rate_of(links, budget, i, 0.0, share)
    return found.secret, found.qber, 0.0, True


def _blinding(world: World, budget: LinkBudget, clean: KeyRates, i: int, share: float) -> Row:
    links = world.key_links
    if links.protocol[i] in (*_STATION, "cv-qkd"):
        return _as_ever(clean, i)
    return (0.0, float(clean.qber[i]), 0.0, True) if links.watchdog[i] else _as_ever(clean, i, share)


def _trojan_horse(world: World, budget: LinkBudget, clean: KeyRates, i: int, share: float) -> Row:
    """An isolation that is counted has made the key shorter all along, and Eve learns nothing of what is left."""
    links = world.key_links
    safe = np.isfinite(links.isolation[i]) or links.protocol[i] in _NO_SETTINGS_TO_READ
    return _as_ever(clean, i, 0.0 if safe else share)


_KEYS: dict[str, Callable[[World, LinkBudget, KeyRates, int, float], Row]] = {
    "photon-number-splitting": _splitting,
    "blinding": _blinding,
    "trojan-horse": _trojan_horse,
}


def attacked_direct(world: World, budget: LinkBudget, attack: str, share: Floats) -> Attacked:
    """Direct links under one kind of attack on a share of the pulses of each [n_links].

    What the check counts decides over interception and splitting: the rate that is left is that of its bounds. Bright
    light is seen by a watchdog; without one it blinds both ends and reads the messages. A Trojan horse is seen by a
    watchdog too, and reads nothing of what an isolation that is counted leaves.
    """
    links, none = world.direct_links, np.zeros(len(share))
    if attack == "intercept-resend":
        under = direct_rates(world, budget, share)
        return Attacked(under.bit_per_s, under.qber, none, share > 0)
    clean = direct_rates(world, budget, none)
    if attack == "photon-number-splitting":
        weak = np.array([p != "two-step" for p in links.protocol], dtype=bool)  # pairs come one by one
        under = direct_rates(world, budget, none, np.where(weak, share, 0.0))
        # Decoys bend; without any, all that may be split was given up beforehand. On short lines splitting, which
        # takes a photon of each pulse, costs Eve more than it brings: the bounds say so, and nothing is gained by it.
        seen = np.abs(under.bit_per_s - clean.bit_per_s) > _SEEN * clean.bit_per_s
        return Attacked(np.minimum(under.bit_per_s, clean.bit_per_s), clean.qber, none, seen)
    counted = np.isfinite(links.isolation) if attack == "trojan-horse" else np.zeros(len(share), dtype=bool)
    watched = links.watchdog & (share > 0) & ~counted  # light that an isolation lets through is too faint to be seen
    known = np.where(watched | counted, 0.0, share)
    return Attacked(np.where(watched, 0.0, clean.bit_per_s), clean.qber, known, watched)
