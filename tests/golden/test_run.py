"""`silla run` through the public command line. Oracle: docs/results.md (what is left behind, in which shape)."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from silla.cli._app import run_command
from silla.results.tables import read_grid, units

SMALL = {
    "hex-umi": ("snapshot.drops=3", "map.step_m=60"),
    "hex-uma": ("snapshot.drops=2", "map.step_m=150"),
    "indoor": ("snapshot.drops=3", "map.step_m=5"),
    "madrid-grid": ("snapshot.drops=2", "day.drops=2", "day.step_min=240", "map.step_m=25"),
    "gyeongju": ("snapshot.drops=2", "day.drops=2", "day.step_min=120", "map.step_m=200"),
}
DAY_TABLES = {"epochs", "cell_day", "key_day", "flow_day", "direct_day", "message_day", "key_use", "passes", "pool_day"}


def documented_columns():
    """Table -> columns, read from the manual."""
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    tables = {}
    for name, columns in rows[1:]:
        bare = re.sub(r"\([^()]*\)", "", columns).split(";")[0]
        tables[name.split("(")[0].strip()] = {c.strip() for c in bare.split(",")}
    return tables


def run(name, out, *options):
    settings = [x for s in SMALL[name] for x in ("--set", s)]
    return run_command(["run", name, "-o", str(out), "--jobs", "1", *settings, *options])


@pytest.fixture(scope="module", params=list(SMALL))
def finished(request, tmp_path_factory):
    """(name, folder) of each built-in scenario, run small."""
    out = tmp_path_factory.mktemp("golden") / request.param
    assert run(request.param, out) == 0
    return request.param, out


def test_a_run_leaves_what_the_manual_says(finished):
    _, out = finished
    found = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file() and not p.name.startswith(".")}
    assert {"manifest.json", "summary.json", "scenario.yaml", "report.html"} <= found
    assert any(f.startswith("tasks/") for f in found) and "grids/map.parquet" in found
    columns = documented_columns()
    assert len(columns) > 12
    tables = {p.stem for p in (out / "tables").glob("*.parquet")}
    day = json.loads((out / "manifest.json").read_text())["scenario"]["day"]
    assert tables >= DAY_TABLES if day else not DAY_TABLES & tables
    for table in tables & set(columns):
        there = set(pl.read_parquet_schema(out / f"tables/{table}.parquet"))
        assert columns[table] <= there, table
    for table in tables:
        given = units(out / "tables", table)
        schema = pl.read_parquet_schema(out / f"tables/{table}.parquet")
        assert all((given[c] == "") == (kind == pl.String) for c, kind in schema.items()), table


def test_every_mean_has_its_interval_and_count(finished):
    _, out = finished
    summary = json.loads((out / "summary.json").read_text())
    assert {"silla", "name", "title", "variants"} <= set(summary)
    assert summary["variants"]
    for metrics in summary["variants"].values():
        assert len(metrics) > 8
        for name, m in metrics.items():
            assert {"mean", "ci95", "n", "unit"} <= set(m), name
            assert isinstance(m["n"], int) and m["unit"]
            if m["n"]:
                low, high = m["ci95"]
                assert math.isfinite(m["mean"])
                if low is not None and high is not None:
                    assert low - 1e-9 * abs(low) <= m["mean"] <= high + 1e-9 * abs(high), name
            else:
                assert m["mean"] is None


def test_numbers_are_in_their_ranges_and_the_summary_agrees_with_the_tables(finished):
    name, out = finished
    summary = json.loads((out / "summary.json").read_text())["variants"]
    for metrics in summary.values():
        for share in ("coverage", "served_share_downlink", "served_share_uplink", "cell_load"):
            assert 0 <= metrics[share]["mean"] <= 1 + 1e-9
        assert metrics["users"]["mean"] > 0 and metrics["user_rate_downlink_mean"]["mean"] > 0
        assert metrics["user_rate_downlink_p5"]["mean"] <= metrics["user_rate_downlink_mean"]["mean"]
    cdf = pl.read_parquet(out / "tables/distribution.parquet")
    assert cdf["cdf"].is_between(0, 1).all() and (cdf["low"] <= cdf["cdf"] + 1e-12).all()
    for _, group in cdf.group_by(["variant", "metric", "carrier"], maintain_order=True):
        assert group["cdf"].diff().drop_nulls().ge(-1e-12).all()
        assert group["value"].diff().drop_nulls().gt(0).all()
    users = pl.read_parquet(out / "tables/users.parquet")
    cells = pl.read_parquet(out / "tables/cells.parquet")
    assert set(users["cell"]) <= set(cells["id"]) and set(users["variant"]) == set(summary)
    field = read_grid(out / "grids", "map")
    assert set(field.sinr_db.dims) == {"variant", "y_m", "x_m"} and list(field.variant.values) == list(summary)
    if name == "gyeongju":
        check_day(out, summary)


def check_day(out, summary):
    """Series of the day against one another and against the summary."""
    epochs = pl.read_parquet(out / "tables/epochs.parquet")
    flows = pl.read_parquet(out / "tables/flow_day.parquet")
    parts = flows["quantum_bit"] + flows["one_time_pad_bit"] + flows["fallback_bit"] + flows["unsent_bit"]
    assert (parts - flows["traffic_bit"]).abs().max() <= 1e-9 * flows["traffic_bit"].max()
    keys = pl.read_parquet(out / "tables/key_day.parquet")
    assert keys.filter(pl.col("state") == "eavesdropped")["qber"].min() > 0.2
    for variant, metrics in summary.items():
        power = epochs.filter((pl.col("variant") == variant) & (pl.col("metric") == "power_total"))
        assert power.height == 12
        assert power["mean"].sum() * 2 / 1000 == pytest.approx(metrics["energy_total"]["mean"])
        assert metrics["energy_per_bit"]["mean"] > 0
    assert {"protected_quantum"} <= set(summary["6g"]) and summary["5g"]["protected_quantum"]["mean"] == 0


def test_json_prints_one_document_and_nothing_else(tmp_path):
    settings = [x for s in SMALL["hex-umi"] for x in ("--set", s)]
    command = [sys.executable, "-m", "silla", "run", "hex-umi", "-o", str(tmp_path), "--jobs", "2", "--json", *settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["directory"] == str(tmp_path) and Path(document["report"]).is_file()
    assert document["variants"] == json.loads((tmp_path / "summary.json").read_text())["variants"]
    assert done.stdout.count("\n{") == 0 and done.stdout.startswith("{")


def test_the_manifest_says_what_was_run(tmp_path):
    assert run("hex-umi", tmp_path, "--no-report", "--set", "seed=77") == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["seed"] == 77 and "seed=77" in manifest["overrides"]
    assert manifest["scenario"]["snapshot"]["drops"] == 3
    assert (tmp_path / "scenario.yaml").read_text() == manifest["scenario_text"]
    assert manifest["models"] and all(m["citations"] for m in manifest["models"])
    ids = {m["id"] for m in manifest["models"]}
    assert any(i.startswith("radio.path_loss.umi") for i in ids) and not any(i.startswith("quantum") for i in ids)
    assert (
        manifest["run"]["tasks"] == len(list(tmp_path.glob("tasks/*/*.rec")))
        and not (tmp_path / "report.html").exists()
    )


def test_the_seed_decides_the_numbers(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run("indoor", tmp_path / name, "--no-report", "--set", f"seed={seed}") == 0
    a, b, c = ((tmp_path / name / "summary.json").read_text() for name in "abc")
    assert a == b != c


def test_one_variant_alone_is_the_same_as_among_the_others(tmp_path, finished):
    name, out = finished
    if name != "gyeongju":
        pytest.skip("has no variants")
    assert run(name, tmp_path, "--no-report", "--variant", "6g") == 0
    alone = json.loads((tmp_path / "summary.json").read_text())["variants"]
    among = json.loads((out / "summary.json").read_text())["variants"]
    assert list(alone) == ["6g"] and alone["6g"] == among["6g"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "no-such-thing"], "no-such-thing"),
        (["run", "hex-umi", "--variant", "x"], "x"),
        (["run", "hex-umi", "--set", "nothing=1"], "nothing"),
        (["run", "hex-umi", "--engine", "slurm"], "slurm"),
        (["run", "hex-umi", "--jobs", "-1"], "jobs"),
    ],
)
def test_mistakes_end_with_code_two_and_leave_nothing(tmp_path, capsys, arguments, words):
    assert run_command([*arguments, "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.out == ""
    assert not list((tmp_path / "out").glob("*.json"))
