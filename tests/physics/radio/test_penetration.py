"""Oracles: TR 38.901 Tables 7.4.3-1 to -3 by hand; moments of the least of two uniform draws."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.radio.penetration import (
    building_loss,
    car_loss,
    indoor_distance,
    legacy_building_loss,
    material_loss_db,
    wall_loss_db,
)


def test_materials_at_10_ghz():
    assert [float(material_loss_db(m, 10.0)) for m in ("glass", "irr-glass", "concrete", "wood")] == pytest.approx(
        [4.0, 26.0, 45.0, 6.05]
    )


def test_walls_by_hand():
    # 6 GHz: glass 3.2, coated 24.8, concrete 29 dB
    low = 5 - 10 * np.log10(0.3 * 10**-0.32 + 0.7 * 10**-2.9)
    high = 5 - 10 * np.log10(0.7 * 10**-2.48 + 0.3 * 10**-2.9)
    assert float(wall_loss_db("low", 6.0)) == pytest.approx(low, abs=1e-12)
    assert float(wall_loss_db("high", 6.0)) == pytest.approx(high, abs=1e-12)


def test_building_loss_adds_depth_and_spread():
    loss = building_loss([False, True], 6.0, 10.0, 1.0)
    assert loss == pytest.approx([float(wall_loss_db("low", 6.0)) + 9.4, float(wall_loss_db("high", 6.0)) + 11.5])


def test_depth_is_the_lesser_of_two_draws():
    u = (np.arange(400) + 0.5) / 400
    pairs = np.stack(np.meshgrid(u, u), axis=-1)
    assert indoor_distance(pairs).mean() == pytest.approx(25.0 / 3.0, rel=1e-3)  # E[min] = depth / 3
    assert indoor_distance(pairs, 10.0).max() < 10.0


def test_legacy_and_car():
    assert float(legacy_building_loss(3.5, 12.0)) == 26.0
    assert car_loss([0.0, 1.0], [False, True]) == pytest.approx([9.0, 25.0])


@pytest.mark.parametrize("call", [
    lambda: wall_loss_db("low", 120.0),
    lambda: legacy_building_loss(28.0, 5.0),
    lambda: car_loss(0.0, False, 100.0),
])  # fmt: skip
def test_outside_the_models(call):
    with pytest.raises(DomainError):
        call()


def test_unknown_names():
    with pytest.raises(ArgumentError):
        material_loss_db("paper", 6.0)
    with pytest.raises(ArgumentError):
        wall_loss_db("medium", 6.0)
