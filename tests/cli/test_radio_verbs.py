"""silla peak and silla calibrate on the command line. Oracles: peak arithmetic by hand; the documented JSON keys."""

from __future__ import annotations

import json

import pytest

from silla.cli._app import run_command


def out_of(capsys, *argv):
    code = run_command(list(argv))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_peak_refuses_a_carrier_with_its_figure(capsys):
    code, out, _ = out_of(capsys, "peak", "--frequency-ghz", "7.8", "--bandwidth-mhz", "400", "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["carries"] is False
    assert answer["ends_at_gbit_per_s"] == pytest.approx(24.0)
    assert answer["bandwidth_needed_hz"] == pytest.approx(1e12 / 60)


def test_peak_carries_a_terabit_in_the_d_band(capsys):
    code, out, _ = out_of(
        capsys, "peak", "--frequency-ghz", "156", "--bandwidth-mhz", "17000", "--distance-m", "100", "--json"
    )
    answer = json.loads(out)
    assert code == 0 and answer["carries"] is True
    assert answer["ends_at_gbit_per_s"] == pytest.approx(1020.0)
    assert answer["reach_m"] > 100 and answer["power_needed_dbm"] < 30


def test_peak_lists_every_band(capsys):
    code, out, _ = out_of(capsys, "peak", "--gbps", "100", "--json")
    rows = json.loads(out)["designs"]
    assert code == 0 and len(rows) > 10
    assert {r["carries"] for r in rows} == {True, False}


def test_peak_in_words(capsys):
    code, out, _ = out_of(capsys, "peak", "--bandwidth-mhz", "400")
    assert code == 0 and "does not carry" in out and "24 Gbit/s" in out
    code, out, _ = out_of(capsys, "peak")
    assert code == 0 and "D band" in out


@pytest.mark.parametrize("argv", [
    ("peak", "--modulation", "qam9", "--bandwidth-mhz", "400"),
    ("peak", "--layers", "4"),
    ("peak", "--gbps", "-5", "--bandwidth-mhz", "400"),
    ("peak", "--frequency-ghz", "500"),
    ("peak", "--frequency-ghz", "140", "--bandwidth-mhz", "-400"),
    ("peak", "--frequency-ghz", "140", "--rain-mm-per-h", "-1"),
    ("peak", "--frequency-ghz", "nan"),
    ("calibrate", "uma-28"),
    ("calibrate", "uma-6", "--drops", "0"),
    ("calibrate", "uma-6", "--parameters", "V18"),
])  # fmt: skip
def test_bad_arguments_end_with_code_2_and_nothing_on_stdout(capsys, argv):
    code, out, err = out_of(capsys, *argv)
    assert code == 2 and out == "" and err.strip()


def test_calibrate_prints_the_documented_document(capsys):
    code, out, _ = out_of(capsys, "calibrate", "inh-30", "--drops", "2", "--json")
    answer = json.loads(out)
    assert code == 0
    assert list(answer) == ["case", "n", "percentiles", "coupling_loss_db", "wideband_sir_db", "geometry_sinr_db"]
    assert answer["percentiles"] == list(range(5, 100, 5)) and answer["n"] == 720
    code, out, _ = out_of(capsys, "calibrate", "umi-6", "--drops", "1")
    assert code == 0 and "coupling loss" in out
