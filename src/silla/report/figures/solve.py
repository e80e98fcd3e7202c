"""Solvers of network problems: what they found against what it took."""

from __future__ import annotations

import numpy as np
import polars as pl

from silla.report.encode import rounded
from silla.report.figures.base import Figure, Panel, Trace, plain

__all__ = ["gap_figure"]

_FLOOR = 1e-4  # per cent, where a gap of zero is drawn on a logarithmic axis


def gap_figure(solvers: pl.DataFrame, caption: str) -> Figure:
    """Gap of every solver's mean to the best objective, against CPU time; a tab for every question."""
    panels = []
    for variant, ident in solvers.select("variant", "id").unique(maintain_order=True).iter_rows():
        rows = solvers.filter((pl.col("variant") == variant) & (pl.col("id") == ident))
        panels.append(_panel(rows.filter(pl.col("mean").is_finite()), ident))
    return Figure("solve-gap", "What was found, and what it took", caption, panels, height=360)


def _panel(rows: pl.DataFrame, ident: str) -> Panel:
    least = float(rows["best"].min()) if rows.height else 0.0  # type: ignore[arg-type]
    scale = max(abs(least), 1e-300)
    data: list[Trace] = []
    for quantum, name, colour, symbol in (
        ("no", "classical", "$blue", "circle"),
        ("yes", "quantum", "$purple", "diamond"),
    ):
        mine = rows.filter(pl.col("quantum") == quantum)
        if not mine.height:
            continue
        gap = 100.0 * (mine["mean"].to_numpy() - least) / scale
        data.append(
            {"type": "scatter", "mode": "markers+text", "name": name, "text": [plain(s) for s in mine["solver"]]}
            | {"x": rounded(np.maximum(mine["cpu_s"].to_numpy(), 1e-6)), "y": rounded(np.maximum(gap, _FLOOR))}
            | {"textposition": _sides(mine["cpu_s"].to_numpy(), gap), "textfont": {"size": 11}}
            | {"marker": {"color": colour, "size": 10, "symbol": symbol}}
            | {"hovertemplate": "%{text}: %{y:.3g} % above the best, %{x:.3g} s<extra></extra>"}
        )
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": _FLOOR, "y1": _FLOOR}
    layout = {
        "xaxis": {"title": {"text": "CPU time of a seed (s)"}, "type": "log", "dtick": 1, "exponentformat": "power"},
        "yaxis": {"title": {"text": "above the best (%)"}, "type": "log", "dtick": 1, "exponentformat": "power"}
        | {"range": [np.log10(_FLOOR) - 0.6, 2.3]},
        "shapes": [line | {"line": {"color": "$grey", "dash": "dash", "width": 1}}],
        "hovermode": "closest",
    }
    return Panel(ident, data, layout)


def _sides(cpu_s: np.ndarray, gap: np.ndarray) -> list[str]:
    """Labels in turn around points that lie close to one another."""
    turns = ("top center", "bottom center", "middle right", "middle left")
    out: list[str] = []
    for i in range(len(cpu_s)):
        near = sum(
            abs(np.log10(max(cpu_s[i], 1e-6) / max(cpu_s[j], 1e-6))) < 0.7
            and abs(np.log10(max(gap[i], _FLOOR) / max(gap[j], _FLOOR))) < 0.5
            for j in range(i)
        )
        out.append(turns[near % 4])
    return out
