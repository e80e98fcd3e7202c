"""``silla link table``: the rate curves of the twin, computed anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from silla.cli._output import console, emit_json, progress

__all__ = ["table"]


def table(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write. [default: nr_awgn.csv]")] = None,
    seed: Annotated[int, typer.Option(help="Of all random numbers.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; 0: one per core.")] = 0,
    engine: Annotated[str, typer.Option("--engine", help="Who runs the tasks: local or ray.")] = "local",
    store: Annotated[Path | None, typer.Option(help="Folder of task results, from which a run goes on.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as one JSON document.")] = False,
) -> None:
    """The SNR at 10 % block errors of every MCS on AWGN, for blocks of 1 to 273 resource blocks, as a CSV file.

    The file in src/silla/physics/radio/data is what this command writes; scenarios read it (rate_model: link).
    """
    from silla.base.errors import ArgumentError
    from silla.engine.executors import cores
    from silla.engine.rate_curves import rate_curves, write_rate_curves
    from silla.results.store import Store

    path = out or Path("nr_awgn.csv")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise ArgumentError(f"--out is {str(path)!r}; name a file in a folder that exists")
    with progress() as bar:
        row = bar.add_task("rate curves", total=None)
        rows = rate_curves(
            seed=seed, jobs=jobs or cores(), engine=engine, store=Store(store) if store else None,
            progress=lambda done, total: bar.update(row, completed=done, total=total),
        )  # fmt: skip
    write_rate_curves(path, rows, seed)
    if as_json:
        emit_json(rows)
    else:
        console().print(f"{len(rows)} thresholds  {path}")
