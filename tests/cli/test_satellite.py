"""`silla satellite`. Oracles: the document adds up; the page holds the passages; bad input ends with exit code 2."""

from __future__ import annotations

import json

import pytest

from silla.cli._app import run_command

ISS = (
    "ISS\n1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927\n"
    "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537\n"
)


def run(capsys, *arguments):
    code = run_command(["satellite", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_document_and_page(capsys, tmp_path):
    page = tmp_path / "sky.html"
    code, out, _ = run(capsys, "--hours", "24", "--station", "대전", "--json", "--plot", str(page))
    found = json.loads(out)
    assert code == 0 and found["station"]["name"] == "Daejeon" and "synthetic" in found["satellite"]
    assert found["key_bit"] == sum(p["key_bit"] for p in found["passes"]) > 0
    night = [p for p in found["passes"] if p["light"] == "night"]
    assert night and all(p["key_bit"] > 0 and p["max_elevation_deg"] >= 20 for p in night)
    assert "no satellite flies it" in page.read_text(encoding="utf-8")


def test_elements_from_a_file(capsys, tmp_path):
    path = tmp_path / "iss.tle"
    path.write_text(ISS)
    code, out, _ = run(capsys, "--tle", str(path), "--hours", "24", "--station", "36.1,128.9,1100", "--light", "night")
    assert code == 0 and "ISS over 36.1" in out and "key bits" in out
    code, _, err = run(capsys, "--tle", str(path), "--start", "2026-03-20T00:00")
    assert code == 2 and "days away" in err and "newer elements" in err
    path.write_text(ISS.replace("2927", "2928"))
    code, _, err = run(capsys, "--tle", str(path))
    assert code == 2 and "checksum" in err and "iss.tle" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--station", "Atlantis"), "allowed degrees north"),
        (("--station", "95,10,0"), "allowed degrees north"),
        (("--start", "tomorrow"), "allowed a time"),
        (("--weather", "sunny"), "--weather"),
        (("--hours", "1e6"), "hours"),
        (("--min-elevation-deg", "2"), "below 5 degrees"),
        (("--detector-efficiency", "0"), "detector efficiency"),
        (("--wavelength-nm", "10600"), "wavelength"),
        (("--divergence-urad", "0"), "above 0"),
        (("--plot", "sky.png"), "html"),
        (("--altitude-km", "100000"), "altitude"),
    ],
)
def test_bad_input(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and message in err and out == ""
