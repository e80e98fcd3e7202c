"""Keys: reconciliation by Cascade and LDPC, exact Toeplitz hashing, and secret bits from photons, per core.

Processor time is counted, that of both ends together. Reconciliation is measured at error rates of 1 to 5 % and the
worst of them is the figure; the others stand in the note, with the LDPC blocks that were told more of the syndrome.
What a block is told counts in f until it decodes; a wrong block would be an error of the benchmark.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from silla.base import kernels
from silla.base.rng import stream
from silla.bench.figure import Figure, Measured, with_avx2
from silla.bench.peer_sequence import corrected_bits
from silla.coding import rate_adaptive as ldpc
from silla.coding.cascade import reconcile_locally
from silla.coding.reconciliation import binary_entropy
from silla.coding.toeplitz import toeplitz_hash

__all__ = ["FIGURES"]

_PEER = "sequence: BB84 and Cascade, corrected bits"
_RATES = (0.01, 0.02, 0.03, 0.04, 0.05)
_LDPC_BLOCKS = 50


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    found = call()
    return found, time.process_time() - start


def _keys(n: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    rng = stream(1, "bench", "keys", round(1e4 * rate))
    a = rng.integers(0, 2, n, dtype=np.uint8)
    return a, a ^ (rng.random(n) < rate).astype(np.uint8)


def _bound(a: np.ndarray, b: np.ndarray) -> float:
    return a.size * float(binary_entropy(float(np.mean(a != b))))


def _cascade(rate: float) -> tuple[float, float, str]:
    """(Mbit/s of both ends, f, remark)."""
    a, b = _keys((16 if kernels.available() else 1) * 65536, rate)
    reconcile_locally(a[:65536], b[:65536], rate)
    found, seconds = _timed(lambda: reconcile_locally(a, b, rate))
    if not (found.bits == a).all():
        raise ArithmeticError(f"Cascade left errors at {rate}")
    return a.size / seconds / 1e6, found.leaked_bit / _bound(a, b), ""


def _blocks(rate: float) -> tuple[float, float, str]:
    """(Mbit/s of both ends, f with every bit of every syndrome counted, which blocks needed more)."""
    plan = ldpc.choose_rate_adaptive(rate, ldpc.START)
    n_blocks = _LDPC_BLOCKS if kernels.available() else 1
    a, b = (x.reshape(-1, plan.n_key) for x in _keys(n_blocks * plan.n_key, rate))
    ldpc.correct(plan, b[:1], ldpc.syndrome_of(plan, a[:1]), rate)

    def play() -> tuple[int, int]:
        told, helped = 0, 0
        for key, received in zip(a[:, None], b[:, None]):
            syndrome, further = ldpc.syndrome_of(plan, key), np.zeros((1, 0), np.uint8)
            for round_ in range(plan.code.n_rows):
                bits, good = ldpc.correct(plan, received, syndrome, rate, further)
                if good[0]:
                    break
                further = np.concatenate([further, ldpc.further_syndrome(plan, key, round_)], axis=1)
            told, helped = told + syndrome.size + further.size, helped + (further.size > 0)
            if not (bits == key).all():
                raise ArithmeticError(f"LDPC left errors at {rate}")
        return told, helped

    (told, helped), seconds = _timed(play)
    return a.size / seconds / 1e6, told / _bound(a, b), f", {helped} of {n_blocks} blocks told more"


def _worst(work: Callable[[float], tuple[float, float, str]], which: int) -> Measured:
    found = {rate: work(rate) for rate in _RATES}
    note = "; ".join(f"{100 * q:g} %: {speed:.0f} Mbit/s, f {f:.3f}{more}" for q, (speed, f, more) in found.items())
    value = min(x[0] for x in found.values()) if which == 0 else max(x[1] for x in found.values())
    slowest = min(found, key=lambda q: found[q][0])
    narrower = None if which else with_avx2(lambda: work(slowest)[0])
    beside = "" if narrower is None else f" (avx2 {narrower:.0f} at {100 * slowest:g} %)"
    return Measured(value, note=f"kernels: {kernels.isa()}{beside}; {note}")


def _float_fft(x: np.ndarray, t: np.ndarray, n_out: int) -> np.ndarray:
    """The usual way: one convolution in floating point, rounded and hoped for."""
    from scipy import fft

    size = fft.next_fast_len(len(t), real=True)
    a, b = (np.asarray(fft.rfft(v.astype(float), size)) for v in (x, t))
    sums = fft.irfft(a * b, size)
    return np.rint(np.asarray(sums)[len(x) - 1 : len(x) - 1 + n_out]).astype(np.int64) & 1


def _hashing() -> Measured:
    n = 10**7 if kernels.available() else 10**5
    n_out, rng = 3 * n // 10, stream(1, "bench", "toeplitz")
    x, t = (rng.integers(0, 2, size, dtype=np.uint8) for size in (n, n + n_out - 1))
    toeplitz_hash(x[:1000], t[:1099], 100)
    seconds = min(_timed(lambda: toeplitz_hash(x, t, n_out))[1] for _ in range(3))
    _, peer = _timed(lambda: _float_fft(x, t, n_out))
    note = f"kernels: {kernels.isa()}; {n:.0e} bits into {n_out:.0e}, packing included"
    return Measured(n / seconds / 1e6, n / peer / 1e6, note)


def _chain() -> Measured:
    from silla.physics.quantum.distillation import distil, prepare
    from silla.physics.quantum.presets import RUSCA

    system = replace(RUSCA, dead_time_s=0.0)
    prepared = prepare(system, 0.2, 5e6 if kernels.available() else 1e5)
    prepare_bytes = stream(1, "bench", "alice").bytes
    distil(prepare(system, 0.2, 1e5), random_bytes=prepare_bytes)  # tables and code, which a link needs once
    made, seconds = _timed(lambda: distil(prepared, random_bytes=prepare_bytes))
    if not made.outcome.key:
        raise ArithmeticError(f"no key: {made.outcome.reasons}")
    book = made.alice.ledger
    note = (
        f"kernels: {kernels.isa()}; {made.detections.n_sent:.3g} pulses photon by photon, {book.reconciled:.3g} bits "
        f"reconciled at {100 * book.error_rate:.2f} % (f {book.efficiency:.3f}), verified, hashed, authenticated over "
        "messages, both ends on one core; 1 km, detectors of 50 %, no dead time"
    )
    peer, remark = corrected_bits(1.0)
    return Measured(book.net / seconds / 1e6, None if peer is None else peer / 1e6, f"{note}; {remark}")


FIGURES: tuple[Figure, ...] = (
    Figure("cascade-rate", "Mbit/s per core", 20.0, 60.0, "higher", lambda: _worst(_cascade, 0)),
    Figure("cascade-efficiency", "f", 1.06, 1.038, "lower", lambda: _worst(_cascade, 1)),
    Figure("key-ldpc-rate", "Mbit/s per core", 10.0, 20.0, "higher", lambda: _worst(_blocks, 0)),
    Figure("key-ldpc-efficiency", "f", 1.10, 1.08, "lower", lambda: _worst(_blocks, 1)),
    Figure("toeplitz-1e7", "Mbit/s per core", 80.0, 400.0, "higher", _hashing, peer="float FFT (scipy)"),
    Figure("keys-from-photons", "secret Mbit per CPU s", 1.0, 2.0, "higher", _chain, peer=_PEER),
)
