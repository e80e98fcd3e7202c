"""Exact state vectors of QAOA: costs of all basis states, layers of phases and rotations, gradients, samples, noise.

Basis state z has bit q = z >> q & 1, and spin s_q = +1 for bit 0, -1 for bit 1. Read `run` first.
"""

from silla.physics.qubits.statevector.cost import Cost, cost_of
from silla.physics.qubits.statevector.memory import MemoryPlan, plan
from silla.physics.qubits.statevector.run import RunResult, run_layers
from silla.physics.qubits.statevector.sampling import draw

__all__ = ["Cost", "MemoryPlan", "RunResult", "cost_of", "draw", "plan", "run_layers"]
