"""Network problems as QUBO and Ising models, arrays in: each with its decoder and its strongest classical rival.

One module a problem. Builders from a world, and patches back to it, are in `silla.engine.problems`. Read
`instance` first.
"""
