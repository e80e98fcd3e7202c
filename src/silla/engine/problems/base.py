"""What a problem of a world is: an instance, the way back to the world, and the figures that judge before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.physics.qubits.problems.instance import Decoded, Instance
from silla.world.types import World, WorldPatch, replace

__all__ = ["Built", "ProblemKind", "no_patch"]


@dataclass(frozen=True)
class Built:
    """A problem built from a world.

    instance : the QUBO, its decoder and its rivals. names : what the instance's items are (ids, in any script).
    context : what the way back needs. notes : what was left out of the problem to keep it small.
    """

    kind: ProblemKind
    world: World
    instance: Instance
    names: tuple[str, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def decode(self, bits: ArrayLike) -> Decoded:
        """The solution that bits of the QUBO stand for."""
        return self.instance.decode(bits)

    def patch(self, solution: ArrayLike) -> WorldPatch:
        """What the solution changes in the world; {} where the world has no such field."""
        return self.kind.patch(self, np.asarray(solution))

    def apply(self, solution: ArrayLike) -> World:
        """The world with the solution's patch."""
        return replace(self.world, self.patch(solution))

    def before_after(self, solution: ArrayLike, **options: Any) -> tuple[dict[str, float], dict[str, float]]:
        """(figures of the world, figures with the solution): the same users in the same places in both."""
        return self.kind.evaluate(self, None, **options), self.kind.evaluate(self, np.asarray(solution), **options)


@dataclass(frozen=True)
class ProblemKind:
    """One kind of problem.

    build : (world, **options) -> Built; options and defaults are in `options`. patch : (built, solution) -> WorldPatch.
    evaluate : (built, solution or None for the world as it is, **options) -> named figures. better : of the figures,
    which way each is better. sets : the world's field that the patch sets, "" where it is a decision of one slot.
    """

    name: str
    title: str
    build: Callable[..., Built]
    patch: Callable[[Built, np.ndarray], WorldPatch]
    evaluate: Callable[..., dict[str, float]]
    better: Mapping[str, str]
    sets: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def no_patch(built: Built, solution: np.ndarray) -> WorldPatch:
    """A decision of one slot: nothing of the world changes."""
    return {}


def checked(options: Mapping[str, Any], allowed: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Defaults with the given options; ArgumentError for an unknown one."""
    unknown = set(options) - set(allowed)
    if unknown:
        raise ArgumentError(f"problem {name!r} has no option {', '.join(sorted(unknown))}; known: {', '.join(allowed)}")
    return {**allowed, **options}
