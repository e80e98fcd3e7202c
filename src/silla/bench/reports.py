"""From a scenario to its report: wall time on two cores and peak memory, of the default scenario and of a real city."""

from __future__ import annotations

import functools
import sys
import tempfile
from pathlib import Path

import silla
from silla.bench.figure import Figure, Measured
from silla.bench.processes import Run, run_watched

__all__ = ["FIGURES"]

_GIB = 2**30
_CITY = Path("examples") / "myeongdong.yaml"


def _city_file() -> str | None:
    """The city's scenario, from the folder that one is in or the project that silla was installed from."""
    places = (Path.cwd(), Path(silla.__file__).resolve().parents[2])
    return next((str(place / _CITY) for place in places if (place / _CITY).is_file()), None)


@functools.cache
def _report(scenario: str) -> Run:
    """One run into an empty folder, after one that only reads and checks the scenario (files and code in memory)."""
    command = [sys.executable, "-m", "silla"]
    check = run_watched([*command, "check", scenario])
    if check.exit_code != 0:
        return check
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        run = run_watched([*command, "run", scenario, "-o", str(out), "--jobs", "2"])
        if run.exit_code == 0 and not (out / "report.html").is_file():
            return Run(run.seconds, run.peak_bytes, 1, "the run wrote no report.html")
    return run


def _measured(scenario: str | None, value: str) -> Measured:
    if scenario is None:
        return Measured(None, note=f"{_CITY} was not found: run this from the project's folder")
    run = _report(scenario)
    if run.exit_code != 0:
        last = run.tail.splitlines()[-1] if run.tail else "no message"
        return Measured(None, note=f"exit code {run.exit_code}: {last}")
    if value == "seconds":
        return Measured(run.seconds, note="two jobs, nothing cached")
    return Measured(run.peak_bytes / _GIB, note="all processes together, shared pages counted once")


def _figures(name: str, scenario) -> tuple[Figure, Figure]:
    return (
        Figure(f"{name}-report", "s", 60.0, 30.0, "lower", lambda: _measured(scenario(), "seconds")),
        Figure(f"{name}-memory", "GiB", 4.0, 2.0, "lower", lambda: _measured(scenario(), "memory")),
    )


FIGURES: tuple[Figure, ...] = (*_figures("gyeongju", lambda: "gyeongju"), *_figures("myeongdong", _city_file))
