"""``silla link``: exit codes, one JSON document, tables with units, nothing written for bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest

from silla.cli._app import run_command
from silla.results.tables import read_table, units

SMALL = ["--channel", "rayleigh", "--rx", "2", "--prb", "2", "--mcs", "5", "--errors", "20", "--max-slots", "200"]
SMALL += ["--jobs", "1"]


def test_a_waterfall_is_printed_written_and_drawn(tmp_path, capsys):
    out, page = tmp_path / "run", tmp_path / "w.html"
    assert run_command(["link", *SMALL, "--json", "--out", str(out), "--plot", str(page)]) == 0
    document = json.loads(capsys.readouterr().out)
    curve = document["curves"][0]
    assert curve["threshold"]["low_db"] < curve["threshold"]["snr_db"] < curve["threshold"]["high_db"]
    table = read_table(out / "tables", "link_curves")
    assert table["bler"].to_list() == [p["bler"] for p in curve["points"]]
    assert units(out / "tables", "link_curves")["goodput_mbit_per_s"] == "Mbit/s"
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["settings"]["prb"] == 2 and manifest["links"]
    assert "block error rate" in page.read_text()
    again = tmp_path / "again"
    again.mkdir()
    (out / "tasks").rename(again / "tasks")
    assert run_command(["link", *SMALL, "--out", str(again)]) == 0
    assert "0 tasks computed" in capsys.readouterr().err
    assert (again / "tables/link_curves.parquet").read_bytes() == (out / "tables/link_curves.parquet").read_bytes()


def test_least_squares_never_stands_alone(capsys):
    options = ["--receivers", "ls+zero-forcing,genie", "--layers", "2", "--snr-db", "2,8"]
    assert run_command(["link", "compare", *SMALL, *options, "--json"]) == 0
    names = [c["link"] for c in json.loads(capsys.readouterr().out)["curves"]]
    assert names == ["ls+zero-forcing", "lmmse+zero-forcing", "genie", "finite-block bound"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--channel", "tdl-q"], "did you mean"),
        (["--mcs", "31"], "reserved"),
        (["--prb", "276"], "38.211"),
        (["--layers", "3", "--rx", "2"], "antennas"),
        (["--doppler-hz", "9000"], "numerology"),
        (["--snr-db", "5:1:1"], "--snr-db"),
        (["--snr-db", "nan"], "--snr-db"),
        (["--target", "1.5"], "target"),
        (["--errors", "0"], "stop"),
        (["--bound", "2"], "bound"),
        (["--engine", "slurm"], "--engine"),
        (["--plot", "x.txt"], "--plot"),
        (["compare", "--receivers", "lmmse+mlp"], "receiver"),
        (["compare", "--receivers", ","], "--receivers"),
        (["table", "--out", "/"], "--out"),
        (["--rx", "100000"], "256"),
        (["--rx", "0"], "rx"),
        (["--channel", "rician", "--k-factor-db", "1e9"], "k_factor_db"),
        (["--sir-db", "nan"], "sir_db"),
        (["--iterations", "0"], "iterations"),
        (["--speed-km-per-h", "-5"], "speed_km_per_h"),
        (["--delay-spread-ns", "nan"], "delay_spread_ns"),
        (["--carrier-ghz", "nan"], "carrier_ghz"),
        (["--snr-db", "1e9"], "200 dB"),
        (["--snr-db", ""], "--snr-db"),
        (["--snr-db", "1,,2"], "--snr-db"),
        (["--snr-db", "0:1e9:1"], "--snr-db"),
        (["--jobs", "100000"], "--jobs"),
        (["--bound", "nan"], "bound"),
        (["--target", "nan"], "target"),
        (["--plot", "/nonexistent/x.html"], "no folder"),
        (["--plot", "/proc/x.html"], "nothing can be written"),
        (["compare", "--bound", "-1"], "bound"),
        (["compare", "--layers", "4", "--rx", "2"], "antennas"),
        (["compare", "--receivers", "lmmse"], "did you mean"),
    ],
)
def test_bad_input_is_refused_and_nothing_written(arguments, said, tmp_path, capsys):
    out = tmp_path / "run"
    extra = [] if "table" in arguments else ["--out", str(out)]
    assert run_command(["link", *arguments, *extra]) == 2
    assert said in capsys.readouterr().err and not out.exists()


def test_ray_traced_paths_stand_in_for_a_channel(tmp_path, capsys):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(3, 2, 4, 5)) + 1j * rng.normal(size=(3, 2, 4, 5))
    np.savez(tmp_path / "길.npz", amplitude=a, delay_s=rng.uniform(0, 3e-7, (3, 5)), doppler_hz=np.full((3, 5), -40.0))
    link = [
        "link",
        "--paths",
        str(tmp_path / "길.npz"),
        "--prb",
        "4",
        "--snr-db",
        "-5,20",
        "--max-slots",
        "40",
        "-j",
        "1",
    ]
    assert run_command([*link, "--rx", "4", "--json"]) == 0  # the uplink: the file's four sending antennas receive
    found = json.loads(capsys.readouterr().out)
    bler = [p["bler"] for p in found["curves"][0]["points"]]
    assert bler[0] > bler[-1]
    assert found["settings"]["doppler_hz"] == 40.0
    assert run_command([*link, "--rx", "4", "--direction", "downlink"]) == 2
    assert "2 receiving antennas" in capsys.readouterr().err
    assert run_command([*link[:2], str(tmp_path / "none.npz")]) == 2
    assert "none.npz: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["", "  ", "/etc/passwd", "/etc/passwd/x", "/proc/x/y"])
def test_folders_that_cannot_be_are_refused(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(["link", *SMALL, "--snr-db", "3", "--out", folder]) == 2
    assert capsys.readouterr().err.startswith("silla: ") and not list(tmp_path.iterdir())


def test_compare_measures_what_its_target_needs(capsys):
    """Points far below the target stop at a third of it; --bound 0 has them go on."""
    options = ["compare", *SMALL, "--receivers", "genie", "--layers", "1", "--snr-db", "14", "--json"]
    assert run_command(["link", *options, "--max-slots", "1000"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["stop"] == {"errors": 20, "max_slots": 1000, "bound": pytest.approx(0.1 / 3)}
    (short,) = found["curves"][0]["points"]
    assert short["stopped"] == "bound" and short["high"] < 0.1 / 3
    assert run_command(["link", *options, "--max-slots", "1000", "--bound", "0"]) == 0
    (whole,) = json.loads(capsys.readouterr().out)["curves"][0]["points"]
    assert whole["stopped"] == "slots" and whole["slots"] >= 1000 > short["slots"]
