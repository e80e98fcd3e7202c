"""Executors: the same records whoever computes them, and no task that disappears.

Oracle: bytes of the records and tables; tasks that fail, kill their worker once, or kill it every time.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.engine.scenarios import CITY, HEX, loaded_of

from silla.base.errors import ArgumentError
from silla.engine.executors import Failure, Workers, execute
from silla.engine.plan import plan_run
from silla.engine.run import run_scenario, run_tasks
from silla.engine.tasks import Task
from silla.results.store import Store, encode_record

SMALL_DAY = ("day.step_min=240", "map.step_m=60")


@dataclass(frozen=True)
class Bomb:
    """Arguments of a map that kill the process that unpacks them; only the first time where `flag` is a path."""

    flag: str = ""
    arguments: tuple = ()

    def __iter__(self):
        if not self.flag or not Path(self.flag).exists():
            if self.flag:
                Path(self.flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return iter(self.arguments)


def encoded(tasks, worlds, **options):
    """Bytes of every record by hash."""
    return {
        t.hash: encode_record(t.hash, r) for t, r in execute(tasks, worlds, **options) if not isinstance(r, Failure)
    }


@pytest.fixture(scope="module")
def plan():
    return plan_run(loaded_of(CITY, *SMALL_DAY))


@pytest.fixture(scope="module")
def serial(plan):
    found = encoded(plan.tasks(), plan.worlds)
    assert len(found) == len(plan.tasks())
    return found


def test_two_workers_give_the_bytes_of_one(plan, serial):
    assert encoded(plan.tasks(), plan.worlds, jobs=2) == serial


def test_the_order_of_tasks_does_not_matter(plan, serial):
    assert encoded(plan.tasks()[::-1], plan.worlds) == serial


def test_ray_gives_the_bytes_of_one(plan, serial):
    pytest.importorskip("ray", reason="ray is not installed")
    assert encoded(plan.tasks(), plan.worlds, engine="ray", jobs=2) == serial


def tables(directory):
    """Bytes of everything published but the manifest, which names times."""
    files = sorted(p for p in directory.rglob("*") if p.is_file() and p.parent.name in ("tables", "grids"))
    files += [directory / "summary.json", directory / "scenario.yaml"]
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in files}


def test_published_tables_are_the_same_to_the_last_byte(tmp_path):
    loaded = loaded_of(CITY, *SMALL_DAY)
    one, two = tmp_path / "one", tmp_path / "two"
    run_scenario(loaded, one, jobs=1)
    run_scenario(loaded, two, jobs=2)
    assert len(tables(one)) > 15
    assert tables(one) == tables(two)


def test_a_second_run_computes_nothing_and_publishes_the_same(tmp_path):
    loaded = loaded_of(HEX)
    first = run_scenario(loaded, tmp_path)
    before = tables(tmp_path)
    second = run_scenario(loaded, tmp_path)
    assert first.reused == 0 < first.computed == second.reused and second.computed == 0
    assert tables(tmp_path) == before


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "swap"])
def test_a_damaged_record_is_computed_again(tmp_path, damage):
    loaded = loaded_of(HEX)
    run_scenario(loaded, tmp_path)
    before = tables(tmp_path)
    first, second = sorted((tmp_path / "tasks").rglob("*.rec"))[:2]
    data = bytearray(first.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "flip":
        data[len(data) // 2] ^= 1
    elif damage == "empty":
        data = b""
    else:
        data = second.read_bytes()
    first.write_bytes(bytes(data))
    again = run_scenario(loaded, tmp_path)
    assert again.computed == 1
    assert tables(tmp_path) == before


def test_a_task_that_raises_is_reported_and_the_others_go_on(plan, serial):
    tasks = plan.tasks()
    world = tasks[0].world
    bad = Task("map", world, 0.0, (0, 1), (), extra=("no such carrier", None, None, 1.5))
    for jobs in (1, 2):
        outcomes = list(execute([bad, *tasks[:3]], plan.worlds, jobs=jobs))
        failed = [r for t, r in outcomes if t is bad]
        assert len(failed) == 1 and isinstance(failed[0], Failure)
        assert "no such carrier" in failed[0].trace or "ValueError" in failed[0].reason
        good = {t.hash: encode_record(t.hash, r) for t, r in outcomes if t is not bad}
        assert good == {t.hash: serial[t.hash] for t in tasks[:3]}


def test_a_worker_that_dies_is_replaced(plan, serial, tmp_path):
    tasks = plan.tasks()
    real = next(t for t in tasks if t.kind == "map")
    flaky = Task("map", real.world, 0.0, (0, 1), (), extra=Bomb(str(tmp_path / "flag"), real.extra))  # type: ignore[arg-type]
    outcomes = list(execute([flaky, *tasks[:3]], plan.worlds, jobs=2))
    assert (tmp_path / "flag").exists(), [r for _, r in outcomes if isinstance(r, Failure)]
    assert len(outcomes) == 4 and not any(isinstance(r, Failure) for _, r in outcomes)
    record = next(r for t, r in outcomes if t is flaky or t.extra == flaky.extra)
    assert encode_record(real.hash, record) == serial[real.hash]


def test_a_task_that_always_kills_its_worker_fails_alone(plan, serial):
    tasks = plan.tasks()
    deadly = Task("map", tasks[0].world, 0.0, (0, 1), (), extra=Bomb())  # type: ignore[arg-type]
    outcomes = list(execute([*tasks[:2], deadly, *tasks[2:4]], plan.worlds, jobs=2))
    assert len(outcomes) == 5
    failed = [t for t, r in outcomes if isinstance(r, Failure)]
    assert failed == [deadly]
    good = {t.hash: encode_record(t.hash, r) for t, r in outcomes if not isinstance(r, Failure)}
    assert good == {t.hash: serial[t.hash] for t in tasks[:4]}


def test_records_are_stored_as_they_come(plan, tmp_path):
    store = Store(tmp_path)
    tasks = plan.tasks()[:3]
    bad = Task("map", tasks[0].world, 0.0, (0, 1), (), extra=("no such carrier", [], [0.0], 1.5))
    seen = []
    records, failures, computed = run_tasks(
        [bad, *tasks], plan.worlds, store, jobs=1, engine="local", progress=lambda *step: seen.append(step)
    )
    assert computed == 3 and set(failures) == {bad.hash} and set(records) == {t.hash for t in tasks} == set(store)
    assert seen[0] == ("simulate", 0, 4) and seen[-1] == ("simulate", 4, 4)


def test_arguments_that_make_no_sense():
    with pytest.raises(ArgumentError, match="engine"):
        execute([], {}, engine="slurm")
    with pytest.raises(ArgumentError, match="jobs"):
        execute([], {}, jobs=0)
    assert list(execute([], {}, jobs=4)) == []


@dataclass(frozen=True)
class Mortal:
    """A task whose record is its number and its process; the first to run with `flag` kills its worker."""

    number: int
    flag: str = ""

    @property
    def hash(self) -> str:
        return f"{self.number:08x}"

    def run(self, worlds):
        if self.flag and not Path(self.flag).exists():
            Path(self.flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"n": self.number, "pid": os.getpid()}


def test_workers_stay_and_are_replaced_when_one_dies(tmp_path):
    workers = Workers("local", 2)

    def run(tasks):
        found: dict[int, Any] = {t.number: r for t, r in execute(tasks, {}, jobs=2, workers=workers)}
        assert not any(isinstance(r, Failure) for r in found.values())
        assert {n: r["n"] for n, r in found.items()} == {t.number: t.number for t in tasks}
        return {r["pid"] for r in found.values()}

    try:
        assert not workers.running
        first, second = run([Mortal(i) for i in range(6)]), run([Mortal(i) for i in range(6)])
        assert workers.running and len(first | second) <= 2 and os.getpid() not in first
        run([Mortal(i, str(tmp_path / "flag") if i == 3 else "") for i in range(6)])
        assert (tmp_path / "flag").exists() and not workers.running
        third = run([Mortal(i) for i in range(6)])
        assert not third & (first | second) and workers.running
    finally:
        workers.close()
    assert not workers.running
    workers.close()
