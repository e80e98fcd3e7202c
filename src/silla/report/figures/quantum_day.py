"""Quantum links over the day: their states, direct messages and what carried them, passages of satellites."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from silla.report.encode import rounded
from silla.report.figures.base import Figure, Panel, Trace, clock, clock_axis, line, plain, shapes_of_events
from silla.report.figures.day import FIBRE_EVENTS, events_of, last_s, stack, tabs_of_variants
from silla.report.stored import Stored
from silla.report.text import scale_of

__all__ = ["message_figure", "pass_figure", "state_figure"]

_STATES = {
    "up": "$green",
    "no pass": "$grey/0.25",
    "no key": "$grey",
    "eavesdropped": "$orange",
    "cut": "$vermillion",
    "compromised": "$purple",
}
_CARRIED = (
    ("quantum_bit", "quantum channel", "$blue"),
    ("keys_bit", "one-time pad from key stocks", "$green"),
    ("post_quantum_bit", "post-quantum encryption", "$orange"),
    ("lost_bit", "lost", "$vermillion"),
)


_HOVER = "%{{y}}: {state}%{{customdata[2]}}, %{{customdata[0]}} to %{{customdata[1]}}<extra></extra>"


def state_figure(stored: Stored, caption: str) -> Figure | None:
    """Every quantum link's state over the day, as bars on one row for each link."""
    tables = [t for t in (stored.table("key_day"), stored.table("direct_day")) if t is not None]
    if not tables:
        return None
    both = pl.concat([t.select("variant", "link", "t_s", "state") for t in tables])
    if (both["state"] == "up").all():
        return None  # nothing happened: a green field says nothing
    step = float(np.diff(np.unique(both["t_s"].to_numpy()))[0]) if both["t_s"].n_unique() > 1 else 3600.0
    attacks = _attacks(stored)

    def panel(rows: pl.DataFrame, title: str) -> Panel:
        links = list(dict.fromkeys(rows["link"].to_list()))[::-1]
        data: list[Trace] = []
        for state, colour in _STATES.items():
            spans = [s for link in links for s in _spans(rows.filter(pl.col("link") == link), state, step)]
            if not spans:
                continue
            data.append(
                {"type": "bar", "orientation": "h", "name": state, "marker": {"color": colour}}
                | {"y": [plain(s[0]) for s in spans], "base": [clock([s[1]])[0] for s in spans]}
                | {"x": [round(1000 * (s[2] - s[1])) for s in spans]}
                | {"customdata": [[_hm(s[1]), _hm(s[2]), _by(attacks, s, state)] for s in spans], "width": 0.7}
                | {"hovertemplate": _HOVER.format(state=state)}
            )
        order = [plain(link) for link in links]
        yaxis = {"categoryorder": "array", "categoryarray": order, "automargin": True, "showgrid": False}
        layout = {"xaxis": clock_axis(last_s(rows)), "yaxis": yaxis, "barmode": "overlay", "hovermode": "closest"}
        return Panel(title, data, layout)

    height = 140 + 26 * both["link"].n_unique()
    return Figure("link-states", "State of the links", caption, tabs_of_variants(stored, both, panel), height=height)


_Attack = tuple[float, float, str]  # start, end, kind


def _attacks(stored: Stored) -> dict[str, list[_Attack]]:
    """What was done to each link and when; that of a fibre is done to every link on it."""
    links = stored.table("key_links")
    over: dict[str, set[str]] = {}
    for ident, fibre in [] if links is None else links.select("id", "fibre").iter_rows():
        over.setdefault(fibre, set()).add(ident)
    out: dict[str, list[_Attack]] = {}
    for e in events_of(stored):
        if e["kind"] == "eavesdrop":
            for link in {e["target"], *over.get(e["target"], ())}:
                out.setdefault(link, []).append((e["start_s"], e["end_s"], e["detail"]))
    return out


def _by(attacks: dict[str, list[_Attack]], span: tuple[str, float, float], state: str) -> str:
    """ " (blinding)" for a stretch under that attack, else nothing."""
    if state not in ("eavesdropped", "compromised"):
        return ""
    kinds = dict.fromkeys(kind for a, b, kind in attacks.get(span[0], ()) if a < span[2] and span[1] < b)
    return f" ({plain(', '.join(kinds))})" if kinds else ""


def _spans(rows: pl.DataFrame, state: str, step: float) -> list[tuple[str, float, float]]:
    """(link, start, end) of every stretch in one state."""
    out: list[tuple[str, float, float]] = []
    for link, t in rows.filter(pl.col("state") == state).sort("t_s").select("link", "t_s").iter_rows():
        if out and abs(out[-1][2] - t) < 1e-6:
            out[-1] = (link, out[-1][1], t + step)
        else:
            out.append((link, t, t + step))
    return out


def message_figure(stored: Stored, caption: str) -> Figure | None:
    """Direct messages between places: bits by what carried them, and what waits."""
    table = stored.table("message_day")
    if table is None or not table.height:
        return None
    kinds = [k for k, _, _ in _CARRIED]

    def panel(rows: pl.DataFrame, title: str) -> Panel:
        sums = rows.group_by("t_s").agg(pl.col([*kinds, "waiting_bit"]).sum()).sort("t_s")
        hours = clock(sums["t_s"])
        top = [*sums.select(pl.sum_horizontal(kinds)).to_series().to_list(), *sums["waiting_bit"].to_list()]
        factor, shown = scale_of(top, "bit")
        series = {
            name: (hours, sums[k].to_numpy() / factor, colour)
            for k, name, colour in _CARRIED
            if sums[k].max() > 0  # type: ignore[operator]
        }
        data = stack(series)
        if sums["waiting_bit"].max() > 0:  # type: ignore[operator]
            waiting = sums["waiting_bit"].to_numpy() / factor
            data.append(line(hours, waiting, "waiting", {"color": "$ink", "dash": "dot"}))
        yaxis = {"title": {"text": f"{shown} per epoch"}, "rangemode": "tozero"}
        spans = shapes_of_events(events_of(stored), FIBRE_EVENTS, outline=True)
        return Panel(title, data, {"xaxis": clock_axis(last_s(rows)), "yaxis": yaxis} | spans)

    return Figure("day-messages", "Direct messages", caption, tabs_of_variants(stored, table, panel), height=340)


def pass_figure(stored: Stored, caption: str) -> Figure | None:
    """Passages of satellites: keys of each over the day, one colour for each station, the sky in words."""
    table = stored.table("passes")
    if table is None or not table.height:
        return None
    mine = table.filter(pl.col("variant") == table["variant"][-1]).sort("culmination_s")
    factor, shown = scale_of(mine["key_bit"].to_list(), "bit")
    colours = ("$blue", "$orange", "$green", "$purple", "$sky", "$vermillion")
    data: list[Trace] = []
    for i, link in enumerate(mine["link"].unique(maintain_order=True).to_list()):
        rows = mine.filter(pl.col("link") == link)
        about = [_about(r) for r in rows.iter_rows(named=True)]
        data.append(
            {"type": "scatter", "mode": "markers", "name": plain(f"{link} ({rows['station'][0]})")}
            | {"x": clock(rows["culmination_s"]), "y": rounded(rows["key_bit"] / factor), "customdata": about}
            | {"marker": {"color": colours[i % len(colours)], "size": rounded(6 + rows["max_elevation_deg"] / 6)}}
            | {"hovertemplate": "%{customdata}<extra></extra>"}
        )
    yaxis: dict[str, Any] = {"title": {"text": f"key of the passage ({shown})"}, "rangemode": "tozero"}
    last = max(float(mine["set_s"].max()), 86_400.0)  # type: ignore[arg-type]
    layout = {"xaxis": clock_axis(last), "yaxis": yaxis, "hovermode": "closest"}
    layout |= shapes_of_events(events_of(stored), ("weather",))
    return Figure("satellite-passes", "Passages of satellites", caption, [Panel("", data, layout)], height=320)


def _about(row: dict[str, Any]) -> str:
    keys = f"{row['key_bit']:,.0f} key bits" if row["key_bit"] > 0 else "no key"
    return (
        f"{_hm(row['culmination_s'])}, {plain(row['satellite'])} at {row['max_elevation_deg']:.0f}°, "
        f"{row['light']}, {row['weather']}<br>{row['loss_db']:.1f} dB at best, {keys}"
    )


def _hm(seconds: float) -> str:
    return f"{int(seconds // 3600) % 24:02d}:{int(seconds % 3600 // 60):02d}"
