"""Transport blocks on AWGN through the sionna wheel's encoder, mapper, demapper and decoders; and through silla's.

Bits and noise of a point are the same for all decoders, and can be drawn again without sionna.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from silla.base.rng import stream
from silla.coding import rate_matching as rm
from silla.coding.belief import belief_propagation
from silla.coding.segmentation import Segmentation, desegment, segmentation
from silla.coding.transport_block import TransportFormat, decode_transport_block, encode_transport_block
from silla.physics.radio.link.awgn_blocks import ITERATIONS, RE_PER_PRB, block_bits
from silla.physics.radio.link.demapping import demap, demap_int8
from silla.physics.radio.link.mapping import map_symbols, modulation_of
from silla.physics.radio.link.tbs import Mcs

FLOODING_ITERATIONS = 20
_BATCH_BITS = 1 << 17


class Entry(NamedTuple):
    """A row of the rate table."""

    bits: int
    rate_1024: str
    n_prb: int

    @property
    def scheme(self) -> Mcs:
        return Mcs(self.bits, Fraction(self.rate_1024) / 1024)

    @property
    def tbs(self) -> int:
        return block_bits(self.scheme, self.n_prb)

    @property
    def n_re(self) -> int:
        return RE_PER_PRB * self.n_prb

    @property
    def cut(self) -> Segmentation:
        return segmentation(self.tbs, float(self.scheme.rate))


def draws(entry: Entry, snr_db: float, n_blocks: int) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """(bits, noise, noise variance) of the blocks of a point, some at a time."""
    n0, batch = 10.0 ** (-snr_db / 10.0), max(1, _BATCH_BITS // (entry.n_re * entry.bits))
    for first in range(0, n_blocks, batch):
        n = min(batch, n_blocks - first)
        rng = stream(1, "rate table by sionna", *entry, round(1000 * snr_db), first)
        bits = rng.integers(0, 2, (n, entry.tbs), dtype=np.uint8)
        noise = rng.standard_normal((n, entry.n_re, 2), dtype=np.float32).view(np.complex64)[..., 0]
        yield bits, noise * np.float32(np.sqrt(n0 / 2)), n0


def silla_losses(entry: Entry, decoder: str, snr_db: float, n_blocks: int) -> np.ndarray:
    """Which blocks silla loses, bool [n_blocks]. decoder : "layered", that of the table; "flooding", see `flooding`."""
    name, rate, lost = modulation_of(entry.bits), float(entry.scheme.rate), []
    for bits, noise, n0 in draws(entry, snr_db, n_blocks):
        coded = encode_transport_block(bits, entry.n_re * entry.bits, entry.bits, rate)
        y = map_symbols(coded, name) + noise
        if decoder == "layered":
            found = decode_transport_block(
                demap_int8(y, n0, name), entry.tbs, entry.bits, rate, max_iterations=ITERATIONS
            )  # fmt: skip
            got, ok = found.bits, found.ok
        else:
            got, ok = flooding(entry, demap(y, n0, name))
        lost.append(~ok | (got != bits).any(axis=1))
    return np.concatenate(lost)


def flooding(entry: Entry, received: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(bits, whether CRCs hold) by belief propagation in floating point, all checks at once in every iteration."""
    cut = entry.cut
    form = TransportFormat(entry.tbs, received.shape[1], entry.bits, float(entry.scheme.rate))
    rows = max(rm.rows_reached(cut.code, e, n_filler=cut.n_filler) for e, _, _ in form.groups())
    code = cut.code.cut(rows)
    blocks = np.zeros((len(received), cut.n_blocks, code.n))
    for e, numbers, start in form.groups():
        part = received[:, start : start + e * len(numbers)].reshape(-1, e)
        buffer = rm.rate_dematch(cut.code, part, n_filler=cut.n_filler, bits_per_symbol=entry.bits)
        buffer = rm.buffer_llr(cut.code, buffer, cut.n_filler)[:, : code.n]
        blocks[:, numbers] = buffer.reshape(len(received), len(numbers), -1)
    found = belief_propagation(
        code, blocks.reshape(-1, code.n), max_iterations=FLOODING_ITERATIONS, layered=False
    )  # fmt: skip
    bits, good, each = desegment(cut, found.bits.reshape(len(received), cut.n_blocks, -1))
    return bits, good & each.all(axis=1)


class Sionna:
    """The wheel's chain for a row of the table. ValueError where it does not serve it, or codes it otherwise.

    Decoders: "flooding" is its default, belief propagation ("boxplus-phi") with 20 iterations. "layered" is set to what
    silla's does: offset min-sum, the rows of the base graph in silla's order, 10 iterations; in floating point.
    """

    def __init__(self, entry: Entry) -> None:
        import torch
        from sionna.phy.fec.ldpc import LDPC5GDecoder
        from sionna.phy.mapping import Constellation, Demapper, Mapper
        from sionna.phy.nr import TBDecoder, TBEncoder

        torch.set_num_threads(1)
        self.entry = entry
        with contextlib.redirect_stdout(io.StringIO()):
            self.encoder = TBEncoder(
                entry.tbs, entry.n_re * entry.bits, float(entry.scheme.rate), entry.bits, use_scrambler=False
            )  # fmt: skip
        if self.encoder.k_padding:
            raise ValueError(f"sionna pads a block of {entry.tbs} bits")
        bits = stream(1, "one block", *entry).integers(0, 2, (1, entry.tbs), dtype=np.uint8)
        coded = encode_transport_block(bits, entry.n_re * entry.bits, entry.bits, float(entry.scheme.rate))
        if (self.encoder(torch.tensor(bits, dtype=torch.float32)).numpy() != coded).any():
            raise ValueError(f"sionna takes another base graph for {entry}: it looks at the rate with the CRC")
        constellation = Constellation("qam", entry.bits)
        self.mapper = Mapper(constellation=constellation)
        self.demapper = Demapper("maxlog", constellation=constellation)
        ldpc = self.encoder.ldpc_encoder
        n_checks, z = LDPC5GDecoder(ldpc).num_cns, int(ldpc.z)
        code = entry.cut.code.cut(-(-n_checks // z))
        # the last row may be cut short; a check that is named twice is worked on once
        order = np.minimum(code.schedule[:, None] * z + np.arange(z), n_checks - 1)
        layered = TBDecoder(self.encoder)
        layered._decoder = LDPC5GDecoder(
            ldpc, cn_update="offset-minsum", num_iter=ITERATIONS, cn_schedule=torch.tensor(order)
        )  # fmt: skip
        self.decoders = {"layered": layered, "flooding": TBDecoder(self.encoder, num_bp_iter=FLOODING_ITERATIONS)}

    def losses(self, decoder: str, snr_db: float, n_blocks: int) -> np.ndarray:
        """Which blocks are lost, bool [n_blocks]."""
        import torch

        lost = []
        for bits, noise, n0 in draws(self.entry, snr_db, n_blocks):
            y = self.mapper(self.encoder(torch.tensor(bits, dtype=torch.float32))) + torch.tensor(noise)
            got, ok = self.decoders[decoder](self.demapper(y, torch.tensor(n0, dtype=torch.float32)))
            lost.append(~ok.numpy().astype(bool) | (got.numpy() != bits).any(axis=1))
        return np.concatenate(lost)
