"""Phase-tracking reference signals of PUSCH and PDSCH (TS 38.211 clauses 6.4.1.2 and 7.4.1.2).

With CP-OFDM they are single subcarriers of later symbols that repeat the first DM-RS symbol; with DFT-s-OFDM they are
groups of samples in front of the transform.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from silla.base.errors import ArgumentError
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.scrambling import gold

__all__ = [
    "Ptrs",
    "TransformPtrs",
    "common_phase_error",
    "phase_by_symbol",
    "ptrs_subcarriers",
    "ptrs_symbols",
    "transform_ptrs_places",
    "transform_ptrs_values",
]

_RE_REFERENCE = {  # Tables 6.4.1.2.2.1-1 and 7.4.1.2.2-1: k_ref^RE by DM-RS type, port and resourceElementOffset
    1: ((0, 2, 6, 8), (2, 4, 8, 10), (1, 3, 7, 9), (3, 5, 9, 11)),
    2: ((0, 1, 6, 7), (1, 6, 7, 0), (2, 3, 8, 9), (3, 8, 9, 2), (4, 5, 10, 11), (5, 10, 11, 4)),
}
_GROUPS = ((2, 2), (2, 4), (4, 2), (4, 4), (8, 4))
_TURN = {  # Table 6.4.1.2.1.2-1
    2: ((1, 1), (1, -1)),
    4: ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1)),
}
_CORNER = {1: 1.0, 2: 1.0, 4: 3 / 5**0.5, 6: 7 / 21**0.5, 8: 15 / 85**0.5}  # beta', TS 38.214 Table 6.2.3.2-1


@dataclass(frozen=True)
class Ptrs:
    """PT-RS of CP-OFDM: every time_density-th symbol (1, 2, 4) and every frequency_density-th resource block (2, 4).

    re_offset : resourceElementOffset 0 to 3. ports : the DM-RS ports that PT-RS goes with, of those of the channel.
    boost_db : power over that of the data of one layer; None: 10 lg(layers) for PDSCH (TS 38.214 Table 4.1-2, ratio 0)
    and 0 for PUSCH (Table 6.2.3.1-3 without coherence, one PT-RS port).
    """

    time_density: int = 1
    frequency_density: int = 2
    re_offset: int = 0
    ports: tuple[int, ...] = (0,)
    boost_db: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "ports", tuple(int(p) for p in self.ports))
        for name, allowed in (("time_density", (1, 2, 4)), ("frequency_density", (2, 4)), ("re_offset", (0, 1, 2, 3))):
            if getattr(self, name) not in allowed:
                raise ArgumentError(
                    f"PT-RS: {name} is {getattr(self, name)}; allowed: {', '.join(map(str, allowed))} (TS 38.211 "
                    "clause 7.4.1.2.2)"
                )
        if not 1 <= len(self.ports) <= 2:
            raise ArgumentError(f"PT-RS: {len(self.ports)} ports; allowed: 1, 2 (TS 38.214 clause 6.2.3.1)")


@dataclass(frozen=True)
class TransformPtrs:
    """PT-RS of DFT-s-OFDM: `groups` of `samples` in every time_density-th symbol (1 or 2).

    (groups, samples) : (2, 2), (2, 4), (4, 2), (4, 4) or (8, 4). n_id : of the sequence, None for the cell's.
    """

    groups: int = 2
    samples: int = 2
    time_density: int = 1
    n_id: int | None = None

    def __post_init__(self) -> None:
        if (self.groups, self.samples) not in _GROUPS:
            raise ArgumentError(
                f"PT-RS: {self.groups} groups of {self.samples} samples; allowed: {_GROUPS} (TS 38.211 Table "
                "6.4.1.2.2.2-1)"
            )
        if self.time_density not in (1, 2):
            raise ArgumentError(f"PT-RS: time_density is {self.time_density}; allowed: 1, 2 (TS 38.214 clause 6.2.3.2)")
        if self.n_id is not None and not 0 <= self.n_id <= 1023:
            raise ArgumentError(f"PT-RS: n_id is {self.n_id}; allowed: 0 to 1023")


def ptrs_symbols(start: int, n_symbols: int, dmrs: tuple[int, ...], density: int) -> tuple[int, ...]:
    """Symbols of the slot with PT-RS (clauses 6.4.1.2.2.1 and 7.4.1.2.2): each `density` symbols after the last
    reference, counted anew from every DM-RS symbol.

    >>> ptrs_symbols(0, 14, (2, 11), 4)
    (0, 6, 10)
    """
    pilots = {s - start for s in dmrs}
    out, i, reference = [], 0, 0
    while reference + i * density < n_symbols:
        window = range(max(reference + (i - 1) * density + 1, reference), reference + i * density + 1)
        hit = [s for s in window if s in pilots]
        if hit:
            reference, i = hit[-1], 1
            while reference + 1 in pilots:  # the second symbol of a pair
                reference += 1
            continue
        out.append(start + reference + i * density)
        i += 1
    return tuple(out)


def ptrs_subcarriers(n_prb: int, n_rnti: int, config_type: int, port: int, config: Ptrs) -> np.ndarray:
    """Subcarriers with PT-RS among the 12 n_prb allocated ones, int64 (clauses 6.4.1.2.2.1 and 7.4.1.2.2).

    >>> ptrs_subcarriers(6, 1, 1, 0, Ptrs(frequency_density=4)).tolist()
    [12, 60]
    """
    table = _RE_REFERENCE[config_type]
    if port >= len(table):
        raise ArgumentError(
            f"PT-RS: DM-RS port {port} of configuration type {config_type} has none; allowed: 0 to {len(table) - 1} "
            "(TS 38.211 Table 6.4.1.2.2.1-1)"
        )
    density = config.frequency_density
    first = n_rnti % (n_prb % density or density)
    return table[port][config.re_offset] + 12 * np.arange(first, n_prb, density)


def transform_ptrs_places(n_subcarriers: int, config: TransformPtrs) -> np.ndarray:
    """Places m of PT-RS samples in front of a transform of n_subcarriers, int64 [groups, samples].

    Table 6.4.1.2.2.2-1.
    """
    m_sc, k = n_subcarriers, np.arange(config.samples)
    if config.samples == 2:
        s = np.arange(config.groups)
        first = (s * m_sc // config.groups) + m_sc // (2 * config.groups) - 1
    else:
        middle = np.arange(1, config.groups - 1)
        first = np.concatenate([[0], middle * m_sc // config.groups + m_sc // (2 * config.groups) - 2, [m_sc - 4]])
    out = first[:, None] + k
    if len(np.unique(out)) != out.size or out.min() < 0 or out.max() >= m_sc:
        raise ArgumentError(f"PT-RS: {m_sc} subcarriers are too few for {config.groups} groups of {config.samples}")
    return out


def transform_ptrs_values(
    carrier: Carrier, symbol: int, places: np.ndarray, n_rnti: int, bits_per_symbol: int, config: TransformPtrs
) -> np.ndarray:
    """The samples at those places, complex64 [groups, samples] (clause 6.4.1.2.1.2), beta' included.

    symbol : the first one of the allocation with PT-RS, which seeds all.
    """
    if bits_per_symbol not in _CORNER:
        raise ArgumentError(
            f"PT-RS with transform precoding at {bits_per_symbol} bits per symbol; allowed: up to 256QAM (TS 38.214 "
            "Table 6.2.3.2-1)"
        )
    n_id = carrier.cell_id if config.n_id is None else config.n_id
    place = carrier.symbols_per_slot * carrier.slot + symbol + 1
    c_init = ((place * (2 * n_id + 1) << 17) + 2 * n_id) % (1 << 31)
    c = gold(c_init, places.size).astype(float).reshape(places.shape)
    turn = np.array(_TURN[config.samples][n_rnti % config.samples])
    base = (1.0 - 2.0 * c) * (1 + 1j) / np.sqrt(2.0) * np.where(places % 2, 1j, 1.0)
    return (_CORNER[bits_per_symbol] * turn * base).astype(np.complex64)


def common_phase_error(received: np.ndarray, expected: np.ndarray, axis: int | tuple[int, ...] = -1) -> np.ndarray:
    """Phase in radians by which received pilots are turned against the expected ones, averaged along `axis`.

    The angle of sum received conj(expected): the maximum-likelihood estimate of one phase in white noise. `expected`
    holds the channel's estimate times the pilot. Multiply a symbol by exp(-j phase) to take it out.

    >>> round(float(common_phase_error(np.exp(0.3j) * np.ones(4), np.ones(4))), 6)
    0.3
    """
    return np.angle(np.sum(np.asarray(received) * np.conj(expected), axis=axis))


def phase_by_symbol(
    received: np.ndarray, expected: np.ndarray, places: np.ndarray, dmrs_symbols: np.ndarray
) -> np.ndarray:
    """Common phase of every symbol of a slot in radians, [.., symbols], of grids [.., antennas, symbols, subcarriers].

    received : after the Fourier transform. expected : the channel, as estimated from DM-RS and so with the phase it had
    there, times the PT-RS; used at `places` alone (`resource_mapping.Layout.ptrs`). Symbols with PT-RS are measured,
    those with DM-RS are the reference 0, the others lie on straight lines between them.

    Left out: the phase's change within a symbol, which mixes subcarriers.
    """
    n_symbols, n_sc = received.shape[-2:]
    if len(places) == 0:
        return np.zeros((*received.shape[:-3], n_symbols))
    symbol = places // n_sc
    at = np.unique(symbol)
    y, x = (a.reshape(*a.shape[:-2], -1)[..., places] for a in (np.asarray(received), np.asarray(expected)))
    product = (y * np.conj(x)).sum(axis=-2)
    measured = np.stack([np.angle(product[..., symbol == s].sum(axis=-1)) for s in at], axis=-1)
    known = np.concatenate([at, np.asarray(dmrs_symbols)])
    values = np.concatenate([measured, np.zeros((*measured.shape[:-1], len(dmrs_symbols)))], axis=-1)
    order = np.argsort(known, kind="stable")
    values = np.unwrap(values[..., order], axis=-1)
    flat = [np.interp(np.arange(n_symbols), known[order], row) for row in values.reshape(-1, len(known))]
    return np.array(flat).reshape(*values.shape[:-1], n_symbols)
