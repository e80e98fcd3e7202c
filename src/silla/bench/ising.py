"""Ising problems on one core: annealing's spin updates and energies beside dwave-samplers, the surface's sweep, K-best.

Processor time is counted, so that other work on the machine matters less.
"""

from __future__ import annotations

import functools
import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from silla.base import kernels
from silla.base.rng import stream
from silla.bench.figure import Figure, Measured
from silla.physics.qubits.compare import within
from silla.physics.qubits.exchange import to_dimod
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.problems.mimo import draw_uses, pam, real_channel
from silla.physics.qubits.problems.mimo_detectors import k_best
from silla.physics.qubits.problems.ris import best_single_link
from silla.physics.qubits.solvers import Annealing

__all__ = ["FIGURES"]

_NOT_THERE = "peer not installed (pip install 'silla[qubits]')"


def _processor_time(call: Callable[[], Any], repeats: int = 3) -> float:
    """Least processor time of some calls; linear algebra on one thread: waiting threads spend processor time too."""
    with threadpool_limits(limits=1):
        call()
        times = []
        for _ in range(repeats):
            start = time.process_time()
            call()
            times.append(time.process_time() - start)
    return min(times)


@functools.cache
def glass(n: int) -> Ising:
    """A Sherrington-Kirkpatrick spin glass, normal couplings, no fields."""
    return Ising(np.zeros(n), np.triu(stream(1, "bench", "glass", n).standard_normal((n, n)), 1))


def _peer() -> Any:
    if importlib.util.find_spec("dwave") is None or importlib.util.find_spec("dimod") is None:
        return None
    from dwave.samplers import SimulatedAnnealingSampler  # type: ignore[import-not-found]

    return SimulatedAnnealingSampler()


def _updates(n: int, reads: int, sweeps: int, peer_reads: int) -> Measured:
    """Million spin updates a second, and the peer's on the same glass with as many sweeps."""
    model = glass(n)
    few = 1 if kernels.available() else 20
    reads, sweeps = max(1, reads // few), max(1, sweeps // few)
    spent = _processor_time(lambda: Annealing().sample(model, seed=1, reads=reads, sweeps=sweeps))
    rate = reads * sweeps * n / spent / 1e6
    sampler = _peer()
    if sampler is None:
        return Measured(rate, None, f"kernels: {kernels.isa()}; {_NOT_THERE}")
    bqm = to_dimod(model)

    def peer_s(count: int) -> float:
        start = time.process_time()
        sampler.sample(bqm, num_reads=peer_reads, num_sweeps=count, seed=1)
        return time.process_time() - start

    other = peer_reads * (sweeps - 1) * n / max(peer_s(sweeps) - peer_s(1), 1e-9) / 1e6
    return Measured(rate, other, f"kernels: {kernels.isa()}; {sweeps} sweeps, whole call; the peer's without its setup")


def _energy(n: int, cpu_s: float) -> Measured:
    """Mean over three seeds of the energy after `cpu_s` CPU seconds, in % above the lowest known to any run here."""
    model = glass(n)
    own = [within(Annealing(), model, cpu_s, seed, sweeps=1000).energy for seed in (1, 2, 3)]
    longer = within(Annealing(), model, 2 * cpu_s, 99, sweeps=4000).energy
    sampler, others = _peer(), []
    if sampler is not None:
        bqm = to_dimod(model)
        for seed in (1, 2, 3):
            least, spent, call = np.inf, 0.0, 0
            while True:
                start = time.process_time()
                found = sampler.sample(bqm, num_reads=1, num_sweeps=1000, seed=1000 * seed + call)
                used = time.process_time() - start
                least, spent, call = min(least, float(found.first.energy)), spent + used, call + 1
                if spent + used > cpu_s:
                    break
            others.append(least)
    best = min([*own, longer, *others])

    def above(energies: list[float]) -> float:
        excess = 100.0 * (float(np.mean(energies)) - best) / abs(best)
        return excess if excess > 1e-9 else 0.0

    remark = f"{n} spins, {cpu_s:g} CPU s each, best energy {best:.1f}"
    return Measured(above(own), above(others) if others else None, remark if others else f"{remark}; {_NOT_THERE}")


def _sweep() -> Measured:
    rng = stream(1, "bench", "ris")
    g = rng.standard_normal(22_201) + 1j * rng.standard_normal(22_201)
    spent = _processor_time(lambda: best_single_link(g, 1.0), 7)
    return Measured(1e3 * spent, None, "22,201 elements, exact, NumPy")


def _k_best() -> Measured:
    count = 200 if kernels.available() else 4
    h, y, sent, noise = draw_uses(stream(1, "bench", "k-best"), count, 16, 16, "16qam", 20.0)
    real, alphabet = real_channel(h, y, "16qam"), pam("16qam")
    spent = _processor_time(lambda: k_best(*real, alphabet, 32, noise=noise))
    wrong = float((k_best(*real, alphabet, 32, noise=noise).levels[:, 0] != sent).mean())
    return Measured(1e3 * spent / count, None, f"kernels: {kernels.isa()}; with QR; wrong amplitudes {wrong:.3f}")


_DWAVE = "dwave-samplers: SimulatedAnnealingSampler"
FIGURES: tuple[Figure, ...] = (
    Figure("annealing-100", "M spin updates/s", 30.0, 100.0, "higher", lambda: _updates(100, 100, 1000, 10), _DWAVE),
    Figure("annealing-2000", "M spin updates/s", 10.0, 15.0, "higher", lambda: _updates(2000, 4, 200, 1), _DWAVE),
    Figure("annealing-energy-500", "% above the best", 1.0, 0.3, "lower", lambda: _energy(500, 2.0), _DWAVE),
    Figure("ris-sweep", "ms", 6.0, 3.0, "lower", _sweep),
    Figure("k-best-32", "ms per channel use", 0.5, 0.15, "lower", _k_best),
)
