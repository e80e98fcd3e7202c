"""Plain files to arrays: sites, users and fibres from CSV, buildings from GeoJSON and OSM XML.

Coordinates come back as they were written (degrees, or local metres); `world` projects them. Nothing is dropped in
silence: each result says what was repaired, skipped or ignored, and why. Read `footprints.py` and `table.py` first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from silla.scenario.importers.buildings import read_buildings
from silla.scenario.importers.fibres_csv import FibresTable, read_fibres
from silla.scenario.importers.footprints import Footprints
from silla.scenario.importers.sites_csv import SitesTable, read_sites
from silla.scenario.importers.users_csv import UsersTable, read_users

__all__ = [
    "READERS",
    "FibresTable",
    "Footprints",
    "SitesTable",
    "UsersTable",
    "read_buildings",
    "read_fibres",
    "read_sites",
    "read_users",
]

READERS: dict[str, Callable[..., Any]] = {
    "sites": read_sites,
    "buildings": read_buildings,
    "users": read_users,
    "fibres": read_fibres,
}
