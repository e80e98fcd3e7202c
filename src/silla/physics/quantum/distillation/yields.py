"""How long a key the counts of a block allow: what both parties work out, and what a planner or a twin may ask.

The formula is that of `finite_key.key_length` with the bits that were really told. Its log2(2 / eps_cor) is the
verification tag; a bit that rounding adds to the tag is taken off as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from silla.base.errors import DomainError
from silla.coding.reconciliation import binary_entropy
from silla.coding.universal_hash import TAG_BYTES
from silla.physics.quantum.distillation.efficiency import LEAST_ERROR, measured_efficiency
from silla.physics.quantum.distillation.settings import Settings
from silla.physics.quantum.finite_key import Counts, FiniteKey, expected_counts, key_length

__all__ = ["Distilled", "distilled_bits", "secret_length", "shortest_block"]

PADS = 3
AUTHENTICATION_BIT = 8 * TAG_BYTES * PADS


class Distilled(NamedTuple):
    """Bits of one block, or of each block of an array: the key, less what authentication spends of it."""

    key_bit: np.ndarray
    authentication_bit: np.ndarray
    net_bit: np.ndarray  # for use; 0 where no key comes out, and then authentication was spent all the same
    finite: FiniteKey


def secret_length(counts: Counts, settings: Settings, told_bit: int) -> tuple[int, FiniteKey]:
    """(length of the key in bits, the bounds behind it), from counts and told bits of the reconciled block."""
    rounding = settings.tag_bits - np.log2(2.0 / settings.eps_cor)
    found = key_length(
        counts, settings.intensities, settings.probabilities, eps_sec=settings.eps_sec, eps_cor=settings.eps_cor,
        leaked_bit=told_bit + max(0.0, float(rounding)),
    )  # fmt: skip
    return int(min(float(found.length_bit), float(np.sum(counts.key)))), found


def distilled_bits(
    key_counts, key_errors, test_counts, test_errors, settings: Settings, *, efficiency: float | None = None
) -> Distilled:
    """Bits that a block of these counts yields, without running it.

    Counts per intensity, shape [..., K] as in `finite_key.Counts`, of sifted bits before sampling. The sample is taken
    off, and `efficiency` (f; None: that measured of the settings' reconciliation) times n h(error rate) bits are told.
    What a run of `Alice` and `Bob` on such counts gives lies within a few percent.

    >>> settings = Settings((0.5, 0.1, 2e-4), (0.7, 0.2, 0.1))
    >>> counts, pulses = expected_counts(1e-2, settings.intensities, settings.probabilities, block=1e7, key_basis=0.8,
    ...     y0=1e-6, misalignment=0.01)
    >>> bool(distilled_bits(*counts, settings).net_bit > 1e6)
    True
    """
    arrays = [np.asarray(x, float) for x in (key_counts, key_errors, test_counts, test_errors)]
    key, errors = arrays[0], arrays[1]
    n = key.sum(axis=-1)
    sample = np.minimum(np.clip(np.round(settings.sample * n), 256, 4096), n / 2.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(n > 0.0, 1.0 - sample / n, 0.0)
        rate = np.where(n > 0.0, errors.sum(axis=-1) / n, 0.5)
    told = _told(settings, rate, left * n, efficiency)
    counts = Counts(key * left[..., None], errors * left[..., None], arrays[2], arrays[3])
    found = key_length(
        counts, settings.intensities, settings.probabilities, eps_sec=settings.eps_sec, eps_cor=settings.eps_cor,
        leaked_bit=told,
    )  # fmt: skip
    bits = np.where(rate <= settings.max_error, np.floor(found.length_bit), 0.0)
    spent = np.full(bits.shape, float(AUTHENTICATION_BIT))
    return Distilled(bits, spent, np.maximum(bits - spent, 0.0), found)


def _told(settings: Settings, rate: np.ndarray, n: np.ndarray, efficiency: float | None) -> np.ndarray:
    wrong = np.minimum(rate, 0.5)
    if efficiency is not None:
        return efficiency * n * binary_entropy(wrong)
    one = np.vectorize(
        lambda q, bits: measured_efficiency(settings.reconciliation, min(q, 0.49), max(bits, 1.0)).f, otypes=[float]
    )
    # below the least error rate that was measured the table holds the told bits, down to none at all
    return one(wrong, n) * n * binary_entropy(np.maximum(wrong, LEAST_ERROR))


def shortest_block(
    transmittance: float,
    settings: Settings,
    *,
    key_basis: float,
    y0: float,
    misalignment: float,
    afterpulse: float = 0.0,
) -> float:
    """Sifted bits of the shortest block that is expected to leave some key after authentication is paid.

    Infinite where no block of up to 1e12 bits does. To 1 %, by bisection over `distilled_bits`.
    """

    def net(block: float) -> float:
        counts, _ = expected_counts(
            transmittance, settings.intensities, settings.probabilities, block=block, key_basis=key_basis, y0=y0,
            misalignment=misalignment, afterpulse=afterpulse,
        )  # fmt: skip
        return float(distilled_bits(*counts, settings).net_bit)

    low, high = 1e2, 1e12
    if not 0.0 < transmittance <= 1.0:
        raise DomainError(f"distillation: transmittance {transmittance:g}, allowed above 0 to 1")
    if net(high) <= 0.0:
        return float("inf")
    while high / low > 1.01:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if net(middle) > 0.0 else (middle, high)
    return high
