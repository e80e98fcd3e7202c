"""Building footprints from OpenStreetMap XML: closed ways and multipolygon relations tagged ``building``."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
import shapely

from silla.base.errors import DataFileError
from silla.scenario.importers.footprints import Footprints, FootprintsBuilder, metres, tag_height
from silla.scenario.importers.text import reading

__all__ = ["read_osm"]


def read_osm(
    path: Path, *, name: str | None = None, default_height_m: float = 12.0, repair: bool = False
) -> Footprints:
    """Buildings of an OSM XML file (format version 0.6).

    Closed ways with ``building=*`` (not ``no``) and relations of ``type=multipolygon`` with it; ``height``, else
    ``building:levels`` x 3 m, else `default_height_m`; ``min_height`` is the base. Ways that are cut by the extract's
    edge, or not closed, are counted in `Footprints.skipped`. Left out: ``building:part``, roof shapes.
    `Footprints.feature` is the id of the way or relation. A document-type declaration is refused, so no entity can
    expand. DataFileError names the line of text that is not XML, or the way.
    """
    name = name or path.name
    reader = _Reader(name)
    reader.read(path)
    kinds = dict.fromkeys(reader.buildings, "way") | dict.fromkeys(reader.relations, "relation")
    builder = FootprintsBuilder(name, default_height_m, repair, lambda i: f": {kinds.get(i, 'object')} {i}")
    in_relation = {m for r in reader.relations.values() for role, m in r.members if role != "inner"}
    for way, tags in reader.buildings.items():
        if way in in_relation:
            continue  # its relation brings it, with the holes
        _add_way(builder, reader, way, tags)
    for number, relation in reader.relations.items():
        _add_relation(builder, reader, number, relation)
    return builder.build()


def _add_way(builder: FootprintsBuilder, reader: _Reader, way: int, tags: dict[str, Any]) -> None:
    ring = _closed(reader, reader.ways[way], builder.skipped)
    if ring is not None:
        height = tag_height(tags, builder.assumed)
        builder.add(way, [ring], height, _base(tags, height, builder.default_height_m))


def _add_relation(builder: FootprintsBuilder, reader: _Reader, number: int, relation: _Relation) -> None:
    outer = _join(reader, [m for role, m in relation.members if role in ("outer", "")], builder.skipped)
    inner = _join(reader, [m for role, m in relation.members if role == "inner"], builder.skipped)
    if not outer:
        builder.skipped["multipolygon without a closed outline"] += 1
        return
    height = tag_height(relation.tags, builder.assumed)
    outlines = [shapely.Polygon(r) for r in outer]
    holes: list[list[np.ndarray]] = [[] for _ in outer]
    for hole in inner:
        middle = shapely.Polygon(hole).representative_point() if len(hole) >= 4 else None
        owners = [i for i, o in enumerate(outlines) if middle is not None and o.is_valid and o.contains(middle)]
        if owners:
            holes[owners[0]].append(hole)
        else:
            builder.skipped["hole outside every outline of its multipolygon"] += 1
    for ring, its_holes in zip(outer, holes, strict=True):
        builder.add(number, [ring, *its_holes], height, _base(relation.tags, height, builder.default_height_m))


def _base(tags: dict[str, Any], height: float | None, default: float) -> float:
    base = metres(tags.get("min_height")) or 0.0
    return base if 0.0 <= base < (default if height is None else height) else 0.0


def _closed(reader: _Reader, nodes: Iterable[int], skipped: Counter[str]) -> np.ndarray | None:
    refs = list(nodes)
    if len(refs) < 4 or refs[0] != refs[-1]:
        skipped["way not closed"] += 1
        return None
    if any(ref not in reader.nodes for ref in refs):
        skipped["way with nodes outside the extract"] += 1
        return None
    return np.array([reader.nodes[ref] for ref in refs], dtype=float)


def _join(reader: _Reader, ways: list[int], skipped: Counter[str]) -> list[np.ndarray]:
    """Closed rings made of ways that may each be a piece of one."""
    pieces: list[list[int]] = []
    for way in ways:
        if way in reader.ways and len(reader.ways[way]) >= 2:
            pieces.append(list(reader.ways[way]))
        else:
            skipped["multipolygon member outside the extract"] += 1
    rings: list[np.ndarray] = []
    while pieces:
        chain = pieces.pop()
        while chain[0] != chain[-1]:
            i = next((i for i, p in enumerate(pieces) if chain[-1] in (p[0], p[-1])), None)
            if i is None:
                break
            piece = pieces.pop(i)
            chain += piece[1:] if piece[0] == chain[-1] else piece[-2::-1]
        ring = _closed(reader, chain, skipped)
        if ring is not None:
            rings.append(ring)
    return rings


@dataclass
class _Relation:
    members: list[tuple[str, int]] = field(default_factory=list)
    tags: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Reader:
    """Fills nodes, ways and building objects from the events of the XML parser."""

    name: str
    nodes: dict[int, tuple[float, float]] = field(default_factory=dict)
    ways: dict[int, array[int]] = field(default_factory=dict)
    buildings: dict[int, dict[str, Any]] = field(default_factory=dict)
    relations: dict[int, _Relation] = field(default_factory=dict)
    _id: int = 0
    _refs: array[int] = field(default_factory=lambda: array("q"))
    _relation: _Relation = field(default_factory=_Relation)
    _tags: dict[str, Any] = field(default_factory=dict)
    _root: str = ""

    def read(self, path: Path) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            with reading(path, self.name) as file:
                parser.ParseFile(file)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            raise DataFileError(
                f"{self.name}:{error.lineno}: column {error.offset + 1}: this is not XML: {what}"
            ) from None
        except (KeyError, ValueError, OverflowError) as error:
            line = parser.CurrentLineNumber
            detail = f"attribute {error} is missing" if isinstance(error, KeyError) else str(error)
            raise DataFileError(f"{self.name}:{line}: this is not OSM data: {detail}") from None

    def _doctype(self, *_: Any) -> None:
        raise DataFileError(f"{self.name}: a document-type declaration is not allowed in OSM data")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._root:
            self._root = tag
            if tag != "osm":
                raise DataFileError(f"{self.name}: the root element is <{tag}>; OSM XML has <osm>")
        if tag == "node":
            self.nodes[int(attributes["id"])] = (float(attributes["lon"]), float(attributes["lat"]))
        elif tag in ("way", "relation"):
            self._id, self._refs = int(attributes["id"]), array("q")
            self._relation, self._tags = _Relation(), {}
        elif tag == "nd":
            self._refs.append(int(attributes["ref"]))
        elif tag == "member" and attributes.get("type") == "way":
            self._relation.members.append((attributes.get("role", ""), int(attributes["ref"])))
        elif tag == "tag":
            self._tags[attributes["k"]] = attributes["v"]

    def _end(self, tag: str) -> None:
        building = self._tags.get("building", "no") != "no"
        if tag == "way":
            self.ways[self._id] = self._refs
            if building:
                self.buildings[self._id] = self._tags
        elif tag == "relation" and building and self._tags.get("type") == "multipolygon":
            self._relation.tags = self._tags
            self.relations[self._id] = self._relation
        if tag in ("node", "way", "relation"):
            self._tags = {}
