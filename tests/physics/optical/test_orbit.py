"""Orbits and passages. Oracles: Vallado's verification vectors, almanac values, a search by brute force, geometry."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from importlib import resources

import numpy as np
import pytest

from silla.base.errors import DataFileError, DomainError
from silla.physics.optical import orbit
from silla.physics.optical.orbit import Station, find_passes, look, look_from, read_tle, sun_synchronous, tle

ISS = (
    "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927",
    "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537",
)
SEOUL = Station("Seoul", 37.5665, 126.978, 40.0)


def verification_orbits():
    """Orbit 5 and 6251 of AIAA 2006-6753 with their published positions, as the package carries them."""
    folder = resources.files("sgp4")
    lines = (folder / "SGP4-VER.TLE").read_text().splitlines()
    published: dict[str, list[list[float]]] = {}
    for line in (folder / "tcppver.out").read_text().splitlines():
        if line.strip().endswith("xx"):
            current = published.setdefault(line.split()[0], [])
        elif line.strip():
            current.append([float(x) for x in line.split()[:4]])
    for i, line in enumerate(lines):
        if line.startswith("1 ") and line[2:7].strip().lstrip("0") in ("5", "6251", "28057"):
            yield line[:69], lines[i + 1][:69], np.array(published[line[2:7].strip().lstrip("0")])


@pytest.mark.parametrize(
    ("line1", "line2", "rows"), verification_orbits(), ids=lambda x: x[2:7] if len(x) == 69 else ""
)
def test_published_verification_vectors(line1, line2, rows):
    found = tle("", line1, line2)
    jd = float(orbit.julian_date(found.epoch)) + rows[:, 0] / 1440.0
    # times are held to about 40 us in a float of days: 0.3 m of way
    assert np.abs(orbit.positions_m(found, jd) / 1e3 - rows[:, 1:]).max() < 1e-3


def test_teme_to_the_earth_as_published():
    """Vallado et al. 2006, appendix C: 2004 April 6, 07:51:28.386, UT1 - UTC = -0.439961 s; before polar motion."""
    jd = float(orbit.julian_date(datetime(2004, 4, 6, 7, 51, 28, 386_000, tzinfo=UTC))) - 0.439961 / 86400
    fixed = orbit.teme_to_fixed([5094.18016210, 6127.64465950, 6380.34453270], jd)
    assert fixed == pytest.approx([-1033.47503130, 7901.30558560, 6380.34453270], abs=2e-3)


@pytest.mark.parametrize(
    ("when", "longitude"),  # instants of the almanac, UTC
    [("2024-03-20T03:06", 0.0), ("2024-06-20T20:51", 90.0), ("2025-09-22T18:19", 180.0), ("2025-12-21T15:03", 270.0)],
)
def test_the_sun_at_equinoxes_and_solstices(when, longitude):
    x, y, z = orbit.sun_direction(float(orbit.julian_date(datetime.fromisoformat(when).replace(tzinfo=UTC))))
    tilt = math.radians(23.437)
    found = math.degrees(math.atan2(math.cos(tilt) * y + math.sin(tilt) * z, x))
    assert (found - longitude + 180) % 360 - 180 == pytest.approx(0.0, abs=0.015)


def test_look_angles_by_geometry():
    above = Station("", 37.5665, 126.978, 9000.0)
    zenith = look_from(SEOUL, orbit.ecef_m(above))
    assert (zenith.elevation_deg, zenith.range_m) == pytest.approx((90.0, 8960.0), rel=1e-6)
    north = look_from(SEOUL, orbit.ecef_m(Station("", 37.6665, 126.978, 40.0)))
    assert np.cos(np.radians(north.azimuth_deg)) == pytest.approx(1.0, abs=1e-9) and north.elevation_deg < 0.0
    east = look_from(SEOUL, orbit.ecef_m(Station("", 37.5665, 127.078, 40.0)))
    assert east.azimuth_deg == pytest.approx(90.0, abs=0.1)


@pytest.mark.parametrize(("limit", "least"), [(10.0, 10), (40.0, 3), (60.0, 2)])
def test_passes_against_a_dense_search(limit, least):
    start = datetime(2026, 3, 20, tzinfo=UTC)
    low = sun_synchronous(350e3, 10.0, start)
    found = find_passes(low, SEOUL, start, 192.0, min_elevation_deg=limit)
    seconds = np.arange(0.0, 192 * 3600, 1.0)
    height = look(low, SEOUL, float(orbit.julian_date(start)) + seconds / 86400).elevation_deg
    up = height > limit
    rises = np.flatnonzero(~up[:-1] & up[1:])
    assert len(found) == len(rises) >= least
    for rise in rises:
        one = min(found, key=lambda p, r=rise: abs((p.rise - start).total_seconds() - r))
        assert (one.rise - start).total_seconds() == pytest.approx(rise + 0.5, abs=0.6)
        span = slice(rise + 1, rise + 1 + int((one.set - one.rise).total_seconds()))
        assert one.max_elevation_deg == pytest.approx(height[span].max(), abs=0.3)
        assert one.rise < one.culmination < one.set and not one.open
        assert look(low, SEOUL, orbit.julian_date(one.rise)).elevation_deg[0] == pytest.approx(limit, abs=1e-3)


def test_a_pass_cut_by_the_span_is_open():
    start = datetime(2026, 3, 20, tzinfo=UTC)
    low = sun_synchronous(500e3, 23.5, start)
    whole = find_passes(low, SEOUL, start, 48.0)[0]
    cut = find_passes(low, SEOUL, whole.culmination + timedelta(seconds=30), 1.0)[0]
    assert cut.open and cut.set == pytest.approx(whole.set, abs=timedelta(seconds=0.1))


def test_the_made_up_plane_follows_the_sun():
    """The node turns by 360 degrees a year: measured on SGP4's own orbit over 30 days."""
    start = datetime(2026, 3, 20, tzinfo=UTC)
    made = sun_synchronous(500e3, 10.5, start)
    nodes = []
    for day in (0.0, 30.0):
        jd = float(orbit.julian_date(start)) + day + np.linspace(0, 0.066, 400)
        r = orbit.positions_m(made, jd)
        normal = np.cross(r[:-1], r[1:]).mean(axis=0)
        nodes.append(math.degrees(math.atan2(normal[0], -normal[1])))
    assert (nodes[1] - nodes[0]) % 360 / 30 == pytest.approx(360 / 365.2422, rel=0.02)


def test_shadow_by_geometry():
    jd = 2_461_000.0
    sun = orbit.sun_direction(jd)
    side = np.cross(sun, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    places = np.array([7e6 * sun, -7e6 * sun, 7e6 * side, -7e6 * sun + 6.5e6 * side, -7e6 * sun + 6.3e6 * side])
    assert orbit.in_shadow(places, jd).tolist() == [False, True, False, False, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, b: (a[:-1], b), "68 characters"),
        (lambda a, b: (a[:-1] + "0", b), "checksum"),
        (lambda a, b: (b, a), "begins with"),
        (lambda a, b: (a, b[:2] + "25545" + b[7:-1] + "8"), "catalogue number"),
        (lambda a, b: (a, b[:10] + "x" + b[11:-1] + "6"), "is no number"),
    ],
)
def test_faulty_elements_say_where(change, message):
    with pytest.raises(DataFileError, match=message):
        tle("", *change(*ISS), source="orbit.tle")


def test_files_of_elements(tmp_path):
    path = tmp_path / "iss.tle"
    path.write_text("# station\n0 ISS (ZARYA)\n" + "\n".join(ISS) + "\n")
    assert read_tle(path).name == "ISS (ZARYA)"
    path.write_text("\n".join(ISS))
    assert read_tle(path).name == "25544"
    path.write_text("ISS\n")
    with pytest.raises(DataFileError, match="two lines"):
        read_tle(path)
    with pytest.raises(DataFileError, match="cannot be read"):
        read_tle(tmp_path / "none")


def test_old_elements_are_refused_with_their_age():
    iss = tle("ISS", *ISS)
    with pytest.raises(DomainError, match=r"2008-09-20.*20\.\d days"):
        find_passes(iss, SEOUL, iss.epoch + timedelta(days=20), 6.0)
    assert find_passes(iss, SEOUL, iss.epoch + timedelta(days=20), 24.0, max_age_days=30.0, min_elevation_deg=5.0)
