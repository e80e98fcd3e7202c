"""Asymptotic key rate of the six-state protocol with single photons or decoy-state laser pulses.

    R = q { Q_1 [1 + h(e_1) - h(3 e_1 / 2) - (3 e_1 / 2) log2 3] - Q_mu f h(E_mu) }        bit per pulse sent

Three bases show the whole of a depolarising line: of the entropy h(3e/2) + (3e/2) log2 3 of its Pauli errors, h(e) is
already told in error correction. With single photons and f = 1 this is `bounds.six_state_rate` per click. Lo, QIC 1, 81
(2001); Gottesman et al., QIC 4, 325 (2004) for pulses of several photons; yields of single photons known exactly, as
with infinitely many decoys.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES, check_channel, gain_and_error, photon_yield
from silla.physics.quantum.entropy import binary_entropy

__all__ = ["SixStateKey", "key_rate"]

INTENSITY = Range(1e-4, 2.0, "photons per pulse")


class SixStateKey(NamedTuple):
    """Result of `key_rate`; broadcast shape of the inputs."""

    rate: Any  # secret bits per pulse, 0 where no key
    signed_rate: Any  # before clipping
    gain: Any  # clicks per pulse
    qber: Any


def key_rate(
    transmittance: ArrayLike,
    *,
    y0: ArrayLike,
    misalignment: ArrayLike,
    mu: ArrayLike | None = None,
    error_correction: float = 1.16,
    sifting: float = 1.0 / 3.0,
) -> SixStateKey:
    """Secret bits per pulse.

    Parameters
    ----------
    transmittance : of channel and detector together. y0 : background clicks per gate. misalignment : error rate of
    signal clicks in each basis. mu : mean photons of a laser pulse; None is an ideal single-photon source.
    error_correction : f >= 1. sifting : share of pulses whose bases agree: 1/3, or towards 1 with biased bases.

    Left out: finite statistics, decoy bounds other than exact ones, errors that differ between bases.
    Raises DomainError outside the ranges.

    >>> float(key_rate(0.5, y0=0.0, misalignment=0.0, sifting=1.0).rate)
    0.5
    """
    what = "six-state"
    check_channel(what, transmittance=transmittance, y0=y0, misalignment=misalignment)
    check_domain("error_correction", error_correction, Range(1.0, 5.0, ""), what=what)
    check_domain("sifting", sifting, Range(0.0, 1.0, ""), what=what)
    eta, noise, e_d = (np.asarray(x, float) for x in (transmittance, y0, misalignment))
    single = photon_yield(1, eta, noise)
    e1 = (0.5 * noise + e_d * (1.0 - noise) * eta) / single
    if mu is None:
        gain, qber, weight = single, e1, 1.0
    else:
        check_domain("mu", mu, INTENSITY, what=what)
        gain, _, qber = gain_and_error(mu, eta, y0=noise, misalignment=e_d)
        weight = np.asarray(mu, float) * np.exp(-np.asarray(mu, float))
    signed = sifting * (weight * single * _private(e1) - gain * error_correction * binary_entropy(qber))
    return SixStateKey(np.maximum(signed, 0.0), signed, gain, qber)


def _private(e):
    """1 - H(phase | bit) of a depolarising line with error rate e, zero from where it would be negative."""
    total = np.minimum(1.5 * e, 0.75)
    return np.maximum(1.0 + binary_entropy(e) - binary_entropy(total) - total * np.log2(3.0), 0.0)


def _card_rate(**arguments):
    return key_rate(**arguments).rate


register(
    ModelCard(
        id="quantum.six_state.asymptotic",
        title="Six-state protocol, asymptotic key rate",
        function=_card_rate,
        sources=(
            Citation(
                "lo2001",
                "H.-K. Lo, Proof of unconditional security of six-state quantum key distribution scheme, Quantum Inf. "
                "Comput. 1, 81 (2001)",
                "https://arxiv.org/abs/quant-ph/0102138",
            ),
        ),
        valid={name: CHANNEL_RANGES[name] for name in ("transmittance", "y0", "misalignment")},
        references=(
            Reference(
                {
                    "transmittance": 1.0,
                    "y0": 0.0,
                    "misalignment": 0.126193,
                    "error_correction": 1.0,
                    "sifting": 1.0,
                },
                0.0,
                "the 12.6193 % threshold",
                absolute=1e-5,
            ),
        ),
        increasing=("transmittance",),
        decreasing=("y0", "misalignment"),
        left_out="finite statistics",
    )
)
