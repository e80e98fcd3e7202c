"""Figures of merit. Oracles: closed forms worked by hand, published arithmetic, properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from silla.base.geo import clusters
from silla.report.metrics import change, peak_efficiency, thin, uplink_peak


def test_change_adds_half_widths_in_quadrature() -> None:
    # half-widths 3 and 4: hypot is 5
    c = change(100, 97, 103, 110, 106, 114)
    assert (c.difference, c.difference_low, c.difference_high) == pytest.approx((10, 5, 15))
    assert c.significant
    # logarithmic: sqrt(0.03^2 + (4/110)^2) around 1.1
    spread = math.sqrt(0.03**2 + (4 / 110) ** 2)
    assert c.relative == pytest.approx(0.1)
    assert c.relative_high == pytest.approx(1.1 * math.exp(spread) - 1)
    assert c.relative_low == pytest.approx(1.1 * math.exp(-spread) - 1)


def test_change_that_cannot_be_told_from_zero_is_not_significant() -> None:
    c = change(100, 97, 103, 104, 100, 108)
    assert not c.significant and not c.ratio_significant
    assert change(100, 97, 103, 120, 116, 124).ratio_significant


def test_change_from_zero_has_no_ratio_but_a_difference() -> None:
    c = change(0, 0, 0, 50, 50, 50)
    assert math.isnan(c.relative) and c.difference == 50 and c.significant


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e6), st.floats(0, 0.05), st.floats(0, 0.05))
def test_change_is_antisymmetric(a: float, b: float, ha: float, hb: float) -> None:
    one = change(a, a * (1 - ha), a * (1 + ha), b, b * (1 - hb), b * (1 + hb))
    other = change(b, b * (1 - hb), b * (1 + hb), a, a * (1 - ha), a * (1 + ha))
    assert one.difference == pytest.approx(-other.difference)
    assert (1 + one.relative) * (1 + other.relative) == pytest.approx(1)
    assert (1 + one.relative_high) * (1 + other.relative_low) == pytest.approx(1)


def test_peak_efficiency_of_one_tbit_per_s() -> None:
    # 1 Tbit/s at 60 bit/s/Hz needs 16.7 GHz; at half the time twice as much
    assert peak_efficiency(1e12, 1e12 / 60, 1.0) == pytest.approx(60)
    assert peak_efficiency(0.5e12, 1e12 / 60, 0.5) == pytest.approx(60)


def test_uplink_has_the_rest_of_the_time_in_tdd_and_all_of_it_in_fdd() -> None:
    assert uplink_peak(7.5, 0.75) == pytest.approx(2.5)
    assert uplink_peak(7.5, 1.0) == 7.5


@given(st.integers(2, 5000), st.integers(2, 300))
def test_thin_keeps_both_ends_and_the_limit(n: int, most: int) -> None:
    kept = thin(n, most)
    assert kept[0] == 0 and kept[-1] == n - 1
    assert len(kept) <= max(most, 2) and np.all(np.diff(kept) > 0)


def test_clusters_by_single_linkage() -> None:
    xy = [[0, 0], [900, 0], [1800, 0], [13_000, 0], [13_000, 800]]
    assert clusters(xy, 1000) == [[0, 1, 2], [3, 4]]
    assert clusters(xy, 100) == [[0], [1], [2], [3], [4]]
    assert clusters(xy, 20_000) == [[0, 1, 2, 3, 4]]
