"""DL04 direct communication, photon by photon, both ways.

The receiver of the message prepares a qubit in a random basis; the sender checks a share of the pulses in a random
basis of hers and turns the others over or not (the message) on their way back, where they are measured in the basis
in which they were prepared. Deng and Long, PRA 69, 052319 (2004); in expectation the gains and errors of `dl04`,
where the background makes a click wrong half of the time. What a check shows is what Eve did on the way out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from silla.base.provenance import Range, check_domain
from silla.physics.quantum.dl04 import INTENSITY, LINE
from silla.physics.quantum.photons.counts import SlotCounts
from silla.physics.quantum.photons.machine import BOTH, READ, Dead
from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver, stack, station_dead
from silla.physics.quantum.photons.table import Floats, SlotTable, poisson

__all__ = ["CHECK", "MESSAGE", "Dl04Link", "check_result", "message_result"]

_WHAT = "DL04, photon by photon"
MESSAGE, CHECK = 0, 1


@dataclass(frozen=True)
class Dl04Link:
    """A line between a sender with a check station and a receiver with a source.

    transmittance : one way. misalignment : error rate of a click after one way. check_share : of pulses. mean_photons :
    of a weak pulse, None for a single photon. intercepted : share of pulses that Eve measures in a random basis on the
    way out and sends on as found; on the way back she reads what was done to them.
    """

    transmittance: float
    detector: PhotonDetector
    misalignment: float = 0.0
    check_share: float = 0.1
    mean_photons: float | None = None
    check_detector: PhotonDetector | None = None
    clock_hz: float = 1e9
    gate_s: float = 1e-9
    intercepted: float = 0.0

    bits = 1  # of a pulse
    dimension = 2

    def __post_init__(self) -> None:
        check_domain("transmittance", self.transmittance, LINE, what=_WHAT, advice="1e-20 stands for 200 dB")
        check_domain("misalignment", self.misalignment, Range(0.0, 0.25, ""), what=_WHAT, advice="two ways double it")
        check_domain("check_share", self.check_share, Range(0.0, 0.99, ""), what=_WHAT)
        check_domain("intercepted", self.intercepted, Range(0.0, 1.0, ""), what=_WHAT)
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

    def dead(self) -> Dead:
        """The detectors' memory: the check's, then the receiver's."""
        return station_dead(*self._stations)

    def table(self) -> SlotTable:
        """What a pulse may do, with labels mode, basis, bit (as it should be read), check_basis and eve (0, 1: she
        measured in the right basis, 2: in the wrong one). The bit is the prepared one, turned over by the message."""
        number = np.array([0.0, 1.0]) if self.mean_photons is None else poisson(self.mean_photons)
        rows = []
        for eve, chance in enumerate((1.0 - self.intercepted, 0.5 * self.intercepted, 0.5 * self.intercepted)):
            for code in range(4):
                basis, bit = code >> 1, code & 1
                prior = chance * (1.0 - self.check_share) * 0.25
                labels = {"mode": MESSAGE, "basis": basis, "bit": bit, "check_basis": 0, "eve": eve}
                rows.append((labels, prior, self._joint(number, MESSAGE, bit, basis, basis, eve)))
                for measured in (0, 1):
                    labels = {"mode": CHECK, "basis": basis, "bit": bit, "check_basis": measured, "eve": eve}
                    joint = self._joint(number, CHECK, bit, basis, measured, eve)
                    rows.append((labels, chance * self.check_share * 0.125, joint))
        return stack(rows)

    def _joint(self, number: Floats, mode: int, bit: int, basis: int, measured: int, eve: int) -> Floats:
        """[16, n] patterns of one station, the other's gates shut."""
        at = self._stations[0 if mode == CHECK else 1]
        line = self.transmittance if mode == CHECK else self.transmittance**2
        n = np.arange(len(number))
        if eve == 2:  # in the other basis she finds and sends either bit
            states = [(1 - basis, 0, 0.5), (1 - basis, 1, 0.5)]
        else:
            states = [(basis, bit, 1.0)]
        found = np.zeros((4, len(number)))
        for state_basis, state_bit, share in states:
            found += share * (at.patterns(n, at.overlap(state_basis, state_bit, measured), line) * number[:, None]).T
        joint = np.zeros((16, len(number)))
        joint[:4] = found
        return joint if mode == CHECK else joint.reshape(4, 4, -1).transpose(1, 0, 2).reshape(16, -1)


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
