"""Oracles: field axioms, GHASH-like evaluation by integers, exhaustive collision counts, the twin."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.coding import universal_hash as u


def test_field_axioms():
    rng = stream(1, "gf128")
    a, b, c = (int.from_bytes(rng.bytes(16), "little") for _ in range(3))
    mul = u.gf128_multiply
    assert mul(a, b) == mul(b, a) and mul(mul(a, b), c) == mul(a, mul(b, c)) and mul(a, b ^ c) == mul(a, b) ^ mul(a, c)
    power = a
    for _ in range(128):  # Frobenius has order 128
        power = mul(power, power)
    assert power == a


@pytest.mark.skipif(not kernels.available(), reason="no C++ kernels")
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_kernel_and_twin_agree(isa):
    import silla_kernels

    if isa not in silla_kernels.supported():
        pytest.skip(f"no {isa} here")
    before, rng = silla_kernels.isa(), stream(2, "hash")
    try:
        silla_kernels.set_isa(isa)
        for n in (0, 1, 15, 16, 17, 333):
            message, key = rng.bytes(n), rng.bytes(16)
            padded = message + bytes(-n % 16) + (8 * n).to_bytes(16, "little")
            assert u.polynomial_hash(message, key) == u._polynomial_hash_python(padded, key)
    finally:
        silla_kernels.set_isa(before)


def test_polynomial_is_the_stated_one():
    rng = stream(3, "poly")
    message, key = rng.bytes(32), rng.bytes(16)
    k = int.from_bytes(key, "little")
    blocks = [int.from_bytes(message[i : i + 16], "little") for i in (0, 16)] + [256]
    power, total = k, 0
    for block in reversed(blocks):
        total ^= u.gf128_multiply(block, power)
        power = u.gf128_multiply(power, k)
    assert u.polynomial_hash(message, key) == total.to_bytes(16, "little")


def test_tag_of_few_bits_collides_as_stated():
    """Two keys that differ in one bit, 4-bit tags: binomial around 1/16, false alarm 1e-6."""
    from scipy.stats import binom

    rng, n = stream(4, "tag"), 3000
    x = rng.integers(0, 2, 300, dtype=np.uint8)
    y = x.copy()
    y[17] ^= 1
    seeds = [rng.bytes(32) for _ in range(n)]
    same = sum(u.verification_tag(x, s, 4) == u.verification_tag(y, s, 4) for s in seeds)
    low, high = (float(binom.ppf(q, n, u.verification_error(300, 4))) for q in (5e-7, 1 - 5e-7))
    assert low <= same <= high


def test_tag_changes_with_message_pad_and_length():
    key, pad = bytes(range(16)), bytes(16)
    tags = {u.authentication_tag(m, key, pad) for m in (b"", b"\0", b"\0\0", b"a", b"b")}
    assert len(tags) == 5
    assert u.authentication_tag(b"a", key, b"\1" * 16) not in tags


def test_bad_input_is_refused():
    with pytest.raises(ArgumentError, match="pad"):
        u.authentication_tag(b"", bytes(16), bytes(3))
    with pytest.raises(ArgumentError, match="hash key"):
        u.polynomial_hash(b"", b"")
    with pytest.raises(DomainError, match="eps_cor"):
        u.verification_bits(2.0)
