"""DM-RS of the broadcast and downlink control channels (TS 38.211 clauses 7.4.1.4 and 7.4.1.3)."""

from __future__ import annotations

import numpy as np

from silla.base.errors import ArgumentError
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.scrambling import qpsk_sequence

__all__ = ["pbch_dmrs", "pdcch_dmrs"]


def pbch_dmrs(cell_id: int, ssb_index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(symbols, subcarriers, values) of the 144 pilots of a synchronisation block: int64, int64, complex64 [144].

    symbols 1 to 3 of the block, subcarriers 0 to 239 of it. ssb_index : i_SSB + 4 n_hf for blocks of up to 4, its three
    lowest bits otherwise: 0 to 7 (clause 7.4.1.4.1). Places: Table 7.4.3.1-1.

    >>> symbols, subcarriers, values = pbch_dmrs(1, 0)
    >>> subcarriers[:3].tolist(), np.bincount(symbols).tolist()
    ([1, 5, 9], [0, 60, 24, 60])
    """
    if not 0 <= cell_id <= 1007:
        raise ArgumentError(f"PBCH: cell_id is {cell_id}; allowed: 0 to 1007 (TS 38.211 clause 7.4.2.1)")
    if not 0 <= ssb_index <= 7:
        raise ArgumentError(f"PBCH: ssb_index is {ssb_index}; allowed: 0 to 7 (TS 38.211 clause 7.4.1.4.1)")
    c_init = (ssb_index + 1) * (cell_id // 4 + 1) * 2**11 + (ssb_index + 1) * 2**6 + cell_id % 4
    whole = np.arange(cell_id % 4, 240, 4)
    sides = whole[(whole < 48) | (whole >= 192)]
    symbols = np.repeat([1, 2, 3], [len(whole), len(sides), len(whole)])
    return symbols, np.concatenate([whole, sides, whole]), qpsk_sequence(c_init, 144)


def pdcch_dmrs(
    carrier: Carrier, prbs: np.ndarray, symbol: int, n_id: int | None = None, *, reference_crb: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """(subcarriers of the carrier, values) of a symbol's pilots in the resource blocks prbs: three in each.

    n_id : pdcch-DMRS-ScramblingID 0 to 65535, None for the cell's identity. reference_crb : common resource block where
    the sequence starts; 0, or that of CORESET 0. Source: clauses 7.4.1.3.1 and 7.4.1.3.2.
    """
    identity = carrier.cell_id if n_id is None else n_id
    blocks = np.asarray(prbs, np.int64)
    first = carrier.first_crb - reference_crb
    if not 0 <= identity <= 65535 or not 0 <= symbol < carrier.symbols_per_slot:
        raise ArgumentError(f"PDCCH: n_id {identity}, symbol {symbol}; allowed: 0 to 65535, a symbol of the slot")
    if not blocks.size or blocks.min() < 0 or blocks.max() >= carrier.n_prb or first + blocks.min() < 0:
        raise ArgumentError(
            f"PDCCH: resource blocks must lie in the carrier's {carrier.n_prb}, not before the reference"
        )
    place = carrier.symbols_per_slot * carrier.slot + symbol + 1
    c_init = ((place * (2 * identity + 1) << 17) + 2 * identity) % (1 << 31)
    r = qpsk_sequence(c_init, 3 * (first + int(blocks.max()) + 1)).reshape(-1, 3)
    subcarriers = (12 * blocks[:, None] + np.array([1, 5, 9])).ravel()
    return subcarriers, r[first + blocks].ravel()
