"""Users at known places from a CSV table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from silla.scenario.demand import Demand, Traffic
from silla.scenario.importers.sites_csv import ALIASES as PLACE_ALIASES
from silla.scenario.importers.table import position_columns, read_table, unused_columns

__all__ = ["UsersTable", "read_users"]

ALIASES = {k: v for k, v in PLACE_ALIASES.items() if v in ("lat", "lon")} | {
    "user": "id", "user_id": "id", "traffic_mbps": "downlink_mbps", "dl_mbps": "downlink_mbps",
    "ul_mbps": "uplink_mbps",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class UsersTable:
    """Rows of a table of users; NaN where the file gives nothing.

    id : (n,) text, ``u0``, ``u1``, ... when the file has no such column. lat, lon : (n,) degrees, or None. x_m, y_m :
    (n,) metres from the scenario's origin, or None (lat and lon are kept where both are given). height_m : (n,), 1.5 m
    where not given. downlink_mbps, uplink_mbps, speed_kmh : (n,). indoor : (n,) bool, outdoors where not said.
    """

    id: list[str]
    lat: np.ndarray | None
    lon: np.ndarray | None
    x_m: np.ndarray | None
    y_m: np.ndarray | None
    height_m: np.ndarray
    indoor: np.ndarray
    downlink_mbps: np.ndarray
    uplink_mbps: np.ndarray
    speed_kmh: np.ndarray
    line: list[int] = field(repr=False)
    file: str
    encoding: str = "utf-8"
    ignored_columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.id)


def read_users(path: Path, *, name: str | None = None) -> UsersTable:
    """The table of users in a CSV file.

    Columns: ``lat`` and ``lon`` or ``x_m`` and ``y_m``; optionally ``id``, ``height_m``, ``indoor`` (0 or 1),
    ``downlink_mbps``, ``uplink_mbps``, ``speed_kmh``. Ranges are those of the scenario's Demand and Traffic.
    DataFileError with file, line and column for anything else.
    """
    demand, traffic = Demand.model_fields, Traffic.model_fields
    table = read_table(
        path,
        name=name or path.name,
        required=(("lat", "x_m"),),
        optional=("id", "lon", "y_m", "height_m", "indoor", "downlink_mbps", "uplink_mbps", "speed_kmh"),
        aliases=ALIASES,
    )
    return UsersTable(
        id=table.unique_texts("id") if table.has("id") else [f"u{i}" for i in range(len(table))],
        **position_columns(table, demand),
        height_m=table.numbers("height_m", demand["height_m"], default=demand["height_m"].default),
        indoor=table.booleans("indoor"),
        downlink_mbps=table.numbers("downlink_mbps", traffic["downlink_mbps"]),
        uplink_mbps=table.numbers("uplink_mbps", traffic["uplink_mbps"]),
        speed_kmh=table.numbers("speed_kmh", demand["speed_kmh"]),
        line=table.lines,
        file=table.name,
        encoding=table.encoding,
        ignored_columns=unused_columns(table),
    )
