"""Two-step direct communication with photon pairs: secret message bits per pair as a wiretap capacity.

Alice makes pairs in a Bell state and sends one photon of each to Bob (first step). They check part of the pairs in two
bases; only then she turns her photons into one of four Bell states, two bits each, and sends them after (second step).

    C = Q_B [2 - 2 h(e_B)] - Q_E [h(eps_x) + h(eps_z)] - Q_L 2

Q_B, e_B: pairs of which Bob detects both photons, and their error rate in each basis; eps_x, eps_z: error rates of the
check; Q_E: pairs whose first photon reached Bob, whose second Eve is given without loss. Q_L: pairs whose first photon
Eve may hold: if Bob's store does not tell whether a photon came in, Alice encodes on lost ones as well, and Eve reads
both bits of them. With a heralded store Q_L = 0.

Deng, Long and Liu, PRA 68, 042317 (2003) (protocol); Wyner, Bell Syst. Tech. J. 54, 1355 (1975); Wu et al., Quantum
Eng. 1, e26 (2019) (secrecy capacity). h(eps_x) + h(eps_z) is the greatest entropy of the four Pauli errors that
show those rates; the tests recompute the Holevo quantity by exact diagonalisation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES
from silla.physics.quantum.dl04 import EFFICIENCY, LINE, DirectRate
from silla.physics.quantum.entropy import binary_entropy

__all__ = ["secrecy_capacity"]

MISALIGNMENT = Range(0.0, 0.25, "")

DENG2003 = Citation(
    "deng2003",
    "F.-G. Deng, G. L. Long, X.-S. Liu, Two-step quantum direct communication protocol using the "
    "Einstein-Podolsky-Rosen pair block, Phys. Rev. A 68, 042317 (2003)",
    "https://doi.org/10.1103/PhysRevA.68.042317",
)


def secrecy_capacity(
    transmittance: ArrayLike,
    *,
    misalignment: ArrayLike,
    y0: ArrayLike,
    receiver_efficiency: ArrayLike,
    heralded: bool = True,
    store_efficiency: ArrayLike = 1.0,
    bell_success: ArrayLike = 1.0,
    check_share: float = 0.0,
) -> DirectRate:
    """Secret message bits per pair that Alice sends.

    Parameters
    ----------
    transmittance : of the line, passed once by either photon. misalignment : error rate of a photon in either basis
    after the line. y0 : background clicks per gate. receiver_efficiency : Bob's detection of one photon.
    heralded : whether Bob's store tells that a photon came in, so that Alice encodes on those alone.
    store_efficiency : share of photons that come out of it. bell_success : share of pairs that the Bell measurement
    tells apart (1 with all four states, as with nonlinear optics or ancillas). check_share : of pairs.

    Left out: finite statistics, noise of the store, sources that emit several pairs.
    Raises DomainError outside the ranges.

    >>> float(secrecy_capacity(0.5, misalignment=0.0, y0=0.0, receiver_efficiency=1.0).capacity)
    0.5
    """
    what = "two-step direct communication"
    check_domain("transmittance", transmittance, LINE, what=what)
    check_domain("misalignment", misalignment, MISALIGNMENT, what=what, advice="both photons pass the line")
    check_domain("y0", y0, CHANNEL_RANGES["y0"], what=what)
    for name, value in {
        "receiver_efficiency": receiver_efficiency,
        "store_efficiency": store_efficiency,
        "bell_success": bell_success,
    }.items():
        check_domain(name, value, EFFICIENCY, what=what)
    check_domain("check_share", check_share, Range(0.0, 0.99, ""), what=what)
    line, e_d, noise, bob = (np.asarray(x, float) for x in (transmittance, misalignment, y0, receiver_efficiency))
    stored, success = np.asarray(store_efficiency, float), np.asarray(bell_success, float)
    came = line if heralded else np.ones_like(line)
    first = (line / came) * stored * bob  # of the pairs that Alice encodes on
    gain, error = _pair(first, line * bob, noise, 2.0 * e_d * (1.0 - e_d))
    gain = came * success * gain
    check = _single(line * bob, noise, e_d)
    eve = line * 2.0 * binary_entropy(check) + (came - line) * 2.0
    signed = (1.0 - check_share) * (gain * 2.0 * (1.0 - binary_entropy(error)) - eve)
    return DirectRate(np.maximum(signed, 0.0), signed, gain, error, check, eve)


def _single(eta, noise, e_d):
    """Error rate of one photon's clicks."""
    gain = noise + (1.0 - noise) * eta
    return (0.5 * noise + e_d * (1.0 - noise) * eta) / gain


def _pair(first, second, noise, e_d):
    """Clicks from both photons, and the error rate in each basis; a pair with a background click is random."""
    gain = (noise + (1.0 - noise) * first) * (noise + (1.0 - noise) * second)
    true = (1.0 - noise) ** 2 * first * second
    return gain, (0.5 * (gain - true) + e_d * true) / gain


def _card_capacity(**arguments):
    return secrecy_capacity(**arguments).capacity


register(
    ModelCard(
        id="quantum.two_step.secrecy_capacity",
        title="Two-step direct communication with photon pairs: secrecy capacity of the wiretap channel",
        function=_card_capacity,
        sources=(DENG2003,),
        valid={
            "transmittance": LINE,
            "misalignment": MISALIGNMENT,
            "y0": CHANNEL_RANGES["y0"],
            "receiver_efficiency": EFFICIENCY,
        },
        references=(
            Reference(
                {"transmittance": 0.1, "misalignment": 0.0, "y0": 0.0, "receiver_efficiency": 0.5},
                0.005,
                "closed form without errors: 2 bits, both photons through line and detector",
                rel=1e-12,
            ),
            Reference(
                {"transmittance": 1.0, "misalignment": 0.01, "y0": 0.0, "receiver_efficiency": 1.0},
                1.5577815,
                "2 - 2 h(0.0198) - 2 h(0.01)",
                absolute=1e-6,
            ),
        ),
        increasing=("receiver_efficiency",),
        decreasing=("misalignment", "y0"),
        left_out="finite statistics, noise of the quantum memory, multi-pair emission",
    )
)
