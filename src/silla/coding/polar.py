"""CRC-aided polar codes of control channels: construction, encoding and rate matching (TS 38.212 clauses 5.3.1, 5.4.1).

Uplink control information uses three parity-check bits for short messages and a channel interleaver; downlink control
information interleaves its bits with their CRC. The CRC itself is appended by the caller (`crc.append`): its length is
the difference between message and K.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from importlib import resources

import numpy as np

from silla.base.errors import ArgumentError, DomainError

__all__ = ["PolarCode", "downlink_code", "encode_polar", "polar_code", "uplink_code"]

_SUB_BLOCK = (
    0, 1, 2, 4, 3, 5, 6, 7, 8, 16, 9, 17, 10, 18, 11, 19, 12, 20, 13, 21, 14, 22, 15, 23, 24, 25, 26, 28, 27, 29, 30, 31
)  # fmt: skip  # Table 5.4.1.1-1
_INPUT = (
    0, 2, 4, 7, 9, 14, 19, 20, 24, 25, 26, 28, 31, 34, 42, 45, 49, 50, 51, 53, 54, 56, 58, 59, 61, 62, 65, 66, 67, 69,
    70, 71, 72, 76, 77, 81, 82, 83, 87, 88, 89, 91, 93, 95, 98, 101, 104, 106, 108, 110, 111, 113, 115, 118, 119, 120,
    122, 123, 126, 127, 129, 132, 134, 138, 139, 140, 1, 3, 5, 8, 10, 15, 21, 27, 29, 32, 35, 43, 46, 52, 55, 57, 60,
    63, 68, 73, 78, 84, 90, 92, 94, 96, 99, 102, 105, 107, 109, 112, 114, 116, 121, 124, 128, 130, 133, 135, 141, 6,
    11, 16, 22, 30, 33, 36, 44, 47, 64, 74, 79, 85, 97, 100, 103, 117, 125, 131, 136, 142, 12, 17, 23, 37, 48, 75, 80,
    86, 137, 143, 13, 18, 38, 144, 39, 145, 40, 146, 41, *range(147, 164),
)  # fmt: skip  # Table 5.3.1.1-1


@dataclass(frozen=True, eq=False)
class PolarCode:
    """A polar code of K bits (CRC included) on e sent bits.

    n : length of the mother code. info : its places that carry bits, in increasing order. parity : those of them that
    carry parity-check bits. order : input place of each bit in turn. sent : place of the mother code of each sent bit.
    known_zero : shortened places; the receiver knows that they are 0.
    """

    k: int
    e: int
    n: int
    info: np.ndarray
    parity: np.ndarray
    order: np.ndarray
    sent: np.ndarray
    known_zero: np.ndarray


@functools.cache
def _sequence(n: int) -> np.ndarray:
    text = resources.files("silla.coding").joinpath("data", "polar_sequence.csv").read_text()
    whole = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1, dtype=np.int64).reshape(-1)
    return whole[whole < n]


def _mother_length(k: int, e: int, n_max: int) -> int:
    up = math.ceil(math.log2(e))
    n1 = up - 1 if 8 * e <= 9 * 2 ** (up - 1) and 16 * k < 9 * e else up
    n2 = math.ceil(math.log2(8 * k))
    return 1 << max(5, min(n1, n2, n_max))


def _sub_block(n: int) -> np.ndarray:
    i = np.arange(n)
    return np.array(_SUB_BLOCK)[32 * i // n] * (n // 32) + i % (n // 32)


def _triangle(e: int) -> np.ndarray:
    """Channel interleaver of clause 5.4.1.3: written by rows into a triangle, read by columns."""
    side = math.ceil((math.sqrt(8 * e + 1) - 1) / 2)
    table = np.full((side, side), -1)
    places = [(i, j) for i in range(side) for j in range(side - i)][:e]
    for number, place in enumerate(places):
        table[place] = number
    read = table.T.reshape(-1)
    return read[read >= 0]


def _parity_places(info: np.ndarray, n_pc: int, n_weight: int, sequence: np.ndarray) -> np.ndarray:
    """Places of the parity-check bits among the information places (clause 5.3.1.2)."""
    ranked = sequence[np.isin(sequence, info)]  # least reliable first
    chosen = list(ranked[: n_pc - n_weight])
    best = ranked[n_pc:]
    weight = np.array([bin(int(i)).count("1") for i in best])
    lightest = best[weight == weight.min()]
    return np.sort(np.array(chosen + list(lightest[::-1][:n_weight]), np.int64))


@functools.lru_cache(maxsize=256)
def polar_code(
    k: int, e: int, *, n_max: int = 10, n_pc: int = 0, n_pc_weight: int = 0, input_order: bool = False,
    channel_order: bool = False,
) -> PolarCode:  # fmt: skip
    """The code of K = k bits, CRC included, on e sent bits.

    n_max : log2 of the longest mother code (9 downlink, 10 uplink). n_pc, n_pc_weight : parity-check bits, and how many
    of them are placed by row weight. input_order, channel_order : the standard's I_IL and I_BIL.

    >>> code = polar_code(64, 108, n_max=9)
    >>> code.n, len(code.info)
    (128, 64)
    """
    if k < 1 or k + n_pc > e:
        raise ArgumentError(f"{k} bits and {n_pc} parity bits do not fit into {e} (TS 38.212 clause 5.3.1)")
    if e > 8192:
        raise DomainError(f"{e} sent bits; TS 38.212 clause 5.4.1 ends at 8192")
    n = _mother_length(k, e, n_max)
    if k + n_pc > n:
        raise DomainError(f"{k} bits do not fit into a polar code of {n}; cut the message (TS 38.212 clause 5.2.1)")
    if input_order and k > len(_INPUT):
        raise DomainError(f"{k} bits; the interleaver of TS 38.212 Table 5.3.1.1-1 takes at most {len(_INPUT)}")
    block, sequence = _sub_block(n), _sequence(n)
    frozen, first, zeros = np.zeros(n, bool), 0, np.zeros(0, np.int64)
    if e < n and 16 * k <= 7 * e:  # puncturing
        first = n - e
        frozen[block[:first]] = True
        frozen[: math.ceil(3 * n / 4 - e / 2) if 4 * e >= 3 * n else math.ceil(9 * n / 16 - e / 4)] = True
    elif e < n:  # shortening
        zeros = block[e:]
        frozen[zeros] = True
    info = np.sort(sequence[~frozen[sequence]][-(k + n_pc) :])
    sent = block[first + np.arange(e) % n]
    if channel_order:
        sent = sent[_triangle(e)]
    order = np.arange(k)
    if input_order:
        pattern = np.array(_INPUT) - (len(_INPUT) - k)
        order = pattern[pattern >= 0]
    parity = _parity_places(info, n_pc, n_pc_weight, sequence) if n_pc else np.zeros(0, np.int64)
    return PolarCode(k, e, n, info, parity, order, sent, zeros)


def uplink_code(a: int, e: int) -> tuple[PolarCode, str]:
    """(code, name of the CRC) of uplink control information of a bits in one block (clauses 6.3.1.2.1, 6.3.1.3.1).

    Messages of 12 to 19 bits have 6 CRC and 3 parity-check bits, longer ones 11 CRC bits. Raises DomainError below 12
    bits (clause 5.3.3 codes these) and where the standard cuts the message into two blocks.
    """
    if a < 12:
        raise DomainError(f"{a} bits; below 12 TS 38.212 clause 5.3.3 has other codes")
    if (a >= 360 and e >= 1088) or a >= 1013:
        raise DomainError(f"{a} bits on {e}: two code blocks (TS 38.212 clause 5.2.1), each of them coded by itself")
    name, length = ("6", 6) if a <= 19 else ("11", 11)
    k = a + length
    n_pc = 3 if a <= 19 else 0
    weight = 1 if n_pc and e - k + 3 > 192 else 0
    return polar_code(k, e, n_max=10, n_pc=n_pc, n_pc_weight=weight, channel_order=True), name


def downlink_code(a: int, e: int) -> tuple[PolarCode, str]:
    """(code, name of the CRC) of downlink control information of a bits, padded to 12 by the caller (clause 7.3.3).

    The 24 ones before the message and the mask of the receiver's identity (clause 7.3.2) are the caller's.
    """
    if not 12 <= a <= 140:
        raise DomainError(f"{a} bits; downlink control information has 12 to 140 (TS 38.212 clauses 7.3.1, 7.3.3)")
    return polar_code(a + 24, e, n_max=9, input_order=True), "24C"


def transform(u: np.ndarray) -> np.ndarray:
    """u G_N over GF(2), G_N the Kronecker power of [[1, 0], [1, 1]]; its own inverse. u : [n_blocks, N]."""
    x, half = np.array(u, np.uint8), 1
    while half < x.shape[1]:
        pairs = x.reshape(len(x), -1, 2, half)
        pairs[:, :, 0] ^= pairs[:, :, 1]
        half *= 2
    return x


def encode_polar(code: PolarCode, bits: np.ndarray) -> np.ndarray:
    """The e bits sent of each message, uint8 [n_blocks, e].

    bits : uint8 [n_blocks, k], the message with its CRC.

    >>> code = polar_code(32, 64)
    >>> encode_polar(code, np.ones((1, 32), np.uint8)).shape
    (1, 64)
    """
    bits = np.asarray(bits, np.uint8)
    if bits.ndim != 2 or bits.shape[1] != code.k:
        raise ArgumentError(f"bits have the shape {bits.shape}; expected [n_blocks, {code.k}]")
    u = np.zeros((len(bits), code.n), np.uint8)
    u[:, np.setdiff1d(code.info, code.parity)] = bits[:, code.order]
    register = np.zeros((len(bits), 5), np.uint8)  # clause 5.3.1.2: a ring of five, turned at every place
    if len(code.parity):
        carries, checks = np.isin(np.arange(code.n), code.info), np.isin(np.arange(code.n), code.parity)
        for place in range(code.n):
            register = np.roll(register, -1, axis=1)
            if checks[place]:
                u[:, place] = register[:, 0]
            elif carries[place]:
                register[:, 0] ^= u[:, place]
    return transform(u)[:, code.sent]
