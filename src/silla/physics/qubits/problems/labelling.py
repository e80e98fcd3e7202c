"""User-cell association by squared loads, and tracking areas by updates against paging: both give items one label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.physics.qubits.problems.instance import Decoded, Rival
from silla.physics.qubits.problems.onehot import OneHot

__all__ = ["Association", "TrackingAreas"]

sp: Any = scipy.sparse


@dataclass(frozen=True, eq=False)
class Association(OneHot):
    """A cell for every user, minimising the sum of squared loads of the cells.

    share : [n_users, n_choices] share of a cell's time that the user takes on each of its choices (demand / rate);
        infinite: not possible. cell : [n_users, n_choices] the cell of each choice; n_cells. base : [n_cells] load that
        is there already.

    Squares favour even loads (the alpha = 2 cost of Kim et al., IEEE/ACM Trans. Netw. 20(1) 2012).
    """

    share: Any
    cell: Any
    n_cells: int
    base: Any = None

    kind: ClassVar[str] = "association"
    title: ClassVar[str] = "User-cell association by squared loads"

    def __post_init__(self) -> None:
        share, cell = np.asarray(self.share, dtype=float), np.asarray(self.cell, dtype=np.int64)
        if share.ndim != 2 or 0 in share.shape or cell.shape != share.shape:
            raise ArgumentError(f"share and cell must be [n_users, n_choices], found {share.shape} and {cell.shape}")
        if np.isnan(share).any() or (share < 0).any() or not np.isfinite(share).any(axis=1).all():
            raise ArgumentError("every user needs one cell with a finite share that is not negative")
        if cell.min() < 0 or cell.max() >= self.n_cells:
            raise ArgumentError(f"a choice names a cell outside 0..{self.n_cells - 1}")
        base = np.zeros(self.n_cells) if self.base is None else np.asarray(self.base, dtype=float)
        if base.shape != (self.n_cells,) or not np.isfinite(base).all():
            raise ArgumentError(f"base must be [{self.n_cells}] and finite")
        for name, value in (("share", share), ("cell", cell), ("base", base)):
            object.__setattr__(self, name, value)

    @property
    def n_items(self) -> int:
        """Users."""
        return self.share.shape[0]

    @property
    def n_labels(self) -> int:
        """Choices of a user."""
        return self.share.shape[1]

    def _finite(self) -> NDArray[np.float64]:
        """Shares with a price for what is not possible that no other user's choice can make good."""
        top = self.share[np.isfinite(self.share)].sum() + self.base.max(initial=0.0) + 1.0
        return np.where(np.isfinite(self.share), self.share, 10.0 * top)

    def _costs(self) -> tuple[Any, float]:
        share, bits = self._finite().ravel(), np.arange(self.share.size)
        load = sp.csr_array((share, (self.cell.ravel(), bits)), shape=(self.n_cells, self.share.size))
        linear = 2.0 * (self.base @ load)
        matrix = load.T @ load + sp.dia_array((linear[None], [0]), shape=(share.size, share.size))
        return sp.csr_array(matrix), float(self.base @ self.base)

    def loads(self, labels: Any) -> NDArray[np.float64]:
        """Load [n_cells] of choices [n_users]."""
        rows = np.arange(self.n_items)
        pick = np.asarray(labels)
        return self.base + np.bincount(self.cell[rows, pick], self._finite()[rows, pick], self.n_cells)

    def first_labels(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Greedy: users with the largest least share first, each where the squares grow least."""
        share, load = self._finite(), self.base.copy()
        labels = np.zeros(self.n_items, dtype=np.int64)
        for u in np.argsort(-share.min(axis=1), kind="stable"):
            a = share[u]
            labels[u] = int(np.argmin(a * a + 2.0 * a * load[self.cell[u]]))
            load[self.cell[u, labels[u]]] += a[labels[u]]
        return labels

    def _strongest(self, cpu_s: float, seed: int) -> Decoded:
        return self.answer(np.argmin(self._finite(), axis=1))

    def _greedy(self, cpu_s: float, seed: int) -> Decoded:
        return self.answer(self.first_labels(np.random.default_rng(0)))

    def rivals(self) -> dict[str, Rival]:
        """CP-SAT, the cell with the best rate, greedy, and local search from greedy."""
        return {**super().rivals(), "best-rate": self._strongest, "greedy-loads": self._greedy}


@dataclass(frozen=True, eq=False)
class TrackingAreas(OneHot):
    """Areas for cells, minimising location updates across borders plus paging within areas.

    moves : [n, n] users per second moving between two cells, from row to column. calls : [n]
        pages per second for users in a cell. n_areas. page_cost : signalling of one page in one cell relative to an
        update. An area with cells a pages all of them for each call: sum over areas of calls times cells.

    (3GPP TS 23.501 clause 5.3.2; the classical trade-off of Tcha et al., IEEE/ACM Trans. Netw. 5(4) 1997.)
    """

    moves: Any
    calls: Any
    n_areas: int
    page_cost: float = 0.1

    kind: ClassVar[str] = "tracking-areas"
    title: ClassVar[str] = "Tracking-area planning: updates against paging"

    def __post_init__(self) -> None:
        moves, calls = np.asarray(self.moves, dtype=float), np.asarray(self.calls, dtype=float)
        if moves.ndim != 2 or moves.shape[0] != moves.shape[1] or calls.shape != moves.shape[:1] or not len(calls):
            raise ArgumentError(f"moves must be [n, n] and calls [n], found {moves.shape} and {calls.shape}")
        if not (np.isfinite(moves).all() and np.isfinite(calls).all()) or min(moves.min(), calls.min()) < 0:
            raise ArgumentError("moves and calls must be finite and not negative")
        if self.n_areas < 1 or not (np.isfinite(self.page_cost) and self.page_cost >= 0):
            raise ArgumentError("one area at least, and a page cost that is not negative")
        object.__setattr__(self, "moves", moves)
        object.__setattr__(self, "calls", calls)

    @property
    def between(self) -> NDArray[np.float64]:
        """Moves [n, n] between two cells, both directions together."""
        both = self.moves + self.moves.T
        np.fill_diagonal(both, 0.0)
        return both

    @property
    def n_items(self) -> int:
        """Cells."""
        return len(self.calls)

    @property
    def n_labels(self) -> int:
        """Areas."""
        return self.n_areas

    def _costs(self) -> tuple[Any, float]:
        # a pair in one area: pages calls_i + calls_j more, updates moves_ij fewer
        pair = self.page_cost * np.add.outer(self.calls, self.calls) - self.between
        np.fill_diagonal(pair, 0.0)
        matrix = sp.kron(sp.csr_array(0.5 * pair), sp.eye_array(self.n_areas), format="csr")
        constant = 0.5 * float(self.between.sum()) + self.page_cost * float(self.calls.sum())
        return matrix, constant

    def _one(self, cpu_s: float, seed: int) -> Decoded:
        return self.answer(np.zeros(self.n_items, dtype=np.int64))

    def first_labels(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Parts by the order of the graph's Fiedler vector."""
        laplacian = np.diag(self.between.sum(axis=1)) - self.between
        fiedler = np.linalg.eigh(laplacian)[1][:, min(1, self.n_items - 1)]
        rank = np.argsort(np.argsort(fiedler, kind="stable"), kind="stable")
        return rank * self.n_areas // self.n_items

    def _spectral(self, cpu_s: float, seed: int) -> Decoded:
        return self.answer(self.first_labels(np.random.default_rng(0)))

    def rivals(self) -> dict[str, Rival]:
        """CP-SAT, one area for all, spectral parts, and local search from them."""
        return {**super().rivals(), "one-area": self._one, "spectral": self._spectral}
