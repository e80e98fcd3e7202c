"""Sensitivity: a tornado for each metric, the widest bar on top."""

from __future__ import annotations

import polars as pl

from silla.report.encode import rounded
from silla.report.figures.base import Figure, Panel, Trace, plain
from silla.report.stored import Stored
from silla.report.text import metric_name, number

__all__ = ["tornado_figure"]


def tornado_figure(stored: Stored, caption: str) -> Figure | None:
    """Relative change of each metric when one parameter takes another value, with 95 % intervals."""
    table = stored.table("sensitivity")
    if table is None:
        return None
    metrics = table["metric"].unique(maintain_order=True).to_list()
    panels = [_panel(table.filter(pl.col("metric") == m), m) for m in metrics]
    n = table["name"].n_unique()
    return Figure("tornado", "What moves the result", caption, panels, height=90 + 46 * n)


def _panel(table: pl.DataFrame, metric: str) -> Panel:
    base = float(table["base_mean"][0])
    scale = base if base else 1.0
    swing = table.group_by("name").agg((pl.col("mean") - pl.col("base_mean")).abs().max().alias("swing"))
    names = swing.sort(["swing", "name"])["name"].to_list()
    data: list[Trace] = []
    for lower, colour, label in ((True, "$sky", "value below the base"), (False, "$blue", "value above the base")):
        side = pl.col("value") < pl.col("base") if lower else pl.col("value") >= pl.col("base")
        rows = table.filter(side).sort(["name", "value"])
        if rows.height:
            data.append(_bars(rows, scale, colour, label))
    layout = {
        "barmode": "overlay",
        "bargap": 0.35,
        "hovermode": "closest",
        "xaxis": {"tickformat": "+.0%", "zeroline": True, "title": {"text": f"change of {plain(metric_name(metric))}"}},
        "yaxis": {"categoryorder": "array", "categoryarray": [plain(n) for n in names], "automargin": True},
    }
    return Panel(metric_name(metric), data, layout)


def _bars(rows: pl.DataFrame, scale: float, colour: str, label: str) -> Trace:
    change = (rows["mean"] - rows["base_mean"]) / scale
    text = [f"{number(v)} instead of {number(b)}" for v, b in zip(rows["value"], rows["base"])]
    return {
        "type": "bar",
        "orientation": "h",
        "name": label,
        "x": rounded(change),
        "y": [plain(n) for n in rows["name"]],
        "customdata": text,
        "marker": {"color": f"{colour}/0.85", "line": {"width": 0}},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": rounded((rows["high"] - rows["mean"]) / abs(scale)),
            "arrayminus": rounded((rows["mean"] - rows["low"]) / abs(scale)),
            "color": "$ink",
            "thickness": 1,
            "width": 3,
        },
        "hovertemplate": "%{y}: %{customdata}<br>%{x:+.1%}<extra></extra>",
    }
