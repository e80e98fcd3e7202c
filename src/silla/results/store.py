"""The content-addressed store of task results: one file per task hash, verified whenever it is read.

A record is a flat dict of names to NumPy arrays, numbers, booleans, strings and None. Its bytes are a function of its
content alone: magic, length of the header, header (JSON), arrays, BLAKE2b-256 of all that. A file that is cut short,
altered or under a wrong name counts as missing, so that its task is computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.results.atomic import TEMPORARY_PREFIX, make_directory, store_error, write_bytes

__all__ = ["Record", "Store", "decode_record", "encode_record"]

Record = dict[str, Any]

_MAGIC = b"silla-record-1\n"
_DIGEST_BYTES = 32
_HASH = re.compile(r"[0-9a-f]{8,128}")
_STALE_S = 3600.0  # a temporary file older than this was left by a process that died


def encode_record(task_hash: str, record: Mapping[str, Any]) -> bytes:
    """The bytes of a record; equal content gives equal bytes. Raises ArgumentError for values with no fixed bytes."""
    scalars: dict[str, Any] = {}
    arrays: dict[str, Any] = {}
    blocks: list[bytes] = []
    offset = 0
    for name in sorted(record):
        value = record[name]
        if not isinstance(value, np.ndarray):
            scalars[name] = _scalar(name, value)
            continue
        entry, block = _array(name, value)
        arrays[name] = {**entry, "offset": offset, "bytes": len(block)}
        blocks.append(block)
        offset += len(block)
    header = json.dumps(
        {"arrays": arrays, "scalars": scalars, "task": task_hash}, sort_keys=True, separators=(",", ":")
    ).encode()
    body = b"".join([_MAGIC, len(header).to_bytes(8, "little"), header, *blocks])
    return body + hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _scalar(name: str, value: Any) -> Any:
    """JSON value of a scalar; floats as exact hexadecimal strings, so that NaN, infinities and all bits survive."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    raise ArgumentError(
        f"record entry {name!r} is a {type(value).__name__}; allowed are NumPy arrays, numbers, strings, booleans, None"
    )


def _array(name: str, value: np.ndarray) -> tuple[dict[str, Any], bytes]:
    if value.dtype.kind in "UO":
        items = value.ravel().tolist()
        if not all(isinstance(item, str) for item in items):
            raise ArgumentError(f"record entry {name!r} is an array of objects; only strings and numbers can be stored")
        return {"dtype": "str", "shape": value.shape}, json.dumps(items, ensure_ascii=False).encode()
    if value.dtype.kind not in "biufcmM":
        raise ArgumentError(f"record entry {name!r} has dtype {value.dtype}; only strings and numbers can be stored")
    little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
    return {"dtype": little.dtype.str, "shape": value.shape}, little.tobytes()


def decode_record(task_hash: str, data: bytes) -> Record | None:
    """The record of these bytes, or None when they are damaged or belong to another task."""
    start = len(_MAGIC) + 8
    if len(data) < start + _DIGEST_BYTES or not data.startswith(_MAGIC):
        return None
    body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != digest:
        return None
    size = int.from_bytes(body[len(_MAGIC) : start], "little")
    header = json.loads(body[start : start + size])
    if header["task"] != task_hash:
        return None
    record: Record = {}
    for name, value in header["scalars"].items():
        record[name] = float.fromhex(value["float"]) if isinstance(value, dict) else value
    blocks = memoryview(body)[start + size :]
    for name, entry in header["arrays"].items():
        block = blocks[entry["offset"] : entry["offset"] + entry["bytes"]]
        if entry["dtype"] == "str":
            record[name] = np.array(json.loads(bytes(block)), dtype=object).reshape(entry["shape"])
        else:
            record[name] = np.frombuffer(block, dtype=entry["dtype"]).reshape(entry["shape"]).copy()
    return record


class Store:
    """Task results in a directory, addressed by task hash; safe for many processes at once.

    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> store.put("0123456789abcdef", {"n": 3})
    >>> store.get("0123456789abcdef")
    {'n': 3}
    """

    def __init__(self, directory: Path | str):
        self.directory = Path(directory)
        make_directory(self.directory)
        self._remove_stale()

    def path(self, task_hash: str) -> Path:
        """Where the record of a task lies. Raises ArgumentError for anything but a hexadecimal hash."""
        if not _HASH.fullmatch(task_hash):
            raise ArgumentError(f"{task_hash!r} is not a task hash: 8 to 128 hexadecimal digits are needed")
        return self.directory / task_hash[:2] / f"{task_hash}.rec"

    def put(self, task_hash: str, record: Mapping[str, Any]) -> None:
        """Store a record; after return it survives a crash. Raises StoreError, leaving no partial file."""
        write_bytes(self.path(task_hash), encode_record(task_hash, record))

    def get(self, task_hash: str) -> Record | None:
        """The record, or None when there is none or its file is damaged. Raises StoreError when it may not be read."""
        path = self.path(task_hash)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise store_error(fault, path, doing="read") from fault
        return decode_record(task_hash, data)

    def has(self, task_hash: str) -> bool:
        """Whether `get` would return a record (the file is read and verified)."""
        return self.get(task_hash) is not None

    def missing(self, task_hashes: Iterable[str]) -> list[str]:
        """Those tasks, in the order given, whose results are not there or damaged."""
        return [task_hash for task_hash in task_hashes if not self.has(task_hash)]

    def __iter__(self) -> Iterator[str]:
        """Hashes of the files present, sorted; damaged ones included."""
        return iter(sorted(path.stem for path in self.directory.glob("??/*.rec")))

    def _remove_stale(self) -> None:
        now = time.time()
        for path in self.directory.glob(f"??/{TEMPORARY_PREFIX}*"):
            with contextlib.suppress(OSError):  # another process may remove it first
                if now - path.stat().st_mtime > _STALE_S:
                    path.unlink()
