"""Oracles: the models themselves, and the committed documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from silla.scenario.docs import reference_markdown
from silla.scenario.introspect import all_field_names, bounds_of, field_at, unit_of
from silla.scenario.models import Scenario
from silla.scenario.radio import Carrier
from silla.scenario.schema import scenario_schema
from silla.scenario.suggest import unit_of_name

DOCS = Path(__file__).parents[2] / "docs" / "scenario-reference.md"


def objects(schema):
    return [(name, d) for name, d in [*schema["$defs"].items(), ("", schema)] if "properties" in d]


def test_the_schema_says_units_ranges_defaults_and_sources():
    height = scenario_schema()["$defs"]["Site"]["properties"]["height_m"]
    info = field_at(Scenario, ("sites", 0, "height_m"), None)
    assert (height["unit"], height["default"], height["maximum"]) == ("m", 25.0, bounds_of(info).high)
    assert height["exclusiveMinimum"] == 0
    assert "38.211" in scenario_schema()["$defs"]["Carrier"]["properties"]["scs_khz"]["source"]


def test_every_object_refuses_unknown_keys_and_every_value_is_described():
    for name, definition in objects(scenario_schema()):
        assert definition["additionalProperties"] is False, name
        for key, value in definition["properties"].items():
            assert value.get("description"), f"{name}.{key}"


def test_every_reference_resolves():
    schema = scenario_schema()

    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                assert node["$ref"].removeprefix("#/$defs/") in schema["$defs"]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(schema)


def test_units_in_names_agree_with_declared_units():
    """A key that ends in a unit is declared in that unit."""
    for name, definition in objects(scenario_schema()):
        for key, value in definition["properties"].items():
            declared = value.get("unit")
            if declared and unit_of_name(key) not in ("", declared):
                # `per_s` counts anything a second: bits, floating-point operations, requests
                assert unit_of_name(key) == "1/s" and declared.endswith("/s"), f"{name}.{key}: {declared}"


def test_the_parameter_reference_is_fresh():
    assert DOCS.read_text(encoding="utf-8") == reference_markdown(), (
        "run: silla schema --markdown -o docs/scenario-reference.md"
    )


def test_introspection_follows_lists_mappings_and_unions():
    assert unit_of(field_at(Scenario, ("carriers", "x", "frequency_ghz"), None)) == "GHz"
    assert unit_of(field_at(Scenario, ("layout", "isd_m"), None)) == "m"
    bounds = bounds_of(Carrier.model_fields["overhead"])
    assert (bounds.low, bounds.high, bounds.below) == (0.0, 0.9, True)
    assert bounds_of(field_at(Scenario, ("energy", "carbon_g_per_kwh"), None)).high == 2000
    assert "sites[].height_m" in all_field_names(Scenario)["height_m"]


@pytest.mark.parametrize(
    "heading", ["## The scenario", "## `carriers.<id>`", "## `sites[].cells[]`", "## `layout (kind: hex)`"]
)
def test_the_reference_covers_nested_parts(heading):
    assert heading in reference_markdown()
