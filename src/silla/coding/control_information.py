"""Control information to coded bits and back: uplink (UCI) and downlink (DCI) chains of TS 38.212.

Uplink (clauses 6.3.1.2 to 6.3.1.5, on PUSCH 6.3.2.2 to 6.3.2.5): up to 11 bits by the small-block codes, 12 to 1706 by
polar codes, the longest in two code blocks. Downlink (clauses 7.3.1 to 7.3.4): CRC-24C over 24 ones and the message,
masked by the receiver's identity. Left out: how fields make up the message (6.3.1.1, 7.3.1), and multiplexing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.coding import crc
from silla.coding.polar import PolarCode, downlink_code, encode_polar, polar_code, uplink_code
from silla.coding.polar_decoding import PolarDecoded, decode_polar
from silla.coding.small_blocks import decode_small_block, encode_small_block

__all__ = ["UciBlocks", "decode_dci", "decode_uci", "encode_dci", "encode_uci", "uci_blocks"]

_LONGEST_UCI, _LONGEST_BLOCK = 1706, 8192  # clauses 5.2.1 and 5.4.1


class UciBlocks(NamedTuple):
    """How polar-coded uplink control information is cut.

    code : of each code block. crc : its CRC. n_blocks : 1 or 2. n_front : zeros before the first block's bits. n_tail :
    zeros after the last coded bit.
    """

    code: PolarCode
    crc: str
    n_blocks: int
    n_front: int
    n_tail: int


def uci_blocks(a: int, e: int) -> UciBlocks:
    """The cut of a bits on e coded bits (clauses 5.2.1, 6.3.1.2.1 and 6.3.1.4.1).

    Two code blocks from 1013 bits on, or from 360 bits on if e is 1088 at least. DomainError below 12 bits (clause
    5.3.3 codes these) and above 1706.

    >>> cut = uci_blocks(401, 1201)
    >>> cut.n_blocks, cut.code.k, cut.code.e, cut.n_front, cut.n_tail
    (2, 212, 600, 1, 1)
    """
    if a > _LONGEST_UCI:
        raise DomainError(
            f"{a} bits of uplink control information; allowed: up to {_LONGEST_UCI} (TS 38.212 clause 5.2.1)"
        )
    two = a >= 1013 or (a >= 360 and e >= 1088)
    if not two:
        code, name = uplink_code(a, e)
        return UciBlocks(code, name, 1, 0, 0)
    each, e_each = -(-a // 2), e // 2
    if e_each > _LONGEST_BLOCK:
        raise DomainError(f"{e} coded bits; two code blocks take up to {2 * _LONGEST_BLOCK} (TS 38.212 clause 5.4.1)")
    return UciBlocks(polar_code(each + 11, e_each, n_max=10, channel_order=True), "11", 2, 2 * each - a, e % 2)


def _checked(bits: np.ndarray, name: str) -> np.ndarray:
    given = np.asarray(bits)
    if given.ndim != 2 or given.shape[1] < 1:
        raise ArgumentError(f"{name}: bits have the shape {given.shape}; expected [n, a] with one bit at least")
    if not ((given == 0) | (given == 1)).all():
        raise ArgumentError(f"{name}: bits hold values other than 0 and 1")
    return given.astype(np.uint8)


def encode_uci(bits: np.ndarray, e: int, bits_per_symbol: int = 1) -> np.ndarray:
    """The e coded bits of each message, uint8 [n, e], before scrambling.

    bits : uint8 [n, a], a 1 to 1706. bits_per_symbol : Q_m; it matters for one and two bits alone, whose words hold the
    placeholders of `small_blocks`.

    >>> encode_uci(np.ones((2, 400), np.uint8), 1200).shape
    (2, 1200)
    """
    given = _checked(bits, "UCI")
    n, a = given.shape
    if a <= 11:
        return encode_small_block(given, e, bits_per_symbol)
    cut = uci_blocks(a, e)
    parts = np.pad(given, [(0, 0), (cut.n_front, 0)]).reshape(n * cut.n_blocks, -1)
    sent = encode_polar(cut.code, crc.append(parts, cut.crc)).reshape(n, -1)
    return np.pad(sent, [(0, 0), (0, cut.n_tail)])


def decode_uci(llr: np.ndarray, a: int, bits_per_symbol: int = 1, *, n_paths: int = 8) -> PolarDecoded:
    """(bits [n, a], whether the CRCs hold [n]; True for up to 11 bits, which have none).

    llr : float [n, e], log P(0)/P(1), descrambled. n_paths : of the list decoder.

    >>> sent = encode_uci(np.ones((1, 401), np.uint8), 1201)
    >>> found = decode_uci(4.0 - 8.0 * sent, 401, n_paths=1)
    >>> int(found.bits.sum()), found.good.tolist()
    (401, [True])
    """
    llr = np.asarray(llr, float)
    if llr.ndim != 2:
        raise ArgumentError(f"llr has the shape {llr.shape}; expected [n, e]")
    n, e = llr.shape
    if a <= 11:
        return PolarDecoded(decode_small_block(llr, a, bits_per_symbol), np.ones(n, bool))
    cut = uci_blocks(a, e)
    parts = llr[:, : e - cut.n_tail].reshape(n * cut.n_blocks, -1)
    found = decode_polar(cut.code, parts, n_paths=n_paths, crc=cut.crc)
    bits = found.bits[:, : -crc.CRC_LENGTH[cut.crc]].reshape(n, -1)
    good = found.good.reshape(n, -1).all(axis=1) & ~bits[:, : cut.n_front].any(axis=1)
    return PolarDecoded(bits[:, cut.n_front :], np.asarray(good))


def _mask(a: int, rnti: int) -> np.ndarray:
    """What 24 ones before a message of a bits, and the identity, add to its plain CRC: uint8 [24] (clause 7.3.2)."""
    if not 0 <= rnti <= 0xFFFF:
        raise ArgumentError(f"DCI: rnti is {rnti}; allowed: 0 to 65535 (TS 38.212 clause 7.3.2)")
    ones = np.concatenate([np.ones(24, np.uint8), np.zeros(a, np.uint8)])
    identity = rnti >> np.arange(23, -1, -1) & 1  # the last 16 of the 24 bits, the highest first
    return crc.remainder(ones, "24C") ^ identity.astype(np.uint8)


def encode_dci(bits: np.ndarray, e: int, rnti: int) -> np.ndarray:
    """The e coded bits of each downlink control message, uint8 [n, e], before scrambling.

    bits : uint8 [n, a], a 1 to 140; zeros are appended up to 12 bits (clause 7.3.1). rnti : identity whose 16 bits mask
    the end of the CRC.

    >>> encode_dci(np.ones((1, 40), np.uint8), 108, 0x4601).shape
    (1, 108)
    """
    given = _checked(bits, "DCI")
    padded = np.pad(given, [(0, 0), (0, max(0, 12 - given.shape[1]))])
    code, name = downlink_code(padded.shape[1], e)
    word = crc.append(padded, name)
    word[:, -24:] ^= _mask(padded.shape[1], rnti)
    return encode_polar(code, word)


def decode_dci(llr: np.ndarray, a: int, rnti: int, *, n_paths: int = 8) -> PolarDecoded:
    """(bits [n, a], whether the CRC holds under this identity [n]).

    llr : float [n, e], log P(0)/P(1), descrambled. The mask is taken off before decoding: polar codes are linear, so it
    is a word that changes signs.

    >>> sent = encode_dci(np.ones((1, 40), np.uint8), 108, 0x4601)
    >>> [decode_dci(4.0 - 8.0 * sent, 40, rnti).good.tolist() for rnti in (0x4601, 0x4602)]
    [[True], [False]]
    """
    llr = np.asarray(llr, float)
    if llr.ndim != 2:
        raise ArgumentError(f"llr has the shape {llr.shape}; expected [n, e]")
    if a < 1:
        raise ArgumentError(f"DCI: {a} bits; at least 1")
    padded = max(12, a)
    code, name = downlink_code(padded, llr.shape[1])
    word = np.zeros((1, code.k), np.uint8)
    word[0, -24:] = _mask(padded, rnti)
    found = decode_polar(code, llr * (1.0 - 2.0 * encode_polar(code, word)), n_paths=n_paths, crc=name)
    good = found.good & ~found.bits[:, a:padded].any(axis=1)
    return PolarDecoded(found.bits[:, :a], np.asarray(good))
