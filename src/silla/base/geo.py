"""From the globe to local metres and back: the tangent plane east-north at an origin on the WGS84 ellipsoid.

x and y are the east and north components of the straight (ECEF) vector from the origin to the point on the ellipsoid.
Horizontal distances shrink against the geodesic by less than 1 m within 50 km and 8 m within 100 km.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["project", "unproject"]

Floats = NDArray[np.float64]

_A_M = 6_378_137.0  # WGS84 semi-major axis
_F = 1 / 298.257_223_563  # WGS84 flattening
_E2 = _F * (2 - _F)


def _ecef(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Floats:
    lat, lon = np.radians(np.asarray(lat_deg, dtype=float)), np.radians(np.asarray(lon_deg, dtype=float))
    n = _A_M / np.sqrt(1 - _E2 * np.sin(lat) ** 2)
    return np.stack([n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * (1 - _E2) * np.sin(lat)], axis=-1)


def project(lat_deg: ArrayLike, lon_deg: ArrayLike, origin_lat_deg: float, origin_lon_deg: float) -> tuple[Floats, Floats]:
    """(x east, y north) in metres of points on the ellipsoid. Any shapes that broadcast; degrees in.

    >>> x, y = project(35.85, 129.28, 35.84, 129.28)
    >>> round(float(x), 6), round(float(y), 1)
    (0.0, 1109.5)
    """
    d = _ecef(lat_deg, lon_deg) - _ecef(origin_lat_deg, origin_lon_deg)
    lat, lon = np.radians(origin_lat_deg), np.radians(origin_lon_deg)
    x = -np.sin(lon) * d[..., 0] + np.cos(lon) * d[..., 1]
    y = -np.sin(lat) * (np.cos(lon) * d[..., 0] + np.sin(lon) * d[..., 1]) + np.cos(lat) * d[..., 2]
    return x, y


def unproject(x_m: ArrayLike, y_m: ArrayLike, origin_lat_deg: float, origin_lon_deg: float) -> tuple[Floats, Floats]:
    """(latitude, longitude) in degrees of local metres: the inverse of `project`, by fixed-point iteration.

    Accurate to a millimetre within 300 km of the origin.
    """
    x, y = np.asarray(x_m, dtype=float), np.asarray(y_m, dtype=float)
    sin = np.sin(np.radians(origin_lat_deg))
    meridian = _A_M * (1 - _E2) / (1 - _E2 * sin**2) ** 1.5
    parallel = _A_M / np.sqrt(1 - _E2 * sin**2) * np.cos(np.radians(origin_lat_deg))
    lat = origin_lat_deg + np.degrees(y / meridian)
    lon = origin_lon_deg + np.degrees(x / parallel)
    for _ in range(12):
        px, py = project(lat, lon, origin_lat_deg, origin_lon_deg)
        lat, lon = lat + np.degrees((y - py) / meridian), lon + np.degrees((x - px) / parallel)
    return lat, lon
