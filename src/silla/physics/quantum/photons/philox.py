"""Random words by their address, and the distances between rare slots: the NumPy twins of `kernels/src/philox.h`.

Philox4x32-10 of Salmon, Moraes, Dror and Shaw, SC'11. The logarithm is made of sums, products and quotients alone, so
that every machine finds the same slots.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["gaps", "log_unit", "words"]

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_FRACTION = np.uint64(0xFFFFFFFFFFFFF)
_ROOT_2 = np.uint64(0x6A09E667F3BCC)
_LONGEST = 2.0**53


def words(key: int, counters: NDArray[np.uint64], stream: int) -> NDArray[np.uint64]:
    """Four 32-bit words of each counter, uint64 [4, n].

    key : 64 bits. stream : third word of the counter, the fourth is 0.

    >>> [hex(int(w)) for w in words(0, np.zeros(1, np.uint64), 0)[:, 0]]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    counters = np.asarray(counters, np.uint64)
    a, b = counters & _LOW, counters >> _32
    c = np.full_like(counters, stream)
    d = np.zeros_like(counters)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p, q = _M0 * a, _M1 * c
        a, b = (q >> _32) ^ b ^ np.uint64(k0), q & _LOW
        c, d = (p >> _32) ^ d ^ np.uint64(k1), p & _LOW
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([a, b, c, d])


def log_unit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of numbers in (0, 1), to about 1e-16 of itself.

    >>> bool(abs(log_unit(np.array([0.3]))[0] - np.log(0.3)) < 1e-15)
    True
    """
    u = np.ascontiguousarray(x, np.float64).view(np.uint64)
    upper = (u & _FRACTION) > _ROOT_2
    e = (u >> np.uint64(52)).astype(np.int64) - 1023 + upper
    one = np.where(upper, np.uint64(0x3FE0000000000000), np.uint64(0x3FF0000000000000))
    f = ((u & _FRACTION) | one).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = np.full_like(z, 1.0 / 21.0)
    for odd in range(19, 0, -2):
        p = p * z + 1.0 / odd
    return e.astype(np.float64) * 0.6931471805599453 + 2.0 * s * p


def gaps(high: NDArray[np.uint64], low: NDArray[np.uint64], scale: float) -> NDArray[np.int64]:
    """floor(log(u) scale) of uniforms u in (0, 1) made of two words each, at most 2^53.

    With scale = 1 / log(1 - q): slots passed over before one that has the chance q.
    """
    bits = ((high << _32) | low) >> np.uint64(12)
    gap = log_unit((bits.astype(np.float64) + 0.5) * 2.0**-52) * scale
    return np.minimum(gap, _LONGEST).astype(np.int64)
