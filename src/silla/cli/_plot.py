"""Line plots as one offline HTML file: Plotly inlined, nothing fetched, readable on a telephone."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, StoreError
from silla.cli._output import json_ready, write_new

__all__ = ["Panel", "plot_path", "write_line_plot", "write_panels"]

# colour-blind safe, dark enough on white (Okabe and Ito)
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#333333")
_MANY = 6  # names in a legend; more take several lines on a telephone
_WATERFALL = {
    name: {"marker": {"color": colour}}
    for name, colour in (("decreasing", "#d55e00"), ("increasing", "#009e73"), ("totals", "#0072b2"))
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body{{margin:0 auto;max-width:1100px;padding:8px 12px 24px;font:16px/1.45 system-ui,sans-serif;
  color:#1b1b1b;background:#fff}}
h1{{font-size:1.2rem;margin:.6rem 0}} h2{{font-size:1rem;margin:1rem 0 0}} p{{margin:.3rem 0;color:#444}}
.panel{{width:100%;height:min(70vh,460px);min-height:300px}} .tall{{height:min(85vh,560px);min-height:460px}}
.tiles{{display:flex;flex-wrap:wrap;gap:6px}} .tile{{flex:0 1 calc(25% - 6px);min-width:160px}}
.tile h2{{font-weight:normal}} .tile .panel{{height:auto;min-height:0;aspect-ratio:1}}
@media (max-width:700px){{.tile{{flex-basis:calc(50% - 6px)}}}}
</style>
<script>{engine}</script></head><body>
<h1>{title}</h1>
{notes}
{divs}
<script>
const panels = {panels};
panels.forEach((p, i) => Plotly.newPlot("panel" + i, p.data, p.layout, {{responsive: true, displaylogo: false}}));
</script></body></html>
"""


@dataclass(frozen=True)
class Panel:
    """One diagram.

    series : name -> (x, y), both of one length; values that are not finite, or not above zero on a logarithmic axis,
    leave a gap. bands : (from, to, name) along x, shaded in turn. stacked : areas on top of one another.
    waterfall : bars that take off from one another; for each bar absolute, relative or total.
    polar : x is an azimuth in degrees clockwise from north and y an elevation in degrees: a track over the sky.
    styles : name -> what Plotly's trace of that name has besides, such as {"mode": "lines+markers"}.
    levels : (y, name) of dotted lines across.
    log_x : a logarithmic axis for x.
    kind : "line"; "bar" (x may be names); or "density", one square picture, y the counts of its rows over x both ways:
    such panels that follow one another stand side by side.
    """

    series: Mapping[str, tuple[Any, Any]]
    x_title: str
    y_title: str
    log_y: bool = False
    title: str = ""
    bands: Sequence[tuple[float, float, str]] = ()
    stacked: bool = False
    polar: bool = False
    waterfall: Sequence[str] = ()
    kind: str = "line"
    styles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    levels: Sequence[tuple[float, str]] = ()
    log_x: bool = False


def plot_path(text: str | None) -> Path | None:
    """The path of `--plot`, None as it is; ArgumentError or StoreError unless it ends in .html and can be written."""
    if text is None:
        return None
    path = Path(text)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ArgumentError(f"--plot is {text!r}, allowed a file that ends in .html; the plot is a page for a browser")
    if path.is_dir():
        raise ArgumentError(f"--plot is {text!r}, which is a folder; name a file in it")
    if not path.parent.is_dir():
        raise StoreError(f"--plot is {text!r}: there is no folder {path.parent}; make it first")
    try:  # now rather than after the work
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise StoreError(f"--plot is {text!r}: nothing can be written to {path.parent}: {why}") from None
    return path


def write_line_plot(
    path: Path | str,
    series: Mapping[str, tuple[Any, Any]],
    x_title: str,
    y_title: str,
    log_y: bool = False,
    title: str = "",
    *,
    bands: Sequence[tuple[float, float, str]] = (),
    notes: Iterable[str] = (),
) -> None:
    """Write lines over one pair of axes as an HTML file, whole or not at all; an older file of that name is replaced.

    series : name -> (x, y). bands, notes : as in `Panel` and `write_panels`.
    """
    write_panels(path, [Panel(series, x_title, y_title, log_y, bands=bands)], title, notes)


def write_panels(path: Path | str, panels: Sequence[Panel], title: str, notes: Iterable[str] = ()) -> None:
    """Write several diagrams one under the other as an HTML file; `notes` are sentences above them."""
    from plotly.offline import get_plotlyjs

    drawn = [{"data": _traces(panel), "layout": _layout(panel)} for panel in panels]
    numbered = itertools.groupby(enumerate(panels), lambda entry: entry[1].kind == "density")
    divs = "\n".join(_tiles(group) if density else "\n".join(_div(*entry) for entry in group)
                     for density, group in numbered)  # fmt: skip
    text = _PAGE.format(
        title=escape(title),
        engine=get_plotlyjs(),
        notes="\n".join(f"<p>{escape(note)}</p>" for note in notes),
        divs=divs,
        # "</" would end the script element inside a label
        panels=json.dumps(json_ready(drawn), ensure_ascii=False, allow_nan=False).replace("</", "<\\/"),
    )
    write_new(Path(path), text, force=True)


def _div(i: int, panel: Panel) -> str:
    title = f"<h2>{escape(panel.title)}</h2>" if panel.title else ""
    return f'{title}<div class="panel{" tall" if len(panel.series) > _MANY else ""}" id="panel{i}"></div>'


def _tiles(entries: Iterable[tuple[int, Panel]]) -> str:
    return '<div class="tiles">' + "".join(f'<div class="tile">{_div(*entry)}</div>' for entry in entries) + "</div>"


def _traces(panel: Panel) -> list[dict[str, Any]]:
    traces = []
    for i, (name, (x, y)) in enumerate(panel.series.items()):
        if panel.kind == "density":
            at, z = np.asarray(x, float), np.asarray(y, float)
            traces.append({"type": "heatmap", "name": name, "x": at, "y": at, "z": z, "colorscale": "Viridis",
                           "showscale": False})  # fmt: skip
            continue
        if panel.kind == "bar":
            heights = np.asarray(y, float)
            traces.append(
                {
                    "type": "bar",
                    "name": name,
                    "x": list(x),
                    "y": heights,
                    "marker": {"color": _COLOURS[i % len(_COLOURS)]},
                }
                | dict(panel.styles.get(name, {}))
            )
            continue
        x = [str(v) for v in x] if _is_text(x) else np.asarray(x, float)
        y = np.asarray(y, float)
        if len(x) != y.size:
            raise ValueError(f"plot: {name} has {len(x)} places and {y.size} values")
        y = np.where(y > 0.0, y, np.nan) if panel.log_y else y
        line = {"color": _COLOURS[i % len(_COLOURS)], "width": 2}
        if panel.polar:
            traces.append(
                {"type": "scatterpolar", "mode": "lines", "name": name, "theta": x, "r": 90.0 - y, "line": line}
            )
            continue
        if panel.waterfall:
            text = _waterfall_text(y, panel.waterfall)
            bars = {"type": "waterfall", "name": name, "x": x, "y": y, "measure": list(panel.waterfall), "text": text}
            traces.append(bars | {"textposition": "outside", "constraintext": "none", "cliponaxis": False} | _WATERFALL)
            continue
        trace: dict[str, Any] = {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": line}
        if panel.stacked:
            trace |= {"stackgroup": "one", "line": {"width": 0.5, "color": line["color"]}}
        if y.size == 1:
            trace["mode"] = "markers"
        style = dict(panel.styles.get(name, {}))
        traces.append(trace | style | {"line": line | style.get("line", {})} if style else trace)
    return traces


def _waterfall_text(y: np.ndarray, measure: Sequence[str]) -> list[str]:
    """What each bar says: its own height, or, of a total, the height that the bars before it have left."""
    level, text = 0.0, []
    for value, kind in zip(y, measure, strict=True):
        level = value if kind == "absolute" else level + value if kind == "relative" else level
        shown = abs(level if kind == "total" else value)
        text.append(f"{shown:,.0f}" if shown >= 100.0 else f"{shown:.3g}")
    return text


def _is_text(x: Any) -> bool:
    return len(x) > 0 and (isinstance(x[0], str) or np.issubdtype(np.asarray(x).dtype, np.datetime64))


def _layout(panel: Panel) -> dict[str, Any]:
    layout: dict[str, Any] = {
        "margin": {"l": 64, "r": 12, "t": 24, "b": 48},
        "legend": {"orientation": "h", "y": -0.3 if len(panel.series) > _MANY else -0.22},
        "showlegend": len(panel.series) > 1,
        "font": {"size": 13},
        "template": {"layout": {"paper_bgcolor": "#fff", "plot_bgcolor": "#fff"}},
    }
    if panel.polar:
        rings = {"range": [0, 90], "tickvals": [0, 30, 60, 90], "ticktext": ["90°", "60°", "30°", "0°"], "angle": 90}
        compass = {
            "direction": "clockwise",
            "rotation": 90,
            "tickvals": [0, 90, 180, 270],
            "ticktext": ["N", "E", "S", "W"],
        }
        return layout | {"polar": {"radialaxis": rings, "angularaxis": compass}}
    grid = {"gridcolor": "#e3e3e3", "linecolor": "#888", "zeroline": False}
    shapes, labels = [], []
    for i, (low, high, name) in enumerate(panel.bands):
        shade = "#f2f2f2" if i % 2 else "#e4ecf4"
        shapes.append(
            {"type": "rect", "xref": "x", "yref": "paper", "x0": low, "x1": high, "y0": 0, "y1": 1, "fillcolor": shade,
             "line": {"width": 0}, "layer": "below"}
        )  # fmt: skip
        labels.append(
            {"x": 0.5 * (low + high), "xref": "x", "y": 1.0, "yref": "paper", "yanchor": "bottom", "text": name,
             "showarrow": False}
        )  # fmt: skip
    for level, name in panel.levels:
        shapes.append(
            {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": level, "y1": level,
             "line": {"color": "#555", "width": 1, "dash": "dot"}}
        )  # fmt: skip
        labels.append(
            {"x": 1.0, "xref": "paper", "xanchor": "right", "y": np.log10(level) if panel.log_y else level,
             "yref": "y", "yanchor": "bottom", "text": name, "showarrow": False}
        )  # fmt: skip
    x_axis = grid | {"title": {"text": panel.x_title}, "automargin": True}
    y_axis = grid | {"title": {"text": panel.y_title}}
    if panel.kind == "density":
        x_axis |= {"constrain": "domain"}
        y_axis |= {"scaleanchor": "x", "constrain": "domain"}
        layout |= {"margin": {"l": 28, "r": 4, "t": 4, "b": 24}}
    if panel.log_x:
        marks = [m * 10.0**e for e in range(-9, 13) for m in (1, 2, 5)]
        x_axis |= {"type": "log", "tickvals": marks, "ticktext": [f"{m:g}" for m in marks]}
    if panel.log_y:
        y_axis |= {"type": "log", "exponentformat": "power", "dtick": _decades(panel)}
    return layout | {
        "xaxis": x_axis,
        "yaxis": y_axis,
        "shapes": shapes,
        "annotations": labels,
        "hovermode": "closest" if panel.kind == "density" else "x unified",
    }


def _decades(panel: Panel) -> int | str:
    """Decades between two marks of a logarithmic axis: at most about eight marks; within one, marks at 2 and 5 too."""
    values = np.concatenate([np.asarray(y, float).ravel() for _, y in panel.series.values()] or [np.ones(1)])
    values = values[np.isfinite(values) & (values > 0.0)]
    span = np.log10(values.max() / values.min()) if values.size else 1.0
    return "D2" if span < 1.5 else max(1, int(np.ceil(span / 8.0)))
