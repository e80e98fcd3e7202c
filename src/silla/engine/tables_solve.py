"""Tables of network problems: solvers side by side, and the network before and after. Columns: docs/results.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.engine.plan import Plan
from silla.engine.solve import Record
from silla.engine.tables import table
from silla.results.stats import Moments
from silla.results.tables import Table

__all__ = ["solve_tables"]

_TIMES = ("queue", "programming", "run", "readout", "decode", "wall")
_BY_SOLVER = ("best", "mean", "low", "high", "reads", "cpu_s", "wall_s", "target_s", "reached")


def solve_tables(records: Mapping[tuple[str, str], Record], plan: Plan) -> list[Table]:
    """solve (a row for each solver of each problem) and solve_effect (a row for each figure of each problem)."""
    return [_solvers(records, plan), _effects(records)]


def _solvers(records: Mapping[tuple[str, str], Record], plan: Plan) -> Table:
    spec = [
        ("variant", "", "Variant"), ("id", "", "Question"), ("title", "", "Caption"), ("problem", "", "Problem"),
        ("variables", "1", "Qubits of the problem"), ("couplings", "1", "Pairs of qubits that act on each other"),
        ("solver", "", "Solver"), ("quantum", "", "yes: a quantum computer, simulated exactly"),
        ("best", "1", "Least objective of all seeds"), ("mean", "1", "Mean over seeds"), ("low", "1", "Lower end"),
        ("high", "1", "Upper end"), ("reads", "1", "States read"), ("cpu_s", "s", "CPU time of a seed, mean"),
        ("wall_s", "s", "Wall time of a seed, mean"), ("target_s", "s", "CPU time to the best of all"),
        ("reached", "1", "Seeds that reached it"), ("seeds", "1", "Seeds"),
        *((f"time_{t}_s", "s", f"{t.capitalize()} time of a seed") for t in _TIMES), ("status", "", "What it proved"),
        ("failure", "", "Why it has no result"), ("chosen", "", "yes: its solution was tried on the network"),
        ("refused", "", "Why quantum results are not shown"), ("note", "", "What was left out of the problem"),
    ]  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for (variant, ident), r in records.items():
        question = plan.solve[variant, ident].extra
        head = (variant, ident, question[1] or _text(r["kind"]), question[2], *(float(n) for n in r["size"]))
        for i, solver in enumerate(r["solver"]):
            numbers = tuple(float(r[name][i]) for name in _BY_SOLVER)
            times = tuple(float(r[f"time_{t}"][i]) for t in _TIMES)
            chosen = "yes" if str(solver) == _text(r["winner"]) else "no"
            said = (str(r["status"][i]), str(r["failure"][i]), chosen, _text(r["refused"]), _text(r["note"]))
            quantum = "yes" if r["quantum"][i] else "no"
            rows.append((*head, str(solver), quantum, *numbers, float(question[6]), *times, *said))
    return table("solve", "Solvers of network problems at equal CPU seconds", spec, rows)


def _effects(records: Mapping[tuple[str, str], Record]) -> Table:
    spec = [
        ("variant", "", "Variant"), ("id", "", "Question"), ("figure", "", "Figure of the network"),
        ("better", "", "higher or lower"), ("before", "1", "Mean before"), ("before_low", "1", "Lower end"),
        ("before_high", "1", "Upper end"), ("after", "1", "Mean after"), ("after_low", "1", "Lower end"),
        ("after_high", "1", "Upper end"), ("change", "1", "Mean of after less before on the same users"),
        ("change_low", "1", "Lower end"), ("change_high", "1", "Upper end"), ("n", "1", "Sets of users"),
        ("sets", "", "Field of the world that the solution sets"),
    ]  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for (variant, ident), r in records.items():
        before, after = np.asarray(r["before"], dtype=float), np.asarray(r["after"], dtype=float)
        spread = [_interval(x) for x in (before, after, after - before)]
        for i, figure in enumerate(r["figure"]):
            numbers = tuple(float(x[k][i]) for x in spread for k in range(3))
            rows.append(
                (variant, ident, str(figure), str(r["better"][i]), *numbers, float(len(before)), _text(r["sets"]))
            )
    return table("solve_effect", "The network before and after", spec, rows)


def _interval(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    moments = Moments.of(values)
    return (np.asarray(moments.mean), *(np.asarray(x) for x in moments.interval95()))


def _text(value: Any) -> str:
    return str(np.asarray(value).item())
