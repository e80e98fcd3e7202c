"""A run of slots through the detectors: the kernel `photon_clicks`, or its NumPy twin with the same results to the bit.

Slots in which no detector can fire are passed over (their number is geometric), so the cost goes with the clicks and
not with the pulses; the law is that of drawing every slot (`kernels/src/photons.cpp` says why). Dead time is
non-paralysable: a click blinds its detector for a number of slots. A click leaves, with some chance, a trap that
outlasts the dead time, empties at a random later slot and fires the detector again if it is ready; as a share of
clicks, first generation: the `afterpulse` of `detectors`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base import kernels
from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.physics.quantum.photons.philox import gaps, words
from silla.physics.quantum.photons.table import CLASSES, Compiled, SlotTable

__all__ = ["BOTH", "DOUBLE", "READ", "Dead", "Records", "Run", "photon_clicks_twin", "run_slots"]

# What a station reads in a slot: nothing, bit 0, bit 1, or both detectors with the coin giving bit 0 or 1.
READ = np.array([-1, 0, 1, 0, 1], np.int8)
DOUBLE = np.array([False, False, False, True, True])
BOTH = 5  # results of a station; of two stations, first + BOTH * second

_EVENT, _SLOT, _CLICK, _BLIND, _TRAPS, _RELEASE, _DONE = 0, 1, 2, 3, 7, 11, 15
_NEVER = np.iinfo(np.int64).max
_TWIN_BLOCK = 8192


@dataclass(frozen=True)
class Dead:
    """What detectors carry from one slot to the next.

    slots : per detector, missed after a click. afterpulse : chance that a click is followed by a false one.
    trap_slots : mean life of a trap in slots. together : a click blinds both detectors of its station.
    """

    slots: tuple[int, ...]
    afterpulse: tuple[float, ...] = ()
    trap_slots: tuple[float, ...] = ()
    together: bool = False

    def __post_init__(self) -> None:
        check_domain("dead slots", self.slots, Range(0.0, 2.0**53, "slots"), what="photon Monte Carlo")
        check_domain("afterpulse", self.afterpulse or 0.0, Range(0.0, 0.9, ""), what="photon Monte Carlo")
        life = self.trap_slots or 0.0
        check_domain("trap life", life, Range(0.0, 1e12, "slots"), what="photon Monte Carlo", advice="usual: 1 us")
        if any(p > 0.0 for p in self.afterpulse) and not self.trap_slots:
            raise ArgumentError("photon Monte Carlo: after-pulses need the mean life of a trap; give trap_slots")

    def arrays(self) -> tuple[Any, Any, Any, Any]:
        """(dead, afterpulse, trap_slots, survive) as the kernel reads them."""
        n = len(self.slots)
        dead = np.array(self.slots, np.int64)
        chance = np.array(self.afterpulse or (0.0,) * n, float)
        life = np.array(self.trap_slots or (0.0,) * n, float)
        chance = np.where(life > 0.0, chance, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            stay = np.exp(-np.stack([dead, dead + 1], 1) / life[:, None])
        stay = np.where(life[:, None] > 0.0, stay, 0.0)
        return dead, _in_31(chance), life, _in_31(stay)


def _in_31(p: Any) -> NDArray[np.uint32]:
    return np.rint(np.asarray(p) * 2.0**31).astype(np.uint32)


class Records(NamedTuple):
    """Detections in the order of their slots; arrays of one length."""

    slot: NDArray[np.int64]
    setting: NDArray[np.uint16]
    result: NDArray[np.uint8]
    sent: NDArray[np.uint8]  # photons sent, 7 stands for more


@dataclass
class Run:
    """Counts of the slots so far. counts : int64 [n_settings, 5 or 25, 8] by result and photons sent.
    visited : [n_settings] slots whose setting was drawn; the others had no click."""

    counts: NDArray[np.int64]
    visited: NDArray[np.int64]
    state: NDArray[np.int64] = field(repr=False)

    @staticmethod
    def start(table: SlotTable) -> Run:
        """Before the first slot: all detectors ready and empty."""
        n, results = len(table.prior), BOTH ** (table.n_detectors // 2)
        state = np.zeros(16, np.int64)
        state[_SLOT] = -1
        state[_BLIND : _BLIND + 4] = -1
        return Run(np.zeros((n, results, CLASSES), np.int64), np.zeros(n, np.int64), state)


def run_slots(
    table: SlotTable,
    dead: Dead,
    key: int,
    n_slots: int,
    *,
    capacity: int = 0,
    coincidences: bool = False,
    run: Run | None = None,
    twin: bool = False,
) -> Iterator[tuple[Run, Records]]:
    """Slots 0 .. n_slots - 1, as often as the records fill their room; the last one has everything.

    key : 64 bits that name the random numbers. capacity : records at a time, 0 for counts alone (one answer).
    coincidences : record only slots in which both stations click. twin : NumPy even where the kernel is there.
    The same `Run` is yielded each time, with more in it.
    """
    run = Run.start(table) if run is None else run
    call: Any = None if twin else kernels.kernel("photon_clicks")
    call = call or photon_clicks_twin
    while True:
        room = Records(
            np.empty(capacity, np.int64),
            np.empty(capacity, np.uint16),
            np.empty(capacity, np.uint8),
            np.empty(capacity, np.uint8),
        )
        n = call(key, n_slots, *table.compiled, *_dead(dead), coincidences, run.state, run.counts, run.visited, *room)
        yield run, Records(room.slot[:n], room.setting[:n], room.result[:n], room.sent[:n])
        if run.state[_DONE]:
            return


def _dead(dead: Dead) -> tuple[Any, ...]:
    slots, afterpulse, life, survive = dead.arrays()
    return slots, dead.together, afterpulse, life, survive


def photon_clicks_twin(
    key: int,
    n_slots: int,
    gap_scale: float,
    keep: NDArray[np.uint32],
    other: NDArray[np.uint16],
    threshold: NDArray[np.uint64],
    mask: NDArray[np.uint8],
    photons: NDArray[np.uint32],
    dead: NDArray[np.int64],
    together: bool,
    afterpulse: NDArray[np.uint32],
    trap_slots: NDArray[np.float64],
    survive: NDArray[np.uint32],
    coincidences: bool,
    state: NDArray[np.int64],
    counts: NDArray[np.int64],
    visited: NDArray[np.int64],
    slot: NDArray[np.int64],
    setting: NDArray[np.uint16],
    result: NDArray[np.uint8],
    sent: NDArray[np.uint8],
) -> int:
    """The kernel in NumPy: drawing is vectorised, clicks that meet dead times are followed one by one."""
    compiled = Compiled(gap_scale, keep, other, threshold, mask, photons)
    follow = _Follow(
        key, compiled, dead, together, afterpulse, trap_slots, survive, coincidences, state, counts, visited
    )
    room = Records(slot, setting, result, sent)
    event, last = int(state[_EVENT]), int(state[_SLOT])
    while True:
        counters = np.arange(event, event + _TWIN_BLOCK, dtype=np.uint64)
        a, b = words(key, counters, 0), words(key, counters, 1)
        slots = last + np.cumsum(1 + np.minimum(gaps(a[0], a[1], gap_scale), n_slots))
        inside = int(np.searchsorted(slots, n_slots))
        taken, full = follow.block(slots[:inside], a, b, room)
        event += taken
        last = int(slots[taken - 1]) if taken else last
        state[_EVENT], state[_SLOT] = event, last
        if full or inside < _TWIN_BLOCK:
            full = full or not follow.release_before(n_slots, room)
            state[_DONE] = not full
            return follow.n_records


class _Follow:
    """The twin's detectors."""

    def __init__(
        self, key, compiled, dead, together, afterpulse, trap_slots, survive, coincidences, state, counts, visited
    ):
        self.key, self.table, self.dead, self.together = key, compiled, [int(d) for d in dead], together
        self.afterpulse, self.life, self.survive = afterpulse, trap_slots, survive
        self.coincidences, self.state, self.counts, self.visited = coincidences, state, counts, visited
        self.sticky, self.plain = bool(afterpulse.any()), not afterpulse.any() and not dead.any()
        self.n_records = 0

    def block(self, slots, a, b, room: Records) -> tuple[int, bool]:
        """(events taken, whether the records are full) of one block of events."""
        n, t = len(slots), self.table
        if n and self._full(room):
            return 0, True
        s = self._setting(b[0, :n])
        uniform = ((a[2, :n] << np.uint64(32)) | a[3, :n]) >> np.uint64(1)
        outcome = (uniform[:, None] >= t.threshold[s]).sum(axis=1)
        avalanche = t.mask[s, outcome]
        coins, number = b[1, :n], b[2, :n]
        if self.plain:
            return self._all_ready(slots, s, outcome, avalanche, coins, number, room)
        taken = n
        for i in range(n) if self.sticky else np.flatnonzero(avalanche).tolist():
            at = int(slots[i])
            if not self.release_before(at, room) or self._full(room):
                taken = i
                break
            gone = self._emptied(at)
            if int(avalanche[i]) | gone:
                self._fire(at, int(s[i]), int(outcome[i]), coins[i], number[i], int(avalanche[i]) | gone, gone, room)
            if self._full(room):
                taken = i + 1  # the kernel stops at the event after the one that fills the records
                break
        self.visited += np.bincount(s[:taken], minlength=len(self.visited))
        return taken, taken < n

    def _all_ready(self, slots, s, outcome, avalanche, coins, number, room) -> tuple[int, bool]:
        """A block without any memory between slots."""
        result = self._result(avalanche.astype(np.int64), coins)
        kept = self._kept(avalanche) if len(room.slot) else np.zeros(len(s), bool)
        n, free = len(s), len(room.slot) - self.n_records
        if 0 < free <= np.count_nonzero(kept):
            n = int(np.flatnonzero(kept)[free - 1]) + 1
        s, outcome, result, kept = s[:n], outcome[:n], result[:n], kept[:n]
        sent = ((number[:n, None] >> np.uint64(1)) >= self.table.photons[s, outcome]).sum(axis=1)
        hit = result > 0
        for j in range(len(self.dead)):
            fired = slots[:n][(avalanche[:n] >> j & 1) > 0]
            self.state[_BLIND + j] = fired[-1] if len(fired) else self.state[_BLIND + j]
        np.add.at(self.counts, (s[hit], result[hit], sent[hit]), 1)
        self.visited += np.bincount(s, minlength=len(self.visited))
        at = slice(self.n_records, self.n_records + np.count_nonzero(kept))
        for column, values in zip(room, (slots[:n], s, result, sent)):
            column[at] = values[kept]
        self.n_records = int(at.stop)
        return int(n), n < len(slots)

    def release_before(self, slot: int, room: Records) -> bool:
        """Traps that empty before a slot; False when the records are full."""
        while self.sticky and (first := self._first_release()) < slot:
            if self._full(room):
                return False
            w = self._word(2)
            gone = self._emptied(first)
            s = int(self._setting(np.array([w[0]], np.uint64))[0])
            if self._fire(first, s, self.table.threshold.shape[1], w[1], w[2], gone, gone, room):
                self.visited[s] += 1
        return True

    def _full(self, room: Records) -> bool:
        return 0 < len(room.slot) <= self.n_records

    def _setting(self, word):
        p = word * np.uint64(len(self.table.keep))
        i = (p >> np.uint64(32)).astype(np.int64)
        return np.where(((p & np.uint64(0xFFFFFFFF)) >> np.uint64(1)) < self.table.keep[i], i, self.table.other[i])

    def _first_release(self) -> int:
        at = [int(self.state[_RELEASE + j]) for j in range(len(self.dead)) if self.state[_TRAPS + j] > 0]
        return min(at, default=_NEVER)

    def _emptied(self, slot: int) -> int:
        state = self.state
        ready = (state[_TRAPS + j] > 0 and state[_RELEASE + j] == slot for j in range(len(self.dead)))
        return sum(int(yes) << j for j, yes in enumerate(ready))

    def _word(self, stream: int):
        return words(self.key, np.array([self.state[_CLICK]], np.uint64), stream)[:, 0]

    def _refill(self, j: int, slot: int, fired: bool, gone: bool) -> None:
        left = int(self.state[_TRAPS + j]) - gone
        if fired:
            limit = int(self.survive[j, int(gone)])
            left = sum(int(self._word(16 + 256 * j + t % 256)[0]) >> 1 < limit for t in range(left))
        w = self._word(4 + j)
        if fired:
            left += int(w[2]) >> 1 < int(self.afterpulse[j])
        self.state[_TRAPS + j] = left
        start = slot + self.dead[j] if fired else slot
        if left:
            gap = int(gaps(w[0:1], w[1:2], -float(self.life[j]) / left)[0])
            self.state[_RELEASE + j] = start + (0 if gone and not fired else 1) + gap
        else:
            self.state[_RELEASE + j] = _NEVER

    def _fire(self, slot: int, s: int, o: int, coins, number, avalanche: int, gone: int, room: Records) -> bool:
        n = len(self.dead)
        fired = avalanche & sum(int(slot > self.state[_BLIND + j]) << j for j in range(n))
        for j in range(n):
            if (fired >> (j & 2)) & 3 if self.together else (fired >> j) & 1:
                self.state[_BLIND + j] = slot + self.dead[j]
        if self.sticky and fired | gone:
            for j in range(n):
                if (fired | gone) >> j & 1:
                    self._refill(j, slot, bool(fired >> j & 1), bool(gone >> j & 1))
            self.state[_CLICK] += 1
        if not fired:
            return False
        result = int(self._result(np.array([fired]), np.array([coins], np.uint64))[0])
        sent = int((np.uint64(int(number) >> 1) >= self.table.photons[s, o]).sum())
        self.counts[s, result, sent] += 1
        if len(room.slot) and self._kept(np.array([fired]))[0]:
            for column, value in zip(room, (slot, s, result, sent)):
                column[self.n_records] = value
            self.n_records += 1
        return True

    def _result(self, fired, coins):
        one, two = fired & 3, (fired >> 2) & 3
        coins = coins.astype(np.int64)
        one = np.where(one == 3, 3 + (coins & 1), one)
        return one + BOTH * np.where(two == 3, 3 + ((coins >> 1) & 1), two)

    def _kept(self, fired):
        both = ((fired & 3) > 0) & ((fired >> 2) > 0)
        return both if self.coincidences else fired > 0
