"""Validation case universal_hashing. Oracles: published GHASH vectors, products of integers, exact counting."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest

from silla.base.rng import stream
from silla.coding.toeplitz import toeplitz_hash, toeplitz_hash_numpy
from silla.coding.universal_hash import (
    authentication_tag,
    gf128_multiply,
    polynomial_hash,
    verification_error,
    verification_tag,
)

ROWS = {
    r["quantity"]: r
    for r in csv.DictReader((Path(__file__).parents[2] / "validation" / "universal_hashing" / "reference.csv").open())
}


def reflected(hexadecimal):
    """An element of GCM's field, whose first bit is x^0, as an integer."""
    return int(f"{int(hexadecimal, 16):0128b}"[::-1], 2)


def test_products_are_those_of_ghash():
    row = ROWS["ghash"]
    h, c = reflected(row["h"]), reflected(row["c"])
    first = gf128_multiply(c, h)
    assert first == reflected(ROWS["ghash_first_block"]["value"])
    assert gf128_multiply(first ^ reflected(f"{128:032x}"), h) == reflected(row["value"])


def by_polynomials(x, t, n_out):
    """Places n - 1 .. of the product of two polynomials over GF(2), as integers, by shifts and XOR."""
    a, b = (sum(int(bit) << i for i, bit in enumerate(v)) for v in (x, t))
    product = 0
    for i in range(len(x)):
        if a >> i & 1:
            product ^= b << i
    return [product >> (len(x) - 1 + i) & 1 for i in range(n_out)]


def test_toeplitz_at_random_sizes_is_polynomials_and_the_matrix():
    rng = stream(1, "toeplitz sizes")
    for _ in range(60):
        n, n_out = (int(k) for k in rng.integers(1, 700, 2))
        x, t = (rng.integers(0, 2, k, dtype=np.uint8) for k in (n, n + n_out - 1))
        matrix = t[np.arange(n_out)[:, None] - np.arange(n) + n - 1].astype(int)
        expected = by_polynomials(x, t, n_out)
        assert ((matrix @ x) & 1).tolist() == expected
        for hash_ in (toeplitz_hash, toeplitz_hash_numpy):
            assert hash_(x, t, n_out).tolist() == expected


@pytest.mark.parametrize(
    ("n", "n_out"), [(n, m) for n in (1, 2, 3, 4) for m in (1, 2, 3) if n + m <= 6 and n + 2 * m < 9]
)
def test_toeplitz_is_two_universal_by_counting_all_matrices(n, n_out):
    """For every two inputs the difference of their hashes takes every value for equally many matrices."""
    inputs = [np.array(x, np.uint8) for x in itertools.product((0, 1), repeat=n)]
    weights = 1 << np.arange(n_out)
    tables = np.array(list(itertools.product((0, 1), repeat=n + n_out - 1)), np.uint8)
    values = np.array([[int(toeplitz_hash(x, t, n_out) @ weights) for x in inputs] for t in tables])
    for i, j in itertools.combinations(range(len(inputs)), 2):
        counts = np.bincount(values[:, i] ^ values[:, j], minlength=1 << n_out)
        assert (counts == len(tables) >> n_out).all()


def rank(rows):
    """Rank over GF(2) of integers as rows."""
    found: list[int] = []
    for row in rows:
        for pivot in found:
            row = min(row, row ^ pivot)
        if row:
            found.append(row)
    return len(found)


@pytest.mark.parametrize("tag_bits", [1, 7, 51, 128])
def test_the_second_half_of_the_seed_hides_a_difference_in_exactly_its_share(tag_bits):
    """c -> low bits of c x is linear of full rank for x != 0: 2^-t of all c send a difference of hashes to nothing."""
    rng = stream(2, "rank", tag_bits)
    for x in (1, 1 << 127, *(int.from_bytes(rng.bytes(16), "little") for _ in range(3))):
        columns = [gf128_multiply(1 << i, x) & ((1 << tag_bits) - 1) for i in range(128)]
        assert rank(columns) == tag_bits
    assert verification_error(10**6, tag_bits) >= 2.0**-tag_bits


def test_verification_tags_collide_at_the_roots_of_the_difference_and_nowhere_else():
    """Keys of three blocks whose hashes differ by k^2 (k + a)(k + b): no difference at 0, a and b alone."""
    rng = stream(3, "roots")
    a, b = (int.from_bytes(rng.bytes(16), "little") for _ in range(2))
    difference = (1, a ^ b, gf128_multiply(a, b))  # of k^4, k^3, k^2
    message = rng.bytes(48)
    other = bytes(x ^ y for x, y in zip(message, b"".join(d.to_bytes(16, "little") for d in difference)))
    for k, same in ((0, True), (a, True), (b, True), (a ^ 1, False), (b ^ 2, False), (a ^ b, False), (1, False)):
        key = k.to_bytes(16, "little")
        assert (polynomial_hash(message, key) == polynomial_hash(other, key)) is same
    pad = rng.bytes(16)
    keys = [k.to_bytes(16, "little") for k in (a, a ^ 1)]
    forged = [authentication_tag(message, k, pad) == authentication_tag(other, k, pad) for k in keys]
    assert forged == [True, False]  # L + 1 = 4 keys of 2^128 at most, here 3


def test_tags_of_keys_tell_lengths_apart():
    rng = stream(4, "lengths")
    seeds = [rng.bytes(32) for _ in range(20)]
    for x, y in ((np.zeros(5, np.uint8), np.zeros(6, np.uint8)), (np.ones(128, np.uint8), np.ones(129, np.uint8))):
        assert all(verification_tag(x, s, 64) != verification_tag(y, s, 64) for s in seeds)


def test_forgery_bound_by_counting_a_small_field():
    """The same construction in GF(2^4), x^4 + x + 1: for any two messages and any d at most L + 1 of 16 keys fit."""

    def multiply(x, y):
        product = 0
        for i in range(4):
            if y >> i & 1:
                product ^= x << i
        for i in (6, 5, 4):
            if product >> i & 1:
                product ^= 0b10011 << (i - 4)
        return product

    def hashed(message, k):
        total = 0
        for block in (*message, len(message) + 1):
            total = multiply(total ^ block, k)
        return total

    table = np.array([[multiply(x, y) for y in range(16)] for x in range(16)])
    assert all(len(set(table[x].tolist())) == 16 for x in range(1, 16))  # a field
    messages = [m for length in range(3) for m in itertools.product(range(16), repeat=length)]
    values = np.array([[hashed(m, k) for k in range(16)] for m in messages])
    tight = 0
    for i, m in enumerate(messages):
        differences = values[i + 1 :] ^ values[i]
        for other, row in zip(messages[i + 1 :], differences):
            most = int(np.bincount(row, minlength=16).max())
            bound = max(len(m), len(other)) + 1
            assert most <= bound
            tight += most == bound
    assert tight > 0
