"""Oracles: closed forms of the cut that QAOA expects (SOURCE.md)."""

from __future__ import annotations

import resource

import numpy as np
import pytest
import scipy.sparse as sp

from silla.base import kernels
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.qaoa import Qaoa, ring_cut_fraction, triangle_free_cut_fraction
from silla.physics.qubits.qaoa_training import train
from silla.physics.qubits.statevector.memory import available_bytes, plan


def graph(n: int, edges: list[tuple[int, int]]) -> Ising:
    rows, columns = (np.array(e) for e in zip(*(sorted(e) for e in edges)))
    return Ising(np.zeros(n), sp.csr_array((np.ones(len(edges)), (rows, columns)), shape=(n, n)))


def ring(n: int) -> Ising:
    return graph(n, [(i, (i + 1) % n) for i in range(n)])


def test_the_best_cut_of_a_cubic_graph_at_depth_one():
    petersen = [(i, (i + 1) % 5) for i in range(5)] + [(i, i + 5) for i in range(5)]
    petersen += [(5 + i, 5 + (i + 2) % 5) for i in range(5)]
    trained = train(Qaoa(graph(10, petersen), precision="double"), 1)
    assert (15 - trained.energy) / 30 == pytest.approx(0.5 + 1 / (3 * np.sqrt(3)), abs=1e-6)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_rings_reach_their_proven_fraction(depth):
    trained = train(Qaoa(ring(12), precision="double"), depth)
    assert (12 - trained.energy) / 24 == pytest.approx(ring_cut_fraction(depth), abs=1e-6)


@pytest.mark.slow
def test_thirty_qubits_within_24_gb():
    needed = plan(30, counted=True, limit=24 * 10**9).total
    if not kernels.available() or available_bytes() < needed + (1 << 30):
        pytest.skip(f"needs the kernels and {needed / 2**30:.1f} GiB of free memory")
    gamma, beta = -0.4, 0.3
    energy = Qaoa(ring(30), symmetry=False).energy([gamma], [beta])
    assert (30 - energy) / 60 == pytest.approx(triangle_free_cut_fraction(2, gamma, beta), abs=1e-6)
    assert 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 24 * 10**9
