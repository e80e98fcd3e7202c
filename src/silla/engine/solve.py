"""A network problem solved on a world: all solvers at equal CPU seconds, the best solution tried on fresh users.

A quantum result is kept only beside three strong classical ones (`Comparison.require_baselines`); otherwise its rows
are dropped and the record says why. Solvers are judged by the objective of the decoded solution, infeasible ones count
as failures. What is spent is measured, so a record differs from machine to machine where a solver is stopped by time.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError, RunError
from silla.engine.problems import PROBLEMS, Built, build
from silla.physics.qubits.compare import Comparison, Row, compare
from silla.physics.qubits.problems import Instance, contenders
from silla.physics.qubits.samples import TIMING_KEYS, Samples
from silla.physics.qubits.solvers import SOLVERS
from silla.world.types import World

__all__ = ["QUANTUM", "Question", "check_question", "compared", "solve"]

Record = dict[str, NDArray[Any]]
QUANTUM = ("qaoa", "grover")
_LEAST_BASELINES = 3
# Largest problems that one CPU second simulates: 30 energies of depth 3 (qaoa); 1.5 sqrt(N) iterations of 2^n (grover).
_QUBITS_IN_A_SECOND = {"qaoa": 22.0, "grover": 16.0}


@dataclasses.dataclass(frozen=True)
class Question:
    """What is asked of a world; hashable, the parameters of a task. options : sorted (name, value) pairs."""

    id: str
    title: str
    problem: str
    options: tuple[tuple[str, Any], ...]
    solvers: tuple[str, ...]
    cpu_s: float
    seeds: int
    trials: int


def solve(world: World, question: Question) -> Record:
    """The record of a question: rows of solvers, figures before and after on `trials` sets of users, the solution.

    Text by solver: solver, status, failure. Numbers by solver: quantum, best, mean, low, high, reads, cpu_s, wall_s,
    target_s, reached, and time_* for each of TIMING_KEYS; NaN where a solver failed. By figure: figure, better, before
    and after [trials, figures]. Single: winner, solution, refused ("" where quantum rows stand), note, sets, kind, size
    [variables, couplings].

    Raises ArgumentError for unknown options, and where the world has no such problem.
    """
    built = build(world, question.problem, **dict(question.options))
    seeds = range(world.seed, world.seed + question.seeds)
    found, refused = compared(built.instance, question.solvers, question.cpu_s, seeds)
    rows = [r for r in found.rows if not (refused and r.quantum)]
    winner = min((r for r in rows if r.best is not None), key=lambda r: r.best, default=None)  # type: ignore[arg-type, return-value]
    if winner is None:
        reasons = "; ".join(f"{r.solver}: {r.failure}" for r in rows)
        raise RunError(f"{question.id}: no solver found a solution; {reasons}")
    solution = found.states[winner.solver]
    figures, before, after = _tried(built, question, solution)
    qubo = built.instance.qubo
    record: Record = {
        "solver": np.array([r.solver for r in rows]),
        "status": np.array([r.status for r in rows]),
        "failure": np.array([r.failure.removeprefix("ArgumentError: ") for r in rows]),
        "quantum": np.array([r.quantum for r in rows]),
        "best": _numbers(r.best for r in rows),
        "mean": _numbers(r.mean for r in rows),
        "low": _numbers(r.interval[0] if r.interval else r.mean for r in rows),
        "high": _numbers(r.interval[1] if r.interval else r.mean for r in rows),
        "reads": _numbers(r.reads for r in rows),
        "cpu_s": _numbers(r.cpu_s for r in rows),
        "wall_s": _numbers(r.wall_s for r in rows),
        "target_s": _numbers(r.time_to_target_s for r in rows),
        "reached": _numbers(r.reached for r in rows),
        "figure": np.array(figures),
        "better": np.array([built.kind.better.get(f, "") for f in figures]),
        "before": before,
        "after": after,
        "solution": np.asarray(solution),
        "winner": np.array(winner.solver),
        "refused": np.array(refused),
        "note": np.array(" ".join(built.notes)),
        "size": np.array([qubo.n, _couplings(qubo)], dtype=np.int64),
        "sets": np.array(built.kind.sets),
        "kind": np.array(built.kind.title),
    }
    for key in TIMING_KEYS:
        record[f"time_{key}"] = _numbers(r.timing.get(key) for r in rows)
    return record


def check_question(question: Question) -> None:
    """Raise ArgumentError for an unknown problem, or an option that it does not have."""
    if question.problem not in PROBLEMS:
        raise ArgumentError(f"no problem is called {question.problem!r}; known: {', '.join(PROBLEMS)}")
    known = PROBLEMS[question.problem].options
    for name, _ in question.options:
        if name not in known:
            raise ArgumentError(f"problem {question.problem!r} has no option {name!r}; known: {', '.join(known)}")


def compared(problem: Instance, names: Sequence[str], cpu_s: float, seeds: Sequence[int]) -> tuple[Comparison, str]:
    """(solvers of a problem and its own classical methods side by side, why quantum rows may not be shown or "")."""
    solvers: dict[str, Any] = dict(contenders(problem, [n for n in names if n not in QUANTUM]))
    quantum = [name for name in names if name in QUANTUM]
    solvers |= {name: _simulated(name) for name in quantum}
    with np.errstate(invalid="ignore"):  # means over seeds of which some found nothing feasible
        found = compare(problem, solvers, cpu_s, seeds, quantum=quantum)
    found = dataclasses.replace(found, rows=tuple(_finite(row) for row in found.rows))
    try:
        found.require_baselines(_LEAST_BASELINES)
    except RunError as error:
        return found, str(error)
    return found, ""


def _finite(row: Row) -> Row:
    """A solver without any feasible solution has failed; one without in some of its seeds has no mean."""
    if row.best is None or np.isfinite(row.best):
        return row if row.mean is None or np.isfinite(row.mean) else dataclasses.replace(row, mean=None, interval=None)
    why = "no solution that keeps all constraints"
    return dataclasses.replace(row, best=None, mean=None, interval=None, failure=row.failure or why)


def _simulated(name: str) -> Callable[[Any, float, int], Samples]:
    """A quantum solver on the exact simulator within its seconds; larger problems are refused, not shortened."""

    def run(problem: Any, cpu_s: float, seed: int) -> Samples:
        qubits = problem.qubo.n
        most = int(_QUBITS_IN_A_SECOND[name] + np.log2(cpu_s))
        if qubits > most:
            raise ArgumentError(f"{qubits} qubits; {cpu_s:g} CPU s are enough to simulate {most}")
        options = {"max_seconds": 0.8 * cpu_s} if name == "qaoa" else {}
        wall = time.perf_counter()
        found = SOLVERS[name]().sample(problem.qubo, seed=seed, **options)
        answer = problem.decode(found.best[0])
        spent = {**found.timing, "wall": time.perf_counter() - wall}
        energy = np.array([answer.objective if answer.feasible else np.inf])
        return Samples(np.atleast_2d(answer.solution), energy, np.array([found.n_reads]), spent, "binary", found.info)

    return run


def _tried(built: Built, question: Question, solution: NDArray[Any]) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    """(names, before, after [trials, figures]) on the same users before and after, others in every trial."""
    figures: list[str] = []
    pairs = []
    for trial in range(question.trials):
        world = dataclasses.replace(built.world, seed=built.world.seed + 7919 * trial)
        before, after = dataclasses.replace(built, world=world).before_after(solution)
        figures = figures or [name for name in before if name in after]
        pairs.append(([before[f] for f in figures], [after[f] for f in figures]))
    return figures, np.array([b for b, _ in pairs], dtype=float), np.array([a for _, a in pairs], dtype=float)


def _numbers(values: Any) -> NDArray[np.float64]:
    return np.array([np.nan if v is None else float(v) for v in values], dtype=float)


def _couplings(qubo: Any) -> int:
    from scipy.sparse import coo_matrix

    pairs = coo_matrix(qubo.Q)
    return int(np.count_nonzero((pairs.row < pairs.col) & (pairs.data != 0)))
