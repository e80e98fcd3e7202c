"""JSON Schema of scenarios, generated from the models: what an editor needs to complete and to warn."""

from __future__ import annotations

from typing import Any

from silla.scenario.models import Scenario
from silla.scenario.parts import SECTIONS

__all__ = ["SCHEMA_ID", "scenario_schema"]

SCHEMA_ID = "urn:silla:scenario:1"


def scenario_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario: types, ranges, defaults, descriptions, units and sources.

    ``unit``, ``source`` and ``refers_to`` are annotations beside the standard keywords. The sections of `catalogue`
    carry the schemas of their parts.
    """
    schema = Scenario.model_json_schema(ref_template="#/$defs/{model}")
    definitions = schema.setdefault("$defs", {})
    sections: dict[str, Any] = {}
    for section, model in SECTIONS.items():
        part = model.model_json_schema(ref_template="#/$defs/{model}")
        for name, definition in part.pop("$defs", {}).items():
            definitions.setdefault(name, definition)
        part.pop("required", None)  # an entry of a known id changes only what it gives
        definitions[f"Catalogue{model.__name__}"] = part
        sections[section] = {
            "type": "object",
            "additionalProperties": {"$ref": f"#/$defs/Catalogue{model.__name__}"},
        }
    own = schema["properties"]["catalogue"]
    own.pop("additionalProperties", None)
    own.update(properties=sections, additionalProperties=False)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}
