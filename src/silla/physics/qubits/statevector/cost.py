"""The energies of all 2^n basis states of an Ising model or a polynomial of spins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.physics.qubits.ising import Ising, Qubo
from silla.physics.qubits.polynomial import HigherOrder
from silla.physics.qubits.statevector import twin
from silla.physics.qubits.statevector.memory import aligned, plan

__all__ = ["Cost", "Terms", "cost_of", "spins_at", "terms_of"]

_MOST_COUNTS = 65535


@dataclass(frozen=True)
class Terms:
    """A polynomial of n spins: fields h, couplings J [n, n] (upper triangle), and products of more spins by mask."""

    n: int
    h: NDArray[np.float64]
    J: NDArray[np.float64]
    masks: NDArray[np.uint64]
    coefficients: NDArray[np.float64]
    offset: float

    @property
    def symmetric(self) -> bool:
        """Whether flipping all spins changes no energy: only products of even degree."""
        return not self.h.any() and not any(int(m).bit_count() % 2 for m in self.masks)

    @property
    def bound(self) -> float:
        """A bound on |energy - offset|."""
        return float(np.abs(self.h).sum() + np.abs(self.J).sum() + np.abs(self.coefficients).sum())

    def all_values(self) -> NDArray[np.float64]:
        """Every coefficient that is not zero."""
        values = np.concatenate([self.h, self.J.ravel(), self.coefficients])
        return values[values != 0.0]

    def products(self) -> list[tuple[tuple[int, ...], float]]:
        """(spins, coefficient) of every term, fields first."""
        out: list[tuple[tuple[int, ...], float]] = [((int(i),), float(self.h[i])) for i in np.nonzero(self.h)[0]]
        out += [((int(i), int(j)), float(self.J[i, j])) for i, j in zip(*np.nonzero(self.J))]
        for mask, value in zip(self.masks, self.coefficients):
            out.append((tuple(q for q in range(self.n) if int(mask) >> q & 1), float(value)))
        return out

    def halved(self) -> Terms:
        """The same energies with the last spin +1."""
        n, last = self.n - 1, 1 << (self.n - 1)
        masks = np.array([int(m) & ~last for m in self.masks], dtype=np.uint64)
        return Terms(n, self.h[:n] + self.J[:n, n], self.J[:n, :n].copy(), masks, self.coefficients, self.offset)


def terms_of(model: Any) -> Terms:
    """The terms of an Ising model, a QUBO or a polynomial; ArgumentError for anything else."""
    if isinstance(model, Terms):
        return model
    if isinstance(model, Qubo):
        model = model.to_ising()
    none = np.zeros(0, dtype=np.uint64), np.zeros(0)
    if isinstance(model, Ising):
        couplings = np.triu(np.asarray(model.dense().J, dtype=np.float64), 1)
        return Terms(model.n, np.array(model.h, dtype=np.float64), couplings, *none, float(model.offset))
    if not isinstance(model, HigherOrder):
        raise ArgumentError(f"a model is an Ising, a Qubo or a HigherOrder, found {type(model).__name__}")
    spin = model.to_spin()
    if spin.n > 62:
        raise ArgumentError(f"a polynomial over {spin.n} spins has no exact state vector; 62 at most can be addressed")
    h, couplings = np.zeros(spin.n), np.zeros((spin.n, spin.n))
    masks, values = [], []
    for term, value in spin.terms.items():
        if len(term) == 1:
            h[term[0]] = value
        elif len(term) == 2:
            couplings[term] = value
        else:
            masks.append(sum(1 << q for q in term))
            values.append(value)
    return Terms(spin.n, h, couplings, np.array(masks, np.uint64), np.array(values, np.float64), float(spin.offset))


@dataclass(frozen=True, eq=False)
class Cost:
    """Energies without their offset: base + step * values, values [2^n] of float32, float64 or uint16.

    mirror : only the half with the last spin +1 is held, n one less than the model's spins.
    least, greatest : the extremes; least_at : a basis state of the least.
    """

    n: int
    values: NDArray[Any]
    base: float
    step: float
    mirror: bool
    terms: Terms
    least: float
    greatest: float
    least_at: int

    @property
    def counted(self) -> bool:
        """Whether the values are counts of a step."""
        return self.values.dtype == np.uint16

    @property
    def offset(self) -> float:
        """Constant that the values leave out."""
        return self.terms.offset

    def energies(self) -> NDArray[np.float64]:
        """Energies [2^n] with the offset, for small n."""
        return self.base + self.step * self.values.astype(np.float64) + self.offset

    def spins(self, states: NDArray[np.int64]) -> NDArray[np.int8]:
        """Spins [..., spins of the model] of basis states; the last is +1 where only half is held."""
        out = spins_at(states, self.n)
        return np.concatenate([out, np.ones((*out.shape[:-1], 1), np.int8)], axis=-1) if self.mirror else out


def spins_at(states: NDArray[np.int64], n: int) -> NDArray[np.int8]:
    """Spins [..., n] of basis states, +1 for bit 0."""
    bits = np.asarray(states)[..., None] >> np.arange(n) & 1
    return (1 - 2 * bits).astype(np.int8)


def _step(terms: Terms) -> float:
    """The coarsest 2^-k of which all coefficients are multiples; 0 where there is none that is useful."""
    values = terms.all_values()
    for k in range(9):
        scaled = values * 2.0**k
        if np.array_equal(scaled, np.rint(scaled)):
            return 2.0**-k * float(np.gcd.reduce(np.abs(scaled).astype(np.int64))) if len(values) else 1.0
    return 0.0


def cost_of(
    model: Any, *, precision: str = "single", mirror: bool = False, gradient: bool = False, counted: bool | None = None,
    limit: int | None = None, use_kernel: bool = True,
) -> Cost:  # fmt: skip
    """Energies of all basis states of a model.

    Parameters
    ----------
    model : Ising, Qubo or HigherOrder. precision : "single" or "double". mirror : hold the half with the last spin +1;
        the model must not change when all spins flip. gradient, limit : see `memory.plan`, which refuses what is too
        large before anything is allocated.
    counted : hold whole numbers of a step, exact in 16 bits; None: where the coefficients allow it.

    >>> cost_of(Ising([0.5, 0.0], [[0, -1], [0, 0]])).energies().tolist()
    [-0.5, 0.5, 1.5, -1.5]
    """
    terms = terms_of(model)
    if mirror and (not terms.symmetric or terms.n < 2):
        raise ArgumentError("half a state serves models of two spins at least without fields or products of odd degree")
    n = terms.n - mirror
    step = _step(terms)
    step *= 2.0  # a flip of spins changes an energy by twice some coefficients
    fits = step > 0.0 and 2.0 * terms.bound / step <= _MOST_COUNTS
    if counted and not fits:
        raise ArgumentError("the energies are not whole numbers of one step within 16 bits; take counted=False")
    counted = fits if counted is None else counted
    plan(n, precision=precision, counted=counted, gradient=gradient, limit=limit)
    base, step = (-terms.bound, step) if counted else (0.0, 1.0)
    values = aligned((1 << n,), np.uint16 if counted else np.float32 if precision == "single" else np.float64)
    least, least_at, greatest, _ = _fill(values, terms.halved() if mirror else terms, base, step, use_kernel)
    return Cost(n, values, base, step, mirror, terms, least, greatest, least_at)


def _fill(values: NDArray[Any], terms: Terms, base: float, step: float, use_kernel: bool) -> Any:
    use_kernel = use_kernel and len(values) > 1
    if not len(terms.masks):
        fill = (kernel("ising_diagonal") if use_kernel else None) or twin.ising_diagonal
        return fill(values, np.ascontiguousarray(terms.h), np.ascontiguousarray(terms.J), base, step)
    fill = (kernel("polynomial_diagonal") if use_kernel else None) or twin.polynomial_diagonal
    pairs = np.nonzero(terms.J)
    masks = np.concatenate([
        np.uint64(1) << np.arange(terms.n, dtype=np.uint64),
        (np.uint64(1) << pairs[0].astype(np.uint64)) | (np.uint64(1) << pairs[1].astype(np.uint64)),
        terms.masks,
    ]).astype(np.uint64)  # fmt: skip
    return fill(values, masks, np.concatenate([terms.h, terms.J[pairs], terms.coefficients]), base, step)
