"""Measures what reconciliation tells and how fast it goes, by error rate and frame length.

    python tools/reconciliation_efficiency.py > src/silla/physics/quantum/data/reconciliation.csv     about five minutes

Both parties' own code on random keys with independent errors. The error rate that they are told is estimated as in a
run: frames of less than 65536 bits from a sample of 256 bits and as many of the test basis; whole frames and LDPC
blocks, which stand in long blocks, from 4096 and 65536 bits. f is told bits over n h(errors / n); low and high
are the 95 % interval of its mean over runs of one frame or block; `failed` runs were left with an error, which the
verification tag finds. mbit_per_s is key bits per processor second of both ends together, with as many frames side by
side as they put there.
"""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

import numpy as np

from silla import __version__
from silla.base import kernels
from silla.base.rng import stream
from silla.coding.cascade import FRAME, reconcile_locally
from silla.coding.reconciliation import binary_entropy
from silla.physics.quantum.distillation.efficiency import block_size, play
from silla.physics.quantum.distillation.reconciliation import RATE_CEILING, RATE_FLOOR, WINDOW
from silla.physics.quantum.distillation.settings import Settings

RATES = (1e-4, 3e-4, 1e-3, 2e-3, 3.5e-3, 5e-3, 7.5e-3, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08,
         0.09, 0.10, 0.11, 0.125, 0.15, 0.20)  # fmt: skip
# Cascade pads frames to powers of two: the shortest and the longest of each
FRAMES = (512, 1024, 1025, 2048, 2049, 4096, 4097, 8192, 8193, 16384, 16385, 32768, 32769, FRAME)
MOST, LEAST, BITS = 250, 16, 3_000_000  # runs at each point of Cascade, and key bits where these are not reached
BLOCKS = 32  # of LDPC
LONG, SHORT = 4096 + 65_536, 256 + 256  # sample and test basis from which the error rate is estimated


def _estimate(rng: np.random.Generator, rate: float, sample: int) -> float:
    return (rng.binomial(sample, rate) + 0.5) / (sample + 1.0)


def measure(way: str, frame: int, rate: float, n_runs: int) -> str:
    """A row of the table."""
    rng = stream(1, "reconciliation", way, frame, round(1e6 * rate))
    settings = Settings((0.5, 0.1), (0.5, 0.5), reconciliation=way)
    sample = LONG if way == "ldpc" or frame == FRAME else SHORT
    told, errors, failed = [], [], 0
    for seed in range(n_runs):
        estimate = _estimate(rng, rate, sample)
        a, b = _keys(rng, frame or block_size(estimate) or block_size(rate), rate)
        if way == "ldpc":
            bits, bits_told = play(settings, a, b, estimate, seed)
        else:  # the same questions and answers, in one call
            bits, bits_told, _ = reconcile_locally(a, b, float(np.clip(estimate, RATE_FLOOR, RATE_CEILING)), seed)
        told.append(bits_told / len(a))
        errors.append(float(np.mean(a != b)))
        failed += int((bits != a).any())
    mean = float(np.mean(errors))
    # ratio of means; its spread by the delta method, told against the bound of the same run
    bound, slope = float(binary_entropy(mean)), np.log2((1.0 - mean) / mean)
    f = float(np.mean(told)) / bound
    rest = (np.array(told) - f * (bound + slope * (np.array(errors) - mean))) / bound
    half = 1.96 * float(np.std(rest, ddof=1)) / np.sqrt(n_runs)
    low = max(f - half, 1.0 + 0.1 * (f - 1.0))
    speed = _speed(rng, settings, frame or block_size(rate), rate)
    return f"{way},{frame},{rate:g},{f:.4f},{low:.4f},{f + half:.4f},{speed:.3g},{n_runs},{failed}"


def _keys(rng: np.random.Generator, n: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    a = rng.integers(0, 2, n, dtype=np.uint8)
    return a, a ^ (rng.random(n) < rate).astype(np.uint8)


def _speed(rng: np.random.Generator, settings: Settings, frame: int, rate: float) -> float:
    """Mbit per processor second of the two parties, as they play: long frames side by side, short ones alone."""
    together, turns = (
        (WINDOW, 1) if frame == FRAME else (BLOCKS // 2, 1) if settings.reconciliation == "ldpc" else (1, 8)
    )
    seconds = 0.0
    for seed in range(turns):
        a, b = _keys(rng, together * frame, rate)
        start = time.process_time()
        play(settings, a, b, rate, seed)
        seconds += time.process_time() - start
    return turns * together * frame / seconds / 1e6


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    print(
        "# What reconciliation tells and how fast it goes; frame_bit 0: LDPC blocks, as long as the error rate has them"
    )
    print(f"# silla {__version__}, tools/reconciliation_efficiency.py, kernels {kernels.isa()}, {_processor()}")
    print("way,frame_bit,error_rate,f,low,high,mbit_per_s,runs,failed")
    for frame in FRAMES:
        for rate in RATES:
            print(measure("cascade", frame, rate, int(np.clip(BITS // frame, LEAST, MOST))), flush=True)
    for rate in RATES:
        if block_size(rate):
            print(measure("ldpc", 0, rate, BLOCKS), flush=True)


if __name__ == "__main__":
    if not kernels.available():
        sys.exit("the C++ kernels are missing: make kernels")
    main()
