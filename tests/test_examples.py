"""Oracle: the summaries stored with the examples, as a run of an earlier version gave them.

The random numbers are the same, so means differ only by rounding (single precision in the kernels, and a link whose
draw lies on the edge of its line-of-sight probability): a tenth of the interval's half width is far more than that.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import silla

EXAMPLES = Path(__file__).parents[1] / "examples"
CITY = EXAMPLES.parents[1] / "shared" / "data" / "myeongdong" / "sites.csv"
CASES = [
    "hex-umi-small",
    pytest.param(
        "myeongdong", marks=pytest.mark.skipif(not CITY.is_file(), reason=f"the city's files are not at {CITY}")
    ),
]


@pytest.mark.parametrize("name", CASES)
def test_a_run_gives_the_expected_summary(name, tmp_path):
    expected = json.loads((EXAMPLES / "expected" / f"{name}.json").read_text(encoding="utf-8"))["variants"]
    found = silla.run(EXAMPLES / f"{name}.yaml", tmp_path / name, jobs=2).summary["variants"]
    assert list(found) == list(expected)
    for variant, metrics in expected.items():
        for key, metric in metrics.items():
            low, high = metric["ci95"]
            slack = 0.05 * (high - low) + 1e-6 * abs(metric["mean"])
            assert math.isclose(found[variant][key]["mean"], metric["mean"], abs_tol=slack), (variant, key)
            assert found[variant][key]["unit"] == metric["unit"]
            assert found[variant][key]["n"] == metric["n"]


def test_every_example_has_its_summary():
    assert {p.stem for p in EXAMPLES.glob("*.yaml")} == {p.stem for p in (EXAMPLES / "expected").glob("*.json")}
