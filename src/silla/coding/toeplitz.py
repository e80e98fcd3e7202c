"""Toeplitz hashing over GF(2), exact: the universal hash of privacy amplification (Krawczyk 1994).

The product is a convolution of bits, worked out by FFT in double precision and rounded. Its sums stay below 2^22, where
the error of the transform is under 1e-3 (eps log2(L) |a| |b|), so that rounding is exact; longer inputs are cut, and
the pieces' hashes are added.
"""

from __future__ import annotations

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["toeplitz_hash"]

_PIECE = 1 << 21


def _smooth(n: int) -> int:
    """The least number of the form 2^i 3^j 5^k that is at least n: lengths at which the FFT is fast."""
    best, five = 1 << (n - 1).bit_length(), 1
    while five < best:
        three = five
        while three < best:
            best = min(best, three << max(0, (-(-n // three) - 1).bit_length()))
            three *= 3
        five *= 5
    return best


def _product(bits: np.ndarray, diagonals: np.ndarray, n_out: int) -> np.ndarray:
    """Outputs of one piece: places n - 1 .. n + n_out - 2 of the convolution, which do not wrap at this length."""
    n, length = len(bits), _smooth(len(diagonals))
    spectrum = np.fft.rfft(bits.astype(float), length) * np.fft.rfft(diagonals.astype(float), length)
    sums = np.fft.irfft(spectrum, length)[n - 1 : n - 1 + n_out]
    whole = np.rint(sums)
    if np.abs(sums - whole).max() > 0.1:
        raise ArithmeticError("the transform lost its precision; no bit of this hash may be trusted")
    return whole.astype(np.int64).astype(np.uint8) & 1


def toeplitz_hash(bits: np.ndarray, diagonals: np.ndarray, n_out: int) -> np.ndarray:
    """T x over GF(2), uint8 [n_out].

    bits : x, uint8 [n] of 0 and 1. diagonals : uint8 [n + n_out - 1] random bits, T[i, j] = diagonals[i - j + n - 1].
    n_out : bits of the hash, 1 or more. Two different inputs have the same hash for a share 2^-n_out of
    all diagonals.

    >>> toeplitz_hash(np.array([1, 0, 1], np.uint8), np.array([1, 0, 0, 1], np.uint8), 2).tolist()
    [1, 1]
    """
    x, t = np.asarray(bits), np.asarray(diagonals)
    if n_out < 1 or x.ndim != 1 or not len(x) or t.shape != (len(x) + n_out - 1,):
        raise ArgumentError(
            f"bits {x.shape}, diagonals {t.shape} and n_out {n_out}: expected [n], [n + n_out - 1] and at least 1"
        )
    if not ((x == 0) | (x == 1)).all() or not ((t == 0) | (t == 1)).all():
        raise ArgumentError("bits and diagonals hold values other than 0 and 1")
    n, out = len(x), np.zeros(n_out, np.uint8)
    for row in range(0, n_out, _PIECE):
        rows = min(_PIECE, n_out - row)
        for column in range(0, n, _PIECE):
            piece = x[column : column + _PIECE]
            first = row - (column + len(piece) - 1) + n - 1
            out[row : row + rows] ^= _product(piece, t[first : first + rows + len(piece) - 1], rows)
    return out
