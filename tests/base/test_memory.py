"""Oracle: the process' own count of page faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROBE = """
import resource, sys
import numpy as np
from silla.base.memory import keep_freed_memory
kept = keep_freed_memory() if sys.argv[1] == "keep" else False
def work():
    for _ in range(20):
        np.zeros(6_000_000, np.uint8)[::4096] = 1
        np.ones(6_000_000, np.uint8)
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(int(kept), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(mode: str) -> tuple[int, int]:
    done = subprocess.run([sys.executable, "-c", _PROBE, mode], capture_output=True, text=True, check=True)
    kept, faults = done.stdout.split()
    return int(kept), int(faults)


@pytest.mark.skipif(sys.platform != "linux", reason="counts the page faults of glibc's allocator")
def test_freed_memory_is_used_again():
    kept, faults = _faults("keep")
    if not kept:
        pytest.skip("this C library has no mallopt")
    assert faults < 2000  # twenty times two arrays of 1465 pages otherwise
