"""What a run consists of: the worlds of the variants and sensitivities, and every task, in a fixed order."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError, ScenarioError
from silla.base.hashing import content_hash
from silla.base.provenance import model
from silla.engine.cards import models_used
from silla.engine.fields import Grid, grids_of, map_carrier
from silla.engine.scenario_links import link_tasks
from silla.engine.solve import Question, check_question
from silla.engine.tasks import Task, group_factors
from silla.scenario.loader import Loaded
from silla.world.compile import compile_world, compile_worlds
from silla.world.types import World, without_events

__all__ = ["Plan", "plan_run", "world_hash"]

_CHUNK_DROPS = 5  # drops of a snapshot in one task
_MAP_POINTS = 20_000  # points of a map in one task
_SENSITIVITY_DROPS = 6


@dataclass(frozen=True)
class Plan:
    """Worlds by hash, and tasks by purpose; keys are (variant, ...)."""

    loaded: Loaded
    variants: dict[str, str]  # variant -> world hash
    worlds: dict[str, World]
    epochs_s: NDArray[np.float64]
    step_s: float
    day: dict[str, list[Task]] = field(default_factory=dict)
    snapshot: dict[str, list[Task]] = field(default_factory=dict)
    maps: dict[tuple[str, int], list[Task]] = field(default_factory=dict)
    grids: dict[tuple[str, int], Grid] = field(default_factory=dict)
    map_carriers: dict[str, str] = field(default_factory=dict)
    sensitivity: dict[tuple[int, float | None], list[Task]] = field(default_factory=dict)
    solve: dict[tuple[str, str], Task] = field(default_factory=dict)  # (variant, id of the question)

    links: dict[str, list[Task]] = field(default_factory=dict)  # by the id of the link

    def tasks(self) -> list[Task]:
        """Every task once, in a fixed order."""
        groups = [self.snapshot, self.day, self.maps, self.sensitivity, self.links]
        listed = [t for g in groups for tasks in g.values() for t in tasks]
        return list({t.hash: t for t in (*listed, *self.solve.values())}.values())

    def world(self, variant: str) -> World:
        """The world of a variant."""
        return self.worlds[self.variants[variant]]


def world_hash(world: World) -> str:
    """Name of a world in tasks: its content and the versions of the radio models that its drops call."""
    versions = {card: model(card).version for card in models_used(world) if card.startswith("radio.")}
    return content_hash([world, versions])


def plan_run(loaded: Loaded) -> Plan:
    """The plan of a scenario: snapshot, map and day of every variant, and the sensitivities of the scenario itself."""
    by_variant = compile_worlds(loaded)
    hashes = {name: world_hash(world) for name, world in by_variant.items()}
    worlds = {hashes[name]: world for name, world in by_variant.items()}
    s = loaded.scenario
    step = s.day.step_min * 60.0 if s.day else 0.0
    epochs = np.arange(round(s.day.hours * 3600.0 / step), dtype=float) * step if s.day else np.zeros(0)
    plan = Plan(loaded, hashes, worlds, epochs, step)
    for name, world in by_variant.items():
        plan.snapshot[name] = _snapshot(world, hashes[name], loaded, s.snapshot.drops)
        plan.day[name] = [_epoch(world, hashes[name], t, step, s.day.drops) for t in epochs] if s.day else []
        _plan_map(plan, name, world)
    _plan_sensitivity(plan)
    _plan_solve(plan)
    plan.links.update(link_tasks(s.links, s.seed))
    return plan


def _busy_s(world: World) -> float:
    """The time of day at which the groups together have most users, without events."""
    hours = world.demands.users @ world.demands.profile + len(world.fixed_users.height_m) * world.fixed_users.profile
    return (float(np.argmax(hours)) + 0.5) * 3600.0


def _snapshot(world: World, name: str, loaded: Loaded, drops: int) -> list[Task]:
    at = loaded.scenario.snapshot.at
    if at == "busy":
        at_s = _busy_s(world)
    else:
        hours, minutes = at.split(":")
        at_s = int(hours) * 3600.0 + int(minutes) * 60.0
    # The snapshot is the network as planned: users by their profiles, no event of the day.
    factors = group_factors(without_events(world), at_s)[0]
    return [
        Task("snapshot", name, at_s, (d, min(d + _CHUNK_DROPS, drops)), factors) for d in range(0, drops, _CHUNK_DROPS)
    ]


def _epoch(world: World, name: str, start_s: float, step_s: float, drops: int) -> Task:
    """The drops of one epoch, at its middle."""
    at_s = start_s + step_s / 2
    factors, off = group_factors(world, at_s, step_s)
    return Task("epoch", name, at_s, (0, drops), factors, off)


def _plan_map(plan: Plan, name: str, world: World) -> None:
    options = plan.loaded.scenario.map
    carrier = world.carriers.id[map_carrier(world, options.carrier)]
    plan.map_carriers[name] = carrier
    for number, grid in enumerate(grids_of(world, options.step_m, options.margin_m)):
        rows = max(1, _MAP_POINTS // len(grid.x_m))
        strips = [grid.y_m[i : i + rows] for i in range(0, len(grid.y_m), rows)]
        plan.grids[name, number] = grid
        plan.maps[name, number] = [
            Task("map", plan.variants[name], 0.0, (0, 1), (), extra=(carrier, grid.x_m, y_m, options.height_m))
            for y_m in strips
        ]


def _plan_sensitivity(plan: Plan) -> None:
    """Snapshots of the scenario itself with one parameter changed; key (entry, None) is the unchanged one."""
    loaded = plan.loaded
    if not loaded.scenario.sensitivity or loaded.chosen is not None:
        return
    base = compile_world(loaded.scenario, loaded.folder)
    reference = _add(plan, base)
    for i, entry in enumerate(loaded.scenario.sensitivity):
        plan.sensitivity[i, None] = reference
        for value in entry.values:
            changed = loaded.by_sensitivity[i, value]
            plan.sensitivity[i, value] = _add(plan, compile_world(changed, loaded.folder))


def _plan_solve(plan: Plan) -> None:
    """The questions of `solve`, each on the worlds of its variants; ScenarioError for options that a problem lacks."""
    for i, entry in enumerate(plan.loaded.scenario.solve):
        if not entry.enabled:
            continue
        question = Question(
            entry.id or f"{entry.problem}-{i}", entry.title, entry.problem, tuple(sorted(entry.options.items())),
            entry.solvers, entry.cpu_s, entry.seeds, entry.trials,
        )  # fmt: skip
        try:
            check_question(question)
        except ArgumentError as error:
            raise ScenarioError(f"solve[{i}].options: {error}") from None
        names = [v for v in plan.variants if v in entry.variants] if entry.variants else [list(plan.variants)[-1]]
        for name in names:
            plan.solve[name, question.id] = Task(
                "solve", plan.variants[name], 0.0, (0, 1), (), extra=dataclasses.astuple(question)
            )


def _add(plan: Plan, world: World) -> list[Task]:
    name = world_hash(world)
    plan.worlds[name] = world
    return _snapshot(world, name, plan.loaded, _SENSITIVITY_DROPS)
