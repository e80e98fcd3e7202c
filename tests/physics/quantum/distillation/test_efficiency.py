"""Oracles: the parties themselves on fresh keys, the Shannon limit, the cut of blocks into frames done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.coding.reconciliation import binary_entropy
from silla.physics.quantum.distillation.efficiency import block_size, measured_efficiency, play, table
from silla.physics.quantum.distillation.settings import RECONCILIATIONS, Settings

needs_kernels = pytest.mark.skipif(not kernels.available(), reason="no C++ kernels: slow")


def keys(n, rate, *name):
    rng = stream(9, "efficiency", n, *name)
    a = rng.integers(0, 2, n, dtype=np.uint8)
    return a, a ^ (rng.random(n) < rate).astype(np.uint8)


@needs_kernels
@pytest.mark.parametrize(
    ("way", "n", "rate"),
    [
        ("cascade", 200_000, 0.013), ("cascade", 30_000, 0.033), ("cascade", 3000, 0.07), ("cascade", 65536, 0.17),
        ("ldpc", 420_000, 0.028), ("ldpc", 200_000, 0.065), ("ldpc", 50_000, 0.02),
    ],
)  # fmt: skip
def test_the_table_says_what_the_parties_then_tell(way, n, rate):
    """Error rates and lengths between the table's; the spread of one run is a few percent of f - 1 at these sizes."""
    settings = Settings((0.5, 0.1), (0.5, 0.5), reconciliation=way)
    found = []
    for k in range(3):
        a, b = keys(n, rate, k)
        bits, told = play(settings, a, b, rate, seed=k)
        assert (bits == a).all()
        found.append(told / (n * float(binary_entropy(float(np.mean(a != b))))))
    expected = measured_efficiency(way, rate, n)
    assert np.mean(found) == pytest.approx(expected.f, abs=0.2 * (expected.f - 1.0) + 0.01)


@pytest.mark.parametrize("way", RECONCILIATIONS)
def test_the_table_is_whole_and_its_intervals_hold_the_mean(way):
    t = table(way)
    assert np.isfinite(np.stack(t[2:])).all() and (t.f > 1.0).all() and (t.bit_per_s > 1e5).all()
    assert (t.low <= t.f).all() and (t.f <= t.high).all() and (t.low > 1.0).all()
    assert (np.diff(t.error_rate) > 0).all() and (np.diff(t.frame_bit) > 0).all()


def test_long_blocks_meet_the_goals_of_the_bench():
    for rate in (0.01, 0.02, 0.03, 0.05):
        assert measured_efficiency("cascade", rate, 1e7).f < 1.06
        assert measured_efficiency("ldpc", rate, 1e7).f < 1.12


def test_blocks_are_cut_as_the_parties_cut_them():
    whole, rest = measured_efficiency("cascade", 0.02, 65536), measured_efficiency("cascade", 0.02, 5000)
    both = measured_efficiency("cascade", 0.02, 2 * 65536 + 5000)
    assert both.f == pytest.approx((2 * 65536 * whole.f + 5000 * rest.f) / (2 * 65536 + 5000))
    seconds = 2 * 65536 / whole.bit_per_s + 5000 / rest.bit_per_s
    assert both.bit_per_s == pytest.approx((2 * 65536 + 5000) / seconds)
    n = block_size(0.03)
    assert measured_efficiency("ldpc", 0.03, n - 1) == measured_efficiency("cascade", 0.03, n - 1)
    assert measured_efficiency("ldpc", 0.03, n).f != measured_efficiency("cascade", 0.03, n).f
    assert block_size(1e-4) == 0  # no code: left to Cascade
    assert measured_efficiency("ldpc", 1e-4, 1e7) == measured_efficiency("cascade", 1e-4, 1e7)


def test_below_the_least_error_rate_no_less_is_told():
    least = float(table("cascade").error_rate[0])
    told = [
        measured_efficiency("cascade", q, 1e6).f * float(binary_entropy(q)) for q in (least, least / 10, least / 100)
    ]
    assert told == pytest.approx([told[0]] * 3)
    assert np.isfinite(measured_efficiency("cascade", 0.0, 1e6).f)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("winnow", 0.02, 1e6), ArgumentError), (("cascade", 0.5, 1e6), DomainError),
        (("cascade", -0.1, 1e6), DomainError), (("ldpc", float("nan"), 1e6), DomainError),
        (("ldpc", 0.02, 0.0), DomainError),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(arguments, error):
    with pytest.raises(error):
        measured_efficiency(*arguments)
