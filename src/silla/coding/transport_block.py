"""A transport block's way to coded bits and back: TS 38.212 clauses 6.2 (uplink) and 7.2 (downlink).

CRC, cut into code blocks with CRCs (5.2.2), LDPC (5.3.2), rate matching (5.4.2), concatenation (5.5); and the
receiver's way back through a soft buffer of 8-bit LLRs, which is a value: what comes back is given again with the next
transmission of the same block.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.coding import rate_matching as rm
from silla.coding.encoding import encode
from silla.coding.min_sum import CORRECTION, Correction, decode
from silla.coding.segmentation import Segmentation, desegment, segment, segmentation

__all__ = [
    "DecodedTransportBlock",
    "SoftBuffer",
    "TransportFormat",
    "decode_transport_block",
    "encode_transport_block",
]


@dataclass(frozen=True)
class TransportFormat:
    """How transport blocks of `a` bits are sent in `n_coded` bits; it can be kept and hashed.

    a : bits of a transport block (TBS). n_coded : coded bits G of one transmission, all layers. bits_per_symbol : Q_m.
    rate : code rate of the MCS, which chooses the base graph; or `graph` 1 or 2 in its place. n_layers : layers that
    carry the block. tbs_lbrm : TBS_LBRM of limited-buffer rate matching (clause 5.4.2.1), None for a full buffer.
    scheduled : which code blocks are sent (CBGTI, clause 5.4.2.1), None for all.
    """

    a: int
    n_coded: int
    bits_per_symbol: int
    rate: float | None = None
    n_layers: int = 1
    graph: int | None = None
    tbs_lbrm: int | None = None
    scheduled: tuple[bool, ...] | None = None

    def __post_init__(self) -> None:
        if self.n_layers < 1 or self.n_layers > 4:
            raise DomainError(
                f"{self.n_layers} layers for one transport block (TS 38.211 clause 7.3.1.3); allowed: 1 to 4"
            )
        if self.bits_per_symbol < 1 or self.bits_per_symbol > 16:
            raise DomainError(f"{self.bits_per_symbol} bits per symbol; allowed: 1 to 16 (TS 38.212 clause 5.4.2.2)")
        if self.scheduled is not None and (len(self.scheduled) != self.cut.n_blocks or not any(self.scheduled)):
            raise ArgumentError(
                f"scheduled names {len(self.scheduled)} code blocks, {sum(self.scheduled)} of them sent; the block has "
                f"{self.cut.n_blocks} and one at least is sent (TS 38.212 clause 5.4.2.1)"
            )
        _ = self.lengths

    @property
    def cut(self) -> Segmentation:
        """How the block is cut into code blocks."""
        return _cut(self.a, self.rate, self.graph)

    @property
    def n_ref(self) -> int | None:
        """Size N_ref of a limited circular buffer: TBS_LBRM / (C R), R = 2/3 (clause 5.4.2.1)."""
        return None if self.tbs_lbrm is None else 3 * self.tbs_lbrm // (2 * self.cut.n_blocks)

    @property
    def sent(self) -> np.ndarray:
        """Numbers of the code blocks that are sent."""
        return np.arange(self.cut.n_blocks) if self.scheduled is None else np.flatnonzero(self.scheduled)

    @property
    def lengths(self) -> np.ndarray:
        """E_r of each code block that is sent."""
        return rm.output_lengths(self.n_coded, len(self.sent), self.bits_per_symbol, self.n_layers)

    def groups(self) -> list[tuple[int, np.ndarray, int]]:
        """(E, numbers of the code blocks that are so long, where the first of them starts in the n_coded bits)."""
        return _groups(self)


@functools.lru_cache(maxsize=256)
def _groups(form: TransportFormat) -> list[tuple[int, np.ndarray, int]]:
    lengths, sent = form.lengths, form.sent
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return [(int(e), sent[lengths == e], int(starts[np.argmax(lengths == e)])) for e in np.unique(lengths)]


@functools.lru_cache(maxsize=4096)
def _cut(a: int, rate: float | None, graph: int | None) -> Segmentation:
    return segmentation(a, rate, graph)


@dataclass(frozen=True, eq=False)
class SoftBuffer:
    """What the receiver remembers of blocks that failed.

    llr : int8 [n, C, code.n], sums of all that was received, in steps of 1 / LLR_SCALE, kept within +-127. n_rows :
    rows of the base graph that the received places reach.
    """

    llr: np.ndarray
    n_rows: int


class DecodedTransportBlock(NamedTuple):
    """What a transmission gave.

    bits : uint8 [n, a]. ok : bool [n], the transport block's CRC holds and so do those of all its code blocks.
    block_ok : bool [n, C], the CRC of each code block. iterations : int32 [n, C]. buffer : for the next transmission.
    """

    bits: np.ndarray
    ok: np.ndarray
    block_ok: np.ndarray
    iterations: np.ndarray
    buffer: SoftBuffer


def _known(total: np.ndarray, z: int) -> np.ndarray:
    """Whether anything was received of a block, bool [n, C]; almost always one column tells."""
    known = total[..., 2 * z : 3 * z].any(axis=2)
    return np.asarray(known if known.all() else total.any(axis=2))


def encode_transport_block(
    bits: np.ndarray,
    n_coded: int,
    bits_per_symbol: int,
    rate: float | None = None,
    *,
    rv: int = 0,
    n_layers: int = 1,
    graph: int | None = None,
    tbs_lbrm: int | None = None,
    scheduled: Sequence[bool] | None = None,
) -> np.ndarray:
    """The coded bits g_0 .. g_(G-1) of each transport block, uint8 [n, n_coded], before scrambling.

    bits : uint8 [n, a] (or [a], which gives [n_coded]) of 0 and 1. The rest as in `TransportFormat`; rv : redundancy
    version 0..3. Raises ArgumentError or DomainError, with the clause, for sizes that the standard does not allow.

    >>> sent = encode_transport_block(np.ones(3824, np.uint8), 8000, 4, 0.48, rv=2)
    >>> sent.shape, decode_transport_block(4.0 - 8.0 * sent, 3824, 4, 0.48, rv=2).ok.tolist()
    ((8000,), [True])
    """
    given = np.asarray(bits)
    if given.ndim not in (1, 2):
        raise ArgumentError(f"bits have the shape {given.shape}; expected [n, a] or [a]")
    if given.size and (given.max() > 1 if given.dtype == np.uint8 else not ((given == 0) | (given == 1)).all()):
        raise ArgumentError("bits hold values other than 0 and 1")
    blocks = np.atleast_2d(given).astype(np.uint8, copy=False)
    form = TransportFormat(
        blocks.shape[1], int(n_coded), bits_per_symbol, rate, n_layers, graph, tbs_lbrm,
        None if scheduled is None else tuple(bool(x) for x in scheduled),
    )  # fmt: skip
    cut = form.cut
    parts = segment(cut, blocks)[:, form.sent].reshape(-1, cut.k)
    words = encode(cut.code, parts).reshape(len(blocks), len(form.sent), -1)
    out, first = np.empty((len(blocks), form.n_coded), np.uint8), 0
    for e, numbers, start in form.groups():
        group = words[:, first : first + len(numbers)].reshape(-1, cut.code.n)
        sent = rm.rate_match(
            cut.code, group, e, n_filler=cut.n_filler, rv=rv, bits_per_symbol=bits_per_symbol, n_ref=form.n_ref
        )
        out[:, start : start + e * len(numbers)] = sent.reshape(len(blocks), -1)
        first += len(numbers)
    return out if given.ndim == 2 else out[0]


def decode_transport_block(
    llr: np.ndarray,
    a: int,
    bits_per_symbol: int,
    rate: float | None = None,
    *,
    rv: int = 0,
    n_layers: int = 1,
    graph: int | None = None,
    tbs_lbrm: int | None = None,
    scheduled: Sequence[bool] | None = None,
    buffer: SoftBuffer | None = None,
    max_iterations: int = 10,
    correction: Correction = CORRECTION,
    early_stop: bool = True,
) -> DecodedTransportBlock:
    """The transport blocks of a transmission, whether their CRCs hold, and the soft buffer for the next one.

    Parameters
    ----------
    llr : float [n, n_coded] or [n_coded], log P(0)/P(1) of the coded bits, descrambled; infinities allowed, NaN not.
        int8 is taken as it is, in steps of 1 / LLR_SCALE (`min_sum.quantise`).
    a : bits of a transport block. rv, n_layers, graph, tbs_lbrm, scheduled : as they were sent.
    buffer : of the earlier transmissions of the same blocks (chase combining with the same rv, incremental redundancy
        with another); it is not changed. Code blocks never received are decided from nothing and fail their CRC.

    Up to 0.92 information bits with CRC a coded bit, a clean first transmission is decoded. Above that some short
    blocks fail without any noise: the first 2 z bits are never sent, and too few parity bits are left to find them by
    iteration.
    Above 0.95 a receiver need not even try (TS 38.214 clause 5.1.3). A retransmission brings what is missing.

    >>> sent = encode_transport_block(np.ones((1, 1000), np.uint8), 1200, 2, 0.8)
    >>> first = decode_transport_block(0.5 - 1.0 * sent, 1000, 2, 0.8)
    >>> decode_transport_block(0.5 - 1.0 * sent, 1000, 2, 0.8, buffer=first.buffer).buffer.llr.max()
    np.int8(4)
    """
    received = np.atleast_2d(llr)
    if received.ndim != 2:
        raise ArgumentError(f"llr has the shape {received.shape}; expected [n, n_coded] or [n_coded]")
    form = TransportFormat(
        int(a), received.shape[1], bits_per_symbol, rate, n_layers, graph, tbs_lbrm,
        None if scheduled is None else tuple(bool(x) for x in scheduled),
    )  # fmt: skip
    cut, code, n = form.cut, form.cut.code, len(received)
    if received.dtype != np.int8 and np.isnan(received).any():
        raise ArgumentError("an LLR is not a number")
    shape = (n, cut.n_blocks, code.n)
    if buffer is not None and buffer.llr.shape != shape:
        raise ArgumentError(f"buffer has the shape {buffer.llr.shape}; expected {shape}")
    total = np.zeros(shape, np.int8) if buffer is None else buffer.llr.copy()
    n_rows = 4 if buffer is None else buffer.n_rows
    for e, numbers, start in form.groups():
        part = received[:, start : start + e * len(numbers)].reshape(n, len(numbers), e)
        rm.combine(
            code, part, total, numbers, n_filler=cut.n_filler, rv=rv, bits_per_symbol=bits_per_symbol, n_ref=form.n_ref
        )
        n_rows = max(n_rows, rm.rows_reached(code, e, n_filler=cut.n_filler, rv=rv, n_ref=form.n_ref))
    cut_code = code.cut(n_rows)
    beliefs = np.array(total[..., : cut_code.n]).reshape(-1, cut_code.n)
    beliefs[:, cut.k_used : cut.k] = 127
    found = decode(
        cut_code, beliefs, max_iterations=max_iterations, correction=correction, early_stop=early_stop,
        crc=(cut.crc if cut.n_blocks == 1 else "24B", cut.k_used),
    )  # fmt: skip
    bits, good, each = desegment(cut, found.bits.reshape(n, cut.n_blocks, cut.k))
    each = each & _known(total, code.z)  # a block of which nothing is known is decided as zeros, whose CRC holds
    ok = good & each.all(axis=1)
    iterations = found.iterations.reshape(n, cut.n_blocks)
    return DecodedTransportBlock(bits, ok, each, iterations, SoftBuffer(total, n_rows))
