"""What reconciliation really tells and how fast it goes: measured on `answer` and `ask`, looked up by whoever plans.

    told bits = sum over frames of f(frame, Q) n h(Q)        f: table, by frame length (Cascade) and error rate

The table (data/reconciliation.csv) is made by `python tools/reconciliation_efficiency.py`: both ends' own code with
random keys and independent errors, every parity and syndrome bit counted. A block is cut into frames as the two parties
cut it: LDPC blocks while whole ones are left, then frames of 65536 bits, then what remains. Between the table's
points log(f - 1) is interpolated over the logarithms of error rate and frame length.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.coding import rate_adaptive as ldpc
from silla.coding.cascade import groups
from silla.coding.reconciliation import binary_entropy
from silla.physics.quantum.distillation.reconciliation import CORRECTED, answer, ask
from silla.physics.quantum.distillation.settings import RECONCILIATIONS, Settings
from silla.physics.quantum.distillation.wire import Kind

__all__ = ["LEAST_ERROR", "Efficiency", "measured_efficiency", "play", "table"]

Floats = NDArray[np.float64]
LEAST_ERROR = 1e-7  # error rate below which a bit says no less


class Efficiency(NamedTuple):
    """f and its 95 % interval; key bits that one core reconciles a second, the work of both ends together."""

    f: float
    low: float
    high: float
    bit_per_s: float


class Table(NamedTuple):
    """Of one way: frame lengths [n] rising (0: whole blocks), error rates [m] rising; f, low, high, bit/s [n, m]."""

    frame_bit: Floats
    error_rate: Floats
    f: Floats
    low: Floats
    high: Floats
    bit_per_s: Floats


@functools.cache
def table(way: str) -> Table:
    """The measured table of "cascade" or "ldpc"."""
    text = resources.files("silla.physics.quantum").joinpath("data", "reconciliation.csv").read_text()
    head, *rows = (line.split(",") for line in text.splitlines() if not line.startswith("#"))
    mine = [dict(zip(head, row)) for row in rows if row[0] == way]
    frames, rates = (np.unique([float(r[name]) for r in mine]) for name in ("frame_bit", "error_rate"))
    column = {
        name: np.array([float(r[name]) for r in mine]).reshape(len(frames), len(rates))
        for name in ("f", "low", "high", "mbit_per_s")
    }
    return Table(frames, rates, column["f"], column["low"], column["high"], 1e6 * column["mbit_per_s"])


def measured_efficiency(way: str, error_rate: float, block_bit: float) -> Efficiency:
    """f and speed of reconciling a block of key bits.

    way : "cascade" or "ldpc". error_rate : 0 to below 0.5; below the table's least the bits told are those of the
    least, so that f rises; above its greatest f is that of the greatest, where no protocol has a key any more.
    block_bit : key bits reconciled together, 1 or more.

    >>> found = measured_efficiency("cascade", 0.02, 1e7)
    >>> 1.02 < found.f < 1.06, found.low <= found.f <= found.high
    (True, True)
    >>> measured_efficiency("cascade", 0.02, 2e3).f > found.f
    True
    """
    if way not in RECONCILIATIONS:
        raise ArgumentError(f"reconciliation {way!r}, allowed {', '.join(RECONCILIATIONS)}")
    if not 0.0 <= error_rate < 0.5 or not 1.0 <= block_bit <= 1e15:
        raise DomainError(
            f"reconciliation: error rate {error_rate:g} and block of {block_bit:g} bits; allowed: 0 to below 0.5, "
            "1 to 1e15 bits"
        )
    n = np.array(
        [(bits, *_looked_up(kind, frame, error_rate)) for kind, frame, bits in _frames(way, error_rate, block_bit)]
    )
    share = n[:, 0] / n[:, 0].sum()
    f, low, high = (float(share @ n[:, i]) for i in (1, 2, 3))
    return Efficiency(f, low, high, 1.0 / float(share @ (1.0 / n[:, 4])))


def _frames(way: str, error_rate: float, block_bit: float) -> Iterator[tuple[str, float, float]]:
    """(way, frame length, bits) of the parts of a block, as the parties cut it."""
    n = round(block_bit)
    if way == "ldpc" and (size := block_size(error_rate)) and n >= size:
        yield "ldpc", 0.0, float(n // size * size)
        n %= size
    for first, last, length in groups(n):
        yield "cascade", float(length), float(last - first)


@functools.lru_cache(maxsize=4096)
def block_size(error_rate: float) -> int:
    """Key bits of an LDPC block at this error rate, 0 where no code serves it."""
    try:
        return ldpc.choose_rate_adaptive(error_rate, ldpc.START).n_key
    except DomainError:
        return 0


def _looked_up(way: str, frame_bit: float, error_rate: float) -> tuple[float, float, float, float]:
    """(f, low, high, bit/s) of frames of one length."""
    t = table(way)
    low, high = t.error_rate[[0, -1]]
    q = float(np.clip(error_rate, low, high))
    at = [_between(np.log(t.error_rate), np.log(q), np.log(x - 1.0)) for x in (t.f, t.low, t.high)]
    at.append(_between(np.log(t.error_rate), np.log(q), np.log(t.bit_per_s)))
    if len(t.frame_bit) > 1:
        frames = np.log(t.frame_bit)
        length = float(np.clip(np.log(frame_bit), frames[0], frames[-1]))
        at = [np.array([np.interp(length, frames, x)]) for x in at]
    f, f_low, f_high, bits = (float(np.exp(x[0])) for x in at)
    rise = float(binary_entropy(q) / binary_entropy(max(error_rate, LEAST_ERROR))) if error_rate < low else 1.0
    return (1.0 + f) * rise, (1.0 + f_low) * rise, (1.0 + f_high) * rise, bits


def _between(x: Floats, at: float, rows: Floats) -> Floats:
    return np.array([np.interp(at, x, row) for row in rows])


def play(
    settings: Settings, sender: np.ndarray, receiver: np.ndarray, rate: float, seed: int
) -> tuple[np.ndarray, int]:
    """(the receiver's corrected bits, bits told): both parties' reconciliation in one process, without a channel.

    sender, receiver : uint8 [n] bits. rate : the error rate as both estimate it.
    """
    one, other = answer(settings, sender, rate, seed, []), ask(settings, receiver, rate, seed, [])
    to_sender, to_receiver = list(_messages(next(other))), list(_messages(next(one)))
    while True:
        if to_receiver:
            try:
                to_sender += _messages(other.send(to_receiver.pop(0)))
            except StopIteration as end:
                bits, told, _ = end.value
                break
        elif to_sender:
            to_receiver += _messages(one.send(to_sender.pop(0)))
        else:
            raise ArithmeticError("reconciliation: both ends wait")
    for payload in (*to_sender, [CORRECTED, np.zeros(1, np.int64)]):
        try:
            one.send(payload)
        except StopIteration as end:
            if end.value[0] != told:
                raise ArithmeticError(f"reconciliation: {end.value[0]} bits told and {told} heard") from None
            return bits, told
    raise ArithmeticError("reconciliation: the sender does not end")


def _messages(step: tuple[list[tuple[Kind, list]], Kind]) -> list[list]:
    return [payload for _, payload in step[0]]
