"""Key stores, demand and routing. Oracles: conservation, event-by-event simulation, maximum flow, linear programs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from silla.base.errors import ArgumentError, DomainError
from silla.physics.quantum.key_routing import allocate, widest_path
from silla.physics.quantum.keystore import run_keystore
from silla.physics.quantum.pqc import KEMS, handshake_byte
from silla.physics.quantum.rekeying import authentication_bit, cipher_demand_bit, one_time_pad_bit, rekey_counts

bits = st.floats(0, 1e12)
days = st.integers(1, 12).flatmap(lambda t: st.tuples(*(st.lists(bits, min_size=t, max_size=t) for _ in range(2))))


@settings(max_examples=200, deadline=None)
@given(days, bits, bits)
def test_key_is_conserved_and_never_negative(day, capacity, initial):
    supply, demand = np.array(day[0]), np.array(day[1])
    ledger = run_keystore(supply, demand, capacity_bit=capacity, initial_bit=min(initial, capacity))
    total = min(initial, capacity) + supply.sum()
    assert ledger.stock_bit[-1] + ledger.consumed_bit.sum() + ledger.spilled_bit.sum() == pytest.approx(total)
    np.testing.assert_allclose(ledger.consumed_bit + ledger.unmet_bit, demand)
    for part in ledger:
        assert np.all(part >= 0)
    assert np.all(ledger.stock_bit <= capacity)
    # key is withheld only when there is none, and thrown away only when the store is full
    assert np.all((ledger.unmet_bit == 0) | (ledger.stock_bit[1:] == 0))
    assert np.all((ledger.spilled_bit == 0) | (ledger.stock_bit[1:] == capacity))


def test_many_links_at_once_equal_one_by_one():
    rng = np.random.default_rng(1)
    supply, demand = rng.uniform(0, 10, (7, 96)), rng.uniform(0, 12, (7, 96))
    capacity, initial = rng.uniform(10, 50, 7), rng.uniform(0, 10, 7)
    together = run_keystore(supply, demand, capacity_bit=capacity, initial_bit=initial)
    for i in range(7):
        one = run_keystore(supply[i], demand[i], capacity_bit=capacity[i], initial_bit=initial[i])
        for a, b in zip(together, one):
            np.testing.assert_array_equal(a[i], b)


def test_bad_stores_are_refused():
    for arguments in (([-1.0], [0.0]), ([1.0], [np.nan]), ([np.inf], [0.0])):
        with pytest.raises(DomainError, match="key store"):
            run_keystore(*arguments)
    with pytest.raises(DomainError, match="starts with more key"):
        run_keystore([1.0], [1.0], capacity_bit=1.0, initial_bit=2.0)


def rekeys_event_by_event(volumes, epoch_s, every_byte, every_s, idle=True, pieces=9000):
    """The two counters stepped in small pieces of time."""
    age = used = 0.0
    counts = []
    for volume in volumes:
        n = 0
        for _ in range(pieces):
            age += epoch_s / pieces if volume > 0 or idle else 0.0
            used += volume / pieces
            if age >= every_s * (1 - 1e-9) or used >= every_byte * (1 - 1e-9):
                n, age, used = n + 1, 0.0, 0.0
        counts.append(n)
    return counts


@pytest.mark.parametrize("idle", [True, False])
def test_rekeyings_follow_the_two_counters(idle):
    rng = np.random.default_rng(7)
    volumes = rng.choice([0.0, 9e9, 60e9, 250e9], size=40)
    for every_byte, every_s in ((64e9, 600.0), (10e9, 1e9), (1e15, 450.0), (100e9, 300.0)):
        found = rekey_counts(volumes, 900.0, every_byte=every_byte, every_s=every_s, rekey_idle=idle)
        expected = rekeys_event_by_event(volumes, 900.0, every_byte, every_s, idle)
        # the reference overshoots by up to one of its pieces at each rekeying
        assert np.max(np.abs(np.cumsum(found) - np.cumsum(expected))) <= 2


def test_rekeyings_by_time_alone_and_by_volume_alone():
    np.testing.assert_array_equal(rekey_counts(np.zeros(96), 900.0, every_s=60.0), np.full(96, 15))
    assert rekey_counts(np.full(96, 50e9), 900.0, every_byte=64e9).sum() == 96 * 50 // 64
    np.testing.assert_array_equal(rekey_counts(np.zeros(96), 900.0, every_byte=64e9), np.zeros(96))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=8), st.floats(1e8, 1e12), st.floats(1, 1e4))
def test_rekeyings_are_at_least_what_each_limit_alone_asks(volumes, every_byte, every_s):
    both = rekey_counts(volumes, 900.0, every_byte=every_byte, every_s=every_s).sum()
    for alone in ({"every_byte": every_byte}, {"every_s": every_s}):
        assert both >= rekey_counts(volumes, 900.0, **alone).sum() - 1
    most = np.sum(np.maximum(np.array(volumes) / every_byte, 900.0 / every_s))
    assert both <= most * (1 + 1e-9) + 1


def test_demand_of_ciphers():
    assert cipher_demand_bit([64e9] * 2, 60.0, "aes-256-gcm", every_s=60.0).tolist() == [512.0, 512.0]
    assert one_time_pad_bit(3000.0) == 24000 + 2 * 128 and authentication_bit(3, 64) == 192
    assert cipher_demand_bit([3000.0], 60.0, "one-time-pad").tolist() == [24256.0]
    with pytest.raises(ArgumentError, match="aes-256-gcm"):
        cipher_demand_bit([1.0], 60.0, "rot13", every_s=1.0)
    with pytest.raises(ArgumentError, match="no limit"):
        cipher_demand_bit([1.0], 60.0, "aes-256-gcm")
    with pytest.raises(DomainError, match="every_s"):
        rekey_counts([1.0], 60.0, every_s=0.0)


def test_sizes_of_fips_203():
    kem = KEMS["ml-kem-768"]
    assert (kem.encapsulation_key_byte, kem.ciphertext_byte, kem.shared_secret_byte) == (1184, 1088, 32)
    assert handshake_byte(2) == 2 * 2272
    for rank, (name, k, du, dv) in enumerate((("512", 2, 10, 4), ("768", 3, 10, 4), ("1024", 4, 11, 5))):
        sizes = KEMS[f"ml-kem-{name}"]
        # FIPS 203: ek = 384 k + 32, dk = 768 k + 96, ciphertext = 32 (du k + dv)
        assert sizes.encapsulation_key_byte == 384 * k + 32 and sizes.decapsulation_key_byte == 768 * k + 96
        assert sizes.ciphertext_byte == 32 * (du * k + dv) and sizes.category == (1, 3, 5)[rank]


graphs = st.integers(0, 10_000).map(lambda seed: make_graph(np.random.default_rng(seed)))


def make_graph(rng):
    n = int(rng.integers(3, 9))
    pairs = [(i, j) for i in range(n) for j in range(i) if rng.random() < 0.5] or [(0, 1)]
    rng.shuffle(pairs)
    edges = np.array([p if rng.random() < 0.5 else p[::-1] for p in pairs])
    nodes = np.unique(edges)
    demands = []
    for _ in range(int(rng.integers(1, 6))):
        a, b = rng.choice(nodes, 2, replace=False)
        demands.append((int(a), int(b), float(rng.integers(0, 80))))
    return edges, rng.integers(0, 50, len(edges)).astype(float), demands


def check_flows(edges, supply, demands, found):
    n = edges.max() + 1
    for flow, served, (source, destination, wanted) in zip(found.flow_bit, found.served_bit, demands):
        net = np.zeros(n)
        np.add.at(net, edges[:, 0], flow)
        np.add.at(net, edges[:, 1], -flow)
        expected = np.zeros(n)
        expected[source] += served
        expected[destination] -= served
        np.testing.assert_allclose(net, expected, atol=1e-6)  # every node passes on what it gets
        assert -1e-9 <= served <= wanted + 1e-9
    np.testing.assert_allclose(found.used_bit, np.abs(found.flow_bit).sum(axis=0))
    assert np.all(found.used_bit <= supply + 1e-6)


@settings(max_examples=150, deadline=None)
@given(graphs, st.integers(1, 6))
def test_key_is_conserved_at_every_node_and_link(graph, slices):
    edges, supply, demands = graph
    check_flows(edges, supply, demands, allocate(edges, supply, demands, slices=slices))
    check_flows(edges, supply, demands, allocate(edges, supply, demands, priority=range(len(demands))))


@settings(max_examples=150, deadline=None)
@given(graphs)
def test_one_demand_gets_the_maximum_flow_at_the_fewest_hops(graph):
    edges, supply, demands = graph
    source, destination, _ = demands[0]
    n = int(edges.max()) + 1
    capacity = np.zeros((n, n), np.int32)
    np.add.at(capacity, (edges[:, 0], edges[:, 1]), supply.astype(np.int32))
    np.add.at(capacity, (edges[:, 1], edges[:, 0]), supply.astype(np.int32))
    most = maximum_flow(csr_matrix(capacity), source, destination).flow_value
    found = allocate(edges, supply, [(source, destination, 1e6)])
    assert found.served_bit[0] == pytest.approx(most)
    # least key for that amount: linear program over the two directions of every link
    balance = np.zeros((n, 2 * len(edges)))
    for e, (u, v) in enumerate(edges):
        balance[u, 2 * e], balance[v, 2 * e], balance[u, 2 * e + 1], balance[v, 2 * e + 1] = 1, -1, -1, 1
    target = np.zeros(n)
    target[source], target[destination] = most, -most
    least = linprog(np.ones(2 * len(edges)), A_eq=balance, b_eq=target, bounds=[(0, s) for s in np.repeat(supply, 2)])
    assert found.used_bit.sum() == pytest.approx(least.fun, abs=1e-6)


def test_priority_and_turns():
    edges, supply = [[0, 1], [1, 2]], [10.0, 10.0]
    demands = [(0, 2, 10.0), (0, 1, 10.0)]
    assert allocate(edges, supply, demands, priority=[0, 1]).served_bit.tolist() == [10.0, 0.0]
    assert allocate(edges, supply, demands, priority=[1, 0]).served_bit.tolist() == [0.0, 10.0]
    assert allocate(edges, supply, demands, slices=10).served_bit.tolist() == [5.0, 5.0]


def test_widest_path_by_enumeration():
    rng = np.random.default_rng(3)
    for _ in range(100):
        edges, supply, demands = make_graph(rng)
        source, destination, _ = demands[0]
        # greatest width w such that the links of at least w still connect the two
        width = 0.0
        for w in np.unique(supply[supply > 0]):
            if allocate(edges, np.where(supply >= w, 1.0, 0.0), [(source, destination, 1e-3)]).served_bit[0] > 0:
                width = w
        found, route = widest_path(edges, supply, source, destination)
        assert found == width and (not route or supply[route].min() == width)


def test_bad_graphs_are_refused():
    with pytest.raises(ArgumentError, match="two different nodes"):
        allocate([[0, 1]], [1.0], [(0, 5, 1.0)])
    with pytest.raises(ArgumentError, match="as many supplies"):
        allocate([[0, 1]], [1.0, 2.0], [(0, 1, 1.0)])
    with pytest.raises(DomainError, match="supply"):
        allocate([[0, 1]], [-1.0], [(0, 1, 1.0)])
