"""A CSV file as named columns that know their lines; every conversion says file, line and column when it fails."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic.fields import FieldInfo

from silla.base.errors import DataFileError
from silla.scenario.importers.text import read_csv_text
from silla.scenario.introspect import Bounds, bounds_of, unit_of
from silla.scenario.suggest import did_you_mean, listing, nearest, unit_slip

__all__ = ["CsvTable", "position_columns", "read_table", "unused_columns"]

_TRUE, _FALSE = {"1", "true", "yes", "y", "t"}, {"0", "false", "no", "n", "f"}
MAX_COLUMNS = 1000


@dataclass(frozen=True)
class CsvTable:
    """Columns of text by name, the line of every row, and what was not used.

    name : the file's name for messages. lines : (n_rows,) line of each row. encoding : what it was read as.
    ignored : columns that are not known and resemble none that is.
    """

    name: str
    columns: dict[str, list[str]] = field(repr=False)
    lines: list[int] = field(repr=False)
    encoding: str = "utf-8"
    ignored: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    def has(self, column: str) -> bool:
        """Whether the file has that column."""
        return column in self.columns

    def error(self, row: int, column: str, message: str) -> DataFileError:
        """An error that points at one cell."""
        return DataFileError(f"{self.name}:{self.lines[row]}: column {column!r}: {message}")

    def texts(self, column: str) -> list[str]:
        """The column as text; empty strings when the file has no such column."""
        return self.columns.get(column) or [""] * len(self)

    def required_texts(self, column: str) -> list[str]:
        """The column as text, none of it empty."""
        values = self.columns[column]
        for row, value in enumerate(values):
            if not value:
                raise self.error(row, column, "is empty")
            if len(value) > 80:
                raise self.error(row, column, f"{len(value)} characters are too many; at most 80")
        return values

    def unique_texts(self, column: str) -> list[str]:
        """As `required_texts`, each different."""
        first: dict[str, int] = {}
        for row, value in enumerate(self.required_texts(column)):
            if value in first:
                raise self.error(row, column, f"{value!r} is already on line {self.lines[first[value]]}")
            first[value] = row
        return list(first)

    def numbers(
        self, column: str, info: FieldInfo | None = None, *, required: bool = False, default: float = math.nan
    ) -> np.ndarray:
        """(n_rows,) float64; `default` where the file gives nothing.

        `info` is the scenario field that declares the range and unit; a value outside raises with what was meant.
        """
        texts = self.columns.get(column)
        if texts is None:
            return np.full(len(self), default)
        values = np.array([self._number(row, column, text, required) for row, text in enumerate(texts)], dtype=float)
        if info is not None:
            self._check_range(column, values, bounds_of(info), unit_of(info))
        return np.where(np.isnan(values), default, values)

    def booleans(self, column: str) -> np.ndarray:
        """(n_rows,) bool; false where the file gives nothing."""
        out = np.zeros(len(self), dtype=bool)
        for row, text in enumerate(self.texts(column)):
            word = text.lower()
            if word and word not in _TRUE | _FALSE:
                raise self.error(row, column, f"{text!r} is neither true nor false (or 1, 0, yes, no)")
            out[row] = word in _TRUE
        return out

    def _number(self, row: int, column: str, text: str, required: bool) -> float:
        if not text:
            if required:
                raise self.error(row, column, "is empty; a number is needed")
            return math.nan
        try:
            value = float(text)
        except ValueError:
            comma = "; write the decimal with a point" if text.count(",") == 1 else ""
            raise self.error(row, column, f"{text[:40]!r} is not a number{comma}") from None
        if not math.isfinite(value) or "_" in text:
            raise self.error(row, column, f"{text[:40]!r} is not a usable number")
        return value

    def _check_range(self, column: str, values: np.ndarray, bounds: Bounds, unit: str) -> None:
        bad = np.flatnonzero(~(np.isnan(values) | bounds.contains(values)))
        if bad.size:
            value = float(values[bad[0]])
            slip = _swapped(column, value) or unit_slip(value, unit, bounds.low, bounds.high)
            more = f" ({bad.size - 1} more rows like this)" if bad.size > 1 else ""
            raise self.error(
                int(bad[0]),
                column,
                f"{value:g} is not allowed{f'; {slip}' if slip else ''}; allowed: {bounds.text(unit)}{more}",
            )


def _swapped(column: str, value: float) -> str:
    return "are lat and lon swapped?" if column == "lat" and abs(value) <= 180 else ""


def read_table(
    path: Path,
    *,
    name: str,
    required: Sequence[str | tuple[str, ...]],
    optional: Iterable[str] = (),
    aliases: dict[str, str] | None = None,
) -> CsvTable:
    """The CSV file at `path`.

    Parameters
    ----------
    name : how messages call the file.
    required : columns that must be there; a tuple means any one of them.
    optional : further columns that are understood.
    aliases : other headings -> the column they mean.

    A byte-order mark is dropped; CP949 is read when the bytes are not UTF-8; comma, semicolon or tab separate; blank
    lines and lines that start with ``#`` are skipped. A heading that resembles a known one is refused, not ignored.
    """
    text, encoding = read_csv_text(path, name)
    rows = _rows(text, name)
    if not rows:
        raise DataFileError(f"{name}: the file is empty; its first line must name the columns")
    (header_line, header), body = rows[0], rows[1:]
    known = [c for r in required for c in ((r,) if isinstance(r, str) else r)] + list(optional)
    names, ignored = _headings(header, header_line, name, known, aliases or {})
    _check_required(names, required, name, header_line)
    if not body:
        raise DataFileError(f"{name}: the file has column names but no rows")
    columns: dict[str, list[str]] = {c: [] for c in names if c not in ignored}
    for line, row in body:
        if len(row) != len(header):
            raise DataFileError(f"{name}:{line}: {len(row)} fields, but the first line names {len(header)} columns")
        for column, value in zip(names, row, strict=True):
            if column in columns:
                columns[column].append(value.strip())
    return CsvTable(name, columns, [line for line, _ in body], encoding, tuple(ignored))


def _rows(text: str, name: str) -> list[tuple[int, list[str]]]:
    first = next((ln for ln in text.splitlines() if ln.strip() and not ln.startswith("#")), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row) and not row[0].startswith("#"):
                rows.append((start, row))
            start = reader.line_num + 1
    except csv.Error as fault:
        raise DataFileError(f"{name}:{reader.line_num}: this is not CSV: {fault}") from None
    return rows


def _headings(
    header: list[str], line: int, name: str, known: list[str], aliases: dict[str, str]
) -> tuple[list[str], list[str]]:
    if len(header) > MAX_COLUMNS:
        raise DataFileError(f"{name}:{line}: {len(header)} columns; is this a CSV table?")
    names = [aliases.get(cell.strip().lower(), cell.strip()) for cell in header]
    folded = {k.lower(): k for k in known}
    names = [folded.get(n.lower(), n) for n in names]
    for column in names:
        if column and names.count(column) > 1:
            raise DataFileError(f"{name}:{line}: the column {column!r} is there twice")
    ignored = [n for n in names if n not in known]
    for column in ignored:
        near = [k for k in nearest(column, known, 1) if k not in names] if column else []
        if near:
            raise DataFileError(f"{name}:{line}: column {column!r} is not known; did you mean {near[0]!r}?")
    return names, ignored


def _check_required(names: list[str], required: Sequence[str | tuple[str, ...]], name: str, line: int) -> None:
    for need in required:
        options = (need,) if isinstance(need, str) else need
        if not any(option in names for option in options):
            wanted = " or ".join(repr(o) for o in options)
            hint = did_you_mean(options[0], [n for n in names if n])
            raise DataFileError(
                f"{name}:{line}: column {wanted} is missing{hint}; found: {listing(n for n in names if n)}"
            )


def position_columns(table: CsvTable, place: dict[str, FieldInfo]) -> dict[str, np.ndarray | None]:
    """``lat, lon, x_m, y_m`` as float arrays, one pair of them None, checked against `place`'s ranges.

    Where a file gives both pairs, lat and lon are kept: they do not depend on whose origin x_m and y_m start from.
    """
    out: dict[str, np.ndarray | None] = {}
    for a, b in (("lat", "lon"), ("x_m", "y_m")):
        if table.has(a) != table.has(b):
            present, absent = (a, b) if table.has(a) else (b, a)
            raise DataFileError(f"{table.name}: column {absent!r} is missing beside {present!r}")
        for column in (a, b):
            out[column] = table.numbers(column, place[column], required=True) if table.has(a) else None
    if out["lat"] is None and out["x_m"] is None:
        found = listing(table.columns)
        raise DataFileError(f"{table.name}: no position; give the columns lat and lon, or x_m and y_m (found: {found})")
    if out["lat"] is not None:
        out["x_m"] = out["y_m"] = None
    return out


def unused_columns(table: CsvTable) -> tuple[str, ...]:
    """Headings whose values mean nothing here: unknown ones, and x_m and y_m beside lat and lon."""
    both = table.has("lat") and table.has("x_m")
    return (*table.ignored, *(("x_m", "y_m") if both else ()))
