"""Finite key of a block whose line changes while it is collected, as over a satellite's pass.

The whole pass is one block: counts of every moment are added, per intensity and basis, and bounded once (`finite_key`).
The settings (intensities, their probabilities, the basis bias) stay the same over the pass and are the best ones for
it. Lim et al., PRA 89, 022307 (2014) and Rusca et al., APL 112, 171104 (2018) for the bounds, which need nothing of the
line.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.physics.quantum.channel import check_channel, gain_and_error
from silla.physics.quantum.finite_key import EPSILON, _key_length
from silla.physics.quantum.finite_key_best import _settings
from silla.physics.quantum.optimise import search

__all__ = ["PassKey", "best_pass_key", "passes_needed"]

_GROUPS = 40


class PassKey(NamedTuple):
    """Result of `best_pass_key`; scalars, and lists over the intensities."""

    length_bit: float  # secret bits of the block, 0 where none
    signed_bit: float
    sifted_bit: float  # clicks in the key basis
    qber: float
    phase_error: float
    intensities: list[float]
    probabilities: list[float]
    key_basis: float


def best_pass_key(
    transmittance: ArrayLike,
    pulses: ArrayLike,
    *,
    y0: ArrayLike,
    misalignment: ArrayLike,
    decoys: int = 2,
    afterpulse: float = 0.0,
    eps_sec: float = 1e-10,
    eps_cor: float = 1e-15,
    error_correction: float = 1.16,
) -> PassKey:
    """Secret bits of one block at the best settings, and those settings.

    Parameters
    ----------
    transmittance, y0, misalignment : at each moment, shape [moments] or scalars; channel and detector, background per
    gate, error rate of signal clicks. pulses : sent at each moment. decoys : 2 (Lim et al.) or 1 (Rusca et al.).

    Moments of like transmittance are put together (40 groups; means weighted by pulses), which changes a length by less
    than a part in a thousand. Raises DomainError outside the ranges, ArgumentError when `decoys` is neither 1 nor 2.

    >>> key = best_pass_key([1e-3, 2e-3], [1e10, 1e10], y0=1e-6, misalignment=0.01)
    >>> 1e5 < key.length_bit < key.sifted_bit
    True
    """
    if decoys not in (1, 2):
        raise ArgumentError(f"finite key of a pass: decoys is {decoys!r}, allowed 1 or 2")
    what = "finite key of a pass"
    check_channel(what, transmittance=transmittance, y0=y0, misalignment=misalignment, afterpulse=afterpulse)
    check_domain("pulses", pulses, Range(0.0, 1e18, ""), what=what)
    check_domain("eps_sec", eps_sec, EPSILON, what=what)
    check_domain("eps_cor", eps_cor, EPSILON, what=what)
    inputs = _grouped(*(np.asarray(x, float) for x in (transmittance, pulses, y0, misalignment)))
    rest = (decoys, afterpulse, eps_sec, eps_cor, error_correction)
    dimensions = 5 if decoys == 2 else 4

    def worth(points):
        return _length(points[:, :, 0], inputs, *rest)[0].signed_bit[:, None]

    x = search(worth, dimensions, starts=192)[:, 0]
    found, sifted, (mu, p, q) = _length(x[:, None], inputs, *rest)
    length, signed, clicks, qber, phase = (
        float(v[0]) for v in (found.length_bit, found.signed_bit, sifted, found.qber, found.phase_error)
    )
    return PassKey(
        length, signed, clicks, qber, phase, [float(k[0]) for k in mu], [float(k[0]) for k in p], float(q[0])
    )


def _grouped(eta, pulses, y0, e_d):
    """At most _GROUPS moments, neighbours in transmittance joined."""
    eta, pulses, y0, e_d = (x.ravel() for x in np.broadcast_arrays(eta, pulses, y0, e_d))
    if eta.size <= _GROUPS:
        return eta, pulses, y0, e_d
    order = np.argsort(eta * (1.0 + y0), kind="stable")
    parts = [part for part in np.array_split(order, _GROUPS) if part.size]
    sums = np.array([pulses[part].sum() for part in parts])
    weight = [pulses[part] / max(s, 1e-300) for part, s in zip(parts, sums)]
    means = [np.array([np.sum(w * x[part]) for part, w in zip(parts, weight)]) for x in (eta, y0, e_d)]
    return means[0], sums, means[1], means[2]


def _length(x, inputs, decoys, p_ap, eps_sec, eps_cor, f):
    """Key of the points x [D, n], sifted bits and settings, each [n]."""
    eta, pulses, y0, e_d = (v[:, None] for v in inputs)
    mu, p, q = _settings(x, decoys)
    clicks = [gain_and_error(k, eta, y0=y0, misalignment=e_d, afterpulse=p_ap) for k in mu]
    gains = [pk * np.sum(pulses * c.gain, axis=0) for pk, c in zip(p, clicks)]
    errors = [pk * np.sum(pulses * c.error_gain, axis=0) for pk, c in zip(p, clicks)]
    key, test = q**2, (1.0 - q) ** 2
    found = _key_length(
        [key * g for g in gains],
        [key * e for e in errors],
        [test * g for g in gains],
        [test * e for e in errors],
        mu, p, eps_sec, eps_cor, f, None,
    )  # fmt: skip
    return found, key * sum(gains), (mu, p, q)


def passes_needed(transmittance: ArrayLike, pulses: ArrayLike, **arguments: Any) -> float:
    """How many such passes must be put into one block before there is a key: 1 when one is enough, inf when none are.

    `arguments` as in `best_pass_key`. Powers of two up to 2^14 first, then to 5 %.

    >>> 1.0 < passes_needed([1e-4], [3e7], y0=1e-6, misalignment=0.01) < 1000.0
    True
    """

    def enough(n: float) -> bool:
        return best_pass_key(transmittance, np.asarray(pulses, float) * n, **arguments).length_bit > 0.0

    n = 1.0
    while not enough(n):
        n *= 2.0
        if n > 16_384.0:
            return float("inf")
    if n == 1.0:
        return 1.0
    low = 0.5 * n
    while n / low > 1.05:
        middle = float(np.sqrt(n * low))
        low, n = (low, middle) if enough(middle) else (middle, n)
    return n
