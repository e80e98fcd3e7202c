"""Whether a quantum computer would win on a problem: needs, deadlines, and the size from which it is the faster one.

Classical times are measured here, on this machine, at CPU seconds; quantum times are estimates under published cost
models. A crossing beyond the sizes measured is extrapolation.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from silla.base import kernels
from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.qubits.compare import compare
from silla.physics.qubits.ising import Qubo
from silla.physics.qubits.resources.anneal import anneal
from silla.physics.qubits.resources.clocks import clock
from silla.physics.qubits.resources.crossover import Growth, crossing, fit_growth
from silla.physics.qubits.resources.estimate import COST_MODELS, estimate
from silla.physics.qubits.resources.machines import Machine, machine
from silla.physics.qubits.resources.programs import Program, grover_qubo, qaoa
from silla.physics.qubits.solvers import SOLVERS as SOLVERS_BY_NAME

__all__ = ["Measured", "Shape", "advantage_report", "measure", "preset_report", "random_qubo", "shape_of", "sub_qubo"]

SOLVERS = ("annealing", "tabu", "tempering")
_N_READS = 200
_LARGEST = 256  # variables that classical times are measured up to; beyond them growth is extrapolated
_READS: dict[str, list[dict[str, int]]] = {"annealing": [{"sweeps": s} for s in (10, 50, 250)]}


@dataclass(frozen=True)
class Shape:
    """What of a problem decides its cost: variables, pairs, fields, greatest degree, bits of the energy."""

    n: int
    pairs: int
    fields: int
    max_degree: int
    bits: int

    @property
    def density(self) -> float:
        """Pairs that are present."""
        return self.pairs / (self.n * (self.n - 1) / 2) if self.n > 1 else 0.0

    def at(self, n: int) -> Shape:
        """The same family at another size: density and bits kept."""
        pairs = round(self.density * n * (n - 1) / 2)
        share = self.max_degree / (self.n - 1) if self.n > 1 else 0.0
        degree = min(n - 1, math.ceil(share * (n - 1)))
        grow = math.ceil(math.log2(max(1.0, (pairs + n) / max(1, self.pairs + self.n))))
        return Shape(n, pairs, round(self.fields / self.n * n), degree, self.bits + grow)


def shape_of(qubo: Qubo, resolution: float | None = None) -> Shape:
    """The shape of a QUBO; bits hold its whole span of energies at `resolution` (2^-16 of the greatest weight)."""
    model = qubo.to_ising()
    i, j, value = model.pairs()
    h = np.asarray(model.h)
    weights = np.abs(np.concatenate([value, h]))
    top = float(weights.max(initial=0.0))
    if top == 0.0:
        raise ArgumentError("the problem has no weights: every state is an optimum")
    step = top * 2.0**-16 if resolution is None else resolution
    if not (math.isfinite(step) and step > 0):
        raise ArgumentError(f"resolution is {resolution}, allowed above 0")
    degree = np.bincount(np.concatenate([i, j]), minlength=model.n).max(initial=0)
    bits = max(1, math.ceil(math.log2(2.0 * float(weights.sum()) / step)))
    return Shape(model.n, len(value), int(np.count_nonzero(h)), int(degree), bits)


def random_qubo(n: int, density: float, seed: int) -> Qubo:
    """A random QUBO of that size and density, normal weights: a stand-in where no world is given."""
    if n < 2 or not 0.0 < density <= 1.0:
        raise ArgumentError(f"n is {n} and density {density:g}, allowed n of 2 or more and a density in (0, 1]")
    rng = stream(seed, "advantage", n)
    q = np.triu(rng.normal(size=(n, n)) * (rng.random((n, n)) < density), 1) + np.diag(rng.normal(size=n))
    return Qubo((q + q.T) / 2)


def sub_qubo(qubo: Qubo, size: int, rng: np.random.Generator) -> Qubo:
    """The QUBO over `size` of its variables, drawn at random; the others are 0."""
    kept = np.sort(rng.permutation(qubo.n)[:size])
    matrix: Any = qubo.Q
    part = matrix[kept][:, kept]
    return Qubo(part.toarray() if hasattr(part, "toarray") else part)


@dataclass(frozen=True)
class Measured:
    """Classical times: rows (size, solver, seconds to target, seeds that reached it), best solver's laws of growth."""

    rows: tuple[dict[str, Any], ...]
    growth: Growth | None
    other: Growth | None
    note: str


def measure(
    make: Callable[[int, int], Qubo],
    sizes: Sequence[int],
    *,
    cpu_s: float = 0.05,
    seeds: Sequence[int] = (1, 2, 3),
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """CPU seconds to target of the classical solvers over sizes, and the best one's growth with interval.

    make : (size, seed) -> QUBO. The target of an instance is the best energy that any solver found in `cpu_s` CPU
    seconds (`compare`) or in the reads timed. Seconds to target are those until a read meets it with 99 % probability,
    t ln(0.01) / ln(1 - p) of reads that take t and meet it with probability p, the best over lengths of reads (Ronnow
    et al., Science 345, 420 (2014)); they hold no set-up, which flatters no solver. The best solver's enter the fit.
    """
    rows: list[dict[str, Any]] = []
    points: list[tuple[int, float]] = []
    for done, (size, seed) in enumerate((n, k) for n in sizes for k in seeds):
        model = make(size, seed)
        timed = [reads for solver, lengths in _READS.items() for reads in _timed(model, solver, lengths, seed)]
        found = compare(model, SOLVERS, cpu_s, [seed], target=None)
        target = min([found.target, *(float(energies.min()) for _, energies, _ in timed)])
        best: dict[str, float] = {}
        for solver, energies, each_s in timed:
            hit = float(np.mean(energies <= target + 1e-9 * max(1.0, abs(target))))
            if hit > 0:
                best[solver] = min(best.get(solver, math.inf), each_s * _repeats(hit))
        rows += [{"n": size, "seed": seed, "solver": s, "seconds": best.get(s), "target": target} for s in _READS]
        if best:
            points.append((size, min(best.values())))
        if progress:
            progress(done + 1, len(sizes) * len(seeds))
    if len({n for n, _ in points}) < 3 or len(points) < 4:
        return Measured(tuple(rows), None, None, "too few sizes to fit a law of growth; give more variables")
    first, other = fit_growth(*zip(*points))
    return Measured(tuple(rows), first, other, "CPU seconds to the best energy known, with 99 % probability")


def _repeats(hit: float) -> float:
    return 1.0 if hit >= 0.99 else math.log(0.01) / math.log1p(-hit)


def _timed(model: Qubo, solver: str, lengths: Sequence[dict[str, int]], seed: int):
    """(solver, energies of reads, CPU seconds of one read) for each length of reads."""
    sampler = SOLVERS_BY_NAME[solver]()
    ising = model.to_ising()
    sampler.sample(ising, seed=seed, reads=1, **lengths[0])  # the first call loads code; it is not timed
    for options in lengths:
        begun = time.process_time()
        few = sampler.sample(ising, seed=seed, reads=1, **options)
        middle = time.process_time()
        many = sampler.sample(ising, seed=seed, reads=1 + _N_READS, **options)
        each = (time.process_time() - middle - (middle - begun)) / _N_READS
        energies = np.repeat(many.energies, many.counts)
        yield solver, np.concatenate([energies, few.energies]), max(each, 1e-7)


def _sizes(n: int) -> list[int]:
    """About six sizes from 6 variables up to n, at most `_LARGEST`."""
    return sorted({int(s) for s in np.geomspace(min(6, n), min(n, _LARGEST), 6)})


def advantage_report(
    problem: Any,
    machines: Sequence[str | Machine] = ("superconducting", "neutral-atom", "trapped-ion", "annealer"),
    clock_name: str = "slot",
    *,
    name: str = "problem",
    layers: int = 3,
    reads: int = 1000,
    cpu_s: float = 0.05,
    seeds: Sequence[int] = (1, 2, 3),
    budget: float = 0.1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """One plain dictionary: estimates by machine and cost model, deadline, measured classical growth, crossings.

    Parameters
    ----------
    problem : a Qubo, an Ising, an instance (with `.qubo`) or something built from a world (with `.instance`).
    machines : names in `MACHINES` or Machine objects. clock_name : name in `CLOCKS`.
    layers, reads : of QAOA and of the annealer. cpu_s, seeds : of each classical solver and size.

    Crossings are of Durr and Hoyer's search (least iterations that any search needs, so it flatters the quantum side)
    against the growth measured here. QAOA and annealers have no proven law: only the time of their reads is given.
    """
    qubo = _qubo(problem)
    limit = clock(clock_name)
    chosen = [machine(m) if isinstance(m, str) else m for m in machines]
    if not chosen:
        raise ArgumentError("no machine is named")
    shape = shape_of(qubo)
    root = stream(0, "advantage", "variables", qubo.n)
    family = {(s, k): sub_qubo(qubo, s, root) for s in _sizes(qubo.n) for k in seeds}
    measured = measure(lambda s, k: family[s, k], _sizes(qubo.n), cpu_s=cpu_s, seeds=seeds, progress=progress)
    rows = [row for m in chosen for row in _rows(shape, m, limit.seconds, layers, reads, budget)]
    return {
        "problem": name,
        "shape": dataclasses.asdict(shape) | {"density": shape.density},
        "clock": dataclasses.asdict(limit),
        "estimates": rows,
        "classical": {
            "solvers": list(SOLVERS),
            "rows": list(measured.rows),
            "growth": _growth(measured.growth),
            "other_law": _growth(measured.other),
            "seconds_at_n": None if measured.growth is None else 2.0 ** measured.growth.log2_seconds(qubo.n),
            "kernels": kernels.isa(),
            "note": measured.note,
        },
        "crossings": _crossings(shape, chosen, measured, budget),
    }


def _qubo(problem: Any) -> Qubo:
    for step in ("instance", "qubo"):
        problem = getattr(problem, step, problem)
    if not isinstance(problem, Qubo):
        problem = problem.to_qubo() if hasattr(problem, "to_qubo") else problem
    if not isinstance(problem, Qubo):
        raise ArgumentError(f"a Qubo, an Ising or a problem is needed, found {type(problem).__name__}")
    return problem


def _growth(growth: Growth | None) -> dict[str, Any] | None:
    if growth is None:
        return None
    return {
        "law": growth.law, "b": growth.b, "interval": growth.interval, "log2_a": growth.log2_a, "aic": growth.aic,
        "sizes": growth.sizes, "formula": "2^(log2_a + b n) s" if growth.law == "exponential" else "2^log2_a n^b s",
    }  # fmt: skip


def _rows(shape: Shape, m: Machine, limit_s: float, layers: int, reads: int, budget: float) -> list[dict[str, Any]]:
    if m.kind == "annealer":
        e = anneal(shape.n, shape.max_degree, m, reads)
        row = dataclasses.asdict(e) | {"algorithm": "annealing", "model": "embedded"}
        return [row | {"expected_s": e.run_s} | _deadline(e.run_s, limit_s)]
    runs = {"qaoa": qaoa(shape.n, shape.pairs, shape.max_degree, layers, reads, shape.fields)}
    if shape.n <= 1000:
        runs["grover"] = grover_qubo(shape.n, shape.pairs, shape.bits, shape.fields)
    out = []
    for algorithm, program in runs.items():
        for model in COST_MODELS:
            out.append(_row(program, m, model, budget) | {"algorithm": algorithm})
            out[-1] |= _deadline(out[-1].get("expected_s"), limit_s)
    return out


def _row(program: Program, m: Machine, model: str, budget: float) -> dict[str, Any]:
    try:
        e = estimate(program, m, model, budget=budget)
    except ArgumentError as error:
        return {"program": program.name, "machine": m.name, "model": model, "why": str(error), "expected_s": None}
    return dataclasses.asdict(e) | {"runs": program.runs}


def _deadline(seconds: float | None, limit_s: float) -> dict[str, Any]:
    if seconds is None or not math.isfinite(seconds):
        return {"times_clock": None, "in_time": False}
    return {"times_clock": seconds / limit_s, "in_time": seconds <= limit_s}


def _crossings(shape: Shape, chosen: Sequence[Machine], measured: Measured, budget: float) -> list[dict[str, Any]]:
    if measured.growth is None:
        return []
    out = []
    for m in (m for m in chosen if m.kind == "gate"):
        for model in COST_MODELS:
            found = crossing(measured.growth, _search_time(shape, m, model, budget), 1000)
            out.append({"machine": m.name, "model": model, "algorithm": "grover"} | dataclasses.asdict(found))
    return out


def _search_time(shape: Shape, m: Machine, model: str, budget: float) -> Callable[[float], float]:
    """log2 seconds of Durr and Hoyer's search at size n: iterations times the step of the distance that it needs."""

    def seconds(n: float) -> float:
        at = shape.at(int(n))
        try:
            value = estimate(grover_qubo(at.n, at.pairs, at.bits, at.fields), m, model, budget=budget).expected_s
        except ArgumentError:
            return math.inf
        return math.log2(value) if math.isfinite(value) else math.inf

    return seconds


def preset_report(
    program: Program, machines: Sequence[str | Machine] = ("superconducting",), clock_name: str = "planning"
) -> dict[str, Any]:
    """As `advantage_report` for a program of its own (an attack on a cipher): estimates alone."""
    limit = clock(clock_name)
    chosen = [machine(m) if isinstance(m, str) else m for m in machines]
    if any(m.kind != "gate" for m in chosen):
        raise ArgumentError(f"{program.name} is a circuit; an annealer does not run it")
    rows = []
    for m in chosen:
        for model in COST_MODELS:
            row = _row(program, m, model, 0.25) | {"algorithm": "circuit", "assumed": model == program.model}
            rows.append(row | _deadline(row["expected_s"], limit.seconds))
    return {
        "problem": program.name, "program": dataclasses.asdict(program), "clock": dataclasses.asdict(limit),
        "estimates": rows, "classical": None, "crossings": [],
    }  # fmt: skip
