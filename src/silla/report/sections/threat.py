"""Quantum threat: for each interface the risk that what is sent now is read within its lifetime, and what covers it."""

from __future__ import annotations

import math

import polars as pl

from silla.report.sections.base import Section
from silla.report.stored import Stored
from silla.report.text import esc, table

__all__ = ["threat_section"]

_HEAD = ("Interface", "Keys", "Falls, 90 %", "Read in time", "With cover", "Migrate from", "Covered by")
_INTRO = (
    "<p>What a quantum computer would mean for this network. Data recorded now is read once the key exchange falls, so "
    "the risk counts years until then against the years that data must stay secret; signatures must be gone before. "
    "Years come from a Monte-Carlo of machines' growth and falling needs, with attacks published or in preprints up to "
    "2026; its interval is of the draws, not of what they assume. <code>silla threat</code> prints every assumption "
    "with its standing, and what vendors' evidence would change.</p>"
)


def threat_section(stored: Stored) -> Section | None:
    """One table a variant; None where no traffic is protected."""
    rows = stored.table("threat")
    if rows is None or not rows.height:
        return None
    parts = [_INTRO]
    for variant in rows["variant"].unique(maintain_order=True):
        mine = rows.filter(pl.col("variant") == variant)
        title = esc(stored.title(variant))
        caption = f"{title}: {mine['n'][0]:.0f} draws. Migrate from: the latest start that keeps the risk at 5 %"
        parts.append(table(_HEAD, [_row(r) for r in mine.iter_rows(named=True)], css="links stack", caption=caption))
    return Section("threat", "Quantum threat", "Threat", "".join(parts))


def _row(r: dict) -> list[str]:
    secret = f"secret for {r['lifetime_y']:.0f} years" if r["use"] == "confidentiality" else "signature"
    late = " <small>past</small>" if r["late_by_y"] > 0 else ""
    return [
        f"{esc(r['name'])}<small>{esc(r['protocol'])}, {secret}</small>",
        esc(r["primitive"]),
        "never" if not math.isfinite(r["falls_early"]) else f"{_year(r['falls_early'])} to {_year(r['falls_late'])}",
        f"{_share(r['p_now'])} <small>{_share(r['p_low'])} to {_share(r['p_high'])}</small>",
        _share(r["p_after"]),
        f"{_year(r['latest_start'])}{late}",
        esc(r["covered_by"]),
    ]


def _share(p: float) -> str:
    return f"{100 * p:.1f}\u00a0%"


def _year(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else "never"
