"""Demodulation reference signals of PUSCH and PDSCH (TS 38.211 clauses 6.4.1.1 and 7.4.1.1).

Ports are counted from 0 here (1000 + port for PDSCH). What a `DmrsGrid` holds is per DM-RS port, before precoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.low_papr import low_papr
from silla.physics.radio.link.scrambling import gold, qpsk_sequence

__all__ = ["Dmrs", "DmrsGrid", "dmrs_c_init", "dmrs_grid", "dmrs_symbols", "port_weights", "raw_sequence"]

# (shortest duration l_d, {l_d: symbols beside l0 for dmrs-AdditionalPosition 1, 2, 3}) by channel and mapping type.
_SINGLE_A = {
    **dict.fromkeys((8, 9), ((7,), (7,), (7,))),
    **dict.fromkeys((10, 11), ((9,), (6, 9), (6, 9))),
    12: ((9,), (6, 9), (5, 8, 11)),
    **dict.fromkeys((13, 14), ((11,), (7, 11), (5, 8, 11))),
}
_SINGLE_B = {**dict.fromkeys((5, 6, 7), ((4,), (4,), (4,))), 8: ((6,), (3, 6), (3, 6))}
_SINGLE = {  # Tables 6.4.1.1.3-3 and 7.4.1.1.2-3 (l_1 = 11)
    ("pusch", "A"): (4, _SINGLE_A),
    ("pdsch", "A"): (3, _SINGLE_A),
    ("pusch", "B"): (
        1,
        _SINGLE_B
        | {9: ((6,), (3, 6), (3, 6))}
        | dict.fromkeys((10, 11), ((8,), (4, 8), (3, 6, 9)))
        | dict.fromkeys((12, 13, 14), ((10,), (5, 10), (3, 6, 9))),
    ),
    ("pdsch", "B"): (
        2,
        _SINGLE_B
        | dict.fromkeys((9, 10), ((7,), (4, 7), (4, 7)))
        | {11: ((8,), (4, 8), (3, 6, 9))}
        | dict.fromkeys((12, 13), ((9,), (5, 9), (3, 6, 9))),
    ),
}
_DOUBLE = {  # Tables 6.4.1.1.3-4 and 7.4.1.1.2-4: the second pair for additional position 1
    ("pusch", "A"): (4, {10: 8, 11: 8, 12: 8, 13: 10, 14: 10}),
    ("pusch", "B"): (5, {8: 5, 9: 5, 10: 7, 11: 7, 12: 9, 13: 9, 14: 9}),
    ("pdsch", "A"): (4, {10: 8, 11: 8, 12: 8, 13: 10, 14: 10}),
    ("pdsch", "B"): (5, {8: 5, 9: 5, 10: 7, 11: 7, 12: 8, 13: 8}),
}
_CLAUSE = {"pusch": "6.4.1.1.3", "pdsch": "7.4.1.1.2"}


@dataclass(frozen=True)
class Dmrs:
    """DM-RS of a shared channel.

    config_type : 1 (every second subcarrier, up to 8 ports) or 2 (pairs of every sixth, up to 12). length : 1 or 2
    front-loaded symbols. additional_position : 0 to 3 (0 or 1 at length 2). type_a_position : symbol l0 of mapping type
    A, 2 or 3. ports : one for each layer, None for 0 .. layers - 1. n_id : scrambling identities (N_ID^0, N_ID^1), None
    for the cell's. n_scid : which of them. cdm_groups_without_data : 1, 2, and 3 for type 2. group_scrambling :
    dmrs-Uplink-r16 / dmrs-Downlink-r16, a sequence for each CDM group. hopping : "neither", "group" or "sequence", of
    the low-PAPR sequences under transform precoding, whose identity n_ID^RS is n_id[0].
    """

    config_type: int = 1
    length: int = 1
    additional_position: int = 0
    type_a_position: int = 2
    ports: tuple[int, ...] | None = None
    n_id: tuple[int, int] | None = None
    n_scid: int = 0
    cdm_groups_without_data: int = 2
    group_scrambling: bool = False
    hopping: str = "neither"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("config_type", (1, 2)),
            ("length", (1, 2)),
            ("additional_position", (0, 1, 2, 3)),
            ("type_a_position", (2, 3)),
            ("n_scid", (0, 1)),
            ("cdm_groups_without_data", (1, 2, 3)),
            ("hopping", ("neither", "group", "sequence")),
        ):
            if getattr(self, name) not in allowed:
                raise ArgumentError(
                    f"DM-RS: {name} is {getattr(self, name)!r}; allowed: {', '.join(map(str, allowed))} (TS 38.211 "
                    "clause 6.4.1.1)"
                )
        if self.length == 2 and self.additional_position > 1:
            raise ArgumentError(
                f"DM-RS: additional_position {self.additional_position} with two front-loaded symbols; allowed: 0, 1 "
                "(TS 38.211 Table 6.4.1.1.3-4)"
            )
        if self.config_type == 1 and self.cdm_groups_without_data == 3:
            raise ArgumentError("DM-RS: configuration type 1 has 2 CDM groups (TS 38.211 Table 6.4.1.1.3-1)")
        if self.n_id is not None:
            object.__setattr__(self, "n_id", tuple(int(i) for i in self.n_id))
            if len(self.n_id) != 2 or not all(0 <= i <= 65535 for i in self.n_id):
                raise ArgumentError(f"DM-RS: n_id is {self.n_id}; expected two numbers of 0 to 65535")
        if self.ports is not None:
            object.__setattr__(self, "ports", tuple(int(p) for p in self.ports))
            self.checked_ports(len(self.ports))

    def checked_ports(self, n_layers: int) -> tuple[int, ...]:
        """The port of each layer; ArgumentError where there are too few, or data lies on a port's subcarriers."""
        ports = tuple(range(n_layers)) if self.ports is None else self.ports
        n_ports = (4, 6)[self.config_type - 1] * self.length
        if len(ports) != n_layers:
            raise ArgumentError(f"DM-RS: {len(ports)} ports for {n_layers} layers; each layer has one")
        if len(set(ports)) != len(ports) or not all(0 <= p < n_ports for p in ports):
            raise ArgumentError(
                f"DM-RS: ports {ports}; configuration type {self.config_type} with length {self.length} has the ports "
                f"0 to {n_ports - 1}, each used once (TS 38.211 Table 6.4.1.1.3-5)"
            )
        groups = {self.cdm_group(p) for p in ports}
        if max(groups, default=0) >= self.cdm_groups_without_data:
            raise ArgumentError(
                f"DM-RS: ports {ports} use CDM group {max(groups)}, which must be free of data: "
                f"cdm_groups_without_data is {self.cdm_groups_without_data}, must be above it (TS 38.214 clause 6.2.2)"
            )
        return ports

    def cdm_group(self, port: int) -> int:
        """lambda of a port, Tables 6.4.1.1.3-1 and -2."""
        return port // 2 % (2 if self.config_type == 1 else 3)

    @property
    def per_prb(self) -> int:
        """Pilots of one port in a resource block and symbol."""
        return 6 if self.config_type == 1 else 4

    @property
    def amplitude(self) -> float:
        """beta, from the ratio of powers per resource element in TS 38.214 Tables 4.1-1 and 6.2.2-1."""
        return float(np.sqrt(self.cdm_groups_without_data))

    def subcarriers(self, group: int) -> np.ndarray:
        """Subcarriers of a CDM group in a resource block, in the order of the sequence."""
        if self.config_type == 1:
            return np.arange(6) * 2 + group
        return np.array([0, 1, 6, 7]) + 2 * group

    @property
    def blocked(self) -> np.ndarray:
        """bool [12]: subcarriers of a DM-RS symbol that carry no data."""
        mask = np.zeros(12, bool)
        for group in range(self.cdm_groups_without_data):
            mask[self.subcarriers(group)] = True
        return mask


class DmrsGrid(NamedTuple):
    """symbols int64 [n]: of the slot. values complex64 [ports, n, subcarriers], 0 where a port has no pilot. blocked
    bool [n, subcarriers]: no data there. ports, cdm_groups: of each layer. spread (2, length): how many subcarriers of
    a CDM group and how many symbols a code of orthogonal ports takes."""

    symbols: np.ndarray
    values: np.ndarray
    blocked: np.ndarray
    ports: tuple[int, ...]
    cdm_groups: tuple[int, ...]
    spread: tuple[int, int]


def port_weights(config: Dmrs, port: int) -> tuple[np.ndarray, np.ndarray]:
    """(w_f [2], w_t [2]) of Tables 6.4.1.1.3-1 and -2."""
    n_single = 4 if config.config_type == 1 else 6
    return np.array([1.0, 1.0 - 2.0 * (port % 2)]), np.array([1.0, 1.0 - 2.0 * (port // n_single)])


def dmrs_symbols(channel: str, mapping_type: str, start: int, n_symbols: int, config: Dmrs) -> tuple[int, ...]:
    """Symbols of the slot with DM-RS, for a channel without frequency hopping.

    channel : "pusch" or "pdsch". start, n_symbols : of the allocation. ArgumentError where the tables have no entry.

    >>> dmrs_symbols("pusch", "A", 0, 14, Dmrs(additional_position=2))
    (2, 7, 11)
    """
    clause = _CLAUSE[channel]
    # l_d: for type A from the start of the slot to the end of the allocation
    duration = start + n_symbols if mapping_type == "A" else n_symbols
    shortest = (_SINGLE if config.length == 1 else _DOUBLE)[channel, mapping_type][0]
    longest = 13 if (channel, mapping_type) == ("pdsch", "B") else 14
    if not shortest <= duration <= longest:
        raise ArgumentError(
            f"DM-RS: mapping type {mapping_type} with {config.length} front-loaded symbols is not defined for a "
            f"duration of {duration} symbols; allowed: {shortest} to {longest} (TS 38.211 clause {clause})"
        )
    if mapping_type == "A":
        if config.type_a_position == 3 and config.additional_position == 3:
            raise ArgumentError(f"DM-RS: additional_position 3 needs type_a_position 2 (TS 38.211 clause {clause})")
        if config.type_a_position == 3 and (duration == 3 or (duration == 4 and config.length == 2)):
            raise ArgumentError(
                f"DM-RS: a duration of {duration} symbols needs type_a_position 2 (TS 38.211 clause {clause})"
            )
    first = config.type_a_position if mapping_type == "A" else 0
    reference = 0 if mapping_type == "A" else start
    later: tuple[int, ...] = ()
    if config.additional_position and config.length == 1:
        more = _SINGLE[channel, mapping_type][1].get(duration)
        later = more[config.additional_position - 1] if more else ()
    elif config.additional_position:
        pair = _DOUBLE[channel, mapping_type][1].get(duration)
        later = (pair,) if pair else ()
    out = tuple(reference + at + i for at in [first, *later] for i in range(config.length))
    if out[-1] >= start + n_symbols or out[0] < start:
        raise ArgumentError(
            f"DM-RS: symbols {out} do not lie within the allocation {start} to {start + n_symbols - 1} (TS 38.211 "
            f"clause {clause})"
        )
    return out


def dmrs_c_init(carrier: Carrier, config: Dmrs, symbol: int, group: int = 0) -> int:
    """c_init of the pseudo-random sequence of a symbol and CDM group (clauses 6.4.1.1.1.1 and 7.4.1.1.1)."""
    n_scid, group_part = config.n_scid, 0
    if config.group_scrambling:
        n_scid = 1 - n_scid if group == 1 else n_scid
        group_part = group // 2
    n_id = carrier.cell_id if config.n_id is None else config.n_id[n_scid]
    place = carrier.symbols_per_slot * carrier.slot + symbol + 1
    return ((place * (2 * n_id + 1) << 17) + (group_part << 17) + 2 * n_id + n_scid) % (1 << 31)


def _low_papr_numbers(carrier: Carrier, config: Dmrs, symbol: int, length: int) -> tuple[int, int]:
    """(u, v) of clause 6.4.1.1.1.2."""
    n_id = carrier.cell_id if config.n_id is None else config.n_id[0]
    place, f_gh, v = carrier.symbols_per_slot * carrier.slot + symbol, 0, 0
    if config.hopping == "group":
        f_gh = int(np.packbits(gold(n_id // 30, 8, 8 * place), bitorder="little")[0]) % 30
    elif config.hopping == "sequence" and length >= 72:
        v = int(gold(n_id, 1, place)[0])
    return (f_gh + n_id) % 30, v


def raw_sequence(
    carrier: Carrier, prbs: np.ndarray, config: Dmrs, symbol: int, group: int, transform_precoding: bool
) -> np.ndarray:
    """r on the pilots of a CDM group, complex64 [len(prbs), per_prb], without the weights of a port.

    symbol : of the slot; the first of a pair under transform precoding.
    """
    n = config.per_prb
    if transform_precoding:
        u, v = _low_papr_numbers(carrier, config, symbol, n * len(prbs))
        return low_papr(u, v, n * len(prbs)).reshape(-1, n)
    # The sequence starts at subcarrier 0 of common resource block 0.
    whole = qpsk_sequence(dmrs_c_init(carrier, config, symbol, group), n * carrier.n_prb, n * carrier.first_crb)
    return whole.reshape(-1, n)[prbs]


def dmrs_grid(
    carrier: Carrier,
    prbs: np.ndarray,
    symbols: tuple[int, ...],
    ports: tuple[int, ...],
    config: Dmrs,
    transform_precoding: bool = False,
) -> DmrsGrid:
    """Reference signals of the ports on the carrier's grid, amplitude beta included.

    prbs : allocated physical resource blocks, increasing. symbols : from `dmrs_symbols`.
    """
    values = np.zeros((len(ports), len(symbols), carrier.n_prb, 12), np.complex64)
    blocked = np.zeros((len(symbols), carrier.n_prb, 12), bool)
    blocked[:, prbs] = config.blocked
    for i, symbol in enumerate(symbols):
        second = i % config.length
        seed_symbol = symbol - second if transform_precoding else symbol
        for group in {config.cdm_group(p) for p in ports}:
            r = raw_sequence(carrier, prbs, config, seed_symbol, group, transform_precoding) * config.amplitude
            at = config.subcarriers(group)
            for j, port in enumerate(ports):
                if config.cdm_group(port) == group:
                    w_f, w_t = port_weights(config, port)
                    weight = np.tile(w_f, config.per_prb // 2) * w_t[second]
                    values[j, i, prbs[:, None], at] = r * weight.astype(np.float32)
    n_sc = carrier.n_subcarriers
    return DmrsGrid(
        np.array(symbols),
        values.reshape(len(ports), len(symbols), n_sc),
        blocked.reshape(len(symbols), n_sc),
        ports,
        tuple(config.cdm_group(p) for p in ports),
        (2, config.length),
    )
