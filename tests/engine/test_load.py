"""The load fixed point. Oracles: closed forms of one cell, bisection of two cells, conservation, monotonicity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silla.engine.load import CarrierLinks, StepTable, layered_table, solve
from silla.engine.radio import _UplinkLinks

BANDWIDTH_HZ, NOISE_W = 1e6, 1.0


def smooth(top=1e4, n=4000):
    """A table so fine that it is Shannon's formula to 1e-3."""
    t = np.geomspace(1e-4, top, n)
    return StepTable(t, np.log2(1 + t))


def links(gain, serving, table=None, *, kind=CarrierLinks, width=None):
    gain = np.atleast_2d(np.asarray(gain, dtype=np.float32))
    n, serving = len(gain), np.asarray(serving)
    table = table or smooth()
    return kind(
        serving=serving, signal_w=gain[np.arange(n), serving].astype(float), interference=gain, noise_w=NOISE_W,
        bandwidth_hz=BANDWIDTH_HZ, few_layers=np.zeros(n, dtype=bool), table=table, table_few=table,
        n_cells=gain.shape[1], width=np.ones(n) if width is None else np.asarray(width, dtype=float),
    )  # fmt: skip


def test_a_step_table_is_a_staircase():
    table = StepTable(np.array([1.0, 4.0]), np.array([0.5, 2.0]))
    assert table(np.array([0.0, 0.99, 1.0, 3.99, 4.0, 1e9])).tolist() == [0, 0, 0.5, 0.5, 2, 2]


@given(st.integers(1, 8), st.floats(0.01, 1e4))
def test_layers_give_the_best_split_of_the_power(layers, sinr):
    one = StepTable(np.array([0.5, 2.0, 9.0]), np.array([0.3, 1.2, 3.0]))
    best = max(k * float(one(np.array([sinr / k]))[0]) for k in range(1, layers + 1))
    assert layered_table(one.threshold, one.efficiency, layers)(np.array([sinr]))[0] == pytest.approx(best)


def test_one_cell_below_capacity_is_the_closed_form():
    """Load = sum of offered over rate; everything is served; a file transfer gets rate x (1 - load) at least."""
    gain = [[15.0], [3.0], [63.0]]
    rate = BANDWIDTH_HZ * np.log2(1 + np.array([15.0, 3.0, 63.0]))
    offered = np.array([0.4e6, 0.3e6, 0.9e6])
    got = solve([links(gain, [0, 0, 0])], offered)
    assert got.converged and got.rate[0] == pytest.approx(rate, rel=3e-3)
    load = (offered / rate).sum()
    assert load < 1 and got.load[0][0] == pytest.approx(load, rel=3e-3)
    assert got.served_bit_per_s == pytest.approx(offered)
    assert got.throughput_bit_per_s == pytest.approx(rate * (1 - load), rel=5e-3)


def test_one_cell_above_capacity_shares_it_in_proportion():
    offered = np.array([3e6, 6e6])  # 0.75 and 3 of the cell's time; nobody asks for more than all of it
    got = solve([links([[15.0], [3.0]], [0, 0])], offered)
    assert got.load[0][0] == 1.0
    assert got.served_bit_per_s == pytest.approx([4e6 * 0.75 / 1.75, 2e6 * 1 / 1.75], rel=2e-3)
    got = solve([links([[15.0], [3.0]], [0, 0])], np.array([3e6, 1.5e6]))  # 0.75 each
    assert got.served_bit_per_s == pytest.approx([2e6, 1e6], rel=2e-3)
    assert got.throughput_bit_per_s == pytest.approx(got.served_bit_per_s)  # nothing is left beside the share


@pytest.mark.parametrize("offered", [0.3e6, 0.8e6, 1.6e6])
def test_two_symmetric_cells_agree_with_bisection(offered):
    """x = offered / (B log2(1 + S / (N + I x))): the root by bisection of the scalar equation."""
    signal, interference = 30.0, 10.0

    def excess(x):
        return offered / (BANDWIDTH_HZ * np.log2(1 + signal / (NOISE_W + interference * x))) - x

    low, high = 0.0, 1.0
    assert excess(high) < 0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    got = solve([links([[signal, interference], [interference, signal]], [0, 1])], np.array([offered, offered]))
    assert got.converged and got.load[0] == pytest.approx([low, low], rel=2e-3)
    assert got.served_bit_per_s == pytest.approx([offered, offered])


def test_two_unequal_cells_agree_with_a_brute_force_search():
    gain = np.array([[40.0, 8.0], [5.0, 25.0], [3.0, 12.0]])
    offered = np.array([1.0e6, 0.7e6, 0.2e6])
    got = solve([links(gain, [0, 1, 1])], offered)
    grid = np.linspace(0, 1, 1501)
    x0, x1 = np.meshgrid(grid, grid, indexing="ij")

    def need(u, own, load_other, other):
        return offered[u] / (BANDWIDTH_HZ * np.log2(1 + gain[u, own] / (NOISE_W + gain[u, other] * load_other)))

    residual = np.abs(need(0, 0, x1, 1) - x0) + np.abs(need(1, 1, x0, 0) + need(2, 1, x0, 0) - x1)
    best = np.unravel_index(residual.argmin(), residual.shape)
    assert got.load[0] == pytest.approx([grid[best[0]], grid[best[1]]], abs=3e-3)


def test_two_carriers_share_a_user_in_the_ratio_of_their_rates():
    got = solve([links([[3.0]], [0]), links([[15.0]], [0])], np.array([2e6]))
    r0, r1 = got.rate[0][0], got.rate[1][0]
    assert got.load[0][0] == got.load[1][0] == pytest.approx(2e6 / (r0 + r1))
    assert got.carried[0][0] / got.carried[1][0] == pytest.approx(r0 / r1)
    assert got.served_bit_per_s[0] == pytest.approx(2e6)


def test_a_user_out_of_reach_takes_no_time_and_gets_nothing():
    table = StepTable(np.array([1.0]), np.array([1.0]))
    got = solve([links([[0.5], [2.0]], [0, 0], table)], np.array([1e6, 0.5e6]))
    assert got.served_bit_per_s.tolist() == [0.0, pytest.approx(0.5e6)]
    assert got.load[0][0] == pytest.approx(0.5)


def test_uplink_interference_comes_from_granted_users():
    """Two cells, one user each: SINR of one = S / (N + g x other's share); bisection of the symmetric equation."""
    signal, other, offered = 20.0, 6.0, 1.2e6
    got = solve([links([[signal, other], [other, signal]], [0, 1], kind=_UplinkLinks)], np.array([offered, offered]))
    low, high = 0.0, 1.0
    for _ in range(60):
        x = (low + high) / 2
        more = offered / (BANDWIDTH_HZ * np.log2(1 + signal / (NOISE_W + other * x))) > x
        low, high = (x, high) if more else (low, x)
    assert got.load[0] == pytest.approx([low, low], rel=2e-3)


def test_a_user_whose_power_fills_part_of_the_carrier_gets_that_part_at_most():
    got = solve([links([[15.0]], [0], kind=_UplinkLinks, width=[0.25])], np.array([10e6]))
    assert got.load[0][0] == 0.25
    assert got.served_bit_per_s[0] == pytest.approx(0.25 * got.rate[0][0])
    assert got.throughput_bit_per_s[0] == pytest.approx(0.25 * got.rate[0][0])


def test_no_users_no_load():
    got = solve([links(np.zeros((0, 3)), np.zeros(0, dtype=int))], np.zeros(0))
    assert got.served_bit_per_s.shape == (0,) and got.load[0].tolist() == [0, 0, 0]


@st.composite
def networks(draw, kind=CarrierLinks, n_carriers=2, *, coarse=True):
    """Random networks of up to 3 cells and 10 users on each carrier, with coarse tables that make jumps."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = int(rng.integers(1, 11))
    carriers = []
    for _ in range(int(rng.integers(1, n_carriers + 1))):
        gain = 10 ** rng.uniform(-1, 3, (n, int(rng.integers(1, 4))))
        steps = np.sort(10 ** rng.uniform(-1, 2.5, 8)), np.sort(rng.uniform(0.1, 7, 8))
        width = np.ones(n) if kind is CarrierLinks else rng.uniform(0.05, 1, n)
        table = StepTable(*steps) if coarse else None
        carriers.append(links(gain, gain.argmax(axis=1), table, kind=kind, width=width))
    return carriers, rng.uniform(0, 3e6, n)


def check(carriers, offered, got):
    """What must hold of every solution."""
    assert got.converged
    assert (got.served_bit_per_s <= offered * (1 + 1e-9) + 1e-6).all()
    assert got.served_bit_per_s == pytest.approx(np.sum(got.carried, axis=0))
    for k, load, rate, carried, sinr in zip(carriers, got.load, got.rate, got.carried, got.sinr, strict=True):
        assert (load >= 0).all() and (load <= 1 + 1e-12).all()
        assert (carried >= 0).all() and (carried <= rate * (1 + 1e-12)).all()
        share = np.divide(carried, rate, out=np.zeros(len(rate)), where=rate > 0)
        assert (share <= k.width + 1e-12).all()
        time = np.bincount(k.serving, share, minlength=k.n_cells)
        assert time == pytest.approx(load, abs=1e-9)  # a cell's load is the time that it grants
        assert (sinr <= k.signal_w / k.noise_w * (1 + 1e-9)).all()
        assert (rate <= k.table.efficiency.max() * k.bandwidth_hz).all()
    total = np.sum(got.rate, axis=0)
    assert (got.throughput_bit_per_s <= total * (1 + 1e-12)).all()
    assert (got.throughput_bit_per_s >= got.served_bit_per_s * (1 - 1e-9)).all()
    # whoever has room in all its cells is served in full
    for u in range(len(offered)):
        free = all(x[k.serving[u]] < 1 - 1e-9 for k, x in zip(carriers, got.load))
        wide = all(w[u] == 1 for w in (k.width for k in carriers))
        if free and wide and total[u] > 0:
            assert got.served_bit_per_s[u] == pytest.approx(offered[u])


@settings(max_examples=150, deadline=None)
@given(networks())
def test_invariants_of_the_downlink(network):
    check(*network, solve(*network))


@settings(max_examples=150, deadline=None)
@given(networks(_UplinkLinks))
def test_invariants_of_the_uplink(network):
    check(*network, solve(*network))


@settings(max_examples=60, deadline=None)
@given(networks(n_carriers=1, coarse=False), st.floats(1.05, 4))
def test_loads_rise_with_demand_and_rates_fall(network, factor):
    carriers, offered = network
    one, more = solve(carriers, offered), solve(carriers, offered * factor)
    assert (more.load[0] >= one.load[0] - 2e-3).all()
    assert (more.rate[0] <= one.rate[0] * (1 + 2e-3)).all()


@settings(max_examples=60, deadline=None)
@given(networks(n_carriers=1, coarse=False))
def test_more_layers_never_serve_less(network):
    carriers, offered = network
    base = smooth()
    few = [links(c.interference, c.serving, layered_table(base.threshold, base.efficiency, 1)) for c in carriers]
    many = [links(c.interference, c.serving, layered_table(base.threshold, base.efficiency, 4)) for c in carriers]
    one, four = solve(few, offered), solve(many, offered)
    assert (four.served_bit_per_s >= one.served_bit_per_s * (1 - 2e-3)).all()
    assert (four.load[0] <= one.load[0] + 2e-3).all()


@settings(max_examples=60, deadline=None)
@given(networks(n_carriers=1, coarse=False), st.floats(0.1, 0.95))
def test_less_interference_never_serves_less(network, factor):
    (link,), offered = network
    rows = np.arange(len(offered))
    weaker = link.interference * np.float32(factor)
    weaker[rows, link.serving] = link.interference[rows, link.serving]
    quiet = links(weaker, link.serving)
    assert (solve([quiet], offered).served_bit_per_s >= solve([link], offered).served_bit_per_s * (1 - 2e-3)).all()


def test_a_network_without_a_fixed_point_still_ends():
    """Two carriers; load on the first drives its user off it, which frees the first, which brings the user back."""
    cliff = StepTable(np.array([5.0]), np.array([1.0]))
    flat = StepTable(np.array([0.1]), np.array([0.2]))
    first = links([[10.0, 4.0], [4.0, 10.0]], [0, 1], cliff)
    second = links([[1.0], [1.0]], [0, 0], flat)
    got = solve([first, second], np.array([0.9e6, 0.9e6]))
    check([first, second], np.array([0.9e6, 0.9e6]), got)
