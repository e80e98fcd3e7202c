"""Transport blocks on AWGN through the real encoder, demapper and decoder: the chain behind the twin's rate tables.

A block fills the 156 data resource elements of each resource block (a slot with one DM-RS symbol, TS 38.214 clause
5.1.3.2); max-log demapping, the 8-bit layered decoder with ten iterations.
"""

from __future__ import annotations

import numpy as np

from silla.base.errors import ArgumentError
from silla.coding.transport_block import decode_transport_block, encode_transport_block
from silla.physics.radio.link.demapping import demap_int8
from silla.physics.radio.link.finite_block import information_moments
from silla.physics.radio.link.mapping import map_symbols, modulation_of
from silla.physics.radio.link.tbs import Mcs, mcs, transport_block_size
from silla.physics.radio.modulation import MCS_TABLES

__all__ = ["ITERATIONS", "RE_PER_PRB", "awgn_block_errors", "block_bits", "schemes", "waterfall_spread_db"]

ITERATIONS = 10
RE_PER_PRB = 156
_BATCH_BITS = 1 << 22  # coded bits handled at a time: some 60 MB


def schemes() -> list[Mcs]:
    """Every different (bits per symbol, code rate) of the MCS tables, by efficiency."""
    found = {mcs(table, i) for table, known in MCS_TABLES.items() for i in range(len(known.bits))}
    return sorted(found, key=lambda s: (s.bits * s.rate, s.bits))


def block_bits(scheme: Mcs, n_prb: int) -> int:
    """Bits of the transport block on n_prb resource blocks and one layer."""
    return transport_block_size(RE_PER_PRB * n_prb, scheme, 1)


def awgn_block_errors(scheme: Mcs, n_prb: int, snr_db: float, n_blocks: int, rng: np.random.Generator) -> int:
    """How many of `n_blocks` transport blocks are lost. snr_db : Es/N0 of a modulation symbol.

    >>> awgn_block_errors(mcs("qam64", 0), 1, 10.0, 5, np.random.default_rng(0))
    0
    """
    if n_prb < 1 or n_blocks < 0 or not np.isfinite(snr_db):
        raise ArgumentError(f"{n_prb} resource blocks, {n_blocks} blocks, {snr_db} dB: at least 1, 0, and finite")
    n_re = RE_PER_PRB * n_prb
    tbs, coded, rate = block_bits(scheme, n_prb), n_re * scheme.bits, float(scheme.rate)
    name, n0 = modulation_of(scheme.bits), 10.0 ** (-snr_db / 10.0)
    batch, errors = max(1, _BATCH_BITS // coded), 0
    for first in range(0, n_blocks, batch):
        n = min(batch, n_blocks - first)
        bits = np.unpackbits(np.frombuffer(rng.bytes(n * -(-tbs // 8)), np.uint8).reshape(n, -1), axis=1, count=tbs)
        symbols = map_symbols(encode_transport_block(bits, coded, scheme.bits, rate), name)
        noise = rng.standard_normal((n, n_re, 2), dtype=np.float32).view(np.complex64)[..., 0]
        llr = demap_int8(symbols + noise * np.float32(np.sqrt(n0 / 2)), n0, name)
        found = decode_transport_block(llr, tbs, scheme.bits, rate, max_iterations=ITERATIONS)
        errors += int((~found.ok | (found.bits != bits).any(axis=1)).sum())
    return errors


def waterfall_spread_db(scheme: Mcs, n_prb: int, snr_db: float) -> float:
    """Standard deviation of the waterfall in dB: sqrt(V / n) over the slope of C (normal approximation)."""
    grid = 10.0 ** ((snr_db + np.array([-0.25, 0.25])) / 10.0)
    c, v = information_moments(grid, modulation_of(scheme.bits))
    return float(np.sqrt(v.mean() / (RE_PER_PRB * n_prb)) / max((c[1] - c[0]) / 0.5, 1e-3))
