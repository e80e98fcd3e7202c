"""Reads of a state vector, without a second array of its size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError

__all__ = ["draw", "probabilities"]

_BLOCK = 1 << 12


def probabilities(state: NDArray[Any]) -> NDArray[np.float64]:
    """|amplitude|^2 [2^n] of planes [2, 2^n], summing to one."""
    p = np.square(state[0], dtype=np.float64) + np.square(state[1], dtype=np.float64)
    return p / p.sum()


def draw(state: NDArray[Any], n_reads: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(basis states, counts) of independent reads, each state once, in increasing order.

    By inversion: reads are sorted into blocks of 4096 states by the blocks' sums, then within their blocks.
    """
    if n_reads < 1:
        raise ArgumentError(f"the number of reads is {n_reads}; at least 1")
    blocks = state.reshape(2, -1, min(_BLOCK, state.shape[1]))
    sums = np.array([np.einsum("pk,pk->", b, b, dtype=np.float64) for b in blocks.transpose(1, 0, 2)])
    edges = np.cumsum(sums)
    target = np.sort(rng.random(n_reads)) * edges[-1]
    which = np.minimum(np.searchsorted(edges, target, side="right"), len(sums) - 1)
    states = np.empty(n_reads, np.int64)
    for b in np.unique(which):
        here = which == b
        inside = np.cumsum(np.square(blocks[:, b], dtype=np.float64).sum(axis=0))
        rest = target[here] - (edges[b] - sums[b])
        k = np.searchsorted(inside, np.clip(rest, 0.0, np.nextafter(inside[-1], 0.0)), side="right")
        states[here] = b * blocks.shape[2] + k
    found, counts = np.unique(states, return_counts=True)
    return found, counts.astype(np.int64)
