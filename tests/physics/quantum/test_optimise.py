"""The search for free parameters. Oracles: known maxima, Brent's search, dense grids, random starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from silla.base.errors import ArgumentError
from silla.bench.quantum_rates import BEST, point_ms
from silla.physics.quantum import bbm92, cvqkd, dl04, hd_qsdc, mdi, twin_field
from silla.physics.quantum.decoy_bb84 import best_intensity, key_rate
from silla.physics.quantum.finite_key_best import _evaluate, best_finite_key
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


def test_it_finds_the_intensity_that_brent_finds():
    link: dict[str, Any] = {"y0": 1.7e-6, "misalignment": 0.033}
    for eta in (0.04, 1e-3, 1e-4):
        exact = minimize_scalar(
            lambda mu, eta=eta: -float(key_rate(eta, mu=mu, **link).signed_rate) / eta,
            bounds=(0.1, 1.0),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert best_intensity(eta, **link) == pytest.approx(exact.x, abs=1e-5)


LINK: dict[str, Any] = {"y0": 1e-6, "misalignment": 0.01}
STATION: dict[str, Any] = {"background": 1e-9, "misalignment": 0.03}
CLEAN: dict[str, Any] = {"y0": 1e-8, "misalignment": 0.001, "receiver_efficiency": 0.8}
CONTINUOUS: dict[str, Any] = {"excess_noise": 0.01, "efficiency": 0.6, "electronic_noise": 0.01}
MU = np.geomspace(0.011, 1.19, 4001)
# protocol -> (rate found, rates on a dense grid of the parameter), for a transmittance
ONE_PARAMETER: dict[str, Callable[[float], tuple[Any, Any]]] = {
    "vacuum+weak": lambda eta: (
        key_rate(eta, mu=best_intensity(eta, decoys="vacuum+weak", **LINK), decoys="vacuum+weak", **LINK).signed_rate,
        key_rate(eta, mu=np.geomspace(0.0511, 1.19, 4001), decoys="vacuum+weak", **LINK).signed_rate,
    ),
    "bbm92": lambda eta: (
        bbm92.key_rate(eta, eta, brightness=bbm92.best_brightness(eta, eta, **LINK), **LINK).signed_rate,
        bbm92.key_rate(eta, eta, brightness=np.geomspace(1e-4, 0.5, 4001), **LINK).signed_rate,
    ),
    "mdi": lambda eta: (
        mdi.key_rate(eta, eta, mu=mdi.best_intensity(eta, eta, **STATION), **STATION).signed_rate,
        mdi.key_rate(eta, eta, mu=MU, **STATION).signed_rate,
    ),
    "mdi vacuum+weak": lambda eta: (
        mdi.key_rate(
            eta, eta, mu=mdi.best_intensity(eta, eta, decoys="vacuum+weak", **STATION), decoys="vacuum+weak", **STATION
        ).signed_rate,
        mdi.key_rate(eta, eta, mu=np.geomspace(0.0511, 1.49, 4001), decoys="vacuum+weak", **STATION).signed_rate,
    ),
    "tf": lambda eta: (
        twin_field.best_cal(eta, **STATION)[0].signed_rate,
        twin_field.cal_key_rate(eta, mu=np.geomspace(1e-4, 0.5, 4001), **STATION).signed_rate,
    ),
    "cv-qkd": lambda eta: (
        cvqkd.key_rate(eta, modulation=cvqkd.best_modulation(eta, **CONTINUOUS), **CONTINUOUS).signed_rate,
        cvqkd.key_rate(eta, modulation=np.geomspace(0.05, 100.0, 4001), **CONTINUOUS).signed_rate,
    ),
    "dl04": lambda eta: (
        dl04.best_direct_rate(eta, **CLEAN)[0].signed,
        dl04.secrecy_capacity(eta, mean_photons=np.geomspace(1e-4, 1.0, 4001), **CLEAN).signed,
    ),
    "hd": lambda eta: (
        hd_qsdc.best_intensity(4, eta, **CLEAN)[0].signed,
        hd_qsdc.secrecy_capacity(4, eta, mean_photons=np.geomspace(1e-4, 1.0, 4001), **CLEAN).signed,
    ),
}


@pytest.mark.parametrize("protocol", ONE_PARAMETER)
@given(st.floats(-3.0, -0.05))
@settings(max_examples=15, deadline=None)
def test_the_best_beats_a_dense_grid(protocol, exponent):
    found, grid = ONE_PARAMETER[protocol](10.0**exponent)
    best = np.nanmax(grid)
    assert float(found) >= best - 2e-6 * np.abs(best) - 1e-15


@pytest.mark.parametrize("pairing", twin_field.PAIRINGS)
@given(st.floats(-5.0, -1.0))
@settings(max_examples=5, deadline=None)
def test_sns_beats_a_dense_grid_of_both_parameters(pairing, exponent):
    eta = 10.0**exponent
    found, _, _ = twin_field.best_sns(eta, pairing=pairing, **STATION)
    mu, sending = np.meshgrid(np.geomspace(0.01, 1.5, 201), np.geomspace(0.005, 0.6, 201))
    grid = twin_field.sns_key_rate(eta, mu=mu, sending=sending, pairing=pairing, **STATION).signed_rate
    assert float(found.signed_rate) >= grid.max() * (1 - 1e-6)


@pytest.mark.parametrize("decoys", [2, 1])
@given(st.floats(-4.5, -1.0), st.floats(4.8, 10.0), st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_finite_settings_beat_other_starts(decoys, exponent, block, seed):
    """A random search of 20,000 settings within the same ranges finds nothing better by more than 0.2 %."""
    eta, block = 10.0**exponent, 10.0**block
    found = best_finite_key(eta, block=block, decoys=decoys, **LINK)
    x = np.random.default_rng(seed).uniform(size=(5 if decoys == 2 else 4, 20_000))
    inputs = [np.float64(v) for v in (eta, block, LINK["y0"], LINK["misalignment"], 0.0)]
    random = np.nanmax(_evaluate(x, inputs, decoys, (1e-10, 1e-15, 1.16, None))[0])
    assert float(found.rate) >= 0.998 * random - 1.0 / float(found.pulses)


def test_every_protocol_has_its_best_settings_in_the_bench():
    """Runs each once; times are the bench's, a factor here guards against a search grown tenfold."""
    for name, best in BEST.items():
        assert point_ms(best, repeats=1) < 60.0, name


def test_bad_ranges_are_refused():
    for ranges in ({}, {"x": (1.0, 1.0)}, {"x": (0.0, np.inf)}, dict.fromkeys("abcd", (0.0, 1.0))):
        with pytest.raises(ArgumentError, match="maximise"):
            maximise(lambda **_: 0.0, ranges)
