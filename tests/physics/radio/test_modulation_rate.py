"""Oracles: TS 38.214 Tables 5.1.3.1-1, -2, -4 (last rows and lengths), TS 38.306 arithmetic, Shannon's bound."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.physics.radio.modulation import MCS_TABLES, link_thresholds, mcs_table, rate_table
from silla.physics.radio.rate import efficiency_of, n_prb, peak_rate_bit_per_s, spectral_efficiency


@pytest.mark.parametrize(("name", "n", "first", "last"), [
    ("qam64", 29, 0.2344, 5.5547),
    ("qam256", 28, 0.2344, 7.4063),
    ("qam64-low", 29, 0.0586, 4.5234),
    ("qam1024", 27, 0.2344, 9.2578),
])  # fmt: skip
def test_printed_efficiencies(name, n, first, last):
    table = mcs_table(name)
    assert len(table.bits) == len(table.code_rate) == n
    assert table.efficiency[[0, -1]] == pytest.approx([first, last], abs=5e-5)


def test_some_printed_rows():
    assert mcs_table("qam64").efficiency[[9, 10, 17]] == pytest.approx([1.3262, 1.3281, 2.5664], abs=5e-5)
    assert mcs_table("qam256").efficiency[[5, 11, 20]] == pytest.approx([1.4766, 2.7305, 5.3320], abs=5e-5)
    assert mcs_table("qam1024").efficiency[[3, 15, 23]] == pytest.approx([1.4766, 5.3320, 7.8662], abs=5e-5)


def test_the_extension_says_that_it_is_one():
    assert "not in any standard" in MCS_TABLES["qam4096"].source
    assert mcs_table("qam4096").efficiency[-1] == pytest.approx(12 * 948 / 1024)


@pytest.mark.parametrize("name", list(MCS_TABLES))
def test_thresholds_are_shannon_moved_by_the_loss(name):
    table = rate_table(name, 2.0, model="shannon")
    assert (np.diff(table.sinr_threshold) > 0).all() and (np.diff(table.efficiency) > 0).all()
    assert np.log2(1 + table.sinr_threshold / 2.0) == pytest.approx(table.efficiency, rel=1e-12)


@pytest.mark.parametrize("n_prb", [1, 4, 10, 16, 64, 106, 273, 1500])
@pytest.mark.parametrize("name", list(MCS_TABLES))
def test_link_curves_lie_above_capacity_and_rise(name, n_prb):
    table = rate_table(name, n_prb=n_prb)
    assert (np.diff(table.sinr_threshold) > 0).all() and (np.diff(table.efficiency) > 0).all()
    assert table.efficiency[-1] == pytest.approx(mcs_table(name).efficiency[-1])
    assert len(table.efficiency) >= len(np.unique(mcs_table(name).efficiency)) - (
        4 if n_prb >= 4 else 12
    )  # sizes of small blocks are coarse
    wider = rate_table(name, 2.0, n_prb=n_prb)
    assert wider.sinr_threshold == pytest.approx(2.0 * table.sinr_threshold)
    if n_prb >= 16:  # one layer at 10 % losses: Shannon's bound holds with room
        gap = 10 * np.log10(table.sinr_threshold / np.expm1(table.efficiency * np.log(2.0)))
        assert gap.min() > 0.3 and gap.max() < 4.5


@pytest.mark.parametrize("name", list(MCS_TABLES))
def test_sizes_between_those_simulated_are_between_them(name):
    low, middle, high = (link_thresholds(name, n) for n in (16, 32, 64))
    assert middle == pytest.approx((low + high) / 2, abs=1e-9)
    assert link_thresholds(name, 0.5) == pytest.approx(link_thresholds(name, 1))
    assert link_thresholds(name, 5000) == pytest.approx(link_thresholds(name, 273))


def test_efficiency_steps_up_at_thresholds_and_never_beats_shannon():
    table = rate_table("qam256", 1.5)
    k = 11
    t = table.sinr_threshold[k]
    assert efficiency_of([t * (1 - 1e-9), t, 1e9, 0.0], table) == pytest.approx(
        [table.efficiency[k - 1], table.efficiency[k], table.efficiency[-1], 0.0]
    )
    sinr = np.geomspace(1e-3, 1e6, 2000)
    assert (efficiency_of(sinr, table) <= np.log2(1 + sinr / 1.5) + 1e-12).all()


def test_layers_share_the_power():
    table = rate_table("qam64", 1.0)
    sinr = np.geomspace(0.01, 1e5, 300)
    by_hand = np.max([n * efficiency_of(sinr / n, table) for n in (1, 2, 3, 4)], axis=0)
    assert spectral_efficiency(sinr, table, 4, overhead=0.14) == pytest.approx(0.86 * by_hand)


def test_peak_rates_of_ts_38306():
    # 100 MHz, 30 kHz: 273 blocks, 28e3 symbols/s, 4 layers, 8 bits
    expected = 273 * 12 * 28e3 * 4 * 8 * 948 / 1024 * 0.86
    assert peak_rate_bit_per_s(n_prb(100, 30), 30, 4, "qam256") == pytest.approx(expected)
    # FR2 400 MHz, 120 kHz, 2 layers, 64QAM, overhead 0.18
    expected = 264 * 12 * 14e3 * 8 * 2 * 6 * 948 / 1024 * 0.82
    assert peak_rate_bit_per_s(n_prb(400, 120, 2), 120, 2, "qam64", overhead=0.18) == pytest.approx(expected)


@pytest.mark.parametrize("call", [
    lambda: mcs_table("qam512"),
    lambda: rate_table("qam64", 0.5),
    lambda: rate_table("qam64", model="table"),
    lambda: rate_table("qam64", n_prb=0),
    lambda: n_prb(33, 30),
    lambda: peak_rate_bit_per_s(10, 15, 1, "8psk"),
    lambda: spectral_efficiency(1.0, rate_table("qam64"), 0),
])  # fmt: skip
def test_refusals(call):
    with pytest.raises(ArgumentError):
        call()
