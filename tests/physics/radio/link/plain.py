"""Slow twins: the formulas of TS 38.211 written out index by index, with nothing shared with the fast code but the
bit-by-bit Gold sequence."""

from __future__ import annotations

import cmath
import math

import numpy as np

from silla.physics.radio.link.scrambling import gold_bits_numpy


def gold_table(c_init: int, n: int) -> np.ndarray:
    return gold_bits_numpy(c_init, n)


def r_qpsk(c: np.ndarray, m: int) -> complex:
    return ((1 - 2 * int(c[2 * m])) + 1j * (1 - 2 * int(c[2 * m + 1]))) / math.sqrt(2)


# Tables 6.4.1.1.3-1 and -2 as printed: port -> (CDM group, Delta, w_f, w_t)
TYPE1 = {
    0: (0, 0, (1, 1), (1, 1)), 1: (0, 0, (1, -1), (1, 1)), 2: (1, 1, (1, 1), (1, 1)), 3: (1, 1, (1, -1), (1, 1)),
    4: (0, 0, (1, 1), (1, -1)), 5: (0, 0, (1, -1), (1, -1)), 6: (1, 1, (1, 1), (1, -1)), 7: (1, 1, (1, -1), (1, -1)),
}  # fmt: skip
TYPE2 = {
    0: (0, 0, (1, 1), (1, 1)), 1: (0, 0, (1, -1), (1, 1)), 2: (1, 2, (1, 1), (1, 1)), 3: (1, 2, (1, -1), (1, 1)),
    4: (2, 4, (1, 1), (1, 1)), 5: (2, 4, (1, -1), (1, 1)), 6: (0, 0, (1, 1), (1, -1)), 7: (0, 0, (1, -1), (1, -1)),
    8: (1, 2, (1, 1), (1, -1)), 9: (1, 2, (1, -1), (1, -1)), 10: (2, 4, (1, 1), (1, -1)), 11: (2, 4, (1, -1), (1, -1)),
}  # fmt: skip


def dmrs_values(carrier, prbs, symbols, port, config) -> dict[tuple[int, int], complex]:
    """{(symbol, subcarrier of the carrier): value} by clause 6.4.1.1.3, CRB 0 as reference point."""
    group, delta, w_f, w_t = (TYPE1 if config.config_type == 1 else TYPE2)[port]
    beta = {1: 1.0, 2: 10 ** (3.0103 / 20), 3: 10 ** (4.7712 / 20)}[config.cdm_groups_without_data]
    out = {}
    for i, symbol in enumerate(symbols):
        l_prime = i % config.length
        n_scid, lam = config.n_scid, 0
        if config.group_scrambling:
            lam = group
            n_scid = config.n_scid if group in (0, 2) else 1 - config.n_scid
        n_id = config.n_id[n_scid] if config.n_id is not None else carrier.cell_id
        place = carrier.symbols_per_slot * carrier.slot + symbol + 1
        c_init = (2**17 * place * (2 * n_id + 1) + 2**17 * (lam // 2) + 2 * n_id + n_scid) % 2**31
        c = gold_table(c_init, 4 * 6 * (carrier.first_crb + carrier.n_prb))
        n = 0
        while True:
            done = True
            for k_prime in (0, 1):
                k = 4 * n + 2 * k_prime + delta if config.config_type == 1 else 6 * n + k_prime + delta
                prb = k // 12 - carrier.first_crb
                if prb < carrier.n_prb:
                    done = False
                if prb in prbs:
                    value = beta * w_f[k_prime] * w_t[l_prime] * r_qpsk(c, 2 * n + k_prime)
                    out[symbol, k - 12 * carrier.first_crb] = value
            n += 1
            if done:
                break
    return out


def zadoff_chu(u: int, v: int, length: int) -> list[complex]:
    """Clause 5.2.2.1 in floating point."""
    prime = max(p for p in range(2, length) if all(p % d for d in range(2, p)))
    q_bar = prime * (u + 1) / 31
    q = math.floor(q_bar + 0.5) + v * (-1) ** math.floor(2 * q_bar)
    return [cmath.exp(-1j * math.pi * q * (n % prime) * (n % prime + 1) / prime) for n in range(length)]
