"""Cyclic redundancy checks of TS 38.212 clause 5.1, on arrays of blocks.

The remainder is linear in the bits, so a block's remainder is the XOR of one table entry per byte. Long blocks are cut
into segments whose remainders are joined by Horner's rule.
"""

from __future__ import annotations

import functools

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel

__all__ = ["CRC_LENGTH", "append", "check", "remainder", "remainder_numpy"]

_POLYNOMIAL = {  # coefficients below the leading one, clause 5.1
    "24A": (24, 0x864CFB),
    "24B": (24, 0x800063),
    "24C": (24, 0xB2B117),
    "16": (16, 0x1021),
    "11": (11, 0x621),
    "6": (6, 0x21),
}
CRC_LENGTH = {name: length for name, (length, _) in _POLYNOMIAL.items()}
_SEGMENT = 1024  # bytes; the tables stay at 1 MiB


def _known(name: str) -> tuple[int, int]:
    if name not in _POLYNOMIAL:
        raise ArgumentError(f"CRC {name!r} is not in TS 38.212 clause 5.1; known: {', '.join(_POLYNOMIAL)}")
    return _POLYNOMIAL[name]


def _times_x(value: int, length: int, polynomial: int) -> int:
    moved = value << 1
    return moved ^ (1 << length | polynomial) if moved >> length else moved


@functools.cache
def _tables(name: str) -> tuple[np.ndarray, np.ndarray]:
    """(remainder of a byte that n bytes follow [_SEGMENT, 256]; a remainder moved on by one segment [3, 256])."""
    length, polynomial = _known(name)
    power = [polynomial]  # x^length, x^(length + 1), ..: the remainder of each bit position
    for _ in range(8 * _SEGMENT):
        power.append(_times_x(power[-1], length, polynomial))
    bits = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(bool)
    place = np.array(power, np.uint32)

    def bytes_at(first: np.ndarray) -> np.ndarray:
        return np.bitwise_xor.reduce(np.where(bits, first[:, None, :], np.uint32(0)), axis=-1)

    table = bytes_at(place[: 8 * _SEGMENT].reshape(-1, 8))
    # Bit i of a remainder is x^i; _SEGMENT bytes later it is x^(i + 8 _SEGMENT).
    moved = bytes_at(np.pad(place[8 * _SEGMENT - length :], (0, 24))[:24].reshape(3, 8))
    return table, moved


def _segment_remainder(table: np.ndarray, data: np.ndarray) -> np.ndarray:
    n = data.shape[-1]
    return np.bitwise_xor.reduce(table[np.arange(n - 1, -1, -1), data], axis=-1)


@functools.cache
def reversed_tables(name: str) -> np.ndarray:
    """Remainders, lowest bit first, of a byte that 0 .. 7 bytes follow: uint32 [8, 256], for the decoder's kernel.

    Bytes and register are reversed: the bit that comes first is the lowest of both.
    """
    length, polynomial = _known(name)
    backwards = int(f"{polynomial:0{length}b}"[::-1], 2)
    first = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        first = (first >> np.uint32(1)) ^ np.where(first & 1, np.uint32(backwards), np.uint32(0))
    tables = [first]
    for _ in range(7):
        tables.append((tables[-1] >> np.uint32(8)) ^ first[tables[-1] & 255])
    out = np.array(tables, np.uint32)
    out.setflags(write=False)
    return out


@functools.lru_cache(maxsize=32)
def remainders_of_bits(name: str, n: int) -> np.ndarray:
    """Remainder of each of n bits alone, the first the highest power: uint32 [n]. A word holds when those of its ones
    add up to 0.

    >>> remainders_of_bits("6", 8).tolist()  # x^7 .. 1 modulo x^6 + x^5 + 1
    [35, 33, 32, 16, 8, 4, 2, 1]
    """
    length, polynomial = _known(name)
    power, out = 1, np.empty(n, np.uint32)
    for i in range(n - 1, -1, -1):
        out[i], power = power, _times_x(power, length, polynomial)
    out.setflags(write=False)
    return out


def remainder(bits: np.ndarray, name: str) -> np.ndarray:
    """Parity bits p_0 .. p_(L-1), uint8 [..., L], of bits [..., n] (0 or 1, first bit is the highest power).

    name : "24A", "24B", "24C", "16", "11" or "6". The register starts at zero.

    >>> remainder(np.array([0, 0, 1], np.uint8), "6").tolist()
    [1, 0, 0, 0, 0, 1]
    """
    length, _ = _known(name)
    bits = np.asarray(bits, np.uint8)
    if bits.ndim < 1 or bits.shape[-1] == 0:
        raise ArgumentError("a CRC needs one bit at least")
    fast = kernel("crc_remainder")
    if fast is None:
        return remainder_numpy(bits, name)
    register = fast(_rows(bits), bits.shape[-1], reversed_tables(name)).reshape(bits.shape[:-1])
    return (register[..., None] >> np.arange(length, dtype=np.uint32) & 1).astype(np.uint8)


def _rows(bits: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(bits).reshape(int(np.prod(bits.shape[:-1])), -1)


def remainder_numpy(bits: np.ndarray, name: str) -> np.ndarray:
    """`remainder` in NumPy."""
    length, _ = _known(name)
    front = -bits.shape[-1] % 8  # zeros in front change nothing
    padded = np.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(front, 0)])
    data = np.packbits(padded, axis=-1)
    table, moved = _tables(name)
    n_first = data.shape[-1] % _SEGMENT or _SEGMENT
    value = _segment_remainder(table, data[..., :n_first])
    for start in range(n_first, data.shape[-1], _SEGMENT):
        value = moved[0, value & 255] ^ moved[1, (value >> 8) & 255] ^ moved[2, value >> 16]
        value = value ^ _segment_remainder(table, data[..., start : start + _SEGMENT])
    return (value[..., None] >> np.arange(length - 1, -1, -1, dtype=np.uint32) & 1).astype(np.uint8)


def append(bits: np.ndarray, name: str) -> np.ndarray:
    """The bits followed by their parity, uint8 [..., n + L].

    >>> bool(check(append(np.ones(40, np.uint8), "24A"), "24A"))
    True
    """
    bits = np.asarray(bits, np.uint8)
    return np.concatenate([bits, remainder(bits, name)], axis=-1)


def check(bits: np.ndarray, name: str) -> np.ndarray:
    """Whether the last L bits are the parity of those before them, bool [...]."""
    bits = np.asarray(bits, np.uint8)
    length, _ = _known(name)
    if bits.shape[-1] <= length:
        raise ArgumentError(f"{bits.shape[-1]} bits cannot hold a CRC of {length}")
    fast = kernel("crc_remainder")
    if fast is not None:  # of a word with its parity nothing remains
        return fast(_rows(bits), bits.shape[-1], reversed_tables(name)).reshape(bits.shape[:-1]) == 0
    return (remainder_numpy(bits[..., :-length], name) == bits[..., -length:]).all(axis=-1)
