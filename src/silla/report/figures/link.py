"""Rates by signal-to-noise ratio: the steps that the run used."""

from __future__ import annotations

import numpy as np
import polars as pl

from silla.report.encode import rounded
from silla.report.figures.base import Figure, Panel, Trace, line, plain
from silla.report.stored import Stored

__all__ = ["rate_curve_figure", "waterfall_figure"]

_COLOURS = ("$blue", "$orange", "$green", "$purple", "$sky", "$vermillion")


def rate_curve_figure(stored: Stored, caption: str) -> Figure | None:
    """Steps of every carrier's rate table beside Shannon's bound; a tab for each variant whose steps differ."""
    table = stored.table("rate_curves")
    if table is None:
        return None
    panels: list[Panel] = []
    known: list[pl.DataFrame] = []
    for v in stored.variants:
        mine = table.filter(pl.col("variant") == v).drop("variant")
        if mine.height and not any(mine.equals(other) for other in known):
            known.append(mine)
            panels.append(Panel(plain(stored.title(v)), _traces(mine), _LAYOUT))
    return Figure("rate-curves", "Rate by SINR", caption, panels) if panels else None


_LAYOUT = {
    "xaxis": {"title": {"text": "SINR of a layer (dB)"}, "zeroline": False},
    "yaxis": {"title": {"text": "bit/s/Hz of a layer"}, "rangemode": "tozero"},
}


def _traces(table: pl.DataFrame) -> list[Trace]:
    data: list[Trace] = []
    for i, ((carrier,), rows) in enumerate(table.group_by(["carrier"], maintain_order=True)):
        x, y = rows["sinr_db"].to_list(), rows["efficiency"].to_list()
        x, y = [x[0], *x, x[-1] + 5.0], [0.0, *y, y[-1]]
        name = f"{plain(carrier)}, {rows['modulation'][0]}"
        step = line(rounded(x), y, name, {"color": _COLOURS[i % len(_COLOURS)]})
        step["line"]["shape"] = "hv"
        data.append(step)
    low, high = float(table["sinr_db"].min()), float(table["sinr_db"].max()) + 5.0  # type: ignore[arg-type]
    at = np.linspace(low, high, 120)
    data.append(line(rounded(at), np.log2(1.0 + 10.0 ** (at / 10.0)), "Shannon", {"color": "$grey", "dash": "dot"}))
    return data


def waterfall_figure(stored: Stored, caption: str) -> Figure | None:
    """Block error rates of the scenario's links with their exact intervals; a point without errors is left out."""
    table = stored.table("link_curves")
    if table is None:
        return None
    data: list[Trace] = []
    for i, ((link,), rows) in enumerate(table.group_by(["link"], maintain_order=True)):
        seen = rows.filter(pl.col("block_errors") > 0)
        if not seen.height:
            continue
        at = seen["bler"]
        trace = line(rounded(seen["snr_db"]), at, plain(link), {"color": _COLOURS[i % len(_COLOURS)]})
        trace["mode"] = "lines+markers"
        trace["error_y"] = {
            "type": "data", "symmetric": False, "array": rounded(seen["high"] - at),
            "arrayminus": rounded(at - seen["low"]), "thickness": 1, "width": 3,
        }  # fmt: skip
        data.append(trace)
    layout = {
        "xaxis": {"title": {"text": "SNR of an antenna (dB)"}, "zeroline": False},
        "yaxis": {"title": {"text": "block error rate"}, "type": "log", "exponentformat": "power", "dtick": 1},
    }
    return Figure("waterfalls", "Block errors by SNR", caption, [Panel("", data, layout)]) if data else None
