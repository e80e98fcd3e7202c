"""Path loss and shadow-fading spread of TR 38.901 Table 7.4.1-1, all environments, LOS and NLOS."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Citation, ModelCard, Reference, check_domain, register
from silla.physics.radio.environments import (
    ENVIRONMENTS,
    NYU142,
    TR38901,
    Environment,
    EnvironmentParameters,
    Version,
    environment,
    version,
)

__all__ = ["PathLoss", "close_in_loss_db", "environment_height", "path_loss", "path_loss_db", "path_loss_unchecked"]

_C = 3.0e8  # the standard's rounded speed of light, Table 7.4.1-1 Note 1
_F64 = NDArray[np.float64]


class PathLoss(NamedTuple):
    """Median path loss and shadow-fading standard deviation, both in dB, for LOS and NLOS."""

    los_db: _F64
    nlos_db: _F64
    shadow_los_db: _F64
    shadow_nlos_db: _F64


def environment_height(distance_2d_m: ArrayLike, user_height_m: ArrayLike, uniform: ArrayLike) -> _F64:
    """Effective environment height h_E of UMa in metres.

    1 m with probability 1 / (1 + C(d_2D, h_UT)), otherwise uniform over {12, 15, ..., h_UT - 1.5}
    (TR 38.901 Table 7.4.1-1 Note 1). Both choices are made by one uniform draw per link, `uniform` in [0, 1).
    """
    d, h, u = (np.asarray(x, dtype=float) for x in (distance_2d_m, user_height_m, uniform))
    p_one = 1.0 / (1.0 + height_factor(d, h))
    n_values = np.maximum(np.floor((h - 13.5) / 3.0) + 1.0, 1.0)
    rest = np.where(p_one < 1.0, (u - p_one) / np.where(p_one < 1.0, 1.0 - p_one, 1.0), 0.0)
    index = np.clip(np.floor(rest * n_values), 0.0, n_values - 1.0)
    return np.where(u < p_one, 1.0, 12.0 + 3.0 * index)


def height_factor(distance_2d_m: _F64, user_height_m: _F64) -> _F64:
    """C(d_2D, h_UT) of Table 7.4.1-1 Note 1: zero below 13 m and within 18 m."""
    d, h = distance_2d_m, user_height_m
    g = np.where(d > 18.0, 1.25 * (d / 100.0) ** 3 * np.exp(-d / 150.0), 0.0)
    return np.maximum((h - 13.0) / 10.0, 0.0) ** 1.5 * g


def _two_slope(d2, d3, hs, hu, bp, intercept, slope, spread, f):
    near = intercept + slope * np.log10(d3) + 20.0 * np.log10(f)
    far = intercept + 40.0 * np.log10(d3) + 20.0 * np.log10(f) - spread * np.log10(bp**2 + (hs - hu) ** 2)
    return np.where(d2 <= bp, near, far)


def _urban_los(code, ver, f, d2, d3, hs, hu, he):
    bp = 4.0 * (hs - he) * (hu - he) * f * 1e9 / _C
    if code == Environment.UMI:
        return _two_slope(d2, d3, hs, hu, bp, 32.4, 21.0, 9.5, f)
    if ver == Version.V14_0:
        return _two_slope(d2, d3, hs, hu, bp, 32.4, 20.0, 10.0, f)
    return _two_slope(d2, d3, hs, hu, bp, 28.0, 22.0, 9.0, f)


def _rma_los(f, d2, d3, hs, hu, h):
    bp = 2.0 * np.pi * hs * hu * f * 1e9 / _C

    def near(d):
        a, b = min(0.03 * h**1.72, 10.0), min(0.044 * h**1.72, 14.77)
        return 20.0 * np.log10(40.0 * np.pi * d * f / 3.0) + a * np.log10(d) - b + 0.002 * np.log10(h) * d

    far = near(bp) + 40.0 * np.log10(d3 / bp)
    return np.where(d2 <= bp, near(d3), far), np.where(d2 <= bp, 4.0, 6.0)


def _rma_nlos(f, d3, hs, hu, par: EnvironmentParameters):
    w, h = par.street_width_m, par.building_height_m
    return (
        161.04 - 7.1 * np.log10(w) + 7.5 * np.log10(h) - (24.37 - 3.7 * (h / hs) ** 2) * np.log10(hs)
        + (43.42 - 3.1 * np.log10(hs)) * (np.log10(d3) - 3.0) + 20.0 * np.log10(f)
        - (3.2 * np.log10(11.75 * hu) ** 2 - 4.97)
    )  # fmt: skip


_INF_NLOS = {  # intercept, slope, shadow fading; 20 log10(f) throughout
    Environment.INF_SL: (33.0, 25.5, 5.7),
    Environment.INF_DL: (18.6, 35.7, 7.2),
    Environment.INF_SH: (32.4, 23.0, 5.9),
    Environment.INF_DH: (33.63, 21.9, 4.0),
}


def _inf(code, f, d3):
    los = 31.84 + 21.5 * np.log10(d3) + 19.0 * np.log10(f)
    if code == Environment.INF_HH:
        return los, los, 4.3
    intercept, slope, sigma = _INF_NLOS[code]
    nlos = np.maximum(los, intercept + slope * np.log10(d3) + 20.0 * np.log10(f))
    if code == Environment.INF_DL:  # never below InF-SL
        nlos = np.maximum(nlos, 33.0 + 25.5 * np.log10(d3) + 20.0 * np.log10(f))
    return los, nlos, sigma


_SMA = EnvironmentParameters(street_width_m=10.0, building_height_m=10.0)  # the formulas of RMa with W = h = 10 m


def close_in_loss_db(frequency_ghz: ArrayLike, distance_3d_m: ArrayLike, exponent: float) -> _F64:
    """Close-in path loss in dB: free space at 1 m plus 10 n log10(d).

    With n = 2.0 (LOS, sigma 2.6 dB) and 2.9 (NLOS, sigma 8.2 dB), omnidirectional, urban microcell at 142 GHz, for
    100 to 325 GHz in the absence of published fits above (`NYU142`); gases and rain are added by the caller.
    """
    f, d = np.asarray(frequency_ghz, dtype=float), np.asarray(distance_3d_m, dtype=float)
    return 20.0 * np.log10(4.0 * np.pi * f * 1e9 / _C) + 10.0 * exponent * np.log10(d)


def path_loss_unchecked(
    code: int, ver: int, frequency_ghz: float, distance_2d_m: _F64, site_height_m: _F64, user_height_m: _F64,
    env_height_m: ArrayLike = 1.0, parameters: EnvironmentParameters = EnvironmentParameters(),  # noqa: B008
) -> PathLoss:  # fmt: skip
    """`path_loss` without checks of ranges, for inner loops whose caller has checked or flags them."""
    d2, hs, hu = distance_2d_m, site_height_m, user_height_m
    f = frequency_ghz
    d3 = np.hypot(d2, hs - hu)
    one = np.ones_like(d3)
    if code in (Environment.UMA, Environment.UMI):
        los = _urban_los(code, ver, f, d2, d3, hs, hu, env_height_m if code == Environment.UMA else 1.0)
        if code == Environment.UMA:
            nlos = 13.54 + 39.08 * np.log10(d3) + 20.0 * np.log10(f) - 0.6 * (hu - 1.5)
            return PathLoss(los, np.maximum(los, nlos), 4.0 * one, 6.0 * one)
        nlos = 22.4 + 35.3 * np.log10(d3) + 21.3 * np.log10(f) - 0.3 * (hu - 1.5)
        return PathLoss(los, np.maximum(los, nlos), 4.0 * one, 7.82 * one)
    if code in (Environment.RMA, Environment.SMA):
        parameters = _SMA if code == Environment.SMA else parameters
        los, sigma = _rma_los(f, d2, d3, hs, hu, parameters.building_height_m)
        return PathLoss(los, np.maximum(los, _rma_nlos(f, d3, hs, hu, parameters)), sigma * one, 8.0 * one)
    if code in (Environment.INH_OPEN, Environment.INH_MIXED):
        los = 32.4 + 17.3 * np.log10(d3) + 20.0 * np.log10(f)
        nlos = 17.3 + 38.3 * np.log10(d3) + 24.9 * np.log10(f)
        return PathLoss(los, np.maximum(los, nlos), 3.0 * one, 8.03 * one)
    if code == Environment.SUBTHZ_UMI:
        los, nlos = close_in_loss_db(f, d3, 2.0), close_in_loss_db(f, d3, 2.9)
        return PathLoss(los, nlos, 2.6 * one, 8.2 * one)
    los, nlos, sigma = _inf(Environment(code), f, d3)
    return PathLoss(los, nlos, 4.3 * one, sigma * one)


def path_loss(
    env: str | int,
    frequency_ghz: float,
    distance_2d_m: ArrayLike,
    site_height_m: ArrayLike,
    user_height_m: ArrayLike,
    *,
    env_height_m: ArrayLike = 1.0,
    parameters: EnvironmentParameters | None = None,
    tr_version: str | int = "V19.2",
) -> PathLoss:
    """Median path loss for LOS and NLOS and the shadow-fading standard deviations.

    Parameters
    ----------
    env : environment name or code; frequency_ghz : carrier; distance_2d_m, site_height_m, user_height_m : any
        broadcastable shapes, metres; env_height_m : h_E of UMa (see `environment_height`).
    parameters : building height and street width of RMa, clutter of InF.
    tr_version : "V16.1", "V19.2", or "V14.0" (TR 38.900, for calibration).

    Source: TR 38.901 Table 7.4.1-1 with Notes 1 to 7; the SMa row from a published implementation of V19. The other
    environments' large-scale rows are the same in V16.1 and V19.2. Left out: the optional single-slope NLOS formulas,
    and the penetration of buildings (`penetration`) and gases (`atmosphere`). Raises DomainError outside the table's
    ranges; the standard fixes the site height of UMa at 25 m and of UMi at 10 m, a wider range is admitted here.

    >>> round(float(path_loss("umi", 3.5, 100.0, 10.0, 1.5).los_db), 2)
    85.31
    """
    code, ver = environment(env), version(tr_version)
    if code == Environment.SMA and ver != Version.V19_2:
        raise ArgumentError("the suburban macro cell (sma) exists from TR 38.901 V19 on; use tr_version 'V19.2'")
    row = ENVIRONMENTS[code]
    what = f"TR 38.901 path loss, {row.name}"
    check_domain("frequency_ghz", frequency_ghz, row.frequency_ghz, what=what)
    check_domain("distance_2d_m", distance_2d_m, row.distance_2d_m, what=what)
    check_domain("site_height_m", site_height_m, row.site_height_m, what=what)
    check_domain("user_height_m", user_height_m, row.user_height_m, what=what)
    d2, hs, hu = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (distance_2d_m, site_height_m, user_height_m))
    )
    if row.indoor and (np.hypot(d2, hs - hu) < 1.0).any():
        raise DomainError(f"{what}: the 3D distance must be at least 1 m")
    return path_loss_unchecked(
        code, ver, float(frequency_ghz), d2, hs, hu, np.asarray(env_height_m, dtype=float),
        parameters or EnvironmentParameters(),
    )  # fmt: skip


def path_loss_db(env: str | int, frequency_ghz: float, distance_2d_m: ArrayLike, site_height_m: float,
                 user_height_m: float, line_of_sight: bool, tr_version: str | int = "V19.2") -> _F64:  # fmt: skip
    """Path loss in dB of links that are all LOS, or all NLOS; arguments as in `path_loss`."""
    loss = path_loss(env, frequency_ghz, distance_2d_m, site_height_m, user_height_m, tr_version=tr_version)
    return loss.los_db if line_of_sight else loss.nlos_db


def _card(env: str, arguments: dict[str, Any], value: float, source: str, citation: Citation = TR38901) -> None:
    row = ENVIRONMENTS[environment(env)]
    register(
        ModelCard(
            id=f"radio.path_loss.{row.name}",
            title=f"Path loss, {row.name}",
            function=path_loss_db,
            sources=(citation,),
            valid={"frequency_ghz": row.frequency_ghz, "distance_2d_m": row.distance_2d_m},
            references=(Reference({"env": env, **arguments}, value, source, absolute=5e-3),),
            increasing=("distance_2d_m", "frequency_ghz"),
            left_out="optional NLOS formulas; gases and rain",
        )
    )


def _arguments(f: float, d: float, hs: float, hu: float, los: bool) -> dict[str, Any]:
    return {
        "frequency_ghz": f, "distance_2d_m": d, "site_height_m": hs, "user_height_m": hu, "line_of_sight": los,
    }  # fmt: skip


# Values worked out by hand from Table 7.4.1-1.
_card("uma", _arguments(6.0, 500.0, 25.0, 1.5, True), 102.95, "Table 7.4.1-1, PL1, d3D = 500.552 m")
_card("umi", _arguments(30.0, 100.0, 10.0, 1.5, False), 124.52, "Table 7.4.1-1, PL', d3D = 100.361 m")
_card("rma", _arguments(0.7, 500.0, 35.0, 1.5, True), 84.63, "Table 7.4.1-1, PL1, d3D = 501.121 m, h = 5 m")
_card("sma", _arguments(6.0, 500.0, 35.0, 1.5, True), 104.95, "Table 7.4.1-1 (V19), PL1, d3D = 501.121 m, h = 10 m")
_card("inh-open", _arguments(30.0, 20.0, 3.0, 1.0, True), 84.49, "Table 7.4.1-1, InH LOS, d3D = 20.100 m")
_card("inf-sl", _arguments(3.5, 60.0, 1.5, 1.5, False), 89.22, "Table 7.4.1-1, InF-SL, d3D = 60 m")
_card("subthz-umi", _arguments(142.0, 100.0, 10.0, 10.0, True), 115.49, "close-in, n = 2", NYU142)
