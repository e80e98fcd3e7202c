"""Oracle: the set of files with their contents before and after, under every fault that can be provoked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from silla.base.errors import StoreError
from silla.results import publish
from silla.results.publish import publishing, recover

OLD = {"summary.json": "old", "tables/cells.parquet": "cells", "tables/gone.parquet": "gone"}
NEW = {"summary.json": "new", "tables/cells.parquet": "cells 2", "report.html": "<html>"}


def _content(directory: Path) -> dict[str, str]:
    return {
        str(p.relative_to(directory)): p.read_text()
        for p in sorted(directory.rglob("*"))
        if p.is_file() and p.name != publish.LIST_NAME
    }


def _publish(directory: Path, files: dict[str, str]) -> None:
    with publishing(directory) as staging:
        for name, text in files.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_text(text)


def test_a_new_set_replaces_the_old_one_and_nothing_else(tmp_path):
    target = tmp_path / "run"
    _publish(target, OLD)
    (target / "notes.txt").write_text("mine")
    _publish(target, NEW)
    assert _content(target) == {**NEW, "notes.txt": "mine"}
    assert [p.name for p in target.iterdir() if p.name.startswith(".")] == [publish.LIST_NAME]


def test_an_exception_leaves_the_old_set_or_no_directory(tmp_path):
    fresh, target = tmp_path / "fresh", tmp_path / "run"
    _publish(target, OLD)
    for directory in (fresh, target):
        with pytest.raises(KeyError), publishing(directory) as staging:
            (staging / "summary.json").write_text("half")
            raise KeyError("stop")
    assert not fresh.exists()
    assert _content(target) == OLD


@pytest.mark.parametrize("fail_at", range(9))
def test_a_fault_at_any_move_brings_everything_back(tmp_path, monkeypatch, fail_at):
    target = tmp_path / "run"
    _publish(target, OLD)
    moves, real = [], Path.replace

    def replace(self: Path, other):
        if publish._WORK_PREFIX in str(self) + str(other) and not self.name.startswith(".writing-"):
            moves.append(other)
            if len(moves) == fail_at + 1:
                raise OSError(5, os.strerror(5))
        return real(self, other)

    monkeypatch.setattr(Path, "replace", replace)
    if fail_at < 8:  # 4 old files (with the list) out, 4 new files in
        with pytest.raises(StoreError, match="move the results"):
            _publish(target, NEW)
        assert _content(target) == OLD
    else:
        _publish(target, NEW)
        assert _content(target) == NEW


@pytest.mark.parametrize("kill_at", [1, 4, 5, 7, 8])
def test_kill_9_between_two_moves_is_undone_by_the_next_run(tmp_path, kill_at):
    target = tmp_path / "run"
    _publish(target, OLD)
    script = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from silla.results import publish
        real, moves = Path.replace, []
        def replace(self, other):
            done = real(self, other)
            if publish._WORK_PREFIX in str(self) + str(other) and not self.name.startswith(".writing-"):
                moves.append(1)
                if len(moves) == {kill_at}:
                    os.kill(os.getpid(), signal.SIGKILL)
            return done
        Path.replace = replace
        with publish.publishing({str(target)!r}) as staging:
            for name, text in {NEW!r}.items():
                (staging / name).parent.mkdir(parents=True, exist_ok=True)
                (staging / name).write_text(text)
    """)
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert recover(target)
    assert _content(target) == OLD
    assert not recover(target)
    _publish(target, NEW)
    assert _content(target) == NEW


def test_a_full_disk_keeps_the_old_set(tiny_disk):
    target = tiny_disk / "run"
    _publish(target, OLD)
    with pytest.raises(StoreError, match="disk is full"), publishing(target) as staging:
        (staging / "summary.json").write_text("new")
        (staging / "big.bin").write_bytes(bytes(3_000_000))
    assert _content(target) == OLD
    assert sum(1 for p in tiny_disk.rglob("*") if p.is_file()) == len(OLD) + 1


def test_two_runs_into_one_directory_are_refused(tmp_path):
    with publishing(tmp_path / "run"), pytest.raises(StoreError, match="another process"), publishing(tmp_path / "run"):
        pass


def test_a_forged_list_cannot_reach_outside(tmp_path):
    outside = tmp_path / "precious"
    outside.write_text("x")
    target = tmp_path / "run"
    _publish(target, OLD)
    (target / publish.LIST_NAME).write_text(f'["../precious", "{outside}"]')
    _publish(target, NEW)
    assert outside.read_text() == "x"
