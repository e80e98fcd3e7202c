"""Large-scale links per second and core: draws, LOS, path loss, shadowing, penetration, antennas, association, SINR.

A link is one user and one cell. 19 three-sector UMa sites with wrap-around, 80 % of the users indoors, at 3.5 GHz.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from silla.base import kernels
from silla.base.rng import stream
from silla.base.units import NOISE_DENSITY_W_PER_HZ
from silla.bench.figure import Figure, Measured, best_of
from silla.bench.peer_sionna import links_per_s
from silla.physics.radio.antennas import Panel, pattern_table
from silla.physics.radio.environments import Environment
from silla.physics.radio.large_scale import coupling_gain
from silla.physics.radio.sinr import associate, downlink_sinr
from silla.scenario.radio import HexLayout
from silla.world.layout import hexagons

__all__ = ["FIGURE"]

_USERS, _GHZ, _ISD_M, _POWER_W, _NOISE_W = 20_000, 3.5, 500.0, 40.0, NOISE_DENSITY_W_PER_HZ * 100e6 * 8.0
_SECTORS_RAD = np.radians([30.0, 150.0, 270.0])


class _Network:
    """What stays the same from drop to drop."""

    def __init__(self) -> None:
        laid = hexagons(HexLayout.model_validate({"kind": "hex", "isd_m": _ISD_M, "height_m": 25.0}))
        self.sites = np.column_stack([laid.xy_m, laid.height_m])
        self.cell_site = np.repeat(np.arange(19), 3)
        self.azimuth = np.tile(_SECTORS_RAD, 19)
        self.wrap = laid.area.wrap_m
        self.pattern = pattern_table(Panel(rows=8, columns=4, electrical_tilt_deg=102.0))[None]

    def drop(self, number: int) -> np.ndarray:
        """Linear SINR [n_users] of one drop at full load."""
        rng = stream(1, "bench", "links", number)
        n, n_cells = _USERS, len(self.cell_site)
        xyz = np.column_stack([rng.uniform(-1000.0, 1000.0, (n, 2)), rng.choice(1.5 + 3.0 * np.arange(8), n)])
        inside = rng.random(n) < 0.8
        gain = coupling_gain(
            xyz, inside, np.where(inside, 25.0 * rng.random(n), 0.0), np.where(inside, 20.0, 0.0), self.sites,
            np.full(19, int(Environment.UMA)), self.cell_site, self.azimuth, np.zeros(n_cells), np.zeros(n_cells, int),
            self.pattern, rng.random((n, 19), dtype=np.float32), rng.standard_normal((n, 19), dtype=np.float32), _GHZ,
            wrap_xy_m=self.wrap,
        ).gain  # fmt: skip
        power = np.full(n_cells, _POWER_W)
        return downlink_sinr(gain, associate(gain, power), power, _NOISE_W)


def measure() -> Measured:
    """Links per second of whole drops on one core, and the peer's."""
    network, number = _Network(), iter(range(1_000))
    with threadpool_limits(1):
        seconds = best_of(lambda: network.drop(next(number)))
    peer, remark = links_per_s()
    note = f"kernels: {kernels.isa()}; {remark}"
    return Measured(_USERS * len(network.cell_site) / seconds, peer, note)


FIGURE = Figure(
    "large-scale-links", "links/s per core", 5e6, 1e7, "higher", measure,
    peer="sionna: UMa large-scale parameters and path loss (no antennas, no SINR)",
)  # fmt: skip
