"""Validation cases finite_key_by_hand and cascade_efficiency. Oracle: their reference.csv, and counting."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from silla.base import kernels
from silla.base.rng import stream
from silla.coding.cascade import reconcile_locally
from silla.coding.reconciliation import binary_entropy
from silla.physics.quantum.distillation.efficiency import measured_efficiency
from silla.physics.quantum.finite_key import Counts, key_length

CASES = Path(__file__).parents[4] / "validation"


def case(name):
    given = YAML(typ="safe").load((CASES / name / "case.yaml").read_text())
    return given, list(csv.DictReader((CASES / name / "reference.csv").open()))


BY_HAND, KEYS = case("finite_key_by_hand")


@pytest.mark.parametrize("row", KEYS, ids=lambda r: f"{r['protocol']}-{r['key'].split()[0]}")
def test_finite_keys_are_those_worked_out_by_hand(row):
    counts = Counts(*(np.array(row[n].split(), float) for n in ("key", "key_errors", "test", "test_errors")))
    mu, p = (np.array(row[n].split(), float) for n in ("intensities", "probabilities"))
    found = key_length(
        counts, mu, p, eps_sec=float(row["eps_sec"]), eps_cor=float(row["eps_cor"]), leaked_bit=float(row["leaked_bit"])
    )
    for name in ("vacuum_bit", "single_bit", "phase_error"):
        expected = pytest.approx(float(row[name]), rel=BY_HAND["tolerance"]["bounds"]["relative"], abs=1e-12)
        assert float(getattr(found, name)) == expected, name
    signed = float(row["signed_bit"])
    assert float(found.signed_bit) == pytest.approx(signed, abs=BY_HAND["tolerance"]["signed_bit"]["absolute"])
    assert float(found.length_bit) == np.floor(signed) > 0


CASCADE, ROWS = case("cascade_efficiency")
needs_kernels = pytest.mark.skipif(not kernels.available(), reason="no C++ kernels: slow")


@needs_kernels
@pytest.mark.parametrize("row", [r for r in ROWS if r["quantity"] == "f"], ids=lambda r: r["error_rate"])
def test_what_cascade_tells(row):
    q, n = float(row["error_rate"]), 4 * 65536
    rng = stream(2, "cascade case", round(1000 * q))
    a = rng.integers(0, 2, n, dtype=np.uint8)
    b = a ^ (rng.random(n) < q).astype(np.uint8)
    found = reconcile_locally(a, b, q, seed=3)
    assert (found.bits == a).all()
    f = found.leaked_bit / (n * float(binary_entropy(float(np.mean(a != b)))))
    assert 1.0 < f == pytest.approx(float(row["model_value"]), abs=CASCADE["tolerance"]["f"]["absolute"])
    assert measured_efficiency("cascade", q, 1e7).f == pytest.approx(float(row["model_value"]), abs=2e-3)
    if row["tag"] == "P":
        assert f == pytest.approx(float(row["value"]), abs=CASCADE["tolerance"]["f_published"]["absolute"])


@needs_kernels
def test_every_pass_of_halves_leaves_half_of_the_failures():
    """Frames of 1024 bits at 5 %: failures against half of those one pass before, binomially.

    Before, a frame may hold several patterns that are not seen, each of which must come to light.
    """
    from scipy.stats import binom

    n, frames, failed = 1024, 800, []
    for passes in (5, 6, 7, 8):
        rng = stream(4, "cascade failures")
        count = 0
        for seed in range(frames):
            a = rng.integers(0, 2, n, dtype=np.uint8)
            b = a ^ (rng.random(n) < 0.05).astype(np.uint8)
            count += bool((reconcile_locally(a, b, 0.05, seed, passes).bits != a).any())
        failed.append(count)
    [row] = [r for r in ROWS if r["quantity"] == "failures_of_next_pass"]
    alarm = CASCADE["tolerance"]["halving"]["false_alarm"] / 8
    assert failed[0] > 80  # something to halve
    for before, after in itertools.pairwise(failed):
        low, high = (float(binom.ppf(x, before, float(row["value"]))) for x in (alarm, 1 - alarm))
        assert low <= after <= high, failed
