"""Qubit problems and machines: QUBO and Ising, exact state vectors, classical rivals, resource estimates.

Pure functions, arrays in and out; may import `silla.base` and `silla.coding` alone. Read `ising` first.
"""

from silla.physics.qubits import grover as _grover  # registers its cards
from silla.physics.qubits import qaoa as _qaoa
from silla.physics.qubits.problems import ris as _ris

__all__: list[str] = []
_CARDS = (_ris, _grover, _qaoa)
