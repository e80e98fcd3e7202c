"""From scenario to world. Oracles: hand conversions of units, names against indexes, brute-force nearest node."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.engine.scenarios import CITY, HEX, loaded_of, world_of, worlds_of

from silla.base.errors import DataFileError, ScenarioError
from silla.base.geo import project
from silla.base.hashing import content_hash
from silla.scenario.loader import load
from silla.world.compile import compile_world, compile_worlds
from silla.world.types import replace, select


def test_units_are_converted_once_and_exactly():
    w = world_of(
        CITY,
        "carriers.mid.ue_noise_figure_db=7",
        "carriers.mid.implementation_loss_db=3",
        "carriers.mid.uplink_p0_dbm=-80",
        "fibres[long].classical={channels: 4, power_dbm: -3, spacing_ghz: 50, wavelength_nm: 1550, direction: both}",
        "quantum.keys[0].receiver_loss_db=3",
        "energy.carbon_g_per_kwh=360",
    )
    mid = w.carriers.id.index("mid")
    c = w.carriers
    assert c.frequency_hz[mid] == 3.5e9 and c.bandwidth_hz[mid] == 100e6
    assert c.ue_noise_w[mid] == pytest.approx(1.380649e-23 * 290 * 100e6 * 10**0.7, rel=1e-12)
    assert c.implementation_loss[mid] == pytest.approx(1.9952623149688795, rel=1e-12)  # 10^0.3
    assert c.ue_power_w[mid] == pytest.approx(0.19952623149688797, rel=1e-12)  # 23 dBm
    assert c.p0_w_per_hz[mid] == pytest.approx(1e-11 / (12 * c.scs_hz[mid]), rel=1e-12)  # per block of 12 subcarriers
    assert c.downlink[mid] == 0.75 and c.uplink[mid] == 0.25
    low = c.id.index("low")
    assert c.downlink[low] == c.uplink[low] == 1.0  # FDD: both all the time
    power = dict(zip(w.cells.id, w.cells.tx_power_w, strict=True))
    assert power["macro00/low/0"] == pytest.approx(19.952623149688797, rel=1e-12)  # 43 dBm
    assert power["micro00/mid/0"] == pytest.approx(1.9952623149688795, rel=1e-12)  # 33 dBm
    f = w.fibres
    k = f.id.index("long")
    assert f.length_m[k] == 40e3 and f.classical_power_w[k] == pytest.approx(5.011872336272722e-4, rel=1e-12)
    assert f.classical_wavelength_m[k] == pytest.approx(1.55e-6) and f.classical_spacing_hz[k] == 50e9
    assert f.co_fraction[k] == 0.5
    assert w.key_links.receiver_transmittance[0] == pytest.approx(0.5011872336272722, rel=1e-12)
    assert w.energy.carbon_kg_per_j[0] == pytest.approx(1e-7, rel=1e-12)  # 0.36 kg / 3.6 MJ
    assert w.demands.downlink_bit_per_s.tolist() == [6e6, 4e6]
    assert w.flows.rekey_bits[w.flows.entry.index("data")] == 4e9  # 0.5 GB


def test_azimuths_turn_from_compass_to_mathematics():
    w = world_of(HEX, "layout.sector_azimuths_deg=[0, 90, 225]")
    boresight = np.column_stack([np.cos(w.cells.azimuth_rad[:3]), np.sin(w.cells.azimuth_rad[:3])])
    half = np.sqrt(0.5)
    assert boresight == pytest.approx(np.array([[0, 1], [1, 0], [-half, -half]]), abs=1e-12)


def test_every_index_leads_back_to_the_name_that_the_scenario_uses():
    loaded = load("gyeongju")
    w = compile_world(loaded.scenario, loaded.folder)
    s = loaded.scenario
    rows = [(site.id, cell) for site in s.sites for cell in site.cells]
    assert len(w.cells.id) == len(rows) and len(set(w.cells.id)) == len(rows)
    for i, (site, cell) in enumerate(rows):
        assert w.sites.id[w.cells.site[i]] == site
        assert w.carriers.id[w.cells.carrier[i]] == cell.carrier
        assert w.antennas.id[w.cells.antenna[i]] == cell.antenna
    for fibre, ends in zip(s.fibres, w.fibres.ends, strict=True):
        assert tuple(w.places.id[e] for e in ends) == fibre.ends
    for link, fibre in zip(s.quantum.keys, w.key_links.fibre, strict=True):
        assert w.fibres.id[fibre] == link.fibre
    assert w.places.id[: len(w.sites.id)] == w.sites.id  # sites first
    assert [w.places.id[p] for p in w.pools.place] == [p.at for p in s.pools]
    ends = {(w.places.id[a], w.places.id[b]) for a, b in zip(w.flows.source, w.flows.target)}
    assert ends == {(h, e.to) for e in s.security for h in e.hubs}


def test_places_are_projected_as_base_geo_does():
    loaded = load("gyeongju")
    w = compile_world(loaded.scenario, loaded.folder)
    o = loaded.scenario.origin
    for site, xy in zip(loaded.scenario.sites, w.sites.xy_m, strict=True):
        assert xy == pytest.approx(project(site.lat, site.lon, o.lat, o.lon), abs=1e-9)


def test_a_site_without_a_hub_has_the_nearest_node():
    w = world_of(HEX, "nodes=[{id: a, x_m: 300, y_m: 250}, {id: b, x_m: -300, y_m: -250}, {id: c, x_m: 0, y_m: 4000}]")
    nodes = {"a": (300, 250), "b": (-300, -250), "c": (0, 4000)}
    for xy, hub in zip(w.sites.xy_m, w.sites.hub, strict=True):
        distance = {n: np.hypot(xy[0] - p[0], xy[1] - p[1]) for n, p in nodes.items()}
        assert distance[w.places.id[hub]] == min(distance.values())


def test_without_nodes_no_site_has_a_hub():
    assert (world_of(HEX).sites.hub == -1).all()


def test_disabled_things_leave_no_trace():
    w = world_of(CITY, "carriers.low.enabled=false", "quantum.enabled=false", "pools[edge].enabled=false")
    assert w.carriers.id == ("mid",) and not len(w.key_links.id) and not len(w.direct_links.id) and not len(w.pools.id)
    assert (w.cells.carrier == 0).all()
    with pytest.raises(ScenarioError, match="no cell is left"):
        world_of(HEX, "carriers.mid.enabled=false")


def test_buildings_become_footprints_and_decide_line_of_sight():
    w = world_of(CITY)
    assert w.buildings.n_buildings == 14 and w.environment.los == "buildings"
    assert world_of(CITY, "environment.los=probability").environment.los == "probability"
    with pytest.raises(ScenarioError, match=r"files\.buildings"):
        world_of(HEX, "environment.los=buildings")


def test_sites_of_a_file(tmp_path):
    header = "site,x_m,y_m,height_m,azimuth_deg,downtilt_deg,power_dbm\n"
    csv = header + "a,0,0,20,0,6,40\na,0,0,20,120,6,43\nb,400,0,30,,,\n"
    (tmp_path / "sites.csv").write_text(csv)
    text = HEX.replace(HEX[HEX.index("layout:") : HEX.index("demand:")], "") + (
        "files: {sites: {path: sites.csv, cells: [{carrier: mid, downtilt_deg: 2}]}}\n"
    )
    path = tmp_path / "s.yaml"
    path.write_text(text)
    try:
        w = compile_worlds(load(path))["base"]
    except (ScenarioError, DataFileError) as error:
        pytest.fail(str(error))
    assert w.sites.id == ("a", "b") and w.sites.height_m.tolist() == [20, 30]
    assert len(w.cells.id) == 3 and w.sites.xy_m.tolist() == [[0, 0], [400, 0]]
    assert w.cells.tx_power_w[:2] == pytest.approx([10.0, 10**1.3])
    assert np.degrees(w.cells.downtilt_rad[:2]) == pytest.approx([8.0, 8.0])


def test_variants_are_worlds_of_their_own_and_equal_scenarios_equal_hashes():
    worlds = worlds_of(CITY)
    assert list(worlds) == ["shared", "apart"]
    assert worlds["shared"].pools.shared.tolist() == [True] and worlds["apart"].pools.shared.tolist() == [False]
    again = worlds_of(CITY)
    assert content_hash(worlds["apart"]) == content_hash(again["apart"]) != content_hash(worlds["shared"])


def test_patches_replace_arrays_and_refuse_other_shapes():
    w = world_of(HEX)
    quiet = replace(w, {"cells": {"tx_power_w": w.cells.tx_power_w / 2}})
    assert quiet.cells.tx_power_w == pytest.approx(w.cells.tx_power_w / 2)
    assert quiet.sites is w.sites and w.cells.tx_power_w[0] == pytest.approx(10**1.3)
    with pytest.raises(ValueError, match="shape"):
        replace(w, {"cells": {"tx_power_w": np.ones(2)}})
    with pytest.raises((ValueError, TypeError, AttributeError)):
        replace(w, {"cells": {"nothing": np.ones(2)}})
    with pytest.raises(dataclasses.FrozenInstanceError):
        w.cells.site = None


def test_select_takes_rows_of_every_column():
    cells = world_of(HEX).cells
    chosen = select(cells, np.array([4, 2]))
    assert chosen.id == (cells.id[4], cells.id[2]) and chosen.site.tolist() == [cells.site[4], cells.site[2]]
    assert select(cells, cells.site == 3).id == tuple(i for i, s in zip(cells.id, cells.site) if s == 3)


def test_events_are_in_order_and_point_at_their_targets():
    w = world_of(CITY)
    e = w.events
    assert (np.diff(e.start_s) >= 0).all()
    named = {
        "eavesdrop": w.fibres.id, "cut": w.fibres.id, "burst": (*w.demands.id, "files.users"), "outage": w.sites.id,
    }  # fmt: skip
    rows = [(k, named[k][t], a / 3600, b / 3600) for k, t, a, b in zip(e.kind, e.target, e.start_s, e.end_s)]
    assert rows == [
        ("eavesdrop", "short", 2, 4), ("cut", "long", 8, 9), ("outage", "macro00", 12, 14), ("burst", "street", 18, 19),
    ]  # fmt: skip


def test_loaded_variants_choose_one_world():
    assert list(compile_worlds(loaded_of(HEX))) == ["base"]
