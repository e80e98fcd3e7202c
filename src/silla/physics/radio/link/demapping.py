"""Demapper: log-likelihood ratios log P(0)/P(1) of the bits of noisy symbols y = x + n, n complex Gaussian.

Square constellations part into their two axes, whose noise variance is half of that of n. The max-log form needs only
the nearest level of either bit value. Its closed form: in units of half the levels' distance they are the odd numbers
up to L - 1; with m = |v|, a the level nearest to m and the sign of v,

    LLR = +-[(m + 1)^2 - (m - a)^2] / noise

and the next bit has the same form after folding, v <- L/2 - |v|, L <- L/2.
"""

from __future__ import annotations

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.coding.min_sum import LLR_SCALE
from silla.physics.radio.link.mapping import axis_levels, bits_per_symbol

__all__ = ["METHODS", "demap", "demap_int8", "demap_int8_numpy", "max_log_numpy"]

METHODS = ("max-log", "log-map")
_F32 = np.float32
_LEAST_NOISE, _LARGEST = _F32(1e-30), _F32(1e12)  # beyond them products would leave the range of float32


def _unit(modulation: str) -> np.float32:
    """Half the distance of neighbouring levels."""
    return _F32(np.abs(axis_levels(modulation)).min())


def _spread(values: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    try:
        return np.ascontiguousarray(np.broadcast_to(values, shape))
    except ValueError:
        raise ArgumentError(f"{name} has the shape {values.shape}; expected {shape} or one that broadcasts") from None


def _checked(symbols: np.ndarray, noise_variance, modulation: str, scrambling):
    q_m = bits_per_symbol(modulation)
    y = np.ascontiguousarray(symbols, np.complex64)
    if y.ndim < 1:
        raise ArgumentError("symbols need one axis at least")
    noise = np.asarray(noise_variance, _F32)
    parts = y.reshape(-1).view(_F32)
    peak = np.maximum(parts.max(initial=0.0), -parts.min(initial=0.0))  # NaN stays NaN
    if not peak < np.inf:
        raise ArgumentError("a symbol is not finite: an LLR would say nothing")
    if noise.size and not noise.min() > 0.0:  # NaN fails too
        raise ArgumentError("noise_variance must be above 0 (infinity: nothing is known)")
    noise = np.maximum(noise, _LEAST_NOISE)
    if peak > _LARGEST:
        y = (np.clip(y.real, -_LARGEST, _LARGEST) + 1j * np.clip(y.imag, -_LARGEST, _LARGEST)).astype(np.complex64)
    flip = None
    if scrambling is not None:
        shape = (*y.shape[:-1], y.shape[-1] * q_m)
        flip = _spread(np.asarray(scrambling, np.uint8), shape, "scrambling").reshape(-1)
    noise = noise.reshape(1) if noise.size == 1 else _spread(noise, y.shape, "noise_variance").reshape(-1)
    return y.reshape(-1), noise, q_m, flip, (*y.shape[:-1], y.shape[-1] * q_m)


def demap(
    symbols: np.ndarray,
    noise_variance: np.ndarray | float,
    modulation: str,
    *,
    method: str = "max-log",
    scrambling: np.ndarray | None = None,
) -> np.ndarray:
    """LLRs, float32 [.., n Q_m], of symbols [.., n]; positive where 0 is the likelier bit.

    Parameters
    ----------
    noise_variance : E|n|^2 of each symbol, linear, one value or of a shape that broadcasts to the symbols'.
    method : "log-map", exact for equally likely bits, or "max-log", its largest terms alone.
    scrambling : bits 0 or 1 [.., n Q_m]; an LLR changes its sign where one is 1.

    Source: max-log by Robertson, Villebrun & Hoeher 1995. ArgumentError for symbols that are not finite.

    >>> demap(np.array([1 + 1j]) / np.sqrt(2), 1.0, "qpsk").round(3).tolist()
    [2.0, 2.0]
    """
    if method not in METHODS:
        raise ArgumentError(f"method {method!r} is not known; known: {', '.join(METHODS)}")
    y, noise, q_m, flip, shape = _checked(symbols, noise_variance, modulation, scrambling)
    if q_m == 1:
        llr = _bpsk(y.reshape(shape), modulation).reshape(-1) / noise
    elif method == "log-map":
        llr = _log_map(y, noise, modulation)
    else:
        fast = kernel("qam_demap_float")
        if fast is not None:
            pairs = y.view(_F32).reshape(-1, 2)
            return fast(pairs, noise, q_m, float(_unit(modulation)), flip).reshape(shape)
        llr = max_log_numpy(y, noise, modulation)
    if flip is not None:
        llr = np.where(flip, -llr, llr)
    return llr.reshape(shape).astype(_F32, copy=False)


def demap_int8(
    symbols: np.ndarray,
    noise_variance: np.ndarray | float,
    modulation: str,
    *,
    scale: float = LLR_SCALE,
    scrambling: np.ndarray | None = None,
) -> np.ndarray:
    """Max-log LLRs as the decoder takes them: round(scale LLR) within +-127, int8 [.., n Q_m].

    Kernel and twin agree in every bit. Other arguments as for `demap`.

    >>> demap_int8(np.array([1 + 1j]) / np.sqrt(2), 1.0, "qpsk", scale=4.0).tolist()
    [8, 8]
    """
    if not (np.isfinite(scale) and scale > 0.0):
        raise ArgumentError(f"scale is {scale}; must be finite and above 0")
    y, noise, q_m, flip, shape = _checked(symbols, noise_variance, modulation, scrambling)
    fast = kernel("qam_demap_int8")
    if fast is None or q_m == 1:
        return demap_int8_numpy(y.reshape(*shape[:-1], -1), noise, modulation, scale, flip).reshape(shape)
    pairs = y.view(_F32).reshape(-1, 2)
    return fast(pairs, noise, q_m, float(_unit(modulation)), float(scale), flip).reshape(shape)


def demap_int8_numpy(
    symbols: np.ndarray, noise: np.ndarray, modulation: str, scale: float, flip: np.ndarray | None = None
) -> np.ndarray:
    """The same in NumPy, int8 [n Q_m]."""
    if bits_per_symbol(modulation) == 1:
        llr = _bpsk(symbols, modulation).reshape(-1) / noise * _F32(scale)
    else:
        llr = max_log_numpy(symbols.reshape(-1), noise, modulation, scale)
    whole = np.rint(np.clip(llr, -127, 127)).astype(np.int8)
    return whole if flip is None else np.where(flip, -whole, whole)


def max_log_numpy(y: np.ndarray, noise: np.ndarray, modulation: str, scale: float = 1.0) -> np.ndarray:
    """scale times the max-log LLRs, float32 [n Q_m], of symbols [n], in NumPy and in the kernel's order of rounding."""
    unit, half = _unit(modulation), bits_per_symbol(modulation) // 2
    v = y.view(_F32).reshape(-1, 2) * (_F32(1.0) / unit)
    factor = unit * unit if scale == 1.0 else unit * unit * _F32(scale)
    gain = (factor / noise)[:, None]
    out = np.empty((len(y), half, 2), _F32)
    for j in range(half):
        n_levels = 1 << (half - j)
        m = np.abs(v)
        a = _F32(2.0) * np.floor(np.minimum(m, _F32(n_levels - 1)) * _F32(0.5)) + _F32(1.0)
        distance = (_F32(2.0) * m * (_F32(1.0) + a) + (_F32(1.0) - a * a)) * gain
        out[:, j] = np.copysign(distance, v)
        v = _F32(n_levels / 2) - m
    return out.reshape(-1)


def _bpsk(y: np.ndarray, modulation: str) -> np.ndarray:
    """4 Re(y conj(x_0)) of symbols [.., n]: over the noise variance, this is the exact LLR."""
    turned = y
    if modulation == "pi/2-bpsk":
        turned = y.copy()
        turned[..., 1::2] *= np.complex64(-1j)
    return (_F32(4.0 / np.sqrt(2.0)) * (np.real(turned) + np.imag(turned))).astype(_F32)


def _log_map(y: np.ndarray, noise: np.ndarray, modulation: str) -> np.ndarray:
    level = axis_levels(modulation)
    half = bits_per_symbol(modulation) // 2
    one = (np.arange(len(level)) >> np.arange(half - 1, -1, -1)[:, None] & 1).astype(bool)
    axes = y.view(_F32).reshape(-1, 2)
    out = np.empty((len(y), half, 2), _F32)
    step = max(1, (1 << 20) // len(level))  # keeps the tables of exponents in the cache
    for first in range(0, len(y), step):
        part = slice(first, first + step)
        variance = noise[part] if len(noise) > 1 else noise
        metric = -((axes[part, :, None].astype(float) - level) ** 2) / variance.astype(float)[:, None, None]
        for j in range(half):
            out[part, j] = np.logaddexp.reduce(metric[..., ~one[j]], axis=-1) - np.logaddexp.reduce(
                metric[..., one[j]], axis=-1
            )
    return out.reshape(-1)
