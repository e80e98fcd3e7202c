"""The day put together: records of all epochs become series of power, keys, pools and traffic for one variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from silla.engine.keys import KeyDay, key_day
from silla.engine.pools import PoolDay, pool_day
from silla.engine.power import cell_power_w, quantum_power_w
from silla.engine.tasks import Record
from silla.world.types import World

__all__ = ["VariantDay", "combine_day"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VariantDay:
    """A variant's day; r replicates (drops), t epochs.

    radio [name -> [r, t, ...]] the epochs' records; power_cell [r, t, cells]; power_* [r, t] W at the meter; carbon
    [r, t] g per hour; keys, pools.
    """

    epochs_s: Floats
    step_s: float
    radio: dict[str, Floats]
    power_cell: Floats
    power_radio: Floats
    power_gpu: Floats
    power_quantum: Floats
    carbon_g_per_h: Floats
    keys: KeyDay
    pools: PoolDay

    @property
    def power_total(self) -> Floats:
        return self.power_radio + self.power_gpu + self.power_quantum


def combine_day(world: World, epochs_s: Floats, step_s: float, records: Sequence[Record]) -> VariantDay:
    """The day of one variant from the records of its epochs, in order."""
    radio = {name: np.stack([r[name] for r in records], axis=1) for name in records[0]}
    load = radio["load"]
    cells = cell_power_w(world, load)
    n_sites = len(world.sites.id)
    power_radio = cells.sum(axis=-1) + world.energy.site_overhead_w * n_sites
    pools = pool_day(world, load.mean(axis=2), epochs_s)
    power_gpu = pools.power_w.sum(axis=-1) * world.energy.pue
    power_quantum = np.full(power_radio.shape, quantum_power_w(world))
    hub_bits = np.zeros((*power_radio.shape, len(world.places.id)))
    site_bits = radio["site_carried"].sum(axis=2) * step_s
    for s in range(n_sites):
        if world.sites.hub[s] >= 0:
            hub_bits[:, :, world.sites.hub[s]] += site_bits[:, :, s]
    keys = key_day(world, hub_bits, epochs_s, step_s)
    grams = world.energy.carbon_kg_per_j[(epochs_s // 3600).astype(int) % 24] * 1e3
    total = power_radio + power_gpu + power_quantum
    return VariantDay(
        epochs_s, step_s, radio, cells, power_radio, power_gpu, power_quantum, total * grams * 3600.0, keys, pools
    )
