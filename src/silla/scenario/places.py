"""Where things are: an origin on the globe, and places by latitude and longitude or by local metres."""

from __future__ import annotations

from pydantic import Field

from silla.scenario.fields import REQUIRED, Part, quantity, text

__all__ = ["Node", "Origin", "Place"]


class Origin(Part):
    """The point of the globe that local coordinates (x east, y north, metres) are measured from."""

    lat: float = quantity(REQUIRED, unit="deg", ge=-85, le=85, description="Latitude of the origin, WGS84.")
    lon: float = quantity(REQUIRED, unit="deg", ge=-180, le=180, description="Longitude of the origin, WGS84.")


class Place(Part):
    """A position: either lat and lon, or x_m and y_m."""

    lat: float | None = quantity(None, unit="deg", ge=-90, le=90, description="Latitude, WGS84 (with lon).")
    lon: float | None = quantity(None, unit="deg", ge=-180, le=180, description="Longitude, WGS84 (with lat).")
    x_m: float | None = quantity(None, unit="m", ge=-2e6, le=2e6, description="Metres east of the origin (with y_m).")
    y_m: float | None = quantity(None, unit="m", ge=-2e6, le=2e6, description="Metres north of the origin (with x_m).")


class Node(Place):
    """A place of the transport network: an exchange, a core, a trusted node for quantum keys."""

    id: str = text(REQUIRED, description="Identifier, unique among sites and nodes.", min_length=1, max_length=80)
    name: str = text("", description="Name for people, any script.")
    trusted: bool = Field(default=True, description="May relay quantum keys (trusted node).")
