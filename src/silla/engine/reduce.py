"""From records to results: tables, grids and summary metrics, each mean with its interval over independent drops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from silla.engine.day import VariantDay, combine_day
from silla.engine.metrics import day_metrics, snapshot_metrics
from silla.engine.plan import Plan
from silla.engine.scenario_links import link_tables
from silla.engine.tables import (
    day_tables,
    distribution_table,
    geometry_tables,
    key_link_table,
    map_grids,
    rate_curve_table,
    sensitivity_table,
    users_table,
)
from silla.engine.tables_solve import solve_tables
from silla.engine.tables_threat import threat_tables
from silla.engine.tasks import Record, Task
from silla.results.summary import Metric
from silla.results.tables import Grid, Table

__all__ = ["Reduced", "reduce_plan"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reduced:
    """Everything that is published."""

    tables: list[Table] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    summary: dict[str, dict[str, Metric]] = field(default_factory=dict)


def _of(tasks: Sequence[Task], records: Mapping[str, Record]) -> list[Record]:
    """Records in the order of the tasks."""
    return [records[t.hash] for t in tasks]


def joined(records: Sequence[Record]) -> dict[str, Floats]:
    """Records of consecutive drops as one, drops along the first axis."""
    return {name: np.concatenate([r[name] for r in records]) for name in records[0]}


def reduce_plan(plan: Plan, records: Mapping[str, Record]) -> Reduced:
    """All tables, grids and metrics of a run. Adding follows the order of the plan, never that of arrival."""
    snapshots = {v: joined(_of(tasks, records)) for v, tasks in plan.snapshot.items()}
    days: dict[str, VariantDay] = {
        v: combine_day(plan.world(v), plan.epochs_s, plan.step_s, _of(tasks, records))
        for v, tasks in plan.day.items()
        if tasks
    }
    summary = {}
    for v in plan.variants:
        summary[v] = snapshot_metrics(plan.world(v), snapshots[v])
        if v in days:
            summary[v] |= day_metrics(plan.world(v), days[v])
    tables = [
        *geometry_tables(plan),
        rate_curve_table(plan),
        users_table(plan),
        distribution_table(plan, snapshots),
        key_link_table(plan, days),
    ]
    if days:
        tables += day_tables(plan, days)
    if plan.sensitivity:
        changed = {key: joined(_of(tasks, records)) for key, tasks in plan.sensitivity.items()}
        tables.append(sensitivity_table(plan, changed))
    if plan.solve:
        tables += solve_tables({key: records[task.hash] for key, task in plan.solve.items()}, plan)
    tables += threat_tables(plan, days)
    tables += link_tables(plan.loaded.scenario.links, plan.links, records)
    return Reduced(tables, list(_maps(plan, records)), summary)


def _maps(plan: Plan, records: Mapping[str, Record]) -> Iterator[Grid]:
    fields = {}
    for v, tasks in plan.maps.items():
        rows = _of(tasks, records)
        fields[v] = {name: np.concatenate([r[name] for r in rows]) for name in rows[0]}
    yield from map_grids(plan, fields)
