"""Satellites in the day. Oracles: the same link surveyed by itself, conservation, clouds that let nothing through."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from tests.engine.scenarios import CITY, world_of

from silla.base.errors import ScenarioError
from silla.engine.key_supply import STATES
from silla.engine.keys import key_day, key_links_of
from silla.engine.passes import passages
from silla.engine.satellite import SpaceLink, over_pass
from silla.physics.optical.free_space import Terminals
from silla.physics.optical.orbit import Station, find_passes, sun_synchronous
from silla.physics.quantum.distillation.yields import AUTHENTICATION_BIT

SKY = (
    "origin={lat: 35.84, lon: 129.287}", "day.date=2026-11-28", "day.utc_offset_h=9",
    "quantum.satellites=[{id: leo, name: 실라}]",
    "quantum.downlinks=[{id: up, satellite: leo, station: hub, stock_mbit: 10, initial_fraction: 0}, "
    "{id: far, satellite: leo, station: core, stock_mbit: 10, initial_fraction: 0}]",
)  # fmt: skip


def day(*overrides, step_s=3600.0):
    world = world_of(CITY, *SKY, *overrides)
    epochs = np.arange(round(86400 / step_s)) * step_s
    hub = np.zeros((1, len(epochs), len(world.places.id)))
    hub[:, :, world.places.id.index("hub")] = 4e6
    return world, key_day(world, hub, epochs, step_s), epochs


def test_passages_are_those_of_the_orbit_seen_from_the_station():
    world = world_of(CITY, *SKY, "events=[]")
    begin = datetime(2026, 11, 27, 15, tzinfo=UTC)
    orbit = sun_synchronous(500e3, 23.5, begin)
    d = world.downlinks
    station = Station("hub", float(d.lat_deg[0]), float(d.lon_deg[0]), 50.0)
    assert (station.lat_deg, station.lon_deg) == pytest.approx((35.84 + 900 / 111e3, 129.287), abs=1e-4)
    expected = find_passes(orbit, station, begin, 24.0, min_elevation_deg=20.0)
    mine = [p for p in passages(world, 24.0) if p.link == 0]
    assert [p.rise_s for p in mine] == pytest.approx([(e.rise - begin).total_seconds() for e in expected], abs=0.1)
    terminals = Terminals(848.6e-9, 0.3, 1.0, 7.4e-6, 1e-6, 0.32, 100e-6, 1e-9, margin_db=3.0)
    alone = over_pass(SpaceLink(terminals, dead_time_s=50e-9), orbit, station, expected[-1], step_s=2.0)
    assert mine[-1].key_bit == pytest.approx(float(alone.key.length_bit), rel=1e-6)
    assert mine[-1].light == "night" and mine[-1].key_bit > 1e5
    assert all(p.key_bit == 0 for p in mine if p.light == "day")


def test_keys_arrive_with_the_passage_and_wait_in_the_stock():
    world, k, _ = day("events=[]", "quantum.keys=[]")
    by_link = [k.supply.id.index(name) for name in ("up", "far")]
    for number, i in enumerate(by_link):
        mine = [p for p in passages(world, 24.0) if p.link == number]
        assert k.supply.secret[:, i].sum() == pytest.approx(sum(p.key_bit for p in mine))
        n_keys = sum(p.key_bit > 0 for p in mine)  # each passage is one block
        assert k.supply.authentication[:, i].sum() == AUTHENTICATION_BIT * n_keys > 0
        for p in mine:
            t = int(p.set_s // 3600)
            assert STATES[k.supply.state[t, i]] == ("up" if p.key_bit > 0 else "no key")
        assert STATES[k.supply.state[9, i]] == "no pass"


def test_a_trusted_satellite_joins_two_stations_without_a_fibre():
    orbit = "quantum.satellites=[{id: leo, trusted: %s}]"
    served = [day("events=[]", "quantum.keys=[]", orbit % trusted)[1].key_served.sum() for trusted in ("true", "false")]
    assert served[0] > 0 == served[1]


def test_clouds_let_nothing_through():
    world, k, _ = day('events=[{at: "00:00", for_min: 1440, weather: core, becomes: overcast}]')
    up, far = (k.supply.id.index(name) for name in ("up", "far"))
    assert k.supply.produced[:, up].sum() > 0 == k.supply.produced[:, far].sum()
    assert {p.weather for p in passages(world, 24.0) if p.link == 1} == {"overcast"}
    clear = next(row for row in key_links_of(world, "v", 24.0) if row[1] == "far")
    assert clear[10] > 0  # the table of links is of a day without events


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("quantum.downlinks=[{id: a, satellite: moon, station: hub}]", "no satellite has the id 'moon'"),
        ("quantum.downlinks=[{id: short, satellite: leo, station: hub}]", "'short' is already used"),
        ("quantum.satellites=[{id: hub}]", "'hub' is already used by a site or node"),
        ("day.date=2026-13-01", "no date"),
        ("events=[{at: '10:00', weather: relay}]", "no station of a downlink has the id 'relay'"),
        ("quantum.satellites=[{id: leo, tle: ['1 a', '2 b']}]", "has 3 characters, allowed 69"),
    ],
)
def test_faults_are_told(override, text):
    with pytest.raises(ScenarioError, match=text):
        world_of(CITY, *SKY, override)


def test_elements_that_are_too_old_for_the_day_are_refused():
    iss = (
        "['1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927', "
        "'2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537']"
    )
    with pytest.raises(ScenarioError, match="days"):
        world_of(CITY, *SKY, f"quantum.satellites=[{{id: leo, tle: {iss}}}]")
    assert world_of(CITY, *SKY, f"quantum.satellites=[{{id: leo, tle: {iss}}}]", "day.date=2008-09-21").satellites.tle[
        0
    ]
