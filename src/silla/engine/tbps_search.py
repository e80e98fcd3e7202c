"""Error rates of a wideband link with their intervals, and the SNR that a target needs.

With the same random numbers at every point the error rate falls with SNR nearly without noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.engine.curves import interval95
from silla.engine.tasks import one_thread
from silla.physics.radio.link.wideband import DMRS_SYMBOL, N_SYMBOLS, WidebandLink
from silla.physics.radio.link.wideband_chain import SlotCounts, simulate_slots

__all__ = ["Need", "compared", "interval", "measured", "required_snr", "shortened", "slots_by_default"]

_CHUNK = 120  # code blocks simulated between two looks at the interval


def slots_by_default(link: WidebandLink) -> int:
    """24, which bound the blocks lost of the D band's preset at 2 % of 192 transport blocks; fewer, but one, where they
    hold more than 3e7 bits, a few seconds."""
    return max(1, min(24, int(3e7 // link.bits_per_slot)))


def measured(link: WidebandLink, snr_db: float, n_slots: int, seed: int) -> SlotCounts:
    """Counts of slots from the random numbers of a seed, the same at every SNR."""
    with one_thread():
        return simulate_slots(link, snr_db, n_slots, stream(seed, "tbps"))


def shortened(link: WidebandLink, code_blocks: int) -> WidebandLink:
    """The link with the fewest symbols of a slot, from DM-RS on, that hold as many code blocks; whole if it takes all.

    Error rates of code blocks stay what they are, those of transport blocks, which become smaller, do not.
    """
    for n in range(DMRS_SYMBOL + 1, N_SYMBOLS):
        short = replace(link, n_symbols=n)
        if short.code_blocks_per_slot >= code_blocks:
            return short
    return link


def compared(link: WidebandLink, snr_db: float, target: float, code_blocks: int, seed: int) -> SlotCounts:
    """Counts until the exact 95 % interval of the code blocks' error rate leaves out the target, or the blocks are so
    many; the same random numbers at every SNR."""
    rng, total = stream(seed, "tbps"), None
    while True:
        with one_thread():
            counts = simulate_slots(link, snr_db, 1, rng)
        total = counts if total is None else total + counts
        low, high = interval95(total.code_block_errors, total.code_blocks)
        if total.code_blocks >= code_blocks or not low <= target <= high:
            return total


@dataclass(frozen=True)
class Need:
    """SNR that a target needs.

    snr_db : None where no SNR up to 40 dB meets it. low_db, high_db : nearest simulated SNRs whose error rate is above
    and below the target at 95 %, None where none is. code_blocks : simulated in all, at n_points SNRs.
    """

    snr_db: float | None
    low_db: float | None
    high_db: float | None
    code_blocks: int
    n_points: int


def required_snr(
    link: WidebandLink, target_code_bler: float, code_blocks: int, seed: int, start_db: float | None = None
) -> Need:
    """Least SNR of a layer at a receiving port at which the share of code blocks in error meets the target.

    From start_db, or 2 dB above Shannon's bound, in steps of 0.25, 0.5, 1, .. dB to either side of the target, then
    halved to an eighth of a dB, and a straight line of lg(error rate) in the last piece; up to so many code_blocks at
    each point, everywhere with the same random numbers. No error seen counts as a third of one in that line. Then 0.25,
    0.5 and 1 dB to either side, until the rate there is above or below the target at 95 %.
    """
    if not 0 < target_code_bler < 1:
        raise ArgumentError(f"a target of {target_code_bler!r} block errors; allowed: between 0 and 1")
    if code_blocks < 1:
        raise ArgumentError(f"{code_blocks} code blocks at each point of the search; at least 1")
    gain = 10 * math.log10(link.panels.n_subarrays)
    bound, top = link.shannon_snr_db - gain, 40.0 + gain  # no code meets any target below the bound
    short = shortened(link, min(code_blocks, _CHUNK))
    seen: dict[float, SlotCounts] = {}

    def fails(snr: float) -> bool:
        if snr not in seen:
            seen[snr] = compared(short, snr, target_code_bler, code_blocks, seed)
        return seen[snr].code_bler > target_code_bler

    at = min(max(bound + 2.0 if start_db is None else start_db, bound), top)
    low, high, step = bound, top, 0.25
    if fails(at):
        while at < top and fails(at):
            low, at, step = at, min(at + step, top), 2 * step
        if fails(at):
            return _need(None, seen, target_code_bler)
        high = at
    else:
        while at > bound and not fails(at):
            high, at, step = at, max(at - step, bound), 2 * step
        low = at
    while high - low > 0.125:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if fails(middle) else (low, middle)
    above, below = (
        (max(c.code_block_errors, 1 / 3) / c.code_blocks if c else 1.0) for c in (seen.get(low), seen.get(high))
    )
    share = math.log(above / target_code_bler) / math.log(above / below) if above > below else 1.0
    found = low + min(max(share, 0.0), 1.0) * (high - low)
    for side, enough in ((-1.0, True), (1.0, interval95(0, code_blocks)[1] < target_code_bler)):
        for step in (0.25, 0.5, 1.0) if enough else ():  # to have a bound near the answer on either side
            need = _need(found, seen, target_code_bler)
            bound_here = need.low_db if side < 0 else need.high_db
            if (bound_here is not None and abs(bound_here - found) <= step) or not bound < found + side * step < top:
                break
            fails(found + side * step)
    return _need(found, seen, target_code_bler)


def _need(snr: float | None, seen: dict[float, SlotCounts], target: float) -> Need:
    bounds = {at: interval95(c.code_block_errors, c.code_blocks) for at, c in seen.items()}
    above = [at for at, (low, _) in bounds.items() if low > target]
    below = [at for at, (_, high) in bounds.items() if high < target]
    return Need(
        snr, max(above, default=None), min(below, default=None), sum(c.code_blocks for c in seen.values()), len(seen)
    )


def interval(k: int, n: int) -> dict[str, Any]:
    """k errors of n with the exact 95 % interval of the rate (Clopper and Pearson)."""
    low, high = interval95(k, n)
    return {"errors": k, "of": n, "rate": k / n, "low95": low, "high95": high}
