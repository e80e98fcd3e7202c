"""Validation cases key_bounds, finite_key_decoys, fast_qkd_10km and time_bin_dimension. Oracle: their reference.csv."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from scipy.optimize import brentq

from silla.physics.quantum import bounds, hd_qsdc
from silla.physics.quantum.dl04 import secrecy_capacity as dl04_capacity
from silla.physics.quantum.finite_key_best import best_finite_key
from silla.physics.quantum.presets import LIM, RUSCA

CASES = Path(__file__).parents[3] / "validation"


def case(name: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    given = YAML(typ="safe").load((CASES / name / "case.yaml").read_text())
    return given, list(csv.DictReader((CASES / name / "reference.csv").open()))


BOUNDS, BOUND_ROWS = case("key_bounds")


@pytest.mark.parametrize("row", BOUND_ROWS, ids=lambda r: f"{r['quantity']}-{r['loss_db']}")
def test_bounds(row):
    rates = {"threshold_bb84": bounds.bb84_rate, "threshold_six_state": bounds.six_state_rate}
    if row["quantity"] in rates:
        found = brentq(lambda e: float(rates[row["quantity"]](e)), 0.05, 0.2)
    else:
        capacity = {"plob": bounds.plob_bit, "tgw": bounds.tgw_bit}[row["quantity"]]
        found = capacity(10 ** (-float(row["loss_db"]) / 10))
    assert found == pytest.approx(float(row["value"]), rel=BOUNDS["tolerance"]["relative"])


DECOYS, DECOY_ROWS = case("finite_key_decoys")


@pytest.mark.parametrize("row", [r for r in DECOY_ROWS if r["block"]], ids=lambda r: r["block"])
def test_one_decoy_is_better_in_short_blocks(row):
    p = DECOYS["parameters"]
    assert (p["detector_efficiency"], p["y0"]) == (RUSCA.detector_efficiency, RUSCA.y0)
    link: dict[str, Any] = {
        "y0": p["y0"],
        "misalignment": p["misalignment"],
        "eps_sec": p["eps_sec"],
        "block": float(row["block"]),
    }
    eta = p["detector_efficiency"] * 10 ** (-p["loss_db"] / 10)
    one, two = (float(best_finite_key(eta, decoys=d, **link).rate) for d in (1, 2))
    assert one > two if row["value"] == "above 1" else one < two
    assert abs(one / two - 1) < 0.06


def test_the_rate_grows_with_the_block_as_lim_et_al_state():
    [row] = [r for r in DECOY_ROWS if r["quantity"] == "growth_1e7_to_1e9"]
    link: dict[str, Any] = {
        "y0": LIM.y0,
        "misalignment": LIM.misalignment,
        "afterpulse": LIM.afterpulse,
        "secrecy_per_bit": 1e-15,
    }
    eta = LIM.detector_efficiency * 10 ** (-LIM.attenuation_db_per_km * 100 / 10)
    short, long = (float(best_finite_key(eta, block=block, **link).rate) for block in (1e7, 1e9))
    assert long / short == pytest.approx(float(row["value"]), rel=DECOYS["tolerance"]["growth"]["relative"])


def test_fast_key_distribution():
    given, rows = case("fast_qkd_10km")
    p, tolerance = given["parameters"], given["tolerance"]
    for row in rows:
        at = p[row["which"]]
        eta = p["detector_efficiency"] * 10 ** (-(at["loss_db"] + p["receiver_db"]) / 10)
        found = best_finite_key(
            eta, block=at["block"], decoys=1, y0=at["y0"], misalignment=p["misalignment"], eps_sec=p["eps_sec"]
        )
        rate = float(found.rate) * p["clock_hz"]
        assert rate == pytest.approx(float(row["model_value"]), rel=tolerance["model_value"]["relative"])
        if row["value"] != "above 0":
            factor = tolerance["rate_bit_per_s"]["factor"]
            assert 1 / factor < rate / float(row["value"]) < factor


def test_dimensions_pay_where_dead_time_limits():
    given, rows = case("time_bin_dimension")
    p = given["parameters"]
    link = {name: p[name] for name in ("receiver_efficiency", "misalignment", "y0")}
    for row in rows:
        dead_s = float(row["dead_time_ns"]) * 1e-9
        found, n = hd_qsdc.best_dimension(
            p["transmittance"], bin_s=p["bin_ns"] * 1e-9, dead_time_s=dead_s, guard=p["guard"], **link
        )
        assert int(n) == int(row["dimension"])
        assert float(found.rate_bit_per_s) == pytest.approx(float(row["value"]), rel=1e-6)
        # DL04 with the same dead time after each photon: the more dead time, the farther ahead
        dl04 = float(dl04_capacity(p["transmittance"], **link).capacity) / max(p["bin_ns"] * 1e-9, dead_s)
        ahead = float(found.rate_bit_per_s) / dl04
        assert ahead > (0.4 if dead_s == 0 else 1.0)
