"""Oracles: the set-up's own symmetries, reproducibility."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.engine.calibration import CASES, PERCENTILES, calibrate

KEYS = ("coupling_loss_db", "wideband_sir_db", "geometry_sinr_db")


@pytest.mark.parametrize("case", list(CASES))
def test_every_case_gives_ordered_percentiles(case):
    got = calibrate(case, n_drops=2)
    assert got["case"] == case and got["percentiles"] == list(PERCENTILES)
    assert got["n"] == 2 * (360 if case.startswith("inh") else 570)
    for key in KEYS:
        assert len(got[key]) == 19 and got[key] == sorted(got[key])
    assert (np.array(got["geometry_sinr_db"]) <= np.array(got["wideband_sir_db"]) + 1e-9).all()  # noise only hurts
    assert max(got["wideband_sir_db"]) < 27.0  # two sectors at 30 dB front to back bound it at 27


def test_same_seed_same_answer_other_seed_another():
    a, b, c = (calibrate("umi-6", n_drops=1, seed=s) for s in (4, 4, 5))
    assert a == b and a["coupling_loss_db"] != c["coupling_loss_db"]


def test_higher_bands_lose_what_the_frequency_costs():
    # InH LOS and NLOS medians move between 20 and 24.9 dB per decade; the strongest link is mostly LOS
    low, high = (np.median(calibrate(c, n_drops=20)["coupling_loss_db"]) for c in ("inh-6", "inh-30"))
    assert 20 * np.log10(5) - 1.0 < low - high < 24.9 * np.log10(5) + 1.0


def test_refusals():
    with pytest.raises(ArgumentError, match="umi-6"):
        calibrate("uma-28")
    with pytest.raises(ArgumentError):
        calibrate("uma-6", n_drops=0)
    with pytest.raises(ArgumentError):
        calibrate("uma-6", tr_version="V18")
