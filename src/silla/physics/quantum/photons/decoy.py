"""Decoy-state BB84 with weak coherent pulses, photon by photon.

Alice draws for each pulse an intensity, a basis and a bit, and the number of photons is Poisson; each photon passes the
line, and reaches one of Bob's two detectors by the overlap of its state with his basis. `slot_table` writes down what a
pulse may do, exactly; the run adds dead time and after-pulses. In expectation, without those two, the gains are those
of `channel.gain_and_error` (Ma, Qi, Zhao and Lo, PRA 72, 012326 (2005)), where e_0 = 1/2 and two equal detectors have
y0 = 1 - (1 - dark_per_gate)^2 between them; a gate with a photon and a dark count in the other detector is a double
click, read at random.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.physics.quantum.photons.attacks import Attack, Branch, View
from silla.physics.quantum.photons.chunks import count_slots, record_chunks
from silla.physics.quantum.photons.counts import SlotCounts
from silla.physics.quantum.photons.machine import DOUBLE, READ
from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver, stack
from silla.physics.quantum.photons.table import SlotTable, poisson
from silla.physics.quantum.presets import QkdSystem

__all__ = ["DecoyCounts", "DecoyLink", "detections", "simulate", "slot_table"]

_WHAT = "decoy BB84, photon by photon"
_NAME = "decoy-bb84"


@dataclass(frozen=True)
class DecoyLink:
    """A link. transmittance : of the line. intensities : mean photons, falling; the last may be 0. probabilities : of
    each. key_basis : chance of basis 0, at both ends."""

    transmittance: float
    receiver: Receiver
    intensities: tuple[float, ...] = (0.48, 0.05, 0.0)
    probabilities: tuple[float, ...] = (0.7, 0.2, 0.1)
    key_basis: float = 0.5

    def __post_init__(self) -> None:
        advice = "1e-20 stands for 200 dB, the most that is modelled"
        check_domain("transmittance", self.transmittance, Range(1e-20, 1.0, ""), what=_WHAT, advice=advice)
        check_domain("intensities", self.intensities, Range(0.0, 10.0, "photons per pulse"), what=_WHAT)
        check_domain("probabilities", self.probabilities, Range(0.0, 1.0, ""), what=_WHAT)
        check_domain("key_basis", self.key_basis, Range(0.0, 1.0, ""), what=_WHAT)
        n, total = len(self.intensities), sum(self.probabilities)
        if not 1 <= n <= 8 or len(self.probabilities) != n or abs(total - 1.0) > 1e-9:
            raise ArgumentError(
                f"{_WHAT}: {n} intensities and {len(self.probabilities)} probabilities that sum to {total:g}; give one "
                "to eight intensities and as many probabilities, which sum to 1"
            )
        if any(a <= b for a, b in zip(self.intensities, self.intensities[1:])) or self.intensities[0] <= 0.0:
            raise ArgumentError(f"{_WHAT}: intensities {self.intensities}; they must fall, the first above 0")

    @staticmethod
    def of(system: QkdSystem, loss_db: float, **changes: Any) -> DecoyLink:
        """A published system behind a line of some loss; its background is shared equally by two detectors.

        changes : fields of `DecoyLink`. After-pulses come after the dead time with a mean delay of 1 us.

        >>> from silla.physics.quantum.presets import GYS
        >>> round(DecoyLink.of(GYS, 10.5).transmittance, 4)
        0.0891
        """
        check_domain("loss", loss_db, Range(0.0, 200.0, "dB"), what=_WHAT, advice="nothing arrives beyond 200 dB")
        dark = 1.0 - (1.0 - system.y0) ** 0.5
        detector = PhotonDetector(system.detector_efficiency, dark, system.dead_time_s, system.afterpulse)
        receiver = Receiver.alike(
            detector,
            misalignment=system.misalignment,
            clock_hz=system.clock_hz,
            gate_s=min(1e-9, 1.0 / system.clock_hz),
        )
        common: dict[str, Any] = {"intensities": (system.mu, system.nu, 0.0)}
        return DecoyLink(10.0 ** (-loss_db / 10.0), receiver, **{**common, **changes})

    @cached_property
    def mean_photons(self) -> float:
        """Mean photons of a pulse over the intensities."""
        return float(np.dot(self.intensities, self.probabilities))


def slot_table(link: DecoyLink, attack: Attack | None = None) -> SlotTable:
    """What a pulse may do, with labels intensity, alice_basis, alice_bit, bob_basis and eve (see `attacks`)."""
    at = link.receiver
    spill = at.spill(link.mean_photons, link.transmittance)
    rows = []
    for k, (mu, p_k) in enumerate(zip(link.intensities, link.probabilities)):
        number = poisson(mu)
        n = np.arange(len(number))
        for code in range(8):
            alice, bit, bob = code >> 2, (code >> 1) & 1, code & 1
            prior = p_k * 0.5 * _basis(link, alice) * _basis(link, bob)
            view = View(at, n, alice, bit, bob, link.transmittance, spill)
            for branch in [Branch(1.0, 0, view.arrive(n))] if attack is None else attack.branches(view):
                labels = {"intensity": k, "alice_basis": alice, "alice_bit": bit, "bob_basis": bob, "eve": branch.eve}
                rows.append((labels, prior * branch.probability, (branch.patterns * number[:, None]).T))
    return stack(rows)


def _basis(link: DecoyLink, basis: int) -> float:
    return 1.0 - link.key_basis if basis else link.key_basis


@dataclass(frozen=True, eq=False)
class DecoyCounts(SlotCounts):
    """Counts of a decoy-BB84 run. Where `basis` is None, both bases count; clicks are those of equal bases."""

    def sifted(self, intensity: int, basis: int | None = None):
        """[n_settings] settings of that intensity with equal bases."""
        same = self.where(intensity=intensity) & (self.labels["alice_basis"] == self.labels["bob_basis"])
        return same if basis is None else same & self.where(alice_basis=basis)

    def n_sifted_sent(self, intensity: int, basis: int | None = None) -> int:
        """Pulses sent with equal bases."""
        return int(self.sent[self.sifted(intensity, basis)].sum())

    def n_clicks(self, intensity: int, basis: int | None = None, photons: Any = None) -> int:
        """Gates with a click; photons : only of pulses with that number of photons (an index or slice, 7: more)."""
        return self.of(self.sifted(intensity, basis), photons=photons)

    def n_errors(self, intensity: int, basis: int | None = None, photons: Any = None) -> int:
        """Clicks whose bit is not Alice's."""
        wrong = 0
        for bit in (0, 1):
            chosen = self.sifted(intensity, basis) & self.where(alice_bit=bit)
            wrong += self.of(chosen, [r for r in range(1, 5) if READ[r] != bit], photons)
        return wrong

    def n_doubles(self, intensity: int, basis: int | None = None) -> int:
        """Clicks of both detectors."""
        return self.of(self.sifted(intensity, basis), np.flatnonzero(DOUBLE).tolist())

    def gain(self, intensity: int, basis: int | None = None) -> float:
        """Clicks per pulse."""
        return self.n_clicks(intensity, basis) / max(1, self.n_sifted_sent(intensity, basis))

    def qber(self, intensity: int, basis: int | None = None) -> float:
        """Wrong clicks over clicks; NaN without a click."""
        clicks = self.n_clicks(intensity, basis)
        return self.n_errors(intensity, basis) / clicks if clicks else float("nan")

    def known_share(self, intensity: int) -> float:
        """Share of the clicks whose bit the attacker's own apparatus told her (`attacks.KNOWS`)."""
        chosen = self.sifted(intensity)
        clicks = self.of(chosen)
        return self.of(chosen & self.where(eve=1)) / clicks if clicks else float("nan")


def simulate(link: DecoyLink, n_pulses: int, *, seed: int, attack: Attack | None = None) -> DecoyCounts:
    """Counts of n_pulses pulses.

    >>> from silla.physics.quantum.presets import GYS
    >>> counts = simulate(DecoyLink.of(GYS, 10.5), 1_000_000, seed=1)
    >>> counts.n_slots, 0.0012 < counts.gain(0) < 0.0026
    (1000000, True)
    """
    found = count_slots(slot_table(link, attack), link.receiver.dead(), n_pulses, seed=seed, name=_NAME)
    return DecoyCounts(found.labels, found.sent, found.clicks)


def detections(link: DecoyLink, n_pulses: int, *, seed: int, attack: Attack | None = None) -> Iterator[dict[str, Any]]:
    """The clicks of n_pulses pulses, chunk after chunk, as distillation takes them.

    Each chunk holds arrays of one length: pulse (uint64, rising), bob_basis, bob_bit, alice_basis, alice_bit,
    alice_intensity (uint8), and n_sent, the chunk's pulses, with n_sent_per_intensity. Nothing is sifted; a double
    click has a random bit. Their counts are those of `simulate` with the same arguments.
    """
    table = slot_table(link, attack)
    for chunk, counts, records in record_chunks(table, link.receiver.dead(), n_pulses, seed=seed, name=_NAME):
        labels, sent = table.labels, np.bincount(table.labels["intensity"], counts.sent, len(link.intensities))
        yield {
            "pulse": records.slot.astype(np.uint64),
            "bob_basis": labels["bob_basis"][records.setting],
            "bob_bit": READ[records.result].astype(np.uint8),
            "alice_basis": labels["alice_basis"][records.setting],
            "alice_bit": labels["alice_bit"][records.setting],
            "alice_intensity": labels["intensity"][records.setting],
            "n_sent": chunk.n_slots,
            "n_sent_per_intensity": sent.astype(np.int64),
        }
