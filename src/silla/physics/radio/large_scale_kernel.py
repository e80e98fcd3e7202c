"""Hands the arguments of `large_scale.coupling_gain` to the C++ kernel, where it has the environments asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from silla.base.kernels import constant, kernel
from silla.physics.radio.environments import EnvironmentParameters, Version

__all__ = ["coupling_by_kernel"]


def coupling_by_kernel(
    user_xyz_m, user_indoor, user_d2d_in_m, user_loss_db, site_xyz_m, site_env, cell_site, cell_azimuth_rad,
    cell_downtilt_rad, cell_pattern, patterns_dbi, los_uniform, shadow_normal, frequency_ghz, *, tr_version: int,
    parameters: EnvironmentParameters, los_given, wrap_xy_m, gas_db_per_km: float, cell_pattern_2,
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32] | None] | None:  # fmt: skip
    """(gain, los, gain_2) by the kernel, arguments as `coupling_gain` has them; None when its twin must serve.

    Single precision: decibels agree with the twin's to about 1e-5 where the pattern is smooth, and a link whose draw
    lies within about 1e-6 of its LOS probability may fall on the other side.
    """
    compute = kernel("coupling")
    if compute is None or (np.size(site_env) and np.max(site_env) >= constant("n_environments", 0)):
        return None

    def put(value, dtype, *shape):
        array = np.broadcast_to(np.asarray(value, dtype=dtype), shape) if shape else np.asarray(value, dtype=dtype)
        return np.ascontiguousarray(array)

    n_users, n_cells = len(user_xyz_m), len(cell_site)
    return compute(
        put(user_xyz_m, np.float64), put(user_indoor, np.bool_, n_users), put(user_d2d_in_m, np.float64, n_users),
        put(user_loss_db, np.float64, n_users), put(site_xyz_m, np.float64), put(site_env, np.int32),
        put(cell_site, np.int32), put(cell_azimuth_rad, np.float64, n_cells),
        put(cell_downtilt_rad, np.float64, n_cells), put(cell_pattern, np.int32, n_cells),
        put(patterns_dbi, np.float32), put(los_uniform, np.float32), put(shadow_normal, np.float32),
        float(frequency_ghz), int(tr_version) == Version.V14_0, parameters.street_width_m, parameters.building_height_m,
        parameters.clutter_density, parameters.clutter_size_m, parameters.clutter_height_m,
        parameters.vegetation_density,
        None if los_given is None else put(los_given, np.bool_),
        put(np.zeros((1, 2)) if wrap_xy_m is None else wrap_xy_m, np.float64), gas_db_per_km * 1e-3,
        None if cell_pattern_2 is None else put(cell_pattern_2, np.int32, n_cells),
    )  # fmt: skip
