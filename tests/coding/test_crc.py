"""Oracles: long division bit by bit, binascii's CRC-16/CCITT, the reveng catalogue's check values."""

from __future__ import annotations

import binascii

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.coding import crc

POLYNOMIALS = {  # TS 38.212 clause 5.1 as exponents
    "24A": (24, 23, 18, 17, 14, 11, 10, 7, 6, 5, 4, 3, 1, 0),
    "24B": (24, 23, 6, 5, 1, 0),
    "24C": (24, 23, 21, 20, 17, 15, 13, 12, 8, 4, 2, 1, 0),
    "16": (16, 12, 5, 0),
    "11": (11, 10, 9, 5, 0),
    "6": (6, 5, 0),
}


def divided(bits: np.ndarray, exponents: tuple[int, ...]) -> list[int]:
    length, polynomial, register = exponents[0], sum(1 << e for e in exponents), 0
    for bit in [*bits.tolist(), *[0] * length]:
        register = register << 1 | bit
        if register >> length:
            register ^= polynomial
    return [register >> i & 1 for i in range(length - 1, -1, -1)]


@pytest.mark.parametrize("name", POLYNOMIALS)
@pytest.mark.parametrize("n", [1, 7, 8, 9, 100, 8191, 8192, 8193, 17000])
def test_remainder_is_that_of_long_division(name, n):
    bits = np.random.default_rng(n).integers(0, 2, (2, n), dtype=np.uint8)
    found = crc.remainder(bits, name)
    assert found.tolist() == [divided(b, POLYNOMIALS[name]) for b in bits]


@pytest.mark.parametrize("name", POLYNOMIALS)
@pytest.mark.parametrize("n", [1, 63, 64, 65, 127, 1000, 8424])
def test_kernel_and_twin_agree(name, n):
    bits = np.random.default_rng(n).integers(0, 2, (3, 2, n), dtype=np.uint8)
    parity = crc.remainder(bits, name)
    assert np.array_equal(parity, crc.remainder_numpy(bits, name))
    words = np.concatenate([bits, parity], axis=-1)
    words[1, 0, n // 2] ^= 1
    assert crc.check(words, name).tolist() == [[True, True], [False, True], [True, True]]


def as_number(bits: np.ndarray) -> int:
    return int("".join(map(str, bits.tolist())), 2)


def test_crc16_is_that_of_binascii():
    data = np.random.default_rng(0).integers(0, 256, 500, dtype=np.uint8)
    assert as_number(crc.remainder(np.unpackbits(data), "16")) == binascii.crc_hqx(data.tobytes(), 0)


@pytest.mark.parametrize(("name", "value"), [("24A", 0xCDE703), ("24B", 0x23EF52), ("16", 0x31C3)])
def test_published_check_values_of_the_digits(name, value):
    digits = np.unpackbits(np.frombuffer(b"123456789", np.uint8))
    assert as_number(crc.remainder(digits, name)) == value  # CRC-24/LTE-A, CRC-24/LTE-B, CRC-16/XMODEM


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_every_single_and_double_error_of_a_short_block_is_found(name):
    word = crc.append(np.random.default_rng(1).integers(0, 2, 20, dtype=np.uint8), name)
    assert crc.check(word, name)
    n = len(word)
    errors = np.array(
        [np.eye(n, dtype=np.uint8)[i] | np.eye(n, dtype=np.uint8)[j] for i in range(n) for j in range(i, n)]
    )
    assert not crc.check(word ^ errors, name).any()


def test_unknown_name_and_empty_block_are_refused():
    with pytest.raises(ArgumentError, match="24A"):
        crc.remainder(np.ones(3, np.uint8), "32")
    with pytest.raises(ArgumentError):
        crc.remainder(np.ones(0, np.uint8), "16")
    with pytest.raises(ArgumentError):
        crc.check(np.ones(16, np.uint8), "16")
