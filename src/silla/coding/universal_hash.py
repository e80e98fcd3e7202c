"""Universal hashing in GF(2^128): polynomial hashes, verification tags of keys, and Wegman-Carter authentication.

    P_k(m) = m_1 k^(L+1) + ... + m_L k^2 + (bit length) k          blocks of 128 bits, modulo x^128 + x^7 + x^2 + x + 1

Two different messages have P_k(m) + P_k(m') = d for at most L + 1 keys k, whatever d: the family is almost
XOR-universal with (L + 1) 2^-128 (den Boer 1993; Krawczyk, CRYPTO '94). A tag is that hash with a fresh one-time pad
(Wegman & Carter, J. Comput. Syst. Sci. 22, 265 (1981)), so one hash key serves for many tags and nothing is told of it.
"""

from __future__ import annotations

import math

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.base.kernels import kernel

__all__ = [
    "TAG_BYTES",
    "authentication_tag",
    "gf128_multiply",
    "polynomial_hash",
    "verification_bits",
    "verification_error",
    "verification_tag",
]

TAG_BYTES = 16
_MODULUS = 1 << 128 | 0x87


def gf128_multiply(a: int, b: int) -> int:
    """Product in GF(2^128), elements as integers of 128 bits.

    >>> gf128_multiply(1 << 127, 2) == 0x87
    True
    """
    product = 0
    for bit in range(b.bit_length()):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(product.bit_length() - 1, 127, -1):
        if product >> bit & 1:
            product ^= _MODULUS << (bit - 128)
    return product


def polynomial_hash(message: bytes, key: bytes) -> bytes:
    """P_k(m), 16 bytes. key : 16 secret random bytes, used for one message or hidden behind a pad."""
    if len(key) != 16:
        raise ArgumentError(f"the hash key has {len(key)} bytes; expected 16")
    padded = message + bytes(-len(message) % 16) + (8 * len(message)).to_bytes(16, "little")
    fast = kernel("polynomial_hash")
    if fast is None:
        return _polynomial_hash_python(padded, key)
    return fast(np.frombuffer(padded, np.uint8), np.frombuffer(key, "<u8").astype(np.uint64)).astype("<u8").tobytes()


def _polynomial_hash_python(padded: bytes, key: bytes) -> bytes:
    """Horner's rule with a table of the key's multiples by each byte value at each place."""
    k = int.from_bytes(key, "little")
    table = []
    for place in range(16):
        row = [0] * 256
        for bit in range(8):
            power = gf128_multiply(k, 1 << (8 * place + bit))
            for low in range(1 << bit):
                row[low | 1 << bit] = row[low] ^ power
        table.append(row)
    total = 0
    for first in range(0, len(padded), 16):
        x = (total ^ int.from_bytes(padded[first : first + 16], "little")).to_bytes(16, "little")
        total = 0
        for place in range(16):
            total ^= table[place][x[place]]
    return total.to_bytes(16, "little")


def authentication_tag(message: bytes, hash_key: bytes, pad: bytes) -> bytes:
    """Wegman-Carter tag, 16 bytes: `polynomial_hash` of the message, encrypted with the one-time pad.

    A forger who sees one tag of each pad succeeds with a probability of at most (L + 1) 2^-128 an attempt, L the blocks
    of the longer message.
    """
    if len(pad) != TAG_BYTES:
        raise ArgumentError(f"the pad has {len(pad)} bytes; expected {TAG_BYTES}, never used before")
    return bytes(a ^ b for a, b in zip(polynomial_hash(message, hash_key), pad))


def verification_bits(eps_cor: float) -> int:
    """Bits of a tag whose collision probability stays below eps_cor: ceil(log2(2 / eps_cor)).

    >>> verification_bits(1e-15)
    51
    """
    if not 2.0**-100 <= eps_cor < 1.0:
        raise DomainError(f"eps_cor {eps_cor:g}; allowed: 2^-100 to 1, not 1 itself")
    return math.ceil(math.log2(2.0 / eps_cor))


def verification_error(n_bits: int, tag_bits: int) -> float:
    """Probability that two different keys of n bits share a tag, over the random hash: 2^-t + (L + 1) 2^-128."""
    return 2.0**-tag_bits + (-(-n_bits // 128) + 1) * 2.0**-128


def verification_tag(bits: np.ndarray, seed: bytes, tag_bits: int) -> int:
    """t-bit universal hash of a key, as an integer: the first t bits of c P_k(bits).

    bits : uint8 [n] of 0 and 1. seed : 32 random bytes, k and c, chosen when both keys are settled; then public.
    """
    if len(seed) != 32 or not 1 <= tag_bits <= 128:
        raise ArgumentError(f"seed of {len(seed)} bytes and {tag_bits} tag bits; expected 32 and 1 to 128")
    packed = len(bits).to_bytes(8, "little") + np.packbits(bits, bitorder="little").tobytes()
    hashed = int.from_bytes(polynomial_hash(packed, seed[:16]), "little")
    return gf128_multiply(hashed, int.from_bytes(seed[16:], "little")) & ((1 << tag_bits) - 1)
