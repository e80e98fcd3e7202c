"""Oracle: layered min-sum in floating point on the same noise (SOURCE.md)."""

import pytest
from validation.ldpc_eight_bits.link import received

from silla.coding.belief import min_sum_float
from silla.coding.min_sum import decode, quantise


@pytest.mark.slow
@pytest.mark.parametrize(("e", "es_n0_db"), [(9504, 6.2), (16896, 1.15), (25344, -1.1)])
def test_eight_bits_lose_less_than_0_05_db(e, es_n0_db):
    info, code, llr = received(200, e, es_n0_db)
    floating = (min_sum_float(code, llr, factor=1.0, offset=0.5).bits != info).any(axis=1).sum()
    _, _, better = received(200, e, es_n0_db + 0.05)
    integers = (decode(code, quantise(better)).bits != info).any(axis=1).sum()
    assert 5 <= floating <= 195
    assert integers <= floating
