"""Oracle: the YAML 1.2.2 core schema (section 10.3.2) and its examples; lines counted by hand."""

from __future__ import annotations

import pytest

from silla.base.errors import ScenarioError
from silla.scenario.document import MAX_NODES, origin_at, parse_document, parse_value, plain


def read(text: str):
    return plain(parse_document(text, "a.yaml"))


def refuse(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse_document(text, "a.yaml")
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None), ("~", None), ("", None), ("true", True), ("False", False), ("0", 0), ("-19", -19), ("0o14", 12),
        ("0xC", 12), ("12e03", 12000.0), ("-2E+05", -200000.0), (".5", 0.5), ("2.", 2.0), ("'3'", "3"), ("yes", "yes"),
        ("on", "on"), ("14:00", "14:00"), ("2026-01-01", "2026-01-01"), ("1_000", "1_000"), ("!!str 3", "3"),
        ("012", 12),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text, value):
    found = read(f"k: {text}\n")["k"]
    assert found == value
    assert type(found) is type(value)


def test_lines_of_keys_items_and_flow_mappings():
    root = parse_document("# c\na: 1\nb:\n  - x: 1\n    y: 2\n  - {x: 3,\n     y: 4}\n", "a.yaml")
    lines = {path: origin_at(root, path).line for path in [("a",), ("b",), ("b", 0), ("b", 0, "y"), ("b", 1, "y")]}
    assert lines == {("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 0, "y"): 5, ("b", 1, "y"): 7}


def test_origin_of_what_is_not_there_is_its_parents():
    root = parse_document("a:\n  b:\n    c: 1\n", "a.yaml")
    assert origin_at(root, ("a", "b", "zzz", 3)).line == 2


def test_aliases_and_merge_keys():
    assert read("a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}\n") == {
        "a": {"p": 1, "q": 2},
        "b": {"p": 1, "q": 2},
        "c": {"p": 1, "q": 3},
    }


def test_keys_are_kept_as_written():
    assert read("5g: 1\n5: 2\ntrue: 3\n") == {"5g": 1, "5": 2, "true": 3}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2\n", ["a.yaml:2:", "'a' is given twice", "line 1"]),
        ("a: {b: 1, b: 2}\n", ["a.yaml:1:", "given twice"]),
        ("a: .nan\n", ["a.yaml:1:", ".nan is not a usable number"]),
        ("a:\n  - -.Inf\n", ["a.yaml:2:", "not a usable number"]),
        ("a: 1e999\n", ["too large"]),
        ("a: " + "9" * 400, ["400 digits"]),
        ("a: !!python/object:os.system x\n", ["tag", "not allowed"]),
        ("a: !foo {b: 1}\n", ["tag", "not allowed"]),
        ("a: *nope\n", ["alias *nope has no anchor"]),
        ("a: 1\n---\nb: 2\n", ["a.yaml:2:", "second document"]),
        ("", ["empty", "silla new"]),
        ("# only a comment\n", ["empty"]),
        ("- 1\n", ["found a list"]),
        ("just words\n", ["a mapping of keys"]),
        ("? [1, 2]\n: 3\n", ["a key must be a plain word"]),
        (": 3\n", ["key is missing"]),
        ("a:\n\t- 1\n", ["a.yaml:2:", "not YAML"]),
        ("a: b: c\n", ["a.yaml:1:", "not YAML"]),
        ("a: [1, 2\n", ["not YAML"]),
        ("a: 'open\n", ["not YAML"]),
        ("[" * 500 + "]" * 500, ["nested deeper"]),
        ("a: \x07\n", ["not YAML"]),
        ("a: 1\nb: " + "x" * 300_000, ["a.yaml:2:", "a line of 300,003 characters"]),
    ],
)
def test_refusals_name_the_line_and_the_reason(text, words):
    message = refuse(text)
    assert all(word in message for word in words), message


def test_alias_bomb_is_counted_as_what_it_expands_to():
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    message = refuse("\n".join(lines))
    assert f"{MAX_NODES:,} values" in message
    assert "a.yaml:5:" in message  # 10^4 values on the fourth line are allowed, 10^5 on the fifth are not


def test_messages_do_not_quote_the_whole_file():
    assert len(refuse("a: !" + "x" * 20_000)) < 500


def test_an_overrides_value_carries_the_options_name():
    node = parse_value("{a: [1, x]}", "--set p={a: [1, x]}")
    assert plain(node) == {"a": [1, "x"]}
    assert str(origin_at(node, ("a", 1))) == "--set p={a: [1, x]}"
