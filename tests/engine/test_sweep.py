"""Sweeps. Oracles: single runs of the same points, numbers of tasks counted by hand, the Cartesian product."""

from __future__ import annotations

import itertools
import json

import polars as pl
import pytest
from tests.engine.scenarios import HEX

from silla.base.errors import ArgumentError, ScenarioError
from silla.cli._app import run_command
from silla.engine import executors
from silla.engine.sweep import plan_sweep, run_sweep
from silla.results.tables import units

QUIET = ("map.step_m=200", "snapshot.drops=3")


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(HEX)
    return path


def arguments(scenario, out, *settings):
    return [
        "sweep",
        str(scenario),
        "-o",
        str(out),
        "--jobs",
        "1",
        *(x for s in (*settings, *QUIET) for x in ("--set", s)),
    ]


def test_points_are_the_product_in_order_and_share_unchanged_tasks(scenario, tmp_path):
    settings = ["environment.low_loss_fraction=0.1:0.9", "demand[people].users=10:20:30", *QUIET]
    plan = plan_sweep(scenario, settings)
    assert [p.values for p in plan.points] == list(itertools.product(["0.1", "0.9"], ["10", "20", "30"]))
    assert len({p.slug for p in plan.points}) == 6 and plan.fixed == QUIET
    out = tmp_path / "out"
    outcome = run_sweep(plan, out)
    hashes = {t.hash for p in plan.points for t in p.plan.tasks()}
    assert outcome.computed == len(hashes) == len(list(out.glob("tasks/*/*.rec"))) and outcome.reused == 0
    # drops alone: the tasks of the shorter run serve the longer one
    more = plan_sweep(scenario, ["snapshot.drops=5:10", "map.step_m=200"])
    outcome = run_sweep(more, tmp_path / "more")
    assert outcome.computed == 3  # two chunks of five drops, of which one is in both, and one map


def test_each_point_is_what_a_run_of_it_gives(scenario, tmp_path):
    out, alone = tmp_path / "out", tmp_path / "alone"
    assert run_command(arguments(scenario, out, "demand[people].users=15:45", "seed=5")) == 0
    settings = [x for s in ("demand[people].users=45", "seed=5", *QUIET) for x in ("--set", s)]
    assert run_command(["run", str(scenario), "-o", str(alone), "--jobs", "1", "--no-report", *settings]) == 0
    point = next(out.glob("001-*"))
    for name in ("users", "distribution", "cells"):
        assert (point / f"tables/{name}.parquet").read_bytes() == (alone / f"tables/{name}.parquet").read_bytes()
    assert json.loads((point / "summary.json").read_text()) == json.loads((alone / "summary.json").read_text())
    manifest = json.loads((point / "manifest.json").read_text())
    assert "demand[people].users=45" in manifest["overrides"] and "seed=5" in manifest["overrides"]


def test_the_table_holds_every_metric_of_every_point(scenario, tmp_path, capsys):
    out = tmp_path / "out"
    command = arguments(scenario, out, "demand[people].users=15:45", "carriers.mid.modulation=qam64:qam256")
    assert run_command([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"] == [
        {"path": "demand[people].users", "values": ["15", "45"]},
        {"path": "carriers.mid.modulation", "values": ["qam64", "qam256"]},
    ]
    table = pl.read_parquet(out / "tables/sweep.parquet")
    assert table.columns == [
        "point", "demand_people_users", "carriers_mid_modulation",
        "variant", "metric", "mean", "low", "high", "n", "unit",
    ]  # fmt: skip
    assert set(table["demand_people_users"]) == {15.0, 45.0} and set(table["carriers_mid_modulation"]) == {
        "qam64",
        "qam256",
    }
    for point in document["points"]:
        for variant, metrics in point["variants"].items():
            for name, m in metrics.items():
                row = table.filter(
                    (pl.col("point") == point["point"]) & (pl.col("variant") == variant) & (pl.col("metric") == name)
                )
                assert row.height == 1 and row["mean"][0] == m["mean"] and row["n"][0] == m["n"]
                assert [row["low"][0], row["high"][0]] == m["ci95"] and row["unit"][0] == m["unit"]
    assert table.height == sum(len(m) for p in document["points"] for m in p["variants"].values())
    assert units(out / "tables", "sweep")["mean"] == "1"
    users = table.filter(pl.col("metric") == "users").sort("demand_people_users")["mean"]
    assert users[0] < users[-1]


def test_a_sweep_that_is_repeated_computes_nothing(scenario, tmp_path, capsys):
    command = arguments(scenario, tmp_path / "out", "demand[people].users=15:45")
    assert run_command(command) == 0
    first = (tmp_path / "out/tables/sweep.parquet").read_bytes()
    assert run_command([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tasks"] == {"computed": 0, "reused": 4}
    assert (tmp_path / "out/tables/sweep.parquet").read_bytes() == first


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["demand[people].user=1:2"], ["'user'", "did you mean 'users'"]),
        (["demand[people].users=1:many"], ["many"]),
        (["environment.low_loss_fraction=0.5:3", "snapshot.drops=2:x"], ["3 is above 1", "'x'"]),
        (["demand[people].users=1:1"], ["twice"]),
        (["demand[people].users=1:2", "demand[people].users=3:4"], ["given twice"]),
        (["demand[people].users=4"], ["nothing to sweep"]),
        (["demand[people].users"], ["path=value"]),
        (["demand[people].users=1::3"], ["path=value"]),
        (["carriers.mid.enabled=true:false"], ["no cell is left"]),
    ],
)
def test_mistakes_are_told_before_anything_runs(scenario, tmp_path, capsys, settings, words):
    out = tmp_path / "out"
    command = ["sweep", str(scenario), "-o", str(out), *(x for s in settings for x in ("--set", s))]
    assert run_command(command) == 2
    said = capsys.readouterr()
    assert said.out == "" and all(word in said.err for word in words), said.err
    assert not out.exists()


def test_plan_raises_the_faults_of_all_points(scenario):
    with pytest.raises(ScenarioError) as error:
        plan_sweep(scenario, ["environment.low_loss_fraction=-1:0.5:7"])
    assert len(error.value.problems) == 2
    with pytest.raises(ArgumentError, match="points"):
        plan_sweep(
            scenario, [f"seed={':'.join(map(str, range(200)))}", f"snapshot.drops={':'.join(map(str, range(2, 99)))}"]
        )


def test_a_point_that_fails_is_reported_and_the_others_are_kept(scenario, tmp_path, monkeypatch, capsys):
    out, real = tmp_path / "out", executors.run_task
    plan = plan_sweep(scenario, ["demand[people].users=15:45", *QUIET])
    cursed = plan.points[0].plan.snapshot["base"][0].hash

    def sometimes(task, worlds):
        if task.hash == cursed:
            raise ArithmeticError("a curse")
        return real(task, worlds)

    monkeypatch.setattr(executors, "run_task", sometimes)
    assert run_command([*arguments(scenario, out, "demand[people].users=15:45"), "--json"]) == 1
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert "a curse" in document["points"][0]["failed"] and document["points"][1]["failed"] is None
    assert "a curse" in said.err and "1 of 2 points failed" in said.err
    assert not next(out.glob("000-*"), None) and (next(out.glob("001-*")) / "summary.json").exists()
    table = pl.read_parquet(out / "tables/sweep.parquet")
    assert set(table["demand_people_users"]) == {45.0}


def test_when_every_point_fails_there_is_still_a_record_of_it(scenario, tmp_path, monkeypatch, capsys):
    def never(task, worlds):
        raise ArithmeticError("a curse")

    monkeypatch.setattr(executors, "run_task", never)
    out = tmp_path / "out"
    assert run_command(arguments(scenario, out, "demand[people].users=15:45")) == 1
    assert all("a curse" in p["failed"] for p in json.loads((out / "sweep.json").read_text())["points"])
    assert pl.read_parquet(out / "tables/sweep.parquet").height == 0
