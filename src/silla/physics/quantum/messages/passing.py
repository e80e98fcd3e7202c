"""Whether the frames of a plan pass their check with somebody on the line, in expectation: no photon is drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.physics.quantum.messages.plan import Link, Plan
from silla.physics.quantum.photons.attacks import Attack
from silla.physics.quantum.photons.direct import CHECK
from silla.physics.quantum.photons.machine import BOTH, READ

__all__ = ["expected_checks", "passes"]


def expected_checks(link: Link, n_slots: float) -> NDArray[Any]:
    """[3, K] pulses, clicks and errors that the check of n_slots counts on average, dead time left out.

    From the exact table of what a pulse may do, the link's attack included; a double click is wrong half of the time.

    >>> from silla.physics.quantum.photons.direct import Dl04Link
    >>> from silla.physics.quantum.photons.receiver import PhotonDetector
    >>> expected_checks(Dl04Link(0.5, PhotonDetector(0.8), check_share=0.2), 1000).round(6).tolist()
    [[100.0], [40.0], [0.0]]
    """
    table = link.table()
    labels, out = table.labels, np.zeros((3, 1 + len(link.decoys)))
    mine = labels["mode"] == CHECK
    if link.qubit:
        mine &= labels["basis"] == labels["check_basis"]
    right = labels["bit"] if link.qubit else np.zeros(len(mine), np.uint8)
    for i in np.flatnonzero(mine):
        chance = table.pattern[i, 1 : BOTH - 1]  # detector 0, 1, both; those of the receiver are shut
        wrong = sum(p for p, read in zip(chance[:2], READ[1:3]) if read != right[i]) + 0.5 * chance[2]
        out[:, labels["intensity"][i]] += n_slots * table.prior[i] * np.array([1.0, chance.sum(), wrong])
    return out


def passes(plan: Plan, attack: Attack | None) -> bool:
    """Whether what the check counts on average under an attack costs no more than the plan allows.

    >>> from silla.physics.quantum.messages.plan import make_plan
    >>> from silla.physics.quantum.photons.attacks import InterceptResend
    >>> from silla.physics.quantum.photons.direct import Dl04Link
    >>> from silla.physics.quantum.photons.receiver import PhotonDetector
    >>> plan = make_plan(Dl04Link(0.5, PhotonDetector(0.8, 1e-8), 0.002, 0.2), 1000)
    >>> passes(plan, None), passes(plan, InterceptResend(0.5))
    (True, False)
    """
    counts = expected_checks(replace(plan.link, attack=attack), plan.n_slots)
    return bool(plan.cost_bit(counts) <= plan.allowance_bit)
