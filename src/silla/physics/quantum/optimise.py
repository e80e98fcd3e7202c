"""The best free parameters of a rate: one search for every protocol.

`maximise`, up to three parameters: a full grid over the ranges, then ever smaller grids around the best point of each
element. `search`, any number: points spread evenly over the unit cube, then such clouds around the best point of each
element, with a size of their own that shrinks. All elements of an array are searched at once, so the rate is called a
dozen times whatever the size of the array, and the same inputs always give the same parameters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["low_discrepancy", "maximise", "search"]

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


def search(
    value: Callable[[Any], Any],
    dimensions: int,
    n: int = 1,
    *,
    starts: int = 256,
    tried: int = 128,
    rounds: int = 12,
):
    """Points [dimensions, n] of the unit cube at which `value` is greatest, one for each of n elements.

    Parameters
    ----------
    value : called with points [dimensions, k, n] returns [k, n]; NaN counts as worst. starts, tried, rounds : points
    spread over the cube at first, points of a cloud, and clouds.

    >>> peak = np.array([0.2, 0.5, 0.9, 0.4])
    >>> found = search(lambda x: -np.sum((x - peak[:, None, None]) ** 2, axis=0), 4)
    >>> found[:, 0].round(2).tolist()
    [0.2, 0.5, 0.9, 0.4]
    """

    def worth(points):
        found = np.asarray(value(points), float)
        return np.where(np.isnan(found), -np.inf, found)

    index = np.arange(n)
    x = np.broadcast_to(low_discrepancy(starts, dimensions)[:, :, None], (dimensions, starts, n))
    found = worth(x)
    first = np.argmax(found, axis=0)
    x, best = np.ascontiguousarray(x[:, first, index]), found[first, index]
    step, last = np.full(n, 0.25), np.zeros((dimensions, n))
    cloud = 2.0 * low_discrepancy(tried * rounds, dimensions) - 1.0  # other points in each round
    along = 0.7 * np.concatenate([np.eye(dimensions), -np.eye(dimensions)], axis=1)
    for i in range(rounds):
        moves = np.concatenate([cloud[:, i * tried : (i + 1) * tried], along], axis=1)[:, :, None] * step
        again = last[:, None, :] * np.array([0.5, 1.0, 2.0])[None, :, None]  # on the way that helped last
        points = np.clip(x[:, None, :] + np.concatenate([moves, again], axis=1), 0.0, 1.0)
        found = worth(points)
        choice = np.argmax(found, axis=0)
        better = found[choice, index] > best
        new = np.where(better, points[:, choice, index], x)
        x, last = new, np.where(better, new - x, 0.5 * last)
        best = np.where(better, found[choice, index], best)
        step = np.where(better, 0.7 * step, 0.5 * step)
    return x


@functools.lru_cache(maxsize=32)
def low_discrepancy(n: int, dimensions: int):
    """[dimensions, n] points of the additive recurrence whose steps are powers of the generalised golden ratio."""
    ratio = 2.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    points = (0.5 + np.outer(ratio ** -np.arange(1.0, dimensions + 1), np.arange(n))) % 1.0
    points.flags.writeable = False  # the same array for every caller
    return points
