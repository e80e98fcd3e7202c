"""What a figure is to the page: panels of Plotly traces with colour names that the page resolves for light and dark.

A colour is written ``"$blue"`` or, with opacity, ``"$blue/0.2"``; the style sheet defines both themes once.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from silla.report.encode import rounded

__all__ = ["Figure", "Panel", "band", "clock", "clock_axis", "line", "plain", "shapes_of_events", "variant_styles"]

Trace = dict[str, Any]

_VARIANT_COLOURS = ("$grey", "$blue", "$orange", "$green", "$purple", "$sky", "$vermillion", "$yellow")
_DASHES = ("dot", "solid", "solid", "dash", "dashdot", "longdash", "solid", "dash")
_EVENT_COLOURS = {
    "eavesdrop": "$vermillion",
    "cut": "$vermillion",
    "outage": "$grey",
    "burst": "$sky",
    "weather": "$grey",
}
_EVENT_WORDS = {"eavesdrop": "eavesdropper", "cut": "cut", "outage": "outage", "burst": "burst", "weather": "weather"}


@dataclass(frozen=True)
class Panel:
    """One Plotly plot; `label` names its tab or its facet."""

    label: str
    data: list[Trace]
    layout: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A titled figure with a caption (HTML) and one or more panels, behind tabs or side by side."""

    id: str
    title: str
    caption: str
    panels: list[Panel]
    height: int = 340
    facets: bool = False
    legend: tuple[tuple[str, str], ...] = ()
    """(name, colour) drawn once above facets."""


def plain(text: object) -> str:
    """Text for Plotly, which reads a few tags: escaped, so that names stay names."""
    return html.escape(str(text), quote=False)


def variant_styles(variants: Sequence[str]) -> dict[str, dict[str, str]]:
    """Line colour and dash of each variant: the first, against which the others are compared, is grey and dotted."""
    if len(variants) == 1:
        return {variants[0]: {"color": "$blue", "dash": "solid"}}
    n = len(_VARIANT_COLOURS)
    return {v: {"color": _VARIANT_COLOURS[i % n], "dash": _DASHES[i % n]} for i, v in enumerate(variants)}


def line(x: Any, y: Any, name: str, style: dict[str, str], **more: Any) -> Trace:
    """A line trace with rounded numbers."""
    trace: Trace = {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": rounded(y)}
    trace["line"] = {"color": style["color"], "dash": style.get("dash", "solid"), "width": 2}
    return trace | more


def band(x: Any, low: Any, high: Any, colour: str, group: str) -> Trace:
    """A shaded interval between two curves, shown and hidden with its line."""
    xs, lows, highs = list(x), rounded(low), rounded(high)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs + xs[::-1],
        "y": highs + lows[::-1],
        "fill": "toself",
        "fillcolor": f"{colour}/0.18",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": group,
    }


def clock(t_s: Any) -> list[int]:
    """Times of day as the milliseconds that Plotly's date axes take."""
    return [round(1000 * float(t)) for t in t_s]


def clock_axis(last_s: float) -> dict[str, Any]:
    """An x axis in hours of the day, for x values of `clock`."""
    step_h = 6 if last_s > 43_200 else (3 if last_s > 21_600 else 1)
    return {
        "type": "date",
        "range": [0, round(1000 * last_s)],
        "tick0": 0,
        "dtick": step_h * 3_600_000,
        "tickformat": "%H:%M",
        "hoverformat": "%H:%M",
    }


def shapes_of_events(
    events: Sequence[dict[str, Any]], kinds: Sequence[str], *, outline: bool = False
) -> dict[str, Any]:
    """Layout with a span and a label for each event of these kinds; `outline` for spans above filled areas.

    Events so close that their labels would meet share one: "eavesdropper x2".
    """
    shapes, labels = [], []
    for event in events:
        if event["kind"] not in kinds:
            continue
        start, end = clock([event["start_s"], event["end_s"]])
        colour = _EVENT_COLOURS.get(event["kind"], "$grey")
        look = (
            {"layer": "above", "fillcolor": "rgba(0,0,0,0)", "line": {"width": 1.2, "dash": "dot", "color": "$ink"}}
            if outline
            else {"layer": "below", "fillcolor": f"{colour}/0.16", "line": {"width": 0}}
        )
        shapes.append({"type": "rect", "xref": "x", "yref": "paper", "x0": start, "x1": end, "y0": 0, "y1": 1} | look)
        labels.append(((start + end) / 2, _EVENT_WORDS.get(event["kind"], event["kind"]), colour))
    return {"shapes": shapes, "annotations": [_event_label(group) for group in _near(sorted(labels))]}


_Label = tuple[float, str, str]  # where, word, colour
_ROOM_MS = 4 * 3_600_000  # what a label takes of a day's axis


def _near(labels: list[_Label]) -> list[list[_Label]]:
    """Labels in groups whose neighbours are closer than a label is wide."""
    groups: list[list[_Label]] = []
    for label in labels:
        if groups and label[0] - groups[-1][-1][0] < _ROOM_MS:
            groups[-1].append(label)
        else:
            groups.append([label])
    return groups


def _event_label(group: list[_Label]) -> dict[str, Any]:
    words = [word for _, word, _ in group]
    text = ", ".join(w if words.count(w) == 1 else f"{w} ×{words.count(w)}" for w in dict.fromkeys(words))
    return {
        "x": 0.5 * (group[0][0] + group[-1][0]), "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False,
        "text": text, "font": {"size": 11, "color": group[0][2]},
    }  # fmt: skip
