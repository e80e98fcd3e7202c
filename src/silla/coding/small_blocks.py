"""Codes of 1 to 11 bits of uplink control information (TS 38.212 clauses 5.3.3 and 5.4.3), and their best decoder."""

from __future__ import annotations

import functools

import numpy as np

from silla.base.errors import ArgumentError, DomainError

__all__ = ["PLACEHOLDER_ONE", "PLACEHOLDER_REPEAT", "decode_small_block", "encode_small_block"]

PLACEHOLDER_ONE = 2  # x: a one that is not scrambled (TS 38.211 clause 6.3.1.1)
PLACEHOLDER_REPEAT = 3  # y: the bit before it, as scrambled

# Rows M_i,0 .. M_i,10 of Table 5.3.3.3-1.
_BASIS = (
    "11000000001 11100000011 10010010111 10110000101 11110001001 11001011101 10101010111 10011001101 "
    "11011001011 10111010011 10100111011 11100110101 10010101111 11010101011 10001101001 11001111011 "
    "11101110010 10011100100 11011111000 10000110000 10100010001 11010000011 10001001101 11101000111 "
    "11111011110 11000111001 10110100110 11110101110 10101110100 10111111100 11111111111 10000000000"
)


@functools.cache
def _basis() -> np.ndarray:
    table = np.array([[int(x) for x in row] for row in _BASIS.split()], np.uint8)
    table.setflags(write=False)
    return table


def _mother(bits: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    """d_0 .. d_(N-1) of clause 5.3.3."""
    n, k = bits.shape
    if k > 2:
        return bits @ _basis()[:, :k].T & 1
    fill = np.full((n, max(0, bits_per_symbol - 2)), PLACEHOLDER_ONE, np.uint8)
    if k == 1:
        repeat = np.full((n, min(1, bits_per_symbol - 1)), PLACEHOLDER_REPEAT, np.uint8)
        return np.concatenate([bits, repeat, fill], axis=1)
    three = np.concatenate([bits, bits[:, :1] ^ bits[:, 1:]], axis=1)
    if bits_per_symbol == 1:
        return three
    pairs = np.concatenate([three, three], axis=1).reshape(n, 3, 2)
    return np.concatenate([pairs, np.repeat(fill[:, None], 3, axis=1)], axis=2).reshape(n, -1)


def encode_small_block(bits: np.ndarray, e: int, bits_per_symbol: int = 1) -> np.ndarray:
    """The e bits sent of each message, uint8 [n, e]: 0 and 1, and for one or two bits the placeholders 2 (x) and 3 (y).

    bits : uint8 [n, K], K 1 to 11. bits_per_symbol : Q_m; it matters for K of 1 and 2 alone.

    >>> encode_small_block(np.array([[1, 0]]), 7).tolist()
    [[1, 0, 1, 1, 0, 1, 1]]
    """
    given = np.asarray(bits)
    if given.ndim != 2 or not 1 <= given.shape[1] <= 11:
        raise DomainError(f"bits have the shape {given.shape}; expected [n, 1..11] (TS 38.212 clause 5.3.3)")
    if not ((given == 0) | (given == 1)).all():
        raise ArgumentError("bits hold values other than 0 and 1")
    if e < 1 or bits_per_symbol not in (1, 2, 4, 6, 8):
        raise ArgumentError(f"{e} sent bits of {bits_per_symbol} a symbol; at least 1, and Q_m of 1, 2, 4, 6 or 8")
    word = _mother(given.astype(np.uint8), bits_per_symbol)
    return word[:, np.arange(e) % word.shape[1]]


def decode_small_block(llr: np.ndarray, k: int, bits_per_symbol: int = 1) -> np.ndarray:
    """The likeliest messages, uint8 [n, k], by comparison with all 2^k words.

    llr : float [n, e], log P(0)/P(1), descrambled. A placeholder x says nothing; a y counts as the bit before it.

    >>> sent = encode_small_block(np.array([[1, 0, 1, 1]]), 32)
    >>> decode_small_block(1.0 - 2.0 * sent, 4).tolist()
    [[1, 0, 1, 1]]
    """
    llr = np.asarray(llr, float)
    if llr.ndim != 2:
        raise ArgumentError(f"llr has the shape {llr.shape}; expected [n, e]")
    if np.isnan(llr).any():
        raise ArgumentError("an LLR is not a number")
    every = (np.arange(1 << k)[:, None] >> np.arange(k - 1, -1, -1) & 1).astype(np.uint8)
    words = encode_small_block(every, llr.shape[1], bits_per_symbol).astype(np.int64)
    repeat = np.flatnonzero(words[0] == PLACEHOLDER_REPEAT)
    words[:, repeat] = words[:, repeat - 1]
    signs = np.where(words == PLACEHOLDER_ONE, 0.0, 1.0 - 2.0 * words)
    return every[(np.clip(llr, -1e6, 1e6) @ signs.T).argmax(axis=1)]
