"""The carrier's resource grid, time and frequency allocation (TS 38.211 clause 4.4, TS 38.214 clauses 5.1.2 and 6.1.2).

A grid is an array [.., ports, symbols, subcarriers]; subcarrier 0 is the lowest of the carrier's first resource block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["Carrier", "checked_prbs", "riv", "riv_decoded", "sliv", "sliv_decoded", "vrb_to_prb"]


@dataclass(frozen=True)
class Carrier:
    """A carrier and the slot looked at.

    n_prb : resource blocks of the grid, 1 to 275. first_crb : common resource block of the first one. numerology : mu,
    0 to 6: subcarrier spacing 15 2^mu kHz. slot : n_s,f within the frame. frame : system frame number. cell_id :
    physical cell identity. extended_cp : 12 symbols in a slot; mu = 2 alone.

    >>> Carrier(n_prb=106, numerology=0).n_subcarriers
    1272
    """

    n_prb: int = 273
    first_crb: int = 0
    numerology: int = 1
    slot: int = 0
    frame: int = 0
    cell_id: int = 0
    extended_cp: bool = False

    def __post_init__(self) -> None:
        for name, low, high, clause in (
            ("n_prb", 1, 275, "4.4.2"),
            ("first_crb", 0, 2473, "4.4.4.3"),
            ("numerology", 0, 6, "4.2"),
            ("slot", 0, 10 * 2 ** min(max(self.numerology, 0), 6) - 1, "4.3.2"),
            ("frame", 0, 1023, "4.3.1"),
            ("cell_id", 0, 1007, "7.4.2.1"),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ArgumentError(f"carrier: {name} is {value}; allowed: {low} to {high} (TS 38.211 clause {clause})")
        if self.extended_cp and self.numerology != 2:
            raise ArgumentError("carrier: the extended cyclic prefix exists for mu = 2 alone (TS 38.211 Table 4.2-1)")

    @property
    def n_subcarriers(self) -> int:
        return 12 * self.n_prb

    @property
    def symbols_per_slot(self) -> int:
        return 12 if self.extended_cp else 14

    @property
    def slots_per_frame(self) -> int:
        return 10 << self.numerology


def checked_prbs(prbs, carrier: Carrier, what: str) -> tuple[int, ...]:
    """The resource blocks as an increasing tuple; None means all. ArgumentError for any outside the carrier."""
    if prbs is None:
        return tuple(range(carrier.n_prb))
    out = tuple(int(p) for p in prbs)
    if not out:
        raise ArgumentError(f"{what}: no resource block is allocated; at least 1")
    if len(set(out)) != len(out) or list(out) != sorted(out):
        raise ArgumentError(f"{what}: resource blocks must increase, each once")
    if out[0] < 0 or out[-1] >= carrier.n_prb:
        raise ArgumentError(
            f"{what}: resource blocks {out[0]} to {out[-1]} do not fit a carrier of {carrier.n_prb} (TS 38.214 "
            "clause 5.1.2.2)"
        )
    return out


def sliv(start: int, length: int) -> int:
    """Start and length indicator value of symbols start .. start + length - 1 (TS 38.214 clause 5.1.2.1).

    >>> sliv(0, 14), sliv_decoded(27)
    (27, (0, 14))
    """
    if not (0 <= start <= 13 and 1 <= length <= 14 - start):
        raise ArgumentError(
            f"symbols {start} to {start + length - 1} do not fit a slot of 14 (TS 38.214 clause 5.1.2.1)"
        )
    return 14 * (length - 1) + start if length - 1 <= 7 else 14 * (14 - length + 1) + 13 - start


def sliv_decoded(value: int) -> tuple[int, int]:
    """(start, length) of an indicator value."""
    return _decoded(value, 14, "SLIV", "5.1.2.1", sliv)


def riv(first: int, length: int, n_bwp: int) -> int:
    """Resource indication value of contiguous blocks first .. first + length - 1 (TS 38.214 clause 5.1.2.2.2).

    >>> riv(2, 5, 24), riv_decoded(98, 24)
    (98, (2, 5))
    """
    if not (0 <= first < n_bwp and 1 <= length <= n_bwp - first):
        raise ArgumentError(
            f"resource blocks {first} to {first + length - 1} do not fit {n_bwp} (TS 38.214 clause 5.1.2.2.2)"
        )
    return (
        n_bwp * (length - 1) + first if length - 1 <= n_bwp // 2 else n_bwp * (n_bwp - length + 1) + n_bwp - 1 - first
    )


def riv_decoded(value: int, n_bwp: int) -> tuple[int, int]:
    """(first, length) of a resource indication value."""
    return _decoded(value, n_bwp, "RIV", "5.1.2.2.2", lambda first, length: riv(first, length, n_bwp))


def _decoded(value: int, size: int, name: str, clause: str, encode) -> tuple[int, int]:
    quotient, rest = divmod(value, size)
    first, length = rest, quotient + 1
    if length > size - first:
        first, length = size - 1 - rest, size - quotient + 1
    if value < 0 or first < 0 or length < 1 or first + length > size or encode(first, length) != value:
        raise ArgumentError(f"{name} {value} means no allocation within {size} (TS 38.214 clause {clause})")
    return first, length


def vrb_to_prb(n_bwp: int, start: int = 0, bundle: int | None = None) -> np.ndarray:
    """Physical resource block of each virtual one, int64 [n_bwp] (TS 38.211 clause 7.3.1.6).

    start : first common resource block of the bandwidth part. bundle : size L of the interleaved bundles, 2 or 4; None
        for the non-interleaved mapping.

    >>> vrb_to_prb(10, 0, 2).tolist()
    [0, 1, 4, 5, 2, 3, 6, 7, 8, 9]
    """
    if bundle is None:
        return np.arange(n_bwp)
    if bundle not in (2, 4):
        raise ArgumentError(f"bundles of {bundle} resource blocks; allowed: 2, 4 (TS 38.211 clause 7.3.1.6)")
    edges = np.unique(np.clip(np.arange(start // bundle, -(-(start + n_bwp) // bundle) + 1) * bundle - start, 0, n_bwp))
    n_bundles, columns = len(edges) - 1, (len(edges) - 1) // 2
    to = np.arange(n_bundles)
    for c in range(columns):
        for r in range(2):
            if c * 2 + r < n_bundles - 1:
                to[c * 2 + r] = r * columns + c
    return np.concatenate([np.arange(edges[t], edges[t + 1]) for t in to])
