"""The intensities of weak pulses with which a message takes the least time: signal, decoys, and how many of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.physics.quantum.messages.plan import Link, make_plan

__all__ = ["with_best_pulses"]

_SIGNALS = tuple(np.geomspace(1e-3, 0.8, 17))
_WEAK = (0.15, 0.25, 0.35)  # of the signal
_SHARES = ((0.03, 0.01), (0.08, 0.02), (0.15, 0.04), (0.25, 0.06))  # of weak decoy and vacuum


def with_best_pulses(link: Link, n_bits: int, *, n_decoys: int = 2, signal: float | None = None) -> Link:
    """The link with the weak pulses that carry n_bits in the fewest slots.

    n_decoys : 0, 1 (weak) or 2 (weak and vacuum). signal : mean photons where they are given. Intensities are tried in
    turn, by some tens of plans. Raises the plan's DomainError where no setting carries a secret bit.

    >>> from silla.physics.quantum.photons.direct import Dl04Link
    >>> from silla.physics.quantum.photons.receiver import PhotonDetector
    >>> found = with_best_pulses(Dl04Link(0.6, PhotonDetector(0.8, 1e-7), 0.002, 0.2), 10**6)
    >>> 0.05 < found.mean_photons < 0.5, len(found.decoys)
    (True, 2)
    """
    if n_decoys not in (0, 1, 2):
        raise ArgumentError(f"direct message: {n_decoys} decoys; allowed: 0, 1 or 2")
    best: tuple[float, Link] | None = None
    refused: DomainError | None = None

    def tried(links: Iterable[Link]) -> None:
        nonlocal best, refused
        for one in links:
            try:
                plan = make_plan(one, n_bits)
            except DomainError as error:
                refused = error
                continue
            slots = float(-(-n_bits // plan.n_secret)) * plan.n_slots
            if best is None or slots < best[0]:
                best = slots, one

    middle = (_WEAK[1], _SHARES[1])
    tried(_pulses(link, mu, n_decoys, *middle) for mu in (_SIGNALS if signal is None else (signal,)))
    if best is None:
        tried(_pulses(link, mu, n_decoys, _WEAK[2], _SHARES[3]) for mu in (_SIGNALS if signal is None else (signal,)))
    if best is None:
        assert refused is not None
        raise refused
    mu = float(best[1].mean_photons or 0.0)
    if n_decoys:
        tried(_pulses(link, mu, n_decoys, weak, shares) for weak in _WEAK for shares in _SHARES)
    if signal is None:
        at = best[1]
        tried(_scaled(at, factor) for factor in (0.75, 0.87, 1.15, 1.32))
    return best[1]


def _pulses(link: Link, mu: float, n_decoys: int, weak: float, shares: tuple[float, float]) -> Link:
    decoys = (weak * mu, 0.0)[:n_decoys]
    return replace(link, mean_photons=float(mu), decoys=tuple(map(float, decoys)), decoy_shares=shares[:n_decoys])


def _scaled(link: Link, factor: float) -> Link:
    mu = float(link.mean_photons or 0.0) * factor
    return replace(link, mean_photons=mu, decoys=tuple(factor * k for k in link.decoys))
