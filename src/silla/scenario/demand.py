"""Users, what they ask for, and when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from silla.scenario.fields import REQUIRED, Part, mapping, quantity, reference, text
from silla.scenario.places import Place

__all__ = ["Demand", "Hours", "Traffic", "profiles_of"]

Hours = Annotated[tuple[Annotated[float, Field(ge=0, le=1e6)], ...], Field(min_length=24, max_length=24)]


class Traffic(Part):
    """What one active user offers to the network."""

    downlink_mbps: float = quantity(
        5.0, unit="Mbit/s", ge=0, le=1e6, description="Offered downlink rate of an active user."
    )
    uplink_mbps: float = quantity(
        0.5, unit="Mbit/s", ge=0, le=1e6, description="Offered uplink rate of an active user."
    )


class Demand(Place):
    """A group of users spread over a disc, or over the whole layout where no place is given."""

    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    name: str = text("", description="Name for people, any script.")
    users: float = quantity(
        REQUIRED, unit="1", ge=0, le=1e6, description="Mean number of active users in the profile's busiest hour."
    )
    around: str | None = reference(None, to="place", description="Site or node in the middle, instead of a position.")
    radius_m: float | None = quantity(None, unit="m", gt=0, le=200_000, description="Radius of the disc.")
    min_distance_m: float = quantity(
        10.0,
        unit="m",
        ge=0,
        le=1000,
        description="Closest horizontal distance to a site.",
        source="3GPP TR 38.901 Table 7.2-1",
    )
    indoor_fraction: float = quantity(
        0.8,
        unit="1",
        ge=0,
        le=1,
        description="Share of users indoors (where buildings are given: the share placed inside one).",
        source="3GPP TR 38.901 Table 7.2-1",
    )
    car_fraction: float = quantity(
        0.0,
        unit="1",
        ge=0,
        le=1,
        description="Share of the outdoor users inside cars.",
        source="3GPP TR 38.901 clause 7.4.3.2",
    )
    height_m: float = quantity(
        1.5, unit="m", gt=0, le=500, description="Height of users on the ground floor or outdoors."
    )
    floors_max: int = quantity(
        8,
        unit="1",
        ge=1,
        le=200,
        description="Highest number of floors of users' buildings (3 m each).",
        source="3GPP TR 36.873 Table 6-1",
    )
    speed_kmh: float = quantity(3.0, unit="km/h", ge=0, le=1000, description="Speed of the users.")
    traffic: Traffic = Field(default_factory=Traffic, description="Offered traffic of one active user.")
    profile: str = reference("flat", to="profile", description="How the number of users follows the hours.")


# Shares of the busiest hour, 0 h to 23 h. Shapes declared here, not measured; replace them under `profiles`.
_BUILT_IN: dict[str, tuple[float, ...]] = {
    "flat": (1.0,) * 24,
    "office-day": (
        0.06,
        0.04,
        0.03,
        0.03,
        0.04,
        0.07,
        0.16,
        0.38,
        0.70,
        0.90,
        0.97,
        1.0,
        0.92,
        0.94,
        0.98,
        0.96,
        0.92,
        0.80,
        0.55,
        0.36,
        0.25,
        0.18,
        0.12,
        0.08,
    ),
    "residential": (
        0.40,
        0.25,
        0.16,
        0.12,
        0.10,
        0.13,
        0.25,
        0.42,
        0.45,
        0.42,
        0.42,
        0.45,
        0.50,
        0.48,
        0.47,
        0.50,
        0.56,
        0.66,
        0.80,
        0.92,
        1.0,
        0.98,
        0.85,
        0.62,
    ),
    "visitors": (
        0.10,
        0.06,
        0.04,
        0.03,
        0.03,
        0.05,
        0.10,
        0.20,
        0.36,
        0.55,
        0.74,
        0.88,
        0.96,
        1.0,
        0.99,
        0.97,
        0.94,
        0.90,
        0.86,
        0.78,
        0.64,
        0.46,
        0.30,
        0.18,
    ),
    "commuter": (
        0.06,
        0.04,
        0.03,
        0.04,
        0.10,
        0.30,
        0.66,
        1.0,
        0.96,
        0.60,
        0.45,
        0.45,
        0.50,
        0.48,
        0.48,
        0.55,
        0.74,
        0.96,
        0.98,
        0.72,
        0.48,
        0.36,
        0.25,
        0.14,
    ),
}


def profiles_of(own: dict[str, Hours]) -> dict[str, tuple[float, ...]]:
    """Built-in hourly profiles and the scenario's own, which win."""
    return {**_BUILT_IN, **{name: tuple(values) for name, values in own.items()}}


Profiles = Annotated[
    dict[str, Hours], mapping("Own hourly profiles: 24 numbers, shares of the busiest hour, from midnight.")
]
