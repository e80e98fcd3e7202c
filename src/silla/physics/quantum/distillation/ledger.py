"""The account of a key: where every detection went, and every bit that was told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from silla.coding.reconciliation import binary_entropy

__all__ = ["Ledger"]


@dataclass
class Ledger:
    """Bits at one end. Both ends' ledgers agree where both know the number; `check` holds for a finished key."""

    detected: int = 0
    other_basis: int = 0  # detections in different bases: thrown away
    test: int = 0  # bits of the test basis, all told
    test_errors: int = 0
    sampled: int = 0  # key bits told to estimate their error rate, thrown away
    sample_errors: int = 0
    reconciled: int = 0  # key bits that both ends have after correction
    errors: int = 0  # of them, corrected
    parities: int = 0  # told about them: parities, syndrome bits
    verification: int = 0  # bits of the tag
    vacuum: float = 0.0  # bounds of the finite-key formula
    single: float = 0.0
    phase_error: float = 0.5
    hashed_away: int = 0  # reconciled bits less the key's
    key: int = 0  # secret bits
    authentication: int = 0  # pads and hash key that were spent, in bits
    payback: int = 0  # of the key, into the pool
    messages: int = 0
    message_bytes: int = 0

    @property
    def error_rate(self) -> float:
        return self.errors / self.reconciled if self.reconciled else float("nan")

    @property
    def efficiency(self) -> float:
        """f: parities over n h(error rate); infinite where there was no error."""
        if not self.reconciled:
            return float("nan")
        limit = self.reconciled * float(binary_entropy(self.error_rate))
        return self.parities / limit if limit > 0.0 else float("inf")

    @property
    def net(self) -> int:
        """Secret bits left for use."""
        return self.key - self.payback

    def check(self) -> None:
        """Raise ArithmeticError where detections or bits are lost or counted twice."""
        if self.detected != self.other_basis + self.test + self.sampled + self.reconciled:
            raise ArithmeticError(f"detections do not add up: {self}")
        if self.key + self.hashed_away != self.reconciled or np.any(np.array([self.net, self.hashed_away]) < 0):
            raise ArithmeticError(f"key bits do not add up: {self}")
