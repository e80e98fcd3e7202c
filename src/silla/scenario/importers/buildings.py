"""Building footprints from whichever of the two formats the file is."""

from __future__ import annotations

from pathlib import Path

from silla.base.errors import DataFileError
from silla.scenario.importers.footprints import Footprints
from silla.scenario.importers.text import reading

__all__ = ["read_buildings"]


def read_buildings(
    path: Path, *, name: str | None = None, default_height_m: float = 12.0, repair: bool = False
) -> Footprints:
    """Buildings of a GeoJSON or OSM XML file; the content decides, not the file's ending.

    See `read_geojson` and `read_osm` for the parameters and what is left out.
    """
    from silla.scenario.importers.buildings_geojson import read_geojson
    from silla.scenario.importers.buildings_osm import read_osm

    name = name or path.name
    with reading(path, name) as file:
        head = file.read(4096)
    if head.startswith(b"\x1f\x8b"):
        raise DataFileError(f"{name}: this is a gzip file; unpack it first")
    if head[8:17] == b"OSMHeader" or b"OSMHeader" in head[:64]:
        raise DataFileError(f"{name}: this is OSM's PBF format; convert it to .osm (XML) first")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    reader = read_osm if start.startswith(b"<") else read_geojson
    return reader(path, name=name, default_height_m=default_height_m, repair=repair)
