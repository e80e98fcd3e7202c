"""Oracles: closed forms (SINR, error rates of MRC by Proakis, capacity), exhaustive search, kernels against twins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import comb, erfc

from silla.base.errors import ArgumentError, DomainError
from silla.base.kernels import kernel
from silla.physics.radio.link import detection as det
from silla.physics.radio.link.channels_noise import gaussian_numpy, propagate
from silla.physics.radio.link.demapping import demap
from silla.physics.radio.link.detection_ep import expectation_propagation
from silla.physics.radio.link.detection_search import k_best, maximum_likelihood, sorted_qr
from silla.physics.radio.link.mapping import bits_per_symbol, map_symbols


def normal(rng, *shape):
    return ((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * np.sqrt(0.5)).astype(np.complex64)


def sent(rng, modulation, n_rx, n_layers, n, n0, batch=1):
    """(bits, y, h) of independent Rayleigh resource elements; unit power over all layers and antennas."""
    bits = rng.integers(0, 2, (batch, n_layers, 1, n * bits_per_symbol(modulation)), dtype=np.uint8)
    h = normal(rng, batch, n_rx, n_layers, 1, n)
    return bits, propagate(map_symbols(bits, modulation), h, n0, rng=rng), h


def within(errors: int, n: int, p: float) -> bool:
    """Five standard deviations of a binomial count, false alarms below 1e-6; neighbouring bits count as independent."""
    return abs(errors - n * p) < 5 * np.sqrt(2 * n * p)


@pytest.mark.parametrize("branches, eb_n0_db", [(1, 10.0), (2, 5.0), (4, 2.0)])
def test_mrc_in_rayleigh_fading(branches, eb_n0_db):
    """Proakis, Digital Communications, equation 14.4-15: BPSK per axis with L branches."""
    g = 10 ** (eb_n0_db / 10)
    n0, mu = 1 / (2 * g), np.sqrt(g / (1 + g))
    p = sum(comb(branches - 1 + k, k) * ((1 + mu) / 2) ** k for k in range(branches)) * ((1 - mu) / 2) ** branches
    bits, y, h = sent(np.random.default_rng(branches), "qpsk", branches, 1, 100_000, n0)
    for found in (det.lmmse(y, h, n0), det.maximum_ratio(y, h, n0), det.zero_forcing(y, h, n0)):
        errors = int(((demap(found.symbols, found.noise_variance, "qpsk") < 0) != bits).sum())
        assert within(errors, bits.size, p)


@pytest.mark.parametrize("modulation, es_n0_db", [("qpsk", 7.0), ("qam16", 14.0), ("qam64", 20.0)])
def test_gaussian_channel(modulation, es_n0_db):
    """Gray-mapped square QAM, nearest neighbours of an axis: exact for QPSK and within 1 % at these levels."""
    n0, q = 10 ** (-es_n0_db / 10), bits_per_symbol(modulation)
    m = 2 ** (q // 2)
    bits = np.random.default_rng(1).integers(0, 2, (1, 1, 1, q * 100_000), dtype=np.uint8)
    y = propagate(map_symbols(bits, modulation), np.ones((1, 1, 1, 1, 100_000)), n0, rng=np.random.default_rng(2))
    symbols_wrong = (1 - 1 / m) * erfc(np.sqrt(3 / (2 * (m * m - 1)) / n0))
    errors = int(((demap(y, n0, modulation) < 0) != bits).sum())
    assert within(errors, bits.size, symbols_wrong / (q / 2))


def test_lmmse_sinr_in_closed_form():
    """The variance given, the SINR's formula, and what a simulation of many symbols measures."""
    rng, n0 = np.random.default_rng(3), 0.2
    h = np.repeat(normal(rng, 1, 4, 3, 1, 1), 40_000, axis=-1)
    x = map_symbols(rng.integers(0, 2, (1, 3, 1, 80_000), dtype=np.uint8), "qpsk")
    found = det.lmmse(propagate(x, h, n0, rng=rng), h, n0)
    wanted = det.lmmse_sinr(h[0, :, :, 0, 0], n0)
    assert np.allclose(1 / found.noise_variance[0, :, 0, 0], wanted, rtol=1e-4)
    away = found.symbols - x
    assert np.allclose((np.abs(away) ** 2).mean(axis=(0, 2, 3)), 1 / wanted, rtol=0.03)
    assert np.abs((away * x.conj()).mean(axis=(0, 2, 3))).max() < 0.02  # unbiased
    # one direction for every layer: SINR_l = h_l^H (N0 I + others)^-1 h_l
    c = h[0, :, :, 0, 0].astype(complex)
    for layer in range(3):
        rest = np.delete(c, layer, axis=1)
        r = n0 * np.eye(4) + rest @ rest.conj().T
        assert wanted[layer] == pytest.approx(float((c[:, layer].conj() @ np.linalg.solve(r, c[:, layer])).real))


@pytest.mark.parametrize("n_layers", range(1, 9))
def test_kernel_against_twin(n_layers):
    if kernel("lmmse_detect") is None:
        pytest.skip("no C++ kernels to compare the twins with")
    rng = np.random.default_rng(n_layers)
    y = normal(rng, 2, 8, 3, 37)
    for h, noise in (
        (normal(rng, 2, 8, n_layers, 3, 37), 0.1),
        (normal(rng, 2, 8, n_layers, 1, 37), rng.random((2, 3, 37)) + 0.01),
        (normal(rng, 2, 8, n_layers, 3, 37), rng.random((1, 3, 1)) + 0.01),
    ):
        fast, slow = det.lmmse(y, h, noise), det.lmmse(y, h, noise, use_kernel=False)
        assert np.abs(fast.symbols - slow.symbols).max() < 2e-4 * np.abs(slow.symbols).max()
        assert np.allclose(fast.noise_variance, slow.noise_variance, rtol=2e-3)


def test_noise_kernel_against_twin():
    rng = np.random.default_rng(4)
    x, h = normal(rng, 2, 3, 4, 45), normal(rng, 2, 2, 3, 4, 45)
    for noise in (0.0, 0.5, [0.1, 2.0]):
        fast, slow = (propagate(x, h, noise, rng=np.random.default_rng(5), use_kernel=k) for k in (True, False))
        assert np.allclose(fast, slow, atol=2e-5)
    assert not np.allclose(propagate(x, h, 0.5, rng=rng), propagate(x, h, 0.5, rng=rng))


def test_philox_against_numpy():
    """NumPy's Philox is the 4x64 one, so the reference is the published vector of 4x32-10 (Random123, kat_vectors)."""
    from silla.physics.radio.link.channels_noise import _philox

    words = _philox(np.array([0], np.uint64), 0)
    assert [int(w[0]) for w in words] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def test_noise_is_circular_and_gaussian():
    from scipy import stats

    noise = gaussian_numpy((1, 2, 20, 1000), 12345).ravel()
    for part in (noise.real, noise.imag, (noise.real + noise.imag) / np.sqrt(2)):
        assert stats.kstest(part * np.sqrt(2), "norm").pvalue > 1e-4
    assert abs(np.corrcoef(noise.real, noise.imag)[0, 1]) < 5 / np.sqrt(len(noise))
    assert abs(np.mean(noise[1:] * noise[:-1].conj())) < 5 / np.sqrt(len(noise))


def test_interference_rejection():
    """With the true covariance, IRC reaches h^H R^-1 h; a receiver that takes all for white noise does not."""
    rng, n = np.random.default_rng(6), 30_000
    h, g = (np.repeat(normal(rng, 1, 4, 1, 1, 1), n, axis=-1) for _ in range(2))
    x, other = (map_symbols(rng.integers(0, 2, (1, 1, 1, 2 * n), dtype=np.uint8), "qpsk") for _ in range(2))
    y = propagate(np.concatenate([x, 2 * other], axis=1), np.concatenate([h, g], axis=2), 0.1, rng=rng)
    c, d = h[0, :, 0, 0, 0].astype(complex), 2 * g[0, :, 0, 0, 0].astype(complex)
    r = 0.1 * np.eye(4) + np.outer(d, d.conj())
    found = det.lmmse_irc(y, h, r[None, None])
    wanted = float((c.conj() @ np.linalg.solve(r, c)).real)
    assert np.allclose(1 / found.noise_variance, wanted, rtol=1e-3)
    assert np.mean(np.abs(found.symbols - x) ** 2) == pytest.approx(1 / wanted, rel=0.05)
    plain = det.lmmse(y, h, 0.1)
    assert np.mean(np.abs(plain.symbols - x) ** 2) > 2 / wanted


def test_capacity_and_the_genie():
    rng = np.random.default_rng(7)
    h = normal(rng, 500, 4, 2).astype(complex)
    # sum over eigenmodes, and the chain rule over layers with LMMSE and cancellation
    modes = np.log2(1 + np.linalg.svd(h, compute_uv=False) ** 2 / 0.3).sum(axis=-1)
    assert np.allclose(det.capacity_bits(h, 0.3), modes)
    chain = np.log2(1 + det.lmmse_sinr(h, 0.3)[:, 0]) + np.log2(1 + det.matched_filter_sinr(h[:, :, 1:], 0.3)[:, 0])
    assert np.allclose(chain, modes)
    assert (det.matched_filter_sinr(h, 0.3) >= det.lmmse_sinr(h, 0.3) - 1e-9).all()
    assert det.capacity_bits(np.ones((1, 1)), 1 / 15.0) == pytest.approx(4.0)


def test_sorted_qr():
    m = np.random.default_rng(8).standard_normal((50, 8, 6))
    q, r, order = sorted_qr(m)
    assert np.allclose(np.take_along_axis(m, order[:, None, :], axis=2), q @ r)
    assert np.allclose(q.swapaxes(1, 2) @ q, np.eye(6), atol=1e-9)
    assert np.allclose(np.tril(r, -1), 0)


@pytest.mark.parametrize(
    "modulation, n_rx, n_layers", [("qpsk", 2, 2), ("qpsk", 4, 4), ("qam16", 3, 2), ("qam64", 2, 1)]
)
def test_whole_tree_is_maximum_likelihood(modulation, n_rx, n_layers):
    n0, q = 0.3, bits_per_symbol(modulation)
    _, y, h = sent(np.random.default_rng(9), modulation, n_rx, n_layers, 60, n0)
    best = maximum_likelihood(y, h, n0, modulation)
    k = 1 << (q * n_layers - q // 2)
    assert np.allclose(k_best(y, h, n0, modulation, k=k, clip=1e4, use_kernel=False), best, atol=1e-3)
    assert np.allclose(k_best(y, h, n0, modulation, k=k, clip=1e4), best, atol=2e-3)


@pytest.mark.parametrize("modulation, n_layers", [("qpsk", 4), ("qam16", 2), ("qam64", 3)])
def test_search_kernel_against_twin(modulation, n_layers):
    if kernel("qam_search") is None:
        pytest.skip("no C++ kernels to compare the twins with")
    _, y, h = sent(np.random.default_rng(10), modulation, 4, n_layers, 150, 0.05)
    noise = np.random.default_rng(11).random((1, 1, 150)) * 0.1 + 0.02
    fast, slow = (k_best(y, h, noise, modulation, k=24, use_kernel=u) for u in (True, False))
    close = np.isclose(fast, slow, atol=2e-3, rtol=1e-3)
    assert close.mean() > 0.995  # a tie that rounding breaks the other way may change a list


def test_maximum_likelihood_of_one_layer_is_the_demappers():
    _, y, h = sent(np.random.default_rng(12), "qam16", 2, 1, 80, 0.1)
    found = det.lmmse(y, h, 0.1)
    for method in ("max-log", "log-map"):
        wanted = demap(found.symbols, found.noise_variance, "qam16", method=method)
        assert np.allclose(maximum_likelihood(y, h, 0.1, "qam16", method=method), wanted, atol=2e-3)


def test_order_of_the_receivers():
    """Bit errors: maximum likelihood <= K-best < expectation propagation < LMMSE < zero forcing, on the same set."""
    n0 = 10**-1.2 * 4
    bits, y, h = sent(np.random.default_rng(13), "qpsk", 4, 4, 6000, n0)

    def errors(llr):
        return int(((llr < 0) != bits).sum())

    ml = errors(maximum_likelihood(y, h, n0, "qpsk"))
    search = errors(k_best(y, h, n0, "qpsk", k=16))
    ep, linear, forced = (
        errors(demap(found.symbols, found.noise_variance, "qpsk"))
        for found in (
            expectation_propagation(y, h, n0, "qpsk"), det.lmmse(y, h, n0), det.zero_forcing(y, h, n0),
        )
    )  # fmt: skip
    assert ml <= search <= 1.02 * ml
    assert ml < ep < 2.5 * ml < 0.6 * linear < linear < forced


def test_expectation_propagation_starts_from_lmmse():
    _, y, h = sent(np.random.default_rng(14), "qam16", 4, 3, 50, 0.2)
    first, linear = expectation_propagation(y, h, 0.2, "qam16", iterations=0), det.lmmse(y, h, 0.2)
    assert np.allclose(first.symbols, linear.symbols, atol=1e-4)
    assert np.allclose(first.noise_variance, linear.noise_variance, rtol=1e-3)
    # a single layer is a scalar Gaussian channel already: nothing to iterate on
    _, y, h = sent(np.random.default_rng(15), "qam16", 2, 1, 50, 0.2)
    assert np.allclose(expectation_propagation(y, h, 0.2, "qam16").symbols, det.lmmse(y, h, 0.2).symbols, atol=1e-4)


@pytest.mark.parametrize("n_layers, modulation", [(1, "qam64"), (2, "qam16"), (3, "qpsk"), (4, "qam256"), (8, "qam16")])
def test_expectation_propagation_kernel_against_twin(n_layers, modulation):
    """Each instruction set; channels and noise of every shape; noise at which symbols are all but decided."""
    silla_kernels = pytest.importorskip("silla_kernels", reason="no C++ kernels to compare the twin with")
    before, rng = silla_kernels.isa(), np.random.default_rng(n_layers)
    cases = [
        (sent(rng, modulation, 8, n_layers, 37, 0.05 * n_layers, batch=2), 0.05 * n_layers),
        (sent(rng, modulation, 8, n_layers, 37, 0.01), rng.random((1, 1, 37)) * 0.02 + 0.002),
        (sent(rng, modulation, 8, n_layers, 5, 1e-4), 1e-4),
    ]
    try:
        for (_, y, h), noise in cases:
            y = np.repeat(y, 3, axis=2)  # a channel that is constant over the symbols
            slow = expectation_propagation(y, h, noise, modulation, use_kernel=False)
            for isa in silla_kernels.supported():
                silla_kernels.set_isa(isa)
                fast = expectation_propagation(y, h, noise, modulation)
                away = np.abs(fast.symbols - slow.symbols) / np.sqrt(slow.noise_variance)
                # a precision of almost 0 that rounding puts on the other side is not taken over, and stays what it was
                assert np.quantile(away, 0.9) < 1e-4 and away.max() < 0.05
                assert np.allclose(fast.noise_variance, slow.noise_variance, rtol=0.02)
    finally:
        silla_kernels.set_isa(before)


def test_expectation_propagation_of_two_layers_finds_the_posterior_means():
    """Oracle: the posterior of every vector of symbols. EP's means come closer to it than those of LMMSE."""
    n0 = 0.4
    _, y, h = sent(np.random.default_rng(21), "qpsk", 2, 2, 4000, n0)
    exact = np.tanh(maximum_likelihood(y, h, n0, "qpsk", method="log-map") / 2)

    def away(found):
        return float(np.abs(np.tanh(demap(found.symbols, found.noise_variance, "qpsk") / 2) - exact).mean())

    ep, linear = expectation_propagation(y, h, n0, "qpsk"), det.lmmse(y, h, n0)
    assert away(ep) < 0.6 * away(linear)


def test_bad_input():
    rng = np.random.default_rng(16)
    y, h = normal(rng, 1, 2, 1, 5), normal(rng, 1, 2, 2, 1, 5)
    with pytest.raises(DomainError, match="3 layers on 2 receive antennas"):
        det.lmmse(y, normal(rng, 1, 2, 3, 1, 5), 0.1)
    with pytest.raises(DomainError, match="at most 8"):
        det.lmmse(normal(rng, 1, 9, 1, 5), normal(rng, 1, 9, 9, 1, 5), 0.1)
    with pytest.raises(DomainError, match="vectors"):
        maximum_likelihood(y, h, 0.1, "qam1024")
    with pytest.raises(DomainError, match="positive definite"):
        det.lmmse_irc(y, h, np.zeros((1, 1, 2, 2)))
    for call in (
        lambda: det.lmmse(y, h[..., :4], 0.1),
        lambda: det.lmmse(y, h, -1.0),
        lambda: det.lmmse(y, h, np.nan),
        lambda: det.lmmse(y, h, np.ones((2, 3, 4))),
        lambda: det.whiten(y, h, np.eye(3)[None, None]),
        lambda: k_best(y, h, 0.1, "qpsk", k=0),
        lambda: k_best(y, h, 0.0, "qpsk"),
        lambda: k_best(y * np.nan, h, 0.1, "qpsk"),
        lambda: k_best(y, h, 0.1, "bpsk"),
        lambda: k_best(y, h, 0.1, "qam32"),
        lambda: maximum_likelihood(y, h, 0.1, "qpsk", method="best"),
        lambda: expectation_propagation(y, h, 0.1, "qpsk", damping=0.0),
        lambda: expectation_propagation(y, h, 0.0, "qpsk"),
        lambda: expectation_propagation(y, h * np.inf, 0.1, "qpsk"),
        lambda: expectation_propagation(y, h, 0.1, "bpsk"),
        lambda: propagate(y, h[..., :4], 0.1, rng=rng),
        lambda: propagate(normal(rng, 1, 2, 1, 5), h, np.nan, rng=rng),
    ):
        with pytest.raises(ArgumentError):
            call()
