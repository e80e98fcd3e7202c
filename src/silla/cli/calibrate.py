"""``silla calibrate``: the large-scale calibration of 3GPP, to lay beside the companies' results."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from silla.cli._output import emit_json
from silla.engine.calibration import CASES
from silla.engine.calibration import calibrate as simulate

__all__ = ["calibrate"]


def calibrate(
    case: Annotated[str, typer.Argument(help=f"One of: {', '.join(CASES)}.")],
    drops: Annotated[int, typer.Option(help="Independent drops of 570 users (360 in the office).")] = 150,
    seed: Annotated[int, typer.Option(help="Seed of the random streams.")] = 1,
    parameters: Annotated[
        str, typer.Option(help="V14.0 (TR 38.900, as the companies ran it), V16.1 or V19.2 (TR 38.901).")
    ] = "V14.0",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Coupling loss, wideband SIR and geometry SINR of a calibration case of TR 38.901 clause 7.8.1."""
    result = simulate(case, seed=seed, n_drops=drops, tr_version=parameters)
    if json:
        emit_json(result)
    else:
        _print(result, parameters)


def _print(result: dict[str, Any], parameters: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{result['case']}: {result['n']} users, parameters {parameters}")
    for name in ("percentile", "coupling loss, dB", "wideband SIR, dB", "geometry SINR, dB"):
        table.add_column(name, justify="right")
    columns = (result[k] for k in ("percentiles", "coupling_loss_db", "wideband_sir_db", "geometry_sinr_db"))
    for percentile, *values in zip(*columns):
        table.add_row(str(percentile), *(f"{v:.2f}" for v in values))
    Console(highlight=False).print(table)
