"""Solvers side by side at equal CPU seconds: best and mean energies, time to target, all the time that was spent.

A solver that fails, or that overruns its seconds, says so in its own row; no row ever shows another solver's result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, RunError
from silla.physics.qubits.ising import Ising, Qubo
from silla.physics.qubits.samples import TIMING_KEYS, Sampler, Samples, timing
from silla.physics.qubits.solvers import SOLVERS

__all__ = ["Attempt", "Comparison", "Row", "compare", "within"]

Model = Ising | Qubo
Solver = Callable[[Any, float, int], Samples]
"""A solver of any kind: (problem, CPU seconds, seed) -> Samples with energies of the problem."""

_OVERRUN = 1.5  # times its seconds from which a row says that it overran


@dataclass(frozen=True)
class Attempt:
    """One solver on one problem with one seed: the best state, and its trace of (CPU seconds, best energy so far)."""

    state: np.ndarray
    energy: float
    reads: int
    cpu_s: float
    wall_s: float
    timing: dict[str, float]
    trace: tuple[tuple[float, float], ...]
    status: str


@dataclass(frozen=True)
class Row:
    """One solver over all seeds. Energies are None where it failed; `interval` is the 95 % t interval of the mean."""

    solver: str
    quantum: bool
    best: float | None
    mean: float | None
    interval: tuple[float, float] | None
    reads: float
    cpu_s: float
    wall_s: float
    time_to_target_s: float | None  # mean CPU seconds of the seeds that reached the target
    reached: int  # seeds that reached it
    seeds: int
    status: str
    failure: str = ""
    timing: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Rows of `compare`, the seconds that each solver had, the target, and the best state of every solver."""

    rows: tuple[Row, ...]
    cpu_s: float
    target: float
    states: Mapping[str, np.ndarray]

    def row(self, solver: str) -> Row:
        """The row of a solver."""
        return next(r for r in self.rows if r.solver == solver)

    def require_baselines(self, least: int = 3) -> None:
        """Raise RunError unless `least` classical solvers gave results beside every quantum one."""
        good = [r.solver for r in self.rows if not r.quantum and r.best is not None]
        if any(r.quantum for r in self.rows) and len(good) < least:
            failed = "; ".join(f"{r.solver}: {r.failure}" for r in self.rows if not r.quantum and r.failure)
            raise RunError(
                f"a quantum result stands beside {least} strong classical baselines or is not shown; there are "
                f"{len(good)} ({', '.join(good) or 'none'}){'; failed: ' + failed if failed else ''}"
            )

    def records(self) -> list[dict[str, Any]]:
        """Rows as plain dictionaries, for JSON."""
        return [asdict(r) for r in self.rows]

    def table(self) -> str:
        """The rows as text, best mean first."""
        lines = [
            f"{'solver':<14}{'best':>14}{'mean':>14}{'95 % interval':>28}{'CPU s':>8}{'wall s':>8}{'to target':>11}"
        ]
        for r in sorted(self.rows, key=lambda r: np.inf if r.mean is None else r.mean):
            if r.best is None or r.mean is None:
                lines.append(f"{r.solver:<14}failed: {r.failure}")
                continue
            spread = "" if r.interval is None else f"{r.interval[0]:.6g} .. {r.interval[1]:.6g}"
            reach = "never" if r.time_to_target_s is None else f"{r.time_to_target_s:.3g} s"
            note = f" ({r.reached} of {r.seeds})" if r.reached < r.seeds else ""
            lines.append(
                f"{r.solver:<14}{r.best:>14.6g}{r.mean:>14.6g}{spread:>28}{r.cpu_s:>8.3g}{r.wall_s:>8.3g}{reach:>11}"
                f"{note}{'  ' + r.status if r.status != 'heuristic' else ''}"
            )
        return "\n".join(lines)


def within(sampler: Sampler, model: Model, cpu_s: float, seed: int, **options: Any) -> Attempt:
    """One solver on one model for about `cpu_s` CPU seconds of this process.

    A solver with a time limit gets it whole; one with `reads` is called again, with more reads, until the seconds are
    spent; any other is called once.
    """
    begun, wall = time.process_time(), time.perf_counter()
    total, trace = timing(), []
    best: Samples | None = None
    least, reads, calls, spent = np.inf, 0, 0, 0.0
    many = "reads" in sampler.options and "time_limit_s" not in sampler.options
    given = dict(options)
    if "time_limit_s" in sampler.options:
        given["time_limit_s"] = cpu_s
    per_read = 0.0
    while True:
        if many:
            share = 1 if not per_read else int(np.clip((cpu_s - spent) / 2 / per_read, 1, 1 << 12))
            given["reads"] = share if calls else 1
        before = time.process_time()
        samples = sampler.sample(model, seed=seed + 1_000_003 * calls, **given)
        now = time.process_time()
        spent, calls = now - begun, calls + 1
        reads += samples.n_reads
        total = {key: total[key] + samples.timing[key] for key in TIMING_KEYS}
        if samples.best[1] < least:
            best, least = samples, samples.best[1]
        trace.append((spent, least))
        per_read = (now - before) / given["reads"] if many else np.inf
        if not many or spent + per_read > cpu_s:
            break
    assert best is not None
    status = str(best.info.get("status", "heuristic"))
    return Attempt(best.best[0], least, reads, spent, time.perf_counter() - wall, total, tuple(trace), status)


def _attempt(solver: Sampler | Solver, problem: Any, cpu_s: float, seed: int, options: Mapping[str, Any]) -> Attempt:
    if isinstance(solver, Sampler):
        return within(solver, problem, cpu_s, seed, **options)
    begun, wall = time.process_time(), time.perf_counter()
    samples = solver(problem, cpu_s, seed)
    spent = time.process_time() - begun
    status = str(samples.info.get("status", "heuristic"))
    state, energy = samples.best
    return Attempt(
        state,
        energy,
        samples.n_reads,
        spent,
        time.perf_counter() - wall,
        dict(samples.timing),
        ((spent, energy),),
        status,
    )


def compare(
    problem: Any,
    solvers: Iterable[str] | Mapping[str, Sampler | Solver],
    cpu_s: float,
    seeds: Sequence[int],
    *,
    target: float | None = None,
    quantum: Iterable[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Comparison:
    """Every solver on the problem, with `cpu_s` CPU seconds for each seed.

    Parameters
    ----------
    problem : Ising or Qubo, or anything that callables among the solvers take.
    solvers : names in `SOLVERS`, or label -> Sampler or callable (problem, cpu_s, seed) -> Samples.
    target : energy to be reached; the best of all rows when None. quantum : labels whose rows are quantum results.
    options : label -> options of that sampler.

    Returns a Comparison. A solver that raises gets a row with `failure`; the others go on. Raises ArgumentError for an
    unknown name, no solver, no seed, or seconds that are not positive.

    >>> c = compare(Ising([0.0, 0.1], [[0, 1], [0, 0]]), ["exhaustive", "greedy"], 0.01, [1, 2])
    >>> [round(r.best, 3) for r in c.rows]
    [-1.1, -1.1]
    """
    chosen = _chosen(solvers)
    if not chosen or not seeds:
        raise ArgumentError("a comparison needs one solver and one seed at least")
    if not (np.isfinite(cpu_s) and cpu_s > 0):
        raise ArgumentError(f"cpu_s must be positive, found {cpu_s}")
    unknown = (set(quantum) | set(options or {})) - set(chosen)
    if unknown:
        raise ArgumentError(f"no solver of this comparison is called {', '.join(sorted(unknown))}")
    attempts: dict[str, list[Attempt]] = {name: [] for name in chosen}
    failures: dict[str, str] = {}
    for name, solver in chosen.items():
        for seed in seeds:
            try:
                attempts[name].append(_attempt(solver, problem, cpu_s, int(seed), (options or {}).get(name, {})))
            except Exception as error:  # one solver's failure must not hide the others; its row says so
                failures[name] = f"{type(error).__name__}: {error}"
                break
    found = [a.energy for name, tried in attempts.items() if name not in failures for a in tried]
    goal = target if target is not None else min(found, default=float("nan"))
    rows = tuple(_row(n, n in set(quantum), attempts[n], failures.get(n, ""), goal, cpu_s, len(seeds)) for n in chosen)
    states = {n: min(t, key=lambda a: a.energy).state for n, t in attempts.items() if t and n not in failures}
    return Comparison(rows, cpu_s, goal, states)


def _chosen(solvers: Iterable[str] | Mapping[str, Sampler | Solver]) -> dict[str, Sampler | Solver]:
    if isinstance(solvers, Mapping):
        return dict(solvers)
    out: dict[str, Sampler | Solver] = {}
    for name in solvers:
        if name not in SOLVERS:
            raise ArgumentError(f"no solver is called {name!r}; known: {', '.join(SOLVERS)}")
        out[name] = SOLVERS[name]()
    return out


def _row(name: str, quantum: bool, tried: list[Attempt], failure: str, goal: float, cpu_s: float, n_seeds: int) -> Row:
    if failure or not tried:
        return Row(name, quantum, None, None, None, 0, 0.0, 0.0, None, 0, n_seeds, "failed", failure)
    energies = np.array([a.energy for a in tried])
    tolerance = 1e-9 * max(1.0, abs(goal))
    hits = [next((t for t, e in a.trace if e <= goal + tolerance), None) for a in tried]
    reached = [t for t in hits if t is not None]
    spent = float(np.mean([a.cpu_s for a in tried]))
    status = tried[0].status if len({a.status for a in tried}) == 1 else "mixed"
    if spent > _OVERRUN * cpu_s + 0.05:
        status = f"{status}, overran {cpu_s:g} s"
    return Row(
        name, quantum, float(energies.min()), float(energies.mean()), _interval(energies),
        float(np.mean([a.reads for a in tried])), spent, float(np.mean([a.wall_s for a in tried])),
        float(np.mean(reached)) if reached else None, len(reached), n_seeds, status,
        timing={key: float(np.mean([a.timing[key] for a in tried])) for key in TIMING_KEYS},
    )  # fmt: skip


def _interval(values: np.ndarray) -> tuple[float, float] | None:
    """95 % Student t interval of the mean; None for one value."""
    if len(values) < 2:
        return None
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return float(values.mean()) - half, float(values.mean()) + half
