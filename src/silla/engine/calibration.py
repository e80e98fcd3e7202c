"""The 3GPP large-scale calibration: known networks, so that anyone's simulator can be laid beside another's.

`calibrate("uma-6")` simulates TR 38.901 clause 7.8.1 (Table 7.8-1) as the companies did for R1-165974 under TR 38.900
V14.0.0, and returns the percentiles that they published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.base.units import NOISE_DENSITY_W_PER_HZ, db, dbm_to_w, from_db
from silla.engine.users import sample_area
from silla.physics.radio.antennas import Panel, pattern_table
from silla.physics.radio.environments import Environment, version
from silla.physics.radio.large_scale import coupling_gain
from silla.physics.radio.penetration import building_loss, indoor_distance
from silla.scenario.radio import HexLayout, IndoorLayout
from silla.world.layout import Laid, hexagons, indoor

__all__ = ["CASES", "PERCENTILES", "CalibrationCase", "calibrate"]

PERCENTILES = tuple(range(5, 100, 5))
_F64 = NDArray[np.float64]


@dataclass(frozen=True)
class CalibrationCase:
    """One column of Table 7.8-1, with the scenario rows of Tables 7.2-1 and 7.2-2 that it refers to.

    indoor_fraction : share of users in buildings, half of them low loss and half high loss.
    min_distance_m : least horizontal distance of a user from a site.
    """

    environment: Environment
    frequency_ghz: float
    tx_power_dbm: float
    bandwidth_hz: float
    isd_m: float
    site_height_m: float
    electrical_tilt_deg: float
    min_distance_m: float
    indoor_fraction: float
    noise_figure_db: float = 9.0


def _case(name: str, ghz: float) -> CalibrationCase:
    bandwidth = 20e6 if ghz == 6 else 100e6
    if name == "uma":
        return CalibrationCase(Environment.UMA, ghz, 49 if ghz == 6 else 35, bandwidth, 500, 25, 102, 35, 0.8)
    if name == "umi":
        return CalibrationCase(Environment.UMI, ghz, 44 if ghz == 6 else 35, bandwidth, 200, 10, 102, 10, 0.8)
    return CalibrationCase(Environment.INH_OPEN, ghz, 24, bandwidth, 20, 3, 110, 0, 0.0)


CASES = {f"{name}-{ghz}": _case(name, float(ghz)) for name in ("umi", "uma", "inh") for ghz in (6, 30, 70)}

_SECTORS_RAD = np.radians(90.0 - np.array([30.0, 150.0, 270.0]))  # compass angles of Table 7.8-1, from +x to +y
_OFFICE_USER_HEIGHT_M = 1.0


def _layout(case: CalibrationCase) -> Laid:
    """The sites of a case: 19 sites with wrap-around, or the office of Table 7.2-2 with 12 in two rows.

    Every outdoor sector looks at a neighbouring site, as in TR 36.814 Figure A.2.1.1-2; turning the grid by 30 degrees
    lowers the median SIR by 0.6 dB.
    """
    if case.environment == Environment.INH_OPEN:
        return indoor(IndoorLayout(kind="indoor", isd_m=case.isd_m, height_m=case.site_height_m))
    return hexagons(HexLayout(kind="hex", isd_m=case.isd_m, height_m=case.site_height_m))


def _drop_around(rng: np.random.Generator, laid: Laid, n_per_site: int, floor_m: float) -> _F64:
    """Users [n, 2], equally many uniform in the hexagon of every site, at least `floor_m` from it."""
    out = []
    for site in laid.xy_m:
        found = np.empty((0, 2))
        while len(found) < n_per_site:
            points = sample_area(laid.area, site[None], 2 * n_per_site, rng)
            found = np.concatenate([found, points[np.linalg.norm(points - site, axis=1) >= floor_m]])
        out.append(found[:n_per_site])
    return np.concatenate(out)


def _drop_outdoor(case: CalibrationCase, rng: np.random.Generator, laid: Laid, n_per_site: int) -> dict[str, Any]:
    """Users of one drop: 80 % on floors 1..N of buildings with N = 4..8, the rest at 1.5 m (TR 36.873 clause 6.1)."""
    n = n_per_site * len(laid.xy_m)
    xy = _drop_around(rng, laid, n_per_site, case.min_distance_m)
    inside = rng.random(n) < case.indoor_fraction
    floors = np.floor(rng.random(n) * rng.integers(4, 9, n))
    height = np.where(inside, 3.0 * floors + 1.5, 1.5)
    d_in = np.where(inside, indoor_distance(rng.random((n, 2))), 0.0)
    high_loss = rng.random(n) < 0.5
    loss = np.where(inside, building_loss(high_loss, case.frequency_ghz, d_in, rng.standard_normal(n)), 0.0)
    return {"xyz": np.column_stack([xy, height]), "indoor": inside, "d_in": d_in, "loss": loss}


def _drop_office(rng: np.random.Generator, laid: Laid, n: int) -> dict[str, Any]:
    xy = sample_area(laid.area, laid.xy_m, n, rng)
    z = np.full(n, _OFFICE_USER_HEIGHT_M)
    return {"xyz": np.column_stack([xy, z]), "indoor": np.zeros(n, bool), "d_in": np.zeros(n), "loss": np.zeros(n)}


def _one_drop(
    name: str, case: CalibrationCase, seed: int, drop: int, n_per_cell: int, tr_version: int, patterns
) -> _F64:
    """Coupling gain, SIR and SINR (linear) [3, n_users] of every user's strongest cell in one drop."""
    rng = stream(seed, "calibration", name, drop)
    laid = _layout(case)
    n_sites = len(laid.xy_m)
    wrapped = len(laid.area.wrap_m) > 1
    if wrapped:
        users = _drop_outdoor(case, rng, laid, 3 * n_per_cell)
    else:
        users = _drop_office(rng, laid, 3 * n_per_cell * n_sites)
    shape = (len(users["xyz"]), n_sites)
    gain = coupling_gain(
        users["xyz"], users["indoor"], users["d_in"], users["loss"],
        np.column_stack([laid.xy_m, laid.height_m]), np.full(n_sites, int(case.environment)),
        np.repeat(np.arange(n_sites), 3), np.tile(_SECTORS_RAD, n_sites), np.zeros(3 * n_sites),
        np.zeros(3 * n_sites, dtype=np.int32), patterns,
        rng.random(shape, dtype=np.float32), rng.standard_normal(shape, dtype=np.float32), case.frequency_ghz,
        tr_version=tr_version, wrap_xy_m=laid.area.wrap_m if wrapped else None,
    ).gain.astype(float)  # fmt: skip
    best = gain.max(axis=1)
    interference = gain.sum(axis=1) - best
    noise = NOISE_DENSITY_W_PER_HZ * case.bandwidth_hz * from_db(case.noise_figure_db) / dbm_to_w(case.tx_power_dbm)
    return np.stack([best, best / interference, best / (interference + noise)])


def calibrate(
    case: str, *, seed: int = 1, n_drops: int = 150, users_per_cell: int = 10, tr_version: str = "V14.0"
) -> dict[str, Any]:
    """Percentiles of coupling loss, wideband SIR and geometry SINR of one calibration case.

    Returns ``{case, n, percentiles, coupling_loss_db, wideband_sir_db, geometry_sinr_db}``: n users, percentiles
    5..95 in steps of 5, coupling loss as negative decibels (the gain of the strongest cell) in increasing order.

    Parameters
    ----------
    case : umi, uma or inh, then 6, 30 or 70 (GHz): "uma-6".
    n_drops : independent drops of `users_per_cell` users in each of 57 cells (36 in the office).
    tr_version : "V14.0", the TR 38.900 parameters under which the companies' results were made, or a TR 38.901 version.

    Source: TR 38.901 Table 7.8-1; wrap-around by geographical distance, attachment by path gain, no fast fading.
    Raises ArgumentError for an unknown case.
    """
    if case not in CASES:
        raise ArgumentError(f"calibration case {case!r} is not known; known: {', '.join(CASES)}")
    if n_drops < 1 or users_per_cell < 1:
        raise ArgumentError("calibrate: n_drops and users_per_cell must be at least 1")
    row, ver = CASES[case], int(version(tr_version))
    panel = Panel(rows=10, electrical_tilt_deg=row.electrical_tilt_deg)
    patterns = pattern_table(panel, step_deg=0.5)[None]
    stats = np.concatenate(
        [_one_drop(case, row, seed, d, users_per_cell, ver, patterns) for d in range(n_drops)], axis=1
    )
    loss, sir, sinr = (np.percentile(db(values), PERCENTILES).round(4).tolist() for values in stats)
    return {
        "case": case,
        "n": stats.shape[1],
        "percentiles": list(PERCENTILES),
        "coupling_loss_db": loss,
        "wideband_sir_db": sir,
        "geometry_sinr_db": sinr,
    }
