"""Long LDPC codes for keys, with the rate set by shortening: what the sender tells about a block, and the correction.

The codes (data/reconciliation_codes.csv, made by tools/reconciliation_codes.py) have irregular degrees chosen by
density evolution of `syndrome_decode` over the binary symmetric channel. The rows of a code fix what a block's
syndrome tells;
the key bits of a block are then as many as the wanted efficiency f allows, the columns behind them are zeros at both
ends (Elkouss, Martinez-Mateo & Martin, Quantum Inf. Comput. 11, 226 (2011)). A block that does not decode is helped by
more of a syndrome: a check is told in two halves, whose sum was told before (Varodayan, Aaron & Girod, Signal Process.
86, 3123 (2006)). Each further bit is a bit of the syndrome that a code of lower rate would have told at once; told key
bits, as in blind reconciliation, would cost 1 / h(error rate) times as much at high rates.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.coding.arguments import as_bits
from silla.coding.codes import QCCode, quasi_cyclic
from silla.coding.reconciliation import binary_entropy
from silla.coding.syndrome_decoding import STEPS_PER_NAT, syndrome_decode

__all__ = ["RateAdaptive", "choose_rate_adaptive", "correct", "further_syndrome", "rates", "syndrome_of"]

_KNOWN = 16000
_LEAST_RATE = 1e-6  # 110 steps of the decoder
BLOCK = 196_608  # bits of a code word, or more where circulants would be smaller than the shortest
SHORTEST = 512
START = 1.082  # f at which blocks are first told; one that does not decode is told more
PATIENCE = 6  # iterations without progress after which a block is taken to need more of the syndrome


@functools.cache
def _table() -> dict[tuple[int, int], np.ndarray]:
    text = resources.files("silla.coding").joinpath("data", "reconciliation_codes.csv").read_text()
    rows = np.loadtxt(text.splitlines(), delimiter=",", dtype=np.int32)
    keys = sorted({(int(r), int(c)) for r, c in rows[:, :2]}, key=lambda k: k[0] / k[1])
    return {k: rows[(rows[:, 0] == k[0]) & (rows[:, 1] == k[1]), 2:] for k in keys}


def rates() -> list[float]:
    """Syndrome bits over code word bits of the codes, rising."""
    return [r / c for r, c in _table()]


@functools.cache
def _code(rows: int, columns: int, kept: int | None = None) -> QCCode:
    """A code of the table, or its first `kept` columns: those behind are zeros, which no check needs."""
    base, edges = np.full((rows, columns), -1), _table()[rows, columns]
    z = max(SHORTEST, BLOCK // columns)
    base[edges[:, 0], edges[:, 1]] = edges[:, 2] % z
    base = base[:, :kept]
    return quasi_cyclic(base, z, n_info=base.shape[1] - rows)


@dataclass(frozen=True, eq=False)
class RateAdaptive:
    """A code of which the first n_key bits are key, and the others zeros at both ends."""

    code: QCCode
    n_key: int

    @property
    def n_leaked(self) -> int:
        """Bits that the syndrome of one block tells."""
        return self.code.n_rows * self.code.z

    def efficiency(self, error_rate: float) -> float:
        """f = told bits over n h(error rate)."""
        return float(self.n_leaked / (self.n_key * binary_entropy(error_rate)))


def choose_rate_adaptive(error_rate: float, efficiency: float) -> RateAdaptive:
    """The code and the key bits of a block that leak `efficiency` times the bound.

    error_rate, efficiency : such that f h(error rate) lies in the range of the codes, f > 1. DomainError outside.

    >>> r = choose_rate_adaptive(0.03, 1.10)
    >>> 150_000 < r.n_key <= 196_608, round(r.efficiency(0.03), 3)
    (True, 1.1)
    """
    if not (0.0 < error_rate < 0.5 and 1.0 < efficiency < np.inf):
        raise DomainError(f"error rate {error_rate}, efficiency {efficiency}; allowed: 0 to 0.5, above 1")
    wanted = efficiency * float(binary_entropy(error_rate))
    fitting = [k for k in _table() if k[0] / k[1] <= wanted]
    if not fitting or wanted > 1.5 * rates()[-1]:
        raise DomainError(
            f"error rate {error_rate:g} at f = {efficiency:g} tells {wanted:.3f} bits a key bit; the codes serve "
            f"{rates()[0]:.3f} to {1.5 * rates()[-1]:.3f}. Use Cascade"
        )
    code = _code(*fitting[-1])
    n_key = int(code.n_rows * code.z / wanted)
    return RateAdaptive(_code(*fitting[-1], -(-n_key // code.z)), n_key)


def _words(plan: RateAdaptive, key: np.ndarray) -> np.ndarray:
    x = as_bits(key, "key", (None, plan.n_key))
    return np.pad(x, ((0, 0), (0, plan.code.n - plan.n_key)))


def syndrome_of(plan: RateAdaptive, key: np.ndarray) -> np.ndarray:
    """Syndromes, uint8 [n_blocks, n_leaked], of key bits [n_blocks, n_key]."""
    return plan.code.syndrome(_words(plan, key))


def _halves(code: QCCode, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges of a row in two parts, of columns equally heavy."""
    edges = np.array(code.edges(row))
    weight = np.bincount(code.col, minlength=code.n_cols)[code.col[edges]]
    by_weight = edges[np.argsort(weight, kind="stable")]
    return np.sort(by_weight[::2]), np.sort(by_weight[1::2])


@functools.cache
def _split(code: QCCode, n_split: int) -> QCCode:
    """The code with each of its first n_split rows in two."""
    parts = [part for r in range(n_split) for part in _halves(code, r)]
    parts += [np.array(code.edges(r)) for r in range(n_split, code.n_rows)]
    first, at = np.cumsum([0, *map(len, parts)]), np.concatenate(parts)
    return QCCode(code.z, code.n_cols, code.n_cols - len(parts), first, code.col[at], code.shift[at])


def further_syndrome(plan: RateAdaptive, key: np.ndarray, n_told: int) -> np.ndarray:
    """What is told of blocks that did not decode, after n_told such rounds: uint8 [n_blocks, z], a half of one row.

    With the row's own syndrome the other half's is known as well. ArgumentError when every row is in halves already.
    """
    if not 0 <= n_told < plan.code.n_rows:
        raise ArgumentError(f"round {n_told} of further syndromes, allowed 0 to {plan.code.n_rows - 1}")
    code = plan.code
    at = _halves(code, n_told)[0]
    half = QCCode(code.z, code.n_cols, code.n_cols - 1, np.array([0, len(at)]), code.col[at], code.shift[at])
    return half.syndrome(_words(plan, key))


def correct(
    plan: RateAdaptive,
    received: np.ndarray,
    syndrome: np.ndarray,
    error_rate: float,
    further: np.ndarray | None = None,
    max_iterations: int = 60,
) -> tuple[np.ndarray, np.ndarray]:
    """(the sender's key bits as decided [n_blocks, n_key], whether they have the syndrome [n_blocks]).

    received : the receiver's bits. error_rate : 1e-6 to below 0.5, else DomainError. further : uint8
    [n_blocks, n_rounds * z], what `further_syndrome` told of these blocks in each round. A block that has the syndrome
    may still be wrong, which the verification must show.
    """
    if not _LEAST_RATE <= error_rate < 0.5:
        raise DomainError(f"error rate {error_rate}; allowed: {_LEAST_RATE:g} to below 0.5")
    x, code = as_bits(received, "received", (None, plan.n_key)), plan.code
    target = as_bits(syndrome, "syndrome", (len(x), plan.n_leaked))
    if further is not None and np.size(further):
        z, n = code.z, np.size(further) // (len(x) * code.z)
        told = as_bits(further, "further", (len(x), min(n, code.n_rows) * z)).reshape(len(x), n, z)
        both = np.stack([told, told ^ target[:, : n * z].reshape(told.shape)], axis=2)
        target, code = np.concatenate([both.reshape(len(x), -1), target[:, n * z :]], axis=1), _split(code, n)
    strength = round(STEPS_PER_NAT * float(np.log((1.0 - error_rate) / error_rate)))
    llr = np.full((len(x), code.n), _KNOWN, np.int16)
    llr[:, : plan.n_key] = (strength * (1 - 2 * x.astype(np.int16))).astype(np.int16)
    found = syndrome_decode(code, llr, target, max_iterations, PATIENCE)
    bits = found.bits[:, : plan.n_key]
    return bits, found.satisfied & ~found.bits[:, plan.n_key :].any(axis=1)
