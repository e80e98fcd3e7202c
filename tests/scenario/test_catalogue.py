"""Oracles: data sheets and papers quoted in the entries, anchors of the project's reference list, and consistency."""

from __future__ import annotations

import pytest

from silla.base.errors import ScenarioError
from silla.scenario.catalogue import SECTIONS, builtin_catalogue, catalogue_of
from silla.scenario.models import Scenario
from silla.scenario.schema import scenario_schema

PARTS = [(s, n) for s in SECTIONS for n in builtin_catalogue().names(s)]


@pytest.mark.parametrize(("section", "name"), PARTS)
def test_every_entry_has_a_citation_that_can_be_followed(section, name):
    citations = builtin_catalogue().citations(section, name)
    assert citations
    assert all(c.key and len(c.text) > 15 and c.url.startswith("https://") for c in citations)


def test_one_key_is_one_reference():
    urls: dict[str, set[str]] = {}
    for section, name in PARTS:
        for c in builtin_catalogue().citations(section, name):
            urls.setdefault(c.key, set()).add(c.url)
    assert {key: found for key, found in urls.items() if len(found) > 1} == {}


def test_gys_detector_adds_up_to_the_published_background():
    """Two detectors give Y0 = 1.7e-6 (Ma et al. 2005, Table I); the rate is that probability in gates of 3.5 ns."""
    part = builtin_catalogue().part("detectors", "gys-apd")
    assert 2 * part["dark_per_gate"] == pytest.approx(1.7e-6)
    assert part["dark_counts_per_s"] * 3.5e-9 == pytest.approx(part["dark_per_gate"], rel=0.01)
    assert part["efficiency"] == 0.045
    assert builtin_catalogue().part("fibres", "gys-2004")["attenuation_db_per_km"] == 0.21


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [
        ("neural-rx", 1.40, 2.95),
        ("neural-rx-large", 1.19, 2.27),
        ("lmmse-kbest", 1.08, 2.43),
        ("perfect-csi-kbest", 0.64, 1.72),
    ],
)
def test_receiver_gains_are_differences_of_published_thresholds(name, one, two):
    """Eb/N0 at 10 % BLER: LS + LMMSE needs 2.34 dB for one user and 4.19 dB for two."""
    part = builtin_catalogue().part("receivers", name)
    assert part["gain_db"] == pytest.approx(2.34 - one)
    assert part["gain_two_users_db"] == pytest.approx(4.19 - two)


@pytest.mark.parametrize("name", builtin_catalogue().names("models"))
def test_model_sizes_agree_with_their_names_and_shapes(name):
    """The number in the name is the rounded count, and the attention's own weights fit into the whole."""
    part = builtin_catalogue().part("models", name)
    size = float(name.rsplit("-", 1)[1].removesuffix("b")) * 1e9
    assert part["n_parameters"] == pytest.approx(size, rel=0.09)
    attention = part["n_layers"] * (
        2 * part["hidden"] ** 2 + 2 * part["hidden"] * part["n_kv_heads"] * part["head_dim"]
    )
    assert 0.1 < attention / part["n_parameters"] < 0.35
    assert part["hidden"] % part["head_dim"] == 0


def test_gpu_ratios_of_arithmetic_to_memory():
    """FLOP per byte: 153 (A100), 295 (H100), 206 (H200) from the data sheets' own figures."""
    parts = builtin_catalogue()
    ratio = {
        g: parts.part("gpus", g)["peak_flop_per_s"] / parts.part("gpus", g)["bandwidth_byte_per_s"]
        for g in parts.names("gpus")
    }
    assert [round(ratio[g]) for g in ("a100-80gb", "h100", "h200")] == [153, 295, 206]
    assert all(parts.part("gpus", g)["idle_w"] < 0.25 * parts.part("gpus", g)["tdp_w"] for g in ratio)


def test_defaults_of_the_models_name_parts_that_exist():
    definitions = scenario_schema()["$defs"]
    for definition in [*definitions.values(), Scenario.model_json_schema()]:
        for info in definition.get("properties", {}).values():
            section, default = info.get("refers_to"), info.get("default")
            if section in SECTIONS and isinstance(default, str):
                assert default in builtin_catalogue().names(section)


def test_own_entries_add_and_change():
    own = {"fibres": {"mine": {"attenuation_db_per_km": 0.18}, "g652d": {"attenuation_db_per_km": 0.25}}}
    parts = catalogue_of(own)
    assert parts.part("fibres", "mine")["group_index"] == 1.468  # the model's default
    assert parts.part("fibres", "g652d")["attenuation_db_per_km"] == 0.25
    assert parts.part("fibres", "g652d")["attenuation_1310_db_per_km"] == 0.33  # kept
    assert builtin_catalogue().part("fibres", "g652d")["attenuation_db_per_km"] == 0.20


def test_unknown_parts_are_refused_with_what_is_near():
    with pytest.raises(ScenarioError, match="'h20'; did you mean 'h200'"):
        builtin_catalogue().part("gpus", "h20")
