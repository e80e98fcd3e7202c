"""Oracles: the peak arithmetic by hand, inversion, ITU's 20 Gbit/s at 30 bit/s/Hz."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.radio.link_budget import free_space_loss_db, noise_dbm
from silla.physics.radio.peak import BANDS, Efficiency, Link, air_db_per_km, carry, designs, peak_rate, required_snr_db


@pytest.mark.parametrize(("efficiency", "ghz"), [(60.0, 1000 / 60), (30.0, 1000 / 30)])
def test_spectrum_for_one_terabit(efficiency, ghz):
    answer = carry(1e12, 156.0, None, Efficiency(bit_per_s_per_hz=efficiency), Link())
    assert answer["bandwidth_needed_hz"] / 1e9 == pytest.approx(ghz)
    assert answer["carries"] and answer["why"] == ""


def test_a_400_mhz_carrier_ends_at_24_gbit():
    answer = carry(1e12, 7.8, 400e6, Efficiency(bit_per_s_per_hz=60.0), Link())
    assert answer["ends_at_bit_per_s"] == pytest.approx(24e9)
    assert not answer["carries"]
    assert "24 Gbit/s" in answer["why"] and "16.7 GHz" in answer["why"]


def test_imt_2020_reference_point():
    assert peak_rate(20e9 / 30.0, 30.0) == pytest.approx(20e9)  # M.2410: 20 Gbit/s, 30 bit/s/Hz


def test_efficiency_multiplies_out():
    e = Efficiency(layers=8, modulation="qam256", overhead=0.14)
    assert e.total == pytest.approx(8 * 8 * 948 / 1024 * 0.86)
    assert e.per_layer == pytest.approx(8 * 948 / 1024)
    assert required_snr_db(e, 3.0) == pytest.approx(10 * np.log10(2**e.per_layer - 1) + 3.0)


def test_the_budget_closes_exactly_at_the_reach():
    link, e = Link(rain_mm_per_h=5.0), Efficiency(layers=4, modulation="qam64")
    answer = carry(1e11, 140.0, 5e9, e, link)
    d = answer["reach_m"]
    loss = float(free_space_loss_db(140.0, d)) + air_db_per_km(140.0, link) * d / 1e3
    snr = 30 - 10 * np.log10(4) + 40 + 30 - loss - float(noise_dbm(5e9, 10.0))
    assert snr == pytest.approx(required_snr_db(e, 3.0), abs=1e-4)
    at = carry(1e11, 140.0, 5e9, e, link, distance_m=d)
    assert at["power_needed_dbm"] == pytest.approx(30.0, abs=1e-4)


def test_beyond_the_reach_it_says_how_much_power_is_missing():
    e = Efficiency(layers=2, modulation="qam64")
    near, far = (carry(1e10, 140.0, 5e9, e, Link(), distance_m=d) for d in (10.0, 5000.0))
    assert near["carries"] and not far["carries"]
    assert "reaches" in far["why"] and far["power_needed_dbm"] > 30.0


def test_rain_and_distance_cost_range():
    e = Efficiency(layers=2, modulation="qam16")
    reaches = [carry(1e10, 140.0, 5e9, e, Link(rain_mm_per_h=r))["reach_m"] for r in (0.0, 10.0, 100.0)]
    assert reaches == sorted(reaches, reverse=True) and reaches[0] > 1.2 * reaches[2]


def test_designs_stay_inside_their_bands_and_are_the_lightest():
    rows = designs(1e12, Link())
    assert [r["band"] for r in rows] == [b.name for b in BANDS]
    for row, band in zip(rows, BANDS):
        ceiling = band.width_hz * Efficiency(16, "qam1024").total
        assert row["carries"] == (ceiling >= 1e12)
        if row["carries"]:
            assert row["bandwidth_needed_hz"] <= band.width_hz
            if row["layers"] > 1:  # half the layers would not fit at any modulation
                assert Efficiency(row["layers"] // 2, "qam1024").total * band.width_hz < 1e12
        else:
            assert row["ends_at_bit_per_s"] == pytest.approx(ceiling)


@pytest.mark.parametrize("call", [
    lambda: Efficiency(modulation="qam9"),
    lambda: Efficiency(layers=0),
    lambda: Efficiency(bit_per_s_per_hz=-1.0),
    lambda: carry(-1.0, 140.0, None, Efficiency(), Link()),
    lambda: carry(1e12, 140.0, None, Efficiency(), Link(), distance_m=0.0),
    lambda: peak_rate(0.0, 60.0),
])  # fmt: skip
def test_nonsense_is_refused(call):
    with pytest.raises(ArgumentError):
        call()


def test_outside_the_air_model():
    with pytest.raises(DomainError):
        carry(1e12, 400.0, None, Efficiency(), Link())
    with pytest.raises(DomainError, match="does not fit"):
        carry(1e12, 3.5, None, Efficiency(layers=1, modulation="qpsk"), Link())
