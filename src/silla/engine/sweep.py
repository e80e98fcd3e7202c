"""A sweep: one scenario at every combination of some parameters' values, all points sharing one store of tasks.

Every point is loaded, checked and planned before anything runs. The points' tasks are computed together, each once, so
that what a parameter does not touch is not simulated again; a point whose tasks failed is reported and the others are
published. Read `run.py` first.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, InputError, RunError, ScenarioError
from silla.engine.plan import Plan, plan_run
from silla.engine.run import Progress, describe, publish_run, run_tasks
from silla.results.publish import publishing
from silla.results.store import Store
from silla.results.summary import read_json, write_json
from silla.results.tables import Column, Table, write_tables
from silla.scenario.loader import Loaded, load
from silla.scenario.patch import Sweep, parse_sweep

__all__ = ["Point", "SweepOutcome", "SweepPlan", "plan_sweep", "run_sweep"]

_MAX_POINTS = 10_000


@dataclass(frozen=True)
class Point:
    """One combination of values. slug : its folder's name; values : text of the value of each swept path."""

    slug: str
    values: tuple[str, ...]
    plan: Plan = field(repr=False)


@dataclass(frozen=True)
class SweepPlan:
    """A sweep that passed every check. fixed : settings with one value alone; swept : those with several."""

    source: str
    fixed: tuple[str, ...]
    swept: tuple[Sweep, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class SweepOutcome:
    """What a sweep did: numbers of points and tasks, and the reason of every point that failed, by slug."""

    directory: Path
    points: int
    computed: int
    reused: int
    elapsed_s: float
    failures: dict[str, str]

    def raise_failures(self) -> None:
        """RunError where a point failed."""
        if self.failures:
            slug, reason = next(iter(self.failures.items()))
            count = f"{len(self.failures)} of {self.points} points failed"
            raise RunError(f"{count}, the others are kept; {slug}: {reason}", self.failures)


def plan_sweep(
    source: str | Path,
    settings: Sequence[str],
    variant: str | None = None,
    *,
    loader: Callable[[str | Path, Sequence[str], str | None], Loaded] = load,
) -> SweepPlan:
    """Every point of the Cartesian product, loaded, checked and planned.

    Parameters
    ----------
    source : as `loader.load` takes it. settings : ``path=value`` or ``path=value:value:...``; the last varies fastest.

    Raises ArgumentError for settings that are none or name a path twice, ScenarioError with the faults of every point.
    """
    sweeps = [parse_sweep(text) for text in settings]
    paths = [s.path for s in sweeps]
    twice = [p for p in paths if paths.count(p) > 1]
    if twice:
        raise ArgumentError(f"--set {twice[0]} is given twice; write all its values in one: {twice[0]}=x:y:z")
    swept = tuple(s for s in sweeps if len(s.values) > 1)
    if not swept:
        raise ArgumentError("nothing to sweep; give several values, such as --set carriers.fr3.bandwidth_mhz=100:200")
    n_points = int(np.prod([len(s.values) for s in swept]))
    if n_points > _MAX_POINTS:
        raise ArgumentError(f"the sweep has {n_points} points; allowed are {_MAX_POINTS}")
    points, problems = [], []
    for number, values in enumerate(itertools.product(*(s.values for s in swept))):
        chosen = dict(zip((s.path for s in swept), values, strict=True))
        overrides = [f"{s.path}={chosen.get(s.path, s.values[0])}" for s in sweeps]
        try:
            plan = plan_run(loader(source, overrides, variant))
        except InputError as error:
            problems += error.problems if isinstance(error, ScenarioError) else [f"{', '.join(overrides)}: {error}"]
            continue
        points.append(Point(_slug(number, chosen), values, plan))
    if problems:
        raise ScenarioError(list(dict.fromkeys(problems)))
    fixed = tuple(f"{s.path}={s.values[0]}" for s in sweeps if len(s.values) == 1)
    return SweepPlan(str(source), fixed, swept, tuple(points))


def _slug(number: int, chosen: dict[str, str]) -> str:
    """Name of a point's folder: its number, then the last word of each path with its value."""
    words = [f"{path.replace(']', '').replace('[', '.').rsplit('.', 1)[-1]}-{value}" for path, value in chosen.items()]
    return f"{number:03d}-" + re.sub(r"[^\w.+-]+", "_", "-".join(words), flags=re.ASCII)[:80].rstrip("._-")


def run_sweep(
    plan: SweepPlan, directory: Path, *, jobs: int = 1, engine: str = "local", progress: Progress | None = None
) -> SweepOutcome:
    """Simulate a sweep; results of point p in ``directory/p.slug``, all of them in ``directory/tables/sweep.parquet``.

    Parameters
    ----------
    jobs, engine : see `executors.execute`. progress : called with (what, done, total).

    Raises StoreError for the disk. A point that fails is in the outcome's `failures`; the others are published.
    """
    started = time.perf_counter()
    tell = progress or (lambda what, done, total: None)
    store = Store(directory / "tasks")
    tasks = list({t.hash: t for point in plan.points for t in point.plan.tasks()}.values())
    worlds = {name: world for point in plan.points for name, world in point.plan.worlds.items()}
    records, failed, computed = run_tasks(tasks, worlds, store, jobs=jobs, engine=engine, progress=tell)
    failures: dict[str, str] = {}
    for number, point in enumerate(plan.points):
        tell("results", number, len(plan.points))
        bad = [t for t in point.plan.tasks() if t.hash in failed]
        if bad:
            failures[point.slug] = f"{describe(point.plan, bad[0])}: {failed[bad[0].hash]}"
            continue
        own = {t.hash: records[t.hash] for t in point.plan.tasks()}
        publish_run(point.plan, own, directory / point.slug, 0, {"engine": engine, "jobs": jobs, "sweep": True})
    outcome = SweepOutcome(
        directory, len(plan.points), computed, len(records) - computed, time.perf_counter() - started, failures
    )
    _publish(plan, outcome)
    tell("results", len(plan.points), len(plan.points))
    return outcome


def _publish(plan: SweepPlan, outcome: SweepOutcome) -> None:
    """The table and the JSON document of the whole sweep, as one set."""
    directory = outcome.directory
    summaries = {
        p.slug: read_json(directory / p.slug / "summary.json")["variants"]
        for p in plan.points
        if p.slug not in outcome.failures
    }
    document = {
        "silla": 1,
        "scenario": plan.source,
        "name": plan.points[0].plan.loaded.scenario.name,
        "title": plan.points[0].plan.loaded.scenario.title,
        "fixed": list(plan.fixed),
        "parameters": [{"path": s.path, "values": list(s.values)} for s in plan.swept],
        "tasks": {"computed": outcome.computed, "reused": outcome.reused},
        "points": [
            {
                "point": p.slug,
                "values": list(p.values),
                "failed": outcome.failures.get(p.slug),
                "variants": summaries.get(p.slug, {}),
            }
            for p in plan.points
        ],
    }
    with publishing(directory) as staging:
        write_tables(staging / "tables", [_table(plan, summaries)])
        write_json(staging / "sweep.json", document)
        text = plan.points[0].plan.loaded.text
        (staging / "scenario.yaml").write_text(text, encoding="utf-8")


def _table(plan: SweepPlan, summaries: dict[str, dict[str, Any]]) -> Table:
    """The long table: one row for each point, variant and metric."""
    rows = [
        (point, variant, name, m)
        for point in plan.points
        for variant, metrics in summaries.get(point.slug, {}).items()
        for name, m in metrics.items()
    ]

    def texts(values: list[str]) -> np.ndarray:
        return np.array(values, dtype=object)

    def numbers(values: list[float | None]) -> np.ndarray:
        return np.array([np.nan if v is None else v for v in values], dtype=float)

    columns = [Column("point", "", "Folder of the point", texts([r[0].slug for r in rows]))]
    for i, (sweep, name) in enumerate(zip(plan.swept, _column_names(plan.swept), strict=True)):
        numeric = _numbers(sweep.values)
        about = f"Value of {sweep.path}"
        if numeric is None:
            columns.append(Column(name, "", about, texts([r[0].values[i] for r in rows])))
        else:
            columns.append(Column(name, "1", about, numbers([numeric[r[0].values[i]] for r in rows])))
    metrics = [r[3] for r in rows]
    columns += [
        Column("variant", "", "Variant", texts([r[1] for r in rows])),
        Column("metric", "", "What", texts([r[2] for r in rows])),
        Column("mean", "1", "Mean", numbers([m["mean"] for m in metrics])),
        Column("low", "1", "Lower end of the 95 % interval", numbers([m["ci95"][0] for m in metrics])),
        Column("high", "1", "Upper end", numbers([m["ci95"][1] for m in metrics])),
        Column("n", "1", "Independent drops or days", np.array([m["n"] for m in metrics], dtype=np.int64)),
        Column("unit", "", "Unit of the metric", texts([m["unit"] for m in metrics])),
    ]
    return Table("sweep", columns, f"Summary of every point of the sweep of {plan.source}")


def _numbers(values: Sequence[str]) -> dict[str, float] | None:
    """The values as numbers, or None where one is none."""
    try:
        return {v: float(v) for v in values}
    except ValueError:
        return None


def _column_names(swept: Sequence[Sweep]) -> list[str]:
    """A column name for each path: the path with what a name may not hold replaced, made unique."""
    taken = {"point", "variant", "metric", "mean", "low", "high", "n", "unit"}
    names = []
    for sweep in swept:
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", sweep.path).strip("_")[:70]
        plain = plain if plain[:1].isalpha() else f"p_{plain}"
        name, number = plain, 2
        while name in taken:
            name, number = f"{plain}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return names
