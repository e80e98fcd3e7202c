"""Oracles: the basis in OpenAirInterface, Reed-Muller distances, the letter of TS 38.212, exact enumeration."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.coding.small_blocks import _basis, decode_small_block, encode_small_block


def every(k):
    return (np.arange(1 << k)[:, None] >> np.arange(k) & 1).astype(np.uint8)


def test_the_basis_is_that_of_openairinterface():
    """Columns as 32-bit words, the first row lowest, as that project's nr_small_block_defs.h has them."""
    theirs = (0xFFFFFFFF, 0x4BA5A933, 0x7D910E5A, 0x6D26339C, 0x71C7C3E0, 0x7E0FFC00, 0x731D8E64, 0x6B44F5B0,
              0x7DC218EC, 0x4DA1B746, 0x42F0FFFF)  # fmt: skip
    ours = (_basis().astype(np.int64) << np.arange(32)[:, None]).sum(axis=0)
    assert ours.tolist() == list(theirs)


@pytest.mark.parametrize("k", range(3, 12))
def test_words_are_far_apart(k):
    """Up to six bits a first-order Reed-Muller code (distance 16); the further columns are masks on it."""
    weight = encode_small_block(every(k), 32)[1:].sum(axis=1)
    assert weight.min() == (16 if k <= 6 else 12 if k <= 10 else 10)


@pytest.mark.parametrize(
    ("bits", "qm", "word"),
    [([1], 1, [1]), ([1], 2, [1, 3]), ([0], 4, [0, 3, 2, 2]), ([1], 6, [1, 3, 2, 2, 2, 2]), ([1, 0], 1, [1, 0, 1]),
     ([1, 0], 2, [1, 0, 1, 1, 0, 1]), ([0, 1], 4, [0, 1, 2, 2, 1, 0, 2, 2, 1, 1, 2, 2])],
)  # fmt: skip
def test_one_and_two_bits_follow_the_letter(bits, qm, word):
    sent = encode_small_block(np.array([bits]), 2 * len(word), qm)
    assert sent.tolist() == [word + word]


@pytest.mark.parametrize(("k", "e", "qm"), [(1, 4, 2), (2, 12, 4), (3, 20, 1), (7, 32, 2), (11, 40, 1)])
def test_decoder_takes_the_nearest_word(k, e, qm):
    rng = stream(1, "coding", "small", k)
    messages = every(k)[rng.integers(0, 1 << k, 60)]
    sent = encode_small_block(messages, e, qm).astype(int)
    ys = np.flatnonzero(sent[0] == 3)
    sent[:, ys] = sent[:, ys - 1]
    known = sent < 2
    assert (decode_small_block(np.where(known, 1.0 - 2.0 * sent, rng.normal(size=sent.shape)), k, qm) == messages).all()
    noisy = np.where(known, 1.0 - 2.0 * sent + rng.normal(0, 1.0, sent.shape), 0.0)
    all_words = encode_small_block(every(k), e, qm).astype(int)
    all_words[:, ys] = all_words[:, ys - 1]
    distance = (((noisy[:, None] - (1.0 - 2.0 * all_words)) ** 2) * (all_words[0] < 2)).sum(axis=2)
    assert (decode_small_block(noisy, k, qm) == every(k)[distance.argmin(axis=1)]).all()


def test_bad_input_is_refused():
    with pytest.raises(DomainError, match=r"5\.3\.3"):
        encode_small_block(np.zeros((1, 12), np.uint8), 32)
    with pytest.raises(ArgumentError, match="0 and 1"):
        encode_small_block(np.full((1, 4), 2), 32)
    with pytest.raises(ArgumentError, match="not a number"):
        decode_small_block(np.full((1, 8), np.nan), 3)
