"""BBM92 with photon pairs from parametric down-conversion, pair by pair.

A pump pulse holds n pairs: (n + 1) lambda^n / (1 + lambda)^(n + 2) of one mode (`spdc`), or Poisson of mean 2 lambda of
many (`poisson`). Of n pairs in one mode, m photons have one value of the measured quantity on both sides, each m of
0..n as likely, in every basis; in another basis than Alice's, Bob's number follows from a rotation of a spin n/2 by a
quarter turn. Ma, Fung and Lo, PRA 76, 012307 (2007): gains are those of `bbm92`. Misalignment swaps Bob's detectors for
a whole pulse, as there. A gate with noise is random only where the noise changes what is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.physics.quantum.bbm92 import ARM, BRIGHTNESS
from silla.physics.quantum.photons.chunks import count_slots, record_chunks
from silla.physics.quantum.photons.counts import SlotCounts
from silla.physics.quantum.photons.machine import BOTH, READ
from silla.physics.quantum.photons.receiver import Receiver, stack, station_dead
from silla.physics.quantum.photons.table import Floats, SlotTable, poisson

__all__ = ["PairCounts", "PairLink", "detections", "simulate", "slot_table"]

_WHAT = "BBM92, pair by pair"
_NAME = "bbm92"
SOURCES = ("spdc", "poisson")


@dataclass(frozen=True)
class PairLink:
    """A source between two stations. brightness : lambda, half the mean pairs of a pulse. arms : transmittances of the
    two lines. alice, bob : receivers; the misalignment is Bob's. key_basis : chance of basis 0 at both. intercepted :
    share of Bob's arm that Eve measures in a random basis and sends on as found."""

    brightness: float
    arms: tuple[float, float]
    alice: Receiver
    bob: Receiver
    key_basis: float = 0.5
    source: str = "spdc"
    intercepted: float = 0.0

    def __post_init__(self) -> None:
        check_domain("brightness", self.brightness, BRIGHTNESS, what=_WHAT, advice="0.01 to 0.2 is usual")
        check_domain("arms", self.arms, ARM, what=_WHAT)
        check_domain("key_basis", self.key_basis, Range(0.0, 1.0, ""), what=_WHAT)
        check_domain("intercepted", self.intercepted, Range(0.0, 1.0, ""), what=_WHAT)
        if self.source not in SOURCES:
            raise ArgumentError(f"{_WHAT}: source is {self.source!r}, allowed {', '.join(SOURCES)}")
        if self.alice.clock_hz != self.bob.clock_hz:
            raise ArgumentError(
                f"{_WHAT}: clocks of {self.alice.clock_hz:g} and {self.bob.clock_hz:g} Hz; make them one"
            )


def _numbers(link: PairLink) -> Floats:
    """Probabilities of 0, 1, ... pairs; the last entry holds the rest, below 1e-13."""
    lam = link.brightness
    if link.source == "poisson":
        return poisson(2.0 * lam)
    top = 4 + int(np.ceil(34.0 / np.log1p(1.0 / lam)))
    n = np.arange(top + 1.0)
    p = (n + 1.0) * np.exp(n * np.log(lam) - (n + 2.0) * np.log1p(lam))
    p[-1] += max(0.0, 1.0 - p.sum())
    return p


@cache
def _quarter_turn(n: int) -> Floats:
    """[n + 1, n + 1] chances that m photons of n in one basis are m' in the other: |d^(n/2)(pi/2)|^2."""
    from scipy.linalg import expm

    m = np.arange(n)
    ladder = 0.5 * np.sqrt((n - m) * (m + 1.0))  # J_y of a spin n/2 is i times a real antisymmetric matrix
    spin = np.diag(ladder, 1) - np.diag(ladder, -1)
    return np.asarray(expm(0.5 * np.pi * spin), np.float64) ** 2


def _shares(link: PairLink, n: int) -> tuple[Any, Any]:
    """(chance of m photons of value 0 at Alice [n + 1], transition to Bob's number in the other basis)."""
    if link.source == "spdc":
        return np.full(n + 1, 1.0 / (n + 1)), _quarter_turn(n)
    m = np.arange(n + 1)
    ways = np.cumprod(np.concatenate([[1.0], (n - m[:-1]) / (m[:-1] + 1.0)]))
    half = ways * 0.5**n
    return np.asarray(half), np.tile(half, (n + 1, 1))  # independent pairs: the other basis knows nothing


def _fires(receiver: Receiver, which: int, photons: Any, line: float, spill: float) -> Floats:
    d = receiver.detectors[which]
    stay = d.efficiency * line * receiver.in_gate(d)[0]
    quiet = (1.0 - d.dark_per_gate) * (1.0 - spill)
    miss = np.where(photons == 0, 1.0, (1.0 - stay) ** photons)
    return np.stack([quiet * miss, 1.0 - quiet * miss])  # [2, n]


def _station(receiver: Receiver, line: float, n: int, photons: float) -> Floats:
    """[n + 1, 4] patterns with m photons for detector 0 and n - m for detector 1."""
    m, spill = np.arange(n + 1), receiver.spill(photons, line)
    zero, one = _fires(receiver, 0, m, line, spill[0]), _fires(receiver, 1, n - m, line, spill[1])
    return np.stack([zero[i] * one[j] for j in (0, 1) for i in (0, 1)], axis=1)


def slot_table(link: PairLink) -> SlotTable:
    """What a pump pulse may do, with labels alice_basis, bob_basis; photons are pairs; Alice's detectors first."""
    number, lam = _numbers(link), link.brightness
    e = link.bob.misalignment
    rows = []
    for same in (True, False):
        joint = np.zeros((16, len(number)))
        for n, p_n in enumerate(number):
            share, turn = _shares(link, n)
            alice = _station(link.alice, link.arms[0], n, 2.0 * lam)
            right = _station(link.bob, link.arms[1], n, 2.0 * lam)
            bob = (1.0 - e) * right + e * _station(link.bob, link.arms[1], n, 2.0 * lam)[::-1]
            to_bob = _transition(turn, same, link.intercepted)
            both = np.einsum("m,ma,mk,kb->ba", share, alice, to_bob, bob)  # Bob's bits above Alice's
            joint[:, n] = p_n * both.reshape(-1)
        for basis in (0, 1):
            other = basis if same else 1 - basis
            prior = (link.key_basis, 1.0 - link.key_basis)
            rows.append(({"alice_basis": basis, "bob_basis": other}, prior[basis] * prior[other], joint))
    return stack(rows)


def _transition(turn: Floats, same: bool, intercepted: float) -> Floats:
    """From Alice's m to Bob's: straight, or by way of Eve's basis, which is Alice's half of the time."""
    direct = np.eye(len(turn)) if same else turn
    eve = 0.5 * (direct + turn @ (turn if same else np.eye(len(turn))))
    return (1.0 - intercepted) * direct + intercepted * eve


@dataclass(frozen=True, eq=False)
class PairCounts(SlotCounts):
    """Counts of a BBM92 run; clicks are coincidences of equal bases."""

    def sifted(self, basis: int | None = None):
        """[n_settings] settings with equal bases."""
        same = self.labels["alice_basis"] == self.labels["bob_basis"]
        return same if basis is None else same & self.where(alice_basis=basis)

    def n_coincidences(self, basis: int | None = None) -> int:
        """Pulses in which both stations have a click, of equal bases."""
        return self.of(self.sifted(basis), _pairs())

    def n_errors(self, basis: int | None = None) -> int:
        """Coincidences with different bits."""
        return self.of(self.sifted(basis), [r for r in _pairs() if READ[r % BOTH] != READ[r // BOTH]])

    def n_sifted_sent(self, basis: int | None = None) -> int:
        """Pump pulses with equal bases."""
        return int(self.sent[self.sifted(basis)].sum())

    def singles(self, station: int) -> int:
        """Pulses with a click at a station (0 Alice, 1 Bob), whatever the bases."""
        chosen = [r for r in range(1, BOTH**2) if (r // BOTH if station else r % BOTH)]
        return self.of(np.ones(len(self.sent), bool), chosen)

    def qber(self, basis: int | None = None) -> float:
        """Errors over coincidences; NaN without one."""
        n = self.n_coincidences(basis)
        return self.n_errors(basis) / n if n else float("nan")


def _pairs() -> list[int]:
    return [a + BOTH * b for a in range(1, BOTH) for b in range(1, BOTH)]


def simulate(link: PairLink, n_pulses: int, *, seed: int) -> PairCounts:
    """Counts of n_pulses pump pulses.

    >>> from silla.physics.quantum.photons.receiver import PhotonDetector
    >>> at = Receiver.alike(PhotonDetector(0.5, 1e-6), misalignment=0.01)
    >>> counts = simulate(PairLink(0.05, (0.1, 0.1), at, at), 1_000_000, seed=1)
    >>> counts.n_slots, 50 < counts.n_coincidences() < 250
    (1000000, True)
    """
    found = count_slots(slot_table(link), station_dead(link.alice, link.bob), n_pulses, seed=seed, name=_NAME)
    return PairCounts(found.labels, found.sent, found.clicks)


def detections(link: PairLink, n_pulses: int, *, seed: int) -> Iterator[dict[str, Any]]:
    """Coincidences chunk after chunk: pulse (uint64, rising), alice_basis, alice_bit, bob_basis, bob_bit (uint8).

    With n_sent, the chunk's pump pulses. Nothing is sifted. Their counts are those of `simulate`.
    """
    table, dead = slot_table(link), station_dead(link.alice, link.bob)
    for chunk, _, records in record_chunks(table, dead, n_pulses, seed=seed, name=_NAME, coincidences=True):
        yield {
            "pulse": records.slot.astype(np.uint64),
            "alice_basis": table.labels["alice_basis"][records.setting],
            "alice_bit": READ[records.result % BOTH].astype(np.uint8),
            "bob_basis": table.labels["bob_basis"][records.setting],
            "bob_bit": READ[records.result // BOTH].astype(np.uint8),
            "n_sent": chunk.n_slots,
        }
