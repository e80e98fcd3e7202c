"""Reading a validated scenario by the paths that `--set` writes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from silla.scenario.models import Scenario
from silla.scenario.patch import parse_path

__all__ = ["values_at"]


def values_at(scenario: Scenario, path: str) -> list[Any]:
    """Every value that a path names, in the scenario's order; empty where it leads nowhere.

    >>> from silla.scenario.loader import load
    >>> values_at(load("hex-uma").scenario, "day.drops")
    []
    """
    found: list[Any] = [scenario]
    for part in parse_path(path):
        found = [child for value in found for child in _step(value, part)]
    return found


def _step(value: Any, name: str) -> list[Any]:
    if isinstance(value, (list, tuple)):
        if name == "*":
            return list(value)
        if name.isdigit():
            return [value[int(name)]] if int(name) < len(value) else []
        return [item for item in value if getattr(item, "id", None) == name]
    if isinstance(value, Mapping):
        return list(value.values()) if name == "*" else [value[name]] if name in value else []
    child = getattr(value, name, None)
    return [] if child is None else [child]
