"""Graph colouring for cell identities: neighbours differ, second neighbours differ, equal residues cost.

Two cells that a user may hear must not share a PCI (collision), nor two neighbours of one cell (confusion); PCIs equal
modulo 3 share the primary synchronisation sequence (TS 38.211 clause 7.4.2), modulo 30 the uplink's reference signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.physics.qubits.problems.instance import Decoded, Rival
from silla.physics.qubits.problems.onehot import OneHot

__all__ = ["Colouring", "clique", "confusion_edges", "dsatur", "edges_of"]

sp: Any = scipy.sparse


def edges_of(edges: ArrayLike, n: int) -> NDArray[np.int64]:
    """Edges [E, 2] sorted, each once, i < j; ArgumentError for loops and vertices outside 0..n-1."""
    e = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    if len(e) and (e.min() < 0 or e.max() >= n):
        raise ArgumentError(f"an edge names a vertex outside 0..{n - 1}")
    if (e[:, 0] == e[:, 1]).any():
        raise ArgumentError("an edge joins a vertex with itself")
    return np.unique(np.sort(e, axis=1), axis=0)


def confusion_edges(edges: ArrayLike, n: int) -> NDArray[np.int64]:
    """Pairs of vertices with a common neighbour.

    >>> confusion_edges([[0, 1], [1, 2]], 3).tolist()
    [[0, 2]]
    """
    e = edges_of(edges, n)
    a = sp.csr_array((np.ones(len(e)), (e[:, 0], e[:, 1])), shape=(n, n))
    a = a + a.T
    two = sp.coo_array(sp.triu(a @ a, 1))
    return np.column_stack(two.coords).astype(np.int64)


def _neighbours(edges: NDArray[np.int64], n: int) -> list[set[int]]:
    out: list[set[int]] = [set() for _ in range(n)]
    for i, j in edges.tolist():
        out[i].add(j)
        out[j].add(i)
    return out


def dsatur(n: int, edges: ArrayLike) -> NDArray[np.int64]:
    """Colours [n] by DSATUR (Brelaz, CACM 22(4) 1979): the vertex with most colours around it is coloured next.

    >>> dsatur(3, [[0, 1], [1, 2]]).tolist()
    [1, 0, 1]
    """
    near = _neighbours(edges_of(edges, n), n)
    colour = np.full(n, -1, dtype=np.int64)
    around: list[set[int]] = [set() for _ in range(n)]
    left = set(range(n))
    while left:
        v = max(left, key=lambda u: (len(around[u]), len(near[u]), -u))
        c = 0
        while c in around[v]:
            c += 1
        colour[v] = c
        left.remove(v)
        for u in near[v]:
            around[u].add(c)
    return colour


def clique(n: int, edges: ArrayLike, *, more_than: int | None = None, steps: int = 200_000) -> list[int]:
    """The largest clique found within a number of steps, by branch and bound over a degeneracy order.

    more_than : stop at the first clique larger than this.
    """
    near = _neighbours(edges_of(edges, n), n)
    order = sorted(range(n), key=lambda v: -len(near[v]))
    best: list[int] = []
    count = 0

    def grow(chosen: list[int], candidates: list[int]) -> bool:
        nonlocal best, count
        if len(chosen) > len(best):
            best = chosen
            if more_than is not None and len(best) > more_than:
                return True
        for at, v in enumerate(candidates):
            count += 1
            if len(chosen) + len(candidates) - at <= len(best) or count > steps:
                return False
            if grow([*chosen, v], [u for u in candidates[at + 1 :] if u in near[v]]):
                return True
        return False

    grow([], order)
    return sorted(best)


@dataclass(frozen=True, eq=False)
class Colouring(OneHot):
    """Colours for vertices: no edge has one colour at both ends; equal residues modulo m cost their weight.

    n_vertices; edges [E, 2]; n_colours; soft [S, 2] pairs with soft_weight [S], paid when both have the same colour
    modulo `modulus` (3: PCI's mod-3 rule). Refused when a clique is larger than the number of colours.

    >>> Colouring(3, [[0, 1], [1, 2]], 2).rivals()["dsatur"](0.1, 1).solution.tolist()
    [1, 0, 1]
    """

    n_vertices: int
    edges: Any
    n_colours: int
    soft: Any = ()
    soft_weight: Any = ()
    modulus: int = 3

    kind: ClassVar[str] = "colouring"
    title: ClassVar[str] = "Graph colouring: PCI or root sequence assignment"

    def __post_init__(self) -> None:
        if self.n_vertices < 1 or self.n_colours < 1 or self.modulus < 1:
            raise ArgumentError("a colouring needs one vertex, one colour and a modulus of 1 at least")
        object.__setattr__(self, "edges", edges_of(self.edges, self.n_vertices))
        soft = np.asarray(self.soft, dtype=np.int64).reshape(-1, 2)
        weight = np.asarray(self.soft_weight, dtype=float).reshape(-1)
        edges_of(soft, self.n_vertices)
        if len(weight) != len(soft) or not np.isfinite(weight).all() or (weight < 0).any():
            raise ArgumentError(f"soft_weight must be [{len(soft)}], finite and not negative")
        object.__setattr__(self, "soft", soft)
        object.__setattr__(self, "soft_weight", weight)
        found = clique(self.n_vertices, self.edges, more_than=self.n_colours)
        if len(found) > self.n_colours:
            raise ArgumentError(
                f"{self.n_colours} colours cannot do: vertices {', '.join(map(str, found))} are a clique of "
                f"{len(found)}, each next to all others; give {len(found)} colours or more"
            )

    @property
    def n_items(self) -> int:
        """Vertices."""
        return self.n_vertices

    @property
    def n_labels(self) -> int:
        """Colours."""
        return self.n_colours

    def _costs(self) -> tuple[Any, float]:
        k = self.n_colours
        same = np.equal.outer(np.arange(k) % self.modulus, np.arange(k) % self.modulus)
        a, b = np.nonzero(same)
        rows = (self.soft[:, 0, None] * k + a).ravel()
        columns = (self.soft[:, 1, None] * k + b).ravel()
        values = np.repeat(self.soft_weight, len(a))
        n = self.n_vertices * k
        return sp.csr_array((values, (rows, columns)), shape=(n, n)), 0.0

    def _hard(self) -> NDArray[np.int64]:
        k = self.n_colours
        colours = np.arange(k)
        return np.stack([(self.edges[:, e, None] * k + colours).ravel() for e in (0, 1)], axis=1)

    def first_labels(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """DSATUR's colours where they are few enough, the others at random."""
        colour = dsatur(self.n_vertices, self.edges)
        many = colour >= self.n_colours
        return np.where(many, rng.integers(0, self.n_colours, self.n_vertices), colour)

    def _dsatur(self, cpu_s: float, seed: int) -> Decoded:
        colour = dsatur(self.n_vertices, self.edges)
        return self.answer(np.minimum(colour, self.n_colours - 1))

    def rivals(self) -> dict[str, Rival]:
        """CP-SAT, DSATUR alone, and DSATUR with descents on the soft costs."""
        return {"cp-sat-exact": self.exact, "dsatur": self._dsatur, "dsatur+descent": self.local_search}

    def named(self, names: Sequence[str], labels: ArrayLike) -> dict[str, int]:
        """Colour of each vertex by name."""
        return dict(zip(names, np.asarray(labels).tolist()))
