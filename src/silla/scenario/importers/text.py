"""Opening the files that a scenario names, with a plain reason when they cannot be used."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from silla.base.errors import DataFileError
from silla.scenario.source import decode_text, open_regular, reason
from silla.scenario.suggest import nearest

__all__ = ["MAX_FILE_BYTES", "check_regular", "read_bytes", "read_csv_text", "reading"]

MAX_FILE_BYTES = 500_000_000  # a large city's buildings are about 200 MB


def check_regular(path: Path, name: str) -> os.stat_result:
    """The status of a readable regular file; DataFileError (with near names when it is missing) otherwise."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DataFileError(f"{name}: no such file{_near(path)}") from None
    except (OSError, ValueError) as fault:
        raise DataFileError(f"{name}: cannot be read: {reason(fault)}") from None
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
        raise DataFileError(f"{name}: this is {kind}, not a file")
    if status.st_size > MAX_FILE_BYTES:
        size = f"{status.st_size / 1e6:,.0f} MB"
        raise DataFileError(
            f"{name}: {size} is too large; at most {MAX_FILE_BYTES / 1e6:.0f} MB. Cut out the area you need"
        )
    return status


@contextmanager
def reading(path: Path, name: str) -> Iterator[BufferedReader]:
    """The file open for reading; OSError becomes DataFileError."""
    check_regular(path, name)
    try:
        with path.open("rb") as file:
            yield file
    except OSError as fault:
        raise DataFileError(f"{name}: cannot be read: {reason(fault)}") from None


def read_bytes(path: Path, name: str) -> bytes:
    """All bytes of the file, within the size limit."""
    check_regular(path, name)
    return open_regular(path, name, MAX_FILE_BYTES, DataFileError)


def read_csv_text(path: Path, name: str) -> tuple[str, str]:
    """(text, encoding): UTF-8, or CP949 when the bytes are not UTF-8 and read as Korean."""
    data = read_bytes(path, name)
    try:
        return decode_text(data, name, DataFileError), "utf-8"
    except DataFileError:
        text = _korean(data)
        if text is None:
            raise
        return text, "cp949"


def _korean(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        text = data.decode("cp949")
    except UnicodeDecodeError:
        return None
    return text if any("가" <= c <= "힣" for c in text) else None


def _near(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir() if p.is_file()]
    except OSError as fault:
        gone = fault.errno in (errno.ENOENT, errno.ENOTDIR)
        return f"; the folder {str(path.parent)!r} does not exist" if gone else ""
    found = nearest(path.name, names, 2)
    looked = f" (looked in {str(path.parent)!r})"
    return f"; did you mean {' or '.join(repr(f) for f in found)}?{looked}" if found else looked
