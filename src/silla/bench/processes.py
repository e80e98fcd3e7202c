"""Commands run beside this process: how long they take and how much memory all their processes hold at once."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Run", "run_watched"]

_PERIOD_S = 0.1


@dataclass(frozen=True)
class Run:
    """What a command took: wall time in seconds, peak memory in bytes, exit code and the end of what it said."""

    seconds: float
    peak_bytes: int
    exit_code: int
    tail: str


def run_watched(arguments: list[str], timeout_s: float = 600.0) -> Run:
    """Run a command to its end, or kill it after `timeout_s`.

    Peak memory is the largest sum, over the command and its descendants, of their proportional set size (shared pages
    counted once), sampled ten times a second; where the system does not tell, that of the largest single process.
    """
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        child = subprocess.Popen(arguments, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        peak = 0
        while child.poll() is None:
            peak = max(peak, _tree_bytes(child.pid))
            if time.perf_counter() - start > timeout_s:
                child.kill()
            time.sleep(_PERIOD_S)
        seconds = time.perf_counter() - start
        said.seek(max(0, said.seek(0, os.SEEK_END) - 2000))
        tail = said.read().decode(errors="replace").strip()
    return Run(seconds, peak or _largest_child_bytes(), child.returncode, tail)


def _tree_bytes(pid: int) -> int:
    """Memory of a process and its descendants; 0 where /proc does not tell."""
    return _own_bytes(pid) + sum(_tree_bytes(child) for child in _children(pid))


def _own_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended, or there is no /proc
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):  # this thread has just ended
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def _largest_child_bytes() -> int:
    kib_or_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return kib_or_bytes if sys.platform == "darwin" else 1024 * kib_or_bytes
