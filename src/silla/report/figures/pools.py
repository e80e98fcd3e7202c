"""GPU pools over the day: who uses them, and what their users notice."""

from __future__ import annotations

from typing import Any

import polars as pl

from silla.report.figures.base import Figure, Panel, Trace, clock_axis, line, plain, shapes_of_events, variant_styles
from silla.report.figures.day import RADIO_EVENTS, _end, events_of, stack
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
            hours = rows["t_s"].to_numpy() / 3600.0
            series = {
                "RAN": (hours, rows["utilisation_ran"].to_numpy(), "$blue"),
                "AI": (hours, rows["utilisation_ai"].to_numpy(), "$orange"),
            }
            title = stored.title(v) if len(pools) == 1 else f"{pool}: {stored.title(v)}"
            layout = {"xaxis": clock_axis(_end(rows)), "yaxis": {"tickformat": ".0%", "range": [0, 1]}}
            panels.append(Panel(title, stack(series), layout))
    legend = (("baseband of the RAN", "$blue"), ("language models", "$orange"))
    return Figure("day-pools", "GPU pools: RAN and AI", caption, panels, height=240, facets=True, legend=legend)


def pool_series(
    stored: Stored, column: str, unit: str, id: str, title: str, caption: str, **axis: Any
) -> Figure | None:
    """One column of `pool_day` over the day, a line for each variant and pool."""
    table = stored.table("pool_day")
    if table is None or column not in table.columns or table[column].is_null().all():
        return None
    styles = variant_styles(stored.variants)
    finite = table.filter(pl.col(column).is_finite())
    factor, shown = scale_of(finite[column].to_list(), unit)
    pools = table["pool"].unique(maintain_order=True).to_list()
    data: list[Trace] = []
    for v in stored.variants:
        for pool in pools:
            rows = table.filter((pl.col("variant") == v) & (pl.col("pool") == pool)).sort("t_s")
            if rows.height:
                name = stored.title(v) if len(pools) == 1 else f"{pool}: {stored.title(v)}"
                data.append(
                    line(rows["t_s"].to_numpy() / 3600.0, rows[column].to_numpy() / factor, plain(name), styles[v])
                )
    yaxis = {"title": {"text": plain(shown)}, "rangemode": "tozero"} | axis
    layout = {"xaxis": clock_axis(_end(table)), "yaxis": yaxis} | shapes_of_events(events_of(stored), RADIO_EVENTS)
    return Figure(id, title, caption, [Panel("", data, layout)], height=300)
