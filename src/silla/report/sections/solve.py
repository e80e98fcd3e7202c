"""Network problems: solvers side by side at equal CPU seconds, and what the best solution does to the network."""

from __future__ import annotations

import math

import polars as pl

from silla.report.figures.solve import gap_figure
from silla.report.sections.base import Section, figure_html
from silla.report.stored import Stored
from silla.report.text import esc, number, quantity, table

__all__ = ["solve_section"]

_SOLVERS = ("Solver", "Best", "Mean, 95 % interval", "CPU time", "Wall time", "of it: programming", "To the best", "")
_EFFECT = ("Figure", "Before", "After", "Change, 95 % interval")
_LEAST = 3
_WORDS = {
    "served_share": "share of traffic served",
    "throughput_p5_mbps": "throughput, 5th percentile (Mbit/s)",
    "throughput_mean_mbps": "throughput, mean (Mbit/s)",
    "max_load": "highest load of a cell",
    "squared_loads": "sum of squared loads",
    "power_w": "power (W)",
    "mod3_users": "users in overlap of equal identities modulo 3",
    "updates_per_s": "tracking-area updates per second",
    "pages_per_s": "pages per second",
    "signalling_per_s": "signalling per second",
    "key_served_share": "share of key demand served",
}


def solve_section(stored: Stored) -> Section | None:
    """A table of solvers and one of effects for every question; None where nothing was solved."""
    solvers, effects = stored.table("solve"), stored.table("solve_effect")
    if solvers is None or not solvers.height:
        return None
    parts = [_INTRO]
    for variant, ident in solvers.select("variant", "id").unique(maintain_order=True).iter_rows():
        rows = solvers.filter((pl.col("variant") == variant) & (pl.col("id") == ident))
        parts.append(_question(stored, variant, ident, rows))
        if effects is not None:
            mine = effects.filter((pl.col("variant") == variant) & (pl.col("id") == ident))
            parts.append(_effect(rows, mine))
    figure = gap_figure(solvers, _GAP)
    parts.insert(1, figure_html(figure))
    return Section("solve", "Network problems as qubits", "Qubits", "".join(parts), [figure])


_INTRO = (
    "<p>Every solver had the same CPU seconds of one core for each seed. Quantum computers are simulated exactly here, "
    "so their CPU time is that of the simulation, not of a machine; <code>silla advantage</code> says what a machine "
    "would need. A lower objective is better. A quantum result is shown beside three classical ones or not at all.</p>"
)


_GAP = (
    "How far the mean over seeds is from the best that any solver found, against the CPU time of a seed. Diamonds are "
    "quantum computers, simulated; on the dashed line is the best itself."
)


def _question(stored: Stored, variant: str, ident: str, rows: pl.DataFrame) -> str:
    first = rows.row(0, named=True)
    title = esc(first["title"] or ident)
    about = (
        f"{esc(stored.title(variant))}; {first['variables']:.0f} qubits, {first['couplings']:.0f} couplings; "
        f"{first['seeds']:.0f} seeds. {esc(first['note'])}"
    )
    classical = rows.filter((pl.col("quantum") == "no") & pl.col("best").is_finite()).height
    shown = rows if classical >= _LEAST else rows.filter(pl.col("quantum") == "no")
    order = shown.sort("mean", nulls_last=True)
    refused = f"<p class='note'>{esc(first['refused'])}</p>" if first["refused"] else ""
    body = table(_SOLVERS, [_row(r) for r in order.iter_rows(named=True)], css="links stack")
    return f"<h3>{title}</h3><p>{about}</p>{refused}{body}"


def _row(r: dict) -> list[str]:
    name = f"{esc(r['solver'])}<small>{'quantum, simulated' if r['quantum'] == 'yes' else 'classical'}</small>"
    if not _real(r["best"]):
        return [name, "none", "–", "–", "–", "–", "–", esc(r["failure"])]
    reached = quantity(r["target_s"], "s") if _real(r["target_s"]) else "not reached"
    some = f" ({r['reached']:.0f} of {r['seeds']:.0f})" if 0 < r["reached"] < r["seeds"] else ""
    said = " ".join(x for x in (esc(r["status"]), "<b>tried below</b>" if r["chosen"] == "yes" else "") if x)
    return [
        name,
        number(r["best"], 5),
        f"{number(r['mean'], 5)} <small>{number(r['low'], 5)} to {number(r['high'], 5)}</small>"
        if _real(r["mean"])
        else "not in all seeds",
        quantity(r["cpu_s"], "s"),
        quantity(r["wall_s"], "s"),
        quantity(r["time_programming_s"], "s"),
        reached + some,
        said,
    ]


def _effect(rows: pl.DataFrame, effects: pl.DataFrame) -> str:
    if not effects.height:
        return ""
    chosen = rows.filter(pl.col("chosen") == "yes")
    solver = esc(chosen["solver"][0]) if chosen.height else "the best solver"
    first = effects.row(0, named=True)
    sets = f"; it sets {esc(first['sets'])}" if first["sets"] else "; a decision of one slot"
    caption = f"The network before and after the solution of {solver}, n = {first['n']:.0f} sets of users{sets}"
    return table(_EFFECT, [_effect_row(r) for r in effects.iter_rows(named=True)], css="links stack", caption=caption)


def _effect_row(r: dict) -> list[str]:
    sure = r["change_low"] > 0 or r["change_high"] < 0
    good = (r["change"] > 0) == (r["better"] == "higher")
    verdict = "" if not sure or r["change"] == 0 else "<small>better</small>" if good else "<small>worse</small>"
    return [
        esc(_WORDS.get(r["figure"], r["figure"].replace("_", " "))),
        number(r["before"], 4),
        number(r["after"], 4),
        f"{number(r['change'], 3)} <small>{number(r['change_low'], 3)} to {number(r['change_high'], 3)}</small>"
        f" {verdict}",
    ]


def _real(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
