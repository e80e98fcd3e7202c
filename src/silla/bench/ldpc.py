"""LDPC of TS 38.212 on one core: K = 8448, ten layered iterations without early stop, three rates; and encoding.

Processor time is counted, so that other work on the machine matters less.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from silla.base import kernels
from silla.base.rng import stream
from silla.bench.figure import Figure, Measured
from silla.bench.peer_sionna_ldpc import bits_per_s
from silla.coding import rate_matching as rm
from silla.coding.codes import nr_code
from silla.coding.encoding import encode
from silla.coding.min_sum import decode, quantise

__all__ = ["FIGURES"]

_REPEATS = 7


def _processor_time(call: Callable[[], Any]) -> float:
    """Least processor time in seconds of several calls, after one that does not count."""
    call()
    times = []
    for _ in range(_REPEATS):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def _blocks() -> tuple[np.ndarray, np.ndarray]:
    n_blocks, code = 24 if kernels.available() else 2, nr_code(1, 384)
    info = stream(1, "bench", "ldpc").integers(0, 2, (n_blocks, code.k), dtype=np.uint8)
    return info, encode(code, info)


def _decoding(e: int, es_n0_db: float) -> Measured:
    """Information Mbit/s of decoding QPSK blocks of e coded bits, and the peer's."""
    info, words = _blocks()
    code, n0 = nr_code(1, 384), 10.0 ** (-es_n0_db / 10.0)
    sent = rm.rate_match(code, words, e)
    noise = stream(1, "bench", "ldpc", e).standard_normal(sent.shape) * np.sqrt(n0 / 2.0)
    buffer = rm.rate_dematch(code, 2.0 * np.sqrt(2.0) * ((1.0 - 2.0 * sent) / np.sqrt(2.0) + noise) / n0)
    part = code.cut(rm.rows_needed(code, buffer))
    llr = quantise(buffer[:, : part.n])
    rate = info.size / _processor_time(lambda: decode(part, llr, early_stop=False)) / 1e6
    stopped = info.size / _processor_time(lambda: decode(part, llr)) / 1e6
    peer, remark = bits_per_s("decode", e)
    note = f"kernels: {kernels.isa()}; {stopped:.0f} Mbit/s with early stop at {es_n0_db} dB; {remark}"
    return Measured(rate, None if peer is None else peer / 1e6, note)


def _encoding() -> Measured:
    info, _ = _blocks()
    code = nr_code(1, 384)
    rate = info.size / _processor_time(lambda: encode(code, info)) / 1e9
    peer, remark = bits_per_s("encode", 25344)
    return Measured(rate, None if peer is None else peer / 1e9, f"kernels: {kernels.isa()}; all 46 rows; {remark}")


_PEER = "sionna: LDPC5GDecoder, 10 iterations"
FIGURES: tuple[Figure, ...] = (
    Figure("ldpc-rate-8-9", "Mbit/s per core", 200.0, 450.0, "higher", lambda: _decoding(9504, 6.5), peer=_PEER),
    Figure("ldpc-rate-1-2", "Mbit/s per core", 60.0, 150.0, "higher", lambda: _decoding(16896, 1.6), peer=_PEER),
    Figure("ldpc-rate-1-3", "Mbit/s per core", 40.0, 100.0, "higher", lambda: _decoding(25344, -0.7), peer=_PEER),
    Figure("ldpc-encoder", "Gbit/s per core", 2.5, 12.0, "higher", _encoding, peer="sionna: LDPC5GEncoder"),
)
