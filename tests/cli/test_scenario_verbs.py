"""Golden runs of new, check, schema and models: as a user types them, in their own process where streams matter."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from silla.cli._app import run_command
from silla.scenario import load
from silla.scenario.source import builtin_names


def silla(*arguments: str, cwd=None, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "silla", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, check=False, **options)


def test_new_then_check_then_again(tmp_path):
    made = silla("new", "my-town", cwd=tmp_path)
    assert (made.returncode, made.stdout) == (0, "")
    assert "wrote my-town.yaml" in made.stderr
    assert load(tmp_path / "my-town.yaml").scenario.name == "my-town"
    checked = silla("check", "my-town.yaml", "--json", cwd=tmp_path)
    assert checked.returncode == 0
    document = json.loads(checked.stdout)
    assert document["ok"] is True
    assert document["counts"]["sites"] == 3
    assert list(document["variants"]) == ["today", "tomorrow"]
    again = silla("new", "my-town", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.startswith("silla: my-town.yaml exists")


def test_a_faulty_file_in_words_and_as_json(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("silla: 1\nname: bad\ncarriers:\n  a: {frequency_ghz: 7800, bandwidth_mhz: 100}\nsits: []\n")
    words = silla("check", "bad.yaml", cwd=tmp_path)
    assert (words.returncode, words.stdout) == (2, "")
    assert "silla: bad.yaml:4 carriers.a.frequency_ghz: 7800 is above 325 GHz; did you mean MHz?" in words.stderr
    assert "silla: bad.yaml:5 sits: unknown key; did you mean 'sites'?" in words.stderr
    machine = silla("check", "bad.yaml", "--json", cwd=tmp_path)
    assert machine.returncode == 2
    document = json.loads(machine.stdout)
    assert document["ok"] is False
    first = next(p for p in document["problems"] if p["line"] == 4)
    assert first["file"] == "bad.yaml"
    assert first["path"] == "carriers.a.frequency_ghz"
    assert first["message"].startswith("7800 is above")


@pytest.mark.parametrize("name", builtin_names())
def test_built_in_scenarios_pass_their_check(name, capsys):
    assert run_command(["check", name]) == 0
    out = capsys.readouterr().out
    assert name in out
    assert "no problems" in out


def test_check_takes_settings(capsys):
    assert run_command(["check", "gyeongju", "--set", "day.drops=3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"]
    assert run_command(["check", "gyeongju", "--set", "day.drop=3"]) == 2
    assert "'drop'; did you mean 'drops'" in capsys.readouterr().err
    assert run_command(["check", "gyeongju", "--set", "day.drops"]) == 2
    assert "write path=value" in capsys.readouterr().err


def test_check_reads_the_files_whole(tmp_path, capsys):
    bow = [[[129.0, 35.0], [129.1, 35.1], [129.1, 35.0], [129.0, 35.1], [129.0, 35.0]]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": bow}}
    (tmp_path / "b.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    (tmp_path / "s.csv").write_text("site,lat,lon,owner\na,35.0,129.0,x\n")
    text = (
        "silla: 1\nname: f\norigin: {lat: 35.0, lon: 129.0}\ncarriers: {c: {frequency_ghz: 3.5, bandwidth_mhz: 100}}\n"
        "files: {sites: {path: s.csv, cells: [{carrier: c}]}, buildings: {path: b.geojson}}\n"
        "demand: [{id: d, users: 3}]\n"
    )
    path = tmp_path / "f.yaml"
    path.write_text(text)
    assert run_command(["check", str(path)]) == 2
    assert "b.geojson:1: features[0]: the footprint crosses itself" in capsys.readouterr().err
    path.write_text(text.replace("b.geojson}", "b.geojson, repair: true}"))
    assert run_command(["check", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["counts"]["sites"] == 1
    assert {f["kind"] for f in document["files"]} == {"sites", "buildings"}
    assert any("columns not used: owner" in r for r in document["remarks"])
    assert any("repaired 1: self-intersection" in r for r in document["remarks"])


@pytest.mark.parametrize(
    ("name", "words"), [("", "not a usable name"), ("../..", "not a usable name"), ("a*b", "not a usable name")]
)
def test_names_that_cannot_be(tmp_path, monkeypatch, capsys, name, words):
    monkeypatch.chdir(tmp_path)
    assert run_command(["new", name]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["경주", "2026", "true", "a.b", "x y"])
def test_any_sensible_name_is_kept(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert run_command(["new", name, "-o", "out.yaml"]) == 0
    assert load(tmp_path / "out.yaml").scenario.name == name


def test_new_from_a_built_in_scenario(tmp_path, capsys):
    path = tmp_path / "copy.yaml"
    assert run_command(["new", "copy", "-o", str(path), "--from", "gyeongju"]) == 0
    assert load(path).scenario.sites == load("gyeongju").scenario.sites
    assert run_command(["new", "copy", "-o", str(path), "--from", "gyeonju"]) == 2
    assert "did you mean 'gyeongju'" in capsys.readouterr().err
    assert run_command(["new", "copy", "-o", str(tmp_path / "no" / "x.yaml")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_schema(tmp_path, capsys):
    assert run_command(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].endswith("2020-12/schema")
    assert run_command(["schema", "--markdown", "-o", str(tmp_path / "r.md")]) == 0
    assert (tmp_path / "r.md").read_text().startswith("# Scenario reference")


def test_models(capsys):
    assert run_command(["models", "--json"]) == 0
    cards = json.loads(capsys.readouterr().out)
    assert all(c["id"] and c["sources"] for c in cards)
    assert run_command(["models", "no-such-model"]) == 2


def test_a_reader_that_leaves_gets_no_complaint():
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "silla", "schema"], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    os.close(read)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")
