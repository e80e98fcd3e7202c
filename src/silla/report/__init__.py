"""Stored results -> metrics -> figures -> one offline HTML page.

May import results and base, and plotly (its JavaScript alone, when a page is built); never the engine: a page is made
from what a run left on disk, on another machine, years later. Read `assemble.py` first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from silla.report.assemble import build

__all__ = ["build"]


def __getattr__(name: str) -> Any:
    # polars and pyarrow are imported when a page is built, not when silla is
    if name == "build":
        from silla.report.assemble import build

        return build
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
