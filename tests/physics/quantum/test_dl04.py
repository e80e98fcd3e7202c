"""Direct communication. Oracles: Holevo quantity by diagonalisation, closed forms, PLOB, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silla.base.errors import DomainError
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.dl04 import best_direct_rate, secrecy_capacity
from silla.physics.quantum.entropy import binary_entropy

I2, X, Z = np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
Y = 1j * X @ Z


def entropy(rho):
    w = np.linalg.eigvalsh(rho)
    w = w[w > 1e-14]
    return float(-np.sum(w * np.log2(w)))


def holevo(weights):
    """Eve's information on the bit: she purifies a Pauli channel on the way out and holds the photon after Alice."""
    pair = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)
    psi = np.zeros((2, 2, 4), complex)  # photon, Bob's reference, Eve's ancilla
    for i, (w, pauli) in enumerate(zip(weights, (I2, X, Y, Z))):
        psi[:, :, i] = np.sqrt(w) * (np.kron(pauli, I2) @ pair).reshape(2, 2)
    held = psi.transpose(0, 2, 1).reshape(8, 2)
    rho = held @ held.conj().T
    turn = np.kron(Y, np.eye(4))
    return entropy(0.5 * (rho + turn @ rho @ turn.conj().T)) - entropy(rho)


@pytest.mark.parametrize("ex, ez", [(0.0, 0.0), (0.01, 0.01), (0.05, 0.02), (0.1, 0.1), (0.25, 0.25)])
def test_eves_information_is_the_worst_pauli_channel_of_those_error_rates(ex, ez):
    both = np.linspace(0, min(ex, ez), 21)  # weight of sigma_y, which makes an error in either basis
    found = [holevo([1 - ex - ez + y, ez - y, y, ex - y]) for y in both]
    assert max(found) == pytest.approx(float(binary_entropy(ex + ez)), abs=1e-9)


def test_without_errors_every_click_is_secret():
    line = np.array([1.0, 0.1, 0.01])
    found = secrecy_capacity(line, misalignment=0.0, y0=0.0, receiver_efficiency=0.3)
    np.testing.assert_allclose(found.capacity, line**2 * 0.3, rtol=1e-12)


def test_reach_is_where_bobs_share_falls_to_eves():
    """Single photons, no background: C = 0 where t eta (1 - h(2e(1-e))) = h(2e)."""
    e, eta = 0.002, 0.6
    line = float(binary_entropy(2 * e) / (eta * (1 - binary_entropy(2 * e * (1 - e)))))
    signed = secrecy_capacity(line * np.array([0.999, 1.001]), misalignment=e, y0=0.0, receiver_efficiency=eta).signed
    assert signed[0] < 0 < signed[1]


links = st.fixed_dictionaries(
    {
        "misalignment": st.floats(0, 0.25),
        "y0": st.floats(-10, -1).map(lambda x: 10.0**x),
        "receiver_efficiency": st.floats(0.01, 1),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.floats(-8, -1e-6).map(lambda x: 10.0**x), links, st.one_of(st.none(), st.floats(1e-4, 1.5)))
def test_capacity_lies_between_zero_and_the_bound(line, link, mu):
    found = secrecy_capacity(line, mean_photons=mu, **link)
    assert 0.0 <= found.capacity <= plob_bit(line)
    assert found.capacity <= found.gain


@settings(max_examples=50, deadline=None)
@given(st.floats(-4, -1e-6).map(lambda x: 10.0**x), links)
def test_weak_pulses_never_beat_single_photons(line, link):
    weak, _ = best_direct_rate(line, **link)
    assert weak.capacity <= secrecy_capacity(line, **link).capacity + 1e-12


def test_capacity_falls_with_loss_error_and_background():
    line = 10.0 ** np.linspace(0, -3, 40)
    link = {"misalignment": 0.002, "y0": 1e-8, "receiver_efficiency": 0.5}
    assert np.all(np.diff(secrecy_capacity(line, **link).capacity) <= 0)
    for name, values in (("misalignment", np.linspace(0, 0.1, 30)), ("y0", np.logspace(-9, -2, 30))):
        assert np.all(np.diff(secrecy_capacity(0.3, **(link | {name: values})).capacity) <= 0)


def test_bad_input_is_refused():
    for change in ({"receiver_efficiency": 0.0}, {"misalignment": 0.5}, {"y0": np.nan}, {"mean_photons": 0.0}):
        link = {"misalignment": 0.002, "y0": 1e-8, "receiver_efficiency": 0.5} | change
        with pytest.raises(DomainError, match=next(iter(change))):
            secrecy_capacity(0.5, **link)
