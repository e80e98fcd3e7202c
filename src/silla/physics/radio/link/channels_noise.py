"""A channel and its noise in one pass over the grid, by the C++ kernel or its NumPy twin.

The noise comes from a counter-based generator (Philox-4x32-10, Salmon et al., SC'11) by Box-Muller, so it depends on
one 64-bit key and the place on the grid, not on the instruction set or on how work is cut up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel
from silla.physics.radio.link.channels import apply_frequency

__all__ = ["complex_gaussian", "gaussian_numpy", "propagate"]

_BLOCK = 32  # elements of a row whose noise is made together: call i makes elements i and i + 16


def propagate(
    grid: np.ndarray,
    response: np.ndarray,
    noise_variance: ArrayLike,
    *,
    rng: np.random.Generator,
    use_kernel: bool = True,
) -> NDArray[np.complex64]:
    """H x + n on every resource element: [batch, n_rx, n_symbols, n_subcarriers].

    grid : [batch, n_tx, n_symbols, n_subcarriers]; response : [batch, n_rx, n_tx, n_symbols (or 1), n_subcarriers].
    noise_variance : E|n|^2, a number or [batch]. One 64-bit number is drawn from rng.

    >>> x, h = np.ones((1, 1, 1, 2)), np.full((1, 2, 1, 1, 2), 2.0)
    >>> propagate(x, h, 0.0, rng=np.random.default_rng(1)).real.tolist()
    [[[[2.0, 2.0]], [[2.0, 2.0]]]]
    """
    x, h = np.asarray(grid, np.complex64), np.asarray(response, np.complex64)
    if x.ndim != 4 or h.ndim != 5 or (h.shape[0], h.shape[2], h.shape[4]) != (x.shape[0], x.shape[1], x.shape[3]):
        raise ArgumentError(f"a grid of shape {x.shape} does not fit a response of shape {h.shape}")
    if h.shape[3] not in (1, x.shape[2]):
        raise ArgumentError(f"a response of {h.shape[3]} symbols for a grid of {x.shape[2]}")
    noise = np.asarray(noise_variance, np.float32)
    if noise.shape not in ((), (1,), (len(x),)) or not np.isfinite(noise).all() or (noise < 0).any():
        raise ArgumentError("noise_variance must be finite, not negative, and a number or one for each of the batch")
    noise = np.ascontiguousarray(np.broadcast_to(noise, (len(x),)))
    key = int(rng.integers(0, 1 << 64, dtype=np.uint64))
    fast = kernel("propagate") if use_kernel else None
    if fast is not None:
        floats = [np.ascontiguousarray(a).view(np.float32) for a in (x, h)]
        return fast(*floats, noise, key).view(np.complex64)
    noise_of = gaussian_numpy((len(x), h.shape[1], *x.shape[2:]), key) * np.sqrt(noise)[:, None, None, None]
    return apply_frequency(x, h) + noise_of if x.shape[1] else noise_of


def complex_gaussian(shape: tuple[int, ...], *, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Circular Gaussian numbers of variance 1, complex64 of a shape: the noise of `propagate` alone.

    >>> complex_gaussian((2, 3), rng=np.random.default_rng(1)).shape
    (2, 3)
    """
    n = int(np.prod(shape))
    silent = np.zeros((1, 0, 1, n), np.complex64)
    return propagate(silent, np.zeros((1, 1, 0, 1, n), np.complex64), 1.0, rng=rng).reshape(shape)


def _philox(counter: NDArray[np.uint64], key: int) -> list[NDArray[np.uint64]]:
    """Four 32-bit words (in uint64) of each 64-bit counter."""
    low = np.uint64(0xFFFFFFFF)
    c = [counter & low, counter >> np.uint64(32), np.zeros_like(counter), np.zeros_like(counter)]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [
            (p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & low,
            (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & low,
        ]  # fmt: skip
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def gaussian_numpy(shape: tuple[int, int, int, int], key: int) -> NDArray[np.complex64]:
    """The kernel's noise of variance 1 on [batch, n_rx, n_symbols, n_subcarriers]."""
    rows, n = int(np.prod(shape[:-1])), shape[-1]
    blocks, half = -(-n // _BLOCK), _BLOCK // 2
    counter = np.arange(rows * blocks * half, dtype=np.uint64)
    words = _philox(counter, key)

    def polar(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> np.ndarray:
        u = ((a >> np.uint64(1)).astype(np.float32) + np.float32(0.5)).astype(float) * 2.0**-31
        angle = (b >> np.uint64(8)).astype(float) * 2.0**-24
        return np.sqrt(np.maximum(-np.log(u), 0.0)) * np.exp(2j * np.pi * angle)

    pair = np.stack([polar(words[0], words[1]).reshape(-1, half), polar(words[2], words[3]).reshape(-1, half)], axis=1)
    return pair.reshape(rows, blocks * _BLOCK)[:, :n].reshape(shape).astype(np.complex64)
