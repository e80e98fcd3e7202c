"""Oracle: the pages themselves. Files shown on a how-to page are written, its commands run, in an empty folder.

Fences: ``yaml file=NAME`` writes a file, ``sh`` runs each line, ``python after`` runs after the commands above it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = sorted(p for p in (Path(__file__).parents[2] / "docs" / "how-to").glob("*.md") if p.name != "README.md")
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, env=environment, timeout=300)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_what_the_page_shows_works(page, tmp_path):
    n_commands = 0
    for language, note, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if "file=" in note:
            (tmp_path / note.split("file=")[1].strip()).write_text(body, encoding="utf-8")
        elif language == "sh":
            if "ray" in note.split() and importlib.util.find_spec("ray") is None:
                continue
            for line in body.strip().splitlines():
                program, *arguments = shlex.split(line)
                assert program == "silla"
                done = run([sys.executable, "-m", "silla", *arguments], tmp_path)
                assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
                n_commands += 1
        elif language == "python":
            done = run([sys.executable, "-c", body], tmp_path)
            assert done.returncode == 0, f"{body}\n{done.stderr}"
    assert n_commands


def test_every_page_is_in_the_list():
    index = (PAGES[0].parent / "README.md").read_text(encoding="utf-8")
    assert {p.name for p in PAGES} <= set(re.findall(r"\]\(([\w-]+\.md)\)", index))
