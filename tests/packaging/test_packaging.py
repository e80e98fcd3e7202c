"""What a fresh clone relies on: pinned versions, and kernels that may be missing."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def pins() -> dict[str, str]:
    lines = (line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines())
    return {name_of(line): line.partition("==")[2] for line in lines if line}


def test_everything_asked_for_is_pinned_once():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    assert len(lines) == len(pins()) and all(pins().values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    kernels = tomllib.loads((ROOT / "kernels" / "pyproject.toml").read_text())["build-system"]["requires"]
    extras = [requirement for group in project["optional-dependencies"].values() for requirement in group]
    asked = [*project["dependencies"], *extras, *kernels]
    own = {"silla"}  # an extra may include another of its own extras
    assert [r for r in asked if name_of(r) not in {*pins(), *own}] == []


def test_torch_is_pinned():
    assert pins()["torch"] == "2.13.0"


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"CXX": "/no/such/compiler"}, "No C++ compiler found"), ({"CXX": "sh", "PIP": "false"}, "could not be built")],
)
def test_missing_kernels_are_one_line_and_no_failure(tmp_path, change, expected):
    (tmp_path / ".venv").mkdir()
    environment = {**os.environ, **change}
    run = subprocess.run(
        ["sh", str(ROOT / "kernels" / "install.sh")], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0 and run.stderr == ""
    last = run.stdout.splitlines()[-1]
    assert expected in last and "NumPy twins serve" in last
