"""One run: plan, execute what is not in the store, add up, publish. Read this first.

Nothing is written into the results until every task has succeeded and every table is encoded; task results go to the
store as they come, so a killed run goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from silla.base.errors import RunError
from silla.engine.executors import Failure, execute
from silla.engine.plan import Plan, plan_run
from silla.engine.publish import publish
from silla.engine.reduce import reduce_plan
from silla.engine.tasks import Record, Task
from silla.results.store import Store
from silla.scenario.loader import Loaded

__all__ = ["RunOutcome", "default_directory", "run_scenario"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RunOutcome:
    """What a run did: where the results are, how many tasks it computed and how many it found in the store."""

    directory: Path
    computed: int
    reused: int
    elapsed_s: float


def default_directory(loaded: Loaded) -> Path:
    """``runs/NAME``: the scenario's name in any script, without what file systems refuse."""
    name = loaded.scenario.name
    safe = "".join("_" if c in '/\\:*?"<>|' or ord(c) < 32 else c for c in name).strip(". ")
    return Path("runs") / (safe or "run")


def run_scenario(
    loaded: Loaded,
    directory: Path,
    *,
    jobs: int = 1,
    engine: str = "local",
    progress: Progress | None = None,
    store: Path | None = None,
) -> RunOutcome:
    """Simulate a scenario and publish its results in `directory`.

    Parameters
    ----------
    jobs, engine : see `executors.execute`. progress : called with (what, done, total). store : folder of task results,
        by default ``directory/tasks``.

    Raises InputError for what the scenario's files bring, StoreError for the disk (earlier results are then intact),
    RunError when a task failed; the others' results stay in the store.
    """
    started = time.perf_counter()
    tell = progress or (lambda what, done, total: None)
    tell("plan", 0, 1)
    plan = plan_run(loaded)
    shelf = Store(store or directory / "tasks")
    records, computed = run_tasks(plan, shelf, jobs=jobs, engine=engine, progress=tell)
    tell("results", 0, 1)
    reduced = reduce_plan(plan, records)
    elapsed = time.perf_counter() - started
    reused = len(records) - computed
    publish(plan, reduced, directory, {"tasks": len(records), "tasks_reused": reused, "elapsed_s": elapsed, "engine": engine, "jobs": jobs})
    tell("results", 1, 1)
    return RunOutcome(directory, computed, reused, time.perf_counter() - started)


def run_tasks(
    plan: Plan, store: Store, *, jobs: int, engine: str, progress: Progress
) -> tuple[dict[str, Record], int]:
    """(records by task hash, number computed now): those in the store are read, the others computed and stored."""
    tasks = plan.tasks()
    records: dict[str, Record] = {}
    todo: list[Task] = []
    for task in tasks:
        record = store.get(task.hash)
        if record is None:
            todo.append(task)
        else:
            records[task.hash] = record
    failures: dict[str, str] = {}
    progress("simulate", len(records), len(tasks))
    for task, outcome in execute(todo, _needed(plan, todo), engine=engine, jobs=jobs):
        if isinstance(outcome, Failure):
            failures[task.hash] = f"{_describe(plan, task)}: {outcome.reason}"
        else:
            store.put(task.hash, outcome)
            records[task.hash] = outcome
        progress("simulate", len(records) + len(failures), len(tasks))
    if failures:
        shown = "\n".join(f"  {reason}" for reason in list(failures.values())[:5])
        raise RunError(
            f"{len(failures)} of {len(tasks)} tasks failed; no results were published, the others are kept for the "
            f"next run:\n{shown}",
            failures,
        )
    return records, len(todo)


def _needed(plan: Plan, todo: Sequence[Task]) -> dict:
    used = {task.world for task in todo}
    return {name: world for name, world in plan.worlds.items() if name in used}


def _describe(plan: Plan, task: Task) -> str:
    names = {h: v for v, h in plan.variants.items()}
    where = names.get(task.world, "sensitivity")
    clock = f"{int(task.at_s // 3600):02d}:{int(task.at_s % 3600 // 60):02d}"
    return f"{task.kind} of {where} at {clock}, drops {task.drops[0]} to {task.drops[1] - 1}"
