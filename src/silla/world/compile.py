"""A validated scenario becomes a world: ids to indexes, degrees to radians, decibels to ratios, once and only here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ScenarioError
from silla.base.geo import project
from silla.base.units import NOISE_DENSITY_W_PER_HZ, dbm_to_w, from_db
from silla.physics.radio.footprints import Footprints
from silla.scenario.catalogue import Catalogue, catalogue_of
from silla.scenario.demand import profiles_of
from silla.scenario.files import read_buildings, read_sites, read_users
from silla.scenario.loader import Loaded
from silla.scenario.models import Scenario
from silla.scenario.places import Place
from silla.scenario.radio import Cell
from silla.world.air import compile_air
from silla.world.layout import Laid, lay_out
from silla.world.networks import (
    compile_direct,
    compile_fibres,
    compile_flows,
    compile_keys,
    compile_messages,
    compile_repeaters,
)
from silla.world.space import compile_downlinks, compile_satellites
from silla.world.timeline import compile_energy, compile_events, compile_pools, compile_serves
from silla.world.types import (
    Antennas,
    Area,
    Carriers,
    Cells,
    Demands,
    Environment,
    FixedUsers,
    Places,
    Sites,
    World,
)

__all__ = ["compile_world", "compile_worlds"]

Floats = NDArray[np.float64]


def compile_worlds(loaded: Loaded) -> dict[str, World]:
    """The world of every variant, in the file's order; of the scenario itself, as "base", where there are none."""
    names = loaded.variants()
    if loaded.chosen is not None or not names:
        return {loaded.chosen or "base": compile_world(loaded.scenario, loaded.folder, loaded.chosen or "base")}
    return {name: compile_world(loaded.variant(name), loaded.folder, name) for name in names}


def compile_world(scenario: Scenario, folder: Path, variant: str = "base") -> World:
    """The world of one scenario; files that it names are read from `folder`.

    Raises ScenarioError or DataFileError where files or what they bring cannot be used.
    """
    parts = catalogue_of(scenario.catalogue)
    draft = _Sites(scenario, folder)
    nodes_xy = np.array([_locate(n, scenario) for n in scenario.nodes]).reshape(-1, 2)
    places = Places(
        id=(*draft.id, *(n.id for n in scenario.nodes)),
        name=(*draft.name, *(n.name or n.id for n in scenario.nodes)),
        xy_m=np.vstack([draft.xy, nodes_xy]),
        trusted=np.array([False] * len(draft.id) + [n.trusted for n in scenario.nodes], dtype=bool),
    )
    place = {name: i for i, name in enumerate(places.id)}
    sites = draft.compiled(nodes_xy, place)
    carriers, cells, antennas = _radio(scenario, draft, parts)
    buildings = _buildings(scenario, folder, draft.laid)
    area = _area(scenario, sites.xy_m, buildings, draft.laid)
    fibres = compile_fibres(scenario, folder, place, parts)
    air = compile_air(scenario, places, place, parts)
    return World(
        name=scenario.name,
        variant=variant,
        seed=scenario.seed,
        environment=_environment(scenario, buildings),
        area=area,
        carriers=carriers,
        antennas=antennas,
        sites=sites,
        cells=cells,
        places=places,
        buildings=buildings,
        demands=_demands(scenario, places, place),
        fixed_users=_fixed_users(scenario, folder),
        pools=compile_pools(scenario, place, len(sites.id), parts),
        serves=compile_serves(scenario, parts),
        fibres=fibres,
        key_links=compile_keys(scenario, fibres, parts),
        direct_links=compile_direct(scenario, fibres, parts),
        repeaters=compile_repeaters(scenario, fibres, parts),
        satellites=compile_satellites(scenario),
        downlinks=compile_downlinks(scenario, places, place),
        air=air,
        messages=compile_messages(scenario, place),
        flows=compile_flows(scenario, place, sites),
        energy=compile_energy(scenario),
        events=compile_events(scenario, sites, places, fibres, air),
    )


def _locate(place: Place, scenario: Scenario) -> tuple[float, float]:
    if place.lat is not None and place.lon is not None:
        return _project(place.lat, place.lon, scenario)
    return float(place.x_m or 0.0), float(place.y_m or 0.0)


def _project(lat: Any, lon: Any, scenario: Scenario) -> Any:
    if scenario.origin is None:
        raise ScenarioError("lat and lon need an origin; add `origin: {lat: ..., lon: ...}` to the scenario")
    return project(lat, lon, scenario.origin.lat, scenario.origin.lon)


class _Sites:
    """Sites of the list, the file and the layout in one row each, with their cells as (template, azimuth, tilt)."""

    def __init__(self, scenario: Scenario, folder: Path):
        self.scenario = scenario
        self.id: list[str] = []
        self.name: list[str] = []
        self.height: list[float] = []
        self.propagation: list[str] = []
        self.hub: list[str | None] = []
        self.cells: list[list[tuple[Cell, float, float, float | None]]] = []
        self.laid: Laid | None = None if scenario.layout is None else lay_out(scenario.layout)
        xy: list[Sequence[float]] = []
        for site in scenario.sites:
            xy.append(_locate(site, scenario))
            cells = [(c, 0.0, 0.0, None) for c in site.cells]
            self._add(site.id, site.name, site.height_m, site.propagation, site.hub, cells)
        xy += self._from_layout()
        xy += self._from_file(folder)
        self.xy = np.array(xy, dtype=float).reshape(-1, 2)

    def _add(self, ident, name, height, propagation, hub, cells) -> None:
        self.id.append(ident)
        self.name.append(name or ident)
        self.height.append(height)
        self.propagation.append(propagation or self.scenario.environment.propagation)
        self.hub.append(hub)
        self.cells.append(cells)

    def _from_layout(self) -> list[Sequence[float]]:
        if self.laid is None:
            return []
        for ident, height, cells in zip(self.laid.id, self.laid.height_m, self.laid.cells, strict=True):
            self._add(ident, "", float(height), None, None, [(c, azimuth, 0.0, None) for c, azimuth in cells])
        return [tuple(p) for p in self.laid.xy_m]

    def _from_file(self, folder: Path) -> list[Sequence[float]]:
        entry = self.scenario.files.sites
        table = read_sites(self.scenario.files, folder)
        if entry is None or table is None:
            return []
        xy = []
        for site in table.sites():
            xy.append(_project(site.lat, site.lon, self.scenario) if site.x_m is None else (site.x_m, site.y_m))
            cells = [
                (c, row.azimuth_deg, row.downtilt_deg, row.tx_power_dbm)
                for row in site.rows
                for c in entry.cells
                if row.carrier in (None, c.carrier)
            ]
            self._add(site.id, site.name, site.height_m, None, None, cells)
        return xy

    def compiled(self, nodes_xy: Floats, place: dict[str, int]) -> Sites:
        """The struct of arrays; a site without a hub gets the nearest node."""
        hub = np.full(len(self.id), -1)
        for i, name in enumerate(self.hub):
            if name is not None:
                hub[i] = place[name]
            elif len(nodes_xy):
                hub[i] = len(self.id) + int(np.argmin(np.linalg.norm(nodes_xy - self.xy[i], axis=1)))
        return Sites(tuple(self.id), tuple(self.name), self.xy, np.array(self.height), tuple(self.propagation), hub)


def _radio(scenario: Scenario, draft: _Sites, parts: Catalogue) -> tuple[Carriers, Cells, Antennas]:
    """Carriers that are enabled, the cells on them, and the antennas that either uses."""
    enabled = {name: c for name, c in scenario.carriers.items() if c.enabled}
    carrier_index = {name: i for i, name in enumerate(enabled)}
    rows = []
    for s, cells in enumerate(draft.cells):
        for k, (cell, azimuth, tilt, power) in enumerate(cells):
            if cell.enabled and cell.carrier in carrier_index:
                ident = cell.id or f"{draft.id[s]}/{cell.carrier}/{k}"
                power = cell.tx_power_dbm if power is None else power
                rows.append((ident, s, cell, cell.azimuth_deg + azimuth, cell.downtilt_deg + tilt, power))
    if not rows:
        raise ScenarioError(f"{scenario.name}: no cell is left; every carrier or cell is disabled")
    names = sorted({r[2].antenna for r in rows} | {c.ue_antenna for c in enabled.values()})
    antenna = {name: i for i, name in enumerate(names)}
    antennas = Antennas(tuple(names), tuple(parts.part("antennas", name) for name in names))
    cells = Cells(
        id=tuple(r[0] for r in rows),
        site=np.array([r[1] for r in rows]),
        carrier=np.array([carrier_index[r[2].carrier] for r in rows]),
        azimuth_rad=np.radians(90.0 - np.array([r[3] for r in rows], dtype=float)),
        downtilt_rad=np.radians(np.array([r[4] for r in rows], dtype=float)),
        tx_power_w=dbm_to_w(np.array([r[5] for r in rows], dtype=float)),
        antenna=np.array([antenna[r[2].antenna] for r in rows]),
        sleep=tuple(r[2].sleep or enabled[r[2].carrier].sleep for r in rows),
        power_set=tuple(_power_set(r[2], enabled[r[2].carrier]) for r in rows),
        active=np.ones(len(rows), dtype=bool),
        offset=np.ones(len(rows)),
        pci=np.full(len(rows), -1, dtype=np.int64),
        tracking_area=np.full(len(rows), -1, dtype=np.int64),
    )
    return _carriers(enabled, antenna, parts), cells, antennas


def _power_set(cell: Cell, carrier: Any) -> str:
    if cell.power_set != "auto":
        return cell.power_set
    if carrier.frequency_ghz > 7.125:
        return "cat1-set3" if carrier.frequency_ghz > 24.0 else "cat1-set1"
    return "cat1-set2" if carrier.duplex == "fdd" else "cat1-set1"


def _carriers(enabled: dict[str, Any], antenna: dict[str, int], parts: Catalogue) -> Carriers:
    rows = list(enabled.values())

    def column(name: str) -> Floats:
        return np.array([getattr(c, name) for c in rows], dtype=float)

    bandwidth = column("bandwidth_mhz") * 1e6
    tdd = np.array([c.duplex == "tdd" for c in rows])
    share = column("downlink_fraction")
    return Carriers(
        id=tuple(enabled),
        frequency_hz=column("frequency_ghz") * 1e9,
        bandwidth_hz=bandwidth,
        scs_hz=column("scs_khz") * 1e3,
        downlink=np.where(tdd, share, 1.0),
        uplink=np.where(tdd, 1.0 - share, 1.0),
        layers=np.array([c.layers for c in rows]),
        modulation=tuple(c.modulation for c in rows),
        rate_model=tuple(c.rate_model for c in rows),
        implementation_loss=from_db(column("implementation_loss_db")),
        overhead=column("overhead"),
        ue_noise_w=NOISE_DENSITY_W_PER_HZ * bandwidth * from_db(column("ue_noise_figure_db")),
        bs_noise_w=NOISE_DENSITY_W_PER_HZ * bandwidth * from_db(column("bs_noise_figure_db")),
        ue_power_w=dbm_to_w(column("ue_power_dbm")),
        ue_antenna=np.array([antenna[c.ue_antenna] for c in rows]),
        # P0 is a power per resource block of 12 subcarriers (TS 38.213 clause 7.1.1)
        p0_w_per_hz=dbm_to_w(column("uplink_p0_dbm")) / (12 * column("scs_khz") * 1e3),
        alpha=column("uplink_alpha"),
        receiver_gain=from_db([float(parts.part("receivers", c.receiver).get("gain_db", 0.0)) for c in rows]),
        duplex=tuple(c.duplex for c in rows),
    )


def _environment(scenario: Scenario, buildings: Footprints) -> Environment:
    e = scenario.environment
    los = e.los
    if los == "auto":
        los = "buildings" if len(buildings.height_m) else "probability"
    if los == "buildings" and not len(buildings.height_m):
        raise ScenarioError("environment.los is 'buildings', but the scenario has none; add `files.buildings`")
    return Environment(
        parameters=e.parameters,
        los=los,
        shadowing=e.shadowing,
        low_loss_fraction=e.low_loss_fraction,
        rain_mm_per_h=e.weather.rain_mm_per_h,
        temperature_k=e.weather.temperature_c + 273.15,
        pressure_hpa=e.weather.pressure_hpa,
        water_vapour_g_per_m3=e.weather.water_vapour_g_per_m3,
    )


def _buildings(scenario: Scenario, folder: Path, laid: Laid | None) -> Footprints:
    table = read_buildings(scenario.files, folder)
    if table is not None:
        xy = np.column_stack(_project(table.lat, table.lon, scenario))
        return Footprints(xy, table.ring_offsets, table.ring_building, table.height_m)
    rings = () if laid is None else laid.footprints
    return Footprints.from_rings([[ring] for ring, _ in rings], [height for _, height in rings])


def _area(scenario: Scenario, sites_xy: Floats, buildings: Footprints, laid: Laid | None) -> Area:
    if laid is not None and not scenario.sites and scenario.files.sites is None:
        return laid.area
    points = [sites_xy] + ([buildings.vertices_m] if len(buildings.height_m) else [])
    low, high = np.min(np.vstack(points), axis=0), np.max(np.vstack(points), axis=0)
    # Users without a place stay within the buildings' frame; without buildings half a site's reach is added.
    margin = 0.0 if len(buildings.height_m) else scenario.map.margin_m
    (x0, y0), (x1, y1) = low - margin, high + margin
    return Area("rectangle", float(x0), float(x1), float(y0), float(y1), 0.0, np.zeros((1, 2)))


def _demands(scenario: Scenario, places: Places, place: dict[str, int]) -> Demands:
    groups = scenario.demand
    profiles = profiles_of(scenario.profiles)
    centre = np.full((len(groups), 2), np.nan)
    for i, g in enumerate(groups):
        if g.around is not None:
            centre[i] = places.xy_m[place[g.around]]
        elif g.lat is not None or g.x_m is not None:
            centre[i] = _locate(g, scenario)

    def column(name: str) -> Floats:
        return np.array([getattr(g, name) for g in groups], dtype=float)

    return Demands(
        id=tuple(g.id for g in groups),
        name=tuple(g.name or g.id for g in groups),
        users=column("users"),
        centre_m=centre,
        radius_m=np.array([g.radius_m or np.nan for g in groups], dtype=float),
        min_distance_m=column("min_distance_m"),
        indoor=column("indoor_fraction"),
        car=column("car_fraction"),
        height_m=column("height_m"),
        floors_max=np.array([g.floors_max for g in groups], dtype=np.int64),
        speed_m_per_s=column("speed_kmh") / 3.6,
        downlink_bit_per_s=np.array([g.traffic.downlink_mbps for g in groups], dtype=float) * 1e6,
        uplink_bit_per_s=np.array([g.traffic.uplink_mbps for g in groups], dtype=float) * 1e6,
        profile=np.array([profiles[g.profile] for g in groups], dtype=float).reshape(-1, 24),
    )


def _fixed_users(scenario: Scenario, folder: Path) -> FixedUsers:
    entry, table = scenario.files.users, read_users(scenario.files, folder)
    if entry is None or table is None:
        empty = np.zeros(0)
        return FixedUsers(np.zeros((0, 2)), empty, np.zeros(0, dtype=bool), empty, empty, np.ones(24))
    if table.x_m is not None:
        xy = np.column_stack([table.x_m, table.y_m])
    else:
        xy = np.column_stack(_project(table.lat, table.lon, scenario))
    profile = np.array(profiles_of(scenario.profiles)[entry.profile])

    def rate(values: Floats, default_mbps: float) -> Floats:
        return np.where(np.isnan(values), default_mbps, values) * 1e6

    return FixedUsers(
        xy_m=xy,
        height_m=table.height_m,
        indoor=table.indoor,
        downlink_bit_per_s=rate(table.downlink_mbps, entry.traffic.downlink_mbps),
        uplink_bit_per_s=rate(table.uplink_mbps, entry.traffic.uplink_mbps),
        profile=profile,
    )
