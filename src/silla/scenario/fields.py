"""One declaration per parameter: unit, range, default, description and source in one place.

Messages, JSON Schema, the documentation tables, `--set` and report captions are generated from what is said here.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["REQUIRED", "Part", "choice", "listing", "mapping", "quantity", "reference", "text"]

REQUIRED: Any = ...


class Part(BaseModel):
    """Base of every scenario model: immutable, unknown keys refused, no NaN or infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False, str_strip_whitespace=True
    )


def quantity(
    default: Any,
    *,
    unit: str,
    description: str,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    source: str = "",
) -> Any:
    """A number with a unit and a range. `unit` is the unit the value is written in (also the suffix of its name)."""
    return Field(
        default,
        ge=ge,
        gt=gt,
        le=le,
        lt=lt,
        description=description,
        json_schema_extra={"unit": unit, **({"source": source} if source else {})},
    )


def text(default: Any, *, description: str, max_length: int = 500, min_length: int = 0) -> Any:
    """Free text, any script."""
    return Field(default, description=description, max_length=max_length, min_length=min_length)


def choice(default: Any, *, description: str, source: str = "") -> Any:
    """One of the literals that the annotation names."""
    return Field(default, description=description, json_schema_extra={"source": source} if source else None)


def reference(default: Any, *, to: str, description: str) -> Any:
    """The id of another entry; `to` says of which kind: site, node, fibre, carrier, demand, or a catalogue section."""
    return Field(default, description=description, json_schema_extra={"refers_to": to})


def listing(description: str, *, max_length: int = 10_000) -> Any:
    """A list that is empty by default."""
    return Field(default_factory=tuple, description=description, max_length=max_length)


def mapping(description: str) -> Any:
    """A mapping that is empty by default."""
    return Field(default_factory=dict, description=description)
