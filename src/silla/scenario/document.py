"""YAML 1.2 text to a tree of plain values in which every key and value knows its line.

Built on ruamel.yaml's event stream, not on its constructors: there are no tags to construct, duplicate keys are
refused, an alias costs what it expands to, and NaN and infinity are refused where they are written.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from silla.base.errors import ScenarioError
from silla.scenario.problem import fault

__all__ = ["ListNode", "MapNode", "Node", "Origin", "Scalar", "origin_at", "parse_document", "parse_value", "plain"]

MAX_NODES = 100_000  # after aliases are expanded; long tables belong into CSV files
MAX_LINE = 200_000  # characters; the scanner's time grows with the square of some lines
MAX_DEPTH = 60

_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCT, _HEX = re.compile(r"0o[0-7]+\Z"), re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NON_FINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_TAGS = {"tag:yaml.org,2002:str", "!"}
_KNOWN: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a key or value was written: a file and its line, or (line 0) a command-line option."""

    name: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.name}:{self.line}" if self.line else self.name


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null."""

    value: Any
    origin: Origin


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping; `keys` holds the origin of each key."""

    items: dict[str, Node]
    keys: dict[str, Origin]
    origin: Origin


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence."""

    items: list[Node]
    origin: Origin


Node = Scalar | MapNode | ListNode


def plain(node: Node) -> Any:
    """The tree as dicts, lists and scalars."""
    if isinstance(node, MapNode):
        return {key: plain(value) for key, value in node.items.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return node.value


def origin_at(root: Node, path: tuple[str | int, ...]) -> Origin:
    """The origin of the key or item at `path`, or of the deepest parent that exists."""
    node, origin = root, root.origin
    for part in path:
        if isinstance(node, MapNode) and str(part) in node.items:
            node, origin = node.items[str(part)], node.keys[str(part)]
        elif isinstance(node, ListNode) and isinstance(part, int) and 0 <= part < len(node.items):
            node = node.items[part]
            origin = node.origin
        else:
            break
    return origin


def parse_document(text: str, name: str) -> MapNode:
    """The mapping that a YAML text holds; ScenarioError with ``name:line`` for anything else.

    Refused: several documents, duplicate or non-scalar keys, tags, NaN, infinity, more than 100,000 values after the
    aliases are expanded, nesting deeper than 60, lines of more than 200,000 characters.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise fault(name, f"a line of {len(line):,} characters; is this a scenario?", line=number)
    node = _Composer(name).compose(text)
    if isinstance(node, Scalar) and node.value is None:
        raise fault(name, "the file is empty; 'silla new' writes a scenario to start from")
    if not isinstance(node, MapNode):
        found = "a list" if isinstance(node, ListNode) else f"the single value {str(node.value)[:40]!r}"
        message = f"a scenario is a mapping of keys such as 'name:' and 'sites:'; found {found}"
        raise fault(name, message, line=node.origin.line)
    return node


def parse_value(text: str, name: str) -> Node:
    """The value of one command-line override, read as YAML (``3``, ``true``, ``[1, 2]``, ``fr3``)."""
    return _relocate(_Composer(name).compose(text), Origin(name))


def _relocate(node: Node, origin: Origin) -> Node:
    if isinstance(node, MapNode):
        return MapNode(
            {k: _relocate(v, origin) for k, v in node.items.items()}, dict.fromkeys(node.items, origin), origin
        )
    if isinstance(node, ListNode):
        return ListNode([_relocate(v, origin) for v in node.items], origin)
    return Scalar(node.value, origin)


@dataclass
class _Composer:
    name: str
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    count: int = 0

    def compose(self, text: str) -> Node:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        try:
            events = YAML(typ="safe", pure=True).parse(io.StringIO(text))
            return self._document(events)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = " ".join(str(part) for part in (error.context, error.problem) if part)
            column = f" (column {mark.column + 1})" if mark else ""
            line = mark.line + 1 if mark else 0
            raise fault(self.name, f"this is not YAML: {what}{column}{_yaml_hint(what)}", line=line) from None
        except YAMLError as error:
            raise fault(self.name, f"this is not YAML: {' '.join(str(error).split())}") from None
        except (ValueError, AttributeError, IndexError, AssertionError, NotImplementedError) as error:
            # the scanner lets a few of these through on text that no one would call YAML
            raise fault(self.name, f"this is not YAML: {error or type(error).__name__}") from None

    def _document(self, events: Iterator[Any]) -> Node:
        found: Node | None = None
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                if found is not None:
                    raise self._error(event, "a second document starts here; a scenario is one YAML document")
                found = self._node(next(events), events, 0)
        return found if found is not None else Scalar(None, Origin(self.name, 1))

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        kind = type(event).__name__
        origin = Origin(self.name, event.start_mark.line + 1)
        if depth > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
        if kind == "AliasEvent":
            return self._alias(event)
        self._grow(event, 1)
        before = self.count
        if kind == "ScalarEvent":
            node: Node = Scalar(self._scalar(event), origin)
        elif kind == "SequenceStartEvent":
            self._refuse_tag(event)
            node = ListNode(list(self._items(events, depth)), origin)
        else:
            self._refuse_tag(event)
            node = self._mapping(events, depth, origin)
        if event.anchor:
            self.anchors[event.anchor] = (node, self.count - before + 1)
        return node

    def _items(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                return
            yield self._node(event, events, depth + 1)

    def _mapping(self, events: Iterator[Any], depth: int, origin: Origin) -> MapNode:
        items: dict[str, Node] = {}
        keys: dict[str, Origin] = {}
        merged: list[MapNode] = []
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            if type(event).__name__ != "ScalarEvent":
                raise self._error(event, "a key must be a plain word")
            self._refuse_tag(event)
            key = event.value
            value = self._node(next(events), events, depth + 1)
            if key == "<<" and event.implicit[0]:
                merged += self._merge_sources(event, value)
                continue
            if key == "":
                raise self._error(event, "a key is missing before ':'")
            if key in items:
                raise self._error(event, f"the key {key!r} is given twice (first on line {keys[key].line})")
            items[key], keys[key] = value, Origin(self.name, event.start_mark.line + 1)
        for source in merged:
            for key, value in source.items.items():
                if key not in items:
                    items[key], keys[key] = value, source.keys[key]
        return MapNode(items, keys, origin)

    def _merge_sources(self, event: Any, value: Node) -> list[MapNode]:
        sources = value.items if isinstance(value, ListNode) else [value]
        if not all(isinstance(s, MapNode) for s in sources):
            raise self._error(event, "'<<' takes an alias of a mapping (or a list of them)")
        return [s for s in sources if isinstance(s, MapNode)]

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            raise self._error(event, f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        node, size = self.anchors[event.anchor]
        self._grow(event, size)
        return node

    def _grow(self, event: Any, size: int) -> None:
        self.count += size
        if self.count > MAX_NODES:
            raise self._error(
                event, f"more than {MAX_NODES:,} values (aliases counted); put long tables into CSV or GeoJSON files"
            )

    def _scalar(self, event: Any) -> Any:
        self._refuse_tag(event)
        text = event.value
        if not event.implicit[0]:
            return text
        if text in _KNOWN:
            return _KNOWN[text]
        if _NON_FINITE.match(text):
            raise self._error(event, f"{text} is not a usable number")
        return self._number(event, text)

    def _number(self, event: Any, text: str) -> Any:
        for pattern, base in ((_INT, 10), (_OCT, 8), (_HEX, 16)):
            if pattern.match(text):
                if len(text) > 300:
                    raise self._error(event, f"a number of {len(text)} digits is not usable")
                return int(text.replace("0o", "", 1) if base == 8 else text, base)
        if _FLOAT.match(text):
            value = float(text)
            if not math.isfinite(value):
                raise self._error(event, f"{text[:40]} is too large a number")
            return value
        return text

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None and str(event.tag) not in _TAGS:
            raise self._error(event, f"the tag {event.tag} is not allowed in a scenario; write the plain value")

    def _error(self, event: Any, message: str) -> ScenarioError:
        return fault(self.name, message, line=event.start_mark.line + 1)


def _yaml_hint(what: str) -> str:
    if r"'\t'" in what:
        return "; indent with spaces, not tabs"
    if "mapping values are not allowed" in what:
        return "; is a line above indented wrongly, or a text with ': ' not quoted?"
    return ""
