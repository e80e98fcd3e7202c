"""When: the simulated day, snapshots, events, sensitivity and variants."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from silla.scenario.fields import REQUIRED, Part, choice, quantity, reference, text
from silla.scenario.quantum import Sky

__all__ = ["Clock", "Day", "Event", "Sensitivity", "Snapshot", "Variant"]

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Day(Part):
    """A simulated day in epochs, each with independent drops of users."""

    hours: float = quantity(24.0, unit="h", gt=0, le=168, description="Length.")
    step_min: float = quantity(15.0, unit="min", ge=1, le=240, description="Length of an epoch.")
    drops: int = quantity(10, unit="1", ge=2, le=100_000, description="Independent drops of users in every epoch.")
    date: str = Field(
        "2026-03-20", pattern=r"^\d{4}-\d{2}-\d{2}$", description="Its date, for satellites and the sun: YYYY-MM-DD."
    )
    utc_offset_h: float = quantity(0.0, unit="h", ge=-14, le=14, description="Its clock less UTC; 9 in Korea.")


class Snapshot(Part):
    """Drops at one moment, for distributions and the map."""

    drops: int = quantity(20, unit="1", ge=2, le=1_000_000, description="Independent drops of users.")
    at: Clock | Literal["busy"] = Field(default="busy", description="Hour of the day, or the busiest.")


class Event(Part):
    """Something that happens: exactly one of eavesdrop, cut, burst, outage, weather."""

    at: Clock = Field(..., description="Start, HH:MM.")
    for_min: float = quantity(60.0, unit="min", gt=0, le=10_080, description="Duration.")
    eavesdrop: str | None = reference(
        None, to="fibre, or quantum link through the air", description="Where somebody listens."
    )
    attack: Literal["intercept-resend", "photon-number-splitting", "blinding", "trojan-horse"] = choice(
        "intercept-resend", description="What the eavesdropper does."
    )
    fraction: float = quantity(1.0, unit="1", gt=0, le=1, description="Share of pulses attacked.")
    cut: str | None = reference(
        None,
        to="fibre, or quantum link through the air",
        description="What is cut; a path through the air, by something that stands in it.",
    )
    burst: str | None = reference(None, to="demand", description="Group of users that grows.")
    factor: float = quantity(3.0, unit="1", gt=0, le=100, description="How many times more users in a burst.")
    weather: str | None = reference(
        None, to="place", description="Station of a satellite, or end of a link through the air, whose sky changes."
    )
    becomes: Sky = choice("overcast", description="What its sky becomes.")
    outage: str | None = reference(None, to="site", description="Site that is off.")


class Sensitivity(Part):
    """One parameter tried at other values, everything else and every random number unchanged."""

    set: str = text(REQUIRED, description="Path of the parameter, as for --set.", min_length=1)
    values: tuple[float, ...] = Field(..., min_length=1, max_length=20, description="Values tried.")
    name: str = text("", description="Caption for people.")


class Variant(Part):
    """A named patch of the scenario, run beside it."""

    title: str = text("", description="Caption for people, any script.")
    patch: dict[str, Any] = Field(
        default_factory=dict,
        description="Changed parts, in the shape of the scenario; lists with ids merge by id, null removes.",
    )
