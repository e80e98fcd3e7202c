"""`silla qdc`. Oracles: the library functions it composes, the validation case, the exit codes promised."""

from __future__ import annotations

import json

import numpy as np
import pytest

from silla.cli._app import run_command
from silla.physics.quantum import hd_qsdc, two_step
from silla.physics.quantum.presets import ZHANG


def qdc_json(capsys, *arguments):
    assert run_command(["qdc", "--json", *arguments]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    return json.loads(out.out)


def test_the_published_link_deviates_as_the_validation_case_states(capsys):
    found = qdc_json(capsys, "--protocol", "hd", "--preset", "zhang", "--km", "30,100")
    assert found["max_km"] == pytest.approx(103.5, abs=0.1)
    assert found["rate_bit_per_s"] == pytest.approx([168.8e3, 2.24], rel=0.02)
    assert found["km"] == [30, 100] and found["dimension"] == [2, 2]
    np.testing.assert_allclose(np.array(found["rate"]) * 50e6, found["rate_bit_per_s"], rtol=1e-12)


def test_single_photons_in_frames_are_the_library_s(capsys):
    arguments = ["--source", "single", "--dimension", "8", "--bin-ns", "1", "--dead-time-ns", "50", "--km", "0,40"]
    line = 10 ** (-0.018 * np.array([0.0, 40.0]))
    link = {"misalignment": ZHANG.misalignment, "y0": ZHANG.y0, "receiver_efficiency": ZHANG.detector_efficiency}
    for guard in (False, True):
        found = qdc_json(capsys, *arguments, *(["--guard"] if guard else []))
        expected = hd_qsdc.message_rate(8, line, bin_s=1e-9, dead_time_s=50e-9, guard=guard, **link)
        np.testing.assert_allclose(found["rate_bit_per_s"], expected.rate_bit_per_s, rtol=1e-9)


def test_dead_time_makes_more_bins_pay_on_short_lines(capsys):
    crowded = ["--dimension", "best", "--bin-ns", "1", "--dead-time-ns", "100", "--km", "0,80"]
    bins = qdc_json(capsys, *crowded)["dimension"]
    assert bins[0] > bins[1] and bins[0] >= 8
    best, two = (qdc_json(capsys, *crowded[2:], *d)["rate_bit_per_s"] for d in (crowded[:2], ["--dimension", "2"]))
    assert best[0] > 2 * two[0]


def test_two_step_needs_its_herald(capsys):
    with_herald, without = (
        qdc_json(capsys, "--protocol", "two-step", "--km", "0,50", *extra) for extra in ([], ["--no-herald"])
    )
    link = {"misalignment": ZHANG.misalignment, "y0": ZHANG.y0, "receiver_efficiency": ZHANG.detector_efficiency}
    np.testing.assert_allclose(with_herald["rate"], two_step.secrecy_capacity([1.0, 10**-0.9], **link).capacity)
    assert without["max_km"] < 10 < 50 < with_herald["max_km"] and with_herald["mu"] == [None, None]


@pytest.mark.parametrize("protocol", ["hd", "dl04", "two-step"])
def test_an_eavesdropper_above_threshold_leaves_no_message(capsys, protocol):
    quiet = qdc_json(capsys, "--protocol", protocol, "--km", "20")
    watched = qdc_json(capsys, "--protocol", protocol, "--km", "20", "--intercept", "0.05")
    assert watched["check_error"][0] > 0.012 and watched["rate"][0] < quiet["rate"][0]
    found = qdc_json(capsys, "--protocol", protocol, "--km", "20", "--intercept", "0.9")
    assert found["rate_bit_per_s"] == [0] and found["max_km"] == 0


def test_table_names_the_reach_and_fits(capsys):
    assert run_command(["qdc", "--km", "0:100:50"]) == 0
    out = capsys.readouterr().out
    assert "reach 103.5 km" in out and "…" not in out


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--km", "-5"], "allowed 0 to"),
        (["--km", "2000"], "90 dB"),
        (["--km", "far"], "0:150:10"),
        (["--protocol", "e91"], "hd, dl04, two-step"),
        (["--preset", "unknown"], "zhang"),
        (["--source", "lamp"], "weak, single"),
        (["--mu", "lots"], "'best'"),
        (["--mu", "5"], "1e-05 to 2"),
        (["--dimension", "1"], "2 to 4096"),
        (["--dimension", "2.5"], "2 to 4096"),
        (["--bin-ns", "0"], "bin_s"),
        (["--dead-time-ns", "-1"], "dead_time_s"),
        (["--misalignment", "nan"], "misalignment"),
        (["--detector-efficiency", "0"], "0.0001"),
        (["--check-efficiency", "2"], "check_efficiency"),
        (["--intercept", "2"], "share"),
        (["--protocol", "dl04", "--dimension", "4"], "--protocol hd"),
        (["--protocol", "dl04", "--guard"], "--protocol hd"),
        (["--protocol", "dl04", "--no-herald"], "two-step"),
        (["--protocol", "two-step", "--mu", "0.1"], "leave it out"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_bad_input_says_what_is_allowed_and_ends_with_2(capsys, arguments, says, form):
    assert run_command(["qdc", *arguments, *form]) == 2
    out = capsys.readouterr()
    assert out.out == "" and says in out.err and "Traceback" not in out.err


DIMENSIONS = [
    "qdc",
    "--versus",
    "dimension",
    "--source",
    "single",
    "--bin-ns",
    "1",
    "--guard",
    "--check-efficiency",
    "0.5",
]


def test_rate_against_dimension_is_the_closed_form_and_its_optimum_is_marked(capsys, tmp_path):
    """Without errors and background: eta^2 log2 N / [(N - 1) b + max(b, t)], for each loss and dead time."""
    page = tmp_path / "n.html"
    clean = ["--misalignment", "0", "--y0", "0", "--km", "0,20", "--dead-times-ns", "0,50,400"]
    assert run_command([*DIMENSIONS, *clean, "--json", "--plot", str(page)]) == 0
    curves = json.loads(capsys.readouterr().out)["curves"]
    assert len(curves) == 6 and "best number of bins" in page.read_text()
    for c in curves:
        eta = 0.7 * 10 ** (-2 * c["loss_db"] / 10)
        n, dead = np.array(c["dimension"]), c["dead_time_s"]
        known = eta * np.log2(n) / ((n - 1) * 1e-9 + np.maximum(1e-9, dead))
        assert c["rate_bit_per_s"] == pytest.approx(known.tolist(), rel=1e-9)
        assert c["best_rate_bit_per_s"] == pytest.approx(known.max())
        assert known[c["dimension"].index(c["best_dimension"])] == pytest.approx(known.max())
    best = {c["dead_time_s"]: c["best_dimension"] for c in curves}
    assert sorted(best.values()) == [best[t] for t in sorted(best)]  # longer dead times ask for more bins


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--protocol", "dl04"], "--protocol hd"),
        (["--dead-times-ns", "a"], "times in ns"),
        (["--dead-times-ns", "-5"], "dead time"),
        (["--km", "0:50:1"], "allowed 24"),
        (["--km", "1e4"], "distance"),
    ],
)
def test_odd_dimension_curves_are_refused(capsys, arguments, says):
    assert run_command([*DIMENSIONS, *arguments]) == 2
    assert says in capsys.readouterr().err


def test_dead_times_go_with_the_dimension(capsys):
    assert run_command(["qdc", "--dead-times-ns", "0,50"]) == 2
    assert "--versus dimension" in capsys.readouterr().err
