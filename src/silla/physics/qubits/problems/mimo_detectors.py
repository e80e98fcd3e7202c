"""Classical detectors of real PAM vectors: MMSE, K-best, sphere, expectation propagation. All on batches [B, m, n].

Kernels search the trees; the NumPy twins keep the same paths up to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.physics.qubits.problems.mimo import Pam, bits_of_levels

__all__ = ["Found", "expectation_propagation", "k_best", "list_llr", "mmse", "sphere"]

Floats = NDArray[np.float64]


class Found(NamedTuple):
    """Levels and metrics |y - H x|^2: [B, n] and [B], or of lists [B, k, n] and [B, k], best first."""

    levels: NDArray[np.int64]
    metrics: Floats
    proven: NDArray[np.bool_] | None = None
    nodes: NDArray[np.int64] | None = None


def _checked(h: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.ascontiguousarray(h, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64)
    if a.ndim != 3 or 0 in a.shape or b.shape != a.shape[:2]:
        raise ArgumentError(f"H must be real [B, m, n] and y [B, m], found {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ArgumentError("the channel and the received vector must be finite")
    return a, b


def _tall(h: Floats, y: Floats, ridge: float = 1e-6) -> tuple[Floats, Floats]:
    """Channels with fewer rows than columns get a tiny ridge, so that every column has a pivot."""
    _, m, n = h.shape
    if m >= n:
        return h, y
    return _extended(h, y, ridge * float((h**2).mean()))


def _extended(h: Floats, y: Floats, ridge: float) -> tuple[Floats, Floats]:
    """Channel and vector of |y - H x|^2 + ridge |x|^2."""
    b, _, n = h.shape
    rows = np.broadcast_to(np.sqrt(ridge) * np.eye(n), (b, n, n))
    return np.ascontiguousarray(np.concatenate([h, rows], axis=1)), np.concatenate([y, np.zeros((b, n))], axis=1)


def _metrics(h: Floats, y: Floats, alphabet: Pam, levels: NDArray[np.int64]) -> Floats:
    x = alphabet.levels[levels]
    if levels.ndim == 2:
        return ((y - np.einsum("bmn,bn->bm", h, x)) ** 2).sum(axis=-1)
    return ((y[:, None] - np.einsum("bmn,bkn->bkm", h, x)) ** 2).sum(axis=-1)


def slice_levels(alphabet: Pam, x: ArrayLike) -> NDArray[np.int64]:
    """The level nearest to each amplitude."""
    step = alphabet.levels[1] - alphabet.levels[0]
    return np.clip(np.rint((np.asarray(x) - alphabet.levels[0]) / step), 0, len(alphabet.levels) - 1).astype(np.int64)


def mmse(h: ArrayLike, y: ArrayLike, alphabet: Pam, noise: float) -> Found:
    """Linear minimum mean square error estimates, sliced. noise : variance of the complex noise.

    x = (H^T H + (noise / 2) / e I)^-1 H^T y with e the energy of one real dimension.
    """
    a, b = _checked(h, y)
    energy = float(np.mean(alphabet.levels**2))
    gram = np.einsum("bmi,bmj->bij", a, a) + (noise / 2.0 / energy) * np.eye(a.shape[2])
    x = np.linalg.solve(gram, np.einsum("bmi,bm->bi", a, b)[..., None])[..., 0]
    levels = slice_levels(alphabet, x)
    return Found(levels, _metrics(a, b, alphabet, levels))


def k_best(h: ArrayLike, y: ArrayLike, alphabet: Pam, k: int, *, noise: float = 0.0, use_kernel: bool = True) -> Found:
    """The k paths of least metric kept level by level on the sorted QR decomposition, best first.

    levels [B, k, n], metrics [B, k]; where there are fewer than k vectors the last are infinite. noise : variance of
    the complex noise; when given, paths are kept by the metric of the MMSE-extended channel, which costs little and
    keeps far better ones near capacity (for BPSK and QPSK the full vectors' order is the same).

    A breadth-first search (Guo and Nilsson, IEEE JSAC 24(3) 2006) over sorted QR, plain or MMSE (Wuebben et al.,
    Electron. Lett. 37(22) 2001; IEEE VTC 2003).
    """
    if not isinstance(k, (int, np.integer)) or k < 1:
        raise ArgumentError(f"k must be a whole number of 1 at least, found {k!r}")
    a, b = _checked(h, y)
    ridge = noise / 2.0 / float(np.mean(alphabet.levels**2))
    a, b = _extended(a, b, ridge) if noise > 0 else _tall(a, b)
    fast = kernel("k_best") if use_kernel else None
    if fast is not None:
        index, metric = fast(a, b, alphabet.levels.astype(np.float32), int(k))
        levels, metrics = index.astype(np.int64), metric.astype(np.float64)
    else:
        parts = [_k_best_twin(a[i], b[i], alphabet.levels, int(k)) for i in range(len(a))]
        levels, metrics = np.stack([p[0] for p in parts]), np.stack([p[1] for p in parts])
    if noise <= 0:
        return Found(levels, metrics)
    metrics = metrics - ridge * (alphabet.levels**2)[levels].sum(axis=-1)
    order = np.argsort(metrics, axis=1, kind="stable")
    return Found(np.take_along_axis(levels, order[..., None], 1), np.take_along_axis(metrics, order, 1))


def sphere(
    h: ArrayLike, y: ArrayLike, alphabet: Pam, *, noise: float = 0.0, max_nodes: int = 10**7, use_kernel: bool = True
) -> Found:
    """The vector of least metric, by depth-first search in Schnorr-Euchner order (Agrell et al., IEEE Trans. IT 2002).

    proven [B] says where the search ended by itself; where it met `max_nodes` the best found so far is returned.
    noise : with two levels (BPSK, QPSK) |x|^2 is constant, so the MMSE-extended channel has the same optimum and visits
    far fewer nodes; used when given. With more levels it would be another problem, and is not used.
    """
    a, b = _checked(h, y)
    ridge = noise / 2.0 / float(np.mean(alphabet.levels**2)) if len(alphabet.levels) == 2 else 0.0
    a, b = _extended(a, b, ridge) if ridge > 0 else _tall(a, b)
    constant = ridge * a.shape[2] * float(alphabet.levels[0] ** 2)
    if max_nodes < 1:
        raise ArgumentError(f"max_nodes must be 1 at least, found {max_nodes}")
    fast = kernel("sphere") if use_kernel else None
    if fast is not None:
        index, metric, nodes, proven = fast(a, b, alphabet.levels.astype(np.float32), int(max_nodes))
        return Found(index.astype(np.int64), metric - constant, proven, nodes)
    parts = [_sphere_twin(a[i], b[i], alphabet.levels, max_nodes) for i in range(len(a))]
    levels, metrics, proven, nodes = (np.array([p[c] for p in parts]) for c in range(4))
    return Found(levels, metrics - constant, proven, nodes)


def _sorted_qr(h: Floats, y: Floats) -> tuple[Floats, Floats, NDArray[np.int64], float]:
    """(R, Q^T y, order of columns, energy of y outside) by modified Gram-Schmidt, weak columns first."""
    q, n = h.T.copy(), h.shape[1]
    r, z, order, left = np.zeros((n, n)), np.zeros(n), np.arange(n), y.copy()
    norm = (q**2).sum(axis=1)
    for i in range(n):
        best = i + int(np.argmax(norm[i:] <= norm[i:].min() * (1.0 + 1e-9)))  # the first of equals
        for array in (order, norm, q):
            array[[i, best]] = array[[best, i]]
        r[:i, [i, best]] = r[:i, [best, i]]
        r[i, i] = np.sqrt((q[i] ** 2).sum())
        q[i] *= 1.0 / r[i, i] if r[i, i] > 0 else 0.0
        r[i, i + 1 :] = q[i + 1 :] @ q[i]
        q[i + 1 :] -= np.outer(r[i, i + 1 :], q[i])
        norm[i + 1 :] = np.maximum(norm[i + 1 :] - r[i, i + 1 :] ** 2, 0.0)
        z[i] = q[i] @ left
        left -= z[i] * q[i]
    return r, z, order, float(left @ left)


def _k_best_twin(h: Floats, y: Floats, amplitudes: Floats, k: int) -> tuple[NDArray[np.int64], Floats]:
    r, z, order, rest = _sorted_qr(h, y)
    n, size = len(z), len(amplitudes)
    paths, metric = np.zeros((1, 0), dtype=np.int64), np.array([rest])  # columns of paths: rows n-1, n-2, ...
    for i in range(n - 1, -1, -1):
        left = z[i] - amplitudes[paths] @ r[i, n - 1 : i : -1]
        candidate = (metric[:, None] + (left[:, None] - r[i, i] * amplitudes) ** 2).ravel()
        chosen = np.arange(len(candidate))
        if k < len(candidate):
            chosen = np.sort(np.argsort(candidate, kind="stable")[:k])
        paths = np.column_stack([paths[chosen // size], chosen % size])
        metric = candidate[chosen]
    rank = np.argsort(metric, kind="stable")
    levels = np.zeros((k, n), dtype=np.int64)
    levels[: len(rank), order[::-1]] = paths[rank]
    levels[len(rank) :] = levels[0]
    return levels, np.concatenate([metric[rank], np.full(k - len(rank), np.inf)])


def _sphere_twin(h: Floats, y: Floats, amplitudes: Floats, max_nodes: int):
    r, z, order, rest = _sorted_qr(h, y)
    n = len(z)
    x, now, best = np.zeros(n), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    radius, nodes = np.inf, 0
    stack = [(n - 1, rest, iter(_children(n - 1, rest, r, z, x, amplitudes)))]
    while stack:
        i, _, children = stack[-1]
        found = next(children, None)
        if found is None or found[0] >= radius:
            stack.pop()
            continue
        nodes += 1
        if nodes > max_nodes and np.isfinite(radius):
            break
        now[i], x[i] = found[1], amplitudes[found[1]]
        if i == 0:
            radius, best = found[0], now.copy()
        else:
            stack.append((i - 1, found[0], iter(_children(i - 1, found[0], r, z, x, amplitudes))))
    levels = np.zeros(n, dtype=np.int64)
    levels[order] = best
    return levels, radius, nodes <= max_nodes, nodes


def _children(i: int, partial: float, r: Floats, z: Floats, x: Floats, amplitudes: Floats) -> list[tuple[float, int]]:
    left = z[i] - r[i, i + 1 :] @ x[i + 1 :]
    return sorted((partial + float((left - r[i, i] * a) ** 2), c) for c, a in enumerate(amplitudes))


def expectation_propagation(
    h: ArrayLike, y: ArrayLike, alphabet: Pam, noise: float, *, iterations: int = 10, damping: float = 0.2
) -> tuple[Found, Floats]:
    """(sliced means, probabilities [B, n, n_levels]) of expectation propagation (Cespedes et al., IEEE Trans. Commun.
    62(8) 2014, eqs. 24 to 37): Gaussian factors matched to the amplitudes' moments, all at once and damped.
    """
    a, b = _checked(h, y)
    variance = noise / 2.0
    gram, matched = np.einsum("bmi,bmj->bij", a, a) / variance, np.einsum("bmi,bm->bi", a, b) / variance
    points = alphabet.levels
    precision = np.full(matched.shape, 1.0 / np.mean(points**2))
    gamma = np.zeros(matched.shape)
    probability = np.zeros((*matched.shape, len(points)))
    eye = np.eye(a.shape[2])
    for _ in range(iterations):
        covariance = np.linalg.inv(gram + precision[..., None] * eye)
        mean = np.einsum("bij,bj->bi", covariance, matched + gamma)
        own = np.maximum(np.einsum("bii->bi", covariance), 1e-12)
        cavity = own / np.maximum(1.0 - own * precision, 1e-9)
        centre = cavity * (mean / own - gamma)
        exponent = -((points - centre[..., None]) ** 2) / (2.0 * cavity[..., None])
        probability = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
        probability /= probability.sum(axis=-1, keepdims=True)
        m1 = probability @ points
        m2 = np.maximum(probability @ points**2 - m1**2, 5e-7)
        new_precision, new_gamma = 1.0 / m2 - 1.0 / cavity, m1 / m2 - centre / cavity
        valid = new_precision > 0
        precision = np.where(valid, (1 - damping) * precision + damping * new_precision, precision)
        gamma = np.where(valid, (1 - damping) * gamma + damping * new_gamma, gamma)
    levels = probability.argmax(axis=-1)
    return Found(levels, _metrics(a, b, alphabet, levels)), probability


def list_llr(alphabet: Pam, levels: ArrayLike, metrics: ArrayLike, noise: float, *, limit: float = 8.0) -> Floats:
    """Max-log LLRs [B, n_bits], positive for a zero bit, from lists of candidates levels [B, k, n] and metrics [B, k].

    A bit on which the whole list agrees gets +-`limit` (list sphere detection, Hochwald and ten Brink, IEEE Trans.
    Commun. 51(3) 2003, section V).
    """
    bits = bits_of_levels(alphabet, levels)
    m = np.asarray(metrics, dtype=float)[..., None]
    zero = np.where(bits == 0, m, np.inf).min(axis=1)
    one = np.where(bits == 1, m, np.inf).min(axis=1)
    with np.errstate(invalid="ignore"):
        return np.clip((one - zero) / noise, -limit, limit)
