"""Content hashes of plain values: the identity of tasks, worlds and results."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import numpy as np

__all__ = ["content_hash"]


def content_hash(value: Any, *, digest_size: int = 16) -> str:
    """Hexadecimal BLAKE2b of a value built from dicts, lists, scalars, strings, NumPy arrays and dataclasses.

    Equal values have equal hashes on every machine; dict order does not matter. Raises TypeError for anything whose
    content is not defined by its value (functions, open files).
    """
    digest = hashlib.blake2b(digest_size=digest_size)
    _feed(digest, value)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        digest.update(b"C" + type(value).__name__.encode())
        _feed(digest, {f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    elif isinstance(value, dict):
        digest.update(b"{%d" % len(value))
        for key in sorted(value, key=repr):
            _feed(digest, key)
            _feed(digest, value[key])
    elif isinstance(value, (list, tuple)):
        digest.update(b"[%d" % len(value))
        for item in value:
            _feed(digest, item)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "USO":
        digest.update(b"O%s" % str(value.shape).encode())
        _feed(digest, value.ravel().tolist())
    elif isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        digest.update(f"A{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    elif isinstance(value, np.generic):
        _feed(digest, value.item())
    elif isinstance(value, (set, frozenset)):
        _feed(digest, sorted(value, key=repr))
    else:
        text = json.dumps(value, ensure_ascii=False)  # TypeError for what has no value
        digest.update(f"{type(value).__name__}{len(text)}:{text}".encode())
