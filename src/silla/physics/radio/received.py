"""Passes over a matrix of gains: the strongest cell, and what arrives in sum. By the C++ kernels or their NumPy twins.

Gains are float32 [n_users, n_cells]; sums are float64, so that a weak remainder survives when a strong own cell is
taken off. The two agree up to the order of summation (a relative 1e-13 or so); the strongest cell is the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.kernels import kernel

__all__ = ["strongest", "weigh_cells", "weigh_users"]

_CHUNK = 1 << 20  # gains turned into float64 at a time


def strongest(gain: NDArray[np.float32], weight: ArrayLike, *, use_kernel: bool = True) -> NDArray[np.int64]:
    """Index [n_users] of the cell with the greatest gain x weight, the first of equals.

    gain : [n_users, n_cells], at least one cell, linear and not negative; weight : [n_cells], for instance watts.

    >>> strongest(np.array([[1e-9, 2e-9]], dtype=np.float32), [3.0, 1.0]).tolist()
    [0]
    """
    fast = kernel("strongest") if use_kernel else None
    w = np.ascontiguousarray(weight, dtype=np.float64)
    if fast is not None:
        return fast(np.ascontiguousarray(gain, dtype=np.float32), w)
    out = np.empty(len(gain), dtype=np.int64)
    for rows in _blocks(gain):
        out[rows] = np.argmax(gain[rows] * w, axis=1)
    return out


def weigh_cells(gain: NDArray[np.float32], weight: ArrayLike, *, use_kernel: bool = True) -> NDArray[np.float64]:
    """Sum [n_users] over cells of gain x weight: the power that each user receives from cells of these powers."""
    fast = kernel("weigh_cells") if use_kernel else None
    w = np.ascontiguousarray(weight, dtype=np.float64)
    if fast is not None:
        return fast(np.ascontiguousarray(gain, dtype=np.float32), w)
    out = np.empty(len(gain))
    for rows in _blocks(gain):
        out[rows] = gain[rows].astype(np.float64) @ w
    return out


def weigh_users(gain: NDArray[np.float32], weight: ArrayLike, *, use_kernel: bool = True) -> NDArray[np.float64]:
    """Sum [n_cells] over users of gain x weight: the power that each cell receives from users of these powers."""
    fast = kernel("weigh_users") if use_kernel else None
    w = np.ascontiguousarray(weight, dtype=np.float64)
    if fast is not None:
        return fast(np.ascontiguousarray(gain, dtype=np.float32), w)
    out = np.zeros(gain.shape[1])
    for rows in _blocks(gain):
        out += w[rows] @ gain[rows].astype(np.float64)
    return out


def _blocks(gain: NDArray[np.float32]) -> list[slice]:
    step = max(1, _CHUNK // max(1, gain.shape[1]))
    return [slice(k, k + step) for k in range(0, len(gain), step)]
