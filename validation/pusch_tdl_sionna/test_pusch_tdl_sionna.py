"""Oracle: the sionna wheel's PUSCH receiver on the same received grids, over its own TDL channel (SOURCE.md)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri
from validation.pusch_tdl_sionna.slots import sent_and_received
from validation.rate_table_sionna.fit import difference

TOLERANCE_DB, N_SLOTS = 0.1, 60


@pytest.mark.oracle
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "snr_db"), [("perfect", (1.5, 2.5, 3.5)), ("shared", (3.0, 4.0, 5.0)), ("own", (3.0, 4.0, 5.0))]
)
def test_as_many_slots_are_lost_within_a_tenth_of_a_decibel(kind, snr_db):
    pytest.importorskip("torch")
    pytest.importorskip("sionna.phy.nr")
    points = [(x, *sent_and_received(kind, "A", x, N_SLOTS)) for x in snr_db]
    shares = [(a.sum() + b.sum() + 0.5) / (2 * N_SLOTS + 1) for _, a, b in points]
    assert shares[0] > 0.15 > shares[-1]  # within the waterfall
    spread = (snr_db[-1] - snr_db[0]) / float(ndtri(shares[0]) - ndtri(shares[-1]))
    middle, low, high = difference(points, spread)
    print(f"{kind}: silla minus sionna {middle:+.3f} dB, 95 %: {low:+.3f} to {high:+.3f}, spread {spread:.2f}")
    print([(x, int(a.sum()), int(b.sum()), int((a != b).sum())) for x, a, b in points])
    assert middle <= TOLERANCE_DB and low <= TOLERANCE_DB / 2
    if kind != "own":  # the same channel estimate: neither is better
        assert middle >= -TOLERANCE_DB and np.mean([(a != b).mean() for _, a, b in points]) < 0.04
