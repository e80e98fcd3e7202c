"""Where a waterfall passes the target, of counts at a few points close to it, and the difference of two such places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import log_ndtr, ndtri
from scipy.stats import chi2

TARGET = 0.1


def place(snr_db: Sequence[float], blocks: Sequence[int], errors: Sequence[float], spread_db: float):
    """(threshold, low, high) in dB: maximum likelihood of a normal waterfall of known spread, 95 % by its ratio."""
    x, n, k = (np.asarray(v, float)[:, None] for v in (snr_db, blocks, errors))
    at = x.mean() + spread_db * np.arange(-4.0, 4.0, 0.002)  # of the threshold
    u = (at - spread_db * ndtri(1 - TARGET) - x) / spread_db
    likelihood = (k * log_ndtr(u) + (n - k) * log_ndtr(-u)).sum(axis=0)
    best = int(likelihood.argmax())
    held = np.flatnonzero(likelihood >= likelihood[best] - chi2.ppf(0.95, 1) / 2)
    return float(at[best]), float(at[held[0]]), float(at[held[-1]])


def difference(points, spread_db: float, draws: int = 400):
    """(mine minus theirs, low, high) in dB of points [(snr_db, mine lost [n], theirs lost [n])]: blocks drawn again."""
    rng = np.random.default_rng(1)
    x = [p[0] for p in points]

    def gap(chosen) -> float:
        n = [len(c) for c in chosen]
        mine, theirs = ([p[side][c].sum() for p, c in zip(points, chosen)] for side in (1, 2))
        return place(x, n, mine, spread_db)[0] - place(x, n, theirs, spread_db)[0]

    every = [np.arange(len(p[1])) for p in points]
    again = [gap([rng.choice(e, len(e)) for e in every]) for _ in range(draws)]
    return gap(every), *np.quantile(again, [0.025, 0.975])
