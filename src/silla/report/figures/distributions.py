"""Distribution functions: coupling loss, SINR, rates; variants overlaid, a tab for each carrier."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from silla.report.encode import rounded
from silla.report.figures.base import Figure, Panel, Trace, band, plain, variant_styles
from silla.report.metrics import thin
from silla.report.stored import Stored
from silla.report.text import esc, metric_name, scale_of

__all__ = ["distribution_figures"]

_ORDER = ("coupling_loss", "geometry_sinr", "sinr_downlink", "sinr_uplink", "rate_downlink", "rate_uplink")
_TITLES = {
    "coupling_loss": "Coupling loss to the serving cell",
    "geometry_sinr": "Geometry SINR (all cells at full power)",
    "sinr_downlink": "Downlink SINR at the cells' load",
    "sinr_uplink": "Uplink SINR",
    "rate_downlink": "Downlink throughput of a user",
    "rate_uplink": "Uplink throughput of a user",
}
_WHOLE = ("", "all")


def distribution_figures(stored: Stored) -> list[Figure]:
    """One figure for each metric of the `distribution` table."""
    table = stored.table("distribution")
    if table is None:
        return []
    present = table["metric"].unique().to_list()
    metrics = [m for m in _ORDER if m in present] + sorted(set(present) - set(_ORDER))
    return [_figure(stored, table.filter(pl.col("metric") == m), m) for m in metrics]


def _figure(stored: Stored, table: pl.DataFrame, metric: str) -> Figure:
    common = table.group_by("carrier").agg(pl.col("variant").n_unique().alias("variants"))
    shared = dict(common.iter_rows())  # carriers that all variants have come first
    carriers = sorted(shared, key=lambda c: (c not in _WHOLE, -shared[c], c))
    panels = [_panel(stored, table.filter(pl.col("carrier") == c), c) for c in carriers]
    low, high = int(table["n"].min()), int(table["n"].max())  # type: ignore[arg-type]
    n = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    caption = (
        f"Share of users at or below a value, mean over n = {esc(n)} independent drops of the busy hour; the band is "
        "the 95&nbsp;% interval of that mean."
    )
    title = _TITLES.get(metric, metric_name(metric))
    return Figure(f"cdf-{metric.replace('_', '-')}", title, caption, panels, height=330)


def _panel(stored: Stored, table: pl.DataFrame, carrier: str) -> Panel:
    styles = variant_styles(stored.variants)
    unit = str(table["unit"][0])
    is_rate = unit.endswith("bit/s")
    factor, shown = scale_of(table.filter(pl.col("cdf") <= 0.5)["value"].to_list() or [1.0], unit)
    data: list[Trace] = []
    for v in stored.variants:
        mine = table.filter(pl.col("variant") == v).sort(["cdf", "value"])
        if is_rate:
            mine = mine.filter(pl.col("value") > 0)  # a logarithmic axis has no zero; the caption's n counts them
        if not mine.height:
            continue
        keep = thin(mine.height)
        x, y, low, high = (mine[c].to_numpy()[keep] for c in ("value", "cdf", "low", "high"))
        x = x / factor
        data.append(band(x, low, high, styles[v]["color"], v))
        data.append(
            {"type": "scatter", "mode": "lines", "name": plain(v), "legendgroup": v}
            | {"x": rounded(x), "y": rounded(y), "line": {**styles[v], "width": 2}}
            | {"hovertemplate": f"%{{x:.4g}} {plain(shown)}: %{{y:.1%}} of users below"}
        )
    axis: dict[str, Any] = {"title": {"text": plain(shown)}}
    if is_rate:
        axis |= {"type": "log", "dtick": 1, "exponentformat": "none", "range": _decades(table, factor)}
    layout = {"xaxis": axis, "yaxis": {"range": [0, 1], "tickformat": ".0%"}, "hovermode": "closest"}
    return Panel("All carriers" if carrier in _WHOLE else carrier, data, layout)


def _decades(table: pl.DataFrame, factor: float) -> list[float]:
    """Range of a logarithmic axis from where the first curve begins to rise; users without a rate lie left of it."""
    starts = []
    for _, curve in table.sort(["cdf", "value"]).group_by("variant"):
        risen = curve.filter(pl.col("cdf") > curve["cdf"][0] + 0.004)
        starts.append(float((risen if risen.height else curve)["value"][0]))  # type: ignore[arg-type]
    top = float(table["value"].max())  # type: ignore[arg-type]
    return [math.floor(2 * math.log10(max(min(starts), top * 1e-7) / factor)) / 2, math.log10(1.1 * top / factor)]
