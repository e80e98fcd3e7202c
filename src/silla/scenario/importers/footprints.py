"""Building footprints as flat arrays, and the checks that every source of them shares."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import shapely

from silla.base.errors import DataFileError

__all__ = ["Footprints", "FootprintsBuilder", "metres", "tag_height"]

FLOOR_HEIGHT_M = 3.0  # 3GPP TR 38.901 Table 7.2-1: 3 m a floor
MAX_HEIGHT_M = 1000.0
_LENGTH = re.compile(
    r"\s*([-+]?\d+(?:[.,]\d+)?)\s*(m|metres?|meters?|ft|feet|')?\s*(?:(\d+)\s*(?:\"|in|''))?\s*\Z", re.I
)

Ring = np.ndarray


@dataclass(frozen=True, eq=False)
class Footprints:
    """Buildings with holes, in longitude and latitude.

    lat, lon : (n_vertices,) WGS84 degrees; rings are open (the first vertex is not repeated).
    ring_offsets : (n_rings + 1,) first vertex of each ring. ring_building : (n_rings,) building of each ring, rising; a
    building's first ring is its outline (anticlockwise), the others are holes (clockwise).
    height_m, base_m : (n,) top and bottom above ground. feature : (n,) number of the feature or id of the OSM object
    that it came from.
    repaired, skipped, assumed : reason -> how many, for footprints mended, features left out, heights not given.
    """

    lat: np.ndarray
    lon: np.ndarray
    ring_offsets: np.ndarray
    ring_building: np.ndarray
    height_m: np.ndarray
    base_m: np.ndarray
    feature: np.ndarray
    file: str
    repaired: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    assumed: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.height_m)

    def rings_of(self, building: int) -> list[np.ndarray]:
        """The rings of one building as (n, 2) arrays of longitude and latitude, outline first."""
        lonlat = np.column_stack([self.lon, self.lat])
        rings = np.flatnonzero(self.ring_building == building)
        return [lonlat[self.ring_offsets[r] : self.ring_offsets[r + 1]] for r in rings]

    def summary(self) -> str:
        """One line: how many, what was mended, left out and assumed."""
        parts = [f"{len(self)} buildings"]
        for word, counts in (("repaired", self.repaired), ("skipped", self.skipped), ("assumed", self.assumed)):
            parts += [f"{word} {count}: {reason}" for reason, count in counts.items()]
        return "; ".join(parts)


@dataclass
class FootprintsBuilder:
    """Collects polygons, then checks all of them at once.

    where : turns a feature's number into words for messages.
    """

    file: str
    default_height_m: float
    repair: bool
    where: Callable[[int], str]
    rings: list[Ring] = field(default_factory=list)
    polygon_start: list[int] = field(default_factory=lambda: [0])
    height_m: list[float] = field(default_factory=list)
    base_m: list[float] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    assumed: Counter[str] = field(default_factory=Counter)

    def error(self, feature: int, message: str) -> DataFileError:
        """An error that names the feature."""
        return DataFileError(f"{self.file}{self.where(feature)}: {message}")

    def add(self, feature: int, rings: list[Ring], height_m: float | None, base_m: float) -> None:
        """One polygon, outline first; rings are (n, 2) closed arrays of longitude and latitude."""
        if height_m is None:
            self.assumed[f"height not given, {self.default_height_m:g} m taken"] += 1
            height_m = self.default_height_m
        if not 0.0 <= base_m < height_m <= MAX_HEIGHT_M:
            raise self.error(
                feature,
                f"a building from {base_m:g} m to {height_m:g} m; heights go upwards from 0 to {MAX_HEIGHT_M:g} m",
            )
        self.rings += rings
        self.polygon_start.append(len(self.rings))
        self.height_m.append(height_m)
        self.base_m.append(base_m)
        self.feature.append(feature)

    def _check_coordinates(self, coordinates: np.ndarray, ring_lengths: np.ndarray) -> None:
        """The first vertex that is no place on earth, named with its feature."""
        lon, lat = coordinates[:, 0], coordinates[:, 1]
        bad = np.flatnonzero(~((np.abs(lat) <= 90) & (np.abs(lon) <= 180)))
        if not bad.size:
            return
        vertex = int(bad[0])
        ring = int(np.searchsorted(np.cumsum(ring_lengths), vertex, side="right"))
        building = int(np.searchsorted(self.polygon_start, ring, side="right")) - 1
        x, y = float(lon[vertex]), float(lat[vertex])
        if abs(y) <= 180 and abs(x) <= 90:
            hint = "are lat and lon swapped?"
        else:
            hint = "are these metres? Save it in WGS84 (EPSG:4326)"
        raise self.error(self.feature[building], f"a vertex has longitude {x:g} and latitude {y:g}; {hint}")

    def build(self) -> Footprints:
        """The checked arrays; DataFileError names the first footprint that crosses itself, unless `repair`."""
        polygons = self._polygons()
        bad = np.flatnonzero(~shapely.is_valid(polygons))
        if bad.size and not self.repair:
            first = int(bad[0])
            more = f" ({bad.size - 1} more such footprints)" if bad.size > 1 else ""
            reason = str(shapely.is_valid_reason(polygons[first]))
            raise self.error(
                self.feature[first],
                f"the footprint crosses itself or is degenerate: {reason}{more}; mend it, or set `repair: true`",
            )
        mended = {i: self._mend(polygons[i]) for i in bad.tolist()}
        return self._flatten(polygons, mended)

    def _polygons(self) -> np.ndarray:
        if not self.rings:
            return np.empty(0, dtype=object)
        coordinates = np.concatenate(self.rings)
        lengths = np.array([len(r) for r in self.rings])
        self._check_coordinates(coordinates, lengths)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return shapely.from_ragged_array(
            shapely.GeometryType.POLYGON, coordinates, (offsets, np.asarray(self.polygon_start))
        )

    def _mend(self, polygon: shapely.Polygon) -> list[shapely.Polygon]:
        reason = str(shapely.is_valid_reason(polygon)).split("[")[0].strip().lower()
        parts = [p for p in shapely.get_parts(shapely.make_valid(polygon)).tolist() if p.geom_type == "Polygon"]
        parts = [p for p in parts if p.area > 0]
        if parts:
            self.repaired[reason] += 1
        else:
            self.skipped[f"no area ({reason})"] += 1
        return parts

    def _flatten(self, polygons: np.ndarray, mended: dict[int, list[shapely.Polygon]]) -> Footprints:
        keep_as_is = [i for i in range(len(polygons)) if i not in mended]
        parts = [p for pieces in mended.values() for p in pieces]
        owner = np.array(keep_as_is + [i for i, pieces in mended.items() for _ in pieces], dtype=np.int64)
        flat = np.concatenate([polygons[keep_as_is], np.array(parts, dtype=object)])
        order = np.argsort(owner, kind="stable")
        owner, flat = owner[order], flat[order]
        if len(flat):
            oriented = shapely.orient_polygons(flat, exterior_cw=False)
            _, closed, (rings, polygon_start) = shapely.to_ragged_array(oriented)
        else:
            closed, rings, polygon_start = np.empty((0, 2)), np.zeros(1, int), np.zeros(1, int)
        keep = np.ones(len(closed), dtype=bool)
        keep[np.asarray(rings[1:], dtype=int) - 1] = False
        return Footprints(
            lat=np.ascontiguousarray(closed[keep, 1]),
            lon=np.ascontiguousarray(closed[keep, 0]),
            ring_offsets=np.asarray(rings, dtype=np.int64) - np.arange(len(rings)),
            ring_building=np.repeat(np.arange(len(flat)), np.diff(np.asarray(polygon_start, dtype=np.int64))),
            height_m=np.array(self.height_m, dtype=float)[owner],
            base_m=np.array(self.base_m, dtype=float)[owner],
            feature=np.array(self.feature, dtype=np.int64)[owner],
            file=self.file,
            repaired=dict(self.repaired),
            skipped=dict(self.skipped),
            assumed=dict(self.assumed),
        )


def metres(text: object) -> float | None:
    """A length written as OSM does (``12``, ``12.5 m``, ``40'``, ``40 ft``) in metres; None when it cannot be read.

    >>> metres("12 m"), metres("10 ft"), metres("tall")
    (12.0, 3.048, None)
    """
    if text is None or isinstance(text, bool):
        return None
    if isinstance(text, (int, float)):
        return float(text) if math.isfinite(text) else None
    found = _LENGTH.match(str(text))
    if found is None:
        return None
    value = float(found[1].replace(",", "."))
    if (found[2] or "").lower() in ("ft", "feet", "'"):
        return round(0.3048 * (value + float(found[3] or 0.0) / 12.0), 6)
    return value


def tag_height(tags: dict[str, object], assumed: Counter[str]) -> float | None:
    """Height from ``height_m``, ``height`` or ``building:levels`` (3 m each); None when none can be used.

    What was given but could not be read is counted in `assumed`.
    """
    for key in ("height_m", "height"):
        if tags.get(key) not in (None, ""):
            value = metres(tags[key])
            if value is not None and 0.0 < value <= MAX_HEIGHT_M:
                return value
            assumed[f"unusable {key} {str(tags[key])[:20]!r}"] += 1
    for key in ("building:levels", "levels"):
        if tags.get(key) not in (None, ""):
            value = metres(tags[key])
            if value is not None and 0.0 < value <= MAX_HEIGHT_M / FLOOR_HEIGHT_M:
                assumed["height from the number of floors, 3 m each"] += 1
                return value * FLOOR_HEIGHT_M
            assumed[f"unusable {key} {str(tags[key])[:20]!r}"] += 1
    return None
