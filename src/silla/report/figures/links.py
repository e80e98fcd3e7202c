"""Fibres and quantum links on maps: lines styled by what they carry; the overview of the long-distance graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from silla.report.encode import rounded
from silla.report.figures.base import Figure, Panel, Trace, plain
from silla.report.stored import Stored
from silla.report.text import number, quantity

__all__ = ["Span", "fibre_traces", "node_trace", "overview_figure", "spans"]


@dataclass(frozen=True)
class Span:
    """A fibre between two places with the quantum links on it, or a quantum link through the air."""

    id: str
    name: str
    ends_m: tuple[tuple[float, float], tuple[float, float]]
    length_km: float
    key_bit_per_s: float | None  # None: no key link on it
    direct_bit_per_s: float | None
    disturbed: str  # what happened to it during the day
    sky: str = ""  # of a link through the air: its weather over the day

    @property
    def chord_km(self) -> float:
        """Straight distance between the ends."""
        (xa, ya), (xb, yb) = self.ends_m
        return float(np.hypot(xb - xa, yb - ya)) / 1000.0

    @property
    def kind(self) -> str:
        """classical, key, silent (a key link that makes none) or air."""
        if self.sky:
            return "air"
        if self.key_bit_per_s is None and self.direct_bit_per_s is None:
            return "classical"
        return "key" if (self.key_bit_per_s or 0) > 0 or (self.direct_bit_per_s or 0) > 0 else "silent"

    @property
    def about(self) -> str:
        """One line for the pointer."""
        through = " through the air" if self.sky else ""
        parts = [f"{plain(self.name or self.id)}{through}: {number(self.length_km)} km"]
        if self.key_bit_per_s is not None:
            parts.append(f"keys {quantity(self.key_bit_per_s, 'bit/s')}" if self.key_bit_per_s > 0 else "no keys")
        if self.direct_bit_per_s is not None:
            parts.append(f"direct messages {quantity(self.direct_bit_per_s, 'bit/s')}")
        return "<br>".join([", ".join(parts), *(line for line in (self.sky, self.disturbed) if line)])


_STYLES = {
    "classical": ("$grey", 1.4, "solid"),
    "key": ("$violet", 2.6, "solid"),
    "silent": ("$vermillion", 2.0, "dot"),
    "air": ("$sky", 2.6, "dash"),
}
_WORDS = {
    "classical": "fibre",
    "key": "fibre with a quantum link",
    "silent": "quantum link without a rate",
    "air": "quantum link through the air",
}


def spans(stored: Stored, variant: str) -> list[Span]:
    """The fibres of the run with the variant's quantum links, and its links through the air."""
    fibres, places, links = stored.table("fibres"), stored.table("places"), stored.table("key_links")
    if fibres is None or places is None:
        return []
    at = {i: (x, y) for i, x, y in places.select("id", "x_m", "y_m").iter_rows()}
    rates: dict[tuple[str, str], float] = {}
    if links is not None:
        mine = links.filter(pl.col("variant") == variant).select("id", "fibre", "kind", "rate_bit_per_s")
        for ident, fibre, kind, rate in mine.iter_rows():
            fibre = ident if kind == "air" else fibre
            rates[fibre, kind] = rates.get((fibre, kind), 0.0) + max(rate, 0.0)
    troubles = _troubles(stored)
    through_air = [
        Span(
            a["id"], "", (at[a["a"]], at[a["b"]]), a["length_km"], rates.get((a["id"], "air"), 0.0), None,
            troubles.get(a["id"], ""), _sky(stored, a["weather"], (a["a"], a["b"])),
        )
        for a in _air(stored, variant)
        if a["a"] in at and a["b"] in at
    ]  # fmt: skip
    return through_air + [
        Span(
            f["id"], f["name"], (at[f["a"]], at[f["b"]]), f["length_km"],
            rates.get((f["id"], "key")), rates.get((f["id"], "direct")), troubles.get(f["id"], ""),
        )
        for f in fibres.unique("id", maintain_order=True).iter_rows(named=True)
        if f["a"] in at and f["b"] in at
    ]  # fmt: skip


def _air(stored: Stored, variant: str) -> list[dict[str, Any]]:
    """Rows of the links through the air; none in older results."""
    links = stored.table("air_links")
    return [] if links is None else links.filter(pl.col("variant") == variant).to_dicts()


def _sky(stored: Stored, usual: str, ends: tuple[str, str]) -> str:
    """The weather of a link through the air: as ever, then what the events make of it at either end."""
    events, parts = stored.table("events"), [f"sky: {plain(usual)}"]
    for e in [] if events is None else events.iter_rows(named=True):
        if e["kind"] == "weather" and e["target"] in ends:
            parts.append(f"{plain(e['detail'])} {_clock(e['start_s'])} to {_clock(e['end_s'])}")
    return ", ".join(parts)


def _troubles(stored: Stored) -> dict[str, str]:
    events = stored.table("events")
    if events is None:
        return {}
    words = {"eavesdrop": "eavesdropped", "cut": "cut"}
    return {
        e["target"]: f"{words[e['kind']]} {_clock(e['start_s'])} to {_clock(e['end_s'])}"
        for e in events.iter_rows(named=True)
        if e["kind"] in words
    }


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600) % 24:02d}:{int(seconds % 3600 // 60):02d}"


def fibre_traces(stored: Stored, *, unit_m: float = 1.0) -> list[Trace]:
    """Lines for each variant and kind of span, coordinates divided by `unit_m`."""
    return [t for v in stored.variants for t in _lines(spans(stored, v), v, unit_m)]


def _lines(found: list[Span], variant: str, unit_m: float) -> list[Trace]:
    out: list[Trace] = []
    for kind, (colour, width, dash) in _STYLES.items():
        mine = [s for s in found if s.kind == kind]
        if not mine:
            continue
        xs: list[Any] = []
        ys: list[Any] = []
        for s in mine:
            # points along the way, so that the pointer finds the line anywhere
            for end in (0, 1):
                share = np.linspace(0, 1, 9) * (s.ends_m[1][end] - s.ends_m[0][end]) + s.ends_m[0][end]
                (xs if end == 0 else ys).extend([*rounded(share / unit_m, 6), None])
        text = [s.about for s in mine for _ in range(10)]
        out.append(
            {"type": "scatter", "mode": "lines", "name": _WORDS[kind], "x": xs, "y": ys, "text": text}
            | {"line": {"color": colour, "width": width, "dash": dash}, "hovertemplate": "%{text}<extra></extra>"}
            | {"meta": {"layer": "fibres", "variant": variant}, "legendgroup": kind, "showlegend": True}
        )
    return out


def node_trace(stored: Stored, *, unit_m: float = 1.0) -> list[Trace]:
    """Nodes of the transport network with their names."""
    places = stored.table("places")
    nodes = None if places is None else places.filter(pl.col("kind") == "node")
    if nodes is None or not nodes.height:
        return []
    labels = [plain(name or id) for id, name in nodes.select("id", "name").iter_rows()]
    return [
        {
            "type": "scatter", "mode": "markers+text", "name": "nodes", "x": rounded(nodes["x_m"] / unit_m, 6),
            "y": rounded(nodes["y_m"] / unit_m, 6), "text": labels, "textposition": "bottom center",
            "textfont": {"size": 12, "color": "$ink", "shadow": "$halo"}, "cliponaxis": False,
            "marker": {"size": 10, "symbol": "diamond", "color": "$violet", "line": {"color": "$paper", "width": 1.5}},
            "hovertemplate": "%{text}<extra></extra>", "showlegend": False, "meta": {"layer": "nodes", "variant": ""},
        }
    ]  # fmt: skip


def overview_figure(stored: Stored, windows_m: list[list[float]], caption: str) -> Figure | None:
    """The whole fibre graph in kilometres, where it reaches well beyond the city map; else None."""
    found = spans(stored, _variant_with_links(stored))
    if not found or not windows_m:
        return None
    points = np.array([e for s in found for e in s.ends_m]) / 1000.0
    reach = float(np.max(points.max(0) - points.min(0)))
    city = max(max(w[1] - w[0], w[3] - w[2]) for w in windows_m) / 1000.0
    if reach < 2.0 * city:
        return None
    nodes = [t | {"textposition": _positions(stored, found)} for t in node_trace(stored, unit_m=1000.0)]
    data = [t | {"meta": {}} for t in _lines(found, "", 1000.0) + nodes]
    shapes = [
        {"type": "rect", "x0": w[0] / 1e3, "x1": w[1] / 1e3, "y0": w[2] / 1e3, "y1": w[3] / 1e3, "layer": "below"}
        | {"fillcolor": "$orange/0.35", "line": {"color": "$orange", "width": 1.2}}
        for w in windows_m
    ]
    low, high = points.min(0) - 0.18 * reach, points.max(0) + 0.18 * reach
    layout = {
        "xaxis": {"title": {"text": "km east"}, "zeroline": False, "range": [float(low[0]), float(high[0])]},
        "yaxis": {"title": {"text": "km north"}, "zeroline": False, "range": [float(low[1]), float(high[1])]}
        | {"scaleanchor": "x", "constrain": "domain", "showgrid": True},
        "shapes": shapes,
        "annotations": [_label(s) for s in found if s.chord_km > 0.2 * reach and not s.sky],
        "hovermode": "closest",
    }
    return Figure("overview", "Between the cities", caption, [Panel("", data, layout)], height=440)


_SIDES = (
    "middle right",
    "top right",
    "top center",
    "top left",
    "middle left",
    "bottom left",
    "bottom center",
    "bottom right",
)


def _positions(stored: Stored, found: list[Span]) -> list[str]:
    """Side of each node on which its name is clear of its fibres: the middle of the widest gap between them."""
    places = stored.table("places")
    assert places is not None
    out = []
    for x, y in places.filter(pl.col("kind") == "node").select("x_m", "y_m").iter_rows():
        others = [b for s in found for a, b in (s.ends_m, s.ends_m[::-1]) if a == (x, y)]
        angles = sorted(float(np.arctan2(b[1] - y, b[0] - x)) % (2 * np.pi) for b in others)
        if not angles:
            out.append("bottom center")
            continue
        gaps = [(angles[(i + 1) % len(angles)] - a) % (2 * np.pi) or 2 * np.pi for i, a in enumerate(angles)]
        widest = int(np.argmax(gaps))
        out.append(_SIDES[round((angles[widest] + gaps[widest] / 2) / (np.pi / 4)) % 8])
    return out


def _variant_with_links(stored: Stored) -> str:
    links = stored.table("key_links")
    return stored.variants[-1] if links is None else links["variant"][-1]


def _label(span: Span) -> dict[str, Any]:
    (xa, ya), (xb, yb) = span.ends_m
    rate = span.key_bit_per_s
    text = f"{number(span.length_km)} km" + ("" if rate is None else f"<br>{quantity(rate, 'bit/s')}")
    return {
        "x": (xa + xb) / 2000, "y": (ya + yb) / 2000, "text": text, "showarrow": False,
        "font": {"size": 10.5, "color": "$ink"}, "bgcolor": "$paper/0.8", "borderpad": 1,
    }  # fmt: skip
