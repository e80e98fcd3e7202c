"""The catalogue of parts: antennas, fibres, detectors, GPUs, language models, receivers, each with its source.

Built-in entries are the YAML files beside this one (one a section; the models are in `silla.scenario.parts`). A
scenario adds entries under `catalogue:`, or changes values of built-in ones by using their id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from silla.base.errors import ScenarioError
from silla.base.provenance import Citation
from silla.scenario.document import MapNode, Node, parse_document, plain
from silla.scenario.parts import SECTIONS
from silla.scenario.problem import Problem
from silla.scenario.problems import locate, validation_problems
from silla.scenario.suggest import did_you_mean, listing

__all__ = ["SECTIONS", "Catalogue", "builtin_catalogue", "catalogue_of", "own_part_problems", "reference_problems"]

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Catalogue:
    """Entries by section and id, each a plain dict with every value filled in."""

    sections: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def names(self, section: str) -> list[str]:
        """Ids of a section, sorted."""
        return sorted(self.sections[section])

    def part(self, section: str, name: str) -> dict[str, Any]:
        """The entry of that id; ScenarioError with what is near when there is none."""
        if name not in self.sections[section]:
            raise ScenarioError(_unknown(section, name, self.names(section)))
        return dict(self.sections[section][name])

    def citations(self, section: str, name: str) -> tuple[Citation, ...]:
        """Where the entry's values come from."""
        return tuple(Citation(s["key"], s["text"], s["url"]) for s in self.part(section, name)["sources"])


@cache
def builtin_catalogue() -> Catalogue:
    """The entries that come with silla."""
    folder = resources.files("silla.scenario.catalogue")
    sections = {}
    for section in SECTIONS:
        text = (folder / f"{section}.yaml").read_text(encoding="utf-8")
        entries = plain(parse_document(text, f"{section}.yaml"))
        sections[section] = {name: _complete(section, values) for name, values in entries.items()}
    return Catalogue(sections)


def catalogue_of(own: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """The built-in catalogue with a scenario's own entries added; an entry of a known id changes only what it gives."""
    built_in = builtin_catalogue().sections
    sections = {}
    for section, entries in built_in.items():
        added = {n: _complete(section, {**entries.get(n, {}), **v}) for n, v in own.get(section, {}).items()}
        sections[section] = {**entries, **added}
    return Catalogue(sections)


def _complete(section: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return SECTIONS[section].model_validate(dict(values)).model_dump()


def own_part_problems(root: MapNode) -> list[Problem]:
    """What is wrong with the entries under `catalogue:` of a scenario's document."""
    top = root.items.get("catalogue")
    found: list[Problem] = []
    for section, entries in _entries(top):
        if section not in SECTIONS:
            hint = did_you_mean(section, SECTIONS) or f"; sections: {listing(SECTIONS)}"
            found.append(locate(root, ("catalogue", section), f"unknown section{hint}"))
            continue
        for name, node in _entries(entries):
            known = builtin_catalogue().sections[section].get(name, {})
            if not isinstance(node, MapNode):
                found.append(locate(root, ("catalogue", section, name), "expected a mapping of keys"))
                continue
            try:
                SECTIONS[section].model_validate({**known, **plain(node)})
            except ValidationError as error:
                found += validation_problems(error, SECTIONS[section], node, prefix=("catalogue", section, name))
    return found


def _entries(node: Node | None) -> list[tuple[str, Node]]:
    return list(node.items.items()) if isinstance(node, MapNode) else []


def reference_problems(scenario: BaseModel, own: Mapping[str, Mapping[str, Any]]) -> list[tuple[Path, str]]:
    """References to parts that no catalogue has, as (path, message)."""
    known = {s: {*builtin_catalogue().sections[s], *own.get(s, {})} for s in SECTIONS}
    return [
        (path, _unknown(section, name, sorted(known[section])))
        for path, section, name in _references(scenario, ())
        if name not in known[section]
    ]


def _references(value: Any, path: Path, info: FieldInfo | None = None) -> Iterator[tuple[Path, str, str]]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _references(getattr(value, name), (*path, name), field)
    elif isinstance(value, (tuple, list)):
        for i, item in enumerate(value):
            yield from _references(item, (*path, i), info)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _references(item, (*path, key), info)
    elif isinstance(value, str) and info is not None and isinstance(info.json_schema_extra, dict):
        section = str(info.json_schema_extra.get("refers_to", ""))
        if section in SECTIONS:
            yield path, section, value


def _unknown(section: str, name: str, known: list[str]) -> str:
    kind = {"antennas": "antenna", "fibres": "kind of fibre", "gpus": "GPU"}.get(section, section.rstrip("s"))
    return f"no {kind} of the catalogue is called {name!r}{did_you_mean(name, known)}; known: {listing(known, 20)}"
