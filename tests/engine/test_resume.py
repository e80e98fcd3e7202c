"""Runs that are killed, fail or meet a disk that refuses. Oracles: bytes of an undisturbed run and of old results."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from tests.engine.scenarios import CITY, HEX

from silla.cli._app import run_command
from silla.engine import executors
from silla.results.opened import Results

LONG = ("--set", "day.drops=3", "--set", "snapshot.drops=20", "--set", "map.step_m=60")


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(HEX)
    return path


def silla(*arguments, **options):
    """The command line as a process of its own."""
    command = [sys.executable, "-m", "silla", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def results(directory):
    """Bytes of everything published but the manifest, which names times."""
    files = [*directory.glob("tables/*.parquet"), *directory.glob("grids/*.parquet")]
    files += [directory / "summary.json", directory / "scenario.yaml"]
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in files}


def published(directory):
    """Bytes of everything published, the manifest included."""
    return {**results(directory), "manifest.json": (directory / "manifest.json").read_bytes()}


def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(CITY)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    first = silla("run", path, "-o", killed, "--jobs", "2", "--no-report", *LONG, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while len(list(killed.glob("tasks/*/*.rec"))) < 3 and time.monotonic() < deadline and first.poll() is None:
            time.sleep(0.01)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
    assert first.returncode == -signal.SIGKILL, "the run ended before it could be killed"
    assert not (killed / "summary.json").exists()
    n_kept = len(list(killed.glob("tasks/*/*.rec")))
    assert run_command(["run", str(path), "-o", str(killed), "--jobs", "1", "--no-report", *LONG]) == 0
    assert run_command(["run", str(path), "-o", str(whole), "--jobs", "1", "--no-report", *LONG]) == 0
    run = json.loads((killed / "manifest.json").read_text())["run"]
    assert 3 <= n_kept == run["tasks_reused"] < run["tasks"]
    assert results(killed) == results(whole)


def test_a_failed_task_makes_the_exit_code_one_and_nothing_is_published(scenario, tmp_path, monkeypatch, capsys):
    out, real = tmp_path / "out", executors.run_task
    calls = []

    def sometimes(task, worlds):
        calls.append(task)
        if task.kind == "snapshot" and task.drops[0] == 5:
            raise FloatingPointError("drop 5 is cursed")
        return real(task, worlds)

    monkeypatch.setattr(executors, "run_task", sometimes)
    arguments = ["run", str(scenario), "-o", str(out), "--jobs", "1"]
    assert run_command([*arguments, "--json"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "drop 5 is cursed" in said.err and "1 of 3 tasks failed" in said.err
    assert "snapshot of base" in said.err and "drops 5 to 5" in said.err
    assert sorted(p.name for p in out.iterdir()) == ["tasks"]
    kept = len(list(out.glob("tasks/*/*.rec")))
    assert kept == 2 and len(calls) == 3
    # without the curse the others' records serve
    monkeypatch.setattr(executors, "run_task", real)
    assert run_command([*arguments, "--no-report"]) == 0
    assert json.loads((out / "manifest.json").read_text())["run"]["tasks_reused"] == 2


def test_a_failed_rerun_leaves_the_old_results(scenario, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert run_command(["run", str(scenario), "-o", str(out), "--jobs", "1", "--no-report"]) == 0
    before = published(out)

    def never(task, worlds):
        raise RuntimeError("no")

    monkeypatch.setattr(executors, "run_task", never)
    arguments = ["run", str(scenario), "-o", str(out), "--jobs", "1", "--no-report", "--set", "seed=99"]
    assert run_command(arguments) == 1
    assert published(out) == before


def run_once(scenario, out):
    assert run_command(["run", str(scenario), "-o", str(out), "--jobs", "1", "--no-report"]) == 0
    return published(out)


def test_a_file_size_limit_while_publishing_leaves_the_old_results(scenario, tmp_path):
    """All tasks are in the store; the tables are too large for the limit."""
    out = tmp_path / "out"
    before = run_once(scenario, out)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    process = silla("run", scenario, "-o", out, "--jobs", "1", "--no-report", "--set", "title=Other", preexec_fn=limit)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert "file would exceed the allowed size" in err or "file too large" in err
    assert published(out) == before
    assert Results(out).table("users").height > 0
    assert not [p for p in out.iterdir() if p.name.startswith(".publishing-set")]


def test_a_file_size_limit_while_storing_tasks_is_a_clear_error(scenario, tmp_path):
    out = tmp_path / "out"

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (256, 256))

    process = silla("run", scenario, "-o", out, "--jobs", "2", "--no-report", preexec_fn=limit)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert "allowed size" in err and "Traceback" not in err
    assert not list(out.glob("tasks/*/*.rec")) and not (out / "summary.json").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mount], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("a file system cannot be mounted here")
    yield mount
    subprocess.run(["umount", "-l", mount], check=True)


def test_a_full_disk_leaves_the_old_results(scenario, small_disk):
    out = small_disk / "out"
    before = run_once(scenario, out)
    free = os.statvfs(small_disk)
    (small_disk / "filler").write_bytes(b"x" * (free.f_bavail * free.f_bsize - 8192))
    process = silla("run", scenario, "-o", out, "--jobs", "1", "--no-report", "--set", "title=Other")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2 and "disk is full" in err, err
    assert published(out) == before
    assert Results(out).summary["title"] == "hexes"
    (small_disk / "filler").unlink()
    assert (
        run_command(["run", str(scenario), "-o", str(out), "--jobs", "1", "--no-report", "--set", "title=Other"]) == 0
    )
    assert Results(out).summary["title"] == "Other"


def test_an_output_path_that_is_a_file(scenario, tmp_path, capsys):
    target = tmp_path / "out"
    target.write_text("mine")
    for path in (target, target / "deeper"):
        assert run_command(["run", str(scenario), "-o", str(path), "--jobs", "1"]) == 2
        assert "file" in capsys.readouterr().err
    assert target.read_text() == "mine"


@pytest.fixture
def read_only(tmp_path):
    """A directory in which nothing can be written, for root neither."""
    path = tmp_path / "locked"
    path.mkdir()
    if os.getuid() == 0:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", path], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("a file system cannot be mounted here")
        yield path
        subprocess.run(["umount", "-l", path], check=True)
    else:
        path.chmod(0o500)
        yield path
        path.chmod(0o700)


def test_a_directory_that_may_not_be_written(scenario, read_only, capsys):
    for out in (read_only, read_only / "out"):
        assert run_command(["run", str(scenario), "-o", str(out), "--jobs", "1", "--no-report"]) == 2
        said = capsys.readouterr().err.lower()
        assert "read-only" in said or "permission denied" in said
    assert not list(read_only.iterdir())
