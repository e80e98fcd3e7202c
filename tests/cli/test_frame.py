"""The frame of the command line: exit codes, messages, what goes to which stream. Oracle: the codes of the manual."""

from __future__ import annotations

import errno
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import typer

from silla import __version__
from silla.base.errors import DomainError, MissingExtra, RunError, ScenarioError, StoreError
from silla.cli import _app
from silla.cli._app import run_command
from silla.cli._output import emit_json, json_ready, write_new


@pytest.fixture
def verb(monkeypatch):
    """Registers a function as the verb `try`."""

    def register(function):
        module = types.ModuleType("a_verb_for_tests")
        module.run = function
        monkeypatch.setitem(sys.modules, "a_verb_for_tests", module)
        monkeypatch.setitem(_app.VERBS, "try", ("a_verb_for_tests:run", "Try."))

    return register


def failing(error):
    def run() -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ScenarioError(["a.yaml:1: x", "a.yaml:2: y"]), 2, "silla: a.yaml:1: x\nsilla: a.yaml:2: y\n"),
        (DomainError("too far"), 2, "silla: too far\n"),
        (StoreError("disk full"), 2, "silla: disk full\n"),
        (MissingExtra("ray", "ray", "the engine"), 2, "pip install 'silla[ray]'"),
        (RunError("2 tasks failed", {"t1": "because"}), 1, "silla: 2 tasks failed\nsilla:   t1: because\n"),
        (KeyboardInterrupt(), 130, ""),
        (
            OSError(errno.ENOSPC, "No space left on device", "x.parquet"),
            2,
            "silla: x.parquet: no space left on device\n",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/out"), 2, "silla: /out: permission denied\n"),
        (ZeroDivisionError("oops"), 70, "silla: internal error: ZeroDivisionError: oops\n"),
        (OSError(errno.EIO, "Input/output error"), 70, "internal error"),
    ],
)
def test_errors_become_messages_and_codes(verb, capsys, error, code, words):
    verb(failing(error))
    assert run_command(["try"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_the_traceback_is_there_for_who_asks(verb, capsys, monkeypatch):
    monkeypatch.setenv("SILLA_DEBUG", "1")
    verb(failing(ZeroDivisionError("oops")))
    assert run_command(["try"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_verb_chooses_its_own_code(verb):
    verb(failing(typer.Exit(5)))
    assert run_command(["try"]) == 5


@pytest.mark.parametrize("arguments", [["chek"], ["check"], ["check", "gyeongju", "--jsn"], ["new"], ["--nope"]])
def test_usage_errors_end_with_code_2_on_stderr(capsys, arguments):
    assert run_command(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Usage" in err


def test_help_lists_every_verb_and_imports_none(capsys):
    loaded = {m for m in sys.modules if m.startswith("silla.cli.")}
    assert run_command(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in _app.VERBS)
    assert {m for m in sys.modules if m.startswith("silla.cli.")} <= loaded | {"silla.cli._app"}


def test_version(capsys):
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"silla {__version__}"


def test_json_is_strict_and_keeps_scripts(capsys):
    emit_json(
        {"a": np.array([1.0, np.nan]), "b": np.int64(3), "c": "경주", "d": Path("x"), "e": float("inf"), "f": (1, {2})}
    )
    text = capsys.readouterr().out
    assert "경주" in text
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": [1.0, None], "b": 3, "c": "경주", "d": "x", "e": None, "f": [1, [2]],
    }  # fmt: skip
    with pytest.raises(TypeError):
        json_ready(object())


def test_files_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    write_new(path, "one")
    with pytest.raises(Exception, match="exists"):
        write_new(path, "two")
    write_new(path, "three", force=True)
    assert path.read_text() == "three"

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StoreError, match="no space left"):
        write_new(path, "four", force=True)
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["a.yaml"]
    assert path.read_text() == "three"
