"""BBM92 and the six-state protocol. Oracles: sums over photon numbers, thresholds, PLOB, limits."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import DomainError
from silla.physics.quantum import bbm92, six_state
from silla.physics.quantum.bounds import SIX_STATE_THRESHOLD, plob_bit, six_state_rate
from silla.physics.quantum.decoy_bb84 import key_rate as bb84_key_rate
from silla.physics.quantum.entropy import binary_entropy


def pairs_one_by_one(a, b, lam, y0, e_d, most=30):
    """Gain and error rate of one polarisation basis, n pairs as the modes' photon numbers (k, n - k) on either side.

    The state of n pairs is an equal mixture over k of k pairs in one mode and n - k in the other, as seen by
    photon-number loss and threshold detectors; a click of both detectors of a side is a random bit.
    """
    gain = wrong = 0.0
    for n in range(most):
        for k in range(n + 1):
            weight = lam**n / (1 + lam) ** (n + 2)
            sides = []
            for eta in (a, b):
                seen = [1 - (1 - eta) ** count for count in (k, n - k)]
                bits = [seen[0] * (1 - seen[1]), seen[1] * (1 - seen[0])]
                double = seen[0] * seen[1]
                noisy = y0  # a gate in which noise clicks gives a random bit
                signal = [(1 - noisy) * (x + double / 2) + noisy / 2 for x in bits]
                sides.append(signal)
            (a0, a1), (b0, b1) = sides
            gain += weight * (a0 + a1) * (b0 + b1)
            wrong += weight * (a0 * b1 + a1 * b0)
    error = wrong / gain
    return gain, error + e_d * (1 - 2 * error)


@pytest.mark.parametrize(
    "a, b, lam, y0, e_d",
    [
        (0.1, 0.1, 0.05, 1e-4, 0.015),
        (0.5, 0.02, 0.3, 1e-3, 0.03),
        (1.0, 1.0, 0.1, 0.0, 0.0),
        (1e-3, 1e-4, 0.1, 1e-6, 0),
    ],
)
def test_gain_and_errors_are_the_sum_over_pairs(a, b, lam, y0, e_d):
    found = bbm92.key_rate(a, b, brightness=lam, y0=y0, misalignment=e_d)
    gain, error = pairs_one_by_one(a, b, lam, y0, e_d)
    assert found.gain == pytest.approx(gain, rel=1e-9)
    assert found.qber == pytest.approx(error, rel=1e-9)


def test_bbm92_with_few_pairs_is_an_ideal_source():
    """lambda -> 0 without noise: 2 lambda pairs, each detected with eta_A eta_B; R -> eta_A eta_B lambda."""
    found = bbm92.key_rate(0.3, 0.2, brightness=1e-5, y0=0.0, misalignment=0.0)
    assert found.rate == pytest.approx(0.3 * 0.2 * 1e-5, rel=2e-3)


def test_a_source_in_the_middle_reaches_furthest():
    """Background meets background there; Ma, Fung and Lo report 70 dB with two-way processing, so one-way is below."""
    link = {"y0": 6e-6, "misalignment": 0.015}
    detector = 0.145

    def rate(loss_db, share):
        arms = [detector * 10 ** (-loss_db * s / 10) for s in (share, 1 - share)]
        lam = bbm92.best_brightness(*arms, **link)
        return bbm92.key_rate(*arms, brightness=lam, **link).signed_rate

    loss = np.arange(0.0, 80.0, 1.0)
    reach = [loss[np.flatnonzero(rate(loss, share) > 0)].max() for share in (0.5, 0.0)]
    assert 40.0 < reach[0] < 70.0 and reach[1] < reach[0]


def test_bbm92_stays_below_the_bound_and_its_brightness_is_best():
    arm = 10.0 ** np.linspace(-0.01, -3, 30)
    link = {"y0": 1e-7, "misalignment": 0.01}
    lam = bbm92.best_brightness(arm, arm, **link)
    best = bbm92.key_rate(arm, arm, brightness=lam, sifting=1.0, **link)
    assert np.all(best.rate <= 2 * plob_bit(arm**2))  # two modes
    for factor in (0.9, 1.1):
        other = bbm92.key_rate(arm, arm, brightness=factor * lam, sifting=1.0, **link)
        assert np.all(other.signed_rate < best.signed_rate)


def test_six_state_single_photons_are_the_published_fraction_and_end_at_its_threshold():
    errors = np.linspace(0, 0.12, 30)
    found = six_state.key_rate(0.2, y0=0.0, misalignment=errors, error_correction=1.0, sifting=1.0)
    np.testing.assert_allclose(found.signed_rate, 0.2 * six_state_rate(errors), atol=1e-12)
    edge = SIX_STATE_THRESHOLD + np.array([-1e-5, 1e-5])
    signed = six_state.key_rate(1.0, y0=0.0, misalignment=edge, error_correction=1.0, sifting=1.0).signed_rate
    assert signed[0] > 0 > signed[1]


def test_private_share_is_the_entropy_of_a_depolarising_line_given_the_bit():
    """H(X, Z errors) - H(Z error) of Pauli weights 1 - 3e/2, e/2, e/2, e/2, summed here."""
    e = 0.07
    weights = np.array([1 - 1.5 * e, e / 2, e / 2, e / 2])
    joint = -np.sum(weights * np.log2(weights))
    assert six_state._private(e) == pytest.approx(1 - (joint - binary_entropy(e)), abs=1e-12)


def test_six_state_weak_pulses_beat_bb84_per_sifted_bit_and_obey_the_bound():
    eta = 10.0 ** np.linspace(-0.1, -4, 40)
    link = {"mu": 0.4, "y0": 1e-6, "misalignment": 0.03, "error_correction": 1.16, "sifting": 1.0}
    six, four = six_state.key_rate(eta, **link), bb84_key_rate(eta, **link)
    assert np.all(six.signed_rate >= four.signed_rate) and np.any(six.rate > 1.02 * four.rate)
    assert np.all(six.rate <= plob_bit(eta))


def test_bad_input_is_refused():
    link = {"y0": 1e-6, "misalignment": 0.03}
    for name, value in {"y0": -1.0, "misalignment": 0.5}.items():
        with pytest.raises(DomainError, match=name):
            six_state.key_rate(0.1, **(link | {name: value}))
        with pytest.raises(DomainError, match=name):
            bbm92.key_rate(0.1, 0.1, brightness=0.1, **(link | {name: value}))
    with pytest.raises(DomainError, match="brightness"):
        bbm92.key_rate(0.1, 0.1, brightness=2.0, **link)
    with pytest.raises(DomainError, match="mu"):
        six_state.key_rate(0.1, mu=5.0, **link)
