"""Every large-scale link of a drop at once: positions and draws in, linear coupling gains out.

`coupling_gain` composes path loss, line of sight, shadowing, penetration and antenna patterns for all user-site-cell
links. Its inputs are plain arrays, floats and ints, so that the compiled kernel of the same signature can stand in for
it; this version is the oracle. Read `path_loss` and `los` for the formulas.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.physics.radio.antennas import lookup, to_local
from silla.physics.radio.environments import ENVIRONMENTS, Environment, EnvironmentParameters, Version
from silla.physics.radio.large_scale_kernel import coupling_by_kernel
from silla.physics.radio.los import los_probability_unchecked
from silla.physics.radio.path_loss import environment_height, path_loss_unchecked

__all__ = ["Coupling", "coupling_gain", "nearest_image", "out_of_range"]

_F64 = NDArray[np.float64]
_F32 = NDArray[np.float32]
_CHUNK_LINKS = 65_536  # keeps the temporaries of one block in cache


class Coupling(NamedTuple):
    """gain, float32 [n_users, n_cells], linear; los, bool [n_users, n_sites]; gain_2 as gain, or None."""

    gain: _F32
    los: NDArray[np.bool_]
    gain_2: _F32 | None


def nearest_image(user_xy_m: _F64, site_xy_m: _F64, wrap_xy_m: _F64 | None) -> _F64:
    """Vectors [n_users, n_sites, 2] from each site's nearest image to the user.

    wrap_xy_m : [n_wrap, 2] displacements under which the layout repeats, the zero vector among them; None for none.
    Nearest by horizontal distance ("geographical distance based" wrap-around). Ties go to the earlier displacement.
    """
    vector = user_xy_m[:, None, :] - site_xy_m[None, :, :]
    if wrap_xy_m is None:
        return vector
    best, best_sq = vector - wrap_xy_m[0], None
    best_sq = np.sum(best**2, axis=-1)
    for shift in wrap_xy_m[1:]:
        moved = vector - shift
        sq = np.sum(moved**2, axis=-1)
        closer = sq < best_sq
        best = np.where(closer[..., None], moved, best)
        best_sq = np.where(closer, sq, best_sq)
    return best


def _site_links(code, ver, f, par, d2, hs, user_z, indoor, d2d_in, u_los, normal, los_given):
    """Loss in dB (path loss minus shadowing) and LOS flags of users x sites of one environment."""
    row = ENVIRONMENTS[Environment(code)]
    if row.indoor:
        d2 = np.maximum(d2, np.sqrt(np.maximum(1.0 - (hs - user_z) ** 2, 0.0)))
        d_out, into = d2, np.zeros_like(indoor)
    else:
        d_out, into = np.maximum(d2 - d2d_in, 0.0), indoor
        d2 = np.maximum(d2, row.distance_2d_m.low)
    if los_given is None:
        p = los_probability_unchecked(code, d_out, hs, user_z, par)
        los = u_los < p
        spare = np.where(los, u_los / np.maximum(p, 1e-12), (u_los - p) / np.maximum(1.0 - p, 1e-12))
    else:
        los, spare = los_given, u_los
    he = environment_height(d2, user_z, spare) if code == Environment.UMA else 1.0
    loss = path_loss_unchecked(code, ver, f, d2, hs, np.broadcast_to(user_z, d2.shape), he, par)
    sigma = np.where(los, loss.shadow_los_db, loss.shadow_nlos_db)
    sigma = np.where(into, row.shadow_o2i_db, sigma)
    return np.where(los, loss.los_db, loss.nlos_db) - sigma * normal, los


def coupling_gain(
    user_xyz_m: _F64,
    user_indoor: NDArray[np.bool_],
    user_d2d_in_m: _F64,
    user_loss_db: _F64,
    site_xyz_m: _F64,
    site_env: NDArray[np.integer],
    cell_site: NDArray[np.integer],
    cell_azimuth_rad: _F64,
    cell_downtilt_rad: _F64,
    cell_pattern: NDArray[np.integer],
    patterns_dbi: _F32,
    los_uniform: _F32,
    shadow_normal: _F32,
    frequency_ghz: float,
    *,
    tr_version: int = int(Version.V19_2),
    parameters: EnvironmentParameters | None = None,
    los_given: NDArray[np.bool_] | None = None,
    wrap_xy_m: _F64 | None = None,
    gas_db_per_km: float = 0.0,
    cell_pattern_2: NDArray[np.integer] | None = None,
    use_kernel: bool = True,
) -> Coupling:
    """Linear coupling gain of every user and cell: antenna gain over path loss, shadowing and penetration.

    gain = 10^((A(theta', phi') - PL - L_user - gas d_3D + sigma n) / 10), no transmit power, user antenna 0 dBi.

    Parameters
    ----------
    user_xyz_m : [n_users, 3] metres, x east, y north, z height above ground.
    user_indoor : [n_users] in a building; user_d2d_in_m : [n_users] horizontal distance inside it.
    user_loss_db : [n_users] penetration of the user's building or car (`penetration`), its random part included;
        not applied on links from sites of indoor environments.
    site_xyz_m : [n_sites, 3]; site_env : [n_sites] codes of `Environment`, mixed sites allowed.
    cell_site : [n_cells] site index; cell_azimuth_rad : boresight from +x towards +y; cell_downtilt_rad : mechanical.
    cell_pattern : [n_cells] index into patterns_dbi [n_patterns, n_zenith, n_azimuth] (`antennas.pattern_table`).
    los_uniform : [n_users, n_sites] uniform in [0, 1): line of sight where below the probability; what is left of the
        draw after that decision is uniform again and chooses h_E of UMa.
    shadow_normal : [n_users, n_sites] standard normal, correlated or not (`shadowing`); shared by a site's cells.
    tr_version : code of `Version`. parameters : building height, street width, clutter.
    los_given : [n_users, n_sites] line of sight from building geometry, in place of the probability.
    wrap_xy_m : [n_wrap, 2] displacements of a wrapped layout, zero included (`nearest_image`).
    gas_db_per_km : specific attenuation of gases and rain (`atmosphere`), over the 3D distance.
    cell_pattern_2 : a second pattern index per cell, for instance the mean over a beam grid for interference beside
        the best beam for service; its gains come back as `gain_2`.
    use_kernel : False for this NumPy version even where the C++ kernel is installed (`large_scale_kernel`).

    Distances below the model's least (10 m outdoors, 1 m in 3D indoors) are taken as that least; every other excursion
    is what `out_of_range` flags. Source: TR 38.901 clauses 7.3, 7.4.1 to 7.4.4 and Table 7.5-6 (O2I shadow fading).
    """
    n_users, n_sites, n_cells = len(user_xyz_m), len(site_xyz_m), len(cell_site)
    _check(n_users, n_sites, n_cells, los_uniform, shadow_normal, cell_site, cell_pattern, patterns_dbi)
    par = parameters or EnvironmentParameters()
    if tr_version == Version.V14_0:  # clause 7.4 alone: neither d_2D-out nor the O2I shadow fading (`Version`)
        user_indoor, user_d2d_in_m = np.zeros(n_users, dtype=bool), np.zeros(n_users)
    fast = use_kernel and coupling_by_kernel(
        user_xyz_m, user_indoor, user_d2d_in_m, user_loss_db, site_xyz_m, site_env, cell_site, cell_azimuth_rad,
        cell_downtilt_rad, cell_pattern, patterns_dbi, los_uniform, shadow_normal, frequency_ghz, tr_version=tr_version,
        parameters=par, los_given=los_given, wrap_xy_m=wrap_xy_m, gas_db_per_km=gas_db_per_km,
        cell_pattern_2=cell_pattern_2,
    )  # fmt: skip
    if fast:
        return Coupling(*fast)
    gain = np.empty((n_users, n_cells), dtype=np.float32)
    gain_2 = None if cell_pattern_2 is None else np.empty_like(gain)
    los = np.empty((n_users, n_sites), dtype=bool)
    step = max(1, _CHUNK_LINKS // max(n_sites, n_cells, 1))
    cells_of, cells_of_2 = _by_pattern(cell_pattern), _by_pattern(cell_pattern_2)
    for start in range(0, n_users, step):
        s = slice(start, start + step)
        xy = nearest_image(user_xyz_m[s, :2], site_xyz_m[:, :2], wrap_xy_m)
        direction = np.concatenate([xy, (user_xyz_m[s, None, 2] - site_xyz_m[None, :, 2])[..., None]], axis=-1)
        d2, user_z = np.hypot(xy[..., 0], xy[..., 1]), user_xyz_m[s, 2:3]
        loss = gas_db_per_km * 1e-3 * np.hypot(d2, direction[..., 2])
        for code in np.unique(site_env):
            k = np.flatnonzero(site_env == code)
            given = None if los_given is None else los_given[s][:, k]
            db, flags = _site_links(
                int(code), tr_version, frequency_ghz, par, d2[:, k], site_xyz_m[None, k, 2], user_z,
                user_indoor[s, None], user_d2d_in_m[s, None], los_uniform[s][:, k].astype(float),
                shadow_normal[s][:, k].astype(float), given,
            )  # fmt: skip
            los[s, k] = flags
            loss[:, k] += db if ENVIRONMENTS[Environment(int(code))].indoor else db + user_loss_db[s, None]
        theta, phi = to_local(direction[:, cell_site], cell_azimuth_rad, cell_downtilt_rad)
        for out, groups in ((gain, cells_of), (gain_2, cells_of_2)):
            for p, k in groups:
                assert out is not None
                antenna = lookup(patterns_dbi[p], theta[:, k], phi[:, k])
                out[s, k] = 10.0 ** ((antenna - loss[:, cell_site[k]]) / 10.0)
    return Coupling(gain, los, gain_2)


def _by_pattern(cell_pattern: NDArray[np.integer] | None) -> list[tuple[int, NDArray[np.intp]]]:
    """Cells grouped by pattern, so that each table is looked up once."""
    if cell_pattern is None:
        return []
    return [(int(p), np.flatnonzero(cell_pattern == p)) for p in np.unique(cell_pattern)]


def _check(n_users, n_sites, n_cells, los_uniform, shadow_normal, cell_site, cell_pattern, patterns_dbi) -> None:
    for name, array in (("los_uniform", los_uniform), ("shadow_normal", shadow_normal)):
        if array.shape != (n_users, n_sites):
            raise ArgumentError(f"coupling_gain: {name} has shape {array.shape}, expected {(n_users, n_sites)}")
    if n_cells and (cell_site.min() < 0 or cell_site.max() >= n_sites):
        raise ArgumentError(f"coupling_gain: cell_site must lie in 0..{n_sites - 1}")
    if n_cells and (patterns_dbi.ndim != 3 or cell_pattern.min() < 0 or cell_pattern.max() >= len(patterns_dbi)):
        raise ArgumentError("coupling_gain: cell_pattern must index patterns_dbi [n_patterns, n_zenith, n_azimuth]")


def out_of_range(
    user_xyz_m: _F64, site_xyz_m: _F64, site_env: NDArray[np.integer], wrap_xy_m: _F64 | None = None
) -> NDArray[np.bool_]:
    """Flags [n_users, n_sites]: links beyond the distance or heights for which the site's environment is valid."""
    xy = nearest_image(user_xyz_m[:, :2], site_xyz_m[:, :2], wrap_xy_m)
    d2 = np.hypot(xy[..., 0], xy[..., 1])
    out = np.zeros(d2.shape, dtype=bool)
    for k, code in enumerate(site_env):
        row = ENVIRONMENTS[Environment(int(code))]
        z = user_xyz_m[:, 2]
        out[:, k] = (d2[:, k] > row.distance_2d_m.high) | (z < row.user_height_m.low) | (z > row.user_height_m.high)
        out[:, k] |= not row.site_height_m.low <= site_xyz_m[k, 2] <= row.site_height_m.high
    return out
