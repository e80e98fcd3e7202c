"""What links of the run carry at which SINR; the links that it simulated bit by bit, also those of 1 Tbit/s."""

from __future__ import annotations

from typing import Any

from silla.report.figures.link import rate_curve_figure, waterfall_figure
from silla.report.sections.base import Section, figures_html
from silla.report.stored import Stored
from silla.report.text import esc, number, quantity, table

__all__ = ["link_section"]

_HEAD = (
    "Link",
    "Distance",
    "Net rate",
    "SNR, needed",
    "Code blocks lost",
    "Range",
    "Power",
    "5G, same engine",
    "IMT-2020",
)


def link_section(stored: Stored) -> Section | None:
    """Rate curves, waterfalls and wideband links; None where the run has none of them."""
    figures = [f for f in (rate_curve_figure(stored, _RATES), waterfall_figure(stored, _waterfalls(stored))) if f]
    tables = _needs(stored) + _wide(stored)
    if not figures and not tables:
        return None
    return Section("link", "Link level", "Link", figures_html(figures) + tables, figures)


_RATES = (
    "What one spatial layer carries from which signal-to-interference-and-noise ratio on, as the run used it. Each "
    "step is a modulation and coding scheme whose transport blocks were coded, sent over Gaussian noise and decoded "
    "bit by bit: from there on at most one in ten is lost. Where the carrier's rate_model says so, it is Shannon's "
    "bound instead. The carrier's implementation loss is in it. Dotted: Shannon's bound. Without overhead."
)


def _waterfalls(stored: Stored) -> str:
    rows = stored.table("link_curves")
    if rows is None:
        return ""
    names = rows.select("link", "about").unique(maintain_order=True).iter_rows()
    listed = "; ".join(f"{esc(link)}: {esc(about)}" for link, about in names)
    return f"Share of transport blocks lost, bars: exact 95 % intervals; ratios without a loss are left out. {listed}."


_NEEDS = (
    "Link",
    "SNR for the target",
    "Interval",
    "Layers, antennas",
    "Estimate + receiver",
    "Doppler",
    "Net rate",
    "Blocks",
)


def _needs(stored: Stored) -> str:
    """A row for each link of link_curves: what it needs and carries; empty where there is none."""
    rows = stored.table("link_thresholds")
    if rows is None:
        return ""
    cells = [
        [
            f"{esc(r['link'])}<small>{esc(_description(r))}</small>",
            f"{_known(r['snr_db'], 'dB') if r['snr_db'] == r['snr_db'] else esc(r['outside'])}"
            f"<small>{number(100.0 * r['target'])} % lost</small>",
            _range(r["low_db"], r["high_db"]),
            f"{r['layers']} on {r['rx']}",
            esc(r["receiver"]),
            f"{number(r['doppler_hz'])} Hz",
            quantity(r["goodput_bit_per_s"], "bit/s"),
            str(r["blocks"]),
        ]
        for r in rows.iter_rows(named=True)
    ]
    listed = table(_NEEDS, cells, css="links stack", caption="What links need and carry, simulated bit by bit")
    return listed + f'<p class="note">{_NEEDS_NOTE}</p>'


_NEEDS_NOTE = (
    "The signal-to-noise ratio of a receive antenna at which the target share of transport blocks is lost, read "
    "between the ratios simulated; the interval is where the exact 95 % limits pass it. Net rate: at the best ratio, "
    "every slot used."
)


def _description(r: dict[str, Any]) -> str:
    """Title and what it is, without what has a column of its own."""
    what = f"{r['direction']}, {r['channel']}, MCS {r['mcs']}"
    return what if r["about"].startswith(r["direction"]) else f"{r['about']}: {what}"


def _range(low: float, high: float) -> str:
    return "–" if low != low and high != high else f"{_end(low)} to {_end(high)} dB"


def _end(x: float) -> str:
    return "?" if x != x else number(x)


def _wide(stored: Stored) -> str:
    """A row for each wideband link; empty where there is none."""
    rows = stored.table("link_tbps")
    if rows is None:
        return ""
    cells = [
        [
            f"{esc(r['link'])}<small>{esc(r['title'])}{': ' + esc(r['why']) if r['why'] else ''}</small>",
            f"{number(r['distance_m'])} m",
            quantity(r["net_bit_per_s"], "bit/s"),
            f"{number(r['snr_db'])} dB, {_known(r['required_snr_db'], 'dB')}",
            f"{r['code_block_errors']} of {r['code_blocks']}",
            _known(r["range_m"], "m"),
            f"{number(r['power_w'])} W",
            quantity(r["five_g_bit_per_s"], "bit/s") if r["five_g_bit_per_s"] == r["five_g_bit_per_s"] else "–",
            f"{_known(r['times_imt2020_peak'], 'times')}",
        ]
        for r in rows.iter_rows(named=True)
    ]
    return table(_HEAD, cells, css="links stack", caption="Wideband links, every bit coded, sent, received and decoded")


def _known(value: float | None, unit: str) -> str:
    return "–" if value is None or value != value else f"{number(value)} {unit}"
