"""What the links of the run carry at which SINR."""

from __future__ import annotations

from silla.report.figures.link import rate_curve_figure
from silla.report.sections.base import Section, figures_html
from silla.report.stored import Stored

__all__ = ["link_section"]


def link_section(stored: Stored) -> Section | None:
    """The rate curves that the run used; None where the run has none."""
    rates = rate_curve_figure(stored, _RATES)
    if rates is None:
        return None
    return Section("link", "Link level", "Link", figures_html([rates]), [rates])


_RATES = (
    "What one spatial layer carries from which signal-to-interference-and-noise ratio on, as the run used it. Each "
    "step is a modulation and coding scheme whose transport blocks were coded, sent over Gaussian noise and decoded "
    "bit by bit: from there on at most one in ten is lost. Where the carrier's rate_model says so, it is Shannon's "
    "bound instead. The carrier's implementation loss is in it. Dotted: Shannon's bound. Without overhead."
)
