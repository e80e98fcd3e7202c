"""Two-step direct communication. Oracles: Holevo quantity by diagonalisation, closed forms, limits."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import DomainError
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.two_step import secrecy_capacity

I2, X, Z = np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
PAULIS = (I2, X, X @ Z, Z)
LINK = {"misalignment": 0.01, "y0": 1e-8, "receiver_efficiency": 0.7}


def entropy(rho):
    w = np.linalg.eigvalsh(rho)
    w = w[w > 1e-14]
    return float(-np.sum(w * np.log2(w)))


def holevo(weights):
    """Eve purified the Pauli channel of the first photon and takes the second, on which Alice wrote two bits."""
    pair = np.eye(2) / np.sqrt(2)  # [second, first]
    psi = np.zeros((2, 2, 4), complex)  # second photon, first (Bob's), Eve's ancilla
    for i, (w, pauli) in enumerate(zip(weights, PAULIS)):
        psi[:, :, i] = np.sqrt(w) * pair @ pauli.T
    held = psi.transpose(0, 2, 1).reshape(8, 2)
    rho = held @ held.conj().T
    turns = [np.kron(pauli, np.eye(4)) for pauli in PAULIS]
    return entropy(sum(u @ rho @ u.T for u in turns) / 4) - entropy(rho)


@pytest.mark.parametrize("ex, ez", [(0.0, 0.0), (0.01, 0.01), (0.05, 0.02), (0.25, 0.1)])
def test_eves_information_is_the_worst_pauli_channel_of_those_error_rates(ex, ez):
    both = np.append(np.linspace(0, min(ex, ez), 41), ex * ez)
    found = [holevo([1 - ex - ez + y, ez - y, y, ex - y]) for y in both]
    assert max(found) == pytest.approx(float(binary_entropy(ex) + binary_entropy(ez)), abs=1e-9)


def test_without_errors_every_pair_carries_two_bits():
    line = np.array([1.0, 0.1, 0.01])
    found = secrecy_capacity(line, misalignment=0.0, y0=0.0, receiver_efficiency=0.3)
    np.testing.assert_allclose(found.capacity, 2 * line**2 * 0.09, rtol=1e-12)


def test_without_a_herald_half_of_the_photons_must_arrive():
    """Perfect otherwise: 2 t^2 - 2 (1 - t) = 0 at t = (sqrt(5) - 1) / 2."""
    clean = {"misalignment": 0.0, "y0": 0.0, "receiver_efficiency": 1.0, "heralded": False}
    root = 0.5 * (np.sqrt(5) - 1)
    signed = secrecy_capacity(root * np.array([0.999, 1.001]), **clean).signed
    assert signed[0] < 0 < signed[1]
    assert secrecy_capacity(0.5, **(clean | {"heralded": True})).capacity == pytest.approx(0.5)


def test_capacity_stays_below_the_bound_and_falls_with_loss_and_error():
    line = 10.0 ** np.linspace(-1e-6, -3, 60)
    found = secrecy_capacity(line, **LINK).capacity
    assert np.all(found <= 2 * plob_bit(line)) and np.all(np.diff(found) <= 0)  # two modes pass the line
    errors = secrecy_capacity(0.5, **(LINK | {"misalignment": np.linspace(0, 0.2, 40)})).capacity
    assert np.all(np.diff(errors) <= 0) and errors[-1] == 0.0


@pytest.mark.parametrize("name", ["misalignment", "y0", "receiver_efficiency", "store_efficiency", "bell_success"])
def test_bad_input_is_refused(name):
    with pytest.raises(DomainError, match=name):
        secrecy_capacity(0.5, **(LINK | {name: -0.1}))
