"""`silla threat`. Oracles: the engine's own report; bad input ends with exit code 2 and nothing written."""

from __future__ import annotations

import json

import pytest

from silla.cli._app import run_command
from silla.engine.threat import threat_report


def run(capsys, *arguments):
    code = run_command(["threat", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_json_is_the_report(capsys):
    code, out, _ = run(capsys, "--json", "--samples", "500", "--seed", "3")
    found, made = json.loads(out), threat_report(samples=500, seed=3)
    assert code == 0 and [i["p_now"][0] for i in found["interfaces"]] == [i["p_now"][0] for i in made["interfaces"]]


def test_a_scenario(capsys, tmp_path):
    page = tmp_path / "t.html"
    code, out, _ = run(capsys, "gyeongju", "--samples", "500", "--years", "20", "--plot", str(page))
    assert code == 0 and "suci-a" in out and "backhaul protected: 100 %" in out
    assert "When each primitive falls" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere"),
        (("--years", "0"), "years"),
        (("--years", "nan"), "years"),
        (("--samples", "5"), "samples"),
        (("--standing", "rumour"), "standing"),
        (("--risk", "2"), "risk"),
        (("--now", "1900"), "now"),
        (("--variant", "x"), "--variant"),
        (("gyeongju", "--variant", "x"), "variant"),
    ],
)
def test_bad_input(capsys, tmp_path, arguments, message):
    page = tmp_path / "a.html"
    code, out, err = run(capsys, *arguments, "--plot", str(page))
    assert code == 2 and message in err and out == "" and not page.exists()
