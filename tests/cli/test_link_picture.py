"""Pictures of waterfalls in terminals of any width. Oracle: the width itself, and the points that were given."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from rich.cells import cell_len
from rich.console import Console

from silla.cli._link_picture import Seen, chart, points_table, rate_text, thresholds_table
from silla.engine.campaign import LinkPoint
from silla.physics.radio.link.simulate import LinkCounts

NAMES = ("수신기 가+최소자승", "수신기 나 (경주 통신탑, 아주 긴 이름의 수신기)", "genie")


def point(x, errors, blocks=100):
    return LinkPoint(x, LinkCounts(slots=blocks, blocks=blocks, block_errors=errors), "errors")


def curve(last):
    return [point(0.0, 90), point(1.0, 50), point(2.0, 9), point(3.0, last)]


def printed(width, *what):
    screen = Console(width=width, color_system=None, force_terminal=True)
    with screen.capture() as text:
        for w in what:
            screen.print(w)
    return text.get()


@pytest.mark.parametrize("width", [40, 57, 80, 120])
def test_nothing_is_wider_than_the_terminal_and_bars_stay_on_their_lines(width):
    seen = Seen(NAMES, 0.1)
    for n, name in enumerate(NAMES):
        for p in curve(n):
            seen.tell(name, p)
    about = {"target": 0.1, "curves": [
        {"link": n, "threshold": {"snr_db": 1.9, "low_db": float("nan"), "high_db": 2.1}, "points": [],
         "from_bound_db": 1.0} for n in NAMES]}  # fmt: skip
    text = printed(width, seen.picture(width, 40), points_table(NAMES[0], curve(1), 0.1, width),
                   thresholds_table(about, width))  # fmt: skip
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width
    rows = [line for line in text.splitlines() if "█" in line]
    assert len(rows) == 4 and all(re.match(r"\s*[\d.]+ ", row) for row in rows)
    bars = [row.count("█") for row in rows]
    assert bars == sorted(bars, reverse=True) and bars[0] > bars[-1]
    assert "1.9" in text and "?" in text if width >= 60 else "1.9" in text


def test_a_chart_puts_letters_where_the_points_are():
    lines = str(chart({"a": curve(1), "b": curve(0)}, [(0.0, 0.5), (3.0, 0.001)], 0.1, 80)).splitlines()
    body = [line[7:] for line in lines if "│" in line]
    assert body[0].startswith("B") and lines[0].lstrip().startswith("1 │")
    (target,) = [r for r, line in enumerate(body) if "┄┄┄" in line]
    assert lines[target].lstrip().startswith("1e-1")
    assert [row.rstrip()[-1] for row in body if "A" in row] == ["A"]  # the only one of curve a that b does not cover
    assert chart({"a": [point(1.0, 5)]}, [], 0.1, 80) is None and chart({"a": []}, [], 0.1, 80) is None


def test_a_threshold_outside_of_the_ratios_says_on_which_side():
    nan = {"snr_db": float("nan"), "low_db": float("nan"), "high_db": float("nan")}
    rates = {"good": (0.05, 0.01), "bad": (0.9, 0.4), "none": ()}
    curves = [
        {"link": n, "threshold": nan, "from_bound_db": None if n == "none" else float("nan"),
         "points": [{"snr_db": x, "bler": y, "slots": 9} for x, y in zip((3.0, 9.0), r, strict=False)]}
        for n, r in rates.items()]  # fmt: skip
    text = printed(80, thresholds_table({"target": 0.1, "curves": curves}, 80))
    assert re.search(r"good +below 3", text) and re.search(r"bad +above 9", text) and "not passed" in text


def test_rates_are_short():
    assert [rate_text(x) for x in (1.0, 0.866, 0.0412, 0.00996, 0.00253, 1.2e-7, 0.0)] == [
        "1", "0.87", "0.041", "0.01", "2.5e-3", "1.2e-7", "0"]  # fmt: skip


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(tmp_path):
    options = ["--channel", "awgn", "--rx", "1", "--prb", "2", "--mcs", "5", "--snr-db", "0,0.5,1", "--jobs", "2"]
    options += ["--max-slots", "200000", "--errors", "500000"]
    command = [sys.executable, "-m", "silla", "link", *options, "--out", str(tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)  # fmt: skip
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("run/tasks/*/*.rec"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    out, said = process.communicate(timeout=60)
    assert process.returncode == 130 and out == ""
    assert "interrupted" in said and "goes on from there" in said and "Traceback" not in said
    assert "lost of" in said and not (tmp_path / "run" / "link.json").exists()
