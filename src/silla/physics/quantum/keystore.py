"""Stock of secret key over a day: what each link holds, spends, lacks and throws away, epoch by epoch.

    stock_in + produced - consumed - spilled = stock_out               to rounding, checked in every call

Key flows in and out during an epoch, so new key can be spent in the epoch that makes it, and only what is left at the
end is spilled over the store's capacity. Demand that the key cannot meet is `unmet` and is not carried over: its
traffic went out under the fallback.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import DomainError

__all__ = ["KeyLedger", "run_keystore"]


class KeyLedger(NamedTuple):
    """Bits per link and epoch, shape [..., T]; `stock_bit` has T + 1 entries, from the start to the end of the day."""

    stock_bit: Any
    produced_bit: Any
    consumed_bit: Any
    unmet_bit: Any
    spilled_bit: Any


def run_keystore(
    supply_bit: ArrayLike,
    demand_bit: ArrayLike,
    *,
    capacity_bit: ArrayLike = np.inf,
    initial_bit: ArrayLike = 0.0,
) -> KeyLedger:
    """The ledger of one link or many.

    Parameters
    ----------
    supply_bit, demand_bit : shape [..., T], bits made and asked for in each epoch, not negative; they broadcast.
    capacity_bit, initial_bit : shape [...], size of the store and what it holds at the start.

    Raises DomainError for negative or non-finite bits and for a store that starts overfull.

    >>> ledger = run_keystore([10.0, 0.0, 10.0], [4.0, 8.0, 1.0], capacity_bit=8.0)
    >>> ledger.stock_bit.tolist(), ledger.unmet_bit.tolist(), ledger.spilled_bit.tolist()
    ([0.0, 6.0, 0.0, 8.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0])
    """
    supply, demand = np.broadcast_arrays(np.asarray(supply_bit, float), np.asarray(demand_bit, float))
    capacity, stock = (np.broadcast_to(np.asarray(x, float), supply.shape[:-1]) for x in (capacity_bit, initial_bit))
    _check(supply, demand, capacity, stock)
    epochs = supply.shape[-1]
    levels = np.empty((*supply.shape[:-1], epochs + 1))
    consumed, spilled = np.empty(supply.shape), np.empty(supply.shape)
    levels[..., 0] = stock
    for t in range(epochs):
        available = levels[..., t] + supply[..., t]
        consumed[..., t] = np.minimum(demand[..., t], available)
        left = available - consumed[..., t]
        levels[..., t + 1] = np.minimum(left, capacity)
        spilled[..., t] = left - levels[..., t + 1]
    ledger = KeyLedger(levels, supply, consumed, demand - consumed, spilled)
    _check_conservation(ledger)
    return ledger


def _check(supply, demand, capacity, initial) -> None:
    for name, bits in (("supply", supply), ("demand", demand), ("initial stock", initial)):
        bad = ~(np.isfinite(bits) & (bits >= 0.0))
        if bad.any():
            raise DomainError(f"key store: {name} is {bits[bad].flat[0]:g} bit, allowed any finite number from 0")
    if np.any(np.isnan(capacity)) or np.any(capacity < 0.0):
        raise DomainError("key store: capacity is negative or not a number, allowed 0 bit and above")
    if np.any(initial > capacity):
        raise DomainError("key store: it starts with more key than it holds; lower the initial stock or enlarge it")


def _check_conservation(ledger: KeyLedger) -> None:
    flow = ledger.produced_bit - ledger.consumed_bit - ledger.spilled_bit
    gap = np.abs(ledger.stock_bit[..., :-1] + flow - ledger.stock_bit[..., 1:])
    scale = ledger.stock_bit[..., :-1] + ledger.produced_bit
    if np.any(gap > 1e-9 * scale + 1e-9):
        raise AssertionError("key store: bits were lost or made; this is a fault of the program")
