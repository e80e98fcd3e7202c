"""The floor: units, constants, random streams, content hashes, the error tree, model cards.

May import numpy and nothing else. Read `errors.py` first, then `provenance.py`.
"""
