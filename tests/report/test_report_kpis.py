"""Targets and verdicts. Oracles: numbers of the documents, hand-worked peak rates of the fixture's carriers."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from report_fixture import make_results

from silla.base.errors import DataFileError
from silla.report.kpis import Kpi, Measured, Source, Target, judge, load_targets
from silla.report.measure import kpi_values
from silla.report.stored import open_results


def _target(bound: float, sense: str = "at_least", environment: str = "any") -> Target:
    return Target(Kpi("k", "K", "bit/s"), Source("s", "S", "text", "adopted"), sense, bound, environment)


@pytest.mark.parametrize(
    ("low", "high", "sense", "word"),
    [
        (10, 12, "at_least", "met"),
        (8, 9.9, "at_least", "missed"),
        (9, 11, "at_least", "undecided"),
        (8, 10, "at_most", "met"),
        (10.1, 12, "at_most", "missed"),
        (9, 11, "at_most", "undecided"),
        (10, 10, "at_least", "met"),
        (10, 10, "at_most", "met"),
    ],
)
def test_verdict_needs_the_whole_interval(low: float, high: float, sense: str, word: str) -> None:
    assert judge(_target(10, sense), Measured((low + high) / 2, low, high, "")).word == word


def test_other_environment_is_never_a_pass() -> None:
    verdict = judge(_target(10, environment="Dense Urban-eMBB"), Measured.exact(1e9, "measured"))
    assert verdict.indicative and "Dense Urban-eMBB" in verdict.reason


def test_what_is_not_measured_says_why() -> None:
    verdict = judge(_target(10), Measured.none("slots are not simulated"))
    assert (verdict.word, verdict.reason) == ("not measured", "slots are not simulated")


def test_packaged_targets_hold_the_documents_numbers() -> None:
    targets = load_targets()
    bounds = {(t.kpi.id, t.source.key, t.bound) for t in targets.targets}
    # ITU-R M.2410-0 clauses 4.1, 4.2, 4.3, 4.6, 4.7, 4.10, 4.12
    assert {
        ("peak_rate_downlink", "M2410", 20e9),
        ("peak_rate_uplink", "M2410", 10e9),
        ("peak_efficiency_downlink", "M2410", 30.0),
        ("peak_efficiency_uplink", "M2410", 15.0),
        ("user_rate_downlink", "M2410", 100e6),
        ("area_traffic", "M2410", 10e6),
        ("reliability", "M2410", 0.99999),
        ("connection_density", "M2410", 1e6),
    } <= bounds
    assert all(t.source.standing == "framework" for t in targets.targets if t.source.key == "M2160")
    assert {t.source.standing for t in targets.targets} <= set(targets.standings)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1", "not YAML"),
        ("a: 1", "needs the keys"),
        ("standings: {x: y}\nsources: {s: {text: t, standing: z}}\nkpis: {}\ntargets: []", "'z' is not among"),
        ("standings: {x: y}\nsources: {}\nkpis: {}\ntargets: [{kpi: q, source: s, at_least: 1}]", "targets[0].kpi"),
        (
            "standings: {x: y}\nsources: {s: {text: t, standing: x}}\nkpis: {q: {title: Q, unit: m}}\n"
            "targets: [{kpi: q, source: s, at_least: 1, at_most: 2}]",
            "exactly one of",
        ),
        (
            "standings: {x: y}\nsources: {s: {text: t, standing: x}}\nkpis: {q: {title: Q, unit: m}}\n"
            "targets: [{kpi: q, source: s, at_leest: 1}]",
            "unknown key 'at_leest'",
        ),
    ],
)
def test_faulty_targets_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(DataFileError, match=says.replace("[", r"\[").replace("]", r"\]")):
        load_targets(path)


def test_missing_targets_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"none\.yaml: cannot be read"):
        load_targets(tmp_path / "none.yaml")


def test_values_of_the_fixture(tmp_path: Path) -> None:
    stored = open_results(make_results(tmp_path / "r"))
    five, six = kpi_values(stored, "5g"), kpi_values(stored, "6g")
    # one carrier of 1.92 Gbit/s in 75 % of the time; 6g adds 9.6 Gbit/s on the same sites
    assert five["peak_rate_downlink"].value == pytest.approx(1.92e9)
    assert six["peak_rate_downlink"].value == pytest.approx(11.52e9)
    assert six["peak_rate_uplink"].value == pytest.approx(11.52e9 / 3)
    assert six["peak_rate_ratio"].value == pytest.approx(0.576)
    assert six["bandwidth"].value == pytest.approx(500e6)
    # best carrier: 9.6 Gbit/s over 400 MHz in 75 % of the time
    assert six["peak_efficiency_downlink"].value == pytest.approx(32.0)
    # 24 Mbit/s times the gain 4.2, interval 3 % either side
    assert six["user_rate_downlink"].value == pytest.approx(100.8e6)
    assert six["user_rate_downlink"].low == pytest.approx(0.97 * 100.8e6)
    # 2 uJ/bit: half a megabit per joule, the interval turned over
    assert five["energy_efficiency"].value == pytest.approx(0.5e6)
    assert five["energy_efficiency"].low == pytest.approx(0.5e6 / 1.03)
    assert math.isnan(five["latency_user_plane"].value)
