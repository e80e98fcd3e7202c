"""Tasks and the day's schedule. Oracles: the profiles read off by hand, overlaps of intervals, hashes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.engine.scenarios import CITY, HEX, loaded_of, world_of

from silla.base import provenance
from silla.engine.plan import plan_run, world_hash
from silla.engine.tasks import EDGES, Task, _quantile, group_factors, run_task

PROFILE = list(range(24))


def with_profile(*events):
    text = HEX.replace("traffic:", "profile: steps, traffic:") + f"profiles: {{steps: {PROFILE}}}\n"
    return world_of(text, f"events=[{', '.join(events)}]", "day={hours: 24, step_min: 60}")


def test_profiles_are_joined_between_the_middles_of_the_hours():
    world = with_profile()
    for hour in (0.5, 7.5, 12.5, 23.5):
        assert group_factors(world, hour * 3600)[0][0] == pytest.approx(int(hour))
    assert group_factors(world, 8 * 3600)[0][0] == pytest.approx(7.5)
    assert group_factors(world, 8.25 * 3600)[0][0] == pytest.approx(7.75)
    assert group_factors(world, 0.0)[0][0] == pytest.approx(11.5)  # between 23 and 0
    assert group_factors(world, 24 * 3600)[0][0] == pytest.approx(11.5)


@pytest.mark.parametrize(
    ("start", "minutes", "share"),
    [
        ("10:00", 60, 1.0),
        ("10:30", 60, 0.5),
        ("09:30", 45, 0.25),
        ("10:10", 6, 0.1),
        ("11:00", 60, 0.0),
        ("09:00", 60, 0),
    ],
)
def test_a_burst_counts_by_its_overlap_with_the_epoch(start, minutes, share):
    world = with_profile(f"{{at: '{start}', for_min: {minutes}, burst: people, factor: 5}}")
    quiet = group_factors(with_profile(), 10.5 * 3600, 3600)[0][0]
    assert group_factors(world, 10.5 * 3600, 3600)[0][0] == pytest.approx(quiet * (1 + share * 4))


def test_users_of_bursts_add_up_over_the_epochs():
    """Whatever the step, extra users times time is the event's: nothing falls between two epochs."""
    world = with_profile("{at: '10:07', for_min: 71, burst: people, factor: 3}")
    flat = dataclasses.replace(world, demands=dataclasses.replace(world.demands, profile=np.ones((1, 24))))
    for step_s in (300.0, 900.0, 3600.0, 7200.0):
        middles = np.arange(0, 86400, step_s) + step_s / 2
        extra = sum(group_factors(flat, t, step_s)[0][0] - 1 for t in middles) * step_s
        assert extra == pytest.approx(2 * 71 * 60)


@pytest.mark.parametrize(
    ("start", "minutes", "off"),
    [
        ("10:00", 60, True),
        ("10:20", 60, True),
        ("10:40", 60, False),
        ("10:40", 5, True),
        ("09:00", 60, False),
        ("09:00", 95, True),
    ],
)
def test_an_outage_counts_from_half_of_an_epoch_on_and_is_never_lost(start, minutes, off):
    world = with_profile(f"{{at: '{start}', for_min: {minutes}, outage: s03}}")
    assert group_factors(world, 10.5 * 3600, 3600)[1] == ((3,) if off else ())


def test_two_events_at_once():
    world = with_profile(
        "{at: '10:00', for_min: 60, burst: people, factor: 2}", "{at: '10:30', for_min: 60, burst: people, factor: 3}",
        "{at: '10:00', for_min: 60, outage: s01}", "{at: '10:00', for_min: 60, outage: s00}",
    )  # fmt: skip
    factors, off = group_factors(world, 10.75 * 3600)
    assert factors[0] == pytest.approx(10.25 * 6) and off == (0, 1)


def test_the_snapshot_knows_no_events_and_stands_at_the_busiest_hour():
    plan = plan_run(loaded_of(CITY, "snapshot.at=busy"))
    task = plan.snapshot["shared"][0]
    world = plan.world("shared")
    users = world.demands.users @ world.demands.profile
    assert task.at_s == (np.argmax(users) + 0.5) * 3600 and task.off_sites == ()
    assert sum(t.drops[1] - t.drops[0] for t in plan.snapshot["shared"]) == 3


def test_a_day_has_an_epoch_for_every_step_and_the_events_hit_theirs():
    plan = plan_run(loaded_of(CITY))
    day = plan.day["shared"]
    assert [t.at_s for t in day] == [3600.0 + 7200.0 * i for i in range(12)]
    off = [i for i, t in enumerate(day) if t.off_sites]
    assert off == [6]  # 12:00 to 14:00
    quiet = plan_run(loaded_of(CITY, "events=[]")).day["shared"]
    assert day[9].factors[1] == pytest.approx(quiet[9].factors[1] * 2)  # x 3 for half of 18:00 to 20:00
    assert day[8].factors == quiet[8].factors


def test_hashes_name_content():
    task = Task("epoch", "abc", 0.0, (0, 2), (1.0,))
    assert task.hash == Task("epoch", "abc", 0.0, (0, 2), (1.0,)).hash
    changes = [
        {"kind": "snapshot"}, {"world": "abd"}, {"at_s": 1.0}, {"drops": (0, 3)}, {"factors": (2.0,)},
        {"off_sites": (1,)}, {"extra": ("x",)},
    ]  # fmt: skip
    assert len({dataclasses.replace(task, **c).hash for c in changes} | {task.hash}) == len(changes) + 1


def test_a_new_version_of_a_model_makes_new_tasks(monkeypatch):
    world = world_of(HEX)
    before = world_hash(world)
    card = provenance.model("radio.path_loss.uma")
    monkeypatch.setitem(provenance._REGISTRY, card.id, dataclasses.replace(card, version=card.version + 1))
    assert world_hash(world) != before
    other = provenance.model("radio.path_loss.rma")  # a model that this world does not call
    monkeypatch.undo()
    monkeypatch.setitem(provenance._REGISTRY, other.id, dataclasses.replace(other, version=other.version + 1))
    assert world_hash(world) == before


def test_the_plan_names_every_task_once():
    plan = plan_run(loaded_of(CITY, "sensitivity=[{set: environment.low_loss_fraction, values: [0.2, 0.4]}]"))
    hashes = [t.hash for t in plan.tasks()]
    assert len(hashes) == len(set(hashes))
    assert {t.world for t in plan.tasks()} <= set(plan.worlds)
    again = plan_run(loaded_of(CITY, "sensitivity=[{set: environment.low_loss_fraction, values: [0.2, 0.4]}]"))
    assert [t.hash for t in again.tasks()] == hashes


def test_drops_do_not_depend_on_how_they_are_cut_into_tasks():
    world = world_of(HEX)
    whole = run_task(Task("snapshot", "cut", 0.0, (0, 4), (1.0, 1.0)), {"cut": world})
    parts = [run_task(Task("snapshot", "cut", 0.0, (a, b), (1.0, 1.0)), {"cut": world}) for a, b in ((0, 1), (1, 4))]
    for name, values in whole.items():
        assert np.array_equal(values, np.concatenate([p[name] for p in parts])), name


def test_bins_hold_everybody():
    record = run_task(Task("snapshot", "bins", 0.0, (0, 2), (1.0, 1.0)), {"bins": world_of(HEX)})
    for metric, edges in EDGES.items():
        counts = record[f"hist_{metric}"]
        assert counts.shape[-1] == len(edges) - 1
        assert (counts.sum(axis=-1) == record["users"][:, None]).all()


def test_the_quantile_is_that_of_numpy():
    rng = np.random.default_rng(1)
    for n in (1, 2, 19, 20, 21, 300):
        x = rng.exponential(size=n)
        for q in (0.0, 0.05, 0.5, 1.0):
            assert _quantile(x, q) == pytest.approx(np.quantile(x, q), rel=1e-12)
    assert np.isnan(_quantile(np.zeros(0)))
