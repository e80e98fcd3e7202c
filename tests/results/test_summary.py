"""Oracles: the JSON grammar (a strict parser), SciPy's intervals, the registry of model cards."""

from __future__ import annotations

import hashlib
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from silla.base import provenance
from silla.base.errors import ArgumentError, StoreError
from silla.base.provenance import Citation, ModelCard
from silla.results.stats import Moments, Proportion
from silla.results.summary import Metric, build_manifest, read_json, strict_json, write_summary


def _strict(text: str):
    def refuse(token: str):
        raise AssertionError(f"{token} is not JSON")

    return json.loads(text, parse_constant=refuse)


trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


@given(trees)
def test_any_tree_becomes_strict_json_with_null_for_what_is_not_finite(tree):
    def expected(node):
        if isinstance(node, float) and not math.isfinite(node):
            return None
        if isinstance(node, list):
            return [expected(x) for x in node]
        return {k: expected(v) for k, v in node.items()} if isinstance(node, dict) else node

    assert _strict(strict_json(tree)) == expected(tree)


def test_a_summary_carries_interval_count_and_unit(tmp_path):
    drops = Moments.of([1.0, 2.0, 3.0, 6.0])
    metrics = {
        "6g": {
            "rate": Metric.of(drops, "Mbit/s", "cell rate", scale=1e-3),
            "los": Metric.of(Proportion.of([True]), "1"),
        },
        "5g": {"one": Metric.of(Moments.of([4.0]), "W"), "none": Metric.of(Moments.empty(), "s")},
    }
    whole = _strict(write_summary(tmp_path, metrics, name="x", title="경주").read_text())
    assert (whole["name"], whole["title"]) == ("x", "경주")
    written = whole["variants"]
    half = 3.182446305284263 * math.sqrt(14.0 / 3.0 / 4.0)  # t(0.975, 3) from tables
    assert written["6g"]["rate"]["ci95"] == pytest.approx([(3 - half) / 1e3, (3 + half) / 1e3])
    assert written["6g"]["rate"] | {"ci95": 0} == {
        "mean": 0.003,
        "ci95": 0,
        "n": 4,
        "unit": "Mbit/s",
        "description": "cell rate",
    }
    assert written["5g"]["one"] == {"mean": 4.0, "ci95": [None, None], "n": 1, "unit": "W"}
    assert written["5g"]["none"] == {"mean": None, "ci95": [None, None], "n": 0, "unit": "s"}
    assert read_json(tmp_path / "summary.json") == whole


def test_a_bare_mean_is_refused_with_its_path_and_nothing_is_written(tmp_path):
    with pytest.raises(ArgumentError, match=r"6g\.rate"):
        write_summary(tmp_path, {"6g": {"rate": 3.0}}, name="x")
    assert list(tmp_path.iterdir()) == []
    for bad in (
        {"mean": 1.0, "low": None, "high": 2.0, "n": 3},
        {"mean": 1.0, "low": 0.0, "high": 2.0, "n": None},
        {"mean": 3.0, "low": 0.0, "high": 2.0, "n": 3},
        {"mean": math.nan, "low": 0.0, "high": 2.0, "n": 3},
    ):
        with pytest.raises(ArgumentError, match="metric"):
            Metric(**bad, unit="1")


def test_a_manifest_holds_the_scenario_its_hash_and_the_papers(monkeypatch):
    source = Citation("Test1900", "A. Author, A title, 1900")
    card = ModelCard("test.manifest", "a model", math.sqrt, (source,), version=3, left_out="much")
    monkeypatch.setattr(provenance, "_REGISTRY", {"test.manifest": card})
    text = "silla: 1\nname: 경주\n"
    scenario = {"name": "경주", "title": "t", "limit": math.inf}
    rest = {"seed": 5, "world_hashes": {"6g": "ab"}, "model_ids": ["test.manifest"] * 2}
    read = _strict(strict_json(build_manifest(text, **rest, scenario=scenario, extra={"tasks": {"done": 4}})))
    assert read["scenario_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert read["scenario_text"] == text and read["scenario"] == {"name": "경주", "title": "t", "limit": None}
    assert (read["name"], read["seed"], read["tasks"], read["worlds"]) == ("경주", 5, {"done": 4}, {"6g": "ab"})
    (entry,) = read["models"]
    assert (entry["id"], entry["version"], entry["left_out"]) == ("test.manifest", 3, "much")
    assert entry["citations"] == [{"key": "Test1900", "text": "A. Author, A title, 1900", "url": ""}]
    assert read["versions"]["numpy"] == np.__version__
    with pytest.raises(ArgumentError, match="no\\.such"):
        build_manifest(text, seed=1, world_hashes={}, model_ids=["no.such"])
    with pytest.raises(ArgumentError, match="seed"):
        build_manifest(text, seed=1, world_hashes={}, model_ids=[], extra={"seed": 2})


def test_damaged_json_is_named(tmp_path):
    path = tmp_path / "manifest.json"
    with pytest.raises(StoreError, match="read"):
        read_json(path)
    path.write_text('{"a": ')
    with pytest.raises(StoreError, match="not valid JSON"):
        read_json(path)
