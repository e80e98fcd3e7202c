"""Solvers of Ising models behind one interface (`samples.Sampler`): `SOLVERS[name]()` makes one.

Classical: exhaustive, cp-sat, highs (exact or bounded), annealing, tempering, tabu, bifurcation, greedy. Detectors of
MIMO symbols are in `problems.mimo_detectors`, colouring rivals in `problems.colouring`.
Quantum, simulated exactly: qaoa, grover; machines are in `machines`.
"""

from __future__ import annotations

from collections.abc import Callable

from silla.physics.qubits.grover import GroverSolver
from silla.physics.qubits.qaoa_solver import QaoaSolver
from silla.physics.qubits.samples import Sampler
from silla.physics.qubits.solvers.annealing import Annealing, Greedy, Tempering
from silla.physics.qubits.solvers.bifurcation import Bifurcation
from silla.physics.qubits.solvers.exhaustive import Exhaustive
from silla.physics.qubits.solvers.integer import CpSat, Highs
from silla.physics.qubits.solvers.tabu import Tabu

__all__ = ["SOLVERS", "Annealing", "Bifurcation", "CpSat", "Exhaustive", "Greedy", "Highs", "Tabu", "Tempering"]

_KINDS: tuple[type[Sampler], ...] = (
    Exhaustive, CpSat, Highs, Annealing, Tempering, Tabu, Bifurcation, Greedy, QaoaSolver, GroverSolver,
)  # fmt: skip
SOLVERS: dict[str, Callable[[], Sampler]] = {kind.name: kind for kind in _KINDS}
