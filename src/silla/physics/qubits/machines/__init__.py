"""Machines behind the solvers' interface: Qiskit primitives, dimod samplers, recorded runs.

A machine's answer is checked (as many reads as asked for, as many bits as spins) and asked for again a limited number
of times; then `MachineError` says what was wrong. No other solver ever steps in. Heavy packages are imported when used.
"""

from silla.physics.qubits.machines.dimod_samplers import DimodSolver, as_dimod
from silla.physics.qubits.machines.primitives import PrimitiveSolver
from silla.physics.qubits.machines.recorded import Recorder, Replay
from silla.physics.qubits.machines.retry import Retry

__all__ = ["DimodSolver", "PrimitiveSolver", "Recorder", "Replay", "Retry", "as_dimod"]
