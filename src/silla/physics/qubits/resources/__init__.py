"""What a fault-tolerant machine needs: machines, code distance, magic states, programs, cost models, crossings.

Imports base and the rest of `physics.qubits` only. Read `estimate` first: a `Program` (what is to be run) on a
`Machine` under one published `CostModel` gives an `Estimate`.
"""

from silla.physics.qubits.resources.estimate import COST_MODELS, CostModel, Estimate, estimate, spread
from silla.physics.qubits.resources.machines import MACHINES, Machine
from silla.physics.qubits.resources.programs import PRESETS, Program

__all__ = ["COST_MODELS", "MACHINES", "PRESETS", "CostModel", "Estimate", "Machine", "Program", "estimate", "spread"]
