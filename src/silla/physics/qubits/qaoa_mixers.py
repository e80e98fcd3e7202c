"""Mixers of QAOA and the states they start from.

"x": exp(-i beta sum X) from the uniform superposition (Farhi, Goldstone and Gutmann, arXiv:1411.4028).
Warm start: exp(-i beta sum (sin t_q X_q + cos t_q Z_q)) from the product state that it leaves alone, with
P(spin +1) = cos^2(t_q / 2) (Egger, Marecek and Woerner, Quantum 5, 479, 2021); it is the X mixer at t = pi/2.
XY, ring or complete: exp(-i beta (XX + YY) / 2) on pairs of each group in turn, from equal superpositions of a
fixed number of -1 spins in each group (Hadfield et al., Algorithms 12, 34, 2019; Wang et al., PRA 101, 012320, 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError

__all__ = ["WarmStart", "XYMixer", "pairs_of"]


@dataclass(frozen=True, eq=False)
class WarmStart:
    """Start near a relaxed solution.

    probability : [n] in [0, 1], that of spin +1 in the relaxed solution. epsilon : it is kept within
    [epsilon, 1 - epsilon], so that every state stays within reach; 1/2 is the plain start.
    """

    probability: ArrayLike
    epsilon: float = 0.25

    def angles(self, n: int) -> NDArray[np.float64]:
        """[n] polar angles t of the start."""
        p = np.asarray(self.probability, dtype=np.float64)
        if p.shape != (n,):
            raise ArgumentError(f"a warm start needs one probability for each of the {n} spins, found shape {p.shape}")
        if not (np.isfinite(p).all() and (p >= 0).all() and (p <= 1).all()):
            raise ArgumentError("the probabilities of a warm start lie in [0, 1]")
        if not 0.0 < self.epsilon <= 0.5:
            raise ArgumentError(f"epsilon is {self.epsilon}; allowed: above 0 up to 0.5")
        return 2.0 * np.arccos(np.sqrt(np.clip(p, self.epsilon, 1.0 - self.epsilon)))


def product_state(polar: NDArray[np.float64], dtype: Any) -> NDArray[Any]:
    """Planes of the product of cos(t/2)|0> + sin(t/2)|1>."""
    out = np.zeros((2, 1 << len(polar)), dtype=dtype)
    out[0, 0] = 1.0
    for q, t in enumerate(polar):
        half = 1 << q
        out[0, half : 2 * half] = np.sin(t / 2) * out[0, :half]
        out[0, :half] *= np.cos(t / 2)
    return out


def turned(polar: NDArray[np.float64], beta: float) -> tuple[NDArray[np.float64], ...]:
    """(a, b, da/dbeta, db/dbeta) with exp(-i beta (sin t X + cos t Z)) = exp(-i a Z) exp(-i b X) exp(-i a Z).

    sin b = sin t sin beta, tan 2a = cos t tan beta. Where t = pi/2 the turn is about X alone: b = beta.
    """
    nx, nz = np.sin(polar), np.cos(polar)
    about_x = np.abs(nz) < 1e-12
    b = np.arcsin(np.clip(nx * np.sin(beta), -1.0, 1.0))
    cos2 = np.maximum(np.cos(beta) ** 2 + nz**2 * np.sin(beta) ** 2, 1e-300)
    a = 0.5 * np.arctan2(nz * np.sin(beta), np.cos(beta))
    da, db = 0.5 * nz / cos2, nx * np.cos(beta) / np.sqrt(cos2)
    zero, one = np.zeros_like(a), np.ones_like(b)
    return (np.where(about_x, zero, a), np.where(about_x, beta, b), np.where(about_x, zero, da),
            np.where(about_x, one, db))  # fmt: skip


@dataclass(frozen=True)
class XYMixer:
    """Keep the number of -1 spins in each group.

    groups : disjoint groups of spins; spins in none are not mixed and start as +1. down : how many spins of each group
    are -1 (one number for all, or one each). shape : "ring" pairs neighbours (even pairs, odd pairs, the closing one),
    "complete" all pairs in rounds of disjoint ones.

    One-hot variables x = (1 + s)/2 have one spin +1 in each group: down = len(group) - 1.
    """

    groups: Sequence[Sequence[int]]
    down: int | Sequence[int] = 1
    shape: Literal["ring", "complete"] = "ring"

    def counts(self, n: int) -> list[int]:
        """Number of -1 spins of each group; ArgumentError where groups or numbers do not fit n spins."""
        flat = [q for group in self.groups for q in group]
        if self.shape not in ("ring", "complete"):
            raise ArgumentError(f"an XY mixer's shape is 'ring' or 'complete', found {self.shape!r}")
        if not flat or len(set(flat)) != len(flat) or min(flat) < 0 or max(flat) >= n:
            raise ArgumentError(f"the groups of an XY mixer are disjoint, not empty and within 0..{n - 1}")
        down = [self.down] * len(self.groups) if isinstance(self.down, int) else list(self.down)
        if len(down) != len(self.groups) or any(not 0 <= k <= len(g) for k, g in zip(down, self.groups)):
            raise ArgumentError(f"down is {down}; one number for each group, from 0 to the group's size")
        return down

    def start(self, n: int, dtype: Any) -> NDArray[Any]:
        """Planes of the product of Dicke states of the groups."""
        down = self.counts(n)
        states = np.zeros(1, dtype=np.int64)
        for group, k in zip(self.groups, down):
            codes = np.arange(1 << len(group))
            codes = codes[np.bitwise_count(codes) == k]
            placed = np.zeros_like(codes)
            for i, q in enumerate(group):
                placed |= (codes >> i & 1) << int(q)
            states = (states[:, None] | placed[None, :]).ravel()
        out = np.zeros((2, 1 << n), dtype=dtype)
        out[0, states] = 1.0 / np.sqrt(len(states))
        return out

    def n_states(self, n: int) -> int:
        """States that the constraint leaves."""
        size = 1
        for group, k in zip(self.groups, self.counts(n)):
            size *= comb(len(group), k)
        return size

    def pairs(self) -> NDArray[np.int32]:
        """[m, 2] pairs in the order in which they are rotated."""
        found = [p for group in self.groups for p in pairs_of(list(group), self.shape)]
        return np.array(found, dtype=np.int32).reshape(-1, 2)


def pairs_of(group: list[int], shape: str) -> list[tuple[int, int]]:
    """Pairs of one group: "ring" or "complete" (the circle method of round-robin tournaments).

    >>> pairs_of([0, 1, 2, 3], "ring")
    [(0, 1), (2, 3), (1, 2), (3, 0)]
    """
    m = len(group)
    if m < 2:
        return []
    if shape == "ring":
        out = [(group[i], group[i + 1]) for i in (*range(0, m - 1, 2), *range(1, m - 1, 2))]
        return out + ([(group[-1], group[0])] if m > 2 else [])
    seats: list[int | None] = [*group, *([None] if m % 2 else [])]
    out = []
    for _ in range(len(seats) - 1):
        for i in range(len(seats) // 2):
            a, b = seats[i], seats[-1 - i]
            if a is not None and b is not None:
                out.append((a, b))
        seats = [seats[0], seats[-1], *seats[1:-1]]
    return out
