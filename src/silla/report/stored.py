"""What a run left behind, read for the report: manifest, summary, tables on demand.

Faults are StoreError with what to do: the directory is missing, is somebody else's, or a file in it is damaged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from silla.base.errors import ArgumentError, StoreError
from silla.results.tables import read_table, units

__all__ = ["Stored", "open_results"]


@dataclass(frozen=True)
class Stored:
    """A results directory: `manifest` and `summary` as read, tables by name."""

    directory: Path
    manifest: dict[str, Any]
    summary: dict[str, Any]
    _tables: dict[str, pl.DataFrame | None] = field(default_factory=dict, repr=False)
    _units: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    @property
    def variants(self) -> tuple[str, ...]:
        """Ids of the variants in the order of the scenario."""
        table = self.table("variants")
        listed = table["variant"].to_list() if table is not None else []
        return tuple(listed) or tuple(self.summary.get("variants", {})) or ("base",)

    def title(self, variant: str) -> str:
        """The variant's caption for people; its id where it has none."""
        table = self.table("variants")
        if table is not None and "title" in table.columns:
            for row in table.iter_rows(named=True):
                if row["variant"] == variant and row["title"]:
                    return str(row["title"])
        return variant

    @property
    def scenario(self) -> dict[str, Any]:
        """The scenario as it was run (empty where the manifest holds none)."""
        found = self.manifest.get("scenario")
        return found if isinstance(found, dict) else {}

    def table(self, name: str) -> pl.DataFrame | None:
        """The table of that name; None where the run has none or it has no rows."""
        return self._read(name, "tables")

    def grid(self, name: str) -> pl.DataFrame | None:
        """The grid of that name as a long table; None where the run has none."""
        return self._read(name, "grids")

    def grid_names(self, prefix: str) -> list[str]:
        """Names of the grids that begin so, sorted; a run whose variants have different maps stores several."""
        return sorted(path.stem for path in (self.directory / "grids").glob(f"{prefix}*.parquet"))

    def grid_attributes(self, name: str) -> dict[str, Any]:
        """What a grid says about itself, such as the carrier drawn; empty where it says nothing."""
        import pyarrow.parquet as pq

        path = self.directory / "grids" / f"{name}.parquet"
        if not path.exists():
            return {}
        about = (pq.read_schema(path).metadata or {}).get(b"silla.grid", b"{}")
        return json.loads(about).get("attributes", {})

    def unit(self, table: str, column: str) -> str:
        """Unit of a column as stored in its field's metadata; empty where it has none."""
        self._read(table, "tables")
        return self._units.get(table, {}).get(column, "")

    def _read(self, name: str, folder: str) -> pl.DataFrame | None:
        if name not in self._tables:
            place = self.directory / folder
            self._tables[name] = None
            if (place / f"{name}.parquet").exists():
                frame = read_table(place, name)
                self._units[name] = units(place, name)
                if frame.height:
                    self._tables[name] = frame
        return self._tables[name]


def open_results(directory: Path) -> Stored:
    """The results in `directory`.

    Raises ArgumentError when it is not a directory of results, StoreError when a file in it cannot be read.
    """
    directory = Path(directory)
    if not directory.exists():
        raise ArgumentError(f"{directory}: no such directory; give the folder that `silla run` wrote")
    if not directory.is_dir():
        raise ArgumentError(f"{directory}: is a file; give the folder that `silla run` wrote, not a file in it")
    manifest_path = directory / "manifest.json"
    if not manifest_path.exists():
        raise ArgumentError(
            f"{directory}: holds no manifest.json, so it is not a folder of results; "
            f"make one with `silla run SCENARIO --out {directory}`"
        )
    manifest, summary = _json(manifest_path), _json(directory / "summary.json")
    if "silla" not in manifest:
        raise ArgumentError(f"{manifest_path}: was not written by silla (no key 'silla'); give a folder that it wrote")
    if not isinstance(summary.get("variants"), dict):
        raise StoreError(f"{directory / 'summary.json'}: has no variants; run the scenario again into this folder")
    return Stored(directory, manifest, summary)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise StoreError(f"{path}: missing; the run did not finish. Run it again: finished tasks are reused") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StoreError(f"{path}: damaged ({error}); run the scenario again into this folder") from None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from None
    if not isinstance(value, dict):
        raise StoreError(f"{path}: expected a JSON object, found {type(value).__name__}; run the scenario again")
    return value
