"""Sensitivity: a tornado for each metric, the widest bar on top."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from silla.report.encode import rounded
from silla.report.figures.base import Figure, Panel, Trace, plain
from silla.report.stored import Stored
from silla.report.text import metric_name, number

__all__ = ["tornado_figure"]


def tornado_figure(stored: Stored, caption: str) -> Figure | None:
    """Change of each metric when one parameter takes another value, with 95 % intervals."""
    table = stored.table("sensitivity")
    if table is None:
        return None
    metrics = table["metric"].unique(maintain_order=True).to_list()
    panels = [_panel(table.filter(pl.col("metric") == m), m) for m in metrics]
    n = table["name"].n_unique()
    return Figure("tornado", "What moves the result", caption, panels, height=96 + 58 * n)


def _panel(table: pl.DataFrame, metric: str) -> Panel:
    base = abs(float(table["base_mean"][0]))
    unit = str(table["unit"][0])
    points = unit in ("1", "dB")  # such changes are differences already; others are shown relative to the base
    scale = (0.01 if unit == "1" else 1.0) if points or not base else base * 0.01
    swing = table.group_by("name").agg(pl.col("mean").abs().max().alias("swing")).sort(["swing", "name"])
    tried = {n: sorted(g["value"].to_list()) for (n,), g in table.group_by(["name"], maintain_order=True)}
    names = [plain(n) for n in swing["name"]]
    data: list[Trace] = []
    for side, colour, label in (("higher", "$blue", "higher value"), ("lower", "$sky", "lower value")):
        keep = [r for r in table.iter_rows(named=True) if _side(r, tried[r["name"]]) == side]
        if keep:
            data.append(_bars(keep, scale, colour, label))
    shown = ("percentage points" if unit == "1" else unit) if points else "%"
    layout = {
        "barmode": "group",
        "bargap": 0.3,
        "bargroupgap": 0.08,
        "hovermode": "closest",
        "xaxis": {"zeroline": True, "zerolinecolor": "$soft", "title": {"text": f"change, {shown}"}, "showgrid": True},
        "yaxis": {"categoryorder": "array", "categoryarray": names, "showgrid": False}
        | {"tickvals": names, "ticktext": [_tick(n, table, tried[n]) for n in swing["name"]]},
    }
    return Panel(metric_name(metric), data, layout)


def _tick(name: str, table: pl.DataFrame, tried: list[float]) -> str:
    """A parameter's name with its value and those tried beneath."""
    base = table.filter(pl.col("name") == name)["base"][0]
    values = " and ".join(number(v) for v in dict.fromkeys(tried))
    return f"{plain(name)}<br><span style='font-size:10px'>{values} instead of {plain(_short(base))}</span>"


def _short(base: object) -> str:
    try:
        return number(float(str(base)))
    except ValueError:
        return str(base)


def _side(row: dict[str, Any], tried: list[float]) -> str:
    """Whether a value lies below the scenario's own, or among the lower tried where that is not one number."""
    try:
        base = float(row["base"])
    except (TypeError, ValueError):
        base = (tried[0] + tried[-1]) / 2
    return "lower" if row["value"] < base else "higher"


def _bars(rows: list[dict[str, Any]], scale: float, colour: str, label: str) -> Trace:
    mean, low, high = (np.array([r[k] for r in rows], dtype=float) / scale for k in ("mean", "low", "high"))
    return {
        "type": "bar",
        "orientation": "h",
        "name": label,
        "x": rounded(mean),
        "y": [plain(r["name"]) for r in rows],
        "customdata": [plain(f"{number(r['value'])} instead of {r['base']}, n = {r['n']}") for r in rows],
        "text": [number(r["value"]) for r in rows],
        "textposition": "none",
        "marker": {"color": f"{colour}/0.85", "line": {"width": 0}},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": rounded(high - mean),
            "arrayminus": rounded(mean - low),
            "color": "$ink",
            "thickness": 1,
            "width": 3,
        },
        "hovertemplate": "%{y}: %{customdata}<br>%{x:+.3g}<extra></extra>",
    }
