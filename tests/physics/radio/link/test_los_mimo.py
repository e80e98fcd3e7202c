"""Line-of-sight MIMO. Oracles: the singular values of the DFT matrix, capacity bounds, geometry by hand."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.base.units import SPEED_OF_LIGHT_M_PER_S
from silla.physics.radio.link.los_mimo import (
    SubarrayPair,
    condition_number,
    los_capacity_bits,
    optimal_spacing_m,
    rayleigh_distance_m,
    spherical_channel,
)  # fmt: skip

F = 142e9


def pair(n: int, distance: float, spacing: float, polarisations: int = 1, **more) -> SubarrayPair:
    return SubarrayPair(1, n, (0.0, spacing), distance, polarisations, **more)


@pytest.mark.parametrize("n", [2, 3, 4, 8])
def test_optimal_spacing_makes_the_layers_orthogonal(n):
    distance = 200.0
    h = spherical_channel(pair(n, distance, optimal_spacing_m(F, distance, n)), F)
    gram = h.conj().T @ h
    assert np.allclose(gram, n * np.eye(n), atol=0.02 * n)
    assert condition_number(h) == pytest.approx(1.0, abs=0.05)
    assert los_capacity_bits(h, 100.0) == pytest.approx(n * np.log2(101.0), rel=1e-3)


def test_rectangle_is_the_product_of_its_lines():
    distance, d = 60.0, optimal_spacing_m(F, 60.0, 2)
    h = spherical_channel(SubarrayPair(2, 2, (d, d), distance, 1), F)
    assert np.allclose(np.linalg.svd(h, compute_uv=False), 2.0, atol=1e-3)


def test_far_away_the_channel_has_one_direction():
    d = optimal_spacing_m(F, 50.0, 4)
    far = spherical_channel(pair(4, 1e5, d), F)
    s = np.linalg.svd(far, compute_uv=False)
    assert s[0] == pytest.approx(4.0, rel=1e-4) and s[1] < 0.02
    assert los_capacity_bits(far, 10.0) == pytest.approx(np.log2(41.0), rel=2e-3)


def test_condition_grows_with_distance_past_the_design():
    d = optimal_spacing_m(F, 50.0, 4)
    numbers = [float(condition_number(spherical_channel(pair(4, r, d), F))) for r in (50.0, 80.0, 150.0, 400.0)]
    assert numbers == sorted(numbers) and numbers[-1] > 100


def test_two_by_two_condition_is_closed():
    # singular values of [[1, e], [e, 1]] with phase difference x: |1 + e| and |1 - e|, so cot or tan of x / 2
    d, r = 0.1, 80.0
    h = spherical_channel(pair(2, r, d), F)
    x = 2 * np.pi * F / SPEED_OF_LIGHT_M_PER_S * (np.hypot(r, d) - r)
    ratio = abs(np.cos(x / 2) / np.sin(x / 2))
    assert condition_number(h) == pytest.approx(max(ratio, 1 / ratio), rel=1e-4)


def test_polarisations_double_the_layers_and_leak():
    d = optimal_spacing_m(F, 50.0, 2)
    h = spherical_channel(SubarrayPair(2, 2, (d, d), 50.0, 2, cross_polar_db=-20.0), F)
    assert h.shape == (8, 8)
    assert np.mean(np.abs(h[4:, :4]) ** 2) == pytest.approx(0.01, rel=1e-3)
    assert np.allclose(h.conj().T @ h, 4 * np.eye(8), atol=0.01)


def test_delays_by_hand_and_the_band():
    p = SubarrayPair(1, 2, (0.0, 0.3), 40.0, 1, tilt_deg=30.0, offset_m=(0.1, 0.0))
    tx, rx = np.array([-0.15, 0.0]), np.array([0.15 * np.cos(np.pi / 6) + 0.1, 40.0 + 0.15 * 0.5])
    assert p.delays_s()[1, 0] * SPEED_OF_LIGHT_M_PER_S == pytest.approx(np.hypot(*(rx - tx)), rel=1e-12)
    band = spherical_channel(p, np.array([F - 4e9, F + 4e9]))
    turn = np.angle(band[1] / band[0])
    expected = -2 * np.pi * 8e9 * (p.delays_s() - p.delays_s().mean())
    assert np.allclose(np.exp(1j * turn), np.exp(1j * expected), atol=1e-9)


def test_rayleigh_distance_is_where_the_path_grows_by_a_sixteenth_wave():
    r = rayleigh_distance_m(0.2, F)
    assert (np.hypot(r, 0.1) - r) * F / SPEED_OF_LIGHT_M_PER_S == pytest.approx(1 / 16, rel=1e-3)


def test_refuses():
    with pytest.raises(ArgumentError, match="distance"):
        SubarrayPair(1, 2, (0.1, 0.1), 0.0)
    with pytest.raises(ArgumentError):
        optimal_spacing_m(F, -1.0, 2)
    with pytest.raises(DomainError):
        optimal_spacing_m(F, 10.0, 2, 90.0)
    with pytest.raises(ArgumentError):
        SubarrayPair(1, 2, (0.1, 0.1), 10.0, 3)
