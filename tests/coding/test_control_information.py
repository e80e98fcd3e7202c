"""Oracles: the clauses followed with loops, and the optional sionna wheel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silla.base.errors import ArgumentError, DomainError
from silla.coding import control_information as ci
from silla.coding import crc
from silla.coding.polar import downlink_code, encode_polar, polar_code


def some_bits(n_blocks: int, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (n_blocks, k), dtype=np.uint8)


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 700), st.floats(1.3, 4.0))
def test_every_clean_uplink_message_comes_back(a, share):
    e = max(40, int(share * (a + 11)))
    bits = some_bits(2, a, a)
    found = ci.decode_uci(4.0 - 8.0 * ci.encode_uci(bits, e), a, n_paths=1)
    assert np.array_equal(found.bits, bits)
    assert found.good.all()


@pytest.mark.parametrize(
    ("a", "e", "n_blocks"),
    [(359, 1088, 1), (360, 1087, 1), (360, 1088, 2), (1012, 1087, 1), (1013, 1087, 2), (1706, 4000, 2), (19, 1200, 1)],
)
def test_the_message_is_cut_where_clause_6_3_1_2_1_says(a, e, n_blocks):
    if a + 11 <= e:
        assert ci.uci_blocks(a, e).n_blocks == n_blocks


def test_two_blocks_are_those_of_the_letter():
    """Clause 5.2.1: a zero before an odd message, halves with CRC11, floor(E / 2) bits of each, then zeros."""
    a, e = 401, 1201
    bits = some_bits(3, a)
    sent = ci.encode_uci(bits, e)
    for row, got in zip(bits, sent):
        whole = [0, *row.tolist()]
        want = []
        for half in (whole[:201], whole[201:]):
            word = crc.append(np.array(half, np.uint8), "11")
            want += encode_polar(polar_code(212, 600, n_max=10, channel_order=True), word[None])[0].tolist()
        assert got.tolist() == [*want, 0]


def test_an_error_in_one_of_two_blocks_is_seen():
    bits = some_bits(2, 400)
    llr = 4.0 - 8.0 * ci.encode_uci(bits, 1200).astype(float)
    llr[1, 600:] = np.random.default_rng(1).normal(0, 4, 600)
    assert ci.decode_uci(llr, 400, n_paths=1).good.tolist() == [True, False]


@pytest.mark.parametrize(("a", "e"), [(5, 54), (12, 54), (40, 108), (140, 432)])
def test_downlink_crc_is_that_of_clause_7_3_2(a, e):
    rnti, bits = 0xA5C3, some_bits(4, a)
    padded = np.pad(bits, [(0, 0), (0, max(0, 12 - a))])
    with_ones = np.concatenate([np.ones((4, 24), np.uint8), padded], axis=1)
    parity = crc.remainder(with_ones, "24C").tolist()
    for row in parity:
        for k in range(16):
            row[8 + k] ^= rnti >> (15 - k) & 1
    word = np.concatenate([padded, np.array(parity, np.uint8)], axis=1)
    want = encode_polar(downlink_code(padded.shape[1], e)[0], word)
    sent = ci.encode_dci(bits, e, rnti)
    assert np.array_equal(sent, want)
    mine, other = (ci.decode_dci(4.0 - 8.0 * sent, a, r) for r in (rnti, rnti ^ 1))
    assert np.array_equal(mine.bits, bits)
    assert mine.good.all()
    assert not other.good.any()


def test_bad_input_is_refused():
    with pytest.raises(DomainError, match=r"5\.2\.1"):
        ci.encode_uci(np.zeros((1, 1707), np.uint8), 4000)
    with pytest.raises(DomainError, match="16384"):
        ci.uci_blocks(400, 2 * 8192 + 2)
    with pytest.raises(ArgumentError, match="rnti"):
        ci.encode_dci(np.zeros((1, 40), np.uint8), 108, 1 << 16)
    with pytest.raises(ArgumentError, match="0 and 1"):
        ci.encode_uci(np.full((1, 20), 2), 60)
    with pytest.raises(DomainError):
        ci.encode_dci(np.zeros((1, 141), np.uint8), 400, 1)


@pytest.mark.oracle
@pytest.mark.parametrize(("a", "e"), [(360, 1088), (600, 1600), (1014, 2100), (1600, 2176)])
def test_two_blocks_are_those_of_sionna(a, e):
    polar = pytest.importorskip("sionna.phy.fec.polar")
    torch = pytest.importorskip("torch")
    bits = some_bits(3, a)
    encoder = polar.Polar5GEncoder(a // 2, e // 2, channel_type="uplink")
    halves = torch.tensor(bits.reshape(6, -1), dtype=torch.float32)
    assert np.array_equal(ci.encode_uci(bits, e), encoder(halves).numpy().reshape(3, -1))
