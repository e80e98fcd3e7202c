"""Where a satellite stands in a station's sky: SGP4 orbits, passes, Sun and shadow.

Positions come from the package `sgp4` (Vallado, Crawford, Hujsak and Kelso, AIAA 2006-6753) in its frame TEME, turned
about the pole by Greenwich mean sidereal time (IAU 1982) into one fixed to the Earth. UT1 is taken as UTC (within 0.9
s: below 420 m at the equator) and polar motion as none (below 20 m). The Sun is that of the Astronomical Almanac's
low-precision formula (0.01 degrees from 1950 to 2050). Light is not bent by the air.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import DataFileError, DomainError
from silla.base.geo import WGS84_A_M, WGS84_E2
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = [
    "MAX_AGE_DAYS",
    "Look",
    "Pass",
    "Satellite",
    "Station",
    "ecef_m",
    "find_passes",
    "gmst_rad",
    "in_shadow",
    "julian_date",
    "look_from",
    "positions_m",
    "read_tle",
    "sun_direction",
    "sun_elevation_deg",
    "sun_synchronous",
    "teme_to_fixed",
    "tle",
]

MAX_AGE_DAYS = 14.0  # errors of SGP4 in low orbits grow by 1 to 3 km a day
EARTH_J2, EARTH_MU = 1.082_626_68e-3, 3.986_004_418e14
_J2000 = 2_451_545.0
_STEP_S = 20.0
VALLADO = Citation(
    "vallado2006",
    "D. A. Vallado, P. Crawford, R. Hujsak, T. S. Kelso, Revisiting Spacetrack Report #3, AIAA 2006-6753 (2006)",
    "https://doi.org/10.2514/6.2006-6753",
)


@dataclass(frozen=True)
class Station:
    """A place on the ground: degrees north and east, metres above the ellipsoid."""

    name: str
    lat_deg: float
    lon_deg: float
    height_m: float = 0.0


@dataclass(frozen=True)
class Satellite:
    """An orbit that SGP4 can follow. epoch : when its elements hold. source : where they are from."""

    name: str
    record: Any = field(repr=False)
    epoch: datetime
    source: str


class Look(NamedTuple):
    """Direction and distance of a satellite; one element per time."""

    azimuth_deg: Any  # clockwise from north
    elevation_deg: Any
    range_m: Any


class Pass(NamedTuple):
    """One passage over a station, highest at `culmination`; `open` where the search began or ended within it."""

    rise: datetime
    culmination: datetime
    set: datetime
    max_elevation_deg: float
    open: bool


def tle(name: str, line1: str, line2: str, source: str = "two-line elements") -> Satellite:
    """The satellite of a two-line element set.

    Raises DataFileError for a line of another length, number, catalogue number or checksum, or a field that is no
    number.

    >>> found = tle("ISS", "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927",
    ...             "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537")
    >>> found.epoch.strftime("%Y-%m-%d %H:%M")
    '2008-09-20 12:25'
    """
    from sgp4.api import WGS72, Satrec

    lines = (line1.rstrip(), line2.rstrip())
    for number, line in enumerate(lines, start=1):
        _check_line(source, number, line)
    if lines[0][2:7] != lines[1][2:7]:
        raise DataFileError(
            f"{source}: line 1 is of catalogue number {lines[0][2:7]!r}, line 2 of {lines[1][2:7]!r}; give the two "
            f"lines of "
            "one satellite"
        )
    try:
        record = Satrec.twoline2rv(*lines, WGS72)
    except ValueError as error:
        raise DataFileError(f"{source}: {error}") from None
    if record.error:
        raise DataFileError(f"{source}: the elements describe no orbit (SGP4 error {record.error})")
    return Satellite(name.strip() or lines[0][2:7].strip(), record, _epoch(record), source)


def _check_line(source: str, number: int, line: str) -> None:
    if len(line) != 69:
        raise DataFileError(f"{source}: line {number} has {len(line)} characters, allowed 69; copy it whole")
    if line[:2] != f"{number} ":
        raise DataFileError(f"{source}: line {number} begins with {line[:2]!r}, allowed '{number} '")
    expected = sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10
    if line[68] != str(expected):
        raise DataFileError(
            f"{source}: line {number} ends in checksum {line[68]!r}, its characters add up to {expected}; a character "
            f"is wrong"
        )
    fields = {1: ((18, 20), (20, 32)), 2: ((8, 16), (17, 25), (26, 33), (34, 42), (43, 51), (52, 63))}[number]
    for start, end in fields:
        try:
            float(line[start:end])
        except ValueError:
            raise DataFileError(
                f"{source}: line {number}, columns {start + 1} to {end}: {line[start:end]!r} is no number"
            ) from None


def _epoch(record: Any) -> datetime:
    days = (record.jdsatepoch - 2_440_587.5) + record.jdsatepochF
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)


def read_tle(path: Path | str) -> Satellite:
    """The first satellite of a file of two or three lines; blank lines and those that begin with # do not count.

    Raises DataFileError as `tle`, and for a file that is missing or holds fewer lines.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise DataFileError(f"{path}: cannot be read: {(reason or 'unknown').lower()}") from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    title = "" if lines and lines[0].startswith("1 ") else (lines.pop(0) if lines else "")
    if len(lines) < 2:
        raise DataFileError(f"{path}: two lines of elements are needed, after a name if there is one")
    return tle(title.removeprefix("0 "), lines[0], lines[1], str(path))


def sun_synchronous(altitude_m: float, node_hour: float, epoch: datetime, name: str = "") -> Satellite:
    """A made-up circular orbit whose plane follows the Sun: ascending node at `node_hour` local mean time.

    The inclination turns the plane by 360 degrees a year: cos i = -2 (360 degrees / year) a^(7/2) / (3 J2 R^2
    sqrt(mu)). For examples and planning; no satellite flies it. Altitude 200 to 2000 km.

    >>> import datetime as dt
    >>> orbit = sun_synchronous(500e3, 22.5, dt.datetime(2026, 11, 28, tzinfo=dt.UTC))
    >>> round(math.degrees(orbit.record.inclo), 2)
    97.4
    """
    from sgp4.api import WGS72, Satrec

    check_domain("altitude_m", altitude_m, Range(200e3, 2000e3, "m"), what="sun-synchronous orbit")
    check_domain("node_hour", node_hour, Range(0.0, 24.0, "h"), what="sun-synchronous orbit")
    a = WGS84_A_M + altitude_m
    year_s = 365.2422 * 86400.0
    cosine = -2.0 * (2.0 * np.pi / year_s) * a**3.5 / (3.0 * EARTH_J2 * WGS84_A_M**2 * math.sqrt(EARTH_MU))
    jd = float(julian_date(epoch))
    mean_sun = np.radians(280.460 + 0.985_647_4 * (jd - _J2000))
    node = (mean_sun + np.radians(15.0 * (node_hour - 12.0))) % (2.0 * np.pi)
    motion = math.sqrt(EARTH_MU / a**3) * 60.0
    record = Satrec()
    days = jd - 2_433_281.5  # since 1949-12-31
    record.sgp4init(WGS72, "i", 99999, days, 0.0, 0.0, 0.0, 1e-4, 0.0, math.acos(cosine), 0.0, motion, node)
    label = name or f"synthetic sun-synchronous, {altitude_m / 1e3:g} km, node at {node_hour:g} h"
    return Satellite(label, record, epoch, "made from elements; no satellite flies it")


def julian_date(times: datetime | list[datetime] | ArrayLike):
    """Julian dates of datetimes (those without a zone are UTC) or of datetime64 values.

    >>> float(julian_date(datetime(2000, 1, 1, 12, tzinfo=UTC)))
    2451545.0
    """
    if isinstance(times, datetime):
        return np.asarray(_days(times) + 2_440_587.5)[()]
    array = np.asarray(times)
    if np.issubdtype(array.dtype, np.datetime64):
        return array.astype("datetime64[us]").astype(np.int64) / 86_400e6 + 2_440_587.5
    return np.array([_days(t) for t in array.ravel()]).reshape(array.shape) + 2_440_587.5


def _days(time: datetime) -> float:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() / 86400.0


def gmst_rad(jd_ut1: ArrayLike):
    """Greenwich mean sidereal time, IAU 1982, radians.

    >>> float(np.degrees(gmst_rad(2451545.0)).round(4))
    280.4606
    """
    jd = np.asarray(jd_ut1, float)
    t = (jd - _J2000) / 36525.0
    seconds = 67_310.54841 + (876_600.0 * 3600.0 + 8_640_184.812866) * t + 0.093104 * t**2 - 6.2e-6 * t**3
    return (np.radians(seconds / 240.0) % (2.0 * np.pi))[()]


def teme_to_fixed(position: ArrayLike, jd_ut1: ArrayLike):
    """TEME vectors [..., 3] turned into the frame fixed to the Earth (without polar motion), any unit."""
    r, angle = np.asarray(position, float), np.asarray(gmst_rad(jd_ut1))
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * r[..., 0] + s * r[..., 1], c * r[..., 1] - s * r[..., 0], r[..., 2]], axis=-1)


def positions_m(satellite: Satellite, jd: ArrayLike):
    """Positions in metres in TEME, shape [times, 3]. Raises DomainError where SGP4 ends, as for a decayed orbit."""
    days = np.atleast_1d(np.asarray(jd, float))
    whole = np.floor(days)
    errors, km, _ = satellite.record.sgp4_array(whole, days - whole)
    if errors.any():
        from sgp4.api import SGP4_ERRORS

        code = int(errors[errors > 0][0])
        raise DomainError(
            f"orbit of {satellite.name}: {SGP4_ERRORS.get(code, f'SGP4 error {code}')}; take newer elements"
        )
    return km * 1e3


def check_age(satellite: Satellite, start: datetime, end: datetime, limit_days: float = MAX_AGE_DAYS) -> float:
    """Days between the elements' epoch and the farther end of a span; DomainError when beyond the limit."""
    age = max(abs(_days(t) - _days(satellite.epoch)) for t in (start, end))
    if age > limit_days:
        raise DomainError(
            f"orbit of {satellite.name}: its elements are of {satellite.epoch:%Y-%m-%d %H:%M} UTC, {age:.1f} days "
            f"away from "
            f"the time asked for, allowed {limit_days:g}; low orbits drift by kilometres a day: take newer elements, "
            f"or allow "
            "old ones"
        )
    return age


def ecef_m(station: Station):
    """Position of a station in the frame fixed to the Earth (WGS84), metres."""
    check_domain("latitude", station.lat_deg, Range(-90.0, 90.0, "degrees"), what=f"station {station.name}")
    check_domain("longitude", station.lon_deg, Range(-180.0, 360.0, "degrees"), what=f"station {station.name}")
    check_domain("height", station.height_m, Range(-500.0, 9000.0, "m"), what=f"station {station.name}")
    lat, lon = math.radians(station.lat_deg), math.radians(station.lon_deg)
    n = WGS84_A_M / math.sqrt(1.0 - WGS84_E2 * math.sin(lat) ** 2)
    flat = (n + station.height_m) * math.cos(lat)
    up = (n * (1.0 - WGS84_E2) + station.height_m) * math.sin(lat)
    return np.array([flat * math.cos(lon), flat * math.sin(lon), up])


@lru_cache(maxsize=64)
def _axes(lat_deg: float, lon_deg: float):
    """Unit vectors east, north and up of a place."""
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    east = (-math.sin(lon), math.cos(lon), 0.0)
    north = (-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat))
    up = (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat))
    return np.array([east, north, up])


def look_from(station: Station, fixed_m: ArrayLike) -> Look:
    """Azimuth, elevation and range from a station of places [..., 3] in the frame fixed to the Earth."""
    local = (np.asarray(fixed_m, float) - ecef_m(station)) @ _axes(station.lat_deg, station.lon_deg).T
    distance = np.linalg.norm(local, axis=-1)
    azimuth = np.degrees(np.arctan2(local[..., 0], local[..., 1])) % 360.0
    elevation = np.degrees(np.arcsin(np.clip(local[..., 2] / distance, -1.0, 1.0)))
    return Look(azimuth[()], elevation[()], distance[()])


def look(satellite: Satellite, station: Station, jd: ArrayLike) -> Look:
    """Azimuth, elevation and range of a satellite from a station at Julian dates [times]."""
    days = np.atleast_1d(np.asarray(jd, float))
    return look_from(station, teme_to_fixed(positions_m(satellite, days), days))


def find_passes(
    satellite: Satellite,
    station: Station,
    start: datetime,
    hours: float,
    *,
    min_elevation_deg: float = 20.0,
    max_age_days: float = MAX_AGE_DAYS,
) -> list[Pass]:
    """Passages above an elevation within `hours` from `start`, in time; times to 0.01 s.

    The sky is sampled every 20 s; each maximum and each crossing between samples is then narrowed by sections, so that
    a passage shorter than a step is found as well.
    Raises DomainError for a span above 60 days and for elements older than `max_age_days`.
    """
    check_domain("hours", hours, Range(0.1, 1440.0, "h"), what="passes", advice="look at 60 days or less at a time")
    check_domain("min_elevation_deg", min_elevation_deg, Range(0.0, 89.0, "degrees"), what="passes")
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    check_age(satellite, start, start + timedelta(hours=hours), max_age_days)
    begin = float(julian_date(start))
    n = math.ceil(hours * 3600.0 / _STEP_S) + 1
    seconds = np.linspace(0.0, hours * 3600.0, n)

    def above(t):
        return look(satellite, station, begin + np.asarray(t) / 86400.0).elevation_deg - min_elevation_deg

    height = above(seconds)
    inner = np.flatnonzero((height[1:-1] >= height[:-2]) & (height[1:-1] > height[2:])) + 1
    # the elevation of a low orbit changes by less than 25 degrees a step: lower maxima cannot reach the limit
    near = inner[height[inner] > -25.0]
    top_s, top = _narrow_maximum(above, seconds[near - 1], seconds[near + 1])
    found = []
    for peak_s, peak in zip(top_s[top > 0.0], top[top > 0.0]):
        rise, rise_open = _crossing(above, seconds, height, peak_s, -1)
        fall, fall_open = _crossing(above, seconds, height, peak_s, +1)
        found.append((rise, peak_s, fall, peak, rise_open or fall_open))
    for edge, other in ((0, 1), (n - 1, n - 2)):  # the greatest elevation lies outside the span
        if height[edge] > 0.0 and height[edge] >= height[other]:
            rise, _ = _crossing(above, seconds, height, seconds[edge], -1)
            fall, _ = _crossing(above, seconds, height, seconds[edge], +1)
            found.append((rise, seconds[edge], fall, height[edge], True))

    def at(s):
        return start + timedelta(seconds=float(s))

    return [Pass(at(r), at(p), at(f), float(h + min_elevation_deg), bool(o)) for r, p, f, h, o in sorted(found)]


def _narrow_maximum(function, low, high):
    golden = 0.6180339887498949
    a, b = np.array(low, float), np.array(high, float)
    if a.size == 0:
        return a, a
    for _ in range(22):
        c, d = b - golden * (b - a), a + golden * (b - a)
        both = function(np.concatenate([c, d]))
        left = both[: a.size] > both[a.size :]
        a, b = np.where(left, a, c), np.where(left, d, b)
    middle = 0.5 * (a + b)
    return middle, function(middle)


def _crossing(function, seconds, height, peak_s: float, way: int) -> tuple[float, bool]:
    """Where the elevation falls below the limit before (-1) or after (+1) the peak; the span's end if it does not."""
    side = np.flatnonzero((seconds < peak_s if way < 0 else seconds > peak_s) & (height <= 0.0))
    if side.size == 0:
        return float(seconds[0] if way < 0 else seconds[-1]), True
    below = seconds[side[-1] if way < 0 else side[0]]
    inside = min(peak_s, below + _STEP_S) if way < 0 else max(peak_s, below - _STEP_S)
    for _ in range(24):
        middle = 0.5 * (below + inside)
        if function(np.array([middle]))[0] > 0.0:
            inside = middle
        else:
            below = middle
    return 0.5 * (below + inside), False


def sun_direction(jd: ArrayLike):
    """Unit vector from the Earth to the Sun, mean equator and equinox of date, shape [..., 3].

    Astronomical Almanac, section C, low-precision formulas for the Sun.

    >>> float(np.degrees(np.arcsin(sun_direction(2460482.3688)[2])).round(2))  # solstice of June 2024
    23.44
    """
    n = np.asarray(jd, float) - _J2000
    longitude = np.radians((280.460 + 0.985_647_4 * n) % 360.0)
    anomaly = np.radians((357.528 + 0.985_600_3 * n) % 360.0)
    ecliptic = longitude + np.radians(1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
    tilt = np.radians(23.439 - 4e-7 * n)
    sine = np.sin(ecliptic)
    return np.stack([np.cos(ecliptic), np.cos(tilt) * sine, np.sin(tilt) * sine], axis=-1)


def sun_elevation_deg(station: Station, jd: ArrayLike):
    """Elevation of the Sun's centre from a station, degrees, without refraction.

    >>> seoul = Station("Seoul", 37.57, 126.98)
    >>> float(np.round(sun_elevation_deg(seoul, julian_date(datetime(2026, 11, 28, 3, 16, tzinfo=UTC))), 0))
    31.0
    """
    fixed = teme_to_fixed(sun_direction(jd), jd)
    up = fixed @ _axes(station.lat_deg, station.lon_deg)[2]
    return np.degrees(np.arcsin(np.clip(up, -1.0, 1.0)))[()]


def in_shadow(position_m: ArrayLike, jd: ArrayLike):
    """Whether places [..., 3] in TEME metres lie in the Earth's shadow (umbra or, beyond half, penumbra; round Earth).

    The Sun's disc counts as hidden when its centre is.

    >>> bool(in_shadow(-7000e3 * sun_direction(2451545.0), 2451545.0))
    True
    """
    r, sun = np.asarray(position_m, float), sun_direction(jd)
    along = np.sum(r * sun, axis=-1)
    across = np.linalg.norm(r - along[..., None] * sun, axis=-1)
    return ((along < 0.0) & (across < 6_378_137.0))[()]


def _card_gmst(jd_ut1):
    return np.degrees(gmst_rad(jd_ut1))


def _card_sun(jd):
    return np.degrees(np.arcsin(sun_direction(jd)[..., 2]))


register(
    ModelCard(
        id="optical.orbit.sidereal",
        title="Greenwich mean sidereal time",
        function=_card_gmst,
        sources=(VALLADO,),
        references=(
            Reference({"jd_ut1": 2_451_545.0}, 280.46062, "IAU 1982: 18 h 41 m 50.54841 s at J2000", absolute=1e-4),
        ),
    )
)
register(
    ModelCard(
        id="optical.orbit.sun",
        title="Declination of the Sun, low precision",
        function=_card_sun,
        sources=(
            Citation(
                "almanac", "The Astronomical Almanac, section C: low-precision formulas for the Sun's coordinates"
            ),
            Citation("meeus1998", "J. Meeus, Astronomical Algorithms, 2nd ed., Willmann-Bell (1998), example 25.a"),
        ),
        references=(Reference({"jd": 2_448_908.5}, -7.78507, "Meeus, example 25.a: 1992 October 13.0", absolute=0.01),),
    )
)
