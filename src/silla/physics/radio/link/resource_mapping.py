"""Where a shared channel's data, DM-RS and PT-RS lie on the grid (TS 38.211 clauses 6.3.1.6, 7.3.1.5, 6.4.1, 7.4.1).

Data takes what reference signals leave: subcarriers first, then symbols, and for PDSCH in the order of virtual
resource blocks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError
from silla.physics.radio.link.dmrs import Dmrs, DmrsGrid, dmrs_grid, dmrs_symbols, raw_sequence
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.ptrs import Ptrs, ptrs_subcarriers, ptrs_symbols

__all__ = ["Layout", "check_symbols", "gather", "layout", "lbrm_size", "scatter"]


class Layout(NamedTuple):
    """Resource elements of a shared channel. Flat places count symbols first: symbol * subcarriers + subcarrier.

    data : int64 [n_re], places of data in the order in which they are filled. dmrs : see `DmrsGrid`. pilots :
    complex64 [layers, symbols, subcarriers], DM-RS and PT-RS before precoding, 0 elsewhere. ptrs : int64 [n], places of
    PT-RS. n_dmrs_per_prb : resource elements that the transport block size takes off for DM-RS. runs : the data's
    stretches of consecutive places, (first number, first place, length); empty where they are too short to help.
    """

    data: np.ndarray
    dmrs: DmrsGrid
    pilots: np.ndarray
    ptrs: np.ndarray
    n_dmrs_per_prb: int
    runs: tuple[tuple[int, int, int], ...] = ()


_MIN_RUN = 64  # resource elements; a fancy index is as fast below


def _runs(data: np.ndarray) -> tuple[tuple[int, int, int], ...]:
    first = np.flatnonzero(np.diff(data, prepend=data[0] - 2) != 1)
    if len(data) < _MIN_RUN * len(first):
        return ()
    return tuple(zip(first.tolist(), data[first].tolist(), np.diff(first, append=len(data)).tolist()))


def check_symbols(channel: str, mapping_type: str, start: int, n_symbols: int, carrier: Carrier, dmrs: Dmrs) -> None:
    """ArgumentError for a start and length that TS 38.214 Tables 5.1.2.1-1 and 6.1.2.1-1 do not allow."""
    if mapping_type not in ("A", "B"):
        raise ArgumentError(f"{channel}: mapping_type is {mapping_type!r}; allowed: 'A', 'B'")
    last, extended = carrier.symbols_per_slot, carrier.extended_cp
    if channel == "pusch":
        starts, lengths = ((0,), range(4, last + 1)) if mapping_type == "A" else (range(last), range(1, last + 1))
        table = "6.1.2.1-1"
    else:
        starts = range(4 if dmrs.type_a_position == 3 else 3) if mapping_type == "A" else range(last - 1)
        lengths = range(3, last + 1) if mapping_type == "A" else (2, 4, 6) if extended else range(2, 14)
        table = "5.1.2.1-1"
    if start not in starts or n_symbols not in lengths or start + n_symbols > last:
        raise ArgumentError(
            f"{channel}: symbols {start} to {start + n_symbols - 1} with mapping type {mapping_type}; allowed: start "
            f"{min(starts)} to {max(starts)}, length {min(lengths)} to {max(lengths)}, end up to {last - 1} (TS 38.214 "
            f"Table {table})"
        )


def layout(
    channel: str,
    carrier: Carrier,
    prbs: np.ndarray,
    order: np.ndarray,
    mapping_type: str,
    start: int,
    n_symbols: int,
    ports: tuple[int, ...],
    dmrs: Dmrs,
    *,
    ptrs: Ptrs | None = None,
    n_rnti: int = 0,
    ptrs_amplitude: float = 1.0,
    transform_precoding: bool = False,
) -> Layout:
    """The layout of a "pusch" or "pdsch" on physical resource blocks `prbs` (increasing), filled in their `order`."""
    pilot_symbols = dmrs_symbols(channel, mapping_type, start, n_symbols, dmrs)
    grid = dmrs_grid(carrier, prbs, pilot_symbols, ports, dmrs, transform_precoding)
    n_sc, n_slot = carrier.n_subcarriers, carrier.symbols_per_slot
    pilots = np.zeros((len(ports), n_slot, n_sc), np.complex64)
    free = np.zeros((n_slot, n_sc), bool)
    used = (12 * prbs[:, None] + np.arange(12)).ravel()
    free[start : start + n_symbols, used] = True
    pilots[:, grid.symbols] = grid.values
    free[grid.symbols] &= ~grid.blocked
    places = np.zeros(0, np.int64)
    if ptrs is not None:
        places = _add_ptrs(
            carrier, prbs, used, ptrs_symbols(start, n_symbols, pilot_symbols, ptrs.time_density), pilot_symbols[0],
            ports, dmrs, ptrs, n_rnti, ptrs_amplitude, pilots,
        )  # fmt: skip
        free.reshape(-1)[places] = False
    in_order = (12 * order[:, None] + np.arange(12)).ravel()
    symbols = np.arange(start, start + n_symbols)
    candidates = (symbols[:, None] * n_sc + in_order).ravel()
    data = candidates[free.reshape(-1)[candidates]]
    n_dmrs = int(dmrs.blocked.sum()) * len(pilot_symbols)
    if not len(data):
        raise ArgumentError(
            f"{channel}: DM-RS without data beside it fills all {n_symbols} symbols; nothing is left for data "
            "(TS 38.214 clause 5.1.3.2)"
        )
    for array in (data, pilots, places, *grid[:3]):
        array.setflags(write=False)
    return Layout(data, grid, pilots, places, n_dmrs, _runs(data))


def _add_ptrs(
    carrier, prbs, used, symbols, first_pilot, ports, dmrs, ptrs, n_rnti, amplitude, pilots
) -> np.ndarray:  # fmt: skip
    """Writes PT-RS to the pilots; the places that it takes."""
    taken: list[np.ndarray] = []
    for port in ptrs.ports:
        if port not in ports:
            raise ArgumentError(f"PT-RS: port {port} is none of the channel's DM-RS ports {ports} (TS 38.214 6.2.3.1)")
        at = ptrs_subcarriers(len(prbs), n_rnti, dmrs.config_type, port, ptrs)
        group = dmrs.cdm_group(port)
        r = raw_sequence(carrier, prbs, dmrs, first_pilot, group, False)
        on_grid = np.zeros((len(prbs), 12), np.complex64)
        on_grid[:, dmrs.subcarriers(group)] = r
        values = on_grid.reshape(-1)[at] * np.float32(amplitude)
        for symbol in symbols:
            pilots[ports.index(port), symbol, used[at]] = values
            taken.append(symbol * carrier.n_subcarriers + used[at])
    return np.unique(np.concatenate(taken)) if taken else np.zeros(0, np.int64)


def scatter(symbols: np.ndarray, found: Layout) -> np.ndarray:
    """Layers [.., layers, symbols, subcarriers]: the pilots, and data symbols [.., layers, n_re] in their places."""
    batch = symbols.shape[:-2]
    out = np.empty((*batch, *found.pilots.shape), np.complex64)
    out[...] = found.pilots
    flat = out.reshape(*batch, len(found.pilots), -1)
    if not found.runs:
        flat[..., found.data] = symbols
    for number, place, length in found.runs:
        flat[..., place : place + length] = symbols[..., number : number + length]
    return out


def gather(grid: np.ndarray, found: Layout) -> np.ndarray:
    """Data [.., n_re] of a grid [.., symbols, subcarriers], in the order in which it was filled.

    Works on equalised symbols as on their noise variances.
    """
    grid = np.asarray(grid)
    if grid.shape[-2:] != found.pilots.shape[-2:]:
        raise ArgumentError(f"the grid has the shape {grid.shape}; expected [.., {found.pilots.shape[-2:]}]")
    flat = grid.reshape(*grid.shape[:-2], -1)
    if not found.runs:
        return np.take(flat, found.data, axis=-1)
    return np.concatenate([flat[..., place : place + length] for _, place, length in found.runs], axis=-1)


def lbrm_size(carrier: Carrier, mcs_table: str, max_layers: int) -> int:
    """TBS_LBRM of limited-buffer rate matching (TS 38.212 clause 5.4.2.1): the size of the largest transport block.

    max_layers : maxMIMO-Layers, of which a transport block uses 4 at most.

    >>> lbrm_size(Carrier(), "qam256", 4)
    1277992
    """
    from fractions import Fraction

    from silla.physics.radio.link.tbs import Mcs, transport_block_size
    from silla.physics.radio.modulation import MCS_TABLES

    bits = max(6, int(MCS_TABLES[mcs_table].bits.max()))
    n_prb = next(n for n in (32, 66, 107, 135, 162, 217, 275) if carrier.n_prb <= n)
    n_prb = 273 if n_prb == 275 else n_prb
    return transport_block_size(156 * n_prb, Mcs(bits, Fraction(948, 1024)), min(max_layers, 4))
