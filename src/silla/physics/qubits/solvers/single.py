"""Ising models in single precision as the kernels take them, annealing sweeps and tabu steps: kernels and NumPy twins.

Coefficients are divided by the largest, so that any unit fits; spins are padded to a multiple of 16 with ones that
never flip. Kernel and twin draw the same numbers and give the same states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.physics.qubits.ising import Ising

__all__ = ["LANES", "SingleModel", "generator_states", "random_spins", "single", "sweeps", "tabu_steps"]

LANES = 16
_FROZEN = np.float32(-1e30)
_LOG2 = tuple(np.float32(c) for c in (0.44265944, -0.27672833, 0.18486223, -0.09838762, 0.02627305))
_COLD_SWEEPS = 100
Float32s = NDArray[np.float32]


@dataclass(frozen=True)
class SingleModel:
    """h [n_pad] and J of an Ising model times 1 / `scale`; exactly one of dense [n, n_pad] and sparse rows is there."""

    n: int
    scale: float
    h: Float32s
    dense: Float32s | None
    first: NDArray[np.int32] | None
    column: NDArray[np.int32] | None
    value: Float32s | None

    @property
    def couplings(self) -> dict[str, Any]:
        """The couplings as keyword arguments of the kernels."""
        return {"dense": self.dense, "first": self.first, "column": self.column, "value": self.value}

    def padded(self, spins: NDArray[Any]) -> Float32s:
        """Spins [R, n] as float32 [R, n_pad]."""
        out = np.ones((len(spins), len(self.h)), dtype=np.float32)
        out[:, : self.n] = spins
        return out

    def row(self, i: int) -> Float32s:
        """Couplings [n_pad] of spin i."""
        if self.dense is not None:
            return self.dense[i]
        assert self.first is not None and self.column is not None and self.value is not None
        out = np.zeros(len(self.h), dtype=np.float32)
        part = slice(self.first[i], self.first[i + 1])
        out[self.column[part]] = self.value[part]
        return out

    def fields(self, spins: Float32s) -> Float32s:
        """h + J s [R, n_pad], summed in double precision."""
        if self.dense is not None:
            total = spins[:, : self.n].astype(np.float64) @ self.dense.astype(np.float64)
        else:
            total = np.zeros(spins.shape)
            for i in range(self.n):
                total += spins[:, i, None].astype(np.float64) * self.row(i)
        return (total + self.h).astype(np.float32)


def single(model: Ising) -> SingleModel:
    """The model as the kernels take it: dense, or sparse where fewer than a tenth of the couplings are there."""
    largest = float(max(np.abs(model.h).max(), abs(model.J).max() if not model.sparse or model.J.nnz else 0.0))
    scale = largest or 1.0
    pad = -(-model.n // LANES) * LANES
    h = np.full(pad, _FROZEN)
    h[: model.n] = model.h / scale
    few = model.sparse and model.J.nnz < 0.1 * model.n**2
    if few:
        rows = model.J
        return SingleModel(
            model.n, scale, h, None, rows.indptr.astype(np.int32), rows.indices.astype(np.int32),
            (rows.data / scale).astype(np.float32),
        )  # fmt: skip
    dense = np.zeros((model.n, pad), dtype=np.float32)
    dense[:, : model.n] = model.dense().J / scale
    return SingleModel(model.n, scale, h, dense, None, None, None)


def random_spins(rng: np.random.Generator, reads: int, n: int) -> NDArray[np.int8]:
    """Uniform spins [reads, n]."""
    return (2 * rng.integers(0, 2, (reads, n), dtype=np.int8) - 1).astype(np.int8)


def generator_states(rng: np.random.Generator, reads: int) -> NDArray[np.uint32]:
    """States [reads, 4, 16] of xoshiro128+, one generator for each lane of each read."""
    states = rng.integers(0, 2**32, (reads, 4, LANES), dtype=np.uint32)
    states[:, 0] |= 1  # the state of all zeros would stay there
    return states


def sweeps(
    model: SingleModel,
    spins: NDArray[Any],
    temperatures: NDArray[Any],
    states: NDArray[np.uint32],
    *,
    descend: bool = True,
    use_kernel: bool = True,
) -> tuple[NDArray[np.int8], NDArray[np.float64], int]:
    """Sequential Metropolis sweeps.

    Parameters
    ----------
    spins : [R, n]. temperatures : [n_sweeps], or [R, n_sweeps] one row a read, in units of the model's scale.
    states : [R, 4, 16] of the random generators. descend : end with sweeps at zero temperature until no spin flips.

    Returns
    -------
    (spins int8 [R, n], energies [R] in units of the scale and without offset, flips of all reads). Energies come from
    single-precision fields; models give exact ones.
    """
    t = np.ascontiguousarray(np.atleast_2d(np.asarray(temperatures, dtype=np.float32)))
    if not (np.isfinite(t).all() and (t >= 0).all()):
        raise ArgumentError("temperatures must be finite and not negative")
    fast = kernel("anneal") if use_kernel else None
    start = model.padded(spins)
    if fast is not None:
        s, f, flips = fast(model.h, model.n, start, t, states, descend, **model.couplings)
    else:
        s, f, flips = _twin(model, start, t, states.copy(), descend)
    s, f = s[:, : model.n].astype(np.float64), f[:, : model.n].astype(np.float64)
    energies = 0.5 * np.einsum("ri,ri->r", s, f + model.h[: model.n])
    return s.astype(np.int8), energies, int(flips.sum())


def _twin(model: SingleModel, s: Float32s, t: Float32s, state: NDArray[np.uint32], descend: bool):
    f = model.fields(s)
    flips = np.zeros(len(s), dtype=np.int64)
    for k in range(t.shape[1]):
        _sweep(model, s, f, flips, t[:, k], state)
    for _ in range(_COLD_SWEEPS if descend else 0):
        before = flips.copy()
        _sweep(model, s, f, flips, None, state)
        if (flips == before).all():
            break
    return s, f, flips


def _sweep(model: SingleModel, s: Float32s, f: Float32s, flips, temperature: Float32s | None, state) -> None:
    for b in range(0, len(model.h), LANES):
        threshold = np.zeros((len(s), LANES), dtype=np.float32)
        if temperature is not None:
            threshold = temperature[:, None] * _exponential(state)
        for i in range(b, min(b + LANES, model.n)):
            rows = np.flatnonzero(np.float32(-2.0) * s[:, i] * f[:, i] < threshold[:, i - b])
            if len(rows):
                s[rows, i] = -s[rows, i]
                f[rows] += (np.float32(2.0) * s[rows, i])[:, None] * model.row(i)
                flips[rows] += 1


def _exponential(state: NDArray[np.uint32]) -> Float32s:
    """Exp(1) draws [R, 16]; the states advance (xoshiro128+; Blackman and Vigna, ACM TOMS 47 2021)."""
    a, b = state[:, 0], state[:, 1]
    r = a + state[:, 3]
    c, d = state[:, 2] ^ a, state[:, 3] ^ b
    new = b ^ c, a ^ d, c ^ (b << np.uint32(9)), (d << np.uint32(11)) | (d >> np.uint32(21))
    state[:, 1], state[:, 0], state[:, 2], state[:, 3] = new
    u = (r >> np.uint32(8)).astype(np.float32) + np.float32(0.5)
    bits = u.view(np.int32)
    x = ((bits & 0x007FFFFF) | 0x3F800000).view(np.float32) - np.float32(1.0)
    q = _LOG2[4]
    for coefficient in _LOG2[3::-1]:
        q = coefficient + x * q
    log2 = ((bits >> 23) - 127).astype(np.float32) + (x + (x * (np.float32(1.0) - x)) * q)
    return ((np.float32(24.0) - log2) * np.float32(0.6931472)).astype(np.float32, copy=False)


def tabu_steps(
    model: SingleModel, spins: NDArray[Any], tenure: NDArray[Any], *, use_kernel: bool = True
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """(best spins met [R, n], step at which) of tabu searches by single flips from spins [R, n].

    tenure : [n_steps], steps for which the spin flipped then is held. The best change among spins that are free, or
    that lead below everything met, is taken, up or down (Glover 1989).
    """
    held = np.ascontiguousarray(tenure, dtype=np.int32)
    fast = kernel("tabu") if use_kernel else None
    start = model.padded(spins)
    if fast is not None:
        best, step = fast(model.h, model.n, start, held, **model.couplings)
    else:
        best, step = _tabu_twin(model, start, held)
    return best[:, : model.n].astype(np.int8), step


def _tabu_twin(model: SingleModel, s: Float32s, tenure: NDArray[np.int32]):
    f, best = model.fields(s), s.copy()
    rows = np.arange(len(s))
    free_at = np.zeros(s.shape, dtype=np.float32)
    energy, least = np.zeros(len(s)), np.zeros(len(s))
    step = np.zeros(len(s), dtype=np.int64)
    for t in range(1, len(tenure) + 1):
        change = np.float32(-2.0) * s * f
        aspired = (least - energy).astype(np.float32) - np.float32(1e-6) * np.abs(least).astype(np.float32)
        allowed = np.where((free_at <= t) | (change < aspired[:, None]), change, np.float32(2e38))
        pick = np.argmin(allowed, axis=1)
        move = allowed[rows, pick] < 1e29
        r, i = rows[move], pick[move]
        s[r, i] = -s[r, i]
        f[r] += (np.float32(2.0) * s[r, i])[:, None] * np.stack([model.row(k) for k in i]) if len(r) else 0
        energy[r] += allowed[r, i]
        free_at[r, i] = t + 1 + tenure[t - 1]
        better = r[energy[r] < least[r] - 1e-9]
        least[better], best[better], step[better] = energy[better], s[better], t
    return best, step
