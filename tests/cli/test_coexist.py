"""`silla coexist`. Oracles: the planner's own result; bad input ends with exit code 2 and nothing written."""

from __future__ import annotations

import json

import pytest

from silla.cli._app import run_command
from silla.engine.coexistence import ClassicalLoad, best_placement


def run(capsys, *arguments):
    code = run_command(["coexist", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_terabit_backhaul(capsys, tmp_path):
    page = tmp_path / "coexist.html"
    code, out, _ = run(capsys, "--km", "20", "--gbps", "1000", "--json", "--plot", str(page))
    found = json.loads(out)
    planned = best_placement(ClassicalLoad.carrying(1e12, power_dbm=0.0), 20e3)
    assert code == 0 and planned.best is not None
    assert found["best"]["wavelength_nm"] == planned.best.wavelength_nm
    assert found["best"]["rate_bit_per_s"] == pytest.approx(planned.best.rate_bit_per_s)
    assert found["classical"]["channels"] == 10 and set(found["noise_photons_per_s"]) >= {"raman", "mixing", "leaked"}
    assert "Noise by source" in page.read_text(encoding="utf-8")
    code, out, _ = run(capsys, "--channels", "4", "--bands", "o,c")
    assert code == 0 and "best" in out and "to dBm" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--bands", "U"), "U band"),
        (("--quantum-nm", "1700"), "1625 nm"),
        (("--quantum-nm", "green"), "--quantum-nm"),
        (("--km", "0"), "length_m"),
        (("--km", "900"), "length_m"),
        (("--detector-efficiency", "0"), "detector efficiency"),
        (("--direction", "up"), "direction"),
        (("--centre-nm", "1700"), "attenuation"),
        (("--misalignment", "0.5"), "misalignment"),
        (("--filter-nm", "-1"), "filter"),
        (("--filter-nm", "0"), "filter"),
        (("--clock-hz", "0"), "clock"),
        (("--centre-nm", "0"), "centre_nm"),
        (("--bands", ""), "no band"),
        (("--y0", "inf"), "y0"),
        (("--insertion-db=-1",), "insertion_db"),
    ],
)
def test_bad_input(capsys, tmp_path, arguments, message):
    page = tmp_path / "a.html"
    code, out, err = run(capsys, *arguments, "--plot", str(page))
    assert code == 2 and message in err and out == "" and not page.exists()
