"""Simulated bifurcation, ballistic and discrete (Goto et al., Science Advances 7 eabe7953, 2021)."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.samples import Sampler, Samples, timing
from silla.physics.qubits.solvers.annealing import positive

__all__ = ["Bifurcation"]


class Bifurcation(Sampler):
    """Signs of oscillators driven through their bifurcation, all `reads` at once as matrix products.

    dx/dt = a0 y, dy/dt = -(a0 - a(t)) x - c0 (J z + h), z = x (ballistic) or sign(x) (discrete); walls at |x| = 1 stop
    an oscillator (eqs. 9 to 12 with a0 = 1, a(t) from 0 to 1, c0 = 0.5 / root-mean-square field). Options: reads,
    steps, dt, variant ("ballistic" or "discrete"). Single precision.

    >>> Bifurcation().sample(Ising([0.0, 0.1], [[0, 1], [0, 0]]), reads=4, steps=100).best[0].tolist()
    [1, -1]
    """

    name: ClassVar[str] = "bifurcation"
    options: ClassVar[dict[str, Any]] = {"reads": 32, "steps": 1000, "dt": 1.0, "variant": "discrete"}

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        positive(reads=o["reads"], steps=o["steps"])
        if o["variant"] not in ("ballistic", "discrete"):
            raise ArgumentError(f"variant is 'ballistic' or 'discrete', found {o['variant']!r}")
        if not (np.isfinite(o["dt"]) and 0.0 < o["dt"] <= 2.0):
            raise ArgumentError(f"dt must be above 0 and at most 2, found {o['dt']}")
        clock = time.perf_counter()
        couplings, h, c0 = _scaled(model)
        rng = stream(seed, "bifurcation")
        x, y = (rng.uniform(-0.1, 0.1, (model.n, o["reads"])).astype(np.float32) for _ in range(2))
        ready = time.perf_counter()
        dt = np.float32(o["dt"])
        for step in range(o["steps"]):
            drive = np.float32(1.0 - step / o["steps"])
            z = np.sign(x) if o["variant"] == "discrete" else x
            y -= dt * (drive * x + c0 * (np.asarray(couplings @ z) + h[:, None]))
            x += dt * y
            outside = np.abs(x) > 1.0
            np.clip(x, -1.0, 1.0, out=x)
            y[outside] = 0.0
        spins = np.where(x.T >= 0, 1, -1).astype(np.int8)
        spent = timing(programming=ready - clock, run=time.perf_counter() - ready)
        return Samples(
            spins, model.energy(spins), np.ones(len(spins), np.int64), spent, "spin", {"status": "heuristic"}
        )


def _scaled(model: Ising):
    """(J, h in single precision divided by the largest coefficient, c0)."""
    largest = float(max(np.abs(model.h).max(), abs(model.J).max())) or 1.0
    couplings = (model.J / largest).astype(np.float32)
    h = (model.h / largest).astype(np.float32)
    square = float((couplings.multiply(couplings) if model.sparse else couplings * couplings).sum() + (h * h).sum())
    return couplings, h, np.float32(0.5 / np.sqrt(square / model.n)) if square else np.float32(0.0)
