"""The scenario compiled once: frozen structs of arrays in SI units, ids turned into indexes.

May import scenario, physics, coding and base. The only place where decibels become ratios. Read `types.py` first,
then `compile.py`.
"""
