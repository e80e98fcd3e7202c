"""Hiding a message from whoever knows part of the frame, and a tag that shows whether it came whole.

Of a payload u = (m + T r, r) with fresh random r and a public Toeplitz matrix T, the message is m = u_1 + T u_2: the
hash [1 T] is universal, and sending through its inverse makes any t bits that leak about u tell of m no more than a
trace distance 2^(-(|r| - t)/2 - 1) (Hayashi and Matsumoto, IEEE Trans. Inf. Theory 62, 2355 (2016)). The tag is
Carter and Wegman's: a polynomial of the message modulo 2^127 - 1 at a secret point, plus a secret pad; n blocks are
forged with chance n 2^-127 at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.coding.toeplitz import toeplitz_hash

__all__ = ["TAG_BYTES", "hide", "reveal", "tag_of"]

Bits = NDArray[np.uint8]
TAG_BYTES = 16
_PRIME = (1 << 127) - 1
_BLOCK = 15


def hide(message: Bits, fresh: Bits, diagonals: Bits) -> Bits:
    """The payload that carries `message` [k], uint8 [k + r].

    fresh : [r] random bits, told to nobody. diagonals : [k + r - 1] public random bits of the matrix.

    >>> m, r, d = np.array([1, 0], np.uint8), np.array([1], np.uint8), np.array([0, 1], np.uint8)
    >>> reveal(hide(m, r, d), 2, d).tolist()
    [1, 0]
    """
    if len(fresh) == 0:
        return np.array(message, np.uint8)
    return np.concatenate([message ^ toeplitz_hash(fresh, diagonals, len(message)), fresh])


def reveal(payload: Bits, k: int, diagonals: Bits) -> Bits:
    """The k message bits of a payload."""
    if not 1 <= k <= len(payload):
        raise ArgumentError(f"{k} message bits in a payload of {len(payload)}; allowed: 1 to its length")
    if k == len(payload):
        return np.array(payload, np.uint8)
    return payload[:k] ^ toeplitz_hash(payload[k:], diagonals, k)


def tag_of(data: bytes, key: Any) -> bytes:
    """16 bytes that authenticate `data`. key : 32 secret bytes, used for one message.

    >>> tag_of(b"gyeongju", bytes(range(32))) == tag_of(b"gyeongju ", bytes(range(32)))
    False
    """
    if len(key) != 2 * TAG_BYTES:
        raise ArgumentError(f"a tag's key has {len(key)} bytes; allowed: {2 * TAG_BYTES}")
    point, pad = (int.from_bytes(key[i : i + 16], "little") % _PRIME for i in (0, 16))
    total = len(data) + 1
    for first in range(0, len(data), _BLOCK):
        total = (total * point + int.from_bytes(data[first : first + _BLOCK], "little")) % _PRIME
    return ((total * point + pad) % _PRIME).to_bytes(TAG_BYTES, "little")
