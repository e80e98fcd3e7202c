"""Expectation propagation detection of several layers (Cespedes et al. 2014), on complex symbols."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.base.provenance import Citation
from silla.physics.radio.link.detection import Detected, _checked, _floats, _laid_out, _variance
from silla.physics.radio.link.mapping import axis_levels, bits_per_symbol

__all__ = ["CESPEDES", "expectation_propagation"]

CESPEDES = Citation(
    "Cespedes2014",
    "J. Cespedes, P. M. Olmos, M. Sanchez-Fernandez, F. Perez-Cruz, Expectation propagation detection for high-order "
    "high-dimensional MIMO systems, IEEE Trans. Commun. 62(8), 2014",
    "10.1109/TCOMM.2014.2332349",
)
_LEAST = 5e-7  # variance of a tilted distribution, as in the paper


def expectation_propagation(
    y: ArrayLike,
    h: ArrayLike,
    noise_variance: ArrayLike,
    modulation: str,
    *,
    iterations: int = 10,
    damping: float = 0.2,
    use_kernel: bool = True,
) -> Detected:
    """Symbols and noise variances of the cavity distributions: an unbiased scalar channel per layer, for any demapper.

    Arguments as in `detection.lmmse`. Discrete priors are replaced by Gaussians whose moments, with the likelihood, are
    those of the symbols: each round inverts H^H H / N0 + diag(precisions), divides a layer's own Gaussian out, takes
    mean and variance over the constellation and moves by (1 - damping) x old + damping x new; a negative precision is
    not taken over. Round 0 is LMMSE. Complex symbols with one variance replace the paper's real axes.
    """
    y, h = _checked(np.asarray(y), np.asarray(h))
    noise = _variance(noise_variance, y)
    if iterations < 0 or not 0.0 < damping <= 1.0:
        raise ArgumentError(f"iterations {iterations!r} and damping {damping!r}; allowed: from 0, and above 0 to 1")
    if bits_per_symbol(modulation) % 2 or not (noise > 0).all():
        raise ArgumentError("expectation propagation needs a square constellation and a positive noise_variance")
    if not (np.isfinite(y).all() and np.isfinite(h).all()):
        raise ArgumentError("what was received and the channel must be finite")
    levels = axis_levels(modulation)
    fast = kernel("ep_detect") if use_kernel and h.shape[2] <= 8 else None
    if fast is not None:
        n0 = np.ascontiguousarray(noise)
        symbols, variance = fast(_floats(y), _floats(h), n0, levels.astype(float), iterations, damping)
        return Detected(symbols.view(np.complex64), variance)
    return _with_numpy(y, h, noise, levels, iterations, damping)


def _with_numpy(
    y: np.ndarray, h: np.ndarray, noise: np.ndarray, levels: np.ndarray, iterations: int, damping: float
) -> Detected:
    n_batch, n_symbols, n_sc = y.shape[0], y.shape[2], y.shape[3]
    n0 = np.broadcast_to(noise, (n_batch, n_symbols, n_sc)).reshape(-1, 1).astype(float)
    yy = y.transpose(0, 2, 3, 1).reshape(-1, y.shape[1], 1).astype(complex)
    hh = np.broadcast_to(h.transpose(0, 3, 4, 1, 2), (n_batch, n_symbols, n_sc, *h.shape[1:3]))
    hh = hh.reshape(-1, *h.shape[1:3]).astype(complex)
    adjoint = hh.conj().swapaxes(-1, -2)
    gram, matched = adjoint @ hh / n0[..., None], (adjoint @ yy)[..., 0] / n0
    precision, pull = np.ones(matched.shape), np.zeros(matched.shape, complex)
    for _ in range(iterations):
        mean, variance = _cavity(gram, matched, precision, pull)
        tilted, spread = _moments(mean, variance, levels)
        spread = np.maximum(spread, _LEAST)
        new_precision, new_pull = 1.0 / spread - 1.0 / variance, tilted / spread - mean / variance
        step = np.where(new_precision > 0, damping, 0.0)
        precision = precision + step * (new_precision - precision)
        pull = pull + step * (new_pull - pull)
    mean, variance = _cavity(gram, matched, precision, pull)
    shape = (n_batch, n_symbols, n_sc, h.shape[2])
    return _laid_out(mean.reshape(shape), variance.reshape(shape))


def _cavity(gram: np.ndarray, matched: np.ndarray, precision: np.ndarray, pull: np.ndarray):
    """(mean, variance) [n, n_layers] of each layer with its own Gaussian divided out."""
    n_layers = gram.shape[-1]
    whole = np.linalg.inv(gram + precision[..., None] * np.eye(n_layers))
    own = np.einsum("nll->nl", whole).real
    mean = np.einsum("nlm,nm->nl", whole, matched + pull)
    left = np.maximum(1.0 - own * precision, 1e-9)
    variance = np.maximum(own / left, 1e-12)
    return mean / left - variance * pull, variance


def _moments(mean: np.ndarray, variance: np.ndarray, levels: np.ndarray):
    """Mean and variance of a symbol observed through a complex Gaussian channel: both axes by themselves."""
    parts, spread = [], 0.0
    for axis in (np.real(mean), np.imag(mean)):
        exponent = -((axis[..., None] - levels) ** 2) / variance[..., None]
        weight = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
        weight /= weight.sum(axis=-1, keepdims=True)
        first = weight @ levels
        parts.append(first)
        spread = spread + (weight * (levels - first[..., None]) ** 2).sum(axis=-1)
    return parts[0] + 1j * parts[1], spread
