"""What may happen in a slot, as a table: settings with their probabilities, and given each, which detectors fire.

A slot is a pulse or a pump pulse. Its setting is everything that is chosen or drawn before a photon is detected
(intensity, bases, bits, what an eavesdropper does); its outcome is the set of detectors with an avalanche, were they
all ready; and the number of photons sent is drawn from what setting and outcome leave of it. Dead time and
after-pulses are not in the table: they link slots, and belong to the run (`machine`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError

__all__ = ["CLASSES", "Compiled", "SlotTable", "click_patterns", "poisson"]

CLASSES = 8  # photons sent: 0..6, 7 or more
Floats = NDArray[np.float64]


class Compiled(NamedTuple):
    """The table as integers, what kernel and twin read; see `kernels/src/photons.h`."""

    gap_scale: float
    keep: NDArray[np.uint32]
    other: NDArray[np.uint16]
    threshold: NDArray[np.uint64]
    mask: NDArray[np.uint8]
    photons: NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class SlotTable:
    """Settings and outcomes of a slot.

    labels : name -> uint8 [n_settings], what a setting means. prior : [n_settings] its probability.
    joint : [n_settings, 2^n_detectors, n_numbers] probability of a pattern of avalanches (bit j: detector j) together
    with a number of photons, given the setting; sums to 1 over the last two.
    """

    labels: Mapping[str, NDArray[np.uint8]]
    prior: Floats
    joint: Floats

    def __post_init__(self) -> None:
        total, each = float(self.prior.sum()), self.joint.sum(axis=(1, 2))
        if abs(total - 1.0) > 1e-9 or np.abs(each - 1.0).max() > 1e-9 or self.prior.min() < 0 or self.joint.min() < 0:
            raise ArgumentError(
                f"slot table: probabilities sum to {total:.12g} over the settings and to {each.min():.12g} .. "
                f"{each.max():.12g} over the outcomes, and the least is {min(self.prior.min(), self.joint.min()):g}; "
                "each must sum to 1"
            )

    @property
    def n_detectors(self) -> int:
        return int(self.joint.shape[1]).bit_length() - 1

    @cached_property
    def pattern(self) -> Floats:
        """[n_settings, 2^n_detectors] probability of each pattern."""
        return self.joint.sum(axis=2)

    @cached_property
    def click(self) -> Floats:
        """[n_settings] probability that any detector fires."""
        return self.pattern[:, 1:].sum(axis=1)

    @cached_property
    def most(self) -> float:
        """The greatest chance of a click in a slot over the settings that occur."""
        return float(min(1.0, self.click[self.prior > 0.0].max()))

    @cached_property
    def compiled(self) -> Compiled:
        """The table as kernel and twin read it."""
        if self.most <= 0.0:
            raise ArgumentError("slot table: no detector can ever fire; there is nothing to simulate")
        scale = 0.0 if self.most >= 1.0 else 1.0 / np.log1p(-self.most)
        keep, other = _alias(self.prior)
        order = np.argsort(-self.pattern[:, 1:], axis=1, kind="stable") + 1
        chance = np.take_along_axis(self.pattern, order, 1) / self.most
        limits = np.minimum(np.cumsum(chance, axis=1), 1.0) * 2.0**63
        order = np.concatenate([order, np.zeros((len(order), 1), order.dtype)], axis=1)
        number = np.take_along_axis(_classes(self.joint), order[:, :, None], 1)
        return Compiled(
            float(scale),
            keep,
            other,
            np.rint(limits).astype(np.uint64),
            order.astype(np.uint8),
            np.rint(number * 2.0**31).astype(np.uint32),
        )


def _classes(joint: Floats) -> Floats:
    """[n_settings, n_patterns, CLASSES - 1] cumulative probability of the class of the number, given the pattern."""
    cut = np.zeros((*joint.shape[:2], CLASSES))
    n = min(CLASSES - 1, joint.shape[2])
    cut[..., :n] = joint[..., :n]
    cut[..., CLASSES - 1] = joint[..., n:].sum(axis=-1)
    total = cut.sum(axis=-1, keepdims=True)
    share = np.divide(cut, total, out=np.zeros_like(cut), where=total > 0.0)
    return np.minimum(np.cumsum(share, axis=-1)[..., :-1], 1.0)


def _alias(prior: Floats) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    """Vose's alias table: entry i is kept with the chance keep / 2^31, else other[i] is taken."""
    n = len(prior)
    if n > 65535:
        raise ArgumentError(f"slot table: {n} settings; allowed: 65535")
    weight = prior * n / prior.sum()
    keep, other = np.full(n, 1 << 31, np.uint32), np.arange(n, dtype=np.uint16)
    small, large = [i for i in range(n) if weight[i] < 1.0], [i for i in range(n) if weight[i] >= 1.0]
    while small and large:
        less, more = small.pop(), large.pop()
        keep[less], other[less] = np.uint32(round(weight[less] * 2.0**31)), more
        weight[more] -= 1.0 - weight[less]
        (small if weight[more] < 1.0 else large).append(more)
    return keep, other


def poisson(mean: float) -> Floats:
    """Probabilities of 0, 1, ... photons of a coherent pulse; the last entry holds the rest, below 1e-17.

    >>> bool(abs(poisson(0.5)[1] - 0.5 * np.exp(-0.5)) < 1e-16)
    True
    """
    n = int(np.ceil(mean + 12.0 * np.sqrt(mean) + 24.0))
    terms = np.exp(-mean) * np.cumprod(np.concatenate([[1.0], mean / np.arange(1.0, n)]))
    return np.append(terms, max(0.0, 1.0 - terms.sum()))


def click_patterns(n: NDArray[Any], p0: float, p1: float, dark0: float, dark1: float) -> Floats:
    """Probabilities that none, 0 alone, 1 alone and both of two detectors fire, [len(n), 4].

    n : numbers of photons, whole. p0, p1 : chance of each photon to be detected in either, p0 + p1 <= 1.
    dark0, dark1 : chance of a click without a photon. No difference of like numbers is taken, so chances of 1e-20 keep
    their digits.

    >>> click_patterns(np.array([1]), 0.5, 0.0, 0.0, 0.25).tolist()
    [[0.375, 0.375, 0.125, 0.125]]
    """
    n = np.asarray(n, float)
    none = _power(1.0 - p0 - p1, n)
    first, second = _some(p0, p1, n), _some(p1, p0, n)
    both = np.zeros_like(n)
    ways = np.ones_like(n)
    for i in range(1, int(n.max(initial=0.0)) + 1):  # i photons in the first, some in the second
        ways = ways * np.maximum(n - (i - 1), 0.0) / i
        both = both + ways * p0**i * _some(p1, p0, np.maximum(n - i, 0.0))
    live0, live1 = 1.0 - dark0, 1.0 - dark1
    return np.stack(
        [
            none * live0 * live1,
            (first + none * dark0) * live1,
            (second + none * dark1) * live0,
            both + first * dark1 + second * dark0 + none * dark0 * dark1,
        ],
        axis=1,
    )


def _power(x: float, n: Floats) -> Floats:
    return np.where(n == 0.0, 1.0, max(x, 0.0) ** n)


def _some(p: float, q: float, n: Floats) -> Floats:
    """(1 - q)^n - (1 - p - q)^n: of n photons at least one in p and none in q."""
    if p <= 0.0:
        return np.zeros_like(n)
    rest = 1.0 - q
    if p >= rest:
        return np.where(n == 0.0, 0.0, rest**n)
    return rest**n * -np.expm1(n * np.log1p(-p / rest))
