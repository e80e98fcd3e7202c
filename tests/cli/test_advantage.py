"""`silla advantage`. Oracles: the engine's own report; bad input ends with exit code 2 and nothing written."""

from __future__ import annotations

import json

import pytest

from silla.cli._app import run_command
from silla.physics.qubits.resources import MACHINES, PRESETS, estimate


def run(capsys, *arguments):
    code = run_command(["advantage", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_an_attack(capsys):
    code, out, _ = run(capsys, "--problem", "rsa-2048-2019", "--machine", "superconducting", "--json")
    rows = json.loads(out)["estimates"]
    found = estimate(PRESETS["rsa-2048-2019"], MACHINES["superconducting"])
    own = next(r for r in rows if r["assumed"])
    assert code == 0 and own["physical_qubits"] == found.physical_qubits and own["distance"] == found.distance


def test_a_problem_of_a_world(capsys, tmp_path):
    page = tmp_path / "a.html"
    code, out, _ = run(
        capsys, "--problem", "scheduling", "--scenario", "gyeongju", "--machine", "superconducting", "--machine",
        "annealer", "--cpu-s", "0.01", "--plot", str(page),
    )  # fmt: skip
    assert code == 0 and "classical, measured here" in out and "clock:" in out
    assert "Time by cost model" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--problem", "fame"), "--problem"),
        (("--problem", "pci"), "--scenario"),
        (("--problem", "none.json"), "not a problem's file"),
        (("--machine", "abacus"), "no machine"),
        (("--clock", "dawn"), "no clock"),
        (("--n", "1"), "--n is 1"),
        (("--density", "0"), "density"),
        (("--gate-error", "0.5", "--n", "8"), "gate_error"),
        (("--cpu-s", "0", "--n", "8"), "cpu_s"),
        (("--reads", "0", "--n", "8", "--machine", "annealer"), "reads"),
        (("--scenario", "gyeongju"), "--scenario"),
        (("--problem", "aes-128", "--machine", "annealer"), "annealer"),
    ],
)
def test_bad_input(capsys, tmp_path, arguments, message):
    page = tmp_path / "a.html"
    code, out, err = run(capsys, *arguments, "--plot", str(page))
    assert code == 2 and message in err and out == "" and not page.exists()
