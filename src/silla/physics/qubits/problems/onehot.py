"""Problems that give every item one label: QUBO with one bit for each (item, label), repair, descent, exact solution.

Bit i * n_labels + a says that item i has label a. `_costs` is the objective as a QUBO matrix over these bits, `_hard`
pairs of bits that must not both be set.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from time import process_time
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import RunError
from silla.base.rng import stream
from silla.physics.qubits.ising import Qubo, check_memory
from silla.physics.qubits.problems.instance import Decoded, Instance, Rival
from silla.physics.qubits.solvers.integer import cp_model_module

__all__ = ["OneHot"]

sp: Any = scipy.sparse
Labels = NDArray[np.int64]
_DENSE_UP_TO = 1024


@dataclass(frozen=True, eq=False)
class OneHot(Instance):
    """Items with labels; solutions are labels [n_items]."""

    @property
    @abstractmethod
    def n_items(self) -> int:
        """Items."""

    @property
    @abstractmethod
    def n_labels(self) -> int:
        """Labels of an item."""

    @abstractmethod
    def _costs(self) -> tuple[Any, float]:
        """(sparse symmetric Q [n, n], constant): the objective of one-hot states."""

    def _hard(self) -> NDArray[np.int64]:
        """[P, 2] pairs of bits that must not both be set."""
        return np.zeros((0, 2), dtype=np.int64)

    @cached_property
    def costs(self) -> tuple[Any, float]:
        """(sparse symmetric Q, constant) of the objective."""
        matrix, constant = self._costs()
        return sp.csr_array(0.5 * (matrix + matrix.T)), constant

    @cached_property
    def penalties(self) -> tuple[NDArray[np.float64], float]:
        """(A [n_items] of the one-hot rule, B of a hard pair): proven large enough.

        Turning one bit changes the objective by at most its row sum of |Q| (twice off the diagonal). B exceeds the
        spread of the objective, so that one hard pair costs more than any soft gain. A_i exceeds what the cheapest bit
        of item i can add and what any of its bits can earn: giving an item without a label one, or taking a surplus
        label away, always lowers the energy.
        """
        matrix, _ = self.costs
        diagonal = matrix.diagonal()
        off = sp.csr_array(matrix - sp.dia_array((diagonal[None], [0]), shape=matrix.shape))
        up = diagonal + 2.0 * np.asarray(off.maximum(0).sum(axis=1)).ravel()
        down = -diagonal + 2.0 * np.asarray((-off).maximum(0).sum(axis=1)).ravel()
        hard = self._hard()
        margin = 1e-6 * (1.0 + float(abs(matrix).max() if matrix.nnz else 0.0))
        b = 0.0
        if len(hard):
            spread = float(np.abs(diagonal).sum() + abs(off).sum())
            b = spread + margin
        degree = np.bincount(hard.ravel(), minlength=matrix.shape[0]) if len(hard) else np.zeros(matrix.shape[0])
        add = (up + b * degree).reshape(self.n_items, self.n_labels).min(axis=1)
        earn = down.reshape(self.n_items, self.n_labels).max(axis=1)
        return np.maximum(np.maximum(add, earn), 0.0) + margin, b

    def _build(self) -> Qubo:
        n, k = self.n_items * self.n_labels, self.n_labels
        matrix, constant = self.costs
        a, b = self.penalties
        blocks = sp.block_diag([value * (np.ones((k, k)) - 2.0 * np.eye(k)) for value in a], format="csr")
        hard = self._hard()
        pairs = sp.csr_array((np.full(len(hard), b), (hard[:, 0], hard[:, 1])), shape=(n, n))
        total = sp.csr_array(matrix + blocks + 0.5 * (pairs + pairs.T))
        if n <= _DENSE_UP_TO:
            check_memory(n)
            return Qubo(total.toarray(), constant + float(a.sum()))
        return Qubo(total, constant + float(a.sum()))

    def bits_of(self, labels: ArrayLike) -> NDArray[np.int8]:
        """Bits [n_items * n_labels] of labels [n_items]."""
        bits = np.zeros((self.n_items, self.n_labels), dtype=np.int8)
        bits[np.arange(self.n_items), np.asarray(labels)] = 1
        return bits.ravel()

    def violations(self, labels: ArrayLike) -> int:
        """Hard pairs that labels break."""
        hard, bits = self._hard(), self.bits_of(labels)
        return int((bits[hard[:, 0]] & bits[hard[:, 1]]).sum()) if len(hard) else 0

    def objective(self, solution: ArrayLike) -> float:
        """The objective of labels [n_items]; hard pairs do not count."""
        matrix, constant = self.costs
        x = self.bits_of(solution).astype(float)
        return float(x @ (matrix @ x)) + constant

    def answer(self, labels: Labels, repaired: bool = False, note: str = "") -> Decoded:
        """Labels with their objective and whether every hard pair holds."""
        broken = self.violations(labels)
        said = f"{broken} hard pairs are violated" if broken else note
        return Decoded(np.asarray(labels, dtype=np.int64), self.objective(labels), broken == 0, repaired, said)

    def decode(self, bits: ArrayLike) -> Decoded:
        """Labels of bits; an item with none or several gets, in order, the label that costs least beside the others."""
        x = np.asarray(bits).reshape(self.n_items, self.n_labels) > 0
        wrong = np.flatnonzero(x.sum(axis=1) != 1)
        labels = np.argmax(x, axis=1)
        if not len(wrong):
            return self.answer(labels)
        matrix = self._guided()
        state = np.zeros(x.size)
        keep = np.setdiff1d(np.arange(self.n_items), wrong)
        state[keep * self.n_labels + labels[keep]] = 1.0
        for i in wrong:
            rows = slice(i * self.n_labels, (i + 1) * self.n_labels)
            price = matrix.diagonal()[rows] + 2.0 * (matrix[rows] @ state)
            price = np.where(x[i], price, np.inf) if x[i].any() else price
            labels[i] = int(np.argmin(price))
            state[i * self.n_labels + labels[i]] = 1.0
        return self.answer(labels, True, f"{len(wrong)} of {self.n_items} items had no label or several")

    def _guided(self) -> Any:
        """The objective's matrix with hard pairs at their penalty."""
        matrix, _ = self.costs
        hard, b = self._hard(), self.penalties[1]
        if not len(hard):
            return matrix
        pairs = sp.csr_array((np.full(len(hard), 0.5 * b), (hard[:, 0], hard[:, 1])), shape=matrix.shape)
        return sp.csr_array(matrix + pairs + pairs.T)

    def descend(self, labels: Labels, rng: np.random.Generator, until: float | None = None) -> Labels:
        """A local minimum under changes of one label, from `labels`; `until` is a time of `process_time`."""
        matrix, k = self._guided(), self.n_labels
        diagonal = matrix.diagonal()
        labels = np.array(labels, dtype=np.int64)
        field = 2.0 * (matrix @ self.bits_of(labels).astype(float))
        for _ in range(1000):
            moved = False
            for i in rng.permutation(self.n_items):
                own = i * k + labels[i]
                rows = np.arange(i * k, (i + 1) * k)
                # pairs within an item never count: only one of its bits is set
                inner = 2.0 * np.asarray(matrix[own : own + 1, i * k : (i + 1) * k].toarray()).ravel()
                price = diagonal[rows] + field[rows] - inner
                best = int(np.argmin(price))
                if price[best] < price[labels[i]] - 1e-12:
                    change = np.zeros(matrix.shape[0])
                    for bit, sign in ((own, -2.0), (i * k + best, 2.0)):
                        part = slice(matrix.indptr[bit], matrix.indptr[bit + 1])
                        change[matrix.indices[part]] += sign * matrix.data[part]
                    field += change
                    labels[i] = best
                    moved = True
                if until is not None and process_time() > until:
                    return labels
            if not moved:
                break
        return labels

    def first_labels(self, rng: np.random.Generator) -> Labels:
        """A start for the descent: random labels; subclasses know better ones."""
        return rng.integers(0, self.n_labels, self.n_items)

    def local_search(self, cpu_s: float, seed: int) -> Decoded:
        """Descents by single labels from good and random starts until the seconds are spent; the best."""
        rng, until = stream(seed, "descent", self.kind), process_time() + cpu_s
        best = self.answer(self.descend(self.first_labels(rng), rng))
        while process_time() < until:
            start = best.solution.copy()
            kicked = rng.random(self.n_items) < max(0.1, 2.0 / self.n_items)
            start[kicked] = rng.integers(0, self.n_labels, int(kicked.sum()))
            found = self.answer(self.descend(start, rng, until))
            if (not found.feasible, found.objective) < (not best.feasible, best.objective):
                best = found
        return best

    def exact(self, cpu_s: float, seed: int) -> Decoded:
        """OR-Tools CP-SAT with the rule "exactly one" stated as such; note "optimal", or "bound ..." at the time limit.

        Raises RunError when no labels satisfy the hard pairs, or none were found in time.
        """
        cp = cp_model_module("the exact solution of a labelling")
        matrix, constant = self.costs
        largest = float(abs(matrix).max()) if matrix.nnz else 1.0
        scale = 2.0 ** np.floor(np.log2(2.0**56 / (max(matrix.nnz, 1) * (largest or 1.0))))
        model = cp.CpModel()
        x = [model.new_bool_var("") for _ in range(matrix.shape[0])]
        for i in range(self.n_items):
            model.add_exactly_one(x[i * self.n_labels : (i + 1) * self.n_labels])
        for p, q in self._hard().tolist():
            model.add_bool_or(x[p].negated(), x[q].negated())
        variables, weights = list(x), np.rint(matrix.diagonal() * scale).astype(np.int64).tolist()
        upper = sp.coo_array(sp.triu(matrix, 1))
        for p, q, v in zip(*(c.tolist() for c in upper.coords), upper.data.tolist()):
            if p // self.n_labels == q // self.n_labels or v == 0:
                continue
            y = model.new_bool_var("")
            if v > 0:
                model.add_bool_or(x[p].negated(), x[q].negated(), y)
            else:
                model.add_implication(y, x[p])
                model.add_implication(y, x[q])
            variables.append(y)
            weights.append(round(2.0 * v * scale))
        model.minimize(cp.LinearExpr.weighted_sum(variables, weights))
        solver = cp.CpSolver()
        solver.parameters.max_time_in_seconds = float(cpu_s)
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed % (2**31)
        status = solver.solve(model)
        if status == cp.INFEASIBLE:
            raise RunError(f"{self.kind}: no labels satisfy every hard pair (proven by CP-SAT)")
        if status not in (cp.OPTIMAL, cp.FEASIBLE):
            raise RunError(f"{self.kind}: CP-SAT found no labels within {cpu_s:g} s")
        values = np.array([solver.value(v) for v in x]).reshape(self.n_items, self.n_labels)
        bound = solver.best_objective_bound / scale + constant
        return self.answer(values.argmax(axis=1), note="optimal" if status == cp.OPTIMAL else f"bound {bound:.6g}")

    def rivals(self) -> dict[str, Rival]:
        """Exact labelling by CP-SAT, and local search."""
        return {"cp-sat-exact": self.exact, "local-search": self.local_search}
