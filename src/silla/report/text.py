"""Numbers and words for people: escaping, units with prefixes, intervals, small HTML tables."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

__all__ = [
    "badge",
    "esc",
    "interval",
    "metric_name",
    "number",
    "percent",
    "quantity",
    "scale_of",
    "share_or_quantity",
    "table",
]

_PREFIXED = {"bit/s", "bit", "W", "Wh", "J", "J/bit", "Hz", "s", "B", "bit/s/m2", "bit/J"}
_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}
_POWERS = {"u": 1e-6} | {text: 10.0**power for power, text in _PREFIXES.items()}
_SHOWN = {"bit/s/m2": "bit/s/m²", "degC": "°C", "deg": "°", "g/m3": "g/m³", "1/s": "/s", "1/km2": "/km²"}
_WORDS = {
    "sinr": "SINR", "rsrp": "RSRP", "gpu": "GPU", "ran": "RAN", "ai": "AI", "ttft": "TTFT", "tpot": "TPOT",
    "qber": "QBER", "co2": "CO₂", "p5": "5th percentile", "p50": "median", "p95": "95th percentile", "los": "LOS",
}  # fmt: skip


def esc(value: object) -> str:
    """Text that is safe inside HTML and inside a quoted attribute."""
    return html.escape(str(value), quote=True)


def number(value: float | None, digits: int = 3) -> str:
    """A number with `digits` significant digits, thousands set apart, a true minus sign.

    >>> number(12345.678), number(-0.001234), number(float("nan"))
    ('12\\u202f300', '−0.00123', '–')
    """
    if value is None or not math.isfinite(value):
        return "–" if value is None or math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == 0:
        return "0"
    exponent = int(f"{value:.{digits - 1}e}".split("e")[1])  # of the rounded value: 9.996 is 10.0
    if exponent >= 7 or exponent < -4:
        mantissa = f"{value / 10**exponent:.{digits - 1}f}".replace("-", "−")
        return f"{mantissa}×10{_superscript(exponent)}"
    rounded = round(value, digits - 1 - exponent)
    text = f"{rounded:,.{max(0, digits - 1 - exponent)}f}"
    if "." in text and abs(rounded) >= 10 ** (digits - 1):
        text = text.rstrip("0").rstrip(".")
    return text.replace(",", "\u202f").replace("-", "−")


def _superscript(n: int) -> str:
    return str(n).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def base_unit(unit: str) -> tuple[float, str]:
    """Factor and unit without prefix: ``"Mbit/s" -> (1e6, "bit/s")``; units that take no prefix stay as they are."""
    if unit not in _PREFIXED and unit[1:] in _PREFIXED and unit[0] in _POWERS:
        return _POWERS[unit[0]], unit[1:]
    return 1.0, unit


def scale_of(values: Iterable[float | None], unit: str) -> tuple[float, str]:
    """Divisor and prefixed unit that suit the largest of `values`: ``([2e9], "bit/s") -> (1e9, "Gbit/s")``.

    The values may be in a prefixed unit themselves: ``([2e3], "Mbit/s") -> (1e3, "Gbit/s")``.
    """
    if unit == "1":
        return 1.0, ""
    factor, base = base_unit(unit)
    shown = _SHOWN.get(base, base)
    finite = [abs(v) * factor for v in values if v is not None and math.isfinite(v) and v != 0]
    if base not in _PREFIXED or not finite:
        return 1.0, _SHOWN.get(unit, unit)
    power = 3 * math.floor(math.log10(max(finite)) / 3 + 1e-9)
    power = min(max(power, -15), 15)
    if (base == "s" and power > 0) or (base in ("bit", "bit/s", "B") and power < 0):  # no thousandths of a bit
        power = 0
    return 10.0**power / factor, f"{_PREFIXES[power]}{shown}"


def quantity(value: float | None, unit: str, digits: int = 3) -> str:
    """A number with its unit, prefixed where that is usual: ``(2.5e9, "bit/s") -> "2.50 Gbit/s"``."""
    if value is None or not math.isfinite(value):
        return number(value)
    factor, shown = scale_of([value], unit)
    return f"{number(value / factor, digits)}\u00a0{shown}".rstrip("\u00a0")


def exact(value: float, unit: str) -> str:
    """A number that somebody set, with all its digits: ``(20e9, "bit/s") -> "20 Gbit/s"``."""
    factor, shown = scale_of([value], unit)
    number_ = f"{value / factor:.10g}" if value < 1e5 * factor else f"{value / factor:,.0f}".replace(",", "\u202f")
    return f"{number_}\u00a0{shown}".rstrip("\u00a0")


def share_or_quantity(value: float | None, unit: str) -> str:
    """A pure number as a percentage, anything else as a quantity."""
    return percent(value) if unit == "1" and value is not None else quantity(value, unit)


def interval(
    mean: float, low: float | None, high: float | None, unit: str, scale: tuple[float, str] | None = None
) -> str:
    """Mean with its 95 % interval in one prefix: ``2.50 [2.41, 2.60] Gbit/s``; shares in per cent.

    An open end is shown as infinity; an interval that the digits do not show, as the mean alone.
    """
    factor, shown = scale or ((0.01, "%") if unit == "1" else scale_of([mean], unit))
    if unit == "1" and abs(mean) < 1e-9:
        mean = low = high = 0.0
    ends = [-math.inf if low is None else low, math.inf if high is None else high]
    digits = _digits(mean, ends)
    parts = [number(v / factor, digits) for v in (mean, *ends)]
    if parts[1] == parts[2]:
        return f"{number(mean / factor)}\u00a0{shown}".rstrip("\u00a0")
    return f"{parts[0]} [{parts[1]}, {parts[2]}]\u00a0{shown}".rstrip("\u00a0")


def _digits(mean: float, ends: list[float]) -> int:
    """Significant digits that show a narrow interval: three or four."""
    width = ends[1] - ends[0]
    return 4 if math.isfinite(width) and 0 < width < 0.02 * abs(mean) else 3


def percent(share: float, *, signed: bool = False) -> str:
    """A share in per cent: ``0.123 -> "12.3 %"``, with a sign where it is a change."""
    if not math.isfinite(share):
        return "–"
    sign = "+" if signed and share > 0 else ""
    return f"{sign}{number(100 * share)}\u00a0%"


def metric_name(key: str) -> str:
    """A metric's key as words: ``"user_rate_p5" -> "User rate 5th percentile"``."""
    words = [_WORDS.get(w, w) for w in key.split("_")]
    return words[0][:1].upper() + words[0][1:] + ("" if len(words) == 1 else " " + " ".join(words[1:]))


def badge(text: str, kind: str) -> str:
    """A small label of a style named in the style sheet."""
    return f'<span class="badge badge-{esc(kind)}">{esc(text)}</span>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, css: str = "", caption: str = "") -> str:
    """An HTML table of cells that are HTML already; the first cell of a row is its heading.

    Every cell carries its column's name, which the phone layout shows beside it.
    """
    titles = [h.split("<")[0] for h in head]
    out = ["<thead><tr>", *(f'<th scope="col">{h}</th>' for h in head), "</tr></thead><tbody>"]
    for row in rows:
        first, *rest = row
        cells = (f'<td data-label="{t}">{c}</td>' for t, c in zip(titles[1:], rest, strict=True))
        out.append(f'<tr><th scope="row">{first}</th>{"".join(cells)}</tr>')
    title = f"<caption>{caption}</caption>" if caption else ""
    return f'<div class="table-box" tabindex="0"><table class="{css}">{title}{"".join(out)}</tbody></table></div>'
