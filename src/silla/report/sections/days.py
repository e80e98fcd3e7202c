"""The day: traffic, load, energy, keys, protection and GPU pools over time."""

from __future__ import annotations

import numpy as np
import polars as pl

from silla.report.figures.base import Figure
from silla.report.figures.day import power_figure, series_figure, traffic_figure
from silla.report.figures.keys import protection_figure, stock_figure
from silla.report.figures.pools import pool_series, utilisation_figure
from silla.report.figures.quantum_day import message_figure, pass_figure, state_figure
from silla.report.sections.base import Section, figure_html, figures_html
from silla.report.stored import Stored
from silla.report.text import esc

__all__ = ["day_section"]


def day_section(stored: Stored) -> Section | None:
    """Figures over time; None where the run has no day."""
    epochs = stored.table("epochs")
    if epochs is None:
        return None
    n = int(epochs["n"].max())  # type: ignore[arg-type]
    over = f"Mean over n = {n} independent days; bands are 95&nbsp;% intervals"
    groups = [_radio(stored, over), _keys(stored, n), _pools(stored, n)]
    html = "".join(
        f"<h3 class='group'>{title}</h3>"
        + (reroutes_html(stored) if title.startswith("Keys") else "")
        + "".join(figure_html(f) for f in wide if f)
        + figures_html(small)
        for title, wide, small in groups
        if any(wide) or any(small)
    )
    figures = [f for _, wide, small in groups for f in (*wide, *small) if f]
    return Section("day", "The day", "Day", _events_html(stored) + html, figures)


_MOST_LINES = 10  # of reroutes
Group = tuple[str, list[Figure | None], list[Figure | None]]


def _radio(stored: Stored, over: str) -> Group:
    wide = [
        traffic_figure(
            stored, f"Traffic that users ask for (dashed) and get. {over}; shading marks bursts and outages."
        ),
        power_figure(stored, f"Radio, GPU pools and quantum equipment, stacked, on one scale. {over.split(';')[0]}."),
    ]
    small = [
        series_figure(
            stored,
            "cell_load",
            "Load of the cells",
            f"Mean share of resources in use, over all cells. {over}.",
            percent=True,
        ),
        series_figure(stored, "user_rate", "Throughput of a user", f"Mean over the active users, downlink. {over}."),
        series_figure(
            stored, "carbon", "Carbon", f"Grams of CO₂ an hour at the grid's intensity of that hour. {over}."
        ),
        series_figure(
            stored,
            "energy_per_bit",
            "Energy per bit",
            f"All power over the bits carried both ways, on a logarithmic axis. {over}.",
            log=True,
        ),
    ]
    return "Traffic and energy", wide, small


def _keys(stored: Stored, n: int) -> Group:
    stock = (
        f"Secret key bits kept at each end of a link at the end of an epoch, mean over n = {n} days with 95&nbsp;% "
        "intervals; shading marks an eavesdropper or a cut."
    )
    shares = (
        f"Shares of the protected backhaul traffic of all flows, mean over n = {n} days; the dotted span marks an "
        "eavesdropper or a cut."
    )
    states = (
        "What each link does over the day. Compromised: keys or messages are made as ever, and somebody else has them; "
        "no pass: no satellite above the station."
    )
    messages = (
        "Messages between places by what carried them, all messages together; the dotted line is what waits at the "
        "end of an epoch."
    )
    sky = (
        "Secret key of each passage, as one block with its finite statistics; larger points pass higher. By day the "
        "sky is too bright, and clouds let nothing through."
    )
    figures = [
        stock_figure(stored, stock),
        protection_figure(stored, shares),
        message_figure(stored, messages),
        pass_figure(stored, sky),
    ]
    return "Keys, messages and protection", [state_figure(stored, states)], figures


def _pools(stored: Stored, n: int) -> Group:
    mean = f"mean of each epoch over n = {n} days"
    wide = [utilisation_figure(stored, f"Share of the pool's time spent on baseband and on language models, {mean}.")]
    small = [
        pool_series(
            stored, "ttft_s", "s", "day-ttft", "Time to first token", f"From a request to its first token, {mean}."
        ),
        pool_series(
            stored, "deadline_miss", "1", "day-miss", "Missed RAN deadlines",
            f"Share of slots whose baseband is late, {mean}; below 10⁻⁹ it is left out.", floor=1e-9,
        ),
    ]  # fmt: skip
    return "GPU pools", wide, small


def reroutes_html(stored: Stored) -> str:
    """When keys of a flow came over other links than usual, in the last variant; nothing where they never did."""
    use = stored.table("key_use")
    if use is None or not use.height:
        return ""
    mine = use.filter(pl.col("variant") == use["variant"][-1])
    items = [line for flow in mine["flow"].unique(maintain_order=True) for line in _reroutes(mine, flow)]
    more = f"<li>and {len(items) - _MOST_LINES} more</li>" if len(items) > _MOST_LINES else ""
    return f'<ul class="events">{"".join(items[:_MOST_LINES])}{more}</ul>' if items else ""


def _reroutes(use: pl.DataFrame, flow: str) -> list[str]:
    """One line for every stretch of epochs whose set of links is not the most frequent one."""
    sets: dict[float, frozenset[str]] = {}
    for (t,), rows in use.filter(pl.col("flow") == flow).sort("t_s").group_by(["t_s"], maintain_order=True):
        carries = rows.filter(pl.col("used_bit") > 0.05 * rows["used_bit"].max())  # type: ignore[operator]
        sets[float(t)] = frozenset(carries["link"])  # type: ignore[arg-type]
    usual = max(set(sets.values()), key=lambda s: (list(sets.values()).count(s), sorted(s)))
    times = np.array(sorted(sets))
    step = float(np.diff(times).min()) if len(times) > 1 else 3600.0
    stretches: list[tuple[float, float, frozenset[str]]] = []
    for t in times:
        if sets[t] == usual:
            continue
        if stretches and stretches[-1][2] == sets[t] and abs(stretches[-1][1] - t) < 1e-6:
            stretches[-1] = (stretches[-1][0], t + step, sets[t])
        else:
            stretches.append((t, t + step, sets[t]))
    return [
        f"<li><b>{_clock(a)} to {_clock(b)}</b> keys of {esc(flow)} over {esc(', '.join(sorted(links)))} "
        f"instead of {esc(', '.join(sorted(usual)))}</li>"
        for a, b, links in stretches
    ]


def _events_html(stored: Stored) -> str:
    events = stored.table("events")
    if events is None:
        return ""
    words = {
        "eavesdrop": "an eavesdropper on",
        "cut": "a cut of",
        "burst": "a burst of",
        "outage": "an outage of",
        "weather": "the sky changes over",
    }
    items = "".join(
        f"<li><b>{_clock(e['start_s'])} to {_clock(e['end_s'])}</b> {words.get(e['kind'], esc(e['kind']))} "
        f"{esc(e['target'])}{_amount(e)}</li>"
        for e in events.iter_rows(named=True)
    )
    return f'<ul class="events">{items}</ul>'


def _amount(event: dict) -> str:
    if event["kind"] == "burst":
        return f", {event['amount']:g} times the users"
    detail = event.get("detail") or "intercept-resend"  # results of earlier versions knew one attack
    if event["kind"] == "eavesdrop":
        return f", {esc(detail)} on {event['amount']:.0%} of the pulses"
    return f" to {esc(detail)}" if event["kind"] == "weather" else ""


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600) % 24:02d}:{int(seconds % 3600 // 60):02d}"
