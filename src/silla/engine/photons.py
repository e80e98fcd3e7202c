"""Photon Monte Carlo as a campaign: tasks of whole chunks with a content hash, resume, pulses until a rate is known.

A task is a link, an attack, a seed and a run of chunks; its record is counts, which add. Counts are the same for any
number of workers, and those of `decoy.simulate` and `pairs.simulate` with the same pulses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, RunError
from silla.base.hashing import content_hash
from silla.base.version import VERSION
from silla.physics.quantum.photons import decoy, pairs
from silla.physics.quantum.photons.chunks import Chunk, chunk_slots, chunks, count_chunk
from silla.physics.quantum.photons.receiver import station_dead
from silla.results.store import Store

__all__ = ["PhotonTask", "simulate", "simulate_until"]

_CHUNKS = 16  # of one task: about half a second
_RECORD_VERSION = 1
Link = decoy.DecoyLink | pairs.PairLink
Counts = decoy.DecoyCounts | pairs.PairCounts


@dataclass(frozen=True)
class PhotonTask:
    """Chunks first .. last - 1 of a run, of which the last may be shorter: n_last slots."""

    link: Link
    attack: Any
    seed: int
    first: int
    last: int
    n_last: int

    @cached_property
    def hash(self) -> str:
        """The name of the task's record."""
        attack = None if self.attack is None else [type(self.attack).__name__, self.attack]
        where = [self.seed, self.first, self.last, self.n_last]
        return content_hash(["photons", _RECORD_VERSION, VERSION, type(self.link).__name__, self.link, attack, where])


def _model(link: Link, attack: Any) -> tuple[Any, Any, str]:
    """(table, memory of the detectors, name of the random numbers) of a link."""
    if isinstance(link, decoy.DecoyLink):
        return decoy.slot_table(link, attack), link.receiver.dead(), "decoy-bb84"
    if attack is not None:
        raise ArgumentError("an attack on pairs is the link's `intercepted`; leave `attack` out")
    return pairs.slot_table(link), station_dead(link.alice, link.bob), "bbm92"


def _run(task: PhotonTask) -> dict[str, Any]:
    """The record of a task: sent [n_settings] and clicks."""
    table, dead, name = _model(task.link, task.attack)
    size, total = chunk_slots(table), None
    for number in range(task.first, task.last):
        n = task.n_last if number == task.last - 1 else size
        found = count_chunk(table, dead, task.seed, name, Chunk(number, number * size, n))
        total = found if total is None else total + found
    assert total is not None
    return {"sent": total.sent, "clicks": total.clicks}


def _tasks(link: Link, attack: Any, seed: int, parts: Sequence[Chunk]) -> list[PhotonTask]:
    """Tasks that start at multiples of 16 chunks, so that a longer run shares the whole ones."""
    groups: dict[int, list[Chunk]] = {}
    for part in parts:
        groups.setdefault(part.number // _CHUNKS, []).append(part)
    return [PhotonTask(link, attack, seed, g[0].number, g[-1].number + 1, g[-1].n_slots) for g in groups.values()]


def _records(tasks: Sequence[PhotonTask], jobs: int) -> Iterator[tuple[PhotonTask, dict[str, Any]]]:
    if jobs == 1 or len(tasks) <= 1:
        yield from ((task, _run(task)) for task in tasks)
        return
    from loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(min(jobs, len(tasks)), env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    try:
        yield from zip(tasks, pool.map(_run, tasks))
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def simulate(
    link: Link,
    n_pulses: int,
    *,
    seed: int,
    attack: Any = None,
    store: Store | Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Counts:
    """Counts of n_pulses pulses. store : records are taken from there and put there, so that a run that was cut short
    goes on. jobs : processes. progress : called with (tasks done, tasks). Raises RunError when a worker dies."""
    if jobs < 1:
        raise ArgumentError(f"jobs is {jobs}; allowed: 1 or more")
    table, _, _ = _model(link, attack)
    tasks = _tasks(link, attack, seed, chunks(table, n_pulses))
    return _add(link, table, _found(tasks, store, jobs, progress))


def _found(tasks, store, jobs: int, progress) -> list[dict[str, Any]]:
    """Records in the order of the tasks."""
    shelf = Store(store) if isinstance(store, Path) else store
    records = {task.hash: shelf.get(task.hash) if shelf is not None else None for task in tasks}
    todo = [task for task in tasks if records[task.hash] is None]
    try:
        for done, (task, record) in enumerate(_records(todo, jobs), len(tasks) - len(todo) + 1):
            records[task.hash] = record
            if shelf is not None:
                shelf.put(task.hash, record)
            if progress is not None:
                progress(done, len(tasks))
    except BrokenPipeError as error:  # pragma: no cover  a worker was killed
        raise RunError(f"photon Monte Carlo: a worker died ({error}); what was done is in the store") from error
    return [record for task in tasks if (record := records[task.hash]) is not None]


def _add(link: Link, table: Any, records: Sequence[dict[str, Any]]) -> Counts:
    sent = np.sum([r["sent"] for r in records], axis=0)
    clicks = np.sum([r["clicks"] for r in records], axis=0)
    kind = decoy.DecoyCounts if isinstance(link, decoy.DecoyLink) else pairs.PairCounts
    return kind(table.labels, sent, clicks)


def simulate_until(
    link: Link,
    wanted: Callable[[Any], tuple[int, int]],
    half_width: float,
    *,
    seed: int,
    attack: Any = None,
    most_pulses: int = 10**12,
    store: Store | Path | None = None,
    jobs: int = 1,
) -> Counts:
    """Counts of as many pulses as it takes to know a proportion to +- half_width (95 %, Clopper and Pearson).

    wanted : counts -> (events, trials), for example ``lambda c: (c.n_errors(0), c.n_clicks(0))``. Pulses double from
    one task on, up to most_pulses, and the whole tasks of the round before are not computed again where there is a
    store. Looking again each round makes the interval a little too sure of itself.
    """
    if not 0.0 < half_width < 0.5:
        raise ArgumentError(f"half_width is {half_width}; allowed: above 0, below 0.5")
    from scipy.stats import binomtest

    table, _, _ = _model(link, attack)
    n = min(most_pulses, chunk_slots(table) * _CHUNKS)
    while True:
        counts = simulate(link, n, seed=seed, attack=attack, store=store, jobs=jobs)
        events, trials = wanted(counts)
        if trials > 0:
            interval = binomtest(events, trials).proportion_ci(0.95)
            if interval.high - interval.low <= 2.0 * half_width:
                return counts
        if n >= most_pulses:
            return counts
        n = min(most_pulses, 2 * n)
