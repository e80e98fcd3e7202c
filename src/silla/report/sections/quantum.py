"""Quantum links: budget, error rate, rate, bound, and what limits each."""

from __future__ import annotations

import polars as pl

from silla.report.figures.keys import rate_figure
from silla.report.sections.base import Section, figure_html
from silla.report.stored import Stored
from silla.report.text import esc, number, quantity, table

__all__ = ["quantum_section"]

_HEAD = (
    "Link",
    "Length",
    "Loss",
    "Raman noise per gate",
    "Dark counts per gate",
    "QBER",
    "Rate",
    "PLOB bound",
    "Limited by",
)


def quantum_section(stored: Stored) -> Section | None:
    """The table of links and their rates against loss; None where the run has no quantum link."""
    links = stored.table("key_links")
    if links is None:
        return None
    figure = rate_figure(stored, "Stored rate of each link and the repeaterless bound at the same loss and pulse rate (Pirandola et al. 2017), without noise; a link without a rate is left out.")  # fmt: skip
    blocks = _tables(stored, links)
    figures = [figure] if figure else []
    html = (figure_html(figure) if figure else "") + blocks
    return Section("quantum", "Quantum links", "Quantum", html, figures)


def _tables(stored: Stored, links: pl.DataFrame) -> str:
    """One table where the variants' links are equal, else one for each variant."""
    groups: list[tuple[list[str], pl.DataFrame]] = []
    for v in stored.variants:
        mine = links.filter(pl.col("variant") == v).drop("variant")
        if not mine.height:
            continue
        same = next((names for names, rows in groups if rows.equals(mine)), None)
        if same is not None:
            same.append(v)
        else:
            groups.append(([v], mine))
    out = []
    for names, rows in groups:
        title = "" if len(groups) == 1 and len(stored.variants) == 1 else f"Links of {', '.join(esc(n) for n in names)}"
        out.append(table(_HEAD, [_row(r) for r in rows.iter_rows(named=True)], css="links stack", caption=title))
    return "".join(out)


def _row(link: dict) -> list[str]:
    kind = {"key": "keys", "direct": "direct messages"}.get(link["kind"], esc(link["kind"]))
    rate = link["rate_bit_per_s"]
    return [
        f"{esc(link['id'])}<small>{kind}, {esc(link['protocol'])}</small>",
        f"{number(link['length_km'])} km",
        f"{number(link['loss_db'])} dB",
        number(link["raman_per_gate"], 2),
        number(link["dark_per_gate"], 2),
        f"{number(100 * link['qber'])} %" if link["qber"] is not None else "–",
        quantity(rate, "bit/s") if rate and rate > 0 else "none",
        quantity(link["plob_bit_per_s"], "bit/s"),
        esc(link["limited_by"]),
    ]
