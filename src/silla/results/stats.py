"""Statistics that add: what a task returns instead of a mean.

Adding is associative and commutative in exact arithmetic, and for the counts to the last bit. Floating-point sums are
not, so the engine adds results in the order of the task list, never in the order of arrival; the answer is then the
same to the last bit for any number of workers.

All classes are vectorised: a field may have any shape, and `+` works element by element. `to_record(name)` and
`from_record(name, record)` pack them into the flat records of the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from silla.base.errors import ArgumentError

__all__ = ["Histogram", "Moments", "Proportion"]


class _Packed:
    """Packing into flat records, one entry per field."""

    def to_record(self, name: str) -> dict[str, np.ndarray]:
        """Entries ``name.field`` for the store."""
        return {f"{name}.{f.name}": np.asarray(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_record(cls, name: str, record: Mapping[str, Any]):
        """The statistic packed under that name. Raises KeyError when it is not there."""
        return cls(**{f.name: record[f"{name}.{f.name}"] for f in fields(cls)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Moments(_Packed):
    """Count, mean, sum of squared deviations, smallest and largest value of independent replicates.

    Kept as mean and squared deviations, so that the variance does not cancel (Chan, Golub, LeVeque 1983).
    """

    n: np.ndarray
    mean: np.ndarray
    m2: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @staticmethod
    def of(values: ArrayLike, axis: int | None = 0, where: ArrayLike | None = None) -> Moments:
        """Moments of values along an axis (None: of all of them).

        where : True for the values that count. Without it every value must be finite: ArgumentError otherwise, so that
        a failed replicate never slips out of a mean unseen.
        """
        array = np.asarray(values, float)
        mask = np.ones(array.shape, bool) if where is None else np.broadcast_to(np.asarray(where, bool), array.shape)
        if not np.isfinite(array[mask]).all():
            raise ArgumentError(
                f"{int((~np.isfinite(array[mask])).sum())} of {int(mask.sum())} values are not finite; "
                "say with `where` which ones count"
            )
        used = np.where(mask, array, 0.0)
        n = mask.sum(axis=axis)
        mean = used.sum(axis=axis) / np.maximum(n, 1)
        centre = mean if axis is None else np.expand_dims(mean, axis)
        m2 = np.where(mask, (array - centre) ** 2, 0.0).sum(axis=axis)
        low = np.min(array, axis=axis, where=mask, initial=np.inf)
        high = np.max(array, axis=axis, where=mask, initial=-np.inf)
        return Moments(*(np.asarray(part) for part in (n, mean, m2, low, high)))

    @staticmethod
    def empty(shape: tuple[int, ...] = ()) -> Moments:
        """The neutral element of addition."""
        zero = np.zeros(shape)
        return Moments(zero.astype(np.int64), zero, zero.copy(), np.full(shape, np.inf), np.full(shape, -np.inf))

    def __add__(self, other: Moments) -> Moments:
        n = self.n + other.n
        share = other.n / np.maximum(n, 1)
        step = other.mean - self.mean
        # an empty side contributes nothing, to the last bit
        mean = np.where(self.n == 0, other.mean, np.where(other.n == 0, self.mean, self.mean + step * share))
        m2 = self.m2 + other.m2 + step**2 * self.n * share
        m2 = np.where(self.n == 0, other.m2, np.where(other.n == 0, self.m2, m2))
        return Moments(n, mean, m2, np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    @property
    def sum(self) -> np.ndarray:
        """Sum of the values."""
        return self.n * self.mean

    @property
    def variance(self) -> np.ndarray:
        """Unbiased variance; NaN below two values."""
        return np.where(self.n > 1, self.m2 / np.maximum(self.n - 1, 1), np.nan)

    def interval95(self) -> tuple[np.ndarray, np.ndarray]:
        """95 % interval of the mean: mean +- t(0.975, n-1) s / sqrt(n); (-inf, inf) below two replicates.

        Exact for independent normal replicates. Users of one drop are not independent: give drop means.
        """
        n = np.asarray(self.n)
        quantile = special.stdtrit(np.maximum(n - 1, 1), 0.975)
        half = np.where(n > 1, quantile * np.sqrt(self.m2 / np.maximum(n - 1, 1) / np.maximum(n, 1)), np.inf)
        return self.mean - half, self.mean + half


@dataclass(frozen=True)
class Proportion(_Packed):
    """k successes in n independent trials."""

    k: np.ndarray
    n: np.ndarray

    @staticmethod
    def of(outcomes: ArrayLike, axis: int | None = 0) -> Proportion:
        """Count of True along an axis."""
        array = np.asarray(outcomes, bool)
        k = array.sum(axis=axis)
        size = array.size if axis is None else array.shape[axis]
        return Proportion(np.asarray(k), np.full(np.shape(k), size))

    def __post_init__(self) -> None:
        if np.any(np.asarray(self.k) < 0) or np.any(np.asarray(self.k) > np.asarray(self.n)):
            raise ArgumentError("a proportion needs 0 <= k <= n")

    def __add__(self, other: Proportion) -> Proportion:
        return Proportion(np.asarray(self.k + other.k), np.asarray(self.n + other.n))

    @property
    def estimate(self) -> np.ndarray:
        """k / n; NaN without trials."""
        return np.where(np.asarray(self.n) > 0, self.k / np.maximum(self.n, 1), np.nan)

    def interval95(self) -> tuple[np.ndarray, np.ndarray]:
        """Exact 95 % interval (Clopper and Pearson 1934); (0, 1) without trials."""
        return _clopper_pearson(self.k, self.n)


def _clopper_pearson(successes: ArrayLike, trials: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    k, n = np.asarray(successes, float), np.asarray(trials, float)
    low = np.where(k > 0, special.betaincinv(np.maximum(k, 1), np.maximum(n - k + 1, 1), 0.025), 0.0)
    high = np.where(k < n, special.betaincinv(k + 1, np.maximum(n - k, 1), 0.975), 1.0)
    return low, high


@dataclass(frozen=True)
class Histogram(_Packed):
    """Counts between fixed edges, with what lies below the first and above the last.

    edges : shape (bins + 1,), ascending. counts : shape (..., bins + 2), the first and last entry being the outside.
    A value equal to an edge belongs to the bin above it; one equal to the last edge to the last bin.
    """

    edges: np.ndarray
    counts: np.ndarray

    def __post_init__(self) -> None:
        edges, counts = np.asarray(self.edges, float), np.asarray(self.counts)
        if edges.ndim != 1 or edges.size < 2 or not np.all(np.diff(edges) > 0):
            raise ArgumentError("a histogram needs at least two ascending edges")
        if counts.shape[-1] != edges.size + 1:
            raise ArgumentError(f"{edges.size} edges need {edges.size + 1} counts, found {counts.shape[-1]}")

    @staticmethod
    def of(values: ArrayLike, edges: ArrayLike) -> Histogram:
        """Histogram of values along their last axis. Raises ArgumentError for NaN."""
        array, limits = np.asarray(values, float), np.asarray(edges, float)
        if np.isnan(array).any():
            raise ArgumentError("a histogram cannot count NaN; leave such values out and count them")
        place = np.searchsorted(limits, array, side="right")
        place = np.where(array == limits[-1], limits.size - 1, place)
        n_rows, width = int(np.prod(array.shape[:-1])), limits.size + 1
        flat = place.reshape(n_rows, array.shape[-1] if array.ndim else 1)
        index = np.arange(n_rows)[:, None] * width + flat
        counts = np.bincount(index.ravel(), minlength=n_rows * width)
        return Histogram(limits, counts.reshape(*array.shape[:-1], width).astype(np.int64))

    @staticmethod
    def empty(edges: ArrayLike, shape: tuple[int, ...] = ()) -> Histogram:
        """The neutral element of addition."""
        limits = np.asarray(edges, float)
        return Histogram(limits, np.zeros((*shape, limits.size + 1), np.int64))

    def __add__(self, other: Histogram) -> Histogram:
        if not np.array_equal(self.edges, other.edges):
            raise ArgumentError("histograms add only when their edges are equal")
        return Histogram(self.edges, self.counts + other.counts)

    @property
    def n(self) -> np.ndarray:
        """Number of values counted."""
        return self.counts.sum(axis=-1)

    def cdf(self) -> np.ndarray:
        """Share of values below each edge, shape (..., bins + 1); NaN without values."""
        below = np.cumsum(self.counts, axis=-1)[..., :-1]
        n = self.n[..., None]
        return np.where(n > 0, below / np.maximum(n, 1), np.nan)

    def band95(self, kind: str = "dkw") -> tuple[np.ndarray, np.ndarray]:
        """95 % band of the CDF at the edges, for independent values.

        ``dkw``: holds for all edges together (Dvoretzky, Kiefer, Wolfowitz with Massart's constant 1990),
        half width sqrt(ln(2/0.05) / 2n). ``binomial``: exact for each edge alone (Clopper and Pearson).
        """
        if kind == "binomial":
            return _clopper_pearson(np.cumsum(self.counts, axis=-1)[..., :-1], self.n[..., None])
        if kind != "dkw":
            raise ArgumentError(f"band {kind!r} is unknown; allowed are 'dkw' and 'binomial'")
        half = np.sqrt(np.log(2.0 / 0.05) / (2.0 * np.maximum(self.n, 1)))[..., None]
        centre = self.cdf()
        return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)

    def quantile(self, q: ArrayLike) -> np.ndarray:
        """Quantiles, linear inside a bin, shape (..., *q.shape); -inf or inf when outside the edges, NaN if empty."""
        levels = np.asarray(q, float)
        flat = self.cdf().reshape(-1, self.edges.size)
        out = np.stack([_inverse(row, self.edges, levels.ravel()) for row in flat])
        return out.reshape((*self.counts.shape[:-1], *levels.shape))

    def quantile95(self, q: float) -> tuple[np.ndarray, np.ndarray]:
        """95 % interval of one quantile, from the exact binomial law of the order statistics."""
        if not 0.0 < q < 1.0:
            raise ArgumentError(f"quantile {q:g}: allowed are values between 0 and 1")
        n = np.maximum(self.n, 1).astype(float)
        low = np.ceil(special.bdtrik(0.025, n, q) - 1e-9)
        high = np.ceil(special.bdtrik(0.975, n, q) - 1e-9) + 1.0
        return self._invert_at(np.nan_to_num(low) / n, -np.inf), self._invert_at(high / n, np.inf)

    def _invert_at(self, level: np.ndarray, outside: float) -> np.ndarray:
        """The value at each level; `outside` at levels no order statistic has (0 or less, above 1)."""
        rows = self.cdf().reshape(-1, self.edges.size)
        values = [_inverse(row, self.edges, np.array([x]))[0] for row, x in zip(rows, np.ravel(level), strict=True)]
        found = np.array(values).reshape(np.shape(level))
        return np.where((level <= 0.0) | (level > 1.0), outside, found)


def _inverse(cdf: np.ndarray, edges: np.ndarray, levels: np.ndarray) -> np.ndarray:
    if np.isnan(cdf[0]):
        return np.full(levels.shape, np.nan)
    place = np.searchsorted(cdf, levels, side="left")
    inside = np.clip(place, 1, edges.size - 1)
    low, high = cdf[inside - 1], cdf[inside]
    share = (levels - low) / np.where(high > low, high - low, 1.0)
    value = edges[inside - 1] + np.clip(share, 0.0, 1.0) * (edges[inside] - edges[inside - 1])
    value = np.where(levels < cdf[0], -np.inf, value)
    return np.where(place >= edges.size, np.inf, value)
