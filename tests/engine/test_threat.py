"""Threat reports. Oracles: shares counted by hand, exposure of the leaf, the scenario's own entries."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from silla.base.errors import ArgumentError
from silla.engine.threat import INTERFACES, cover_of, threat_report
from silla.scenario.loader import load
from silla.world.compile import compile_world

SMALL = ("--set", "snapshot.drops=2", "--set", "day.drops=2", "--set", "day.step_min=240", "--set", "map.step_m=200")


@pytest.fixture(scope="module")
def world():
    loaded = load("gyeongju")
    return compile_world(loaded.scenario, loaded.folder)


def changed(world, **fields):
    return dataclasses.replace(world, flows=dataclasses.replace(world.flows, **fields))


def by_id(report):
    return {i["id"]: i for i in report["interfaces"]}


def test_without_a_scenario_nothing_is_covered():
    report = threat_report(samples=500)
    assert report["cover"] is None and len(report["interfaces"]) == len(INTERFACES)
    for i in report["interfaces"]:
        assert i["exposed_share"] == 1.0 and i["p_after"] == i["p_now"]


def test_longer_secrets_are_more_exposed():
    rows = by_id(threat_report(samples=2000))
    assert rows["n3"]["p_now"][0] > rows["n2"]["p_now"][0] >= rows["ofh-cus"]["p_now"][0]
    for i in rows.values():
        assert i["p_now"][1] <= i["p_now"][0] <= i["p_now"][2] and i["p_at_end"][0] >= i["p_now"][0]
    assert rows["aka"]["p_at_end"][0] == 0.0 and rows["aka"]["deadline"] is None
    assert rows["software"]["deadline"] == 2030 and rows["n3"]["deadline"] == 2035


def test_the_scenario_s_entries_cover_its_backhaul(world):
    cover = cover_of(world)
    assert cover.protected == pytest.approx(1.0) and set(cover.hubs) == {"bomun", "station"}
    before, after = by_id(threat_report(samples=1000)), by_id(threat_report(world, samples=1000))
    assert after["n3"]["p_after"][0] == pytest.approx(0.0) and before["n3"]["p_now"] == after["n3"]["p_now"]
    assert after["suci-a"]["p_after"] == before["suci-a"]["p_now"]  # backhaul keys do not protect the air
    assert "quantum keys" in after["n3"]["covered_by"]


def test_half_the_traffic_leaves_half_the_exposure(world):
    half = changed(world, share=0.5 * world.flows.share)
    rows = by_id(threat_report(half, samples=1000))
    assert rows["n3"]["exposed_share"] == pytest.approx(0.5)
    assert rows["n3"]["p_after"][0] == pytest.approx(0.5 * rows["n3"]["p_now"][0])


def test_a_classical_fallback_is_counted_as_exposed_until_a_run_shows_keys(world):
    weak = changed(world, fallback=("classical",) * len(world.flows.id))
    assert cover_of(weak).protected == pytest.approx(0.0) and cover_of(weak).conditional == pytest.approx(1.0)
    served = dict.fromkeys(world.flows.id, 0.8)
    assert cover_of(weak, served).protected == pytest.approx(0.8)
    assert cover_of(world, served).post_quantum == pytest.approx(0.2)


def test_no_entries_no_cover(world):
    none = compile_world(load("hex-uma").scenario, load("hex-uma").folder)
    assert cover_of(none).protected == 0.0 and cover_of(none).hubs == ()


def test_series_rise(world):
    report = threat_report(world, samples=500, horizon=25)
    assert report["years"][0] == 2026 and report["years"][-1] == 2051
    for p in report["primitives"]:
        assert (np.diff([b[0] for b in p["broken_by"]]) >= 0).all()
    assert all(s["years_on_one_machine"] > 1e9 for s in report["search"])


def test_a_run_leaves_a_table_and_a_section(tmp_path):
    """Oracle: the report made from the run's own world; shares as stored in flow_day."""
    from silla.cli._app import run_command

    out = tmp_path / "out"
    assert run_command(["run", "gyeongju", "-o", str(out), "--jobs", "1", "--variant", "5g", *SMALL]) == 0
    stored = pl.read_parquet(out / "tables" / "threat.parquet")
    flow = pl.read_parquet(out / "tables" / "flow_day.parquet")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Quantum threat" in page and "SUCI, profile A" in page
    for variant in stored["variant"].unique():
        mine = stored.filter(pl.col("variant") == variant)
        assert mine.height == len(INTERFACES)
        n3 = mine.filter(pl.col("interface") == "n3").row(0, named=True)
        assert n3["p_after"] == pytest.approx(n3["exposed_share"] * n3["p_now"])
        weak = flow.filter((pl.col("variant") == variant) & (pl.col("fallback") == "classical"))
        if not weak.height:
            assert n3["exposed_share"] == pytest.approx(0.0, abs=1e-9)


def test_bad_input(world):
    for bad in ({"now": 1999.0}, {"horizon": 0.0}, {"samples": 3}, {"standing": "rumour"}, {"risk": 0.0},
                {"interfaces": ()}):  # fmt: skip
        with pytest.raises(ArgumentError):
            threat_report(**bad)
    with pytest.raises(ArgumentError, match="served share"):
        cover_of(world, {world.flows.id[0]: 2.0})
