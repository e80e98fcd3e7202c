"""High-dimensional direct communication. Oracles: Holevo quantity diagonalised, DL04, closed forms, PLOB, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silla.base.errors import DomainError
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.dl04 import secrecy_capacity as dl04_capacity
from silla.physics.quantum.hd_qsdc import best_dimension, message_rate, secrecy_capacity, symbol_entropy

CLEAN = {"misalignment": 0.0, "y0": 0.0, "receiver_efficiency": 1.0}


def entropy(rho):
    w = np.linalg.eigvalsh(rho)
    w = w[w > 1e-14]
    return float(-np.sum(w * np.log2(w)))


def holevo(weights):
    """Eve's bits on the delay: she purifies a Weyl channel with these weights [delay, phase] and takes the photon."""
    n = len(weights)
    shift, clock = np.roll(np.eye(n), 1, axis=0), np.diag(np.exp(2j * np.pi * np.arange(n) / n))
    psi = np.zeros((n, n, n * n), complex)  # photon, Bob's reference, Eve's ancilla
    for a in range(n):
        for b in range(n):
            kraus = np.linalg.matrix_power(shift, a) @ np.linalg.matrix_power(clock, b)
            psi[:, :, a * n + b] = np.sqrt(weights[a, b] / n) * kraus
    held = psi.transpose(0, 2, 1).reshape(n**3, n)
    rho = held @ held.conj().T
    turns = [np.kron(np.linalg.matrix_power(shift, k), np.eye(n * n)) for k in range(n)]
    return entropy(sum(u @ rho @ u.T for u in turns) / n) - entropy(rho)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_eves_information_is_the_entropy_of_the_phase_errors(n):
    rng = np.random.default_rng(n)
    for _ in range(6 - n):
        weights = rng.dirichlet(np.full(n * n, 0.3)).reshape(n, n)
        phases = weights.sum(axis=0)
        assert holevo(weights) == pytest.approx(-np.sum(phases * np.log2(phases)), abs=1e-9)
        assert holevo(weights) <= float(symbol_entropy(1.0 - phases[0], n)) + 1e-9


def test_intercepting_every_photon_in_the_time_basis_leaves_no_message():
    """Measured bins: phase patterns come out at random, error 1 - 1/N, and Eve knows all log2 N bits."""
    for n in (2, 8, 64):
        assert symbol_entropy(1.0 - 1.0 / n, n) == pytest.approx(np.log2(n), abs=1e-12)


def test_two_bins_give_bob_what_dl04_does_and_eve_no_more():
    link = {"misalignment": 0.01, "y0": 1e-7, "receiver_efficiency": 0.4}
    hd = secrecy_capacity(2, 0.3, check_efficiency=0.4, **link)
    old = dl04_capacity(0.3, **(link | {"y0": 1 - (1 - 1e-7) ** 2}))
    assert hd.gain == pytest.approx(old.gain) and hd.qber == pytest.approx(old.qber, rel=1e-6)
    assert hd.eve_bit < old.eve_bit  # h(e) of the phase patterns against h(2 e) of either basis


def test_without_errors_every_click_carries_all_its_bits():
    n = np.array([2, 4, 256])
    np.testing.assert_allclose(secrecy_capacity(n, 0.1, **CLEAN).capacity, 0.01 * np.log2(n), rtol=1e-12)


links = st.fixed_dictionaries(
    {
        "misalignment": st.floats(0, 0.5),
        "y0": st.floats(-10, -3).map(lambda x: 10.0**x),
        "receiver_efficiency": st.floats(0.01, 1),
    }
)


@settings(max_examples=100, deadline=None)
@given(st.floats(-8, -1e-6).map(lambda x: 10.0**x), st.sampled_from([2, 3, 8, 64]), links, st.floats(1e-4, 1.5))
def test_capacity_stays_below_the_bound_of_its_bins(line, n, link, mu):
    for photons in (None, mu):
        found = secrecy_capacity(n, line, mean_photons=photons, **link)
        assert 0.0 <= found.capacity <= n * plob_bit(line)  # N bins are N modes
        assert found.capacity <= found.gain * np.log2(n) + 1e-15


def test_weak_pulses_never_beat_single_photons():
    line = 10.0 ** np.linspace(0, -2, 20)
    link = {"misalignment": 0.002, "y0": 1e-8, "receiver_efficiency": 0.5}
    for mu in (1e-3, 0.1, 1.0):
        weak = secrecy_capacity(8, line, mean_photons=mu, **link).capacity
        assert np.all(weak <= secrecy_capacity(8, line, **link).capacity + 1e-12)


def test_capacity_falls_with_loss_error_and_background():
    link = {"misalignment": 0.002, "y0": 1e-8, "receiver_efficiency": 0.5}
    assert np.all(np.diff(secrecy_capacity(16, 10.0 ** np.linspace(0, -3, 40), **link).capacity) <= 0)
    for name, values in (("misalignment", np.linspace(0, 0.1, 30)), ("y0", np.logspace(-9, -3, 30))):
        assert np.all(np.diff(secrecy_capacity(16, 0.3, **(link | {name: values})).capacity) <= 0)


def test_without_dead_time_two_or_four_bins_are_fastest_and_equal():
    rates = [message_rate(n, 0.5, bin_s=1e-9, **CLEAN).rate_bit_per_s for n in (2, 4, 8)]
    assert rates[0] == pytest.approx(rates[1]) and rates[2] == pytest.approx(0.75 * rates[0])


def test_dead_time_bounds_the_clicks_and_pays_for_bins():
    dead, width = 100e-9, 1e-9
    n = 2 ** np.arange(1, 9)
    free = message_rate(n, 1.0, bin_s=width, dead_time_s=dead, **CLEAN)
    m = 100.0 / n  # frames that a click blinds: m - 1/2, or m^2 / 2 of those that follow close
    cycle_s = n * width * np.where(m < 1, 1 + m**2 / 2, m + 1 / 2)
    np.testing.assert_allclose(free.rate_bit_per_s, np.log2(n) / cycle_s, rtol=1e-12)
    guarded = message_rate(n, 1.0, bin_s=width, dead_time_s=dead, guard=True, **CLEAN)
    np.testing.assert_allclose(guarded.rate_bit_per_s, np.log2(n) / ((n - 1) * width + dead), rtol=1e-12)
    found, best = best_dimension(np.array([1.0, 1e-3]), bin_s=width, dead_time_s=dead, **CLEAN)
    assert best[0] == 64 and best[1] in (2, 4)  # N ln N - N = 2 x 100 near the top; few clicks need no long frames
    assert found.rate_bit_per_s[0] == pytest.approx(free.rate_bit_per_s.max())


def test_lost_clicks_cost_bob_and_not_eve():
    link = {"misalignment": 0.01, "y0": 0.0, "receiver_efficiency": 1.0, "check_efficiency": 1.0}
    found = message_rate(4, 0.9, bin_s=1e-9, dead_time_s=10e-9, **link)
    bob = found.direct.signed + found.direct.eve_bit
    expected = (bob / (1 + found.direct.gain * (10 / 4 - 1 / 2)) - found.direct.eve_bit) / 4e-9
    assert found.signed_bit_per_s == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "change, says",
    [
        ({"dimension": 1}, "dimension"),
        ({"dimension": 2.5}, "count bins"),
        ({"transmittance": 0.0}, "transmittance"),
        ({"misalignment": 0.6}, "misalignment"),
        ({"y0": np.nan}, "y0"),
        ({"receiver_efficiency": 0.0}, "receiver_efficiency"),
        ({"mean_photons": 3.0}, "mean_photons"),
        ({"bin_s": 0.0}, "bin_s"),
        ({"dead_time_s": -1.0}, "dead_time_s"),
    ],
)
def test_bad_input_is_refused(change, says):
    with pytest.raises(DomainError, match=says):
        message_rate(**({"dimension": 4, "transmittance": 0.5, "bin_s": 1e-9} | CLEAN | change))
