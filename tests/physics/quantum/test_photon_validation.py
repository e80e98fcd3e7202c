"""The case validation/photons_gys: key rates and an error rate from counted photons, against published figures."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.photons.decoy import DecoyLink, simulate
from silla.physics.quantum.presets import GYS

CASE = Path(__file__).parents[3] / "validation" / "photons_gys"
ROWS = list(csv.DictReader((CASE / "reference.csv").open()))
PULSES = {0.0: 10**9, 50.0: 10**10, 100.0: 10**11}


@pytest.mark.parametrize("row", [r for r in ROWS if r["quantity"] == "rate_bit_per_pulse"], ids=lambda r: r["km"])
def test_key_rates_from_counted_single_photons(row):
    km = float(row["km"])
    link = DecoyLink.of(GYS, 0.21 * km, intensities=(0.48,), probabilities=(1.0,))
    counts = simulate(link, PULSES[km], seed=1)
    single = counts.n_clicks(0, photons=1) / counts.n_sifted_sent(0)
    error = counts.n_errors(0, photons=1) / counts.n_clicks(0, photons=1)
    paid = counts.gain(0) * 1.22 * float(binary_entropy(counts.qber(0)))
    rate = 0.5 * (single * (1.0 - float(binary_entropy(error))) - paid)
    assert rate == pytest.approx(float(row["value"]), rel=0.015)


def test_the_error_rate_at_122_km_is_the_measured_one():
    row = next(r for r in ROWS if r["quantity"] == "qber")
    link = DecoyLink.of(GYS, 0.21 * float(row["km"]), intensities=(0.1,), probabilities=(1.0,))
    assert simulate(link, 4 * 10**10, seed=2).qber(0) == pytest.approx(float(row["value"]), abs=0.003)
