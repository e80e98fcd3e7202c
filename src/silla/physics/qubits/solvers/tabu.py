"""Tabu search of Ising models by single flips (Glover 1989; Palubeckis 2004 for QUBO), from many starts."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np

from silla.base.rng import stream
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.samples import Sampler, Samples, timing
from silla.physics.qubits.solvers.annealing import positive
from silla.physics.qubits.solvers.single import random_spins, single, tabu_steps

__all__ = ["Tabu"]


class Tabu(Sampler):
    """The best state of `steps` moves of tabu search, from `reads` random starts.

    Options: reads, steps, tenure (None: min(20, n / 4), as D-Wave's tabu; a random 0..9 is added at each step),
    use_kernel.

    >>> Tabu().sample(Ising([0.0, 0.1], [[0, 1], [0, 0]]), reads=2, steps=10).best[0].tolist()
    [1, -1]
    """

    name: ClassVar[str] = "tabu"
    options: ClassVar[dict[str, Any]] = {"reads": 8, "steps": 2000, "tenure": None, "use_kernel": True}

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        positive(reads=o["reads"], steps=o["steps"])
        if o["tenure"] is not None:
            positive(tenure=o["tenure"])
        clock = time.perf_counter()
        arrays, rng = single(model), stream(seed, "tabu")
        held = min(20, model.n // 4) if o["tenure"] is None else int(o["tenure"])
        tenure = held + rng.integers(0, min(10, max(1, model.n // 8)), o["steps"])
        # with every spin held time only passes: at most n - 1 are
        tenure = np.minimum(tenure, max(0, model.n - 2))
        spins = random_spins(rng, o["reads"], model.n)
        ready = time.perf_counter()
        out, _ = tabu_steps(arrays, spins, tenure, use_kernel=o["use_kernel"])
        spent = timing(programming=ready - clock, run=time.perf_counter() - ready)
        return Samples(out, model.energy(out), np.ones(len(out), np.int64), spent, "spin", {"status": "heuristic"})
