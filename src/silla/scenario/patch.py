"""Changing a scenario before it is validated: merging patches, and single values by path.

Everything here maps trees to new trees; the trees that come in are left as they were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, get_origin

from silla.base.errors import ArgumentError, ScenarioError
from silla.scenario.document import ListNode, MapNode, Node, Origin, Scalar, parse_value
from silla.scenario.introspect import members, models_of, step
from silla.scenario.problem import fault
from silla.scenario.suggest import did_you_mean, listing

__all__ = ["Sweep", "apply_override", "merge", "parse_override", "parse_path", "parse_sweep", "set_value"]

_PART = re.compile(r"\s*(?:\[\s*(?P<pick>\*|[^\[\]]+?)\s*\]|(?P<key>[^.\[\]=\s]+))\s*")
_COLON = re.compile(r""":(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")  # outside quotes


@dataclass(frozen=True)
class Sweep:
    """A parameter path and the values it takes one after the other (as text, each read like ``--set``)."""

    path: str
    values: tuple[str, ...]

    def overrides(self) -> list[str]:
        """One ``path=value`` for each value."""
        return [f"{self.path}={value}" for value in self.values]


def parse_path(text: str) -> tuple[str, ...]:
    """``"sites[hico].cells[0].azimuth_deg"`` as its parts; ArgumentError when it is not a path.

    >>> parse_path("sites[*].height_m")
    ('sites', '*', 'height_m')
    """
    parts: list[str] = []
    position = 0
    while position < len(text):
        if parts and text[position] == ".":
            position += 1
        elif parts and text[position] != "[":
            raise ArgumentError(f"{text!r} is not a path such as sites[hico].cells[0].azimuth_deg")
        found = _PART.match(text, position)
        if found is None:
            raise ArgumentError(f"{text!r} is not a path such as sites[hico].cells[0].azimuth_deg")
        parts.append(found["pick"] or found["key"])
        position = found.end()
    if not parts or text.startswith("["):
        raise ArgumentError(f"{text!r} is not a path such as sites[hico].cells[0].azimuth_deg")
    return tuple(parts)


def parse_override(text: str) -> tuple[tuple[str, ...], str]:
    """``"a.b=3"`` as (path, text of the value)."""
    path, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise ArgumentError(f"--set {text}: write path=value, such as carriers.fr3.bandwidth_mhz=200")
    return parse_path(path.strip()), value.strip()


def parse_sweep(text: str) -> Sweep:
    """``"day.drops=5:10:20"`` as a Sweep; a value that holds a colon itself is put in quotes."""
    path, equals, rest = text.partition("=")
    values = tuple(value.strip() for value in _COLON.split(rest))
    if not equals or not values or not all(values):
        raise ArgumentError(
            f"--set {text}: write path=value:value:value, such as carriers.fr3.bandwidth_mhz=100:200:400"
        )
    parse_path(path.strip())
    if len(set(values)) != len(values):
        raise ArgumentError(f"--set {text}: the same value is given twice")
    return Sweep(path.strip(), values)


def merge(base: Node, patch: Node) -> Node:
    """`base` changed by `patch`.

    Mappings merge key by key. A list whose items have ids merges item by item: a patch list changes the items of the
    same id and appends the others; a patch mapping is keyed by existing ids. ``null`` removes a key or such an item.
    Everything else is replaced.
    """
    if isinstance(base, MapNode) and isinstance(patch, MapNode):
        items, keys = dict(base.items), dict(base.keys)
        for key, value in patch.items.items():
            if _is_null(value) and key in items:
                del items[key], keys[key]
            else:
                items[key] = merge(items[key], value) if key in items else value
                keys[key] = patch.keys[key]
        return MapNode(items, keys, patch.origin)
    if isinstance(base, ListNode) and (by_id := _ids(base)) is not None:
        if isinstance(patch, ListNode) and (new := _ids(patch)) is not None:
            items = [merge(node, patch.items[new[name]]) if name in new else node for name, node in _named(base)]
            items += [node for name, node in _named(patch) if name not in by_id]
            return ListNode(items, patch.origin)
        if isinstance(patch, MapNode):
            return _merge_by_id(base, patch, by_id)
    return patch


def _merge_by_id(base: ListNode, patch: MapNode, by_id: dict[str, int]) -> ListNode:
    for name in patch.items:
        if name not in by_id:
            origin = patch.keys[name]
            known = f"{did_you_mean(name, by_id)}; known: {listing(by_id)}"
            raise fault(origin.name, f"no entry has the id {name!r}{known}", line=origin.line)
    items = []
    for name, node in _named(base):
        change = patch.items.get(name)
        if change is None:
            items.append(node)
        elif not _is_null(change):
            items.append(merge(node, change))
    return ListNode(items, patch.origin)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _id(node: Node) -> str | None:
    found = node.items.get("id") if isinstance(node, MapNode) else None
    return str(found.value) if isinstance(found, Scalar) and found.value not in (None, "") else None


def _ids(node: ListNode) -> dict[str, int] | None:
    """id -> index when every item has an id of its own, else None."""
    found = {name: i for i, item in enumerate(node.items) if (name := _id(item)) is not None}
    return found if node.items and len(found) == len(node.items) else None


def _named(node: ListNode) -> list[tuple[str, Node]]:
    return [(_id(item) or "", item) for item in node.items]


def apply_override(root: MapNode, text: str, model: Any, *, option: str = "--set") -> MapNode:
    """The tree with ``path=value`` applied; ScenarioError when the path leads nowhere, ArgumentError when it is none.

    `model` is the scenario's class, which says what may be added where the file is silent.
    """
    path, value_text = parse_override(text)
    label = f"{option} {' '.join(text.split())}"  # problems are one line each
    return set_value(root, path, parse_value(value_text, label), model)


def set_value(root: MapNode, path: tuple[str, ...], value: Node, model: Any) -> MapNode:
    """The tree with one value (``null``: none) at `path`; the value's origin names whoever asked for it."""
    changed = _set(root, path, value, model, ())
    assert isinstance(changed, MapNode)
    return changed


def _set(node: Node | None, path: tuple[str, ...], value: Node, annotation: Any, done: tuple[str, ...]) -> Node:
    if not path:
        return value
    if node is None or _is_null(node):
        node = _empty(annotation, value.origin, path, done)
    if isinstance(node, MapNode):
        return _set_key(node, path, value, annotation, done)
    if isinstance(node, ListNode):
        return _set_item(node, path, value, annotation, done)
    raise _lost(value.origin, f"{_joined(done)} is a single value and has no {path[0]!r}")


def _set_key(node: MapNode, path: tuple[str, ...], value: Node, annotation: Any, done: tuple[str, ...]) -> MapNode:
    key, rest = path[0], path[1:]
    if key == "*":
        if not node.items:
            raise _lost(value.origin, f"{_joined(done)} is empty, so [*] means nothing")
        for name in list(node.items):
            node = _set_key(node, (name, *rest), value, annotation, done)
        return node
    inner = step(annotation, key, node)
    known = [*node.items, *(f for m in models_of(annotation, node) for f in m.model_fields)]
    new_entry = key not in node.items and not models_of(annotation, node)
    if (inner is None and key not in node.items) or (new_entry and rest):
        raise _lost(value.origin, f"{_joined(done)} has no {key!r}{_known(key, known)}")
    items, keys = dict(node.items), dict(node.keys)
    if not rest and _is_null(value):
        items.pop(key, None)
        keys.pop(key, None)
        return MapNode(items, keys, node.origin)
    items[key] = _set(node.items.get(key), rest, value, inner, (*done, key))
    # a key keeps its own line when only something inside it changes
    keys[key] = node.keys[key] if rest and key in node.keys else value.origin
    return MapNode(items, keys, node.origin)


def _set_item(node: ListNode, path: tuple[str, ...], value: Node, annotation: Any, done: tuple[str, ...]) -> ListNode:
    pick, rest = path[0], path[1:]
    names = [_id(item) for item in node.items]
    if pick == "*":
        chosen = list(range(len(node.items)))
    elif pick in names:
        chosen = [i for i, name in enumerate(names) if name == pick]
    elif pick.isdecimal() and int(pick) < len(node.items):
        chosen = [int(pick)]
    else:
        chosen = []
    if not chosen:
        ids = [name for name in names if name is not None]
        count = f"{len(node.items)} entries, counted from 0" if node.items else "no entries"
        raise _lost(
            value.origin, f"{_joined(done)} has no entry [{pick}]{_known(pick, ids) if ids else f'; it has {count}'}"
        )
    inner = step(annotation, chosen[0], node)
    items: list[Node | None] = list(node.items)
    for i in chosen:
        removed = not rest and _is_null(value)
        items[i] = None if removed else _set(node.items[i], rest, value, inner, (*done, f"[{pick}]"))
    return ListNode([item for item in items if item is not None], node.origin)


def _empty(annotation: Any, origin: Origin, path: tuple[str, ...], done: tuple[str, ...]) -> Node:
    if models_of(annotation) or any(get_origin(m) is dict for m in members(annotation)):
        return MapNode({}, {}, origin)
    if any(get_origin(m) in (tuple, list) for m in members(annotation)):
        raise _lost(origin, f"{_joined(done)} is empty in this scenario, so there is no [{path[0]}]")
    raise _lost(origin, f"{_joined(done)} is a single value and has no {path[0]!r}")


def _known(word: str, known: list[str]) -> str:
    return did_you_mean(word, known) or f"; known: {listing(dict.fromkeys(known))}"


def _joined(done: tuple[str, ...]) -> str:
    return ".".join(done).replace(".[", "[") or "the scenario"


def _lost(origin: Origin, message: str) -> ScenarioError:
    return fault(origin.name, message, line=origin.line)
