"""The head of the page: what was simulated, and the numbers that matter, with intervals."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from silla.report.figures.base import variant_styles
from silla.report.sections.base import Section, variant_swatch
from silla.report.stored import Stored
from silla.report.text import esc, metric_name, number, scale_of

__all__ = ["HEADLINES", "facts", "headline_section", "lower_is_better", "metric_scale", "metric_title"]

HEADLINES = (
    "user_rate_downlink_p5", "user_rate_downlink_mean", "day_carried", "energy_per_bit", "energy_total",
    "protected_quantum", "coverage", "served_share_downlink", "served_downlink", "cell_load", "area_traffic",
)  # fmt: skip
_MOST = 6
_LOWER = (
    "energy",
    "carbon",
    "power",
    "miss",
    "ttft",
    "tpot",
    "unsent",
    "unserved",
    "latency",
    "qber",
    "loss",
    "fallback",
)
_NEITHER = ("users", "load", "utilisation", "consumed", "tokens")


def lower_is_better(metric: str) -> bool | None:
    """Whether less of a metric is better, by the words in its key; None where neither is."""
    if any(word in metric for word in _LOWER):
        return True
    return None if metric == "users" or any(word in metric for word in _NEITHER[1:]) else False


def facts(stored: Stored) -> str:
    """One sentence on the size of what was simulated."""
    parts = [*_radio_facts(stored), *_transport_facts(stored), *_time_facts(stored)]
    n = len(stored.variants)
    parts += [f"{n} variants side by side"] if n > 1 else []
    return "; ".join(parts) + "." if parts else ""


def _count(n: int, singular: str, plural: str = "") -> str:
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def _radio_facts(stored: Stored) -> list[str]:
    out = []
    places, cells, users = stored.table("places"), stored.table("cells"), stored.table("users")
    buildings = stored.table("buildings")
    if places is not None and cells is not None:
        sites = places.filter(pl.col("kind") == "site").height
        most = cells.group_by("variant").len()["len"].max()
        carriers = cells["carrier"].n_unique()
        out.append(f"{_count(sites, 'site')} with up to {_count(int(most), 'cell')} on {_count(carriers, 'carrier')}")  # type: ignore[arg-type]
    if buildings is not None:
        out.append(_count(buildings["building"].n_unique(), "building"))
    if users is not None:
        most_users = users.group_by("variant").len()["len"].max()
        out.append(f"{_count(int(most_users), 'user')} in a drop")  # type: ignore[arg-type]
    return out


def _transport_facts(stored: Stored) -> list[str]:
    fibres, links = stored.table("fibres"), stored.table("key_links")
    out = []
    if fibres is not None:
        unique = fibres.unique("id")
        out.append(f"{_count(unique.height, 'fibre')}, {number(float(unique['length_km'].sum()))} km in all")
    if links is not None:
        unique = links.unique(["id", "kind"])
        for kind, name in (("key", "quantum key link"), ("direct", "quantum direct link")):
            n = unique.filter(pl.col("kind") == kind).height
            out += [_count(n, name)] if n else []
    return out


def _time_facts(stored: Stored) -> list[str]:
    out = []
    day, snapshot = stored.scenario.get("day"), stored.scenario.get("snapshot") or {}
    if isinstance(day, dict) and day:
        hours, step, drops = day.get("hours", 24), day.get("step_min", 15), day.get("drops", 10)
        out.append(f"{hours:g} hours in {step:g}-minute epochs of {drops} drops each")
    at = snapshot.get("at", "busy")
    if snapshot.get("drops"):
        out.append(f"{snapshot['drops']} drops at {'the busy hour' if at == 'busy' else at} for the distributions")
    return out


def headline_section(stored: Stored) -> Section:
    """Cards of the headline metrics: mean and 95 % interval of every variant on a common scale."""
    metrics = headline_metrics(stored)
    cards = "".join(_card(stored, m) for m in metrics)
    styles = variant_styles(stored.variants)
    names = "".join(
        f"<li>{variant_swatch(styles[v])}<b>{esc(v)}</b> {esc(stored.title(v)) if stored.title(v) != v else ''}</li>"
        for v in stored.variants
    )
    note = (
        '<p class="note">Mean and 95&nbsp;% interval over independent drops; all numbers are in the table below the '
        "map.</p>"
    )
    variants = f'<ul class="variants">{names}</ul>' if len(stored.variants) > 1 else ""
    return Section("headline", "In short", "In short", f'{variants}<div class="cards">{cards}</div>{note}')


def headline_metrics(stored: Stored) -> list[str]:
    """The metrics shown as cards: the preferred ones that the run has, filled up with the others."""
    present = list(dict.fromkeys(m for v in stored.variants for m in stored.summary["variants"].get(v, {})))
    chosen = [m for m in HEADLINES if m in present]
    return (chosen + [m for m in present if m not in chosen])[:_MOST]


def _card(stored: Stored, metric: str) -> str:
    entries = {v: stored.summary["variants"].get(v, {}).get(metric) for v in stored.variants}
    known = [e for e in entries.values() if e]
    scale = metric_scale(known)
    low, high = _span(known)
    styles = variant_styles(stored.variants)
    rows = "".join(
        _row(v if len(entries) > 1 else "", entries[v], scale, low, high, styles[v]["color"]) for v in stored.variants
    )
    return f'<section class="card"><h3>{esc(metric_title(metric, known[0]))}</h3><dl class="dots">{rows}</dl></section>'


def metric_title(metric: str, entry: dict[str, Any]) -> str:
    """What a metric is, in its own words where it has some."""
    return str(entry.get("description") or metric_name(metric))


def metric_scale(entries: list[dict[str, Any]]) -> tuple[float, str]:
    """Divisor and unit in which all variants of a metric are shown, so that they compare at a glance."""
    unit = entries[0].get("unit", "")
    means = sorted(abs(e["mean"]) for e in entries if e["mean"])
    return (0.01, "%") if unit == "1" and not _is_count(entries) else scale_of(means[len(means) // 2 :][:1], unit)


def _is_count(entries: list[dict[str, Any]]) -> bool:
    """A pure number beyond one is a count, not a share."""
    return any(e["mean"] is not None and abs(e["mean"]) > 1.5 for e in entries)


def _span(entries: list[dict[str, Any]]) -> tuple[float, float]:
    """Common scale of a card's whiskers: from zero where all are positive."""
    values = [float(x) for e in entries for x in (e["mean"], *e["ci95"]) if x is not None and math.isfinite(x)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    low = min(low, 0.0) if low >= 0 else low - 0.05 * (high - low)
    return low, high if high > low else low + 1.0


def _row(
    variant: str, entry: dict[str, Any] | None, scale: tuple[float, str], low: float, high: float, colour: str
) -> str:
    if entry is None or entry["mean"] is None:
        return f'<dt>{esc(variant)}</dt><dd class="none">–</dd>'
    mean, (a, b) = entry["mean"], entry["ci95"]
    factor, shown = scale
    half = ""
    if a is not None and b is not None and b - a > 1e-5 * abs(mean):
        half = f'<span class="half">± {number((b - a) / 2 / factor, 2)}</span>'
    value = f"{number(mean / factor)}\u00a0{esc(shown)}".rstrip("\u00a0")
    dot = _whisker(mean, a, b, low, high, colour)
    return f'<dt>{esc(variant)}</dt><dd>{dot}<span class="value">{value}</span>{half}</dd>'


def _whisker(mean: float, a: float | None, b: float | None, low: float, high: float, colour: str) -> str:
    """A dot with its interval on the card's scale, as inline SVG."""

    def at(value: float) -> float:
        return 4 + 92 * min(max((value - low) / (high - low), 0.0), 1.0)

    name = colour.lstrip("$")
    bar = (
        ""
        if a is None or b is None
        else f'<line x1="{at(a):.1f}%" x2="{at(b):.1f}%" y1="8" y2="8" class="whisker s-{name}"/>'
    )
    rail = f'<line x1="4%" x2="{at(mean):.1f}%" y1="8" y2="8" class="rail"/>'
    dot = f'<circle cx="{at(mean):.1f}%" cy="8" r="4.5" class="f-{name}"/>'
    return f'<svg class="dot" aria-hidden="true">{rail}{bar}{dot}</svg>'
