"""MIMO detection. Oracles: enumeration of all vectors, the definition |y - H x|^2, kernels beside twins, AWGN's BER."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.qubits.problems import mimo_detectors as det
from silla.physics.qubits.problems.mimo import (
    MODULATIONS,
    Mimo,
    bits_of_levels,
    draw_uses,
    levels_of_bits,
    pam,
    real_channel,
)
from silla.physics.qubits.solvers import Exhaustive


def use(modulation, n=2, m=3, seed=1, snr_db=14.0):
    h, y, levels, noise = draw_uses(stream(seed, "mimo", modulation), 1, m, n, modulation, snr_db)
    return Mimo(h[0], y[0], modulation, noise), levels[0]


def every_level(problem):
    return np.array(list(product(range(len(problem.pam.levels)), repeat=problem.n_real)))


@pytest.mark.parametrize("modulation", MODULATIONS)
def test_amplitudes_are_those_of_the_standard(modulation):
    p = pam(modulation)
    dimensions = 1 if modulation == "bpsk" else 2
    assert dimensions * np.mean(p.levels**2) == pytest.approx(1)
    assert np.allclose(np.diff(p.levels), p.levels[1] - p.levels[0])
    assert (np.abs(np.diff(p.labels, axis=0)).sum(axis=1) == 1).all()  # Gray: neighbours differ in one bit
    levels = np.arange(len(p.levels))[:, None].repeat(2 * dimensions, 1)
    bits = bits_of_levels(p, levels)
    assert (levels_of_bits(p, bits) == levels).all()


def test_bits_of_16qam_by_hand():
    # TS 38.211 clause 5.1.4: (b0, b1, b2, b3) = (0, 1, 1, 0) is (3 - 1j) / sqrt(10)
    p = pam("16qam")
    level = levels_of_bits(p, [0, 1, 1, 0])
    assert p.levels[level] * np.sqrt(10) == pytest.approx([3, -1])


@pytest.mark.parametrize("modulation", MODULATIONS)
def test_every_transform_has_the_metric_as_its_energy(modulation):
    n = 1 if modulation in ("64qam", "256qam") else 2
    problem, _ = use(modulation, n=n)
    plain, gray = problem.plain(), problem.gray()
    spins = np.array(list(product((-1, 1), repeat=problem.n_spins)))
    x = problem.pam.levels[problem.levels_of(spins)]
    full = x[:, :n] + 1j * x[:, n:] if problem.pam.complex_symbols else x
    by_hand = (np.abs(problem.received - full @ problem.channel.T) ** 2).sum(axis=1)
    assert plain.energy(spins) == pytest.approx(by_hand)
    assert problem.metric(problem.levels_of(spins)) == pytest.approx(by_hand)
    assert (problem.spins_of(problem.levels_of(spins)) == spins).all()
    assert gray.energy(spins) == pytest.approx(problem.metric(problem.levels_of_gray(spins)))
    assert gray.degree == {"bpsk": 2, "qpsk": 2, "16qam": 4, "64qam": 6, "256qam": 8}[modulation] or n == 1
    assert len(np.unique(problem.levels_of_gray(spins), axis=0)) == len(spins)
    # spins of the Gray form are the standard's bits, dimension by dimension
    one = problem.pam.labels[problem.levels_of_gray(spins)].reshape(len(spins), -1)
    assert (1 - 2 * one == spins).all()


@pytest.mark.parametrize("modulation", ["qpsk", "16qam", "64qam"])
def test_exact_detectors_agree_with_enumeration(modulation):
    for seed in range(5):
        problem, _ = use(modulation, n=1 if modulation == "64qam" else 2, seed=seed, snr_db=8.0)
        best = problem.metric(every_level(problem)).min()
        h, y = (a[None] for a in problem.real)
        plain = Exhaustive().sample(problem.plain())
        assert plain.best[1] == pytest.approx(best)
        assert problem.metric(problem.levels_of(plain.best[0])) == pytest.approx(best)
        for use_kernel in (True, False):
            found = det.sphere(h, y, problem.pam, use_kernel=use_kernel)
            assert found.metrics[0] == pytest.approx(best) and found.proven[0]
            extended = det.sphere(h, y, problem.pam, noise=problem.noise, use_kernel=use_kernel)
            assert extended.metrics[0] == pytest.approx(best) and (extended.levels == found.levels).all()
            whole = det.k_best(h, y, problem.pam, 4096, use_kernel=use_kernel)
            assert whole.metrics[0, 0] == pytest.approx(best, rel=1e-4)


def test_the_quadratic_form_of_gray_keeps_the_minimum():
    problem, _ = use("16qam", n=1, m=2, snr_db=6.0)
    qubo, decode = problem.gray().quadratised()
    found = Exhaustive().sample(qubo)
    levels = problem.levels_of_gray(2 * decode(found.best[0]) - 1)
    assert found.best[1] == pytest.approx(problem.metric(every_level(problem)).min())
    assert problem.metric(levels) == pytest.approx(found.best[1])


def test_regularisation_pulls_to_the_prior():
    problem, _ = use("16qam")
    spins = np.array(list(product((-1, 1), repeat=problem.n_spins)))
    prior = np.array([0, 3, 1, 2])
    x = problem.pam.levels[problem.levels_of(spins)]
    pull = 0.7 * ((x - problem.pam.levels[prior]) ** 2).sum(axis=1)
    assert problem.regularised(0.7, prior).energy(spins) == pytest.approx(problem.plain().energy(spins) + pull)
    assert problem.regularised(0.0).energy(spins) == pytest.approx(problem.plain().energy(spins))


@pytest.mark.parametrize(("m", "n"), [(4, 4), (6, 4), (3, 4)])
@pytest.mark.parametrize("noise", [0.0, None])
def test_k_best_of_kernel_and_twin_agree(m, n, noise):
    h, y, _, n0 = draw_uses(stream(2, "parity", m), 6, m, n, "16qam", 15.0)
    real_h, real_y = real_channel(h, y, "16qam")
    noise = n0 if noise is None else noise
    a, b = (det.k_best(real_h, real_y, pam("16qam"), 16, noise=noise, use_kernel=k) for k in (True, False))
    assert (a.levels[:, 0] == b.levels[:, 0]).all()
    assert a.metrics == pytest.approx(b.metrics, rel=2e-4)
    if m >= n:
        x = pam("16qam").levels[a.levels]
        direct = ((real_y[:, None] - np.einsum("bmn,bkn->bkm", real_h, x)) ** 2).sum(axis=-1)
        assert a.metrics == pytest.approx(direct, rel=2e-4)
        assert (np.diff(a.metrics, axis=1) >= 0).all()


def test_detectors_without_interference_reach_the_ber_of_awgn():
    """Identity channels, QPSK at 6 dB a branch: BER Q(sqrt(Es/N0)); 5 sigma of the binomial."""
    from scipy.special import erfc

    rng, count, n = stream(3, "awgn"), 2000, 4
    p, noise = pam("qpsk"), 10 ** (-0.6)
    level = rng.integers(0, 2, (count, 2 * n))
    h = np.broadcast_to(np.eye(2 * n), (count, 2 * n, 2 * n))
    y = p.levels[level] + rng.standard_normal(level.shape) * np.sqrt(noise / 2)
    expected = 0.5 * erfc(np.sqrt(1 / noise / 2))
    sigma = np.sqrt(expected / level.size)
    for found in (
        det.mmse(h, y, p, noise).levels,
        det.k_best(h, y, p, 4).levels[:, 0],
        det.sphere(h, y, p).levels,
        det.expectation_propagation(h, y, p, noise)[0].levels,
    ):
        assert abs((found != level).mean() - expected) < 5 * sigma


@pytest.mark.skipif(not kernels.available(), reason="a minute with the NumPy twins")
def test_order_of_detectors():
    """16x16 16-QAM at 20 dB: exact <= K-best-32 <= EP-like methods <= MMSE in symbol errors, on 60 channels."""
    h, y, level, noise = draw_uses(stream(1, "order"), 60, 16, 16, "16qam", 20.0)
    real = real_channel(h, y, "16qam")
    p = pam("16qam")
    exact = det.sphere(*real, p)
    kept = det.k_best(*real, p, 32, noise=noise)
    ep, _ = det.expectation_propagation(*real, p, noise)
    linear = det.mmse(*real, p, noise)
    assert exact.proven.all()
    for other in (kept.metrics[:, 0], ep.metrics, linear.metrics):
        assert (exact.metrics <= other * (1 + 1e-4)).all()
    wrong = [float((lv != level).mean()) for lv in (exact.levels, kept.levels[:, 0], ep.levels, linear.levels)]
    assert wrong[0] <= wrong[1] + 0.002 and wrong[1] <= wrong[3] and wrong[2] <= wrong[3]


def test_llrs_of_a_whole_list_are_max_log():
    problem, _ = use("qpsk", n=2)
    levels = every_level(problem)
    metrics = problem.metric(levels)
    llr = det.list_llr(problem.pam, levels[None], metrics[None], problem.noise, limit=1e9)[0]
    bits = problem.bits(levels)
    for b in range(bits.shape[1]):
        by_hand = (metrics[bits[:, b] == 1].min() - metrics[bits[:, b] == 0].min()) / problem.noise
        assert llr[b] == pytest.approx(by_hand)
    agreed = det.list_llr(problem.pam, levels[None, :1], metrics[None, :1], problem.noise, limit=5.0)[0]
    assert (np.abs(agreed) == 5.0).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: pam("8psk"), "modulation is one of"),
        (lambda: Mimo(np.eye(2), np.zeros(3), "qpsk", 1.0), r"H must be"),
        (lambda: Mimo(np.eye(2) * np.nan, np.zeros(2), "qpsk", 1.0), "finite"),
        (lambda: Mimo(np.eye(2), np.zeros(2), "qpsk", 0.0), "noise variance"),
        (lambda: use("qpsk")[0].regularised(-1.0), "regularisation"),
        (lambda: det.k_best(np.ones((1, 2, 2)), np.ones((1, 2)), pam("qpsk"), 0), "k must be"),
        (lambda: det.k_best(np.ones((2, 2)), np.ones(2), pam("qpsk"), 1), "real"),
        (lambda: draw_uses(stream(1), 0, 1, 1, "qpsk", 1.0), "counts"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ArgumentError, match=says):
        call()
