"""Results of a run as a notebook wants them: Polars tables, xarray grids, the summary, the report."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silla.base.errors import StoreError
from silla.results.summary import read_json
from silla.results.tables import read_grid, read_table, table_names, units

if TYPE_CHECKING:
    import polars
    import xarray

__all__ = ["Results"]


class Results:
    """An opened results folder; see docs/results.md for its tables.

    Raises StoreError when the folder holds no results.
    """

    def __init__(self, directory: Path):
        self.directory = Path(directory)
        if not (self.directory / "manifest.json").is_file():
            raise StoreError(f"{self.directory}: no results here (no manifest.json); make some with `silla run`")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What was run: scenario, hashes, versions, seed, models and their citations."""
        return read_json(self.directory / "manifest.json")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Metrics by variant, each {mean, ci95, n, unit}."""
        return read_json(self.directory / "summary.json")

    @property
    def tables(self) -> list[str]:
        """Names of the tables."""
        return table_names(self.directory / "tables")

    @property
    def grids(self) -> list[str]:
        """Names of the grids."""
        return table_names(self.directory / "grids")

    def table(self, name: str) -> polars.DataFrame:
        """A table as a Polars data frame. Raises StoreError with the names there are when there is none of this one."""
        return read_table(self.directory / "tables", name)

    def units(self, name: str) -> dict[str, str]:
        """The unit of every column of a table."""
        return units(self.directory / "tables", name)

    def grid(self, name: str = "map") -> xarray.Dataset:
        """A grid as an xarray dataset with units in its attributes."""
        return read_grid(self.directory / "grids", name)

    def metrics(self) -> polars.DataFrame:
        """The summary as a table: variant, metric, mean, low, high, n, unit, description."""
        import polars as pl

        rows = [
            {
                "variant": variant,
                "metric": name,
                "mean": m["mean"],
                "low": m["ci95"][0],
                "high": m["ci95"][1],
                "n": m["n"],
                "unit": m["unit"],
                "description": m.get("description", ""),
            }
            for variant, metrics in self.summary["variants"].items()
            for name, m in metrics.items()
        ]
        return pl.DataFrame(rows)

    def report(self) -> Path:
        """Build the offline HTML page from what is stored here, and return its path."""
        from importlib import import_module

        # The page is drawn by a layer above this one; it is looked up when asked for.
        return import_module("silla.report").build(self.directory)

    def _repr_html_(self) -> str:
        return self.metrics()._repr_html_()

    def __repr__(self) -> str:
        return f"Results({str(self.directory)!r}, variants={list(self.summary['variants'])})"
