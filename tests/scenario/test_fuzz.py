"""Whatever is done to a valid document, the loader answers with a scenario or with a ScenarioError, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from silla.base.errors import ArgumentError, ScenarioError
from silla.scenario.document import parse_document, plain
from silla.scenario.loader import Loaded, load_text
from silla.scenario.models import Scenario

from .conftest import SMALL

HERE = Path(__file__).parent / "nowhere.yaml"
LINES = SMALL.splitlines(keepends=True)
# the examples are the same in every run, so that a gate never fails by luck; raise max_examples to search further
FUZZ = settings(derandomize=True, max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6), st.sampled_from(["hico", "fr3", "core", "gj-ph", "hex", "14:00", "all"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text("abid_", max_size=4), x, max_size=3),
    max_leaves=6,
)


def attempt(text: str, overrides: tuple[str, ...] = ()) -> Loaded | None:
    try:
        return load_text(text, HERE, overrides=overrides)
    except ScenarioError as error:
        assert error.problems
        assert all("\n" not in p and str(p).startswith(("nowhere.yaml", "--set")) for p in error.problems), (
            error.problems
        )
        return None


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for k, v in children for p in paths_of(v, (*path, k)))]


DOCUMENT = plain(parse_document(SMALL, "small.yaml"))
PATHS = [p for p in paths_of(DOCUMENT) if p]


def dump(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=True)  # JSON is YAML 1.2


@FUZZ
@given(st.sampled_from(PATHS), values)
def test_any_value_replaced(path, value):
    document = plain(parse_document(SMALL, "small.yaml"))
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    attempt(dump(document))


@FUZZ
@given(st.sampled_from(PATHS), st.text(min_size=1, max_size=8), values)
def test_any_key_added(path, key, value):
    document = plain(parse_document(SMALL, "small.yaml"))
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    if isinstance(holder, dict):
        holder[key] = value
    attempt(dump(document))


@FUZZ
@given(
    st.integers(0, len(LINES) - 1),
    st.integers(0, 60),
    st.sampled_from(list("{}[]:,-#&*!|>'\"%@` \t?~\x00\x85\ufeff0a가")),
)
def test_any_character_inserted(line, column, character):
    text = LINES[line]
    column = min(column, len(text))
    attempt("".join([*LINES[:line], text[:column] + character + text[column:], *LINES[line + 1 :]]))


@FUZZ
@given(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES) - 1), st.integers(0, 8))
def test_lines_moved_and_indented(source, target, indent):
    lines = [*LINES]
    moved = lines.pop(source)
    lines.insert(target, " " * indent + moved)
    attempt("".join(lines))


@FUZZ
@given(st.text(max_size=200))
def test_any_text(text):
    attempt(text)


@FUZZ
@given(st.text("abs.[]*=0:{}hicositesfr3\"' \n", max_size=30))
def test_any_override(text):
    try:
        attempt(SMALL, (text,))
    except ArgumentError as error:
        assert text in str(error) or repr(text) in str(error) or "is not a path" in str(error)


@FUZZ
@given(st.sampled_from(PATHS), scalars)
def test_any_override_of_an_existing_path(path, value):
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    try:
        loaded = attempt(SMALL, (f"{text}={dump(value)}",))
    except ArgumentError:
        return
    assert loaded is None or isinstance(loaded.scenario, Scenario)


def test_the_fuzzed_document_is_valid_to_begin_with():
    assert attempt(SMALL) is not None


@pytest.mark.parametrize("seed", range(5))
def test_a_scenario_survives_a_round_trip(seed):
    """What is dumped as JSON (which is YAML) loads as the same scenario."""
    loaded = attempt(SMALL, (f"seed={seed}",))
    assert loaded is not None
    text = loaded.scenario.model_dump_json(exclude_none=True)
    again = attempt(text)
    assert again is not None
    assert again.scenario == loaded.scenario
