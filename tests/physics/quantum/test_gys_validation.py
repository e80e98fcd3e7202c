"""The validation case gys_decoy_bb84: key rates and reach with the GYS parameters. Oracle: its reference.csv."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from silla.physics.quantum.decoy_bb84 import key_rate, max_loss_db, optimal_intensity_lossy
from silla.physics.quantum.presets import GYS

CASE = Path(__file__).parents[3] / "validation" / "gys_decoy_bb84"
PARAMETERS = YAML(typ="safe").load((CASE / "case.yaml").read_text())
ROWS = list(csv.DictReader((CASE / "reference.csv").open()))


def computed(row: dict[str, str]) -> float:
    p = {k: float(v) for k, v in PARAMETERS["parameters"].items()}
    link = {"y0": p["y0"], "misalignment": p["misalignment"], "error_correction": p["error_correction"], "e0": p["e0"]}
    if row["quantity"] == "best_mu":
        return optimal_intensity_lossy(p["misalignment"], p["error_correction"])
    common = link | {"mu": p["mu"], "nu": p["nu"], "decoys": row["decoys"]}
    if row["quantity"] == "max_km":
        return max_loss_db(detector_efficiency=p["detector_efficiency"], **common) / p["attenuation_db_per_km"]
    eta = p["detector_efficiency"] * 10 ** (-p["attenuation_db_per_km"] * float(row["km"]) / 10)
    return float(key_rate(eta, sifting=p["sifting"], **common).rate)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['quantity']}-{r['decoys']}-{r['km']}")
def test_reference_is_met(row):
    tolerance = PARAMETERS["tolerance"][row["quantity"]]
    expected = float(row["value"])
    assert computed(row) == pytest.approx(expected, rel=tolerance.get("relative", 0), abs=tolerance.get("absolute", 0))


def test_the_preset_holds_the_parameters_of_the_case():
    p = PARAMETERS["parameters"]
    for name in ("attenuation_db_per_km", "detector_efficiency", "misalignment", "error_correction", "mu", "nu"):
        assert getattr(GYS, name) == float(p[name])
    assert float(p["y0"]) == GYS.y0
