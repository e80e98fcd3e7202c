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
