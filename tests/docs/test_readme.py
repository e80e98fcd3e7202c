"""The commands of README's tour do what they are shown for: each runs as it stands, one after the other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from silla.cli._app import run_command

README = Path(__file__).parents[2] / "README.md"
LONG = ("silla run", "silla link", "silla solve")  # seconds to a minute each; other tests run them


def test_every_command_of_the_tour_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = re.findall(r"^    \$ (silla [^#\n]*)", README.read_text(encoding="utf-8"), re.M)
    commands = [c.strip() for c in found if not c.startswith(LONG)]
    assert len(commands) >= 10
    for command in commands:
        # what does not carry a rate says so and is no error; nothing else may fail
        assert run_command(shlex.split(command)[1:]) == 0, f"{command}\n{capsys.readouterr().err}"
