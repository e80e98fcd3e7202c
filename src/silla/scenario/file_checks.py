"""What can be wrong between a scenario and the files that it names, each fault under the path that names the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from silla.base.errors import DomainError, InputError
from silla.base.geo import project
from silla.scenario.catalogue import builtin_catalogue
from silla.scenario.checks import generated_site_ids
from silla.scenario.files import KINDS, check_present, read_fibres, read_sites, read_users
from silla.scenario.models import Scenario
from silla.scenario.suggest import did_you_mean, listing

__all__ = ["FileIds", "file_problems"]

Fault = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True)
class FileIds:
    """Ids that files bring, for references to them."""

    sites: frozenset[str] = frozenset()
    fibres: frozenset[str] = frozenset()


def file_problems(scenario: Scenario, folder: Path) -> tuple[FileIds, list[Fault]]:
    """The ids that the tables bring, and every fault of the files and of places by latitude and longitude.

    Tables of sites, users and fibres are read whole; of buildings only presence is checked, for a city has many.
    """
    faults: list[Fault] = []
    tables: dict[str, Any] = {}
    readers = {"sites": read_sites, "users": read_users, "fibres": read_fibres}
    for kind in KINDS:
        entry = getattr(scenario.files, kind)
        if entry is None:
            continue
        try:
            if kind in readers:
                tables[kind] = readers[kind](scenario.files, folder)
            else:
                check_present(entry.path, folder)
        except InputError as error:
            faults.append((("files", kind, "path"), str(error)))
    ids = FileIds(
        frozenset(tables["sites"].site_ids()) if "sites" in tables else frozenset(),
        frozenset(tables["fibres"].id) if "fibres" in tables else frozenset(),
    )
    faults += _table_faults(scenario, tables, ids)
    faults += _map_faults(scenario, tables)
    return ids, faults


def _table_faults(scenario: Scenario, tables: dict[str, Any], ids: FileIds) -> Iterator[Fault]:
    own = {s.id for s in scenario.sites} | {n.id for n in scenario.nodes} | generated_site_ids(scenario)
    if "sites" in tables:
        table = tables["sites"]
        yield from _clashes("sites", table, table.site, own, "site or node")
        yield from _unknown("sites", table, "carrier", table.carrier, set(scenario.carriers), "carrier")
    if "fibres" in tables:
        table = tables["fibres"]
        yield from _clashes("fibres", table, table.id, {f.id for f in scenario.fibres}, "fibre")
        kinds = {*builtin_catalogue().names("fibres"), *scenario.catalogue.get("fibres", {})}
        yield from _unknown("fibres", table, "type", table.type, kinds, "kind of fibre")
        for column in ("end_a", "end_b"):
            yield from _unknown("fibres", table, column, getattr(table, column), own | ids.sites, "site or node")


def _clashes(kind: str, table: Any, found: Sequence[str], own: set[str], noun: str) -> Iterator[Fault]:
    for row, name in enumerate(found):
        if name in own:
            message = (
                f"{table.file}:{table.line[row]}: {noun} id {name!r} is already used in the scenario; ids must differ"
            )
            yield ("files", kind, "path"), message


def _unknown(kind: str, table: Any, column: str, found: Sequence[str], known: set[str], noun: str) -> Iterator[Fault]:
    first = {name: row for row, name in reversed(list(enumerate(found))) if name and name not in known}
    for name, row in sorted(first.items(), key=lambda item: item[1]):
        hint = f"{did_you_mean(name, sorted(known))}; known: {listing(sorted(known), 8)}"
        yield (
            ("files", kind, "path"),
            f"{table.file}:{table.line[row]}: column {column!r}: no {noun} has the id {name!r}{hint}",
        )


def _map_faults(scenario: Scenario, tables: dict[str, Any]) -> Iterator[Fault]:
    """Latitudes and longitudes need an origin that is not far away."""
    by_degrees = [k for k in ("sites", "users") if k in tables and tables[k].lat is not None]
    if scenario.origin is None:
        for kind in [*by_degrees, *(["buildings"] if scenario.files.buildings else [])]:
            what = "gives lat and lon, which need an origin; add `origin: {lat: ..., lon: ...}` to the scenario"
            yield ("files", kind, "path"), what
        return
    places: list[tuple[tuple[str | int, ...], Any]] = []
    for group in ("nodes", "sites", "demand"):
        entries = enumerate(getattr(scenario, group))
        places += [((group, i), p) for i, p in entries if p.lat is not None and p.lon is not None]
    places += [(("files", k, "path"), tables[k]) for k in by_degrees]
    for path, place in places:
        try:
            project(place.lat, place.lon, scenario.origin.lat, scenario.origin.lon)
        except DomainError as error:
            yield path, str(error).removeprefix("projection: ")
