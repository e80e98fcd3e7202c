"""Bad input ends with exit code 2, one clear line, and nothing written. Oracle: the list of the faults users make."""

from __future__ import annotations

import json

import pytest

from silla.cli._app import run_command

SCENARIO = """silla: 1
name: bad
origin: {lat: 35.0, lon: 129.0}
carriers: {c: {frequency_ghz: 3.5, bandwidth_mhz: 100}}
nodes: [{id: a, x_m: 0, y_m: 0}, {id: b, x_m: 900, y_m: 0}]
sites:
  - {id: s, x_m: 0, y_m: 0, cells: [{id: one, carrier: c}, {id: two, carrier: c, azimuth_deg: 120}]}
files: {}
fibres: [{id: f, ends: [a, b], length_km: 9, attenuation_db_per_km: 0.2}]
demand: [{id: d, users: 3, around: s, radius_m: 100}]
snapshot: {drops: 2}
"""
SQUARE = [[129.0, 35.0], [129.001, 35.0], [129.001, 35.001], [129.0, 35.001], [129.0, 35.0]]
BOW = [[129.0, 35.0], [129.001, 35.001], [129.001, 35.0], [129.0, 35.001], [129.0, 35.0]]


def geojson(ring) -> str:
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"height_m": 9}, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


def sites(text: str) -> tuple[str, str, dict[str, str]]:
    return "files: {}", "files: {sites: {path: s.csv, cells: [{carrier: c}]}}", {"s.csv": text}


def buildings(text: str) -> tuple[str, str, dict[str, str]]:
    return "files: {}", "files: {buildings: {path: b.geojson}}", {"b.geojson": text}


FAULTS = {
    "unknown key": ("users: 3", "usres: 3", {}, "did you mean 'users'?"),
    "unit magnitude": ("db_per_km: 0.2", "db_per_km: 0.0002", {}, "did you mean dB/m?"),
    "id not found": ("around: s", "around: z", {}, "no site or node has the id 'z'"),
    "duplicate id": ("{id: b,", "{id: a,", {}, "'a' is already used"),
    "fibre with one end": ("ends: [a, b]", "ends: [a]", {}, "1 given, at least 2 needed"),
    "negative bandwidth": ("bandwidth_mhz: 100", "bandwidth_mhz: -100", {}, "-100 is below 1 MHz"),
    "overlapping cell ids": ("id: two", "id: one", {}, "'one' is already used"),
    "not a number": ("users: 3", "users: .nan", {}, ".nan is not a usable number"),
    "empty table": (*sites(""), "s.csv: the file is empty"),
    "table without a column": (*sites("site,lat\nq,35\n"), "column 'lon' is missing"),
    "not a number in a table": (*sites("site,x_m,y_m\nq,nan,0\n"), "s.csv:2: column 'x_m': 'nan'"),
    "malformed GeoJSON": (*buildings(geojson(SQUARE)[:-9]), "this is not GeoJSON"),
    "self-crossing footprint": (*buildings(geojson(BOW)), "features[0]: the footprint crosses itself"),
    "missing file": ("files: {}", "files: {buildings: {path: none.geojson}}", {}, "none.geojson: no such file"),
}


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_refused_before_anything_is_written(tmp_path, monkeypatch, capsys, fault, verb):
    old, new, files, words = FAULTS[fault]
    assert old in SCENARIO
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text(SCENARIO.replace(old, new, 1))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    before = sorted(p.name for p in tmp_path.iterdir())
    assert run_command([verb, "bad.yaml", *(["--json", "--out", "results"] if verb == "run" else [])]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "Traceback" not in err
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_the_scenario_without_a_fault_passes(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(SCENARIO)
    assert run_command(["check", str(path), "--json"]) == 0


@pytest.mark.parametrize("verb", ["check", "run"])
def test_a_gigabyte_given_as_scenario(tmp_path, monkeypatch, capsys, verb):
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(1_000_000_000)
    assert run_command([verb, "huge.yaml"]) == 2
    assert "1.0 GB is too large" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["huge.yaml"]
