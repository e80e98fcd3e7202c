"""From a file or a built-in name to a validated scenario, or to every fault in it at once.

The order of things: text -> tree with lines (`document`) -> variants and overrides (`patch`) -> models -> semantic
checks -> references into the catalogue -> the files it names. Whatever fails says file, line and path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from silla.base.errors import ArgumentError, InputError, ScenarioError
from silla.scenario.catalogue import own_part_problems, reference_problems
from silla.scenario.checks import problems as semantic_problems
from silla.scenario.document import MapNode, Scalar, origin_at, parse_document, plain
from silla.scenario.file_checks import file_problems
from silla.scenario.files import SourceFile, referenced
from silla.scenario.models import Scenario
from silla.scenario.patch import apply_override, merge, parse_override, parse_path, set_value
from silla.scenario.problem import Problem, fault
from silla.scenario.problems import boolean_problems, in_order, locate, validation_problems
from silla.scenario.provisional import stand_in
from silla.scenario.source import find_scenario, read_scenario
from silla.scenario.suggest import did_you_mean, listing
from silla.scenario.timeline import Sensitivity

__all__ = ["Loaded", "load", "load_text"]


@dataclass(frozen=True)
class Loaded:
    """A scenario that passed every check, with all its variants.

    scenario : the base, or the variant that was asked for.
    path : the file that it was read from; files that it names are relative to its folder.
    text : the file's text as it was read, comments included.
    overrides : the ``path=value`` settings applied on top.
    chosen : the variant that `scenario` is; None for the base.
    sources : the files that it names, with their hashes.
    by_sensitivity : the base with one parameter changed, by number of the sensitivity entry and value.
    """

    scenario: Scenario
    path: Path
    text: str = field(repr=False)
    overrides: tuple[str, ...] = ()
    chosen: str | None = None
    sources: tuple[SourceFile, ...] = ()
    by_variant: dict[str, Scenario] = field(default_factory=dict, repr=False)
    by_sensitivity: dict[tuple[int, float], Scenario] = field(default_factory=dict, repr=False)

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the scenario start from."""
        return self.path.parent

    def variants(self) -> tuple[str, ...]:
        """Names of the variants, in the file's order."""
        return tuple(self.by_variant)

    def variant(self, name: str) -> Scenario:
        """The scenario with that variant's patch and the overrides applied; ArgumentError when there is none."""
        if name not in self.by_variant:
            known = f"{did_you_mean(name, self.by_variant)}; known: {listing(self.by_variant)}"
            raise ArgumentError(f"{self.path.name} has no variant {name!r}{known}")
        return self.by_variant[name]


def load(source: str | Path, overrides: Sequence[str] = (), variant: str | None = None) -> Loaded:
    """The validated scenario of a file or of a built-in name.

    Parameters
    ----------
    source : a path, or the bare name of a built-in scenario (``"gyeongju"``); the built-in wins over a file so named.
    overrides : settings ``path=value``, such as ``carriers.fr3.bandwidth_mhz=200`` or ``sites[*].height_m=30``,
        applied after the variant's patch.
    variant : name of the variant that `Loaded.scenario` shall be.

    Raises
    ------
    ScenarioError : everything that is wrong with the file, its variants and the files it names, one line each.
    ArgumentError : an override that is not ``path=value``, or a variant that does not exist.

    >>> load("gyeongju", ["day.drops=5"]).scenario.day.drops
    5
    """
    path = find_scenario(source)
    name = path.name if isinstance(source, str) and source == path.stem else str(source)
    return load_text(read_scenario(path, name), path, name=name, overrides=overrides, variant=variant)


def load_text(
    text: str, path: Path, *, name: str | None = None, overrides: Sequence[str] = (), variant: str | None = None
) -> Loaded:
    """As `load`, from a text that stands for the file at `path` (which need not exist)."""
    trees = _Trees(parse_document(text, name or path.name), tuple(overrides))
    found: list[Problem] = []
    base = _collect(found, lambda: _validated(trees.base(), path))
    by_variant = {v: _collect(found, lambda v=v: _validated(trees.variant(v), path), v) for v in trees.variant_names()}
    changed: dict[tuple[int, float], Scenario] = {}
    for i, entry in enumerate(base.sensitivity if base is not None else ()):
        _collect(found, lambda i=i, entry=entry: changed.update(_sensitivity(trees, i, entry, path)))
    if found:
        raise ScenarioError(list(dict.fromkeys(found)))
    assert base is not None
    good = {v: s for v, s in by_variant.items() if s is not None}
    sources = referenced([base, *good.values()], path.parent)
    loaded = Loaded(base, path, text, tuple(overrides), None, sources, good, changed)
    if variant is None:
        return loaded
    return replace(loaded, scenario=loaded.variant(variant), chosen=variant)


@dataclass(frozen=True)
class _Trees:
    """The document and what patches make of it."""

    document: MapNode
    overrides: tuple[str, ...]

    def base(self) -> MapNode:
        return self._overridden(self._with_variant_overrides(), variants=False)

    def variant_names(self) -> list[str]:
        variants = self._with_variant_overrides().items.get("variants")
        return list(variants.items) if isinstance(variants, MapNode) else []

    def variant(self, name: str) -> MapNode:
        document = self._with_variant_overrides()
        variants = document.items["variants"]
        entry = variants.items[name] if isinstance(variants, MapNode) else None
        patch = entry.items.get("patch") if isinstance(entry, MapNode) else None
        bare = MapNode({k: v for k, v in document.items.items() if k != "variants"}, document.keys, document.origin)
        if not isinstance(patch, MapNode):
            return self._overridden(bare, variants=False)
        for key in ("variants", "silla", "name"):
            if key in patch.items:
                origin = patch.keys[key]
                raise fault(
                    origin.name,
                    f"a variant cannot change `{key}`",
                    line=origin.line,
                    path=f"variants.{name}.patch.{key}",
                )
        merged = merge(bare, patch)
        assert isinstance(merged, MapNode)
        return self._overridden(merged, variants=False)

    def _with_variant_overrides(self) -> MapNode:
        return self._overridden(self.document, variants=True)

    def _overridden(self, tree: MapNode, *, variants: bool) -> MapNode:
        for text in self.overrides:
            if (parse_override(text)[0][0] == "variants") == variants:
                tree = apply_override(tree, text, Scenario)
        return tree


def _collect(found: list[Problem], make: Callable[[], Scenario | None], variant: str = "") -> Scenario | None:
    """What `make` returns, or None and its problems in `found`; those that only a variant has name it."""
    try:
        return make()
    except ScenarioError as error:
        problems = [p if isinstance(p, Problem) else Problem("", 0, "", p) for p in error.problems]
        new = [p for p in problems if p not in found]
        told = (
            [Problem(p.file, p.line, p.path, f"in variant {variant!r}: {p.message}") for p in new] if variant else new
        )
        found += told
        return None


def _validated(tree: MapNode, path: Path) -> Scenario:
    found: list[Problem] = [*boolean_problems(Scenario, tree), *own_part_problems(tree)]
    touched: list[tuple[str | int, ...]] = []
    try:
        scenario: Scenario | None = Scenario.model_validate(plain(tree))
    except ValidationError as error:
        found += validation_problems(error, Scenario, tree)
        # ids and references are checked in the same pass, on a stand-in for what could not be read
        scenario, touched = stand_in(Scenario, tree, error)
    if scenario is not None:
        for where, message in _faults(scenario, path.parent):
            if not any(where[: len(t)] == t or t[: len(where)] == where for t in touched):
                found.append(locate(tree, where, message))
    if found or scenario is None:
        raise ScenarioError(list(in_order(found)))
    return scenario


def _faults(scenario: Scenario, folder: Path) -> list[tuple[tuple[str | int, ...], str]]:
    """What types cannot say: references into the catalogue, ids, places, files."""
    ids, file_faults = file_problems(scenario, folder)
    semantic = semantic_problems(scenario, file_site_ids=ids.sites, file_fibre_ids=ids.fibres)
    return [*file_faults, *reference_problems(scenario, scenario.catalogue), *semantic]


def _sensitivity(trees: _Trees, index: int, entry: Sensitivity, path: Path) -> dict[tuple[int, float], Scenario]:
    """The base with one parameter at each of its values; its path must lead somewhere and the values be allowed."""
    base = trees.base()
    where = ("sensitivity", index, "set")
    origin = origin_at(base, where)
    changed = {}
    try:
        parts = parse_path(entry.set)
        for value in entry.values:
            number = int(value) if float(value).is_integer() else value
            changed[index, value] = _validated(set_value(base, parts, Scalar(number, origin), Scenario), path)
    except InputError as error:
        lines = error.problems if isinstance(error, ScenarioError) else [str(error)]
        messages = [p.message if isinstance(p, Problem) else p for p in lines]
        raise ScenarioError([locate(base, where, message) for message in messages]) from None
    return changed
