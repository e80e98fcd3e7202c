"""Oracle: faults put into a valid file by hand, with the line, path and advice that a person would give."""

from __future__ import annotations

import pickle
import re

import pytest

from silla.base.errors import ArgumentError, ScenarioError
from silla.scenario import load
from silla.scenario.loader import load_text
from silla.scenario.problem import Problem
from silla.scenario.source import builtin_names

from .conftest import SMALL, changed


def problems(path, *replacements, overrides=()):
    with pytest.raises(ScenarioError) as caught:
        load(changed(path, *replacements), overrides)
    return caught.value.problems


def line_of(text: str) -> int:
    return next(i for i, line in enumerate(SMALL.splitlines(), 1) if text in line)


def test_a_valid_file_loads_with_its_variants(small):
    loaded = load(small)
    assert loaded.scenario.name == "small"
    assert loaded.text == SMALL
    assert loaded.variants() == ("wide", "dark")
    assert loaded.scenario.carriers["fr3"].bandwidth_mhz == 400
    assert loaded.variant("wide").carriers["fr3"].bandwidth_mhz == 800
    assert loaded.variant("dark").events == ()
    assert loaded.variant("wide").variants == {}


def test_choosing_a_variant_and_overriding(small):
    loaded = load(small, ["sites[hico].height_m=40", "carriers.fr3.bandwidth_mhz=100"], variant="wide")
    assert loaded.chosen == "wide"
    assert loaded.scenario.carriers["fr3"].bandwidth_mhz == 100  # an override wins over the variant
    assert loaded.variant("dark").sites[0].height_m == 40


def test_an_override_may_change_a_variant(small):
    loaded = load(small, ["variants.wide.patch.carriers.fr3.bandwidth_mhz=600"])
    assert loaded.variant("wide").carriers["fr3"].bandwidth_mhz == 600
    assert loaded.scenario.carriers["fr3"].bandwidth_mhz == 400


def test_unknown_variant(small):
    with pytest.raises(ArgumentError, match="'wid'; did you mean 'wide'"):
        load(small, variant="wid")


def test_loaded_and_its_errors_can_be_pickled(small):
    loaded = load(small)
    assert pickle.loads(pickle.dumps(loaded)).scenario == loaded.scenario
    problem = Problem("a.yaml", 3, "x.y", "bad")
    copy = pickle.loads(pickle.dumps(ScenarioError([problem]))).problems[0]
    assert (copy, copy.line, copy.path) == (problem, 3, "x.y")


CASES = [
    # what is replaced, by what, text on the faulty line of the original, path, words
    ("height_m: 25", "heigth_m: 25", "height_m: 25", "sites[0].heigth_m", ["unknown key; did you mean 'height_m'?"]),
    (
        "attenuation_db_per_km: 0.20", "attenuation_db_per_km: 0.0002", "gj-ph, ends",
        "fibres[0].attenuation_db_per_km", ["0.0002 is below 0.1 dB/km; did you mean dB/m?"],
    ),
    (
        "bandwidth_mhz: 400", "bandwidth_mhz: -3", "fr3: {freq", "carriers.fr3.bandwidth_mhz",
        ["-3 is below 1 MHz", "allowed: 1 to 40000 MHz"],
    ),
    (
        "frequency_ghz: 7.8", "frequency_ghz: 7800", "fr3: {freq", "carriers.fr3.frequency_ghz",
        ["7800 is above 325 GHz; did you mean MHz?"],
    ),
    ("scs_khz: 60", "scs_khz: 61", "fr3: {freq", "carriers.fr3.scs_khz", ["61 is not allowed", "nearest is 60"]),
    ("length_km: 31,", "length_km: 31000,", "gj-ph, ends", "fibres[0].length_km", ["did you mean m?", "31 km"]),
    ("length_km: 31,", "", "gj-ph, ends", "fibres[0].length_km", ["missing", "Length along the cable", "km"]),
    ("length_km: 31,", "length_km: 31 km,", "gj-ph, ends", "fibres[0].length_km", ["'31 km'", "number alone in km"]),
    ("users: 400", "users: true", "id: visitors", "demand[0].users", ["expected a number, found true"]),
    ("users: 400", "users: null", "id: visitors", "demand[0].users", ["found nothing"]),
    ("ends: [core, far]", "ends: [core]", "gj-ph, ends", "fibres[0].ends", ["1 given, at least 2 needed"]),
    ("ends: [core, far]", "ends: [core, fra]", "gj-ph, ends", "fibres[0].ends[1]", ["'fra'; did you mean 'far'"]),
    ("ends: [core, far]", "ends: [core, core]", "gj-ph, ends", "fibres[0].ends", ["both ends are 'core'"]),
    ("id: far,", "id: core,", "id: far", "nodes[1].id", ["'core' is already used"]),
    ("- {carrier: fr3, azimuth_deg: 120}", "- {carrier: fr3, azimuth_deg: 0}", "azimuth_deg: 120", "sites[0].cells[1]",
     ["same carrier and direction"]),
    ("azimuth_deg: 120", "azimuth_deg: 1e9", "azimuth_deg: 120", "sites[0].cells[1].azimuth_deg", ["is above 360 deg"]),
    ("carrier: fr3, azimuth_deg: 0", "carrier: fr4, azimuth_deg: 0", "azimuth_deg: 0}", "sites[0].cells[0].carrier",
     ["'fr4'; did you mean 'fr3'"]),
    ("gpu: h200", "gpu: h20", "gpu: h200", "pools[0].gpu", ["no GPU of the catalogue is called 'h20'", "'h200'"]),
    ("{id: core, x_m: 0, y_m: 0}", "{id: core, x_m: 0}", "id: core", "nodes[0]", ["both of its coordinates"]),
    ("lat: 35.9, lon: 129.3", "lat: 60, lon: 129.3", "id: far", "nodes[1]", ["more than 3 degrees from the origin"]),
    ("lat: 35.9, lon: 129.3", "lat: 129.3, lon: 35.9", "id: far", "nodes[1].lat", ["129.3 is above 90 deg"]),
    ('at: "14:00"', 'at: "25:00"', "eavesdrop", "events[0].at", ["HH:MM"]),
    ("day: {hours: 24", "day: {hours: 2400", "day:", "day.hours", ["did you mean min?", "40 h"]),
    ("silla: 1", "silla: 2", "silla: 1", "silla", ["2 is not allowed"]),
    ("name: small", "name: [a]", "name: small", "name", ["expected text, found a list of 1"]),
    ("name: small", "name: 2026", "name: small", "name", ["found 2026; put it in quotes"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "words"), CASES, ids=[f"{c[3]}-{i}" for i, c in enumerate(CASES)]
)
def test_one_fault_gives_one_line_with_file_line_path_and_advice(small, old, new, line, path, words):
    found = [p for p in problems(small, (old, new)) if p.path == path]
    assert len(found) == 1
    problem = found[0]
    assert problem.line == line_of(line)
    assert str(problem).startswith(f"{small}:{problem.line} {path}: ")
    assert all(word in problem for word in words), problem


def test_the_designs_example_message(small):
    found = problems(small, ("attenuation_db_per_km: 0.20", "attenuation_db_per_km: 0.0002"))
    pattern = r"small\.yaml:22 fibres\[0\]\.attenuation_db_per_km: 0\.0002 is below 0\.1 dB/km; did you mean dB/m\?"
    assert re.search(pattern, found[0])


def test_everything_that_is_wrong_is_reported_at_once(small):
    found = problems(
        small,
        ("bandwidth_mhz: 400", "bandwidth_mhz: -3"),  # a range
        ("height_m: 25", "heigth_m: 25"),  # a key
        ("carrier: fr3, azimuth_deg: 120", "carrier: fr4, azimuth_deg: 120"),  # a reference
        ("gpu: h200", "gpu: h20"),  # a part of the catalogue
        ("ends: [core, far]", "ends: [core]"),  # a length, of a value without a default
    )
    assert [p.path for p in found] == [
        "carriers.fr3.bandwidth_mhz",
        "sites[0].heigth_m",
        "sites[0].cells[1].carrier",
        "pools[0].gpu",
        "fibres[0].ends",
    ]


def test_a_key_that_exists_elsewhere_is_located(small):
    found = problems(small, ("day: {hours: 24,", "day: {hours: 24, bandwidth_mhz: 3,"))
    assert "'bandwidth_mhz' exists as carriers.<id>.bandwidth_mhz" in found[0]


def test_a_fault_in_a_variant_has_the_variants_line(small):
    found = problems(small, ("bandwidth_mhz: 800", "bandwidth_mhz: 0.8"))
    assert len(found) == 1
    assert (found[0].line, found[0].path) == (line_of("bandwidth_mhz: 800"), "carriers.fr3.bandwidth_mhz")
    assert "did you mean GHz?" in found[0]


def test_a_variant_may_not_remove_what_others_need(small):
    found = problems(small, ("quantum: {enabled: false}", "fibres: {gj-ph: null}"))
    assert {p.path for p in found} == {"quantum.keys[0].fibre"}
    assert "in variant 'dark': no fibre has the id 'gj-ph'" in found[0]


def test_a_variant_cannot_rename_or_nest(small):
    found = problems(small, ("quantum: {enabled: false}", "name: other"))
    assert "a variant cannot change `name`" in found[0]
    assert found[0].line == line_of("quantum: {enabled: false}")


def test_an_overrides_fault_names_the_override(small):
    found = problems(small, overrides=["carriers.fr3.bandwidth_mhz=-3"])
    assert found == ["--set carriers.fr3.bandwidth_mhz=-3: -3 is below 1 MHz; did you mean 3?; allowed: 1 to 40000 MHz"]


def test_an_overridden_reference_is_checked(small):
    found = problems(small, overrides=["events[0].eavesdrop=gj-pg"])
    assert found[0].startswith(
        "--set events[0].eavesdrop=gj-pg: no fibre or link through the air has the id 'gj-pg'; did you mean 'gj-ph'"
    )


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('{set: "sites[hicco].height_m", values: [20]}', "did you mean 'hico'"),
        ('{set: "sites[hico].height_m", values: [20, -5]}', "-5 is not above 0 m"),
        ('{set: "sites[hico", values: [20]}', "is not a path"),
    ],
)
def test_sensitivity_paths_and_values_are_tried(small, entry, words):
    found = problems(small, ('{set: "sites[hico].height_m", values: [20, 30]}', entry))
    assert found[0].path == "sensitivity[0].set"
    assert words in found[0]


def test_own_parts_of_the_catalogue(small):
    text = "day: {hours: 24"
    part = "catalogue: {gpus: {mine: {peak_flop_per_s: 1e15, bandwidth_byte_per_s: 1e12, memory_byte: 1e11, "
    loaded = load(changed(small, ("gpu: h200", "gpu: mine"), (text, part + "tdp_w: 500, idle_w: 50}}}\n" + text)))
    assert loaded.scenario.pools[0].gpu == "mine"


def test_faults_in_own_parts_have_paths(small):
    text = "day: {hours: 24"
    found = problems(small, (text, "catalogue: {gpuz: {}, gpus: {h200: {tdp_w: -7}, x: {tdp_v: 1}}}\n" + text))
    by_path = {p.path: p.message for p in found}
    assert by_path["catalogue.gpuz"] == "unknown section; did you mean 'gpus'?"
    assert by_path["catalogue.gpus.h200.tdp_w"].startswith("-7 is not above 0 W")
    assert "did you mean 'tdp_w'" in by_path["catalogue.gpus.x.tdp_v"]
    assert "missing" in by_path["catalogue.gpus.x.memory_byte"]


def test_built_in_names_win_over_files_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "gyeongju").write_text("nonsense")
    monkeypatch.chdir(tmp_path)
    assert load("gyeongju").scenario.name == "gyeongju"


@pytest.mark.parametrize("name", builtin_names())
def test_every_built_in_scenario_loads(name):
    loaded = load(name)
    assert loaded.scenario.name == name
    assert all(loaded.variant(v).name == name for v in loaded.variants())


def test_text_without_a_file(tmp_path):
    loaded = load_text(SMALL, tmp_path / "never-written.yaml")
    assert loaded.folder == tmp_path
