"""The physical uplink shared channel: a slot from transport block to antenna ports and back.

TS 38.211 clause 6.3.1 (scrambling, modulation, layers, transform precoding, precoding, mapping), 38.212 clause 6.2,
38.214 clause 6.1. Left out: frequency hopping, multiplexed control information, 8 antenna ports.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError
from silla.coding.transport_block import (
    DecodedTransportBlock,
    SoftBuffer,
    TransportFormat,
    decode_transport_block,
    encode_transport_block,
)
from silla.physics.radio.link.codebook import pusch_precoder
from silla.physics.radio.link.demapping import demap, demap_int8
from silla.physics.radio.link.dmrs import Dmrs
from silla.physics.radio.link.grid import Carrier, checked_prbs
from silla.physics.radio.link.layers import demap_layers, map_layers, precode
from silla.physics.radio.link.mapping import map_symbols, modulation_of
from silla.physics.radio.link.ofdm import check_transform_size, transform_deprecode, transform_precode
from silla.physics.radio.link.ptrs import (
    Ptrs,
    TransformPtrs,
    ptrs_symbols,
    transform_ptrs_places,
    transform_ptrs_values,
)
from silla.physics.radio.link.resource_mapping import Layout, check_symbols, layout, lbrm_size, scatter
from silla.physics.radio.link.scrambling import gold, pusch_c_init
from silla.physics.radio.link.tbs import Mcs, mcs, n_re_for_tbs, transport_block_size

__all__ = ["PuschConfig", "PuschSlot", "pusch_layout", "pusch_llr", "pusch_receive", "pusch_transmit"]


@dataclass(frozen=True)
class PuschConfig:
    """One PUSCH allocation. What the standard does not allow is refused when it is made, with the clause.

    carrier : see `Carrier`. prbs : resource blocks, None for all. start_symbol, n_symbols, mapping_type : "A" or "B".
    n_layers 1 to 4, n_ports 1, 2, 4: antenna ports. codebook : precoding by tpmi; otherwise ports are layers.
    mcs_table, mcs_index : see `tbs.mcs`. transform_precoding : DFT-s-OFDM. pi2_bpsk : tp-pi2BPSK. n_rnti, n_id : of the
    scrambling, n_id None for the cell's. dmrs, ptrs : reference signals; ptrs a `TransformPtrs` with transform
    precoding. overhead : xOverhead. limited_buffer : rateMatching limitedBufferRM, for max_layers layers.
    """

    carrier: Carrier = field(default_factory=Carrier)
    prbs: tuple[int, ...] | None = None
    start_symbol: int = 0
    n_symbols: int = 14
    mapping_type: str = "A"
    n_layers: int = 1
    n_ports: int = 1
    codebook: bool = False
    tpmi: int = 0
    mcs_table: str = "qam64"
    mcs_index: int = 0
    transform_precoding: bool = False
    pi2_bpsk: bool = False
    n_rnti: int = 1
    n_id: int | None = None
    dmrs: Dmrs = field(default_factory=Dmrs)
    ptrs: Ptrs | TransformPtrs | None = None
    overhead: int = 0
    limited_buffer: bool = False
    max_layers: int = 4

    def __post_init__(self) -> None:
        object.__setattr__(self, "prbs", checked_prbs(self.prbs, self.carrier, "pusch"))
        check_symbols("pusch", self.mapping_type, self.start_symbol, self.n_symbols, self.carrier, self.dmrs)
        self._check_ports()
        if self.transform_precoding:
            self._check_transform()
        elif isinstance(self.ptrs, TransformPtrs):
            raise ArgumentError("pusch: PT-RS in groups of samples needs transform precoding (TS 38.211 6.4.1.2.1.2)")
        pusch_c_init(self.n_rnti, self.scrambling_id)
        if not 1 <= self.max_layers <= 4:
            raise ArgumentError(f"pusch: max_layers is {self.max_layers}; allowed: 1 to 4")
        if self.effective_rate > 1.0:
            raise ArgumentError(
                f"pusch: a transport block of {self.tbs} bits with its CRCs does not fit {self.n_coded} coded bits; "
                "take a lower MCS or more resources (TS 38.214 clause 6.1.4)"
            )
        _ = self.precoder

    def _check_ports(self) -> None:
        if self.n_layers not in (1, 2, 3, 4) or self.n_ports not in ((1, 2, 4) if self.codebook else (1, 2, 3, 4)):
            raise ArgumentError(
                f"pusch: {self.n_layers} layers on {self.n_ports} antenna ports; allowed: 1 to 4 layers on 1, 2 or 4 "
                "ports (TS 38.211 clause 6.3.1.5)"
            )
        if self.n_layers > self.n_ports:
            raise ArgumentError(
                f"pusch: {self.n_layers} layers on {self.n_ports} antenna ports; a layer needs a port of its own (TS "
                "38.211 clause 6.3.1.5)"
            )
        if not self.codebook and self.n_layers != self.n_ports:
            raise ArgumentError(
                f"pusch: {self.n_layers} layers on {self.n_ports} ports without codebook; they must be as many (TS "
                "38.214 clause 6.1.1.2)"
            )
        self.dmrs.checked_ports(self.n_layers)

    def _check_transform(self) -> None:
        assert self.prbs is not None
        if self.n_layers > 1:
            raise ArgumentError(
                f"pusch: transform precoding with {self.n_layers} layers; allowed: 1 (TS 38.211 clause 6.3.1.4)"
            )
        check_transform_size(12 * len(self.prbs))
        if self.prbs[-1] - self.prbs[0] + 1 != len(self.prbs):
            raise ArgumentError(
                "pusch: transform precoding needs contiguous resource blocks (TS 38.214 clause 6.1.2.2: allocation "
                "type 1)"
            )
        if self.dmrs.config_type != 1 or self.dmrs.cdm_groups_without_data != 2:
            raise ArgumentError(
                "pusch: transform precoding uses DM-RS configuration type 1 with 2 CDM groups without data (TS 38.214 "
                "clause 6.2.2)"
            )
        if isinstance(self.ptrs, Ptrs):
            raise ArgumentError("pusch: transform precoding takes PT-RS as TransformPtrs (TS 38.211 6.4.1.2.1.2)")

    @functools.cached_property
    def scheme(self) -> Mcs:
        """Bits per symbol and target code rate."""
        return mcs(self.mcs_table, self.mcs_index, transform_precoding=self.transform_precoding, pi2_bpsk=self.pi2_bpsk)

    @functools.cached_property
    def modulation(self) -> str:
        return modulation_of(self.scheme.bits)

    @functools.cached_property
    def layout(self) -> Layout:
        """Where data and reference signals lie."""
        return _layout(self)

    @property
    def n_prb(self) -> int:
        assert self.prbs is not None
        return len(self.prbs)

    @property
    def scrambling_id(self) -> int:
        return self.carrier.cell_id if self.n_id is None else self.n_id

    @functools.cached_property
    def n_symbols_per_layer(self) -> int:
        """Modulation symbols of a layer."""
        found = pusch_layout(self)
        return len(found.data) - (_transform_ptrs(self)[1].size if isinstance(self.ptrs, TransformPtrs) else 0)

    @functools.cached_property
    def n_coded(self) -> int:
        """Coded bits G of the transport block."""
        return self.n_symbols_per_layer * self.n_layers * self.scheme.bits

    @functools.cached_property
    def tbs(self) -> int:
        """Bits of the transport block."""
        n_dmrs = pusch_layout(self).n_dmrs_per_prb
        n_re = n_re_for_tbs(self.n_symbols, n_dmrs, self.n_prb, self.overhead)
        return transport_block_size(n_re, self.scheme, self.n_layers)

    @functools.cached_property
    def effective_rate(self) -> float:
        """Bits with all CRCs over coded bits of a transmission."""
        form = TransportFormat(self.tbs, self.n_coded, self.scheme.bits, float(self.scheme.rate), self.n_layers)
        return form.cut.n_blocks * form.cut.k_used / self.n_coded

    @functools.cached_property
    def precoder(self) -> np.ndarray | None:
        """W [n_ports, n_layers], None without a codebook."""
        if not self.codebook:
            return None
        return pusch_precoder(self.n_ports, self.n_layers, self.tpmi, self.transform_precoding)

    @functools.cached_property
    def coding(self) -> dict:
        """Arguments of `encode_transport_block` and `decode_transport_block` besides bits and LLRs."""
        limit = lbrm_size(self.carrier, self.mcs_table, self.max_layers) if self.limited_buffer else None
        return {"rate": float(self.scheme.rate), "n_layers": self.n_layers, "tbs_lbrm": limit}


class PuschSlot(NamedTuple):
    """A slot and what led to it; n blocks side by side.

    grid : complex64 [n, ports, symbols, subcarriers]. layers : before precoding [n, layers, symbols, subcarriers].
    symbols : modulation symbols of the code word [n, n_layers n_symbols]. coded : uint8 [n, G], before scrambling.
    """

    grid: np.ndarray
    layers: np.ndarray
    symbols: np.ndarray
    coded: np.ndarray


def pusch_layout(config: PuschConfig) -> Layout:
    """Where data and reference signals lie."""
    return config.layout


@functools.lru_cache(maxsize=64)
def _layout(config: PuschConfig) -> Layout:
    assert config.prbs is not None
    prbs, ptrs = np.array(config.prbs), config.ptrs if isinstance(config.ptrs, Ptrs) else None
    boost = 0.0 if ptrs is None or ptrs.boost_db is None else ptrs.boost_db
    return layout(
        "pusch", config.carrier, prbs, prbs, config.mapping_type, config.start_symbol, config.n_symbols,
        config.dmrs.checked_ports(config.n_layers), config.dmrs, ptrs=ptrs, n_rnti=config.n_rnti,
        ptrs_amplitude=10.0 ** (boost / 20.0), transform_precoding=config.transform_precoding,
    )  # fmt: skip


@functools.lru_cache(maxsize=64)
def _transform_ptrs(config: PuschConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """PT-RS before the transform: (rows among the symbols with data, places [rows, samples] flat, values likewise)."""
    assert isinstance(config.ptrs, TransformPtrs)
    pilot_symbols = tuple(int(s) for s in pusch_layout(config).dmrs.symbols)
    wanted = ptrs_symbols(config.start_symbol, config.n_symbols, pilot_symbols, config.ptrs.time_density)
    with_data = [
        s for s in range(config.start_symbol, config.start_symbol + config.n_symbols) if s not in pilot_symbols
    ]
    rows = np.array([with_data.index(s) for s in wanted], np.int64)
    places = transform_ptrs_places(12 * config.n_prb, config.ptrs)
    first = wanted[0] if wanted else config.start_symbol
    values = transform_ptrs_values(config.carrier, first, places, config.n_rnti, config.scheme.bits, config.ptrs)
    flat = rows[:, None] * (12 * config.n_prb) + places.ravel()
    return rows, flat, np.broadcast_to(values.ravel(), flat.shape)


def _scrambling(config: PuschConfig) -> np.ndarray:
    return gold(pusch_c_init(config.n_rnti, config.scrambling_id), config.n_coded)


def pusch_transmit(config: PuschConfig, bits: np.ndarray, *, rv: int = 0) -> PuschSlot:
    """The slot that carries transport blocks `bits`, uint8 [n, config.tbs] or [config.tbs] (then n is 1).

    rv : redundancy version 0 to 3. ArgumentError for bits of another size.

    >>> config = PuschConfig(Carrier(n_prb=24), mcs_index=10)
    >>> slot = pusch_transmit(config, np.zeros(config.tbs, np.uint8))
    >>> slot.grid.shape, config.tbs, config.n_coded
    ((1, 1, 14, 288), 4992, 14976)
    """
    blocks = np.atleast_2d(np.asarray(bits))
    if blocks.shape[-1] != config.tbs or blocks.ndim != 2:
        raise ArgumentError(
            f"pusch: bits have the shape {np.shape(bits)}; this allocation carries {config.tbs} "
            "(TS 38.214 clause 6.1.4.2)"
        )
    scheme = config.scheme
    coded = encode_transport_block(blocks, config.n_coded, scheme.bits, rv=rv, **config.coding)
    symbols = map_symbols(coded, config.modulation, scrambling=_scrambling(config))
    data = map_layers(symbols, config.n_layers)
    if config.transform_precoding:
        data = _spread(config, data)
    layers = scatter(data, pusch_layout(config))
    w = config.precoder
    return PuschSlot(layers if w is None else precode(layers, w), layers, symbols, coded)


def _spread(config: PuschConfig, data: np.ndarray) -> np.ndarray:
    """One layer's samples with PT-RS, through the transform: [n, 1, n_re]."""
    n, width = len(data), 12 * config.n_prb
    if isinstance(config.ptrs, TransformPtrs):
        _, places, values = _transform_ptrs(config)
        whole = np.empty((n, len(pusch_layout(config).data)), np.complex64)
        is_data = np.ones(whole.shape[1], bool)
        is_data[places.ravel()] = False
        whole[:, is_data] = data[:, 0]
        whole[:, ~is_data] = values.ravel()[np.argsort(places.ravel())]
        data = whole[:, None]
    return transform_precode(data.reshape(n, 1, -1, width)).reshape(n, 1, -1)


def _despread(config: PuschConfig, symbols: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inverse on equalised subcarriers; a sample's noise is the mean over the band it is spread on."""
    n, width = len(symbols), 12 * config.n_prb
    samples = transform_deprecode(symbols.reshape(n, -1, width))
    spread = np.broadcast_to(noise, symbols.shape).reshape(n, -1, width).mean(axis=-1, keepdims=True)
    samples, spread = samples.reshape(n, -1), np.broadcast_to(spread, (n, *samples.shape[1:])).reshape(n, -1)
    if isinstance(config.ptrs, TransformPtrs):
        is_data = np.ones(samples.shape[1], bool)
        is_data[_transform_ptrs(config)[1].ravel()] = False
        samples, spread = samples[:, is_data], spread[:, is_data]
    return samples[:, None], spread[:, None]


def pusch_llr(
    config: PuschConfig, symbols: np.ndarray, noise_variance: np.ndarray | float, *, method: str = "max-log"
) -> np.ndarray:
    """Descrambled LLRs [n, G] of equalised data symbols [n, layers, n_re] (`resource_mapping.gather`).

    noise_variance : after equalisation, of symbols of mean power 1; broadcasts to the symbols. method : "max-log",
        which gives int8 in the decoder's steps, or "log-map", float32.
    """
    y = np.asarray(symbols, np.complex64)
    n_re = len(pusch_layout(config).data)
    if y.ndim == 2:
        y = y[None]
    if y.shape[1:] != (config.n_layers, n_re):
        raise ArgumentError(f"pusch: symbols have the shape {y.shape}; expected [n, {config.n_layers}, {n_re}]")
    noise = np.asarray(noise_variance, np.float32)
    if config.transform_precoding:
        y, noise = _despread(config, y, noise)
    flat = demap_layers(y)
    noise = demap_layers(np.broadcast_to(noise, y.shape)) if noise.ndim else noise
    if method == "max-log":
        return demap_int8(flat, noise, config.modulation, scrambling=_scrambling(config))
    return demap(flat, noise, config.modulation, method=method, scrambling=_scrambling(config))


def pusch_receive(
    config: PuschConfig,
    symbols: np.ndarray,
    noise_variance: np.ndarray | float,
    *,
    rv: int = 0,
    buffer: SoftBuffer | None = None,
    max_iterations: int = 10,
    method: str = "max-log",
) -> DecodedTransportBlock:
    """The transport blocks of equalised data symbols [n, layers, n_re], and whether their CRCs hold.

    buffer : what the earlier transmission of the same blocks left (HARQ). Other arguments as in `pusch_llr`.

    >>> config = PuschConfig(Carrier(n_prb=6), mcs_index=20)
    >>> sent = pusch_transmit(config, np.ones(config.tbs, np.uint8))
    >>> data = sent.layers.reshape(1, 1, -1)[..., pusch_layout(config).data]
    >>> pusch_receive(config, data, 0.01).ok.tolist()
    [True]
    """
    llr = pusch_llr(config, symbols, noise_variance, method=method)
    return decode_transport_block(
        llr, config.tbs, config.scheme.bits, rv=rv, buffer=buffer, max_iterations=max_iterations, **config.coding
    )
