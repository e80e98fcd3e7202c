"""The map's fields as bytes on a regular grid: what the page colours and reads under the pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from silla.report.encode import quantise

__all__ = ["FIELDS", "Field", "rasters_of"]


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


def rasters_of(
    grids: list[pl.DataFrame], variants: tuple[str, ...], cells: dict[str, list[str]]
) -> tuple[dict[str, Any], bytes]:
    """Description and bytes of every field of every variant, row by row from the south-west corner.

    Parameters
    ----------
    grids : long tables with variant, x_m, y_m and fields; each on a regular grid of its own.
    cells : the cells' ids of each variant, which the field `cell` numbers (or names).

    The description holds the fields, the cells' ids, and for each variant its grids (x0, y0 of the first point, dx, dy,
    width, height) with the offset of each layer in the bytes: one byte a point (255: nothing), two (little endian,
    65535: nothing) for ids.
    """
    fields = [_ranged(f, grids) for f in FIELDS if all(f.column in g.columns for g in grids)]
    blocks: list[bytes] = []
    layers: dict[str, list[dict[str, Any]]] = {v: [] for v in variants}
    position = 0
    for grid in grids:
        for v in variants:
            mine = grid.filter(pl.col("variant") == v)
            if not mine.height:
                continue
            frame, index = _frame(mine)
            offsets = {}
            for f in fields:
                block = _layer(f, mine[f.column], index, frame["width"] * frame["height"], cells.get(v, []))
                offsets[f.column] = position
                blocks.append(block)
                position += len(block)
            layers[v].append({**frame, "offsets": offsets})
    described = [
        {"id": f.column, "title": f.title, "unit": f.unit, "low": f.low, "high": f.high, "kind": f.kind} for f in fields
    ]
    return {"fields": described, "cells": cells, "layers": layers}, b"".join(blocks)


def _frame(grid: pl.DataFrame) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """The regular grid and each row's place in it."""
    xs, ys = np.unique(grid["x_m"].to_numpy()), np.unique(grid["y_m"].to_numpy())
    index = np.searchsorted(ys, grid["y_m"].to_numpy()) * len(xs) + np.searchsorted(xs, grid["x_m"].to_numpy())
    frame = {
        "x0": round(float(xs[0]), 3),
        "y0": round(float(ys[0]), 3),
        "dx": float(xs[-1] - xs[0]) / (len(xs) - 1) if len(xs) > 1 else 1.0,
        "dy": float(ys[-1] - ys[0]) / (len(ys) - 1) if len(ys) > 1 else 1.0,
        "width": len(xs),
        "height": len(ys),
    }
    return frame, index


def _ranged(field: Field, grids: list[pl.DataFrame]) -> Field:
    """The field with a colour range that its values fill: whole tens, or decades, around the 4th to 99th percentile."""
    if field.kind not in ("linear", "log"):
        return field
    values = np.concatenate([g[field.column].cast(pl.Float64).to_numpy() for g in grids])
    values = values[np.isfinite(values)]
    if field.kind == "log":
        values = np.log10(values[values > 0])
    if not values.size:
        return field
    low, high = np.percentile(values, [4, 99])
    step = 1.0 if field.kind == "log" else 10.0
    low, high = np.floor(low / step) * step, np.ceil(high / step) * step
    return Field(field.column, field.title, field.unit, float(low), float(max(high, low + step)), field.kind)


def _layer(field: Field, column: pl.Series, index: NDArray[np.int64], size: int, cells: list[str]) -> bytes:
    if field.kind == "index":
        ids = np.full(size, 65535, dtype="<u2")
        place = {c: i for i, c in enumerate(cells)}
        numbers = column.to_list() if column.dtype.is_integer() else [place.get(c, -1) for c in column.to_list()]
        ids[index] = [n if 0 <= n < len(cells) else 65535 for n in numbers]
        return ids.tobytes()
    values = column.cast(pl.Float64).to_numpy()
    if field.kind == "log":
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > 0, np.log10(values), np.nan)
    out = np.full(size, 255, dtype=np.uint8)
    out[index] = quantise(values, field.low, field.high)
    return out.tobytes()
