"""Oracles: round trips, PyArrow's own view of the file, xarray's arithmetic on a known field."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from silla.base.errors import ArgumentError, StoreError
from silla.results.tables import (
    Column,
    Grid,
    Table,
    descriptions,
    read_grid,
    read_table,
    table_names,
    units,
    write_tables,
)

USERS = Table(
    "users",
    [
        Column("cell", "1", "index of the serving cell", np.array([2, 0, 1], dtype=np.int32)),
        Column("sinr_db", "dB", "wideband SINR", np.array([3.5, np.nan, -2.0])),
        Column("site", "", "site of the serving cell", np.array(["a", "b", "한"], dtype=object)),
        Column("indoor", "", "inside a building", np.array([True, False, True])),
        Column("at", "", "time of the epoch", np.array(["2026-01-01", "2026-01-02", "2026-01-03"], "datetime64[s]")),
    ],
    "one row per user",
)


def test_values_units_and_meanings_come_back(tmp_path):
    (path,) = write_tables(tmp_path, [USERS])
    frame = read_table(tmp_path, "users")
    assert frame.columns == [c.name for c in USERS.columns] and frame.height == 3
    np.testing.assert_array_equal(frame["sinr_db"].to_numpy(), USERS.columns[1].array)
    assert frame["site"].to_list() == ["a", "b", "한"]
    assert units(tmp_path, "users") == {"cell": "1", "sinr_db": "dB", "site": "", "indoor": "", "at": ""}
    assert descriptions(tmp_path, "users")["sinr_db"] == "wideband SINR"
    assert pq.read_schema(path).field("sinr_db").metadata[b"unit"] == b"dB"  # any Arrow reader sees the unit
    assert table_names(tmp_path) == ["users"]


def test_equal_tables_have_equal_bytes(tmp_path):
    first, second = (write_tables(tmp_path / name, [USERS])[0].read_bytes() for name in "ab")
    assert first == second


def test_an_empty_table_keeps_its_columns_and_types(tmp_path):
    write_tables(tmp_path, [Table("none", [Column("x", "m", "", np.zeros(0)), Column("s", "", "", np.array([], str))])])
    assert read_table(tmp_path, "none").height == 0
    assert units(tmp_path, "none") == {"x": "m", "s": ""}


def test_a_grid_is_an_xarray_dataset_with_units(tmp_path):
    x, y = np.arange(4) * 5.0, np.arange(3) * 5.0
    field = y[:, None] * 10 + x
    grid = Grid(
        "map",
        [Column("y", "m", "north", y), Column("x", "m", "east", x)],
        [Column("sinr_db", "dB", "SINR", field), Column("cell", "1", "serving", np.ones((3, 4), int))],
        attributes={"height_m": 1.5},
    )
    write_tables(tmp_path, [grid])
    dataset = read_grid(tmp_path, "map")
    np.testing.assert_array_equal(dataset["sinr_db"].sel(y=10.0, x=15.0), 115.0)
    np.testing.assert_array_equal(dataset["sinr_db"].values, field)
    assert dataset["sinr_db"].attrs["units"] == "dB" and dataset["x"].attrs["units"] == "m"
    assert dataset.attrs["height_m"] == 1.5
    assert read_table(tmp_path, "map").height == 12


def test_malformed_tables_are_refused_before_anything_is_written(tmp_path):
    bad = {
        "differ in length": Table("t", [Column("a", "1", "", np.zeros(2)), Column("b", "1", "", np.zeros(3))]),
        "same name": Table("t", [Column("a", "1", "", np.zeros(2)), Column("a", "1", "", np.zeros(2))]),
        "table name": Table("../t", [Column("a", "1", "", np.zeros(2))]),
        "2 axes": Table("t", [Column("a", "1", "", np.zeros((2, 2)))]),
    }
    for message, table in bad.items():
        with pytest.raises(ArgumentError, match=message):
            write_tables(tmp_path, [USERS, table])
    with pytest.raises(ArgumentError, match="shape"):
        write_tables(tmp_path, [Grid("g", [Column("x", "m", "", np.zeros(2))], [Column("v", "1", "", np.zeros(3))])])
    assert table_names(tmp_path) == []


def test_missing_and_damaged_tables_are_named(tmp_path):
    (path,) = write_tables(tmp_path, [USERS])
    with pytest.raises(StoreError, match="tables there: users"):
        read_table(tmp_path, "cells")
    with pytest.raises(StoreError, match="not a grid"):
        read_grid(tmp_path, "users")
    path.write_bytes(path.read_bytes()[:-9])
    for read in (read_table, units):
        with pytest.raises(StoreError, match="damaged"):
            read(tmp_path, "users")


def test_a_full_disk_keeps_the_old_table(tiny_disk):
    write_tables(tiny_disk, [USERS])
    noise = np.random.default_rng(1).random(500_000)
    with pytest.raises(StoreError, match="disk is full"):
        write_tables(tiny_disk, [Table("users", [Column("x", "1", "", noise)])])
    assert read_table(tiny_disk, "users").height == 3
    assert [p.name for p in tiny_disk.iterdir()] == ["users.parquet"]
