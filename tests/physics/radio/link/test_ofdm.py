"""Oracles: sample counts of TS 38.211 clause 5.3.1, the definition of the transform, an inverse, py3gpp."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.physics.radio.link import ofdm
from silla.physics.radio.link.ofdm import Numerology, demodulate, modulate, transform_deprecode, transform_precode

MUS = [(mu, False) for mu in range(7)] + [(2, True)]


def grid(rng, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


@pytest.mark.parametrize("mu, extended", MUS)
def test_samples_fill_the_subframe(mu, extended):
    n = Numerology(mu, 20, extended)
    total = sum(n.slot_samples(slot) for slot in range(n.slots_per_subframe))
    assert total == round(n.sample_rate_hz * 1e-3)


@pytest.mark.parametrize("mu, extended", MUS)
def test_prefixes_in_units_of_the_standard(mu, extended):
    n = Numerology(mu, 1, extended, n_fft=4096)
    for slot in range(n.slots_per_subframe):
        for i, samples in enumerate(n.cyclic_prefixes(slot).tolist()):
            late = (slot * n.n_symbols + i) % (7 * 2**mu) == 0
            # N_CP in units of kappa = 64 T_c; N_u = 2048 kappa 2^-mu is n_fft samples
            wanted = 512 * 2.0**-mu if extended else 144 * 2.0**-mu + 16 * late
            assert samples == wanted / (2048 * 2.0**-mu) * 4096


@pytest.mark.parametrize("mu, extended", MUS)
def test_demodulation_inverts_modulation(mu, extended):
    rng = np.random.default_rng(mu)
    n = Numerology(mu, 11, extended)
    x = grid(rng, 2, 3, n.n_symbols, n.n_subcarriers)
    for slot in (0, n.slots_per_subframe - 1):
        samples = modulate(x, n, slot=slot)
        assert samples.shape == (2, 3, n.slot_samples(slot))
        assert np.allclose(demodulate(samples, n, slot=slot), x, atol=2e-5)
        assert np.allclose(demodulate(samples, n, slot=slot, early=3), x, atol=2e-5)


def test_a_sample_is_the_sum_of_its_subcarriers():
    n = Numerology(1, 3)
    x = grid(np.random.default_rng(0), 14, 36)
    samples, start = modulate(x, n), int(n.symbol_starts()[4])
    for m in (-n.cyclic_prefixes()[4], 0, 17):
        t = m / n.sample_rate_hz
        wanted = (x[4] * np.exp(2j * np.pi * n.subcarrier_hz() * t)).sum() / np.sqrt(n.size)
        assert abs(samples[start + m] - wanted) < 1e-5


def test_window_keeps_the_useful_part_and_narrows_the_spectrum():
    n = Numerology(0, 6, n_fft=512)
    x = grid(np.random.default_rng(1), 14, 72)
    plain, soft = modulate(x, n), modulate(x, n, window=20)
    assert len(soft) == len(plain) + 20
    assert np.allclose(demodulate(soft, n), x, atol=1e-4)
    far = [np.abs(np.fft.fft(w[: len(plain)]))[len(plain) // 2 - 400 : len(plain) // 2 + 400] for w in (plain, soft)]
    assert (far[1] ** 2).sum() < 0.05 * (far[0] ** 2).sum()


def test_against_py3gpp():
    py3gpp = pytest.importorskip("py3gpp")
    n = Numerology(1, 24)
    carrier = py3gpp.nrCarrierConfig(NSizeGrid=24, SubcarrierSpacing=30)
    x = grid(np.random.default_rng(2), 14, 288)
    theirs, _ = py3gpp.nrOFDMModulate(carrier, x.T.copy(), scs=30)
    theirs = np.asarray(theirs).ravel()
    ours = modulate(x, n)
    assert len(theirs) == len(ours)
    assert abs(np.vdot(theirs, ours)) / (np.linalg.norm(theirs) * np.linalg.norm(ours)) > 0.99999


def test_transform_precoding():
    x = grid(np.random.default_rng(3), 2, 180)
    assert np.allclose(transform_deprecode(transform_precode(x)), x, atol=1e-5)
    k, i = np.arange(180)[:, None], np.arange(180)
    assert np.allclose(transform_precode(x), x @ np.exp(-2j * np.pi * k * i / 180).T / np.sqrt(180), atol=1e-4)
    with pytest.raises(DomainError, match="2\\^a 3\\^b 5\\^c"):
        transform_precode(np.ones(12 * 7))
    with pytest.raises(DomainError):
        transform_precode(np.ones(13))


@pytest.mark.parametrize("arguments", [(7, 10), (-1, 10), (1, 0), (1, 276), (1, 10, True), (1, 10, False, 100)])
def test_bad_numerologies(arguments):
    with pytest.raises(ArgumentError):
        Numerology(*arguments)


def test_bad_grids():
    n = Numerology(1, 2)
    for call in (
        lambda: modulate(np.ones((14, 23)), n),
        lambda: modulate(np.ones((15, 24)), n),
        lambda: modulate(np.ones((14, 24)), n, window=1000),
        lambda: demodulate(np.ones(100), n),
        lambda: demodulate(np.ones(5000), n, early=500),
    ):
        with pytest.raises(ArgumentError):
            call()


@pytest.mark.parametrize(("mu", "slot", "carrier_hz"), [(0, 0, 3.5e9 + 7e3), (1, 1, 28e9 + 123.0), (3, 5, 147.3e9)])
def test_compensated_symbols_start_at_phase_zero_of_a_mixer_that_runs_through(mu, slot, carrier_hz):
    """TS 38.211 clause 5.4 written out: of each symbol, mixed up by exp(2 pi j f0 t), the phase at its first useful
    sample is that of the baseband symbol alone."""
    n = Numerology(mu, 4)
    x = grid(np.random.default_rng(3), n.n_symbols, n.n_subcarriers)
    plain, samples = modulate(x, n, slot=slot), modulate(x, n, slot=slot, carrier_hz=carrier_hz)
    before = sum(n.slot_samples(s) for s in range(slot))
    for start in n.symbol_starts(slot).tolist():
        turns = carrier_hz * (before + start) / n.sample_rate_hz
        mixed = samples[start].astype(complex) * np.exp(2j * np.pi * (turns % 1.0))
        assert mixed == pytest.approx(plain[start].astype(complex), abs=2e-4)
    assert np.allclose(demodulate(samples, n, slot=slot, carrier_hz=carrier_hz, early=3), x, atol=2e-5)
    assert not np.allclose(demodulate(samples, n, slot=slot), x, atol=0.1)


def test_windowed_symbols_are_compensated_alike():
    n = Numerology(1, 4)
    x = grid(np.random.default_rng(4), 14, 48)
    turned = modulate(x * ofdm.phase_compensation(n, 3.61e9)[:, None], n, window=8)
    assert np.allclose(modulate(x, n, window=8, carrier_hz=3.61e9), turned, atol=1e-6)


@pytest.mark.parametrize(
    ("n_fft", "k"), [(64, 48), (128, 127), (256, 12), (1024, 504), (2048, 2048), (4096, 3276), (384, 300)]
)
def test_transforms_are_the_sums(n_fft, k):
    """Against the double-precision FFT; powers of two by the kernel of every instruction set, others by the twin."""
    rng = stream(5, "transform", str(n_fft))
    grid = rng.standard_normal((2, 3, k)) + 1j * rng.standard_normal((2, 3, k))
    bins = (np.arange(k) - k // 2) % n_fft
    spectrum = np.zeros((2, 3, n_fft), complex)
    spectrum[..., bins] = grid
    expected = 1.5 * np.fft.ifft(spectrum, norm="ortho")
    for _ in each_isa():
        samples = ofdm.to_samples(grid, n_fft, 1.5)
        assert samples.dtype == np.complex64 and np.allclose(samples, expected, atol=4e-6)
        assert np.allclose(ofdm.to_subcarriers(expected, k, 1 / 1.5), grid, atol=4e-6)
        noise = rng.standard_normal((5, n_fft)) + 0j
        assert np.allclose(ofdm.to_subcarriers(noise, k), np.fft.fft(noise, norm="ortho")[:, bins], atol=4e-6)


def each_isa():
    """Once for each instruction set, and once for the twins."""
    original = ofdm.kernel
    try:
        if kernels.available():
            import silla_kernels

            before = silla_kernels.isa()
            try:
                for name in silla_kernels.supported():
                    silla_kernels.set_isa(name)
                    yield name
            finally:
                silla_kernels.set_isa(before)
        ofdm.kernel = lambda name: None
        yield "numpy"
    finally:
        ofdm.kernel = original


def test_transforms_refuse():
    with pytest.raises(ArgumentError, match="subcarriers"):
        ofdm.to_samples(np.zeros(100), 64)
    with pytest.raises(ArgumentError, match="subcarriers"):
        ofdm.to_subcarriers(np.zeros(64), 0)
