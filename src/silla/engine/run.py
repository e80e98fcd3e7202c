"""One run: plan, execute what is not in the store, add up, publish. Read this first.

Nothing is written into the results until every task has succeeded and every table is encoded; task results go to the
store as they come, so a killed run goes on where it stopped.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from silla.base.errors import RunError
from silla.engine.executors import Failure, execute
from silla.engine.plan import Plan, plan_run
from silla.engine.publish import publish
from silla.engine.reduce import reduce_plan
from silla.engine.tasks import Record, Task
from silla.results.store import Store
from silla.scenario.loader import Loaded
from silla.world.types import World

__all__ = ["RunOutcome", "default_directory", "describe", "publish_run", "raise_failures", "run_scenario", "run_tasks"]

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
    records, failures, computed = run_tasks(plan.tasks(), plan.worlds, shelf, jobs=jobs, engine=engine, progress=tell)
    raise_failures(plan, failures)
    tell("results", 0, 1)
    elapsed = time.perf_counter() - started
    about = {"elapsed_s": elapsed, "engine": engine, "jobs": jobs}
    outcome = publish_run(plan, records, directory, computed, about)
    tell("results", 1, 1)
    return dataclasses.replace(outcome, elapsed_s=time.perf_counter() - started)


def publish_run(
    plan: Plan, records: Mapping[str, Record], directory: Path, computed: int, about: Mapping[str, Any]
) -> RunOutcome:
    """Add the records of a plan up and publish them in `directory`; see `run_scenario` for errors."""
    reused = len(records) - computed
    publish(plan, reduce_plan(plan, records), directory, {"tasks": len(records), "tasks_reused": reused, **about})
    return RunOutcome(directory, computed, reused, float(about.get("elapsed_s", 0.0)))


def run_tasks(
    tasks: Sequence[Task], worlds: Mapping[str, World], store: Store, *, jobs: int, engine: str, progress: Progress
) -> tuple[dict[str, Record], dict[str, str], int]:
    """(records by task hash, reasons by hash of the tasks that failed, number computed now).

    Records that are whole in the store are read, the others computed and stored as they come.
    """
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
    needed = {name: worlds[name] for name in dict.fromkeys(task.world for task in todo) if name in worlds}
    for task, outcome in execute(todo, needed, engine=engine, jobs=jobs):
        if isinstance(outcome, Failure):
            failures[task.hash] = outcome.reason
        else:
            store.put(task.hash, outcome)
            records[task.hash] = outcome
        progress("simulate", len(records) + len(failures), len(tasks))
    return records, failures, len(todo) - len(failures)


def raise_failures(plan: Plan, failures: Mapping[str, str]) -> None:
    """RunError for the failed tasks of a plan, in the order of the plan; nothing where there are none."""
    tasks = plan.tasks()
    reasons = {describe(plan, t): failures[t.hash] for t in tasks if t.hash in failures}
    if reasons:
        raise RunError(
            f"{len(reasons)} of {len(tasks)} tasks failed; no results were published, "
            "the others are kept for the next run",
            reasons,
        )


def describe(plan: Plan, task: Task) -> str:
    """What a task does, for people."""
    if task.kind == "link":
        return f"link {task.extra[0]} of {next(name for name, tasks in plan.links.items() if task in tasks)}"
    names = {h: v for v, h in plan.variants.items()}
    where = names.get(task.world, "a sensitivity")
    if task.kind == "solve":
        return f"problem {task.extra[0]} of {where}"
    if task.kind == "map":
        return f"map of {where} from y = {task.extra[2][0]:.0f} m"
    clock = f"{int(task.at_s // 3600):02d}:{int(task.at_s % 3600 // 60):02d}"
    return f"{task.kind} of {where} at {clock}, drops {task.drops[0]} to {task.drops[1] - 1}"
