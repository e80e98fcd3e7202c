"""Result tables: Parquet with every column's unit and meaning in the Arrow schema; grids to and from xarray."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from silla.base.errors import ArgumentError, StoreError
from silla.results.atomic import store_error, write_bytes

if TYPE_CHECKING:
    import polars
    import pyarrow
    import xarray

__all__ = ["Column", "Grid", "Table", "descriptions", "read_grid", "read_table", "table_names", "units", "write_tables"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_GRID_KEY = b"silla.grid"


@dataclass(frozen=True)
class Column:
    """One column: a name, its unit ("1" for a pure number, "" for text), what it means, and a 1-D array."""

    name: str
    unit: str
    description: str
    array: np.ndarray


@dataclass(frozen=True)
class Table:
    """A named table of columns of equal length."""

    name: str
    columns: list[Column]
    description: str = ""


@dataclass(frozen=True)
class Grid:
    """Fields over the same axes: axes and fields are columns; each field's array has one axis per entry of `axes`."""

    name: str
    axes: list[Column]
    values: list[Column]
    description: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise ArgumentError(f"{what} {name!r}: a letter, then letters, digits and underscores are allowed (80 at most)")


def _arrow(table: Table) -> pyarrow.Table:
    import pyarrow as pa

    _check_name(table.name, "table name")
    lengths = {column.name: len(column.array) for column in table.columns}
    if len(lengths) != len(table.columns):
        raise ArgumentError(f"table {table.name}: two columns have the same name")
    if len(set(lengths.values())) > 1:
        raise ArgumentError(f"table {table.name}: columns differ in length: {lengths}")
    schema, arrays = [], []
    for column in table.columns:
        _check_name(column.name, f"table {table.name}: column name")
        values = np.asarray(column.array)
        if values.ndim != 1:
            raise ArgumentError(f"table {table.name}: column {column.name} has {values.ndim} axes, one is needed")
        array = pa.array(values.tolist(), pa.string()) if values.dtype.kind in "UO" else pa.array(values)
        meaning = {b"unit": column.unit.encode(), b"description": column.description.encode()}
        schema.append(pa.field(column.name, array.type, metadata=meaning))
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=pa.schema(schema, {b"description": table.description.encode()}))


def _grid_arrow(grid: Grid) -> pyarrow.Table:
    shape = tuple(len(axis.array) for axis in grid.axes)
    if 0 in shape or not shape:
        raise ArgumentError(f"grid {grid.name}: shape {shape}; every axis needs at least one value")
    mesh = np.meshgrid(*(np.asarray(axis.array) for axis in grid.axes), indexing="ij")
    columns = [Column(a.name, a.unit, a.description, m.ravel()) for a, m in zip(grid.axes, mesh, strict=True)]
    for value in grid.values:
        if np.shape(value.array) != shape:
            raise ArgumentError(f"grid {grid.name}: {value.name} has shape {np.shape(value.array)}, needed is {shape}")
        columns.append(Column(value.name, value.unit, value.description, np.ravel(value.array)))
    arrow = _arrow(Table(grid.name, columns, grid.description))
    about = {"axes": [a.name for a in grid.axes], "shape": shape, "attributes": dict(grid.attributes)}
    return arrow.replace_schema_metadata(
        {**arrow.schema.metadata, _GRID_KEY: json.dumps(about, sort_keys=True).encode()}
    )


def write_tables(directory: Path | str, tables: Iterable[Table | Grid]) -> list[Path]:
    """Write each table or grid to ``directory/name.parquet`` and return the paths.

    All are encoded before the first is written; each file appears whole or not at all. Equal tables give equal bytes
    with the same PyArrow. Raises ArgumentError for malformed tables, StoreError for the disk. Several files that must
    change together go through `publish.publishing`.
    """
    import pyarrow.parquet as pq

    encoded: dict[str, bytes] = {}
    for table in tables:
        if table.name in encoded:
            raise ArgumentError(f"two tables are named {table.name!r}")
        buffer = io.BytesIO()
        arrow = _grid_arrow(table) if isinstance(table, Grid) else _arrow(table)
        pq.write_table(arrow, buffer, compression="zstd")
        encoded[table.name] = buffer.getvalue()
    paths = []
    for name, data in encoded.items():
        path = Path(directory) / f"{name}.parquet"
        write_bytes(path, data)
        paths.append(path)
    return paths


def table_names(directory: Path | str) -> list[str]:
    """Names of the tables in a directory, sorted."""
    return sorted(path.stem for path in Path(directory).glob("*.parquet"))


def _read_bytes(directory: Path | str, name: str) -> bytes:
    _check_name(name, "table name")
    path = Path(directory) / f"{name}.parquet"
    try:
        return path.read_bytes()
    except FileNotFoundError as fault:
        known = ", ".join(table_names(directory)) or "none"
        raise StoreError(f"{path}: there is no table {name!r}; tables there: {known}") from fault
    except OSError as fault:
        raise store_error(fault, path, doing="read") from fault


def _schema(directory: Path | str, name: str) -> pyarrow.Schema:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(io.BytesIO(_read_bytes(directory, name)))
    except pa.ArrowException as fault:
        raise StoreError(f"{directory}: table {name!r} is damaged ({fault}); run the scenario again") from fault


def read_table(directory: Path | str, name: str) -> polars.DataFrame:
    """A table as a Polars data frame. Raises StoreError when it is missing or damaged."""
    import polars as pl

    data = _read_bytes(directory, name)
    try:
        return pl.read_parquet(io.BytesIO(data))
    except Exception as fault:  # Polars raises its own Rust-side errors for damaged files, of many kinds
        raise StoreError(f"{directory}: table {name!r} is damaged ({fault}); run the scenario again") from fault


def units(directory: Path | str, name: str) -> dict[str, str]:
    """Unit of every column of a table."""
    return {f.name: (f.metadata or {}).get(b"unit", b"").decode() for f in _schema(directory, name)}


def descriptions(directory: Path | str, name: str) -> dict[str, str]:
    """Meaning of every column of a table."""
    return {f.name: (f.metadata or {}).get(b"description", b"").decode() for f in _schema(directory, name)}


def read_grid(directory: Path | str, name: str) -> xarray.Dataset:
    """A grid as an xarray dataset; units and descriptions are attributes of its variables and coordinates.

    Raises StoreError when the table is missing, damaged or not a grid.
    """
    import xarray as xr

    schema = _schema(directory, name)
    about = (schema.metadata or {}).get(_GRID_KEY)
    if about is None:
        raise StoreError(f"{directory}: table {name!r} is not a grid; read it with read_table")
    layout = json.loads(about)
    axes, shape = layout["axes"], tuple(layout["shape"])
    frame = read_table(directory, name)
    unit, meaning = units(directory, name), descriptions(directory, name)

    def variable(column: str, dims: list[str], values: np.ndarray) -> xr.Variable:
        return xr.Variable(dims, values, {"units": unit[column], "description": meaning[column]})

    coords, data = {}, {}
    for column in frame.columns:
        values = frame[column].to_numpy().reshape(shape)
        if column in axes:
            position = axes.index(column)
            index = tuple(slice(None) if k == position else 0 for k in range(len(axes)))
            coords[column] = variable(column, [column], values[index])
        else:
            data[column] = variable(column, axes, values)
    description = (schema.metadata or {}).get(b"description", b"").decode()
    return xr.Dataset(data, coords, {"description": description, **layout["attributes"]})
