"""Oracles: py3gpp's modulator, the distance formula over the whole constellation, the NumPy twins bit by bit, and the
closed forms of Cho & Yoon within exact binomial intervals (false alarm 1e-6 each)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import binom

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.physics.radio.link.demapping import demap, demap_int8, demap_int8_numpy, max_log_numpy
from silla.physics.radio.link.error_rates import ber_awgn, ber_rayleigh, bicm_capacity
from silla.physics.radio.link.mapping import (
    BITS,
    axis_levels,
    bits_per_symbol,
    constellation,
    map_symbols,
    map_symbols_numpy,
    modulation_of,
)

QAM = [name for name, bits in BITS.items() if bits > 1]
NORM = {"qpsk": 2, "qam16": 10, "qam64": 42, "qam256": 170, "qam1024": 682, "qam4096": 2730}


def noisy(modulation, n, sigma=0.2, seed=0):
    rng = stream(seed, "link", modulation)
    bits = rng.integers(0, 2, n * BITS[modulation], dtype=np.uint8)
    noise = rng.uniform(0.01, 1.0, n).astype(np.float32)
    y = map_symbols(bits, modulation) + sigma * (rng.standard_normal(n) + 1j * rng.standard_normal(n))
    return bits, y.astype(np.complex64), noise


def patterns(modulation):
    bits = BITS[modulation]
    return np.arange(1 << bits)[:, None] >> np.arange(bits - 1, -1, -1) & 1


@pytest.mark.parametrize("modulation", QAM)
def test_constellations_have_unit_power_and_gray_neighbours(modulation):
    points = constellation(modulation)
    assert np.isclose(np.mean(np.abs(points) ** 2), 1.0, rtol=1e-12) and len(set(np.round(points, 9))) == len(points)
    order = np.argsort(axis_levels(modulation))
    assert all(bin(a ^ b).count("1") == 1 for a, b in itertools.pairwise(order))
    steps = np.sort(axis_levels(modulation)) * np.sqrt(NORM[modulation])  # the norms printed in clause 5.1
    assert np.allclose(steps, np.arange(1 - len(steps), len(steps), 2))


@pytest.mark.parametrize(
    ("modulation", "bits", "want"),
    [
        ("qam16", "0011", 3 + 3j),
        ("qam64", "000000", 3 + 3j),
        ("qam64", "101111", -7 + 7j),
        ("qam256", "00000000", 5 + 5j),
        ("qam1024", "0000000000", 11 + 11j),
    ],
)
def test_symbols_worked_by_hand_from_the_formula(modulation, bits, want):
    symbol = map_symbols(np.array([int(b) for b in bits]), modulation)[0] * np.sqrt(NORM[modulation])
    assert np.isclose(symbol, want, atol=1e-5)


@pytest.mark.oracle
@pytest.mark.parametrize("theirs", ["pi/2-bpsk", "bpsk", "qpsk", "16QAM", "64QAM", "256QAM"])
def test_symbols_are_those_of_py3gpp(theirs):
    modulation = f"qam{theirs[:-3]}" if theirs.endswith("QAM") else theirs
    py3gpp = pytest.importorskip("py3gpp.nrSymbolModulate")
    bits = stream(1, "link", "map").integers(0, 2, 240, dtype=np.uint8)
    assert np.allclose(map_symbols(bits, modulation), py3gpp.nrSymbolModulate(bits.astype(int), theirs), atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("modulation", QAM)
def test_constellations_are_those_of_sionna(modulation):
    mapping = pytest.importorskip("sionna.phy.mapping")
    assert np.allclose(
        mapping.Constellation("qam", BITS[modulation])().cpu().numpy(), constellation(modulation), atol=1e-6
    )


@pytest.mark.parametrize("modulation", QAM)
def test_llrs_are_those_of_the_whole_constellation(modulation):
    _, y, noise = noisy(modulation, 60 if BITS[modulation] == 12 else 300)
    metric = np.abs(y[:, None] - constellation(modulation)) ** 2 / noise[:, None]
    one = patterns(modulation).astype(bool)
    near, every = [
        np.stack([f(-metric[:, ~b]) - f(-metric[:, b]) for b in one.T], axis=1)
        for f in (lambda m: m.max(axis=1), lambda m: logsumexp(m, axis=1))
    ]
    shape = (len(y), -1)
    assert np.allclose(demap(y, noise, modulation).reshape(shape), near, rtol=1e-4, atol=1e-4 * np.abs(near).max())
    exact = demap(y, noise, modulation, method="log-map").reshape(shape)
    assert np.allclose(exact, every, rtol=1e-4, atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(QAM), st.integers(1, 700), st.floats(0.0, 3.0), st.floats(0.1, 40.0), st.integers(0, 2**31))
def test_kernel_and_twin_agree_in_every_bit(modulation, n, sigma, scale, seed):
    bits, y, noise = noisy(modulation, n, sigma, seed)
    flip = np.random.default_rng(seed).integers(0, 2, bits.size, dtype=np.uint8)
    assert (map_symbols(bits, modulation, scrambling=flip) == map_symbols_numpy(bits, modulation, flip)).all()
    assert (demap(y, noise, modulation) == max_log_numpy(y, noise, modulation)).all()
    fast = demap_int8(y, noise, modulation, scale=scale, scrambling=flip)
    assert (fast == demap_int8_numpy(y, noise, modulation, scale, flip)).all()
    near = np.clip(scale * demap(y, noise, modulation, scrambling=flip), -127, 127)
    assert np.abs(fast - near).max() <= 0.5001


@pytest.mark.skipif(kernels.kernel("qam_map") is None, reason="no C++ kernel")
def test_all_instruction_sets_agree():
    import silla_kernels

    answers, before = [], silla_kernels.isa()
    try:
        for isa in silla_kernels.supported():
            silla_kernels.set_isa(isa)
            answers.append([demap_int8(*noisy(m, 999)[1:], m) for m in QAM])
            answers[-1] += [demap(*noisy(m, 999)[1:], m) for m in QAM]
    finally:
        silla_kernels.set_isa(before)
    for other in answers[1:]:
        assert all((a == b).all() for a, b in zip(answers[0], other))


@pytest.mark.parametrize("modulation", list(BITS))
@pytest.mark.parametrize("fading", [False, True])
def test_measured_error_rates_hold_the_closed_forms(modulation, fading):
    q_m, n = BITS[modulation], 60_000
    rng = stream(7, "link", "ber", modulation)
    es_n0 = 10 ** (0.3 * q_m)
    bits = rng.integers(0, 2, n * q_m, dtype=np.uint8)
    noise = (rng.standard_normal(n) + 1j * rng.standard_normal(n)) * np.sqrt(0.5 / es_n0)
    h = (rng.standard_normal(n) + 1j * rng.standard_normal(n)) * np.sqrt(0.5) if fading else 1.0
    y = map_symbols(bits, modulation) + noise / h
    wrong = int(((demap(y, 1.0, modulation) < 0) != bits).sum())
    rate = float((ber_rayleigh if fading else ber_awgn)(es_n0, modulation))
    if fading:  # the bits of a symbol err together: the interval is that of whole symbols
        assert abs(wrong / bits.size - rate) < 5.0 * np.sqrt(rate / n)
    else:
        low, high = binom.interval(1 - 1e-6, n, rate)
        assert low * q_m <= wrong * 1.0 <= high * q_m


@pytest.mark.parametrize("modulation", ["bpsk", "qpsk", "qam16", "qam256", "qam4096"])
def test_the_rate_of_bit_metric_decoding_is_what_llrs_measure(modulation):
    q_m, n = BITS[modulation], 40_000
    es_n0 = 10 ** (0.27 * q_m)
    rng = stream(8, "link", "gmi", modulation)
    bits = rng.integers(0, 2, n * q_m, dtype=np.uint8)
    y = map_symbols(bits, modulation)
    y = y + (rng.standard_normal(n) + 1j * rng.standard_normal(n)) * np.sqrt(0.5 / es_n0)
    loss = np.logaddexp(0.0, -demap(y, 1.0 / es_n0, modulation, method="log-map") * (1.0 - 2.0 * bits)) / np.log(2.0)
    per_symbol = q_m - loss.reshape(n, q_m).sum(axis=1)
    error = 5.0 * per_symbol.std() / np.sqrt(n)  # 5 sigma: 6e-7
    assert abs(per_symbol.mean() - bicm_capacity(es_n0, modulation)) < error


def test_limits_of_the_closed_forms():
    for modulation, bits in BITS.items():
        assert np.isclose(ber_awgn(0.0, modulation), 0.5) and np.isclose(ber_rayleigh(0.0, modulation), 0.5)
        assert np.isclose(bicm_capacity(1e6, modulation), bits) and bicm_capacity(0.0, modulation) == 0.0
        assert bicm_capacity(10.0, modulation) < np.log2(11.0)
        assert ber_rayleigh(1e4, modulation) > ber_awgn(1e4, modulation)


def test_extreme_symbols_and_noises_keep_their_signs():
    y = np.array([1e30 - 1e30j, 1e-20 + 0j, 0.5 + 3e12j])
    for modulation in BITS:
        for noise in (1e-38, 1e-30, 1.0, 1e30, np.inf):
            for method in ("max-log", "log-map"):
                with np.errstate(over="ignore"):
                    assert not np.isnan(demap(y, noise, modulation, method=method)).any()
            small = demap_int8(y, noise, modulation)
            assert small.min() >= -127 and not (noise == np.inf and small.any())
    assert demap_int8(y, 1e-38, "qpsk").tolist() == [127, -127, 127, 0, 127, 127]


def test_bad_input_is_refused():
    with pytest.raises(ArgumentError, match="not known"):
        map_symbols(np.zeros(8), "qam32")
    with pytest.raises(ArgumentError, match="multiple of 4"):
        map_symbols(np.zeros(6), "qam16")
    with pytest.raises(ArgumentError, match="other than 0 and 1"):
        map_symbols(np.array([0, 2]), "qpsk")
    with pytest.raises(ArgumentError, match="not finite"):
        demap(np.array([np.nan + 1j]), 1.0, "qpsk")
    for noise in (0.0, -1.0, np.nan):
        with pytest.raises(ArgumentError, match="above 0"):
            demap_int8(np.array([1j]), noise, "qpsk")
    with pytest.raises(ArgumentError, match="shape"):
        demap(np.ones(3, complex), np.ones(2), "qpsk")
    with pytest.raises(ArgumentError, match="method"):
        demap(np.ones(3, complex), 1.0, "qpsk", method="soft")
    with pytest.raises(ArgumentError, match="no modulation"):
        modulation_of(3)
    with pytest.raises(DomainError):
        ber_awgn(-1.0, "qpsk")
    assert bits_per_symbol(modulation_of(1)) == 1 and modulation_of(10) == "qam1024"
