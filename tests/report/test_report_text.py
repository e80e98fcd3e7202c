"""Numbers and words for people. Oracles: what a person would write, and round trips."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from silla.report.encode import quantise, rounded
from silla.report.text import base_unit, esc, exact, interval, number, quantity, scale_of, table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12345.678, "12\u202f300"),
        (-0.001234, "−0.00123"),
        (9.996, "10.0"),
        (2e9, "2.00×10⁹"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (None, "–"),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.5e9, "bit/s", "2.50 Gbit/s"),
        (2500, "Mbit/s", "2.50 Gbit/s"),
        (0.57, "uJ/bit", "570 nJ/bit"),
        (1195, "kg", "1\u202f200 kg"),
        (0.12, "s", "120 ms"),
        (3.1, "dB", "3.10 dB"),
    ],
)
def test_quantity_takes_the_prefix_that_suits(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit).replace("\u00a0", " ") == text


@given(st.floats(1e-12, 1e14), st.sampled_from(["bit/s", "Mbit/s", "uJ/bit", "kWh"]))
def test_scale_keeps_the_value(value: float, unit: str) -> None:
    factor, shown = scale_of([value], unit)
    back = {"µ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "n": 1e-9, "p": 1e-12, "f": 1e-15}
    base = base_unit(unit)
    prefix = shown.removesuffix(base[1])
    assert value / factor * back.get(prefix, 1.0) == pytest.approx(value * base[0], rel=1e-9)


def test_interval_in_one_prefix_and_shares_in_per_cent() -> None:
    assert interval(2.5e9, 2.4e9, 2.6e9, "bit/s") == "2.50 [2.40, 2.60]\u00a0Gbit/s"
    assert interval(0.5, 0.45, 0.55, "1") == "50.0 [45.0, 55.0]\u00a0%"
    assert interval(5.0, 5.0, 5.0, "dB") == "5.00\u00a0dB"  # nothing to show
    assert interval(5.0, None, None, "dB") == "5.00 [−∞, ∞]\u00a0dB"
    assert interval(3e-46, 1e-46, 6e-46, "1") == "0\u00a0%"


def test_exact_keeps_what_was_set() -> None:
    assert exact(20e9, "bit/s") == "20\u00a0Gbit/s"
    assert exact(0.99999, "1") == "0.99999"
    assert exact(1e6, "1/km2") == "1\u202f000\u202f000\u00a0/km²"


def test_table_labels_its_cells_for_narrow_screens() -> None:
    html = table(["KPI", "Value"], [[esc("<b>"), "1"]])
    assert '<td data-label="Value">1</td>' in html and "&lt;b&gt;" in html and "<b>" not in html


def test_rounded_makes_gaps_of_what_is_not_finite() -> None:
    assert rounded([1.23456, 0.0, math.nan, math.inf, -2e-7, 5.0], 3) == [1.23, 0, None, None, -2e-7, 5]


@given(st.lists(st.floats(-10, 40), min_size=1, max_size=50))
def test_quantised_values_come_back_within_half_a_step(values: list[float]) -> None:
    codes = quantise(values, -10.0, 40.0)
    back = -10.0 + codes.astype(float) / 254.0 * 50.0
    assert np.max(np.abs(back - np.array(values))) <= 50.0 / 254.0 / 2 + 1e-9
    assert quantise([math.nan], -10.0, 40.0)[0] == 255
