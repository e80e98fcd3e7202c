"""Finite key rates with the best intensities, probabilities and basis bias for each link.

The objective is `finite_key`; any settings give a valid key, so an optimum that is missed by a little costs a little
rate and never security. All links are searched at once: a fixed low-discrepancy set of settings first, then such
sets around the best of each link, with a size of its own that shrinks where nothing better is found. What is found lies
within 0.1 % of the best rate. The same inputs always give the same settings.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.channel import CHANNEL_RANGES, check_channel
from silla.physics.quantum.finite_key import BLOCK, EPSILON, _expected, _key_length
from silla.physics.quantum.optimise import search
from silla.physics.quantum.presets import LIM, RUSCA

__all__ = ["BestFiniteKey", "best_finite_key", "shortest_block"]

SIGNAL = Range(1e-3, 1.0, "photons per pulse")
VACUUM_INTENSITY = 2e-4  # Lim et al., section IV: an attenuator never quite reaches zero
_CHUNK = 512


class BestFiniteKey(NamedTuple):
    """Result of `best_finite_key`; shape S of the inputs, intensities and probabilities S + [K]."""

    rate: Any  # secret bits per pulse sent
    length_bit: Any  # secret bits per block
    pulses: Any  # sent for one block
    qber: Any
    phase_error: Any
    intensities: Any
    probabilities: Any
    key_basis: Any


def best_finite_key(
    transmittance: ArrayLike,
    *,
    block: ArrayLike = 1e7,
    decoys: int = 2,
    y0: ArrayLike,
    misalignment: ArrayLike,
    afterpulse: ArrayLike = 0.0,
    eps_sec: float = 1e-10,
    eps_cor: float = 1e-15,
    error_correction: float = 1.16,
    secrecy_per_bit: float | None = None,
    signal: float | None = None,
) -> BestFiniteKey:
    """Finite key rate at the best settings, and those settings.

    Parameters
    ----------
    transmittance : of channel and detector, any shape, broadcast with block, y0, misalignment, afterpulse.
    block : sifted bits in the key basis. decoys : 2 (Lim et al.; the weakest is 2e-4) or 1 (Rusca et al.).
    secrecy_per_bit : if given, eps_sec = secrecy_per_bit * length, as Lim et al. choose it.
    signal : mean photons of the signal pulse, 0.001 to 1; None searches for the best as well.

    Raises DomainError outside the ranges, ArgumentError when `decoys` is neither 1 nor 2.

    >>> 5e-5 < float(best_finite_key(1e-3, y0=1.2e-6, misalignment=5e-3).rate) < 5e-4
    True
    """
    if decoys not in (1, 2):
        raise ArgumentError(f"finite key: decoys is {decoys!r}, allowed 1 or 2")
    what = "finite key"
    check_channel(what, transmittance=transmittance, y0=y0, misalignment=misalignment, afterpulse=afterpulse)
    check_domain("block", block, BLOCK, what=what, advice="blocks of 1e5 to 1e9 bits are usual")
    check_domain("eps_sec", eps_sec, EPSILON, what=what)
    check_domain("eps_cor", eps_cor, EPSILON, what=what)
    if signal is not None:
        check_domain("signal", signal, SIGNAL, what=what)
    inputs = np.broadcast_arrays(*(np.asarray(x, float) for x in (transmittance, block, y0, misalignment, afterpulse)))
    shape = inputs[0].shape
    flat = [x.ravel() for x in inputs]
    security = (eps_sec, eps_cor, error_correction, secrecy_per_bit)
    parts = [
        _optimise([x[i : i + _CHUNK] for x in flat], decoys, security, signal) for i in range(0, flat[0].size, _CHUNK)
    ]
    merged = [np.concatenate(part, axis=0) for part in zip(*parts)] if parts else [np.zeros(0)] * 8
    shaped = (x.reshape(shape + x.shape[1:])[()] for x in merged)
    return BestFiniteKey(*shaped)


def shortest_block(transmittance: ArrayLike, *, y0: ArrayLike, misalignment: ArrayLike, **arguments: Any):
    """Sifted bits that a block must have before there is any key, to 5 %; inf where no block up to 1e15 has one.

    `arguments` as in `best_finite_key`, without `block`; shape of the first three broadcast.

    >>> 1e3 < float(shortest_block(1e-3, y0=1.2e-6, misalignment=5e-3)) < 1e5
    True
    """
    eta, noise, e_d = np.broadcast_arrays(*(np.asarray(x, float) for x in (transmittance, y0, misalignment)))

    def has_key(exponent):
        found = best_finite_key(eta, block=10.0**exponent, y0=noise, misalignment=e_d, **arguments)
        return np.asarray(found.length_bit) > 0.0

    low, high = np.full(eta.shape, np.log10(BLOCK.low)), np.full(eta.shape, np.log10(BLOCK.high))
    always, ever = has_key(low), has_key(high)
    for _ in range(10):
        middle = 0.5 * (low + high)
        enough = has_key(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(always, BLOCK.low, np.where(ever, 10.0**high, np.inf))[()]


def _settings(x, decoys: int, signal: float | None = None):
    """Intensities, probabilities (lists) and key-basis probability of points x in the unit cube [D, ...]."""
    key_basis = 1.0 - 0.9 * 10.0 ** (-2.75 * x[0])
    strong = 0.1 + 0.9 * x[1] if signal is None else np.full_like(x[1], signal)
    p_strong = 0.02 + 0.97 * x[3]
    if decoys == 1:
        weak = strong * (0.02 + 0.88 * x[2])
        return [strong, weak], [p_strong, 1.0 - p_strong], key_basis
    weak = 2 * VACUUM_INTENSITY + (strong - 4 * VACUUM_INTENSITY) * (0.01 + 0.89 * x[2])
    p_weak = (1.0 - p_strong) * (0.02 + 0.96 * x[4])
    vacuum = np.full_like(strong, VACUUM_INTENSITY)
    return [strong, weak, vacuum], [p_strong, p_weak, 1.0 - p_strong - p_weak], key_basis


def _evaluate(x, inputs, decoys, security, signal: float | None = None, passes: int = 2):
    """Signed rate per pulse at points x, with the bounds and settings behind it."""
    eta, block, y0, e_d, p_ap = inputs
    eps_sec, eps_cor, f, per_bit = security
    mu, p, q = _settings(x, decoys, signal)
    parts, pulses = _expected(eta, block, q, y0, e_d, p_ap, mu, p)
    if per_bit is None:
        found = _key_length(*parts, mu, p, eps_sec, eps_cor, f, None)
    else:
        length = 0.3 * block  # eps_sec enters by its logarithm: two passes are enough to find the settings
        for _ in range(passes):
            found = _key_length(*parts, mu, p, per_bit * np.maximum(length, 1.0), eps_cor, f, None)
            length = found.signed_bit
    return found.signed_bit / pulses, found, pulses, (mu, p, q)


def _optimise(inputs, decoys: int, security, signal: float | None):
    """Fields of BestFiniteKey for a flat list of links."""
    dimensions = 5 if decoys == 2 else 4
    columns = [x[None, :] for x in inputs]
    x = search(lambda points: _evaluate(points, columns, decoys, security, signal)[0], dimensions, inputs[0].size)
    _, found, pulses, (mu, p, q) = _evaluate(x, inputs, decoys, security, signal, passes=4)
    length = found.length_bit
    return (
        length / pulses,
        length,
        pulses,
        found.qber,
        found.phase_error,
        np.stack(mu, axis=-1),
        np.stack(p, axis=-1),
        q,
    )


def _card_gain_of_block(transmittance, block, small_block, **arguments):
    """Rate with a block over the rate with a smaller one: what Lim et al. state of their figure."""
    return best_finite_key(transmittance, block=block, **arguments).rate / (
        best_finite_key(transmittance, block=small_block, **arguments).rate
    )


def _card_rate_one(**arguments):
    return best_finite_key(decoys=1, **arguments).rate


register(
    ModelCard(
        id="quantum.finite_key.two_decoy",
        title="Finite-key decoy BB84, two decoys, best settings",
        function=_card_gain_of_block,
        sources=(LIM.source,),
        valid={"block": BLOCK, "small_block": BLOCK},
        references=(
            Reference(
                {
                    "transmittance": 1e-3,
                    "block": 1e9,
                    "small_block": 1e7,
                    "y0": LIM.y0,
                    "misalignment": LIM.misalignment,
                    "afterpulse": LIM.afterpulse,
                    "secrecy_per_bit": 1e-15,
                },
                1.75,
                "Lim et al. 2014, section IV: about 1.75 at 100 km",
                rel=0.04,
            ),
        ),
        left_out="detector efficiency mismatch, source side channels, the spread of counts about their mean",
    )
)
register(
    ModelCard(
        id="quantum.finite_key.one_decoy",
        title="Finite-key decoy BB84, one decoy, best settings",
        function=_card_rate_one,
        sources=(RUSCA.source,),
        valid={**CHANNEL_RANGES, "block": BLOCK},
        references=(
            Reference(
                {
                    "transmittance": 0.5 * 10**-2.6,
                    "block": 1e7,
                    "y0": RUSCA.y0,
                    "misalignment": RUSCA.misalignment,
                    "eps_sec": 1e-9,
                },
                2e-4,
                "Rusca et al. 2018, Fig. 1: of the order of 2e5 bit/s at 26 dB and 1 GHz, read off",
                rel=0.5,
            ),
        ),
        increasing=("block",),
        left_out="detector efficiency mismatch, source side channels, the spread of counts about their mean",
    )
)
