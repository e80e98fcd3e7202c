"""Quantum links: key rates, direct communication, detectors, attacks, key stores, key demand and key routing.

Pure functions over arrays. May import numpy, scipy and `silla.base`; knows nothing of scenarios or of the other
physics leaves (fibre loss and Raman noise come in as numbers). Read `decoy_bb84.py` first.
"""

from silla.physics.quantum import (
    attack,
    bbm92,
    bounds,
    channel,
    cvqkd,
    decoy_bb84,
    detectors,
    dl04,
    entanglement,
    finite_key,
    finite_key_best,
    finite_key_pass,
    hd_qsdc,
    key_routing,
    keystore,
    mdi,
    optimise,
    pqc,
    presets,
    rekeying,
    six_state,
    sns_finite,
    twin_field,
    two_step,
)

__all__ = [
    "attack",
    "bbm92",
    "bounds",
    "channel",
    "cvqkd",
    "decoy_bb84",
    "detectors",
    "dl04",
    "entanglement",
    "finite_key",
    "finite_key_best",
    "finite_key_pass",
    "hd_qsdc",
    "key_routing",
    "keystore",
    "mdi",
    "optimise",
    "pqc",
    "presets",
    "rekeying",
    "six_state",
    "sns_finite",
    "twin_field",
    "two_step",
]
