"""SNS with three intensities, finite. Oracles: exact yields, the endless limit, exact distributions, random starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

from silla.base.errors import DomainError
from silla.physics.quantum import sns_finite as sf
from silla.physics.quantum.sns_finite import SnsSettings, best_sns_finite, sns_finite_rate
from silla.physics.quantum.twin_field import _single_photon, best_sns, sns_key_rate

LINK: dict[str, Any] = {"background": 1e-9, "misalignment": 0.03}
GIVEN = SnsSettings(0.45, 0.27, 0.05, 0.3, 0.7, 0.2, 0.6, 0.35)


@pytest.mark.parametrize("eta", [1e-1, 1e-3, 1e-5])
def test_decoy_bounds_hold_and_are_close(eta):
    found = sns_finite_rate(eta, GIVEN, pulses=1e30, **LINK)
    single, phase = _single_photon(eta, LINK["background"], LINK["misalignment"])
    assert 0.93 * single < found.single_yield <= single * (1 + 1e-12)
    exact_pair = 2 * phase * (1 - phase)
    assert exact_pair < found.phase_error < 3.0 * exact_pair


def test_endless_sessions_approach_the_closed_form():
    """`twin_field.sns_key_rate` takes every yield as known and every window for the key."""
    for eta in (1e-2, 1e-4):
        exact = best_sns(eta, **LINK)[0].rate
        found, best = best_sns_finite(eta, pulses=1e30, **LINK)
        assert 0.97 * exact < found.rate < exact
        known = sns_key_rate(eta, mu=best.mu_z, sending=best.sending, **LINK)
        assert found.qber == pytest.approx(known.qber, rel=1e-9)


def test_rate_grows_with_the_session_and_ends_below_one():
    pulses = 10.0 ** np.arange(9, 19)
    found, best = best_sns_finite(1e-4, pulses=pulses, **LINK)
    assert np.all(np.diff(found.rate) >= -1e-3 * found.rate[1:]) and found.rate[0] == 0.0 < found.rate[-1]
    assert best.key_share[-1] > best.key_share[4]  # more windows for the key when counts are many


@pytest.mark.parametrize("mean", [5.0, 200.0, 1e5])
def test_chernoff_limits_hold_for_poisson_counts(mean):
    """At a failure of 1e-3, the exact distribution: the limits fail at most that often."""
    b = -np.log(1e-3)
    counts = np.arange(int(mean + 20 * np.sqrt(mean) + 50))
    weight = np.asarray(poisson.pmf(counts, mean))
    assert weight[sf._low(counts, b) > mean].sum() <= 1e-3
    assert weight[sf._high(counts, b) < mean].sum() <= 1e-3
    assert weight[counts < sf._low_seen(mean, b)].sum() <= 1e-3
    assert weight[counts > sf._high_seen(mean, b)].sum() <= 1e-3


def test_the_wrong_detector_against_the_mean_over_the_slice():
    """Mean over phases of the exact two-detector chance; linear light makes the slice's mean error enough."""
    s, d, e_d = GIVEN, 1e-7, 0.03
    for eta in (1e-2, 1e-5):
        phases = np.linspace(-0.5, 0.5, 2001) * s.phase_slice_rad
        error = 0.5 * (1 - (1 - 2 * e_d) * np.cos(phases))
        light = 2 * eta * s.mu_1
        exact = (1 - d) * np.exp(-light * (1 - error)) * (1 - (1 - d) * np.exp(-light * error))
        assert sf._wrong_detector(eta, d, e_d, s) == pytest.approx(exact.mean(), rel=1e-3)


def test_settings_beat_random_ones():
    rng = np.random.default_rng(3)
    found, _ = best_sns_finite(1e-4, pulses=1e13, **LINK)
    x = rng.uniform(size=(8, 30_000))
    tried = sf._rate(np.float64(1e-4), np.float64(1e13), 1e-9, 0.03, sf._settings(x), 1.16, 1e-10)[0].signed_rate
    assert found.rate > tried.max()


@pytest.mark.parametrize(
    ("change", "message"),
    [({"pulses": 10.0}, "pulses"), ({"misalignment": 0.5}, "misalignment"), ({"background": 0.5}, "background")],
)
def test_bad_input(change, message):
    with pytest.raises(DomainError, match=message):
        best_sns_finite(1e-3, **{"pulses": 1e12, **LINK, **change})
    with pytest.raises(DomainError, match="mu_z"):
        sns_finite_rate(1e-3, GIVEN._replace(mu_z=3.0), pulses=1e12, **LINK)
