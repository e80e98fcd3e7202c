"""Quasi-cyclic LDPC codes: any base matrix and lifting size, and those of TS 38.212 clause 5.3.2.

A code is a table of circulants. Edge e of row r joins check (r, i) to variable (col[e], (i + shift[e]) mod z), for
every i below the lifting size z. The tables lie beside this file as CSV (TS 38.212 Tables 5.3.2-2 and 5.3.2-3).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.base.kernels import kernel
from silla.coding.arguments import as_count

__all__ = ["INFO_COLUMNS", "LIFTING_SIZES", "QCCode", "base_graph", "lifting_set", "nr_code", "quasi_cyclic"]

_LIFTING_BASE = (2, 3, 5, 7, 9, 11, 13, 15)
LIFTING_SIZES: tuple[int, ...] = tuple(
    sorted(a << j for a in _LIFTING_BASE for j in range(8) if a << j <= 384)
)  # Table 5.3.2-1
INFO_COLUMNS = {1: 22, 2: 10}
_MAX_DEGREE = 256  # edges of a row; the decoder keeps a row's values side by side
_MAX_BITS = 1 << 31  # n_cols * z with room for a vector behind each column, the reach of the decoder's 32-bit places


@dataclass(frozen=True, eq=False)
class QCCode:
    """A quasi-cyclic parity-check matrix; its rows may be cut from below (`cut`) to raise the rate.

    row_first [n_rows + 1], col [n_edges] (increasing within a row), shift [n_edges] below z, all int32.
    n_info : columns of information; the others are parity, one per row. n_hidden : columns at the front that are never
    sent, which the decoder's order of rows takes into account (`schedule`).

    Raises ArgumentError for a table that does not hold together (a column twice in a row, a shift outside 0 .. z - 1,
    a row of no edge or of more than 256).
    """

    z: int
    n_cols: int
    n_info: int
    row_first: np.ndarray
    col: np.ndarray
    shift: np.ndarray
    n_hidden: int = 0

    def __post_init__(self) -> None:
        for name in ("row_first", "col", "shift"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), np.int32))
        _check(self)

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

    @functools.cached_property
    def schedule(self) -> np.ndarray:
        """Rows in the order in which a layered decoder works on them, int32 [n_rows].

        A row with two or more columns that nobody knows yet says nothing; with one, it tells that column. So rows with
        fewest unknown columns come first, among them those of fewest edges, whose messages are surest, and later rows
        before earlier ones. Without hidden columns the order is the table's.

        >>> nr_code(1, 384).cut(5).schedule.tolist()
        [1, 4, 3, 2, 0]
        """
        if not self.n_hidden:
            return np.arange(self.n_rows, dtype=np.int32)
        left, unknown, order = list(range(self.n_rows)), set(range(self.n_hidden)), []
        columns = [set(self.col[self.row_first[r] : self.row_first[r + 1]].tolist()) for r in left]
        while left:
            rank = [(len(columns[r] & unknown), len(columns[r]), -r) for r in left]
            n_unknown, _, row = min(rank)
            order.append(-row)
            left.remove(-row)
            if n_unknown <= 1:
                unknown -= columns[-row]
        return np.array(order, np.int32)

    @functools.cache  # noqa: B019  a code lives as long as the process: nr_code keeps it
    def cut(self, n_rows: int) -> QCCode:
        """The code of the first n_rows rows and the columns of information and of these rows' parity.

        DomainError outside 4 .. n_rows (1 .. n_rows where a code has fewer), and where a kept row uses the parity of a
        row that is cut away.
        """
        least, n_rows = min(4, self.n_rows), as_count(n_rows, "n_rows", 0)
        if not least <= n_rows <= self.n_rows:
            raise DomainError(
                f"{n_rows} rows asked of a code that has {self.n_rows}; allowed: {least} to {self.n_rows}"
            )
        last = int(self.row_first[n_rows])
        if int(self.col[:last].max()) >= self.n_info + n_rows:
            raise DomainError(
                f"the first {n_rows} rows use parity columns of later rows: this code cannot be cut there"
            )
        first, col, shift = self.row_first[: n_rows + 1].copy(), self.col[:last].copy(), self.shift[:last].copy()
        return QCCode(self.z, self.n_info + n_rows, self.n_info, first, col, shift, self.n_hidden)

    def syndrome(self, bits: np.ndarray) -> np.ndarray:
        """H x over GF(2): uint8 [n_blocks, n_rows * z] for bits [n_blocks, n].

        >>> code = nr_code(2, 2)
        >>> int(code.syndrome(np.zeros((1, code.n), np.uint8)).sum())
        0
        """
        x = np.asarray(bits, np.uint8)
        if x.ndim != 2 or x.shape[1] != self.n:
            raise ArgumentError(f"bits have the shape {x.shape}; expected [n_blocks, {self.n}]")
        fast = kernel("syndrome_of")
        if fast is not None:
            return fast(np.ascontiguousarray(x), self.row_first, self.col, self.shift, self.z)
        x = x.reshape(len(x), self.n_cols, self.z)
        out = np.zeros((len(x), self.n_rows, self.z), np.uint8)
        for row in range(self.n_rows):
            for e in self.edges(row):
                out[:, row] ^= np.roll(x[:, self.col[e]], -int(self.shift[e]), axis=-1)
        return out.reshape(len(x), -1)


def _check(code: QCCode) -> None:
    """ArgumentError unless the table describes a quasi-cyclic code within the decoder's reach."""
    first, col, shift = code.row_first, code.col, code.shift
    if code.z < 1 or code.n_cols < 1 or not 0 <= code.n_info <= code.n_cols:
        raise ArgumentError(f"z {code.z}, n_cols {code.n_cols}, n_info {code.n_info}: z and n_cols are at least 1")
    if not 0 <= code.n_hidden <= code.n_cols:
        raise ArgumentError(f"{code.n_hidden} hidden columns; allowed: 0 to {code.n_cols}")
    if code.n_cols * (code.z + 128) > _MAX_BITS:
        raise ArgumentError(f"{code.n_cols} columns of {code.z} bits; allowed: n_cols * (z + 128) up to {_MAX_BITS}")
    if first.ndim != 1 or len(first) < 2 or col.ndim != 1 or shift.shape != col.shape:
        raise ArgumentError("row_first is [n_rows + 1] with one row at least; col and shift are [n_edges]")
    degree = np.diff(first)
    if first[0] != 0 or first[-1] != len(col) or degree.min() < 1 or degree.max() > _MAX_DEGREE:
        raise ArgumentError(f"row_first runs from 0 to the {len(col)} edges in steps of 1 to {_MAX_DEGREE}")
    if col.min() < 0 or col.max() >= code.n_cols or shift.min() < 0 or shift.max() >= code.z:
        raise ArgumentError(f"an edge is outside the columns 0..{code.n_cols - 1} or the shifts 0..{code.z - 1}")
    within = np.ones(len(col), bool)
    within[first[:-1]] = False
    if (np.diff(col, prepend=-1) <= 0)[within].any():
        raise ArgumentError("the columns of a row must increase, each at most once (no sums of circulants)")


def quasi_cyclic(base: np.ndarray, z: int, n_info: int | None = None, n_hidden: int = 0) -> QCCode:
    """The code of a base matrix: shifts of z x z circulants, -1 for an empty place.

    base : integers [n_rows, n_cols], below z. z : any lifting size; the decoder takes tens of thousands as it takes 2.
    n_info : columns of information (default n_cols - n_rows). n_hidden : columns at the front that are never sent.
    Raises ArgumentError as `QCCode` does.

    >>> code = quasi_cyclic(np.array([[0, 3, -1], [-1, 1, 2]]), 1000)
    >>> code.n, code.n_rows, code.n_edges
    (3000, 2, 4)
    """
    base = np.asarray(base)
    if base.ndim != 2 or not np.issubdtype(base.dtype, np.integer) or base.size == 0 or base.min() < -1:
        raise ArgumentError("a base matrix is [n_rows, n_cols] of integers, -1 for an empty place")
    rows, col = np.nonzero(base >= 0)
    first = np.searchsorted(rows, np.arange(len(base) + 1))
    n_cols = base.shape[1]
    n_info = max(0, n_cols - len(base)) if n_info is None else n_info
    return QCCode(int(z), n_cols, n_info, first, col, base[rows, col], n_hidden)


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
    z = as_count(z, "lifting size", 0)
    table, column = base_graph(graph), lifting_set(z)
    rows = table[:, 0]
    first = np.searchsorted(rows, np.arange(int(rows[-1]) + 2)).astype(np.int32)
    shift = (table[:, 2 + column] % z).astype(np.int32)
    n_info = INFO_COLUMNS[graph]
    return QCCode(z, n_info + len(first) - 1, n_info, first, table[:, 1].copy(), shift, n_hidden=2)
