"""Distribution functions of the snapshot."""

from __future__ import annotations

from silla.report.figures.distributions import distribution_figures
from silla.report.sections.base import Section, figures_html
from silla.report.stored import Stored

__all__ = ["distribution_section"]


def distribution_section(stored: Stored) -> Section | None:
    """All stored distributions; None where there is none."""
    figures = distribution_figures(stored)
    if not figures:
        return None
    return Section("distributions", "Distributions over users", "Distributions", figures_html(figures), list(figures))
