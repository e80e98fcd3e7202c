"""From a name or path to the text of a scenario, refusing what is not a small readable text file."""

from __future__ import annotations

import errno
import os
import stat
from importlib import resources
from pathlib import Path

from silla.base.errors import InputError, ScenarioError
from silla.scenario.suggest import listing, nearest

__all__ = ["builtin_names", "builtin_text", "decode_text", "find_scenario", "open_regular", "read_scenario", "reason"]

MAX_SCENARIO_BYTES = 8_000_000
_SUFFIXES = (".yaml", ".yml")
_BINARY_STARTS = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"%PDF": "PDF", b"\x89PNG": "PNG", b"PAR1": "Parquet"}


def builtin_names() -> list[str]:
    """Names of the scenarios that come with silla, sorted."""
    folder = resources.files("silla.scenario") / "builtin"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def builtin_text(name: str) -> str:
    """The YAML text of a built-in scenario."""
    return (resources.files("silla.scenario") / "builtin" / f"{name}.yaml").read_text(encoding="utf-8")


def find_scenario(source: str | Path) -> Path:
    """The path of the scenario meant by `source`: a built-in's bare name first, then a file.

    ScenarioError names what is near when there is neither.
    """
    if isinstance(source, str) and source in builtin_names():
        return Path(str(resources.files("silla.scenario") / "builtin" / f"{source}.yaml"))
    text = os.fspath(source)
    if not text or "\0" in text:
        raise ScenarioError(f"{text!r} is not the name of a scenario or file")
    path = Path(text).expanduser()
    if _exists(path):
        return path
    raise ScenarioError(f"{text}: no such file or built-in scenario{_hint(text, path)}")


def read_scenario(path: Path, name: str) -> str:
    """The text of the file; ScenarioError (prefixed with `name`) when it is not a readable UTF-8 text under 8 MB."""
    return decode_text(open_regular(path, name, MAX_SCENARIO_BYTES, ScenarioError), name, ScenarioError)


def open_regular(path: Path, name: str, max_bytes: int, error: type[InputError]) -> bytes:
    """All bytes of a regular file no larger than `max_bytes`; `error` with a plain reason otherwise.

    The size is checked before anything is read, and again while reading, so that a growing file or a device cannot
    fill the memory.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise error(f"{name}: this is a folder, not a file{_yaml_inside(path)}")
        if not stat.S_ISREG(status.st_mode):
            raise error(f"{name}: this is a device, pipe or socket, not a file")
        if status.st_size > max_bytes:
            raise error(f"{name}: {_size(status.st_size)} is too large; at most {_size(max_bytes)} is read here")
        with path.open("rb") as file:
            # not read(max_bytes + 1): that many bytes would be set aside at once
            data = file.read(status.st_size + 1)
    except OSError as fault:
        raise error(f"{name}: cannot be read: {reason(fault)}") from None
    if len(data) > status.st_size:
        raise error(f"{name}: the file grows while it is read; try again when it is complete")
    return data


def decode_text(data: bytes, name: str, error: type[InputError]) -> str:
    """The bytes as UTF-8 text (a byte-order mark is dropped); `error` says what to do when they are something else."""
    for start, kind in _BINARY_STARTS.items():
        if data.startswith(start):
            raise error(f"{name}: this is a {kind} file, not text")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise error(f"{name}: the text is encoded in UTF-16; save it as UTF-8")
    if b"\0" in data:
        raise error(f"{name}: this is a binary file, not text (a zero byte at position {data.index(0)})")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise error(f"{name}:{line}: the text is not UTF-8{_encoding_hint(data)}; save it as UTF-8") from None


def _encoding_hint(data: bytes) -> str:
    try:
        data.decode("cp949")
    except UnicodeDecodeError:
        return ""
    return " (it may be CP949/EUC-KR)"


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except OSError as fault:
        # a file behind a folder without permission exists for all we know; reading it will say so
        return fault.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL)
    except ValueError:
        return False
    return True


def _hint(text: str, path: Path) -> str:
    try:
        beside = [p.name for p in path.parent.iterdir() if p.suffix in _SUFFIXES]
    except OSError:
        beside = []
    found = [*nearest(path.stem, builtin_names(), 2)]
    for name in nearest(path.name, beside, 2) or nearest(path.stem, [Path(b).stem for b in beside], 2):
        found += [str(path.parent / b) for b in beside if name in (b, Path(b).stem)]
    if found:
        return f"; did you mean {' or '.join(repr(f) for f in found)}?"
    return f"; the built-in scenarios are {listing(builtin_names())}"


def _yaml_inside(path: Path) -> str:
    try:
        inside = sorted(p.name for p in path.iterdir() if p.suffix in _SUFFIXES)
    except OSError:
        return ""
    return f"; it holds {listing(inside, 4)}" if inside else ""


def reason(fault: OSError | ValueError) -> str:
    """An operating-system error in a few plain words."""
    if not isinstance(fault, OSError):
        return str(fault)
    if fault.errno in (errno.EACCES, errno.EPERM):
        return "no permission"
    return (fault.strerror or type(fault).__name__).lower()


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes < 1e9 else f"{n_bytes / 1e9:,.1f} GB"
