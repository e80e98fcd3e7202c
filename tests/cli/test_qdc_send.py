"""`silla qdc --send`: messages arrive byte for byte, or the verb says why not. Oracles: the message, exit codes."""

from __future__ import annotations

import json

import pytest

from silla.cli._app import run_command

LINK = ["qdc", "--source", "single", "--km", "10"]


@pytest.mark.parametrize("protocol", ["hd", "dl04"])
def test_a_korean_message_arrives(capsys, tmp_path, protocol):
    text, out = "경주에서 서울로: 안녕하세요", tmp_path / "got.txt"
    assert run_command([*LINK, "--protocol", protocol, "--send", text, "--out", str(out), "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["text"] == text == out.read_text() and not found["aborted"] and said.err == ""
    assert 0 < found["bit_per_s"] < found["capacity_bit_per_s"] and found["bytes"] == len(text.encode())


def test_a_binary_file_arrives(capsys, tmp_path):
    source, out = tmp_path / "in.bin", tmp_path / "out.bin"
    source.write_bytes(bytes(range(256)) * 3)
    assert run_command([*LINK, "--dimension", "8", "--send-file", str(source), "--out", str(out)]) == 0
    assert out.read_bytes() == source.read_bytes() and "of a capacity" in capsys.readouterr().out


def test_somebody_on_the_line_stops_it(capsys, tmp_path):
    out = tmp_path / "never"
    assert run_command([*LINK, "--send", "secret", "--intercept", "0.5", "--out", str(out), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["aborted"] and found["text"] is None and "listening" in found["reason"] and not out.exists()


def test_the_plot_shows_the_message_below_the_capacity(capsys, tmp_path):
    page = tmp_path / "rate.html"
    assert run_command([*LINK, "--send", "x", "--plot", str(page)]) == 0
    assert "this message" in page.read_text() and "secrecy capacity" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--send", "x", "--km", "10,20"], "one distance"),
        (["--send", "x", "--km", "100", "--misalignment", "0.2"], "no secret bit"),
        (["--send", "x", "--send-file", "y"], "give one of them"),
        (["--send-file", "/nonexistent/file"], "cannot be read"),
        (["--send", "x", "--protocol", "two-step"], "two-step"),
        (["--out", "x"], "nothing to write"),
        (["--send", "x", "--check-share", "0"], "check_share"),
    ],
)
def test_bad_input_exits_2(capsys, arguments, says):
    assert run_command([*LINK, *arguments]) == 2
    assert says in capsys.readouterr().err


WEAK = ["qdc", "--protocol", "dl04", "--km", "5"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--attack", "intercept-resend", "--attack-share", "0.3"], 1, "checks are wrong"),
        (["--attack", "blinding"], 1, "photocurrent"),
        (["--attack", "trojan-horse"], 1, "enters the encoder"),
        (["--attack", "trojan-horse", "--isolation-db", "170"], 0, ""),
        (["--attack", "photon-number-splitting"], 0, ""),
    ],
)
def test_attacks_are_stopped_or_learn_nothing(capsys, arguments, code, says):
    assert run_command([*WEAK, "--send", "비밀", *arguments, "--json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert says in found["reason"] and found["eve_message_bit"] == 0.0 and found["attack"] == arguments[1]
    assert (found["text"] == "비밀") == (code == 0) and found["sent_bytes"] == (6 if code == 0 else 0)
    assert found["eve_read_bit"] > 0.0 and len(found["decoys"]) == 2


def test_without_a_watchdog_a_blinded_line_says_what_was_read(capsys):
    assert run_command([*WEAK, "--send", "open", "--attack", "blinding", "--no-watchdog", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["eve_message_bit"] == 32.0 and found["eve_bound_bit"] < found["allowance_bit"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--send", "x", "--decoys", "infinite"], "counts its photons"),
        (["--send", "x", "--km", "30", "--mu", "0.5", "--decoys", "none"], "give decoys"),
        (["--send", "x", "--attack", "rain"], "allowed none"),
        (["--send", "x", "--attack", "blinding", "--attack-share", "2"], "attacked share"),
        (["--send", "x", "--attack", "blinding", "--intercept", "0.1"], "give one attack"),
        (["--send", "x", "--isolation-db", "-1"], "isolation_db"),
        (["--send", "x", "--out", "/nonexistent/x"], "no folder"),
        (["--send", "x", "--out", "/proc/x"], "cannot be written"),
        (["--send", "x", "--out", "/"], "is a folder"),
        (["--attack", "blinding"], "add --send"),
        (["--send", "x", "--mu", "nan"], "--mu"),
        (["--send", "x", "--km", "1e4"], "allowed 0 to"),
        (["--send", "x", "--detector-efficiency", "0"], "efficiency"),
        (["--send", "x", "--misalignment", "0.5"], "misalignment"),
        (["--send", "x", "--dead-time-ns", "-1"], "dead_time"),
        (["--send", "x", "--protocol", "hd", "--dimension", "12"], "powers of 2"),
        (["--send", "x", "--protocol", "hd", "--dimension", "1"], "allowed 2 to 4096"),
        (["--send", "x", "--protocol", "hd", "--dimension", "1000000"], "allowed 2 to 4096"),
    ],
)
def test_odd_values_are_refused_before_anything_is_sent(capsys, arguments, says):
    assert run_command([*WEAK, *arguments]) == 2
    assert says in capsys.readouterr().err
