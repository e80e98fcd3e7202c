"""Oracles: the estimators' error variance in closed form against simulation, the Wiener filter written out in full."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.physics.radio.link import estimation as est
from silla.physics.radio.link.channels import slot_response
from silla.physics.radio.link.channels_noise import propagate
from silla.physics.radio.link.channels_tdl import draw_tdl, tdl_power
from silla.physics.radio.link.ofdm import Numerology

N = Numerology(1, 12)
PROFILE = tdl_power("B", 100e-9)


def pilots(n_ports=1, symbols=(2, 11), cdm=(1, 1), numerology=N):
    """A comb of every second subcarrier for two ports, with codes as DM-RS type 1 has them; QPSK values of power 1."""
    rng, half = np.random.default_rng(0), numerology.n_subcarriers // 2
    base = np.exp(2j * np.pi * (rng.integers(0, 4, (len(symbols), half)) / 4 + 0.125))
    values = np.zeros((n_ports, len(symbols), numerology.n_subcarriers), complex)
    for port in range(n_ports):
        along = np.where(np.arange(half) % 2 & (port & 1), -1, 1)
        across = np.where(np.arange(len(symbols)) % 2 & (port >> 2), -1, 1)
        values[port, :, (port >> 1) % 2 :: 2] = base * along * across[:, None]
    return est.Pilots(np.array(symbols), values, *cdm)


def errors(estimators, p, noise, doppler, drops=25, batch=8, n_rx=2, numerology=N):
    """Mean square error [n_estimators, n_ports, n_symbols] of each estimator on the same channels."""
    rng, total = np.random.default_rng(1), 0.0
    sent = np.zeros((batch, p.n_ports, 14, numerology.n_subcarriers), complex)
    sent[:, :, p.symbols] = p.values
    for _ in range(drops):
        channel = draw_tdl("B", rng=rng, batch=batch, n_rx=n_rx, n_tx=p.n_ports, delay_spread_s=100e-9,
                           doppler_hz=doppler)  # fmt: skip
        h = slot_response(channel, numerology)
        y = propagate(sent, h, noise, rng=rng)
        total = total + np.array([(np.abs(e(y).response - h) ** 2).mean(axis=(0, 1, 4)) for e in estimators])
    return total / drops


@pytest.mark.parametrize("n_ports, cdm", [(1, (1, 1)), (2, (2, 1)), (4, (2, 1))])
def test_error_variance_is_what_comes_out(n_ports, cdm):
    noise, fd, p = 0.05, 300.0, pilots(n_ports, cdm=cdm)
    made = [
        est.linear_estimator(p, N, noise, *PROFILE, fd),
        est.lmmse_estimator(p, N, noise, *PROFILE, fd),
        est.lmmse_estimator(p, N, noise, *PROFILE, fd, block=36, margin=24),
    ]
    found = errors(made, p, noise, fd)
    for e, row in zip(made, found):
        assert np.allclose(row, e.error_variance.mean(axis=-1), rtol=0.15)
    linear, whole, blocks = found.mean(axis=(1, 2))
    assert whole < blocks < 1.4 * whole < linear


def test_lmmse_is_the_wiener_filter():
    """Both axes at once, against (R_hp)(R_pp + s I)^-1 written out over all pilots."""
    noise, fd, n = 0.1, 500.0, Numerology(1, 4)
    p = pilots(symbols=(2, 7, 11), numerology=n)
    made = est.lmmse_estimator(p, n, noise, *PROFILE, fd)
    times, f = n.symbol_times_s(), n.subcarrier_hz()
    comb = np.flatnonzero(p.values[0, 0])
    pt, pf = np.repeat(times[p.symbols], len(comb)), np.tile(f[comb], 3)
    t, k = np.repeat(times, len(f)), np.tile(f, 14)

    def correlation(t1, f1, t2, f2):
        time = est.time_correlation(t1[:, None] - t2, fd)
        return time * est.frequency_correlation(f1[:, None] - f2, *PROFILE)

    crossed = correlation(t, k, pt, pf)
    filter_ = crossed @ np.linalg.inv(correlation(pt, pf, pt, pf) + noise * np.eye(len(pt)))
    rng = np.random.default_rng(2)
    ls = (rng.standard_normal((1, 1, 1, 3, len(comb))) + 1j * rng.standard_normal((1, 1, 1, 3, len(comb)))).astype("c8")
    wanted = (filter_ @ ls.reshape(-1)).reshape(14, -1)
    assert np.allclose(made.interpolate(ls)[0, 0, 0], wanted, atol=2e-4)
    left = 1 - np.einsum("ij,ij->i", filter_, crossed.conj()).real
    assert np.allclose(made.error_variance[0].ravel(), left, atol=1e-5)


def test_without_noise_and_motion_the_pilots_tell_all():
    p = pilots(symbols=(2,))
    made = est.lmmse_estimator(p, N, 1e-7, *PROFILE)
    assert made.error_variance.shape == (1, 1, N.n_subcarriers)
    assert made.error_variance.max() < 1e-5
    assert errors([made], p, 1e-7, 0.0, drops=3).max() < 1e-4


def test_ports_of_a_double_symbol():
    """Eight ports on two adjacent symbols part by their codes in frequency and time."""
    p = pilots(8, symbols=(2, 3), cdm=(2, 2))
    assert p.times().tolist() == [[2, 3]]
    noise = 0.02
    made = est.lmmse_estimator(p, N, noise, *PROFILE, 20.0)
    found = errors([made], p, noise, 20.0, drops=12, batch=4)[0]
    assert np.allclose(found[:, :6], made.error_variance.mean(axis=-1)[:, :6], rtol=0.25)


def test_linear_interpolation_of_a_ramp():
    p = pilots(symbols=(2, 11))
    ramp = np.arange(14)[:, None] * 0.1 + np.arange(N.n_subcarriers) * 0.01j
    y = np.zeros((1, 1, 14, N.n_subcarriers), complex)
    y[0, 0, p.symbols] = ramp[p.symbols] * p.values[0]
    got = est.linear_estimator(p, N, 0.1)(y).response[0, 0, 0]
    times = N.symbol_times_s()
    wanted = np.interp(times, times[[2, 11]], [0.2, 1.1])[:, None] + np.minimum(np.arange(144), 142) * 0.01j
    assert np.allclose(got, wanted, atol=1e-5)


def test_residuals_show_the_interference():
    rng, p = np.random.default_rng(3), pilots(symbols=(2, 11), numerology=Numerology(1, 50))
    n = Numerology(1, 50)
    h = np.ones((1, 3, 1, 1, n.n_subcarriers), complex)
    d = np.array([1.0, 0.5j, -0.7])
    other = np.sqrt(0.5) * (rng.standard_normal((1, 1, 14, 600)) + 1j * rng.standard_normal((1, 1, 14, 600)))
    sent = np.zeros((1, 1, 14, 600), complex)
    sent[:, :, p.symbols] = p.values
    y = propagate(
        np.concatenate([sent, other], axis=1),
        np.concatenate([h, np.broadcast_to(d[:, None, None, None], (1, 3, 1, 1, 600))], axis=2), 0.1, rng=rng,
    )  # fmt: skip
    wanted = 0.1 * np.eye(3) + np.outer(d, d.conj())
    true = est.Estimate(h.astype(np.complex64), np.zeros((1, 1, 600), np.float32))
    found = est.residual_covariance(y, true, p, bundle=None)[0, 0]
    assert np.abs(found - wanted).max() < 6 * 1.8 / np.sqrt(600)
    estimated = est.lmmse_estimator(p, n, 0.1 + 0.6, [0.0], [1.0])(y)
    assert np.abs(est.residual_covariance(y, estimated, p)[0, 0] - wanted).max() < 0.5
    assert est.residual_covariance(y, true, p, bundle=96).shape == (1, 7, 3, 3)


def test_bad_input():
    values = np.ones((1, 1, N.n_subcarriers))
    p = pilots()
    for call in (
        lambda: est.Pilots(np.array([2, 3]), values),
        lambda: est.Pilots(np.array([2, 1]), np.ones((1, 2, 144))),
        lambda: est.Pilots(np.array([2]), np.zeros((1, 1, 144))),
        lambda: est.Pilots(np.array([2]), np.arange(144.0)[None, None]),
        lambda: est.Pilots(np.array([2]), values, cdm_frequency=5),
        lambda: est.lmmse_estimator(p, N, 0.0, *PROFILE),
        lambda: est.lmmse_estimator(p, N, 0.1, [0.0, 1e-7], [1.0]),
        lambda: est.lmmse_estimator(p, Numerology(1, 11), 0.1, *PROFILE),
        lambda: est.lmmse_estimator(p, N, 0.1, *PROFILE)(np.ones((1, 1, 14, 100))),
        lambda: est.residual_covariance(
            np.ones((1, 1, 14, 144)), est.lmmse_estimator(p, N, 0.1, *PROFILE)(np.ones((1, 1, 14, 144))), p, bundle=0
        ),
    ):
        with pytest.raises(ArgumentError):
            call()
