"""The quasi-cyclic LDPC codes of TS 38.212 clause 5.3.2: base graphs, lifting sizes, shifts.

A code is a table of circulants. Edge e of row r joins check (r, i) to variable (col[e], (i + shift[e]) mod z), for
every i below the lifting size z. The tables lie beside this file as CSV (TS 38.212 Tables 5.3.2-2 and 5.3.2-3).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources

import numpy as np

from silla.base.errors import ArgumentError, DomainError

__all__ = ["INFO_COLUMNS", "LIFTING_SIZES", "QCCode", "base_graph", "lifting_set", "nr_code"]

_LIFTING_BASE = (2, 3, 5, 7, 9, 11, 13, 15)
LIFTING_SIZES: tuple[int, ...] = tuple(
    sorted(a << j for a in _LIFTING_BASE for j in range(8) if a << j <= 384)
)  # Table 5.3.2-1
INFO_COLUMNS = {1: 22, 2: 10}


@dataclass(frozen=True, eq=False)
class QCCode:
    """A quasi-cyclic parity-check matrix; its rows may be cut from below (`cut`) to raise the rate.

    row_first [n_rows + 1], col [n_edges] (increasing within a row), shift [n_edges] below z, all int32.
    n_info : columns of information; the others are parity, one per row.
    """

    z: int
    n_cols: int
    n_info: int
    row_first: np.ndarray
    col: np.ndarray
    shift: np.ndarray

    @property
    def n_rows(self) -> int:
        return len(self.row_first) - 1

    @property
    def n_edges(self) -> int:
        return len(self.col)

    @property
    def k(self) -> int:
        """Information bits."""
        return self.n_info * self.z

    @property
    def n(self) -> int:
        """Bits of a code word, those never sent among them."""
        return self.n_cols * self.z

    def edges(self, row: int) -> range:
        """Edge numbers of a base row."""
        return range(int(self.row_first[row]), int(self.row_first[row + 1]))

    @functools.cache  # noqa: B019  a code lives as long as the process: nr_code keeps it
    def cut(self, n_rows: int) -> QCCode:
        """The code of the first n_rows rows and the columns that they touch; DomainError outside 4 .. n_rows."""
        if not 4 <= n_rows <= self.n_rows:
            raise DomainError(f"{n_rows} rows asked of a code that has {self.n_rows}; allowed: 4 to {self.n_rows}")
        last = int(self.row_first[n_rows])
        first, col, shift = self.row_first[: n_rows + 1].copy(), self.col[:last].copy(), self.shift[:last].copy()
        return QCCode(self.z, self.n_info + n_rows, self.n_info, first, col, shift)

    def syndrome(self, bits: np.ndarray) -> np.ndarray:
        """H x over GF(2): uint8 [n_blocks, n_rows * z] for bits [n_blocks, n].

        >>> code = nr_code(2, 2)
        >>> int(code.syndrome(np.zeros((1, code.n), np.uint8)).sum())
        0
        """
        x = np.asarray(bits, np.uint8)
        if x.ndim != 2 or x.shape[1] != self.n:
            raise ArgumentError(f"bits have the shape {x.shape}; expected [n_blocks, {self.n}]")
        x = x.reshape(len(x), self.n_cols, self.z)
        out = np.zeros((len(x), self.n_rows, self.z), np.uint8)
        for row in range(self.n_rows):
            for e in self.edges(row):
                out[:, row] ^= np.roll(x[:, self.col[e]], -int(self.shift[e]), axis=-1)
        return out.reshape(len(x), -1)


@functools.cache
def base_graph(graph: int) -> np.ndarray:
    """Edges of base graph 1 or 2: int32 [n_edges, 10] of row, column and the shift of each lifting set 0..7."""
    if graph not in INFO_COLUMNS:
        raise ArgumentError(f"base graph {graph!r} is not known (TS 38.212 clause 5.3.2); allowed: 1, 2")
    text = resources.files("silla.coding").joinpath("data", f"bg{graph}.csv").read_text()
    table = np.loadtxt(text.splitlines(), delimiter=",", skiprows=2, dtype=np.int32)
    table.setflags(write=False)
    return table


def lifting_set(z: int) -> int:
    """Set index i_LS of a lifting size (Table 5.3.2-1); DomainError for a size that the table does not have.

    >>> lifting_set(384), lifting_set(2), lifting_set(15)
    (1, 0, 7)
    """
    if z not in LIFTING_SIZES:
        raise DomainError(f"lifting size {z} is not in TS 38.212 Table 5.3.2-1 (2 to 384)")
    odd = z
    while odd % 2 == 0:
        odd //= 2
    return _LIFTING_BASE.index(odd if odd > 1 else 2)


@functools.cache
def nr_code(graph: int, z: int) -> QCCode:
    """The whole code of a base graph and lifting size.

    graph : 1 (22 information columns, 46 rows) or 2 (10 and 42). z : lifting size of Table 5.3.2-1.

    >>> code = nr_code(1, 384)
    >>> code.k, code.n, code.n_edges
    (8448, 26112, 316)
    """
    table, column = base_graph(graph), lifting_set(z)
    rows = table[:, 0]
    first = np.searchsorted(rows, np.arange(int(rows[-1]) + 2)).astype(np.int32)
    shift = (table[:, 2 + column] % z).astype(np.int32)
    n_info = INFO_COLUMNS[graph]
    return QCCode(z, n_info + len(first) - 1, n_info, first, table[:, 1].copy(), shift)
