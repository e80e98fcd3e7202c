"""How much memory there is, and what a process does with memory that was freed."""

from __future__ import annotations

import ctypes
import functools
import os
from pathlib import Path

__all__ = ["available_bytes", "keep_freed_memory"]

_MMAP_THRESHOLD, _TRIM_THRESHOLD, _TOP_PAD = -3, -1, -2  # mallopt(3)
_LARGEST = 1 << 30


def available_bytes() -> int:
    """Memory that could be had now without swapping; all of it where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@functools.cache
def keep_freed_memory() -> bool:
    """Whether this process keeps up to 1 GiB of freed memory from now on instead of handing it back to the system.

    A worker that makes and frees arrays of some megabytes over and over spends a third of its time on pages that the
    system clears for it again each time. Works with glibc alone; elsewhere nothing happens and False comes back. For
    processes of silla's own (workers, benchmarks): a library does not decide this for its host.

    >>> keep_freed_memory() in (True, False)
    True
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    # the three together: a threshold that is set by hand no longer grows by itself
    done = [mallopt(option, value) for option, value in
            ((_MMAP_THRESHOLD, _LARGEST), (_TRIM_THRESHOLD, _LARGEST), (_TOP_PAD, 1 << 24))]  # fmt: skip
    return all(done)
