"""What the models say about a path: its fields, its unit, its range. Nothing here knows any particular field."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from silla.scenario.document import ListNode, MapNode, Node, Scalar

__all__ = ["Bounds", "all_field_names", "bounds_of", "choices_of", "field_at", "models_of", "step", "unit_of", "walk"]


@dataclass(frozen=True)
class Bounds:
    """The allowed interval of a number; infinite where a side is open, `above` and `below` where an end is left out."""

    low: float = float("-inf")
    high: float = float("inf")
    above: bool = False
    below: bool = False

    @property
    def finite(self) -> bool:
        """Whether both ends are given."""
        return self.low != float("-inf") and self.high != float("inf")

    def contains(self, value: Any) -> Any:
        """Whether the value (or each of an array) lies within."""
        low = value > self.low if self.above else value >= self.low
        return low & (value < self.high if self.below else value <= self.high)

    def text(self, unit: str) -> str:
        """The interval in words: ``0.1 to 10 dB/km``, ``above 0, at most 2000 km``."""
        shown = f" {unit}" if unit not in ("", "1") else ""
        if self.finite and not (self.above or self.below):
            return f"{self.low:g} to {self.high:g}{shown}"
        parts = []
        if self.low != float("-inf"):
            parts.append(f"{'above' if self.above else 'at least'} {self.low:g}")
        if self.high != float("inf"):
            parts.append(f"{'below' if self.below else 'at most'} {self.high:g}")
        return ", ".join(parts) + (shown if parts else "")


def members(annotation: Any) -> Iterator[Any]:
    """The alternatives of an annotation, `Annotated` peeled off and None left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from members(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from members(member)
    elif annotation is not type(None):
        yield annotation


def models_of(annotation: Any, node: Node | None = None) -> list[type[BaseModel]]:
    """The model classes that a value of this annotation may be; a discriminating `kind` in `node` narrows them."""
    found = [m for m in members(annotation) if isinstance(m, type) and issubclass(m, BaseModel)]
    if len(found) > 1 and isinstance(node, MapNode) and isinstance(node.items.get("kind"), Scalar):
        kind = node.items["kind"].value  # type: ignore[union-attr]
        narrowed = [m for m in found if "kind" in m.model_fields and kind in choices_of(m.model_fields["kind"])]
        return narrowed or found
    return found


def step(annotation: Any, part: str | int, node: Node | None = None) -> Any | None:
    """The annotation of the value under key or index `part`; None when the models allow no such part."""
    if isinstance(part, str):
        for model in models_of(annotation, node):
            if part in model.model_fields:
                return _with_metadata(model.model_fields[part])
    for member in members(annotation):
        origin, arguments = get_origin(member), get_args(member)
        if origin is dict and isinstance(part, str):
            return arguments[1]
        if origin in (tuple, list) and isinstance(part, int) and arguments:
            return arguments[0]
    return None


def _with_metadata(info: FieldInfo) -> Any:
    return Annotated[info.annotation, info]


def walk(root: Any, path: tuple[str | int, ...], node: Node | None) -> Iterator[tuple[Any, Node | None]]:
    """(annotation, node) at every step of the path, the root first; stops where either the models or the path end."""
    annotation = root
    yield annotation, node
    for part in path:
        annotation = step(annotation, part, node)
        if annotation is None:
            return
        node = _child(node, part)
        yield annotation, node


def _child(node: Node | None, part: str | int) -> Node | None:
    if isinstance(node, MapNode):
        return node.items.get(str(part))
    if isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
        return node.items[part]
    return None


def field_at(root: type[BaseModel], path: tuple[str | int, ...], node: Node | None) -> FieldInfo | None:
    """The nearest field declaration at or above `path` (an item of a list has its list's declaration)."""
    nearest: FieldInfo | None = None
    for annotation, _ in walk(root, path, node):
        if get_origin(annotation) is Annotated:
            for extra in get_args(annotation)[1:]:
                nearest = extra if isinstance(extra, FieldInfo) else nearest
    return nearest


def unit_of(info: FieldInfo | None) -> str:
    """The unit of a field as declared; ``""`` when it has none."""
    extra = info.json_schema_extra if info is not None else None
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def bounds_of(info: FieldInfo | None) -> Bounds:
    """The declared range of a number."""
    low, high, above, below = float("-inf"), float("inf"), False, False
    for constraint in _constraints(info):
        for name in ("ge", "gt"):
            value = getattr(constraint, name, None)
            if value is not None and float(value) >= low:
                low, above = float(value), name == "gt"
        for name in ("le", "lt"):
            value = getattr(constraint, name, None)
            if value is not None and float(value) <= high:
                high, below = float(value), name == "lt"
    return Bounds(low, high, above, below)


def _constraints(info: FieldInfo | None) -> list[Any]:
    if info is None:
        return []
    found = list(info.metadata)
    for member in _annotated(info.annotation):
        for extra in get_args(member)[1:]:
            found += list(extra.metadata) if isinstance(extra, FieldInfo) else [extra]
    return found


def _annotated(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated and get_args(annotation)[0] in (int, float):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _annotated(member)


def choices_of(info: FieldInfo | None) -> list[Any]:
    """The literals that a field, or every entry of its list, allows; empty when it is not a choice."""
    if info is None:
        return []
    kinds = [
        inner
        for m in members(info.annotation)
        for inner in (members(get_args(m)[0]) if get_origin(m) in (tuple, list) and get_args(m) else (m,))
    ]
    return [value for m in kinds if get_origin(m) is Literal for value in get_args(m)]


@cache
def all_field_names(root: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """Every field name of the tree of models -> the generic paths where it exists (``sites[].height_m``)."""
    found: dict[str, list[str]] = {}
    _collect(root, "", found, ())
    return {name: tuple(paths) for name, paths in found.items()}


def _collect(annotation: Any, prefix: str, found: dict[str, list[str]], seen: tuple[Any, ...]) -> None:
    for model in models_of(annotation):
        if model in seen:
            continue
        for name, info in model.model_fields.items():
            path = f"{prefix}.{name}" if prefix else name
            found.setdefault(name, [])
            if path not in found[name]:
                found[name].append(path)
            _collect(info.annotation, path, found, (*seen, model))
    for member in members(annotation):
        arguments = get_args(member)
        if get_origin(member) in (tuple, list) and arguments:
            _collect(arguments[0], f"{prefix}[]", found, seen)
        elif get_origin(member) is dict:
            _collect(arguments[1], f"{prefix}.<id>", found, seen)
