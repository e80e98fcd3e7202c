"""``silla bench``: the headline figures, measured here and now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from silla.bench.registry import FIGURES, chosen, measure
from silla.cli._output import console, emit_json

__all__ = ["bench"]


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="Figures to measure; all by default.", metavar="[NAME]...")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    show: Annotated[bool, typer.Option("--list", help="List the figures without measuring them.")] = False,
) -> None:
    """Measure the headline figures on this machine, beside their peers where those are installed."""
    figures = chosen(names)
    if show:
        for figure in figures:
            typer.echo(f"{figure.name:20s} {figure.unit:18s} goal {figure.goal:g}, floor {figure.floor:g}")
        return
    rows = []
    with console().status("") as status:
        results = measure(figures)
        for figure in figures:
            status.update(f"measuring {figure.name}")
            rows.append(next(results))
    if json:
        emit_json(rows)
    else:
        _print(rows)


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("figure", "value", "unit", "goal", "peer", "ratio")
    for row in rows:
        table.add_row(
            row["name"], _number(row["value"]), row["unit"], _number(row["goal"]), _number(row["peer_value"]),
            _number(row["ratio"]),
        )  # fmt: skip
    Console().print(table)
    for row in rows:
        beside = f" (peer: {row['peer']})" if row["peer"] else ""
        typer.echo(f"{row['name']}: {row['note']}{beside}")
    typer.echo(f"{len(rows)} of {len(FIGURES)} figures; the ratio is how many times better than the peer")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g}" if abs(value) < 1e4 else f"{value:,.0f}"
