"""The large-scale radio layer: propagation, antennas, link budgets, interference and rates.

Pure functions, arrays in and out; may import `silla.base` alone. Read `large_scale.py` first: it shows how the other
modules compose into one drop.
"""
