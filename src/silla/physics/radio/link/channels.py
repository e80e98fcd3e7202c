"""Multipath channels as sums of rays, applied to samples in time or to a resource grid in frequency.

A `PathChannel` holds paths, each the sum of rays of one delay: h(t, tau) = sum_p a_p(t) delta(tau - tau_p) with
a_p(t) = sum_r g_pr exp(2 pi j f_pr t). Tapped and clustered delay lines, flat fading and ray-traced paths all take this
form, so there is one way to apply them in time and one in frequency, and the two agree.
Read this module first, then channels_tdl.py.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.physics.radio.link.ofdm import Numerology

__all__ = [
    "PathChannel", "apply_frequency", "apply_time", "awgn", "check_numerology", "delay_power_profile",
    "frequency_response", "path_gains", "rms_delay_spread", "slot_response",
]  # fmt: skip

_C64 = NDArray[np.complex64]
MAX_DOPPLER = 0.1  # of the subcarrier spacing: intercarrier interference at -18 dB for Clarke's spectrum
MAX_OUTSIDE_PREFIX = 0.01  # share of the power that may arrive after the cyclic prefix


@dataclass(frozen=True, eq=False)
class PathChannel:
    """Paths between two arrays.

    gain : complex [batch, n_rx, n_tx, n_paths, n_rays] at time 0. delay_s : [n_paths] for all, or [batch, n_paths].
    doppler_hz : [batch or 1, n_paths, n_rays], the frequency shift of each ray.
    """

    gain: _C64
    delay_s: NDArray[np.float64]
    doppler_hz: NDArray[np.float64]

    def __post_init__(self) -> None:
        gain = np.ascontiguousarray(self.gain, np.complex64)
        delay, doppler = np.asarray(self.delay_s, float), np.asarray(self.doppler_hz, float)
        if gain.ndim != 5 or 0 in gain.shape:
            raise ArgumentError(f"gain has the shape {gain.shape}; expected [batch, n_rx, n_tx, n_paths, n_rays]")
        n_batch, _, _, n_paths, n_rays = gain.shape
        if delay.shape not in ((n_paths,), (n_batch, n_paths)):
            raise ArgumentError(f"delay_s has the shape {delay.shape}; expected {(n_paths,)} or {(n_batch, n_paths)}")
        if doppler.shape not in ((n_batch, n_paths, n_rays), (1, n_paths, n_rays)):
            raise ArgumentError(f"doppler_hz has the shape {doppler.shape}; expected {(n_batch, n_paths, n_rays)}")
        if not (np.isfinite(gain.view(np.float32)).all() and np.isfinite(delay).all() and np.isfinite(doppler).all()):
            raise ArgumentError("gains, delays and Doppler shifts of paths must be finite")
        if delay.min() < 0:
            raise ArgumentError(f"a path has a delay of {delay.min():g} s; delays start at 0")
        for name, value in (("gain", gain), ("delay_s", delay), ("doppler_hz", doppler)):
            object.__setattr__(self, name, value)

    @property
    def n_batch(self) -> int:
        return self.gain.shape[0]

    @property
    def n_rx(self) -> int:
        return self.gain.shape[1]

    @property
    def n_tx(self) -> int:
        return self.gain.shape[2]


def path_gains(channel: PathChannel, time_s: ArrayLike) -> _C64:
    """a_p(t): complex64 [batch, n_rx, n_tx, n_paths, n_times] at the times [n_times]."""
    t = np.atleast_1d(np.asarray(time_s, float))
    n_batch, n_rx, n_tx, n_paths, n_rays = channel.gain.shape
    gain = channel.gain.transpose(0, 3, 1, 2, 4).reshape(n_batch, n_paths, n_rx * n_tx, n_rays)
    turns = channel.doppler_hz[..., None] * t
    turns -= np.rint(turns)  # so that single precision suffices
    wave = np.exp((2j * np.pi) * turns.astype(np.float32))
    out = np.matmul(gain, wave.astype(np.complex64, copy=False))  # [batch, n_paths, antennas, n_times]
    return out.reshape(n_batch, n_paths, n_rx, n_tx, len(t)).transpose(0, 2, 3, 1, 4)


@functools.lru_cache(maxsize=16)
def _phasors(delays: bytes, start_hz: float, step_hz: float, n: int) -> _C64:
    """exp(-2 pi j f tau): [n_paths, n] on an even grid of frequencies."""
    turns = np.frombuffer(delays)[:, None] * (start_hz + step_hz * np.arange(n))
    out = np.exp(-2j * np.pi * (turns - np.rint(turns))).astype(np.complex64)
    out.setflags(write=False)
    return out


def _delay_phasors(delay_s: np.ndarray, frequency_hz: np.ndarray) -> _C64:
    n = len(frequency_hz)
    step = (frequency_hz[-1] - frequency_hz[0]) / max(n - 1, 1)
    even = n > 1 and np.allclose(np.diff(frequency_hz), step, rtol=1e-9, atol=0.0)
    if delay_s.ndim == 1 and even:
        return _phasors(np.ascontiguousarray(delay_s).tobytes(), float(frequency_hz[0]), float(step), n)
    turns = delay_s[..., None] * frequency_hz
    return np.exp(-2j * np.pi * (turns - np.rint(turns))).astype(np.complex64)


def frequency_response(channel: PathChannel, time_s: ArrayLike, frequency_hz: ArrayLike) -> _C64:
    """H(t, f) = sum_p a_p(t) exp(-2 pi j f tau_p): complex64 [batch, n_rx, n_tx, n_times, n_frequencies].

    frequency_hz : [n_frequencies] from the carrier (baseband). Within an OFDM symbol the channel is taken as constant.

    >>> two = PathChannel(np.ones((1, 1, 1, 2, 1)), [0.0, 1e-6], np.zeros((1, 2, 1)))
    >>> np.abs(frequency_response(two, [0.0], [0.0, 5e5])).round(3).ravel().tolist()
    [2.0, 0.0]
    """
    gains = path_gains(channel, time_s)
    n_batch, n_rx, n_tx, n_paths, n_times = gains.shape
    rows = np.ascontiguousarray(gains.transpose(0, 1, 2, 4, 3)).reshape(n_batch, -1, n_paths)
    phasors = _delay_phasors(channel.delay_s, np.asarray(frequency_hz, float))
    if phasors.ndim == 2:
        out = rows.reshape(-1, n_paths) @ phasors
    else:
        out = np.matmul(rows, phasors)
    return out.reshape(n_batch, n_rx, n_tx, n_times, -1)


def slot_response(channel: PathChannel, numerology: Numerology, *, slot: int = 0, start_s: float = 0.0) -> _C64:
    """H on the grid of one slot, [batch, n_rx, n_tx, n_symbols, n_subcarriers], taken in the middle of each symbol.

    slot : which one of the subframe (its cyclic prefixes). start_s : when it starts.
    Raises DomainError where `check_numerology` does.
    """
    check_numerology(channel, numerology)
    return frequency_response(channel, start_s + numerology.symbol_times_s(slot), numerology.subcarrier_hz())


def check_numerology(channel: PathChannel, numerology: Numerology) -> None:
    """Nothing, or DomainError: the channel's Doppler or its delays are beyond what this numerology can carry.

    A Doppler shift f leaves intercarrier interference of about (pi f / scs)^2 / 6 for Clarke's spectrum; a one-tap
    channel per subcarrier is refused above f = 0.1 scs. So is more than 1 % of the power after the cyclic prefix.
    """
    fastest, scs = float(np.abs(channel.doppler_hz).max()), numerology.scs_hz
    if fastest > MAX_DOPPLER * scs:
        share = (np.pi * fastest / scs) ** 2 / 6.0
        raise DomainError(
            f"a Doppler shift of {fastest:.4g} Hz is {fastest / scs:.3f} of the subcarrier spacing {scs / 1e3:g} kHz: "
            f"intercarrier interference near {10 * np.log10(share):.1f} dB would not be modelled; allowed: "
            f"{MAX_DOPPLER * scs:.4g} Hz. Use a larger numerology mu, a lower speed or carrier, or apply_time()"
        )
    prefix_s = int(numerology.cyclic_prefixes(0).min()) / numerology.sample_rate_hz
    if float(channel.delay_s.max()) <= prefix_s:
        return
    power = (np.abs(channel.gain) ** 2).sum(axis=(1, 2, 4))
    outside = np.where(channel.delay_s > prefix_s, power, 0.0).sum() / max(float(power.sum()), 1e-30)
    if outside > MAX_OUTSIDE_PREFIX:
        raise DomainError(
            f"{100 * outside:.1f} % of the channel's power arrives after the cyclic prefix of {prefix_s * 1e6:.2f} us "
            f"(longest delay {channel.delay_s.max() * 1e6:.2f} us): intersymbol interference would not be modelled. "
            "Use a smaller numerology mu or delay spread, the extended prefix, or apply_time()"
        )


def apply_frequency(grid: np.ndarray, response: np.ndarray) -> _C64:
    """y = H x on every resource element: [batch, n_rx, n_symbols, n_subcarriers].

    grid : [batch, n_tx, n_symbols, n_subcarriers]; response : [batch, n_rx, n_tx, n_symbols (or 1), n_subcarriers].
    """
    grid, response = np.asarray(grid), np.asarray(response)
    if response.ndim != 5 or grid.ndim != 4 or response.shape[2] != grid.shape[1]:
        raise ArgumentError(f"a grid of shape {grid.shape} does not fit a response of shape {response.shape}")
    out = response[:, :, 0] * grid[:, None, 0]
    for port in range(1, grid.shape[1]):
        out += response[:, :, port] * grid[:, None, port]
    return out.astype(np.complex64, copy=False)


def awgn(y: np.ndarray, noise_variance: ArrayLike, rng: np.random.Generator) -> _C64:
    """y plus circular complex Gaussian noise of the variance (per complex sample, broadcast to y's shape)."""
    variance = np.asarray(noise_variance, float)
    if not np.isfinite(variance).all() or (variance < 0).any():
        raise ArgumentError("noise_variance must be finite and not negative")
    scale = np.sqrt(variance / 2.0)
    shape = np.shape(y)
    noise = rng.standard_normal((*shape[:-1], 2 * shape[-1]), dtype=np.float32).view(np.complex64)
    return y + noise * scale.astype(np.float32)


def _fractional_delay(delay_samples: float, half: int, beta: float = 9.0) -> tuple[int, np.ndarray]:
    """(first tap's sample, taps) of a Kaiser-windowed sinc that delays by a real number of samples."""
    whole = int(np.floor(delay_samples))
    n = np.arange(-half + 1, half + 1)
    away = n - (delay_samples - whole)
    inside = np.clip(1.0 - (away / half) ** 2, 0.0, None)
    taps = np.sinc(away) * np.i0(beta * np.sqrt(inside)) / np.i0(beta)
    return whole - half + 1, taps


def apply_time(
    channel: PathChannel, samples: np.ndarray, sample_rate_hz: float, *, start_s: float = 0.0, half_taps: int = 48
) -> _C64:
    """Received samples [batch, n_rx, n] of sent samples [batch, n_tx, n]: sum_p a_p(t) x(t - tau_p), sample by sample.

    Delays between samples are made by a Kaiser-windowed sinc of 2 half_taps taps (errors below -70 dB within 0.9 of
    the band); what would come before the first sample or after the last is cut off. start_s : time of the first sample.
    """
    x = np.asarray(samples)
    if x.ndim != 3 or x.shape[:2] != (channel.n_batch, channel.n_tx):
        raise ArgumentError(f"samples of shape {x.shape}; expected [{channel.n_batch}, {channel.n_tx}, n]")
    if not sample_rate_hz > 0:
        raise ArgumentError(f"the sample rate is {sample_rate_hz!r} Hz; it must be positive")
    n = x.shape[-1]
    spectrum_size = 1 << (n + 4 * half_taps + int(np.ceil(channel.delay_s.max() * sample_rate_hz)) - 1).bit_length()
    spectrum = np.fft.fft(x, spectrum_size)
    delays = np.broadcast_to(channel.delay_s, (channel.n_batch, channel.gain.shape[3]))
    out = np.zeros((channel.n_batch, channel.n_rx, n), np.complex128)
    static = not np.any(channel.doppler_hz)
    time_s = start_s + np.arange(1 if static else n) / sample_rate_hz
    for p in range(channel.gain.shape[3]):
        part = PathChannel(channel.gain[:, :, :, p : p + 1], np.zeros(1), channel.doppler_hz[:, p : p + 1])
        gains = path_gains(part, time_s)[:, :, :, 0]  # [batch, n_rx, n_tx, n or 1]
        for b in range(channel.n_batch):
            first, taps = _fractional_delay(float(delays[b, p]) * sample_rate_hz, half_taps)
            delayed = np.fft.ifft(spectrum[b] * np.fft.fft(taps, spectrum_size))
            delayed = np.roll(delayed, first, axis=-1)[:, :n]
            out[b] += (gains[b] * delayed).sum(axis=1)
    return out.astype(np.complex64)


def delay_power_profile(channel: PathChannel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(delays, mean powers per antenna pair) [batch, n_paths] of the paths, their rays taken as incoherent."""
    power = (np.abs(channel.gain).astype(float) ** 2).sum(axis=-1).mean(axis=(1, 2))
    return np.broadcast_to(channel.delay_s, power.shape).copy(), power


def rms_delay_spread(delay_s: ArrayLike, power: ArrayLike) -> NDArray[np.float64]:
    """Root of the power-weighted variance of the delays, over the last axis.

    >>> float(rms_delay_spread([0.0, 2e-6], [1.0, 1.0]))
    1e-06
    """
    tau, p = np.asarray(delay_s, float), np.asarray(power, float)
    weight = p / p.sum(axis=-1, keepdims=True)
    mean = (weight * tau).sum(axis=-1, keepdims=True)
    return np.sqrt((weight * (tau - mean) ** 2).sum(axis=-1))
