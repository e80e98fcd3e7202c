"""The search for free parameters. Oracles: functions whose maxima are known, `decoy_bb84.best_intensity`."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.physics.quantum.decoy_bb84 import best_intensity, key_rate
from silla.physics.quantum.optimise import maximise


def test_a_skewed_ridge_of_two_parameters_is_climbed():
    """Maximum of exp(-(u + v)^2 - 25 (u - v)^2) with u = log x - a, v = log y - a at x = y = e^a."""
    top = np.array([-1.0, 0.3, 1.2])

    def hill(x, y):
        u, v = np.log(x) - top, np.log(y) - top
        return np.exp(-((u + v) ** 2) - 25 * (u - v) ** 2)

    best = maximise(hill, {"x": (0.05, 20.0), "y": (0.05, 20.0)}, shape=(3,))
    np.testing.assert_allclose(best["x"], np.exp(top), rtol=2e-3)
    np.testing.assert_allclose(best["y"], np.exp(top), rtol=2e-3)


def test_a_maximum_at_the_edge_and_undefined_values():
    assert maximise(lambda x: x, {"x": (0.0, 2.0)})["x"] == pytest.approx(2.0)
    assert maximise(lambda x: np.where(x > 1.0, np.nan, x), {"x": (0.0, 2.0)})["x"] == pytest.approx(1.0, abs=1e-3)


def test_it_finds_the_intensity_that_golden_sections_find():
    eta, link = np.array([0.04, 1e-3, 1e-4]), {"y0": 1.7e-6, "misalignment": 0.033}
    best = maximise(lambda mu: key_rate(eta, mu=mu, **link).signed_rate, {"mu": (0.02, 1.2)}, shape=(3,))["mu"]
    np.testing.assert_allclose(best, best_intensity(eta, **link), atol=2e-4)


def test_bad_ranges_are_refused():
    for ranges in ({}, {"x": (1.0, 1.0)}, {"x": (0.0, np.inf)}, dict.fromkeys("abcd", (0.0, 1.0))):
        with pytest.raises(ArgumentError, match="maximise"):
            maximise(lambda **_: 0.0, ranges)
