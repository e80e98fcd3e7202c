"""What both parties agreed on before the light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.coding.rate_adaptive import START
from silla.coding.universal_hash import verification_bits

__all__ = ["RECONCILIATIONS", "Settings"]

RECONCILIATIONS = ("cascade", "ldpc")


@dataclass(frozen=True)
class Settings:
    """Settings of a decoy-BB84 key.

    intensities, probabilities : 3 (two decoys; Lim et al.) or 2 (one decoy; Rusca et al.), intensities falling.
    eps_sec, eps_cor : secrecy and correctness of the key. sample : share of the key bits told to estimate their error
    rate, at least 256 and at most 4096 of them; they are thrown away.
    efficiency : f of the syndrome that LDPC blocks are first told. max_error : error rate of the key basis at which
    both give up.
    """

    intensities: tuple[float, ...]
    probabilities: tuple[float, ...]
    eps_sec: float = 1e-10
    eps_cor: float = 1e-15
    reconciliation: str = "cascade"
    sample: float = 0.01
    efficiency: float = START
    max_error: float = 0.20

    def __post_init__(self) -> None:
        mu, p = np.asarray(self.intensities, float), np.asarray(self.probabilities, float)
        if mu.shape != p.shape or mu.shape not in ((2,), (3,)) or np.any(p <= 0.0) or abs(p.sum() - 1.0) > 1e-9:
            raise ArgumentError(
                f"distillation: intensities {self.intensities} and probabilities {self.probabilities}; expected 2 or 3 "
                "of each, probabilities above 0 that add up to 1"
            )
        if np.any(np.diff(mu) >= 0.0) or mu[-1] < 0.0:
            raise DomainError(f"distillation: intensities {self.intensities} must fall and stay at 0 or above")
        if self.reconciliation not in RECONCILIATIONS:
            raise ArgumentError(
                f"distillation: reconciliation {self.reconciliation!r}, allowed {', '.join(RECONCILIATIONS)}"
            )
        if not (0.0 < self.eps_sec < 0.1 and 0.0 < self.sample <= 0.5 and 1.0 < self.efficiency <= 2.0):
            raise DomainError("distillation: allowed are eps_sec 0 to 0.1, sample 0 to 0.5, efficiency 1 to 2")
        if not 0.0 < self.max_error <= 0.25:
            raise DomainError(f"distillation: max_error {self.max_error}, allowed above 0 to 0.25")
        verification_bits(self.eps_cor)

    @property
    def tag_bits(self) -> int:
        """Bits of the verification tag."""
        return verification_bits(self.eps_cor)

    def sample_of(self, n: int) -> int:
        """Key bits told to estimate the error rate, of n."""
        return int(min(np.clip(round(self.sample * n), 256, 4096), n // 2))
