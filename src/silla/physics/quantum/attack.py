"""Intercept and resend: what an eavesdropper on the fibre does to the error rate.

Eve measures a share x of the pulses in a random one of the two bases and sends on what she saw. Where she chose the
wrong basis the bit is random, so signal clicks she touched are wrong with probability 1/4 on top of the channel's own
error rate, which she cannot undo:

    e' = (1 - x) e + x (1/2)(e + 1/2) = e + x (1/4 - e/2)              25 % at x = 1, e = 0

Bennett, Bessette, Brassard, Salvail and Smolin, J. Cryptol. 5, 3 (1992), section 3. The key rate then falls of itself
and ends at the threshold: nothing else is needed to stop the link.

Splitting of photon numbers: from pulses of two photons and more Eve keeps one and sends the rest on without loss; she
blocks as many pulses of one photon as make the signal's gain what it was (Luetkenhaus, PRA 61, 052304 (2000)). The
signal alone shows nothing; decoys of another intensity do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = ["intercept_resend_error", "intercepted_share", "splitting_yields"]

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


def splitting_yields(
    n: ArrayLike, mu: float, transmittance: float, receiver: float, y0: float = 0.0, share: float = 1.0
):
    """Yields of n-photon pulses when a share of them is attacked so that the signal's gain stays what it was.

    Parameters
    ----------
    n : photon numbers. mu : mean photons of the signal. transmittance : of fibre and receiver together, receiver of the
    latter alone. y0 : background clicks per gate, which Eve leaves alone. share : of pulses attacked.

    Where the pulses of several photons alone would bring more clicks than before, Eve blocks some of these too.

    >>> y = splitting_yields(np.arange(4), mu=0.5, transmittance=1e-3, receiver=0.5)
    >>> float(y[1]), bool(y[2] > 0.002)
    (0.0, True)
    """
    check_domain("share", share, SHARE, what="photon-number splitting")
    check_domain("mu", mu, Range(1e-4, 2.0, "photons per pulse"), what="photon-number splitting")
    check_domain("transmittance", transmittance, SHARE, what="photon-number splitting")
    check_domain("receiver", receiver, SHARE, what="photon-number splitting")
    count = np.arange(0.0, 40.0)
    with np.errstate(divide="ignore"):
        clean = y0 + (1.0 - y0) * -np.expm1(count * np.log1p(-min(transmittance, 1.0 - 1e-16)))
        without_loss = -np.expm1(np.maximum(count - 1.0, 0.0) * np.log1p(-min(receiver, 1.0 - 1e-16)))
    split = y0 + (1.0 - y0) * np.where(count >= 2.0, without_loss, 0.0)
    weight = np.exp(-mu + count * np.log(mu) - np.cumsum(np.log(np.maximum(count, 1.0))))
    several = count >= 2.0
    more = float((weight * np.where(several, split - y0, 0.0)).sum())
    want = float((weight * (clean - y0)).sum())
    single = float(weight[1] * (clean[1] - y0))
    # Either some single photons still pass, or some of the split pulses are blocked too.
    passed = min(max(want - more, 0.0) / single, 1.0) if single > 0.0 else 0.0
    kept = min(1.0, want / more) if more > 0.0 else 0.0
    attacked = np.where(several, y0 + kept * (split - y0), clean)
    attacked[1] = y0 + passed * (clean[1] - y0)
    mixed = (1.0 - share) * clean + share * attacked
    return mixed[np.minimum(np.asarray(n, int), 39)][()]


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
register(
    ModelCard(
        id="quantum.attack.splitting",
        title="Yields under splitting of photon numbers",
        function=lambda **arguments: splitting_yields(1, **arguments),
        sources=(
            Citation(
                "lutkenhaus2000",
                "N. Luetkenhaus, Security against individual attacks for realistic quantum key distribution, Phys. "
                "Rev. A 61, 052304 (2000)",
                "https://doi.org/10.1103/PhysRevA.61.052304",
            ),
        ),
        valid={"share": SHARE},
        references=(
            Reference(
                {"mu": 0.5, "transmittance": 1e-3, "receiver": 0.5},
                0.0,
                "no single photon needed where 1 - exp(-mu eta) < pulses of several photons",
                absolute=1e-15,
            ),
            Reference({"mu": 0.5, "transmittance": 0.01, "receiver": 0.1, "share": 0.0}, 0.01, "no attack", rel=1e-12),
        ),
        decreasing=("share",),
        left_out="storage errors of Eve",
    )
)
