"""The shipped rate curves. Oracles: the decoder, sent through again; mutual information; the finite-block bound."""

from __future__ import annotations

import csv
from importlib import resources

import numpy as np
import pytest
from scipy.stats import binom

from silla.base import kernels
from silla.base.rng import stream
from silla.cli._app import run_command
from silla.engine import rate_curves as module
from silla.engine.rate_curves import BLOCK_SIZES, COLUMNS, TARGET, WIDTH_DB, rate_curves
from silla.physics.radio.link.awgn_blocks import RE_PER_PRB, awgn_block_errors, block_bits, schemes
from silla.physics.radio.link.finite_block import finite_block_bound, information_moments
from silla.physics.radio.link.mapping import modulation_of
from silla.results.store import Store

TEXT = resources.files("silla.physics.radio").joinpath("data").joinpath("nr_awgn.csv").read_text()
ROWS = list(csv.DictReader(line for line in TEXT.splitlines() if not line.startswith("#")))
KEY = {(int(r["bits_per_symbol"]), float(r["rate_1024"]), int(r["n_prb"])): r for r in ROWS}


def test_every_scheme_and_size_is_there():
    assert tuple(ROWS[0]) == COLUMNS
    wanted = {(s.bits, float(s.rate * 1024), n) for s in schemes() for n in BLOCK_SIZES}
    assert set(KEY) == wanted and len(ROWS) == len(wanted)
    for r in ROWS:
        low, at, high = (float(r[c]) for c in ("low_db", "snr_db", "high_db"))
        assert low <= at <= high and high - low <= WIDTH_DB + 0.0011, r  # ends rounded to 0.001


def test_blocks_need_more_than_their_mutual_information():
    for s in schemes():
        for n in BLOCK_SIZES:
            r = KEY[s.bits, float(s.rate * 1024), n]
            assert int(r["block_bits"]) == block_bits(s, n)
            bits, _ = information_moments(10 ** (float(r["snr_db"]) / 10), modulation_of(s.bits))
            carried = block_bits(s, n) / (RE_PER_PRB * n)
            if n >= 64:
                assert float(bits) > carried, (s, n)


def test_no_block_does_better_than_the_finite_block_bound_and_none_much_worse():
    gaps = []
    for s in schemes():
        for n in (4, 16, 64, 273):
            r, uses = KEY[s.bits, float(s.rate * 1024), n], RE_PER_PRB * n

            def bound(snr_db, s=s, n=n, uses=uses):
                g = np.full(1, 10 ** (snr_db / 10))
                return float(finite_block_bound(block_bits(s, n), g, modulation_of(s.bits), n_uses=uses))

            low, high = -20.0, 60.0
            while high - low > 1e-3:
                middle = (low + high) / 2
                low, high = (middle, high) if bound(middle) > TARGET else (low, middle)
            gaps.append(float(r["snr_db"]) - high)
    assert min(gaps) > 0.0
    assert np.median(gaps) < 1.6 and max(gaps) < 4.0  # the worst: 24 bits with a CRC of 16


@pytest.mark.skipif(not kernels.available(), reason="no C++ kernels: slow")
@pytest.mark.parametrize("key", [(2, 120.0, 4), (2, 602.0, 16), (4, 490.0, 16), (6, 772.0, 4), (8, 885.0, 1)])
def test_blocks_sent_again_are_lost_as_often(key):
    r, n = KEY[key], 600
    scheme = next(s for s in schemes() if (s.bits, float(s.rate * 1024)) == key[:2])
    # at the ends of the interval the loss is on either side of the target, to what 600 blocks can tell
    for column, side in (("low_db", 1), ("high_db", -1)):
        lost = awgn_block_errors(scheme, key[2], float(r[column]), n, stream(99, "again", str(key), column))
        limit = binom.ppf(0.001 if side == 1 else 0.999, n, TARGET)
        assert (lost - limit) * side >= 0, (r, column, lost)


def test_curves_are_computed_once_and_alike(tmp_path):
    some = schemes()[20:22]
    first = rate_curves((1,), chosen=some, store=Store(tmp_path))
    assert first == rate_curves((1,), chosen=some, store=Store(tmp_path))
    for row in first:
        shipped = KEY[row["bits_per_symbol"], float(row["rate_1024"]), 1]
        if kernels.available():
            assert float(shipped["snr_db"]) == pytest.approx(row["snr_db"], abs=0.05)


def test_the_command_writes_the_file_that_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "schemes", lambda: schemes()[20:22])
    monkeypatch.setattr(module.rate_curves, "__defaults__", ((1, 4),))
    path = tmp_path / "curves.csv"
    assert run_command(["link", "table", "--out", str(path), "--jobs", "1"]) == 0
    text = path.read_text()
    assert text.splitlines()[0] == TEXT.splitlines()[0]
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == 5
