"""QAOA as a solver beside the classical ones: trained and read on the exact simulator."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.qaoa import Qaoa
from silla.physics.qubits.qaoa_training import train
from silla.physics.qubits.samples import Sampler, Samples, timing

__all__ = ["QaoaSolver"]


class QaoaSolver(Sampler):
    """QAOA on the exact state vector: train the angles, read, keep what was read. No classical step improves a state.

    Options: depth, reads, mixer ("x", a WarmStart or an XYMixer), precision, training ("interp", "fourier", "ramp"),
    max_evaluations and max_seconds of it, angles ((gamma [p], beta [p]): no training), use_kernel.

    timing: programming is the energies of all states and the training, run the final circuit, readout the reads.
    info: angles, "expectation" (mean energy of the state), "probability" of the best state read, evaluations,
    "simulated" True.

    >>> found = QaoaSolver().sample(Ising([0.0, 0.1], [[0, 1], [0, 0]]), depth=1, reads=64, seed=1)
    >>> found.best[0].tolist(), found.n_reads
    ([1, -1], 64)
    """

    name: ClassVar[str] = "qaoa"
    options: ClassVar[dict[str, Any]] = {
        "depth": 3, "reads": 1024, "mixer": "x", "precision": "single", "training": "interp", "max_evaluations": 400,
        "max_seconds": float("inf"), "angles": None, "use_kernel": True,
    }  # fmt: skip

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        reads = o["reads"]
        if not isinstance(reads, (int, np.integer)) or reads < 1:
            raise ArgumentError(f"reads must be a whole number of 1 at least, found {reads!r}")
        clock = time.perf_counter()
        qaoa = Qaoa(model, mixer=o["mixer"], precision=o["precision"], use_kernel=o["use_kernel"])
        evaluations, trained_s = 0, 0.0
        if o["angles"] is None:
            trained = train(
                qaoa,
                o["depth"],
                method=o["training"],
                max_evaluations=o["max_evaluations"],
                max_seconds=o["max_seconds"],
            )
            gamma, beta = trained.gamma, trained.beta
            evaluations, trained_s = trained.n_evaluations, trained.seconds
        else:
            gamma, beta = (np.atleast_1d(np.asarray(a, dtype=float)) for a in o["angles"])
        programmed = time.perf_counter()
        expectation = qaoa.energy(gamma, beta)
        run = time.perf_counter()
        read = qaoa.sample(gamma, beta, int(reads), stream(seed, "qaoa", "reads"))
        done = time.perf_counter()
        k = int(np.argmin(read.energies))
        info = {
            "status": "heuristic", "simulated": True, "gamma": gamma.tolist(), "beta": beta.tolist(),
            "expectation": expectation, "evaluations": evaluations, "training_s": trained_s,
            "probability": float(read.counts[k] / reads),
        }  # fmt: skip
        spent = timing(programming=programmed - clock, run=run - programmed, readout=done - run)
        return Samples(read.spins, read.energies, read.counts, spent, "spin", info)
