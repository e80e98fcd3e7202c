"""Publishing a set of result files: all of them change together, or the old set stays as it was.

The new set is written into a hidden directory inside the target (so on the same disk). Only when every byte of it is on
the disk are the old files moved aside and the new ones moved in; moving needs no space. A fault on the way moves
everything back. A process that dies on the way leaves a journal, and the next run (or `recover`) moves everything back.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from silla.base.errors import StoreError
from silla.results.atomic import make_directory, store_error, sync_directory, write_bytes

__all__ = ["LIST_NAME", "publishing", "recover"]

LIST_NAME = ".published.json"  # the files of the set last published; what is not in the next set goes
_WORK_PREFIX = ".publishing-set-"
_JOURNAL = "journal.json"
_LOCK = ".publishing.lock"


@contextlib.contextmanager
def publishing(target: Path | str) -> Iterator[Path]:
    """Give an empty staging directory; on leaving it without an exception, make its files those of `target`.

    Files of an earlier set that the new one does not have are removed; other files in `target` (a task store, the
    user's own) are left alone. Raises StoreError when the disk refuses or another process is publishing there; the old
    set is then intact. Any exception inside the block discards the staging directory.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp())
    >>> with publishing(target) as staging:
    ...     _ = (staging / "summary.json").write_text("{}")
    >>> (target / "summary.json").read_text()
    '{}'
    """
    directory = Path(target)
    existed = directory.exists()
    make_directory(directory)
    try:
        with _locked(directory):
            _undo_leftovers(directory)
            work = directory / f"{_WORK_PREFIX}{secrets.token_hex(6)}"
            try:
                yield _staging(work)
                _commit(directory, work)
            except OSError as fault:
                raise store_error(fault, fault.filename or directory, doing="write the results") from fault
            finally:
                shutil.rmtree(work, ignore_errors=True)
    finally:
        if not existed:
            with contextlib.suppress(OSError):
                directory.rmdir()  # only when nothing was published


def _staging(work: Path) -> Path:
    staging = work / "new"
    staging.mkdir(parents=True)
    return staging


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, which the system releases when the process dies. StoreError when it is held."""
    path = directory / _LOCK
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as fault:
            raise store_error(fault, directory) from fault
        try:
            if not _take(handle):
                raise StoreError(f"{directory}: another process is writing here; wait for it or give another directory")
            if not path.exists() or not os.path.samestat(path.stat(), os.fstat(handle)):
                continue  # its last holder removed the file between our opening and our locking it
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(handle)


def _take(handle: int) -> bool:
    """Lock an open file without waiting; where the system has no such locks, one writer is assumed."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def _commit(directory: Path, work: Path) -> None:
    """Move the staged files in. Everything that can need disk space happens before the first move."""
    staging, kept = work / "new", work / "old"
    new = _files(staging)
    write_bytes(staging / LIST_NAME, json.dumps(new).encode())
    new.append(LIST_NAME)
    stale = sorted(set(_published(directory)) - set(new))
    try:
        for name in new:
            _flush(staging / name)
        for name in [*new, *stale]:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
        for name in new:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
        write_bytes(work / _JOURNAL, json.dumps({"new": new, "stale": stale}).encode())
    except OSError as fault:
        raise store_error(fault, directory) from fault
    try:
        for name in [*new, *stale]:
            if (directory / name).exists():
                (directory / name).replace(kept / name)
        for name in new:
            (staging / name).replace(directory / name)
    except BaseException as fault:
        _roll_back(directory, work)
        if isinstance(fault, OSError):
            raise store_error(fault, directory, doing="move the results into place") from fault
        raise
    sync_directory(directory)
    (work / _JOURNAL).unlink()  # from here on the new set is the published one


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _published(directory: Path) -> list[str]:
    """Names of the set last published; only plain names below the directory are believed."""
    try:
        names = json.loads((directory / LIST_NAME).read_text())
    except (OSError, ValueError):
        return []
    if not isinstance(names, list):
        return []
    return [n for n in names if isinstance(n, str) and not Path(n).is_absolute() and ".." not in Path(n).parts]


def _roll_back(directory: Path, work: Path) -> None:
    """Undo an unfinished move: new files out, old files back."""
    plan = json.loads((work / _JOURNAL).read_text())
    staging, kept = work / "new", work / "old"
    for name in plan["new"]:
        if not (staging / name).exists():  # it was moved in
            with contextlib.suppress(OSError):
                (directory / name).unlink()
    for name in [*plan["new"], *plan["stale"]]:
        if (kept / name).exists():
            (kept / name).replace(directory / name)
    (work / _JOURNAL).unlink()


def recover(target: Path | str) -> bool:
    """Bring back the old set after a process died while publishing; True when there was something to bring back.

    Raises StoreError when another living process is publishing in that directory.
    """
    directory = Path(target)
    if not any(directory.glob(f"{_WORK_PREFIX}*")):
        return False
    with _locked(directory):
        return _undo_leftovers(directory)


def _undo_leftovers(directory: Path) -> bool:
    """Roll back and remove what dead processes left; the caller holds the lock."""
    recovered = False
    for work in sorted(directory.glob(f"{_WORK_PREFIX}*")):
        try:
            if (work / _JOURNAL).exists():
                _roll_back(directory, work)
                recovered = True
        except (OSError, ValueError) as fault:
            raise StoreError(f"{work}: could not bring back the results of the last run: {fault}") from fault
        shutil.rmtree(work, ignore_errors=True)
    return recovered
