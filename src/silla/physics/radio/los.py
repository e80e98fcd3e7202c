"""Line-of-sight probability of TR 38.901 Table 7.4.2-1, all environments."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import ModelCard, Range, Reference, check_domain, register
from silla.physics.radio.environments import TR38901, Environment, EnvironmentParameters, environment
from silla.physics.radio.path_loss import height_factor

__all__ = ["los_probability", "los_probability_unchecked"]

_F64 = NDArray[np.float64]


def _street(d: _F64, scale_m: float) -> _F64:
    """min(18/d, 1) (1 - exp(-d/s)) + exp(-d/s): one within 18 m of the site."""
    near = 18.0 / np.maximum(d, 18.0)
    decay = np.exp(-d / scale_m)
    return near + decay * (1.0 - near)


def _office_open(d: _F64) -> _F64:
    return np.where(d <= 5.0, 1.0, np.where(d <= 49.0, np.exp(-(d - 5.0) / 70.8), 0.54 * np.exp(-(d - 49.0) / 211.7)))


def _office_mixed(d: _F64) -> _F64:
    return np.where(d <= 1.2, 1.0, np.where(d < 6.5, np.exp(-(d - 1.2) / 4.7), 0.32 * np.exp(-(d - 6.5) / 32.6)))


def _factory(code: int, d: _F64, hs: _F64, hu: _F64, par: EnvironmentParameters) -> _F64:
    if code == Environment.INF_HH:
        return np.ones_like(d)
    k = -par.clutter_size_m / np.log1p(-par.clutter_density)
    if code in (Environment.INF_SH, Environment.INF_DH):
        k = k * (hs - hu) / (par.clutter_height_m - hu)
    return np.exp(-d / k)


_DISTANCE = Range(0.0, np.inf, "m")
_SMA_CLUTTER = ((0.02, 20.0), (0.18, 8.0))  # commercial and residential buildings: share of ground, height in metres
_SMA_TREE_HEIGHT_M, _SMA_CLUTTER_SIZE_M = 15.0, 30.0


def _suburb(d: _F64, hs: _F64, hu: _F64, par: EnvironmentParameters) -> _F64:
    """exp(-d / k) beyond 10 m, 1 / k summed over buildings and trees higher than the user (SMa row, V19)."""
    clutter = (*_SMA_CLUTTER, (par.vegetation_density, _SMA_TREE_HEIGHT_M))
    per_metre = sum(-np.log1p(-r) * np.maximum(h - hu, 0.0) for r, h in clutter) / (_SMA_CLUTTER_SIZE_M * (hs - hu))
    return np.where(d <= 10.0, 1.0, np.exp(-d * per_metre))


def los_probability_unchecked(
    code: int, distance_2d_out_m: _F64, site_height_m: _F64, user_height_m: _F64, parameters: EnvironmentParameters
) -> _F64:
    """`los_probability` without argument checks, for inner loops."""
    d = distance_2d_out_m
    if code in (Environment.UMI, Environment.SUBTHZ_UMI):  # geometry, not frequency
        return _street(d, 36.0)
    if code == Environment.UMA:
        return np.minimum(_street(d, 63.0) * (1.0 + height_factor(d, user_height_m)), 1.0)
    if code == Environment.RMA:
        return np.exp(-np.maximum(d - 10.0, 0.0) / 1000.0)
    if code == Environment.SMA:
        return _suburb(d, site_height_m, user_height_m, parameters)
    if code == Environment.INH_OPEN:
        return _office_open(d)
    if code == Environment.INH_MIXED:
        return _office_mixed(d)
    return _factory(code, d, site_height_m, user_height_m, parameters)


def los_probability(
    env: str | int,
    distance_2d_out_m: ArrayLike,
    site_height_m: ArrayLike = 25.0,
    user_height_m: ArrayLike = 1.5,
    parameters: EnvironmentParameters | None = None,
) -> _F64:
    """Probability that the link is in line of sight, in [0, 1], shape of the broadcast arguments.

    Parameters
    ----------
    env : environment name or code.
    distance_2d_out_m : horizontal distance outside buildings, metres (all of it for outdoor users and indoor
        environments; up to the wall for users in buildings).
    site_height_m, user_height_m : used by UMa (user above 13 m), SMa, InF-SH and InF-DH.
    parameters : clutter of InF, which must be higher than the user in InF-SH and InF-DH; vegetation of SMa.

    Source: TR 38.901 Table 7.4.2-1, the same in V16.1 and V19.2; the SMa row, new in V19, from a published
    implementation of it.

    >>> round(float(los_probability("umi", 100.0)), 4)
    0.231
    """
    code, par = environment(env), parameters or EnvironmentParameters()
    d, hs, hu = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (distance_2d_out_m, site_height_m, user_height_m))
    )
    check_domain("distance_2d_out_m", d, _DISTANCE, what="line-of-sight probability")
    if code in (Environment.INF_SH, Environment.INF_DH) and (hu >= par.clutter_height_m).any():
        raise ArgumentError(f"los_probability: users must be below the clutter height of {par.clutter_height_m:g} m")
    return los_probability_unchecked(code, d, hs, hu, par)


register(
    ModelCard(
        id="radio.los.probability",
        title="Line-of-sight probability",
        function=los_probability,
        sources=(TR38901,),
        valid={"distance_2d_out_m": _DISTANCE},
        references=(
            Reference(
                {"env": "umi", "distance_2d_out_m": 72.0},
                0.25 + 0.75 * np.exp(-2.0),
                "Table 7.4.2-1 with 18 / 72 and 72 / 36",
                absolute=1e-12,
            ),
        ),
        decreasing=("distance_2d_out_m",),
        left_out="correlation of line of sight between users (clause 7.6.3)",
    )
)
