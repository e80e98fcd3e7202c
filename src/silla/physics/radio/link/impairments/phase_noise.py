"""Phase noise of oscillators: the pole-zero spectra of 3GPP, their samples in time, and what they cost an OFDM symbol.

S(f) = PSD_0 prod_n [1 + (f / f_z,n)^a_z,n] / prod_m [1 + (f / f_p,m)^a_p,m], in dBc/Hz of one sideband, and
20 lg(f_c / f_ref) more at another carrier, as by frequency multiplication.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register
from silla.physics.radio.link.channels_noise import complex_gaussian

__all__ = [
    "OSCILLATORS", "TR38803", "Oscillator", "Tracker", "oscillator", "phase_noise_db", "phase_noise_samples",
    "phase_noise_variance", "phase_tracker", "symbol_phase_error", "symbol_phase_step",
]  # fmt: skip

_F64 = NDArray[np.float64]
TR38803 = Citation(
    "TR38803",
    "3GPP TR 38.803, Study on new radio access technology; RF and co-existence aspects, V14.3.0",
    "clause 6.1.11",
)


@dataclass(frozen=True)
class Oscillator:
    """A pole-zero spectrum: level in dBc/Hz towards zero offset at `reference_hz`, zeros and poles in Hz, exponents."""

    name: str
    reference_hz: float
    psd0_db: float
    zeros_hz: tuple[float, ...]
    zero_exponents: tuple[float, ...]
    poles_hz: tuple[float, ...]
    pole_exponents: tuple[float, ...]
    source: str = ""

    def __post_init__(self) -> None:
        pairs = ((self.zeros_hz, self.zero_exponents), (self.poles_hz, self.pole_exponents))
        if any(len(f) != len(a) for f, a in pairs) or any(not x > 0 for f, a in pairs for x in (*f, *a)):
            raise ArgumentError(
                f"oscillator {self.name!r}: as many exponents as zeros and as poles, all of them above 0"
            )
        if not (self.reference_hz > 0 and np.isfinite(self.psd0_db)):
            raise ArgumentError(f"oscillator {self.name!r}: its reference frequency must be above 0, its level finite")


_PLL_Z, _PLL_P = (2.37, 2.7, 2.53), (3.3, 3.3, 1.0)
OSCILLATORS = {
    o.name: o
    for o in (
        Oscillator("tr38803-30ghz", 29.55e9, 32.0, (3e3, 550e3, 280e6), _PLL_Z, (1.0, 1.6e6, 30e6), _PLL_P,
                   "TR 38.803 clause 6.1.11, 29.55 GHz"),
        Oscillator("tr38803-45ghz", 45e9, 35.65, (3e3, 451e3, 458e6), _PLL_Z, (1.0, 1.54e6, 30e6), _PLL_P,
                   "TR 38.803 clause 6.1.11, 45 GHz"),
        Oscillator("tr38803-70ghz", 70e9, 39.49, (3e3, 396e3, 754e6), _PLL_Z, (1.0, 1.55e6, 30e6), _PLL_P,
                   "TR 38.803 clause 6.1.11, 70 GHz"),
        Oscillator("r1-163984-a", 30e9, -79.4, (1.8e6, 2.2e6, 40e6), (2, 2, 2), (0.1e6, 0.2e6, 8e6), (2, 2, 2),
                   "R1-163984, parameter set A"),
        Oscillator("r1-163984-b", 60e9, -70.0, (0.02e6, 6e6, 10e6), (2, 2, 2), (0.005e6, 0.4e6, 0.6e6), (2, 2, 2),
                   "R1-163984, parameter set B"),
    )
}  # fmt: skip
"""The published parameter sets."""


def oscillator(name: str) -> Oscillator:
    """The published set of that name; ArgumentError for another."""
    if name not in OSCILLATORS:
        raise ArgumentError(f"oscillator {name!r} is not known; known: {', '.join(OSCILLATORS)} (TR 38.803, R1-163984)")
    return OSCILLATORS[name]


def phase_noise_db(offset_hz: ArrayLike, carrier_hz: float, source: Oscillator | str = "tr38803-70ghz") -> _F64:
    """Single-sideband phase noise L(f) in dBc/Hz at offsets f (either sign) from a carrier, shape of the offsets.

    Source: TR 38.803 clause 6.1.11; scaled to the carrier by 20 lg(f_c / f_ref). Left out: spurs.

    >>> round(float(phase_noise_db(1e6, 70e9)), 1)
    -88.6
    """
    model = oscillator(source) if isinstance(source, str) else source
    if not 0 < carrier_hz < np.inf:
        raise ArgumentError(f"the carrier is at {carrier_hz!r} Hz; it must lie above 0")
    f = np.abs(np.asarray(offset_hz, float))
    level = np.full(f.shape, model.psd0_db + 20.0 * np.log10(carrier_hz / model.reference_hz))
    for at, exponent in zip(model.zeros_hz, model.zero_exponents):
        level += 10.0 * np.log10(1.0 + (f / at) ** exponent)
    for at, exponent in zip(model.poles_hz, model.pole_exponents):
        level -= 10.0 * np.log10(1.0 + (f / at) ** exponent)
    return level


def phase_noise_samples(
    n: int,
    sample_rate_hz: float,
    carrier_hz: float,
    source: Oscillator | str = "tr38803-70ghz",
    *,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (),
) -> NDArray[np.float32]:
    """Phase in radians at n instants of independent oscillators, float32 [*shape, n], 0 at the first instant.

    White noise shaped in frequency over a record of at least 2 n samples, of which the first n are taken: the
    two-sided spectrum is 10^(L(f)/10) at every line of the record. Slower parts than the record are left out; they turn
    the whole stretch by one phase, which any reference symbol takes out.
    """
    if n < 1 or not 0 < sample_rate_hz < np.inf:
        raise ArgumentError(f"{n!r} samples at {sample_rate_hz!r} Hz; at least one, at a rate above 0")
    record = 1 << (2 * n - 1).bit_length() if n > 1 else 2
    amplitude = _line_amplitudes(record, float(sample_rate_hz), float(carrier_hz), source)
    lines = complex_gaussian((*shape, record // 2 + 1), rng=rng)
    lines *= amplitude
    lines[..., 0] = 0.0
    from scipy import fft

    phase = np.asarray(fft.irfft(lines, record, axis=-1, norm="forward"))[..., :n]
    return np.asarray(phase - phase[..., :1], np.float32)


def _line_amplitudes(record: int, rate: float, carrier: float, source: Oscillator | str) -> NDArray[np.float32]:
    """Root of E|line|^2 = S(f) df of every line."""
    key = (record, rate, carrier, source)
    if key not in _AMPLITUDES:
        if len(_AMPLITUDES) > 32:
            _AMPLITUDES.clear()
        f = np.arange(record // 2 + 1) * (rate / record)
        power = 10.0 ** (phase_noise_db(np.maximum(f, rate / record), carrier, source) / 10.0) * (rate / record)
        _AMPLITUDES[key] = np.sqrt(power).astype(np.float32)
    return _AMPLITUDES[key]


_AMPLITUDES: dict[tuple, NDArray[np.float32]] = {}


def _offsets(low_hz: float, high_hz: float) -> _F64:
    return np.geomspace(low_hz, high_hz, 4000)


def phase_noise_variance(
    low_hz: float, high_hz: float, carrier_hz: float, source: Oscillator | str = "tr38803-70ghz"
) -> float:
    """Phase variance in rad^2 of both sidebands between two offsets: 2 int 10^(L(f)/10) df."""
    if not 0 < low_hz < high_hz < np.inf:
        raise ArgumentError(f"offsets from {low_hz!r} to {high_hz!r} Hz; they must rise from above 0")
    f = _offsets(low_hz, high_hz)
    return float(2.0 * np.trapezoid(10.0 ** (phase_noise_db(f, carrier_hz, source) / 10.0), f))


def symbol_phase_error(
    scs_hz: float, bandwidth_hz: float, carrier_hz: float, source: Oscillator | str = "tr38803-70ghz", tracked: int = 0
) -> tuple[float, float]:
    """(phase variance that a receiver follows, what is left) in rad^2 of an OFDM symbol of length 1 / scs.

    A receiver that follows the phase's Fourier coefficients over the symbol up to order u = `tracked` (0: its mean, the
    common phase error) leaves 2 int S(f) [1 - sum_|k|<=u sinc^2(f / scs - k)] df up to half the bandwidth, which
    mixes subcarriers (small phases; Petrovic, Rave & Fettweis 2007). Offsets below a thousandth of the spacing turn
    whole slots and are left out.

    >>> followed, rest = symbol_phase_error(15.36e6, 7.7e9, 142e9)
    >>> round(float(10 * np.log10(rest)), 1)
    -16.5
    """
    f = _offsets(scs_hz * 1e-3, bandwidth_hz / 2.0)
    spectrum = 10.0 ** (phase_noise_db(f, carrier_hz, source) / 10.0)
    orders = np.arange(-tracked, tracked + 1)
    inside = (np.sinc(f[:, None] / scs_hz - orders) ** 2).sum(axis=1)
    return float(2 * np.trapezoid(spectrum * inside, f)), float(2 * np.trapezoid(spectrum * (1.0 - inside), f))


def symbol_phase_step(
    symbol_s: float, scs_hz: float, carrier_hz: float, source: Oscillator | str = "tr38803-70ghz"
) -> float:
    """Root mean square, in rad, of how the common phase changes from one symbol to the next, `symbol_s` later.

    Its variance is 2 int S(f) sinc^2(f / scs) 4 sin^2(pi f T) df.
    """
    f = _offsets(scs_hz * 1e-4, 50.0 * scs_hz)
    spectrum = 10.0 ** (phase_noise_db(f, carrier_hz, source) / 10.0)
    change = 4.0 * np.sin(np.pi * f * symbol_s) ** 2 * np.sinc(f / scs_hz) ** 2
    return float(np.sqrt(2.0 * np.trapezoid(spectrum * change, f)))


class Tracker(NamedTuple):
    """Weights of `phase_tracker`. common : [n_symbols, n_symbols] from the mean coefficients of all symbols to each.
    within : [2 u + 1, n_fft] from a symbol's coefficients to the phasor at its samples. left : variance that `within`
    leaves of both ends' phase noise."""

    common: NDArray[np.float32]
    within: NDArray[np.complex64]
    left: float


def phase_tracker(
    n_fft: int,
    scs_hz: float,
    carrier_hz: float,
    source: Oscillator | str | None,
    tracked: int,
    noise: float,
    *,
    doppler_hz: float = 0.0,
    bandwidth_hz: float | None = None,
    n_symbols: int = 14,
    prefix: int = 0,
) -> Tracker:
    """How a receiver follows exp(j phase) from its Fourier coefficients z_k, |k| <= u = `tracked`, over OFDM symbols.

    Best linear weights R_tz (R_zz + noise I)^-1 for the correlation R(tau) = exp(-D(tau) / 2) of the phasor of two
    independent oscillators, D(tau) = 8 int S(f) [1 - cos(2 pi f tau)] df the structure function of their phase: of the
    means z_0 from one another, then of the phasor within a symbol. The bare Fourier sum is poorer: a phase that wanders
    does not close over a symbol, its sum rings at the edges. Source: Petrovic, Rave & Fettweis 2007 (the Fourier
    model), S. M. Kay, Estimation Theory, 1993, chapter 12 (the weights). Left out: what z_k, k != 0, of other symbols
    tell.

    noise : variance of a coefficient over the tone's power. source : None for no phase noise. doppler_hz : largest
    shift either way, taken as evenly likely. bandwidth_hz : of the subcarriers, of which a part (1 - f / B) hears what
    an offset f mixes; the transform's own width if not given. prefix : samples between symbols.

    >>> tracker = phase_tracker(1024, 15.36e6, 142e9, "tr38803-70ghz", 12, 1e-5, bandwidth_hz=7.7e9)
    >>> tracker.within.shape, round(float(10 * np.log10(tracker.left)), 1)
    ((25, 1024), -28.8)
    """
    rate, width = n_fft * scs_hz, bandwidth_hz or n_fft * scs_hz
    record = 4 << (n_symbols * (n_fft + prefix)).bit_length()
    f = np.arange(record // 2 + 1) * (rate / record)
    power = np.zeros(len(f))
    if source is not None:
        power[1:] = 2.0 * 10.0 ** (phase_noise_db(f[1:], carrier_hz, source) / 10.0) * (rate / record)
    basis = np.exp(2j * np.pi / n_fft * np.arange(n_fft)[:, None] * np.arange(-tracked, tracked + 1))

    def correlation(lines: _F64) -> _F64:
        covariance = np.fft.irfft(lines, record, norm="forward")[: n_symbols * (n_fft + prefix)]
        return np.exp(covariance - covariance[0]) * np.sinc(2.0 * doppler_hz / rate * np.arange(len(covariance)))

    def covariances(r: _F64) -> tuple[NDArray, NDArray]:
        crossed = matmul_toeplitz(r[:n_fft], basis) / n_fft
        return crossed, basis.conj().T @ crossed / n_fft

    from scipy.linalg import matmul_toeplitz

    r = correlation(power)
    crossed, own = covariances(r)
    within = np.linalg.solve((own + noise * np.eye(len(own))).T, crossed.T)
    crossed, own = covariances(correlation(power * np.maximum(1.0 - f / width, 0.0)))
    explained = 2.0 * np.einsum("kt,tk->", within, crossed.conj()).real
    quadratic = np.einsum("kt,kl,lt->", within, own, within.conj(), optimize=True).real
    means = _correlation_of_means(r, n_fft, n_fft + prefix, n_symbols)
    common = np.linalg.solve(means + noise * np.eye(n_symbols), means).T
    left = 1.0 - (explained - quadratic) / n_fft
    return Tracker(common.astype(np.float32), within.astype(np.complex64), float(max(left, 0.0)))


def _correlation_of_means(r: _F64, n: int, step: int, n_symbols: int) -> _F64:
    """Of the means over n samples of symbols that begin `step` apart, from the correlation r of the samples."""
    lag = np.arange(-(n - 1), n)
    share = (n - np.abs(lag)) / n**2
    by_distance = np.array([share @ r[np.abs(m * step + lag)] for m in range(n_symbols)])
    at = np.arange(n_symbols)
    return by_distance[np.abs(at[:, None] - at)]


def _level(offset_hz: float, carrier_ghz: float, name: str) -> float:
    return float(phase_noise_db(offset_hz, carrier_ghz * 1e9, name))


register(
    ModelCard(
        id="radio.link.phase_noise",
        title="Phase noise of oscillators, pole-zero spectra",
        function=_level,
        sources=(TR38803,),
        references=(
            # far below every pole and zero the level is PSD_0; far above it is PSD_0 prod f_p^a / prod f_z^a
            Reference({"offset_hz": 1e-6, "carrier_ghz": 29.55, "name": "tr38803-30ghz"}, 32.0,
                      "TR 38.803: PSD_0 of the 29.55 GHz set", absolute=1e-3),
            Reference({"offset_hz": 1.0, "carrier_ghz": 30.0, "name": "r1-163984-a"}, -79.4,
                      "R1-163984: PSD_0 of set A", absolute=1e-6),
        ),
        left_out="spurs; flicker slower than the record",
    )
)  # fmt: skip
