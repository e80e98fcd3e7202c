"""Sounding reference signals (TS 38.211 clause 6.4.1.4): low-PAPR sequences on a comb, told apart by cyclic shifts."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.low_papr import low_papr
from silla.physics.radio.link.scrambling import gold

__all__ = ["Srs", "SrsSignal", "srs_bandwidth", "srs_grid", "srs_signal"]

_SHIFTS = {2: 8, 4: 12, 8: 6}  # Table 6.4.1.4.2-1
_SYMBOLS = (1, 2, 4, 8, 10, 12, 14)


@functools.cache
def _table() -> np.ndarray:
    text = resources.files("silla.physics.radio.link").joinpath("data/srs_bandwidths.csv").read_text("utf-8")
    rows = [line.split(",") for line in text.splitlines() if line[:1].isdigit()]
    return np.array(rows, int)[:, 1:].reshape(64, 4, 2)


def srs_bandwidth(c_srs: int, b_srs: int) -> tuple[int, int]:
    """(m_SRS,b resource blocks, N_b) of Table 6.4.1.4.3-1.

    >>> srs_bandwidth(63, 1)
    (16, 17)
    """
    if not (0 <= c_srs <= 63 and 0 <= b_srs <= 3):
        raise ArgumentError(
            f"SRS: C_SRS {c_srs}, B_SRS {b_srs}; allowed: 0 to 63, 0 to 3 (TS 38.211 Table 6.4.1.4.3-1)"
        )
    m, n = _table()[c_srs, b_srs]
    return int(m), int(n)


@dataclass(frozen=True)
class Srs:
    """One SRS resource; the names are those of clause 6.4.1.4 in words.

    n_ports 1, 2, 4. n_symbols 1, 2, 4, 8, 10, 12, 14. offset : l_offset, symbols counted back from the slot's last.
    repetition : R. comb : K_TC 2, 4, 8, comb_offset below it. cyclic_shift : below 8, 12, 6 for these combs. c_srs,
    b_srs, b_hop : bandwidth and hopping (none where b_hop >= b_srs). position : n_RRC 0 to 67. shift : n_shift 0 to
    268. identity : n_ID^SRS 0 to 1023. sequence_hopping : "neither", "group", "sequence". period, period_offset :
    slots; period 0 is aperiodic.
    """

    n_ports: int = 1
    n_symbols: int = 1
    offset: int = 0
    repetition: int = 1
    comb: int = 2
    comb_offset: int = 0
    cyclic_shift: int = 0
    c_srs: int = 0
    b_srs: int = 0
    b_hop: int = 0
    position: int = 0
    shift: int = 0
    identity: int = 0
    sequence_hopping: str = "neither"
    period: int = 0
    period_offset: int = 0

    def __post_init__(self) -> None:
        srs_bandwidth(self.c_srs, self.b_srs)
        if self.comb not in _SHIFTS:
            raise ArgumentError(f"SRS: comb is {self.comb}; allowed: 2, 4, 8 (TS 38.211 clause 6.4.1.4.2)")
        for name, allowed in (
            ("n_ports", (1, 2, 4)),
            ("n_symbols", _SYMBOLS),
            ("offset", range(14)),
            ("comb_offset", range(self.comb)),
            ("cyclic_shift", range(_SHIFTS[self.comb])),
            ("b_hop", range(4)),
            ("position", range(68)),
            ("shift", range(269)),
            ("identity", range(1024)),
            ("sequence_hopping", ("neither", "group", "sequence")),
        ):
            if getattr(self, name) not in allowed:
                raise ArgumentError(
                    f"SRS: {name} is {getattr(self, name)!r}; allowed: {_shown(allowed)} (TS 38.211 clause 6.4.1.4)"
                )
        if self.repetition < 1 or self.n_symbols % self.repetition:
            raise ArgumentError(f"SRS: repetition {self.repetition} does not divide {self.n_symbols} symbols")
        if self.n_symbols > self.offset + 1:
            raise ArgumentError(
                f"SRS: {self.n_symbols} symbols do not fit behind offset {self.offset} (TS 38.211 clause 6.4.1.4.1)"
            )
        if self.period < 0 or not 0 <= self.period_offset < max(self.period, 1):
            raise ArgumentError(f"SRS: offset {self.period_offset} of the period {self.period}; must lie within it")


def _shown(allowed) -> str:
    return f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else ", ".join(map(str, allowed))


class SrsSignal(NamedTuple):
    """symbols int64 [n]. subcarriers int64 [ports, n, length], of the carrier's grid. values complex64 likewise, of
    power 1 in all ports together."""

    symbols: np.ndarray
    subcarriers: np.ndarray
    values: np.ndarray


def _is_due(config: Srs, carrier: Carrier) -> bool:
    place = carrier.slots_per_frame * carrier.frame + carrier.slot - config.period_offset
    return config.period == 0 or place % config.period == 0


def _count(config: Srs, carrier: Carrier, symbol: int) -> int:
    """n_SRS of clause 6.4.1.4.3."""
    if config.period == 0:
        return symbol // config.repetition
    place = carrier.slots_per_frame * carrier.frame + carrier.slot - config.period_offset
    return place // config.period * (config.n_symbols // config.repetition) + symbol // config.repetition


def _branch(config: Srs, b: int, n_srs: int) -> int:
    """n_b: which of the N_b branches of level b is sounded."""
    m, n_b = srs_bandwidth(config.c_srs, b)
    fixed = 4 * config.position // m
    if config.b_hop >= config.b_srs or b <= config.b_hop:
        return fixed % n_b
    # N at level b_hop counts as 1 in the products.
    before = 1
    for level in range(config.b_hop + 1, b):
        before *= srs_bandwidth(config.c_srs, level)[1]
    if n_b % 2:
        f = n_b // 2 * (n_srs // before)
    else:
        rest = n_srs % (before * n_b)
        f = n_b // 2 * (rest // before) + rest // (2 * before)
    return (f + fixed) % n_b


def _comb_place(config: Srs, port: int) -> int:
    """k_TC of a port: with 4 ports and a late cyclic shift, every second one moves by half a comb."""
    largest = _SHIFTS[config.comb]
    moves = config.n_ports == 4 and port % 2 == 1 and (largest == 6 or config.cyclic_shift >= largest // 2)
    return (config.comb_offset + config.comb // 2) % config.comb if moves else config.comb_offset


def _phase(config: Srs, port: int) -> float:
    """alpha of a port, radians."""
    largest = _SHIFTS[config.comb]
    if config.n_ports == 4 and largest == 6:
        step = largest * (port // 2) // (config.n_ports // 2)
    else:
        step = largest * port // config.n_ports
    return 2.0 * np.pi * ((config.cyclic_shift + step) % largest) / largest


def _numbers(config: Srs, carrier: Carrier, symbol: int, length: int) -> tuple[int, int]:
    """(u, v) of clause 6.4.1.4.2."""
    place, f_gh, v = carrier.slot * carrier.symbols_per_slot + symbol, 0, 0
    if config.sequence_hopping == "group":
        f_gh = int(np.packbits(gold(config.identity, 8, 8 * place), bitorder="little")[0]) % 30
    elif config.sequence_hopping == "sequence" and length >= 72:
        v = int(gold(config.identity, 1, place)[0])
    return (f_gh + config.identity) % 30, v


def srs_signal(config: Srs, carrier: Carrier) -> SrsSignal:
    """The resource's symbols in this slot; no symbols where a periodic one is not due.

    ArgumentError where the sounded band leaves the carrier or a sequence of its length does not exist.

    >>> signal = srs_signal(Srs(c_srs=13, b_srs=1), Carrier(n_prb=52))
    >>> signal.symbols.tolist(), signal.values.shape
    ([13], (1, 1, 144))
    """
    m_srs, _ = srs_bandwidth(config.c_srs, config.b_srs)
    length = 12 * m_srs // config.comb
    first = carrier.symbols_per_slot - 1 - config.offset
    if first < 0:
        raise ArgumentError(f"SRS: offset {config.offset} lies before the slot's first symbol")
    n = config.n_symbols if _is_due(config, carrier) else 0
    at = np.zeros((config.n_ports, n, length), np.int64)
    values = np.zeros((config.n_ports, n, length), np.complex64)
    reference = 12 * carrier.first_crb if carrier.first_crb <= config.shift else 0
    for i in range(n):
        count = _count(config, carrier, i)
        hop = sum(12 * srs_bandwidth(config.c_srs, b)[0] * _branch(config, b, count) for b in range(config.b_srs + 1))
        u, v = _numbers(config, carrier, first + i, length)
        for p in range(config.n_ports):
            start = 12 * config.shift + _comb_place(config, p) + hop - reference
            at[p, i] = start + config.comb * np.arange(length)
            values[p, i] = low_papr(u, v, length, _phase(config, p)) / np.sqrt(config.n_ports)
    if n and (at.min() < 0 or at.max() >= carrier.n_subcarriers):
        raise ArgumentError(
            f"SRS: subcarriers {at.min()} to {at.max()} leave the carrier's {carrier.n_subcarriers} (C_SRS "
            f"{config.c_srs}, shift {config.shift}; TS 38.211 clause 6.4.1.4.3)"
        )
    return SrsSignal(first + np.arange(n), at, values)


def srs_grid(config: Srs, carrier: Carrier) -> np.ndarray:
    """The same on an empty grid, complex64 [ports, symbols, subcarriers]."""
    signal = srs_signal(config, carrier)
    grid = np.zeros((config.n_ports, carrier.symbols_per_slot, carrier.n_subcarriers), np.complex64)
    for p in range(config.n_ports):
        grid[p, signal.symbols[:, None], signal.subcarriers[p]] = signal.values[p]
    return grid
