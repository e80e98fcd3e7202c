"""Asymptotic decoy BB84. Oracles: photon-number sums, the exact single-photon quantities, bounds, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import poisson

from silla.base.errors import ArgumentError, DomainError
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.channel import gain_and_error, photon_yield
from silla.physics.quantum.decoy_bb84 import DECOYS, best_intensity, key_rate, max_loss_db
from silla.physics.quantum.entropy import binary_entropy

GYS = {"y0": 1.7e-6, "misalignment": 0.033}

links = st.fixed_dictionaries(
    {
        "transmittance": st.floats(-12, -1e-6).map(lambda x: 10.0**x),
        "y0": st.one_of(st.just(0.0), st.floats(-10, -0.5).map(lambda x: 10.0**x)),
        "misalignment": st.floats(0, 0.49),
        "afterpulse": st.floats(0, 0.2),
    }
)
intensities = st.floats(0.06, 1.5)


@pytest.mark.parametrize("p, h", [(0.0, 0.0), (1.0, 0.0), (0.5, 1.0), (0.25, 2 - 0.75 * np.log2(3))])
def test_entropy_closed_form(p, h):
    assert binary_entropy(p) == pytest.approx(h, abs=1e-15)


def test_gain_is_the_poisson_sum_of_the_yields():
    n = np.arange(60)
    for mu, eta, y0 in [(0.48, 0.045, 1.7e-6), (1.2, 0.9, 0.3), (0.05, 1e-6, 1e-8)]:
        weights = poisson.pmf(n, mu)
        found = gain_and_error(mu, eta, y0=y0, misalignment=0.033)
        assert found.gain == pytest.approx(np.sum(weights * photon_yield(n, eta, y0)), rel=1e-9)
        wrong = 0.5 * y0 + 0.033 * (photon_yield(n, eta, y0) - y0)
        assert found.error_gain == pytest.approx(np.sum(weights * wrong), rel=1e-9)


@settings(max_examples=300, deadline=None)
@given(links, intensities, st.sampled_from(DECOYS), st.floats(0.1, 1.0), st.booleans())
def test_rate_lies_between_zero_and_the_plob_bound(link, mu, decoys, sifting, count_vacuum):
    found = key_rate(**link, mu=mu, decoys=decoys, sifting=sifting, error_correction=1.0, count_vacuum=count_vacuum)
    assert 0.0 <= found.rate <= plob_bit(link["transmittance"])
    assert 0.0 <= found.qber <= 0.5 and found.gain >= 0.0
    assert 0.0 <= found.single_error <= 0.5


@settings(max_examples=200, deadline=None)
@given(links, intensities, st.floats(0.001, 0.95))
def test_every_decoy_bound_is_on_the_safe_side_of_the_truth(link, mu, ratio):
    truth = key_rate(**link, mu=mu, decoys="infinite")
    for decoys in ("vacuum+weak", "one-decoy", "none"):
        bound = key_rate(**link, mu=mu, nu=max(mu * ratio, 1e-4), decoys=decoys)
        assert bound.single_yield <= truth.single_yield * (1 + 1e-6) + 1e-12
        assert bound.rate <= truth.rate * (1 + 1e-6) + 1e-15


def test_vacuum_and_a_vanishing_decoy_tend_to_infinite_decoys():
    eta = 0.045 * 10 ** (-0.021 * np.array([0.0, 50.0, 100.0, 130.0]))
    truth = key_rate(eta, mu=0.48, **GYS).rate
    weak = key_rate(eta, mu=0.48, nu=1e-3, decoys="vacuum+weak", **GYS).rate
    np.testing.assert_allclose(weak, truth, rtol=0.01)


def test_without_noise_and_error_the_rate_is_the_share_of_single_photons():
    found = key_rate(1e-3, mu=0.7, y0=0.0, misalignment=0.0, sifting=1.0)
    assert found.rate == pytest.approx(1e-3 * 0.7 * np.exp(-0.7), rel=1e-12)


def test_rate_falls_with_loss_noise_and_misalignment():
    eta = 10.0 ** np.linspace(0, -6, 61)
    for decoys in DECOYS:
        # falling with loss at the best intensity: Eve can always add loss, so less loss is never worse
        mu = best_intensity(eta, decoys=decoys, **GYS)
        assert np.all(np.diff(key_rate(eta, mu=mu, decoys=decoys, **GYS).rate) <= 1e-12)
    noise = key_rate(1e-3, mu=0.48, y0=np.logspace(-9, -3, 50), misalignment=0.02).rate
    error = key_rate(1e-3, mu=0.48, y0=1e-6, misalignment=np.linspace(0, 0.3, 50)).rate
    assert np.all(np.diff(noise) <= 0) and np.all(np.diff(error) <= 0)
    assert noise[0] > 0 == noise[-1] and error[0] > 0 == error[-1]


def test_best_intensity_agrees_with_a_scalar_optimiser():
    for decoys in ("infinite", "vacuum+weak", "one-decoy", "none"):
        for km in (0, 15, 60, 100):
            eta = 0.045 * 10 ** (-0.021 * km)

            def loss(mu, eta=eta, decoys=decoys):
                return -float(key_rate(eta, mu=mu, decoys=decoys, **GYS).signed_rate)

            low = 0.06 if decoys in ("vacuum+weak", "one-decoy") else 1e-3
            best = minimize_scalar(loss, bounds=(low, 1.1), method="bounded", options={"xatol": 1e-9})
            found = best_intensity(eta, decoys=decoys, **GYS)
            assert -loss(found) >= -best.fun - 1e-12


def test_reach_is_where_the_rate_changes_sign():
    for mu in (0.48, None):
        loss = max_loss_db(detector_efficiency=0.045, mu=mu, **GYS)
        eta = 0.045 * 10 ** (-(loss + np.array([-1e-3, 1e-3])) / 10)
        rate = key_rate(eta, mu=best_intensity(eta, **GYS) if mu is None else mu, **GYS).signed_rate
        assert rate[0] > 0 > rate[1]
    assert max_loss_db(detector_efficiency=0.045, mu=0.48, y0=1.7e-6, misalignment=0.2) == 0.0
    assert max_loss_db(detector_efficiency=0.5, mu=0.48, y0=0.0, misalignment=0.01) == 200.0


def test_thousands_of_links_at_once_equal_one_by_one():
    rng = np.random.default_rng(5)
    eta = 10.0 ** rng.uniform(-5, -1, 3000)
    y0 = 10.0 ** rng.uniform(-8, -4, 3000)
    mu = best_intensity(eta, y0=y0, misalignment=0.02)
    rates = key_rate(eta, mu=mu, y0=y0, misalignment=0.02).rate
    for i in (0, 17, 2999):
        one = best_intensity(eta[i], y0=y0[i], misalignment=0.02)
        assert key_rate(eta[i], mu=one, y0=y0[i], misalignment=0.02).rate == rates[i]


@pytest.mark.parametrize(
    "change",
    [
        {"transmittance": 0.0},
        {"transmittance": 1.1},
        {"transmittance": np.nan},
        {"y0": -1e-9},
        {"y0": np.nan},
        {"misalignment": 0.5},
        {"mu": 0.0},
        {"mu": np.inf},
        {"error_correction": 0.9},
        {"nu": 0.6, "decoys": "vacuum+weak"},
    ],
)
def test_bad_input_is_refused_and_named(change):
    arguments = {"transmittance": 0.01, "mu": 0.48, **GYS} | change
    with pytest.raises(DomainError, match=next(iter(change))):
        key_rate(**arguments)


def test_unknown_decoys_are_refused():
    with pytest.raises(ArgumentError, match="vacuum\\+weak"):
        key_rate(0.01, mu=0.48, decoys="some", **GYS)
