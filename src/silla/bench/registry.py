"""The list of headline figures, and measuring some of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from silla.base.errors import ArgumentError
from silla.bench import (
    distil,
    import_time,
    ising,
    large_scale_links,
    ldpc,
    obstruction_rays,
    pusch_slot,
    qaoa,
    quantum_rates,
    reports,
    tbps,
)
from silla.bench.figure import Figure, Measured
from silla.bench.photons import FIGURES as PHOTONS

__all__ = ["FIGURES", "measure", "run"]

FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        large_scale_links.FIGURE,
        obstruction_rays.FIGURE,
        *ldpc.FIGURES,
        tbps.FIGURE,
        pusch_slot.FIGURE,
        *qaoa.FIGURES,
        quantum_rates.FIGURE,
        *distil.FIGURES,
        *ising.FIGURES,
        import_time.FIGURE,
        *reports.FIGURES,
        *PHOTONS,
    )
}


def chosen(names: Sequence[str] | None) -> list[Figure]:
    """The figures of these names, all without names; ArgumentError for a name that is not known."""
    for name in names or ():
        if name not in FIGURES:
            close = difflib.get_close_matches(name, FIGURES, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ArgumentError(f"no headline figure is called {name!r}{hint} Known: {', '.join(FIGURES)}")
    return [FIGURES[name] for name in names] if names else list(FIGURES.values())


def measure(figures: Sequence[Figure]) -> Iterator[dict[str, Any]]:
    """The row of each figure as soon as it is measured; a measurement that fails says so in its note."""
    for figure in figures:
        try:
            measured = figure.measure()
        except Exception as error:  # one figure's failure must not hide the others
            measured = Measured(None, note=f"failed: {type(error).__name__}: {error}")
        yield figure.row(measured)


def run(names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Measure the figures of these names (all by default).

    Returns a list of {name, value, unit, floor, goal, better, peer, peer_value, ratio, note}; value is None where a
    figure could not be measured, with the reason in note. Raises ArgumentError for an unknown name.
    """
    return list(measure(chosen(names)))
