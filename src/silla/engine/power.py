"""Electrical power of cells and quantum links in watts, from loads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from silla.base.provenance import Citation
from silla.base.units import w_to_dbm
from silla.physics.compute.cell_power import (
    PowerAnchor,
    mean_relative_power,
    scaling_from_configuration,
    watts_per_unit,
)
from silla.world.types import World

__all__ = ["cell_power_w", "quantum_power_w"]

Floats = NDArray[np.float64]
_DECLARED = Citation("scenario", "Declared in the scenario: energy.radio_reference_w")


def cell_power_w(world: World, load: Floats) -> Floats:
    """Mean power of each cell, W [..., n_cells]; load [..., 2, n_cells] of downlink and uplink.

    TR 38.864 relative power, scaled from its reference sets to each cell's chains, bandwidth and transmit power, times
    the declared watts of the reference cell at full load.
    """
    cells, carriers = world.cells, world.carriers
    anchor = PowerAnchor(world.energy.radio_reference_w, _DECLARED)
    out = np.zeros((*load.shape[:-2], load.shape[-1]))
    kinds = [
        (cells.sleep[i], cells.power_set[i], int(cells.carrier[i]), int(cells.antenna[i])) for i in range(len(cells.id))
    ]
    for kind in sorted(set(kinds)):
        members = np.array([i for i, k in enumerate(kinds) if k == kind])
        policy, power_set, k, a = kind
        category, reference = int(power_set[3]), int(power_set[-1])
        s_a, s_f, s_p = scaling_from_configuration(
            world.antennas.part[a]["txru"],
            carriers.bandwidth_hz[k],
            w_to_dbm(cells.tx_power_w[members]),
            reference_set=reference,
        )
        relative = mean_relative_power(
            np.clip(load[..., 0, members], 0.0, 1.0),
            np.clip(load[..., 1, members], 0.0, 1.0),
            policy=policy,
            category=category,
            reference_set=reference,
            s_a=s_a,
            s_f=s_f,
            s_p=s_p,
            dl_share=float(carriers.downlink[k]) if carriers.duplex[k] == "tdd" else 0.75,
        )
        relative = np.where(cells.active[members], relative, 1.0)  # a cell switched off is in deep sleep, the unit
        out[..., members] = relative * watts_per_unit(anchor, category=category)
    return out


def quantum_power_w(world: World) -> float:
    """Electrical power of all quantum links, W."""
    links = (world.key_links, world.direct_links, world.repeaters, world.downlinks, world.air)
    return float(sum(part.equipment_w.sum() for part in links))
