"""The detectors' table: python -m validation.mimo_ising.table [n_channels] [n_blocks]

64x64 QPSK (128 spins) at 8 dB in Rayleigh fading: share of channels where each detector meets the best metric known,
bit error rate with its 95 % interval, CPU milliseconds a channel use; and block errors of coded blocks from the same
detectors' lists.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from silla.base.rng import stream
from silla.coding import rate_matching as rm
from silla.coding.codes import nr_code
from silla.coding.encoding import encode
from silla.coding.min_sum import decode, quantise
from silla.physics.qubits.problems import mimo_detectors as det
from silla.physics.qubits.problems.mimo import Mimo, draw_uses, pam, real_channel
from silla.physics.qubits.solvers import Annealing
from silla.results.stats import Proportion

N, MODULATION, SNR_DB = 64, "qpsk", 8.0
CHUNK = 200


@dataclass
class Tally:
    """Counts of one detector over all channels."""

    wrong: list[np.ndarray] = field(default_factory=list)  # share of wrong bits, channel by channel
    metrics: list[np.ndarray] = field(default_factory=list)
    cpu_s: float = 0.0

    @property
    def ber(self) -> float:
        return float(np.concatenate(self.wrong).mean())

    def interval(self) -> tuple[float, float]:
        """95 % interval of the BER from the spread between channels, whose errors come together."""
        each = np.concatenate(self.wrong)
        half = 1.96 * float(each.std(ddof=1)) / np.sqrt(len(each))
        return float(each.mean()) - half, float(each.mean()) + half


def anneal(h, y, noise, first: int, reads: int = 10, sweeps: int = 100):
    """(levels [B, k, n], metrics [B, k]) of the reads of simulated annealing."""
    levels, metrics = [], []
    for b in range(len(h)):
        use = Mimo(h[b], y[b], MODULATION, noise)
        found = Annealing().sample(use.plain(), seed=first + b, reads=reads, sweeps=sweeps)
        levels.append(use.levels_of(found.states))
        metrics.append(found.energies)
    return np.array(levels), np.array(metrics)


def detect(name: str, h, y, noise: float, first: int):
    """(levels [B, k, n], metrics [B, k]), best first, and CPU seconds."""
    start = time.process_time()
    alphabet = pam(MODULATION)
    if name.startswith("annealing"):
        reads, sweeps = (int(x) for x in name.split("-")[1].split("x"))
        levels, metrics = anneal(h, y, noise, first, reads, sweeps)
    else:
        real_h, real_y = real_channel(h, y, MODULATION)
        if name.startswith("k-best"):
            found = det.k_best(real_h, real_y, alphabet, int(name.split("-")[2]), noise=noise)
            levels, metrics = found.levels, found.metrics
        else:
            found = (
                det.mmse(real_h, real_y, alphabet, noise)
                if name == "mmse"
                else det.expectation_propagation(real_h, real_y, alphabet, noise)[0]
            )
            levels, metrics = found.levels[:, None], found.metrics[:, None]
    return levels, metrics, time.process_time() - start


DETECTORS = ("mmse", "ep", "k-best-32", "k-best-128", "k-best-512", "annealing-10x100")


def uncoded(n_channels: int, detectors=DETECTORS, n: int = N, snr_db: float = SNR_DB):
    """(tally of each detector, share of channels at the best metric known to any of them)."""
    tallies = {name: Tally() for name in detectors}
    with threadpool_limits(1):
        for chunk, at in enumerate(range(0, n_channels, CHUNK)):
            count = min(CHUNK, n_channels - at)
            rng = stream(1, "validation", "mimo", n, chunk)
            h, y, sent, noise = draw_uses(rng, count, n, n, MODULATION, snr_db)
            for name, t in tallies.items():
                levels, metrics, spent = detect(name, h, y, noise, at)
                t.wrong.append((levels[:, 0] != sent).mean(axis=1))
                t.cpu_s += spent
                t.metrics.append(metrics[:, 0])
    all_metrics = {name: np.concatenate(t.metrics) for name, t in tallies.items()}
    best = np.min(list(all_metrics.values()), axis=0)
    return tallies, {name: float((m <= best * (1 + 1e-4)).mean()) for name, m in all_metrics.items()}


def coded(
    n_blocks: int, detectors=("ep-hard", "k-best-128", "annealing-10x100"), snr_db: float = SNR_DB, e: int = 1152
):
    """Block errors of LDPC blocks (base graph 2, z = 96, K = 960) sent over e / 128 independent channel uses.

    Lists give max-log LLRs limited to 8; "-hard" detectors give the same LLR to every bit.
    """
    code, uses = nr_code(2, 96), e // (2 * N)
    rng = stream(1, "validation", "mimo coded")
    info = rng.integers(0, 2, (n_blocks, code.k), dtype=np.uint8)
    sent = rm.rate_match(code, encode(code, info), e)
    h, y, levels, noise = draw_uses(rng, n_blocks * uses, N, N, MODULATION, snr_db, sent.reshape(-1, 2 * N))
    out = {}
    with threadpool_limits(1):
        for name in detectors:
            found, metrics, spent = detect(name.removesuffix("-hard"), h, y, noise, 0)
            limit = 8.0 if not name.endswith("-hard") else 4.0
            llr = det.list_llr(pam(MODULATION), found, metrics, noise, limit=limit).reshape(n_blocks, e)
            buffer = rm.rate_dematch(code, llr)
            part = code.cut(rm.rows_needed(code, buffer))
            bits = decode(part, quantise(buffer[:, : part.n]), max_iterations=25).bits
            wrong = int((bits != info).any(axis=1).sum())
            out[name] = (wrong, float((found[:, 0] != levels).mean()), spent / len(h))
    return out


def main() -> None:
    n_channels = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    n_blocks = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    tallies, share = uncoded(n_channels)
    print(f"{n_channels} channels, {N}x{N} {MODULATION} at {SNR_DB} dB")
    for name, t in tallies.items():
        low, high = t.interval()
        print(f"{name:18s} best {100 * share[name]:5.1f} %  BER {t.ber:.3e} ({low:.2e}..{high:.2e})  "
              f"{1e3 * t.cpu_s / n_channels:6.2f} ms")  # fmt: skip
    for name, (wrong, ber, spent) in coded(n_blocks).items():
        low, high = (float(v) for v in Proportion(np.asarray(wrong), np.asarray(n_blocks)).interval95())
        print(
            f"coded {name:18s} BLER {wrong / n_blocks:.3f} ({low:.3f}..{high:.3f})  BER {ber:.3e}  {1e3 * spent:.2f} ms"
        )


if __name__ == "__main__":
    main()
