"""A quantum annealer on a problem: qubits after embedding, and the seconds of programming, anneals and readouts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from silla.base.errors import ArgumentError
from silla.physics.qubits.resources.machines import Machine

__all__ = ["AnnealEstimate", "anneal", "chain_length"]


@dataclass(frozen=True)
class AnnealEstimate:
    """An annealer's answer: there is no error correction, no distance and no proof that the optimum is among the reads.

    chain : physical qubits of one variable. first_s : until the first read, with programming. run_s : all reads.
    """

    program: str
    machine: str
    standing: str
    logical_qubits: int
    physical_qubits: int
    chain: int
    reads: int
    read_s: float
    first_s: float
    run_s: float
    energy_j: float
    fits: bool


def chain_length(n: int, max_degree: int, connectivity: int) -> int:
    """Qubits in a chain for one variable.

    Every chain of c qubits of degree k reaches c (k - 2) + 2 others, and a complete graph on n variables takes chains
    of n / 16 + 1 (Zephyr graphs hold K_(16 m - 8) with chains of about m: Boothby et al., D-Wave report 14-1056A-A).
    The greater of what the degree needs and, in the share of the complete graph that is present, what the clique needs.

    >>> chain_length(160, 159, 20)
    11
    """
    if n < 1 or max_degree < 0 or max_degree >= max(n, 1) + (n == 1):
        raise ArgumentError(f"n is {n} and max_degree {max_degree}, allowed n of 1 or more and a degree below it")
    if connectivity < 3:
        raise ArgumentError(f"connectivity is {connectivity}, allowed 3 or more")
    by_degree = max(1, math.ceil((max_degree - 2) / (connectivity - 2)))
    clique = n / (0.8 * connectivity) + 1
    return max(by_degree, math.ceil(clique * max_degree / max(n - 1, 1))) if max_degree > connectivity else by_degree


def anneal(n: int, max_degree: int, machine: Machine, reads: int = 1000) -> AnnealEstimate:
    """`reads` anneals of an Ising model of n variables; ArgumentError for a gate machine.

    >>> from silla.physics.qubits.resources.machines import MACHINES
    >>> round(anneal(100, 10, MACHINES["annealer"]).run_s, 3)
    0.13
    """
    if machine.kind != "annealer":
        raise ArgumentError(f"{machine.name} does not anneal; use `estimate` for it")
    if reads < 1:
        raise ArgumentError(f"reads is {reads}, allowed 1 or more")
    chain = chain_length(n, max_degree, machine.connectivity)
    read = machine.anneal_s + machine.readout_s
    run = machine.programming_s + reads * read
    qubits = n * chain
    return AnnealEstimate(
        f"anneal-{n}", machine.name, machine.standing, n, qubits, chain, reads, read, machine.programming_s + read, run,
        machine.energy_j(qubits, run), qubits <= machine.qubits,
    )  # fmt: skip
