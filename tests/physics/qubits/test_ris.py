"""One-bit surfaces. Oracles: enumeration of all sign patterns, the law for large N, the definition of power."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.qubits.problems.ris import (
    best_single_link,
    link_power,
    max_min_search,
    phase_quantisation_power,
    sum_power_ising,
)


def rayleigh(rng, *shape):
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / np.sqrt(2)


@pytest.mark.parametrize("n", [1, 2, 3, 9])
@pytest.mark.parametrize("direct", [0.0, 1.5 - 0.5j])
def test_the_sweep_is_exact(n, direct):
    rng = np.random.default_rng(n)
    patterns = np.array(list(product((-1, 1), repeat=n)))
    for _ in range(20):
        g = rayleigh(rng, n)
        best = best_single_link(g, direct)
        assert best.power == pytest.approx(link_power(g, patterns, direct).max())
        assert best.power == pytest.approx(link_power(g, best.signs, direct)[0])


def test_aligned_zero_and_imaginary_channels():
    assert best_single_link([1.0, -1.0, 1.0]).power == pytest.approx(9)
    assert best_single_link([1j, -1j, 1j], 2j).power == pytest.approx(25)
    assert best_single_link([1j, -1j, 1j], -2j).power == pytest.approx(25)
    assert best_single_link([0.0, 0.0], 1.0).power == pytest.approx(1)
    assert best_single_link([1.0, 1j, -1.0, -1j]).power == pytest.approx(8)


def test_a_large_surface_loses_3_92_db():
    g = rayleigh(np.random.default_rng(1), 20_000)
    # the law is for phases independent of amplitudes; its mean is exact as N grows, 1 % at 20,000 elements
    relative = best_single_link(g).power / np.abs(g).sum() ** 2
    assert relative == pytest.approx(float(phase_quantisation_power(1)), rel=0.01)


def test_sum_power_is_an_ising_model():
    rng = np.random.default_rng(2)
    g, d, w = rayleigh(rng, 3, 8), rayleigh(rng, 3), rng.random(3)
    s = np.array(list(product((-1, 1), repeat=8)))
    assert sum_power_ising(g, d, w).energy(s) == pytest.approx(-(link_power(g, s, d) @ w))


def test_max_min_search_reaches_the_optimum_of_small_surfaces():
    rng = np.random.default_rng(3)
    s = np.array(list(product((-1, 1), repeat=8)))
    reached = 0
    for _ in range(10):
        g, d = rayleigh(rng, 3, 8), rayleigh(rng, 3)
        found = max_min_search(g, d, rng=rng, starts=16)
        best = link_power(g, s, d).min(axis=1).max()
        assert found.power == pytest.approx(link_power(g, found.signs, d).min())
        assert found.power <= best * (1 + 1e-9)
        reached += found.power >= best * (1 - 1e-9)
    assert reached >= 6


def test_bad_channels_are_refused():
    for bad in ([], [np.nan], [[np.inf, 1.0]]):
        with pytest.raises(ArgumentError):
            best_single_link(bad)
    with pytest.raises(ArgumentError, match="weights"):
        sum_power_ising([[1.0, 2.0]], weights=[-1.0])
    with pytest.raises(DomainError):
        phase_quantisation_power(0)
