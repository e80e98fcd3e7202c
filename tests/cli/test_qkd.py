"""`silla qkd`. Oracles: the GYS anchors, the library functions it composes, the exit codes promised."""

from __future__ import annotations

import json

import numpy as np
import pytest

from silla.cli._app import run_command
from silla.physics.optical.air import WEATHERS
from silla.physics.optical.free_space import Terminals, level_budget, stray_photons_per_s
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.finite_key_best import best_finite_key
from silla.physics.quantum.presets import LIM


def qkd_json(capsys, *arguments):
    assert run_command(["qkd", "--json", *arguments]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    return json.loads(out.out)


def test_gys_anchors(capsys):
    found = qkd_json(capsys, "--protocol", "decoy-bb84", "--preset", "gys", "--km", "0,50,100,140")
    assert found["km"] == [0, 50, 100, 140]
    np.testing.assert_allclose(found["rate_bit_per_pulse"], [2.555e-3, 2.226e-4, 1.718e-5, 2.46e-7], rtol=0.01)
    assert found["max_km"] == pytest.approx(142.0, abs=0.1)
    assert found["mu"] == [0.48] * 4 and found["plob"][0] is None
    assert found["plob"][1] == pytest.approx(float(plob_bit(10**-1.05)))


def test_vacuum_and_weak_decoy_reach(capsys):
    assert qkd_json(capsys, "--decoys", "vacuum+weak", "--km", "0")["max_km"] == pytest.approx(140.6, abs=0.1)


def test_finite_key_is_the_library_s(capsys):
    found = qkd_json(capsys, "--preset", "lim", "--finite-key", "1e7", "--km", "20,100")
    eta = 0.1 * 10 ** (-0.02 * np.array([20.0, 100.0]))
    expected = best_finite_key(eta, block=1e7, y0=LIM.y0, misalignment=LIM.misalignment, afterpulse=LIM.afterpulse)
    np.testing.assert_allclose(found["rate_bit_per_pulse"], expected.rate, rtol=1e-9)
    assert found["decoys"] == "vacuum+weak" and 100 < found["max_km"] < 200


def test_classical_channels_and_an_eavesdropper_shorten_the_reach(capsys):
    quiet = qkd_json(capsys, "--preset", "rusca", "--km", "50")
    traffic = ["--preset", "rusca", "--km", "50", "--classical-dbm", "-3", "--classical-channels", "40"]
    noisy = qkd_json(capsys, *traffic)
    o_band = qkd_json(capsys, *traffic, "--quantum-nm", "1310")
    assert noisy["max_km"] < o_band["max_km"] < quiet["max_km"] and noisy["y0"][0] > 100 * o_band["y0"][0]
    watched = qkd_json(capsys, "--preset", "rusca", "--km", "50", "--intercept", "0.1")
    assert watched["qber"][0] > quiet["qber"][0] + 0.02 and watched["max_km"] < quiet["max_km"]
    assert qkd_json(capsys, "--intercept", "0.5", "--km", "10")["max_km"] == 0


def test_direct_communication(capsys):
    found = qkd_json(
        capsys, "--protocol", "dl04", "--detector-efficiency", "0.7", "--misalignment", "0.001", "--km", "0:30:10"
    )
    rate = found["rate_bit_per_pulse"]
    assert found["km"] == [0, 10, 20, 30] and np.all(np.diff(rate) < 0) and min(rate) > 0
    assert found["max_km"] > 30


def test_table_names_the_reach(capsys):
    assert run_command(["qkd", "--km", "0:150:50"]) == 0
    assert "reach 142.0 km" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--km", "-5"], "allowed 0 to"),
        (["--km", "nan"], "allowed 0 to"),
        (["--km", "2000"], "200 dB"),
        (["--km", "far"], "0:150:10"),
        (["--km", "0:10:0"], "from:to:step"),
        (["--misalignment", "0.5"], "0.49"),
        (["--misalignment", "nan"], "misalignment"),
        (["--detector-efficiency", "0"], "0.0001"),
        (["--y0", "nan"], "y0"),
        (["--mu", "5"], "0.0001 to 2"),
        (["--mu", "lots"], "'best'"),
        (["--preset", "unknown"], "gys, lim, rusca"),
        (["--protocol", "e91"], "decoy-bb84, dl04"),
        (["--decoys", "many"], "vacuum+weak"),
        (["--finite-key", "10"], "1000"),
        (["--finite-key", "1e7", "--decoys", "infinite"], "no finite-key bound"),
        (["--attenuation-db-per-km", "0.0002"], "did you give dB/m?"),
        (["--intercept", "2"], "share"),
        (["--classical-dbm", "60"], "dBm or mW"),
        (["--classical-dbm", "0", "--filter-nm", "0"], "filter"),
        (["--classical-dbm", "0", "--classical-nm", "1550.05"], "within the filter"),
        (["--classical-dbm", "0", "--direction", "up"], "counter"),
        (["--classical-dbm", "0", "--classical-channels", "0"], "1 and above"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_bad_input_says_what_is_allowed_and_ends_with_2(capsys, arguments, says, form):
    assert run_command(["qkd", *arguments, *form]) == 2
    out = capsys.readouterr()
    assert out.out == "" and says in out.err and "Traceback" not in out.err


def test_a_block_too_short_says_how_long_it_must_be(capsys):
    given = ("qkd", "--preset", "lim", "--km", "50,150,250")
    assert run_command([*given, "--finite-key", "1e4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    near, far, beyond = found["shortest_block_bit"]
    assert near is None and beyond is None and found["rate_bit_per_s"][1:] == [0.0, 0.0]
    for block, some in ((1.1 * far, True), (0.9 * far, False)):
        assert run_command([*given[:-1], "150", "--finite-key", f"{block}", "--json"]) == 0
        assert (json.loads(capsys.readouterr().out)["rate_bit_per_s"][0] > 0.0) is some
    assert run_command([*given, "--finite-key", "1e4"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "no key at 150 km: the block is too short" in out and "250 km: too much noise" in out


def test_plots_of_links(capsys, tmp_path):
    for verb in ("qkd", "qdc"):
        page = tmp_path / f"{verb}.html"
        assert run_command([verb, "--km", "0:60:20", "--plot", str(page)]) == 0
        capsys.readouterr()
        text = page.read_text(encoding="utf-8")
        assert "Plotly.newPlot" in text and "Reach" in text


def test_free_space_is_the_budget_the_sky_and_the_finite_key(capsys):
    options = ["--free-space", "--preset", "rusca", "--finite-key", "1e7", "--km", "2,8", "--filter-nm", "0.1"]
    night = qkd_json(capsys, *options, "--weather", "haze")
    ends = Terminals(1550e-9, 0.1, 0.2, None, 5e-6, 0.4, 100e-6, 0.1e-9)
    budget = level_budget(ends, np.array([2e3, 8e3]), weather=WEATHERS["haze"])
    np.testing.assert_allclose(night["loss_db"], budget.total_db, rtol=1e-9)
    y0 = 1 - (1 - 1e-8) * np.exp(-1e-9 * 0.5 * float(stray_photons_per_s(ends, 1.5e-5)))
    expected = best_finite_key(0.5 * 10 ** (-budget.total_db / 10), block=1e7, y0=y0, misalignment=0.01)
    np.testing.assert_allclose(night["rate_bit_per_pulse"], expected.rate, rtol=1e-6)
    assert night["plob"][0] > plob_bit(10 ** (-budget.total_db[0] / 10))  # the telescopes' loss is not the air's
    day = qkd_json(capsys, *options, "--weather", "haze", "--light", "day")
    fog = qkd_json(capsys, *options, "--weather", "fog")
    assert fog["max_km"] < day["max_km"] < night["max_km"] and day["y0"][0] > 1000 * night["y0"][0]
    assert night["medium"] == "air" and night["attenuation_db_per_km"] is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--km", "0"], "distance"),
        (["--km", "200"], "distance"),
        (["--km", "nan"], "distance"),
        (["--km", "5", "--weather", "hail"], "--weather"),
        (["--km", "5", "--light", "noon"], "--light"),
        (["--km", "5", "--telescopes-m", "0.1"], "--telescopes-m"),
        (["--km", "5", "--telescopes-m", "0.1,-1"], "receiver_m"),
        (["--km", "5", "--telescopes-m", "nan,1"], "transmitter_m"),
        (["--km", "5", "--turbulence", "nan"], "--turbulence"),
        (["--km", "5", "--optics", "2"], "optics"),
        (["--km", "5", "--jitter-urad=-1"], "jitter"),
        (["--km", "5", "--field-urad", "0"], "field"),
        (["--km", "5", "--filter-nm", "nan"], "filter"),
        (["--km", "5", "--gate-ns", "nan"], "gate"),
        (["--km", "5", "--gate-ns=-3"], "gate"),
        (["--km", "5", "--visibility-km", "0"], "visibility"),
        (["--km", "5", "--quantum-nm", "5"], "wavelength"),
        (["--km", "5", "--protocol", "tf"], "--free-space"),
        (["--km", "5", "--classical-dbm", "0"], "--classical-dbm"),
        (["--km", "5", "--attenuation-db-per-km", "0.2"], "--weather"),
    ],
)
def test_odd_free_space_options_are_refused(options, says, capsys):
    assert run_command(["qkd", "--free-space", *options]) == 2
    out = capsys.readouterr()
    assert says in out.err and out.out == ""


@pytest.mark.parametrize(
    "options",
    [["--eps-sec", "nan"], ["--weather", "fog"], ["--light", "day"], ["--classical-dbm", "1e300"], ["--eps-sec=-1"]],
)
def test_options_that_would_be_left_out_or_make_no_sense_are_refused(options, capsys):
    assert run_command(["qkd", "--km", "5", *options]) == 2
    out = capsys.readouterr()
    assert out.err.startswith("silla: ") and out.out == "" and "Traceback" not in out.err
