"""What `run` and `sweep` share: simulating with a progress bar, and showing what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from silla.cli._output import console, metric_cell, progress
from silla.engine.run import RunOutcome, run_scenario
from silla.results.summary import read_json
from silla.scenario.loader import Loaded

__all__ = ["show_summary", "simulate"]

_SHOWN = (
    "user_rate_downlink_mean", "user_rate_downlink_p5", "coverage", "day_served_share", "energy_total",
    "energy_per_bit", "carbon", "protected_quantum", "tokens", "ran_deadline_miss",
)  # fmt: skip


def simulate(
    loaded: Loaded, directory: Path, *, jobs: int, engine: str, report: bool, store: Path | None = None
) -> tuple[RunOutcome, Path | None]:
    """Run a scenario with a progress bar on stderr; (outcome, path of the report or None)."""
    with progress() as bar:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        outcome = run_scenario(loaded, directory, jobs=jobs, engine=engine, progress=tell, store=store)
        if not report:
            return outcome, None
        tell("report", 0, 1)
        from silla.report import build

        page = build(directory)
        tell("report", 1, 1)
    return outcome, page


def show_summary(directory: Path, outcome: RunOutcome, page: Path | None) -> None:
    """The main figures of every variant as a table, and where everything is."""
    from rich.table import Table

    from silla.base.kernels import why_not

    summary = read_json(directory / "summary.json")
    table = Table(title=summary["title"])
    table.add_column("")
    for variant in summary["variants"]:
        table.add_column(variant, justify="right")
    for name in _SHOWN:
        metrics = [m.get(name) for m in summary["variants"].values()]
        known = next((m for m in metrics if m), None)
        if known is not None:
            table.add_row(known["description"], *(metric_cell(m) for m in metrics))
    out = console()
    out.print(table)
    out.print(f"{outcome.computed} tasks computed, {outcome.reused} taken from the store, {outcome.elapsed_s:.1f} s")
    if why_not():
        out.print(why_not())
    out.print(f"results  {directory}", highlight=False)
    if page is not None:
        out.print(f"report   {page}", highlight=False)
