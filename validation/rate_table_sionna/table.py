"""Rows of the shipped rate table, with the spread of their waterfalls."""

from __future__ import annotations

import csv
import functools
from importlib import resources
from typing import NamedTuple

from scipy.special import ndtri
from validation.rate_table_sionna.chain import Entry

from silla.base.rng import stream
from silla.physics.radio.link.awgn_blocks import awgn_block_errors, waterfall_spread_db


class Row(NamedTuple):
    """Threshold, its 95 % interval and the standard deviation of a normal waterfall, in dB."""

    snr_db: float
    low_db: float
    high_db: float
    spread_db: float


@functools.cache
def row_of(entry: Entry) -> Row:
    """The spread is measured: from shares of blocks lost on both sides of the threshold."""
    text = resources.files("silla.physics.radio").joinpath("data").joinpath("nr_awgn.csv").read_text()
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    key = (str(entry.bits), entry.rate_1024, str(entry.n_prb))
    row = next(r for r in rows if (r["bits_per_symbol"], r["rate_1024"], r["n_prb"]) == key)
    low, at, high = (float(row[c]) for c in ("low_db", "snr_db", "high_db"))
    step = 0.7 * waterfall_spread_db(entry.scheme, entry.n_prb, at)
    n = max(200, min(4000, 8_000_000 // (entry.n_re * entry.bits)))
    shares = [
        awgn_block_errors(entry.scheme, entry.n_prb, x, n, stream(2, "spread", *entry, side)) / n
        for side, x in enumerate((at - step, at))
    ]
    return Row(at, low, high, step / float(ndtri(shares[0]) - ndtri(shares[1])))
