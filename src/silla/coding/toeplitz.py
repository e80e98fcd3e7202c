"""Toeplitz hashing over GF(2), exact: the universal hash of privacy amplification (Krawczyk 1994).

The product is a convolution of bits. The kernel takes 64 bits at a time as coefficients in GF(2^128) and multiplies
them by an additive Fourier transform (Lin, Chung & Han, FOCS 2014). The NumPy twin convolves by a
number-theoretic transform
modulo the prime 15 * 2^27 + 1: every sum counts at most n ones, so a prime above n keeps it whole. Neither rounds.
"""

from __future__ import annotations

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel

__all__ = ["toeplitz_hash", "toeplitz_hash_numpy"]

_PRIME, _GENERATOR, _ORDER_LOG = 15 * 2**27 + 1, 31, 27
_PIECE = 1 << 22  # bits of the input that one transform takes


def toeplitz_hash(bits: np.ndarray, diagonals: np.ndarray, n_out: int) -> np.ndarray:
    """T x over GF(2), uint8 [n_out].

    bits : x, uint8 [n] of 0 and 1. diagonals : uint8 [n + n_out - 1] random bits, T[i, j] = diagonals[i - j + n - 1].
    n_out : bits of the hash, 1 or more. Two different inputs have the same hash for a share 2^-n_out of
    all diagonals.

    >>> toeplitz_hash(np.array([1, 0, 1], np.uint8), np.array([1, 0, 0, 1], np.uint8), 2).tolist()
    [1, 1]
    """
    x, t = _checked(bits, diagonals, n_out)
    fast = kernel("toeplitz")
    if fast is None:
        return toeplitz_hash_numpy(x, t, n_out)
    packed = fast(np.packbits(x, bitorder="little"), len(x), np.packbits(t, bitorder="little"), n_out)
    return np.unpackbits(packed, count=n_out, bitorder="little")


def _checked(bits, diagonals, n_out: int) -> tuple[np.ndarray, np.ndarray]:
    x, t = np.asarray(bits), np.asarray(diagonals)
    if n_out < 1 or x.ndim != 1 or not len(x) or t.shape != (len(x) + n_out - 1,):
        raise ArgumentError(
            f"bits {x.shape}, diagonals {t.shape} and n_out {n_out}: expected [n], [n + n_out - 1] and at least 1"
        )
    for array in (x, t):
        if array.dtype != bool and (np.any(array > 1) or np.any(array < 0) or np.any(array != array.astype(np.uint8))):
            raise ArgumentError("bits and diagonals hold values other than 0 and 1")
    return x.astype(np.uint8, copy=False), t.astype(np.uint8, copy=False)


def toeplitz_hash_numpy(bits: np.ndarray, diagonals: np.ndarray, n_out: int) -> np.ndarray:
    """The same in NumPy."""
    x, t = _checked(bits, diagonals, n_out)
    n, out = len(x), np.zeros(n_out, np.uint8)
    for row in range(0, n_out, _PIECE):
        rows = min(_PIECE, n_out - row)
        for column in range(0, n, _PIECE):
            piece = x[column : column + _PIECE]
            first = row - (column + len(piece) - 1) + n - 1
            out[row : row + rows] ^= _product(piece, t[first : first + rows + len(piece) - 1], rows)
    return out


def _product(bits: np.ndarray, diagonals: np.ndarray, n_out: int) -> np.ndarray:
    """Places n - 1 .. n + n_out - 2 of the convolution, which do not come round at this length."""
    n, log_size = len(bits), max(int(len(diagonals) - 1).bit_length(), 1)
    spectrum = _transform(bits, log_size, False) * _transform(diagonals, log_size, False) % _PRIME
    sums = _transform(spectrum, log_size, True)[n - 1 : n - 1 + n_out]
    return ((sums * pow(1 << log_size, -1, _PRIME) % _PRIME) & 1).astype(np.uint8)


def _powers(base: int, n: int) -> np.ndarray:
    out = np.ones(1, np.uint64)
    while len(out) < n:
        out = np.concatenate([out, out * np.uint64(pow(base, len(out), _PRIME)) % np.uint64(_PRIME)])
    return out[:n]


def _transform(values: np.ndarray, log_size: int, inverse: bool) -> np.ndarray:
    """Number-theoretic transform of size 2^log_size in natural order (Stockham's self-sorting form)."""
    size, p = 1 << log_size, np.uint64(_PRIME)
    root = pow(_GENERATOR, (_PRIME - 1) >> log_size, _PRIME)
    powers = _powers(pow(root, -1, _PRIME) if inverse else root, size // 2)
    a = np.zeros(size, np.uint64)
    a[: len(values)] = values
    for stage in range(log_size):
        blocks = size >> (stage + 1)  # radix-2 butterflies between the halves
        top, bottom = a.reshape(2, blocks, -1)
        factor = powers[:: 1 << stage, None]
        a = np.stack([(top + bottom) % p, (top + (p - bottom)) * factor % p], axis=1).ravel()
    return a
