"""Syndrome decoding over a binary symmetric channel, for the reconciliation of keys.

One side sends the syndrome of its bits, the other finds them from its own, which differ with probability `error_rate`
(Slepian-Wolf coding with a linear code; Elkouss et al., Quantum Inf. Comput. 11, 2011). The rate is set in steps of
one row of the base matrix by `cut`, and between these by shortening: key bits that are zeros on both sides.

The first two columns of the codes of TS 38.212 are of high degree and never sent over radio. Here they are private
random bits of the sender, which the receiver does not know (LLR 0): each of them takes one bit back from what the
syndrome reveals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.coding.arguments import as_bits
from silla.coding.codes import QCCode, nr_code
from silla.coding.min_sum import CORRECTION, LLR_SCALE, decode, quantise

__all__ = ["Reconciler", "binary_entropy", "choose", "correct", "syndrome_of"]


def binary_entropy(p: np.ndarray | float) -> np.ndarray:
    """h(p) in bits; 0 at p = 0 and 1.

    >>> float(binary_entropy(0.5))
    1.0
    """
    x = np.clip(np.asarray(p, float), 1e-300, 1.0)
    y = np.clip(1.0 - np.asarray(p, float), 1e-300, 1.0)
    return -x * np.log2(x) - y * np.log2(y)


@dataclass(frozen=True)
class Reconciler:
    """A cut code, of which the last `n_short` bits of the information columns are zeros on both sides."""

    code: QCCode
    n_short: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.n_short < self.code.k - 2 * self.code.z:
            raise ArgumentError(f"{self.n_short} shortened bits; allowed: 0 to {self.code.k - 2 * self.code.z - 1}")

    @property
    def n_private(self) -> int:
        return 2 * self.code.z

    @property
    def n_key(self) -> int:
        """Key bits of a block."""
        return self.code.n - self.n_private - self.n_short

    @property
    def n_leaked(self) -> int:
        """Bits about the key that the syndrome reveals."""
        return self.code.n_rows * self.code.z - self.n_private

    def efficiency(self, error_rate: float) -> float:
        """f = leaked bits over n h(error_rate); 1 is the Slepian-Wolf bound."""
        return float(self.n_leaked / (self.n_key * binary_entropy(error_rate)))

    def columns(self, key: np.ndarray, private: np.ndarray) -> np.ndarray:
        """Bits in the order of the code's columns, [n_blocks, code.n]."""
        known = self.code.k - self.n_private - self.n_short
        zeros = np.zeros((len(key), self.n_short), key.dtype)
        return np.concatenate([private, key[:, :known], zeros, key[:, known:]], axis=1)


def choose(error_rate: float, efficiency: float, z: int = 384) -> Reconciler:
    """The reconciler of base graph 1 whose leak is at least `efficiency` times the bound, and the least such.

    error_rate : 0.001 to 0.11; efficiency : wanted f, above 1. Raises DomainError outside, and where the graph's
    lowest rate leaks too little.

    >>> r = choose(0.02, 1.25)
    >>> r.code.n_rows, bool(abs(r.efficiency(0.02) - 1.25) < 0.01)
    (6, True)
    """
    if not 0.001 <= error_rate <= 0.11:
        raise DomainError(f"error rate {error_rate}; allowed: 0.001 to 0.11")
    if not 1.0 < efficiency < np.inf:
        raise DomainError(f"efficiency {efficiency}; allowed: above 1, which is the bound that no code reaches")
    leak, whole = efficiency * float(binary_entropy(error_rate)), nr_code(1, z)
    for rows in range(4, whole.n_rows + 1):
        code = whole.cut(rows)
        leaked, key = (rows - 2) * z, code.n - 2 * z
        if leaked >= leak * key:
            return Reconciler(code)
        # Shortening makes the key shorter at the same leak; a little of it reaches what lies between two rows.
        n_short = int(np.ceil(key - leaked / leak))
        if rows < whole.n_rows and leaked * (1.0 + 1.0 / (rows - 2)) > leak * (key + z) and n_short < code.k // 2:
            return Reconciler(code, n_short)
    raise DomainError(f"no rate of base graph 1 leaks {leak:.3f} bit per key bit (error rate {error_rate})")


def syndrome_of(reconciler: Reconciler, key: np.ndarray, private: np.ndarray) -> np.ndarray:
    """Syndrome bits, uint8 [n_blocks, n_rows * z], to be sent.

    key : uint8 [n_blocks, n_key]. private : uint8 [n_blocks, n_private], fresh random bits, told to nobody.
    """
    if key.ndim != 2 or key.shape[1] != reconciler.n_key or private.shape != (len(key), reconciler.n_private):
        raise ArgumentError(
            f"key {key.shape} and private {private.shape}; expected [n_blocks, {reconciler.n_key}] and "
            f"[n_blocks, {reconciler.n_private}]"
        )
    known, own = as_bits(key, "key", key.shape), as_bits(private, "private", private.shape)
    return reconciler.code.syndrome(reconciler.columns(known, own))


def correct(
    reconciler: Reconciler, received: np.ndarray, syndrome: np.ndarray, error_rate: float, max_iterations: int = 60
) -> tuple[np.ndarray, np.ndarray]:
    """(the sender's key as decided [n_blocks, n_key], whether it has the syndrome [n_blocks]).

    received : the receiver's bits, uint8 [n_blocks, n_key]. error_rate : the channel's, estimated by the caller.
    A block whose syndrome is met may still be wrong, which a hash over the key must show.
    """
    if received.ndim != 2 or received.shape[1] != reconciler.n_key:
        raise ArgumentError(f"received has the shape {received.shape}; expected [n_blocks, {reconciler.n_key}]")
    if not 0.0 < error_rate < 0.5:
        raise DomainError(f"error rate {error_rate}; allowed: above 0, below 0.5")
    code, n = reconciler.code, len(received)
    strength = np.float32(np.log((1.0 - error_rate) / error_rate))
    llr = reconciler.columns(
        strength * (1.0 - 2.0 * received.astype(np.float32)), np.zeros((n, reconciler.n_private), np.float32)
    )
    llr[:, code.k - reconciler.n_short : code.k] = np.inf
    found = decode(
        code, quantise(llr, LLR_SCALE), max_iterations=max_iterations, correction=CORRECTION, n_out=code.n_cols,
        syndrome=np.asarray(syndrome, np.uint8),
    )  # fmt: skip
    bits = np.delete(found.bits, slice(code.k - reconciler.n_short, code.k), axis=1)
    return bits[:, reconciler.n_private :], found.satisfied
