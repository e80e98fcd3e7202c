"""Oracle: block errors counted by the sionna wheel on the same bits and noise (SOURCE.md)."""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from validation.rate_table_sionna.chain import Entry, Sionna, silla_losses
from validation.rate_table_sionna.fit import difference, place
from validation.rate_table_sionna.table import row_of

from silla.base import kernels

TOLERANCE_DB = 0.1
LINES = list(csv.DictReader((Path(__file__).parent / "reference.csv").read_text().splitlines()))


def _key(line):
    return (int(line["bits_per_symbol"]), line["rate_1024"], int(line["n_prb"])), line["decoder"]


def _lost(line) -> np.ndarray:
    lost = np.zeros(int(line["blocks"]), bool)
    lost[[int(i) for i in line["lost"].split()]] = True
    return lost


RECORDED = {
    (Entry(*key), decoder): [(float(line["snr_db"]), _lost(line)) for line in lines]
    for (key, decoder), lines in groupby(LINES, _key)
}
LAYERED = [entry for entry, decoder in RECORDED if decoder == "layered"]
FLOODING = [entry for entry, decoder in RECORDED if decoder == "flooding"]
QUICK = [entry for entry in FLOODING if entry.n_prb == 1 or entry.tbs < 1000]
pytestmark = pytest.mark.skipif(not kernels.available(), reason="no C++ kernels: slow")


def name(entry: Entry) -> str:
    return f"{entry.bits} bit {entry.rate_1024} {entry.n_prb} PRB"


def gap(entry: Entry, decoder: str):
    """(silla minus sionna, low, high) in dB, the same blocks decoded by silla now."""
    points = [
        (x, silla_losses(entry, decoder, x, len(theirs)), theirs) for x, theirs in RECORDED[entry, decoder]
    ]  # fmt: skip
    return difference(points, row_of(entry).spread_db)


def test_the_recorded_rows_span_the_table():
    assert len(LAYERED) >= 12 and {entry.cut.graph for entry in LAYERED} == {1, 2}
    assert {entry.bits for entry in LAYERED} == {2, 4, 6, 8, 10, 12} and {e.n_prb for e in LAYERED} >= {1, 4, 16, 64}
    assert max(entry.cut.n_blocks for entry in FLOODING) > 2
    for points in RECORDED.values():
        lost = np.concatenate([theirs for _, theirs in points])
        assert 1 <= lost.sum() <= 0.5 * len(lost)  # within the waterfall


@pytest.mark.parametrize("entry", LAYERED, ids=name)
def test_thresholds_of_the_table_are_within_a_tenth_of_a_decibel(entry):
    points, row = RECORDED[entry, "layered"], row_of(entry)
    x, n, k = zip(*((x, len(lost), lost.sum()) for x, lost in points))
    _, low, high = place(x, n, k, row.spread_db)
    assert row.high_db >= low - TOLERANCE_DB and row.low_db <= high + TOLERANCE_DB


@pytest.mark.parametrize("entry", LAYERED, ids=name)
def test_the_decoder_of_the_table_is_within_a_tenth_of_a_decibel(entry):
    """8 bits and a CRC's early stop beside floating point, the rows of the base graph in the same order."""
    middle, low, high = gap(entry, "layered")
    assert abs(middle) <= TOLERANCE_DB and low > -2 * TOLERANCE_DB and high < 2 * TOLERANCE_DB


@pytest.mark.parametrize(
    "entry", [pytest.param(e, id=name(e), marks=() if e in QUICK else pytest.mark.slow) for e in FLOODING]
)
def test_belief_propagation_loses_the_same_blocks(entry):
    for x, theirs in RECORDED[entry, "flooding"]:
        assert (silla_losses(entry, "flooding", x, len(theirs)) != theirs).sum() <= 1


@pytest.mark.oracle
@pytest.mark.slow
@pytest.mark.parametrize("entry", [e for e in LAYERED if e.n_prb <= 4], ids=name)
def test_sionna_counts_again_what_is_recorded(entry):
    pytest.importorskip("sionna.phy.nr")
    sionna = Sionna(entry)
    for decoder in ("layered", "flooding"):
        x, theirs = RECORDED[entry, decoder][0]
        assert (sionna.losses(decoder, x, len(theirs)) != theirs).sum() <= 1
