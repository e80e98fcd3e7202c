"""Spatially correlated shadow fading: exact for sets of users, by FFT on regular grids, optionally across sites.

Values are standard normal (unit variance); `large_scale.coupling_gain` scales them by the environment's sigma.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import ModelCard, Reference, register
from silla.physics.radio.environments import ENVIRONMENTS, TR38901, Environment

__all__ = ["autocorrelation", "correlate", "correlate_sites", "field_normal", "users_normal"]

_F64 = NDArray[np.float64]
MAX_EXACT_USERS = 2500  # Cholesky factor of that size: 50 MB, under a second


def autocorrelation(distance_m: ArrayLike, decorrelation_m: float) -> _F64:
    """R(d) = exp(-|d| / d_cor), the correlation of shadow fading between two points (TR 38.901 equation 7.4-5).

    >>> round(float(autocorrelation(50.0, 50.0)), 4)
    0.3679
    """
    if not decorrelation_m > 0:
        raise ArgumentError(f"decorrelation distance is {decorrelation_m:g} m, must be positive")
    return np.exp(-np.abs(np.asarray(distance_m, dtype=float)) / decorrelation_m)


def _factor(xy_m: _F64, decorrelation_m: float) -> _F64:
    """Cholesky factor of the correlation matrix of points [n, 2]."""
    x, y = xy_m[:, 0], xy_m[:, 1]
    apart = np.sqrt((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2)
    matrix = autocorrelation(apart, decorrelation_m)
    matrix[np.diag_indices_from(matrix)] += 1e-10  # users at one and the same place
    return np.asarray(np.linalg.cholesky(matrix), dtype=float)


def users_normal(normal: NDArray[np.floating], xy_m: _F64, decorrelation_m: float) -> _F64:
    """Correlated standard normals [n_users, n_sites] of independent ones of that shape.

    Columns (sites) stay independent; rows correlate by `autocorrelation` of the users' distance. Exact: L z with L L^T
    the correlation matrix. Raises ArgumentError above 2500 users (use blocks, or `field_normal` and interpolate).
    """
    if len(xy_m) > MAX_EXACT_USERS:
        raise ArgumentError(f"users_normal: {len(xy_m)} users, at most {MAX_EXACT_USERS} at once")
    return _factor(np.asarray(xy_m, dtype=float), decorrelation_m) @ np.asarray(normal, dtype=float)


def correlate(
    normal: NDArray[np.float32], xy_m: _F64, site_env: NDArray[np.integer], indoor: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Correlated shadow fading [n_users, n_sites] for a drop: indoor and outdoor users of each environment by itself.

    Outdoor users of a site correlate over the NLOS decorrelation distance of its environment, users in buildings over
    the O2I one, and the two groups not with each other (Table 7.5-6). A large group is handled in blocks of 2500
    users sorted along the longer side of the area, independent across blocks. Decorrelation distances of LOS links are
    replaced by those of NLOS links, so that one draw serves whichever state the link takes.
    """
    out = np.array(normal, dtype=np.float32, copy=True)
    codes = np.asarray(site_env)
    axis = int(np.argmax(np.ptp(xy_m, axis=0))) if len(xy_m) else 0
    for inside in (False, True):
        rows = np.flatnonzero(np.asarray(indoor, dtype=bool) == inside)
        rows = rows[np.argsort(xy_m[rows, axis], kind="stable")]
        for code in np.unique(codes):
            columns = np.flatnonzero(codes == code)
            row = ENVIRONMENTS[Environment(int(code))]
            decorrelation = row.decorrelation_m[2 if inside and not row.indoor else 1]
            for start in range(0, len(rows), MAX_EXACT_USERS):
                block = np.ix_(rows[start : start + MAX_EXACT_USERS], columns)
                out[block] = users_normal(normal[block], xy_m[block[0][:, 0]], decorrelation)
    return out


def correlate_sites(normal: NDArray[np.floating], common: NDArray[np.floating], correlation: float) -> _F64:
    """Draws [n_users, n_sites] of which every two sites share `correlation` at one user.

    sqrt(rho) common + sqrt(1 - rho) own, `common` [n_users] standard normal: the site-to-site correlation of TR 36.814
    (0.5). TR 38.901 has none between sites (rho = 0).
    """
    if not 0.0 <= correlation <= 1.0:
        raise ArgumentError(f"correlate_sites: correlation is {correlation:g}, allowed 0 to 1")
    return np.sqrt(correlation) * np.asarray(common)[:, None] + np.sqrt(1.0 - correlation) * np.asarray(normal)


def field_normal(rng: np.random.Generator, shape: tuple[int, int], step_m: float, decorrelation_m: float) -> _F64:
    """A standard normal field [rows, columns] on a regular grid with exponential autocorrelation.

    Circulant embedding (Dietrich and Newsam, SIAM J. Sci. Comput. 18, 1997): the correlation on a torus at least twice
    the grid is diagonalised by the FFT, which makes the draw exact up to the negative eigenvalues; the torus grows
    until those are below 1e-6 of the whole and they are then set to zero.

    Parameters
    ----------
    step_m : grid spacing; decorrelation_m : d_cor.
    """
    size = [1 << int(np.ceil(np.log2(max(2 * n, 2)))) for n in shape]
    while True:
        lag = [np.minimum(np.arange(n), n - np.arange(n)) * step_m for n in size]
        spectrum = np.fft.fft2(autocorrelation(np.hypot(lag[0][:, None], lag[1][None, :]), decorrelation_m)).real
        if -spectrum[spectrum < 0].sum() <= 1e-6 * spectrum.sum() or max(size) >= 16384:
            break
        size = [2 * n for n in size]
    noise = rng.standard_normal(size) + 1j * rng.standard_normal(size)
    field = np.fft.fft2(np.sqrt(np.maximum(spectrum, 0.0) / spectrum.size) * noise).real
    return field[: shape[0], : shape[1]]


register(
    ModelCard(
        id="radio.shadowing.autocorrelation",
        title="Spatial correlation of shadow fading",
        function=autocorrelation,
        sources=(TR38901,),
        references=(
            Reference({"distance_m": 50.0, "decorrelation_m": 50.0}, np.exp(-1.0), "equation 7.4-5", absolute=1e-12),
        ),
        decreasing=("distance_m",),
        left_out="cross-correlation with delay and angle spreads (no fast fading at large scale)",
    )
)
