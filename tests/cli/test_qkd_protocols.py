"""`silla qkd` beyond decoy BB84. Oracles: the library functions it composes, anchors, PLOB, the exit codes promised."""

from __future__ import annotations

import json

import numpy as np
import pytest

from silla.cli._app import run_command
from silla.physics.quantum import bbm92, cvqkd, mdi, twin_field
from silla.physics.quantum.presets import RUSCA

ARM = np.sqrt(10 ** (-0.02 * np.array([50.0, 200.0]))) * RUSCA.detector_efficiency
LINK = {"misalignment": RUSCA.misalignment, "error_correction": RUSCA.error_correction}
STATION = LINK | {"background": 0.5 * RUSCA.y0}


def qkd_json(capsys, protocol, *arguments):
    assert run_command(["qkd", "--json", "--protocol", protocol, "--preset", "rusca", *arguments]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    return json.loads(out.out)


def test_gg02_anchors(capsys):
    found = qkd_json(capsys, "cv-qkd", "--modulation", "4", "--km", "10,25,50,80,100")
    np.testing.assert_allclose(found["rate"], [0.25339, 0.09163, 0.02287, 0.00513, 0.00197], atol=6e-6)
    assert found["max_km"] == pytest.approx(300.0) and found["limit_db"] == 60  # where the model ends, not the key
    noisy = qkd_json(capsys, "cv-qkd", "--excess-noise", "0.05", "--km", "10")
    assert noisy["max_km"] < 200 and noisy["qber"] == [None]
    blocks = qkd_json(capsys, "cv-qkd", "--modulation", "4", "--finite-key", "1e9", "--km", "25")
    line = {"efficiency": 0.6, "electronic_noise": 0.01, "excess_noise": 0.01}
    assert blocks["rate"] == pytest.approx(
        [float(cvqkd.finite_key_rate(10**-0.5, symbols=1e9, modulation=4, **line).rate)]
    )


def test_protocols_in_the_middle_are_the_library_s(capsys):
    km = ["--km", "50,200"]
    expected = {
        "bbm92": bbm92.key_rate(ARM, ARM, brightness=0.05, y0=RUSCA.y0, **LINK).rate,
        "mdi": mdi.key_rate(ARM, ARM, mu=0.1, **STATION).rate,
        "tf": twin_field.cal_key_rate(ARM, mu=0.1, **STATION).rate,
    }
    for protocol, rate in expected.items():
        found = qkd_json(capsys, protocol, "--mu", "0.1", *km)
        np.testing.assert_allclose(found["rate"], rate, rtol=1e-9)
        assert found["rate"] == found["rate_bit_per_pulse"]
        best = qkd_json(capsys, protocol, *km)
        assert np.all(np.array(best["rate"]) >= rate * (1 - 1e-9)) and best["max_km"] >= found["max_km"] - 0.1
    sns = qkd_json(capsys, "sns", *km)
    np.testing.assert_allclose(sns["rate"], twin_field.best_sns(ARM, **STATION)[0].rate, rtol=1e-4)


def test_only_the_twin_field_passes_plob(capsys):
    for protocol in ("six-state", "bbm92", "mdi", "tf", "sns", "cv-qkd"):
        found = qkd_json(capsys, protocol, "--km", "100,280")
        passes = np.array(found["rate"]) > np.array(found["plob"])
        assert not passes[0] and passes[1] == (protocol in ("tf", "sns"))


def test_decoys_of_mdi_cost_reach(capsys):
    known = qkd_json(capsys, "mdi", "--km", "100", "--mu", "0.4")
    bounded = qkd_json(capsys, "mdi", "--km", "100", "--mu", "0.4", "--decoys", "vacuum+weak")
    assert bounded["rate"][0] < known["rate"][0] and bounded["max_km"] < known["max_km"]


def test_six_state_outreaches_the_error_rate_of_bb84(capsys):
    noisy = ["--misalignment", "0.06", "--error-correction", "1", "--mu", "best", "--km", "10"]
    assert qkd_json(capsys, "six-state", *noisy)["max_km"] > qkd_json(capsys, "decoy-bb84", *noisy)["max_km"] > 0


def test_table_says_why_plob_is_passed(capsys):
    assert run_command(["qkd", "--protocol", "sns", "--preset", "rusca", "--km", "0:400:100"]) == 0
    assert "without a station in the middle" in capsys.readouterr().out
    assert run_command(["qkd", "--protocol", "cv-qkd", "--km", "10"]) == 0
    assert "60 dB end" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["mdi", "--finite-key", "1e7"], "asymptotic"),
        (["tf", "--intercept", "0.1"], "decoy-bb84 and dl04"),
        (["cv-qkd", "--classical-dbm", "0"], "not for cv-qkd"),
        (["sns", "--decoys", "vacuum+weak"], "yields as known"),
        (["mdi", "--decoys", "one-decoy"], "vacuum+weak"),
        (["cv-qkd", "--detection", "both"], "heterodyne"),
        (["cv-qkd", "--excess-noise", "-1"], "excess_noise"),
        (["cv-qkd", "--modulation", "0"], "modulation"),
        (["cv-qkd", "--finite-key", "10"], "10000"),
        (["cv-qkd", "--km", "500"], "60 dB"),
        (["bbm92", "--mu", "5"], "brightness"),
        (["sns", "--misalignment", "nan"], "misalignment"),
    ],
)
def test_bad_input_says_what_is_allowed_and_ends_with_2(capsys, arguments, says):
    assert run_command(["qkd", "--json", "--protocol", *arguments]) == 2
    out = capsys.readouterr()
    assert out.out == "" and says in out.err and "Traceback" not in out.err
