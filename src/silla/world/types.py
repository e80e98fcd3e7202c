"""The world: a scenario compiled once into frozen structs of arrays in SI units.

One dataclass per kind of entity; index i of every array is the same entity. References between kinds are integer
indexes (-1: none). Places are sites first, then nodes. No behaviour lives here beyond `replace` and `select`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from silla.physics.radio.footprints import Footprints

__all__ = [
    "AirLinks",
    "Antennas",
    "Area",
    "Carriers",
    "Cells",
    "Demands",
    "DirectLinks",
    "Downlinks",
    "EnergyModel",
    "Environment",
    "Events",
    "Fibres",
    "FixedUsers",
    "KeyLinks",
    "Messages",
    "Places",
    "Pools",
    "Repeaters",
    "Satellites",
    "Serves",
    "Sites",
    "TrafficFlows",
    "World",
    "WorldPatch",
    "replace",
    "select",
    "without_events",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Strings = tuple[str, ...]


@dataclass(frozen=True)
class Environment:
    """How waves travel: names of models and the air, in SI where a quantity."""

    parameters: str
    los: str  # "probability" or "buildings"
    shadowing: str  # "correlated" or "independent"
    low_loss_fraction: float
    rain_mm_per_h: float
    temperature_k: float
    pressure_hpa: float
    water_vapour_g_per_m3: float


@dataclass(frozen=True)
class Carriers:
    """Spectrum. `downlink` and `uplink` are shares of time."""

    id: Strings
    frequency_hz: Floats
    bandwidth_hz: Floats
    scs_hz: Floats
    downlink: Floats
    uplink: Floats
    layers: Ints
    modulation: Strings
    rate_model: Strings  # "link" or "shannon"
    implementation_loss: Floats  # linear, >= 1
    overhead: Floats
    ue_noise_w: Floats  # k T B F over the whole carrier
    bs_noise_w: Floats
    ue_power_w: Floats
    ue_antenna: Ints
    p0_w_per_hz: Floats  # uplink target power density at the cell
    alpha: Floats
    receiver_gain: Floats  # linear SNR advantage of the cells' receiver over LMMSE
    duplex: Strings


@dataclass(frozen=True)
class Antennas:
    """Antenna parts in use; `part[i]` is the catalogue entry (plain dict)."""

    id: Strings
    part: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Sites:
    """Radio sites; site i is place i."""

    id: Strings
    name: Strings
    xy_m: Floats  # [n, 2]
    height_m: Floats
    propagation: Strings
    hub: Ints  # place index of the node where the backhaul ends, -1 none


@dataclass(frozen=True)
class Cells:
    """Sectors on carriers."""

    id: Strings
    site: Ints
    carrier: Ints
    azimuth_rad: Floats  # from +x (east) towards +y (north)
    downtilt_rad: Floats
    tx_power_w: Floats
    antenna: Ints
    sleep: Strings
    power_set: Strings
    active: Bools  # False: switched off, in deep sleep; serves nobody
    offset: Floats  # linear cell individual offset: users choose their cell by power times this
    pci: Ints  # physical cell identity, -1 not planned
    tracking_area: Ints  # -1 not planned


@dataclass(frozen=True)
class Places:
    """Sites first, then the nodes of the transport network."""

    id: Strings
    name: Strings
    xy_m: Floats
    trusted: Bools


@dataclass(frozen=True)
class Area:
    """Where users without a place of their own are dropped, and the frame of the map."""

    kind: str  # "hexagons" around the sites, "rectangle"
    xmin_m: float
    xmax_m: float
    ymin_m: float
    ymax_m: float
    hexagon_m: float  # inradius of a hexagon, 0 for a rectangle
    wrap_m: Floats  # [n, 2] displacements of the repeated layout, the first is zero


@dataclass(frozen=True)
class Demands:
    """Groups of users."""

    id: Strings
    name: Strings
    users: Floats
    centre_m: Floats  # [n, 2]; NaN: over the whole area
    radius_m: Floats
    min_distance_m: Floats
    indoor: Floats
    car: Floats
    height_m: Floats
    floors_max: Ints
    speed_m_per_s: Floats
    downlink_bit_per_s: Floats
    uplink_bit_per_s: Floats
    profile: Floats  # [n, 24]


@dataclass(frozen=True)
class FixedUsers:
    """Users at given places."""

    xy_m: Floats
    height_m: Floats
    indoor: Bools
    downlink_bit_per_s: Floats
    uplink_bit_per_s: Floats
    profile: Floats  # [24]


@dataclass(frozen=True)
class Pools:
    """GPU pools."""

    id: Strings
    place: Ints
    gpu: tuple[dict[str, Any], ...]
    gpu_id: Strings
    count: Ints
    shared: Bools
    ran_gpus: Ints
    ran_sites: Bools  # [n_pools, n_sites]


@dataclass(frozen=True)
class Serves:
    """Language models served: one row per (pool, model)."""

    pool: Ints
    model: tuple[dict[str, Any], ...]
    model_id: Strings
    requests_per_s: Floats
    prompt_tokens: Floats
    output_tokens: Floats
    profile: Floats  # [n, 24]


@dataclass(frozen=True)
class Fibres:
    """Fibre cables."""

    id: Strings
    name: Strings
    ends: Ints  # [n, 2] place indexes
    length_m: Floats
    attenuation_db_per_km: Floats  # at 1550 nm; the unit of ITU-T G.652
    extra_loss_db: Floats
    classical_channels: Ints
    classical_power_w: Floats  # of one channel
    classical_wavelength_m: Floats  # middle of the comb
    classical_spacing_hz: Floats
    co_fraction: Floats  # share of channels that travel with the quantum signal
    part: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class KeyLinks:
    """Quantum key links."""

    id: Strings
    fibre: Ints
    protocol: Strings
    wavelength_m: Floats
    filter_m: Floats
    pulse_rate_hz: Floats
    detector: tuple[dict[str, Any], ...]
    receiver_transmittance: Floats
    misalignment: Floats
    gate_s: Floats
    equipment_w: Floats
    watchdog: Bools
    isolation: Floats  # linear, NaN: not counted
    decoys: Ints
    homodyne: tuple[dict[str, Any], ...]  # receiver of continuous variables
    signal_intensity: Floats  # NaN: the best
    error_correction: Strings  # cascade, ldpc or assumed
    error_correction_efficiency: Floats  # of the assumed one
    reconciliation_cores: Ints
    block_bits: Floats
    security_epsilon: Floats
    stock_bits: Floats
    initial_bits: Floats


@dataclass(frozen=True)
class DirectLinks:
    """Quantum direct communication links."""

    id: Strings
    fibre: Ints
    protocol: Strings
    wavelength_m: Floats
    filter_m: Floats
    pulse_rate_hz: Floats
    detector: tuple[dict[str, Any], ...]
    receiver_transmittance: Floats
    misalignment: Floats
    gate_s: Floats
    equipment_w: Floats
    watchdog: Bools
    dimension: Ints  # time bins of a frame, 0: the best
    decoys: Ints
    isolation: Floats  # share of light shone in that comes back, NaN where it is not counted
    block_bits: Floats  # message bits coded together, 0: ideal codes and endless statistics
    message_bit_per_s: Floats


@dataclass(frozen=True)
class Repeaters:
    """Chains of quantum repeaters; `path[i]` are the fibres of chain i in order."""

    id: Strings
    path: tuple[tuple[int, ...], ...]
    ends: Ints  # [n, 2] place indexes
    makes_keys: Bools
    attempts_per_s: Floats
    modes: Ints
    memory_efficiency: Floats
    memory_s: Floats
    pair_fidelity: Floats
    swap_success: Floats
    swap_fidelity: Floats
    purify_rounds: Ints
    wavelength_m: Floats
    filter_m: Floats
    gate_s: Floats
    detector: tuple[dict[str, Any], ...]
    error_correction_efficiency: Floats
    equipment_w: Floats  # of all stations of the chain
    stock_bits: Floats
    initial_bits: Floats


@dataclass(frozen=True)
class Satellites:
    """Satellites; their places are numbered after the last of `Places`. `begin_utc`: when the day begins, ISO 8601."""

    id: Strings
    name: Strings
    tle: tuple[Strings, ...]  # two lines, or none
    altitude_m: Floats
    node_hour: Floats
    trusted: Bools
    begin_utc: str


@dataclass(frozen=True)
class AirLinks:
    """Quantum keys through the air between two places."""

    id: Strings
    protocol: Strings
    watchdog: Bools
    isolation: Floats  # share of light shone into the transmitter that comes back, NaN where it is not counted
    homodyne: tuple[dict[str, Any], ...]
    ends: Ints  # [n, 2] place index: transmitter, receiver
    length_m: Floats
    lat_deg: Floats  # of the scenario's origin, for the Sun
    lon_deg: Floats
    light: Strings
    weather: Strings
    turbulence: Floats
    wavelength_m: Floats
    transmitter_m: Floats
    receiver_m: Floats
    divergence_rad: Floats  # NaN: that of the diameter
    jitter_rad: Floats
    optics: Floats
    field_rad: Floats
    filter_m: Floats
    gate_s: Floats
    pulse_rate_hz: Floats
    detector: tuple[dict[str, Any], ...]
    misalignment: Floats
    block_bits: Floats
    security_epsilon: Floats
    equipment_w: Floats
    stock_bits: Floats
    initial_bits: Floats


@dataclass(frozen=True)
class Downlinks:
    """Quantum keys from satellites to stations."""

    id: Strings
    satellite: Ints
    station: Ints  # place index
    lat_deg: Floats
    lon_deg: Floats
    height_m: Floats
    min_elevation_deg: Floats
    weather: Strings
    wavelength_m: Floats
    transmitter_m: Floats
    receiver_m: Floats
    divergence_rad: Floats
    jitter_rad: Floats
    optics: Floats
    field_rad: Floats
    filter_m: Floats
    gate_s: Floats
    pulse_rate_hz: Floats
    efficiency: Floats
    dark_counts_per_s: Floats
    dead_time_s: Floats
    misalignment: Floats
    security_epsilon: Floats
    equipment_w: Floats
    stock_bits: Floats
    initial_bits: Floats


@dataclass(frozen=True)
class Messages:
    """Direct quantum messages between two places."""

    id: Strings
    ends: Ints  # [n, 2] place indexes, sender first
    bit_per_s: Floats
    profile: Floats  # [n, 24]
    relay: Strings  # trusted | pqc | none
    fallback: Strings  # wait | keys | ml-kem-768 | none
    priority: Ints


@dataclass(frozen=True)
class TrafficFlows:
    """Protected backhaul: one row per (security entry, hub)."""

    id: Strings
    entry: Strings
    source: Ints  # place index of the hub
    target: Ints
    share: Floats
    one_time_pad: Bools
    rekey_bits: Floats  # traffic volume under one key
    rekey_s: Floats
    fallback: Strings
    priority: Ints


@dataclass(frozen=True)
class EnergyModel:
    """Anchors for absolute watts, and the climate's price."""

    radio_reference_w: float
    site_overhead_w: float
    pue: float
    carbon_kg_per_j: Floats  # [24]


@dataclass(frozen=True)
class Events:
    """What happens, in seconds from midnight; `target` indexes the kind's entity."""

    kind: Strings  # eavesdrop | cut | burst | outage
    start_s: Floats
    end_s: Floats
    target: Ints
    amount: Floats  # fraction attacked, or factor of users
    detail: Strings  # an eavesdropper's attack, the weather that comes, "" for the other kinds


@dataclass(frozen=True)
class World:
    """Everything a task needs to know."""

    name: str
    variant: str
    seed: int
    environment: Environment
    area: Area
    carriers: Carriers
    antennas: Antennas
    sites: Sites
    cells: Cells
    places: Places
    buildings: Footprints
    demands: Demands
    fixed_users: FixedUsers
    pools: Pools
    serves: Serves
    fibres: Fibres
    key_links: KeyLinks
    direct_links: DirectLinks
    repeaters: Repeaters
    satellites: Satellites
    downlinks: Downlinks
    air: AirLinks
    messages: Messages
    flows: TrafficFlows
    energy: EnergyModel
    events: Events


Entity = TypeVar("Entity")
WorldPatch = dict[str, dict[str, Any]]
"""What an optimiser returns: entity kind -> field -> new array, for example {"cells": {"tx_power_w": ...}}."""


def replace(world: World, patch: WorldPatch) -> World:
    """The world with some arrays replaced; unknown kinds or fields and changed shapes raise ValueError."""
    parts: dict[str, Any] = {}
    for kind, fields in patch.items():
        part = getattr(world, kind)
        for name, new in fields.items():
            old = getattr(part, name)
            if isinstance(old, np.ndarray) and np.shape(new) != old.shape:
                raise ValueError(f"{kind}.{name} has shape {old.shape}, the patch {np.shape(new)}")
        parts[kind] = dataclasses.replace(part, **fields)
    return dataclasses.replace(world, **parts)


def without_events(world: World) -> World:
    """The world on a day on which nothing happens."""
    none = Events((), np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0), ())
    return dataclasses.replace(world, events=none)


def select(entities: Entity, index: Any) -> Entity:
    """The rows `index` (integers or a mask) of a struct of arrays."""
    rows = np.arange(len(entities.id))[index]  # type: ignore[attr-defined]
    chosen = {}
    for f in dataclasses.fields(entities):  # type: ignore[arg-type]
        value = getattr(entities, f.name)
        chosen[f.name] = tuple(value[i] for i in rows) if isinstance(value, tuple) else value[rows]
    return dataclasses.replace(entities, **chosen)  # type: ignore[type-var]
