"""Covering: which sites or cells to have, so that demand points are served. Cell sleep and site selection.

Over bits y = 1 for "off", a point that only off facilities could serve is the product of its bits: no slack variables,
a polynomial that `quadratised` makes a QUBO.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import scipy.optimize
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, RunError
from silla.base.rng import stream
from silla.physics.qubits.ising import Qubo
from silla.physics.qubits.polynomial import HigherOrder
from silla.physics.qubits.problems.instance import Decoded, Instance, Rival

__all__ = ["CellSleep", "Cover", "SiteSelection"]

sp: Any = scipy.sparse


@dataclass(frozen=True, eq=False)
class Cover(Instance):
    """Facilities on or off: minimise the cost of those that are on plus the weight of the points left unserved.

    cost : [n] of keeping a facility on, not negative. serves : bool [n_points, n]. weight : [n_points] paid for a point
        that no facility serves; infinite: it must be served. Solutions are on/off [n] of 1 and 0.

    Points that the same facilities serve are added up. A point that must be served by none can never be: refused.
    """

    cost: Any
    serves: Any
    weight: Any

    kind: ClassVar[str] = "cover"
    title: ClassVar[str] = "Covering demand with facilities"

    def __post_init__(self) -> None:
        cost, serves = np.asarray(self.cost, dtype=float), np.asarray(self.serves, dtype=bool)
        weight = np.asarray(self.weight, dtype=float)
        if cost.ndim != 1 or not len(cost) or serves.ndim != 2 or serves.shape[1] != len(cost):
            raise ArgumentError(f"cost must be [n >= 1] and serves [n_points, n], found {cost.shape}, {serves.shape}")
        if weight.shape != (len(serves),):
            raise ArgumentError(f"weight must be [{len(serves)}], found shape {weight.shape}")
        if not np.isfinite(cost).all() or (cost < 0).any() or np.isnan(weight).any() or (weight < 0).any():
            raise ArgumentError("costs must be finite and weights numbers, none negative")
        alone = np.flatnonzero(~serves.any(axis=1) & np.isinf(weight))
        if len(alone):
            raise ArgumentError(f"point {alone[0]} must be served and no facility serves it; {len(alone)} such points")
        for name, value in (("cost", cost), ("serves", serves), ("weight", weight)):
            object.__setattr__(self, name, value)

    @property
    def n(self) -> int:
        """Facilities."""
        return len(self.cost)

    @cached_property
    def sets(self) -> tuple[list[tuple[int, ...]], NDArray[np.float64], float]:
        """(distinct sets of facilities, weight of each, weight of points that none serves)."""
        if not len(self.serves):
            return [], np.zeros(0), 0.0
        rows, which = np.unique(self.serves, axis=0, return_inverse=True)
        weight = np.bincount(which.ravel(), self.weight, len(rows)).astype(np.float64)
        sets = [tuple(np.flatnonzero(row).tolist()) for row in rows]
        lost = float(sum(float(w) for s, w in zip(sets, weight) if not s))
        kept = [i for i, s in enumerate(sets) if s and weight[i] > 0]
        return [sets[i] for i in kept], weight[kept], lost

    @cached_property
    def polynomial(self) -> HigherOrder:
        """The objective over bits "off".

        A set that must be served costs the least cost among its facilities and a little more: switching that one on
        never makes anything worse, so no minimum leaves it unserved.
        """
        sets, weight, lost = self.sets
        terms: dict[tuple[int, ...], float] = {(i,): -float(c) for i, c in enumerate(self.cost)}
        margin = 1e-3 * (float(self.cost.max()) or 1.0)
        for members, w in zip(sets, weight):
            value = float(w) if np.isfinite(w) else float(self.cost[list(members)].min()) + margin
            terms[members] = terms.get(members, 0.0) + value
        return HigherOrder(self.n, terms, "binary", float(self.cost.sum()) + lost)

    def _build(self) -> Qubo:
        return self.polynomial.quadratised()[0]

    def objective(self, solution: ArrayLike) -> float:
        """Cost of what is on plus the weight of what is not served; infinite where a point that must be is not."""
        on = np.asarray(solution, dtype=bool)
        unserved = ~(self.serves & on).any(axis=1)
        return float(self.cost[on].sum() + self.weight[unserved].sum())

    def unserved(self, solution: ArrayLike) -> int:
        """Points that no facility serves."""
        return int((~(self.serves & np.asarray(solution, dtype=bool)).any(axis=1)).sum())

    def answer(self, on: ArrayLike, repaired: bool = False, note: str = "") -> Decoded:
        """On/off with its objective."""
        chosen = np.asarray(on, dtype=np.int64)
        value = self.objective(chosen)
        return Decoded(chosen, value, bool(np.isfinite(value)), repaired, note)

    def decode(self, bits: ArrayLike) -> Decoded:
        """On/off of bits; facilities are switched on, the cheapest of a set first, where a point must be served."""
        on = 1 - np.asarray(bits, dtype=np.int64)[: self.n]
        fixed = 0
        for members, w in zip(*self.sets[:2]):
            if np.isinf(w) and not on[list(members)].any():
                on[min(members, key=lambda i: self.cost[i])] = 1
                fixed += 1
        return self.answer(on, fixed > 0, f"{fixed} facilities were switched on by repair" if fixed else "")

    def exact(self, cpu_s: float, seed: int) -> Decoded:
        """HiGHS on the integer programme: min c z + w u, u + sum z >= 1; note "optimal" or "bound ..."."""
        sets, weight, lost = self.sets
        m = len(sets)
        free = np.isfinite(weight)
        rows = np.repeat(np.arange(m), [len(s) for s in sets])
        columns = np.concatenate([np.array(s) for s in sets]) if m else np.zeros(0, int)
        left = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(m, self.n))
        constraints = scipy.optimize.LinearConstraint(sp.hstack([left, sp.eye_array(m)], format="csr"), 1.0, np.inf)
        upper = np.concatenate([np.ones(self.n), free.astype(float)])
        found = scipy.optimize.milp(
            np.concatenate([self.cost, np.where(free, weight, 0.0)]),
            integrality=np.concatenate([np.ones(self.n, dtype=int), np.zeros(m, dtype=int)]),
            bounds=scipy.optimize.Bounds(0.0, upper),  # pyright: ignore[reportArgumentType]
            constraints=constraints if m else (),
            options={"time_limit": max(float(cpu_s), 0.01), "mip_rel_gap": 1e-9},
        )
        if found.x is None:
            raise RunError(f"{self.kind}: HiGHS found nothing within {cpu_s:g} s: {found.message}")
        bound = (found.fun if found.mip_dual_bound is None else found.mip_dual_bound) + lost
        note = "optimal" if found.status == 0 else f"bound {bound:.6g}"
        return self.answer(np.rint(found.x[: self.n]), note=note)

    def _greedy(self, cpu_s: float, seed: int) -> Decoded:
        """Switch on what lowers the objective most per cost until nothing does."""
        sets, weight, _ = self.sets
        on, open_sets = np.zeros(self.n, dtype=np.int64), dict(enumerate(sets))
        finite = weight[np.isfinite(weight)]
        must = float(self.cost.sum() + finite.sum()) + 1.0
        value = np.where(np.isfinite(weight), weight, must)
        while open_sets:
            gain = np.zeros(self.n)
            for i, members in open_sets.items():
                gain[list(members)] += value[i]
            worth = np.where(on == 1, -np.inf, gain - self.cost)
            if worth.max() <= 0:
                break
            ratio = np.where(worth > 0, gain / np.maximum(self.cost, 1e-12), -np.inf)
            on[best := int(np.argmax(ratio))] = 1
            open_sets = {i: s for i, s in open_sets.items() if best not in s}
        return self.answer(on)

    def local_search(self, cpu_s: float, seed: int) -> Decoded:
        """From greedy: switch off or swap while it helps, with random kicks until the seconds are spent."""
        from time import process_time

        rng, until = stream(seed, "cover"), process_time() + cpu_s
        best = self._greedy(cpu_s, seed)
        current = best.solution.copy()
        while True:
            current = self._descended(current, rng)
            found = self.answer(current)
            if found.objective < best.objective:
                best = found
            if process_time() > until:
                return best
            current = best.solution.copy()
            current[rng.integers(0, self.n, 2)] ^= 1

    def _descended(self, on: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        value, moved = self.objective(on), True
        while moved:
            moved = False
            for i in rng.permutation(self.n):
                on[i] ^= 1
                new = self.objective(on)
                if new < value:
                    value, moved = new, True
                else:
                    on[i] ^= 1
        return on

    def rivals(self) -> dict[str, Rival]:
        """HiGHS, greedy and local search."""
        return {"highs-exact": self.exact, "greedy-cover": self._greedy, "local-search": self.local_search}


@dataclass(frozen=True, eq=False)
class CellSleep(Cover):
    """Cells awake or asleep: cost is the watts that sleep would save, points are users that must keep a cell."""

    kind: ClassVar[str] = "cell-sleep"
    title: ClassVar[str] = "Cell sleep selection"


@dataclass(frozen=True, eq=False)
class SiteSelection(Cover):
    """Sites to build or to keep: cost of each, weight of the users that are lost without."""

    kind: ClassVar[str] = "site-selection"
    title: ClassVar[str] = "Site selection"
