"""GPU pools over the day: who uses them, and what their users notice."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from silla.report.figures.base import (
    Figure,
    Panel,
    Trace,
    clock,
    clock_axis,
    line,
    plain,
    shapes_of_events,
    variant_styles,
)
from silla.report.figures.day import RADIO_EVENTS, events_of, last_s, stack
from silla.report.stored import Stored
from silla.report.text import scale_of

__all__ = ["pool_series", "utilisation_figure"]


def utilisation_figure(stored: Stored, caption: str) -> Figure | None:
    """Utilisation by RAN and AI stacked, one facet for each pool and variant."""
    table = stored.table("pool_day")
    if table is None:
        return None
    panels = []
    pools = table["pool"].unique(maintain_order=True).to_list()
    for v in stored.variants:
        for pool in pools:
            rows = table.filter((pl.col("variant") == v) & (pl.col("pool") == pool)).sort("t_s")
            if not rows.height:
                continue
            hours = clock(rows["t_s"])
            series = {
                "RAN": (hours, rows["utilisation_ran"].to_numpy(), "$blue"),
                "AI": (hours, rows["utilisation_ai"].to_numpy(), "$orange"),
            }
            title = stored.title(v) if len(pools) == 1 else f"{pool}: {stored.title(v)}"
            layout = {"xaxis": clock_axis(last_s(rows)), "yaxis": {"tickformat": ".0%", "range": [0, 1]}}
            panels.append(Panel(title, stack(series), layout))
    legend = (("baseband of the RAN", "$blue"), ("language models", "$orange"))
    return Figure("day-pools", "GPU pools: RAN and AI", caption, panels, height=240, facets=True, legend=legend)


def pool_series(
    stored: Stored, column: str, unit: str, id: str, title: str, caption: str, *, floor: float | None = None
) -> Figure | None:
    """One column of `pool_day` over the day, a line for each variant and pool.

    With a `floor` the axis is logarithmic and what lies below is left out. None where nothing is left.
    """
    table = stored.table("pool_day")
    if table is None or column not in table.columns:
        return None
    table = table.with_columns(pl.when(pl.col(column) >= (floor or -1.0)).then(pl.col(column)).alias(column))
    seen = table[column].drop_nulls().drop_nans()
    if not seen.len():
        return None
    factor, shown = scale_of(seen.to_list(), unit)
    styles, end = variant_styles(stored.variants), last_s(table)
    pools = table["pool"].unique(maintain_order=True).to_list()
    data: list[Trace] = []
    for v in stored.variants:
        for pool in pools:
            rows = table.filter((pl.col("variant") == v) & (pl.col("pool") == pool)).sort("t_s")
            if rows[column].drop_nulls().len():
                name = v if len(pools) == 1 else f"{pool}: {v}"
                values = rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy() / factor
                data.append(line(clock(rows["t_s"]), values, plain(name), styles[v]))
    yaxis = {"title": {"text": plain(shown)}}
    yaxis |= {"rangemode": "tozero"} if floor is None else _log_axis(float(seen.min()), float(seen.max()))  # type: ignore[arg-type]
    layout = {"xaxis": clock_axis(end), "yaxis": yaxis} | shapes_of_events(events_of(stored), RADIO_EVENTS)
    return Figure(id, title, caption, [Panel("", data, layout)], height=300)


def _log_axis(low: float, high: float) -> dict[str, Any]:
    """A logarithmic axis over whole decades."""
    bottom, top = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, (top - bottom) // 5)
    return {"type": "log", "dtick": step, "range": [bottom, max(top, bottom + 1)], "exponentformat": "power"}
