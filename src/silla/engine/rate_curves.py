"""The rate curves of the twin: the SNR that every modulation and coding scheme needs, for several block sizes.

`silla link table` computes them all and writes the file that `physics.radio.modulation.rate_table` reads.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from silla.base.errors import RunError
from silla.base.hashing import content_hash
from silla.base.rng import stream
from silla.base.version import VERSION
from silla.engine.curves import CurvePoint, threshold
from silla.engine.executors import Failure, execute
from silla.physics.radio.link.awgn_blocks import (
    ITERATIONS,
    RE_PER_PRB,
    awgn_block_errors,
    block_bits,
    schemes,
    waterfall_spread_db,
)
from silla.physics.radio.link.tbs import Mcs
from silla.results.atomic import write_bytes
from silla.results.store import Store

__all__ = [
    "BLOCK_SIZES",
    "COLUMNS",
    "TARGET",
    "WIDTH_DB",
    "CurveTask",
    "find_threshold",
    "n_blocks",
    "rate_curves",
    "write_rate_curves",
]

TARGET = 0.1  # block error rate that link adaptation aims at (TS 38.214 clause 5.2.2.1)
WIDTH_DB = 0.05
"""Of the 95 % interval of a threshold, from end to end: blocks are sent until it is no wider."""
BLOCK_SIZES = (1, 4, 16, 64, 273)
"""Resource blocks of a transport block."""
COLUMNS: tuple[str, ...] = (
    "bits_per_symbol",
    "rate_1024",
    "n_prb",
    "block_bits",
    "snr_db",
    "low_db",
    "high_db",
    "blocks",
)
_RECORD_VERSION = 2
_MOST_TURNS = 12


@dataclass(frozen=True)
class CurveTask:
    """One scheme on one number of resource blocks."""

    scheme: Mcs
    n_prb: int
    n_blocks: int
    seed: int

    @cached_property
    def hash(self) -> str:
        """The name of the task's record."""
        what = [
            self.scheme.bits,
            str(self.scheme.rate),
            self.n_prb,
            self.n_blocks,
            self.seed,
            TARGET,
            WIDTH_DB,
            ITERATIONS,
        ]
        return content_hash(["rate-curve", _RECORD_VERSION, VERSION, what])

    def run(self, worlds: Mapping[str, Any]) -> dict[str, Any]:
        """Signal-to-noise ratios, blocks and errors of the final points."""
        points = find_threshold(self.scheme, self.n_prb, each=self.n_blocks, seed=self.seed)
        return {
            "snr_db": np.array([p.snr_db for p in points]),
            "blocks": np.array([p.blocks for p in points]),
            "errors": np.array([p.errors for p in points]),
        }


def n_blocks(scheme: Mcs, n_prb: int) -> int:
    """How many blocks are sent at a time at each final ratio: many where the waterfall is flat.

    The share of N blocks lost is known to sqrt(TARGET (1 - TARGET) / N); the slope of a normal waterfall at the target
    turns that into decibels. N is what WIDTH_DB takes, and a third more, as exact intervals are wider than normal ones.
    """
    spread = waterfall_spread_db(scheme, n_prb, _first_guess(scheme, n_prb) / 100)
    normal = NormalDist()
    slope = normal.pdf(normal.inv_cdf(TARGET)) / (TARGET * spread)  # of log(share) by dB
    return max(200, math.ceil(1.33 * (3.92 / (slope * WIDTH_DB)) ** 2 * (1 - TARGET) / TARGET))


def _first_guess(scheme: Mcs, n_prb: int) -> int:
    """Shannon's ratio and one dB, in hundredths of a decibel."""
    efficiency = block_bits(scheme, n_prb) / (RE_PER_PRB * n_prb)
    return round(1000 * math.log10(2.0**efficiency - 1.0)) + 100


def find_threshold(
    scheme: Mcs, n_prb: int, *, each: int, seed: int = 1, target: float = TARGET, width_db: float = WIDTH_DB
) -> list[CurvePoint]:
    """Points of the curve around the signal-to-noise ratio at which `target` of the blocks are lost.

    A few blocks find the waterfall. Then `each` are sent at ratios close to each other (a chord of the curve is their
    interpolation), until the intervals of the outer two lie on either side of the target; and `each` more at those
    around the crossing, until the interval of the threshold is no wider than `width_db`.
    """

    def send(centi_db: int, n: int, turn: int = 0) -> CurvePoint:
        rng = stream(seed, "rate-curve", scheme.bits, str(scheme.rate), n_prb, centi_db, n, turn)
        return CurvePoint(centi_db / 100, n, awgn_block_errors(scheme, n_prb, centi_db / 100, n, rng))

    few = max(100, each // 20)
    at = _first_guess(scheme, n_prb)
    spread = max(2, round(100 * waterfall_spread_db(scheme, n_prb, at / 100)))
    step = max(20, spread)
    lossy = send(at, few).bler > target
    for _ in range(60):  # to the first ratio on the other side
        at += step if lossy else -step
        if (send(at, few).bler > target) != lossy:
            break
    else:
        raise RunError(f"no waterfall of {scheme} on {n_prb} resource blocks was found", {})
    low, high = (at - step, at) if lossy else (at, at + step)
    while high - low > 0.5 * spread + 1:
        middle = (low + high) // 2
        low, high = (middle, high) if send(middle, few).bler > target else (low, middle)
    half = max(2, round(0.3 * spread))
    low, high = (low + high) // 2 - half, (low + high) // 2 + half
    final = [send(low, each), send(high, each)]
    while final[-1].interval[1] >= target:
        final.append(send(high := high + half, each))
    while final[0].interval[0] <= target:
        final.insert(0, send(low := low - half, each))
    for turn in range(1, _MOST_TURNS):
        found = threshold(final, target)
        if found.high_db - found.low_db <= width_db:
            break
        around = (found.low_db - half / 100, found.high_db + half / 100)
        for i, p in enumerate(final):
            if around[0] < p.snr_db < around[1]:
                more = send(round(100 * p.snr_db), each, turn)
                final[i] = CurvePoint(p.snr_db, p.blocks + more.blocks, p.errors + more.errors)
    return final


def rate_curves(
    block_sizes: Sequence[int] = BLOCK_SIZES,
    *,
    seed: int = 1,
    jobs: int = 1,
    engine: str = "local",
    store: Store | None = None,
    chosen: Sequence[Mcs] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Rows with COLUMNS: the threshold of every scheme (or those chosen) at every block size, sorted.

    Records are taken from and put into the store. Raises RunError when a curve could not be computed.
    """
    order = sorted(block_sizes, reverse=True)  # the long ones first
    tasks = [CurveTask(s, n, n_blocks(s, n), seed) for n in order for s in (chosen or schemes())]
    records: dict[str, Any] = {}
    for task in tasks:
        if store is not None and (found := store.get(task.hash)) is not None:
            records[task.hash] = found
    todo, failed = [t for t in tasks if t.hash not in records], {}
    for task, outcome in execute(todo, {}, engine=engine, jobs=jobs):
        if isinstance(outcome, Failure):
            failed[f"{task.scheme} on {task.n_prb} PRB"] = outcome.reason
            continue
        records[task.hash] = outcome
        if store is not None:
            store.put(task.hash, outcome)
        if progress is not None:
            progress(len(records), len(tasks))
    if failed:
        raise RunError(f"{len(failed)} of {len(tasks)} rate curves failed; the others are in the store", failed)
    rows = [_row(task, records[task.hash]) for task in tasks]
    return sorted(rows, key=lambda r: (r["bits_per_symbol"], float(r["rate_1024"]), r["n_prb"]))


def _row(task: CurveTask, record: Mapping[str, Any]) -> dict[str, Any]:
    triples = zip(record["snr_db"], record["blocks"], record["errors"])
    found = threshold([CurvePoint(float(x), int(n), int(k)) for x, n, k in triples], TARGET)
    return {
        "bits_per_symbol": task.scheme.bits, "rate_1024": f"{float(task.scheme.rate * 1024):g}", "n_prb": task.n_prb,
        "block_bits": block_bits(task.scheme, task.n_prb), "snr_db": round(found.snr_db, 3),
        "low_db": round(found.low_db, 3), "high_db": round(found.high_db, 3), "blocks": found.blocks,
    }  # fmt: skip


def _remarks(seed: int) -> Iterator[str]:
    yield f"SNR in dB at which {TARGET:.0%} of transport blocks are lost on AWGN; low_db and high_db bound it to 95 %"
    yield f"silla {VERSION}, `silla link table`, seed {seed}: {RE_PER_PRB} resource elements a resource block"
    yield f"max-log demapping, 8-bit layered min-sum, {ITERATIONS} iterations; blocks: those sent around the threshold"


def write_rate_curves(path: Path, rows: Sequence[Mapping[str, Any]], seed: int) -> None:
    """The data file: remarks after #, then one line for each row of `rate_curves`."""
    text = io.StringIO()
    text.writelines(f"# {line}\n" for line in _remarks(seed))
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())
