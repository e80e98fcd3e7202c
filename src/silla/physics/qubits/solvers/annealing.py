"""Simulated annealing, parallel tempering and greedy descent of Ising models."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.samples import Sampler, Samples, timing
from silla.physics.qubits.solvers.single import SingleModel, generator_states, random_spins, single, sweeps

__all__ = ["Annealing", "Greedy", "Tempering", "positive", "temperatures"]

_SAMPLED = 256


def positive(**counts: Any) -> None:
    """Raise ArgumentError for a count that is not a whole number of one at least."""
    for name, value in counts.items():
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ArgumentError(f"{name} must be a whole number of 1 at least, found {value!r}")


def temperatures(model: Ising) -> tuple[float, float]:
    """(hot, cold) temperatures between which a model freezes, in its own units.

    Hot is twice the largest root-mean-square field of a spin: there most flips are taken. Cold is 0.3 times the median,
    over spins, of the same from the smaller half of a spin's coefficients alone, so that terms much weaker than the
    penalties beside them still find their order; of a dense model 256 spins are looked at for it. No coefficient:
    (0, 0).
    """
    if model.sparse:
        rows = [np.append(model.J.data[a:b], h) for a, b, h in zip(model.J.indptr, model.J.indptr[1:], model.h)]
        squares = [np.sort(row[row != 0] ** 2) for row in rows]
        fields = np.array([(s.sum(), s[: (len(s) + 1) // 2].sum()) for s in squares if len(s)]).reshape(-1, 2)
    else:
        every = np.einsum("ij,ij->i", model.J, model.J) + model.h**2
        rows = np.linspace(0, model.n - 1, min(model.n, _SAMPLED)).astype(int)
        square = np.sort(np.column_stack([model.J[rows], model.h[rows]]) ** 2, axis=1)
        there = (square > 0).sum(axis=1)
        total = np.cumsum(square, axis=1)
        zeros = square.shape[1] - there  # the smallest come first
        half = total[np.arange(len(rows)), np.minimum(zeros + (there + 1) // 2, square.shape[1]) - 1]
        fields = np.column_stack([np.full(len(rows), every.max()), half])[there > 0]
        if not len(fields) and every.max() > 0:
            fields = np.full((1, 2), every.max())
    if not len(fields):
        return 0.0, 0.0
    fields = np.sqrt(fields)
    hot = 2.0 * float(fields[:, 0].max())
    return hot, min(0.3 * float(np.median(fields[:, 1])), hot)


def schedule(model: Ising, n_sweeps: int, hot: float | None, cold: float | None, shape: str) -> NDArray[np.float64]:
    """Temperatures [n_sweeps] from hot to cold, "geometric" or "linear"."""
    own_hot, own_cold = temperatures(model) if hot is None or cold is None else (0.0, 0.0)
    first, last = (own_hot if hot is None else hot), (own_cold if cold is None else cold)
    if not (np.isfinite(first) and np.isfinite(last) and first >= last >= 0):
        raise ArgumentError(f"temperatures must satisfy hot >= cold >= 0, found hot {first} and cold {last}")
    if shape == "linear":
        return np.linspace(first, last, n_sweeps)
    if shape != "geometric":
        raise ArgumentError(f"a schedule is 'geometric' or 'linear', found {shape!r}")
    if last == 0.0:
        return np.linspace(first, last, n_sweeps) if first else np.zeros(n_sweeps)
    return np.geomspace(first, last, n_sweeps)


def _counted(states: NDArray[np.int8], energies: NDArray[np.float64], clock: list[float], **info: Any) -> Samples:
    spent = timing(programming=clock[1] - clock[0], run=clock[2] - clock[1])
    return Samples(
        states, energies, np.ones(len(states), dtype=np.int64), spent, "spin", {"status": "heuristic", **info}
    )


class Annealing(Sampler):
    """Simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983): sequential Metropolis sweeps, then a descent.

    Options: reads, sweeps, hot and cold (temperatures in the model's units; None: from its fields), schedule
    ("geometric" or "linear"), initial (spins [reads, n]), use_kernel.

    >>> Annealing().sample(Ising([0.0, 0.1], [[0, 1], [0, 0]]), reads=4, sweeps=10).best[0].tolist()
    [1, -1]
    """

    name: ClassVar[str] = "annealing"
    options: ClassVar[dict[str, Any]] = {
        "reads": 32, "sweeps": 1000, "hot": None, "cold": None, "schedule": "geometric", "initial": None,
        "use_kernel": True,
    }  # fmt: skip

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        positive(reads=o["reads"], sweeps=o["sweeps"])
        clock = [time.perf_counter()]
        arrays = single(model)
        steps = schedule(model, o["sweeps"], o["hot"], o["cold"], o["schedule"]) / arrays.scale
        rng = stream(seed, "annealing")
        states = generator_states(rng, o["reads"])
        spins = _initial(o["initial"], o["reads"], model.n, rng)
        clock.append(time.perf_counter())
        out, energies, flips = sweeps(arrays, spins, steps, states, use_kernel=o["use_kernel"])
        clock.append(time.perf_counter())
        updates = o["reads"] * o["sweeps"] * model.n
        return _counted(out, energies, clock, spin_updates=updates, flips=flips)


def _initial(given: Any, reads: int, n: int, rng: np.random.Generator) -> NDArray[np.int8]:
    if given is None:
        return random_spins(rng, reads, n)
    spins = np.broadcast_to(np.asarray(given), (reads, n)) if np.ndim(given) == 1 else np.asarray(given)
    if spins.shape != (reads, n) or not (np.abs(spins) == 1).all():
        raise ArgumentError(f"initial must be spins -1 or +1, [{reads}, {n}] or [{n}]; found shape {np.shape(given)}")
    return spins.astype(np.int8)


class Greedy(Sampler):
    """Descent by single flips from random spins to a local minimum, `reads` times. Options: reads, use_kernel."""

    name: ClassVar[str] = "greedy"
    options: ClassVar[dict[str, Any]] = {"reads": 100, "use_kernel": True}

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        positive(reads=o["reads"])
        clock = [time.perf_counter()]
        arrays, rng = single(model), stream(seed, "greedy")
        states, spins = generator_states(rng, o["reads"]), random_spins(rng, o["reads"], model.n)
        clock.append(time.perf_counter())
        out, energies, flips = sweeps(arrays, spins, np.zeros(0), states, use_kernel=o["use_kernel"])
        clock.append(time.perf_counter())
        return _counted(out, energies, clock, flips=flips)


class Tempering(Sampler):
    """Parallel tempering (Hukushima and Nemoto 1996): replicas on a geometric ladder, neighbours exchange.

    Each read is a ladder of its own and returns the best state that any of its replicas met at the end of a round,
    after a descent. Options: reads, replicas, rounds, sweeps_per_round, hot, cold, use_kernel.
    """

    name: ClassVar[str] = "tempering"
    options: ClassVar[dict[str, Any]] = {
        "reads": 1, "replicas": 16, "rounds": 100, "sweeps_per_round": 10, "hot": None, "cold": None,
        "use_kernel": True,
    }  # fmt: skip

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        reads, replicas = o["reads"], o["replicas"]
        positive(reads=reads, replicas=replicas, rounds=o["rounds"], sweeps_per_round=o["sweeps_per_round"])
        clock = [time.perf_counter()]
        arrays, rng = single(model), stream(seed, "tempering")
        ladder = schedule(model, replicas, o["hot"], o["cold"], "geometric") / arrays.scale
        spins = random_spins(rng, reads * replicas, model.n)
        clock.append(time.perf_counter())
        best, energies, exchanged = _temper(arrays, spins, ladder, reads, o, rng)
        clock.append(time.perf_counter())
        return _counted(best, energies, clock, exchange_rate=exchanged)


def _temper(arrays: SingleModel, spins, ladder, reads: int, o: dict[str, Any], rng: np.random.Generator):
    replicas = len(ladder)
    steps = np.repeat(np.tile(ladder, reads)[:, None], o["sweeps_per_round"], axis=1)
    best, least = spins[::replicas].copy(), np.full(reads, np.inf)
    inverse = 1.0 / np.maximum(ladder, 1e-30)
    accepted = tried = 0
    for k in range(o["rounds"]):
        states = generator_states(rng, len(spins))
        spins, energies, _ = sweeps(arrays, spins, steps, states, descend=False, use_kernel=o["use_kernel"])
        e = energies.reshape(reads, replicas)
        low = np.argmin(e, axis=1)
        better = np.flatnonzero(e[np.arange(reads), low] < least)
        best[better] = spins.reshape(reads, replicas, -1)[better, low[better]]
        least[better] = e[better, low[better]]
        left = np.arange(k % 2, replicas - 1, 2)
        if len(left):
            # exchange with probability min(1, exp((beta_i - beta_j)(E_i - E_j)))
            gain = (inverse[left] - inverse[left + 1]) * (e[:, left] - e[:, left + 1])
            swap = np.log(rng.random(gain.shape)) < gain
            accepted, tried = accepted + int(swap.sum()), tried + swap.size
            order = np.tile(np.arange(replicas), (reads, 1))
            r, c = np.nonzero(swap)
            order[r, left[c]], order[r, left[c] + 1] = left[c] + 1, left[c]
            spins = spins[(np.arange(reads)[:, None] * replicas + order).ravel()]
    out, energies, _ = sweeps(arrays, best, np.zeros(0), generator_states(rng, reads), use_kernel=o["use_kernel"])
    return out, energies, accepted / tried if tried else float("nan")
