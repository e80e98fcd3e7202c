"""Werner pairs through entanglement swapping and purification.

    swap     F' = [1 + 3 w_1 w_2] / 4,  w = (4 F - 1) / 3                          Werner weights multiply
    BBPSSW   F' = [F_1 F_2 + (1 - F_1)(1 - F_2) / 9] / p
             p  = F_1 F_2 + [F_1 (1 - F_2) + F_2 (1 - F_1)] / 3 + 5 (1 - F_1)(1 - F_2) / 9

Briegel, Duer, Cirac and Zoller, PRL 81, 5932 (1998); Bennett et al., PRL 76, 722 (1996).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = ["Purified", "purify", "swap", "swap_chain"]

FIDELITY = Range(0.25, 1.0, "")


class Purified(NamedTuple):
    """Fidelity of the pair that is kept and the chance of keeping it."""

    fidelity: Any
    probability: Any


def swap(fidelity_1: ArrayLike, fidelity_2: ArrayLike):
    """Fidelity of the pair that a perfect Bell measurement makes of two Werner pairs; broadcast shape.

    >>> float(swap(0.95, 0.95).round(6))
    0.903333
    """
    w1, w2 = ((4.0 * _fidelity("swap", f) - 1.0) / 3.0 for f in (fidelity_1, fidelity_2))
    return ((1.0 + 3.0 * w1 * w2) / 4.0)[()]


def swap_chain(fidelities: ArrayLike):
    """Fidelity end to end of Werner pairs along the last axis, all swapped (in any order).

    >>> float(swap_chain([0.95, 0.95, 0.95]).round(6))
    0.859778
    """
    weights = (4.0 * _fidelity("swap", fidelities) - 1.0) / 3.0
    return ((1.0 + 3.0 * np.prod(weights, axis=-1)) / 4.0)[()]


def purify(fidelity_1: ArrayLike, fidelity_2: ArrayLike) -> Purified:
    """One round of BBPSSW on two Werner pairs: the pair kept (twirled to a Werner pair) and how often it is.

    Gains fidelity for equal pairs above 1/2. Perfect local gates and measurements.

    >>> found = purify(0.8, 0.8)
    >>> float(found.fidelity.round(6)), float(found.probability.round(6))
    (0.83815, 0.768889)
    """
    f1, f2 = _fidelity("BBPSSW", fidelity_1), _fidelity("BBPSSW", fidelity_2)
    wrong = (1.0 - f1) * (1.0 - f2)
    probability = f1 * f2 + (f1 * (1.0 - f2) + f2 * (1.0 - f1)) / 3.0 + 5.0 * wrong / 9.0
    return Purified(((f1 * f2 + wrong / 9.0) / probability)[()], probability[()])


def _fidelity(what: str, value: ArrayLike):
    check_domain("fidelity", value, FIDELITY, what=what, advice="a Werner pair's fidelity is 1/4 (noise) to 1")
    return np.asarray(value, float)


def _purified_fidelity(**arguments):
    return purify(**arguments).fidelity


register(
    ModelCard(
        id="quantum.entanglement.swap",
        title="Entanglement swapping of Werner pairs",
        function=swap,
        sources=(
            Citation(
                "briegel1998",
                "H.-J. Briegel, W. Duer, J. I. Cirac, P. Zoller, Quantum repeaters: the role of imperfect local "
                "operations in quantum communication, Phys. Rev. Lett. 81, 5932 (1998)",
                "https://doi.org/10.1103/PhysRevLett.81.5932",
            ),
        ),
        valid={"fidelity_1": FIDELITY, "fidelity_2": FIDELITY},
        references=(
            Reference({"fidelity_1": 0.95, "fidelity_2": 0.95}, 0.9033333, "closed form", rel=1e-6),
            Reference({"fidelity_1": 0.9033333, "fidelity_2": 0.95}, 0.8597778, "closed form, two swaps", rel=1e-6),
        ),
        increasing=("fidelity_1", "fidelity_2"),
        left_out="errors of the Bell measurement, decay in memories",
    )
)
register(
    ModelCard(
        id="quantum.entanglement.bbpssw",
        title="Purification of Werner pairs (BBPSSW)",
        function=_purified_fidelity,
        sources=(
            Citation(
                "bennett1996",
                "C. H. Bennett et al., Purification of noisy entanglement and faithful teleportation via noisy "
                "channels, Phys. Rev. Lett. 76, 722 (1996)",
                "https://doi.org/10.1103/PhysRevLett.76.722",
            ),
        ),
        valid={"fidelity_1": FIDELITY, "fidelity_2": FIDELITY},
        references=(
            Reference({"fidelity_1": 0.8, "fidelity_2": 0.8}, 0.838150, "closed form", absolute=1e-6),
            Reference({"fidelity_1": 0.75, "fidelity_2": 0.75}, 0.788462, "closed form", absolute=1e-6),
        ),
        increasing=("fidelity_1", "fidelity_2"),
        left_out="errors of local gates",
    )
)
