"""Quantum links: key stocks and protection over the day, and rate against loss beside the PLOB bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from silla.report.encode import rounded
from silla.report.figures.base import Figure, Panel, Trace, band, clock, clock_axis, line, plain, shapes_of_events
from silla.report.figures.day import FIBRE_EVENTS, events_of, last_s, stack, tabs_of_variants
from silla.report.stored import Stored
from silla.report.text import scale_of

__all__ = ["PROTECTION", "protection_figure", "rate_figure", "stock_figure"]

LINKS = ("$blue", "$orange", "$green", "$purple", "$sky", "$vermillion", "$yellow", "$grey")
PROTECTION = (
    ("quantum_bit", "cipher under quantum keys", "$blue"),
    ("one_time_pad_bit", "one-time pad", "$green"),
    ("fallback_bit", "fallback without quantum keys", "$orange"),
    ("unsent_bit", "not sent", "$vermillion"),
)


def link_name(stored: Stored, link: str) -> str:
    """A link's or its fibre's name for people, else its id."""
    fibres, links = stored.table("fibres"), stored.table("key_links")
    fibre = link
    if links is not None:
        found = links.filter(pl.col("id") == link)
        fibre = found["fibre"][0] if found.height else link
    named = None if fibres is None else fibres.filter(pl.col("id") == fibre)
    if named is not None and named.height and named["name"][0] not in ("", link) and fibre == link:
        return f"{link} ({named['name'][0]})"
    return link


_DASHES = ("solid", "dash", "dot")  # for more links than colours


def stock_figure(stored: Stored, caption: str) -> Figure | None:
    """Key bits in stock on each link over the day."""
    table = stored.table("key_day")
    if table is None:
        return None
    links = sorted(table["link"].unique().to_list())

    def panel(rows: pl.DataFrame, title: str) -> Panel:
        factor, shown = scale_of(rows["stock_bit"].to_list(), "bit")
        data: list[Trace] = []
        for i, link in enumerate(links):
            mine = rows.filter(pl.col("link") == link).sort("t_s")
            if mine.height:
                colour = LINKS[i % len(LINKS)]
                hours = clock(mine["t_s"])
                stock, low, high = (mine[c].to_numpy() / factor for c in ("stock_bit", "stock_low", "stock_high"))
                data.append(band(hours, low, high, colour, link))
                style = {"color": colour, "dash": _DASHES[i // len(LINKS) % len(_DASHES)]}
                data.append(line(hours, stock, plain(link_name(stored, link)), style, legendgroup=link))
        yaxis = {"title": {"text": shown}, "rangemode": "tozero"}
        return Panel(title, data, {"xaxis": clock_axis(last_s(rows)), "yaxis": yaxis} | _events(stored))

    return Figure("day-stock", "Keys in stock", caption, tabs_of_variants(stored, table, panel), height=360)


def protection_figure(stored: Stored, caption: str) -> Figure | None:
    """Share of protected traffic under each kind of protection, all flows together."""
    table = stored.table("flow_day")
    if table is None:
        return None
    kinds = [k for k, _, _ in PROTECTION]

    def panel(rows: pl.DataFrame, title: str) -> Panel:
        sums = rows.group_by("t_s").agg(pl.col(kinds).sum()).sort("t_s")
        hours = clock(sums["t_s"])
        total = np.maximum(sum(sums[k].to_numpy() for k in kinds), 1e-300)
        series = {name: (hours, sums[k].to_numpy() / total, colour) for k, name, colour in PROTECTION}
        yaxis = {"tickformat": ".0%", "range": [0, 1]}
        return Panel(
            title, stack(series), {"xaxis": clock_axis(last_s(rows)), "yaxis": yaxis} | _events(stored, outline=True)
        )

    return Figure(
        "day-protection", "What protects the traffic", caption, tabs_of_variants(stored, table, panel), height=340
    )


def _events(stored: Stored, *, outline: bool = False) -> dict[str, Any]:
    return shapes_of_events(events_of(stored), FIBRE_EVENTS, outline=outline)


def _sides(rows: pl.DataFrame, reach_db: float) -> list[str]:
    """Labels below the points, and above where the point to the left is near."""
    out: list[str] = []
    loss, rate = rows["loss_db"].to_list(), np.log10(rows["rate_bit_per_s"].to_numpy())
    for i in range(rows.height):
        near = i > 0 and loss[i] - loss[i - 1] < 0.16 * reach_db and abs(rate[i] - rate[i - 1]) < 0.7
        out.append("top center" if near and out[-1] == "bottom center" else "bottom center")
    return out


def rate_figure(stored: Stored, caption: str) -> Figure | None:
    """Rate of every quantum link against its loss, with the repeaterless bound of the same link above it."""
    table = stored.table("key_links")
    if table is None:
        return None
    variant = table["variant"][-1]
    # Loss of a fibre sets what a fibre can carry; satellites have a figure of their own.
    mine = table.filter((pl.col("variant") == variant) & (pl.col("kind") != "satellite")).sort("loss_db")
    if not mine.height:
        return None
    reach = max(float(mine["loss_db"].max()), 1.0)  # type: ignore[arg-type]
    data: list[Trace] = []
    bound = mine.filter(pl.col("plob_bit_per_s") > 0)
    data.append(
        {"type": "scatter", "mode": "lines+markers", "name": "PLOB bound"}
        | {"x": rounded(bound["loss_db"]), "y": rounded(bound["plob_bit_per_s"])}
        | {"line": {"color": "$grey", "dash": "dot", "width": 1.5}, "marker": {"color": "$grey", "size": 5}}
        | {"hovertemplate": "%{x:.3g} dB: at most %{y:.3s}bit/s<extra></extra>"}
    )
    for kind, name, colour, symbol in (
        ("key", "key link", "$blue", "circle"),
        ("direct", "direct communication", "$purple", "diamond"),
        ("air", "key link through the air, by night", "$green", "square"),
    ):
        rows = mine.filter((pl.col("kind") == kind) & (pl.col("rate_bit_per_s") > 0))
        if rows.height:
            data.append(
                {"type": "scatter", "mode": "markers+text", "name": name, "x": rounded(rows["loss_db"])}
                | {
                    "y": rounded(rows["rate_bit_per_s"]),
                    "text": [plain(i) for i in rows["id"]],
                    "textposition": _sides(rows, reach),
                }
                | {"marker": {"color": colour, "size": 10, "symbol": symbol}, "textfont": {"size": 11}}
                | {"hovertemplate": "%{text}<br>%{x:.3g} dB, %{y:.3s}bit/s<extra></extra>"}
            )
    layout = {
        "xaxis": {"title": {"text": "loss of the fibre (dB)"}, "range": [-0.08 * reach, 1.08 * reach]},
        "yaxis": {"title": {"text": "bit/s"}, "type": "log", "dtick": 1, "exponentformat": "power"},
        "hovermode": "closest",
    }
    return Figure("key-rates", "Rate against loss", caption, [Panel("", data, layout)], height=440)
