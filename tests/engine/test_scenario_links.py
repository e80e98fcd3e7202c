"""Links in a scenario: one file, one run, tables and report. Oracle: the simulator called directly."""

from __future__ import annotations

import json

import pytest
from tests.engine.scenarios import HEX

from silla.base.rng import stream
from silla.cli._app import run_command
from silla.engine.campaign import chunk_slots
from silla.engine.link_setup import LinkSetup
from silla.physics.radio.link.simulate import code_words, simulate_slots
from silla.results.tables import read_table

LINKS = """
links:
  - {id: city, kind: pusch, channel: awgn, rx: 1, prb: 2, mcs: 5, snr_db: [0, 2], slots: 40}
  - {id: wide, kind: tbps, slots: 1}
  - {id: 하향, kind: pdsch, title: 두 층의 하향, channel: rayleigh, rx: 4, layers: 2, prb: 2, mcs: 5,
     doppler_hz: 20, snr_db: [8, -6, 1], slots: 300, errors: 10}
  - {id: off, kind: pusch, channel: awgn, enabled: false}
"""


def test_one_run_brings_curves_and_the_wideband_link(tmp_path):
    path, out = tmp_path / "s.yaml", tmp_path / "run"
    path.write_text(HEX + LINKS)
    assert run_command(["run", str(path), "-o", str(out), "--jobs", "1", "--set", "map.step_m=200"]) == 0
    rows = read_table(out / "tables", "link_curves")
    assert rows["link"].to_list() == ["city", "city", "하향", "하향", "하향"]
    seed = json.loads((out / "manifest.json").read_text())["scenario"]["seed"]
    config = LinkSetup(channel="awgn", rx=1, prb=2, mcs=5).config()
    for row in rows.head(2).iter_rows(named=True):
        again = simulate_slots(config, row["snr_db"], 40, stream(seed, "scenario-link", repr(row["snr_db"])))
        assert (row["blocks"], row["block_errors"]) == (again.blocks, again.block_errors)
        assert row["low"] <= row["bler"] <= row["high"]
    down = rows.filter(rows["link"] == "하향")
    assert down["snr_db"].to_list() == [-6.0, 1.0, 8.0] and set(down["about"]) == {"두 층의 하향"}
    config = LinkSetup("downlink", "rayleigh", layers=2, rx=4, prb=2, mcs=5, doppler_hz=20.0).config()
    first = simulate_slots(config, -6.0, chunk_slots(config), stream(seed, "scenario-link", "-6.0", 0))
    assert first.block_errors >= 10 and (down["slots"][0], down["block_errors"][0]) == (
        first.slots, first.block_errors)  # fmt: skip
    assert down["slots"][2] == 300 and down["block_errors"][2] < 10
    needs = read_table(out / "tables", "link_thresholds")
    assert needs["direction"].to_list() == ["uplink", "downlink"]
    rates = rows.head(2)["bler"].to_list()
    outside = "" if rates[0] > 0.1 >= rates[1] else "above 2 dB" if rates[1] > 0.1 else "below 0 dB"
    row = needs.row(1, named=True)
    assert -6.0 < row["low_db"] < row["snr_db"] < row["high_db"] < 8.0 and row["doppler_hz"] == 20.0
    assert needs["outside"].to_list() == [outside, ""]
    best = min(down["bler"].to_list())
    (word,) = code_words(config.users[0])
    assert row["goodput_bit_per_s"] == pytest.approx((1 - best) * word.tbs * 2000.0)  # 2000 slots of 30 kHz a second
    wide = read_table(out / "tables", "link_tbps").row(0, named=True)
    assert wide["net_bit_per_s"] > 1e12 and wide["code_blocks"] > 0 and wide["five_g_bit_per_s"] > 1e9
    curves = read_table(out / "tables", "rate_curves")
    assert set(curves["rate_model"]) == {"link"} and curves["efficiency"].max() > 5.0
    page = (out / "report.html").read_text()
    assert 'id="link"' in page and "fig-waterfalls" in page and "fig-rate-curves" in page and "Wideband links" in page
    assert "두 층의 하향: downlink, rayleigh, MCS qam64 5" in page and "SNR for the target" in page


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("{id: a, kind: pusch, channel: tdl-z}", "did you mean"),
        ("{id: a, kind: pusch, mcs: 30}", "38.214"),
        ("{id: a, kind: pusch, layers: 4, rx: 2}", "antennas"),
        ("{id: a, kind: pusch, carrier_ghz: 28, speed_km_per_h: 500}", "numerology"),
        ("{id: a, kind: tbps, preset: zband}", "preset"),
        ("{id: a, kind: pdcch}", "pdsch"),
        ("{id: a, kind: pusch, layers: 5, rx: 8}", "layers"),
        ("{id: a, kind: pdsch, layers: 9, rx: 16}", "layers"),
        ("{id: a, kind: pdsch, layers: 8, rx: 4}", "antennas"),
        ("{id: a, kind: pdsch, layers: 5, rx: 8, transmissions: 2}", "code word"),
        ("{id: a, kind: pdsch, mcs_table: qam64-low, mcs: 29}", "38.214"),
        ("{id: a, kind: pdsch, doppler_hz: -1}", "doppler_hz"),
        ("{id: a, kind: pdsch, doppler_hz: 20000}", "numerology"),
        ("{id: a, kind: pdsch, channel: tdl-c, delay_spread_ns: 9000}", "prefix"),
        ("{id: a, kind: pusch, snr_db: []}", "snr_db"),
        ("{id: a, kind: pusch, snr_db: [1, .nan]}", "usable number"),
        ("{id: a, kind: pusch, snr_db: [1, 2, 1]}", "twice"),
        ("{id: a, kind: pusch, snr_db: [1000]}", "between"),
        ("{id: a, kind: pusch, errors: 0}", "errors"),
        ("{id: a, kind: pusch, bound: 1.5}", "bound"),
        ("{id: a, kind: pusch, target: 0}", "target"),
        ("{id: a, kind: pusch, slots: 0}", "slots"),
        ("{id: a, kind: pusch}, {id: a, kind: pdsch}", "a"),
    ],
)
def test_links_that_cannot_be_are_refused_before_anything_runs(link, said, tmp_path, capsys):
    path, out = tmp_path / "s.yaml", tmp_path / "run"
    path.write_text(HEX + f"links: [{link}]\n")
    assert run_command(["check", str(path)]) == 2
    assert said in capsys.readouterr().err
    assert run_command(["run", str(path), "-o", str(out)]) == 2
    assert said in capsys.readouterr().err and not out.exists()
