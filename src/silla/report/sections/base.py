"""What a section is, and how a figure stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from silla.report.figures.base import Figure
from silla.report.text import esc

__all__ = ["Section", "figure_html", "figures_html", "variant_swatch"]


@dataclass(frozen=True)
class Section:
    """A titled part of the page; `nav` is its word in the table of contents."""

    id: str
    title: str
    nav: str
    html: str
    figures: list[Figure] = field(default_factory=list)


def figure_html(figure: Figure) -> str:
    """A figure with its title, tabs or facets, caption, and an empty plot that the page fills when it is seen."""
    label = esc(f"{figure.title}. Figure; its numbers are in the tables stored beside this page.")
    if figure.facets:
        plots = "".join(
            f'<div class="facet"><p class="facet-title">{esc(p.label)}</p>{_plot(figure, i, label)}</div>'
            for i, p in enumerate(figure.panels)
        )
        body, tabs = f'<div class="facets">{plots}</div>', _legend(figure)
    else:
        body, tabs = _plot(figure, 0, label), _tabs(figure)
    return (
        f'<figure class="figure" id="fig-{figure.id}"><div class="figure-head"><h3>{esc(figure.title)}</h3>{tabs}</div>'
        f"{body}<figcaption>{figure.caption}</figcaption></figure>"
    )


def figures_html(figures: Sequence[Figure | None]) -> str:
    """Figures side by side where there is room."""
    return f'<div class="figures">{"".join(figure_html(f) for f in figures if f)}</div>'


def variant_swatch(style: dict[str, str]) -> str:
    """A short line in a variant's colour and dash."""
    dashed = " dashed" if style.get("dash", "solid") != "solid" else ""
    return f'<span class="swatch c-{style["color"].lstrip("$")}{dashed}" aria-hidden="true"></span>'


def _plot(figure: Figure, panel: int, label: str) -> str:
    shape = " equal" if "scaleanchor" in figure.panels[panel].layout.get("yaxis", {}) else ""
    return (
        f'<div class="plot{shape}" data-figure="{figure.id}" data-panel="{panel}" style="height:{figure.height}px" '
        f'role="img" aria-label="{label}"></div>'
    )


def _tabs(figure: Figure) -> str:
    if len(figure.panels) < 2:
        return ""
    buttons = (
        f'<button type="button" data-tab="{i}" aria-pressed="{"true" if i == 0 else "false"}">{esc(p.label)}</button>'
        for i, p in enumerate(figure.panels)
    )
    group = f'<div class="tabs" role="group" aria-label="Choose what is shown" data-for="{figure.id}">'
    return f"{group}{''.join(buttons)}</div>"


def _legend(figure: Figure) -> str:
    entries = (
        f'<span class="key"><span class="box c-{colour.lstrip("$")}" aria-hidden="true"></span>{esc(name)}</span>'
        for name, colour in figure.legend
    )
    return f'<div class="keys">{"".join(entries)}</div>'
