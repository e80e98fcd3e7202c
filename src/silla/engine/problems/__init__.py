"""Problems of a world: built into QUBO instances, decoded into patches, judged before and after.

`PROBLEMS[name].build(world, **options)` gives a `Built`; its `instance` goes to solvers, `patch` and `before_after`
take the solution. Read `base` first.
"""

from __future__ import annotations

from typing import Any

from silla.base.errors import ArgumentError
from silla.engine.problems import cells, keys, users
from silla.engine.problems.base import Built, ProblemKind
from silla.world.types import World

__all__ = ["PROBLEMS", "Built", "ProblemKind", "build"]

PROBLEMS: dict[str, ProblemKind] = {kind.name: kind for part in (users, cells, keys) for kind in part.KINDS}


def build(world: World, name: str, **options: Any) -> Built:
    """The problem of that name; ArgumentError for an unknown name or option."""
    if name not in PROBLEMS:
        raise ArgumentError(f"no problem is called {name!r}; known: {', '.join(PROBLEMS)}")
    return PROBLEMS[name].build(world, **options)
