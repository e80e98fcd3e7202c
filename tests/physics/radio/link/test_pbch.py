"""Oracles: clause 7.1.1 of TS 38.212 followed with a loop, and the optional py3gpp wheel."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.physics.radio.link import pbch


def mib(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, 24, dtype=np.uint8)


@pytest.mark.parametrize(("l_max", "index", "k_ssb"), [(4, 3, 20), (8, 5, 3), (64, 45, 0)])
def test_payload_follows_the_letter(l_max, index, k_ssb):
    message, frame, half = mib(l_max), 0b1011010110, 1
    extra = [frame >> 3 & 1, frame >> 2 & 1, frame >> 1 & 1, frame & 1, half]
    extra += [index >> 5 & 1, index >> 4 & 1, index >> 3 & 1] if l_max == 64 else [k_ssb >> 4, 0, 0]
    place = pbch._PLACE.tolist()
    assert sorted(place) == list(range(32))
    out, j_frame, j_index, j_other = [0] * 32, 0, 11, 14
    for i, bit in enumerate([*message.tolist(), *extra]):
        if 1 <= i <= 6 or 24 <= i <= 27:
            out[place[j_frame]], j_frame = bit, j_frame + 1
        elif i == 28:
            out[place[10]] = bit
        elif i >= 29:
            out[place[j_index]], j_index = bit, j_index + 1
        else:
            out[place[j_other]], j_other = bit, j_other + 1
    assert pbch.pbch_payload(message, frame, half, index, l_max, k_ssb).tolist() == out


@pytest.mark.parametrize(("l_max", "index", "k_ssb"), [(4, 3, 20), (8, 5, 3), (64, 45, 0)])
def test_what_was_sent_comes_back_through_noise(l_max, index, k_ssb):
    rng = np.random.default_rng(1)
    for frame in range(0, 16, 3):
        message = mib(frame)
        sent = pbch.pbch_encode(message, frame, frame & 1, index, 500, l_max, k_ssb)
        llr = 2.0 * (1.0 - 2.0 * sent + rng.normal(0, 1.5, 864)) / 1.5**2
        found = pbch.pbch_decode(llr[None], 500, l_max)
        assert found.good.all()
        assert np.array_equal(found.mib[0], message)
        assert (found.frame_low[0], found.half_frame[0]) == (frame & 15, frame & 1)
        want = [index >> 5 & 1, index >> 4 & 1, index >> 3 & 1] if l_max == 64 else [k_ssb >> 4 & 1, 0, 0]
        assert found.timing[0].tolist() == want


def test_bad_input_is_refused():
    with pytest.raises(ArgumentError, match="cell_id"):
        pbch.pbch_encode(mib(0), 0, 0, 0, 1008)
    with pytest.raises(ArgumentError, match="l_max"):
        pbch.pbch_encode(mib(0), 0, 0, 0, 1, l_max=16)
    with pytest.raises(ArgumentError, match="ssb_index"):
        pbch.pbch_encode(mib(0), 0, 0, 8, 1)
    with pytest.raises(ArgumentError, match="24 bits"):
        pbch.pbch_payload(np.zeros(23, np.uint8), 0, 0, 0, 8)


@pytest.mark.oracle
@pytest.mark.parametrize("l_max", [4, 8, 64])
def test_coded_bits_and_scrambling_are_those_of_py3gpp(l_max):
    py3gpp = pytest.importorskip("py3gpp")
    for frame, half, cell in [(0, 0, 0), (10, 0, 0), (10, 1, 321), (5, 1, 1007), (6, 0, 42)]:
        message = mib(frame + cell)
        want = py3gpp.nrBCH(message.astype(int), frame, half, l_max, 0, cell)
        assert np.array_equal(pbch.pbch_encode(message, frame, half, 0, cell, l_max), np.asarray(want).ravel())
    for index in (0, 3):
        want = np.asarray(py3gpp.nrPBCHPRBS(321, index, 864)).ravel()
        assert np.array_equal(pbch.pbch_scrambling(321, l_max, index), want)
