"""Bounds, thresholds, detectors, eavesdropper. Oracles: closed forms, root finding, simulation by exact enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from silla.base.errors import DomainError
from silla.physics.quantum.attack import intercept_resend_error, intercepted_share
from silla.physics.quantum.bounds import (
    BB84_THRESHOLD,
    SIX_STATE_THRESHOLD,
    bb84_rate,
    plob_bit,
    six_state_rate,
    tgw_bit,
)
from silla.physics.quantum.decoy_bb84 import key_rate
from silla.physics.quantum.detectors import (
    DETECTORS,
    afterpulse_clicks,
    background_per_gate,
    dead_time_factor,
    measured_rate_per_s,
)


@pytest.mark.parametrize("loss_db, bit", [(10, 0.152003), (20, 0.0144996), (30, 0.00144342)])
def test_plob_anchors(loss_db, bit):
    assert plob_bit(10 ** (-loss_db / 10)) == pytest.approx(bit, rel=5e-6)


@given(st.floats(-15, -1e-9).map(lambda x: 10.0**x))
def test_plob_is_below_tgw_and_tends_to_eta_over_ln2(eta):
    assert eta / np.log(2) <= plob_bit(eta) * (1 + 1e-12)
    assert plob_bit(eta) <= tgw_bit(eta) <= 2 * plob_bit(eta)


def test_thresholds_are_the_roots():
    assert brentq(bb84_rate, 0.05, 0.2, xtol=1e-14) == pytest.approx(BB84_THRESHOLD, abs=1e-9)
    assert brentq(six_state_rate, 0.05, 0.2, xtol=1e-14) == pytest.approx(SIX_STATE_THRESHOLD, abs=1e-9)
    assert round(100 * BB84_THRESHOLD, 4) == 11.0028 and round(100 * SIX_STATE_THRESHOLD, 4) == 12.6193


def test_a_lossless_line_has_no_bound():
    with pytest.raises(DomainError, match="PLOB"):
        plob_bit(1.0)


def test_intercept_resend_by_enumeration():
    """All bases, bits and outcomes: Alice's state, Eve's basis and result, Bob's result in Alice's basis."""
    states = {
        ("z", 0): np.array([1.0, 0.0]),
        ("z", 1): np.array([0.0, 1.0]),
        ("x", 0): np.array([1.0, 1.0]) / np.sqrt(2),
        ("x", 1): np.array([1.0, -1.0]) / np.sqrt(2),
    }
    wrong = 0.0
    for (basis, bit), sent in states.items():
        for eve in "zx":
            for seen in (0, 1):
                resent = states[eve, seen]
                wrong += 0.25 * 0.5 * (sent @ resent) ** 2 * (resent @ states[basis, 1 - bit]) ** 2
    assert intercept_resend_error(0.0, 1.0) == pytest.approx(wrong, abs=1e-12) == 0.25
    # a channel that flips a share e of the bits after Eve: mixture of flips
    for e in (0.01, 0.1, 0.5):
        assert intercept_resend_error(e, 1.0) == pytest.approx(wrong * (1 - e) + (1 - wrong) * e)


@given(st.floats(0, 0.3), st.floats(0, 1))
def test_intercepted_share_is_the_inverse(e, share):
    assert intercepted_share(intercept_resend_error(e, share), e) == pytest.approx(share, abs=1e-9)


def test_an_eavesdropper_stops_the_link():
    share = np.linspace(0, 1, 101)
    found = key_rate(1e-2, mu=0.48, y0=1e-6, misalignment=intercept_resend_error(0.01, share), error_correction=1.0)
    assert np.all(np.diff(found.qber) > 0) and np.all(np.diff(found.rate) <= 0)
    stopped = np.flatnonzero(found.rate == 0)[0]
    assert found.rate[0] > 0 and found.qber[stopped] < BB84_THRESHOLD and np.all(found.rate[stopped:] == 0)


def test_background_is_the_poisson_click_probability():
    assert background_per_gate(600.0, 1e-9) == pytest.approx(1.2e-6, rel=1e-5)
    one = background_per_gate(0.0, 1e-9, light_photons_per_s=1e8, efficiency=0.1)
    assert one == pytest.approx(1 - np.exp(-0.01))


def test_dead_time_and_afterpulse_closed_forms():
    true = np.logspace(0, 12, 50)
    measured = measured_rate_per_s(true, 100e-9)
    assert np.all(np.diff(measured) > 0) and np.all(measured < 1e7) and measured[-1] == pytest.approx(1e7, rel=1e-4)
    np.testing.assert_allclose(measured / (1 - measured * 100e-9), true, rtol=1e-6)  # the usual correction undoes it
    assert dead_time_factor(0.0, 1e-6) == 1.0
    assert afterpulse_clicks(100.0, 0.04) == pytest.approx(100 * sum(0.04**k for k in range(40)))


def test_the_sine_gated_detector_is_that_of_lim_et_al():
    d = DETECTORS["ingaas-sine-gated"]
    assert background_per_gate(d.dark_counts_per_s, 1e-9, detectors=1) == pytest.approx(6e-7, rel=1e-5)
    assert (d.efficiency, d.afterpulse) == (0.1, 0.04)
