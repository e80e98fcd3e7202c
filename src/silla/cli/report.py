"""`silla report`: the report of a finished run, rebuilt from its stored results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    directory: Annotated[Path, typer.Argument(help="Folder that `silla run` wrote.", show_default=False)],
    targets: Annotated[
        Path | None, typer.Option(help="YAML file of KPI targets, instead of the packaged one.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Rebuild DIRECTORY/report.html from the stored results alone."""
    from silla.cli._output import emit_json
    from silla.report import build

    path = build(directory, targets=targets)
    if as_json:
        emit_json({"report": str(path), "bytes": path.stat().st_size})
    else:
        typer.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
