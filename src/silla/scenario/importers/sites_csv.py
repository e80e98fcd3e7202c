"""Radio sites from a CSV table: one row a cell; rows with the same site id are cells of one site."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from silla.scenario.importers.table import CsvTable, position_columns, read_table, unused_columns
from silla.scenario.radio import Cell, Site

__all__ = ["CellRow", "SiteRows", "SitesTable", "read_sites"]

ALIASES = {
    "id": "site", "site_id": "site", "siteid": "site", "latitude": "lat", "longitude": "lon", "lng": "lon",
    "long": "lon", "tilt_deg": "downtilt_deg", "power_dbm": "tx_power_dbm",
}  # fmt: skip


@dataclass(frozen=True)
class CellRow:
    """One row: azimuth clockwise from north and downtilt in degrees (0 when not given); None for what is not given."""

    azimuth_deg: float
    downtilt_deg: float
    tx_power_dbm: float | None
    carrier: str | None
    line: int


@dataclass(frozen=True)
class SiteRows:
    """One site: its place (lat and lon in degrees, or x_m and y_m in metres; the other pair None) and its rows."""

    id: str
    name: str
    lat: float | None
    lon: float | None
    x_m: float | None
    y_m: float | None
    height_m: float
    rows: tuple[CellRow, ...]


@dataclass(frozen=True, eq=False)
class SitesTable:
    """Rows of a table of sites; NaN or "" where the file gives nothing.

    site, name, carrier : (n,) text. lat, lon : (n,) degrees, or None. x_m, y_m : (n,) metres east and north of the
    scenario's origin, or None; where a file gives both pairs, lat and lon are kept. height_m (25 m where not given),
    azimuth_deg (clockwise from north), downtilt_deg, tx_power_dbm : (n,). line : (n,) line of the file.
    """

    site: list[str]
    name: list[str]
    carrier: list[str]
    lat: np.ndarray | None
    lon: np.ndarray | None
    x_m: np.ndarray | None
    y_m: np.ndarray | None
    height_m: np.ndarray
    azimuth_deg: np.ndarray
    downtilt_deg: np.ndarray
    tx_power_dbm: np.ndarray
    line: list[int] = field(repr=False)
    file: str
    encoding: str = "utf-8"
    ignored_columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.site)

    def site_ids(self) -> list[str]:
        """Ids of the sites, once each, in the file's order."""
        return list(dict.fromkeys(self.site))

    def sites(self) -> list[SiteRows]:
        """The sites in the file's order, each with its rows."""
        grouped: dict[str, list[int]] = {}
        for row, site in enumerate(self.site):
            grouped.setdefault(site, []).append(row)
        return [self._site(site, rows) for site, rows in grouped.items()]

    def _site(self, site: str, rows: list[int]) -> SiteRows:
        first = rows[0]

        def at(values: np.ndarray | None) -> float | None:
            return None if values is None else float(values[first])

        cells = tuple(self._cell(row) for row in rows)
        place = {c: at(getattr(self, c)) for c in ("lat", "lon", "x_m", "y_m")}
        return SiteRows(id=site, name=self.name[first], height_m=float(self.height_m[first]), rows=cells, **place)

    def _cell(self, row: int) -> CellRow:
        power = float(self.tx_power_dbm[row])
        return CellRow(
            azimuth_deg=float(np.nan_to_num(self.azimuth_deg[row])),
            downtilt_deg=float(np.nan_to_num(self.downtilt_deg[row])),
            tx_power_dbm=None if np.isnan(power) else power,
            carrier=self.carrier[row] or None,
            line=self.line[row],
        )


def read_sites(path: Path, *, name: str | None = None) -> SitesTable:
    """The table of sites in a CSV file.

    Columns: ``site``, ``lat`` and ``lon`` or ``x_m`` and ``y_m``; optionally ``height_m``, ``azimuth_deg``,
    ``downtilt_deg``, ``carrier``, ``tx_power_dbm``, ``name``. Ranges are those of the scenario's Site and Cell.
    DataFileError with file, line and column for anything else.
    """
    place, cell = Site.model_fields, Cell.model_fields
    table = read_table(
        path,
        name=name or path.name,
        required=("site",),
        optional=(
            "lat", "lon", "x_m", "y_m", "height_m", "azimuth_deg", "downtilt_deg", "carrier", "tx_power_dbm", "name",
        ),
        aliases=ALIASES,
    )  # fmt: skip
    position = position_columns(table, place)
    sites = SitesTable(
        site=table.required_texts("site"),
        name=table.texts("name"),
        carrier=table.texts("carrier"),
        **position,
        height_m=table.numbers("height_m", place["height_m"], default=place["height_m"].default),
        azimuth_deg=table.numbers("azimuth_deg", cell["azimuth_deg"]),
        downtilt_deg=table.numbers("downtilt_deg", cell["downtilt_deg"]),
        tx_power_dbm=table.numbers("tx_power_dbm", cell["tx_power_dbm"]),
        line=table.lines,
        file=table.name,
        encoding=table.encoding,
        ignored_columns=unused_columns(table),
    )
    _check_rows(sites, table)
    return sites


def _check_rows(sites: SitesTable, table: CsvTable) -> None:
    """Rows of one site stand at one place, and no cell is there twice."""
    first: dict[str, int] = {}
    cells: dict[tuple[str, str, float, float], int] = {}
    for row, site in enumerate(sites.site):
        start = first.setdefault(site, row)
        for column in ("lat", "lon", "x_m", "y_m", "height_m"):
            values = getattr(sites, column)
            if values is not None and not np.array_equal(values[row], values[start], equal_nan=True):
                before = f"{values[start]:.10g} on line {table.lines[start]}"
                raise table.error(
                    row,
                    column,
                    f"site {site!r} is at {values[row]:.10g} here and at {before}; another site needs another id",
                )
        key = (site, sites.carrier[row], float(sites.azimuth_deg[row]) % 360, float(sites.downtilt_deg[row]))
        if (other := _same(cells, key)) is not None:
            same = f"site {site!r} has the same carrier and direction on line {table.lines[other]}"
            raise table.error(row, "site", f"{same}; each row must be another cell, or another site's id")
        cells[key] = row


def _same(cells: dict[tuple[str, str, float, float], int], key: tuple[str, str, float, float]) -> int | None:
    if key in cells:
        return cells[key]
    if any(part != part for part in key[2:]):  # NaN: not given, so any other row of that site and carrier collides
        rows = [row for (site, carrier, _, _), row in cells.items() if (site, carrier) == key[:2]]
        return rows[0] if rows else None
    return None
