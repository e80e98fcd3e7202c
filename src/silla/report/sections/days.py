"""The day: traffic, load, energy, keys, protection and GPU pools over time."""

from __future__ import annotations

from silla.report.figures.day import power_figure, series_figure, traffic_figure
from silla.report.figures.keys import protection_figure, stock_figure
from silla.report.figures.pools import pool_series, utilisation_figure
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
    over = f"Mean over {n} independent drops in every epoch; bands are 95&nbsp;% intervals"
    wide = [
        traffic_figure(
            stored, f"Traffic that users ask for (dashed) and get. {over}; shading marks bursts and outages."
        ),
        power_figure(
            stored, f"Radio, GPU pools and quantum equipment, stacked on a common scale. Means over {n} drops."
        ),
    ]
    small = [
        series_figure(
            stored,
            "cell_load",
            "Load of the cells",
            f"Mean share of resources in use over all cells. {over}.",
            percent=True,
        ),
        series_figure(stored, "user_rate", "Rate of a user", f"Mean downlink rate of an active user. {over}."),
        series_figure(
            stored, "carbon", "Carbon", f"Grams of CO₂ an hour at the grid's intensity of that hour. {over}."
        ),
        series_figure(
            stored, "energy_per_bit", "Energy per bit", f"Power of everything over bits delivered both ways. {over}."
        ),
    ]
    quantum = [
        stock_figure(
            stored,
            "Secret key bits kept at each end of a link; bands are 95&nbsp;% intervals; shading marks an eavesdropper or a cut.",
        ),
        protection_figure(stored, "Shares of the protected backhaul traffic of all flows in each epoch."),
    ]
    pools = [
        utilisation_figure(stored, "Share of the pool's time spent on baseband and on language models, mean of each epoch."),
        pool_series(stored, "ttft_s", "s", "day-ttft", "Time to first token", "Mean time from a request to its first token, by epoch."),
        pool_series(stored, "deadline_miss", "1", "day-miss", "Missed RAN deadlines", "Share of slots whose baseband was late, by epoch; none at all falls off the logarithmic axis.", type="log", exponentformat="power", rangemode="normal"),
    ]  # fmt: skip
    parts = [f for f in (*wide, *small, *quantum, *pools) if f]
    html = "".join(figure_html(f) for f in wide if f)
    html += "".join(
        f"<h3 class='group'>{title}</h3>{figures_html(group)}"
        for title, group in (("Radio and energy", small), ("Keys and protection", quantum), ("GPU pools", pools))
        if any(group)
    )
    return Section("day", "The day", "Day", _events_html(stored) + html, parts)


def _events_html(stored: Stored) -> str:
    events = stored.table("events")
    if events is None:
        return ""
    words = {"eavesdrop": "an eavesdropper on", "cut": "a cut of", "burst": "a burst of", "outage": "an outage of"}
    items = "".join(
        f"<li><b>{_clock(e['start_s'])} to {_clock(e['end_s'])}</b> {words.get(e['kind'], esc(e['kind']))} {esc(e['target'])}"
        f"{_amount(e)}</li>"
        for e in events.iter_rows(named=True)
    )
    return f'<ul class="events">{items}</ul>'


def _amount(event: dict) -> str:
    if event["kind"] == "burst":
        return f", {event['amount']:g} times the users"
    return f", {event['amount']:.0%} of the pulses" if event["kind"] == "eavesdrop" else ""


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600) % 24:02d}:{int(seconds % 3600 // 60):02d}"
