"""``silla qdc --versus dimension``: message bits per second over the number of time bins, for losses and dead times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.provenance import Range, check_domain
from silla.cli._output import emit_json
from silla.cli._plot import Panel, write_panels
from silla.cli._qdc_link import DIMENSIONS, LIMIT_DB, DirectLink, rates

__all__ = ["dimension_curves", "report_dimensions"]

_BINS = (*DIMENSIONS, 512, 1024, 2048, 4096)
_MOST = 24  # curves


def dead_times(text: str | None, link: DirectLink) -> list[float]:
    """Seconds of '0,50,200' nanoseconds; the link's own without a text."""
    if text is None:
        return [link.dead_time_s]
    try:
        found = [float(part) * 1e-9 for part in text.split(",")]
    except ValueError:
        raise ArgumentError(f"--dead-times-ns is {text!r}, allowed times in ns as 0,50,200") from None
    check_domain("dead time", found, Range(0.0, 1.0, "s"), what="--dead-times-ns")
    return found


def dimension_curves(link: DirectLink, km: np.ndarray, dead_s: list[float]) -> list[dict[str, Any]]:
    """One curve for each distance and dead time: rate over 2 to 4096 bins, the best of them, and its rate.

    Raises ArgumentError unless the protocol is hd, and for more than 24 curves; DomainError beyond 90 dB one way.
    """
    if link.protocol != "hd":
        raise ArgumentError(f"--versus dimension: {link.protocol} codes in qubits; use --protocol hd")
    if len(km) * len(dead_s) > _MOST:
        raise ArgumentError(
            f"--versus dimension: {len(km)} distances with {len(dead_s)} dead times are {len(km) * len(dead_s)} "
            f"curves, allowed {_MOST}; try --km 0,25,50"
        )
    limit = LIMIT_DB / link.system.attenuation_db_per_km
    check_domain("distance", km, Range(0.0, limit, "km"), what="direct communication")
    curves = []
    for dead in dead_s:
        found = [rates(replace(link, dimension=n, dead_time_s=dead), km) for n in _BINS]
        signed = np.maximum(np.stack([one["signed"] for one in found], axis=1), 0.0)
        for i, at in enumerate(km):
            best = int(np.argmax(signed[i]))
            works = signed[i, best] > 0.0
            curves.append(
                {
                    "km": float(at),
                    "loss_db": float(at * link.system.attenuation_db_per_km),
                    "dead_time_s": dead,
                    "dimension": list(_BINS),
                    "rate_bit_per_s": signed[i],
                    "best_dimension": _BINS[best] if works else None,
                    "best_rate_bit_per_s": float(signed[i, best]),
                }
            )
    return curves


def report_dimensions(link: DirectLink, km: np.ndarray, text: str | None, page: Path | None, json: bool) -> None:
    """Draw and print the curves."""
    curves = dimension_curves(link, km, dead_times(text, link))
    if page is not None:
        _draw(page, link, curves)
    if json:
        head = {"protocol": "hd", "bin_s": link.bin_s, "guard": link.guard, "decoys": link.decoys}
        emit_json(head | {"source": link.system.source.text, "curves": curves})
    else:
        _print(link, curves)


def _draw(page: Path, link: DirectLink, curves: list[dict[str, Any]]) -> None:
    """One panel for each dead time, a curve for each loss in it."""
    panels = []
    for dead in dict.fromkeys(c["dead_time_s"] for c in curves):
        mine = [c for c in curves if c["dead_time_s"] == dead]
        lines: dict[str, Any] = {
            f"{c['loss_db']:.3g} dB ({c['km']:g} km)": (np.log2(c["dimension"]), c["rate_bit_per_s"]) for c in mine
        }
        best = [c for c in mine if c["best_dimension"]]
        if best:
            x = [v for c in best for v in (*[float(np.log2(c["best_dimension"]))] * 2, float("nan"))]
            y = [v for c in best for v in (0.6 * c["best_rate_bit_per_s"], c["best_rate_bit_per_s"], float("nan"))]
            lines["best number of bins"] = (x, y)
        title = f"Dead time {dead * 1e9:.4g} ns"
        panels.append(Panel(lines, "log2 of the time bins N", "secret message bits per second", True, title))
    pause = "a pause for the dead time after each frame" if link.guard else "no pause between frames"
    note = f"Bins of {link.bin_s * 1e9:.3g} ns, {pause}. {link.system.source.text}."
    write_panels(page, panels, "Direct messages in time bins: rate against dimension", [note])


def _print(link: DirectLink, curves: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"hd, bins of {link.bin_s * 1e9:.3g} ns{', guard' if link.guard else ''}: message bits per second"
    )
    shown = [i for i, n in enumerate(_BINS) if n in (2, 16, 128)]
    for name in ("dB", "dead ns", *(f"N {_BINS[i]}" for i in shown), "best N", "bit/s"):
        table.add_column(name, justify="right", no_wrap=True)
    for c in curves:
        cells = [f"{c['loss_db']:.1f}", f"{c['dead_time_s'] * 1e9:g}"]
        cells += [_short(c["rate_bit_per_s"][i]) for i in shown]
        table.add_row(*cells, str(c["best_dimension"] or "-"), f"[bold]{_short(c['best_rate_bit_per_s'])}[/bold]")
    Console(highlight=False).print(table)


def _short(value: float) -> str:
    """A rate in a few places: 1.16 M, 8.88 k, 0.54."""
    for scale, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= scale:
            return f"{value / scale:.3g}{letter}"
    return f"{value:.3g}"
