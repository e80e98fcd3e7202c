"""Noise of gates and of reading: trajectories of state vectors, and the exact density matrix for few qubits.

After each gate its qubits are depolarised, rho -> (1 - p) rho + p I/2^k (Nielsen and Chuang, section 8.3.4, k = 1 or
2), and each is damped, |1> -> |0> with probability `damping` (section 8.3.5). Reads flip independently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.physics.qubits.circuits import Circuit, applied, matrix
from silla.physics.qubits.statevector.memory import plan

__all__ = ["Noise", "NoisyRun", "density_matrix", "exact_probabilities", "misread", "trajectories"]

_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_MOST_DENSITY = 10  # qubits


@dataclass(frozen=True)
class Noise:
    """Probabilities, each in [0, 1].

    one_qubit, two_qubit : depolarising after a gate on one or two qubits. damping : amplitude damping of each qubit of
    a gate after it. read_1_as_0, read_0_as_1 : wrong reads.
    """

    one_qubit: float = 0.0
    two_qubit: float = 0.0
    damping: float = 0.0
    read_1_as_0: float = 0.0
    read_0_as_1: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 <= value <= 1.0:
                raise ArgumentError(f"noise: {name} is {value}, allowed 0 to 1")

    def depolarising(self, n_qubits: int) -> float:
        """The probability that goes with a gate on so many qubits."""
        return self.one_qubit if n_qubits == 1 else self.two_qubit


@dataclass(frozen=True, eq=False)
class NoisyRun:
    """Means over trajectories: probabilities [2^n] of reads, energy, and the standard error of the energy."""

    probabilities: NDArray[np.float64]
    energy: float
    standard_error: float
    n_trajectories: int


def density_matrix(circuit: Circuit, noise: Noise) -> NDArray[np.complex128]:
    """The exact state [2^n, 2^n] before it is read; up to 10 qubits, ArgumentError above."""
    if circuit.n > _MOST_DENSITY:
        raise ArgumentError(
            f"a density matrix of n = {circuit.n} qubits; {_MOST_DENSITY} at most, above take trajectories"
        )
    size = 1 << circuit.n
    rho = np.zeros((size, size), dtype=complex)
    rho[0, 0] = 1.0
    keep = np.diag([1.0, np.sqrt(1.0 - noise.damping)])
    fall = np.array([[0.0, np.sqrt(noise.damping)], [0.0, 0.0]])
    for gate in circuit.gates:
        rho = _both_sides(rho, matrix(gate), gate.qubits)
        p = noise.depolarising(len(gate.qubits))
        if p:
            mixed = sum(
                _both_sides(rho, _pauli(k, len(gate.qubits)), gate.qubits) for k in range(4 ** len(gate.qubits))
            )
            rho = (1.0 - p) * rho + p * mixed / 4 ** len(gate.qubits)
        if noise.damping:
            for q in gate.qubits:
                rho = _both_sides(rho, keep, (q,)) + _both_sides(rho, fall, (q,))
    return rho


def _pauli(k: int, n_qubits: int) -> NDArray[np.complex128]:
    out = _PAULIS[k & 3]
    return out if n_qubits == 1 else np.kron(_PAULIS[k >> 2], out)


def _both_sides(rho: NDArray[Any], operator: NDArray[Any], qubits: tuple[int, ...]) -> NDArray[np.complex128]:
    """A rho A^dagger: rho as a state of twice the qubits, rows the high ones."""
    n = len(rho).bit_length() - 1
    flat = applied(rho.reshape(-1), operator.astype(complex), tuple(q + n for q in qubits))
    return applied(flat, operator.astype(complex).conj(), qubits).reshape(rho.shape)


def misread(probabilities: ArrayLike, noise: Noise) -> NDArray[np.float64]:
    """Probabilities [2^n] of what is read, from those of what is there."""
    p = np.asarray(probabilities, dtype=np.float64)
    if noise.read_1_as_0 == noise.read_0_as_1 == 0.0:
        return p
    for q in range(len(p).bit_length() - 1):
        v = p.reshape(-1, 2, 1 << q)
        zero, one = v[:, 0], v[:, 1]
        up, down = noise.read_0_as_1 * zero, noise.read_1_as_0 * one
        p = np.stack([zero - up + down, one - down + up], axis=1).reshape(-1)
    return p


def exact_probabilities(circuit: Circuit, noise: Noise) -> NDArray[np.float64]:
    """Probabilities [2^n] of reads, by the density matrix."""
    return misread(np.real(np.diag(density_matrix(circuit, noise))), noise)


def trajectories(
    circuit: Circuit, noise: Noise, energies: ArrayLike, n_trajectories: int, rng: np.random.Generator
) -> NoisyRun:
    """Quantum trajectories (Dalibard, Castin and Molmer, PRL 68, 580, 1992): means that converge to the exact ones.

    energies : [2^n] of basis states (`Cost.energies`). Cost: gates times 2^n for each trajectory, except those without
    an error, which are one state.
    """
    value = np.asarray(energies, dtype=np.float64)
    if value.shape != (1 << circuit.n,):
        raise ArgumentError(f"energies have the shape {value.shape}; expected {(1 << circuit.n,)}")
    if n_trajectories < 2:
        raise ArgumentError(f"the number of trajectories is {n_trajectories}; at least 2, for a standard error")
    plan(circuit.n + 1, precision="double")
    clean: NDArray[np.float64] | None = None
    total, found = np.zeros(len(value)), np.empty(n_trajectories)
    for k in range(n_trajectories):
        errors = [_draw_error(noise, len(g.qubits), rng) for g in circuit.gates]
        if not noise.damping and not any(errors):
            clean = _one(circuit, noise, errors, rng) if clean is None else clean
            p = clean
        else:
            p = _one(circuit, noise, errors, rng)
        total += p
        found[k] = p @ value
    error = float(found.std(ddof=1) / np.sqrt(n_trajectories))
    return NoisyRun(total / n_trajectories, float(found.mean()), error, n_trajectories)


def _draw_error(noise: Noise, n_qubits: int, rng: np.random.Generator) -> int:
    """0 for none, else the Pauli that strikes: I/2^k is the mean of all 4^k Paulis, the identity among them."""
    if rng.random() >= noise.depolarising(n_qubits):
        return 0
    return int(rng.integers(4**n_qubits))


def _one(circuit: Circuit, noise: Noise, errors: list[int], rng: np.random.Generator) -> NDArray[np.float64]:
    state = np.zeros(1 << circuit.n, dtype=complex)
    state[0] = 1.0
    for gate, error in zip(circuit.gates, errors):
        operator = matrix(gate)
        if error:
            operator = _pauli(error, len(gate.qubits)) @ operator
        state = applied(state, operator, gate.qubits)
        if noise.damping:
            for q in gate.qubits:
                state = _damped(state, q, noise.damping, rng)
    return misread(np.abs(state) ** 2, noise)


def _damped(state: NDArray[Any], q: int, damping: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    parts = state.reshape(-1, 2, 1 << q)
    excited = float((np.abs(parts[:, 1]) ** 2).sum())
    out = np.zeros_like(parts)
    if rng.random() < damping * excited:
        out[:, 0] = parts[:, 1] / np.sqrt(excited)
    else:
        left = np.sqrt(1.0 - damping * excited)
        out[:, 0], out[:, 1] = parts[:, 0] / left, parts[:, 1] * (np.sqrt(1.0 - damping) / left)
    return out.reshape(-1)
