"""What each technology contributes: every summary metric of every variant, with its change against the first."""

from __future__ import annotations

import math
from typing import Any

from silla.report.metrics import Change, change
from silla.report.sections.base import Section
from silla.report.sections.headline import lower_is_better, metric_scale, metric_title
from silla.report.stored import Stored
from silla.report.text import esc, interval, number, percent, table

__all__ = ["contribution_section"]


def contribution_section(stored: Stored) -> Section:
    """The table of all summary metrics; with more than one variant, changes against the first as small bars."""
    variants = stored.variants
    metrics = list(dict.fromkeys(m for v in variants for m in stored.summary["variants"].get(v, {})))
    rows = [_row(stored, m) for m in metrics]
    head = ["Metric", *(esc(v) for v in variants)]
    body = table(head, rows, css="contributions stack")
    if len(variants) == 1:
        return Section("results", "Results", "Results", body + f'<p class="note">{_SINGLE}</p>')
    first = esc(stored.title(variants[0]))
    text = (
        f"<p>Each variant adds to or changes the one network; bars and percentages compare it with <b>{first}</b>. "
        "Blue is better, red is worse, a plain bar is neither; grey cannot be told from zero.</p>"
    )
    return Section(
        "contributions", "What each technology contributes", "Variants", text + body + f'<p class="note">{_NOTE}</p>'
    )


_SINGLE = "Mean and 95 % interval over n independent drops."
_NOTE = (
    "Mean and 95 % interval over n independent drops. Intervals of a change add the variants' intervals in quadrature, "
    "as if they were independent; the variants share their random numbers, so the true intervals are narrower."
)


def _row(stored: Stored, metric: str) -> list[str]:
    entries = [stored.summary["variants"].get(v, {}).get(metric) for v in stored.variants]
    about = next((e for e in entries if e), {})
    ns = sorted({int(e["n"]) for e in entries if e and e.get("n")})
    n = f"n = {ns[0]:,}" if len(ns) == 1 else (f"n = {ns[0]:,} to {ns[-1]:,}" if ns else "")
    note = f"<code>{esc(metric)}</code>{' · ' if n else ''}{n}"
    title = f"{esc(metric_title(metric, about))}<small>{note}</small>"
    first = entries[0]
    scale = metric_scale([e for e in entries if e])
    cells = [_cell(e, first if i else None, metric, scale) for i, e in enumerate(entries)]
    return [title, *cells]


Scale = tuple[float, str]
_NOTHING = 1e-9  # shares and changes below this are rounding, not results


def _cell(entry: dict[str, Any] | None, base: dict[str, Any] | None, metric: str, scale: Scale) -> str:
    if not entry or entry["mean"] is None:
        return "–"
    low, high = entry["ci95"]
    unit = entry.get("unit", "")
    text = f'<span class="value">{interval(entry["mean"], low, high, unit, scale)}</span>'
    if not base or base["mean"] is None or None in (*entry["ci95"], *base["ci95"]):
        return text
    base_low, base_high = base["ci95"]
    c = change(base["mean"], base_low, base_high, entry["mean"], low, high)
    return text + _delta(c, unit, metric, scale)


def _delta(c: Change, unit: str, metric: str, scale: Scale) -> str:
    """The change in words and as a bar that grows to the right for more."""
    relative = math.isfinite(c.relative) and unit not in ("dB", "")
    small = abs(c.relative) if relative else abs(c.difference)
    if small < _NOTHING or (unit == "1" and abs(c.difference) < _NOTHING):
        return '<span class="delta">no change</span>'
    as_ratio = relative and not (unit == "1" and scale[1] == "%")
    text, share = _ratio(c) if as_ratio else _difference(c, unit, scale)
    told = c.ratio_significant if as_ratio else c.significant
    lower = lower_is_better(metric)
    better = "neither" if lower is None else ("better" if (c.difference < 0) == lower else "worse")
    style = better if told else "none"
    width, side = 50 * abs(share), "right" if share > 0 else "left"
    bar = f'<span class="bar"><span class="{side} {style}" style="width:{width:.1f}%"></span></span>'
    return f'{bar}<span class="delta {style}">{text}</span>'


def _difference(c: Change, unit: str, scale: Scale) -> tuple[str, float]:
    """Text of a difference, shares in percentage points, and the length of its bar in -1..1."""
    factor, shown = scale
    ends = f"[{number(c.difference_low / factor)}, {number(c.difference_high / factor)}]"
    plus = "+" if c.difference > 0 else ""
    text = f"{plus}{number(c.difference / factor)} {ends} {'points' if shown == '%' else esc(shown)}"
    return text, math.tanh(c.difference / (0.5 if unit == "1" else 10.0 * factor))


def _ratio(c: Change) -> tuple[str, float]:
    """Text of a relative change, as a factor from a doubling on, and the length of its bar: a factor of 4 is 3/4."""
    if c.relative >= 1:
        text = f"× {number(1 + c.relative)} [{number(1 + c.relative_low)}, {number(1 + c.relative_high)}]"
    else:
        ends = f"[{number(100 * c.relative_low)}, {number(100 * c.relative_high)}]"
        text = f"{percent(c.relative, signed=True)} {ends}"
    return text, math.tanh(math.log(1 + c.relative) / math.log(4))
