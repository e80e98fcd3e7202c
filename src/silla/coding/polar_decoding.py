"""Successive-cancellation list decoding of polar codes, in LLRs (Balatsoukas-Stimming, Parizi & Burg 2015)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError
from silla.coding import crc as crc_module
from silla.coding.polar import PolarCode

__all__ = ["PolarDecoded", "decode_polar", "dematch_polar"]

_CERTAIN = 1e6  # LLR of a bit that is known


class PolarDecoded(NamedTuple):
    """bits uint8 [n_blocks, k], the CRC among them; good bool [n_blocks]: the CRC holds (True where none was given)."""

    bits: np.ndarray
    good: np.ndarray


def dematch_polar(code: PolarCode, llr: np.ndarray) -> np.ndarray:
    """LLRs at the places of the mother code, float [n_blocks, n]: repeated bits are summed, shortened ones known."""
    llr = np.asarray(llr, float)
    if llr.ndim != 2 or llr.shape[1] != code.e:
        raise ArgumentError(f"llr has the shape {llr.shape}; expected [n_blocks, {code.e}]")
    if np.isnan(llr).any():
        raise ArgumentError("an LLR is not a number")
    out = np.zeros((code.n, len(llr)))
    np.add.at(out, code.sent, np.clip(llr, -_CERTAIN, _CERTAIN).T)
    out[code.known_zero] = _CERTAIN
    return out.T


class _List:
    """The paths of every block: [n_blocks, n_paths, ..] arrays that are reordered together when paths split."""

    def __init__(self, code: PolarCode, llr: np.ndarray, n_paths: int):
        self.code, self.n_paths, self.stages = code, n_paths, code.n.bit_length() - 1
        shape = (len(llr), n_paths)
        self.llr = [np.zeros((*shape, 1 << s)) for s in range(self.stages)]
        self.llr.append(np.repeat(llr[:, None], n_paths, axis=1))
        self.left = [np.zeros((*shape, 1 << s), np.uint8) for s in range(self.stages)]
        self.u = np.zeros((*shape, code.n), np.uint8)
        self.cost = np.full(shape, np.inf)
        self.cost[:, 0] = 0.0
        self.ring = np.zeros((*shape, 5), np.uint8)
        self.carries, self.checks = np.zeros(code.n, bool), np.zeros(code.n, bool)
        self.carries[code.info], self.checks[code.parity] = True, True

    def keep(self, parent: np.ndarray, top: int) -> None:
        """Each path becomes a copy of its parent [n_blocks, n_paths]; stages above `top` are the same for all paths."""
        for s in range(top):
            self.llr[s] = np.take_along_axis(self.llr[s], parent[..., None], axis=1)
            self.left[s] = np.take_along_axis(self.left[s], parent[..., None], axis=1)
        self.u = np.take_along_axis(self.u, parent[..., None], axis=1)
        self.ring = np.take_along_axis(self.ring, parent[..., None], axis=1)

    def leaf(self, place: int) -> np.ndarray:
        llr = self.llr[0][..., 0]
        if len(self.code.parity):
            self.ring = np.roll(self.ring, -1, axis=2)
        if not self.carries[place] or self.checks[place]:
            bit = self.ring[..., 0] if self.checks[place] else np.zeros(llr.shape, np.uint8)
            self.cost = self.cost + np.where((llr < 0) != (bit == 1), np.abs(llr), 0.0)
        else:
            price = np.abs(llr)
            both = np.concatenate([self.cost + np.where(llr < 0, price, 0), self.cost + np.where(llr < 0, 0, price)], 1)
            chosen = np.argsort(both, axis=1, kind="stable")[:, : self.n_paths]
            self.cost = np.take_along_axis(both, chosen, axis=1)
            bit = (chosen >= self.n_paths).astype(np.uint8)
            self.keep(chosen % self.n_paths, self.stages)
            self.ring[..., 0] ^= bit
        self.u[..., place] = bit
        return bit[..., None]

    def run(self, stage: int, place: int) -> np.ndarray:
        """Code bits of the branch of 2^stage bits that starts at `place`."""
        if stage == 0:
            return self.leaf(place)
        half = 1 << (stage - 1)
        a, b = self.llr[stage][..., :half], self.llr[stage][..., half:]
        self.llr[stage - 1] = np.copysign(1.0, a) * np.copysign(1.0, b) * np.minimum(np.abs(a), np.abs(b))
        self.left[stage - 1] = self.run(stage - 1, place)
        a, b = self.llr[stage][..., :half], self.llr[stage][..., half:]  # the paths may have changed places
        self.llr[stage - 1] = b + np.where(self.left[stage - 1] == 1, -a, a)
        right = self.run(stage - 1, place + half)
        return np.concatenate([self.left[stage - 1] ^ right, right], axis=2)


def decode_polar(code: PolarCode, llr: np.ndarray, *, n_paths: int = 8, crc: str | None = None) -> PolarDecoded:
    """The best path of a list decoder, or the best one whose CRC holds.

    Parameters
    ----------
    llr : float [n_blocks, e], log P(0)/P(1) of the sent bits. n_paths : 1 is successive cancellation.
    crc : name of the CRC at the message's end ("11", "24C", ..), None for none.

    Min-sum in the branches and a path cost of |LLR| per contradiction. Left out: leaving early on the interleaved CRC
    of the downlink.

    >>> from silla.coding.polar import encode_polar, polar_code
    >>> code = polar_code(32, 64)
    >>> sent = encode_polar(code, np.ones((1, 32), np.uint8))
    >>> int(decode_polar(code, 4.0 - 8.0 * sent).bits.sum())
    32
    """
    if n_paths < 1:
        raise ArgumentError(f"n_paths is {n_paths}; at least 1")
    paths = _List(code, dematch_polar(code, llr), n_paths)
    paths.run(paths.stages, 0)
    order = np.argsort(paths.cost, axis=1, kind="stable")
    u = np.take_along_axis(paths.u, order[..., None], axis=1)
    bits = np.empty((*u.shape[:2], code.k), np.uint8)
    bits[..., code.order] = u[..., np.setdiff1d(code.info, code.parity)]
    if crc is None:
        return PolarDecoded(bits[:, 0], np.ones(len(bits), bool))
    holds = crc_module.check(bits, crc) & np.isfinite(np.take_along_axis(paths.cost, order, axis=1))
    best = holds.argmax(axis=1)
    return PolarDecoded(bits[np.arange(len(bits)), best], np.asarray(holds.any(axis=1)))
