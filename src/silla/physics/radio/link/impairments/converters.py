"""Analog-to-digital and digital-to-analog converters: uniform quantisers of Gaussian signals, and clock jitter."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register

__all__ = [
    "jitter_snr_db", "jittered", "jittered_band_snr_db", "optimal_step", "quantise", "quantiser_sqnr_db",
    "schreier_power_w", "walden_power_w",
]  # fmt: skip

MAX1960 = Citation(
    "Max1960", "J. Max, Quantizing for minimum distortion, IRE Trans. Inf. Theory 6 (1960) 7-12", "Table II"
)
MURMANN = Citation("Murmann", "B. Murmann, ADC Performance Survey 1997-2025", "https://github.com/bmurmann/ADC-survey")


def _distortion(step: float, bits: int) -> float:
    """Mean square error of a uniform mid-rise quantiser of 2^bits levels for a unit Gaussian, in closed form."""
    half = 1 << (bits - 1)
    low = np.arange(half) * step
    high = np.append(low[1:], np.inf)
    level = low + 0.5 * step
    density_low, density_high = np.exp(-0.5 * low**2), np.exp(-0.5 * high**2)
    mass = special.ndtr(high) - special.ndtr(low)
    root = np.sqrt(2.0 * np.pi)
    first = (density_low - density_high) / root
    edge = np.where(np.isfinite(high), high, 0.0) * density_high
    second = mass + (low * density_low - edge) / root
    return float(2.0 * np.sum(second - 2.0 * level * first + level**2 * mass))


def _check_bits(bits: int) -> int:
    if int(bits) != bits or not 1 <= bits <= 16:
        raise ArgumentError(f"a converter of {bits!r} bits; allowed: 1 to 16")
    return int(bits)


@functools.lru_cache(maxsize=32)
def optimal_step(bits: int) -> float:
    """Step, over the standard deviation, of least mean square error for a Gaussian signal (clipping included).

    >>> round(optimal_step(4), 4)
    0.3352
    """
    bits = _check_bits(bits)
    found = optimize.minimize_scalar(
        lambda s: _distortion(float(s), bits), bounds=(1e-5, 2.0), method="bounded", options={"xatol": 1e-10}
    )
    return float(found.x)


def quantiser_sqnr_db(bits: int, step: float | None = None) -> float:
    """Signal over quantisation and clipping noise in dB, Gaussian signal of unit deviation; the best step by default.

    >>> round(quantiser_sqnr_db(4), 2)
    19.38
    """
    return float(-10.0 * np.log10(_distortion(optimal_step(bits) if step is None else float(step), _check_bits(bits))))


def quantise(x: ArrayLike, bits: int, deviation: float, *, step: float | None = None) -> NDArray[np.complex64]:
    """Both axes of x through a mid-rise quantiser of 2^bits levels, complex64; clipping at the outermost levels.

    deviation : standard deviation of one axis, to which the gain control has set the range. step : over it.
    """
    bits = _check_bits(bits)
    if not 0 < deviation < np.inf:
        raise ArgumentError(f"the deviation of an axis is {deviation!r}; it must lie above 0")
    wide = np.float32((optimal_step(bits) if step is None else step) * deviation)
    x = np.ascontiguousarray(x, np.complex64)
    parts = x.view(np.float32) * (np.float32(1.0) / wide)
    half = np.float32(1 << (bits - 1))
    np.floor(parts, out=parts)
    np.clip(parts, -half, half - 1, out=parts)
    parts += np.float32(0.5)
    parts *= wide
    return parts.view(np.complex64)


def jitter_snr_db(frequency_hz: ArrayLike, jitter_s: float) -> NDArray[np.float64]:
    """Signal over jitter noise of a tone: -20 lg(2 pi f sigma) dB, for 2 pi f sigma much below 1.

    >>> round(float(jitter_snr_db(1e9, 100e-15)), 1)
    64.0
    """
    if not jitter_s > 0:
        raise ArgumentError(f"clock jitter of {jitter_s!r} s; it must lie above 0")
    return -20.0 * np.log10(2.0 * np.pi * np.asarray(frequency_hz, float) * jitter_s)


def jittered_band_snr_db(bandwidth_hz: float, jitter_s: float) -> float:
    """The same for a flat spectrum from -B/2 to B/2 at baseband: (2 pi sigma)^2 B^2 / 12 of the power is noise."""
    return float(-10.0 * np.log10((2.0 * np.pi * jitter_s * bandwidth_hz) ** 2 / 12.0))


def jittered(x: NDArray, slope: NDArray, jitter_s: float, rng: np.random.Generator, shape=None) -> NDArray:
    """x(t + delta) = x + delta x'(t) with delta normal of deviation jitter_s; slope is x' in 1/s.

    shape : of the draws, which broadcast to x (channels that share a clock); that of x if not given.
    """
    delta = rng.standard_normal(x.shape if shape is None else shape, np.float32) * np.float32(jitter_s)
    return x + slope * delta


def walden_power_w(bits: float, sample_rate_hz: float, figure_of_merit_j: float) -> float:
    """Power of a converter: FoM_W 2^ENOB f_s in watts, FoM_W in joule per conversion step (Walden 1999).

    >>> walden_power_w(6, 10e9, 50e-15).__round__(4)
    0.032
    """
    return float(figure_of_merit_j * 2.0**bits * sample_rate_hz)


def schreier_power_w(sndr_db: float, sample_rate_hz: float, figure_of_merit_db: float) -> float:
    """Power of a converter from FoM_S = SNDR + 10 lg((f_s / 2) / P) in dB, in watts."""
    return float(0.5 * sample_rate_hz * 10.0 ** ((sndr_db - figure_of_merit_db) / 10.0))


def _sqnr(bits: int) -> float:
    return quantiser_sqnr_db(int(bits))


register(
    ModelCard(
        id="radio.link.quantiser",
        title="Signal to quantisation noise of a uniform converter",
        function=_sqnr,
        sources=(MAX1960,),
        references=(
            Reference({"bits": 2}, -10.0 * np.log10(0.1188), "Max 1960 Table II, 4 levels", absolute=5e-3),
            Reference({"bits": 5}, -10.0 * np.log10(0.003495), "Max 1960 Table II, 32 levels", absolute=5e-3),
        ),
        left_out="non-linearity of the steps, interleaving spurs",
    )
)
register(
    ModelCard(
        id="radio.link.clock_jitter",
        title="Signal to noise of a sampled tone under clock jitter",
        function=jitter_snr_db,
        sources=(MURMANN,),
        references=(
            Reference(
                {"frequency_hz": 1e9, "jitter_s": 1e-12}, -20 * np.log10(2 * np.pi * 1e-3), "closed form", rel=1e-12
            ),
        ),
        left_out="coloured jitter, which is phase noise",
    )
)  # fmt: skip
