"""Oracles: areas and orientations of shapes drawn by hand, shapely's validity, an independent XML and JSON count."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from silla.base.errors import DataFileError
from silla.base.geo import project
from silla.scenario.importers import read_buildings
from silla.scenario.importers.footprints import metres

MYEONGDONG = Path(__file__).parents[3].parent / "shared" / "data" / "myeongdong"
SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]
BOW = [[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]


def ring(points, scale=1e-4, lon=129.0, lat=35.0):
    return [[lon + scale * x, lat + scale * y] for x, y in points]


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def polygon(*rings, **properties):
    return feature({"type": "Polygon", "coordinates": [ring(r) for r in rings]}, **properties)


@pytest.fixture
def geojson(tmp_path):
    def write(*features, text: str | None = None, **top) -> Path:
        path = tmp_path / "b.geojson"
        path.write_text(
            text if text is not None else json.dumps({"type": "FeatureCollection", **top, "features": features})
        )
        return path

    return write


def refuse(path, **options) -> str:
    with pytest.raises(DataFileError) as caught:
        read_buildings(path, **options)
    return str(caught.value)


def signed_area(points) -> float:
    x, y = points[:, 0] - points[0, 0], points[:, 1] - points[0, 1]
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def test_outlines_turn_left_holes_right_and_rings_are_open(geojson):
    found = read_buildings(geojson(polygon(SQUARE[::-1], HOLE, height_m=18.5)))
    outline, hole = found.rings_of(0)
    assert (len(outline), len(hole)) == (4, 4)
    assert signed_area(outline) == pytest.approx(16e-8, rel=1e-6)
    assert signed_area(hole) == pytest.approx(-1e-8, rel=1e-6)
    assert found.height_m.tolist() == [18.5]
    assert found.ring_building.tolist() == [0, 0]
    assert found.ring_offsets.tolist() == [0, 4, 8]


def test_parts_of_a_multipolygon_are_buildings_of_their_feature(geojson):
    many = {"type": "MultiPolygon", "coordinates": [[ring(SQUARE)], [ring(SQUARE, lon=129.1)]]}
    found = read_buildings(geojson(polygon(SQUARE), feature(many, height="21 m")))
    assert found.feature.tolist() == [0, 1, 1]
    assert found.height_m.tolist() == [12.0, 21.0, 21.0]


@pytest.mark.parametrize(
    ("properties", "height"),
    [
        ({"height_m": 7}, 7.0),
        ({"height": "12.5"}, 12.5),
        ({"height": "40 ft"}, 12.192),
        ({"building:levels": "5"}, 15.0),  # 3 m a floor
        ({"height": "tall", "building:levels": 4}, 12.0),
        ({}, 9.0),
        ({"height_m": None}, 9.0),
    ],
)
def test_heights(geojson, properties, height):
    found = read_buildings(geojson(polygon(SQUARE, **properties)), default_height_m=9.0)
    assert found.height_m.tolist() == [pytest.approx(height)]


def test_nothing_is_left_out_in_silence(geojson):
    point = feature({"type": "Point", "coordinates": [129, 35]})
    found = read_buildings(geojson(point, feature(None), polygon(SQUARE, height="high")))
    assert found.skipped == {"Point, not a polygon": 1, "no geometry": 1}
    assert found.assumed == {"unusable height 'high'": 1, "height not given, 12 m taken": 1}
    assert "1 buildings; skipped 1: Point, not a polygon" in found.summary()


def test_a_self_crossing_footprint_is_refused_by_its_number(geojson):
    message = refuse(geojson(polygon(SQUARE), polygon(BOW)))
    assert "b.geojson:1: features[1]: the footprint crosses itself" in message
    assert "Self-intersection" in message
    assert "repair: true" in message


def test_repair_keeps_the_area_and_says_so(geojson):
    found = read_buildings(geojson(polygon(BOW)), repair=True)
    assert found.repaired == {"self-intersection": 1}
    area = sum(signed_area(found.rings_of(i)[0]) for i in range(len(found)))
    assert area == pytest.approx(2e-8, rel=1e-6)  # two triangles of area 1
    flat = read_buildings(geojson(polygon([[0, 0], [1, 0], [2, 0], [0, 0]])), repair=True)
    assert len(flat) == 0
    assert sum(flat.skipped.values()) == 1


def test_an_unclosed_ring(geojson):
    path = geojson(polygon(SQUARE[:-1]))
    assert "features[0]: a ring is not closed" in refuse(path)
    assert read_buildings(path, repair=True).repaired == {"ring closed": 1}


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (
            {"type": "Polygon", "coordinates": [[[35, 129], [35, 129.1], [35.1, 129.1], [35, 129]]]},
            "are lat and lon swapped?",
        ),
        (
            {"type": "Polygon", "coordinates": [[[9e5, 2e6], [9e5, 2.1e6], [9.1e5, 2e6], [9e5, 2e6]]]},
            "are these metres?",
        ),
        ({"type": "Polygon", "coordinates": []}, "has no coordinates"),
        ({"type": "Polygon", "coordinates": [[]]}, "list of [longitude, latitude] pairs"),
        ({"type": "Polygon", "coordinates": [[1, 2, 3]]}, "list of [longitude, latitude] pairs"),
        ({"type": "Polygon", "coordinates": [[["a", "b"]] * 4]}, "list of [longitude, latitude] pairs"),
        ({"type": "Polygon", "coordinates": [[[1], [2], [3], [1]]]}, "list of [longitude, latitude] pairs"),
        ({"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [1, 1]]]}, "a ring has 3 points"),
        ({"coordinates": [1]}, "its geometry has no type"),
        ([1], "its geometry has no type"),
    ],
)
def test_faulty_geometry(geojson, geometry, words):
    message = refuse(geojson(polygon(SQUARE), feature(geometry)))
    assert "features[1]" in message
    assert words in message


@pytest.mark.parametrize("height", [-3, 0, 2000, "12", True])
def test_our_own_height_key_is_strict(geojson, height):
    assert "height_m is" in refuse(geojson(polygon(SQUARE, height_m=height)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("[1]", "starts with '{'"),
        (
            '{"type": "FeatureCollection",\n "features": [\n  {"type": "Feature" "x": 1}]}',
            ":3: column 22: this is not GeoJSON",
        ),
        ('{"type": "FeatureCollection", "features": [', "is the file cut off?"),
        ('{"type": "FeatureCollection", "features": [],}', "not '}'"),
        ('{"type": "FeatureCollection", "features": []} x', "something follows the end"),
        ('{"type": "Topology", "features": []}', "found the type 'Topology'"),
        ('{"type": "FeatureCollection"}', 'with "features" is expected'),
        ('{"features": [{"a": NaN}], "type": "FeatureCollection"}', "NaN is not a usable number"),
        ('{"features": [7], "type": "FeatureCollection"}', "features[0]: not a GeoJSON feature"),
        ('{"features": [' + "[" * 100_000, "nested too deeply"),
        ('{"crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::5179"}}, "features": []}', "save it in WGS84"),
    ],
)
def test_text_that_is_not_geojson(geojson, text, words):
    message = refuse(geojson(text=text))
    assert message.startswith("b.geojson")
    assert words in message


def test_features_are_decoded_one_by_one(geojson):
    """Memory stays near the text's own size; decoding all at once takes several times that."""
    path = geojson(*[polygon(SQUARE, HOLE, height_m=5) for _ in range(5_000)])
    size = path.stat().st_size
    tracemalloc.start()
    found = read_buildings(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 5_000
    assert peak < 6 * size


OSM = """<?xml version="1.0"?>
<osm version="0.6">
 {nodes}
 <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
  <tag k="building" v="yes"/><tag k="building:levels" v="4"/><tag k="min_height" v="3"/></way>
 <way id="11"><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="8"/><nd ref="5"/></way>
 <way id="12"><nd ref="1"/><nd ref="2"/><nd ref="3"/></way>
 <way id="13"><nd ref="3"/><nd ref="4"/><nd ref="1"/></way>
 <way id="14"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="building" v="yes"/></way>
 <way id="15"><nd ref="1"/><nd ref="2"/><nd ref="99"/><nd ref="1"/><tag k="building" v="yes"/></way>
 <way id="16"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="no"/></way>
 <relation id="20"><member type="way" ref="12" role="outer"/><member type="way" ref="13" role="outer"/>
  <member type="way" ref="11" role="inner"/>
  <tag k="type" v="multipolygon"/><tag k="building" v="yes"/><tag k="height" v="33"/></relation>
</osm>"""
NODES = {1: (0, 0), 2: (4, 0), 3: (4, 4), 4: (0, 4), 5: (1, 1), 6: (2, 1), 7: (2, 2), 8: (1, 2)}


@pytest.fixture
def osm(tmp_path):
    def write(text: str | None = None) -> Path:
        nodes = "".join(f'<node id="{i}" lon="{129 + 1e-4 * x}" lat="{35 + 1e-4 * y}"/>' for i, (x, y) in NODES.items())
        path = tmp_path / "b.osm"
        path.write_text(OSM.replace("{nodes}", nodes) if text is None else text)
        return path

    return write


def test_osm_ways_and_multipolygons(osm):
    found = read_buildings(osm())
    assert found.feature.tolist() == [10, 20]
    assert found.height_m.tolist() == [12.0, 33.0]
    assert found.base_m.tolist() == [3.0, 0.0]
    outline, hole = found.rings_of(1)  # the outline is joined from two ways
    assert signed_area(outline) == pytest.approx(16e-8, rel=1e-6)
    assert signed_area(hole) == pytest.approx(-1e-8, rel=1e-6)
    assert found.skipped == {"way not closed": 1, "way with nodes outside the extract": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<osm><way id='1'>", "b.osm:1: column 18: this is not XML"),
        ("<html></html>", "the root element is <html>"),
        ("<osm><node id='1' lat='x' lon='2'/></osm>", "this is not OSM data"),
        ("<osm><node lat='1' lon='2'/></osm>", "attribute 'id' is missing"),
        ("<!DOCTYPE osm [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><osm>&b;</osm>", "document-type declaration"),
    ],
)
def test_faulty_osm(osm, text, words):
    assert words in refuse(osm(text))


def test_a_self_crossing_way_is_named(osm):
    text = OSM.replace(
        '<nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>', '<nd ref="3"/><nd ref="2"/><nd ref="4"/><nd ref="1"/>'
    )
    nodes = "".join(f'<node id="{i}" lon="{129 + 1e-4 * x}" lat="{35 + 1e-4 * y}"/>' for i, (x, y) in NODES.items())
    assert "b.osm: way 10: the footprint crosses itself" in refuse(osm(text.replace("{nodes}", nodes)))


def test_compressed_and_binary_extracts_say_what_to_do(tmp_path):
    path = tmp_path / "x.osm"
    path.write_bytes(b"\x1f\x8b123")
    assert "gzip" in refuse(path)
    path.write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader")
    assert "PBF" in refuse(path)


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("12,5 m", 12.5), ("6'2\"", 1.8796), ("-", None), ("", None), (True, None)]
)
def test_lengths_as_osm_writes_them(text, value):
    assert metres(text) == (None if value is None else pytest.approx(value))


@pytest.mark.skipif(not MYEONGDONG.exists(), reason="the Myeongdong data set is not beside this checkout")
def test_the_real_city():
    """3,799 footprints on about 2.0 x 1.7 km (the data set's README); some cross themselves."""
    path = MYEONGDONG / "buildings.geojson"
    assert "crosses itself" in refuse(path)
    found = read_buildings(path, repair=True)
    features = json.loads(path.read_text())["features"]
    assert len(features) == 3799
    assert set(found.feature.tolist()) == set(range(3799))
    x, y = project(found.lat, found.lon, float(found.lat.mean()), float(found.lon.mean()))
    assert np.ptp(x) == pytest.approx(2000, rel=0.2)
    assert np.ptp(y) == pytest.approx(1700, rel=0.2)
    heights = np.array([f["properties"]["height_m"] for f in features])
    np.testing.assert_array_equal(found.height_m, heights[found.feature])
