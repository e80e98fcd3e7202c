"""Executors: the same tasks in this process, on a local pool of processes, or on Ray.

An executor yields (task, record or failure) in any order; the caller stores and adds in the order of the task list, so
the answer is the same to the last bit whoever computed it. A task that raises, or whose worker dies, is reported as
failed: it never disappears.
"""

from __future__ import annotations

import logging
import os
import signal
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, TypeVar

from silla.base.errors import ArgumentError, MissingExtra, SillaError
from silla.base.memory import keep_freed_memory
from silla.engine.tasks import Record, Task, one_thread, run_task
from silla.world.types import World

__all__ = ["ENGINES", "Failure", "Workers", "cores", "execute"]

ENGINES = ("local", "ray")
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Failure:
    """Why a task has no record."""

    reason: str
    trace: str = ""


# A `Task`, or a value with a `hash` and a `run(worlds)` that gives its record from nothing but itself.
AnyTask = TypeVar("AnyTask")


class Workers:
    """Workers that stay from one `execute` to the next. They start when they are first needed; `close` ends them,
    whatever they are doing."""

    def __init__(self, engine: str, jobs: int):
        self.engine, self.jobs = engine, jobs
        self._pool: Any = None
        self._ray = False

    @property
    def running(self) -> bool:
        """Whether they have been started."""
        return self._pool is not None or self._ray

    def pool(self) -> Any:
        """The pool of processes."""
        if self._pool is None:
            self._pool = _pool(self.jobs, {})
        return self._pool

    def ray(self) -> Any:
        """The module, connected."""
        ray, started = _connected(self.jobs)
        self._ray = self._ray or started
        return ray

    def close(self) -> None:
        """End them; the next use starts new ones."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None
        if self._ray:
            _connected(self.jobs)[0].shutdown()
            self._ray = False


def execute(
    tasks: Sequence[AnyTask],
    worlds: Mapping[str, World],
    *,
    engine: str = "local",
    jobs: int = 1,
    workers: Workers | None = None,
) -> Iterator[tuple[AnyTask, Record | Failure]]:
    """Run every task and yield its outcome as soon as it is there.

    engine : "local" (this process where jobs is 1, else a pool of processes) or "ray". jobs : number of workers.
    workers : of the same engine and number, for tasks without worlds, that stay for the next call.
    """
    if engine not in ENGINES:
        raise ArgumentError(f"engine {engine!r} is not known; allowed: {', '.join(ENGINES)}")
    if jobs < 1:
        raise ArgumentError(f"jobs is {jobs}; allowed: 1 or more")
    if engine == "ray":
        return _on_ray(tasks, worlds, jobs, workers)
    if jobs == 1 or len(tasks) <= 1:
        return ((task, _attempt(task, worlds)) for task in tasks)
    return _on_pool(tasks, worlds, min(jobs, len(tasks)), workers)


def _attempt(task: Any, worlds: Mapping[str, World]) -> Record | Failure:
    try:
        if isinstance(task, Task):
            return run_task(task, worlds)
        with one_thread():
            return task.run(worlds)
    except Exception as error:  # whatever a task raises becomes its reported failure
        reason = str(error) if isinstance(error, SillaError) else f"{type(error).__name__}: {error}"
        return Failure(_short(reason), traceback.format_exc())


def _short(text: str, limit: int = 300) -> str:
    """The first line, cut to what a person reads."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= limit else line[: limit - 3] + "..."


_WORLDS: dict[str, World] = {}


def _start_worker(worlds: Mapping[str, World]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; who started this one ends it
    keep_freed_memory()
    _WORLDS.update(worlds)


def _pool(jobs: int, worlds: Mapping[str, World]) -> Any:
    from loky import ProcessPoolExecutor

    return ProcessPoolExecutor(jobs, initializer=_start_worker, initargs=(dict(worlds),), env=_ONE_THREAD)


def _in_worker(task: Any) -> Record | Failure:
    return _attempt(task, _WORLDS)


def _on_pool(
    tasks: Sequence[AnyTask], worlds: Mapping[str, World], jobs: int, workers: Workers | None
) -> Iterator[tuple[AnyTask, Record | Failure]]:
    """A pool of fresh processes (loky: safe beside threads, and no guard is needed in the user's script).

    A worker that dies (out of memory, killed) takes its pool down. What is left is tried again in a second pool; when
    that dies too, in one worker, task by task, where the task that kills it is found and reported as failed.
    """
    todo = list(tasks)
    for _ in range(2):
        left: list[AnyTask] = []
        for task, outcome in _round(todo, worlds, jobs, workers):
            if outcome is None:
                left.append(task)
            else:
                yield task, outcome
        if not left:
            return
        todo, workers = left, None
    while todo:
        done = 0
        for task, outcome in _round(todo, worlds, 1, None):
            done += 1
            yield task, Failure("its worker process died each time") if outcome is None else outcome
            if outcome is None:
                break
        todo = todo[done:]


def _round(
    tasks: Sequence[AnyTask], worlds: Mapping[str, World], jobs: int, workers: Workers | None
) -> Iterator[tuple[AnyTask, Record | Failure | None]]:
    """Outcomes from one pool, None for what a broken pool left; one worker yields in the order of the tasks."""
    pool, broken = workers.pool() if workers else _pool(jobs, worlds), False
    try:
        waiting: dict[Future[Any], AnyTask] = {}
        for number, task in enumerate(tasks):
            try:
                waiting[pool.submit(_in_worker, task)] = task
            except BrokenProcessPool:
                broken = True
                yield from ((unsent, None) for unsent in tasks[number:])
                break
        for future in list(waiting) if jobs == 1 else as_completed(waiting):
            try:
                yield waiting[future], future.result()
            except BrokenProcessPool:
                broken = True
                yield waiting[future], None
    finally:
        if workers is None:
            pool.shutdown(wait=True, kill_workers=True)
        elif broken:
            workers.close()


def _connected(jobs: int) -> tuple[Any, bool]:
    """(ray, whether this call has started it): the cluster that RAY_ADDRESS names, or one on this machine."""
    try:
        import ray
    except ModuleNotFoundError:
        raise MissingExtra("ray", "ray", "--engine ray") from None
    if ray.is_initialized():
        return ray, False
    address = os.environ.get("RAY_ADDRESS")
    local: dict[str, Any] = {} if address else {"num_cpus": jobs, "include_dashboard": False}
    environment = {"env_vars": _ONE_THREAD}
    ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, runtime_env=environment, **local)
    return ray, True


def _on_ray(
    tasks: Sequence[AnyTask], worlds: Mapping[str, World], jobs: int, workers: Workers | None
) -> Iterator[tuple[AnyTask, Record | Failure]]:
    """On a Ray cluster: the one that RAY_ADDRESS names, or a local one with `jobs` workers."""
    ray, started = (workers.ray(), False) if workers else _connected(jobs)
    from ray.exceptions import RayError

    try:
        shared: Any = ray.put(dict(worlds))
        remote: Any = ray.remote(num_cpus=1, max_retries=1)(_attempt_on_ray)
        waiting = {remote.remote(task, shared): task for task in tasks}
        while waiting:
            done, _ = ray.wait(list(waiting), num_returns=1)
            for reference in done:
                task = waiting.pop(reference)
                try:
                    yield task, ray.get(reference)
                except RayError as error:
                    yield task, Failure(f"Ray: {type(error).__name__}: {str(error).splitlines()[0]}")
    finally:
        if started:
            ray.shutdown()


def _attempt_on_ray(task: Any, worlds: Mapping[str, World]) -> Record | Failure:
    keep_freed_memory()
    return _attempt(task, worlds)
