"""A stand-in for a scenario whose types are wrong, so that its ids and references are checked in the same pass.

Values that pydantic refused are dropped (where there is a default) or replaced by an allowed one. The stand-in is used
for messages alone and never leaves the loader.
"""

from __future__ import annotations

import copy
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from silla.scenario.document import MapNode, plain
from silla.scenario.introspect import bounds_of, choices_of, field_at
from silla.scenario.problems import real_path

__all__ = ["stand_in"]

Path = tuple[str | int, ...]
ROUNDS = 4


def stand_in(model: type[BaseModel], root: MapNode, error: ValidationError) -> tuple[Any | None, list[Path]]:
    """(a model that validates, or None when none can be made; the paths whose values it does not share)."""
    data = plain(root)
    touched: list[Path] = []
    for _ in range(ROUNDS):
        for entry in error.errors(include_url=False):
            path = real_path(entry, root)
            if not path or not _mend(data, path, model, root, entry["type"]):
                return None, touched
            touched.append(path)
        try:
            return model.model_validate(copy.deepcopy(data)), touched
        except ValidationError as again:
            error = again
    return None, touched


def _mend(data: Any, path: Path, model: type[BaseModel], root: MapNode, kind: str) -> bool:
    """Replace or drop the value at `path`; False when nothing sensible can stand there."""
    holder = data
    for part in path[:-1]:
        try:
            holder = holder[part]
        except (KeyError, IndexError, TypeError):
            return True  # gone with a parent that was dropped before
    key = path[-1]
    info = field_at(model, path, root)
    if kind == "extra_forbidden" or info is None or not info.is_required():
        if isinstance(holder, dict):
            holder.pop(key, None)
            return True
        return False
    bounds, choices = bounds_of(info), choices_of(info)
    if info.annotation is str or get_origin(info.annotation) is tuple:
        # a word that nobody else uses; references to and from it are not reported, for its path is among the touched
        word = f"?{'.'.join(str(p) for p in path)}"
        holder[key] = word if info.annotation is str else [f"{word}.{i}" for i in range(_least(info))]
    elif choices:
        holder[key] = choices[0]
    elif bounds.finite:
        holder[key] = int(bounds.low) + 1 if info.annotation is int else 0.5 * (bounds.low + bounds.high)
    else:
        return False
    return True


def _least(info: FieldInfo) -> int:
    return max((getattr(m, "min_length", 0) or 0 for m in info.metadata), default=0)
