"""Oracles: two cells in closed form, brute-force sums, exhaustive search of the load grid, power control by hand."""

import itertools

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.physics.radio.modulation import rate_table
from silla.physics.radio.sinr import (
    associate,
    downlink_sinr,
    load_fixed_point,
    shannon_efficiency,
    table_efficiency,
    uplink_power_dbm,
    uplink_sinr,
    wideband_sir,
)

RNG = np.random.default_rng(2)
GAIN = 10 ** (RNG.uniform(-12, -8, (40, 6)))
POWER = np.array([20.0, 20.0, 40.0, 10.0, 20.0, 5.0])


def brute_sinr(gain, serving, power, noise, load):
    out = []
    for u, s in enumerate(serving):
        other = sum(gain[u, c] * power[c] * load[c] for c in range(gain.shape[1]) if c != s)
        out.append(gain[u, s] * power[s] / (other + noise))
    return np.array(out)


def test_association_is_by_received_power():
    assert associate(GAIN, POWER).tolist() == [max(range(6), key=lambda c: row[c] * POWER[c]) for row in GAIN]


def test_sinr_against_loops():
    serving, load = associate(GAIN, POWER), RNG.random(6)
    expected = brute_sinr(GAIN, serving, POWER, 1e-12, load)
    assert downlink_sinr(GAIN, serving, POWER, 1e-12, load) == pytest.approx(expected, rel=1e-9)
    full = brute_sinr(GAIN, serving, POWER, 0.0, np.ones(6))
    assert wideband_sir(GAIN, serving, POWER) == pytest.approx(full, rel=1e-9)


def test_serving_beam_replaces_the_signal_and_not_the_interference():
    serving = associate(GAIN, POWER)
    own = GAIN[np.arange(40), serving]
    ratio = downlink_sinr(GAIN, serving, POWER, 1e-12, 1.0, own * 8.0) / downlink_sinr(GAIN, serving, POWER, 1e-12)
    assert ratio == pytest.approx(np.full(40, 8.0))


def test_two_symmetric_cells_meet_the_scalar_equation():
    # rho = d / (B log2(1 + S / (rho I + N))), solved here by bisection
    s, i, n, b, d = 1.0, 0.3, 0.05, 1e6, 1.2e6
    gain, serving = np.array([[s, i], [i, s]]), np.array([0, 1])
    found = load_fixed_point(gain, serving, 1.0, n, b, d, tolerance=1e-12)
    low, high = 0.0, 1.0
    for _ in range(100):
        mid = (low + high) / 2
        low, high = (mid, high) if d / (b * np.log2(1 + s / (mid * i + n))) > mid else (low, mid)
    assert found.load == pytest.approx([low, low], abs=1e-9)
    assert found.rate_bit_per_s == pytest.approx([d, d])


def test_overloaded_cells_are_full_and_share_in_proportion():
    gain = np.array([[1.0, 0.1], [1.0, 0.1], [0.1, 1.0]])
    serving = np.array([0, 0, 1])
    demand = np.array([3e6, 1e6, 0.2e6])
    found = load_fixed_point(gain, serving, 1.0, 0.1, 1e6, demand)
    assert found.load[0] == 1.0 and found.demanded_load[0] > 1.0 and found.load[1] < 1.0
    share = found.rate_bit_per_s[:2] / demand[:2]
    assert share[0] == pytest.approx(share[1])
    used = found.rate_bit_per_s / (1e6 * shannon_efficiency(found.sinr))
    assert used[:2].sum() == pytest.approx(1.0)  # the whole cell and no more
    assert found.rate_bit_per_s[2] == pytest.approx(demand[2])


def test_least_fixed_point_by_exhaustive_search_with_a_rate_table():
    table = rate_table("qam64", 1.0)
    rng = np.random.default_rng(4)
    gain = 10 ** rng.uniform(-1.5, 0, (9, 3)) * 1e-9
    serving, demand = associate(gain, 1.0), rng.uniform(0.1e6, 0.6e6, 9)
    found = load_fixed_point(gain, serving, 1.0, 1e-11, 1e6, demand, table_efficiency(table), tolerance=0.0)

    def needed(load):
        per_hz = table_efficiency(table)(brute_sinr(gain, serving, np.ones(3), 1e-11, load))
        return np.minimum(np.bincount(serving, demand / 1e6 / per_hz, minlength=3), 1.0)

    assert needed(found.load) == pytest.approx(found.load, abs=1e-12)  # it is a fixed point
    grid = np.linspace(0, 1, 41)
    feasible = [np.array(p) for p in itertools.product(grid, repeat=3) if (needed(np.array(p)) <= np.array(p)).all()]
    assert feasible and all((p >= found.load - 1e-12).all() for p in feasible)  # and the least


def test_loads_grow_with_demand():
    serving = associate(GAIN, POWER)
    loads = [load_fixed_point(GAIN, serving, POWER, 1e-11, 20e6, d).load for d in (0.0, 1e5, 1e6, 1e8)]
    assert (loads[0] == 0).all()
    assert all((b >= a).all() for a, b in itertools.pairwise(loads))
    assert (loads[-1][np.unique(serving)] == 1).all()


def test_users_out_of_reach_get_nothing_and_claim_nothing():
    table = rate_table("qam64", 2.0)
    gain = np.array([[1e-9, 0.0], [1e-20, 0.0]])
    found = load_fixed_point(gain, np.array([0, 0]), 1.0, 1e-12, 1e6, 1e5, table_efficiency(table))
    assert found.rate_bit_per_s.tolist() == [1e5, 0.0]
    assert found.load[0] == pytest.approx(1e5 / 1e6 / table.efficiency[-1])


def test_too_few_iterations_are_an_error():
    gain = np.array([[1.0, 0.9], [0.9, 1.0]])
    with pytest.raises(ArgumentError, match="after 2 iterations"):
        load_fixed_point(gain, np.array([0, 1]), 1.0, 0.1, 1e6, 0.5e6, max_iterations=2, tolerance=1e-12)


def test_uplink_power_by_hand():
    # -80 + 10 log10(2 x 50) + 0.8 x 100 = 20 dBm at 30 kHz; capped at 23 dBm
    assert float(uplink_power_dbm(100.0, 50, -80.0, 0.8, 23.0, 30)) == pytest.approx(20.0)
    assert float(uplink_power_dbm(140.0, 50, -80.0, 0.8, 23.0, 30)) == 23.0
    with pytest.raises(ArgumentError):
        uplink_power_dbm(100.0, 50, alpha=1.2)


def test_full_compensation_levels_received_power():
    loss = np.array([80.0, 95.0, 110.0])
    assert np.ptp(uplink_power_dbm(loss, 1, -100.0, 1.0, 40.0) - loss) == pytest.approx(0.0, abs=1e-12)


def test_uplink_sinr_against_loops():
    serving, p = associate(GAIN, 1.0), RNG.uniform(0, 23, 40)
    activity = RNG.random(40)
    w = 1e-3 * 10 ** (p / 10)
    expected = []
    for u, s in enumerate(serving):
        other = sum(activity[v] * w[v] * GAIN[v, s] for v in range(40) if serving[v] != s)
        expected.append(w[u] * GAIN[u, s] / (other + 1e-13))
    assert uplink_sinr(GAIN, serving, p, 1e-13, activity) == pytest.approx(expected, rel=1e-9)
