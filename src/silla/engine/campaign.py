"""Link campaigns: block error rates of a link over its signal-to-noise ratio, as many slots as it takes.

A task is a link, a ratio, a seed and the number of a chunk of slots; its record is counts, which add. Chunks of a point
are looked at in their order, and the first after which the rule of `Stop` holds is the last that counts: the answer is
the same to the last bit for any number of workers, on Ray, and after a run that was killed.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, RunError
from silla.base.hashing import content_hash
from silla.base.kernels import available
from silla.base.rng import stream
from silla.base.version import VERSION
from silla.engine.curves import CurvePoint
from silla.engine.executors import Failure, Workers, execute
from silla.physics.radio.link.simulate import LinkConfig, LinkCounts, simulate_slots
from silla.results.store import Store

__all__ = ["Asked", "Campaign", "LinkPoint", "LinkTask", "Stop", "chunk_slots"]

_RECORD_VERSION = 2
_ELEMENTS = 1 << 21  # of a chunk: receive antennas, layers, symbols and subcarriers of all its slots
_POOL_S = 3.0  # what is expected to take less is computed in this process rather than start workers
_FIELDS = tuple(f.name for f in dataclasses.fields(LinkCounts))


def chunk_slots(config: LinkConfig) -> int:
    """Slots of a chunk: about 2 million resource elements and layers, between 4 and 200."""
    n = config.numerology
    return int(np.clip(_ELEMENTS // (n.n_symbols * n.n_subcarriers * config.n_rx * config.n_layers), 4, 200))


def _draws(config: LinkConfig) -> str:
    """The name of the random numbers: receivers of one link are given the same bits, channels and noise."""
    return content_hash([config.users, config.channel, config.n_rx, config.transmissions, config.sir_db])


@dataclass(frozen=True)
class LinkTask:
    """One chunk of slots."""

    config: LinkConfig
    snr_db: float
    chunk: int
    n_slots: int
    seed: int

    @cached_property
    def hash(self) -> str:
        """The name of the task's record. Kernels and their NumPy twins round differently, so they are kept apart."""
        way = "kernels" if available() else "numpy"
        where = [self.snr_db, self.chunk, self.n_slots, self.seed]
        return content_hash(["link", _RECORD_VERSION, VERSION, way, self.config, where])

    def run(self, worlds: Mapping[str, Any]) -> dict[str, Any]:
        """The counts."""
        address = ("link", _draws(self.config), repr(float(self.snr_db)), self.chunk)
        counts = simulate_slots(self.config, self.snr_db, self.n_slots, stream(self.seed, *address))
        return {name: np.array(getattr(counts, name)) for name in _FIELDS}


@dataclass(frozen=True)
class Stop:
    """When a point has been simulated enough: at the first chunk after which one of these holds.

    errors : so many block errors. max_slots : so many slots. bound : the upper end of the exact 95 % interval of the
    block error rate lies below it; None for never.
    """

    errors: int = 100
    max_slots: int = 10_000
    bound: float | None = None

    def __post_init__(self) -> None:
        if self.errors < 1 or self.max_slots < 1:
            raise ArgumentError(f"stop: {self.errors} errors and {self.max_slots} slots; both must be at least 1")
        if self.bound is not None and not 0.0 < self.bound < 1.0:
            raise ArgumentError(f"stop: the bound is {self.bound!r}; it must lie between 0 and 1")

    def reason(self, counts: LinkCounts) -> str:
        """Why these counts suffice ("errors", "bound", "slots"), or an empty string."""
        if counts.block_errors >= self.errors:
            return "errors"
        if self.bound is not None and CurvePoint(0.0, counts.blocks, counts.block_errors).interval[1] < self.bound:
            return "bound"
        return "slots" if counts.slots >= self.max_slots else ""


@dataclass(frozen=True)
class LinkPoint:
    """What was counted at one signal-to-noise ratio, and why it stopped ("" while it has not)."""

    snr_db: float
    counts: LinkCounts
    stopped: str

    @property
    def curve(self) -> CurvePoint:
        """Blocks and errors, with the exact interval."""
        return CurvePoint(self.snr_db, self.counts.blocks, self.counts.block_errors)


Asked = tuple[LinkConfig, float, Stop]
"""A point that is wanted: link, signal-to-noise ratio in dB, and when it has been simulated enough."""


@dataclass
class Campaign:
    """Chunks of several links at several ratios, computed as they are asked for and kept.

    seed : of all random numbers. store : records are taken from there and put there. jobs, engine : see
    `executors.execute`. tell : called with (link, point) whenever a point has more counts. done : called with a link
    whose search has ended. `points` of links that are asked for together are computed together.
    """

    seed: int = 1
    store: Store | None = None
    jobs: int = 1
    engine: str = "local"
    tell: Callable[[LinkConfig, LinkPoint], None] | None = None
    done: Callable[[LinkConfig], None] | None = None
    computed: int = 0
    reused: int = 0
    _records: dict[str, LinkCounts] = field(default_factory=dict, repr=False)
    _seconds: dict[LinkConfig, float] = field(default_factory=dict, repr=False)
    _workers: Workers | None = field(default=None, repr=False)

    def points(self, wanted: Iterable[tuple[LinkConfig, float]], stop: Stop) -> list[LinkPoint]:
        """The points (link, snr_db) wanted, each simulated until `stop` is content. RunError when a task fails."""
        asked = [(config, round(float(snr), 6), stop) for config, snr in wanted]
        unique = list(dict.fromkeys(asked))
        with self._kept_workers():
            while (found := self._look(unique)) is None:
                pass
        return [found[unique.index(a)] for a in asked]

    def follow(
        self, links: Sequence[LinkConfig], searches: Sequence[Generator[list[Asked], list[LinkPoint], list[LinkPoint]]]
    ) -> list[list[LinkPoint]]:
        """What each search returns. A search yields the points that it asks for and is sent them once they are known;
        all searches go on side by side."""
        ended: dict[int, list[LinkPoint]] = {}
        asked: dict[int, list[Asked]] = {}

        def resume(number: int, points: list[LinkPoint] | None) -> None:
            try:
                asked[number] = next(searches[number]) if points is None else searches[number].send(points)
            except StopIteration as end:
                ended[number] = end.value
                asked.pop(number, None)
                if self.done is not None:
                    self.done(links[number])

        for number in range(len(searches)):
            resume(number, None)
        with self._kept_workers():
            while asked:
                for number, wanted in list(asked.items()):
                    states = [self._prefix(*a) for a in wanted]
                    if all(point.stopped for point, _ in states):
                        resume(number, [point for point, _ in states])
                self._look([a for wanted in asked.values() for a in wanted])
        return [ended[number] for number in range(len(searches))]

    @contextmanager
    def _kept_workers(self) -> Iterator[None]:
        """Workers that stay for all rounds inside."""
        if self._workers is not None:
            yield
            return
        self._workers = Workers(self.engine, self.jobs)
        try:
            yield
        finally:
            self._workers.close()
            self._workers = None

    def _look(self, asked: Sequence[Asked]) -> list[LinkPoint] | None:
        """The points if all have stopped; else None, and each of the others has come a step further."""
        states = {a: self._prefix(*a) for a in asked}
        unfinished = [a for a in asked if not states[a][0].stopped]
        if not unfinished:
            return [states[a][0] for a in asked]
        tasks = {t.hash: (t, a[2]) for a in unfinished for t in self._next(a, states[a])}
        self._compute(list(tasks.values()))
        return None

    def _task(self, config: LinkConfig, snr_db: float, chunk: int) -> LinkTask:
        return LinkTask(config, snr_db, chunk, chunk_slots(config), self.seed)

    def _prefix(self, config: LinkConfig, snr_db: float, stop: Stop) -> tuple[LinkPoint, int]:
        """The point from the chunks known in order, up to the one that stops it; and how many those are."""
        counts, chunk = LinkCounts(), 0
        while not (why := stop.reason(counts) if chunk else ""):
            found = self._known(self._task(config, snr_db, chunk))
            if found is None:
                break
            counts, chunk = counts + found, chunk + 1
        return LinkPoint(snr_db, counts, why), chunk

    def _known(self, task: LinkTask) -> LinkCounts | None:
        if task.hash not in self._records and self.store is not None:
            record = self.store.get(task.hash)
            if record is not None:
                self._records[task.hash] = _counts(record)
                self.reused += 1
        return self._records.get(task.hash)

    def _next(self, asked: Asked, state: tuple[LinkPoint, int]) -> list[LinkTask]:
        """Chunks that will probably be needed: half of what the error rate so far foretells, one at least."""
        (config, snr_db, stop), (point, first) = asked, state
        counts, each = point.counts, chunk_slots(config)
        left = max(1, stop.max_slots - counts.slots)
        if not counts.slots:
            more = 1
        else:
            rate = max(counts.block_errors, 0.5) / counts.slots
            need = min(left, (stop.errors - counts.block_errors) / rate)
            if stop.bound is not None:
                need = min(need, max(0.0, 3.7 / stop.bound - counts.slots) + each)
            more = max(1, min(int(0.6 * need / each), 4 * first + 1))
        more = min(more, -(-left // each))
        found = [self._task(config, snr_db, first + i) for i in range(more)]
        return [t for t in found if self._known(t) is None]

    def _compute(self, tasks: list[tuple[LinkTask, Stop]]) -> None:
        rules = dict(tasks)
        failed, started = {}, time.perf_counter()
        outcomes = execute(list(rules), {}, engine=self.engine, jobs=self._jobs(rules), workers=self._workers)
        for task, outcome in outcomes:
            if isinstance(outcome, Failure):
                failed[f"slots of chunk {task.chunk} at {task.snr_db:g} dB"] = outcome.reason
                continue
            if self.store is not None:
                self.store.put(task.hash, outcome)
            self._records[task.hash] = _counts(outcome)
            self.computed += 1
            if self.tell is not None:
                self.tell(task.config, self._prefix(task.config, task.snr_db, rules[task])[0])
        if failed:
            raise RunError(f"{len(failed)} of {len(tasks)} link tasks failed; the others are in the store", failed)
        spent = (time.perf_counter() - started) / max(1, sum(t.n_slots for t in rules))
        for config in {t.config for t in rules}:
            self._seconds.setdefault(config, spent)

    def _jobs(self, tasks: Iterable[LinkTask]) -> int:
        """All workers, or 1 for this process where starting workers would take longer."""
        if self.engine != "local" or (self._workers is not None and self._workers.running):
            return self.jobs
        expected = sum(self._seconds.get(t.config, np.inf) * t.n_slots for t in tasks)
        return self.jobs if expected > _POOL_S else 1


def _counts(record: Mapping[str, Any]) -> LinkCounts:
    return LinkCounts(**{name: record[name].item() for name in _FIELDS})
