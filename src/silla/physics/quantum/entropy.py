"""Binary entropy, the one function that every key rate needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["binary_entropy"]


def binary_entropy(p: ArrayLike):
    """Bits of h(p) = -p log2 p - (1-p) log2(1-p), with h(0) = h(1) = 0; same shape as `p` (a probability).

    >>> float(binary_entropy(0.5))
    1.0
    """
    p = np.clip(np.asarray(p, dtype=float), 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        h = -p * np.log2(p) - (1.0 - p) * np.log1p(-p) / np.log(2.0)
    return np.where((p <= 0.0) | (p >= 1.0), 0.0, h)[()]
