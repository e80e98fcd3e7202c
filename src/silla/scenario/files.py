"""The plain files that a scenario names: found, hashed, and read by their importers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from silla.scenario.models import Files, Scenario

__all__ = [
    "KINDS",
    "SourceFile",
    "check_present",
    "read_buildings",
    "read_fibres",
    "read_sites",
    "read_users",
    "referenced",
    "resolve",
]

KINDS = ("sites", "buildings", "users", "fibres")


@dataclass(frozen=True)
class SourceFile:
    """A file that a scenario names: what for, its path as written, its SHA-256 and size."""

    kind: str
    path: str
    sha256: str
    size_bytes: int


def resolve(folder: Path, path: str) -> Path:
    """The file meant by a path in a scenario that lies in `folder`."""
    return folder / Path(path).expanduser()


def read_sites(files: Files, folder: Path):
    """The `SitesTable` of ``files.sites``, or None when there is none."""
    return _read("sites", files, folder)


def read_users(files: Files, folder: Path):
    """The `UsersTable` of ``files.users``, or None when there is none."""
    return _read("users", files, folder)


def read_fibres(files: Files, folder: Path):
    """The `FibresTable` of ``files.fibres``, or None when there is none."""
    return _read("fibres", files, folder)


def read_buildings(files: Files, folder: Path):
    """The `Footprints` of ``files.buildings``, or None when there is none."""
    return _read("buildings", files, folder)


def check_present(entry_path: str, folder: Path) -> None:
    """DataFileError when the file cannot be read to its end; its contents are not looked at."""
    _hashed(_stamp(resolve(folder, entry_path), entry_path))


def referenced(scenarios: Iterable[Scenario], folder: Path) -> tuple[SourceFile, ...]:
    """Every file that any of the scenarios names, once each, in a fixed order."""
    found: dict[tuple[str, str], SourceFile] = {}
    for scenario in scenarios:
        for kind in KINDS:
            entry = getattr(scenario.files, kind)
            if entry is not None and (kind, entry.path) not in found:
                stamp = _stamp(resolve(folder, entry.path), entry.path)
                found[kind, entry.path] = SourceFile(kind, entry.path, _hashed(stamp), stamp.size)
    return tuple(found[key] for key in sorted(found))


@dataclass(frozen=True)
class _Stamp:
    path: Path
    name: str
    size: int
    modified_ns: int


def _stamp(path: Path, name: str) -> _Stamp:
    from silla.scenario.importers.text import check_regular

    status = check_regular(path, name)
    return _Stamp(path, name, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _hashed(stamp: _Stamp) -> str:
    from silla.scenario.importers.text import reading

    with reading(stamp.path, stamp.name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(kind: str, files: Files, folder: Path) -> Any:
    entry = getattr(files, kind)
    if entry is None:
        return None
    options = tuple(sorted((k, v) for k, v in entry if k in ("default_height_m", "repair")))
    return _imported(kind, _stamp(resolve(folder, entry.path), entry.path), options)


@lru_cache(maxsize=16)
def _imported(kind: str, stamp: _Stamp, options: tuple[tuple[str, Any], ...]) -> Any:
    from silla.scenario import importers

    return importers.READERS[kind](stamp.path, name=stamp.name, **dict(options))
