"""QPSK over AWGN for the comparisons of this folder."""

from __future__ import annotations

import numpy as np

from silla.base.rng import stream
from silla.coding import rate_matching as rm
from silla.coding.codes import QCCode, nr_code
from silla.coding.encoding import encode


def received(n_blocks: int, e: int, es_n0_db: float) -> tuple[np.ndarray, QCCode, np.ndarray]:
    """(information, code cut to what was received, LLRs) of K = 8448 with e coded bits, on the same draws."""
    rng, code = stream(1, "validation", "eight bits", e), nr_code(1, 384)
    info = rng.integers(0, 2, (n_blocks, code.k), dtype=np.uint8)
    sent = rm.rate_match(code, encode(code, info), e)
    n0 = 10.0 ** (-es_n0_db / 10.0)
    y = (1.0 - 2.0 * sent) / np.sqrt(2.0) + rng.standard_normal(sent.shape) * np.sqrt(n0 / 2.0)
    buffer = rm.rate_dematch(code, 2.0 * np.sqrt(2.0) * y / n0)
    part = code.cut(rm.rows_needed(code, buffer))
    return info, part, buffer[:, : part.n]
