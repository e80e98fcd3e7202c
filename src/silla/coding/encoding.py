"""LDPC encoding (TS 38.212 clause 5.3.2), eight blocks in the bits of a byte.

The first four parity columns form a double diagonal beside one column of weight three: the sum of the first four rows
leaves that column alone, and the next three follow one from the other. Every further row has one parity column of its
own.
"""

from __future__ import annotations

import functools

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.coding.arguments import as_bits
from silla.coding.codes import QCCode

__all__ = ["encode", "encode_numpy", "encode_packed"]


def encode(code: QCCode, info: np.ndarray) -> np.ndarray:
    """Code words, uint8 [n_blocks, code.n]: the information, then the parity of every row.

    info : uint8 [n_blocks, code.k] of 0 and 1; filler bits are zeros here. The first 2 z bits of a word are never sent.

    >>> from silla.coding.codes import nr_code
    >>> code = nr_code(2, 4)
    >>> word = encode(code, np.ones((1, code.k), np.uint8))
    >>> word.shape, int(code.syndrome(word).sum())
    ((1, 208), 0)
    """
    bits = as_bits(info, "info", (None, code.k))
    _expect_core(code)
    fast = kernel("ldpc_encode")
    if fast is not None:
        return fast(bits, code.row_first, code.col, code.shift, code.z, code.n_cols)
    return encode_numpy(code, bits)


def encode_packed(code: QCCode, info: np.ndarray) -> np.ndarray:
    """Code words of eight bits a byte, uint8 [n_blocks, ceil(n / 8)], the first one the highest (`np.packbits`).

    info : uint8 [n_blocks, ceil(k / 8)], packed in the same way; bits behind the k-th count for nothing. Fastest where
    the lifting size is a multiple of 8; otherwise the bits are unpacked and packed on the way.

    >>> from silla.coding.codes import nr_code
    >>> code = nr_code(1, 8)
    >>> info = np.packbits(np.arange(2 * code.k).reshape(2, -1) % 3 == 0, axis=1)
    >>> bool((np.unpackbits(encode_packed(code, info), axis=1) == encode(code, np.unpackbits(info, axis=1))).all())
    True
    """
    data = np.ascontiguousarray(info)
    if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != -(-code.k // 8):
        raise ArgumentError(f"info is {data.dtype} {data.shape}; expected uint8 [n_blocks, {-(-code.k // 8)}]")
    _expect_core(code)
    fast = kernel("ldpc_encode")
    if fast is not None and code.z % 8 == 0:
        return fast(data, code.row_first, code.col, code.shift, code.z, code.n_cols, True)
    return np.packbits(encode(code, np.unpackbits(data, axis=1, count=code.k)), axis=1)


@functools.lru_cache(maxsize=1024)
def _expect_core(code: QCCode) -> None:
    """ArgumentError unless the parity part is that of TS 38.212: four rows of a double diagonal, then one each."""
    k = code.n_info
    own = [[int(c) - k for c in code.col[list(code.edges(r))] if c >= k] for r in range(code.n_rows)]
    flat = [
        int(code.shift[e])
        for r in range(code.n_rows)
        for e in code.edges(r)
        if code.col[e] > k and (r < 4 or code.col[e] == k + r)
    ]
    first = [int(code.shift[e]) for r in range(min(4, code.n_rows)) for e in code.edges(r) if code.col[e] == k]
    without = [[c for c in columns if c] for columns in own]
    core = without[:4] == [[1], [1, 2], [2, 3], [3]]
    if not core or any(c[-1:] != [r] or min(c[:-1], default=0) >= 4 for r, c in enumerate(own[4:], 4)):
        raise ArgumentError("encode() needs the parity part of TS 38.212 clause 5.3.2 (double diagonal, then one each)")
    if any(flat) or len([s for s in set(first) if first.count(s) % 2]) != 1:
        raise ArgumentError("encode() needs unrotated parity, and a first parity column that the four rows leave alone")


def encode_numpy(code: QCCode, info: np.ndarray) -> np.ndarray:
    """The same in NumPy."""
    n_blocks, z, k = len(info), code.z, code.n_info
    packed = np.packbits(info, axis=0, bitorder="little").reshape(-1, k, z)
    word = np.zeros((len(packed), code.n_cols, z), np.uint8)
    word[:, :k] = packed

    def row_sum(row: int, before: int) -> np.ndarray:
        total = np.zeros((len(word), z), np.uint8)
        for e in code.edges(row):
            if code.col[e] < before:
                total ^= np.roll(word[:, code.col[e]], -int(code.shift[e]), axis=-1)
        return total

    shifts = [int(code.shift[e]) for row in range(4) for e in code.edges(row) if code.col[e] == k]
    alone = next(s for s in shifts if shifts.count(s) % 2)
    word[:, k] = np.roll(np.bitwise_xor.reduce([row_sum(row, k) for row in range(4)]), alone, axis=-1)
    for row in range(3):
        word[:, k + row + 1] = row_sum(row, k + row + 1)
    for row in range(4, code.n_rows):
        word[:, k + row] = row_sum(row, k + 4)
    flat = word.reshape(len(word), code.n)
    return np.unpackbits(flat, axis=0, count=n_blocks, bitorder="little")
