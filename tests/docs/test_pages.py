"""Oracles: the registry and the modules' own examples. Generated pages are fresh, examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import silla

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(silla.__path__, "silla.") if not m.name.endswith(("__main__", "peer_sionna"))
)


def test_model_cards_page_is_fresh():
    page = subprocess.run([sys.executable, "-m", "silla", "models", "--markdown"], capture_output=True, check=True)
    assert (ROOT / "docs" / "models.md").read_bytes() == page.stdout, "run: make docs"


def test_libraries_page_is_fresh_and_says_what_every_name_is():
    page = subprocess.run([sys.executable, str(ROOT / "docs" / "api_page.py")], capture_output=True, check=True)
    assert (ROOT / "docs" / "api.md").read_bytes() == page.stdout, "run: make docs"
    assert not [line for line in page.stdout.decode().splitlines() if line.startswith("- `") and line.endswith("`: ")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def pages() -> list[Path]:
    roots = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
    folders = [p for f in ("docs", "validation", "examples", "benchmarks") for p in (ROOT / f).rglob("*.md")]
    return [p for p in (*roots, *folders) if p.is_file()]


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [
        t for t in targets if not t.startswith(("http:", "https:", "mailto:")) and not (page.parent / t).exists()
    ]
    assert not missing, f"{os.path.relpath(page, ROOT)} links to {missing}"
