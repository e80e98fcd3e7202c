"""Quantum links: budget, error rate, rate, bound, and what limits each."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from silla.report.figures.keys import rate_figure
from silla.report.figures.links import overview_figure
from silla.report.sections.base import Section, figures_html
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


def quantum_section(stored: Stored, windows_m: list[list[float]]) -> Section | None:
    """The fibres between the cities, the table of links and their rates against loss; None without fibre and link.

    `windows_m` are the areas of the city map, marked on the overview.
    """
    links = stored.table("key_links")
    overview = overview_figure(stored, windows_m, _OVERVIEW)
    rates = rate_figure(stored, _RATES)
    figures = [f for f in (overview, rates) if f]
    if links is None and not figures:
        return None
    html = figures_html(figures) + ("".join(_tables(stored, links)) if links is not None else "")
    title = "Fibres and quantum links" if overview else "Quantum links"
    return Section("quantum", title, "Quantum", html, figures)


_OVERVIEW = (
    "Straight lines between the nodes, labelled with the length of the cable and the rate of secret key bits on it; "
    "kilometres from the scenario's origin; the area of the map is orange."
)
_RATES = (
    "Rate of each link, and the most that any protocol could carry over the same fibre at the same pulse rate without "
    "a repeater (Pirandola, Laurenza, Ottaviani and Banchi 2017); a link without a rate is left out."
)


def _tables(stored: Stored, links: pl.DataFrame) -> Iterator[str]:
    """Links, then the keys' way from sifted to net; once where the variants' links are equal, else for each."""
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
    alone = len(groups) == 1 and len(stored.variants) == 1
    for names, rows in groups:
        of = "" if alone else f" of {', '.join(esc(n) for n in names)}"
        title = "" if alone else f"Links{of}"
        yield table(_HEAD, [_row(r) for r in rows.iter_rows(named=True)], css="links stack", caption=title)
        keys = _key_rows(stored, names[-1], rows)
        if keys:
            yield table(_KEY_HEAD, keys, css="links stack", caption=f"Keys{of}: secret, spent on authentication, net")


_KEY_HEAD = (
    "Link", "Error correction", "Sifted, at most corrected", "Secret", "Authentication spent", "Net",
    "Day: secret", "Day: authentication", "Day: net",
)  # fmt: skip


def _key_rows(stored: Stored, variant: str, links: pl.DataFrame) -> list[list[str]]:
    """What becomes of the keys of each link, a second without events and over the day; nothing in older results."""
    if "secret_bit_per_s" not in links.columns:
        return []
    day = stored.table("key_day")
    sums = {}
    if day is not None and "secret_bit" in day.columns:
        columns = ("secret_bit", "authentication_bit", "produced_bit")
        mine = day.filter(pl.col("variant") == variant).group_by("link").agg(pl.col(columns).sum())
        sums = {row["link"]: [quantity(row[c], "bit") for c in columns] for row in mine.iter_rows(named=True)}
    rows = []
    for r in links.filter(pl.col("error_correction") != "").iter_rows(named=True):
        f = f", f {r['efficiency']:.3f}" if _known(r["efficiency"]) else ""
        sifted = quantity(r["sifted_bit_per_s"], "bit/s") if _known(r["sifted_bit_per_s"]) else "–"
        most = f", {quantity(r['corrected_bit_per_s'], 'bit/s')}" if _known(r["corrected_bit_per_s"]) else ""
        rates = (r["secret_bit_per_s"], r["authentication_bit_per_s"], r["rate_bit_per_s"])
        rows.append(
            [esc(r["id"]), f"{_WAYS.get(r['error_correction'], esc(r['error_correction']))}{f}", sifted + most]
            + [quantity(x, "bit/s") if x else "none" for x in rates]
            + sums.get(r["id"], ["–"] * 3)
        )
    return rows


_WAYS = {"cascade": "Cascade", "ldpc": "LDPC", "assumed": "assumed"}


def _row(link: dict) -> list[str]:
    kind = {
        "key": "keys",
        "direct": "direct messages",
        "satellite": "keys from a satellite",
        "air": "keys through the air",
    }.get(link["kind"], esc(link["kind"]))
    rate = link["rate_bit_per_s"]
    return [
        f"{esc(link['id'])}<small>{kind}, {esc(link['protocol'])}</small>",
        f"{number(link['length_km'])}\u00a0km" if _known(link["length_km"]) else "–",
        f"{number(link['loss_db'])}\u00a0dB" if _known(link["loss_db"]) else "–",
        _or_dash(link["raman_per_gate"]),
        _or_dash(link["dark_per_gate"]),
        f"{number(100 * link['qber'])}\u00a0%" if _known(link["qber"]) else "–",
        quantity(rate, "bit/s") if rate and rate > 0 else "none",
        quantity(link["plob_bit_per_s"], "bit/s") if _known(link["plob_bit_per_s"]) else "–",
        esc(link["limited_by"]),
    ]


def _known(value: float | None) -> bool:
    return value is not None and value == value


def _or_dash(value: float | None) -> str:
    return number(value, 2) if _known(value) else "–"
