"""The city map in local metres: buildings, cells, users, fibres and the coverage raster beneath them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from silla.base.geo import clusters
from silla.report.encode import rounded
from silla.report.figures.base import Trace, plain
from silla.report.figures.links import fibre_traces, node_trace
from silla.report.figures.raster import rasters_of
from silla.report.stored import Stored
from silla.report.text import number

__all__ = ["CityMap", "city_map"]

_MOST_VERTICES = 150_000
_MOST_USERS = 1500
_CROWD = 450
_MOST_NAMES = 40
_CARRIER_COLOURS = ("$blue", "$orange", "$purple", "$green", "$sky", "$vermillion")
_CLUSTER_GAP_M = 3000.0
_MARGIN_M = 380.0


@dataclass(frozen=True)
class CityMap:
    """What the page needs: a description (JSON), the raster's bytes, notes for the caption, layers hidden at first."""

    about: dict[str, Any]
    raster: bytes
    notes: list[str]
    hidden: tuple[str, ...] = ()


def city_map(stored: Stored) -> CityMap | None:
    """The map of the sites' surroundings; None where no site was stored."""
    places = stored.table("places")
    sites = None if places is None else places.filter(pl.col("kind") == "site")
    if sites is None or not sites.height or places is None:
        return None
    notes: list[str] = []
    grids = [g for g in map(stored.grid, stored.grid_names("map")) if g is not None]
    about: dict[str, Any] = {"variants": [[v, stored.title(v)] for v in stored.variants]}
    raster = b""
    if grids:
        about["raster"], raster = rasters_of(grids, stored.variants, _cell_ids(stored))
        about["carriers"] = stored.grid_attributes("map").get("carrier", {})
    about["views"] = _views(sites, places, grids, stored.table("buildings") is not None)
    traces = [*_buildings(stored, notes), *fibre_traces(stored), *_sectors(stored, sites), *_users(stored, notes)]
    about["traces"] = [*traces, *_site_names(sites), *node_trace(stored)]
    users = stored.table("users")
    many = users is not None and users.height > _CROWD * users["variant"].n_unique()
    about["hidden"] = ["users"] if many else []  # a crowd would cover the map; it is one click away
    return CityMap(about, raster, notes, tuple(about["hidden"]))


def _cell_ids(stored: Stored) -> dict[str, list[str]]:
    cells = stored.table("cells")
    if cells is None:
        return {}
    return {v: cells.filter(pl.col("variant") == v)["id"].to_list() for v in stored.variants}


def _views(sites: pl.DataFrame, places: pl.DataFrame, grids: list[pl.DataFrame], fill: bool) -> list[dict[str, Any]]:
    """Windows [x0, x1, y0, y1]: one around each cluster of sites, within the raster, and one around everything.

    `fill`: the close-up covers the whole frame instead of fitting into it, as suits a city.
    """
    xy = sites.select("x_m", "y_m").to_numpy()
    groups = clusters(xy, _CLUSTER_GAP_M)
    views = [
        {
            "label": _group_name(sites[g], places, len(groups) == 1),
            "window": _within(_window(xy[g]), grids),
            "one": True,
            "fill": fill,
        }
        for g in groups[:6]
    ]
    views.append({"label": "everything", "window": _window(xy), "one": False, "fill": False})
    return views


def _window(xy: np.ndarray) -> list[float]:
    low, high = xy.min(0) - _MARGIN_M, xy.max(0) + _MARGIN_M
    return [round(float(v), 1) for v in (low[0], high[0], low[1], high[1])]


def _within(window: list[float], grids: list[pl.DataFrame]) -> list[float]:
    """The part of a window that the rasters cover; all of it where that is little or nothing."""
    if not grids:
        return window
    low = [min(float(g[c].min()) for g in grids) for c in ("x_m", "y_m")]  # type: ignore[arg-type]
    high = [max(float(g[c].max()) for g in grids) for c in ("x_m", "y_m")]  # type: ignore[arg-type]
    cut = [max(window[0], low[0]), min(window[1], high[0]), max(window[2], low[1]), min(window[3], high[1])]
    wide = cut[1] - cut[0] > 0.5 * (window[1] - window[0]) and cut[3] - cut[2] > 0.5 * (window[3] - window[2])
    return cut if wide else window


def _group_name(group: pl.DataFrame, places: pl.DataFrame, alone: bool) -> str:
    """The name of the hub that most of the group's sites hang on, else of its first site."""
    if alone:
        return "close-up"
    names = dict(zip(places["id"].to_list(), places["name"].to_list()))
    hubs = [h for h in group["hub"].to_list() if h] if "hub" in group.columns else []
    if hubs:
        common = max(sorted(set(hubs)), key=hubs.count)
        return names.get(common) or common
    return group["name"][0] or group["id"][0]


def _buildings(stored: Stored, notes: list[str]) -> list[Trace]:
    table = stored.table("buildings")
    if table is None:
        return []
    total = table["building"].n_unique()
    if table.height > _MOST_VERTICES:
        sizes = table.group_by("building").agg(
            ((pl.col("x_m").max() - pl.col("x_m").min()) * (pl.col("y_m").max() - pl.col("y_m").min())).alias("size"),
            pl.len().alias("vertices"),
        )
        kept = sizes.sort("size", descending=True).filter(pl.col("vertices").cum_sum() <= _MOST_VERTICES)
        table = table.join(kept.select("building"), on="building", how="semi", maintain_order="left")
        notes.append(f"the {kept.height:,} largest of {total:,} buildings are drawn")
    else:
        notes.append(f"{total:,} buildings")
    xs: list[Any] = []
    ys: list[Any] = []
    x, y, hole = (np.round(table["x_m"].to_numpy(), 1), np.round(table["y_m"].to_numpy(), 1), table["hole"].to_numpy())
    ring = table["building"].to_numpy() * (int(table["ring"].max()) + 1) + table["ring"].to_numpy()  # type: ignore[arg-type]
    edges = [0, *(np.flatnonzero(np.diff(ring)) + 1).tolist(), len(ring)]
    for start, end in pairwise(edges):
        px, py = _oriented(x[start:end], y[start:end], clockwise=bool(hole[start]))
        xs += [*px.tolist(), None]
        ys += [*py.tolist(), None]
    return [
        {"type": "scatter", "mode": "lines", "name": "buildings", "x": xs, "y": ys, "fill": "toself"}
        | {
            "fillcolor": "$building/0.88",
            "line": {"color": "$building-edge", "width": 0.5},
            "hoverinfo": "skip",
            "showlegend": False,
        }
        | {"meta": {"layer": "buildings", "variant": ""}}
    ]


def _oriented(x: np.ndarray, y: np.ndarray, *, clockwise: bool) -> tuple[np.ndarray, np.ndarray]:
    """A closed ring in the sense asked for, so that holes stay open under the non-zero fill rule."""
    x, y = np.append(x, x[0]), np.append(y, y[0])
    area = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    return (x[::-1], y[::-1]) if (area < 0) != clockwise else (x, y)


def _sectors(stored: Stored, sites: pl.DataFrame) -> list[Trace]:
    """A wedge for each cell, one trace for each carrier and variant; larger wedges for lower carriers."""
    cells = stored.table("cells")
    if cells is None:
        return []
    radius = _wedge_m(sites.select("x_m", "y_m").to_numpy())
    order = cells.sort("frequency_ghz")["carrier"].unique(maintain_order=True).to_list()
    out: list[Trace] = []
    for v in stored.variants:
        for i, carrier in enumerate(order):
            mine = cells.filter((pl.col("variant") == v) & (pl.col("carrier") == carrier))
            if mine.height:
                colour = _CARRIER_COLOURS[i % len(_CARRIER_COLOURS)]
                out += _carrier_wedges(mine, radius * 0.78**i, colour, carrier, v)
    return out


def _wedge_m(xy: np.ndarray) -> float:
    """A quarter of the median distance between neighbouring sites, within 15 to 110 m."""
    if len(xy) < 2:
        return 60.0
    distance = np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    return float(np.clip(0.25 * np.median(distance.min(1)), 15.0, 110.0))


def _carrier_wedges(cells: pl.DataFrame, radius_m: float, colour: str, carrier: str, variant: str) -> list[Trace]:
    xs: list[Any] = []
    ys: list[Any] = []
    middles: list[tuple[float, float]] = []
    for x, y, azimuth in cells.select("x_m", "y_m", "azimuth_deg").iter_rows():
        angle = np.radians(90.0 - azimuth + np.linspace(-30, 30, 9))  # azimuth is clockwise from north
        xs += [*np.round(np.concatenate([[x], x + radius_m * np.cos(angle), [x]]), 1).tolist(), None]
        ys += [*np.round(np.concatenate([[y], y + radius_m * np.sin(angle), [y]]), 1).tolist(), None]
        middle = math.radians(90.0 - azimuth)
        middles.append((x + 0.7 * radius_m * math.cos(middle), y + 0.7 * radius_m * math.sin(middle)))
    text = [
        f"{plain(c['id'])}<br>{number(c['frequency_ghz'])} GHz, {number(c['bandwidth_mhz'])} MHz<br>"
        f"{number(c['tx_power_dbm'])} dBm, azimuth {number(c['azimuth_deg'])}°, downtilt {number(c['downtilt_deg'])}°"
        for c in cells.iter_rows(named=True)
    ]
    meta = {"layer": "cells", "variant": variant}
    frequency = number(float(cells["frequency_ghz"][0]))
    wedges = {
        "type": "scatter", "mode": "lines", "name": f"{plain(carrier)} ({frequency} GHz)", "x": xs, "y": ys,
        "fill": "toself", "fillcolor": f"{colour}/0.95", "line": {"color": "$paper", "width": 0.8},
        "hoverinfo": "skip", "meta": meta, "legendgroup": carrier, "showlegend": True,
    }  # fmt: skip
    points = {
        "type": "scatter", "mode": "markers", "x": rounded([m[0] for m in middles], 6),
        "y": rounded([m[1] for m in middles], 6),
        "text": text, "hovertemplate": "%{text}<extra></extra>", "marker": {"size": 14, "opacity": 0},
        "meta": meta, "legendgroup": carrier, "showlegend": False,
    }  # fmt: skip
    return [wedges, points]


def _users(stored: Stored, notes: list[str]) -> list[Trace]:
    table = stored.table("users")
    if table is None:
        return []
    out: list[Trace] = []
    rates = np.log10(np.maximum(table["downlink_mbps"].to_numpy(), 0.1))
    ends = np.percentile(rates, [3, 97])
    for v in stored.variants:
        mine = table.filter(pl.col("variant") == v)
        if not mine.height:
            continue
        if mine.height > _MOST_USERS:
            mine = mine.gather_every(math.ceil(mine.height / _MOST_USERS))
            notes.append(f"{mine.height:,} of the users are drawn")
        out.append(_user_trace(mine, v, (float(ends[0]), float(max(ends[1], ends[0] + 0.5)))))
    notes.append("users of the snapshot's first drop")
    return out


def _user_trace(users: pl.DataFrame, variant: str, ends: tuple[float, float]) -> Trace:
    rate = np.log10(np.maximum(users["downlink_mbps"].to_numpy(), 0.1))
    text = [
        f"{plain(u['group'])}, {'indoors' if u['indoor'] else 'outdoors'}, {'LOS' if u['los'] else 'NLOS'}<br>"
        f"{number(u['downlink_mbps'])} Mbit/s down, {number(u['uplink_mbps'])} up<br>"
        f"SINR {number(u['sinr_db'])} dB, {plain(u['cell'])}"
        for u in users.iter_rows(named=True)
    ]
    return {
        "type": "scatter", "mode": "markers", "name": "users", "x": np.round(users["x_m"].to_numpy(), 1).tolist(),
        "y": np.round(users["y_m"].to_numpy(), 1).tolist(), "text": text, "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": 7 if users.height <= 200 else 5.5, "color": rounded(rate),
            "cmin": ends[0], "cmax": ends[1], "colorscale": "$users-scale",
            "symbol": ["square" if i else "circle" for i in users["indoor"].to_list()],
            "line": {"color": "#1b1b1f", "width": 0.8},
        },
        "showlegend": False, "meta": {"layer": "users", "variant": variant},
    }  # fmt: skip


def _site_names(sites: pl.DataFrame) -> list[Trace]:
    """A point for each site, and where they are few enough its name above the wedges."""
    labels = [plain(name or id) for id, name in sites.select("id", "name").iter_rows()]
    x, y = rounded(sites["x_m"], 6), rounded(sites["y_m"], 6)
    meta = {"layer": "names", "variant": ""}
    points = {
        "type": "scatter", "mode": "markers", "name": "sites", "x": x, "y": y, "text": labels, "showlegend": False,
        "marker": {"size": 5, "color": "$ink", "line": {"color": "$paper", "width": 1}},
        "hovertemplate": "%{text}<extra></extra>", "meta": meta,
    }  # fmt: skip
    if sites.height > _MOST_NAMES:
        return [points]
    names = {
        "type": "scatter", "mode": "markers+text", "name": "names", "x": x, "y": y, "text": labels, "hoverinfo": "skip",
        "textposition": "top center", "textfont": {"size": 12, "color": "$ink", "shadow": "$halo"},
        "marker": {"size": 46, "opacity": 0}, "showlegend": False, "meta": meta,
    }  # fmt: skip
    return [points, names]
