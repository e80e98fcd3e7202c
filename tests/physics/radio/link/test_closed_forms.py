"""What everybody checks first, at any parameters. Oracles: closed forms, quadrature, tables of the standards, sionna's.

Statistical bounds are five standard deviations or an exact binomial interval: false alarms below 1e-6 each.
"""

from __future__ import annotations

import itertools
import json
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import j0, ndtr

from silla.base.errors import DomainError
from silla.physics.radio.link import channels_cdl as cdl
from silla.physics.radio.link import detection as det
from silla.physics.radio.link.channels import delay_power_profile, path_gains, rms_delay_spread
from silla.physics.radio.link.channels_noise import propagate
from silla.physics.radio.link.channels_tdl import LOS_DOPPLER, TDL_PROFILES, draw_tdl, tdl_power, tdl_profile
from silla.physics.radio.link.demapping import demap
from silla.physics.radio.link.error_rates import ber_awgn, ber_rayleigh, bicm_capacity
from silla.physics.radio.link.finite_block import finite_block_bound, information_moments
from silla.physics.radio.link.mapping import axis_levels, bits_per_symbol, map_symbols

QAM = ("qpsk", "qam16", "qam64", "qam256", "qam1024", "qam4096")
BITS = {name: bits_per_symbol(name) for name in QAM}


def exact_ber(es_n0: float, modulation: str) -> float:
    """Probability of every nearest level, sent level by sent level, and the bits in which the two labels differ."""
    level = axis_levels(modulation)
    order = np.argsort(level)
    edges = np.concatenate([[-np.inf], (level[order][1:] + level[order][:-1]) / 2, [np.inf]])
    falls = np.diff(ndtr((edges - level[:, None]) * np.sqrt(2.0 * es_n0)), axis=1)  # [sent, place of the decision]
    differ = np.bitwise_count((np.arange(len(level))[:, None] ^ order).astype(np.uint64))
    return float((falls * differ).sum() / len(level) / np.log2(len(level)))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(QAM), st.floats(-15.0, 45.0))
def test_ber_on_awgn_is_that_of_the_whole_decision_map(modulation, es_n0_db):
    es_n0 = 10 ** (es_n0_db / 10)
    assert float(ber_awgn(es_n0, modulation)) == pytest.approx(exact_ber(es_n0, modulation), rel=1e-6, abs=1e-13)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(("bpsk", *QAM)), st.integers(1, 16), st.floats(-10.0, 35.0))
def test_ber_with_combining_is_the_mean_over_the_gamma_law(modulation, branches, es_n0_db):
    mean = 10 ** (es_n0_db / 10)

    def lost(t: float) -> float:  # over the logarithm of the gain: errors sit near 1 / mean, far below the mean gain
        x = np.exp(t)
        return float(ber_awgn(mean * x, modulation) * stats.gamma.pdf(x, branches) * x)

    knees = sorted({-np.log(mean), 0.0, 2.0})
    ends = [-40.0, *knees, np.log(120.0)]
    wanted = sum(integrate.quad(lost, a, b, limit=300, epsabs=1e-14)[0] for a, b in itertools.pairwise(ends))
    assert float(ber_rayleigh(mean, modulation, branches)) == pytest.approx(wanted, rel=1e-4, abs=1e-10)


@pytest.mark.parametrize("branches", [1, 2, 4, 8])
@pytest.mark.parametrize("modulation", QAM)
def test_maximum_ratio_combining_errs_as_often_as_its_closed_form(modulation, branches):
    n, q_m = 20_000, BITS[modulation]
    for target in (0.1, 0.02):
        grid = np.arange(-15.0, 60.0, 0.5)
        es_n0 = 10 ** (grid[np.argmax(ber_rayleigh(10 ** (grid / 10), modulation, branches) < target)] / 10)
        rng = np.random.default_rng([branches, q_m])
        bits = rng.integers(0, 2, (1, 1, 1, n * q_m), dtype=np.uint8)
        h = (rng.standard_normal((1, branches, 1, 1, n, 2)) @ np.array([1, 1j])).astype(np.complex64) * np.sqrt(0.5)
        y = propagate(map_symbols(bits, modulation), h, 1 / es_n0, rng=rng)
        found = det.maximum_ratio(y, h, 1 / es_n0)
        wrong = (demap(found.symbols, found.noise_variance, modulation) < 0) != bits
        each = wrong.reshape(n, q_m).mean(axis=1)  # the bits of a symbol err together
        assert abs(each.mean() - ber_rayleigh(es_n0, modulation, branches)) < 5 * each.std() / np.sqrt(n)


def test_diversity_and_array_gain():
    high = 1e5
    for branches in (1, 2, 4, 8):
        slope = np.log10(ber_rayleigh(high, "qam64", branches) / ber_rayleigh(10 * high, "qam64", branches))
        assert slope == pytest.approx(branches, abs=0.02)
    # so many branches fade no more: L times the ratio on AWGN
    assert float(ber_rayleigh(10.0 / 400, "qpsk", 400)) == pytest.approx(float(ber_awgn(10.0, "qpsk")), rel=0.15)
    for bad in (0, 1.5, -2):
        with pytest.raises(DomainError, match="branches"):
            ber_rayleigh(1.0, "qpsk", bad)  # type: ignore[arg-type]


def axis_rates(es_n0: float, modulation: str) -> tuple[float, float]:
    """(constellation-constrained, bit-metric) rate of both axes by adaptive quadrature of the output's density."""
    level, sigma = axis_levels(modulation), np.sqrt(0.5 / es_n0)
    n_bits = BITS[modulation] // 2
    ones = np.arange(len(level)) >> np.arange(n_bits)[:, None] & 1

    def entropy(points: np.ndarray) -> float:
        def term(y: float) -> float:
            p = float(np.mean(stats.norm.pdf(y, points, sigma)))
            return -p * np.log2(p) if p > 0 else 0.0

        edge = np.sort(np.concatenate([[points.min() - 9 * sigma, points.max() + 9 * sigma], points]))
        return sum(integrate.quad(term, a, b, epsabs=1e-9)[0] for a, b in itertools.pairwise(edge))

    noise, all_of = 0.5 * np.log2(2 * np.pi * np.e * sigma**2), entropy(level)
    by_bit = sum(all_of - 0.5 * (entropy(level[b == 0]) + entropy(level[b == 1])) for b in ones)
    return 2 * (all_of - noise), 2 * by_bit


@pytest.mark.parametrize(
    ("modulation", "es_n0_db"),
    [
        ("qpsk", -10.0),
        ("qpsk", 2.0),
        ("qam16", -3.0),
        ("qam16", 9.0),
        ("qam64", 3.0),
        ("qam64", 17.0),
        ("qam256", 20.0),
    ],
)
def test_capacities_are_the_entropies_of_the_output(modulation, es_n0_db):
    es_n0 = 10 ** (es_n0_db / 10)
    symbol, bit = axis_rates(es_n0, modulation)
    assert float(bicm_capacity(es_n0, modulation)) == pytest.approx(bit, abs=1e-4)
    assert float(information_moments(es_n0, modulation)[0]) == pytest.approx(symbol, abs=1e-4)


@pytest.mark.parametrize("modulation", QAM)
def test_order_of_the_capacities(modulation):
    """Bit metrics <= constellation <= Shannon and Q_m, at any ratio; Gray mapping loses little at high rates."""
    es_n0 = 10 ** (np.arange(-20.0, 50.0, 3.5 if BITS[modulation] < 10 else 7.0) / 10)
    bit, symbol = bicm_capacity(es_n0, modulation), information_moments(es_n0, modulation)[0]
    shannon = np.log2(1 + es_n0)
    assert (bit <= symbol + 1e-4).all() and (symbol <= np.minimum(shannon, BITS[modulation]) + 1e-4).all()
    assert (np.diff(bit) > -1e-9).all() and (np.diff(symbol) > -1e-9).all()
    high = symbol > 0.8 * BITS[modulation]
    assert high.any() and (symbol - bit)[high].max() < 0.07
    if modulation == "qpsk":
        assert np.allclose(bit, symbol, atol=1e-4)  # its two bits are two channels of their own
    else:  # uniform levels: at most the shaping gain of 1.53 dB, pi e / 6, from Shannon where Q_m does not bind
        middle = symbol < 0.6 * BITS[modulation]
        assert (shannon - symbol)[middle].max() < 0.5 * np.log2(np.pi * np.e / 6) * 2


@settings(max_examples=60, deadline=None)
@given(st.integers(100, 20_000), st.floats(-10.0, 30.0), st.sampled_from([1e-1, 1e-2, 1e-3, 1e-5]))
def test_finite_block_rates_are_the_normal_approximation_any_way_round(n, snr_db, loss):
    """log2 M = n C - sqrt(n V) Q^-1(e) + log2(2 n) / 2, n complex uses (Polyanskiy, Poor & Verdu 2010, theorem 54)."""
    g = 10 ** (snr_db / 10)
    c, v = np.log2(1 + g), g * (2 + g) / (1 + g) ** 2 * np.log2(np.e) ** 2
    k = n * c - np.sqrt(n * v) * stats.norm.isf(loss) + 0.5 * np.log2(2 * n)
    if k < 1:
        return
    below, above = (float(finite_block_bound(max(1, int(x)), [g], n_uses=n)) for x in (np.floor(k), np.ceil(k)))
    assert below <= loss * (1 + 1e-9) and above >= loss * (1 - 1e-9)
    assert float(finite_block_bound(int(np.ceil(k)), [g], n_uses=2 * n)) < above
    assert float(finite_block_bound(int(np.ceil(k)), [1.1 * g], n_uses=n)) < above


def test_finite_block_bound_on_fading_is_the_outage_for_long_blocks():
    """Constant within a block: long blocks are lost where log2(1 + g) < R, with probability 1 - exp(-(2^R - 1) / G)."""
    rng, mean, n = np.random.default_rng(3), 10.0, 100_000
    g = mean * rng.exponential(size=(20_000, 1))
    for rate in (0.5, 2.0, 4.0):
        outage = -np.expm1(-(2**rate - 1) / mean)
        lost = finite_block_bound(round(rate * n), g, n_uses=n).mean()
        assert abs(lost - outage) < 5 * np.sqrt(outage / len(g)) + 0.005 * outage


def of_profile(name: str) -> float | None:
    return 100e-9 if len(name) == 1 else None


@pytest.mark.parametrize("name", TDL_PROFILES)
def test_every_tapped_delay_line_has_its_profile_and_clarkes_autocorrelation(name):
    fd, batch = 300.0, 1500
    channel = draw_tdl(
        name, rng=np.random.default_rng(1), batch=batch, delay_spread_s=of_profile(name), doppler_hz=fd
    )  # fmt: skip
    times = np.array([0.0, 0.4e-3, 1.1e-3, 2.5e-3, 6e-3])
    gains = path_gains(channel, times)[:, 0, 0]
    delay, power, los = tdl_profile(name, of_profile(name))
    at = channel.delay_s == np.unique(delay)[:, None]  # taps of the same delay, and the line of sight, together
    taps = np.einsum("dp,bpt->bdt", at, gains)
    rays = (power * (delay == np.unique(delay)[:, None])).sum(axis=1)
    sight = los * (np.unique(delay) == delay[0])
    error = 5 * (rays + sight) / np.sqrt(batch)
    mean = (np.abs(taps) ** 2).mean(axis=(0, 2))
    assert (np.abs(mean - rays - sight) < error).all()
    wanted = rays[:, None] * j0(2 * np.pi * fd * times)
    wanted = wanted + sight[:, None] * np.exp(2j * np.pi * LOS_DOPPLER * fd * times)
    found = (taps * taps[..., :1].conj()).mean(axis=0)
    assert (np.abs(found - wanted) < error[:, None]).all()
    spread = rms_delay_spread(np.unique(delay), mean)
    assert spread == pytest.approx(rms_delay_spread(*tdl_power(name, of_profile(name))), rel=0.1)


@pytest.mark.parametrize("profile", cdl.CDL_PROFILES)
def test_every_clustered_delay_line_has_its_profile_and_doppler(profile):
    """Directions of travel all around: a ray at zenith t turns as J0(2 pi f_D sin t tau), Clarke for t = 90 degrees."""
    fd, carrier, batch, n_ways = 400.0, 3.5e9, 60, 24
    speed = fd * cdl.SPEED_OF_LIGHT / carrier
    times, clusters = np.array([0.0, 0.3e-3, 0.8e-3, 1.4e-3, 2.2e-3]), cdl.cdl_clusters(profile, 100e-9)
    rng, gains = np.random.default_rng(2), []
    for way in 2 * np.pi * np.arange(n_ways) / n_ways:
        channel = cdl.draw_cdl(
            profile, rng=rng, delay_spread_s=100e-9, carrier_hz=carrier, batch=batch,
            velocity_m_per_s=speed * np.array([np.cos(way), np.sin(way), 0.0]),
        )  # fmt: skip
        gains.append(path_gains(channel, times)[:, 0, 0])
    gains = np.concatenate(gains)
    turns = j0(2 * np.pi * fd * np.sin(clusters.angles["zoa"])[..., None] * times).mean(axis=1)
    wanted = clusters.power[:, None] * turns
    if clusters.los_power:
        sight = clusters.los_power * j0(2 * np.pi * fd * np.sin(clusters.los_angles["zoa"]) * times)
        wanted = np.concatenate([wanted, sight[None]])
    found = (gains * gains[..., :1].conj()).mean(axis=0)
    assert (np.abs(found - wanted) < 6 * wanted[:, :1] / np.sqrt(len(gains))).all()
    tau, power = (x[0] for x in delay_power_profile(channel))
    assert tau.max() == pytest.approx(clusters.delay_s.max()) and np.allclose(power, wanted[:, 0], rtol=1e-4)
    assert rms_delay_spread(channel.delay_s, found[:, 0].real) == pytest.approx(100e-9, rel=0.06)


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*(f"CDL-{p}" for p in cdl.CDL_PROFILES), *(f"TDL-{p}" for p in TDL_PROFILES)])
def test_tables_are_those_of_sionna(name):
    pytest.importorskip("sionna.phy.channel.tr38901")
    folder = resources.files("sionna.phy.channel.tr38901.models")
    folder = folder.joinpath("v19_2" if len(name) == 5 else "ts_38_101_4_v19_2_2")
    theirs = json.loads(folder.joinpath(f"{name}.json").read_text())
    power = 10 ** (np.array(theirs["powers"]) / 10)
    if name.startswith("TDL"):
        fixed = of_profile(name[4:]) is None
        delay, mine, los = tdl_profile(name[4:], None if fixed else 1e-6)
        assert np.allclose(delay, np.array(theirs["delays"])[theirs["los"] :] * (1e-9 if fixed else 1e-6))
    else:
        clusters = cdl.cdl_clusters(name[4:], 1e-6)
        mine, los = clusters.power, clusters.los_power
        assert np.allclose(clusters.delay_s, np.array(theirs["delays"])[theirs["los"] :] * 1e-6)
        assert clusters.xpr == pytest.approx(10 ** (theirs["xpr"] / 10))
        for angle, spread in (("aod", "cASD"), ("aoa", "cASA"), ("zod", "cZSD"), ("zoa", "cZSA")):
            centre = np.degrees(clusters.angles[angle].mean(axis=1))
            assert np.allclose(centre, np.array(theirs[angle])[theirs["los"] :], atol=1e-9)
            away = np.degrees(clusters.angles[angle]) - centre[:, None]
            assert np.sqrt((away**2).mean()) == pytest.approx(theirs[spread], rel=1e-3)
    assert np.allclose(mine, (power / power.sum())[theirs["los"] :])
    assert los == pytest.approx((power / power.sum())[0] if theirs["los"] else 0.0)
