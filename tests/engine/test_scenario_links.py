"""Links in a scenario: one file, one run, tables and report. Oracle: the simulator called directly."""

from __future__ import annotations

import json

import pytest
from tests.engine.scenarios import HEX

from silla.base.rng import stream
from silla.cli._app import run_command
from silla.engine.link_setup import LinkSetup
from silla.physics.radio.link.simulate import simulate_slots
from silla.results.tables import read_table

LINKS = """
links:
  - {id: city, kind: pusch, channel: awgn, rx: 1, prb: 2, mcs: 5, snr_db: [0, 2], slots: 40}
  - {id: wide, kind: tbps, slots: 1}
  - {id: off, kind: pusch, channel: awgn, enabled: false}
"""


def test_one_run_brings_curves_and_the_wideband_link(tmp_path):
    path, out = tmp_path / "s.yaml", tmp_path / "run"
    path.write_text(HEX + LINKS)
    assert run_command(["run", str(path), "-o", str(out), "--jobs", "1", "--set", "map.step_m=200"]) == 0
    rows = read_table(out / "tables", "link_curves")
    assert rows["link"].to_list() == ["city", "city"]
    seed = json.loads((out / "manifest.json").read_text())["scenario"]["seed"]
    config = LinkSetup(channel="awgn", rx=1, prb=2, mcs=5).config()
    for row in rows.iter_rows(named=True):
        again = simulate_slots(config, row["snr_db"], 40, stream(seed, "scenario-link", repr(row["snr_db"])))
        assert (row["blocks"], row["block_errors"]) == (again.blocks, again.block_errors)
        assert row["low"] <= row["bler"] <= row["high"]
    wide = read_table(out / "tables", "link_tbps").row(0, named=True)
    assert wide["net_bit_per_s"] > 1e12 and wide["code_blocks"] > 0 and wide["five_g_bit_per_s"] > 1e9
    curves = read_table(out / "tables", "rate_curves")
    assert set(curves["rate_model"]) == {"link"} and curves["efficiency"].max() > 5.0
    page = (out / "report.html").read_text()
    assert 'id="link"' in page and "fig-waterfalls" in page and "fig-rate-curves" in page and "Wideband links" in page


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("{id: a, kind: pusch, channel: tdl-z}", "did you mean"),
        ("{id: a, kind: pusch, mcs: 30}", "38.214"),
        ("{id: a, kind: pusch, layers: 4, rx: 2}", "antennas"),
        ("{id: a, kind: pusch, carrier_ghz: 28, speed_km_per_h: 500}", "numerology"),
        ("{id: a, kind: tbps, preset: zband}", "preset"),
    ],
)
def test_links_that_cannot_be_are_refused_before_anything_runs(link, said, tmp_path, capsys):
    path, out = tmp_path / "s.yaml", tmp_path / "run"
    path.write_text(HEX + f"links: [{link}]\n")
    assert run_command(["run", str(path), "-o", str(out)]) == 2
    assert said in capsys.readouterr().err and not out.exists()
