"""Werner pairs. Oracles: density matrices of four qubits, the validation case."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from silla.base.errors import DomainError
from silla.physics.quantum.entanglement import purify, swap, swap_chain

CASE = Path(__file__).parents[3] / "validation" / "werner_pairs"
PHI = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)


def werner(fidelity):
    w = (4 * fidelity - 1) / 3
    return w * np.outer(PHI, PHI) + (1 - w) * np.eye(4) / 4


def two_pairs(f1, f2):
    """Density matrix of qubits A1 B1 A2 B2 as an array of eight axes."""
    return np.kron(werner(f1), werner(f2)).reshape((2,) * 8)


def cnot(rho, control, target):
    out = np.zeros_like(rho)
    for bits in product((0, 1), repeat=8):
        to = list(bits)
        to[target] ^= to[control]
        to[target + 4] ^= to[control + 4]
        out[tuple(to)] = rho[bits]
    return out


@pytest.mark.parametrize("f1, f2", [(0.95, 0.95), (0.8, 0.6), (1.0, 0.7), (0.25, 0.9)])
def test_swap_is_a_bell_measurement_of_the_inner_qubits(f1, f2):
    bell = PHI.reshape(2, 2)
    outer = 4 * np.einsum("abcdABCD,bc,BC->adAD", two_pairs(f1, f2), bell, bell).reshape(4, 4)
    assert np.trace(outer) == pytest.approx(1.0)
    assert swap(f1, f2) == pytest.approx(PHI @ outer @ PHI, abs=1e-12)


@pytest.mark.parametrize("f1, f2", [(0.8, 0.8), (0.75, 0.75), (0.9, 0.6), (1.0, 1.0), (0.25, 0.25)])
def test_bbpssw_is_two_cnots_and_equal_outcomes(f1, f2):
    rho = cnot(cnot(two_pairs(f1, f2), 0, 2), 1, 3)
    kept = sum(rho[:, :, k, k, :, :, k, k].reshape(4, 4) for k in (0, 1))
    found = purify(f1, f2)
    assert found.probability == pytest.approx(np.trace(kept), abs=1e-12)
    assert found.fidelity == pytest.approx(PHI @ kept @ PHI / np.trace(kept), abs=1e-12)


@pytest.mark.parametrize("row", list(csv.DictReader((CASE / "reference.csv").open())), ids=lambda r: r["quantity"])
def test_reference_is_met(row):
    f = float(row["fidelity"])
    found = {
        "swap": lambda: swap(f, f),
        "two_swaps": lambda: swap_chain([f, f, f]),
        "bbpssw_fidelity": lambda: purify(f, f).fidelity,
        "bbpssw_probability": lambda: purify(f, f).probability,
    }[row["quantity"]]()
    assert float(found) == pytest.approx(float(row["value"]), abs=1e-6)


def test_purification_gains_above_one_half_and_swaps_only_lose():
    f = np.linspace(0.501, 0.999, 50)
    assert np.all(purify(f, f).fidelity > f) and np.all(swap(f, f) < f)
    assert purify(0.5, 0.5).fidelity == pytest.approx(0.5)


def test_bad_input_is_refused():
    for call in (lambda: swap(0.2, 0.9), lambda: purify(0.9, 1.1), lambda: swap_chain([0.9, np.nan])):
        with pytest.raises(DomainError, match="fidelity"):
            call()
