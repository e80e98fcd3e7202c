"""Analog impairments. Oracles: the published spectra and closed forms, integrated or sampled independently."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, signal

from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.physics.radio.link.impairments import beam_squint, converters, iq_imbalance, phase_noise, power_amplifier

NORMAL = np.random.Generator  # of complex Gaussian signals below


def gaussian(rng: NORMAL, *shape: int) -> np.ndarray:
    return ((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)).astype(np.complex64)


# Phase noise


@pytest.mark.parametrize("name", phase_noise.OSCILLATORS)
def test_phase_noise_spectrum_is_the_formula_term_by_term(name):
    o = phase_noise.OSCILLATORS[name]
    for f in (1e3, 3.3e5, 2e7, 1e9):
        s = 10 ** (o.psd0_db / 10)
        for z, a in zip(o.zeros_hz, o.zero_exponents):
            s *= 1 + (f / z) ** a
        for p, a in zip(o.poles_hz, o.pole_exponents):
            s /= 1 + (f / p) ** a
        expected = 10 * np.log10(s) + 20 * np.log10(300e9 / o.reference_hz)
        assert phase_noise.phase_noise_db(-f, 300e9, name) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["tr38803-70ghz", "r1-163984-a"])
@pytest.mark.parametrize("carrier", [140e9, 300e9])
def test_sampled_phase_noise_has_that_spectrum(name, carrier):
    rate, n = 2e9, 1 << 15
    phase = phase_noise.phase_noise_samples(n, rate, carrier, name, rng=stream(1, "pn"), shape=(60,))
    # Welch with a window that falls fast: the spectrum spans 70 dB. Two-sided density = half the one-sided one.
    f, s = signal.welch(phase, rate, window="blackmanharris", nperseg=1 << 13, axis=-1)
    level = 10 * np.log10(s.mean(axis=0) / 2)
    keep = (f > 5e6) & (f < 0.45 * rate)
    bands = np.array_split(np.flatnonzero(keep), 12)
    for part in bands:  # averaged over lines and records: 60 x 7 x many segments, well below 0.3 dB of spread
        formula = 10 * np.log10(np.mean(10 ** (phase_noise.phase_noise_db(f[part], carrier, name) / 10)))
        measured = 10 * np.log10(np.mean(10 ** (level[part] / 10)))
        assert measured == pytest.approx(formula, abs=0.3)


def test_phase_variance_of_a_lorentzian_tail_is_closed():
    # one pole of exponent 2: 2 int a / (1 + (f/p)^2) df = 2 a p [atan(f/p)]
    o = phase_noise.Oscillator("one", 1e9, -100.0, (), (), (1e6,), (2.0,))
    expected = 2 * 1e-10 * 1e6 * (np.arctan(1e3) - np.arctan(1e-3))
    assert phase_noise.phase_noise_variance(1e3, 1e9, 1e9, o) == pytest.approx(expected, rel=1e-5)


def test_mixing_of_subcarriers_is_what_the_integral_says():
    scs, n_fft, carrier = 15.36e6, 512, 60e9
    rate = scs * n_fft
    common, rest = phase_noise.symbol_phase_error(scs, rate, carrier, "tr38803-70ghz")
    rng = stream(2, "ici")
    phase = phase_noise.phase_noise_samples(16 * n_fft, rate, carrier, "tr38803-70ghz", rng=rng, shape=(64,))
    symbols = np.exp(1j * phase.astype(float)).reshape(64, 16, n_fft)
    mean = symbols.mean(axis=-1)
    assert np.mean(1 - np.abs(mean) ** 2) == pytest.approx(rest, rel=0.05)
    assert common > rest
    orders = np.fft.fft(symbols, axis=-1)[..., [-2, -1, 0, 1, 2]] / n_fft
    _, left = phase_noise.symbol_phase_error(scs, rate, carrier, "tr38803-70ghz", tracked=2)
    assert np.mean(1 - (np.abs(orders) ** 2).sum(axis=-1)) == pytest.approx(left, rel=0.05)
    assert left < rest / 3
    step = np.angle(mean[:, 1:] * mean[:, :-1].conj())
    expected = phase_noise.symbol_phase_step(1 / scs, scs, carrier, "tr38803-70ghz")
    assert np.sqrt(np.mean(step**2)) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("doppler_hz", [0.0, 3e5])
def test_tracker_leaves_what_it_says_and_less_than_the_fourier_sum(doppler_hz):
    """Against sampled oscillators: the error of its phasor over all symbols, without and with noise."""
    scs, n_fft, carrier, u, name = 15.36e6, 512, 142e9, 8, "tr38803-70ghz"
    rate = scs * n_fft
    noise = 1e-4
    _, weights, left = phase_noise.phase_tracker(
        n_fft, scs, carrier, name, u, noise, doppler_hz=doppler_hz, bandwidth_hz=1e15
    )
    rng = stream(8, "tracker")
    both = phase_noise.phase_noise_samples(16 * n_fft, rate, carrier, name, rng=rng, shape=(2, 300)).sum(axis=0)
    shift = rng.uniform(-doppler_hz, doppler_hz, (300, 1)) if doppler_hz else 0.0
    phasor = np.exp(1j * (both + 2 * np.pi * shift * np.arange(16 * n_fft) / rate)).reshape(-1, n_fft)
    z = np.fft.fft(phasor)[:, np.arange(-u, u + 1)] / n_fft
    assert np.mean(np.abs(z @ weights - phasor) ** 2) == pytest.approx(left, rel=0.06)
    fourier = z @ np.exp(2j * np.pi / n_fft * np.arange(-u, u + 1)[:, None] * np.arange(n_fft))
    assert left < 0.8 * np.mean(np.abs(fourier - phasor) ** 2)
    # the weights amplify noise no more than the Fourier sum does
    assert np.mean(np.sum(np.abs(weights) ** 2, axis=0)) <= (2 * u + 1) * 1.05


@pytest.mark.parametrize("noise", [1e-3, 1e-1])
def test_tracker_smooths_the_means_of_symbols(noise):
    """Less error than either the bare means or their average; the correlations against sampled oscillators."""
    scs, n_fft, prefix, carrier, name, m = 120e3, 64, 4, 30e9, "r1-163984-a", 14
    common = phase_noise.phase_tracker(n_fft, scs, carrier, name, 0, noise, n_symbols=m, prefix=prefix).common
    rng = stream(9, "means")
    both = phase_noise.phase_noise_samples(4 * m * (n_fft + prefix), scs * n_fft, carrier, name, rng=rng,
                                           shape=(2, 2000)).sum(axis=0)  # fmt: skip
    turn = np.exp(2j * np.pi * rng.random((len(both), 1)))  # the phase that a receiver does not know
    phasor = (np.exp(1j * both[:, : m * (n_fft + prefix)]) * turn).reshape(-1, m, n_fft + prefix)[..., prefix:]
    mean = phasor.mean(axis=-1)
    seen = mean + np.sqrt(noise / 2) * (rng.standard_normal(mean.shape) + 1j * rng.standard_normal(mean.shape))

    def error(x):
        return np.mean(np.abs(x - mean) ** 2)

    smoothed = error(seen @ common.T)
    assert smoothed < 0.95 * error(seen)
    assert smoothed < error(np.broadcast_to(seen.mean(axis=1, keepdims=True), seen.shape))
    covariance = (mean[:, :, None] * mean[:, None].conj()).mean(axis=0)
    best = np.linalg.solve((covariance + noise * np.eye(m)).T, covariance.T).T
    assert smoothed == pytest.approx(error(seen @ best.T), rel=0.03)


def test_tracker_of_a_still_phase_is_its_mean():
    common, weights, left = phase_noise.phase_tracker(256, 15.36e6, 142e9, None, 3, 1e-6)
    assert np.allclose(common, 1 / 14, atol=1e-5)
    assert np.allclose(weights, (np.arange(-3, 4) == 0)[:, None], atol=1e-5) and left < 1e-9


@pytest.mark.parametrize("bad", [{"n": 0}, {"sample_rate_hz": 0.0}, {"source": "quartz"}, {"carrier_hz": -1.0}])
def test_phase_noise_refuses(bad):
    good = {"n": 8, "sample_rate_hz": 1e9, "carrier_hz": 1e11, "source": "r1-163984-a", "rng": stream(1, "x")}
    with pytest.raises(ArgumentError):
        phase_noise.phase_noise_samples(**(good | bad))


# Amplifiers


@pytest.mark.parametrize("name", power_amplifier.AMPLIFIERS)
def test_amplifier_limits(name):
    model = power_amplifier.AMPLIFIERS[name]
    assert abs(power_amplifier.amplify(1e-6, model)) == pytest.approx(model.gain * 1e-6, rel=1e-5)
    assert abs(power_amplifier.amplify(1e3, model)) == pytest.approx(model.saturation, rel=1e-3)
    knee = model.saturation / model.gain
    expected = model.saturation * 2 ** (-0.5 / model.smoothness)
    assert abs(power_amplifier.amplify(knee, model)) == pytest.approx(expected, rel=1e-12)


def test_amplifier_phase_is_the_formula():
    model = power_amplifier.amplifier("r4-163314")
    for x in (0.05, 0.17, 0.5):
        turn = np.angle(power_amplifier.amplify(x, model), deg=True)
        formula = -345 * x**4 / (1 + (x / 0.17) ** 4)
        assert (turn - formula + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", ["r4-163314", "rapp-2", "ieee-60ghz-cmos"])
def test_gaussian_signal_splits_into_gain_and_distortion(name):
    model = power_amplifier.AMPLIFIERS[name]
    drive = power_amplifier.drive_for_backoff(model, 7.0)
    linear, out, distortion = power_amplifier.bussgang(drive, model)
    assert 10 * np.log10(model.saturation**2 / out) == pytest.approx(7.0, abs=1e-6)
    x = gaussian(stream(3, name), 400_000).astype(complex) * np.sqrt(drive)
    y = power_amplifier.amplify(x, model)
    assert np.vdot(x, y) / np.vdot(x, x).real == pytest.approx(linear, rel=3e-3)
    assert np.mean(np.abs(y - linear * x) ** 2) == pytest.approx(distortion, rel=0.03)
    # adaptive quadrature as a second opinion on the Laguerre sum
    mean = integrate.quad(lambda p: abs(power_amplifier.amplify(np.sqrt(p), model)) ** 2 * np.exp(-p / drive) / drive,
                          0, 40 * drive, limit=200)[0]  # fmt: skip
    assert out == pytest.approx(mean, rel=1e-4)


def test_table_of_the_amplifier_is_the_amplifier():
    model = power_amplifier.amplifier("r4-163314")
    x = gaussian(stream(4, "pa"), 100_000)
    drive = power_amplifier.drive_for_backoff(model, 8.0)
    linear, _, distortion = power_amplifier.bussgang(drive, model)
    exact = power_amplifier.amplify(x * np.sqrt(drive), model) / (linear * np.sqrt(drive))
    fast = power_amplifier.amplify_normalised(x, model, 8.0)
    error = np.mean(np.abs(fast - exact) ** 2)
    assert error < 1e-6
    assert error < 1e-3 * distortion / (abs(linear) ** 2 * drive)


def test_backoff_is_refused_where_it_cannot_be():
    with pytest.raises(DomainError, match="back-off"):
        power_amplifier.drive_for_backoff(power_amplifier.amplifier("rapp-2"), 0.0)
    with pytest.raises(ArgumentError, match="known"):
        power_amplifier.amplifier("valve")


# Converters


@pytest.mark.parametrize(
    ("bits", "step", "error"), [(1, 1.596, 0.3634), (2, 0.9957, 0.1188), (3, 0.5860, 0.03744), (4, 0.3352, 0.01154),
                                (5, 0.1881, 0.003495)],
)  # fmt: skip
def test_quantiser_against_max_1960(bits, step, error):
    assert converters.optimal_step(bits) == pytest.approx(step, abs=6e-5 if bits > 1 else 6e-4)
    assert 10 ** (-converters.quantiser_sqnr_db(bits) / 10) == pytest.approx(error, rel=2e-3)


@pytest.mark.parametrize("bits", [1, 4, 7, 9])
def test_quantised_signal_has_that_noise(bits):
    x = gaussian(stream(5, "q"), 2_000_000)
    y = converters.quantise(x, bits, np.sqrt(0.5))
    noise = np.mean(
        np.abs(y - x).astype(float) ** 2
    )  # clipping is rare and large: 0.08 dB is four deviations at 9 bits
    assert -10 * np.log10(noise) == pytest.approx(converters.quantiser_sqnr_db(bits), abs=0.08)
    assert len(np.unique(y.real)) <= 2**bits


def test_jitter_of_a_tone_and_of_a_band():
    rng, n, sigma = stream(6, "jitter"), 1 << 16, 1e-12
    t, f = np.arange(n) / 16e9, 16e9 * 4097 / (1 << 16)
    tone = np.exp(2j * np.pi * f * t)
    late = converters.jittered(tone, 2j * np.pi * f * tone, sigma, rng)
    assert -10 * np.log10(np.mean(np.abs(late - tone) ** 2)) == pytest.approx(
        float(converters.jitter_snr_db(f, sigma)), abs=0.1
    )
    exact = np.exp(2j * np.pi * f * (t + stream(6, "jitter").standard_normal(n, np.float32) * sigma))
    assert np.mean(np.abs(exact - late) ** 2) < 1e-3 * np.mean(np.abs(late - tone) ** 2)
    frequency = np.fft.fftfreq(n, 1 / 8e9)
    band = gaussian(rng, n)
    x, slope = np.fft.ifft(band, norm="ortho"), np.fft.ifft(2j * np.pi * frequency * band, norm="ortho")
    noise = np.mean(np.abs(converters.jittered(x, slope, sigma, rng) - x) ** 2)
    assert -10 * np.log10(noise) == pytest.approx(converters.jittered_band_snr_db(8e9, sigma), abs=0.1)


def test_converter_power_forms_agree():
    # an ideal converter of b bits: SNDR = 6.02 b + 1.76; both figures of merit give the same power for one of them
    bits, rate = 6.0, 10e9
    power = converters.walden_power_w(bits, rate, 50e-15)
    assert power == pytest.approx(50e-15 * 64 * 10e9)
    sndr = 6.02 * bits + 1.76
    fom = sndr + 10 * np.log10(rate / 2 / power)
    assert converters.schreier_power_w(sndr, rate, fom) == pytest.approx(power)


@pytest.mark.parametrize("bits", [0, 17, 2.5])
def test_converter_refuses(bits):
    with pytest.raises(ArgumentError, match="bits"):
        converters.quantise(np.ones(4), bits, 1.0)


# IQ imbalance


@pytest.mark.parametrize(("gain", "phase"), [(0.5, 2.0), (1.0, 0.0), (0.0, 5.0), (-0.3, -1.0)])
def test_image_of_a_tone(gain, phase):
    k1, k2 = iq_imbalance.imbalance(gain, phase)
    tone = np.exp(2j * np.pi * 5 * np.arange(64) / 64)
    spectrum = np.fft.fft(iq_imbalance.imbalanced(tone, k1, k2))
    ratio = 20 * np.log10(abs(spectrum[5]) / abs(spectrum[-5]))
    assert ratio == pytest.approx(iq_imbalance.image_rejection_db(gain, phase), abs=1e-4)


def test_imbalance_of_a_rejection_and_its_removal():
    k1, k2 = iq_imbalance.imbalance_for_rejection(25.0)
    assert 20 * np.log10(abs(k1) / abs(k2)) == pytest.approx(25.0)
    x = gaussian(stream(7, "iq"), 4, 30_000)
    y = iq_imbalance.imbalanced(x, k1, k2)
    z = iq_imbalance.circularity_restored(y)

    def image(signal):  # what of conj(x) is in it, x being there too
        basis = [np.stack([row, row.conj()], axis=1) for row in x.astype(complex)]
        fit = np.array([np.linalg.lstsq(b, s, rcond=None)[0] for b, s in zip(basis, signal)])
        return np.mean(np.abs(fit[:, 1]) ** 2) / np.mean(np.abs(fit[:, 0]) ** 2)

    assert 10 * np.log10(image(y)) == pytest.approx(-25.0, abs=0.2)
    assert image(z) < 3e-4 and image(z) < image(y) / 10  # about 1 / (4 n) is left


# Squint


@pytest.mark.parametrize("angle", [0.0, 20.0, -60.0])
def test_squint_is_the_sum_over_elements(angle):
    f, fc, n = np.linspace(126e9, 158e9, 9), 142e9, 16
    place = np.arange(n) - (n - 1) / 2
    held = -np.pi * place * np.sin(np.radians(angle))
    path = np.pi * place * f[:, None] / fc * np.sin(np.radians(angle))
    summed = np.exp(1j * (path + held)).mean(axis=1)
    assert np.allclose(beam_squint.squint_gain(f, fc, n, angle), summed, atol=1e-12)
    assert np.all(beam_squint.squint_gain(f, fc, n, angle, true_time_delay=True) == 1.0)


def test_beam_points_where_the_phases_add_up():
    direction = float(beam_squint.beam_direction_deg(150e9, 140e9, 30.0))
    assert 150 * np.sin(np.radians(direction)) == pytest.approx(140 * 0.5)
