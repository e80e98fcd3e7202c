"""`silla run`: one scenario, one run, one report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["run"]


def run(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or the name of a built-in scenario.")] = "gyeongju",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the results. [default: runs/NAME]")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Change a parameter: a.b=x. May be repeated.")
    ] = None,
    variant: Annotated[str | None, typer.Option("--variant", help="Run one variant alone.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; 0: one per core.")] = 0,
    engine: Annotated[str, typer.Option("--engine", help="Who runs the tasks: local or ray.")] = "local",
    report: Annotated[bool, typer.Option("--report/--no-report", help="Build the HTML report.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON document.")] = False,
) -> None:
    """Simulate a scenario and write its results and report."""
    from silla.cli._output import emit_json
    from silla.cli._running import show_summary, simulate
    from silla.engine.executors import cores
    from silla.engine.run import default_directory
    from silla.results.summary import read_json
    from silla.scenario.loader import load

    loaded = load(scenario, settings or (), variant)
    directory = out or default_directory(loaded)
    outcome, page = simulate(loaded, directory, jobs=jobs or cores(), engine=engine, report=report)
    if as_json:
        emit_json(
            {
                **read_json(directory / "summary.json"),
                "directory": str(directory),
                "report": str(page) if page else None,
            }
        )
        return
    show_summary(directory, outcome, page)
