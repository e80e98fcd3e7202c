"""Oracles: published multicell capacity, an enumeration of slot loads, conservation over pools."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from silla.base.errors import DomainError
from silla.physics.compute.ran_load import cell_gpu_share, pool_ran_demand, slot_work_s


def test_one_a100_carries_four_peak_or_eight_average_cells():
    assert 1 / cell_gpu_share(1.0) == pytest.approx(4.0)
    assert 1 / cell_gpu_share(132 / 270) == pytest.approx(8.0)
    assert 1 / cell_gpu_share(1.0, peak_cells_per_gpu=20.0) == pytest.approx(20.0)


def test_work_is_proportional_to_bandwidth_and_grows_with_ports():
    assert cell_gpu_share(0.7, 400e6) == pytest.approx(4 * cell_gpu_share(0.7))
    assert cell_gpu_share(0.7, n_ports=8) == pytest.approx(1.5 * cell_gpu_share(0.7))
    assert slot_work_s(0.25) == pytest.approx(125e-6)
    with pytest.raises(DomainError, match="load"):
        cell_gpu_share(1.01)


def test_demand_and_variance_equal_an_enumeration_of_on_and_off_slots():
    load = np.array([0.2, 0.7, 0.5])
    mean, variance = pool_ran_demand(load, 100e6, 4, 4, np.array([0, 0, 1]), 2)
    low, high = cell_gpu_share(0.0), cell_gpu_share(1.0)
    first = second = 0.0
    for on in itertools.product([0, 1], repeat=2):
        weight = np.prod([p if x else 1 - p for p, x in zip(load, on)])
        total = sum(high if x else low for x in on)
        first, second = first + weight * total, second + weight * total**2
    assert mean[0] == pytest.approx(first)
    assert variance[0] == pytest.approx(second - first**2)
    assert mean.sum() == pytest.approx(cell_gpu_share(load).sum())


def test_cells_without_a_pool_are_left_out_and_epochs_broadcast():
    load = np.linspace(0, 1, 12).reshape(4, 3)
    mean, variance = pool_ran_demand(load, 100e6, 4, 4, np.array([0, -1, 0]), 1)
    assert mean.shape == variance.shape == (4, 1)
    np.testing.assert_allclose(mean[:, 0], cell_gpu_share(load)[:, [0, 2]].sum(axis=1))
