"""Link campaigns: block error rates of a link over its signal-to-noise ratio, as many slots as it takes.

A task is a link, a ratio, a seed and the number of a chunk of slots; its record is counts, which add. Chunks of a point
are looked at in their order, and the first after which the rule of `Stop` holds is the last that counts: the answer is
the same to the last bit for any number of workers, on Ray, and after a run that was killed.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, RunError
from silla.base.hashing import content_hash
from silla.base.kernels import available
from silla.base.rng import stream
from silla.base.version import VERSION
from silla.engine.curves import CurvePoint, Threshold, threshold
from silla.engine.executors import Failure, execute
from silla.physics.radio.link.simulate import LinkConfig, LinkCounts, code_words, data_places, simulate_slots
from silla.results.store import Store

__all__ = ["Campaign", "LinkPoint", "LinkTask", "Stop", "chunk_slots", "waterfall"]

_RECORD_VERSION = 1
_ELEMENTS = 1 << 21  # of a chunk: receive antennas, layers, symbols and subcarriers of all its slots
_POOL_S = 3.0  # a round that is expected to take less is computed in this process
_FIELDS = tuple(f.name for f in dataclasses.fields(LinkCounts))
_RANGE_DB = (-30.0, 60.0)


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


@dataclass
class Campaign:
    """Chunks of several links at several ratios, computed as they are asked for and kept.

    seed : of all random numbers. store : records are taken from there and put there. jobs, engine : see
    `executors.execute`. tell : called with (link, point) whenever a point has more counts. `points` of links that are
    asked for together are computed together.
    """

    seed: int = 1
    store: Store | None = None
    jobs: int = 1
    engine: str = "local"
    tell: Callable[[LinkConfig, LinkPoint], None] | None = None
    computed: int = 0
    reused: int = 0
    _records: dict[str, LinkCounts] = field(default_factory=dict, repr=False)
    _seconds: dict[LinkConfig, float] = field(default_factory=dict, repr=False)

    def points(self, wanted: Iterable[tuple[LinkConfig, float]], stop: Stop) -> list[LinkPoint]:
        """The points (link, snr_db) wanted, each simulated until `stop` is content. RunError when a task fails."""
        places = list(dict.fromkeys((config, round(float(snr), 6)) for config, snr in wanted))
        state = {place: self._prefix(*place, stop) for place in places}
        while unfinished := [p for p in places if not state[p][0].stopped]:
            tasks = [t for p in unfinished for t in self._next(p, state[p], stop)]
            self._compute(tasks, state, stop)
            for place in unfinished:
                state[place] = self._prefix(*place, stop)
        return [state[p][0] for p in places]

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

    def _next(self, place: tuple[LinkConfig, float], state: tuple[LinkPoint, int], stop: Stop) -> list[LinkTask]:
        """Chunks that will probably be needed: half of what the error rate so far foretells, one at least."""
        point, first = state
        counts, each = point.counts, chunk_slots(place[0])
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
        found = [self._task(*place, first + i) for i in range(more)]
        return [t for t in found if self._known(t) is None]

    def _compute(self, tasks: list[LinkTask], state: dict, stop: Stop) -> None:
        expected = sum(self._seconds.get(t.config, 1.0) * t.n_slots for t in tasks if t.config in self._seconds)
        unknown = any(t.config not in self._seconds for t in tasks)
        jobs = self.jobs if self.engine != "local" or unknown or expected > _POOL_S else 1
        failed, started = {}, time.perf_counter()
        for task, outcome in execute(tasks, {}, engine=self.engine, jobs=jobs):
            if isinstance(outcome, Failure):
                failed[f"slots of chunk {task.chunk} at {task.snr_db:g} dB"] = outcome.reason
                continue
            if self.store is not None:
                self.store.put(task.hash, outcome)
            self._records[task.hash] = _counts(outcome)
            self.computed += 1
            if self.tell is not None:
                self.tell(task.config, self._prefix(task.config, task.snr_db, stop)[0])
        if failed:
            raise RunError(f"{len(failed)} of {len(tasks)} link tasks failed; the others are in the store", failed)
        spent = (time.perf_counter() - started) / max(1, sum(t.n_slots for t in tasks))
        for config in {t.config for t in tasks}:
            self._seconds.setdefault(config, spent)


def _counts(record: Mapping[str, Any]) -> LinkCounts:
    return LinkCounts(**{name: record[name].item() for name in _FIELDS})


def _guess_db(config: LinkConfig) -> float:
    """Shannon's ratio for the efficiency of the first code word with the antennas' gain: where to look first."""
    user = config.users[0]
    bits = sum(word.tbs for word in code_words(user)) / (len(data_places(user)) * user.n_layers)
    gain = max(1.0, config.n_rx / config.n_layers)
    return float(10.0 * np.log10((2.0**bits - 1.0) * config.n_layers / gain))


def waterfall(
    campaign: Campaign,
    configs: Sequence[LinkConfig],
    *,
    target: float = 0.1,
    stop: Stop | None = None,
    snr_db: Sequence[float] | None = None,
    n_points: int = 7,
) -> list[tuple[list[LinkPoint], Threshold]]:
    """Of each link: points of its waterfall in the order of their ratios, and where it passes the target.

    snr_db : where to look; None to find the waterfalls: steps of 3 dB and then of 1 dB with one chunk each, from
        Shannon's ratio on, until one point lies above the target and one below; n_points around there, closer together
        where the curve is steep; one more at the crossing where its neighbours are more than 0.5 dB apart.
    A threshold outside of what was looked at is NaN.
    """
    if not 0.0 < target < 1.0:
        raise ArgumentError(f"target is {target!r}; a block error rate lies between 0 and 1")
    rule = stop or Stop()
    if snr_db is not None:
        if not len(snr_db) or not np.isfinite(snr_db).all():
            raise ArgumentError("snr_db must be finite ratios in dB, one at least")
        places = {c: sorted(round(float(x), 6) for x in set(snr_db)) for c in configs}
    else:
        brackets = {c: _bracket(campaign, c, target) for c in configs}
        places = {c: _grid(campaign, c, *brackets[c], target, n_points) for c in configs}
    campaign.points([(c, x) for c in configs for x in places[c]], rule)
    out = []
    for config in configs:
        points = campaign.points([(config, x) for x in places[config]], rule)
        if snr_db is None:
            points = _refined(campaign, config, points, target, rule)
        out.append((points, threshold([p.curve for p in points], target)))
    return out


def _probe(campaign: Campaign, config: LinkConfig, snr_db: float, errors: int = 10) -> float:
    """A first idea of the block error rate: chunks until ten errors or a hundred slots."""
    point = campaign.points([(config, snr_db)], Stop(errors, 100))[0]
    return point.counts.bler


def _bracket(campaign: Campaign, config: LinkConfig, target: float) -> tuple[float, float]:
    """Ratios 1 dB apart between which the curve passes the target, as far as probes can tell."""
    at = float(np.clip(round(_guess_db(config)), *_RANGE_DB))
    lossy = _probe(campaign, config, at) > target
    step = 3.0
    while _RANGE_DB[0] <= at <= _RANGE_DB[1]:
        at += step if lossy else -step
        if (_probe(campaign, config, at) > target) != lossy:
            break
    else:
        where = "above" if lossy else "below"
        raise RunError(
            f"the block error rate stays {where} {target:g} from {_RANGE_DB[0]:g} to {_RANGE_DB[1]:g} dB: the link has "
            "no waterfall there; give other ratios, another MCS or another receiver",
            {},
        )
    low, high = (at - step, at) if lossy else (at, at + step)
    for _ in range(2):
        middle = low + 1.0 if high - low > 2.5 else (low + high) / 2
        low, high = (middle, high) if _probe(campaign, config, middle) > target else (low, middle)
    return low, high


def _grid(campaign: Campaign, config: LinkConfig, low: float, high: float, target: float, n_points: int) -> list[float]:
    """Ratios around the waterfall: from the last that loses most blocks to the first that loses few."""
    first, last = low, high
    for _ in range(4):
        if _probe(campaign, config, first) < 0.8:
            first -= 1.0
    for _ in range(8):
        if _probe(campaign, config, last) > target / 4:
            last += 1.0
    step = max(0.1, round((last - first) / (n_points - 1), 1)) if n_points > 1 else 1.0
    return [round(first + i * step, 6) for i in range(int(np.ceil((last - first) / step - 1e-9)) + 1)]


def _refined(
    campaign: Campaign, config: LinkConfig, points: list[LinkPoint], target: float, rule: Stop
) -> list[LinkPoint]:
    """The points, with more beyond an end that has not passed the target and one near the crossing."""
    for _ in range(12):
        lost = [p.counts.bler for p in points]
        if lost[-1] > target:
            x = points[-1].snr_db + max(0.5, points[-1].snr_db - points[-2].snr_db if len(points) > 1 else 0.5)
        elif lost[0] <= target:
            x = points[0].snr_db - 0.5
        else:
            found = threshold([p.curve for p in points], target)
            ratios = np.array([p.snr_db for p in points])
            gap = float(np.diff(ratios)[np.clip(np.searchsorted(ratios, found.snr_db) - 1, 0, len(ratios) - 2)])
            x = round(found.snr_db, 1)
            if gap <= 0.5 or np.abs(ratios - x).min() < 0.05:
                break
        if not _RANGE_DB[0] <= x <= _RANGE_DB[1]:
            break
        points = sorted([*points, *campaign.points([(config, round(x, 6))], rule)], key=lambda p: p.snr_db)
    return points
