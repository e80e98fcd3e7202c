"""Files of ray-traced paths: what a ray tracer found, kept for link campaigns."""

from __future__ import annotations

import functools
import os
import zipfile
from pathlib import Path

import numpy as np

from silla.base.errors import ArgumentError, DataFileError, StoreError
from silla.physics.radio.link.channels_rt import PathList

__all__ = ["load_paths", "save_paths"]

_ARRAYS = {"amplitude": "complex [n_places, n_rx, n_tx, n_paths]", "delay_s": "[n_places, n_paths]"}


def save_paths(path: str | Path, paths: PathList) -> None:
    """Write a .npz file with the arrays amplitude, delay_s and doppler_hz, whole or not at all."""
    path = Path(path)
    if path.suffix != ".npz":
        raise ArgumentError(f"{path}: files of paths end in .npz")
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    amplitude = paths.amplitude * np.sqrt(paths.power)[:, None, None, None]
    try:
        with draft.open("wb") as file:
            np.savez_compressed(file, amplitude=amplitude, delay_s=paths.delay_s, doppler_hz=paths.doppler_hz)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None


def load_paths(path: str | Path) -> PathList:
    """The paths of a .npz file: amplitude, delay_s and, where the terminal moves, doppler_hz, as `PathList` takes them.

    A file of one place may leave out the first axis. DataFileError, with the file's name, for what is not such a file.
    """
    try:
        at = Path(path).stat()
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from None
    return _load(str(path), at.st_mtime_ns, at.st_size)


@functools.lru_cache(maxsize=4)  # a comparison asks for the same file for each of its receivers
def _load(path: str, _mtime_ns: int, _size: int) -> PathList:
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, zipfile.BadZipFile, EOFError, KeyError, AttributeError):
        raise DataFileError(f"{path}: not a .npz file of plain arrays; write one with numpy.savez") from None
    missing = [f"{name} ({shape})" for name, shape in _ARRAYS.items() if name not in found]
    if missing:
        has = ", ".join(sorted(found)) or "nothing"
        raise DataFileError(f"{path}: has {has}; missing: {', '.join(missing)}")
    amplitude, delay = found["amplitude"], found["delay_s"]
    doppler = found.get("doppler_hz", np.zeros_like(delay, float))
    if amplitude.ndim == 3 and delay.ndim == 1 and doppler.ndim == 1:
        amplitude, delay, doppler = amplitude[None], delay[None], doppler[None]
    try:
        return PathList(amplitude, delay, doppler)
    except (ArgumentError, TypeError, ValueError) as error:
        raise DataFileError(f"{path}: {error}") from None
