"""Qubit problems and machines: QUBO and Ising, exact state vectors, classical rivals, resource estimates.

Pure functions, arrays in and out; may import `silla.base` and `silla.coding` alone.
"""
