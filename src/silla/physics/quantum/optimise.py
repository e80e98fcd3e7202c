"""The best free parameters of a rate: one search for every protocol.

A full grid over the ranges, then ever smaller grids around the best point of each element. All elements of an array are
searched at once, so the rate is called a dozen times whatever the size of the array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["maximise"]

_SHRINK = 0.45  # of the step at each round: neighbouring grids overlap, so a ridge is not lost


def maximise(
    rate: Callable[..., Any],
    ranges: Mapping[str, tuple[float, float]],
    *,
    shape: tuple[int, ...] = (),
    start: int = 15,
    rounds: int = 12,
) -> dict[str, Any]:
    """Parameters at which `rate(**parameters)` is greatest: name -> array of shape `shape`.

    Parameters
    ----------
    rate : called with arrays of shape [n, *shape], returns the same shape; give the signed rate, not one clipped at
        zero, so that the search finds its way where there is no key.
    ranges : name -> (low, high). Both positive: steps are ratios; otherwise differences. One to three parameters.
    shape : of the other arguments of the rate, broadcast. start : points per parameter of the first grid.
    rounds : of refinement, each with 5 points per parameter and steps of 0.45 times those before; twelve leave 7e-5
        of the first step.

    Finds the greatest of several maxima only if the first grid tells them apart. NaN counts as worst.
    Raises ArgumentError for empty ranges or more than three parameters.

    >>> best = maximise(lambda x: -((x - np.array([0.2, 0.7])) ** 2), {"x": (0.0, 1.0)}, shape=(2,))
    >>> best["x"].round(3).tolist()
    [0.2, 0.7]
    """
    if not 1 <= len(ranges) <= 3:
        raise ArgumentError(f"maximise: {len(ranges)} parameters, allowed 1 to 3; fix some of them")
    for name, (low, high) in ranges.items():
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise ArgumentError(f"maximise: range of {name} is {low:g} to {high:g}; give a lower and a higher end")
    logs = {name: low > 0.0 for name, (low, _) in ranges.items()}
    ends = {name: np.log(pair) if logs[name] else np.asarray(pair, float) for name, pair in ranges.items()}
    best = {name: np.full(shape, 0.5 * (low + high)) for name, (low, high) in ends.items()}
    step = {name: (high - low) / (start - 1) for name, (low, high) in ends.items()}
    offsets = np.arange(start) - 0.5 * (start - 1)
    for _ in range(rounds + 1):
        tried = _grid(best, ends, step, offsets)
        found = np.asarray(rate(**{name: np.exp(x) if logs[name] else x for name, x in tried.items()}), float)
        chosen = np.argmax(np.where(np.isnan(found), -np.inf, found), axis=0)[None]
        best = {name: np.take_along_axis(x, chosen, 0)[0] for name, x in tried.items()}
        step = {name: _SHRINK * size for name, size in step.items()}
        offsets = np.arange(-2.0, 3.0)
    return {name: (np.exp(x) if logs[name] else x)[()] for name, x in best.items()}


def _grid(centre, ends, step, offsets):
    """The product grid centre + offsets * step of each element, kept within the ends: arrays [n, *shape]."""
    axes = np.meshgrid(*([offsets] * len(centre)), indexing="ij")
    return {
        name: np.clip(middle + step[name] * axis.reshape((-1,) + (1,) * middle.ndim), *ends[name])
        for (name, middle), axis in zip(centre.items(), axes)
    }
