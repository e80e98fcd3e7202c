"""Key routing over the quantum network: which flows get how many units of key, over which trusted nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.engine.keys import key_day
from silla.engine.problems.base import Built, ProblemKind, checked
from silla.engine.problems.radio_view import drops_of
from silla.physics.qubits.problems.key_flows import KeyFlows
from silla.world.types import World, WorldPatch, replace

__all__ = ["KINDS"]

_OPTIONS: dict[str, Any] = {"period_s": 3600.0, "units": 6, "paths": 3, "hub_bit_per_s": None}


def _hub_bits(world: World, o: dict[str, Any]) -> np.ndarray:
    """Traffic [1, 1, n_places] of each hub in the period: one drop of the busy hour, or `hub_bit_per_s` for each."""
    bits = np.zeros((1, 1, len(world.places.id)))
    if o["hub_bit_per_s"] is not None:
        bits[0, 0, np.unique(world.flows.source)] = float(o["hub_bit_per_s"]) * o["period_s"]
        return bits
    for drop in drops_of(world, 1):
        for carrier, carried in zip(drop.carriers, drop.down.carried):
            site = world.cells.site[carrier.model.cells[carrier.serving]]
            hub = world.sites.hub[site]
            np.add.at(bits[0, 0], hub[hub >= 0], carried[hub >= 0] * o["period_s"])
    return bits


def build_key_flows(world: World, **options: Any) -> Built:
    """Units of key for the world's flows in one period.

    A unit is 1 / `units` of the largest demand that a flow can have met; a link's budget is what it makes in the period
    plus what it has in stock, in whole units. A unit is worth 2^priority. Only flows between trusted nodes over trusted
    nodes.

    Raises ArgumentError without key links or flows.
    """
    o = checked(options, _OPTIONS, "key-flows")
    if not len(world.key_links.id) or not len(world.flows.id):
        raise ArgumentError("key-flows: the world has no key links or no flows; add `quantum.keys` and `security`")
    bits = _hub_bits(world, o)
    day = key_day(world, bits, np.array([0.0]), float(o["period_s"]))
    ends, trusted = np.asarray(day.supply.ends), world.places.trusted
    budget_bit = day.produced[0, 0] + np.maximum(day.supply.initial_bits - day.supply.spent[0], 0.0)
    usable = trusted[ends].all(axis=1)
    demand_bit = day.key_demand[0, 0]
    asked = (demand_bit > 0) & trusted[world.flows.source] & trusted[world.flows.target]
    if not usable.any() or not asked.any():
        raise ArgumentError("key-flows: no link or no flow that asks for key has trusted nodes at both ends")
    at_place = np.bincount(ends.ravel(), np.repeat(budget_bit, 2), minlength=len(trusted))
    most = np.minimum(demand_bit, np.minimum(at_place[world.flows.source], at_place[world.flows.target]))
    unit = float(most[asked].max()) / int(o["units"])
    if unit <= 0:
        raise ArgumentError("key-flows: no link at the ends of a flow has any key in this period")
    flows = np.flatnonzero(asked)
    units = np.minimum(np.ceil(demand_bit[flows] / unit), int(o["units"])).astype(int)
    demand = np.column_stack([world.flows.source[flows], world.flows.target[flows], units])
    worth = 2.0 ** (world.flows.priority[flows] - world.flows.priority[flows].max())
    budget = np.minimum(np.floor(budget_bit[usable] / unit), units.sum()).astype(int)
    instance = KeyFlows(ends[usable], budget, demand, worth, int(o["paths"]))
    context = {"flows": flows, "unit_bit": unit, "bits": bits, "options": o}
    return Built(FLOWS, world, instance, tuple(world.flows.id[f] for f in flows), context, (
        "priorities follow the solution; the day's own routing then serves them in that order",
    ))  # fmt: skip


def _patch(built: Built, solution: np.ndarray) -> WorldPatch:
    """Priorities: flows that the solution serves whole come first, then by the share that it serves."""
    instance = built.instance
    assert isinstance(instance, KeyFlows)
    served = solution.reshape(len(instance.demand), -1).sum(axis=1) / np.maximum(instance.demand[:, 2], 1)
    priority = built.world.flows.priority.copy()
    rank = np.unique(np.round(served, 6), return_inverse=True)[1].ravel()
    span = int(rank.max(initial=0)) + 1
    priority = priority * span  # the order between priorities stays, ties are broken by the solution
    priority[built.context["flows"]] += rank
    return {"flows": {"priority": priority}}


def _evaluate(built: Built, solution: np.ndarray | None) -> dict[str, float]:
    """Key served over key asked for, worth served in units, by the engine's own routing of the period."""
    world = built.world if solution is None else replace(built.world, built.patch(solution))
    o = built.context["options"]
    day = key_day(world, built.context["bits"], np.array([0.0]), float(o["period_s"]))
    flows = built.context["flows"]
    served, asked = day.key_served[0, 0, flows], day.key_demand[0, 0, flows]
    instance = built.instance
    assert isinstance(instance, KeyFlows)
    return {
        "key_served_share": float(served.sum() / asked.sum()),
        "flows_served": float((served >= asked * (1 - 1e-9)).sum()),
        "worth_units": float((served / built.context["unit_bit"]) @ instance.worth),
    }


FLOWS = ProblemKind(
    "key-flows", "Key routing over the quantum network", build_key_flows, _patch, _evaluate,
    {"key_served_share": "higher", "flows_served": "higher", "worth_units": "higher"}, "flows.priority", _OPTIONS,
)  # fmt: skip

KINDS = (FLOWS,)
