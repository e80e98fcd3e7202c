"""Modulation mapper (TS 38.211 clause 5.1): bits to complex symbols, pi/2-BPSK to 1024QAM, and 4096QAM likewise.

4096QAM is no part of the standard: it continues the recursion of clauses 5.1.3 to 5.1.7 by one bit on each axis.
"""

from __future__ import annotations

import functools

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.physics.radio.modulation import BITS_PER_SYMBOL

__all__ = [
    "BITS",
    "axis_levels",
    "bits_per_symbol",
    "constellation",
    "map_symbols",
    "map_symbols_numpy",
    "modulation_of",
]

BITS = {"pi/2-bpsk": 1, "bpsk": 1, **BITS_PER_SYMBOL}
"""Bits per symbol Q_m of each modulation."""


def bits_per_symbol(modulation: str) -> int:
    """Q_m; ArgumentError for a modulation that is not known.

    >>> bits_per_symbol("qam256")
    8
    """
    if modulation not in BITS:
        raise ArgumentError(f"modulation {modulation!r} is not known (TS 38.211 clause 5.1); known: {', '.join(BITS)}")
    return BITS[modulation]


def modulation_of(bits: int) -> str:
    """The modulation of `bits` bits per symbol, pi/2-BPSK for one.

    >>> modulation_of(6)
    'qam64'
    """
    for name, count in BITS.items():
        if count == bits and name != "bpsk":
            return name
    raise ArgumentError(f"no modulation has {bits} bits per symbol; known: {BITS}")


@functools.cache
def axis_levels(modulation: str) -> np.ndarray:
    """Value of one axis for every number its bits form, float64 [2^(Q_m/2)]; mean square 1/2.

    The bits of the real axis are b0 b2 b4 .., those of the imaginary one b1 b3 b5 .., the first counting most.

    >>> (axis_levels("qam16") * np.sqrt(10)).round().tolist()
    [1.0, 3.0, -1.0, -3.0]
    """
    half = bits_per_symbol(modulation) // 2
    if half == 0:
        raise ArgumentError(f"{modulation} has no separate axes")
    numbers = np.arange(1 << half)
    level = np.ones(1 << half)
    for j in range(half - 1, -1, -1):  # the innermost bracket first: (1-2b)[2^k - ..]
        sign = 1.0 - 2.0 * (numbers >> (half - 1 - j) & 1)
        level = sign * (level if j == half - 1 else (1 << (half - 1 - j)) - level)
    out = level / np.sqrt(2.0 * np.mean(level**2))
    out.setflags(write=False)
    return out


@functools.cache
def constellation(modulation: str) -> np.ndarray:
    """Symbols of all bit patterns, complex128 [2^Q_m], b0 counting most; pi/2-BPSK as at even places."""
    bits = bits_per_symbol(modulation)
    patterns = (np.arange(1 << bits)[:, None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8)
    if bits == 1:
        out = (1.0 - 2.0 * patterns[:, 0]) * (1 + 1j) / np.sqrt(2.0)
    else:
        weight = 1 << np.arange(bits // 2 - 1, -1, -1)
        level = axis_levels(modulation)
        out = level[patterns[:, 0::2] @ weight] + 1j * level[patterns[:, 1::2] @ weight]
    out.setflags(write=False)
    return out


@functools.cache
def _levels32(modulation: str) -> np.ndarray:
    return axis_levels(modulation).astype(np.float32)


def _checked(bits: np.ndarray, modulation: str, flip: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None, int]:
    q_m = bits_per_symbol(modulation)
    data = np.ascontiguousarray(bits, np.uint8)
    if data.ndim < 1 or data.shape[-1] % q_m:
        raise ArgumentError(
            f"bits have the shape {data.shape}; the last axis must be a multiple of {q_m} for {modulation}"
        )
    if data.size and data.max() > 1:
        raise ArgumentError("bits hold values other than 0 and 1")
    if flip is not None:
        try:
            flip = np.ascontiguousarray(np.broadcast_to(np.asarray(flip, np.uint8), data.shape))
        except ValueError:
            raise ArgumentError(f"scrambling has the shape {np.shape(flip)}, the bits {data.shape}") from None
    return data, flip, q_m


def map_symbols(bits: np.ndarray, modulation: str, *, scrambling: np.ndarray | None = None) -> np.ndarray:
    """Complex symbols of mean power 1, complex64 [.., n / Q_m], of bits [.., n] (0 or 1).

    modulation : "pi/2-bpsk", "bpsk", "qpsk", "qam16", "qam64", "qam256", "qam1024" or "qam4096". pi/2-BPSK counts its
        places along the last axis. scrambling : bits added modulo 2 first, of the same shape or broadcast to it.

    >>> (map_symbols(np.array([0, 1, 1, 1]), "qpsk") * np.sqrt(2)).round().tolist()
    [(1-1j), (-1-1j)]
    """
    data, flip, q_m = _checked(bits, modulation, scrambling)
    fast = kernel("qam_map")
    if fast is None or q_m == 1:
        return map_symbols_numpy(data, modulation, flip)
    symbols = fast(data.reshape(-1), q_m, _levels32(modulation), None if flip is None else flip.reshape(-1))
    return symbols.view(np.complex64).reshape(*data.shape[:-1], -1)


def map_symbols_numpy(bits: np.ndarray, modulation: str, scrambling: np.ndarray | None = None) -> np.ndarray:
    """The same in NumPy."""
    data = bits if scrambling is None else bits ^ scrambling
    q_m = BITS[modulation]
    if q_m == 1:
        sign = 1.0 - 2.0 * data.astype(np.float32)
        out = sign * np.complex64((1 + 1j) / np.sqrt(2.0))
        if modulation == "pi/2-bpsk":
            out[..., 1::2] *= np.complex64(1j)
        return out
    parts = data.reshape(*data.shape[:-1], -1, q_m // 2, 2)
    weight = (1 << np.arange(q_m // 2 - 1, -1, -1)).astype(np.uint8)
    number = np.einsum("...jk,j->...k", parts, weight)
    return np.ascontiguousarray(_levels32(modulation)[number]).view(np.complex64)[..., 0]
