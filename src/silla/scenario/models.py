"""The whole scenario. Read this first: it is the list of everything a user can write."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from silla.scenario.demand import Demand, Hours, Traffic
from silla.scenario.fields import REQUIRED, Part, listing, mapping, quantity, text
from silla.scenario.infrastructure import Energy, Fibre, Pool, Security
from silla.scenario.links import Link
from silla.scenario.places import Node, Origin
from silla.scenario.quantum import Quantum
from silla.scenario.radio import Carrier, Cell, Environment, Layout, Site
from silla.scenario.solve import Solve
from silla.scenario.timeline import Day, Event, Sensitivity, Snapshot, Variant

__all__ = ["BuildingsFile", "Files", "MapOptions", "Scenario", "SitesFile", "UsersFile"]


class SitesFile(Part):
    """Sites from a CSV table; each row gives a position, a height, an azimuth and a downtilt."""

    path: str = text(REQUIRED, description="CSV file, relative to the scenario.", min_length=1)
    cells: tuple[Cell, ...] = listing("Cells of every row; azimuth and downtilt are added to the row's.", max_length=20)


class BuildingsFile(Part):
    """Building footprints from GeoJSON or OSM XML."""

    path: str = text(
        REQUIRED,
        description="GeoJSON (.geojson, .json) or OSM XML (.osm, .xml), relative to the scenario.",
        min_length=1,
    )
    default_height_m: float = quantity(12.0, unit="m", gt=0, le=1000, description="Height of buildings that give none.")
    repair: bool = Field(default=False, description="Mend self-crossing footprints instead of refusing them.")


class UsersFile(Part):
    """Users at known places from a CSV table."""

    path: str = text(REQUIRED, description="CSV file, relative to the scenario.", min_length=1)
    traffic: Traffic = Field(default_factory=Traffic, description="Offered traffic of users whose row gives none.")
    profile: str = Field(
        default="flat",
        description="Share of these users that is active, by the hour.",
        json_schema_extra={"refers_to": "profile"},
    )


class FibresFile(Part):
    """Fibres from a CSV table: id, end_a, end_b, length_km and optionally attenuation_db_per_km."""

    path: str = text(REQUIRED, description="CSV file, relative to the scenario.", min_length=1)


class Files(Part):
    """Plain files that add to what the scenario lists."""

    sites: SitesFile | None = Field(default=None, description="Sites from CSV.")
    buildings: BuildingsFile | None = Field(default=None, description="Buildings from GeoJSON or OSM XML.")
    users: UsersFile | None = Field(default=None, description="Users from CSV.")
    fibres: FibresFile | None = Field(default=None, description="Fibres from CSV.")


class MapOptions(Part):
    """The coverage map of the report."""

    step_m: float | None = quantity(
        None, unit="m", ge=0.5, le=5000, description="Grid step; by default about 40,000 points."
    )
    carrier: str | None = Field(
        default=None,
        description="Carrier drawn; by default the widest that is below 24 GHz.",
        json_schema_extra={"refers_to": "carrier"},
    )
    margin_m: float = quantity(400.0, unit="m", ge=0, le=50_000, description="Border around sites and buildings.")
    height_m: float = quantity(1.5, unit="m", gt=0, le=500, description="Height above ground.")


class Scenario(Part):
    """A network, its users and a day."""

    silla: Literal[1] = Field(..., description="Version of the scenario format.")
    name: str = text(REQUIRED, description="Short name, used for the results' folder.", min_length=1, max_length=80)
    title: str = text("", description="Title of the report, any script.")
    description: str = text("", description="A few sentences for the reader of the report.", max_length=4000)
    seed: int = quantity(1, unit="1", ge=0, le=2**63 - 1, description="Seed of every random stream.")
    origin: Origin | None = Field(
        default=None, description="Needed where any place is given by latitude and longitude."
    )
    environment: Environment = Field(default_factory=Environment, description="Propagation and weather.")
    carriers: dict[str, Carrier] = mapping("Spectrum, by id.")
    layout: Layout | None = Field(default=None, description="A generated layout of sites (and buildings).")
    nodes: tuple[Node, ...] = listing("Places of the transport network.")
    sites: tuple[Site, ...] = listing("Radio sites.")
    files: Files = Field(default_factory=Files, description="Sites, buildings, users and fibres from files.")
    demand: tuple[Demand, ...] = listing("Groups of users.")
    profiles: dict[str, Hours] = mapping("Own hourly profiles: 24 shares of the busiest hour, from midnight.")
    pools: tuple[Pool, ...] = listing("GPU pools.")
    fibres: tuple[Fibre, ...] = listing("Fibres.")
    quantum: Quantum = Field(default_factory=Quantum, description="Quantum links.")
    security: tuple[Security, ...] = listing("Protection of traffic.")
    energy: Energy = Field(default_factory=Energy, description="Watts and carbon.")
    snapshot: Snapshot = Field(default_factory=Snapshot, description="Drops at one moment.")
    day: Day | None = Field(default=None, description="A simulated day; without it only the snapshot runs.")
    events: tuple[Event, ...] = listing("What happens during the day.")
    map: MapOptions = Field(default_factory=MapOptions, description="Coverage map.")
    solve: tuple[Solve, ...] = listing("Network problems to be solved.", max_length=50)
    links: tuple[Link, ...] = listing("Links simulated bit by bit.", max_length=50)
    sensitivity: tuple[Sensitivity, ...] = listing("Parameters tried at other values.", max_length=50)
    variants: dict[str, Variant] = mapping(
        "Patches of this scenario run side by side; without any the scenario itself is run."
    )
    catalogue: dict[str, dict[str, Any]] = mapping("Own parts, by section and id, added to the built-in catalogue.")
