"""Oracles: TR 38.864 table values, exact enumeration of idle runs, a slot-by-slot simulation, site measurements."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.compute import cell_power as cp

TABLE = {  # TR 38.864 Table 5.1-3: deep, light, micro, DL, UL
    (1, 1): (1, 25, 55, 280, 110),
    (1, 2): (1, 25, 50, 200, 90),
    (1, 3): (1, 25, 38, 152, 80),
    (2, 1): (1, 2.1, 5.5, 32, 6.5),
    (2, 2): (1, 2.1, 5, 26, 5.8),
    (2, 3): (1, 2.1, 3, 17.6, 4.2),
}


@pytest.mark.parametrize(("kind", "row"), TABLE.items())
def test_reference_configuration_draws_the_table_values(kind, row):
    category, reference_set = kind
    states = cp.power_states(category, reference_set)
    assert (states.deep, states.light, states.micro) == row[:3]
    assert cp.relative_dl_power(category=category, reference_set=reference_set) == pytest.approx(row[3], rel=1e-12)
    assert cp.relative_ul_power(category=category, reference_set=reference_set) == pytest.approx(row[4], rel=1e-12)


def test_half_the_chains_at_the_same_density_halve_the_dynamic_power():
    assert cp.relative_dl_power(s_a=0.5) == pytest.approx(55 + 225 / 2)  # clause 5.1 formula by hand
    assert cp.relative_dl_power(s_f=0.5, s_p=0.5) == pytest.approx(55 + 225 * (0.4 + 0.6 * 0.25))


def test_scaling_keeps_the_ratio_of_radiated_powers():
    s_a, s_f, s_p = cp.scaling_from_configuration(256, 400e6, 46.0)
    assert s_a * s_f * s_p == pytest.approx(10 ** ((46.0 - 55.0) / 10))
    assert (s_a, s_f) == (4.0, 4.0)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9, 1.0])
def test_idle_runs_equal_exact_enumeration_of_all_patterns(p):
    window = 9
    expected = np.zeros(window)
    for pattern in itertools.product([0, 1], repeat=window):  # 1 = idle
        weight = np.prod([p if idle else 1 - p for idle in pattern])
        for idle, run in itertools.groupby(pattern):
            if idle:
                expected[len(list(run)) - 1] += weight
    np.testing.assert_allclose(cp.idle_run_counts(p, window), expected, atol=1e-12)
    assert cp.idle_run_counts(p, window) @ np.arange(1, window + 1) == pytest.approx(p * window)


def _simulated_power(load: float, policy: str, period_s: float, rng: np.random.Generator, n_periods: int) -> float:
    """Slot by slot: draw activity, find idle runs, give each the cheapest allowed state."""
    slot_ms, ssb = 0.5, 4
    n = round(period_s * 1e3 / slot_ms)
    energy = 0.0
    for _ in range(n_periods):
        active = rng.random(n) < load
        energy += sum(280.0 if a else 145.0 + 135.0 * 20 / 273 for a in active[:ssb]) * slot_ms
        for a, run in itertools.groupby(active[ssb:]):
            length = len(list(run)) * slot_ms
            if a:
                energy += 280.0 * length
                continue
            costs = [55.0 * length]
            if policy in ("light", "deep") and length >= 6:
                costs.append(25.0 * length + 90.0)
            if policy == "deep" and length >= 50:
                costs.append(length + 1000.0)
            energy += min(costs)
    return energy / (n_periods * period_s * 1e3)


@pytest.mark.parametrize(("load", "policy", "period_s"), [(0.05, "light", 20e-3), (0.01, "deep", 160e-3)])
def test_mean_power_equals_a_slot_by_slot_simulation(load, policy, period_s):
    mean = cp.mean_relative_power(load, 0.0, policy=policy, dl_share=1.0, ssb_period_s=period_s)
    draws = [_simulated_power(load, policy, period_s, np.random.default_rng(s), 250) for s in range(12)]
    error = np.std(draws, ddof=1) / np.sqrt(len(draws))
    assert abs(mean - np.mean(draws)) < 5.0 * error  # false alarm below 4e-4 (t with 11 degrees of freedom)
    assert error < 0.02 * mean


def test_deeper_policies_never_cost_more_and_deep_needs_a_long_ssb_period():
    load = np.linspace(0, 1, 21)
    powers = [cp.mean_relative_power(load, load, policy=p, ssb_period_s=160e-3) for p in cp.POLICIES]
    for shallow, deep in itertools.pairwise(powers):
        assert np.all(deep <= shallow + 1e-9)
    assert powers[3][0] < powers[2][0] - 5.0
    at_20_ms = [cp.mean_relative_power(load, load, policy=p) for p in ("light", "deep")]
    np.testing.assert_array_equal(*at_20_ms)  # 50 ms of transition do not fit 18 ms
    assert np.all(np.diff(np.array(powers), axis=1) >= 0)


def test_anchor_gives_back_its_own_watts_in_both_categories():
    for category in (1, 2):
        unit = cp.watts_per_unit(category=category)
        assert unit * cp.mean_relative_power(1.0, 1.0, category=category) == pytest.approx(3852.5 / 3)


def test_cell_off_charges_the_transition_once():
    assert cp.cell_off_energy_j(100.0, 2.0) == pytest.approx((1.0 * 100 + 1.0) * 2)  # 1000 rel ms = 1 rel s
    with pytest.raises(DomainError, match="off_s"):
        cp.cell_off_energy_j(5.0, 2.0, category=2)  # category 2 needs 10 s


def test_fdd_adds_the_dynamic_powers_of_both_directions():
    full = cp.mean_relative_power(1.0, 1.0, reference_set=2)
    assert full == pytest.approx(200 + 90 - 50)


def test_bad_arguments_are_refused():
    with pytest.raises(ArgumentError, match="category 3"):
        cp.power_states(3, 1)
    with pytest.raises(ArgumentError, match="nap"):
        cp.mean_relative_power(0.1, policy="nap")
    with pytest.raises(DomainError, match="dl_load"):
        cp.mean_relative_power([0.1, 1.2])
    assert list(cp.beyond_reference([1, 5, 1], [1, 1, 170])) == [False, True, True]
