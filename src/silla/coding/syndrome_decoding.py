"""Layered syndrome decoding by approximate min*, beliefs in 16 and messages in 8 bits: C++ kernel and NumPy twin.

Offset min-sum (`coding.min_sum`) cannot decode close to capacity over a binary symmetric channel, whose reliabilities
are all alike: the best degree distributions found for it stop at 1.2 times the Slepian-Wolf bound. Here a
check tells its
least reliable edge the sum x + y = min(x, y) - c(|x - y|) + c(x + y), c(d) = log(1 + exp(-d)), over all the others, and
the others that over all (Jones, Valles, Smith & Villasenor, MILCOM 2003). Eight steps are one nat.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.coding.codes import QCCode

__all__ = ["STEPS_PER_NAT", "SyndromeDecoded", "syndrome_decode", "syndrome_decode_numpy"]

STEPS_PER_NAT = 8.0
LANES = 64
_LIMIT = 127


class SyndromeDecoded(NamedTuple):
    """bits uint8 [n_blocks, n], iterations int32 [n_blocks], satisfied bool [n_blocks]: they have the syndrome."""

    bits: np.ndarray
    iterations: np.ndarray
    satisfied: np.ndarray


def syndrome_decode(
    code: QCCode, llr: np.ndarray, syndrome: np.ndarray, max_iterations: int = 60, patience: int = 0
) -> SyndromeDecoded:
    """Bits that have the syndrome, found from reliabilities.

    code : any whose lifting size is a multiple of 64. llr : int16 [n_blocks, n], positive for a zero bit, at most 16000
    in size. syndrome : uint8 [n_blocks, n_rows * z]. A block counts as satisfied once an iteration found every
    check met and changed no decision. patience : a block is given up after so many iterations that did not find fewer
    unmet checks than ever before; 0: never.
    """
    if llr.dtype != np.int16 or llr.ndim != 2 or llr.shape[1] != code.n or np.abs(llr).max(initial=0) > 16000:
        raise ArgumentError(f"llr is {llr.dtype} {llr.shape}; expected int16 [n_blocks, {code.n}] within +-16000")
    if syndrome.shape != (len(llr), code.n_rows * code.z):
        raise ArgumentError(f"syndrome has the shape {syndrome.shape}; expected {(len(llr), code.n_rows * code.z)}")
    if max_iterations < 1 or patience < 0 or code.z % LANES:
        raise ArgumentError(
            f"{max_iterations} iterations, patience {patience}, lifting size {code.z}; expected 1 or more, 0 or more, "
            f"a multiple of {LANES}"
        )
    fast = kernel("syndrome_decode")
    if fast is None:
        return syndrome_decode_numpy(code, llr, syndrome, max_iterations, patience)
    target = np.ascontiguousarray(syndrome, np.uint8)
    return SyndromeDecoded(
        *fast(np.ascontiguousarray(llr), code.row_first, code.col, code.shift, code.z, target, max_iterations, patience)
    )


def _correction(d: np.ndarray) -> np.ndarray:
    m = np.maximum(26 - d, 0)
    return (m * m + 64) >> 7


def _joined(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low, high = np.minimum(a, b), np.maximum(a, b)
    return np.maximum(low - _correction(high - low) + _correction(high + low), 0)


def _layer(code: QCCode, row: int, belief: np.ndarray, message: np.ndarray, target: np.ndarray) -> tuple:
    """One row of circulants: (unmet checks of each block before, whether a check was unmet or a decision changed)."""
    edges = code.edges(row)
    old = np.stack([np.roll(belief[:, code.col[e]], -int(code.shift[e]), axis=-1) for e in edges], axis=1)
    t = old - message[:, edges.start : edges.stop]
    size = np.minimum(np.abs(t), _LIMIT)
    least = np.full(size[:, 0].shape, _LIMIT, np.int16)
    halves: dict[int, np.ndarray] = {}
    for e in range(len(edges)):
        total, level = np.maximum(least, size[:, e]), 0
        while level in halves:
            total, level = _joined(halves.pop(level), total), level + 1
        halves[level] = total
        least = np.minimum(least, size[:, e])
    rest = np.full(least.shape, _LIMIT, np.int16)
    for level in sorted(halves):
        rest = _joined(rest, halves[level])
    told = np.where(size == least[:, None], rest[:, None], _joined(rest, least)[:, None])
    wanted = target[:, None].astype(bool)
    odd = np.logical_xor.reduce(t < 0, axis=1, keepdims=True) ^ wanted
    told = np.where(odd ^ (t < 0), -told, told).astype(np.int16)
    message[:, edges.start : edges.stop] = told
    new = t + told
    for i, e in enumerate(edges):
        belief[:, code.col[e]] = np.roll(new[:, i], int(code.shift[e]), axis=-1)
    unmet = np.logical_xor.reduce(old < 0, axis=1, keepdims=True) ^ wanted
    return unmet.sum(axis=(1, 2)), unmet.any(axis=(1, 2)) | ((new < 0) != (old < 0)).any(axis=(1, 2))


def syndrome_decode_numpy(
    code: QCCode, llr: np.ndarray, syndrome: np.ndarray, max_iterations: int = 60, patience: int = 0
) -> SyndromeDecoded:
    """The same in NumPy, bit for bit."""
    n = len(llr)
    belief = llr.astype(np.int16).reshape(n, code.n_cols, code.z)
    target = np.asarray(syndrome, np.uint8).reshape(n, code.n_rows, code.z)
    message = np.zeros((n, code.n_edges, code.z), np.int16)
    iterations, satisfied = np.zeros(n, np.int32), np.zeros(n, bool)
    active = np.arange(n)
    fewest, idle = np.full(n, np.iinfo(np.int64).max), np.zeros(n, int)
    for iteration in range(1, max_iterations + 1):
        part, told = belief[active], message[active]
        moved, unmet = np.zeros(len(active), bool), np.zeros(len(active), np.int64)
        for row in range(code.n_rows):
            there, changed = _layer(code, row, part, told, target[active, row])
            unmet, moved = unmet + there, moved | changed
        belief[active], message[active], iterations[active] = part, told, iteration
        satisfied[active[~moved]] = True
        idle[active] = np.where(unmet < fewest[active], 0, idle[active] + 1)
        fewest[active] = np.minimum(unmet, fewest[active])
        active = active[moved & ((patience == 0) | (idle[active] < patience))]
        if not len(active):
            break
    return SyndromeDecoded((belief < 0).astype(np.uint8).reshape(n, code.n), iterations, satisfied)
