"""Error correction and authentication of key links. Oracles: the leaves' formulas, the parties' pads, proportions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.engine.scenarios import CITY, world_of

from silla.base.errors import ScenarioError
from silla.engine.keys import key_day, key_links_of
from silla.engine.quantum import key_line, key_rates, link_budgets
from silla.engine.quantum_protocols import key_point
from silla.physics.quantum.distillation.efficiency import measured_efficiency
from silla.physics.quantum.distillation.yields import AUTHENTICATION_BIT
from silla.scenario.loader import load_text

STEP_S = 3600.0


def rates(*overrides):
    world = world_of(CITY, *overrides, "events=[]")
    budget = link_budgets(world, world.key_links)
    return world, budget, key_rates(world, budget, np.zeros(len(world.key_links.id)))


@pytest.mark.parametrize("protocol", ["decoy-bb84", "six-state", "bbm92", "mdi", "tf", "sns"])
@pytest.mark.parametrize("way", ["cascade", "ldpc"])
def test_f_is_the_measured_one_at_the_error_rate_that_the_link_sees(protocol, way):
    world, _, found = rates(f"quantum.keys[0].protocol={protocol}", f"quantum.keys[0].error_correction={way}")
    expected = measured_efficiency(way, float(found.qber[0]), float(world.key_links.block_bits[0]))
    assert found.efficiency[0] == pytest.approx(min(expected.f, 5.0), abs=3e-3)  # the formulas take 5 at most
    assert found.corrected_bit_per_s[0] == pytest.approx(4 * expected.bit_per_s)
    if found.efficiency[0] > 3.0:
        return  # sns without errors to speak of, whose f says nothing
    # an assumed efficiency of the same size gives the same secret bits
    f = f"quantum.keys[0].error_correction_efficiency={found.efficiency[0]:.6f}"
    same = rates(f"quantum.keys[0].protocol={protocol}", "quantum.keys[0].error_correction=assumed", f)[2]
    share = min(1.0, float(found.corrected_bit_per_s[0] / found.sifted_bit_per_s[0]))
    assert found.secret_bit_per_s[0] == pytest.approx(share * float(same.secret_bit_per_s[0]), rel=2e-3)


def test_less_told_is_more_key():
    order = [
        rates(f"quantum.keys[1].error_correction={way}", "quantum.keys[1].reconciliation_cores=100")[2].bit_per_s[1]
        for way in ("assumed", "ldpc", "cascade")
    ]
    assert 0 < order[0] < order[1] < order[2]


def test_few_cores_limit_a_fast_link_and_the_budget_says_so():
    fast = ("quantum.keys[0].pulse_rate_mhz=10000", "quantum.keys[0].reconciliation_cores=%d")
    one, two, many = (rates(fast[0], fast[1] % n)[2] for n in (1, 2, 1000))
    assert two.corrected_bit_per_s[0] == pytest.approx(2 * one.corrected_bit_per_s[0])
    assert one.corrected_bit_per_s[0] < one.sifted_bit_per_s[0] == many.sifted_bit_per_s[0]
    assert one.limited_by[0] == "Cascade on 1 core"
    assert "core" not in many.limited_by[0]
    kept = one.corrected_bit_per_s[0] / one.sifted_bit_per_s[0]
    assert one.secret_bit_per_s[0] == pytest.approx(kept * many.secret_bit_per_s[0])
    assert one.authentication_bit_per_s[0] == pytest.approx(kept * many.authentication_bit_per_s[0])
    assert np.isinf(rates("quantum.keys[0].error_correction=assumed")[2].corrected_bit_per_s[0])


@pytest.mark.parametrize("protocol", ["decoy-bb84", "six-state", "cv-qkd"])
def test_every_block_pays_for_its_tags(protocol):
    # long enough for a key of cv-qkd, whose blocks are of symbols
    block = 1e8 if protocol == "cv-qkd" else 1e5
    world, _, found = rates(f"quantum.keys[0].protocol={protocol}", f"quantum.keys[0].block_bits={block:g}")
    blocks = found.sifted_bit_per_s[0] / block
    share = min(1.0, found.corrected_bit_per_s[0] / found.sifted_bit_per_s[0])
    assert found.authentication_bit_per_s[0] == pytest.approx(AUTHENTICATION_BIT * blocks * share)
    assert found.bit_per_s[0] == pytest.approx(found.secret_bit_per_s[0] - found.authentication_bit_per_s[0])
    row = next(r for r in key_links_of(world, "v") if r[1] == world.key_links.id[0])
    assert row[10] == found.bit_per_s[0] and row[17:19] == (
        found.secret_bit_per_s[0],
        found.authentication_bit_per_s[0],
    )


def test_a_block_that_only_pays_its_tags_is_no_key():
    """At the greatest distance with a key of short blocks the secret of a block is a few pads."""
    for km in range(80, 160, 13):
        world, budget, found = rates(f"fibres[0].length_km={km}", "quantum.keys[0].block_bits=1e4")
        point = key_point(key_line(world.key_links, budget, 0, 0.0))
        of_block = point.bit / point.sifted * 1e4 if point.sifted else 0.0
        assert (found.bit_per_s[0] > 0) == (of_block > AUTHENTICATION_BIT)
        assert found.authentication_bit_per_s[0] == 0 or found.bit_per_s[0] > 0


def test_a_link_without_a_key_says_why():
    """By what would give it one: a longer block, aligned optics, less loss."""
    short = ("fibres[0].length_km=180", "quantum.keys[0].misalignment=0.05", "quantum.keys[0].block_bits=%g")
    for overrides, why in (
        ((*short[:2], short[2] % 1e4), "block is too short"), (("quantum.keys[0].misalignment=0.3",), "misalignment"),
    ):  # fmt: skip
        found = rates(*overrides)[2]
        assert found.bit_per_s[0] == 0 and why in found.limited_by[0]
    assert rates(*short[:2], short[2] % 1e8)[2].bit_per_s[0] > 0
    found = rates("fibres[0].length_km=400", "quantum.keys[0].block_bits=1e4", "quantum.keys[0].protocol=six-state")[2]
    assert found.bit_per_s[0] == 0 and "loss" in found.limited_by[0]


def test_the_day_is_net():
    world = world_of(CITY, "events=[]", "quantum.keys[1].block_bits=3e5")
    hub = np.zeros((1, 3, len(world.places.id)))
    k = key_day(world, hub, np.arange(3) * STEP_S, STEP_S)
    clean = key_rates(world, link_budgets(world, world.key_links), np.zeros(2))
    assert k.supply.secret == pytest.approx(np.tile(clean.secret_bit_per_s * STEP_S, (3, 1)))
    assert k.supply.authentication == pytest.approx(np.tile(clean.authentication_bit_per_s * STEP_S, (3, 1)))
    assert k.produced[0] == pytest.approx(k.supply.secret - k.supply.authentication)
    assert (k.supply.authentication > 0).all()


def test_an_efficiency_beside_a_measured_one_is_refused():
    with pytest.raises(ScenarioError, match="error_correction: assumed"):
        load_text(CITY, Path("city.yaml"), overrides=["quantum.keys[0].error_correction_efficiency=1.2"])
