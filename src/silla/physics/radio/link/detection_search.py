"""Receivers that search: K-best over a sorted QR tree, and exhaustive maximum likelihood as the oracle of small sizes.

Both give log-likelihood ratios log P(0)/P(1) of the bits of square constellations, [batch, n_layers, n_symbols,
n_subcarriers Q_m] as `demapping.demap` would of the layers' symbols.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.base.kernels import kernel
from silla.physics.radio.link.detection import _checked, _floats, _variance
from silla.physics.radio.link.mapping import axis_levels, bits_per_symbol, constellation

__all__ = ["k_best", "k_best_numpy", "maximum_likelihood", "sorted_qr"]

MAX_VECTORS = 1 << 16
_CHUNK = 1 << 22  # metrics held at once
_F32 = NDArray[np.float32]


def _rows(y: np.ndarray, h: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """y [n, n_rx], h [n, n_rx, n_layers], noise [n], one row per resource element."""
    n_batch, n_rx, n_layers = h.shape[:3]
    shape = (n_batch, y.shape[2], y.shape[3])
    yy = y.transpose(0, 2, 3, 1).reshape(-1, n_rx)
    hh = np.broadcast_to(h.transpose(0, 3, 4, 1, 2), (*shape, n_rx, n_layers)).reshape(-1, n_rx, n_layers)
    return yy, hh, np.broadcast_to(noise, shape).reshape(-1)


def _as_layers(llr: np.ndarray, shape: tuple[int, int, int], n_layers: int, q_m: int) -> _F32:
    """[n, n_layers, q_m] -> [batch, n_layers, n_symbols, n_subcarriers q_m]."""
    out = llr.reshape(*shape, n_layers, q_m).transpose(0, 3, 1, 2, 4)
    return np.ascontiguousarray(out, np.float32).reshape(shape[0], n_layers, shape[1], shape[2] * q_m)


def _expect_likelihoods(y: np.ndarray, h: np.ndarray, noise: np.ndarray) -> None:
    if not (noise > 0).all():
        raise ArgumentError("noise_variance must be positive for likelihoods")
    if not (np.isfinite(y).all() and np.isfinite(h).all()):
        raise ArgumentError("what was received and the channel must be finite: an LLR would say nothing")


def _square(modulation: str) -> int:
    q_m = bits_per_symbol(modulation)
    if q_m % 2:
        raise ArgumentError(f"{modulation} is no square constellation: a tree of its axes needs an even number of bits")
    return q_m


def maximum_likelihood(
    y: ArrayLike, h: ArrayLike, noise_variance: ArrayLike, modulation: str, *, method: str = "max-log"
) -> _F32:
    """LLRs over all vectors of symbols: exact ("log-map") or by the nearest vector of either bit value ("max-log").

    Arguments as in `detection.lmmse`. Raises DomainError above 65,536 vectors: this is the oracle of small sizes.
    """
    y, h = _checked(np.asarray(y), np.asarray(h))
    noise = _variance(noise_variance, y)
    q_m, n_layers = bits_per_symbol(modulation), h.shape[2]
    if method not in ("max-log", "log-map"):
        raise ArgumentError(f"method {method!r}; allowed: 'max-log', 'log-map'")
    if q_m * n_layers > 16:
        raise DomainError(
            f"{n_layers} layers of {modulation} are {2 ** (q_m * n_layers):,} vectors; exhaustive search takes at most "
            f"{MAX_VECTORS:,}: use k_best()"
        )
    _expect_likelihoods(y, h, noise)
    numbers = np.arange(1 << (q_m * n_layers))
    bits = (numbers[:, None] >> np.arange(q_m * n_layers - 1, -1, -1) & 1).astype(bool)
    points = constellation(modulation)
    weights = 1 << np.arange(q_m - 1, -1, -1)
    vectors = points[bits.reshape(len(bits), n_layers, q_m) @ weights]  # [vectors, n_layers]
    yy, hh, nn = _rows(y, h, noise)
    out = np.empty((len(yy), n_layers * q_m))
    step = max(1, _CHUNK // (len(vectors) * y.shape[1]))
    for first in range(0, len(yy), step):
        part = slice(first, first + step)
        away = yy[part, None, :] - np.einsum("nrl,vl->nvr", hh[part], vectors)
        metric = -(np.abs(away) ** 2).sum(axis=-1) / nn[part, None]
        for b in range(bits.shape[1]):
            pair = metric[:, ~bits[:, b]], metric[:, bits[:, b]]
            if method == "max-log":
                out[part, b] = pair[0].max(axis=1) - pair[1].max(axis=1)
            else:
                out[part, b] = np.logaddexp.reduce(pair[0], axis=1) - np.logaddexp.reduce(pair[1], axis=1)
    return _as_layers(out, (y.shape[0], y.shape[2], y.shape[3]), n_layers, q_m)


def sorted_qr(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(q, r, order) with matrix[:, :, order] = q r, columns taken weakest first (Wuebben et al. 2001), in batches.

    matrix : real [n, rows, columns]. order : [n, columns]. The last column, which a tree search decides first, then
    tends to be the most reliable one.
    """
    n, columns = len(matrix), matrix.shape[2]
    q, r = matrix.astype(np.float64).copy(), np.zeros((n, columns, columns))
    order = np.tile(np.arange(columns), (n, 1))
    each = np.arange(n)
    for k in range(columns):
        norms = (q[:, :, k:] ** 2).sum(axis=1)
        best, least = np.full(n, k), norms[:, 0].copy()
        for j in range(1, columns - k):  # both axes of a layer weigh the same: the margin decides such ties
            weaker = norms[:, j] < 0.9999 * least
            best, least = np.where(weaker, k + j, best), np.where(weaker, norms[:, j], least)
        for array in (q, r):  # swap columns k and best
            array[each, :, k], array[each, :, best] = array[each, :, best].copy(), array[each, :, k].copy()
        order[each, k], order[each, best] = order[each, best].copy(), order[each, k].copy()
        length = np.sqrt((q[:, :, k] ** 2).sum(axis=1))
        r[:, k, k] = length
        q[:, :, k] /= np.maximum(length, 1e-30)[:, None]
        across = np.einsum("nr,nrc->nc", q[:, :, k], q[:, :, k + 1 :])
        r[:, k, k + 1 :] = across
        q[:, :, k + 1 :] -= q[:, :, k, None] * across[:, None]
    return q, r, order


def k_best(
    y: ArrayLike,
    h: ArrayLike,
    noise_variance: ArrayLike,
    modulation: str,
    *,
    k: int = 64,
    clip: float = 20.0,
    use_kernel: bool = True,
) -> _F32:
    """LLRs of a breadth-first search that keeps the k best vectors at each level of a sorted QR tree of real axes.

    Arguments as in `detection.lmmse`. The LLR of a bit is the difference of the best metrics of either value in the
    final list, which holds every child of the last survivors (list max-log); a value that the list lacks counts as its
    worst member, and LLRs are limited to +-clip. With k at least 2^(Q_m n_layers - Q_m / 2) nothing is dropped before:
    maximum likelihood, max-log.
    """
    y, h = _checked(np.asarray(y), np.asarray(h))
    noise = _variance(noise_variance, y)
    q_m, n_layers = _square(modulation), h.shape[2]
    if not 1 <= k <= MAX_VECTORS or not clip > 0:
        raise ArgumentError(f"k is {k!r} and clip {clip!r}; allowed: k from 1 to {MAX_VECTORS}, clip above 0")
    _expect_likelihoods(y, h, noise)
    fast = kernel("qam_search") if use_kernel else None
    shape = (y.shape[0], y.shape[2], y.shape[3])
    if fast is not None:
        llr = fast(
            _floats(y), _floats(h), np.ascontiguousarray(noise), axis_levels(modulation).astype(np.float32), k, clip
        )
        return _as_layers(llr, shape, n_layers, q_m)
    yy, hh, nn = _rows(y, h, noise)
    llr = np.empty((len(yy), n_layers, q_m))
    step = max(1, _CHUNK // (k << (q_m // 2)))
    for first in range(0, len(yy), step):
        part = slice(first, first + step)
        llr[part] = k_best_numpy(yy[part], hh[part], nn[part], modulation, k, clip)
    return _as_layers(llr, shape, n_layers, q_m)


def k_best_numpy(
    y: np.ndarray, h: np.ndarray, noise: np.ndarray, modulation: str, k: int, clip: float
) -> NDArray[np.float64]:
    """[n, n_layers, Q_m] for y [n, n_rx], h [n, n_rx, n_layers], noise [n]: all resource elements side by side."""
    q_m = bits_per_symbol(modulation)
    levels, half = axis_levels(modulation), q_m // 2
    n, _, n_layers = h.shape
    real = np.concatenate(
        [np.concatenate([np.real(h), -np.imag(h)], axis=2), np.concatenate([np.imag(h), np.real(h)], axis=2)], axis=1
    )
    q, r, order = sorted_qr(real)
    z = np.einsum("nrc,nr->nc", q, np.concatenate([np.real(y), np.imag(y)], axis=1))
    depth = 2 * n_layers
    metric, chosen = np.zeros((n, 1)), np.zeros((n, 1, depth), np.int32)
    for axis in range(depth - 1, -1, -1):
        above = np.einsum("nc,nkc->nk", r[:, axis, axis + 1 :], levels[chosen[:, :, axis + 1 :]])
        left = (z[:, axis, None] - above)[:, :, None] - r[:, axis, axis, None, None] * levels
        grown = (metric[:, :, None] + left**2).reshape(n, -1)
        keep = min(k, grown.shape[1]) if axis else grown.shape[1]
        best = np.argpartition(grown, keep - 1, axis=1)[:, :keep] if keep < grown.shape[1] else None
        if best is None:
            best = np.broadcast_to(np.arange(keep), (n, keep))
        metric = np.take_along_axis(grown, best, axis=1)
        chosen = np.take_along_axis(chosen, (best // len(levels))[:, :, None], axis=1)
        chosen[:, :, axis] = best % len(levels)
    places = np.argsort(order, axis=1)  # where each real axis went
    chosen = np.take_along_axis(chosen, places[:, None, :], axis=2)
    metric /= noise[:, None]
    worst = np.minimum(metric.max(axis=1), metric.min(axis=1) + clip)
    out = np.empty((n, n_layers, q_m))
    for layer in range(n_layers):
        for bit in range(q_m):
            axis = layer + (bit % 2) * n_layers
            ones = (chosen[:, :, axis] >> (half - 1 - bit // 2) & 1).astype(bool)
            zero = np.where(ones, np.inf, metric).min(axis=1)
            one = np.where(ones, metric, np.inf).min(axis=1)
            out[:, layer, bit] = np.minimum(one, worst) - np.minimum(zero, worst)
    return np.clip(out, -clip, clip)
