"""The benchmark's bookkeeping. Oracles: hand-made figures, and processes of known size and duration."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.bench import FIGURES, registry, run
from silla.bench.figure import Figure, Measured
from silla.bench.large_scale_links import _USERS, _Network
from silla.bench.processes import run_watched

KEYS = ["name", "value", "unit", "floor", "goal", "better", "peer", "peer_value", "ratio", "note"]


def figure(better, measured: Measured) -> Figure:
    return Figure("x", "s", 2.0, 1.0, better, lambda: measured, "someone")


@pytest.mark.parametrize(("better", "ratio"), [("higher", 4.0), ("lower", 0.25)])
def test_the_ratio_says_how_many_times_better(better, ratio):
    row = figure(better, Measured(8.0, 2.0)).row(Measured(8.0, 2.0, "n"))
    assert list(row) == KEYS
    assert row["ratio"] == ratio


def test_no_ratio_without_both_values():
    for measured in (Measured(8.0), Measured(None, 2.0)):
        assert figure("lower", measured).row(measured)["ratio"] is None


def test_goals_are_at_least_as_hard_as_floors():
    for f in FIGURES.values():
        assert f.goal >= f.floor if f.better == "higher" else f.goal <= f.floor
        assert f.unit and f.name == f.name.lower()


def test_every_link_of_a_drop_is_evaluated():
    sinr = _Network().drop(0)
    assert len(sinr) == _USERS
    # fully loaded macro cells: 3GPP's calibration has medians of a few dB for one column, four columns do better
    assert 0 < 10 * np.log10(np.median(sinr)) < 10


def test_a_failing_measurement_does_not_hide_the_others(monkeypatch):
    def broken() -> Measured:
        raise OSError("no disk")

    two = {"a": Figure("a", "s", 1, 1, "lower", broken), "b": Figure("b", "s", 1, 1, "lower", lambda: Measured(1.0))}
    monkeypatch.setattr(registry, "FIGURES", two)
    first, second = run()
    assert first["value"] is None and "no disk" in first["note"]
    assert second["value"] == 1.0


def test_an_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(ArgumentError, match="did you mean 'import-silla'"):
        run(["import-sila"])


def test_a_watched_process_tree_is_weighed_and_timed():
    child = "import time; x = bytearray(60 << 20); time.sleep(0.6)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done')"
    watched = run_watched([sys.executable, "-c", parent])
    assert watched.exit_code == 0 and watched.tail == "done"
    assert 0.6 < watched.seconds < 20
    assert 60 << 20 < watched.peak_bytes < 200 << 20


def test_a_watched_process_is_killed_when_it_takes_too_long():
    assert run_watched([sys.executable, "-c", "import time; time.sleep(60)"], timeout_s=0.3).exit_code != 0


def test_import_is_light():
    """Ratio to a bare interpreter rather than a time, and none of the heavy packages."""
    code = "import sys, silla; print([m for m in ('torch', 'ray', 'plotly', 'scipy', 'polars') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
    row = run(["import-silla"])[0]
    assert row["value"] < 12 * row["peer_value"]


def test_the_command_prints_one_json_document():
    command = [sys.executable, "-m", "silla", "bench"]
    done = subprocess.run([*command, "import-silla", "--json"], capture_output=True, text=True, check=True)
    (row,) = json.loads(done.stdout)
    assert list(row) == KEYS and row["name"] == "import-silla"
    wrong = subprocess.run([*command, "import-sila", "--json"], capture_output=True, text=True)
    assert wrong.returncode == 2 and wrong.stdout == "" and "import-silla" in wrong.stderr
