"""``silla check``: everything that is wrong with a scenario, or what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from silla.base.errors import InputError, ScenarioError
from silla.cli._output import emit_json
from silla.scenario.files import read_buildings, read_sites, read_users
from silla.scenario.loader import Loaded, load
from silla.scenario.models import Scenario
from silla.scenario.problem import Problem

__all__ = ["check"]


def check(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or the name of a built-in one.", metavar="SCENARIO")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="Change a value first, as sites[hico].height_m=30; repeatable."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check a scenario, all its variants and every file that it names; exit code 2 when anything is wrong."""
    try:
        loaded = load(scenario, set_ or [])
        remarks = _read_files(loaded)
        _try_links(loaded.scenario)
    except InputError as error:
        if not json:
            raise
        emit_json({"ok": False, "scenario": scenario, "problems": _problems(error, scenario)})
        raise typer.Exit(error.exit_code) from None
    if json:
        emit_json(_summary(loaded, remarks))
    else:
        _print_tree(loaded, remarks)


def _problems(error: InputError, scenario: str) -> list[dict[str, Any]]:
    lines = error.problems if isinstance(error, ScenarioError) else [str(error)]
    start = f"{scenario}: "
    found = [p if isinstance(p, Problem) else Problem(scenario, 0, "", str(p).removeprefix(start)) for p in lines]
    return [p.as_dict() for p in found]


def _try_links(scenario: Scenario) -> None:
    """Refuses links that cannot be simulated, as a run would."""
    if scenario.links:
        from silla.engine.scenario_links import link_tasks  # it takes a moment to import

        link_tasks(scenario.links, scenario.seed)


def _read_files(loaded: Loaded) -> list[str]:
    """Reads every file whole, as a run would; what was skipped or assumed, one remark each."""
    remarks: dict[str, None] = {}
    for scenario in (loaded.scenario, *loaded.by_variant.values()):
        buildings = read_buildings(scenario.files, loaded.folder)
        if buildings is not None:
            remarks[f"{buildings.file}: {buildings.summary()}"] = None
        for table in (read_sites(scenario.files, loaded.folder), read_users(scenario.files, loaded.folder)):
            if table is not None:
                ignored = f"; columns not used: {', '.join(table.ignored_columns)}" if table.ignored_columns else ""
                encoding = "; read as CP949" if table.encoding != "utf-8" else ""
                remarks[f"{table.file}: {len(table)} rows{encoding}{ignored}"] = None
    return list(remarks)


def _counts(s: Scenario, folder: Path) -> dict[str, int]:
    """How much of everything is listed or comes from tables; what a layout generates is not counted."""
    table = read_sites(s.files, folder)
    from_file = [] if table is None or s.files.sites is None else table.sites()
    templates = () if s.files.sites is None else s.files.sites.cells
    cells = sum(row.carrier in (None, c.carrier) for site in from_file for row in site.rows for c in templates)
    return {
        "carriers": sum(c.enabled for c in s.carriers.values()),
        "sites": len(s.sites) + len(from_file),
        "cells": sum(len(site.cells) for site in s.sites) + cells,
        "nodes": len(s.nodes),
        "demand": len(s.demand),
        "pools": sum(p.enabled for p in s.pools),
        "fibres": len(s.fibres),
        "key_links": sum(k.enabled for k in s.quantum.keys) if s.quantum.enabled else 0,
        "direct_links": sum(k.enabled for k in s.quantum.direct) if s.quantum.enabled else 0,
        "air_links": sum(k.enabled for k in s.quantum.air) if s.quantum.enabled else 0,
        "security": len(s.security),
        "events": len(s.events),
    }


def _summary(loaded: Loaded, remarks: list[str]) -> dict[str, Any]:
    return {
        "ok": True,
        "scenario": loaded.scenario.name,
        "path": str(loaded.path),
        "problems": [],
        "counts": _counts(loaded.scenario, loaded.folder),
        "variants": {name: _counts(loaded.variant(name), loaded.folder) for name in loaded.variants()},
        "files": [{"kind": f.kind, "path": f.path, "sha256": f.sha256, "bytes": f.size_bytes} for f in loaded.sources],
        "remarks": remarks,
    }


def _print_tree(loaded: Loaded, remarks: list[str]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.tree import Tree

    s = loaded.scenario
    tree = Tree(f"[bold]{escape(s.name)}[/bold]  {escape(s.title)}")
    tree.add(escape(f"file: {loaded.path}"))
    base = _counts(s, loaded.folder)
    tree.add(", ".join(w for w, n in zip(_worded(base), base.values(), strict=True) if n))
    if s.layout is not None:
        tree.add(f"layout: {s.layout.kind}")
    if s.day is not None:
        tree.add(f"day: {s.day.hours:g} h in steps of {s.day.step_min:g} min, {s.day.drops} drops each")
    if loaded.by_variant:
        branch = tree.add("variants")
        for name in loaded.variants():
            variant = _counts(loaded.variant(name), loaded.folder)
            changed = [w for w, before in zip(_worded(variant), _worded(base), strict=True) if w != before]
            branch.add(escape(f"{name}: {', '.join(changed) or 'same counts, other values'}"))
    for remark in remarks:
        tree.add(escape(remark))
    tree.add("[green]no problems[/green]")
    Console(highlight=False).print(tree)


def _worded(counts: dict[str, int]) -> list[str]:
    return [f"{n} {kind.replace('_', ' ')}" for kind, n in counts.items()]
