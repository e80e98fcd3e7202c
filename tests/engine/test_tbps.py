"""The 1 Tbit/s link's report. Oracles: Friis by hand, products of overheads, TS 38.306, plain coded QAM over AWGN."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.cli._app import run_command
from silla.engine import tbps_system as ts
from silla.engine.tbps import tbps_figures, tbps_report
from silla.engine.tbps_search import compared, measured, required_snr, shortened, slots_by_default
from silla.physics.radio.atmosphere import gas_attenuation_db_per_km, rain_attenuation_db_per_km
from silla.physics.radio.rate import peak_rate_bit_per_s

needs_kernels = pytest.mark.skipif(not kernels.available(), reason="a slot of 1e6 bits needs the kernels' speed")


@pytest.mark.parametrize("name", ["dband", "sub-thz-300"])
def test_presets_carry_more_than_a_terabit_net(name):
    s = ts.system(name)
    link = ts.build_link(s, s.distance_m)
    shares = ts.overheads(s, link)
    product = np.prod([v for k, v in shares.items() if k != "net_bit_per_s"])
    assert product == pytest.approx(shares["net_bit_per_s"], rel=1e-9)
    assert shares["net_bit_per_s"] > 1e12
    assert shares["net_bit_per_s"] == link.bits_per_slot / (1e-3 / 2**link.mu)
    assert shares["code_and_crc"] == pytest.approx(float(s.rate), rel=0.02)
    assert all(s.low_hz <= c - s.spacing_hz / 2 and c + s.spacing_hz / 2 <= s.high_hz + 1 for c in s.carriers_hz)


def test_5g_carrier_is_near_the_approximate_peak_of_ts_38306():
    s = ts.system("nr-100mhz")
    link = ts.build_link(s, s.distance_m)
    approximate = peak_rate_bit_per_s(273, 30, 8, "qam256", overhead=1.0 / 14.0)  # DM-RS alone
    assert link.net_bit_per_s == pytest.approx(approximate, rel=0.014)  # block sizes go in steps of 1.3 %


def test_budget_by_hand():
    s = ts.system("dband")
    got = ts.budget(s, 100.0, 20.0)
    # 64 elements: 18.06 dB; 10 dBm - 9 dB + 18.06; gain 5 + 18.06 at each end
    assert got["tx_power_dbm"] == pytest.approx(1 + 10 * np.log10(64))
    f = 146.0
    loss = 32.4478 + 20 * np.log10(f) + 20 * np.log10(100.0)
    loss += 0.1 * (float(gas_attenuation_db_per_km(f)) + float(rain_attenuation_db_per_km(f, 20.0)))
    assert got["loss_db"] == pytest.approx(loss, abs=0.1)  # the mean over 130 to 162 GHz
    noise = -173.975 + 10 * np.log10(504 * 15.36e6) + 10
    assert got["snr_db"] == pytest.approx(
        got["tx_power_dbm"] + 2 * (5 + 10 * np.log10(64)) - got["loss_db"] - noise, abs=0.01
    )


def test_reach_is_where_the_budget_meets_the_need():
    s = ts.system("dband")
    reach = ts.reach_by_budget_m(s, 15.0, 10.0)
    assert ts.budget_snr_db(s, reach, 10.0) == pytest.approx(15.0, abs=1e-6)
    assert reach < ts.reach_by_budget_m(s, 15.0, 0.0)
    assert ts.reach_by_budget_m(s, None, 0.0) == 0.0


@needs_kernels
def test_ideal_requirement_is_that_of_coded_qam_over_awgn():
    """The same code over plain AWGN without a waveform: 10 lg 4 above a port's SNR, less what estimates cost."""
    from silla.base.rng import stream
    from silla.coding.transport_block import decode_transport_block, encode_transport_block
    from silla.physics.radio.link.demapping import demap_int8
    from silla.physics.radio.link.mapping import map_symbols

    s = ts.changed(ts.system("dband"), bandwidth_ghz=8.0)
    link = ts.build_link(s, s.distance_m, impairments=())
    target = 0.05
    needed = required_snr(link, target, 240, 1).snr_db
    assert needed is not None
    a, g = link.transport_block_bits(4), len(ts.layout(link).data) * 13 * 4 * 6

    def code_bler(sinr_db: float) -> float:
        rng = stream(9, "awgn")
        bits = rng.integers(0, 2, (6, a), dtype=np.uint8)
        x = map_symbols(encode_transport_block(bits, g, 6, 5 / 6, n_layers=4), "qam64")
        n0 = 10 ** (-sinr_db / 10)
        noise = np.sqrt(n0 / 2) * (rng.standard_normal(x.shape) + 1j * rng.standard_normal(x.shape))
        found = decode_transport_block(demap_int8(x + noise, n0, "qam64"), a, 6, 5 / 6, n_layers=4)
        return float(1 - found.block_ok.mean())

    grid = np.arange(16.5, 19.5, 0.1)
    plain = next(x for x in grid if code_bler(x) <= target)
    loss = needed + 10 * np.log10(4) - plain
    assert -0.1 < loss < 1.0


@needs_kernels
def test_search_brackets_its_target_and_repeats():
    s = ts.changed(ts.system("dband"), bandwidth_ghz=8.0)
    link = ts.build_link(s, s.distance_m, impairments=())
    need = required_snr(link, 0.1, 240, 1)
    assert need == required_snr(link, 0.1, 240, 1)
    assert need.snr_db is not None and need.n_points >= 2 and need.code_blocks >= 120
    above, below = (compared(link, need.snr_db + d, 0.1, 480, 7) for d in (-0.4, 0.4))  # other random numbers
    assert above.code_bler > 0.1 > below.code_bler
    if need.low_db is not None and need.high_db is not None:
        assert need.low_db < need.high_db
    floor = ts.build_link(ts.changed(s, backoff_db=1.5), s.distance_m, impairments=("amplifier",))
    assert required_snr(floor, 0.01, 60, 1).snr_db is None  # more distortion than 64QAM bears


@needs_kernels
def test_a_shortened_slot_has_the_same_rate_and_error_rate():
    s = ts.changed(ts.system("dband"), bandwidth_ghz=8.0, mu=8)
    link = ts.build_link(s, s.distance_m, impairments=())
    short = shortened(link, 60)
    assert 60 <= short.code_blocks_per_slot < link.code_blocks_per_slot and short.n_symbols < 14
    # a symbol of each allocation is for DM-RS, so that the shorter one carries less
    lost = (1 - 1 / short.n_symbols) / (1 - 1 / 14)
    assert short.net_bit_per_s == pytest.approx(link.net_bit_per_s * lost, rel=0.02)
    a, b = (measured(x, 11.3, n, 1) for x, n in ((link, 2), (short, 10)))
    p = (a.code_block_errors + b.code_block_errors) / (a.code_blocks + b.code_blocks)
    spread = np.sqrt(p * (1 - p) * (1 / a.code_blocks + 1 / b.code_blocks))
    assert 0.02 < p < 0.98 and abs(a.code_bler - b.code_bler) < 6 * spread


def test_slots_by_default_are_bounded_in_bits():
    for mu, slots in ((10, 24), (8, 7), (6, 1)):
        link = ts.build_link(ts.changed(ts.system("dband"), mu=mu, modulation="qam16"), 50.0)
        assert slots_by_default(link) == min(24, int(3e7 // link.bits_per_slot))
        assert slots <= slots_by_default(link)
    assert slots_by_default(ts.build_link(ts.changed(ts.system("dband"), mu=6), 50.0)) == 1


@needs_kernels
def test_a_low_numerology_answers_from_slots_cut_short():
    r = tbps_report(mu=6, modulation="qpsk", rate="1/2", bandwidth_ghz=8.0, n_slots=1, search_blocks=30, costs=False,
                    reference=False)  # fmt: skip
    assert r["search"]["symbols_of_a_slot"] < 7 and r["snr"]["required_code_blocks"] < 1000
    assert r["error"]["bits"]["of"] == r["link"]["bits_per_slot"]
    assert r["error"]["code_blocks"]["errors"] == 0
    low, high = (r["rate"][f"goodput_{end}95_bit_per_s"] for end in ("low", "high"))
    assert low < r["rate"]["goodput_bit_per_s"] <= high == r["rate"]["net_bit_per_s"]


@needs_kernels
def test_report_of_the_d_band_link():
    r = tbps_report(n_slots=2, search_blocks=120, costs=False)
    assert r["reaches_1_tbps"] and r["why"] == ""
    assert r["error"]["bits"]["of"] == 2 * r["link"]["bits_per_slot"]
    assert r["error"]["code_blocks"]["high95"] == pytest.approx(1 - 0.025 ** (1 / r["error"]["code_blocks"]["of"]))
    assert r["reference_5g"]["times_imt2020_peak"] == pytest.approx(r["rate"]["goodput_bit_per_s"] / 20e9)
    assert r["reference_5g"]["times_imt2020_peak"] > 50
    assert r["snr"]["required_db"] < r["snr"]["snr_db"]
    assert r["range"]["re_spaced_m"] > r["distance_m"]
    assert sum(r["power"]["watt"].values()) == pytest.approx(r["power"]["total_w"])
    assert r["mimo"]["capacity_bit_per_s"] <= r["mimo"]["capacity_of_orthogonal_bit_per_s"] * (1 + 1e-9)
    assert r["mimo"]["capacity_bit_per_s"] > r["rate"]["net_bit_per_s"]


@needs_kernels
def test_what_cannot_carry_a_terabit_says_where_it_ends():
    r = tbps_report(bandwidth_ghz=8.0, n_slots=1, search_blocks=120, costs=False, reference=False)
    assert not r["reaches_1_tbps"]
    assert "Gbit/s net" in r["why"] and f"{r['rate']['net_bit_per_s'] / 1e9:.4g}" in r["why"]
    s = ts.changed(ts.system("dband"), bandwidth_ghz=8.0)
    beyond = measured(ts.build_link(s, 9e5), ts.budget_snr_db(s, 9e5), 1, 1)
    assert ts.budget_snr_db(s, 9e5) < -500 and beyond.code_bler == 1.0
    far = tbps_report(distance_m=400.0, n_slots=1, search_blocks=120, costs=False, reference=False)
    assert not far["reaches_1_tbps"] and "transport blocks are lost" in far["why"]
    assert far["rate"]["goodput_bit_per_s"] < far["rate"]["net_bit_per_s"]


@needs_kernels
def test_costs_are_positive_and_together_more_than_the_largest():
    r = tbps_report(bandwidth_ghz=8.0, n_slots=1, search_blocks=240, reference=False,
                    impairments=("phase-noise", "amplifier", "air"))  # fmt: skip
    costs = r["costs"]
    alone = {row["impairment"]: row["cost_db"] for row in costs["alone"]}
    assert alone["phase-noise"] > 0.3 and alone["amplifier"] > 0.3
    assert costs["all_together_db"] > max(alone.values()) - 0.15
    assert costs["ideal_snr_db"] + costs["all_together_db"] == pytest.approx(r["snr"]["required_db"])


@needs_kernels
def test_figures():
    figures = tbps_figures(bandwidth_ghz=8.0, n_points=3)
    counts = figures["constellation"]["counts"]
    assert counts.shape == (8, 64, 64) and counts.sum() > 0.99 * 8 * 13 * 479
    at = figures["by_distance"]
    assert at["code_bler"][0] <= at["code_bler"][-1] == 1.0
    assert np.all(at["low95"] <= at["code_bler"]) and np.all(at["code_bler"] <= at["high95"])
    assert 50.0 in at["distance_m"]
    spectrum = figures["spectrum"]
    edge = np.abs(spectrum["offset_hz"]) > 4.5e9
    assert spectrum["level_db"][edge].max() < -15.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ts.system("x-band"), "known"),
        (lambda: ts.changed(ts.system("dband"), bandwidth_ghz=80.0), "do not fit the band"),
        (lambda: ts.changed(ts.system("dband"), bandwidth_ghz=2.0), "hold no carrier"),
        (lambda: ts.changed(ts.system("dband"), modulation="64qam"), "known"),
        (lambda: ts.changed(ts.system("dband"), rate="5/0"), "rate"),
        (lambda: ts.changed(ts.system("dband"), rate=1.2), "948/1024"),
        (lambda: ts.build_link(ts.system("dband"), 0.0), "distance"),
        (lambda: ts.build_link(ts.system("dband"), 0.02), "nearer"),
        (lambda: ts.build_link(ts.system("dband"), 10.0, -1.0), "rain"),
        (lambda: ts.hardware_with(ts.system("dband").hardware, ("gremlins",)), "known"),
        (lambda: ts.build_link(ts.changed(ts.system("dband"), subarrays=(1, 2)), 50.0), "antenna ports"),
        (lambda: tbps_report(n_slots=0), "slots"),
        (lambda: tbps_report(search_blocks=0), "code blocks"),
        (lambda: ts.build_link(ts.changed(ts.system("dband"), mu=6, modulation="qam1024"), 50.0), "phase noise"),
        (lambda: ts.changed(ts.system("dband"), mu=14), "0 to 13"),
        (lambda: ts.changed(ts.system("dband"), mu=3), "transform"),
        (lambda: ts.build_link(ts.changed(ts.system("dband"), speed_m_s=2e6), 50.0), "Doppler"),
        (lambda: ts.build_link(ts.changed(ts.system("dband"), speed_m_s=np.nan), 50.0), "finite"),
        (lambda: ts.build_link(ts.changed(ts.system("dband"), subarrays=(99, 99)), 50.0), "fewer subarrays"),
        (lambda: ts.build_link(ts.system("dband"), 50.0, spaced_for_m=0.01), "overlap"),
        (lambda: required_snr(ts.build_link(ts.system("dband"), 50.0), 1.0, 10, 1), "target"),
    ],
)  # fmt: skip
def test_refuses(call, words):
    with pytest.raises((ArgumentError, DomainError), match=words):
        call()


def test_command_line_refuses_with_two(capsys):
    for arguments in (["--layers", "9"], ["--modulation", "am"], ["--distance-m", "0"], ["--bandwidth-ghz", "99"],
                      ["--impairments", "dust"], ["--preset", "vhf"], ["--subarrays", "two"]):  # fmt: skip
        assert run_command(["link", "tbps", *arguments]) == 2
        assert capsys.readouterr().out == ""


@needs_kernels
def test_command_line(capsys, tmp_path):
    page = tmp_path / "tbps.html"
    options = [
        "--bandwidth-ghz",
        "8",
        "--slots",
        "1",
        "--search-blocks",
        "60",
        "--no-reference",
        "--impairments",
        "adc",
    ]
    assert run_command(["link", "tbps", *options, "--json", "--plot", str(page)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["preset"] == "dband" and document["link"]["code_rate"] == float(Fraction(5, 6))
    text = page.read_text()
    assert "heatmap" in text and "src=" not in text.split("<script>")[0]
    assert run_command(["link", "tbps", *options]) == 0
    assert "does not carry 1 Tbit/s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(None, None, "not bounded"), (0.0, None, "above 0.0"), (None, 0.0, "below 0.0"), (-1.0, 2.5, "-1.0 to 2.5")],
)
def test_ends_of_a_range_that_were_not_simulated(low, high, words):
    from silla.cli._link_tbps import _between

    assert words in _between(low, high)
