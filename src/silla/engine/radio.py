"""The radio of a world: prepared once (patterns, environments, air), then evaluated drop by drop on every carrier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.units import from_db
from silla.engine.load import CarrierLinks, Loaded, StepTable, layered_table, solve
from silla.engine.users import Users, wall_index
from silla.physics.radio import atmosphere, modulation, obstruction, shadowing
from silla.physics.radio.antennas import Panel, pattern_table
from silla.physics.radio.environments import Environment, environment, version
from silla.physics.radio.footprints import WallIndex
from silla.physics.radio.large_scale import coupling_gain
from silla.physics.radio.penetration import building_loss, car_loss
from silla.physics.radio.received import strongest, weigh_users
from silla.world.types import World

__all__ = [
    "CarrierModel",
    "Draws",
    "RadioDrop",
    "RadioModel",
    "downlink",
    "draw_links",
    "evaluate",
    "links_of_drop",
    "prepare",
]

Floats = NDArray[np.float64]
_TR38901_TOP_HZ = 100e9
_CAR_TOP_HZ = 60e9
_LOS_LAYERS = 2  # one dual-polarised path: TR 38.901 LOS links have rank two at most
_SUBCARRIERS_PER_PRB = 12


@dataclass(frozen=True)
class CarrierModel:
    """What does not change between drops on one carrier. `cells` are indexes into the world's cells."""

    index: int
    cells: NDArray[np.int64]
    site_codes: NDArray[np.int64]
    patterns_dbi: NDArray[np.float32]
    best: NDArray[np.int64]
    mean: NDArray[np.int64]
    gas_db_per_km: float
    table: StepTable
    table_few: StepTable
    uplink_table: StepTable
    uplink_table_few: StepTable
    ue_gain: float


@dataclass(frozen=True)
class RadioModel:
    """A world's radio, ready for drops."""

    world: World
    carriers: tuple[CarrierModel, ...]
    walls: WallIndex | None


@dataclass(frozen=True)
class CarrierDrop:
    """One carrier in one drop: gains [n_users, n_cells of the carrier] to the best beam and to the mean beam."""

    model: CarrierModel
    gain: NDArray[np.float32]
    gain_mean: NDArray[np.float32]
    serving: NDArray[np.int64]
    los: NDArray[np.bool_]  # to the serving site


@dataclass(frozen=True)
class RadioDrop:
    """A drop evaluated: links of each carrier and the fixed point of each direction."""

    users: Users
    carriers: tuple[CarrierDrop, ...]
    down: Loaded
    up: Loaded


def prepare(world: World) -> RadioModel:
    """The radio model of a world (patterns are computed once per antenna)."""
    carriers = tuple(_prepare_carrier(world, k) for k in range(len(world.carriers.id)))
    walls = wall_index(world) if world.environment.los == "buildings" else None
    return RadioModel(world, tuple(c for c in carriers if len(c.cells)), walls)


def panel_of(part: dict[str, Any]) -> Panel:
    """The panel that an antenna of the catalogue describes."""
    return Panel(
        rows=part["rows"],
        columns=part["columns"],
        row_spacing=part["row_spacing_wavelengths"],
        column_spacing=part["column_spacing_wavelengths"],
        element_gain_dbi=part["element_gain_dbi"],
        beamwidth_deg=(part["beamwidth_zenith_deg"], part["beamwidth_azimuth_deg"]),
        max_attenuation_db=part["max_attenuation_db"],
        electrical_tilt_deg=part["electrical_tilt_deg"],
        isotropic=part["isotropic"],
    )


def _prepare_carrier(world: World, k: int) -> CarrierModel:
    c, env = world.carriers, world.environment
    cells = np.flatnonzero(world.cells.carrier == k)
    used, which = np.unique(world.cells.antenna[cells], return_inverse=True)
    tables = []
    for a in used:
        part = world.antennas.part[a]
        modes = ("best", "mean") if part["beams"] else ("fixed", "fixed")
        tables += [pattern_table(panel_of(part), mode) for mode in modes]
    frequency = c.frequency_hz[k]
    gas = 0.0
    if frequency > 10e9:
        vapour = env.water_vapour_g_per_m3
        gas = float(atmosphere.gas_attenuation_db_per_km(frequency / 1e9, env.pressure_hpa, env.temperature_k, vapour))
        if env.rain_mm_per_h > 0:
            gas += float(atmosphere.rain_attenuation_db_per_km(frequency / 1e9, env.rain_mm_per_h))
    above = frequency > _TR38901_TOP_HZ
    codes = [Environment.SUBTHZ_UMI if above else environment(name) for name in world.sites.propagation]
    n_prb = float(c.bandwidth_hz[k] / (_SUBCARRIERS_PER_PRB * c.scs_hz[k]))
    threshold, efficiency = modulation.rate_table(
        c.modulation[k], float(c.implementation_loss[k]), n_prb=n_prb, model=c.rate_model[k]
    )
    layers = int(c.layers[k])
    # The receiver's advantage lowers the thresholds that the cells' receiver needs (uplink).
    better = threshold / c.receiver_gain[k]
    return CarrierModel(
        index=k,
        cells=cells,
        site_codes=np.array(codes, dtype=np.int64),
        patterns_dbi=np.array(tables, dtype=np.float32),
        best=2 * which,
        mean=2 * which + 1,
        gas_db_per_km=gas,
        table=layered_table(threshold, efficiency, layers),
        table_few=layered_table(threshold, efficiency, min(layers, _LOS_LAYERS)),
        uplink_table=layered_table(better, efficiency, min(layers, 4)),
        uplink_table_few=layered_table(better, efficiency, min(layers, _LOS_LAYERS)),
        ue_gain=_boresight_gain(world.antennas.part[c.ue_antenna[k]]),
    )


def _boresight_gain(part: dict[str, Any]) -> float:
    """Linear gain of a user's antenna towards its cell, whose beam it follows."""
    panel = panel_of(part)
    element = 0.0 if panel.isotropic else panel.element_gain_dbi
    return float(from_db(element)) * panel.rows * panel.columns


def evaluate(
    model: RadioModel, users: Users, rng: np.random.Generator, off_sites: NDArray[np.int64] | None = None
) -> RadioDrop:
    """All carriers of one drop: gains, serving cells, loads and rates in both directions.

    off_sites : sites that are out of order; their cells serve nobody and do not interfere.
    """
    drops = links_of_drop(model, users, draw_links(model, users, rng), off_sites)
    down = solve([downlink(model.world, d) for d in drops], users.downlink_bit_per_s)
    up = solve([_uplink(model.world, d) for d in drops], users.uplink_bit_per_s)
    return RadioDrop(users, drops, down, up)


@dataclass(frozen=True)
class Draws:
    """Random numbers of a drop's links: uniform and standard normal, float32 [n_users, n_sites]."""

    uniform: NDArray[np.float32]
    normal: NDArray[np.float32]


def draw_links(model: RadioModel, users: Users, rng: np.random.Generator) -> Draws:
    """The draws of a drop; shadow fading is correlated between users of one site where the world says so."""
    world = model.world
    shape = (len(users), len(world.sites.id))
    uniform = rng.random(shape, dtype=np.float32)
    normal = rng.standard_normal(shape, dtype=np.float32)
    if world.environment.shadowing == "correlated":
        codes = np.array([environment(name) for name in world.sites.propagation])
        normal = shadowing.correlate(normal, users.xyz_m[:, :2], codes, users.indoor)
    return Draws(uniform, normal)


def links_of_drop(
    model: RadioModel, users: Users, draws: Draws, off_sites: NDArray[np.int64] | None = None
) -> tuple[CarrierDrop, ...]:
    """Gains and serving cells of one drop; the same draws (line of sight, shadowing) on every carrier."""
    world = model.world
    site_xyz = np.column_stack([world.sites.xy_m, world.sites.height_m])
    given = None
    if model.walls is not None:
        given = obstruction.los(model.walls, site_xyz, users.xyz_m).T
    off = np.zeros(len(site_xyz), dtype=bool)
    if off_sites is not None:
        off[off_sites] = True
    return tuple(_carrier_drop(model, c, users, site_xyz, draws, given, off) for c in model.carriers)


def penetration_db(users: Users, frequency_hz: float) -> Floats:
    """Loss in dB into each user's building or car; infinite above the range of the standard's models."""
    ghz = frequency_hz / 1e9
    loss = np.zeros(len(users))
    if users.indoor.any():
        inside = users.indoor
        loss[inside] = (
            building_loss(users.high_loss[inside], ghz, users.d2d_in_m[inside], users.penetration_normal[inside])
            if frequency_hz <= _TR38901_TOP_HZ
            else np.inf
        )
    if users.car.any():
        loss[users.car] = car_loss(users.penetration_normal[users.car]) if frequency_hz <= _CAR_TOP_HZ else np.inf
    return loss


def _carrier_drop(model, c: CarrierModel, users: Users, site_xyz, draws: Draws, given, off) -> CarrierDrop:
    world = model.world
    cells = world.cells
    frequency = world.carriers.frequency_hz[c.index]
    site = cells.site[c.cells]
    coupling = coupling_gain(
        users.xyz_m, users.indoor, users.d2d_in_m, penetration_db(users, frequency), site_xyz, c.site_codes,
        site, cells.azimuth_rad[c.cells], cells.downtilt_rad[c.cells], c.best, c.patterns_dbi,
        draws.uniform, draws.normal, frequency / 1e9,
        tr_version=int(version(world.environment.parameters)), los_given=given,
        wrap_xy_m=world.area.wrap_m if len(world.area.wrap_m) > 1 else None, gas_db_per_km=c.gas_db_per_km,
        cell_pattern_2=c.mean,
    )  # fmt: skip
    gain, mean = coupling.gain, coupling.gain_2
    assert mean is not None
    silent = off[site] | ~cells.active[c.cells]
    if silent.any():
        gain, mean = gain.copy(), mean.copy()
        gain[:, silent] = 0.0
        mean[:, silent] = 0.0
    serving = strongest(gain, cells.tx_power_w[c.cells] * cells.offset[c.cells])
    los = coupling.los[np.arange(len(users)), site[serving]]
    return CarrierDrop(c, gain, mean, serving, los)


def downlink(world: World, d: CarrierDrop) -> CarrierLinks:
    """The downlink of one carrier in one drop, as `load.solve` takes it."""
    k, c = d.model.index, world.carriers
    power = world.cells.tx_power_w[d.model.cells]
    rows = np.arange(len(d.serving))
    return CarrierLinks(
        serving=d.serving,
        signal_w=d.gain[rows, d.serving].astype(float) * power[d.serving] * d.model.ue_gain,
        interference=d.gain_mean * power.astype(np.float32),
        noise_w=float(c.ue_noise_w[k]),
        bandwidth_hz=float(c.bandwidth_hz[k] * c.downlink[k] * (1 - c.overhead[k])),
        few_layers=d.los,
        table=d.model.table,
        table_few=d.model.table_few,
        n_cells=len(d.model.cells),
        width=np.ones(len(rows)),
    )


def uplink_power(world: World, d: CarrierDrop) -> tuple[Floats, Floats]:
    """(power spectral density in W/Hz, share of the carrier given) of each user: TS 38.213 clause 7.1.1.

    P = min(P_max, P0 B PL^alpha). A user whose power does not fill the carrier is given the share of it that keeps the
    target density P0 PL^alpha, one resource block at least.
    """
    k, c = d.model.index, world.carriers
    rows = np.arange(len(d.serving))
    gain = np.maximum(d.gain[rows, d.serving].astype(float) * d.model.ue_gain, 1e-30)
    target = c.p0_w_per_hz[k] * gain ** (-c.alpha[k])
    narrowest = min(1.0, _SUBCARRIERS_PER_PRB * c.scs_hz[k] / c.bandwidth_hz[k])
    share = np.clip(c.ue_power_w[k] / (target * c.bandwidth_hz[k]), narrowest, 1.0)
    return np.minimum(target, c.ue_power_w[k] / (c.bandwidth_hz[k] * share)), share


class _UplinkLinks(CarrierLinks):
    """As CarrierLinks, but users interfere: `interference` holds what each cell receives from a user on all of it."""

    def rates(self, load: Floats, granted: Floats) -> tuple[Floats, Floats]:
        """As the downlink's, with each cell's interference summed over the other cells' users as they are granted."""
        total = weigh_users(self.interference, granted)
        other = np.maximum(total - np.bincount(self.serving, granted * self.own, minlength=self.n_cells), 0.0)
        sinr = self.signal_w / (other + self.noise_w)[self.serving]
        return sinr, self.efficiency(sinr) * self.bandwidth_hz


def _uplink(world: World, d: CarrierDrop) -> CarrierLinks:
    k, c = d.model.index, world.carriers
    density, share = uplink_power(world, d)
    rows = np.arange(len(d.serving))
    bandwidth = float(c.bandwidth_hz[k])
    return _UplinkLinks(
        serving=d.serving,
        signal_w=d.gain[rows, d.serving].astype(float) * d.model.ue_gain * density * bandwidth,
        interference=d.gain_mean * (density * bandwidth).astype(np.float32)[:, None],
        noise_w=float(c.bs_noise_w[k]),
        bandwidth_hz=float(bandwidth * c.uplink[k] * (1 - c.overhead[k])),
        few_layers=d.los,
        table=d.model.uplink_table,
        table_few=d.model.uplink_table_few,
        n_cells=len(d.model.cells),
        width=share,
    )
