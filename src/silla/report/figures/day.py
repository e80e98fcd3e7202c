"""The day: traffic, load, power, carbon, keys, protection and GPU pools over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from silla.report.figures.base import (
    Figure,
    Panel,
    Trace,
    band,
    clock,
    clock_axis,
    line,
    plain,
    shapes_of_events,
    variant_styles,
)
from silla.report.stored import Stored
from silla.report.text import scale_of

__all__ = [
    "FIBRE_EVENTS",
    "RADIO_EVENTS",
    "epoch_panel",
    "events_of",
    "last_s",
    "power_figure",
    "series_figure",
    "stack",
    "tabs_of_variants",
    "traffic_figure",
]

RADIO_EVENTS = ("burst", "outage")
FIBRE_EVENTS = ("eavesdrop", "cut")


def events_of(stored: Stored) -> list[dict[str, Any]]:
    """The day's events as records."""
    table = stored.table("events")
    return [] if table is None else table.to_dicts()


def epoch_panel(
    stored: Stored, metric: str, label: str = "", *, percent: bool = False, log: bool = False
) -> Panel | None:
    """One epoch metric over the day, variants overlaid with their 95 % bands; None where it was not stored."""
    epochs = stored.table("epochs")
    mine = None if epochs is None else epochs.filter(pl.col("metric") == metric)
    if mine is None or not mine.height:
        return None
    styles = variant_styles(stored.variants)
    factor, shown = (0.01, "%") if percent else scale_of(mine["mean"].to_list(), str(mine["unit"][0]))
    data: list[Trace] = []
    for v in stored.variants:
        rows = mine.filter(pl.col("variant") == v).sort("t_s")
        if rows.height:
            hours, mean, low, high = _columns(rows, factor)
            data.append(band(hours, low, high, styles[v]["color"], v))
            data.append(line(hours, mean, plain(v), styles[v], legendgroup=v))
    axis = {"type": "log", "dtick": 1, "exponentformat": "none"} if log else {"rangemode": "tozero"}
    layout = {"xaxis": clock_axis(last_s(mine)), "yaxis": {"title": {"text": plain(shown)}} | axis}
    return Panel(label, data, layout | shapes_of_events(events_of(stored), RADIO_EVENTS))


def series_figure(
    stored: Stored,
    metric: str,
    title: str,
    caption: str,
    *,
    percent: bool = False,
    log: bool = False,
    height: int = 300,
) -> Figure | None:
    """A figure of one epoch metric."""
    panel = epoch_panel(stored, metric, percent=percent, log=log)
    if panel is None:
        return None
    return Figure(f"day-{metric.replace('_', '-')}", title, caption, [panel], height=height)


def traffic_figure(stored: Stored, caption: str) -> Figure | None:
    """Offered and served traffic, a tab for each direction."""
    panels = []
    for direction, label in (("downlink", "Downlink"), ("uplink", "Uplink")):
        served = epoch_panel(stored, f"served_{direction}", label)
        if served is None:
            continue
        offered = _offered(stored, f"offered_{direction}", f"served_{direction}")
        panels.append(Panel(label, offered + served.data, served.layout))
    return Figure("day-traffic", "Traffic offered and served", caption, panels, height=330) if panels else None


def _offered(stored: Stored, metric: str, beside: str) -> list[Trace]:
    """Offered traffic as one thin line: it is the same in every variant unless a variant changes the demand."""
    epochs = stored.table("epochs")
    assert epochs is not None
    mine = epochs.filter(pl.col("metric") == metric)
    served = epochs.filter(pl.col("metric") == beside)
    if not mine.height:
        return []
    factor, _ = scale_of(served["mean"].to_list(), str(served["unit"][0]))
    rows = mine.filter(pl.col("variant") == mine["variant"][0]).sort("t_s")
    hours, mean, _, _ = _columns(rows, factor)
    return [
        line(
            hours,
            mean,
            "offered",
            {"color": "$ink", "dash": "dash"},
            line={"color": "$ink", "width": 1.2, "dash": "dash"},
        )
    ]


def power_figure(stored: Stored, caption: str) -> Figure | None:
    """Power of radio, GPUs and quantum equipment stacked, one facet for each variant on a common scale."""
    epochs = stored.table("epochs")
    if epochs is None:
        return None
    parts = (
        ("power_radio", "radio", "$blue"),
        ("power_gpu", "GPU pools", "$orange"),
        ("power_quantum", "quantum", "$purple"),
    )
    total = epochs.filter(pl.col("metric") == "power_total")
    if not total.height:
        return None
    factor, shown = scale_of(total["mean"].to_list(), "W")
    top = 1.06 * float(total["mean"].max()) / factor  # type: ignore[arg-type]
    panels = []
    for v in stored.variants:
        mine = epochs.filter(pl.col("variant") == v)
        if not mine.height:
            continue
        series = {}
        for metric, name, colour in parts:
            rows = mine.filter(pl.col("metric") == metric).sort("t_s")
            if rows.height:
                hours, mean, _, _ = _columns(rows, factor)
                series[name] = (hours, mean, colour)
        yaxis = {"title": {"text": shown}, "range": [0, top]}
        panels.append(Panel(stored.title(v), stack(series), {"xaxis": clock_axis(last_s(mine)), "yaxis": yaxis}))
    legend = tuple((name, colour) for _, name, colour in parts)
    return Figure("day-power", "Electrical power", caption, panels, height=260, facets=True, legend=legend)


def stack(series: dict[str, tuple[Any, Any, str]], *, unit: str = "") -> list[Trace]:
    """Stacked areas: name -> (x, y, colour), drawn from the bottom up."""
    out = []
    for name, (x, y, colour) in series.items():
        style = {"color": colour}
        more = {"stackgroup": "one", "fillcolor": f"{colour}/0.72", "line": {"color": colour, "width": 0.6}}
        out.append(line(x, y, name, style, **more, **({"hovertemplate": f"%{{y:.3g}} {unit}"} if unit else {})))
    return out


def _columns(rows: pl.DataFrame, factor: float) -> tuple[Any, ...]:
    hours = clock(rows["t_s"])
    return (hours, *(rows[c].to_numpy() / factor for c in ("mean", "low", "high")))


def last_s(rows: pl.DataFrame) -> float:
    """End of the last epoch in seconds."""
    t = np.unique(rows["t_s"].to_numpy())
    step = float(t[1] - t[0]) if len(t) > 1 else 3600.0
    return float(t[-1]) + step


def tabs_of_variants(stored: Stored, table: pl.DataFrame, panel: Any) -> list[Panel]:
    """`panel(rows, title)` for each variant with rows in the table, the last first: it has every technology."""
    out: Sequence[str] = [v for v in reversed(stored.variants) if table.filter(pl.col("variant") == v).height]
    return [panel(table.filter(pl.col("variant") == v), v) for v in out]
