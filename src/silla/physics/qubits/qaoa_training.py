"""Angles of QAOA: L-BFGS with the adjoint gradient, from starts that grow with the depth.

"interp" and "fourier" carry the angles of depth p to depth p + 1 (Zhou, Wang, Choi, Pichler and Lukin, PRX 10, 021067,
2020, appendix B); "ramp" starts at the full depth from a linear schedule, as a coarse annealing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from silla.base.errors import ArgumentError
from silla.physics.qubits.qaoa import Qaoa

__all__ = ["Trained", "fourier_angles", "interpolated", "ramp", "train"]

Floats = NDArray[np.float64]
METHODS = ("interp", "fourier", "ramp")


@dataclass(frozen=True, eq=False)
class Trained:
    """Angles [p] each, the energy there, evaluations (gradients count as one) and seconds spent, energies by depth."""

    gamma: Floats
    beta: Floats
    energy: float
    n_evaluations: int
    seconds: float
    by_depth: list[float] = field(default_factory=list)


def interpolated(angles: Floats) -> Floats:
    """Angles of depth p + 1 from those of depth p: x'_i = (i-1)/p x_(i-1) + (p-i+1)/p x_i (Zhou et al., eq. B1).

    >>> interpolated(np.array([1.0, 2.0])).tolist()
    [1.0, 1.5, 2.0]
    """
    p = len(angles)
    i = np.arange(1, p + 2)
    padded = np.concatenate([[0.0], angles, [0.0]])
    return (i - 1) / p * padded[i - 1] + (p - i + 1) / p * padded[i]


def fourier_angles(u: Floats, v: Floats, depth: int) -> tuple[Floats, Floats]:
    """gamma_i = sum_k u_k sin((k-1/2)(i-1/2) pi/p), beta_i = sum_k v_k cos(the same) (Zhou et al., eq. 8)."""
    sine, cosine = _waves(len(u), depth)
    return u @ sine, v @ cosine


def _waves(n_waves: int, depth: int) -> tuple[Floats, Floats]:
    x = np.outer(np.arange(n_waves) + 0.5, np.arange(depth) + 0.5) * np.pi / depth
    return np.sin(x), np.cos(x)


def ramp(depth: int, scale: float, length: float = 0.75) -> tuple[Floats, Floats]:
    """A linear schedule: gamma rises to length/scale, beta (negative) goes from -length to 0 (Sack and Serbyn, Quantum
    5, 491, 2021, with the time step `length`)."""
    f = (np.arange(depth) + 0.5) / depth
    return length * f / scale, -length * (1.0 - f)


class _Objective:
    """Energies and gradients in units of the model's scale, counted; remembers the best."""

    def __init__(self, qaoa: Qaoa, budget: int, deadline: float):
        self.qaoa, self.budget, self.deadline = qaoa, budget, deadline
        self.count = 0
        self.best: tuple[float, Floats, Floats] | None = None

    def spent(self) -> bool:
        return self.count >= self.budget or time.perf_counter() > self.deadline

    def __call__(self, gamma: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
        energy, d_gamma, d_beta = self.qaoa.gradient(gamma, beta)
        self.note(energy, gamma, beta)
        return energy, d_gamma, d_beta

    def note(self, energy: float, gamma: Floats, beta: Floats) -> None:
        self.count += 1
        if self.best is None or energy < self.best[0]:
            self.best = energy, gamma.copy(), beta.copy()


class _Spent(Exception):
    """The budget of evaluations or seconds is used up."""


def _descend(objective: _Objective, x0: Floats, angles: Callable[[Floats], tuple[Floats, Floats]],
             pull: Callable[[Floats, Floats], Floats]) -> Floats:  # fmt: skip
    """The best x found by L-BFGS from x0; angles: x -> (gamma, beta), pull: their derivatives back to x."""
    scale = objective.qaoa.scale
    seen: list[tuple[float, Floats]] = []

    def value(x: Floats) -> tuple[float, Floats]:
        if objective.spent():
            raise _Spent
        energy, d_gamma, d_beta = objective(*angles(x))
        seen.append((energy, x.copy()))
        return energy / scale, pull(d_gamma, d_beta) / scale

    with contextlib.suppress(_Spent):
        minimize(value, x0, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-9, "gtol": 1e-6})
    return min(seen, key=lambda s: s[0])[1] if seen else x0


def _polish(objective: _Objective, gamma: Floats, beta: Floats) -> tuple[Floats, Floats]:
    scale, p = objective.qaoa.scale, len(gamma)
    x = _descend(
        objective, np.concatenate([gamma * scale, beta]), lambda x: (x[:p] / scale, x[p:]),
        lambda dg, db: np.concatenate([dg / scale, db]),
    )  # fmt: skip
    return x[:p] / scale, x[p:]


def _first(objective: _Objective) -> tuple[Floats, Floats]:
    """The best of a coarse grid at depth one: angles of both signs, gamma up to 2/scale, beta up to pi/4."""
    scale, best = objective.qaoa.scale, None
    for g in np.array([0.25, 0.6, 1.2, 2.0]) / scale:
        for b in np.pi / 4 * np.array([-0.75, -0.5, -0.25, 0.25, 0.5, 0.75]):
            if best is not None and objective.spent():
                break
            gamma, beta = np.array([g]), np.array([b])
            energy = objective.qaoa.energy(gamma, beta)
            objective.note(energy, gamma, beta)
            if best is None or energy < best[0]:
                best = energy, gamma, beta
    assert best is not None
    return best[1], best[2]


def train(
    qaoa: Qaoa, depth: int, *, method: str = "interp", max_evaluations: int = 1000, max_seconds: float = np.inf
) -> Trained:
    """Angles of that depth with a low energy; never higher than at any angles tried on the way.

    method : "interp", "fourier" (as many waves as layers) or "ramp". max_evaluations, max_seconds : leave with the best
    found so far. A descent finds a local minimum; which one depends on the method.
    """
    if method not in METHODS:
        raise ArgumentError(f"a method of training is one of {', '.join(METHODS)}, found {method!r}")
    if not isinstance(depth, (int, np.integer)) or depth < 1:
        raise ArgumentError(f"the depth of QAOA is a whole number of 1 at least, found {depth!r}")
    if max_evaluations < 1 or not max_seconds > 0:
        raise ArgumentError(f"training needs one evaluation and some time, found {max_evaluations} and {max_seconds} s")
    clock = time.perf_counter()
    objective = _Objective(qaoa, max_evaluations, clock + max_seconds)
    by_depth: list[float] = []
    if method == "ramp":
        gamma, beta = ramp(depth, qaoa.scale)
        _polish(objective, gamma, beta)
    else:
        gamma, beta = _polish(objective, *_first(objective))
        by_depth.append(_best_at(objective, 1)[0])
        grow = _grow_interp if method == "interp" else _grow_fourier
        for p in range(2, depth + 1):
            gamma, beta = grow(objective, gamma, beta, p)
            by_depth.append(objective.best[0] if objective.best else np.inf)
            if objective.spent():
                break
    energy, gamma, beta = _best_at(objective, depth)
    return Trained(gamma, beta, energy, objective.count, time.perf_counter() - clock, by_depth)


def _best_at(objective: _Objective, depth: int) -> tuple[float, Floats, Floats]:
    """The best so far, layers of no effect added where it is shallower."""
    assert objective.best is not None
    energy, gamma, beta = objective.best
    zeros = np.zeros(depth - len(gamma))
    return energy, np.concatenate([gamma, zeros]), np.concatenate([beta, zeros])


def _grow_interp(objective: _Objective, gamma: Floats, beta: Floats, depth: int) -> tuple[Floats, Floats]:
    return _polish(objective, interpolated(gamma), interpolated(beta))


def _grow_fourier(objective: _Objective, gamma: Floats, beta: Floats, depth: int) -> tuple[Floats, Floats]:
    scale, p = objective.qaoa.scale, len(gamma)
    sine, cosine = _waves(p, p)
    u, v = np.linalg.solve(sine.T, gamma) * scale, np.linalg.solve(cosine.T, beta)
    x0 = np.concatenate([u, [0.0], v, [0.0]])
    sine, cosine = _waves(depth, depth)
    x = _descend(
        objective, x0, lambda x: (x[:depth] @ sine / scale, x[depth:] @ cosine),
        lambda dg, db: np.concatenate([sine @ dg / scale, cosine @ db]),
    )  # fmt: skip
    return x[:depth] @ sine / scale, x[depth:] @ cosine
