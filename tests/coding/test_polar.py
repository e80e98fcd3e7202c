"""Oracles: clauses 5.3.1 and 5.4.1 of TS 38.212 with loops, exact enumeration, the optional sionna wheel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.coding import crc
from silla.coding.polar import _sequence, _triangle, downlink_code, encode_polar, polar_code, transform, uplink_code
from silla.coding.polar_decoding import decode_polar


def some_bits(n_blocks: int, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (n_blocks, k), dtype=np.uint8)


def test_sequence_is_a_permutation_and_keeps_the_partial_order():
    """Another one in an index never makes a channel less reliable."""
    rank = np.empty(1024, int)
    rank[_sequence(1024)] = np.arange(1024)
    assert sorted(_sequence(1024)) == list(range(1024))
    for i, bit in itertools.product(range(1024), range(10)):
        if not i >> bit & 1:
            assert rank[i | 1 << bit] > rank[i]


def test_transform_is_the_kronecker_power_and_its_own_inverse():
    g = np.array([[1]])
    for _ in range(5):
        g = np.kron(np.array([[1, 0], [1, 1]]), g)
    u = some_bits(6, 32)
    assert (transform(u) == u @ g % 2).all() and (transform(transform(u)) == u).all()


@pytest.mark.parametrize("e", [1, 2, 9, 10, 11, 100])
def test_channel_interleaver_follows_the_letter(e):
    side = next(t for t in range(1, 200) if t * (t + 1) // 2 >= e)
    table, k = {}, 0
    for i in range(side):
        for j in range(side - i):
            table[i, j] = k if k < e else None
            k += 1
    read = [table[i, j] for j in range(side) for i in range(side - j) if table[i, j] is not None]
    assert _triangle(e).tolist() == read


@pytest.mark.parametrize(("a", "e", "n"), [(20, 40, 64), (32, 108, 128), (200, 900, 1024), (12, 864, 256)])
def test_mother_length_by_hand(a, e, n):
    assert uplink_code(a, e)[0].n == n


@settings(max_examples=20, deadline=None)
@given(st.integers(12, 120), st.floats(1.15, 5.0))
def test_every_clean_message_comes_back(a, share):
    e = max(int(share * (a + 14)), 32)
    code, name = uplink_code(a, e)
    message = crc.append(some_bits(3, a, a), name)
    sent = encode_polar(code, message)
    assert sent.shape == (3, e)
    found = decode_polar(code, 4.0 - 8.0 * sent, n_paths=2, crc=name)
    assert found.good.all() and (found.bits == message).all()


def test_shortened_places_are_zero_and_frozen_ones_too():
    code = polar_code(100, 150)
    word = transform(np.zeros((1, code.n), np.uint8))
    assert code.n == 256 and len(code.known_zero) == 106
    u = np.zeros((8, code.n), np.uint8)
    u[:, code.info] = some_bits(8, 100)
    assert not transform(u)[:, code.known_zero].any() and not word.any()


def test_parity_bits_are_those_of_a_ring_of_five():
    """Bit n of u at a parity place is the sum of the message bits 5, 10, .. places before it (clause 5.3.1.2)."""
    code, name = uplink_code(14, 300)
    assert len(code.parity) == 3
    message = crc.append(some_bits(20, 14), name)
    u = np.zeros((20, code.n), np.uint8)
    carriers = np.setdiff1d(code.info, code.parity)
    u[:, carriers] = message
    for place in code.parity:
        u[:, place] = sum((u[:, i] for i in carriers if i < place and (place - i) % 5 == 0), np.zeros(20, int)) % 2
    assert (transform(u)[:, code.sent] == encode_polar(code, message)).all()


def test_a_long_list_finds_the_most_likely_word():
    """All 256 words of a short code are enumerated; a list of 256 holds them all but for min-sum's approximation."""
    code = polar_code(8, 32)
    every = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(np.uint8)
    words = 1.0 - 2.0 * encode_polar(code, every)
    rng = stream(8, "coding", "polar")
    llr = 2.0 * (words[rng.integers(0, 256, 100)] + rng.normal(0, 1.2, (100, 32)))
    best = every[(llr @ words.T).argmax(axis=1)]
    found = decode_polar(code, llr, n_paths=256)
    assert (found.bits == best).all(axis=1).mean() >= 0.97


def test_longer_lists_and_the_crc_make_fewer_errors():
    code, name = uplink_code(64, 128)
    rng = stream(9, "coding", "polar")
    message = crc.append(rng.integers(0, 2, (150, 64), dtype=np.uint8), name)
    x = 1.0 - 2.0 * encode_polar(code, message)
    llr = 2.0 * (x + rng.normal(0, 0.75, x.shape)) / 0.75**2
    wrong = [(decode_polar(code, llr, n_paths=n, crc=name).bits != message).any(axis=1).sum() for n in (1, 2, 8)]
    assert wrong[0] > wrong[1] > wrong[2]
    assert wrong[0] > 20


def test_bad_input_is_refused():
    with pytest.raises(DomainError, match=r"5\.3\.3"):
        uplink_code(11, 100)
    with pytest.raises(DomainError, match="two code blocks"):
        uplink_code(400, 1200)
    with pytest.raises(ArgumentError):
        polar_code(50, 40)
    with pytest.raises(DomainError):
        downlink_code(141, 400)
    with pytest.raises(ArgumentError, match="not a number"):
        decode_polar(polar_code(8, 32), np.full((1, 32), np.nan))


@pytest.mark.oracle
@pytest.mark.parametrize("link", ["uplink", "downlink"])
@pytest.mark.parametrize(("a", "e"), [(20, 50), (32, 100), (64, 216), (70, 108), (100, 432), (140, 576), (30, 250)])
def test_sent_bits_are_those_of_sionna(link, a, e):
    polar = pytest.importorskip("sionna.phy.fec.polar")
    torch = pytest.importorskip("torch")
    bits = some_bits(5, a)
    want = polar.Polar5GEncoder(a, e, channel_type=link)(torch.tensor(bits, dtype=torch.float32)).numpy()
    code, name = (uplink_code if link == "uplink" else downlink_code)(a, e)
    assert (encode_polar(code, crc.append(bits, name)) == want).all()
