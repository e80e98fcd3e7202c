"""DL04 direct communication, photon by photon, both ways.

The receiver of the message prepares a qubit in a random basis; the sender checks a share of the pulses in a random
basis of hers and turns the others over or not (the message) on their way back, where they are measured in the basis
in which they were prepared. Deng and Long, PRA 69, 052319 (2004); in expectation the gains and errors of `dl04`,
where the background makes a click wrong half of the time. What a check shows is what Eve did on the way out
(`direct_attacks`). Of weak pulses a share are decoys of other intensities, in check and message alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.physics.quantum.dl04 import INTENSITY, LINE
from silla.physics.quantum.photons.attacks import Attack
from silla.physics.quantum.photons.counts import SlotCounts
from silla.physics.quantum.photons.direct_attacks import Blow, blows, check_attack, pulses
from silla.physics.quantum.photons.machine import BOTH, READ, Dead
from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver, stack, station_dead
from silla.physics.quantum.photons.table import Floats, SlotTable

__all__ = ["CHECK", "MESSAGE", "Dl04Link", "check_counts", "check_decoys", "check_result", "message_result"]

_WHAT = "DL04, photon by photon"
MESSAGE, CHECK = 0, 1


@dataclass(frozen=True)
class Dl04Link:
    """A line between a sender with a check station and a receiver with a source.

    transmittance : one way. misalignment : error rate of a click after one way. check_share : of pulses. mean_photons :
    of a weak pulse, None for a single photon. decoys : mean photons of other intensities, falling, decoy_shares : of
    the pulses that have them. attack : what Eve does (`direct_attacks`). reflected : mean photons per pulse that her
    light shone into the encoder may bring back, which the owners count against the message; 0 does not count it.
    """

    transmittance: float
    detector: PhotonDetector
    misalignment: float = 0.0
    check_share: float = 0.1
    mean_photons: float | None = None
    check_detector: PhotonDetector | None = None
    clock_hz: float = 1e9
    gate_s: float = 1e-9
    attack: Attack | None = None
    decoys: tuple[float, ...] = ()
    decoy_shares: tuple[float, ...] = ()
    reflected: float = 0.0

    bits = 1  # of a pulse
    dimension = 2
    qubit = True

    def __post_init__(self) -> None:
        check_domain("transmittance", self.transmittance, LINE, what=_WHAT, advice="1e-20 stands for 200 dB")
        check_domain("misalignment", self.misalignment, Range(0.0, 0.25, ""), what=_WHAT, advice="two ways double it")
        check_domain("check_share", self.check_share, Range(0.0, 0.99, ""), what=_WHAT)
        check_domain("reflected", self.reflected, Range(0.0, 1e6, "photons per pulse"), what=_WHAT)
        check_attack(self.attack)
        check_decoys(_WHAT, self.mean_photons, self.decoys, self.decoy_shares)
        if self.mean_photons is not None:
            check_domain("mean_photons", self.mean_photons, INTENSITY, what=_WHAT)
        _ = self._stations

    @property
    def slot_s(self) -> float:
        """Seconds from pulse to pulse."""
        return 1.0 / self.clock_hz

    @property
    def _stations(self) -> tuple[Receiver, Receiver]:
        e, common = self.misalignment, {"clock_hz": self.clock_hz, "gate_s": self.gate_s}
        check = Receiver.alike(self.check_detector or self.detector, misalignment=e, **common)
        return check, Receiver.alike(self.detector, misalignment=2.0 * e * (1.0 - e), **common)

    def way(self, check: bool) -> float:
        """Transmittance to the check, or both ways to the receiver."""
        return self.transmittance if check else self.transmittance**2

    def sees(self, check: bool) -> float:
        """Efficiency of the check's detectors, or of the receiver's."""
        return (self.check_detector or self.detector).efficiency if check else self.detector.efficiency

    def dead(self) -> Dead:
        """The detectors' memory: the check's, then the receiver's."""
        return station_dead(*self._stations)

    def table(self) -> SlotTable:
        """What a pulse may do, with labels mode, intensity, basis, bit (as it should be read) and check_basis.

        The bit is the prepared one, turned over by the message.
        """
        rows = []
        for k, (share, number) in enumerate(pulses(self.mean_photons, self.decoys, self.decoy_shares)):
            for code in range(4):
                basis, bit = code >> 1, code & 1
                labels = {"mode": MESSAGE, "intensity": k, "basis": basis, "bit": bit, "check_basis": 0}
                prior = share * (1.0 - self.check_share) * 0.25
                rows.append((labels, prior, self._joint(number, MESSAGE, bit, basis, basis)))
                for measured in (0, 1):
                    labels = labels | {"mode": CHECK, "check_basis": measured}
                    prior = share * self.check_share * 0.125
                    rows.append((labels, prior, self._joint(number, CHECK, bit, basis, measured)))
        return stack(rows)

    def _joint(self, number: Floats, mode: int, bit: int, basis: int, measured: int) -> Floats:
        """[16, n] patterns of one station, the other's gates shut."""
        check = mode == CHECK
        found = np.zeros((4, len(number)))
        for blow in blows(self.attack, self, np.arange(len(number)), check):
            found += blow.probability * (self._patterns(blow, check, bit, basis, measured) * number[:, None]).T
        joint = np.zeros((16, len(number)))
        joint[:4] = found
        return joint if check else joint.reshape(4, 4, -1).transpose(1, 0, 2).reshape(16, -1)

    def _patterns(self, blow: Blow, check: bool, bit: int, basis: int, measured: int) -> Floats:
        """[n, 4] patterns of the station after what Eve did."""
        at, n = self._stations[0 if check else 1], blow.photons
        line = self.way(check) if np.isnan(blow.line) else blow.line
        if blow.click is not None:
            return _blinded(blow, bit, basis == measured)
        if blow.same is not False:
            return at.patterns(n, at.overlap(basis, bit, measured), line)
        # in the other basis she finds and sends either bit
        return sum(0.5 * at.patterns(n, at.overlap(1 - basis, b, measured), line) for b in (0, 1))  # type: ignore[return-value]


def _blinded(blow: Blow, bit: int, compatible: bool) -> Floats:
    """A station that clicks where its basis is Eve's: on the prepared bit if that is the preparer's, else at random."""
    assert blow.click is not None
    click = blow.click if blow.same == compatible else np.zeros(len(blow.click))
    out = np.zeros((len(click), 4))
    out[:, 0] = 1.0 - click
    for side in (0, 1):
        out[:, 1 + side] = click * (float(side == bit) if compatible else 0.5)
    return out


def check_decoys(what: str, mean_photons: float | None, decoys: tuple[float, ...], shares: tuple[float, ...]) -> None:
    """ArgumentError unless 0 to 2 decoys fall below the signal and leave it a share of the pulses."""
    if not decoys and not shares:
        return
    if mean_photons is None:
        raise ArgumentError(f"{what}: decoys are other intensities of weak pulses; a single photon has none")
    falling = all(a > b >= 0.0 for a, b in zip((mean_photons, *decoys), decoys))
    if len(decoys) != len(shares) or len(decoys) > 2 or not falling or min(shares) <= 0.0 or sum(shares) >= 1.0:
        raise ArgumentError(
            f"{what}: decoys {decoys} with shares {shares} beside a signal of {mean_photons:g}; allowed: one or two "
            "that fall from below the signal to 0 or above, and shares above 0 that leave some to the signal"
        )
    if mean_photons <= sum(decoys):
        raise ArgumentError(f"{what}: the signal, {mean_photons:g}, must exceed its decoys together, {sum(decoys):g}")


def check_counts(counts: SlotCounts) -> NDArray[np.int64]:
    """[3, n_intensities] pulses, clicks and errors of checks in the basis of preparation."""
    same = counts.where(mode=CHECK) & (counts.labels["basis"] == counts.labels["check_basis"])
    rows = []
    for k in range(int(counts.labels["intensity"].max()) + 1):
        mine = same & counts.where(intensity=k)
        rows.append((int(counts.sent[mine].sum()), *_tally(counts, mine, 1)))
    return np.array(rows, np.int64).T


def check_result(counts: SlotCounts) -> tuple[int, int]:
    """(clicks, errors) of checks in the basis of preparation."""
    return _tally(counts, counts.where(mode=CHECK) & (counts.labels["basis"] == counts.labels["check_basis"]), 1)


def message_result(counts: SlotCounts) -> tuple[int, int]:
    """(clicks, errors) of message pulses at the receiver."""
    return _tally(counts, counts.where(mode=MESSAGE), BOTH)


def _tally(counts: SlotCounts, chosen, step: int) -> tuple[int, int]:
    wrong = 0
    for bit in (0, 1):
        results = [step * r for r in range(1, BOTH) if READ[r] != bit]
        wrong += counts.of(chosen & counts.where(bit=bit), results)
    return counts.of(chosen), wrong
