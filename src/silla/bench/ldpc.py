"""LDPC of TS 38.212 on one core: K = 8448, ten layered iterations, three rates; early stop; short blocks; and encoding.

Processor time is counted, so that other work on the machine matters less. Early stop is measured where about one block
in a hundred fails, with the stop on parity and on the CRC of the code block. It cannot be faster than ten iterations by
more than ten over the mean of the iterations needed, which the note states as the limit.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from silla.base import kernels
from silla.base.rng import stream
from silla.bench.figure import Figure, Measured, with_avx2
from silla.bench.peer_sionna_ldpc import bits_per_s
from silla.coding import ldpc_gpu
from silla.coding import rate_matching as rm
from silla.coding.codes import QCCode, nr_code
from silla.coding.crc import append
from silla.coding.encoding import encode, encode_packed
from silla.coding.min_sum import decode, quantise

__all__ = ["FIGURES", "processor_time"]

_REPEATS = 7


def processor_time(call: Callable[[], Any], repeats: int = _REPEATS) -> float:
    """Least processor time in seconds of several calls, after one that does not count."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def _blocks(n_blocks: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Code blocks that end with their CRC, and their words."""
    n_blocks, code = n_blocks if kernels.available() else 2, nr_code(1, 384)
    bits = stream(1, "bench", "ldpc").integers(0, 2, (n_blocks, code.k - 24), dtype=np.uint8)
    info = append(bits, "24B")
    return info, encode(code, info)


def _received(words: np.ndarray, e: int, es_n0_db: float) -> tuple[QCCode, np.ndarray]:
    """(the code cut to what was received, 8-bit LLRs) of QPSK blocks of e coded bits over AWGN."""
    code, n0 = nr_code(1, 384), 10.0 ** (-es_n0_db / 10.0)
    sent = rm.rate_match(code, words, e)
    noise = stream(1, "bench", "ldpc", e).standard_normal(sent.shape) * np.sqrt(n0 / 2.0)
    buffer = rm.rate_dematch(code, 2.0 * np.sqrt(2.0) * ((1.0 - 2.0 * sent) / np.sqrt(2.0) + noise) / n0)
    part = code.cut(rm.rows_needed(code, buffer))
    return part, quantise(buffer[:, : part.n])


def _isa(rate: Callable[[], float]) -> str:
    """Which kernels are in use; beside AVX-512, the rate with AVX2."""
    narrower = with_avx2(rate)
    return f"kernels: {kernels.isa()}" + ("" if narrower is None else f" (avx2 {narrower:.0f})")


def _decoding(e: int, es_n0_db: float) -> Measured:
    """Information Mbit/s of ten iterations, and the peer's."""
    info, words = _blocks()
    part, llr = _received(words, e, es_n0_db)

    def rate() -> float:
        return info.size / processor_time(lambda: decode(part, llr, early_stop=False)) / 1e6

    value = rate()
    peer, remark = bits_per_s("decode", e)
    return Measured(value, None if peer is None else peer / 1e6, f"{_isa(rate)}; {remark}")


def _stopping(e: int, es_n0_db: float) -> Measured:
    """Information Mbit/s with early stop at a block error rate of about 1e-2."""
    info, words = _blocks(200)
    part, llr = _received(words, e, es_n0_db)
    stop = ("24B", part.k)

    def rate(**options: Any) -> float:
        return info.size / processor_time(lambda: decode(part, llr, **options), 3) / 1e6

    value, parity, fixed = rate(crc=stop), rate(), rate(early_stop=False)
    answer, every = decode(part, llr, crc=stop), decode(part, llr, early_stop=False)
    mean = float(answer.iterations.mean())
    wrong, full = ((x.bits != info).any(axis=1) for x in (answer, every))
    part, weaker = _received(words, e, es_n0_db - 0.2)
    longer = decode(part, weaker, crc=stop, max_iterations=20)
    stopped = processor_time(lambda: decode(part, weaker, crc=stop, max_iterations=20), 2)
    twenty = processor_time(lambda: decode(part, weaker, early_stop=False, max_iterations=20), 2) / stopped
    lost = int((longer.bits != info).any(axis=1).sum())
    note = (
        f"{_isa(lambda: rate(crc=stop))}; {wrong.sum()} of {len(info)} blocks wrong at {es_n0_db} dB ({full.sum()} "
        f"after ten iterations, {(wrong & answer.satisfied).sum()} unnoticed), {mean:.1f} iterations; "
        f"{value / fixed:.2f} times the {fixed:.0f} Mbit/s of ten iterations, limit "
        f"{10.0 / mean:.2f} ({parity / fixed:.2f} times without the CRC); with up to 20 iterations "
        f"0.2 dB lower, {lost} wrong, {longer.iterations.mean():.1f} iterations, {twenty:.2f} times the speed of twenty"
    )
    return Measured(value, None, note)


def _short(k: int) -> float:
    """Information Mbit/s of ten iterations of 512 blocks of k bits, base graph 2, rate 1/2."""
    code = nr_code(2, k // 10).cut(12)
    words = encode(code, stream(1, "bench", "short", k).integers(0, 2, (512, code.k), dtype=np.uint8))
    noise = stream(1, "bench", "short noise", k).standard_normal(words.shape)
    llr = quantise(3.0 * (1.0 - 2.0 * words + 0.8 * noise))
    return 512 * code.k / processor_time(lambda: decode(code, llr, early_stop=False), 3) / 1e6


def _short_blocks() -> Measured:
    """The slowest of block lengths from 20 to 520 bits."""
    found = {k: _short(k) for k in (20, 30, 60, 110, 200, 300, 520)}
    each = ", ".join(f"K = {k}: {rate:.0f}" for k, rate in found.items())
    return Measured(min(found.values()), None, f"{_isa(lambda: _short(min(found)))}; {each}")


def _on_gpu() -> Measured:
    """Information Gbit/s of ten iterations at rate 8/9 on a GPU, or why there is none."""
    if reason := ldpc_gpu.why_not():
        return Measured(None, None, "; ".join([reason, *_compiled()]))
    torch: Any = importlib.import_module("torch")
    info, words = _blocks(64)
    part, llr = _received(words, 9504, 6.5)
    many = np.tile(llr, (256, 1))
    there = ldpc_gpu.prepare(part, many, early_stop=False)

    def launched() -> float:
        start = time.perf_counter()
        there.launch()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter() - start

    rate = 256 * info.size / min(launched() for _ in range(5)) / 1e9
    start = time.perf_counter()
    answer = ldpc_gpu.decode(part, many, early_stop=False)
    copied = 256 * info.size / (time.perf_counter() - start) / 1e9
    wrong = int((answer.bits[: len(info)] != decode(part, llr, early_stop=False).bits).sum())
    note = (
        f"LLRs on the device; {copied:.2f} with all copies; {wrong} bits other than the CPU's; {'; '.join(_compiled())}"
    )
    return Measured(rate, None, note)


def _compiled() -> list[str]:
    """What the compiler makes of the GPU's kernel, where there is one."""
    if ldpc_gpu.why_not_compile():
        return []
    made = {capability: ldpc_gpu.compiled(capability) for capability in (80, 90)}
    return [
        f"compiles for sm_{c}: {m.registers} registers, {m.spilled_bytes} bytes spilled, {m.shared_bytes} shared"
        for c, m in made.items()
    ]


def _encoding() -> Measured:
    info, _ = _blocks()
    code, packed = nr_code(1, 384), np.packbits(info, axis=1)
    rate = info.size / processor_time(lambda: encode_packed(code, packed)) / 1e9
    loose = info.size / processor_time(lambda: encode(code, info)) / 1e9
    peer, remark = bits_per_s("encode", 25344)
    note = f"kernels: {kernels.isa()}; all 46 rows, packed bits ({loose:.1f} with a byte per bit); {remark}"
    return Measured(rate, None if peer is None else peer / 1e9, note)


_PEER = "sionna: LDPC5GDecoder, 10 iterations"
FIGURES: tuple[Figure, ...] = (
    Figure("ldpc-rate-8-9", "Mbit/s per core", 200.0, 450.0, "higher", lambda: _decoding(9504, 6.5), peer=_PEER),
    Figure("ldpc-rate-1-2", "Mbit/s per core", 60.0, 150.0, "higher", lambda: _decoding(16896, 1.6), peer=_PEER),
    Figure("ldpc-rate-1-3", "Mbit/s per core", 40.0, 100.0, "higher", lambda: _decoding(25344, -0.7), peer=_PEER),
    Figure("ldpc-stop-8-9", "Mbit/s per core", 400.0, 900.0, "higher", lambda: _stopping(9504, 6.4)),
    Figure("ldpc-stop-1-2", "Mbit/s per core", 120.0, 300.0, "higher", lambda: _stopping(16896, 1.4)),
    Figure("ldpc-stop-1-3", "Mbit/s per core", 80.0, 200.0, "higher", lambda: _stopping(25344, -0.95)),
    Figure("ldpc-short-blocks", "Mbit/s per core", 40.0, 100.0, "higher", _short_blocks),
    Figure("ldpc-gpu", "Gbit/s", 30.0, 70.0, "higher", _on_gpu),
    Figure("ldpc-encoder", "Gbit/s per core", 2.5, 12.0, "higher", _encoding, peer="sionna: LDPC5GEncoder"),
)
