"""Writing a file so that it is either all there or as it was before, and saying plainly what the disk refused."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from silla.base.errors import StoreError

__all__ = ["TEMPORARY_PREFIX", "make_directory", "store_error", "sync_directory", "write_bytes"]

TEMPORARY_PREFIX = ".writing-"

_ADVICE = {
    errno.ENOSPC: ("the disk is full", "free some space or give another output directory"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or give another output directory"),
    errno.EFBIG: ("the file would exceed the allowed size", "raise the file size limit (ulimit -f)"),
    errno.EACCES: ("permission denied", "change its permissions or give another output directory"),
    errno.EPERM: ("operation not permitted", "change its permissions or give another output directory"),
    errno.EROFS: ("the file system is read-only", "give an output directory on a writable disk"),
    errno.ENOTDIR: ("a part of the path is a file, not a directory", "give another output directory"),
    errno.EISDIR: ("there is a directory of that name", "move it away or give another output directory"),
    errno.ENAMETOOLONG: ("the name is too long", "give a shorter output directory"),
    errno.EIO: ("the disk reports an input/output error", "check the disk"),
}


def store_error(fault: OSError, path: Path | str, n_bytes: int | None = None, *, doing: str = "write") -> StoreError:
    """The StoreError that says what failed, where, how much was to be written and what to do."""
    what, todo = _ADVICE.get(fault.errno or 0, (fault.strerror or str(fault), "check the output directory"))
    size = "" if n_bytes is None else f" ({n_bytes:,} bytes)"
    return StoreError(f"{path}: could not {doing}{size}: {what}; what was there before is untouched; {todo}")


def make_directory(path: Path) -> None:
    """Make a directory and its parents; StoreError when that is not possible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as fault:
        raise StoreError(f"{path}: is a file, a directory is needed; give another output directory") from fault
    except OSError as fault:
        raise store_error(fault, path, doing="make the directory") from fault


def sync_directory(path: Path) -> None:
    """Make renames in a directory durable, where the system allows it."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step: a temporary file beside it, fsync, rename.

    Raises StoreError; then the temporary file is gone and an older file of that name is as it was.
    """
    make_directory(path.parent)
    temporary = path.parent / f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as fault:
        raise store_error(fault, path, len(data)) from fault
    finally:  # gone after the rename; still there after any fault, interrupts included
        with contextlib.suppress(OSError):
            temporary.unlink()
    sync_directory(path.parent)
