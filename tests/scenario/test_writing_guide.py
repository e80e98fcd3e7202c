"""The guide's own examples work as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from silla.scenario.catalogue import catalogue_of
from silla.scenario.document import parse_document, plain
from silla.scenario.importers import fibres_csv, sites_csv, users_csv
from silla.scenario.patch import parse_override, parse_sweep

GUIDE = (Path(__file__).parents[2] / "docs" / "writing-scenarios.md").read_text(encoding="utf-8")


def test_the_catalogue_example_is_valid():
    block = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert block is not None
    own = plain(parse_document(block[1], "guide"))["catalogue"]
    parts = catalogue_of(own)
    assert parts.part("gpus", "h200")["tdp_w"] == 600
    assert parts.part("fibres", "old-cable")["attenuation_db_per_km"] == 0.25


def test_every_setting_parses():
    settings = re.findall(r'--set "?([^"`|]+)"?`', GUIDE)
    assert len(settings) == 6
    for text in settings:
        if text.count(":"):
            assert len(parse_sweep(text).values) == 3
        else:
            assert parse_override(text)


@pytest.mark.parametrize(
    ("table", "module"), [("files.sites", sites_csv), ("files.users", users_csv), ("files.fibres", fibres_csv)]
)
def test_the_columns_of_the_guide_are_those_that_are_read(table, module, tmp_path):
    """A table with every column of the guide (one position pair) leaves no column unused."""
    row = next(line for line in GUIDE.splitlines() if line.startswith(f"| `{table}`"))
    columns = [c for c in re.findall(r"`([a-z_]+)`", row) if c not in ("x_m", "y_m")]
    values = {"lat": "35", "lon": "129", "indoor": "1", "site": "a", "id": "a", "end_a": "p", "end_b": "q", "name": "n"}
    values |= {"carrier": "c", "type": "g652d", "attenuation_db_per_km": "0.2"}
    path = tmp_path / "t.csv"
    path.write_text(",".join(columns) + "\n" + ",".join(values.get(c, "5") for c in columns) + "\n")
    reader = {"sites_csv": "read_sites", "users_csv": "read_users", "fibres_csv": "read_fibres"}
    found = getattr(module, reader[module.__name__.rsplit(".", 1)[1]])(path)
    assert found.ignored_columns == ()
    assert len(found) == 1
