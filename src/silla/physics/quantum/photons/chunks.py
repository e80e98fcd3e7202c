"""Long runs in chunks, each with random numbers of its own: flat memory, and the same answer for any number of workers.

A chunk is a power of two of slots, chosen from the table so that about a million slots are visited. Detectors start
each chunk ready: of a click near the border the dead time is not carried over, which is one click in a million at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from silla.base.errors import DomainError
from silla.base.rng import stream
from silla.physics.quantum.photons.counts import SlotCounts
from silla.physics.quantum.photons.machine import Dead, Records, Run, run_slots
from silla.physics.quantum.photons.table import SlotTable

__all__ = ["Chunk", "chunk_slots", "chunks", "count_chunk", "count_slots", "record_chunks"]

_VISITED = 2.0**20
_LARGEST = 2**40
MOST_SLOTS = 10**15


class Chunk(NamedTuple):
    """One chunk: its number, first slot and slots."""

    number: int
    first: int
    n_slots: int


def chunk_slots(table: SlotTable) -> int:
    """Slots of a chunk of this table."""
    return int(min(_LARGEST, 2 ** int(np.log2(_VISITED / table.most))))


def chunks(table: SlotTable, n_slots: int) -> list[Chunk]:
    """The chunks of a run; DomainError unless n_slots is 1 .. 1e15."""
    return list(_each_chunk(table, n_slots))


def _each_chunk(table: SlotTable, n_slots: int) -> Iterator[Chunk]:
    """One by one: who stops at enough clicks never asks for the hundreds of thousands behind."""
    if not 1 <= n_slots <= MOST_SLOTS:
        raise DomainError(f"photon Monte Carlo: {n_slots} pulses; allowed: 1 to {MOST_SLOTS:.0e}")
    size, n_slots = chunk_slots(table), int(n_slots)
    for i, first in enumerate(range(0, n_slots, size)):
        yield Chunk(i, first, min(size, n_slots - first))


def _key(seed: int, name: str, number: int) -> int:
    return int(stream(seed, "photons", name, number).integers(0, 2**64, dtype=np.uint64))


def _counts(table: SlotTable, run: Run, seed: int, name: str, chunk: Chunk) -> SlotCounts:
    """Slots that were passed over had no click; their settings are the prior's."""
    idle = stream(seed, "photons", name, chunk.number, "idle").multinomial(
        chunk.n_slots - int(run.visited.sum()), table.prior / table.prior.sum()
    )
    return SlotCounts(table.labels, run.visited + idle, run.counts)


def count_chunk(table: SlotTable, dead: Dead, seed: int, name: str, chunk: Chunk, *, twin: bool = False) -> SlotCounts:
    """The counts of one chunk: a pure function of its arguments."""
    run, _ = next(run_slots(table, dead, _key(seed, name, chunk.number), chunk.n_slots, twin=twin))
    return _counts(table, run, seed, name, chunk)


def count_slots(table: SlotTable, dead: Dead, n_slots: int, *, seed: int, name: str) -> SlotCounts:
    """The counts of n_slots slots."""
    parts = chunks(table, n_slots)
    total = count_chunk(table, dead, seed, name, parts[0])
    for chunk in parts[1:]:
        total = total + count_chunk(table, dead, seed, name, chunk)
    return total


def record_chunks(
    table: SlotTable, dead: Dead, n_slots: int, *, seed: int, name: str, coincidences: bool = False
) -> Iterator[tuple[Chunk, SlotCounts, Records]]:
    """Chunk after chunk with its detections; slots count from the run's start. Counts are those of `count_slots`."""
    for chunk in _each_chunk(table, n_slots):
        room = int(min(chunk.n_slots, 2.0 * _VISITED)) + 64
        key = _key(seed, name, chunk.number)
        parts = list(run_slots(table, dead, key, chunk.n_slots, capacity=room, coincidences=coincidences))
        columns = [np.concatenate(column) if len(parts) > 1 else column[0] for column in zip(*(r for _, r in parts))]
        records = Records(*columns)
        yield (
            chunk,
            _counts(table, parts[-1][0], seed, name, chunk),
            records._replace(slot=records.slot + chunk.first),
        )
