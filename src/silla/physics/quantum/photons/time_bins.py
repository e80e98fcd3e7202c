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
from silla.physics.quantum.photons.attacks import Attack
from silla.physics.quantum.photons.chunks import record_chunks
from silla.physics.quantum.photons.counts import SlotCounts
from silla.physics.quantum.photons.direct import CHECK, MESSAGE, Dl04Link, check_counts, check_decoys
from silla.physics.quantum.photons.direct_attacks import Blow, blows, check_attack, pulses
from silla.physics.quantum.photons.machine import BOTH, READ, Dead
from silla.physics.quantum.photons.receiver import stack
from silla.physics.quantum.photons.table import Floats, SlotTable, click_patterns

__all__ = ["Reception", "TimeBinLink", "live_clicks_twin", "receive"]

_WHAT = "time-bin direct communication, photon by photon"


@dataclass(frozen=True)
class TimeBinLink:
    """A line. transmittance : one way. efficiency : of the receiver; check_efficiency : of the sender's phase
    measurement, None takes the receiver's over N. dark_per_bin : of either. misalignment : share of clicks in a wrong
    bin or pattern after one way. guard : a pause after each frame keeps the next photon out of the dead time.
    jitter_s, afterpulse, trap_life_s : of the receiver's detector, as in `receiver.PhotonDetector`. mean_photons :
    None for single photons. decoys, decoy_shares, attack, reflected : as in `direct.Dl04Link`, where
    Eve's two bases are time and phase."""

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
    attack: Attack | None = None
    decoys: tuple[float, ...] = ()
    decoy_shares: tuple[float, ...] = ()
    reflected: float = 0.0
    jitter_s: float = 0.0
    afterpulse: float = 0.0
    trap_life_s: float = 1e-6

    qubit = False

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
        check_domain("jitter_s", self.jitter_s, Range(0.0, 1e-3, "s"), what=_WHAT)
        check_domain("afterpulse", self.afterpulse, Range(0.0, 0.9, ""), what=_WHAT, advice="lengthen the dead time")
        check_domain("trap_life_s", self.trap_life_s, Range(1e-12, 1.0, "s"), what=_WHAT)
        check_domain("reflected", self.reflected, Range(0.0, 1e6, "photons per pulse"), what=_WHAT)
        check_attack(self.attack)
        check_decoys(_WHAT, self.mean_photons, self.decoys, self.decoy_shares)
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

    def way(self, check: bool) -> float:
        """Transmittance to the check, or both ways to the receiver."""
        return self.transmittance if check else self.transmittance**2

    def sees(self, check: bool) -> float:
        """Efficiency of the check, or of the receiver."""
        passive = self.efficiency / self.dimension if self.check_efficiency is None else self.check_efficiency
        return passive if check else self.efficiency

    def table(self) -> SlotTable:
        """What a frame may do, with labels mode and intensity. Detectors: right and wrong pattern of the check, right
        and wrong bin of the receiver, background of the latter left out."""
        rows = []
        for k, (share, number) in enumerate(pulses(self.mean_photons, self.decoys, self.decoy_shares)):
            for mode, chance in ((MESSAGE, 1.0 - self.check_share), (CHECK, self.check_share)):
                joint = np.zeros((16, len(number)))
                found = self._found(number, mode == CHECK)
                joint[slice(0, 4) if mode == CHECK else slice(0, 16, 4)] = found
                rows.append(({"mode": mode, "intensity": k}, share * chance, joint))
        return stack(rows)

    def _found(self, number: Floats, check: bool) -> Floats:
        """[4, n] patterns of check or receiver."""
        total = np.zeros((4, len(number)))
        for blow in blows(self.attack, self, np.arange(len(number)), check):
            total += blow.probability * (self._patterns(blow, check) * number[:, None]).T
        return total

    def _patterns(self, blow: Blow, check: bool) -> Floats:
        """[n, 4] patterns after what Eve did, in the basis that counts or in the other one."""
        size, wrong = float(self.dimension), self.misalignment
        if blow.click is not None:
            click = blow.click if blow.same else np.zeros(len(blow.click))
            out = np.zeros((len(click), 4))
            out[:, 0], out[:, 1] = 1.0 - click, click
            return out
        wrong = wrong if check else 2.0 * wrong - wrong**2 * size / (size - 1.0)
        wrong = 1.0 - 1.0 / size if blow.same is False else wrong
        eta = (self.way(check) if np.isnan(blow.line) else blow.line) * self.sees(check)
        dark = self.dark_per_bin if check else 0.0
        noise = -np.expm1((size - 1.0) * np.log1p(-dark))
        return click_patterns(blow.photons, eta * (1.0 - wrong), eta * wrong, dark, float(noise))


class Reception(NamedTuple):
    """What both ends have after some slots.

    n_slots : sent; n_message : of them for the message. checks : int64 [3, n_intensities] pulses, clicks and errors of
    the sender's checks that count. slot : int64 [n] message slots in which the receiver has a symbol, rising; offset :
    int16 [n] what line and detectors added to the symbol, modulo the dimension (0: it is right).
    """

    n_slots: int
    n_message: int
    checks: NDArray[np.int64]
    slot: NDArray[np.int64]
    offset: NDArray[np.int16]

    @property
    def check_clicks(self) -> int:
        """Of all intensities."""
        return int(self.checks[1].sum())

    @property
    def check_errors(self) -> int:
        """Of all intensities."""
        return int(self.checks[2].sum())


def receive(link: Dl04Link | TimeBinLink, n_slots: int, *, seed: int, name: str = "qdc") -> Reception:
    """Send n_slots pulses or frames whose symbols are uniform and say what came of each.

    The line treats all symbols alike, so that what it adds to one does not depend on it.

    >>> found = receive(TimeBinLink(0.5, 0.8), 10_000, seed=1)
    >>> 1600 < len(found.slot) < 2000, int(found.offset.sum())
    (True, 0)
    """
    table = link.table()
    dead = link.dead() if isinstance(link, Dl04Link) else Dead((0, 0, 0, 0))
    parts, n_message, blind = [], 0, -1
    checks = np.zeros((3, 1 + len(link.decoys)), np.int64)
    for chunk, counts, records in record_chunks(table, dead, n_slots, seed=seed, name=name):
        mode, second = table.labels["mode"][records.setting], records.result // BOTH
        if isinstance(link, Dl04Link):
            checks += check_counts(counts)
            bit = table.labels["bit"][records.setting]
            taken = (mode == MESSAGE) & (second > 0)
            parts.append((records.slot[taken], (READ[second] != bit)[taken].astype(np.int16)))
        else:
            checks += _pattern_counts(counts, len(checks[0]))
            rng = stream(seed, "photons", name, chunk.number, "bins")
            slot, offset, blind = _bins(link, chunk.n_slots, records.slot - chunk.first, second, mode, rng, blind)
            parts.append((slot + chunk.first, offset.astype(np.int16)))
            blind -= chunk.n_slots * link.frame_bins
        n_message += counts.n_sent(mode=MESSAGE)
    slot, offset = (np.concatenate(column) for column in zip(*parts))
    return Reception(int(n_slots), int(n_message), checks, slot, offset)


def _pattern_counts(counts: SlotCounts, n: int) -> NDArray[np.int64]:
    """[3, n] pulses, clicks and wrong patterns of the check at each intensity; bit 1 stands for a wrong one."""
    rows = []
    for k in range(n):
        mine = counts.where(mode=CHECK, intensity=k)
        wrong = [r for r in range(1, BOTH) if READ[r] == 1]
        rows.append((int(counts.sent[mine].sum()), counts.of(mine), counts.of(mine, wrong)))
    return np.array(rows, np.int64).T


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
    if link.jitter_s > 0.0:
        time, where, offset = _jittered(link, time, where, target, rng)
    live, blind_after = _live(time, link.dead_bins, blind)
    if link.afterpulse > 0.0:
        later = _released(link, time[live], n_frames, rng)
        time, where = np.concatenate([time, later]), np.concatenate([where, later // link.frame_bins])
        offset = np.concatenate([offset, rng.integers(0, size, len(later))])
        live, blind_after = _live(time, link.dead_bins, blind)
    frames, first = np.unique(where[live], return_index=True)
    return frames, offset[live][first], blind_after


def _live(time, dead_bins: int, blind: int) -> tuple[NDArray[np.int64], int]:
    """(indexes of the clicks that find the detector ready, in the order of time; last blind bin)."""
    order = np.argsort(time, kind="stable")
    call: Any = kernels.kernel("live_clicks") or live_clicks_twin
    live, blind = call(np.ascontiguousarray(time[order]), dead_bins, blind)
    return order[live], int(blind)


def _jittered(link: TimeBinLink, time, where, target, rng):
    """(time, frame, offset) of clicks moved by normal times; what falls between frames is lost, and what falls into
    another frame says nothing about its symbol."""
    size = int(link.dimension)
    time = time + np.rint(rng.normal(0.0, link.jitter_s / link.bin_s, len(time))).astype(np.int64)
    frame, place = time // link.frame_bins, time % link.frame_bins
    same = frame == where
    offset = np.where(same, (place - target) % size, rng.integers(0, size, len(time)))
    kept = (place < size) & (frame >= 0) & (same | (rng.random(len(time)) >= link.check_share))
    return time[kept], frame[kept], offset[kept]


def _released(link: TimeBinLink, clicks, n_frames: int, rng) -> NDArray[np.int64]:
    """Bins of open gates in which traps that clicks have filled empty, after the dead time; one generation."""
    filled = clicks[rng.random(len(clicks)) < link.afterpulse]
    later = filled + link.dead_bins + 1 + rng.exponential(link.trap_life_s / link.bin_s, len(filled)).astype(np.int64)
    open_gate = (later % link.frame_bins < link.dimension) & (rng.random(len(later)) >= link.check_share)
    return later[open_gate & (later < n_frames * link.frame_bins)]


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
