"""Oracle: means over companies of the 3GPP large-scale calibration (SOURCE.md)."""

import csv
from pathlib import Path

import numpy as np
import pytest

from silla.engine.calibration import calibrate

REFERENCE = Path(__file__).parents[2].parent / "shared" / "data" / "calibration" / "tr38900_phase1_means.csv"
CASES = {"umi-6": "UMi-6GHz", "uma-6": "UMa-6GHz", "uma-30": "UMa-30GHz"}
WITHIN_DB = {"coupling_loss": 2.5, "wideband_sir": 0.6}

pytestmark = pytest.mark.skipif(not REFERENCE.exists(), reason=f"the companies' means are not at {REFERENCE}")


def reference(scenario: str, metric: str) -> dict[int, float]:
    with REFERENCE.open() as file:
        rows = [r for r in csv.DictReader(file) if r["scenario"] == scenario and r["metric"] == metric]
    return {int(r["percentile"]): float(r["mean_of_companies_db"]) for r in rows}


@pytest.fixture(scope="module", params=list(CASES))
def gaps(request):
    """Simulated minus published, in decibels, by metric."""
    got = calibrate(request.param)
    return {
        metric: np.array([
            value - reference(CASES[request.param], metric)[p]
            for p, value in zip(got["percentiles"], got[f"{metric}_db"])
        ])
        for metric in ("coupling_loss", "wideband_sir", "geometry_sinr")
    }  # fmt: skip


@pytest.mark.parametrize("metric", list(WITHIN_DB))
def test_percentiles_within_the_companies_spread(gaps, metric):
    assert np.mean(np.abs(gaps[metric]) <= WITHIN_DB[metric]) >= 0.95


@pytest.mark.parametrize("metric", ["coupling_loss", "wideband_sir", "geometry_sinr"])
def test_medians(gaps, metric):
    assert abs(gaps[metric][9]) <= 0.5  # 5, 10, ..., 50: the tenth
