"""High-dimensional direct communication in time bins, photon by photon, with a detector that is blind between clicks.

A frame has N bins: message frames carry a photon in one bin, delayed by k bins (the symbol) at the sender; check frames
a photon spread over all of them, whose phase pattern the sender measures. Ahn, Park, Lee and Lee, Sci. Rep. 14, 888
(2024); in expectation, without dead time, the gains and errors of `hd_qsdc`. The receiver's one detector is followed
bin by bin: background falls in any bin of its open gates, a click blinds it for the dead time into the frames that
follow, and the first live click of a frame is its symbol. Two photons of one frame that both go astray share a bin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base import kernels
from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.base.rng import stream
from silla.physics.quantum.dl04 import INTENSITY, LINE
from silla.physics.quantum.hd_qsdc import BIN, DEAD_TIME, DIMENSION
from silla.physics.quantum.photons.chunks import record_chunks
from silla.physics.quantum.photons.direct import CHECK, MESSAGE, Dl04Link
from silla.physics.quantum.photons.machine import BOTH, READ, Dead
from silla.physics.quantum.photons.receiver import stack
from silla.physics.quantum.photons.table import SlotTable, click_patterns, poisson

__all__ = ["Reception", "TimeBinLink", "live_clicks_twin", "receive"]

_WHAT = "time-bin direct communication, photon by photon"


@dataclass(frozen=True)
class TimeBinLink:
    """A line. transmittance : one way. efficiency : of the receiver; check_efficiency : of the sender's phase
    measurement, None takes the receiver's over N. dark_per_bin : of either. misalignment : share of clicks in a wrong
    bin or pattern after one way. guard : a pause after each frame keeps the next photon out of the dead time.
    mean_photons : None for single photons. intercepted : share of frames that Eve measures, in time or in phase at
    random, and sends on as found."""

    transmittance: float
    efficiency: float
    dimension: int = 8
    misalignment: float = 0.0
    dark_per_bin: float = 0.0
    bin_s: float = 1e-9
    dead_time_s: float = 0.0
    guard: bool = False
    check_share: float = 0.1
    mean_photons: float | None = None
    check_efficiency: float | None = None
    intercepted: float = 0.0

    def __post_init__(self) -> None:
        check_domain("transmittance", self.transmittance, LINE, what=_WHAT, advice="1e-20 stands for 200 dB")
        check_domain("efficiency", self.efficiency, Range(1e-6, 1.0, ""), what=_WHAT)
        check_domain("dimension", self.dimension, DIMENSION, what=_WHAT)
        if self.dimension != 2**self.bits:
            raise ArgumentError(f"{_WHAT}: dimension {self.dimension}; allowed: powers of 2, so that symbols are bits")
        check_domain("misalignment", self.misalignment, Range(0.0, 0.25, ""), what=_WHAT)
        check_domain("dark_per_bin", self.dark_per_bin, Range(0.0, 0.1, "per bin"), what=_WHAT)
        check_domain("bin_s", self.bin_s, BIN, what=_WHAT)
        check_domain("dead_time_s", self.dead_time_s, DEAD_TIME, what=_WHAT)
        check_domain("check_share", self.check_share, Range(0.0, 0.99, ""), what=_WHAT)
        check_domain("intercepted", self.intercepted, Range(0.0, 1.0, ""), what=_WHAT)
        if self.check_efficiency is not None:
            check_domain("check_efficiency", self.check_efficiency, Range(1e-9, 1.0, ""), what=_WHAT)
        if self.mean_photons is not None:
            check_domain("mean_photons", self.mean_photons, INTENSITY, what=_WHAT)

    @property
    def bits(self) -> int:
        """Message bits of a symbol, log2 N."""
        return int(self.dimension).bit_length() - 1

    @property
    def dead_bins(self) -> int:
        """Bins that begin within the dead time of a click."""
        return max(0, int(np.ceil(self.dead_time_s / self.bin_s - 1e-6)) - 1)

    @property
    def frame_bins(self) -> int:
        """Bins from frame to frame."""
        return int(self.dimension) + (self.dead_bins if self.guard else 0)

    @property
    def slot_s(self) -> float:
        """Seconds from frame to frame."""
        return self.frame_bins * self.bin_s

    def table(self) -> SlotTable:
        """What a frame may do, with labels mode and eve (0, 1: measured in time, 2: in phase). Detectors: right and
        wrong pattern of the check, right and wrong bin of the receiver, background of the latter left out."""
        number = np.array([0.0, 1.0]) if self.mean_photons is None else poisson(self.mean_photons)
        n, size = np.arange(len(number)), float(self.dimension)
        one_way = self.misalignment
        both_ways = 2.0 * one_way - one_way**2 * size / (size - 1.0)
        check = self.efficiency / size if self.check_efficiency is None else self.check_efficiency
        rows = []
        for eve, share in enumerate((1.0 - self.intercepted, 0.5 * self.intercepted, 0.5 * self.intercepted)):
            wrong = both_ways if eve < 2 else 1.0 - 1.0 / size
            eta = self.transmittance**2 * self.efficiency
            joint = np.zeros((16, len(number)))
            joint[::4] = (click_patterns(n, eta * (1.0 - wrong), eta * wrong, 0.0, 0.0) * number[:, None]).T
            rows.append(({"mode": MESSAGE, "eve": eve}, share * (1.0 - self.check_share), joint))
            wrong = 1.0 - 1.0 / size if eve == 1 else one_way
            eta, dark = self.transmittance * check, self.dark_per_bin
            noise = -np.expm1((size - 1.0) * np.log1p(-dark))
            joint = np.zeros((16, len(number)))
            joint[:4] = (click_patterns(n, eta * (1.0 - wrong), eta * wrong, dark, noise) * number[:, None]).T
            rows.append(({"mode": CHECK, "eve": eve}, share * self.check_share, joint))
        return stack(rows)


class Reception(NamedTuple):
    """What both ends have after some slots.

    n_slots : sent; n_message : of them for the message. check_clicks, check_errors : of the sender's checks that count.
    slot : int64 [n] message slots in which the receiver has a symbol, rising; offset : int64 [n] what line and
    detectors added to the symbol, modulo the dimension (0: it is right).
    """

    n_slots: int
    n_message: int
    check_clicks: int
    check_errors: int
    slot: NDArray[np.int64]
    offset: NDArray[np.int64]


def receive(link: Dl04Link | TimeBinLink, n_slots: int, *, seed: int, name: str = "qdc") -> Reception:
    """Send n_slots pulses or frames whose symbols are uniform and say what came of each.

    The line treats all symbols alike, so that what it adds to one does not depend on it.

    >>> found = receive(TimeBinLink(0.5, 0.8), 10_000, seed=1)
    >>> 1600 < len(found.slot) < 2000, int(found.offset.sum())
    (True, 0)
    """
    table = link.table()
    dead = link.dead() if isinstance(link, Dl04Link) else Dead((0, 0, 0, 0))
    parts, totals, blind = [], np.zeros(3, np.int64), -1
    for chunk, counts, records in record_chunks(table, dead, n_slots, seed=seed, name=name):
        mode, first, second = table.labels["mode"][records.setting], records.result % BOTH, records.result // BOTH
        checked = (mode == CHECK) & (first > 0)
        if isinstance(link, Dl04Link):
            checked &= (table.labels["basis"] == table.labels["check_basis"])[records.setting]
            bit = table.labels["bit"][records.setting]
            wrong, taken = READ[first] != bit, (mode == MESSAGE) & (second > 0)
            parts.append((records.slot[taken], (READ[second] != bit)[taken].astype(np.int64)))
        else:
            wrong = READ[first] != 0
            rng = stream(seed, "photons", name, chunk.number, "bins")
            slot, offset, blind = _bins(link, chunk.n_slots, records.slot - chunk.first, second, mode, rng, blind)
            parts.append((slot + chunk.first, offset))
            blind -= chunk.n_slots * link.frame_bins
        totals += [counts.n_sent(mode=MESSAGE), int(checked.sum()), int((wrong & checked).sum())]
    slot, offset = (np.concatenate(column) for column in zip(*parts))
    return Reception(int(n_slots), int(totals[0]), int(totals[1]), int(totals[2]), slot, offset)


def _bins(link: TimeBinLink, n_frames: int, frame, result, mode, rng, blind: int):
    """(frames with a symbol, its offset, last blind bin) of one chunk: where the clicks fall, and which are live."""
    size = int(link.dimension)
    n = len(frame)
    right = rng.integers(0, size, n)  # the bin in which an undisturbed photon arrives
    astray = rng.integers(1, size, n)
    hit = [np.flatnonzero((result == 1) | (result >= 3)), np.flatnonzero((result == 2) | (result >= 3))]
    where = np.concatenate([frame[hit[0]], frame[hit[1]]])
    offset = np.concatenate([np.zeros(len(hit[0]), np.int64), astray[hit[1]]])
    target = np.concatenate([right[hit[0]], right[hit[1]]])
    if link.dark_per_bin > 0.0:
        n_dark = rng.binomial(n_frames * size, link.dark_per_bin)
        noise = np.sort(rng.integers(0, n_frames * size, n_dark))
        dark, at = noise // size, noise % size
        place = np.minimum(np.searchsorted(frame, dark), max(0, n - 1))
        known = (frame[place] == dark) if n else np.zeros(n_dark, bool)
        idle = rng.random(n_dark) >= link.check_share
        open_gate = np.where(known, mode[place] == MESSAGE, idle) if n else idle
        sent_to = np.where(known, right[place], rng.integers(0, size, n_dark)) if n else rng.integers(0, size, n_dark)
        where = np.concatenate([where, dark[open_gate]])
        offset = np.concatenate([offset, (at - sent_to)[open_gate] % size])
        target = np.concatenate([target, sent_to[open_gate]])
    time = where * link.frame_bins + (target + offset) % size
    order = np.argsort(time, kind="stable")
    call: Any = kernels.kernel("live_clicks") or live_clicks_twin
    live, blind = call(np.ascontiguousarray(time[order]), link.dead_bins, blind)
    order = order[live]
    frames, first = np.unique(where[order], return_index=True)
    return frames, offset[order][first], int(blind)


def live_clicks_twin(time: NDArray[np.int64], dead: int, blind: int) -> tuple[NDArray[np.bool_], int]:
    """(bool [n] whether each click finds the detector ready, last blind bin); times rise. Twin of `live_clicks`."""
    live = np.zeros(len(time), bool)
    i = int(np.searchsorted(time, blind, side="right"))
    while i < len(time):
        live[i] = True
        blind = int(time[i]) + dead
        # two clicks in one bin are one click
        i = max(i + 1, int(np.searchsorted(time, blind, side="right")))
    return live, blind
