"""The broadcast channel: from the master information block to 864 coded bits and back.

TS 38.212 clause 7.1 (payload with timing bits, interleaving, scrambling, CRC, polar code) and TS 38.211 clause 7.3.3.1
(scrambling of the coded bits).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError
from silla.coding import crc
from silla.coding.polar import downlink_code, encode_polar
from silla.coding.polar_decoding import decode_polar
from silla.physics.radio.link.scrambling import gold

__all__ = ["PbchDecoded", "pbch_decode", "pbch_encode", "pbch_payload", "pbch_scrambling"]

N_CODED = 864
_PLACE = np.array([
    16, 23, 18, 17, 8, 30, 10, 6, 24, 7, 0, 5, 3, 2, 1, 4, 9, 11, 12, 13, 14, 15, 19, 20, 21, 22, 25, 26, 27, 28, 29, 31
])  # fmt: skip  # G(j), Table 7.1.1-1
_SFN, _HALF, _INDEX, _OTHER = slice(0, 10), 10, slice(11, 14), slice(14, 32)  # j of the kinds of bits
_THIRD, _SECOND = 7, 8  # j of the third and second lowest bit of the frame number
_MIB_FRAME = slice(1, 7)  # bits of the message that are the six highest of the frame number (TS 38.331)


def _check(cell_id: int, l_max: int) -> None:
    if not 0 <= cell_id <= 1007:
        raise ArgumentError(f"PBCH: cell_id is {cell_id}; allowed: 0 to 1007 (TS 38.211 clause 7.4.2.1)")
    if l_max not in (4, 8, 64):
        raise ArgumentError(f"PBCH: l_max is {l_max}; allowed: 4, 8, 64 (TS 38.213 clause 4.1)")


def pbch_payload(
    mib: np.ndarray, frame: int, half_frame: int, ssb_index: int, l_max: int, k_ssb: int = 0
) -> np.ndarray:
    """The 32 payload bits a_0 .. a_31 before scrambling, uint8 (clause 7.1.1).

    mib : uint8 [24], the message (its systemFrameNumber as it is written there). frame : system frame number 0 to 1023,
    whose four lowest bits are sent; half_frame 0 or 1; ssb_index below l_max, of which three bits are sent if l_max is
    64; k_ssb : subcarrier offset 0 to 31, whose highest bit is sent otherwise.

    >>> pbch_payload(np.zeros(24, np.uint8), 5, 1, 0, 8).nonzero()[0].tolist()
    [0, 6, 7]
    """
    bits = np.asarray(mib)
    if bits.shape != (24,) or not ((bits == 0) | (bits == 1)).all():
        raise ArgumentError(f"PBCH: mib has the shape {bits.shape}; expected 24 bits of 0 and 1")
    _check(0, l_max)
    if not 0 <= frame <= 1023 or half_frame not in (0, 1) or not 0 <= ssb_index < l_max or not 0 <= k_ssb <= 31:
        raise ArgumentError(
            f"PBCH: frame {frame}, half_frame {half_frame}, ssb_index {ssb_index}, k_ssb {k_ssb}; allowed: 0 to 1023, "
            f"0 or 1, 0 to {l_max - 1}, 0 to 31 (TS 38.212 clause 7.1.1)"
        )
    if l_max == 64:
        timing = [ssb_index >> 5 & 1, ssb_index >> 4 & 1, ssb_index >> 3 & 1]
    else:
        timing = [k_ssb >> 4 & 1, 0, 0]
    low = [frame >> i & 1 for i in (3, 2, 1, 0)]
    other = np.delete(bits, np.arange(24)[_MIB_FRAME])
    out = np.empty(32, np.uint8)
    out[_PLACE] = np.concatenate([bits[_MIB_FRAME], low, [half_frame], timing, other])
    return out


def _payload_scrambling(cell_id: int, l_max: int, v: int) -> np.ndarray:
    """s_0 .. s_31 of clause 7.1.2: nothing on the bits that a receiver needs to find it."""
    plain = [_HALF, _SECOND, _THIRD, *(range(32)[_INDEX] if l_max == 64 else ())]
    scrambled = np.ones(32, bool)
    scrambled[_PLACE[plain]] = False
    out = np.zeros(32, np.uint8)
    n = int(scrambled.sum())
    out[scrambled] = gold(cell_id, n, v * n)
    return out


def pbch_scrambling(cell_id: int, l_max: int, ssb_index: int) -> np.ndarray:
    """The 864 bits that scramble the coded bits (TS 38.211 clause 7.3.3.1), uint8."""
    _check(cell_id, l_max)
    if not 0 <= ssb_index < l_max:
        raise ArgumentError(f"PBCH: ssb_index is {ssb_index}; allowed: 0 to {l_max - 1}")
    return gold(cell_id, N_CODED, (ssb_index % (4 if l_max == 4 else 8)) * N_CODED)


def pbch_encode(
    mib: np.ndarray, frame: int, half_frame: int, ssb_index: int, cell_id: int, l_max: int = 8, k_ssb: int = 0
) -> np.ndarray:
    """The 864 coded bits of a synchronisation block, uint8, before the scrambling of `pbch_scrambling`.

    Arguments as in `pbch_payload`; cell_id 0 to 1007.

    >>> pbch_encode(np.zeros(24, np.uint8), 0, 0, 0, 1).shape
    (864,)
    """
    _check(cell_id, l_max)
    payload = pbch_payload(mib, frame, half_frame, ssb_index, l_max, k_ssb)
    payload ^= _payload_scrambling(cell_id, l_max, frame >> 1 & 3)
    code, name = downlink_code(32, N_CODED)
    return encode_polar(code, crc.append(payload[None], name))[0]


class PbchDecoded(NamedTuple):
    """mib uint8 [n, 24]; frame_low int64 [n], the frame number's four lowest bits; half_frame int64 [n]; timing uint8
    [n, 3], the bits of the block's index (l_max 64) or k_SSB's highest; good bool [n], the CRC holds."""

    mib: np.ndarray
    frame_low: np.ndarray
    half_frame: np.ndarray
    timing: np.ndarray
    good: np.ndarray


def pbch_decode(llr: np.ndarray, cell_id: int, l_max: int = 8, *, n_paths: int = 8) -> PbchDecoded:
    """What synchronisation blocks said.

    llr : float [n, 864], log P(0)/P(1) of the coded bits, without the scrambling of `pbch_scrambling`.

    >>> sent = pbch_encode(np.ones(24, np.uint8), 11, 1, 0, 77)
    >>> found = pbch_decode(4.0 - 8.0 * sent[None], 77)
    >>> int(found.mib.sum()), found.frame_low.tolist(), found.half_frame.tolist(), found.good.tolist()
    (24, [11], [1], [True])
    """
    _check(cell_id, l_max)
    code, name = downlink_code(32, N_CODED)
    found = decode_polar(code, llr, n_paths=n_paths, crc=name)
    payload = found.bits[:, :32].copy()
    v = 2 * payload[:, _PLACE[_THIRD]].astype(int) + payload[:, _PLACE[_SECOND]]
    for which in np.unique(v):
        payload[v == which] ^= _payload_scrambling(cell_id, l_max, int(which))
    ordered = payload[:, _PLACE]
    frame = ordered[:, _SFN]
    mib = np.insert(ordered[:, _OTHER], [1] * 6, frame[:, :6], axis=1)
    low = frame[:, 6:].astype(np.int64) @ np.array([8, 4, 2, 1])
    return PbchDecoded(mib, low, ordered[:, _HALF].astype(np.int64), ordered[:, _INDEX], found.good)
