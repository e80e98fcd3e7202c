"""Code words to layers (TS 38.211 clauses 6.3.1.3 and 7.3.1.3), and precoding (6.3.1.5)."""

from __future__ import annotations

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["demap_layers", "layers_of_codewords", "map_layers", "precode"]


def layers_of_codewords(n_layers: int) -> tuple[int, ...]:
    """Layers of each code word: one up to 4 layers, two from 5 to 8 (Table 7.3.1.3-1).

    >>> layers_of_codewords(4), layers_of_codewords(7)
    ((4,), (3, 4))
    """
    if not 1 <= n_layers <= 8:
        raise ArgumentError(f"{n_layers} layers; allowed: 1 to 8 (TS 38.211 Table 7.3.1.3-1)")
    return (n_layers,) if n_layers <= 4 else (n_layers // 2, n_layers - n_layers // 2)


def map_layers(symbols: np.ndarray, n_layers: int) -> np.ndarray:
    """Layers [.., n_layers, n / n_layers] of a code word's symbols [.., n]: x_l(i) = d(n_layers i + l).

    >>> map_layers(np.arange(6), 2).tolist()
    [[0, 2, 4], [1, 3, 5]]
    """
    symbols = np.asarray(symbols)
    if symbols.shape[-1] % n_layers:
        raise ArgumentError(f"{symbols.shape[-1]} symbols do not spread over {n_layers} layers (TS 38.211 7.3.1.3)")
    return np.moveaxis(symbols.reshape(*symbols.shape[:-1], -1, n_layers), -1, -2)


def demap_layers(layers: np.ndarray) -> np.ndarray:
    """The code word's symbols [.., n_layers n] of layers [.., n_layers, n]."""
    moved = np.moveaxis(layers, -2, -1)
    return moved.reshape(*moved.shape[:-2], -1)


def precode(layers: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Ports [.., ports, symbols, subcarriers] = matrix times layers [.., layers, symbols, subcarriers], complex64.

    matrix : [ports, layers], or [n_prb, ports, layers], one for each resource block.
    """
    w = np.ascontiguousarray(matrix, np.complex64)
    if w.ndim not in (2, 3) or w.shape[-1] != layers.shape[-3]:
        raise ArgumentError(
            f"the precoding matrix has the shape {w.shape}; expected [ports, {layers.shape[-3]}] or "
            f"[n_prb, ports, {layers.shape[-3]}]"
        )
    if not np.isfinite(w).all():
        raise ArgumentError("the precoding matrix holds values that are not finite")
    *batch, n_layers, n_symbols, n_sc = layers.shape
    if w.ndim == 2:
        return (w @ layers.reshape(*batch, n_layers, -1)).reshape(*batch, len(w), n_symbols, n_sc)
    if len(w) * 12 != n_sc:
        raise ArgumentError(f"{len(w)} precoding matrices for {n_sc // 12} resource blocks")
    parts = layers.reshape(*batch, n_layers, n_symbols, len(w), 12)
    return np.einsum("bpl,...lsbk->...psbk", w, parts, optimize=True).reshape(*batch, w.shape[1], n_symbols, n_sc)
