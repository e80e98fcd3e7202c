"""The physical downlink shared channel: a slot from one or two transport blocks to antenna ports and back.

TS 38.211 clause 7.3.1 (scrambling, modulation, layers, virtual and physical resource blocks), 38.212 clause 7.2, 38.214
clause 5.1. Left out: reserved resource elements (CSI-RS, rate-matching patterns), a disabled code word.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
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
from silla.physics.radio.link.demapping import demap, demap_int8
from silla.physics.radio.link.dmrs import Dmrs
from silla.physics.radio.link.grid import Carrier, checked_prbs, vrb_to_prb
from silla.physics.radio.link.layers import demap_layers, layers_of_codewords, map_layers, precode
from silla.physics.radio.link.mapping import map_symbols, modulation_of
from silla.physics.radio.link.ptrs import Ptrs
from silla.physics.radio.link.resource_mapping import Layout, check_symbols, layout, lbrm_size, scatter
from silla.physics.radio.link.scrambling import gold, pdsch_c_init
from silla.physics.radio.link.tbs import Mcs, mcs, n_re_for_tbs, transport_block_size

__all__ = ["PdschConfig", "PdschSlot", "pdsch_layout", "pdsch_llr", "pdsch_receive", "pdsch_transmit"]


@dataclass(frozen=True)
class PdschConfig:
    """One PDSCH allocation. What the standard does not allow is refused when it is made, with the clause.

    carrier : see `Carrier`, its grid taken as the bandwidth part. vrbs : virtual resource blocks, None for all.
    vrb_bundle : 2 or 4 for interleaved mapping to physical ones, None otherwise. start_symbol, n_symbols,
    mapping_type : "A" or "B". n_layers : 1 to 8; from 5 on there are two code words. mcs_table; mcs_index : one for
    each code word (a number serves all). n_rnti, n_id : of the scrambling, n_id None for the cell's. dmrs, ptrs :
    reference signals.
    overhead : xOverhead. scaling : S of Table 5.1.3.2-2. limited_buffer : limited-buffer rate matching for max_layers
    layers, always on for DL-SCH.
    """

    carrier: Carrier = field(default_factory=Carrier)
    vrbs: tuple[int, ...] | None = None
    vrb_bundle: int | None = None
    start_symbol: int = 0
    n_symbols: int = 14
    mapping_type: str = "A"
    n_layers: int = 1
    mcs_table: str = "qam64"
    mcs_index: tuple[int, ...] = (0,)
    n_rnti: int = 1
    n_id: int | None = None
    dmrs: Dmrs = field(default_factory=Dmrs)
    ptrs: Ptrs | None = None
    overhead: int = 0
    scaling: float = 1.0
    limited_buffer: bool = True
    max_layers: int = 4

    def __post_init__(self) -> None:
        given = (self.mcs_index,) if np.ndim(self.mcs_index) == 0 else tuple(self.mcs_index)
        layers = layers_of_codewords(self.n_layers)
        indices = tuple(int(i) for i in (given * len(layers) if len(given) == 1 else given))  # type: ignore[arg-type]
        object.__setattr__(self, "mcs_index", indices)
        if len(indices) != len(layers):
            raise ArgumentError(
                f"pdsch: {len(indices)} MCS indices for {self.n_layers} layers, which carry {len(layers)} code words "
                "(TS 38.211 Table 7.3.1.3-1)"
            )
        object.__setattr__(self, "vrbs", checked_prbs(self.vrbs, self.carrier, "pdsch"))
        vrb_to_prb(self.carrier.n_prb, self.carrier.first_crb, self.vrb_bundle)
        check_symbols("pdsch", self.mapping_type, self.start_symbol, self.n_symbols, self.carrier, self.dmrs)
        self.dmrs.checked_ports(self.n_layers)
        pdsch_c_init(self.n_rnti, self.scrambling_id)
        if not 1 <= self.max_layers <= 8:
            raise ArgumentError(f"pdsch: max_layers is {self.max_layers}; allowed: 1 to 8 (maxMIMO-Layers)")
        for q, rate in enumerate(self.effective_rates):
            if rate > 0.95:
                raise ArgumentError(
                    f"pdsch: the {self.tbs[q]} bits of code word {q} with their CRCs in {self.n_coded[q]} coded bits "
                    f"make an effective code rate of {rate:.3f}; allowed: up to 0.95 (TS 38.214 clause 5.1.3)"
                )

    @functools.cached_property
    def codeword_layers(self) -> tuple[int, ...]:
        return layers_of_codewords(self.n_layers)

    @functools.cached_property
    def schemes(self) -> tuple[Mcs, ...]:
        """Bits per symbol and target code rate of each code word."""
        return tuple(mcs(self.mcs_table, i) for i in self.mcs_index)

    @functools.cached_property
    def modulations(self) -> tuple[str, ...]:
        return tuple(modulation_of(s.bits) for s in self.schemes)

    @functools.cached_property
    def layout(self) -> Layout:
        """Where data and reference signals lie."""
        return _layout(self)

    @property
    def n_prb(self) -> int:
        assert self.vrbs is not None
        return len(self.vrbs)

    @property
    def scrambling_id(self) -> int:
        return self.carrier.cell_id if self.n_id is None else self.n_id

    @functools.cached_property
    def n_coded(self) -> tuple[int, ...]:
        """Coded bits G of each code word."""
        n_re = len(pdsch_layout(self).data)
        return tuple(n_re * v * s.bits for v, s in zip(self.codeword_layers, self.schemes))

    @functools.cached_property
    def tbs(self) -> tuple[int, ...]:
        """Bits of each transport block."""
        n_re = n_re_for_tbs(self.n_symbols, pdsch_layout(self).n_dmrs_per_prb, self.n_prb, self.overhead)
        return tuple(transport_block_size(n_re, s, v, self.scaling) for v, s in zip(self.codeword_layers, self.schemes))

    @functools.cached_property
    def effective_rates(self) -> tuple[float, ...]:
        """Bits with all CRCs over coded bits, of each code word."""
        forms = [
            TransportFormat(a, g, s.bits, float(s.rate), v)
            for a, g, s, v in zip(self.tbs, self.n_coded, self.schemes, self.codeword_layers)
        ]
        return tuple(f.cut.n_blocks * f.cut.k_used / f.n_coded for f in forms)

    def coding(self, codeword: int) -> dict:
        """Arguments of `encode_transport_block` and `decode_transport_block` besides bits and LLRs."""
        limit = lbrm_size(self.carrier, self.mcs_table, self.max_layers) if self.limited_buffer else None
        return {
            "rate": float(self.schemes[codeword].rate),
            "n_layers": self.codeword_layers[codeword],
            "tbs_lbrm": limit,
        }


class PdschSlot(NamedTuple):
    """A slot and what led to it; n slots side by side.

    grid : complex64 [n, ports, symbols, subcarriers]. layers : before precoding [n, layers, symbols, subcarriers].
    symbols : modulation symbols of each code word [n, layers n_re]. coded : uint8 [n, G] of each, before scrambling.
    """

    grid: np.ndarray
    layers: np.ndarray
    symbols: tuple[np.ndarray, ...]
    coded: tuple[np.ndarray, ...]


def pdsch_layout(config: PdschConfig) -> Layout:
    """Where data and reference signals lie."""
    return config.layout


@functools.lru_cache(maxsize=64)
def _layout(config: PdschConfig) -> Layout:
    assert config.vrbs is not None
    to = vrb_to_prb(config.carrier.n_prb, config.carrier.first_crb, config.vrb_bundle)
    order, ptrs = to[np.array(config.vrbs)], config.ptrs
    boost = 10.0 * np.log10(config.n_layers) if ptrs is None or ptrs.boost_db is None else ptrs.boost_db
    return layout(
        "pdsch", config.carrier, np.sort(order), order, config.mapping_type, config.start_symbol, config.n_symbols,
        config.dmrs.checked_ports(config.n_layers), config.dmrs, ptrs=ptrs, n_rnti=config.n_rnti,
        ptrs_amplitude=float(10.0 ** (boost / 20.0)),
    )  # fmt: skip


def _scrambling(config: PdschConfig, codeword: int) -> np.ndarray:
    return gold(pdsch_c_init(config.n_rnti, config.scrambling_id, codeword), config.n_coded[codeword])


def _per_codeword(values, config: PdschConfig, what: str) -> tuple:
    """The values of the code words; one alone need not be in a tuple."""
    n = len(config.codeword_layers)
    out = tuple(values) if isinstance(values, (tuple, list)) else (values,) * n if what == "rv" else (values,)
    if len(out) != n:
        raise ArgumentError(f"pdsch: {len(out)} entries of {what}; this allocation carries {n} code words")
    return out


def pdsch_transmit(
    config: PdschConfig,
    bits: np.ndarray | Sequence[np.ndarray],
    *,
    rv: int | Sequence[int] = 0,
    precoder: np.ndarray | None = None,
) -> PdschSlot:
    """The slot that carries the transport blocks: uint8 [n, config.tbs[0]] or [config.tbs[0]], or a tuple of two.

    rv : redundancy version, one for all or one for each code word. precoder : [ports, layers], or one for each
        resource block of the carrier [n_prb, ports, layers]; None sends layers on ports of their own.

    >>> config = PdschConfig(Carrier(n_prb=24), mcs_index=10, n_layers=6, dmrs=Dmrs(length=2))
    >>> slot = pdsch_transmit(config, [np.zeros(t, np.uint8) for t in config.tbs])
    >>> slot.grid.shape, config.tbs
    ((1, 6, 14, 288), (13832, 13832))
    """
    symbols, coded = [], []
    for q, (block, version) in enumerate(zip(_per_codeword(bits, config, "bits"), _per_codeword(rv, config, "rv"))):
        blocks = np.atleast_2d(np.asarray(block))
        if blocks.ndim != 2 or blocks.shape[-1] != config.tbs[q]:
            raise ArgumentError(
                f"pdsch: bits of code word {q} have the shape {np.shape(block)}; this allocation carries "
                f"{config.tbs[q]} (TS 38.214 clause 5.1.3.2)"
            )
        coded.append(
            encode_transport_block(blocks, config.n_coded[q], config.schemes[q].bits, rv=version, **config.coding(q))
        )
        symbols.append(map_symbols(coded[-1], config.modulations[q], scrambling=_scrambling(config, q)))
    data = np.concatenate([map_layers(s, v) for s, v in zip(symbols, config.codeword_layers)], axis=-2)
    layers = scatter(data, pdsch_layout(config))
    grid = layers if precoder is None else precode(layers, precoder)
    return PdschSlot(grid, layers, tuple(symbols), tuple(coded))


def pdsch_llr(
    config: PdschConfig, symbols: np.ndarray, noise_variance: np.ndarray | float, *, method: str = "max-log"
) -> tuple[np.ndarray, ...]:
    """Descrambled LLRs [n, G] of each code word, of equalised data symbols [n, layers, n_re].

    noise_variance, method : as in `pusch.pusch_llr`.
    """
    y = np.asarray(symbols, np.complex64)
    n_re = len(pdsch_layout(config).data)
    if y.ndim == 2:
        y = y[None]
    if y.shape[1:] != (config.n_layers, n_re):
        raise ArgumentError(f"pdsch: symbols have the shape {y.shape}; expected [n, {config.n_layers}, {n_re}]")
    noise = np.broadcast_to(np.asarray(noise_variance, np.float32), y.shape)
    out, first = [], 0
    for q, v in enumerate(config.codeword_layers):
        flat, variance = (demap_layers(a[:, first : first + v]) for a in (y, noise))
        flip, first = _scrambling(config, q), first + v
        if method == "max-log":
            out.append(demap_int8(flat, variance, config.modulations[q], scrambling=flip))
        else:
            out.append(demap(flat, variance, config.modulations[q], method=method, scrambling=flip))
    return tuple(out)


def pdsch_receive(
    config: PdschConfig,
    symbols: np.ndarray,
    noise_variance: np.ndarray | float,
    *,
    rv: int | Sequence[int] = 0,
    buffers: Sequence[SoftBuffer | None] | None = None,
    max_iterations: int = 10,
    method: str = "max-log",
) -> tuple[DecodedTransportBlock, ...]:
    """What each code word gave, of equalised data symbols [n, layers, n_re].

    buffers : of the earlier transmissions of the same blocks, one for each code word (HARQ).
    """
    found = pdsch_llr(config, symbols, noise_variance, method=method)
    kept = (None,) * len(found) if buffers is None else _per_codeword(list(buffers), config, "buffers")
    versions = _per_codeword(rv, config, "rv")
    return tuple(
        decode_transport_block(
            llr, config.tbs[q], config.schemes[q].bits, rv=versions[q], buffer=kept[q], max_iterations=max_iterations,
            **config.coding(q),
        )
        for q, llr in enumerate(found)
    )  # fmt: skip
