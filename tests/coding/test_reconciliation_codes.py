"""The shipped codes of key reconciliation and their thresholds follow from tools/reconciliation_degrees.txt."""

from __future__ import annotations

import importlib.util
import sys
from importlib import resources
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
DEGREES = TOOLS / "reconciliation_degrees.txt"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("reconciliation_codes", TOOLS / "reconciliation_codes.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def shipped():
    text = resources.files("silla.coding").joinpath("data", "reconciliation_codes.csv").read_text()
    return text.splitlines()


@pytest.mark.parametrize("wanted", [(192, 41), (384, 72), (768, 66)])
def test_a_shipped_code_is_what_the_tool_makes_of_its_degrees(tool, wanted):
    (degrees,) = [d for columns, rows, d in tool.profiles(DEGREES) if (columns, rows) == wanted]
    start = f"{wanted[1]},{wanted[0]},"
    assert tool.code_lines(*wanted, degrees) == [line for line in shipped() if line.startswith(start)]


@pytest.mark.slow
def test_the_shipped_table_is_what_the_tool_prints(tool):
    lines = [line for profile in tool.profiles(DEGREES) for line in tool.code_lines(*profile)]
    assert [*tool.HEADER.splitlines(), *lines] == shipped()


@pytest.mark.parametrize(
    "index", [9, pytest.param(2, marks=pytest.mark.slow), pytest.param(25, marks=pytest.mark.slow)]
)
def test_thresholds_are_those_of_density_evolution(tool, index):
    profile = tool.profiles(DEGREES)[index]
    line = tool.line_of(*profile, tool.known_threshold(*profile))
    assert line == DEGREES.read_text().splitlines()[index]


def test_density_evolution_finds_the_known_threshold_of_regular_codes(tool):
    """Belief propagation on the (3, 6) code over the BSC: 0.084 (Richardson & Urbanke 2001, Table I)."""
    assert tool.converges({3: 192}, 6.0, 0.0835)
    assert not tool.converges({3: 192}, 6.0, 0.086)
