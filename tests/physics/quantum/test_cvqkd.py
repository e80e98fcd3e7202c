"""GG02. Oracles: symplectic eigenvalues of covariance matrices, PLOB, the validation case, limits."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from silla.base.errors import ArgumentError, DomainError
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.cvqkd import best_modulation, finite_key_rate, key_rate

CASE = Path(__file__).parents[3] / "validation" / "gg02_trusted_homodyne"
PARAMETERS = YAML(typ="safe").load((CASE / "case.yaml").read_text())
LINK = {"modulation": 4.0, "excess_noise": 0.01, "efficiency": 0.6, "electronic_noise": 0.01}
Z2, I2 = np.diag([1.0, -1.0]), np.eye(2)


def g(nu):
    x = max(0.5 * (nu - 1), 1e-15)
    return (x + 1) * np.log2(x + 1) - x * np.log2(x)


def entropy(cov):
    omega = np.kron(np.eye(len(cov) // 2), [[0, 1], [-1, 0]])
    return sum(g(nu) for nu in np.sort(np.abs(np.linalg.eigvals(1j * omega @ cov)))[::2])


def holevo(line, detection):
    """Alice's and Bob's modes, and a thermal pair on a beam splitter for the detector that Eve does not have."""
    v, xi, eta = LINK["modulation"] + 1, LINK["excess_noise"], LINK["efficiency"]
    shares = 1 if detection == "homodyne" else 2
    v_det = 1 + shares * LINK["electronic_noise"] / (1 - eta)
    b, c = line * (v - 1 + xi) + 1, np.sqrt(line * (v**2 - 1))
    cov = np.zeros((8, 8))  # A, B, F (enters the detector's beam splitter), G (its twin)
    cov[:2, :2], cov[2:4, 2:4], cov[:2, 2:4], cov[2:4, :2] = v * I2, b * I2, c * Z2, c * Z2
    twin = np.sqrt(v_det**2 - 1) * Z2
    cov[4:6, 4:6] = cov[6:, 6:] = v_det * I2
    cov[4:6, 6:] = cov[6:, 4:6] = twin
    mix = np.eye(8)
    mix[2:6, 2:6] = np.block([[np.sqrt(eta) * I2, np.sqrt(1 - eta) * I2], [-np.sqrt(1 - eta) * I2, np.sqrt(eta) * I2]])
    cov = mix @ cov @ mix.T
    rest, bob = [0, 1, 4, 5, 6, 7], cov[2:4, 2:4]
    cross = cov[np.ix_(rest, [2, 3])]
    inverse = np.diag([1 / bob[0, 0], 0]) if detection == "homodyne" else np.linalg.inv(bob + I2)
    after = cov[np.ix_(rest, rest)] - cross @ inverse @ cross.T
    shared = np.block([[v * I2, c * Z2], [c * Z2, b * I2]])
    return entropy(shared) - entropy(after)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
@pytest.mark.parametrize("line", [1.0, 0.5, 0.1, 0.01])
def test_holevo_information_is_that_of_the_covariance_matrices(line, detection):
    found = key_rate(line, detection=detection, **LINK).holevo_bit
    assert found == pytest.approx(holevo(line, detection), abs=1e-7)


@pytest.mark.parametrize("row", list(csv.DictReader((CASE / "reference.csv").open())), ids=lambda r: r["km"])
def test_reference_is_met(row):
    p = {name: float(value) for name, value in PARAMETERS["parameters"].items()}
    line = 10 ** (-p.pop("attenuation_db_per_km") * float(row["km"]) / 10)
    expected, tolerance = float(row["value"]), float(PARAMETERS["tolerance"]["rate_bit_per_symbol"]["absolute"])
    assert float(key_rate(line, **p).rate) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_rates_stay_below_the_bound(detection):
    line = 10.0 ** np.linspace(-0.01, -5, 60)
    for modulation in (0.1, 4.0, 1000.0):
        ideal = key_rate(line, modulation=modulation, excess_noise=0.0, reconciliation=1.0, detection=detection)
        assert np.all(ideal.rate <= plob_bit(line) + 1e-9)


def test_strong_modulation_without_noise_tends_to_half_the_bound():
    """Homodyne detection, V -> infinity: I - chi -> 1/2 log2(1 / (1 - T)), half of PLOB."""
    found = key_rate(0.1, modulation=1e4, excess_noise=0.0, reconciliation=1.0).rate
    assert found == pytest.approx(0.5 * plob_bit(0.1), rel=0.01)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_large_blocks_tend_to_the_asymptotic_rate(detection):
    line = np.array([0.5, 0.1])
    full = key_rate(line, detection=detection, **LINK).rate
    blocks = [
        finite_key_rate(line, symbols=n, estimation_share=0.01, detection=detection, **LINK).rate
        for n in (1e8, 1e10, 1e16)
    ]
    assert np.all(blocks[0] < blocks[1]) and np.all(blocks[1] < blocks[2])
    np.testing.assert_allclose(blocks[2], 0.99 * full, rtol=5e-3)


def test_best_modulation_is_a_maximum():
    rest = {name: value for name, value in LINK.items() if name != "modulation"}
    line = np.array([0.3, 0.01])
    best = best_modulation(line, **rest)
    top = key_rate(line, modulation=best, **rest).signed_rate
    for factor in (0.9, 1.1):
        assert np.all(key_rate(line, modulation=factor * best, **rest).signed_rate < top)


def test_bad_input_is_refused():
    for name, value in {"transmittance": 0.0, "modulation": 0.0, "excess_noise": -0.1, "efficiency": 0.0}.items():
        with pytest.raises(DomainError, match=name):
            key_rate(**({"transmittance": 0.5} | LINK | {name: value}))
    with pytest.raises(DomainError, match="symbols"):
        finite_key_rate(0.5, symbols=10, **LINK)
    with pytest.raises(ArgumentError, match="heterodyne"):
        key_rate(0.5, detection="both", **LINK)


BLOCKS = Path(__file__).parents[3] / "validation" / "gg02_finite_blocks"


@pytest.mark.parametrize(
    "row", list(csv.DictReader((BLOCKS / "reference.csv").open())), ids=lambda r: "-".join(list(r.values())[:4])
)
def test_finite_blocks_and_heterodyne_detection(row):
    """The validation case gg02_finite_blocks: published statements of reach, and rates from covariance matrices."""
    given = YAML(typ="safe").load((BLOCKS / "case.yaml").read_text())
    p, tolerance = dict(given["parameters"]), given["tolerance"]
    db, modulation = p.pop("attenuation_db_per_km"), p.pop("modulation")
    if row["quantity"] == "rate_bit_per_symbol":
        line = 10 ** (-db * float(row["km"]) / 10)
        found = key_rate(line, modulation=modulation, detection=row["detection"], **p).rate
        assert float(found) == pytest.approx(float(row["value"]), abs=tolerance["rate_bit_per_symbol"]["absolute"])
        return
    km = np.arange(1.0, 140.0, 0.5)
    line = 10 ** (-db * km / 10)
    best = best_modulation(line, detection=row["detection"], **p)
    rates = finite_key_rate(line, symbols=float(row["symbols"]), modulation=best, detection=row["detection"], **p).rate
    reach = km[rates > 0].max()
    assert reach == pytest.approx(float(row["model_value"]), abs=tolerance["model_value"]["absolute"])
    if row["value"]:
        assert reach > float(row["value"].removeprefix("above "))
