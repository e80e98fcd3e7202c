"""Error-correcting codes and hashes: CRC, quasi-cyclic LDPC, polar codes.

One LDPC engine serves the 6G link (TS 38.212) and the key reconciliation of quantum links. May import `silla.base` and
numpy alone. Read `codes.py` first, then `encoding.py`, `rate_matching.py` and `min_sum.py`;
`polar.py` stands by itself.
"""
