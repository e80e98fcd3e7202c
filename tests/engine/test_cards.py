"""The models that a run cites. Oracle: what the scenario contains, by hand."""

from __future__ import annotations

from tests.engine.scenarios import CITY, HEX, INDOOR, world_of

import silla.engine.run  # noqa: F401  (registers every card that a run can cite)
from silla.engine.cards import models_used
from silla.scenario.loader import load
from silla.world.compile import compile_worlds


def test_a_plain_network_cites_its_radio_models_alone():
    used = models_used(world_of(HEX))
    assert {"radio.path_loss.uma", "radio.los.probability", "radio.penetration.building"} <= set(used)
    assert not [m for m in used if m.startswith(("quantum", "optical", "compute.gpu", "radio.atmosphere"))]
    assert "radio.path_loss.umi" not in used


def test_a_hall_at_30_ghz_cites_gases_and_no_rain():
    used = models_used(world_of(INDOOR))
    assert "radio.atmosphere.gas" in used and "radio.atmosphere.rain" not in used
    assert "radio.path_loss.inh-open" in used
    assert "radio.atmosphere.rain" in models_used(world_of(INDOOR, "environment.weather.rain_mm_per_h=5"))


def test_buildings_replace_the_probability():
    assert "radio.los.probability" not in models_used(world_of(CITY))
    assert "radio.los.probability" in models_used(world_of(CITY, "environment.los=probability"))


def test_quantum_links_pools_and_the_d_band_are_cited_where_they_are():
    worlds = compile_worlds(load("gyeongju"))
    six, five = set(models_used(worlds["6g"])), set(models_used(worlds["5g"]))
    quantum = {
        "quantum.finite_key.two_decoy", "quantum.dl04.secrecy_capacity", "quantum.bounds.plob", "optical.fibre.loss",
        "optical.raman.noise",
    }  # fmt: skip
    assert quantum | {"radio.path_loss.subthz-umi", "compute.pool.shared_gpu"} <= six
    assert not quantum & five and "radio.path_loss.subthz-umi" not in five
    assert "quantum.finite_key.one_decoy" not in six
