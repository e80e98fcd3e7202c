"""Gains of retransmissions and of any rate. Oracle: mutual information, which adds up over places and over copies.

A place of the code word of which m copies came at a ratio s has gained C(m s) bits, C the capacity of a binary signal.
No decoder works below the ratio at which the sum is the information; ten iterations of min-sum need up to two decibels
more. Chase combining puts its copies on one another, so that L of them are worth 10 log10 L dB exactly.
"""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.base.rng import stream
from silla.coding.transport_block import TransportFormat, decode_transport_block, encode_transport_block

pytestmark = pytest.mark.skipif(not kernels.available(), reason="no C++ kernels: slow")

INCREMENTAL, CHASE = (0, 2, 3, 1), (0, 0, 0, 0)


def capacity(snr: float) -> float:
    """Bits of a binary signal +-1 in real noise of variance 1 / snr, by quadrature over the noise."""
    x, w = np.polynomial.hermite_e.hermegauss(80)
    llr = 2 * snr + 2 * np.sqrt(snr) * x
    return 1.0 - float((w * np.logaddexp(0, -llr)).sum() / w.sum() / np.log(2))


def copies(a: int, e: int, rate: float, versions) -> np.ndarray:
    """How often each place of the code word is received."""
    buffer = None
    for rv in versions:
        one = decode_transport_block(np.full((1, e), 1, np.int8), a, 1, rate, rv=rv, buffer=buffer)
        buffer = one.buffer
    assert buffer is not None
    return buffer.llr.ravel()


def limit_db(a: int, e: int, rate: float, versions) -> float:
    """The ratio (of a bit, over real noise) at which all that was received is as much as was sent."""
    form = TransportFormat(a, e, 1, rate)
    wanted = form.cut.n_blocks * form.cut.k_used
    values, counts = np.unique(copies(a, e, rate, versions), return_counts=True)
    low, high = -40.0, 30.0
    while high - low > 1e-3:
        middle = (low + high) / 2
        gained = sum(n * capacity(m * 10 ** (middle / 10)) for m, n in zip(values, counts) if m)
        low, high = (middle, high) if gained < wanted else (low, middle)
    return high


def lost(a: int, e: int, rate: float, versions, snr_db: float, n: int = 60, **options) -> int:
    """Blocks lost after transmissions of these versions, each at this ratio."""
    rng = stream(5, "coding", "harq gain", a, e, str(versions), round(100 * snr_db))
    bits = rng.integers(0, 2, (n, a), dtype=np.uint8)
    snr, buffer, found = 10 ** (snr_db / 10), None, None
    for rv in versions:
        x = 1.0 - 2.0 * encode_transport_block(bits, e, 1, rate, rv=rv)
        llr = 2 * snr * (x + rng.standard_normal(x.shape) / np.sqrt(snr))
        found = decode_transport_block(llr, a, 1, rate, rv=rv, buffer=buffer, **options)
        buffer = found.buffer
    assert found is not None
    return int((~found.ok | (found.bits != bits).any(axis=1)).sum())


@pytest.mark.parametrize("versions", [(0,), (0, 0), (0, 2), (0, 2, 3), (0, 2, 3, 1), (0, 3, 0, 2, 1)])
@pytest.mark.parametrize(
    ("a", "rate"), [(3240, 0.9), (6000, 0.7), (3624, 0.5), (8000, 0.33), (1000, 0.62), (2000, 0.2)]
)
def test_information_adds_up_over_transmissions(a, rate, versions):
    e = round(a / rate)
    limit = limit_db(a, e, rate, versions)
    assert lost(a, e, rate, versions, limit - 0.3) >= 58
    assert lost(a, e, rate, versions, limit + 2.0) <= 1


@pytest.mark.parametrize("rate", [0.04, 0.1, 1 / 5, 1 / 3, 0.8, 0.92])
@pytest.mark.parametrize(("a", "graph_rate"), [(1000, 0.2), (3000, 0.9), (100, 0.2)])
def test_any_rate_decodes_near_its_limit(a, graph_rate, rate):
    """From eight copies of every bit to hardly any parity; short blocks need their finite-block share more."""
    e = round((a + 16) / rate)
    limit = limit_db(a, e, graph_rate, (0,))
    share = 4.0 / np.sqrt(a)  # of 3 sigma of the noise, in dB at these ratios about 3 sqrt(2 / k) 4.34 / 2
    assert lost(a, e, graph_rate, (0,), limit - 0.3 - 3 * share) >= 55
    assert lost(a, e, graph_rate, (0,), limit + 2.3 + 12 * share) <= 2


@pytest.mark.parametrize(("a", "rate", "snr_db"), [(1000, 0.5, 1.1), (3240, 0.85, 5.5), (3000, 0.33, -1.2)])
@pytest.mark.parametrize("times", [2, 4, 8])
def test_chase_copies_are_worth_three_decibels_a_doubling(a, rate, snr_db, times):
    """Copies at s / L and one at s are lost alike, to two counts of 250 blocks and 0.1 dB for the steps of 8 bits."""
    e, n = round(a / rate), 250
    one = lost(a, e, rate, (0,), snr_db, n)
    assert 8 < one < 242  # a point of the waterfall where the comparison says something
    down = snr_db - 10 * np.log10(times)
    error = 5 * np.sqrt(2 * one / n * (1 - one / n) * n)  # of the difference of two counts
    assert lost(a, e, rate, (0,) * times, down + 0.1, n) <= one + error
    assert lost(a, e, rate, (0,) * times, down - 0.1, n) >= one - error


@pytest.mark.parametrize(("a", "rate"), [(3240, 0.9), (6000, 0.7), (3624, 0.5), (1000, 0.62)])
def test_incremental_redundancy_wins_what_information_says(a, rate):
    """At chase's limit chase still loses its blocks; where more than 2 dB lie between the limits, the other none."""
    e = round(a / rate)
    for n in (2, 3):
        chase, other = limit_db(a, e, rate, CHASE[:n]), limit_db(a, e, rate, INCREMENTAL[:n])
        assert other <= chase + 1e-3
        for snr_db in (other + 1.0, chase, chase + 0.7, chase + 1.5):
            assert lost(a, e, rate, INCREMENTAL[:n], snr_db) <= lost(a, e, rate, CHASE[:n], snr_db) + 4
        assert lost(a, e, rate, CHASE[:n], chase - 0.3) >= 55
        if chase > other + 2.0:
            assert lost(a, e, rate, INCREMENTAL[:n], chase) <= 1


@pytest.mark.parametrize(("a", "graph", "gaps"), [(8000, 1, (17, 16, 23, 10)), (2000, 2, (13, 12, 18, 7))])
def test_four_versions_one_after_the_other_are_the_whole_code_word(a, graph, gaps):
    """Each sent up to where the next begins (Table 5.4.2.1-2): every place once, as in one long transmission."""
    cut = TransportFormat(a, 100, 1, graph=graph).cut
    assert cut.n_blocks == 1 and cut.n_filler < 3 * cut.z
    rng = np.random.default_rng(a)
    bits, buffer = rng.integers(0, 2, (2, a), dtype=np.uint8), None
    whole = encode_transport_block(bits, sum(gaps) * cut.z - cut.n_filler, 1, graph=graph)
    llr = rng.integers(-60, 60, whole.shape).astype(np.int8)
    at = 0
    for rv, gap in enumerate(gaps):
        e = gap * cut.z - (cut.n_filler if rv == (1 if graph == 1 else 0) else 0)  # fillers end at 20 z and at 8 z
        assert (encode_transport_block(bits, e, 1, graph=graph, rv=rv) == whole[:, at : at + e]).all()
        buffer = decode_transport_block(llr[:, at : at + e], a, 1, graph=graph, rv=rv, buffer=buffer).buffer
        at += e
    assert at == whole.shape[1] and buffer is not None
    once = decode_transport_block(llr, a, 1, graph=graph)
    assert (buffer.llr == once.buffer.llr).all() and buffer.n_rows == once.buffer.n_rows
