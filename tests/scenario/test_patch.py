"""Oracle: patches done by hand on small documents."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from silla.base.errors import ArgumentError, ScenarioError
from silla.scenario.document import origin_at, parse_document, plain
from silla.scenario.models import Scenario
from silla.scenario.patch import apply_override, merge, parse_path, parse_sweep

BASE = """
carriers: {fr3: {frequency_ghz: 7.8, bandwidth_mhz: 400}, mid: {frequency_ghz: 3.5, bandwidth_mhz: 100}}
sites:
  - {id: hico, height_m: 25, cells: [{carrier: fr3, azimuth_deg: 0}, {carrier: fr3, azimuth_deg: 120}]}
  - {id: lake, height_m: 30}
"""


def base():
    return parse_document(BASE, "base.yaml")


def merged(patch: str):
    return plain(merge(base(), parse_document(patch, "patch.yaml")))


def override(text: str):
    return plain(apply_override(base(), text, Scenario))


def test_mappings_merge_key_by_key():
    found = merged("carriers: {fr3: {bandwidth_mhz: 200}}\n")
    assert found["carriers"]["fr3"] == {"frequency_ghz": 7.8, "bandwidth_mhz": 200}
    assert found["carriers"]["mid"] == plain(base())["carriers"]["mid"]


def test_lists_with_ids_merge_by_id_and_new_ids_are_appended():
    found = merged("sites: [{id: lake, height_m: 40}, {id: new}]\n")
    assert [s["id"] for s in found["sites"]] == ["hico", "lake", "new"]
    assert found["sites"][1] == {"id": "lake", "height_m": 40}


def test_lists_without_ids_are_replaced():
    found = merged("sites: {hico: {cells: [{carrier: mid}]}}\n")
    assert found["sites"][0]["cells"] == [{"carrier": "mid"}]


def test_null_removes_a_key_and_an_item():
    found = merged("carriers: {mid: null}\nsites: {lake: null, hico: {height_m: null}}\n")
    assert list(found["carriers"]) == ["fr3"]
    assert [s["id"] for s in found["sites"]] == ["hico"]
    assert "height_m" not in found["sites"][0]


def test_an_id_that_is_not_there_is_refused_with_its_line():
    with pytest.raises(ScenarioError, match=r"patch.yaml:1: no entry has the id 'hicco'; did you mean 'hico'"):
        merged("sites: {hicco: {height_m: 3}}\n")


def test_what_a_patch_sets_has_the_patchs_line():
    tree = merge(base(), parse_document("\n\nsites: [{id: lake, height_m: 40}]\n", "patch.yaml"))
    assert str(origin_at(tree, ("sites", 1, "height_m"))) == "patch.yaml:3"
    assert str(origin_at(tree, ("sites", 0, "height_m"))) == "base.yaml:4"


@given(
    st.recursive(
        st.integers() | st.text("ab", max_size=2), lambda x: st.dictionaries(st.sampled_from("pqr"), x), max_leaves=8
    )
)
def test_merging_a_document_with_itself_changes_nothing(value):
    stream = io.StringIO()
    YAML().dump({"k": value}, stream)
    tree = parse_document(stream.getvalue(), "x.yaml")
    assert plain(merge(tree, tree)) == plain(tree)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("a",)),
        ("a.b_c", ("a", "b_c")),
        ("sites[hico].cells[0].azimuth_deg", ("sites", "hico", "cells", "0", "azimuth_deg")),
        ("sites[*].height_m", ("sites", "*", "height_m")),
        ("carriers.fr-3.x", ("carriers", "fr-3", "x")),
    ],
)
def test_paths(text, parts):
    assert parse_path(text) == parts


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "[x]", "a[", "a[]", "a]b", "a b", "a=b"])
def test_what_is_no_path(text):
    with pytest.raises(ArgumentError, match="is not a path"):
        parse_path(text)


def test_overrides_set_by_key_id_index_and_star():
    assert override("carriers.fr3.bandwidth_mhz=200")["carriers"]["fr3"]["bandwidth_mhz"] == 200
    assert override("sites[hico].height_m=3.5")["sites"][0]["height_m"] == 3.5
    assert override("sites[1].height_m=4")["sites"][1]["height_m"] == 4
    assert [s["height_m"] for s in override("sites[*].height_m=5")["sites"]] == [5, 5]
    assert [c["bandwidth_mhz"] for c in override("carriers[*].bandwidth_mhz=9")["carriers"].values()] == [9, 9]
    assert override("sites[hico].cells[1].azimuth_deg=7")["sites"][0]["cells"][1]["azimuth_deg"] == 7


def test_overrides_may_set_what_the_file_leaves_at_its_default():
    assert override("environment.weather.rain_mm_per_h=10")["environment"] == {"weather": {"rain_mm_per_h": 10}}
    assert override("carriers.new={frequency_ghz: 28, bandwidth_mhz: 100}")["carriers"]["new"]["frequency_ghz"] == 28


def test_null_takes_away():
    assert "mid" not in override("carriers.mid=null")["carriers"]
    assert [s["id"] for s in override("sites[hico]=null")["sites"]] == ["lake"]


def test_the_tree_that_came_in_is_untouched():
    tree = base()
    before = plain(tree)
    apply_override(tree, "sites[*].height_m=99", Scenario)
    assert plain(tree) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("carrier.fr3.bandwidth_mhz=1", "'carrier'; did you mean 'carriers'"),
        ("carriers.fr4.bandwidth_mhz=1", "'fr4'; did you mean 'fr3'"),
        ("sites[hicco].height_m=1", r"\[hicco\]; did you mean 'hico'"),
        ("sites[7].height_m=1", r"no entry \[7\]"),
        ("sites[hico].heigth_m=1", "'heigth_m'; did you mean 'height_m'"),
        ("fibres[x].length_km=1", "empty in this scenario"),
        ("seed.x=1", "single value"),
        ("pools[*].count=1", "empty in this scenario"),
    ],
)
def test_paths_that_lead_nowhere_are_refused(text, words):
    with pytest.raises(ScenarioError, match=words) as caught:
        override(text)
    assert str(caught.value).startswith(f"--set {text}: ")


@pytest.mark.parametrize("text", ["a.b", "a.b=", "=3", "a.b= "])
def test_what_is_no_override(text):
    with pytest.raises(ArgumentError):
        override(text)


def test_sweeps():
    sweep = parse_sweep("carriers.fr3.bandwidth_mhz=100:200:400")
    assert sweep.values == ("100", "200", "400")
    assert sweep.overrides()[1] == "carriers.fr3.bandwidth_mhz=200"
    assert parse_sweep("day.drops=5").values == ("5",)
    assert parse_sweep("events[0].at='14:00':'15:00'").values == ("'14:00'", "'15:00'")


@pytest.mark.parametrize("text", ["a.b", "a.b=", "a.b=1::2", "a.b=1:", "a.b=1:1", "=1:2"])
def test_what_is_no_sweep(text):
    with pytest.raises(ArgumentError):
        parse_sweep(text)
