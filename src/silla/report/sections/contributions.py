"""What each technology contributes: every summary metric of every variant, with its change against the first."""

from __future__ import annotations

import math
from typing import Any

from silla.report.metrics import Change, change
from silla.report.sections.base import Section
from silla.report.sections.headline import lower_is_better
from silla.report.stored import Stored
from silla.report.text import esc, interval, metric_name, number, percent, table

__all__ = ["contribution_section"]


def contribution_section(stored: Stored) -> Section:
    """The table of all summary metrics; with more than one variant, changes against the first as small bars."""
    variants = stored.variants
    metrics = list(dict.fromkeys(m for v in variants for m in stored.summary["variants"].get(v, {})))
    rows = [_row(stored, m) for m in metrics]
    head = ["Metric", *(esc(v) for v in variants)]
    body = table(head, rows, css="contributions")
    if len(variants) == 1:
        return Section("results", "Results", "Results", body + f'<p class="note">{_SINGLE}</p>')
    first = esc(stored.title(variants[0]))
    text = (
        f"<p>Each variant adds to or changes the one network; bars and percentages compare it with <b>{first}</b>. "
        "Blue is better, red is worse, grey cannot be told from zero.</p>"
    )
    return Section(
        "contributions", "What each technology contributes", "Variants", text + body + f'<p class="note">{_NOTE}</p>'
    )


_SINGLE = "Mean and 95 % interval over n independent drops."
_NOTE = (
    "Mean and 95 % interval over n independent drops. Intervals of a change add the variants' intervals in quadrature, as "
    "if they were independent; the variants share their random numbers, so the true intervals are narrower."
)


def _row(stored: Stored, metric: str) -> list[str]:
    entries = [stored.summary["variants"].get(v, {}).get(metric) for v in stored.variants]
    about = next((e for e in entries if e), {})
    ns = sorted({int(e["n"]) for e in entries if e and e.get("n")})
    n = f"n = {ns[0]:,}" if len(ns) == 1 else (f"n = {ns[0]:,} to {ns[-1]:,}" if ns else "")
    title = f"{esc(metric_name(metric))}<small>{esc(about.get('description', ''))}{' · ' if n else ''}{n}</small>"
    first = entries[0]
    cells = [_cell(e, first if i else None, metric) for i, e in enumerate(entries)]
    return [title, *cells]


def _cell(entry: dict[str, Any] | None, base: dict[str, Any] | None, metric: str) -> str:
    if not entry or entry["mean"] is None:
        return "–"
    low, high = (math.nan if v is None else v for v in entry["ci95"])
    unit = entry.get("unit", "")
    scaled = 100.0 if unit == "1" else 1.0
    text = interval(entry["mean"] * scaled, low * scaled, high * scaled, "%" if unit == "1" else unit)
    if not base or base["mean"] is None:
        return f'<span class="value">{text}</span>'
    base_low, base_high = (math.nan if v is None else v for v in base["ci95"])
    c = change(base["mean"], base_low, base_high, entry["mean"], low, high)
    return f'<span class="value">{text}</span>{_delta(c, unit, metric)}'


def _delta(c: Change, unit: str, metric: str) -> str:
    """The change in words and as a bar that grows to the right for more."""
    if c.difference == 0:
        return '<span class="delta">no change</span>'
    better = (c.difference < 0) == lower_is_better(metric)
    style = "none" if not c.significant else ("better" if better else "worse")
    if unit in ("1", "dB", "") or not math.isfinite(c.relative):
        factor, shown = (100.0, "points") if unit == "1" else (1.0, unit)
        ends = f"[{number(c.difference_low * factor)}, {number(c.difference_high * factor)}]"
        plus = "+" if c.difference > 0 else ""
        text = f"{plus}{number(c.difference * factor)} {ends} {esc(shown)}"
        share = math.tanh(c.difference / (0.5 if unit == "1" else 10.0))
    else:
        text = f"{percent(c.relative, signed=True)} [{number(100 * c.relative_low)}, {number(100 * c.relative_high)}]"
        if c.relative >= 1:
            text = f"× {number(1 + c.relative)} [{number(1 + c.relative_low)}, {number(1 + c.relative_high)}]"
        share = math.tanh(math.log(1 + c.relative) / math.log(4))
    width, side = 50 * abs(share), "right" if share > 0 else "left"
    bar = f'<span class="bar"><span class="{side} {style}" style="width:{width:.1f}%"></span></span>'
    return f'{bar}<span class="delta {style}">{text}</span>'
