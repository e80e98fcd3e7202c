"""Intercept and resend: what an eavesdropper on the fibre does to the error rate.

Eve measures a share x of the pulses in a random one of the two bases and sends on what she saw. Where she chose the
wrong basis the bit is random, so signal clicks she touched are wrong with probability 1/4 on top of the channel's own
error rate, which she cannot undo:

    e' = (1 - x) e + x (1/2)(e + 1/2) = e + x (1/4 - e/2)              25 % at x = 1, e = 0

Bennett, Bessette, Brassard, Salvail and Smolin, J. Cryptol. 5, 3 (1992), section 3. The key rate then falls of itself
and ends at the threshold: nothing else is needed to stop the link.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = ["intercept_resend_error", "intercepted_share"]

SHARE = Range(0.0, 1.0, "")
ERROR = Range(0.0, 0.5, "")


def intercept_resend_error(misalignment: ArrayLike, share: ArrayLike):
    """Error rate of signal clicks when a share of them was intercepted and resent; broadcast shape of the inputs.

    Parameters
    ----------
    misalignment : the channel's own error rate, 0 to 1/2. share : of pulses that Eve touches, 0 to 1.

    Left out: attacks on multi-photon pulses (the decoy states answer those), loss that Eve adds or takes away.

    >>> float(intercept_resend_error(0.0, 1.0))
    0.25
    """
    check_domain("misalignment", misalignment, ERROR, what="intercept-resend")
    check_domain("share", share, SHARE, what="intercept-resend")
    e = np.asarray(misalignment, float)
    return (e + np.asarray(share, float) * (0.25 - 0.5 * e))[()]


def intercepted_share(error: ArrayLike, misalignment: ArrayLike):
    """Greatest share of pulses that may have been intercepted, given the error rate seen and the channel's own.

    The inverse of `intercept_resend_error`, clipped to 0..1.

    >>> float(intercepted_share(0.25, 0.0))
    1.0
    """
    check_domain("error", error, ERROR, what="intercept-resend")
    check_domain("misalignment", misalignment, Range(0.0, 0.49, ""), what="intercept-resend")
    e = np.asarray(misalignment, float)
    return np.clip((np.asarray(error, float) - e) / (0.25 - 0.5 * e), 0.0, 1.0)[()]


register(
    ModelCard(
        id="quantum.attack.intercept_resend",
        title="Error rate under intercept and resend",
        function=intercept_resend_error,
        sources=(
            Citation(
                "bennett1992",
                "C. H. Bennett, F. Bessette, G. Brassard, L. Salvail, J. Smolin, Experimental quantum cryptography, J. "
                "Cryptol. 5, 3 (1992)",
                "https://doi.org/10.1007/BF00191318",
            ),
        ),
        valid={"misalignment": ERROR, "share": SHARE},
        references=(Reference({"misalignment": 0.0, "share": 1.0}, 0.25, "25 % at full interception", absolute=1e-15),),
        increasing=("misalignment", "share"),
    )
)
