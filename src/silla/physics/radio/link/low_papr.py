"""Low-PAPR sequences of type 1 (TS 38.211 clause 5.2.2): Zadoff-Chu sequences extended by a turn, and tables for the
short ones. They are the reference signals of DFT-s-OFDM and of sounding. Left out: type 2 (clause 5.2.3)."""

from __future__ import annotations

import functools
from importlib import resources

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["base_sequence", "low_papr"]


@functools.cache
def _phases() -> dict[int, np.ndarray]:
    text = resources.files("silla.physics.radio.link").joinpath("data/low_papr_phases.csv").read_text("utf-8")
    rows = [[int(v) for v in line.split(",")] for line in text.splitlines() if line[:1] not in ("#", "")]
    return {m: np.array([row[1:] for row in rows if row[0] == m]) for m in (6, 12, 18, 24)}


def _largest_prime_below(n: int) -> int:
    return next(p for p in range(n - 1, 1, -1) if all(p % d for d in range(2, int(p**0.5) + 1)))


@functools.lru_cache(maxsize=256)
def base_sequence(u: int, v: int, length: int) -> np.ndarray:
    """Base sequence of group u and number v, complex128 [length], all of magnitude 1 (clauses 5.2.2.1 and 5.2.2.2).

    length : M_ZC, 6, 12, 18, 24, 30 or at least 36. v is 0, or 1 from length 72 on.

    >>> bool(np.allclose(abs(np.fft.ifft(base_sequence(3, 0, 144)[:139])), 139**-0.5))
    True
    """
    if not 0 <= u <= 29:
        raise ArgumentError(f"sequence group u is {u}; allowed: 0 to 29 (TS 38.211 clause 5.2.2)")
    if v not in (0, 1) or (v == 1 and length < 72):
        raise ArgumentError(f"sequence number v is {v} at length {length}; allowed: 0, and 1 from 72 on (clause 5.2.2)")
    if length in _phases():
        out = np.exp(0.25j * np.pi * _phases()[length][u])
    elif length == 30:
        n = np.arange(30)
        out = np.exp(-1j * np.pi * ((u + 1) * (n + 1) * (n + 2) % 62) / 31)
    elif length >= 36:
        prime = _largest_prime_below(length)
        # q = floor(q' + 1/2) + v (-1)^floor(2 q'), q' = prime (u + 1) / 31, in whole numbers
        q = (2 * prime * (u + 1) + 31) // 62 + v * (-1) ** (2 * prime * (u + 1) // 31)
        m = np.arange(length) % prime
        out = np.exp(-1j * np.pi * (q * m * (m + 1) % (2 * prime)) / prime)
    else:
        raise ArgumentError(f"no low-PAPR sequence has the length {length} (TS 38.211 clause 5.2.2)")
    out.setflags(write=False)
    return out


def low_papr(u: int, v: int, length: int, cyclic_shift: float = 0.0) -> np.ndarray:
    """exp(j cyclic_shift n) times the base sequence, complex64 [length]; cyclic_shift alpha in radians."""
    return (base_sequence(u, v, length) * np.exp(1j * cyclic_shift * np.arange(length))).astype(np.complex64)
