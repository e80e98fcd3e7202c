"""Oracles: the exact covariance matrix, exact intervals of sample correlations (Fisher's z, false alarm 1e-6)."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.physics.radio.environments import Environment
from silla.physics.radio.shadowing import autocorrelation, correlate, correlate_sites, field_normal, users_normal


def assert_correlation(samples_a, samples_b, expected):
    """Fisher: atanh(r) is normal about atanh(rho) with variance 1 / (n - 3); 4.9 sigma is a false alarm of 1e-6."""
    r = np.corrcoef(samples_a, samples_b)[0, 1]
    assert abs(np.arctanh(r) - np.arctanh(expected)) < 4.9 / np.sqrt(len(samples_a) - 3)


def test_users_correlate_by_their_distance():
    rng = np.random.default_rng(7)
    xy = np.array([[0.0, 0.0], [25.0, 0.0], [0.0, 100.0], [0.0, 0.0]])
    draws = users_normal(rng.standard_normal((4, 40_000)), xy, 50.0)
    assert_correlation(draws[0], draws[1], np.exp(-0.5))
    assert_correlation(draws[0], draws[2], np.exp(-2.0))
    assert draws[0] == pytest.approx(draws[3], abs=1e-3)  # the same place
    assert abs(draws.var() - 1.0) < 0.05


def test_factor_reproduces_the_covariance_exactly():
    rng = np.random.default_rng(3)
    xy = rng.uniform(0, 300, (60, 2))
    factor = users_normal(np.eye(60), xy, 37.0)  # L I
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    assert factor @ factor.T == pytest.approx(autocorrelation(apart, 37.0), abs=1e-9)


def test_grid_field_has_unit_variance_and_exponential_correlation():
    rng = np.random.default_rng(11)
    fields = np.stack([field_normal(rng, (24, 40), 5.0, 20.0) for _ in range(4000)])
    assert abs(fields.var() - 1.0) < 0.03
    for lag in (1, 4, 10):
        assert_correlation(fields[:, 12, 5], fields[:, 12, 5 + lag], np.exp(-lag * 5.0 / 20.0))
        assert_correlation(fields[:, 2, 20], fields[:, 2 + lag, 20], np.exp(-lag * 5.0 / 20.0))
    assert_correlation(fields[:, 0, 0], fields[:, 3, 4], np.exp(-25.0 / 20.0))  # diagonal, 3-4-5


def test_sites_share_what_is_asked():
    rng = np.random.default_rng(5)
    draws = correlate_sites(rng.standard_normal((50_000, 3)), rng.standard_normal(50_000), 0.5)
    assert_correlation(draws[:, 0], draws[:, 2], 0.5)
    with pytest.raises(ArgumentError):
        correlate_sites(draws, draws[:, 0], 1.5)


def test_drop_correlates_within_indoor_and_outdoor_groups_only():
    rng = np.random.default_rng(9)
    xy = np.array([[0.0, 0.0], [7.0, 0.0], [0.0, 0.0], [7.0, 0.0]])
    indoor = np.array([True, True, False, False])
    env = np.full(30_000, int(Environment.UMA))
    out = correlate(rng.standard_normal((4, 30_000)).astype(np.float32), xy, env, indoor)
    assert_correlation(out[0], out[1], np.exp(-7.0 / 7.0))  # O2I: 7 m
    assert_correlation(out[2], out[3], np.exp(-7.0 / 50.0))  # UMa NLOS: 50 m
    assert_correlation(out[0], out[2], 0.0)
    assert out.dtype == np.float32


def test_limits():
    with pytest.raises(ArgumentError, match="at most 2500"):
        users_normal(np.zeros((2501, 1)), np.zeros((2501, 2)), 10.0)
    with pytest.raises(ArgumentError, match="positive"):
        autocorrelation(1.0, 0.0)
