"""Quantum links: key rates, detectors, attacks, key stores, key demand and key routing.

Pure functions over arrays. May import numpy, scipy and `silla.base`; knows nothing of scenarios or of the other
physics leaves (fibre loss and Raman noise come in as numbers). Read `decoy_bb84.py` first.
"""
