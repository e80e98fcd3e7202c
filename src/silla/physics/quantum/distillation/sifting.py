"""Sifting and estimation: what is told about detections, and the counts that follow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from silla.physics.quantum.distillation.records import AliceRecord
from silla.physics.quantum.distillation.wire import Malformed

__all__ = ["Sifted", "counts_of", "error_rate", "pulses_from", "rises_of", "sift"]


class Sifted(NamedTuple):
    """Places among the detections: of the test, of the sample and of the key."""

    test: np.ndarray
    sample: np.ndarray
    key: np.ndarray


def sift(same: np.ndarray, basis: np.ndarray, sampled: np.ndarray) -> Sifted:
    """The three sets, from equality of bases, the basis, and the numbers of the sampled bits among the key bits."""
    key = np.flatnonzero(same & (basis == 0))
    left = np.ones(len(key), bool)
    left[sampled] = False
    return Sifted(np.flatnonzero(same & (basis == 1)), key[sampled], key[left])


def rises_of(pulse: np.ndarray) -> np.ndarray:
    """Pulse indices as rises from one to the next (from -1 on), less one, in the smallest integers that hold them."""
    at = pulse.astype(np.int64)
    rises = at.copy()  # the first from -1 on
    rises[1:] -= at[:-1]
    rises[1:] -= 1
    most = int(rises.max(initial=0))
    return rises.astype(
        next(d for d, top in (("<u1", 255), ("<u2", 65535), ("<u4", 2**32 - 1), ("<u8", 2**63)) if most <= top)
    )


def pulses_from(rises: np.ndarray) -> np.ndarray:
    """The inverse; Malformed when the indices leave 63 bits."""
    if len(rises) and float(rises.astype(float).sum()) + len(rises) >= 2.0**62:
        raise Malformed("pulse indices run out of range")
    return (np.cumsum(rises.astype(np.int64) + 1) - 1).astype(np.uint64)


def look_up(record: AliceRecord, pulse: np.ndarray) -> np.ndarray | slice:
    """Places of these pulses in Alice's record, or all of it; Malformed for a pulse that she did not send."""
    if np.array_equal(record.pulse, pulse):
        return slice(None)
    at = np.searchsorted(record.pulse, pulse)
    if len(pulse) and (len(record.pulse) == 0 or np.any(record.pulse[np.minimum(at, len(record.pulse) - 1)] != pulse)):
        raise Malformed("a detection of a pulse that is not on record")
    return at


def counts_of(intensity: np.ndarray, n_intensities: int) -> np.ndarray:
    """Detections of each intensity."""
    most = max(n_intensities, int(intensity.max(initial=0)) + 1)
    return np.array([np.count_nonzero(intensity == i) for i in range(most)], np.int64)


def error_rate(sample: int, sample_errors: int, test: int, test_errors: int) -> float:
    """Estimated error rate of the key basis, for the choice of block sizes and rates; never 0.

    That of the sample and the test together, unless the test differs from the sample by more than three standard
    deviations: the bases may be aligned unequally.
    """
    own = (sample_errors + 0.5) / (sample + 1.0)
    both = (sample_errors + test_errors + 0.5) / (sample + test + 1.0)
    if test and abs(test_errors / test - own) > 3.0 * np.sqrt(own * (1.0 / max(sample, 1) + 1.0 / test)):
        return own
    return both
