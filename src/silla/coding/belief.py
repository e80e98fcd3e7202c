"""Decoders in floating point: belief propagation, the oracle, and layered min-sum, what 8 bits are measured against."""

from __future__ import annotations

import numpy as np

from silla.base.errors import ArgumentError
from silla.coding.arguments import as_count
from silla.coding.codes import QCCode
from silla.coding.min_sum import Decoded

__all__ = ["belief_propagation", "min_sum_float"]

_LARGEST = 30.0  # LLR beyond which tanh(x / 2) is 1 in double precision, nearly


def belief_propagation(
    code: QCCode,
    llr: np.ndarray,
    *,
    max_iterations: int = 50,
    layered: bool = True,
    syndrome: np.ndarray | None = None,
    n_out: int | None = None,
) -> Decoded:
    """Decisions of the sum-product algorithm, with the same meaning as `min_sum.decode`.

    llr : float [n_blocks, code.n], infinities allowed. layered : update the beliefs after each row, otherwise after
    all of them (flooding). A check answers 2 artanh(prod tanh(m / 2)) (Gallager 1963); messages are kept within +-30.
    """

    def magnitude(t: np.ndarray) -> np.ndarray:
        # log tanh(x/2) is its own inverse, which avoids products of many small numbers.
        x = np.clip(np.abs(t), 1e-12, _LARGEST)
        phi = -np.log(np.tanh(0.5 * x))
        rest = np.maximum(phi.sum(axis=1, keepdims=True) - phi, 1e-14)
        return np.minimum(-np.log(np.tanh(0.5 * rest)), _LARGEST)

    return _decode(code, llr, magnitude, max_iterations, layered, syndrome, n_out)


def min_sum_float(
    code: QCCode,
    llr: np.ndarray,
    *,
    max_iterations: int = 10,
    factor: float = 0.75,
    offset: float = 0.0,
    syndrome: np.ndarray | None = None,
    n_out: int | None = None,
) -> Decoded:
    """Decisions of layered min-sum in floating point, a message being max(factor * min - offset, 0)."""

    def magnitude(t: np.ndarray) -> np.ndarray:
        two = np.partition(np.abs(t), 1, axis=1)[:, :2]
        own = np.where(np.abs(t) == two[:, :1], two[:, 1:2], two[:, :1])
        return np.maximum(factor * own - offset, 0.0)

    return _decode(code, llr, magnitude, max_iterations, True, syndrome, n_out)


def _decode(code, llr, magnitude, max_iterations, layered, syndrome, n_out) -> Decoded:
    llr = np.asarray(llr, float)
    if llr.ndim != 2 or llr.shape[1] != code.n:
        raise ArgumentError(f"llr has the shape {llr.shape}; expected [n_blocks, {code.n}]")
    as_count(max_iterations, "max_iterations", 1)
    if np.isnan(llr).any():
        raise ArgumentError("an LLR is not a number")
    n, z, n_out = len(llr), code.z, code.n_info if n_out is None else n_out
    belief = np.clip(llr, -1e6, 1e6).reshape(n, code.n_cols, z)
    target = np.zeros((n, code.n_rows, z), bool) if syndrome is None else syndrome.reshape(n, code.n_rows, z) != 0
    message = np.zeros((n, code.n_edges, z))
    iterations, satisfied, active = np.zeros(n, np.int32), np.zeros(n, bool), np.arange(n)
    for iteration in range(1, max_iterations + 1):
        part, old = belief[active], message[active]
        new = part.copy()
        for row in code.schedule:
            _row(code, row, new if layered else part, new, old, target[active, row], magnitude)
        belief[active], message[active], iterations[active] = new, old, iteration
        checks = code.syndrome((new < 0).reshape(len(new), -1)).reshape(target[active].shape)
        good = ~(checks ^ target[active]).any(axis=(1, 2))
        satisfied[active[good]] = True
        active = active[~good]
        if not len(active):
            break
    return Decoded((belief[:, :n_out] < 0).astype(np.uint8).reshape(n, n_out * z), iterations, satisfied)


def _row(code: QCCode, row: int, source, belief, message, target, magnitude) -> None:
    """One row's messages from `source`, added to `belief`; the two are the same array when layered."""
    edges = code.edges(row)
    part = slice(edges.start, edges.stop)
    old = message[:, part]
    t = np.stack([np.roll(source[:, code.col[e]], -int(code.shift[e]), axis=-1) for e in edges], axis=1) - old
    negative = t < 0
    odd = np.logical_xor.reduce(negative, axis=1, keepdims=True) ^ target[:, None]
    new = magnitude(t)
    new = np.where(odd ^ negative, -new, new)
    change = new - old
    for i, e in enumerate(edges):
        belief[:, code.col[e]] += np.roll(change[:, i], int(code.shift[e]), axis=-1)
    message[:, part] = new
