"""Oracles: error rates in closed form before decoding, the estimator's own error variance, bounds none can beat."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import comb, erfc

from silla.base.errors import ArgumentError, DomainError
from silla.physics.radio.link import simulate as sim
from silla.physics.radio.link.channels_cdl import Array
from silla.physics.radio.link.dmrs import Dmrs
from silla.physics.radio.link.finite_block import finite_block_bler, finite_block_bound, information_moments
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.mapping import axis_levels
from silla.physics.radio.link.pdsch import PdschConfig
from silla.physics.radio.link.pusch import PuschConfig

CARRIER = Carrier(n_prb=12)


def pusch(layers=1, **given):
    return PuschConfig(CARRIER, n_layers=layers, n_ports=layers, **{"mcs_index": 4, **given})


def link(user, channel=None, **given):
    users = user if isinstance(user, tuple) else (user,)
    return sim.LinkConfig(users, channel or sim.LinkChannel("rayleigh"), **given)


def run(config, snr_db, n, seed=0):
    return sim.simulate_slots(config, snr_db, n, np.random.default_rng(seed))


def test_uncoded_errors_on_the_gaussian_channel():
    """QPSK: P_b = erfc(sqrt(Es / 2 N0)) / 2; counted before the decoder, from the signs of the LLRs."""
    counts = run(link(pusch(), sim.LinkChannel("awgn"), n_rx=2, estimation="perfect"), 1.0, 40)
    p = 0.5 * erfc(np.sqrt(2 * 10**0.1 / 2))  # two antennas: twice the energy
    n = counts.coded_bits
    assert abs(counts.coded_bit_errors - n * p) < 5 * np.sqrt(n * p)
    # 8-bit LLRs round to 0 at times, which counts as a 0: half of those are wrong either way


def test_uncoded_errors_with_mrc_in_block_fading():
    """Proakis 14.4-15 with four branches, one channel per slot: the mean over slots, intervals from their spread."""
    config = link(pusch(), n_rx=4, estimation="perfect")
    each = [run(config, 0.0, 16, seed) for seed in range(40)]
    rates = np.array([c.coded_bit_errors / c.coded_bits for c in each])
    g = 0.5  # Eb/N0 per branch of QPSK at Es/N0 = 0 dB
    mu = np.sqrt(g / (1 + g))
    p = sum(comb(3 + k, k) * ((1 + mu) / 2) ** k for k in range(4)) * ((1 - mu) / 2) ** 4
    assert abs(rates.mean() - p) < 5 * rates.std() / np.sqrt(len(rates))


@pytest.mark.parametrize("estimation", ["ls", "lmmse"])
def test_estimation_error_is_the_filters(estimation):
    channel = sim.LinkChannel("tdl", "B", delay_spread_s=100e-9, doppler_hz=100.0)
    config = link(pusch(dmrs=Dmrs(additional_position=1)), channel, n_rx=2, estimation=estimation)
    counts = run(config, 5.0, 150)
    wanted = sim._estimator(config, 10**-0.5).error_variance[..., ::7].mean()
    assert counts.estimate_error / counts.estimate_count == pytest.approx(float(wanted), rel=0.15)


def test_receivers_in_their_order():
    """Two layers of 16QAM on two antennas, the same channels and noise: better receivers lose fewer coded bits."""
    channel = sim.LinkChannel("tdl", "A30", doppler_hz=50.0)
    errors = {
        name: run(link(pusch(2, mcs_index=12), channel, n_rx=2, receiver=name, estimation="perfect"), 20.0, 12)
        for name in ("mrc", "zero-forcing", "lmmse", "ep", "k-best", "genie")
    }
    rate = {name: c.coded_bit_errors / c.coded_bits for name, c in errors.items()}
    assert rate["genie"] < rate["k-best"] < rate["ep"] < rate["lmmse"] < rate["zero-forcing"]
    assert rate["lmmse"] < rate["mrc"]


def test_interference_rejection_pays():
    channel = sim.LinkChannel("tdl", "A30")
    given = {"n_rx": 4, "sir_db": 0.0}
    plain, irc = (run(link(pusch(mcs_index=10), channel, receiver=r, **given), 8.0, 40) for r in ("lmmse", "lmmse-irc"))
    assert irc.coded_bit_errors < 0.5 * plain.coded_bit_errors
    assert irc.block_errors < plain.block_errors


def test_retransmissions_save_blocks():
    channel = sim.LinkChannel("awgn")
    one = run(link(pusch(mcs_index=8), channel, n_rx=1), -3.0, 40)
    two = run(link(pusch(mcs_index=8), channel, n_rx=1, transmissions=4), -3.0, 40)
    assert one.block_errors == one.first_errors == 40
    assert two.first_errors == 40
    assert two.block_errors == 0
    assert 40 < two.transmissions <= 160
    assert two.blocks == 40


def test_two_users_downlink_and_transform_precoding():
    users = tuple(pusch(dmrs=Dmrs(ports=(p,), additional_position=1), n_rnti=p + 1) for p in (0, 2))
    both = run(link(users, sim.LinkChannel("double-tdl"), n_rx=4), 14.0, 10)
    assert (both.blocks, both.slots) == (20, 10)
    assert both.block_errors <= 2
    down = PdschConfig(CARRIER, mcs_index=(5,), n_layers=5, dmrs=Dmrs(length=2))
    counts = run(link(down, sim.LinkChannel("tdl", "A30"), n_rx=8), 30.0, 4)
    assert (counts.blocks, counts.block_errors) == (8, 0)
    spread = pusch(transform_precoding=True, dmrs=Dmrs(cdm_groups_without_data=2))
    assert run(link(spread, sim.LinkChannel("tdl", "A30")), 15.0, 5).block_errors == 0
    coded = pusch(2, codebook=True, tpmi=0)
    assert run(link(coded, sim.LinkChannel("tdl", "A30")), 20.0, 5).block_errors == 0


def test_clustered_delay_lines():
    channel = sim.LinkChannel("cdl", "C", delay_spread_s=100e-9, doppler_hz=20.0, base_transmits=False,
                              tx_array=Array(), rx_array=Array(1, 2, (45.0, -45.0)))  # fmt: skip
    assert run(link(pusch(), channel), 20.0, 6).block_errors == 0


def test_counts_add_and_repeat():
    config = link(pusch(mcs_index=10), sim.LinkChannel("tdl", "A30"))
    a, b = run(config, 2.0, 5, 1), run(config, 2.0, 7, 2)
    assert (a + b).slots == 12
    assert (a + b).block_errors == a.block_errors + b.block_errors
    assert a == run(config, 2.0, 5, 1)
    assert np.isnan(sim.LinkCounts().bler)
    assert run(config, 2.0, 0) == sim.LinkCounts()


def test_nothing_beats_the_finite_block_bound():
    config = link(pusch(mcs_index=9), sim.LinkChannel("awgn"), n_rx=1, estimation="perfect")
    grid = np.arange(-4.0, 8.0, 0.25)
    bound = np.array([finite_block_bler(config, s, 1, np.random.default_rng(0)) for s in grid])
    assert np.array_equal(finite_block_bler(config, grid, 1, np.random.default_rng(0)), bound)
    edge = grid[np.argmax(bound < 0.5)]
    assert run(config, edge, 30).block_errors >= 25  # what is left: QPSK, the code, ten iterations
    assert run(config, edge + 2.0, 30).block_errors <= 3


def test_information_moments():
    """Against samples of the information density itself, and the capacity at both ends."""
    rng = np.random.default_rng(0)
    for modulation, snr_db in (("qpsk", 0.0), ("qam16", 8.0), ("qam64", 16.0)):
        levels, sigma = axis_levels(modulation), np.sqrt(0.5 * 10 ** (-snr_db / 10))
        sent = rng.integers(0, len(levels), 200_000)
        y = levels[sent] + sigma * rng.standard_normal(len(sent))
        likelihood = np.exp(-((y[:, None] - levels) ** 2) / (2 * sigma**2))
        density = np.log2(likelihood[np.arange(len(sent)), sent] / likelihood.mean(axis=1))
        mean, variance = information_moments(10 ** (snr_db / 10), modulation)
        assert float(mean) == pytest.approx(2 * density.mean(), rel=0.01)
        assert float(variance) == pytest.approx(2 * density.var(), rel=0.03)
    assert float(information_moments(1e4, "qam16")[0]) == pytest.approx(4.0, abs=1e-6)
    low = 1e-3
    assert float(information_moments(low, "qpsk")[0]) == pytest.approx(float(information_moments(low)[0]), rel=0.01)


def test_finite_block_bound():
    """Rate at a loss of 1e-3 by the formula the other way round: k = n C - sqrt(n V) Q^-1(e) + log2(2 n) / 2."""
    from scipy.stats import norm

    n, g = 500, 1.0
    c, v = np.log2(1 + g), (1 - (1 + g) ** -2) * np.log2(np.e) ** 2
    k = n * c - np.sqrt(n * v) * norm.isf(1e-3) + 0.5 * np.log2(2 * n)
    assert float(finite_block_bound(round(k), np.full(n, g))) == pytest.approx(1e-3, rel=0.06)
    assert float(finite_block_bound(n * 3, np.full(n, 1e6), "qpsk")) == 1.0
    rows = finite_block_bound(500, np.array([[0.5] * n, [2.0] * n]))
    assert rows[0] > 0.5 > rows[1]
    for bad in (lambda: finite_block_bound(0, [1.0]), lambda: finite_block_bound(5, [-1.0])):
        with pytest.raises(ArgumentError):
            bad()


def test_bad_input():
    with pytest.raises(DomainError, match="2 layers on 1 receive antennas"):
        link(pusch(2), n_rx=1)
    with pytest.raises(DomainError, match="Doppler"):
        run(link(pusch(), sim.LinkChannel("tdl", "A30", doppler_hz=20_000.0)), 0.0, 1)
    same = (pusch(), pusch())
    for call in (
        lambda: sim.LinkChannel("tdl", "Z", delay_spread_s=1e-7),
        lambda: sim.LinkChannel("fog"),
        lambda: sim.LinkChannel("tdl", "A"),
        lambda: sim.LinkChannel("rician"),
        lambda: sim.LinkChannel("cdl", "A"),
        lambda: link(pusch(), receiver="best"),
        lambda: link(pusch(), estimation="guess"),
        lambda: link(same),
        lambda: link(pusch(), sim.LinkChannel("double-tdl")),
        lambda: link(pusch(), transmissions=5),
        lambda: link(PdschConfig(CARRIER, mcs_index=(5,), n_layers=5, dmrs=Dmrs(length=2)), n_rx=8, transmissions=2),
        lambda: link(pusch(transform_precoding=True, dmrs=Dmrs(cdm_groups_without_data=2)), receiver="k-best"),
        lambda: run(link(pusch()), np.nan, 1),
        lambda: run(link(pusch()), 0.0, -1),
    ):
        with pytest.raises(ArgumentError):
            call()
