"""Pseudo-random sequences (TS 38.211 clause 5.2.1) and the scrambling of shared channels (6.3.1.1, 7.3.1.1).

The generator polynomials are x^31 + x^3 + 1 and x^31 + x^3 + x^2 + x + 1. Squared k times they have the same
coefficients at 2^k times the powers, so that whole words follow the same recursion as single bits, and a sequence grows
by nearly its own length at a step. Where a sequence starts is reached by x^N modulo the polynomial.
"""

from __future__ import annotations

import functools

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["gold", "gold_bits_numpy", "pdsch_c_init", "pusch_c_init", "qpsk_sequence"]

_TAPS = {1: (0, 3), 2: (0, 1, 2, 3)}
_SKIPPED = 1600  # N_C
_MASK = (1 << 31) - 1


def _times(a: int, b: int, polynomial: int) -> int:
    """Product of two polynomials over GF(2) modulo one of degree 31; bit i is the coefficient of x^i."""
    out = 0
    while b:
        if b & 1:
            out ^= a
        b >>= 1
        a <<= 1
        if a >> 31:
            a ^= polynomial
    return out


@functools.lru_cache(maxsize=256)
def _jump(which: int, places: int) -> int:
    """x^places modulo the polynomial: bit i says whether x(n + i) is part of x(n + places)."""
    polynomial = 1 << 31 | sum(1 << t for t in _TAPS[which])
    out, power = 1, 2
    while places:
        if places & 1:
            out = _times(out, power, polynomial)
        power = _times(power, power, polynomial)
        places >>= 1
    return out


def _first_bits(state: int, which: int, n: int) -> int:
    """x(0) .. x(n - 1) as the bits of one number, from the first 31."""
    filled, out = 31, state
    while filled < n:  # 28 bits at a time depend on known ones alone
        step = 28
        new = 0
        for t in _TAPS[which]:
            new ^= out >> (filled - 31 + t)
        out |= (new & ((1 << step) - 1)) << filled
        filled += step
    return out & ((1 << n) - 1)


def _moved(state: int, which: int, places: int) -> int:
    """The 31 bits that start `places` later."""
    if places < 128:
        return _first_bits(state, which, places + 31) >> places
    jump, known, out = _jump(which, places), _first_bits(state, which, 62), 0
    for i in range(31):
        out |= ((known >> i & jump).bit_count() & 1) << i
    return out


def _words(state: int, which: int, n_words: int) -> np.ndarray:
    """x packed into 64-bit words, the first bit lowest: x(n + 31 2^k) is a sum of x(n + t 2^k)."""
    out = np.empty(max(n_words, 31), np.uint64)
    out[:31] = np.frombuffer(_first_bits(state, which, 31 * 64).to_bytes(31 * 8, "little"), np.uint64)
    filled, k = 31, 1
    while filled < len(out):
        while 31 * 2 * k <= filled:
            k *= 2
        n = min(28 * k, len(out) - filled)
        first = filled - 31 * k
        part = out[first : first + n].copy()
        for t in _TAPS[which][1:]:
            part ^= out[first + t * k : first + t * k + n]
        out[filled : filled + n] = part
        filled += n
    return out[:n_words]


@functools.lru_cache(maxsize=16)
def _first_sequence(n_words: int, start: int) -> np.ndarray:
    return _words(_moved(1, 1, _SKIPPED + start), 1, n_words)


@functools.lru_cache(maxsize=64)
def _gold(c_init: int, n: int, start: int) -> np.ndarray:
    n_words = -(-n // 64)
    words = _first_sequence(n_words, start) ^ _words(_moved(c_init, 2, _SKIPPED + start), 2, n_words)
    bits = np.unpackbits(words.view(np.uint8), count=n, bitorder="little")
    bits.setflags(write=False)
    return bits


def gold(c_init: int, n: int, start: int = 0) -> np.ndarray:
    """c(start) .. c(start + n - 1) of the length-31 Gold sequence, uint8 [n] of 0 and 1 (not writeable).

    c_init : 0 .. 2^31 - 1. Any start costs the same.

    >>> gold(5, 8).tolist()
    [1, 1, 0, 0, 0, 0, 1, 0]
    """
    if not 0 <= c_init <= _MASK:
        raise ArgumentError(f"c_init is {c_init}; allowed: 0 to 2^31 - 1 (TS 38.211 clause 5.2.1)")
    if n < 0 or start < 0:
        raise ArgumentError(f"a sequence of {n} bits from place {start}; both must be at least 0")
    return _gold(int(c_init), int(n), int(start))


def gold_bits_numpy(c_init: int, n: int) -> np.ndarray:
    """The same bit by bit, as clause 5.2.1 writes it; slow, for comparison."""
    length = _SKIPPED + n + 31
    x1, x2 = np.zeros(length, np.uint8), np.zeros(length, np.uint8)
    x1[0] = 1
    x2[:31] = c_init >> np.arange(31) & 1
    for i in range(length - 31):
        x1[i + 31] = x1[i + 3] ^ x1[i]
        x2[i + 31] = x2[i + 3] ^ x2[i + 2] ^ x2[i + 1] ^ x2[i]
    return (x1 ^ x2)[_SKIPPED : _SKIPPED + n]


def qpsk_sequence(c_init: int, n: int, start: int = 0) -> np.ndarray:
    """r(start) .. r(start + n - 1), r(m) = [1 - 2 c(2m) + j (1 - 2 c(2m+1))] / sqrt(2), complex64 [n] (6.4.1.1.1.1)."""
    signs = 1.0 - 2.0 * gold(c_init, 2 * n, 2 * start).astype(np.float32)
    return (signs * np.float32(np.sqrt(0.5))).view(np.complex64)


def pusch_c_init(n_rnti: int, n_id: int) -> int:
    """c_init = n_RNTI 2^15 + n_ID of the PUSCH (clause 6.3.1.1).

    >>> pusch_c_init(1, 2)
    32770
    """
    _check_identities(n_rnti, n_id)
    return (n_rnti << 15) + n_id


def pdsch_c_init(n_rnti: int, n_id: int, codeword: int = 0) -> int:
    """c_init = n_RNTI 2^15 + q 2^14 + n_ID of code word q of the PDSCH (clause 7.3.1.1)."""
    _check_identities(n_rnti, n_id)
    if codeword not in (0, 1):
        raise ArgumentError(f"code word {codeword}; allowed: 0, 1 (TS 38.211 clause 7.3.1.1)")
    return (n_rnti << 15) + (codeword << 14) + n_id


def _check_identities(n_rnti: int, n_id: int) -> None:
    if not 0 <= n_rnti <= 0xFFFF:
        raise ArgumentError(f"n_RNTI is {n_rnti}; allowed: 0 to 65535")
    if not 0 <= n_id <= 1023:
        raise ArgumentError(f"n_ID of the scrambling is {n_id}; allowed: 0 to 1023 (TS 38.211 clause 6.3.1.1)")
