"""Oracles: NumPy and SciPy on the pooled sample, exact binomial enumeration, coverage of known laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats as reference

from silla.base.errors import ArgumentError
from silla.results.stats import Histogram, Moments, Proportion

samples = hnp.arrays(float, st.integers(0, 40), elements=st.floats(-1e6, 1e6))


@given(samples, samples, samples)
def test_merged_moments_are_those_of_the_pooled_sample_in_any_grouping(a, b, c):
    parts = [Moments.of(x) for x in (a, b, c)]
    left, right = (parts[0] + parts[1]) + parts[2], parts[0] + (parts[1] + parts[2])
    pooled = np.concatenate([a, b, c])
    scale = np.sum(pooled**2) + 1.0
    for merged in (left, right):
        assert merged.n == pooled.size
        if pooled.size:
            assert merged.mean == pytest.approx(np.mean(pooled), abs=1e-12 * np.sqrt(scale))
            assert merged.m2 == pytest.approx(np.var(pooled) * pooled.size, rel=1e-9, abs=1e-12 * scale)
            assert (merged.low, merged.high) == (pooled.min(), pooled.max())


@given(samples, samples)
def test_merging_two_is_repeatable_to_the_bit_and_the_empty_one_is_neutral(a, b):
    first, second = Moments.of(a), Moments.of(b)
    once, again = first + second, Moments.of(a.copy()) + Moments.of(b.copy())
    for merged, same in ((once, again), (first + Moments.empty(), first), (Moments.empty() + first, first)):
        assert all(getattr(merged, f).tobytes() == getattr(same, f).tobytes() for f in ("mean", "m2", "low", "high"))


def test_moments_do_not_cancel_far_from_zero():
    values = 1e9 + np.array([4.0, 7.0, 13.0, 16.0])
    merged = Moments.of(values[:2]) + Moments.of(values[2:])
    assert merged.variance == pytest.approx(30.0, rel=1e-12)  # textbook example of Chan, Golub and LeVeque


def test_interval_is_students():
    values = np.random.default_rng(1).normal(5, 2, (12, 3))
    low, high = Moments.of(values).interval95()
    expected = reference.t.interval(0.95, 11, values.mean(axis=0), reference.sem(values, axis=0))
    np.testing.assert_allclose((low, high), expected, rtol=1e-12)
    assert Moments.of([3.0]).interval95() == (-np.inf, np.inf)


def test_interval_covers_the_mean_of_normal_replicates_at_its_stated_rate():
    draws = np.random.default_rng(2).normal(0, 1, (5, 20_000))
    low, high = Moments.of(draws).interval95()
    covered = int(np.sum((low <= 0) & (high >= 0)))
    assert reference.binomtest(covered, 20_000, 0.95).pvalue > 1e-4  # false alarm 1 in 10,000


def test_values_that_are_not_finite_must_be_named():
    with pytest.raises(ArgumentError, match="1 of 3 values"):
        Moments.of([1.0, np.nan, 2.0])
    masked = Moments.of([1.0, np.nan, 2.0], where=[True, False, True])
    assert (masked.n, masked.mean) == (2, 1.5)
    assert Moments.of(np.ones((2, 3)), axis=None).n == 6


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (3, 17), (500, 1000)])
def test_proportion_interval_is_clopper_pearson(k, n):
    low, high = Proportion(np.array(k), np.array(n)).interval95()
    exact = reference.binomtest(k, n).proportion_ci(0.95, method="exact")
    assert (low, high) == (pytest.approx(exact.low, abs=1e-12), pytest.approx(exact.high, abs=1e-12))


def test_proportions_add_and_refuse_nonsense():
    both = Proportion.of([True, False]) + Proportion.of([True, True, True])
    assert (both.k, both.n, both.estimate) == (4, 5, 0.8)
    assert Proportion(np.array(0), np.array(0)).interval95() == (0.0, 1.0)
    with pytest.raises(ArgumentError, match="k <= n"):
        Proportion(np.array(3), np.array(2))


edges = np.array([-2.0, -1.0, 0.0, 0.5, 3.0])


@given(hnp.arrays(float, st.tuples(st.integers(1, 3), st.integers(0, 30)), elements=st.floats(-5, 5)))
def test_histogram_counts_equal_numpy_and_split_samples_merge_exactly(values):
    whole = Histogram.of(values, edges)
    for row, counts in zip(values, whole.counts, strict=True):
        np.testing.assert_array_equal(counts[1:-1], np.histogram(row, edges)[0])
        assert (counts[0], counts[-1]) == (np.sum(row < -2), np.sum(row > 3))
    half = values.shape[1] // 2
    merged = Histogram.of(values[:, half:], edges) + Histogram.of(values[:, :half], edges)
    np.testing.assert_array_equal(merged.counts, whole.counts)


def test_quantiles_of_a_fine_histogram_are_those_of_the_sample():
    values = np.random.default_rng(3).normal(0, 1, 50_000)
    fine = Histogram.of(values, np.linspace(-5, 5, 2001))
    levels = np.array([0.05, 0.5, 0.95])
    np.testing.assert_allclose(fine.quantile(levels), np.quantile(values, levels), atol=0.005)  # one bin
    np.testing.assert_allclose(fine.cdf()[1000], np.mean(values < 0))


def test_quantiles_outside_the_edges_are_infinite_not_clipped():
    coarse = Histogram.of([-9.0, 0.2, 9.0, 9.5], edges)
    assert list(coarse.quantile([0.1, 0.9])) == [-np.inf, np.inf]
    assert np.isnan(Histogram.empty(edges).quantile(0.5))


def test_bands_cover_at_their_stated_rates():
    rng = np.random.default_rng(4)
    limits = np.linspace(0.05, 0.95, 19)
    n_runs, n = 2000, 200
    runs = Histogram.of(rng.random((n_runs, n)), limits)
    low, high = runs.band95("dkw")
    together = int(np.sum(np.all((low <= limits) & (limits <= high), axis=-1)))
    assert reference.binomtest(together, n_runs, 0.95, alternative="less").pvalue > 1e-4
    low, high = runs.band95("binomial")
    at_median = int(np.sum((low[:, 9] <= 0.5) & (high[:, 9] >= 0.5)))
    assert reference.binomtest(at_median, n_runs, 0.95, alternative="less").pvalue > 1e-4
    low, high = Histogram.of(rng.random((n_runs, n)), np.linspace(0, 1, 2001)).quantile95(0.9)
    hit = int(np.sum((low <= 0.9) & (high >= 0.9)))
    assert reference.binomtest(hit, n_runs, 0.95, alternative="less").pvalue > 1e-4
    assert np.all(high - low < 0.2)


def test_histograms_with_other_edges_or_nan_are_refused():
    with pytest.raises(ArgumentError, match="edges are equal"):
        Histogram.of([0.1], edges) + Histogram.of([0.1], edges + 1)
    with pytest.raises(ArgumentError, match="NaN"):
        Histogram.of([np.nan], edges)
    with pytest.raises(ArgumentError, match="ascending"):
        Histogram.empty([1.0, 0.0])


@settings(max_examples=25)
@given(samples)
def test_statistics_survive_their_record(values):
    for kept in (Moments.of(values), Histogram.of(values, edges), Proportion.of(values > 0)):
        record = kept.to_record("x")
        back = type(kept).from_record("x", record)
        assert all(np.array_equal(record[key], value) for key, value in back.to_record("x").items())
