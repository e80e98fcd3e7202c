"""Drops of several scenarios, each followed by the invariant checker, and one link worked out by hand."""

from __future__ import annotations

import csv
import dataclasses
from importlib import resources

import numpy as np
import pytest
from tests.engine.invariants import check_drop, check_record
from tests.engine.scenarios import CITY, HEX, INDOOR, world_of, worlds_of

from silla.base.rng import stream
from silla.engine.radio import draw_links, evaluate, prepare, uplink_power
from silla.engine.tasks import Task, group_factors, run_task
from silla.engine.users import draw_users
from silla.scenario.loader import load
from silla.world.compile import compile_worlds

ONE = """
silla: 1
name: one
environment: {propagation: umi, los: probability, low_loss_fraction: 1}
carriers:
  c: {frequency_ghz: 3.5, bandwidth_mhz: 20, layers: 1, modulation: qam64, rate_model: shannon, implementation_loss_db: 3, overhead: 0.1}
sites: [{id: s, x_m: 0, y_m: 0, height_m: 10, cells: [{carrier: c, azimuth_deg: 90, downtilt_deg: 0, tx_power_dbm: 30, antenna: isotropic}]}]
demand: [{id: u, users: 1, x_m: 100, y_m: 0, radius_m: 0.001, min_distance_m: 0, indoor_fraction: 0, traffic: {downlink_mbps: 2, uplink_mbps: 1}}]
snapshot: {drops: 2}
"""  # noqa: E501


def scenarios():
    yield "hex", world_of(HEX)
    yield "hex, crowded", world_of(HEX, "demand[people].users=900")
    yield "hall", world_of(INDOOR)
    yield from worlds_of(CITY).items()
    loaded = load("gyeongju")
    yield from compile_worlds(loaded).items()


@pytest.mark.parametrize(("name", "world"), [pytest.param(n, w, id=n) for n, w in scenarios()])
def test_invariants_after_every_drop(name, world):
    model = prepare(world)
    ones = np.ones(len(world.demands.id) + 1)
    for number, off in enumerate([(), (), (0,), tuple(range(len(world.sites.id)))]):
        users = draw_users(world, ones, stream(world.seed, "invariants", number))
        drop = evaluate(model, users, stream(world.seed, "links", number), np.array(off, dtype=np.int64))
        check_drop(world, drop, off)
        if len(off) == len(world.sites.id):
            assert drop.down.served_bit_per_s.sum() == drop.up.served_bit_per_s.sum() == 0


@pytest.mark.parametrize("text", [HEX, CITY, INDOOR])
def test_invariants_of_records(text):
    world = world_of(text)
    for kind, hour in (("snapshot", 12), ("epoch", 3)):
        factors, off = group_factors(world, hour * 3600.0)
        record = run_task(
            Task(kind, f"w-{world.name}", hour * 3600.0, (0, 3), factors, off), {f"w-{world.name}": world}
        )
        check_record(world, record)


def one_link(*overrides):
    """(world, drop, distance in space) of the one-user scenario, in the first drop with exactly one user."""
    world = world_of(ONE, *overrides)
    model = prepare(world)
    number = next(d for d in range(50) if len(draw_users(world, np.ones(2), stream(1, "one", d))) == 1)
    users = draw_users(world, np.ones(2), stream(1, "one", number))
    return world, model, users, evaluate(model, users, stream(1, "l", number)), stream(1, "l", number)


def test_one_site_and_one_user_by_hand():
    """The whole chain for one link from TR 38.901 and TS 38.214, written again without the program's functions."""
    world, model, users, drop, rng = one_link()
    draws = draw_links(model, users, rng)
    u, n = float(draws.uniform[0, 0]), float(draws.normal[0, 0])
    d2, d3 = 100.0, np.hypot(100.0, 10.0 - 1.5)
    p_los = 18 / d2 + np.exp(-d2 / 36) * (1 - 18 / d2)  # Table 7.4.2-1, UMi
    los = u < p_los
    breakpoint_m = 4 * (10 - 1) * (1.5 - 1) * 3.5e9 / 299792458.0
    assert d2 < breakpoint_m
    pl_los = 32.4 + 21 * np.log10(d3) + 20 * np.log10(3.5)  # Table 7.4.1-1
    pl_nlos = max(pl_los, 35.3 * np.log10(d3) + 22.4 + 21.3 * np.log10(3.5) - 0.3 * (1.5 - 1.5))
    loss_db = (pl_los - 4.0 * n) if los else (pl_nlos - 7.82 * n)
    d = drop.carriers[0]
    assert bool(d.los[0]) == los
    assert -10 * np.log10(d.gain[0, 0]) == pytest.approx(loss_db, abs=2e-3)  # single precision, user within 1 mm

    noise_dbm = 10 * np.log10(1.380649e-23 * 290 * 20e6 * 1e3) + 9
    snr = 10 ** ((30 - loss_db - noise_dbm) / 10)
    assert drop.down.sinr[0][0] == pytest.approx(snr, rel=1e-3)
    # TS 38.214 Table 5.1.3.1-1: highest efficiency whose Shannon threshold plus 3 dB is met
    codes = [120, 157, 193, 251, 308, 379, 449, 526, 602, 679, 340, 378, 434, 490, 553, 616, 658]
    codes += [438, 466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948]
    bits = [2] * 10 + [4] * 7 + [6] * 12
    efficiency = [b * c / 1024 for b, c in zip(bits, codes, strict=True)]
    best = max(e for e in efficiency if 10**0.3 * (2**e - 1) <= snr)
    rate = best * 20e6 * 0.75 * 0.9
    assert drop.down.rate[0][0] == pytest.approx(rate, rel=1e-9)
    assert drop.down.load[0][0] == pytest.approx(2e6 / rate, rel=1e-9)
    assert drop.down.served_bit_per_s[0] == pytest.approx(2e6)
    assert drop.down.throughput_bit_per_s[0] == pytest.approx(rate * (1 - 2e6 / rate))
    # the same link in the record of a task
    record = run_task(Task("snapshot", "one", 0.0, (0, 4), (1.0, 1.0)), {"one": world})
    check_record(world, record)


def test_rates_are_of_link_curves_unless_told_otherwise():
    """20 MHz at 30 kHz are 55.6 resource blocks: thresholds lie between those of 16 and 64 in nr_awgn.csv."""
    _, _, _, drop, _ = one_link("carriers.c.rate_model=link")
    snr_db = 10 * np.log10(drop.down.sinr[0][0]) - 3.0
    text = resources.files("silla.physics.radio").joinpath("data/nr_awgn.csv").read_text()
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    codes = [(2, c) for c in (120, 157, 193, 251, 308, 379, 449, 526, 602, 679)]
    codes += [(4, c) for c in (340, 378, 434, 490, 553, 616, 658)]
    codes += [(6, c) for c in (438, 466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948)]
    share = np.log(20e6 / (12 * 30e3) / 16) / np.log(64 / 16)

    def needs(bits, code):
        mine = [r for r in rows if (r["bits_per_symbol"], r["rate_1024"]) == (str(bits), str(code))]
        at = {int(r["n_prb"]): float(r["snr_db"]) for r in mine}
        return at[16] + share * (at[64] - at[16])

    best = max(b * c / 1024 for b, c in codes if needs(b, c) <= snr_db)
    assert drop.down.rate[0][0] == pytest.approx(best * 20e6 * 0.75 * 0.9, rel=1e-9)


@pytest.mark.parametrize(("p0", "alpha"), [(-80.0, 0.8), (-100.0, 1.0), (-60.0, 0.6), (-120.0, 0.0)])
def test_uplink_power_is_the_formula(p0, alpha):
    """TS 38.213 clause 7.1.1: P = min(P_max, P0 + 10 log10 M + alpha PL), P0 per resource block of 12 subcarriers."""
    world, _, _, drop, _ = one_link(f"carriers.c.uplink_p0_dbm={p0}", f"carriers.c.uplink_alpha={alpha}")
    loss_db = -10 * np.log10(float(drop.carriers[0].gain[0, 0]))
    density, share = uplink_power(world, drop.carriers[0])
    per_block = p0 + alpha * loss_db  # dBm in 360 kHz
    blocks = 20e6 / (12 * 30e3)
    whole_dbm = per_block + 10 * np.log10(blocks)
    power_dbm = 10 * np.log10(density[0] * 20e6 * share[0] * 1e3)
    assert power_dbm <= 23 + 1e-9
    if whole_dbm <= 23:
        assert share[0] == 1 and power_dbm == pytest.approx(whole_dbm, abs=1e-6)
    elif share[0] > 1 / blocks * (1 + 1e-9):
        assert power_dbm == pytest.approx(23, abs=1e-6)
        assert 10 * np.log10(density[0] * 360e3 * 1e3) == pytest.approx(per_block, abs=1e-6)
    else:
        assert power_dbm == pytest.approx(min(23, per_block), abs=1e-6)


def test_the_strongest_cell_serves_and_an_outage_moves_users_to_the_next():
    world = world_of(HEX)
    model = prepare(world)
    users = draw_users(world, np.ones(2), stream(1, "users", 0))
    before = evaluate(model, users, stream(1, "links", 0))
    after = evaluate(model, users, stream(1, "links", 0), np.array([0]))
    site = world.cells.site[before.carriers[0].serving]
    moved = world.cells.site[after.carriers[0].serving]
    assert (site == 0).any() and not (moved == 0).any()
    assert np.array_equal(moved[site != 0], site[site != 0])
    assert (after.down.load[0][world.cells.site == 0] == 0).all()


def test_noise_alone_limits_a_quiet_network_and_full_load_is_the_wideband_sinr():
    world = world_of(HEX, "demand[people].traffic={downlink_mbps: 0.000001, uplink_mbps: 0.000001}")
    model = prepare(world)
    users = draw_users(world, np.ones(2), stream(1, "users", 0))
    drop = evaluate(model, users, stream(1, "links", 0))
    d = drop.carriers[0]
    rows = np.arange(len(users))
    signal = d.gain[rows, d.serving].astype(float) * world.cells.tx_power_w[d.serving] * d.model.ue_gain
    assert drop.down.sinr[0] == pytest.approx(signal / world.carriers.ue_noise_w[0], rel=1e-3)
    flood = dataclasses.replace(users, downlink_bit_per_s=np.full(len(users), 1e12))
    full = evaluate(model, flood, stream(1, "links", 0))
    busy = np.isin(np.arange(len(world.cells.id)), d.serving)  # cells without users stay silent
    received = d.gain_mean.astype(float) * world.cells.tx_power_w * busy
    interference = received.sum(axis=1) - received[rows, d.serving]
    assert full.down.sinr[0] == pytest.approx(signal / (interference + world.carriers.ue_noise_w[0]), rel=1e-3)


def test_variants_see_the_same_users_in_the_same_places():
    """Common random numbers: the address of a draw does not name the variant."""
    worlds = worlds_of(CITY)
    users = [draw_users(w, np.ones(3), stream(w.seed, "users", "epoch", 3600, 0)) for w in worlds.values()]
    assert np.array_equal(users[0].xyz_m, users[1].xyz_m)
    tasks = [Task("epoch", name, 3600.0, (0, 1), (1.0, 1.0, 1.0)) for name in worlds]
    one, two = (run_task(t, worlds) for t in tasks)
    assert all(np.array_equal(one[k], two[k]) for k in one)  # they differ in the pool alone
