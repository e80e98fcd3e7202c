"""Building footprints from GeoJSON (RFC 7946), one feature at a time, so that a city does not fill the memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from silla.base.errors import DataFileError
from silla.scenario.importers.footprints import Footprints, FootprintsBuilder, metres, tag_height
from silla.scenario.importers.text import read_bytes
from silla.scenario.source import decode_text

__all__ = ["read_geojson"]

_SPACE = re.compile(r"[ \t\r\n]*")


def read_geojson(
    path: Path, *, name: str | None = None, default_height_m: float = 12.0, repair: bool = False
) -> Footprints:
    """Buildings from the Polygon and MultiPolygon features of a GeoJSON file.

    Parameters
    ----------
    default_height_m : height of buildings whose properties give none of ``height_m``, ``height`` (metres, or text such
        as ``"12 m"``) and ``building:levels`` (3 m each).
    repair : mend footprints that cross themselves or are not closed, and count them, instead of refusing the file.

    Features without a polygon are counted in `Footprints.skipped`. DataFileError names line and column (text that is
    not JSON) or the number of the feature, counted from 0.
    """
    name = name or path.name
    text = decode_text(read_bytes(path, name), name, DataFileError)
    parser = _Parser(text, name)
    starts: list[int] = []

    def where(feature: int) -> str:
        return f":{text.count(chr(10), 0, starts[feature]) + 1}: features[{feature}]"

    builder = FootprintsBuilder(name, default_height_m, repair, where)
    for number, (start, feature) in enumerate(parser.features()):
        starts.append(start)
        _add_feature(builder, number, feature)
    return builder.build()


def _add_feature(builder: FootprintsBuilder, number: int, feature: Any) -> None:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise builder.error(number, 'not a GeoJSON feature; an object with "type": "Feature" is expected')
    geometry, properties = feature.get("geometry"), feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise builder.error(number, "its properties are not an object")
    if geometry is None:
        builder.skipped["no geometry"] += 1
        return
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        if not isinstance(kind, str):
            raise builder.error(number, "its geometry has no type")
        builder.skipped[f"{kind}, not a polygon"] += 1
        return
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list) or not polygons:
        raise builder.error(number, "its geometry has no coordinates")
    base = metres(properties.get("base_m", properties.get("min_height"))) or 0.0
    height = tag_height(properties, builder.assumed) if _has_height(builder, number, properties) else None
    for polygon in polygons:
        if not isinstance(polygon, list) or not polygon:
            raise builder.error(number, "a polygon has no coordinates")
        rings = [_ring(builder, number, ring) for ring in polygon]
        builder.add(number, rings, height, base)


def _has_height(builder: FootprintsBuilder, number: int, properties: dict[str, Any]) -> bool:
    """Refuses a `height_m` that is not a positive number: that key is ours, so it is a mistake and not a custom."""
    value = properties.get("height_m")
    if value is not None and not (
        isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1000
    ):
        raise builder.error(number, f"height_m is {value!r}; a number of metres above 0 and up to 1000 is expected")
    return True


def _ring(builder: FootprintsBuilder, number: int, ring: Any) -> np.ndarray:
    points = _pairs(ring)
    if points is None:
        raise builder.error(number, "a ring is a list of [longitude, latitude] pairs of numbers")
    if len(points) >= 3 and (points[0] != points[-1]).any():
        if not builder.repair:
            raise builder.error(
                number, "a ring is not closed: its last point must equal its first; mend it, or set `repair: true`"
            )
        builder.repaired["ring closed"] += 1
        points = np.vstack([points, points[:1]])
    if len(points) < 4:
        raise builder.error(number, f"a ring has {len(points)} points; a closed ring has at least 4")
    return points


def _pairs(ring: Any) -> np.ndarray | None:
    """(n, 2) float64 of a list of positions (a third coordinate is dropped); None when it is something else."""
    try:
        points = np.array(ring)
        if points.ndim != 2:  # positions with and without a height
            points = np.array([point[:2] for point in ring])
    except (TypeError, ValueError, KeyError):
        return None
    if points.ndim != 2 or points.shape[1] < 2 or points.dtype.kind not in "iuf":
        return None
    return points[:, :2].astype(float)


class _Parser:
    """The features of a FeatureCollection, decoded one by one."""

    def __init__(self, text: str, name: str):
        self.text, self.name = text, name
        self.decoder = json.JSONDecoder(parse_constant=self._constant)

    def features(self) -> Iterator[tuple[int, Any]]:
        """(position in the text, feature), in the file's order."""
        at = self._skip(0)
        if at >= len(self.text):
            raise DataFileError(f"{self.name}: the file is empty")
        if self.text[at] != "{":
            self._fail(at, "a GeoJSON file starts with '{'")
        kind, seen, at = None, False, self._skip(at + 1)
        while self.text[at : at + 1] != "}":
            key, at = self._value(at)
            if not isinstance(key, str):
                self._fail(at, "a key in double quotes is expected")
            at = self._skip(at)
            if self.text[at : at + 1] != ":":
                self._fail(at, "':' is expected")
            at = self._skip(at + 1)
            if key == "features" and self.text[at : at + 1] == "[":
                seen = True
                at = yield from self._elements(at)
            else:
                value, at = self._value(at)
                kind = value if key == "type" else kind
                self._check_crs(key, value)
            at = self._comma(at, "}")
        self._end(at, kind, seen)

    def _elements(self, at: int):
        at = self._skip(at + 1)
        while self.text[at : at + 1] != "]":
            start = at
            value, at = self._value(at)
            yield start, value
            at = self._comma(at, "]")
        return at + 1

    def _end(self, at: int, kind: Any, seen: bool) -> None:
        rest = self._skip(at + 1)
        if rest < len(self.text):
            self._fail(rest, "something follows the end of the JSON document")
        if kind != "FeatureCollection" or not seen:
            found = f"the type {kind!r}" if kind is not None else "no type"
            raise DataFileError(f'{self.name}: a GeoJSON FeatureCollection with "features" is expected; found {found}')

    def _check_crs(self, key: str, value: Any) -> None:
        if key != "crs" or not isinstance(value, dict):
            return
        properties = value.get("properties")
        crs = str(properties.get("name", "")) if isinstance(properties, dict) else ""
        if crs and not any(known in crs for known in ("CRS84", "4326", "WGS84", "WGS 84")):
            raise DataFileError(
                f"{self.name}: its coordinates are in {crs}; save it in WGS84 longitude and latitude (EPSG:4326)"
            )

    def _comma(self, at: int, closing: str) -> int:
        at = self._skip(at)
        if self.text[at : at + 1] == closing:
            return at
        if self.text[at : at + 1] != ",":
            self._fail(at, f"',' or '{closing}' is expected")
        at = self._skip(at + 1)
        if self.text[at : at + 1] == closing:
            self._fail(at, f"a value is expected after ',', not '{closing}'")
        return at

    def _value(self, at: int) -> tuple[Any, int]:
        try:
            return self.decoder.raw_decode(self.text, at)
        except json.JSONDecodeError as error:
            self._fail(error.pos, error.msg.lower())
        except RecursionError:
            self._fail(at, "nested too deeply")
        except ValueError as error:
            self._fail(at, str(error))

    def _constant(self, word: str) -> NoReturn:
        raise ValueError(f"{word} is not a usable number")

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _fail(self, at: int, message: str) -> NoReturn:
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        if at >= len(self.text):
            message += " (the text ends here; is the file cut off?)"
        raise DataFileError(f"{self.name}:{line}: column {column}: this is not GeoJSON: {message}")
