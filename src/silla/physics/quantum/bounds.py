"""What no key exchange over a lossy line without repeaters can beat, and the error rates at which keys end.

PLOB   -log2(1 - eta)                 Pirandola, Laurenza, Ottaviani and Banchi, Nat. Commun. 8, 15043 (2017), Eq. (19)
TGW    log2((1 + eta) / (1 - eta))    Takeoka, Guha and Wilde, Nat. Commun. 5, 5235 (2014)

both in secret bits per use of the line (one optical mode), eta its transmittance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.entropy import binary_entropy

__all__ = ["BB84_THRESHOLD", "SIX_STATE_THRESHOLD", "bb84_rate", "plob_bit", "six_state_rate", "tgw_bit"]

TRANSMITTANCE = Range(0.0, 1.0 - 1e-12, "")

BB84_THRESHOLD = 0.110027864  # root of 1 - 2 h(e); checked in the tests
SIX_STATE_THRESHOLD = 0.126193083  # root of 1 - h(3e/2) - (3e/2) log2(3); checked in the tests


def plob_bit(transmittance: ArrayLike):
    """Secret-key capacity of a lossy line, bits per use: -log2(1 - eta).

    >>> float(plob_bit(0.1).round(6))
    0.152003
    """
    check_domain(
        "transmittance", transmittance, TRANSMITTANCE, what="PLOB bound", advice="a lossless line is unbounded"
    )
    return (-np.log1p(-np.asarray(transmittance, float)) / np.log(2.0))[()]


def tgw_bit(transmittance: ArrayLike):
    """Upper bound of Takeoka, Guha and Wilde, bits per use: log2((1 + eta) / (1 - eta)), never below `plob_bit`."""
    check_domain("transmittance", transmittance, TRANSMITTANCE, what="TGW bound", advice="a lossless line is unbounded")
    eta = np.asarray(transmittance, float)
    return ((np.log1p(eta) - np.log1p(-eta)) / np.log(2.0))[()]


def bb84_rate(qber: ArrayLike):
    """Secret bits per sifted bit of BB84 with single photons and one-way processing: 1 - 2 h(e), signed.

    Shor and Preskill, PRL 85, 441 (2000). Zero at `BB84_THRESHOLD`.
    """
    check_domain("qber", qber, Range(0.0, 0.5, ""), what="BB84")
    return 1.0 - 2.0 * binary_entropy(qber)


def six_state_rate(qber: ArrayLike):
    """Secret bits per sifted bit of the six-state protocol, one-way: 1 - h(3e/2) - (3e/2) log2 3, signed.

    Lo, QIC 1, 81 (2001). Zero at `SIX_STATE_THRESHOLD`.
    """
    check_domain("qber", qber, Range(0.0, 0.5, ""), what="six-state")
    total = 1.5 * np.asarray(qber, float)
    return (1.0 - binary_entropy(total) - total * np.log2(3.0))[()]


register(
    ModelCard(
        id="quantum.bounds.plob",
        title="PLOB bound: secret-key capacity of a lossy line",
        function=plob_bit,
        sources=(
            Citation(
                "plob2017",
                "S. Pirandola, R. Laurenza, C. Ottaviani, L. Banchi, Fundamental limits of repeaterless quantum "
                "communications, Nat. Commun. 8, 15043 (2017)",
                "https://doi.org/10.1038/ncomms15043",
            ),
        ),
        valid={"transmittance": TRANSMITTANCE},
        references=(
            Reference({"transmittance": 0.1}, 0.152003, "Eq. (19) at 10 dB", absolute=5e-7),
            Reference({"transmittance": 0.01}, 0.0144996, "Eq. (19) at 20 dB", absolute=5e-8),
            Reference({"transmittance": 0.001}, 0.00144342, "Eq. (19) at 30 dB", absolute=5e-9),
        ),
        increasing=("transmittance",),
        left_out="thermal noise, repeaters",
    )
)
register(
    ModelCard(
        id="quantum.bounds.tgw",
        title="TGW bound on secret-key agreement over a lossy line",
        function=tgw_bit,
        sources=(
            Citation(
                "tgw2014",
                "M. Takeoka, S. Guha, M. M. Wilde, Fundamental rate-loss tradeoff for optical quantum key "
                "distribution, Nat. Commun. 5, 5235 (2014)",
                "https://doi.org/10.1038/ncomms6235",
            ),
        ),
        valid={"transmittance": TRANSMITTANCE},
        references=(Reference({"transmittance": 0.5}, 1.5849625, "log2(3)", rel=1e-7),),
        increasing=("transmittance",),
    )
)
register(
    ModelCard(
        id="quantum.bounds.bb84",
        title="BB84 with single photons: secret fraction against error rate",
        function=bb84_rate,
        sources=(
            Citation(
                "shor2000",
                "P. W. Shor, J. Preskill, Simple proof of security of the BB84 quantum key distribution protocol, "
                "Phys. Rev. Lett. 85, 441 (2000)",
                "https://doi.org/10.1103/PhysRevLett.85.441",
            ),
        ),
        valid={"qber": Range(0.0, 0.5, "")},
        references=(Reference({"qber": 0.110028}, 0.0, "the 11.0028 % threshold", absolute=1e-5),),
        decreasing=("qber",),
    )
)
register(
    ModelCard(
        id="quantum.bounds.six_state",
        title="Six-state protocol with single photons: secret fraction against error rate",
        function=six_state_rate,
        sources=(
            Citation(
                "lo2001",
                "H.-K. Lo, Proof of unconditional security of six-state quantum key distribution scheme, Quantum Inf. "
                "Comput. 1, 81 (2001)",
                "https://arxiv.org/abs/quant-ph/0102138",
            ),
        ),
        valid={"qber": Range(0.0, 0.5, "")},
        references=(Reference({"qber": 0.126193}, 0.0, "the 12.6193 % threshold", absolute=1e-5),),
    )
)
