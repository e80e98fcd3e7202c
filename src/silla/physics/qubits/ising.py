"""Ising and QUBO models: what every qubit problem of this package is written in. Read this first.

E(s) = offset + sum_i h_i s_i + sum_{i<j} J_ij s_i s_j over spins s in {-1, +1}, and
E(x) = offset + x^T Q x over bits x in {0, 1}, with s = 2 x - 1. Higher-order polynomials are in `polynomial`, files and
dimod models in `exchange`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError

__all__ = ["Ising", "Qubo", "bits_of", "check_memory", "spins_of"]

sp: Any = scipy.sparse  # its stubs refuse what its arrays take

Floats = NDArray[np.float64]
Matrix = Any  # NDArray or scipy.sparse.csr_array


def check_memory(n: int, bytes_each: float = 8.0, *, what: str = "a dense matrix", power: int = 2) -> None:
    """Raise ArgumentError when n^power entries of that size exceed this machine's memory, saying how much they need.

    >>> check_memory(1000)
    """
    need = float(n) ** power * bytes_each
    have = float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    if need > have:
        raise ArgumentError(
            f"{what} of n = {n} needs {need / 2**30:,.1f} GiB and this machine has {have / 2**30:,.1f} GiB; "
            "give a scipy.sparse matrix or a smaller problem"
        )


def _matrix(value: Any, name: str) -> Matrix:
    """A finite square float64 matrix, dense or CSR."""
    if sp.issparse(value):
        out = sp.csr_array(value, dtype=np.float64)
        data = out.data
    else:
        try:
            out = np.array(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"{name} must be a square matrix of real numbers: {error}") from error
        data = out
    if out.ndim != 2 or out.shape[0] != out.shape[1]:
        raise ArgumentError(f"{name} must be a square matrix, found shape {out.shape}")
    if out.shape[0] == 0:
        raise ArgumentError(f"{name} is empty; a problem needs one variable at least")
    if not np.isfinite(data).all():
        where = ""
        if not sp.issparse(out):
            i, j = np.argwhere(~np.isfinite(out))[0]
            where = f" at [{i}, {j}]: {out[i, j]}"
        raise ArgumentError(f"{name} must be finite, found a value that is not{where}")
    return out


def _symmetric_couplings(value: Any) -> tuple[Matrix, float]:
    """(symmetric J without diagonal, sum of the diagonal): a triangle is mirrored, a symmetric matrix kept."""
    full = _matrix(value, "J")
    trace = float(full.diagonal().sum())
    if sp.issparse(full):
        full = sp.csr_array(full - sp.dia_array((full.diagonal()[None], [0]), shape=full.shape))
        full.eliminate_zeros()
        upper, lower = sp.triu(full, 1, format="csr"), sp.tril(full, -1, format="csr")
        if not upper.nnz or not lower.nnz:
            return sp.csr_array(full + full.T), trace
        same = abs(upper - lower.T).max() <= 1e-12 * max(1e-300, abs(full).max())
    else:
        np.fill_diagonal(full, 0.0)
        upper, lower = np.triu(full, 1), np.tril(full, -1)
        if not upper.any() or not lower.any():
            return full + full.T, trace
        same = np.abs(upper - lower.T).max() <= 1e-12 * np.abs(full).max()
    if not same:
        raise ArgumentError("J must be symmetric or triangular: J_ij and J_ji are one coupling, given twice unlike")
    return full, trace


def _pairs(matrix: Matrix) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    if sp.issparse(matrix):
        upper = sp.coo_array(sp.triu(matrix, 1))
        return upper.coords[0].astype(np.int64), upper.coords[1].astype(np.int64), upper.data
    i, j = np.nonzero(np.triu(matrix, 1))
    return i, j, matrix[i, j]


def _states(states: ArrayLike, n: int, what: str) -> Floats:
    given = np.asarray(states)
    if given.ndim == 0 or given.shape[-1] != n:
        raise ArgumentError(f"{what} must be [..., {n}], found shape {given.shape}")
    return given.astype(np.float64)


def _offset(value: float) -> float:
    if not np.isfinite(value):
        raise ArgumentError(f"offset must be finite, found {value}")
    return float(value)


@dataclass(frozen=True, eq=False)
class Ising:
    """An Ising model E(s) = offset + sum h_i s_i + sum_{i<j} J_ij s_i s_j.

    Parameters
    ----------
    h : [n]. J : [n, n], dense or scipy.sparse, symmetric (J_ij = J_ji is the coefficient) or triangular; stored
        symmetric without diagonal. A diagonal is a constant, s_i^2 = 1, and goes to the offset.

    Raises ArgumentError for shapes, values that are not finite, and an empty model.

    >>> m = Ising([0.5, 0.0], [[0, -1], [0, 0]])
    >>> m.energy([[1, 1], [-1, -1], [1, -1]]).tolist()
    [-0.5, -1.5, 1.5]
    """

    h: Floats
    J: Matrix
    offset: float = 0.0

    def __post_init__(self) -> None:
        couplings, trace = _symmetric_couplings(self.J)
        h = np.array(self.h, dtype=np.float64)
        if h.shape != (couplings.shape[0],):
            raise ArgumentError(f"h must be [{couplings.shape[0]}] beside J {couplings.shape}, found shape {h.shape}")
        if not np.isfinite(h).all():
            raise ArgumentError(f"h must be finite, found {h[~np.isfinite(h)][0]} at {np.argmin(np.isfinite(h))}")
        object.__setattr__(self, "h", h)
        object.__setattr__(self, "J", couplings)
        object.__setattr__(self, "offset", _offset(self.offset) + trace)

    @property
    def n(self) -> int:
        """Number of spins."""
        return len(self.h)

    @property
    def sparse(self) -> bool:
        """Whether J is a sparse matrix."""
        return sp.issparse(self.J)

    def energy(self, states: ArrayLike) -> Floats:
        """Energies [...] of spins [..., n] in {-1, +1}."""
        s = _states(states, self.n, "states")
        flat = s.reshape(-1, self.n)
        local = 0.5 * np.asarray(flat @ self.J) + self.h
        return (np.einsum("ri,ri->r", flat, local) + self.offset).reshape(s.shape[:-1])

    def dense(self) -> Ising:
        """The model with a dense J; ArgumentError when it does not fit into memory."""
        if not self.sparse:
            return self
        check_memory(self.n)
        return Ising(self.h, self.J.toarray(), self.offset)

    def csr(self) -> Ising:
        """The model with a sparse J."""
        return self if self.sparse else Ising(self.h, sp.csr_array(self.J), self.offset)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """(i, j, J_ij) of every coupling, i < j."""
        return _pairs(self.J)

    def scaled(self, factor: float) -> Ising:
        """Every coefficient times `factor`."""
        return Ising(self.h * factor, self.J * factor, self.offset * factor)

    def to_qubo(self) -> Qubo:
        """The same energies over bits x = (1 + s) / 2."""
        row = np.asarray(self.J.sum(axis=1)).ravel()
        linear = 2.0 * (self.h - row)
        diagonal = sp.dia_array((linear[None], [0]), shape=self.J.shape) if self.sparse else np.diag(linear)
        # s_i s_j = 4 x_i x_j - 2 x_i - 2 x_j + 1, and x^T Q x counts each pair twice
        return Qubo(2.0 * self.J + diagonal, self.offset - float(self.h.sum()) + 0.5 * float(row.sum()))

    @cached_property
    def bound(self) -> float:
        """A value that no energy can be below: offset - sum |h| - sum |J|."""
        return self.offset - float(np.abs(self.h).sum()) - 0.5 * float(abs(self.J).sum())


@dataclass(frozen=True, eq=False)
class Qubo:
    """A quadratic unconstrained binary model E(x) = offset + x^T Q x; Q is stored symmetric.

    Parameters
    ----------
    Q : [n, n], dense or scipy.sparse; the diagonal holds the linear terms, Q_ij + Q_ji is the coefficient of x_i x_j.

    Raises ArgumentError for shapes, values that are not finite, and an empty model.

    >>> q = Qubo([[-1.0, 2.0], [0.0, -1.0]])
    >>> q.energy([[0, 0], [1, 0], [1, 1]]).tolist(), q.to_ising().energy([1, -1]).tolist()
    ([0.0, -1.0, 0.0], -1.0)
    """

    Q: Matrix
    offset: float = 0.0

    def __post_init__(self) -> None:
        full = _matrix(self.Q, "Q")
        both = 0.5 * (full + full.T)
        object.__setattr__(self, "Q", sp.csr_array(both) if sp.issparse(both) else both)
        object.__setattr__(self, "offset", _offset(self.offset))

    @property
    def n(self) -> int:
        """Number of bits."""
        return self.Q.shape[0]

    @property
    def sparse(self) -> bool:
        """Whether Q is a sparse matrix."""
        return sp.issparse(self.Q)

    def energy(self, states: ArrayLike) -> Floats:
        """Energies [...] of bits [..., n] in {0, 1}."""
        x = _states(states, self.n, "states")
        flat = x.reshape(-1, self.n)
        return (np.einsum("ri,ri->r", flat, np.asarray(flat @ self.Q)) + self.offset).reshape(x.shape[:-1])

    def dense(self) -> Qubo:
        """The model with a dense Q; ArgumentError when it does not fit into memory."""
        if not self.sparse:
            return self
        check_memory(self.n)
        return Qubo(self.Q.toarray(), self.offset)

    def csr(self) -> Qubo:
        """The model with a sparse Q."""
        return self if self.sparse else Qubo(sp.csr_array(self.Q), self.offset)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """(i, j, coefficient of x_i x_j) of every pair, i < j."""
        i, j, half = _pairs(self.Q)
        return i, j, 2.0 * half

    def to_ising(self) -> Ising:
        """The same energies over spins s = 2 x - 1."""
        linear = self.Q.diagonal()
        total = np.asarray(self.Q.sum(axis=1)).ravel()
        if self.sparse:
            pairs = sp.csr_array(self.Q - sp.dia_array((linear[None], [0]), shape=self.Q.shape))
            pairs.eliminate_zeros()
        else:
            pairs = self.Q - np.diag(linear)
        constant = 0.5 * float(linear.sum()) + 0.25 * float(pairs.sum())
        return Ising(0.5 * total, 0.5 * pairs, self.offset + constant)


def bits_of(spins: ArrayLike) -> NDArray[np.int8]:
    """Bits (1 + s) / 2 of spins."""
    return ((np.asarray(spins) + 1) // 2).astype(np.int8)


def spins_of(bits: ArrayLike) -> NDArray[np.int8]:
    """Spins 2 x - 1 of bits."""
    return (2 * np.asarray(bits, dtype=np.int8) - 1).astype(np.int8)
