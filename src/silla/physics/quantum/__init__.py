"""Quantum links: key rates, direct communication, detectors, attacks, key stores, key demand and key routing.

Pure functions over arrays. May import numpy, scipy and `silla.base`; knows nothing of scenarios or of the other
physics leaves (fibre loss and Raman noise come in as numbers). Read `decoy_bb84.py` first.
"""

from silla.physics.quantum import (
    attack,
    bounds,
    channel,
    decoy_bb84,
    detectors,
    dl04,
    finite_key,
    finite_key_best,
    key_routing,
    keystore,
    pqc,
    presets,
    rekeying,
)

__all__ = [
    "attack",
    "bounds",
    "channel",
    "decoy_bb84",
    "detectors",
    "dl04",
    "finite_key",
    "finite_key_best",
    "key_routing",
    "keystore",
    "pqc",
    "presets",
    "rekeying",
]
