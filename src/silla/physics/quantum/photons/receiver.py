"""A station that measures one photon state in a chosen basis with two detectors, one for each bit.

Jitter moves a detected photon by a normal time: it stays in its gate with the share erf(w / (2 sqrt(2) sigma)) of gates
w wide, falls between gates, or into a neighbour's gate, where it is background. That background is taken as its mean
over the settings of the neighbours, independent from gate to gate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.physics.quantum.detectors import Detector, background_per_gate
from silla.physics.quantum.photons.machine import Dead
from silla.physics.quantum.photons.table import Floats, SlotTable, click_patterns

__all__ = ["PhotonDetector", "Receiver"]

_WHAT = "photon Monte Carlo"


@dataclass(frozen=True)
class PhotonDetector:
    """One detector of a station.

    efficiency : of receiver optics and detector, from the line to an avalanche. dark_per_gate : clicks without signal.
    dead_time_s : blind time after a click. afterpulse : chance that a click is followed by a false one after the dead
    time. trap_life_s : mean time to that. jitter_s : standard deviation of the click's time.
    """

    efficiency: float
    dark_per_gate: float = 0.0
    dead_time_s: float = 0.0
    afterpulse: float = 0.0
    trap_life_s: float = 1e-6
    jitter_s: float = 0.0

    def __post_init__(self) -> None:
        advice = "a detector of no efficiency sees no photon"
        check_domain("efficiency", self.efficiency, Range(1e-6, 1.0, ""), what=_WHAT, advice=advice)
        check_domain("dark_per_gate", self.dark_per_gate, Range(0.0, 0.5, "per gate"), what=_WHAT)
        check_domain("dead_time_s", self.dead_time_s, Range(0.0, 1.0, "s"), what=_WHAT)
        check_domain("afterpulse", self.afterpulse, Range(0.0, 0.9, ""), what=_WHAT, advice="lengthen the dead time")
        check_domain("trap_life_s", self.trap_life_s, Range(1e-12, 1.0, "s"), what=_WHAT)
        check_domain("jitter_s", self.jitter_s, Range(0.0, 1e-6, "s"), what=_WHAT)

    @staticmethod
    def of(
        detector: Detector, gate_s: float, *, optics: float = 1.0, light_photons_per_s: float = 0.0
    ) -> PhotonDetector:
        """A detector of `silla.physics.quantum.detectors.DETECTORS` behind optics of some transmittance.

        light_photons_per_s : unwanted photons that reach this detector.

        >>> from silla.physics.quantum.detectors import DETECTORS
        >>> round(PhotonDetector.of(DETECTORS["snspd"], 1e-9, optics=0.8).efficiency, 3)
        0.4
        """
        dark = background_per_gate(
            detector.dark_counts_per_s,
            gate_s,
            detectors=1,
            light_photons_per_s=light_photons_per_s,
            efficiency=detector.efficiency,
        )
        return PhotonDetector(
            detector.efficiency * optics,
            float(dark),
            detector.dead_time_s,
            detector.afterpulse,
            jitter_s=detector.jitter_s,
        )


@dataclass(frozen=True)
class Receiver:
    """Two detectors behind one choice of basis; detector 0 stands for bit 0.

    misalignment : share of photons that go to the wrong detector. together : a click blinds both.
    """

    detectors: tuple[PhotonDetector, PhotonDetector]
    misalignment: float = 0.0
    clock_hz: float = 1e9
    gate_s: float = 1e-9
    together: bool = True

    def __post_init__(self) -> None:
        if len(self.detectors) != 2:
            raise ArgumentError(f"{_WHAT}: a receiver has {len(self.detectors)} detectors; allowed: 2")
        advice = "an error rate near 1/2 carries no information"
        check_domain("misalignment", self.misalignment, Range(0.0, 0.49, ""), what=_WHAT, advice=advice)
        check_domain("clock_hz", self.clock_hz, Range(1.0, 1e12, "Hz"), what=_WHAT)
        check_domain("gate_s", self.gate_s, Range(1e-13, 1e-3, "s"), what=_WHAT)
        if self.gate_s * self.clock_hz > 1.0 + 1e-9:
            raise ArgumentError(
                f"{_WHAT}: a gate of {self.gate_s:g} s is longer than the clock's period {1 / self.clock_hz:g} s; "
                "shorten gate_s or lower clock_hz"
            )

    @staticmethod
    def alike(detector: PhotonDetector, **arguments) -> Receiver:
        """A receiver of two equal detectors; `arguments` are the receiver's other fields."""
        return Receiver((detector, detector), **arguments)

    def overlap(self, basis: int, bit: int, measured: int) -> float:
        """Chance that a photon prepared as `bit` in `basis` goes to detector 0 when `measured` in that basis."""
        if basis != measured:
            return 0.5
        return self.misalignment if bit else 1.0 - self.misalignment

    def patterns(self, n, overlap: float, transmittance: float, spill: tuple[float, float] = (0.0, 0.0)) -> Floats:
        """[len(n), 4] chances of none, 0, 1, both, for n photons before a line of that transmittance.

        spill : background per gate that jitter brings to either detector; see `spill`.
        """
        stay = [d.efficiency * transmittance * self.in_gate(d)[0] for d in self.detectors]
        dark = [
            1.0 - (1.0 - d.dark_per_gate) * (1.0 - s) if s else d.dark_per_gate for d, s in zip(self.detectors, spill)
        ]
        return click_patterns(n, overlap * stay[0], (1.0 - overlap) * stay[1], dark[0], dark[1])

    def in_gate(self, detector: PhotonDetector) -> tuple[float, float]:
        """(share of photons that stay in their gate, share that falls into the gates of others)."""
        if detector.jitter_s == 0.0:
            return 1.0, 0.0
        scale = detector.jitter_s * math.sqrt(2.0)
        period, half = 1.0 / self.clock_hz, 0.5 * self.gate_s
        reach = min(1000, int(10.0 * detector.jitter_s / period) + 1)
        near = sum(
            math.erf((k * period + half) / scale) - math.erf((k * period - half) / scale) for k in range(1, reach + 1)
        )
        return math.erf(half / scale), near

    def spill(self, photons: float, transmittance: float) -> tuple[float, float]:
        """Background per gate of either detector from photons of other pulses, for a mean number before the line."""
        out = []
        for d in self.detectors:
            mean = 0.5 * photons * transmittance * d.efficiency * self.in_gate(d)[1]
            out.append(-math.expm1(-mean))
        return out[0], out[1]

    def dead(self) -> Dead:
        """The detectors' memory, in slots of the clock."""
        return Dead(
            tuple(self._slots(d) for d in self.detectors),
            tuple(d.afterpulse for d in self.detectors),
            tuple(d.trap_life_s * self.clock_hz for d in self.detectors),
            self.together,
        )

    def _slots(self, detector: PhotonDetector) -> int:
        """Gates that begin within the dead time of a click: a gate at its very end is open."""
        return max(0, math.ceil(detector.dead_time_s * self.clock_hz - 1e-6) - 1)

    def efficiencies(self, first: float, second: float) -> Receiver:
        """The same receiver with other efficiencies."""
        a, b = self.detectors
        return replace(self, detectors=(replace(a, efficiency=first), replace(b, efficiency=second)))


def station_dead(*receivers: Receiver) -> Dead:
    """The memory of the detectors of one or two stations, in this order."""
    parts = [r.dead() for r in receivers]
    if len({p.together for p in parts}) > 1:
        raise ArgumentError(f"{_WHAT}: one station blinds both detectors and the other one; make them alike")
    return Dead(
        sum((p.slots for p in parts), ()),
        sum((p.afterpulse for p in parts), ()),
        sum((p.trap_slots for p in parts), ()),
        parts[0].together,
    )


def stack(rows: list[tuple[dict[str, int], float, Floats]]) -> SlotTable:
    """A table of (labels, prior, joint [patterns, numbers]) rows; rows of no probability are left out."""
    rows = [row for row in rows if row[1] > 0.0]
    width = max(row[2].shape[1] for row in rows)
    joint = np.stack([np.pad(j, [(0, 0), (0, width - j.shape[1])]) for _, _, j in rows])
    labels = {name: np.array([row[0][name] for row in rows], np.uint8) for name in rows[0][0]}
    return SlotTable(labels, np.array([row[1] for row in rows]), joint)
