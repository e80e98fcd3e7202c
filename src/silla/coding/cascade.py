"""Cascade: reconciliation of two keys by parities asked over a public channel, as two state machines.

Brassard & Salvail, EUROCRYPT '93, in the efficient form of Martinez-Mateo, Pacher, Peev, Ciurana & Martin, Quantum
Inf. Comput. 15, 453 (2015): blocks of 2^ceil(log2(1/Q) - 1/2), then of their root times 64, then of 4096, then
many passes of
two halves each; every sub-block whose parity is known is used again; the smallest odd sub-block is searched first.

Only the sender's parities are told, and each is counted. A half whose parity follows from its sibling's is never asked
for, nor is the last block of a pass after the first. What the receiver asks for shows where errors are, not key bits.

A pass of halves splits places of an earlier random order by the parity of place & mask. Laid over the positions
themselves such masks would be blind: four errors in two blocks of the first pass, at equal distances, add up to nothing
in every mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.base.kernels import kernel
from silla.base.rng import stream

__all__ = ["Asked", "CascadePlan", "Reconciled", "cascade_plan", "end_of", "reconcile_locally"]

FRAME = 1 << 16  # bits; longer frames leak less and need more rounds
SMALLEST = 1 << 10
PASSES, LONG_PASSES = 16, 22  # errors that are left stay even in each pass of halves with a chance of a half


class Asked(NamedTuple):
    """What the receiver asks: a pass to open (or -1), halves in which searches go on, nodes where new ones begin."""

    open_pass: int
    directions: np.ndarray  # uint8 of 0 and 1
    nodes: np.ndarray  # uint32: frame << 22 | pass << 17 | node

    @property
    def nothing(self) -> bool:
        return self.open_pass < 0 and not len(self.directions) and not len(self.nodes)


class End(Protocol):
    """One end over its frames: the sender answers, the receiver asks next and holds the corrected words."""

    def answer(self, open_pass: int, directions: np.ndarray, nodes: np.ndarray) -> np.ndarray: ...
    def next(self, parities: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]: ...
    def words(self) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class CascadePlan:
    """What both ends must agree on. length : bits of a frame that are not padding. top : log2 of each pass's blocks.

    orders : uint16 [2, n], place to position. masks : uint16, odd, one for each pass behind the third.
    """

    length: int
    top: tuple[int, ...]
    orders: np.ndarray
    masks: np.ndarray

    @property
    def n(self) -> int:
        return self.orders.shape[1]


class Reconciled(NamedTuple):
    """bits uint8 [n] as the receiver has them after correction, leaked_bit, and the most rounds of a frame."""

    bits: np.ndarray
    leaked_bit: int
    rounds: int


def cascade_plan(length: int, error_rate: float, seed: int, passes: int | None = None) -> CascadePlan:
    """The plan for frames of `length` bits at an estimated error rate.

    length : 1 to 65536. error_rate : above 0 to 0.25. seed : public, any integer; both ends must use the same.
    passes : 3 to 32; None: 16, and 22 for frames of 65536 bits, of which a block has many that must all come out right.
    A frame keeps errors with a chance of about 2^-(passes - 3), and each pass tells one bit of it.
    """
    if passes is None:
        passes = LONG_PASSES if length == FRAME else PASSES
    if not 1 <= length <= FRAME:
        raise DomainError(f"cascade: frames of {length} bits; allowed: 1 to {FRAME}")
    if not 0.0 < error_rate <= 0.25:
        raise DomainError(f"cascade: error rate {error_rate}; allowed: above 0, up to 0.25")
    if not 3 <= passes <= 32:
        raise DomainError(f"cascade: {passes} passes; allowed: 3 to 32")
    n = max(SMALLEST, 1 << (length - 1).bit_length())
    log_n = n.bit_length() - 1
    alpha = np.log2(1.0 / error_rate) - 0.5
    wanted = (np.ceil(alpha), np.ceil((alpha + 12.0) / 2.0), 12.0)
    top = tuple(int(np.clip(x, 1, log_n - 1)) for x in wanted) + (log_n - 1,) * (passes - 3)
    rng = stream(seed, "cascade", n)
    orders = np.stack([rng.permutation(n).astype(np.uint16) for _ in range(2)])
    masks = rng.integers(0, n, passes - 3, dtype=np.uint16) | np.uint16(1)
    return CascadePlan(length, top, orders, masks)


def frames_of(bits: np.ndarray, plan: CascadePlan) -> np.ndarray:
    """Packed frames, uint64 [n_frames, n / 64]; zeros behind each frame's length. len(bits) must be whole frames."""
    x = np.asarray(bits, np.uint8)
    if x.ndim != 1 or not len(x) or len(x) % plan.length:
        raise ArgumentError(f"cascade: {x.shape} bits are not whole frames of {plan.length}")
    padded = np.zeros((len(x) // plan.length, plan.n), np.uint8)
    padded[:, : plan.length] = x.reshape(-1, plan.length)
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def bits_of(words: np.ndarray, plan: CascadePlan) -> np.ndarray:
    """The inverse of `frames_of`."""
    raw = np.ascontiguousarray(words.astype("<u8")).view(np.uint8)
    return np.unpackbits(raw, axis=1, bitorder="little")[:, : plan.length].ravel()


def end_of(bits: np.ndarray, plan: CascadePlan, *, receiver: bool) -> End:
    """One end over whole frames of its bits: the kernel's, or the twin's where there is none."""
    make: Any = kernel("Cascade")
    if make is None:
        from silla.coding.cascade_numpy import CascadeNumpy

        make = CascadeNumpy
    return make(frames_of(bits, plan), plan.length, list(plan.top), plan.orders, plan.masks, receiver)


def reconcile_locally(
    sender: np.ndarray, receiver: np.ndarray, error_rate: float, seed: int = 0, passes: int | None = None
) -> Reconciled:
    """Both ends in one process: what the messages between two parties would give, bit for bit.

    sender, receiver : uint8 [n] of any length n >= 1. Whole frames of 65536 bits first, then one shorter frame.

    >>> rng = np.random.default_rng(1)
    >>> a = rng.integers(0, 2, 5000, dtype=np.uint8)
    >>> found = reconcile_locally(a, a ^ (rng.random(5000) < 0.02), 0.02)
    >>> bool((found.bits == a).all()), 700 < found.leaked_bit < 900
    (True, True)
    """
    a, b = np.asarray(sender, np.uint8), np.asarray(receiver, np.uint8)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ArgumentError(f"cascade: bits {a.shape} and {b.shape}; expected two arrays [n] of the same length")
    parts, leaked, rounds = [], 0, 0
    for first, last, length in groups(len(a)):
        plan = cascade_plan(length, error_rate, seed, passes)
        bits, told, most = _run(a[first:last], b[first:last], plan)
        parts.append(bits)
        leaked, rounds = leaked + told, max(rounds, most)
    return Reconciled(np.concatenate(parts), leaked, rounds)


def groups(n: int, window: int = 1 << 30) -> list[tuple[int, int, int]]:
    """(first bit, end, frame length) of groups of equal frames that cover n bits, at most `window` frames each."""
    whole = n // FRAME
    cuts = list(range(0, whole, window))
    out = [(c * FRAME, min(c + window, whole) * FRAME, FRAME) for c in cuts]
    return out + ([(whole * FRAME, n, n - whole * FRAME)] if n % FRAME else [])


def _run(a: np.ndarray, b: np.ndarray, plan: CascadePlan) -> tuple[np.ndarray, int, int]:
    fast = kernel("cascade_run")
    if fast is not None:
        words, told, rounds = fast(
            frames_of(a, plan), frames_of(b, plan), plan.length, list(plan.top), plan.orders, plan.masks
        )
        return bits_of(words, plan), told, rounds
    told = rounds = 0
    parts = []
    for f in range(0, len(a), plan.length):
        one, other = (end_of(x[f : f + plan.length], plan, receiver=r) for x, r in ((a, False), (b, True)))
        parities, here = np.zeros(0, np.uint8), 0
        while not (asked := Asked(*other.next(parities))).nothing:
            parities = one.answer(*asked)
            told, here = told + len(parities), here + 1
        rounds = max(rounds, here)
        parts.append(bits_of(other.words(), plan))
    return np.concatenate(parts), told, rounds
