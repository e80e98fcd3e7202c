"""Quantum secure direct communication by DL04: secret message bits per pulse as a wiretap capacity.

Bob sends single photons to Alice; she measures some to check the line and turns the others over (bit 1, sigma_y) or not
(bit 0) on their way back to Bob, who prepared them and so reads the bit. No key is made or kept.

    C = Q_B [1 - h(e_B)] - Q_E h(eps_x + eps_z)                               single photons
    C = Q_B [1 - h(e_B)] - Q_E1 h(eps_x + eps_z) - Q_E2                       weak pulses, decoy states on the way out

Q_B, e_B: Bob's gain and error rate after both ways; eps_x, eps_z: error rates of Alice's check in the two bases;
Q_E: photons that come back out of Alice's station, all of which Eve is given without loss; Q_E1 those of one-photon
pulses, Q_E2 those of pulses with more, which she is taken to know entirely.

Deng and Long, PRA 69, 052319 (2004) (protocol); Wyner, Bell Syst. Tech. J. 54, 1355 (1975); Qi et al., Light Sci.
Appl. 8, 22 (2019) and Wu et al., Quantum Eng. 1, e26 (2019) (secrecy capacity). The Holevo quantity behind
h(eps_x + eps_z) is recomputed by exact diagonalisation in the tests.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES, gain_and_error
from silla.physics.quantum.direct_decoys import Station, encoder_leak, honest_check, pulse_leak
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.optimise import maximise

__all__ = ["DirectRate", "best_direct_rate", "secrecy_capacity"]

EFFICIENCY = Range(1e-6, 1.0, "")
LINE = Range(1e-20, 1.0, "")
INTENSITY = Range(1e-5, 2.0, "photons per pulse")

QI2019 = Citation(
    "qi2019",
    "R. Qi et al., Implementation and security analysis of practical quantum secure direct communication, Light Sci. "
    "Appl. 8, 22 (2019)",
    "https://doi.org/10.1038/s41377-019-0132-3",
)
DENG2004 = Citation(
    "deng2004",
    "F.-G. Deng, G. L. Long, Secure direct communication with a quantum one-time pad, Phys. Rev. A 69, 052319 (2004)",
    "https://doi.org/10.1103/PhysRevA.69.052319",
)


class DirectRate(NamedTuple):
    """Result of `secrecy_capacity`; broadcast shape of the inputs."""

    capacity: Any  # secret message bits per pulse, 0 where none
    signed: Any  # before clipping
    gain: Any  # Bob's clicks per pulse
    qber: Any  # Bob's error rate
    check_error: Any  # Alice's, the same in both bases
    eve_bit: Any  # what Eve may know, bits per pulse


def secrecy_capacity(
    transmittance: ArrayLike,
    *,
    misalignment: ArrayLike,
    y0: ArrayLike,
    receiver_efficiency: ArrayLike,
    check_efficiency: ArrayLike | None = None,
    mean_photons: ArrayLike | None = None,
    check_share: float = 0.0,
    decoys: str = "infinite",
    nu: ArrayLike | None = None,
    reflected: ArrayLike = 0.0,
) -> DirectRate:
    """Secret message bits per pulse that Bob sends out.

    Parameters
    ----------
    transmittance : of the line between them, one way; it is passed twice. misalignment : error rate of a click on one
    way; the two ways together make e + e' - 2 e e'. y0 : background clicks per gate, at either end.
    receiver_efficiency : Bob's optics and detectors. check_efficiency : Alice's; None takes Bob's.
    mean_photons : of a weak pulse; None is an ideal single-photon source. check_share : of pulses spent on the check.
    decoys : what Alice's check knows of single photons in weak pulses, "infinite" (all), "vacuum+weak", "one-decoy" or
    "none" (`direct_decoys.pulse_leak`); nu : of the weak decoy, None a fifth of the signal. reflected : mean photons of
    light shone into her encoder that come back out, counted against the message.

    Left out: finite statistics (`direct_decoys.leak_from_counts`), storage of photons while the check is made (DL04
    needs it, or coding in blocks).
    Raises DomainError outside the ranges.

    >>> float(secrecy_capacity(0.5, misalignment=0.0, y0=0.0, receiver_efficiency=1.0).capacity)
    0.25
    """
    check_efficiency = receiver_efficiency if check_efficiency is None else check_efficiency
    _check(transmittance, misalignment, y0, receiver_efficiency, check_efficiency, mean_photons, check_share)
    inputs = (transmittance, misalignment, y0, receiver_efficiency, check_efficiency)
    line, e_d, noise, bob, alice = (np.asarray(x, float) for x in inputs)
    mu = None if mean_photons is None else np.asarray(mean_photons, float)
    gain, error = _received(mu, line**2 * bob, noise, 2.0 * e_d * (1.0 - e_d))
    _, check = _received(None, line * alice, noise, e_d)  # decoy states tell the single photons' error rate
    known = binary_entropy(np.minimum(2.0 * check, 0.5))
    if mu is None or decoys == "infinite":
        eve = line * known if mu is None else _weak_pulse_leak(mu, line, known)
        eve = np.minimum(eve + encoder_leak(reflected), 1.0)
    else:
        at = Station(alice, noise, 1.0)
        eve = pulse_leak(honest_check(line, at, e_d), at, mu=mu, nu=nu, decoys=decoys, reflected=reflected).leak
    signed = (1.0 - check_share) * (gain * (1.0 - binary_entropy(error)) - eve)
    return DirectRate(np.maximum(signed, 0.0), signed, gain, error, check, eve)


def _received(mu, eta, noise, e_d):
    """Gain and error rate of a single photon (mu None) or of a weak pulse."""
    if mu is not None:
        found = gain_and_error(mu, eta, y0=noise, misalignment=e_d)
        return found.gain, found.qber
    signal = (1.0 - noise) * eta
    gain = noise + signal
    return gain, (0.5 * noise + e_d * signal) / gain


def _weak_pulse_leak(mu, line, known):
    """Bits per pulse: one-photon pulses that reach Alice leak `known`, those with more leak all."""
    one = mu * np.exp(-mu) * line
    return one * known + (-np.expm1(-mu * line) - one)


def best_direct_rate(transmittance: ArrayLike, **arguments: Any) -> tuple[DirectRate, Any]:
    """`secrecy_capacity` of weak pulses at the best mean photon number (1e-4 to 1), and that number, to 1e-4 of itself.

    `arguments` are those of `secrecy_capacity`, without `mean_photons`.

    >>> rate, mu = best_direct_rate(0.8, misalignment=0.001, y0=1e-8, receiver_efficiency=0.8)
    >>> 0.01 < float(rate.capacity) < 0.2, 0.1 < float(mu) < 0.9
    (True, True)
    """
    shape = np.broadcast_shapes(np.shape(transmittance), *(np.shape(x) for x in arguments.values() if x is not None))

    def rate(mu):
        return secrecy_capacity(transmittance, mean_photons=mu, **arguments).signed

    mu = maximise(rate, {"mu": (1e-4, 1.0)}, shape=shape, start=31)["mu"]
    return secrecy_capacity(transmittance, mean_photons=mu, **arguments), mu


def _check(line, e_d, y0, bob, alice, mu, share) -> None:
    what = "direct communication"
    check_domain("transmittance", line, LINE, what=what)
    check_domain("misalignment", e_d, Range(0.0, 0.25, ""), what=what, advice="the message passes the line twice")
    check_domain("y0", y0, CHANNEL_RANGES["y0"], what=what)
    check_domain("receiver_efficiency", bob, EFFICIENCY, what=what)
    check_domain("check_efficiency", alice, EFFICIENCY, what=what)
    check_domain("check_share", share, Range(0.0, 0.99, ""), what=what)
    if mu is not None:
        check_domain("mean_photons", mu, INTENSITY, what=what)


def _card_capacity(**arguments):
    return secrecy_capacity(**arguments).capacity


register(
    ModelCard(
        id="quantum.dl04.secrecy_capacity",
        title="DL04 direct communication: secrecy capacity of the wiretap channel",
        function=_card_capacity,
        sources=(QI2019, DENG2004),
        valid={
            "transmittance": LINE,
            "misalignment": Range(0.0, 0.25, ""),
            "y0": CHANNEL_RANGES["y0"],
            "receiver_efficiency": EFFICIENCY,
        },
        references=(
            Reference(
                {"transmittance": 0.1, "misalignment": 0.0, "y0": 0.0, "receiver_efficiency": 0.5},
                0.005,
                "closed form without errors: both ways times the receiver",
                rel=1e-12,
            ),
            Reference(
                {"transmittance": 1.0, "misalignment": 0.01, "y0": 0.0, "receiver_efficiency": 1.0},
                0.7182433,
                "1 - h(0.0198) - h(0.02)",
                absolute=1e-6,
            ),
        ),
        increasing=("receiver_efficiency",),
        decreasing=("misalignment", "y0"),
        left_out="finite statistics, quantum memory",
    )
)
