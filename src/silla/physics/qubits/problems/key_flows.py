"""Key routing over trusted nodes: integer units of key on paths, within every link's budget.

Each demand is cut into units of equal size; a unit takes one of a few short paths or is not served. A link's budget is
an equation with binary slack.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import scipy.optimize
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, RunError
from silla.physics.qubits.ising import Qubo, check_memory
from silla.physics.qubits.problems.instance import Decoded, Instance, Rival

__all__ = ["KeyFlows", "simple_paths"]

sp: Any = scipy.sparse


def simple_paths(edges: ArrayLike, source: int, target: int, count: int) -> list[tuple[int, ...]]:
    """Up to `count` paths without a repeated node, the fewest links first, each as link numbers.

    >>> simple_paths([[0, 1], [1, 2], [0, 2]], 0, 2, 5)
    [(2,), (0, 1)]
    """
    e = np.asarray(edges, dtype=np.int64).reshape(-1, 2).tolist()
    near: dict[int, list[tuple[int, int]]] = {}
    for number, (a, b) in enumerate(e):
        near.setdefault(a, []).append((number, b))
        near.setdefault(b, []).append((number, a))
    queue: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = [(0, (), (source,))]
    found: list[tuple[int, ...]] = []
    while queue and len(found) < count:
        _, links, nodes = heapq.heappop(queue)
        if nodes[-1] == target:
            found.append(links)
            continue
        for number, node in near.get(nodes[-1], []):
            if node not in nodes:
                heapq.heappush(queue, (len(links) + 1, (*links, number), (*nodes, node)))
    return found


@dataclass(frozen=True, eq=False)
class KeyFlows(Instance):
    """Units of key for demands within the links' budgets, the greatest total worth.

    edges : [E, 2] nodes of each link. budget : int [E] units that a link has. demand : int [D, 3] source, target,
    units. worth : [D] of one unit. n_paths : shortest paths that a unit may take. Solutions are units [D, n_paths]
    flattened; the objective is minus the worth of what is served.
    """

    edges: Any
    budget: Any
    demand: Any
    worth: Any
    n_paths: int = 3

    kind: ClassVar[str] = "key-flows"
    title: ClassVar[str] = "Key routing over trusted nodes"

    def __post_init__(self) -> None:
        edges = np.asarray(self.edges, dtype=np.int64).reshape(-1, 2)
        budget, demand = np.asarray(self.budget), np.asarray(self.demand).reshape(-1, 3)
        worth = np.asarray(self.worth, dtype=float).reshape(-1)
        if budget.shape != (len(edges),) or worth.shape != (len(demand),) or not len(demand) or self.n_paths < 1:
            raise ArgumentError(
                f"budget must be [{len(edges)}], worth [{len(demand)}], one demand and one path at least; found "
                f"{budget.shape} and {worth.shape}"
            )
        if (budget != np.rint(budget)).any() or (budget < 0).any() or (demand != np.rint(demand)).any():
            raise ArgumentError("budgets and demands are whole units, not negative")
        if (demand[:, 0] == demand[:, 1]).any() or (demand < 0).any():
            raise ArgumentError("a demand joins two different nodes and is not negative")
        if not np.isfinite(worth).all() or (worth <= 0).any():
            raise ArgumentError("the worth of a unit must be positive")
        for name, value in (("edges", edges), ("budget", budget.astype(int)), ("demand", demand.astype(int))):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "worth", worth)

    @cached_property
    def paths(self) -> list[list[tuple[int, ...]]]:
        """Paths of each demand; none where its nodes are not joined."""
        return [simple_paths(self.edges, int(s), int(t), self.n_paths) for s, t, _ in self.demand]

    @cached_property
    def variables(self) -> NDArray[np.int64]:
        """[V, 3] demand, path and unit of each bit before the slack."""
        rows = [
            (d, p, unit)
            for d, (paths, units) in enumerate(zip(self.paths, self.demand[:, 2]))
            for unit in range(int(units))
            for p in range(len(paths))
        ]
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    def _uses(self) -> Any:
        """Sparse [E, V]: links of each bit's path."""
        v = self.variables
        links = [self.paths[d][p] for d, p, _ in v.tolist()]
        rows = np.array([e for path in links for e in path], dtype=np.int64)
        columns = np.repeat(np.arange(len(v)), [len(path) for path in links])
        return sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(self.edges), len(v)))

    def _build(self) -> Qubo:
        """A unit in two places, and a link over its budget, each cost more than the unit that would mend it is worth.

        An overdrawn link falls by one unit, at least one penalty, when one of its units is left out (its slack is zero
        there), and the links beside it follow with their slack; so no minimum overdraws.
        """
        v, uses = self.variables, self._uses()
        if not len(v):
            raise ArgumentError("key-flows: no demand has both units and a path between its nodes")
        check_memory(len(v) + len(self.edges), what="key-flows as a QUBO")
        penalty = float(self.worth.max()) * 1.001
        n = len(v)
        matrix = np.zeros((n, n))
        matrix[np.arange(n), np.arange(n)] = -self.worth[v[:, 0]]
        same = (v[:, None, 0] == v[None, :, 0]) & (v[:, None, 2] == v[None, :, 2]) & ~np.eye(n, dtype=bool)
        matrix += penalty * same  # both orders: 2 penalties a pair
        blocks, offset = [matrix], 0.0
        rows, slack_of = [], []
        for e in range(len(self.edges)):
            users = np.flatnonzero(uses[[e]].toarray().ravel())
            if len(users) <= self.budget[e]:
                continue  # the budget can never be overdrawn
            weights = _slack(int(self.budget[e]))
            rows.append((users, weights))
            slack_of.append(len(weights))
            offset += penalty * float(self.budget[e]) ** 2
        size = n + sum(slack_of)
        full = np.zeros((size, size))
        full[:n, :n] = blocks[0]
        at = n
        for (users, weights), e in zip(rows, self._tight(uses)):
            a = np.zeros(size)
            a[users] = 1.0
            a[at : at + len(weights)] = weights
            at += len(weights)
            full += penalty * np.outer(a, a)
            full[np.arange(size), np.arange(size)] -= 2.0 * penalty * float(self.budget[e]) * a
        return Qubo(full, offset)

    def _tight(self, uses: Any) -> list[int]:
        return [e for e in range(len(self.edges)) if uses[[e]].nnz > self.budget[e]]

    def _flow(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        flow = np.zeros((len(self.demand), self.n_paths), dtype=np.int64)
        for d, p, _ in self.variables[chosen].tolist():
            flow[d, p] += 1
        return flow

    def link_units(self, solution: ArrayLike) -> NDArray[np.int64]:
        """Units on each link [E]."""
        flow, used = np.asarray(solution).reshape(len(self.demand), self.n_paths), np.zeros(len(self.edges), dtype=int)
        for d, paths in enumerate(self.paths):
            for p, path in enumerate(paths):
                used[list(path)] += int(flow[d, p])
        return used

    def objective(self, solution: ArrayLike) -> float:
        """Minus the worth of the units served."""
        return -float(self.worth @ np.asarray(solution).reshape(len(self.demand), -1).sum(axis=1))

    def answer(self, flow: ArrayLike, repaired: bool = False, note: str = "") -> Decoded:
        """Units on paths with their objective."""
        units = np.asarray(flow, dtype=np.int64).reshape(len(self.demand), self.n_paths)
        fits = bool((self.link_units(units) <= self.budget).all() and (units.sum(axis=1) <= self.demand[:, 2]).all())
        return Decoded(units.ravel(), self.objective(units), fits, repaired, note)

    def decode(self, bits: ArrayLike) -> Decoded:
        """Units on paths; a unit in two places keeps the shorter, over a budget the cheapest are dropped."""
        x = np.flatnonzero(np.asarray(bits)[: len(self.variables)])
        kept: dict[tuple[int, int], int] = {}
        for at in x.tolist():
            d, _, unit = self.variables[at].tolist()
            kept.setdefault((d, unit), at)
        flow = np.zeros((len(self.demand), self.n_paths), dtype=np.int64)
        left, dropped = self.budget.copy(), len(x) - len(kept)
        for at in sorted(kept.values(), key=lambda a: -self.worth[self.variables[a, 0]]):
            d, p, _ = self.variables[at].tolist()
            path = list(self.paths[d][p])
            if (left[path] >= 1).all():
                left[path] -= 1
                flow[d, p] += 1
            else:
                dropped += 1
        return self.answer(flow, dropped > 0, f"{dropped} units were dropped" if dropped else "")

    def exact(self, cpu_s: float, seed: int) -> Decoded:
        """HiGHS over the same paths, units on each path as integers; note "optimal" or "bound ..."."""
        pairs = [(d, p) for d, paths in enumerate(self.paths) for p in range(len(paths))]
        if not pairs:
            return self.answer(np.zeros((len(self.demand), self.n_paths)), note="optimal")
        a = np.zeros((len(self.edges) + len(self.demand), len(pairs)))
        for column, (d, p) in enumerate(pairs):
            a[list(self.paths[d][p]), column] = 1.0
            a[len(self.edges) + d, column] = 1.0
        found = scipy.optimize.milp(
            -self.worth[[d for d, _ in pairs]],
            integrality=np.ones(len(pairs), dtype=int),
            constraints=scipy.optimize.LinearConstraint(
                a,
                -np.inf,
                np.concatenate([self.budget, self.demand[:, 2]]).astype(float),  # pyright: ignore[reportArgumentType]
            ),
            options={"time_limit": max(float(cpu_s), 0.01), "mip_rel_gap": 1e-9},
        )
        if found.x is None:
            raise RunError(f"{self.kind}: HiGHS found nothing within {cpu_s:g} s: {found.message}")
        flow = np.zeros((len(self.demand), self.n_paths), dtype=np.int64)
        for (d, p), units in zip(pairs, np.rint(found.x)):
            flow[d, p] = int(units)
        bound = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
        return self.answer(flow, note="optimal" if found.status == 0 else f"bound {bound:.6g}")

    def _greedy(self, cpu_s: float, seed: int) -> Decoded:
        """Demands by worth a link, each unit on its shortest path with key left."""
        flow, left = np.zeros((len(self.demand), self.n_paths), dtype=np.int64), self.budget.copy()
        hops = [len(paths[0]) if paths else np.inf for paths in self.paths]
        for d in np.argsort(-self.worth / np.array(hops), kind="stable"):
            for p, path in enumerate(self.paths[d]):
                room = min(int(left[list(path)].min()), int(self.demand[d, 2] - flow[d].sum()))
                flow[d, p] += room
                left[list(path)] -= room
        return self.answer(flow)

    def rivals(self) -> dict[str, Rival]:
        """HiGHS and greedy."""
        return {"highs-exact": self.exact, "greedy-paths": self._greedy}


def _slack(budget: int) -> list[int]:
    """Weights of bits whose sums are exactly 0 .. budget."""
    weights, top = [], 1
    while sum(weights) + top <= budget:
        weights.append(top)
        top *= 2
    rest = budget - sum(weights)
    return [*weights, rest] if rest else weights
