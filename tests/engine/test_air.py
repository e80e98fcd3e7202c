"""Keys through the air. Oracles: budget and finite key put together by hand, conservation, the Sun, geometry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.engine.scenarios import CITY, loaded_of, world_of

from silla.base.errors import ScenarioError
from silla.engine.air import air_budget, air_line, air_point, sun_elevations
from silla.engine.key_supply import STATES
from silla.engine.keys import key_day, key_links_of
from silla.engine.plan import plan_run
from silla.engine.power import quantum_power_w
from silla.engine.quantum_protocols import key_point
from silla.engine.tables import geometry_tables
from silla.physics.optical.air import WEATHERS
from silla.physics.optical.free_space import Terminals, level_budget, stray_photons_per_s
from silla.physics.optical.orbit import Station, julian_date, sun_elevation_deg
from silla.physics.optical.sky import photons_per_mode
from silla.physics.quantum.distillation.yields import AUTHENTICATION_BIT
from silla.physics.quantum.finite_key_best import best_finite_key
from silla.report.figures.links import spans
from silla.report.stored import Stored
from silla.world.air import horizon_m

AIR = (
    "origin={lat: 35.84, lon: 129.287}", "day.date=2026-11-28", "day.utc_offset_h=9", "quantum.keys=[]",
    "quantum.direct=[]",
    "quantum.air=[{id: beam, ends: [hub, relay], stock_mbit: 1000, initial_fraction: 0}, "
    "{id: tail, ends: [relay, core], stock_mbit: 1000, initial_fraction: 0, light: night}]",
)  # fmt: skip


def day(*overrides, step_s=3600.0):
    world = world_of(CITY, *AIR, *overrides)
    epochs = np.arange(round(86400 / step_s)) * step_s
    hub = np.zeros((1, len(epochs), len(world.places.id)))
    hub[:, :, world.places.id.index("hub")] = 4e6
    return world, key_day(world, hub, epochs, step_s)


def test_a_link_is_its_budget_its_background_and_a_finite_key():
    world = world_of(CITY, *AIR, "events=[]")
    length = np.hypot(8000, 900)
    assert world.air.length_m[0] == pytest.approx(length)
    ends = Terminals(1550e-9, 0.1, 0.2, None, 5e-6, 0.4, 100e-6, 0.1e-9)
    loss = float(level_budget(ends, length, weather=WEATHERS["haze"]).total_db)
    assert float(air_budget(world, 0, "haze").total_db) == pytest.approx(loss)
    for sun, radiance in ((-40.0, 1.5e-5), (30.0, 15.0)):
        y0 = 1 - np.exp(-0.5e-9 * (2 * 100 + 0.8 * stray_photons_per_s(ends, radiance)))
        alone = best_finite_key(
            10 ** (-loss / 10) * 0.8, y0=y0, misalignment=0.01, eps_sec=1e-9, block=1e7,
            afterpulse=world.air.detector[0]["afterpulse"],
        )  # fmt: skip
        found = air_point(world, 0, "haze", sun)
        dead = 1 + found.clicks / 2 * 100e6 * 40e-9  # clicks of a basis fall on two detectors
        assert found.bit == pytest.approx(float(alone.rate) / dead, rel=0.02)


def test_keys_of_the_day_follow_sun_weather_and_add_up():
    foggy = 'events=[{at: "21:00", for_min: 90, weather: hub, becomes: fog}]'
    world, k = day(foggy)
    beam, tail = (k.supply.id.index(name) for name in ("beam", "tail"))
    made = k.supply.produced
    assert made[0, beam] > 1.5 * made[13, beam] > 0  # midnight against early afternoon
    night, thick = (air_point(world, 0, sky, -90.0) for sky in ("clear", "fog"))
    assert thick.bit == 0.0
    assert made[21, beam] == 0.0 and STATES[k.supply.state[21, beam]] == "no key"
    assert k.supply.secret[22, beam] == pytest.approx(0.5 * 3600 * 100e6 * night.bit)
    blocks = k.supply.secret[22, beam] / night.bit * night.sifted / world.air.block_bits[0]
    assert k.supply.secret[22, beam] - made[22, beam] == pytest.approx(AUTHENTICATION_BIT * blocks)
    assert np.ptp(made[:, tail]) == 0.0  # told that it is always night, and no fog at its ends
    # all of the key made is used, or in stock, or finds the stock full
    stock = np.concatenate([[0.0], k.stock[0, :, beam]])
    lost = stock[:-1] + made[:, beam] - k.consumed[0, :, beam] - stock[1:]
    assert (lost > -1).all() and k.consumed[0, :, beam].sum() > 0


def test_traffic_is_served_over_both_links_and_the_trusted_relay():
    assert day("events=[]")[1].key_served.sum() > 0
    assert day("events=[]", "nodes[relay].trusted=false")[1].key_served.sum() == 0


def test_the_sun_is_that_of_the_date_and_the_clock():
    world = world_of(CITY, *AIR, "events=[]")
    noon_utc = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
    times = np.array([12.0, 18.0]) * 3600
    jd = np.array([julian_date(noon_utc), julian_date(noon_utc + timedelta(hours=6))])
    expected = sun_elevation_deg(Station("x", 35.84, 129.287, 0.0), jd)
    assert sun_elevations(world, 0, times) == pytest.approx(expected, abs=1e-3)
    assert (sun_elevations(world, 1, times) == -90).all()


def test_rows_and_power():
    world = world_of(CITY, *AIR, "events=[]")
    rows = {row[1]: row for row in key_links_of(world, "v") if row[2] == "air"}
    assert set(rows) == {"beam", "tail"}
    assert rows["beam"][17] == pytest.approx(100e6 * air_point(world, 0, "clear", -90.0).bit)
    assert rows["beam"][10] == pytest.approx(rows["beam"][17] - rows["beam"][18])
    assert 0 < rows["beam"][10] < rows["beam"][11] and "daylight" in rows["beam"][12]
    bare = world_of(CITY, *AIR[:-1], "events=[]")
    assert quantum_power_w(world) - quantum_power_w(bare) == pytest.approx(300.0)
    assert not key_links_of(world_of(CITY, *AIR, "quantum.enabled=false", "events=[]"), "v")


def test_horizon():
    """Tangent lines of a circle of 7/6 of the Earth's radius, taken exactly."""
    for low, high in ((2.0, 2.0), (30.0, 300.0)):
        r = 6_371_000.0 * 7 / 6
        exact = sum(r * np.arccos(r / (r + h)) for h in (low, high))
        assert horizon_m((low, high)) == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("quantum.air=[{id: a, ends: [hub, moon]}]", "no site or node has the id 'moon'"),
        ("quantum.air=[{id: a, ends: [hub, hub]}]", "both ends are 'hub'"),
        ("quantum.air=[{id: a, ends: [hub]}]", "ends"),
        ("quantum.air=[{id: a, ends: [hub, core], heights_m: [2, 2]}]", "beyond the horizon"),
        ("quantum.air=[{id: a, ends: [hub, core], heights_m: [0, 2]}]", "above the ground"),
        ("quantum.air=[{id: a, ends: [hub, core], detector: eye}]", "eye"),
        ("quantum.air=[{id: a, ends: [hub, core]}, {id: a, ends: [hub, relay]}]", "'a' is already used"),
        ("events=[]|nodes[relay].x_m=5|nodes[relay].y_m=900", "apart, allowed 10 m"),
        ("nodes[relay].x_m=200000", "allowed 10 m to 150 km"),
        ("events=[{at: '10:00', weather: macro00}]", "macro00"),
        ("quantum.air=[{id: a, ends: [hub, core], pulse_rate_mhz: .nan}]", "pulse_rate_mhz"),
    ],
)
def test_faults_are_told(override, text):
    with pytest.raises(ScenarioError, match=text):
        world_of(CITY, *AIR, *override.split("|"))


def test_without_an_origin_the_light_must_be_told():
    air = "quantum.air=[{id: a, ends: [hub, relay]%s}]"
    with pytest.raises(ScenarioError, match="Sun"):
        world_of(CITY, air % "")
    assert world_of(CITY, air % ", light: night").air.light == ("night",)


def struck(**event):
    text = ", ".join(f"{k}: {v}" for k, v in event.items())
    return f'events=[{{at: "02:00", for_min: 60, {text}}}]'


def beam(*overrides, **event):
    """(state of the beam at 1, 2 and 3 o'clock, made then, shares that an eavesdropper has of it)"""
    _, k = day(struck(**event), *overrides)
    i = k.supply.id.index("beam")
    made = k.supply.secret[1:4, i]
    with np.errstate(invalid="ignore"):
        known = np.where(made > 0, k.supply.known[1:4, i] / np.maximum(k.supply.produced[1:4, i], 1.0), 0.0)
    return [STATES[s] for s in k.supply.state[1:4, i]], made, known


def with_beam(**fields):
    extra = "".join(f", {k}: {v}" for k, v in fields.items())
    return (
        f"quantum.air=[{{id: beam, ends: [hub, relay], stock_mbit: 1000, initial_fraction: 0, light: night{extra}}}]",
    )


def test_something_in_the_path_stops_a_link_as_long_as_it_stands_there():
    state, made, _ = beam(*with_beam(), cut="beam")
    assert state == ["up", "cut", "up"] and made[1] == 0.0 and made[0] == made[2] > 0.0
    _, k = day('events=[{at: "02:00", for_min: 30, cut: beam}]', *with_beam())
    assert k.supply.secret[2, 0] == pytest.approx(0.5 * k.supply.secret[1, 0])


def test_interception_raises_errors_and_ends_the_key():
    for share, works in ((0.05, True), (1.0, False)):
        state, made, known = beam(*with_beam(), eavesdrop="beam", fraction=share)
        assert state == ["up", "eavesdropped", "up"] and (made[1] > 0.0) == works and made[1] < made[0]
        assert known.max() == 0.0
    world = world_of(CITY, *AIR, *with_beam(), "events=[]")
    point = air_point(world, 0, "clear", -90.0, intercepted=1.0)
    assert point.qber == pytest.approx(0.25 + 0.5 * 0.01, abs=0.002) and point.bit == 0.0


def test_other_attacks_are_answered_by_decoys_watchdog_and_isolation():
    state, made, _ = beam(*with_beam(), eavesdrop="beam", attack="photon-number-splitting")
    assert state[1] == "eavesdropped" and made[1] < made[0]
    for attack in ("blinding", "trojan-horse"):
        state, made, known = beam(*with_beam(watchdog="false"), eavesdrop="beam", attack=attack, fraction=0.5)
        assert state[1] == "compromised" and made[1] == made[0] and known[1] == pytest.approx(0.5)
    assert beam(*with_beam(), eavesdrop="beam", attack="blinding")[0][1] == "eavesdropped"
    state, made, known = beam(*with_beam(isolation_db=170), eavesdrop="beam", attack="trojan-horse")
    assert state[1] == "up" and known.max() == 0.0 and 0.0 < made[1] == made[0]


@pytest.mark.parametrize("protocol", ["six-state", "cv-qkd"])
def test_other_protocols_through_the_air(protocol):
    world = world_of(CITY, *AIR, *with_beam(protocol=protocol, block_bits="1e9"), "events=[]")
    line = air_line(world, 0, "clear", -90.0)
    assert line.protocol == protocol and key_point(line).bit > 0.0
    assert air_point(world, 0, "fog", -90.0).bit == 0.0
    state, made, known = beam(
        *with_beam(protocol=protocol, block_bits="1e9", watchdog="false"), eavesdrop="beam", attack="blinding"
    )
    safe = protocol == "cv-qkd"  # its detectors are never counted one photon at a time
    assert state[1] == ("up" if safe else "compromised") and known[1] == (0.0 if safe else 1.0) and made[1] == made[0]


def test_one_mode_of_the_sky_holds_planck_s_photons():
    kelvin, wavelength = 5772.0, 1.0e-6
    photons = 1.0 / np.expm1(6.62607015e-34 * 299792458.0 / (wavelength * 1.380649e-23 * kelvin))
    per_m = 2.0 * 6.62607015e-34 * 299792458.0**2 / wavelength**5 * photons
    assert photons_per_mode(min(1e-6 * per_m, 1e4), wavelength) == pytest.approx(
        photons * min(1e-6 * per_m, 1e4) / (1e-6 * per_m)
    )


@pytest.mark.parametrize(
    ("override", "says"),
    [
        (struck(cut="nowhere"), "no fibre or link through the air has the id 'nowhere'"),
        ("quantum.air=[{id: short, ends: [hub, relay], light: night}]", "is the id of a fibre too"),
        ("quantum.air=[{id: x, ends: [hub, relay], light: night, protocol: mdi}]", "protocol"),
        (
            "quantum.air=[{id: x, ends: [hub, relay], light: night, protocol: six-state, isolation_db: 100}]",
            "counted for decoy-bb84 alone",
        ),
    ],
)
def test_odd_links_and_events_are_refused(override, says):
    with pytest.raises(ScenarioError, match=says):
        world_of(CITY, *AIR, override)


def test_events_of_a_link_that_is_not_enabled_are_left_out():
    world = world_of(CITY, *AIR, *with_beam(enabled="false"), struck(cut="beam"))
    assert world.events.kind == ()


def test_the_map_of_the_report_draws_a_link_through_the_air_with_its_sky():
    events = (
        'events=[{at: "02:00", for_min: 60, cut: beam}, {at: "21:00", for_min: 90, weather: relay, becomes: fog}, '
        '{at: "04:00", for_min: 60, eavesdrop: beam, attack: blinding}]'
    )
    tables = {t.name: t for t in geometry_tables(plan_run(loaded_of(CITY, *AIR, events)))}
    frames = {
        name: pl.DataFrame({c.name: list(c.array) for c in t.columns})
        for name, t in tables.items()
        if name in ("air_links", "fibres", "places", "events", "variants")
    }
    stored = Stored(Path("none"), {}, {}, {**frames, "key_links": None})
    found = {s.id: s for s in spans(stored, stored.variants[0])}
    assert found["beam"].kind == "air" and found["short"].kind == "classical"
    assert found["beam"].chord_km == pytest.approx(found["beam"].length_km) == pytest.approx(8.05, abs=0.01)
    assert "fog 21:00 to 22:30" in found["beam"].about and "eavesdropped 04:00 to 05:00" in found["beam"].about
    assert "through the air" in found["beam"].about and "sky: clear" in found["tail"].sky
