"""Pydantic's complaints in the user's words: one line each, with file, line, path, what is allowed, what was meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from silla.scenario.document import ListNode, MapNode, Node, Scalar, origin_at
from silla.scenario.introspect import (
    all_field_names,
    bounds_of,
    choices_of,
    field_at,
    models_of,
    unit_of,
    walk,
)
from silla.scenario.problem import Problem, show_path
from silla.scenario.suggest import did_you_mean, listing, nearest, unit_of_name, unit_slip

__all__ = ["boolean_problems", "in_order", "locate", "real_path", "validation_problems"]

Path = tuple[str | int, ...]

_TYPE_ERRORS = {
    "tuple_type", "list_type", "dict_type", "model_type", "string_type", "float_type", "int_type", "bool_type",
    "float_parsing", "int_parsing", "bool_parsing", "model_attributes_type", "none_required",
}  # fmt: skip
_WANTED = {
    "tuple_type": "a list", "list_type": "a list", "dict_type": "a mapping", "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys", "string_type": "text", "float_type": "a number",
    "int_type": "a whole number", "bool_type": "true or false", "float_parsing": "a number",
    "int_parsing": "a whole number", "int_from_float": "a whole number", "bool_parsing": "true or false",
    "none_required": "nothing",
}  # fmt: skip


def validation_problems(
    error: ValidationError, model: type[BaseModel], root: MapNode, *, prefix: Path = ()
) -> list[Problem]:
    """Every fault that pydantic found, in the order of the file; `prefix` is the path of `root` itself."""
    grouped: dict[Path, list[Any]] = {}
    for entry in error.errors(include_url=False):
        grouped.setdefault(real_path(entry, root), []).append(entry)
    found = [locate(root, path, _message(entries, path, model, root), prefix) for path, entries in grouped.items()]
    return in_order(found)


def in_order(found: Iterable[Problem]) -> list[Problem]:
    """The problems in the order of file and line, each once."""
    unique: list[Problem] = list(dict.fromkeys(found))
    return sorted(unique, key=lambda p: (p.file, p.line))


def locate(root: Node, path: Path, message: str, prefix: Path = ()) -> Problem:
    """The problem at `path` with the line of its key or value."""
    origin = origin_at(root, path)
    # an option names its own path
    return Problem(origin.name, origin.line, show_path((*prefix, *path)) if origin.line else "", message)


def boolean_problems(model: type[BaseModel], root: Node) -> Iterable[Problem]:
    """Numbers written as true or false, which pydantic would take for 1 and 0."""
    yield from _booleans(model, root, root, ())


def _booleans(model: type[BaseModel], root: Node, node: Node, path: Path) -> Iterable[Problem]:
    if isinstance(node, MapNode):
        for key, value in node.items.items():
            yield from _booleans(model, root, value, (*path, key))
    elif isinstance(node, ListNode):
        for i, value in enumerate(node.items):
            yield from _booleans(model, root, value, (*path, i))
    elif isinstance(node.value, bool):
        trail = list(walk(model, path, root))
        info = field_at(model, path, root)
        if len(trail) == len(path) + 1 and info is not None and unit_of(info):
            yield locate(root, path, f"expected a number, found {str(node.value).lower()}")


def real_path(entry: Any, root: Node) -> Path:
    """Pydantic's location without the names of union members and validators, which are in no file."""
    path: list[str | int] = []
    node: Node | None = root
    parts = list(entry["loc"])
    for i, part in enumerate(parts):
        if isinstance(node, MapNode) and str(part) in node.items:
            node = node.items[str(part)]
            path.append(str(part))
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            path.append(part)
        elif i == len(parts) - 1 and entry["type"] == "missing":
            path.append(part)
    return tuple(path)


def _message(entries: list[Any], path: Path, model: type[BaseModel], root: MapNode) -> str:
    telling = [e for e in entries if e["type"] not in _TYPE_ERRORS]
    if not telling or (len(entries) > 1 and all(e["type"] == "literal_error" for e in telling)):
        return _wrong_type(entries, path, model, root)
    return _one(telling[0], path, model, root)


def _one(entry: Any, path: Path, model: type[BaseModel], root: MapNode) -> str:
    kind, value, context = entry["type"], entry["input"], entry.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path, model, root)
    if kind == "missing":
        return _missing(path, model, root)
    if kind in ("greater_than_equal", "greater_than", "less_than_equal", "less_than"):
        return _out_of_range(kind, float(value), context, path, model, root)
    if kind == "literal_error":
        return _not_a_choice(value, choices_of(field_at(model, path, root)))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_kind(path, model, root)
    if kind in ("too_short", "too_long"):
        return _length(kind, context)
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "string_too_long":
        return f"{len(value)} characters are too many; at most {context['max_length']}"
    if kind == "string_pattern_mismatch":
        hint = '; write HH:MM such as "08:30"' if r"[0-5]\d" in context["pattern"] else ""
        return f"{value!r} has the wrong form{hint}"
    if kind in _WANTED:
        return _wrong_type([entry], path, model, root)
    if kind == "finite_number":
        return "expected a finite number"
    return entry["msg"].removeprefix("Value error, ")


def _wrong_type(entries: list[Any], path: Path, model: type[BaseModel], root: MapNode) -> str:
    info = field_at(model, path, root)
    wanted = list(dict.fromkeys(_WANTED[e["type"]] for e in entries if e["type"] in _WANTED))
    if any(e["type"] == "literal_error" for e in entries):
        wanted.append(listing(repr(c) for c in choices_of(info)))
    value = entries[0]["input"]
    text = f"expected {' or '.join(wanted)}, found {_show(value)}"
    if isinstance(value, str) and "number" in text:
        return text + _number_in(value, unit_of(info))
    if value is None:
        return text + "; write a value or leave the key out"
    if entries[0]["type"] == "string_type" and not isinstance(value, (dict, list)):
        return text + "; put it in quotes"
    return text


def _number_in(text: str, unit: str) -> str:
    head = text.strip().split(" ")[0].rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/%")
    try:
        float(head)
    except ValueError:
        return ""
    return f"; write the number alone{f' in {unit}' if unit not in ('', '1') else ''}, the unit is in the key"


def _unknown_key(path: Path, model: type[BaseModel], root: MapNode) -> str:
    key, parent = str(path[-1]), path[:-1]
    trail = list(walk(model, parent, root))
    annotation, node = trail[-1]
    known = [name for m in models_of(annotation, node) for name in m.model_fields]
    owner = show_path(parent) or "the scenario"
    near = nearest(key, known)
    if near:
        return f"unknown key; did you mean {' or '.join(repr(n) for n in near)}?"
    elsewhere = all_field_names(model).get(key, ())
    moved = f"; {key!r} exists as {listing(elsewhere, 3)}" if elsewhere else ""
    return f"unknown key{moved}; {owner} allows {listing(known, 20)}"


def _missing(path: Path, model: type[BaseModel], root: MapNode) -> str:
    info = field_at(model, path, root)
    unit = unit_of(info)
    about = (info.description or "").rstrip(".") if info is not None else ""
    details = ", ".join(part for part in (about, unit if unit != "1" else "") if part)
    present = []
    for _, node in walk(model, path[:-1], root):
        present = list(node.items) if isinstance(node, MapNode) else []
    similar = [n for n in nearest(str(path[-1]), present, 1) if n not in _names_at(model, path[:-1], root)]
    hint = f"; is it what {similar[0]!r} means?" if similar else ""
    return f"missing{f' ({details})' if details else ''}{hint}"


def _names_at(model: type[BaseModel], path: Path, root: MapNode) -> list[str]:
    annotation, node = list(walk(model, path, root))[-1]
    return [name for m in models_of(annotation, node) for name in m.model_fields]


def _out_of_range(
    kind: str, value: float, context: dict[str, Any], path: Path, model: type[BaseModel], root: MapNode
) -> str:
    info = field_at(model, path, root)
    bounds = bounds_of(info)
    names = [part for part in path if isinstance(part, str)]
    unit = unit_of(info) or unit_of_name(names[-1] if names else "")
    name, word = {
        "greater_than_equal": ("ge", "below"),
        "greater_than": ("gt", "not above"),
        "less_than_equal": ("le", "above"),
        "less_than": ("lt", "not below"),
    }[kind]
    shown = f" {unit}" if unit not in ("", "1") else ""
    slip = unit_slip(value, unit, bounds.low, bounds.high)
    found = f"{value:g} is {word} {float(context[name]):g}{shown}"
    return "; ".join(part for part in (found, slip, f"allowed: {bounds.text(unit)}") if part)


def _not_a_choice(value: Any, choices: list[Any]) -> str:
    shown = listing((str(c) for c in choices), 20)
    if isinstance(value, str):
        near = did_you_mean(value, [c for c in choices if isinstance(c, str)])
    else:
        numbers = [c for c in choices if isinstance(c, (int, float))]
        near = ""
        if isinstance(value, (int, float)) and numbers:
            near = f"; the nearest is {min(numbers, key=lambda c: abs(c - value))}"
    return f"{_show(value)} is not allowed{near}; allowed: {shown}"


def _unknown_kind(path: Path, model: type[BaseModel], root: MapNode) -> str:
    annotation, node = list(walk(model, path, root))[-1]
    kinds = [c for m in models_of(annotation) if "kind" in m.model_fields for c in choices_of(m.model_fields["kind"])]
    found = node.items.get("kind") if isinstance(node, MapNode) else None
    if not isinstance(found, Scalar):
        return f"`kind` is missing; it is one of {listing(kinds)}"
    return f"kind {_show(found.value)} is unknown{did_you_mean(str(found.value), kinds)}; allowed: {listing(kinds)}"


def _length(kind: str, context: dict[str, Any]) -> str:
    actual, least, most = context.get("actual_length"), context.get("min_length"), context.get("max_length")
    if kind == "too_short":
        return f"{actual} given, at least {least} needed"
    return f"{'too many' if actual is None else actual} given, at most {most} allowed"


def _show(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
