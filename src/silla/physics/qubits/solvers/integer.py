"""QUBO as integer programs: exact with a proof, or the best found and a bound when the time is over.

Each product x_i x_j becomes a variable with the linear constraints that its sign needs (Glover and Woolsey 1974).
Solved by OR-Tools CP-SAT (integers) or HiGHS through SciPy (branch and cut).
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
import scipy.optimize
import scipy.sparse

from silla.base.errors import ArgumentError, MissingExtra, RunError
from silla.physics.qubits.ising import Ising, spins_of
from silla.physics.qubits.samples import Sampler, Samples, timing

__all__ = ["CpSat", "Highs", "cp_model_module"]

sp: Any = scipy.sparse
_MOST_PRODUCTS = 300_000
_RESOLUTION = 2.0**40  # of integer coefficients: exact for those with few digits, 1e-12 of the largest otherwise


def cp_model_module(purpose: str) -> Any:
    """OR-Tools' CP-SAT module; MissingExtra where it is not installed."""
    try:
        from ortools.sat.python import cp_model
    except ImportError as error:
        raise MissingExtra("ortools", "qubits", purpose) from error
    return cp_model


def _parts(model: Ising, name: str, seconds: float):
    if not (np.isfinite(seconds) and seconds > 0):
        raise ArgumentError(f"time_limit_s must be positive, found {seconds}")
    qubo = model.to_qubo()
    i, j, value = qubo.pairs()
    kept = value != 0
    if kept.sum() > _MOST_PRODUCTS:
        raise ArgumentError(
            f"{name} needs one variable for each of {int(kept.sum()):,} products, at most {_MOST_PRODUCTS:,} are "
            "allowed; take annealing or tabu, or a sparser model"
        )
    return qubo.Q.diagonal(), i[kept], j[kept], value[kept], qubo.offset


def _answer(bits, model: Ising, run_s: float, built_s: float, **info: Any) -> Samples:
    spins = spins_of(np.asarray(bits))[None]
    spent = timing(programming=built_s, run=run_s)
    return Samples(spins, model.energy(spins), np.ones(1, np.int64), spent, "spin", info)


class CpSat(Sampler):
    """OR-Tools CP-SAT on one thread. Options: time_limit_s.

    info: status "optimal" or "feasible", bound (no state is below it). Coefficients are rounded to integers at 2^-40 of
    the largest; the bound allows for the rounding.
    """

    name: ClassVar[str] = "cp-sat"
    options: ClassVar[dict[str, Any]] = {"time_limit_s": 10.0}

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        cp = cp_model_module("the solver cp-sat")
        clock = time.perf_counter()
        linear, i, j, value, offset = _parts(model, self.name, o["time_limit_s"])
        largest = float(max(np.abs(linear).max(), np.abs(value).max(initial=0.0))) or 1.0
        # sums must stay below 2^62
        scale = 2.0 ** np.floor(np.log2(min(_RESOLUTION, 2.0**60 / (len(linear) + len(value))) / largest))
        a, w = np.rint(linear * scale).astype(np.int64), np.rint(value * scale).astype(np.int64)
        problem = cp.CpModel()
        x = [problem.new_bool_var("") for _ in range(model.n)]
        products = []
        for p, q, weight in zip(i.tolist(), j.tolist(), w.tolist()):
            y = problem.new_bool_var("")
            if weight > 0:
                problem.add_bool_or(x[p].negated(), x[q].negated(), y)
            else:
                problem.add_implication(y, x[p])
                problem.add_implication(y, x[q])
            products.append(y)
        problem.minimize(cp.LinearExpr.weighted_sum([*x, *products], [*a.tolist(), *w.tolist()]))
        solver = cp.CpSolver()
        solver.parameters.max_time_in_seconds = float(o["time_limit_s"])
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed % (2**31)
        ready = time.perf_counter()
        status = solver.solve(problem)
        run = time.perf_counter() - ready
        if status not in (cp.OPTIMAL, cp.FEASIBLE):
            raise RunError(f"cp-sat found no state within {o['time_limit_s']} s ({solver.status_name(status)})")
        slack = float(np.abs(linear * scale - a).sum() + np.abs(value * scale - w).sum()) / scale
        bound = max(solver.best_objective_bound / scale + offset - slack, model.bound)
        bits = [solver.value(v) for v in x]
        kind = "optimal" if status == cp.OPTIMAL else "feasible"
        return _answer(bits, model, run, ready - clock, status=kind, bound=bound, resolution=slack)


class Highs(Sampler):
    """HiGHS branch and cut through scipy.optimize.milp. Options: time_limit_s, gap (relative, at which it stops).

    info: status "optimal" or "feasible", bound.
    """

    name: ClassVar[str] = "highs"
    options: ClassVar[dict[str, Any]] = {"time_limit_s": 10.0, "gap": 1e-9}

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        clock = time.perf_counter()
        linear, i, j, value, offset = _parts(model, self.name, o["time_limit_s"])
        n, m = model.n, len(value)
        largest = float(max(np.abs(linear).max(), np.abs(value).max(initial=0.0))) or 1.0
        cost = np.concatenate([linear, value]) / largest
        constraints = _product_constraints(n, i, j, value)
        ready = time.perf_counter()
        found = scipy.optimize.milp(
            cost,
            integrality=np.concatenate([np.ones(n), np.zeros(m)]),  # products of bits are bits by themselves
            bounds=scipy.optimize.Bounds(0.0, 1.0),
            constraints=constraints,
            options={"time_limit": float(o["time_limit_s"]), "mip_rel_gap": float(o["gap"])},
        )
        run = time.perf_counter() - ready
        if found.x is None:
            raise RunError(f"highs found no state within {o['time_limit_s']} s: {found.message}")
        bits = np.rint(found.x[:n]).astype(np.int8)
        dual = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
        bound = max(float(dual) * largest + offset, model.bound)
        return _answer(
            bits, model, run, ready - clock, status="optimal" if found.status == 0 else "feasible", bound=bound
        )


def _product_constraints(n: int, i, j, value):
    """y >= x_i + x_j - 1 for positive products; y <= x_i, y <= x_j for negative ones."""
    m = len(value)
    if not m:
        return ()
    y, up, down = n + np.arange(m), value > 0, value < 0
    k = int(up.sum())
    rows = np.arange(k)
    one = np.ones(k)
    upper = sp.csr_array(
        (np.concatenate([one, one, -one]), (np.tile(rows, 3), np.concatenate([i[up], j[up], y[up]]))), shape=(k, n + m)
    )
    rows = np.arange(2 * int(down.sum()))
    ends = np.concatenate([i[down], j[down]])
    one = np.ones(len(rows))
    lower = sp.csr_array(
        (np.concatenate([one, -one]), (np.tile(rows, 2), np.concatenate([np.tile(y[down], 2), ends]))),
        shape=(len(rows), n + m),
    )
    limit = np.concatenate([np.ones(k), np.zeros(len(rows))])
    rows = sp.vstack([upper, lower])
    return scipy.optimize.LinearConstraint(rows, -np.inf, limit)  # pyright: ignore[reportArgumentType]
