"""`silla sweep`: a scenario at every combination of some parameters' values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["sweep"]

_SHOWN = ("user_rate_downlink_mean", "user_rate_downlink_p5", "coverage", "energy_total", "protected_quantum")


def sweep(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or the name of a built-in scenario.")],
    settings: Annotated[
        list[str],
        typer.Option("--set", help="A parameter and its values: a.b=x:y:z. May be repeated; one value: fixed."),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder. [default: runs/NAME-sweep]")] = None,
    variant: Annotated[str | None, typer.Option("--variant", help="Run one variant alone.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; 0: one per core.")] = 0,
    engine: Annotated[str, typer.Option("--engine", help="Who runs the tasks: local or ray.")] = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON document.")] = False,
) -> None:
    """Run a scenario for several values of one or more parameters; tasks that do not change are computed once."""
    from silla.cli._output import console, emit_json, progress
    from silla.engine.executors import cores
    from silla.engine.run import default_directory
    from silla.engine.sweep import plan_sweep, run_sweep
    from silla.results.summary import read_json

    plan = plan_sweep(scenario, settings, variant)
    default = default_directory(plan.points[0].plan.loaded)
    directory = out or default.with_name(f"{default.name}-sweep")
    with progress() as bar:
        rows: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in rows:
                rows[what] = bar.add_task(what, total=total)
            bar.update(rows[what], completed=done, total=total)

        outcome = run_sweep(plan, directory, jobs=jobs or cores(), engine=engine, progress=tell)
    document = read_json(directory / "sweep.json")
    if as_json:
        emit_json({**document, "directory": str(directory)})
    else:
        screen = console()
        screen.print(_table(document))
        screen.print(
            f"{outcome.computed} tasks computed, {outcome.reused} taken from the store, {outcome.elapsed_s:.1f} s"
        )
        screen.print(f"results  {directory}", highlight=False)
    outcome.raise_failures()


def _table(document: dict[str, Any]) -> Any:
    """The main metrics, one row for each point and variant."""
    from rich.table import Table

    from silla.cli._output import metric_cell

    table = Table(title=document["title"] or document["name"])
    for parameter in document["parameters"]:
        table.add_column(parameter["path"], justify="right")
    table.add_column("variant")
    known = {name: m for p in document["points"] for v in p["variants"].values() for name, m in v.items()}
    names = [name for name in _SHOWN if name in known]
    for name in names:
        table.add_column(known[name]["description"], justify="right")
    for point in document["points"]:
        if point["failed"]:
            table.add_row(*point["values"], "failed", *["-"] * len(names))
        for variant, metrics in point["variants"].items():
            table.add_row(*point["values"], variant, *(metric_cell(metrics.get(name)) for name in names))
    return table
