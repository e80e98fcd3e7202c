"""Oracles: the hexagonal lattice (exact enumeration), the set-up's own symmetries, reproducibility."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.engine.calibration import CASES, PERCENTILES, calibrate, hexagonal_sites, hexagonal_wrap

KEYS = ("coupling_loss_db", "wideband_sir_db", "geometry_sinr_db")


@pytest.mark.parametrize(("rings", "n"), [(0, 1), (1, 7), (2, 19), (3, 37)])
def test_hexagonal_cluster(rings, n):
    sites = hexagonal_sites(200.0, rings)
    apart = np.hypot(*(sites[:, None] - sites[None]).transpose(2, 0, 1))
    assert len(sites) == n
    assert np.allclose(sites[0], 0.0)
    if n > 1:
        assert apart[~np.eye(n, dtype=bool)].min() == pytest.approx(200.0)
        first = np.degrees(np.arctan2(*sites[1:7].T[::-1])) % 60
        assert first == pytest.approx(30.0)  # every sector of 30, 150, 270 degrees looks at a neighbour


def test_wrapped_clusters_tile_the_lattice_without_overlap():
    sites, shifts = hexagonal_sites(1.0), hexagonal_wrap(1.0)
    copies = (sites[None] + shifts[:, None]).reshape(-1, 2)
    lattice = hexagonal_sites(1.0, 4)  # the 61 sites around: each belongs to exactly one copy
    near = np.hypot(*(lattice[:, None] - copies[None]).transpose(2, 0, 1)) < 1e-9
    inner = np.hypot(*lattice.T) < 3.7
    assert (near.sum(axis=1)[inner] == 1).all()
    assert len(shifts) == 7 and np.allclose(shifts[0], 0)
    assert np.hypot(*shifts[1:].T) == pytest.approx(np.sqrt(19.0))


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
