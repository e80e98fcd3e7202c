"""The published rows of validation/, each against its model. Oracle: the files' sources, named in SOURCE.md."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from silla.physics.compute import cell_power
from silla.physics.compute.ran_load import cell_gpu_share

CASES = Path(__file__).parents[3] / "validation"


def _rows(case: str) -> list[dict[str, str]]:
    with (CASES / case / "reference.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", _rows("tr38864_power_states"), ids=lambda r: f"cat{r['category']}-set{r['set']}")
def test_power_states_are_those_of_the_table(row):
    states = cell_power.power_states(int(row.pop("category")), int(row.pop("set")))
    assert {name: getattr(states, name) for name in row} == {name: float(value) for name, value in row.items()}


@pytest.mark.parametrize("row", _rows("aerial_multicell"), ids=lambda r: f"{r['gpu']}-{r['scheduled_prb']}")
def test_cells_per_gpu_are_the_published_capacity(row):
    share = cell_gpu_share(int(row["scheduled_prb"]) / 270, peak_cells_per_gpu=float(row["peak_cells_per_gpu"]))
    assert 1 / share == pytest.approx(float(row["cells"]), rel=1e-9)


def test_idle_to_full_power_lies_in_the_measured_range():
    none, full = _rows("site_power_ratio")
    low = float(none["low_w"]) / float(full["high_w"])
    high = float(none["high_w"]) / float(full["low_w"])
    ratio = cell_power.mean_relative_power(0.0, 0.0, policy="none") / cell_power.mean_relative_power(1.0, 1.0)
    assert low < ratio < high
