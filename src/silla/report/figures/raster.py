"""The map's fields as bytes on a regular grid: what the page colours and reads under the pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from silla.report.encode import quantise

__all__ = ["FIELDS", "Field", "raster_of"]


@dataclass(frozen=True)
class Field:
    """A field of the map: column, caption, unit, range of the colours, `kind` linear, log (base 10), flag or index."""

    column: str
    title: str
    unit: str
    low: float
    high: float
    kind: str = "linear"


FIELDS = (
    Field("sinr_db", "SINR", "dB", -10.0, 40.0),
    Field("rate_mbps", "Rate", "Mbit/s", 0.0, 4.0, "log"),
    Field("rsrp_dbm", "RSRP", "dBm", -130.0, -50.0),
    Field("los", "Line of sight", "", 0.0, 1.0, "flag"),
    Field("cell", "Serving cell", "", 0.0, 65534.0, "index"),
)


def raster_of(grid: pl.DataFrame, variants: tuple[str, ...]) -> tuple[dict[str, Any], bytes]:
    """Description and bytes of every field of every variant, row by row from the south-west corner.

    The description holds the grid (x0_m, y0_m of the first point, step, width, height), the fields, the cells' ids and
    the offset of each layer in the bytes: one byte a point (255: nothing), two (little endian, 65535: nothing) for ids.
    """
    xs, ys = np.unique(grid["x_m"].to_numpy()), np.unique(grid["y_m"].to_numpy())
    fields = [_ranged(f, grid) for f in FIELDS if f.column in grid.columns]
    cells = sorted(c for c in grid["cell"].unique().to_list() if c) if "cell" in grid.columns else []
    blocks: list[bytes] = []
    offsets: dict[str, dict[str, int]] = {}
    position = 0
    for v in variants:
        mine = grid.filter(pl.col("variant") == v)
        if not mine.height:
            continue
        column = np.searchsorted(xs, mine["x_m"].to_numpy())
        index = np.searchsorted(ys, mine["y_m"].to_numpy()) * len(xs) + column
        offsets[v] = {}
        for f in fields:
            block = _layer(f, mine[f.column], index, len(xs) * len(ys), cells)
            offsets[v][f.column] = position
            blocks.append(block)
            position += len(block)
    about = {
        "x0": float(xs[0]),
        "y0": float(ys[0]),
        "dx": float(xs[1] - xs[0]) if len(xs) > 1 else 1.0,
        "dy": float(ys[1] - ys[0]) if len(ys) > 1 else 1.0,
        "width": len(xs),
        "height": len(ys),
        "fields": [
            {"id": f.column, "title": f.title, "unit": f.unit, "low": f.low, "high": f.high, "kind": f.kind}
            for f in fields
        ],
        "cells": cells,
        "offsets": offsets,
    }
    return about, b"".join(blocks)


def _ranged(field: Field, grid: pl.DataFrame) -> Field:
    """The field with a colour range that the values fill: whole tens, or decades, between the 1st and 99th percentile."""
    if field.kind not in ("linear", "log"):
        return field
    values = grid[field.column].cast(pl.Float64).to_numpy()
    values = values[np.isfinite(values)]
    if field.kind == "log":
        values = np.log10(values[values > 0])
    if not values.size:
        return field
    low, high = np.percentile(values, [1, 99])
    step = 1.0 if field.kind == "log" else 10.0
    low, high = np.floor(low / step) * step, np.ceil(high / step) * step
    return Field(field.column, field.title, field.unit, float(low), float(max(high, low + step)), field.kind)


def _layer(field: Field, column: pl.Series, index: np.ndarray, size: int, cells: list[str]) -> bytes:
    if field.kind == "index":
        ids = np.full(size, 65535, dtype="<u2")
        place = {c: i for i, c in enumerate(cells)}
        ids[index] = [place.get(c, 65535) for c in column.to_list()]
        return ids.tobytes()
    values = column.cast(pl.Float64).to_numpy()
    if field.kind == "log":
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > 0, np.log10(values), np.nan)
    out = np.full(size, 255, dtype=np.uint8)
    out[index] = quantise(values, field.low, field.high)
    return out.tobytes()
