"""Linear receivers: LMMSE with the exact SINR after it, LMMSE-IRC, zero forcing, maximum ratio; bounds of a genie.

Each resource element is y = H x + n with unit-energy x. A receiver gives unbiased estimates, E[x_hat | x] = x, and
their noise variance (noise and the other layers), so that any demapper takes them as a scalar Gaussian channel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.base.kernels import kernel

__all__ = [
    "Detected", "capacity_bits", "lmmse", "lmmse_irc", "lmmse_sinr", "matched_filter_sinr", "maximum_ratio", "whiten",
    "zero_forcing",
]  # fmt: skip

_C64 = NDArray[np.complex64]
_TINY = np.float32(1e-12)
MAX_LAYERS = 8


class Detected(NamedTuple):
    """symbols complex64 [batch, n_layers, n_symbols, n_subcarriers] and their noise variance, float32 alike."""

    symbols: _C64
    noise_variance: NDArray[np.float32]


def _checked(y: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The arrays in single precision; errors for shapes that do not fit and for more layers than antennas."""
    y, h = np.asarray(y, np.complex64), np.asarray(h, np.complex64)
    fits = y.ndim == 4 and h.ndim == 5
    fits = fits and (h.shape[0], h.shape[1], h.shape[4]) == (y.shape[0], y.shape[1], y.shape[3])
    if not fits or h.shape[3] not in (1, y.shape[2]):
        raise ArgumentError(
            f"y of shape {y.shape} does not fit a channel of shape {h.shape}; expected [batch, n_rx, n_symbols, "
            "n_subcarriers] and [batch, n_rx, n_layers, n_symbols or 1, n_subcarriers]"
        )
    n_rx, n_layers = h.shape[1:3]
    if n_layers > n_rx:
        raise DomainError(
            f"{n_layers} layers on {n_rx} receive antennas: the layers cannot be told apart; at most {n_rx} layers"
        )
    if n_layers > MAX_LAYERS:
        raise DomainError(f"{n_layers} layers; at most {MAX_LAYERS} (TS 38.211 clauses 6.3.1.3 and 7.3.1.3)")
    return y, h


def _variance(noise_variance: ArrayLike, y: np.ndarray) -> NDArray[np.float32]:
    """float32 [batch or 1, n_symbols or 1, n_subcarriers or 1]."""
    noise = np.asarray(noise_variance, np.float32)
    noise = noise.reshape((1,) * (3 - noise.ndim) + noise.shape) if noise.ndim < 3 else noise
    whole = (y.shape[0], *y.shape[2:])
    if noise.ndim != 3 or any(n not in (1, m) for n, m in zip(noise.shape, whole)):
        raise ArgumentError(
            f"noise_variance of shape {noise.shape}; expected a number or [batch, n_symbols, n_subcarriers], any of "
            "them 1"
        )
    if not (np.isfinite(noise).all() and (noise >= 0).all()):
        raise ArgumentError("noise_variance must be finite and not negative")
    return noise


def _gram(y: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H^H H [batch, T, F, L, L] and H^H y [batch, T, F, L, 1] in double precision."""
    hh = h.astype(np.complex128).transpose(0, 3, 4, 1, 2)
    yy = y.astype(np.complex128).transpose(0, 2, 3, 1)[..., None]
    adjoint = hh.conj().swapaxes(-1, -2)
    return adjoint @ hh, adjoint @ yy


def _laid_out(symbols: np.ndarray, variance: np.ndarray) -> Detected:
    """[batch, T, F, L] -> [batch, L, T, F]."""
    shape = symbols.shape
    x = np.ascontiguousarray(symbols.transpose(0, 3, 1, 2)).astype(np.complex64)
    v = np.ascontiguousarray(np.broadcast_to(variance, shape).transpose(0, 3, 1, 2)).astype(np.float32)
    return Detected(x, v)


def lmmse(y: ArrayLike, h: ArrayLike, noise_variance: ArrayLike, *, use_kernel: bool = True) -> Detected:
    """Linear detection of least mean square error, unbiased, with the exact variance after it.

    y : [batch, n_rx, n_symbols, n_subcarriers]. h : [batch, n_rx, n_layers, n_symbols (1: constant), n_subcarriers].
    noise_variance : N0 per antenna, a number or [batch, n_symbols, n_subcarriers] with any axis of length 1; a receiver
    with an estimated channel adds the error variance of its layers. With A = H^H H + N0 I and a_l = N0 [A^-1]_ll,
    x_hat_l = [A^-1 H^H y]_l / (1 - a_l) has the variance a_l / (1 - a_l), that is SINR_l = 1 / a_l - 1.

    Raises DomainError for more layers than antennas or than eight.

    >>> h = np.array([1.0, 1j]).reshape(1, 2, 1, 1, 1)
    >>> found = lmmse(2 * h[:, :, 0], h, 0.5)
    >>> found.symbols.ravel().tolist(), found.noise_variance.ravel().tolist()
    ([(2+0j)], [0.25])
    """
    y, h = _checked(np.asarray(y), np.asarray(h))
    noise = _variance(noise_variance, y)
    fast = kernel("lmmse_detect") if use_kernel else None
    if fast is not None:
        symbols, variance = fast(_floats(y), _floats(h), np.ascontiguousarray(noise))
        return Detected(symbols.view(np.complex64), variance)
    gram, matched = _gram(y, h)
    n0 = noise.astype(float)[..., None]
    eye = np.eye(h.shape[2])
    inverse = np.linalg.inv(gram + (n0[..., None] + 1e-30) * eye)
    bias = n0 * np.einsum("...ll->...l", inverse).real
    share = np.maximum(1.0 - bias, _TINY)
    return _laid_out((inverse @ matched)[..., 0] / share, bias / share)


def _floats(x: np.ndarray) -> NDArray[np.float32]:
    return np.ascontiguousarray(x).view(np.float32)


def lmmse_sinr(h: ArrayLike, noise_variance: ArrayLike) -> NDArray[np.float64]:
    """SINR after LMMSE of each layer, 1 / (N0 [(H^H H + N0 I)^-1]_ll) - 1: [..., n_layers] for h [..., n_rx, n_layers].

    >>> lmmse_sinr(np.diag([1.0, 2.0]), 0.5).tolist()
    [2.0, 8.0]
    """
    h = np.asarray(h, complex)
    n0 = np.asarray(noise_variance, float)[..., None]
    inverse = np.linalg.inv(h.conj().swapaxes(-1, -2) @ h + n0[..., None] * np.eye(h.shape[-1]))
    return 1.0 / (n0 * np.einsum("...ll->...l", inverse).real) - 1.0


def zero_forcing(y: ArrayLike, h: ArrayLike, noise_variance: ArrayLike) -> Detected:
    """Detection that removes the other layers altogether: (H^H H)^-1 H^H y, variance N0 [(H^H H)^-1]_ll."""
    y, h = _checked(np.asarray(y), np.asarray(h))
    noise = _variance(noise_variance, y).astype(float)[..., None]
    gram, matched = _gram(y, h)
    n_layers = h.shape[2]
    floor = 1e-12 * np.einsum("...ll->...", gram).real[..., None, None] / n_layers + 1e-30
    inverse = np.linalg.inv(gram + floor * np.eye(n_layers))
    return _laid_out((inverse @ matched)[..., 0], noise * np.einsum("...ll->...l", inverse).real)


def maximum_ratio(y: ArrayLike, h: ArrayLike, noise_variance: ArrayLike) -> Detected:
    """Maximum-ratio combining of each layer by itself; the other layers are noise: h_l^H y / |h_l|^2.

    The variance is N0 / |h_l|^2 + sum_m |h_l^H h_m|^2 / |h_l|^4 over the other layers m.
    """
    y, h = _checked(np.asarray(y), np.asarray(h))
    noise = _variance(noise_variance, y).astype(float)[..., None]
    gram, matched = _gram(y, h)
    own = np.maximum(np.einsum("...ll->...l", gram).real, 1e-30)
    others = (np.abs(gram) ** 2).sum(axis=-1) - own**2
    return _laid_out(matched[..., 0] / own, noise / own + others / own**2)


def whiten(y: ArrayLike, h: ArrayLike, covariance: ArrayLike) -> tuple[_C64, _C64]:
    """(y, h) after which noise and interference are white with variance 1: both times C^-1, covariance = C C^H.

    covariance : [batch, n_bundles, n_rx, n_rx], each for an equal stretch of subcarriers (the last may be shorter).
    Raises DomainError for a covariance that is not positive definite.
    """
    y, h = _checked(np.asarray(y), np.asarray(h))
    r = np.asarray(covariance, complex)
    n_batch, n_rx, _, n_sc = y.shape
    if r.ndim != 4 or r.shape[0] not in (1, n_batch) or r.shape[2:] != (n_rx, n_rx):
        raise ArgumentError(f"covariance of shape {r.shape}; expected [{n_batch}, n_bundles, {n_rx}, {n_rx}]")
    try:
        factor = np.linalg.inv(np.linalg.cholesky(r))
    except np.linalg.LinAlgError:
        raise DomainError(
            "a covariance of noise and interference is not positive definite: load its diagonal"
        ) from None
    factor = np.broadcast_to(factor, (n_batch, *r.shape[1:])).astype(np.complex64)
    width = -(-n_sc // r.shape[1])
    white_y, white_h = np.empty_like(y), np.empty_like(h)
    for b in range(r.shape[1]):
        part = slice(b * width, min((b + 1) * width, n_sc))
        for source, target in ((y, white_y), (h, white_h)):
            piece = source[..., part]
            flat = factor[:, b] @ piece.reshape(n_batch, n_rx, -1)
            target[..., part] = flat.reshape(piece.shape)
    return white_y, white_h


def lmmse_irc(y: ArrayLike, h: ArrayLike, covariance: ArrayLike, *, use_kernel: bool = True) -> Detected:
    """LMMSE with interference rejection: `lmmse` after `whiten` with the covariance of noise and interference.

    covariance : [batch, n_bundles, n_rx, n_rx], for instance of `estimation.residual_covariance`.
    """
    white_y, white_h = whiten(y, h, covariance)
    return lmmse(white_y, white_h, 1.0, use_kernel=use_kernel)


def matched_filter_sinr(h: ArrayLike, noise_variance: ArrayLike) -> NDArray[np.float64]:
    """|h_l|^2 / N0 of each layer, [..., n_layers] for h [..., n_rx, n_layers]: what a genie that removes all other
    layers leaves; no receiver does better."""
    h = np.asarray(h, complex)
    return (np.abs(h) ** 2).sum(axis=-2) / np.asarray(noise_variance, float)[..., None]


def capacity_bits(h: ArrayLike, noise_variance: ArrayLike) -> NDArray[np.float64]:
    """log2 det(I + H^H H / N0) in bit per channel use, [...] for h [..., n_rx, n_tx].

    Unit power on each transmit antenna; Telatar 1999 for a transmitter that does not know the channel.

    >>> float(capacity_bits(np.eye(2), 1.0))
    2.0
    """
    h = np.asarray(h, complex)
    n0 = np.asarray(noise_variance, float)[..., None, None]
    _, logdet = np.linalg.slogdet(np.eye(h.shape[-1]) + h.conj().swapaxes(-1, -2) @ h / n0)
    return np.asarray(logdet, float) / np.log(2.0)
