"""What a link's two ends have written down when the light is over: the input of distillation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["AliceRecord", "BobRecord", "Detections"]

_ARRAYS = ("pulse", "bob_basis", "bob_bit", "alice_basis", "alice_bit", "alice_intensity")


@dataclass(frozen=True, eq=False)
class BobRecord:
    """Clicks: pulse uint64 [n] rising, basis and bit uint8 [n]. A double click has been given a random bit."""

    pulse: np.ndarray
    basis: np.ndarray
    bit: np.ndarray


@dataclass(frozen=True, eq=False)
class AliceRecord:
    """What was sent in the pulses that were detected, uint8 [n]; she has it for all pulses and looks these up."""

    pulse: np.ndarray
    basis: np.ndarray
    bit: np.ndarray
    intensity: np.ndarray


@dataclass(frozen=True, eq=False)
class Detections:
    """Detections of a decoy-BB84 link, one array entry each.

    pulse : uint64, index of the pulse, strictly rising. Bases: 0 makes the key, 1 tests. Bits 0 or 1.
    alice_intensity : 0 signal, 1 decoy, 2 the weakest. n_sent : pulses sent, also those that nobody saw;
    n_sent_per_intensity : the same by intensity, for reports, where it is known.
    """

    pulse: np.ndarray
    bob_basis: np.ndarray
    bob_bit: np.ndarray
    alice_basis: np.ndarray
    alice_bit: np.ndarray
    alice_intensity: np.ndarray
    n_sent: int
    n_sent_per_intensity: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            wanted = np.uint64 if name == "pulse" else np.uint8
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), wanted))
        n = self.pulse.shape
        if len(n) != 1 or any(getattr(self, name).shape != n for name in _ARRAYS):
            raise ArgumentError("detections: every array must be [n] of the same n")
        if n[0] and (np.any(self.pulse[1:] <= self.pulse[:-1]) or int(self.pulse[-1]) >= 2**63):
            raise ArgumentError("detections: pulse indices must rise strictly and stay below 2^63")
        for name, most in (
            ("bob_basis", 1),
            ("bob_bit", 1),
            ("alice_basis", 1),
            ("alice_bit", 1),
            ("alice_intensity", 2),
        ):
            if n[0] and int(getattr(self, name).max()) > most:
                raise ArgumentError(f"detections: {name} holds {getattr(self, name).max()}, allowed 0 to {most}")

    def __len__(self) -> int:
        return len(self.pulse)

    @classmethod
    def concatenate(cls, chunks: Sequence[Detections]) -> Detections:
        """Chunks one after another; pulse indices go on rising, n_sent adds."""
        if not chunks:
            raise ArgumentError("detections: no chunks")
        arrays = {name: np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in _ARRAYS}
        sent = [c.n_sent_per_intensity for c in chunks if c.n_sent_per_intensity is not None]
        each = np.sum(np.stack(sent), axis=0) if len(sent) == len(chunks) else None
        return cls(**arrays, n_sent=sum(chunk.n_sent for chunk in chunks), n_sent_per_intensity=each)

    def alice(self) -> AliceRecord:
        """What Alice knows of them."""
        return AliceRecord(self.pulse, self.alice_basis, self.alice_bit, self.alice_intensity)

    def bob(self) -> BobRecord:
        """What Bob knows of them."""
        return BobRecord(self.pulse, self.bob_basis, self.bob_bit)
