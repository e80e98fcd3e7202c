"""Layered syndrome decoding by approximate min*, beliefs in 16 and messages in 8 bits: C++ kernel and NumPy twin.

Offset min-sum (`coding.min_sum`) cannot decode close to capacity over a binary symmetric channel, whose reliabilities
are all alike: the best degree distributions found for it stop at 1.2 times the Slepian-Wolf bound. Here a check tells
its least reliable edge the sum x + y = min(x, y) - c(|x - y|) + c(x + y), c(d) = log(1 + exp(-d)), over all the others,
and the others that over all (Jones, Valles, Smith & Villasenor, MILCOM 2003). Eight steps are one nat.

A check sees beliefs up to 127 steps and tells up to 63, so that a message and its change fit a byte; up to 127 once
fewer than one check in 256 is unmet, since the last errors may be several in a few light columns which one check must
overrule. The beliefs themselves must be wider: one of a heavy column that saturates in a byte loses by every wrong
message what no right one gives back, and blocks that were nearly decoded fall apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.coding.arguments import as_bits, as_count
from silla.coding.codes import QCCode

__all__ = ["STEPS_PER_NAT", "SyndromeDecoded", "syndrome_decode", "syndrome_decode_numpy"]

STEPS_PER_NAT = 8.0
LANES = 64
_LIMIT, _MOST_TOLD, _NEARLY = 127, 63, 256


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
    in size. syndrome : uint8 [n_blocks, n_rows * z]. A block is satisfied once its decisions after an iteration have
    the syndrome. patience : a block is given up after so many iterations that did not find fewer checks than ever
    before unmet by what their edges say; 0: never.
    """
    if (
        llr.dtype != np.int16
        or llr.ndim != 2
        or llr.shape[1] != code.n
        or max(llr.max(initial=0), -int(llr.min(initial=0))) > 16000
    ):
        raise ArgumentError(f"llr is {llr.dtype} {llr.shape}; expected int16 [n_blocks, {code.n}] within +-16000")
    target = as_bits(syndrome, "syndrome", (len(llr), code.n_rows * code.z))
    as_count(max_iterations, "max_iterations", 1)
    as_count(patience, "patience", 0)
    if code.z % LANES:
        raise ArgumentError(f"lifting size {code.z}; expected a multiple of {LANES}")
    fast = kernel("syndrome_decode")
    if fast is None:
        return syndrome_decode_numpy(code, llr, target, max_iterations, patience)
    return SyndromeDecoded(
        *fast(np.ascontiguousarray(llr), code.row_first, code.col, code.shift, code.z, target, max_iterations, patience)
    )


def _correction(d: np.ndarray) -> np.ndarray:
    m = np.maximum(26 - d, 0)
    return (m * m + 64) >> 7


def _joined(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low, high = np.minimum(a, b), np.maximum(a, b)
    return np.maximum(low - _correction(high - low) + _correction(high + low), 0)


def _layer(
    code: QCCode, row: int, belief: np.ndarray, message: np.ndarray, target: np.ndarray, wide: np.ndarray
) -> np.ndarray:
    """Works on one row of circulants; how many of its checks each block's edges leave unmet by what they say.

    wide : bool [n_blocks], whether messages may be as large as what a check sees of beliefs.
    """
    edges = code.edges(row)
    old = np.stack([np.roll(belief[:, code.col[e]], -int(code.shift[e]), axis=-1) for e in edges], axis=1)
    before = message[:, edges.start : edges.stop].copy()
    seen = np.where(wide[:, None, None], old, np.clip(old, -128, 127))
    t = np.clip(seen - before, -128, 127)
    size = np.abs(t)
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
    most = np.where(wide, _LIMIT, _MOST_TOLD)[:, None]
    common, own = (np.minimum(x, most)[:, None] for x in (_joined(rest, least), rest))
    told = np.where(size == least[:, None], own, common)
    odd = np.logical_xor.reduce(t < 0, axis=1, keepdims=True) ^ target[:, None].astype(bool)
    told = np.where(odd ^ (t < 0), -told, told).astype(np.int16)
    message[:, edges.start : edges.stop] = told
    new = old + told - before
    for i, e in enumerate(edges):
        belief[:, code.col[e]] = np.roll(new[:, i], int(code.shift[e]), axis=-1)
    return odd.sum(axis=(1, 2))


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
    fewest, idle, wide = np.full(n, np.iinfo(np.int64).max), np.zeros(n, int), np.zeros(n, bool)
    for iteration in range(1, max_iterations + 1):
        part, told = belief[active], message[active]
        unmet = np.zeros(len(active), np.int64)
        for row in range(code.n_rows):
            unmet += _layer(code, row, part, told, target[active, row], wide[active])
        belief[active], message[active], iterations[active] = part, told, iteration
        decided = code.syndrome((part < 0).astype(np.uint8).reshape(len(active), code.n))
        hold = (decided == target[active].reshape(decided.shape)).all(axis=1)
        satisfied[active[hold]] = True
        idle[active] = np.where(unmet < fewest[active], 0, idle[active] + 1)
        fewest[active] = np.minimum(unmet, fewest[active])
        wide[active] |= unmet * _NEARLY < code.n_rows * code.z
        active = active[~hold & ((patience == 0) | (idle[active] < patience))]
        if not len(active):
            break
    return SyndromeDecoded((belief < 0).astype(np.uint8).reshape(n, code.n), iterations, satisfied)
