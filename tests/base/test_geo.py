"""Oracles: the closed forms of the meridian arc (Helmert's series) and of a parallel, and a published radius table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from silla.base.errors import DomainError
from silla.base.geo import WGS84_A_M, WGS84_E2, project, radii_of_curvature, unproject

LAT0, LON0 = 35.842, 129.283


def meridian_arc_m(lat_deg: float) -> float:
    """Length of the meridian from the equator: Helmert's series in the third flattening, to n^4 (Deakin 2006)."""
    n = (1 - np.sqrt(1 - WGS84_E2)) / (1 + np.sqrt(1 - WGS84_E2))
    p = np.radians(lat_deg)
    series = (
        (1 + n**2 / 4 + n**4 / 64) * p
        - (3 * n / 2 - 3 * n**3 / 16) * np.sin(2 * p)
        + (15 * n**2 / 16 - 15 * n**4 / 64) * np.sin(4 * p)
        - 35 * n**3 / 48 * np.sin(6 * p)
        + 315 * n**4 / 512 * np.sin(8 * p)
    )
    return WGS84_A_M / (1 + n) * series


def test_radii_at_pole_and_equator_have_closed_forms():
    b2_over_a = WGS84_A_M * (1 - WGS84_E2)
    meridian, normal = radii_of_curvature([0.0, 90.0])
    np.testing.assert_allclose(meridian, [b2_over_a, WGS84_A_M / np.sqrt(1 - WGS84_E2)], rtol=1e-12)
    np.testing.assert_allclose(normal, [WGS84_A_M, WGS84_A_M / np.sqrt(1 - WGS84_E2)], rtol=1e-12)


def test_quarter_meridian_of_the_oracle_is_the_published_one():
    assert meridian_arc_m(90.0) == pytest.approx(10_001_965.729, abs=0.01)  # WGS84 quarter meridian


@pytest.mark.parametrize("d_lat", [-0.02, -0.005, 0.001, 0.02])
def test_northings_follow_the_meridian_arc(d_lat):
    """2 km away the fixed radius is off by less than 2 cm (second order: 3/4 e2 sin 2lat dlat^2 a)."""
    _, y = project(LAT0 + d_lat, LON0, LAT0, LON0)
    assert float(y) == pytest.approx(meridian_arc_m(LAT0 + d_lat) - meridian_arc_m(LAT0), abs=0.02)


@pytest.mark.parametrize("d_lon", [-0.5, 0.01, 0.7])
def test_eastings_along_the_origins_parallel_are_exact(d_lon):
    """A parallel is a circle of radius N cos(lat), so arc length is exact there."""
    x, y = project(LAT0, LON0 + d_lon, LAT0, LON0)
    radius = WGS84_A_M / np.sqrt(1 - WGS84_E2 * np.sin(np.radians(LAT0)) ** 2) * np.cos(np.radians(LAT0))
    assert float(x) == pytest.approx(radius * np.radians(d_lon), rel=1e-12)
    assert float(y) == 0.0


def test_stated_scale_error_off_the_parallel():
    """The docstring's first-order error tan(lat) y / N, against the parallel's own radius 10 km north."""
    lat = LAT0 + 0.09
    x, y = project(lat, LON0 + 0.1, LAT0, LON0)
    _, normal = radii_of_curvature(lat)
    true_x = normal * np.cos(np.radians(lat)) * np.radians(0.1)
    stated = np.tan(np.radians(LAT0)) * float(y) / float(normal)
    assert (float(x) - true_x) / true_x == pytest.approx(stated, rel=0.02)


@given(st.floats(-85, 85), st.floats(-180, 180), st.floats(-2.9, 2.9), st.floats(-2.9, 2.9))
def test_round_trip(lat0, lon0, d_lat, d_lon):
    lat, lon = lat0 + d_lat, (lon0 + d_lon + 180) % 360 - 180
    back_lat, back_lon = unproject(*project(lat, lon, lat0, lon0), lat0, lon0)
    assert float(back_lat) == pytest.approx(lat, abs=1e-9)
    assert abs((float(back_lon) - lon + 180) % 360 - 180) < 1e-9


def test_date_line_is_no_edge():
    x, _ = project(0.0, -179.999, 0.0, 179.999)
    assert float(x) == pytest.approx(WGS84_A_M * np.radians(0.002), rel=1e-9)


def test_far_points_are_refused_and_a_swap_is_named():
    with pytest.raises(DomainError, match="more than 3 degrees"):
        project([35.9, 60.0], [129.3, 129.3], LAT0, LON0)
    with pytest.raises(DomainError, match="swapped"):
        project(129.3, 35.8, LAT0, LON0)
    with pytest.raises(DomainError):
        project(np.nan, 129.3, LAT0, LON0)
