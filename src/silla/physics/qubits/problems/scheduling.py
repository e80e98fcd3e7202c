"""Scheduling users or beams that must not be served together: the independent set of greatest weight."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time
from typing import Any, ClassVar

import numpy as np
import scipy.optimize
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, RunError
from silla.base.rng import stream
from silla.physics.qubits.ising import Qubo
from silla.physics.qubits.problems.colouring import edges_of
from silla.physics.qubits.problems.instance import Decoded, Instance, Rival

__all__ = ["Scheduling"]

sp: Any = scipy.sparse


@dataclass(frozen=True, eq=False)
class Scheduling(Instance):
    """A set of items of greatest total weight without two that conflict.

    weight : [n], not negative (rates). conflicts : [E, 2]. Solutions are chosen [n] of 1 and 0; the objective is minus
    the total weight.

    A conflict costs more than the lighter of its two items: leaving that one out lowers the energy, so every minimum is
    independent (Lucas, Frontiers in Physics 2:5 2014, section 4.2).

    >>> Scheduling([3.0, 4.0, 3.0], [[0, 1], [1, 2]]).rivals()["highs-exact"](1.0, 1).solution.tolist()
    [1, 0, 1]
    """

    weight: Any
    conflicts: Any

    kind: ClassVar[str] = "scheduling"
    title: ClassVar[str] = "User and beam scheduling: maximum-weight independent set"

    def __post_init__(self) -> None:
        weight = np.asarray(self.weight, dtype=float)
        if weight.ndim != 1 or not len(weight) or not np.isfinite(weight).all() or (weight < 0).any():
            raise ArgumentError("weights must be [n >= 1], finite and not negative")
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "conflicts", edges_of(self.conflicts, len(weight)))

    @property
    def n(self) -> int:
        """Items."""
        return len(self.weight)

    def _build(self) -> Qubo:
        i, j = self.conflicts.T
        lighter = np.minimum(self.weight[i], self.weight[j])
        penalty = lighter + 1e-3 * (float(self.weight.max()) or 1.0)
        rows, columns = np.concatenate([np.arange(self.n), i]), np.concatenate([np.arange(self.n), j])
        matrix = sp.csr_array((np.concatenate([-self.weight, penalty]), (rows, columns)), shape=(self.n, self.n))
        return Qubo(matrix.toarray() if self.n <= 1024 else matrix)

    def objective(self, solution: ArrayLike) -> float:
        """Minus the weight of what is chosen."""
        return -float(self.weight @ np.asarray(solution, dtype=float))

    def clashes(self, solution: ArrayLike) -> int:
        """Conflicts within what is chosen."""
        x = np.asarray(solution, dtype=np.int64)
        return int((x[self.conflicts[:, 0]] & x[self.conflicts[:, 1]]).sum())

    def answer(self, chosen: ArrayLike, repaired: bool = False, note: str = "") -> Decoded:
        """What is chosen with its objective."""
        x = np.asarray(chosen, dtype=np.int64)
        return Decoded(x, self.objective(x), self.clashes(x) == 0, repaired, note)

    def decode(self, bits: ArrayLike) -> Decoded:
        """The items chosen; of a conflict the lighter item is dropped."""
        x = np.array(bits, dtype=np.int64)
        dropped = 0
        for i, j in self.conflicts.tolist():
            if x[i] and x[j]:
                x[i if self.weight[i] < self.weight[j] else j] = 0
                dropped += 1
        return self.answer(x, dropped > 0, f"{dropped} items in conflict were dropped" if dropped else "")

    def exact(self, cpu_s: float, seed: int) -> Decoded:
        """HiGHS with x_i + x_j <= 1 on every conflict; note "optimal" or "bound ..."."""
        rows = np.repeat(np.arange(len(self.conflicts)), 2)
        left = sp.csr_array((np.ones(len(rows)), (rows, self.conflicts.ravel())), shape=(len(self.conflicts), self.n))
        found = scipy.optimize.milp(
            -self.weight,
            integrality=np.ones(self.n, dtype=int),
            bounds=scipy.optimize.Bounds(0.0, 1.0),
            constraints=scipy.optimize.LinearConstraint(left, -np.inf, 1.0) if len(self.conflicts) else (),
            options={"time_limit": max(float(cpu_s), 0.01), "mip_rel_gap": 1e-9},
        )
        if found.x is None:
            raise RunError(f"{self.kind}: HiGHS found nothing within {cpu_s:g} s: {found.message}")
        bound = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
        return self.answer(np.rint(found.x), note="optimal" if found.status == 0 else f"bound {bound:.6g}")

    def _adjacent(self) -> list[list[int]]:
        near: list[list[int]] = [[] for _ in range(self.n)]
        for i, j in self.conflicts.tolist():
            near[i].append(j)
            near[j].append(i)
        return near

    def _greedy(self, cpu_s: float, seed: int) -> Decoded:
        """By weight over degree + 1 (Sakai, Togasaki and Yamazaki, Discrete Applied Math. 126 2003)."""
        near = self._adjacent()
        rank = np.argsort([-w / (len(near[i]) + 1) for i, w in enumerate(self.weight)], kind="stable")
        return self.answer(self._filled(np.zeros(self.n, dtype=np.int64), rank, near))

    def _filled(self, x: NDArray[np.int64], order: Any, near: list[list[int]]) -> NDArray[np.int64]:
        for i in order:
            if not x[i] and not any(x[j] for j in near[i]):
                x[i] = 1
        return x

    def local_search(self, cpu_s: float, seed: int) -> Decoded:
        """Force an item in, drop what conflicts, fill up; keep what is better. Until the seconds are spent."""
        rng, until, near = stream(seed, "scheduling"), process_time() + cpu_s, self._adjacent()
        rank = np.argsort(-self.weight, kind="stable")
        best = self._greedy(cpu_s, seed)
        while process_time() < until:
            x = best.solution.copy()
            for i in rng.integers(0, self.n, rng.integers(1, 4)):
                x[near[i]] = 0
                x[i] = 1
            found = self.answer(self._filled(x, rank, near))
            if found.feasible and found.objective <= best.objective:
                best = found
        return best

    def rivals(self) -> dict[str, Rival]:
        """HiGHS, greedy by weight over degree, and local search."""
        return {"highs-exact": self.exact, "greedy-degree": self._greedy, "local-search": self.local_search}
