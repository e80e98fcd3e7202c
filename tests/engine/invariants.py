"""What must hold after every drop of every scenario. `check_drop` is called by many tests; it says which law broke."""

from __future__ import annotations

import numpy as np

from silla.engine.radio import RadioDrop
from silla.engine.tasks import Record
from silla.world.types import World

__all__ = ["check_drop", "check_record"]


def check_drop(world: World, drop: RadioDrop, off_sites=()) -> None:
    """Conservation and ranges of one evaluated drop."""
    users, n = drop.users, len(drop.users)
    assert users.xyz_m.shape == (n, 3) and np.isfinite(users.xyz_m).all()
    assert not (users.car & users.indoor).any(), "a car in a building"
    assert (users.d2d_in_m[~users.indoor] == 0).all() and (users.d2d_in_m >= 0).all()
    off = np.isin(world.cells.site, list(off_sites))
    for d in drop.carriers:
        cells = d.model.cells
        assert (world.cells.carrier[cells] == d.model.index).all(), "a cell on a foreign carrier"
        _check_gains(world, d, n, off[cells])
    for direction, solved in enumerate((drop.down, drop.up)):
        offered = (users.downlink_bit_per_s, users.uplink_bit_per_s)[direction]
        _check_solution(world, drop, solved, offered, off, uplink=direction == 1)


def _check_gains(world, d, n, off) -> None:
    shape = (n, len(d.model.cells))
    assert d.gain.shape == d.gain_mean.shape == shape
    assert np.isfinite(d.gain).all() and (d.gain >= 0).all() and np.isfinite(d.gain_mean).all()
    # received power never exceeds what was sent: a passive link has no gain above the two antennas'
    assert (d.gain <= 10 ** (np.max(d.model.patterns_dbi) / 10) * (1 + 1e-5)).all()
    assert (d.gain[:, off] == 0).all() and (d.gain_mean[:, off] == 0).all(), "a cell out of order radiates"
    power = world.cells.tx_power_w[d.model.cells]
    if n:
        best = (d.gain.astype(float) * power).max(axis=1)
        own = d.gain[np.arange(n), d.serving].astype(float) * power[d.serving]
        assert (own >= best * (1 - 1e-6)).all(), "a user is not served by its strongest cell"


def _check_solution(world, drop, solved, offered, off, *, uplink) -> None:
    assert solved.converged
    assert (solved.served_bit_per_s <= offered * (1 + 1e-9) + 1e-6).all(), "more carried than offered"
    assert np.allclose(solved.served_bit_per_s, np.sum(solved.carried, axis=0)), "carriers do not add up"
    for d, load, sinr, rate, carried in zip(
        drop.carriers, solved.load, solved.sinr, solved.rate, solved.carried, strict=True
    ):
        k, c = d.model.index, world.carriers
        assert ((load >= 0) & (load <= 1 + 1e-12)).all(), "a load outside 0..1"
        assert (load[off[d.model.cells]] == 0).all(), "a cell out of order is loaded"
        assert (carried[off[d.model.cells][d.serving]] == 0).all(), "a cell out of order serves"
        assert np.isfinite(sinr).all() and (sinr >= 0).all()
        share = c.uplink[k] if uplink else c.downlink[k]
        net = c.bandwidth_hz[k] * share * (1 - c.overhead[k])
        top = (d.model.uplink_table if uplink else d.model.table).efficiency[-1]
        assert (rate <= top * net * (1 + 1e-12)).all(), "a rate above the highest MCS"
        time = np.divide(carried, rate, out=np.zeros(len(rate)), where=rate > 0)
        per_cell = np.bincount(d.serving, time, minlength=len(d.model.cells))
        assert np.allclose(per_cell, load, atol=1e-9), "a cell grants more or less time than its load"
        peak = np.zeros(len(d.model.cells))
        np.maximum.at(peak, d.serving, rate)
        bits = np.bincount(d.serving, carried, minlength=len(d.model.cells))
        assert (bits <= peak * (1 + 1e-9)).all(), "a cell carries more than its capacity"
        if not uplink:
            power = world.cells.tx_power_w[d.model.cells]
            signal = d.gain[np.arange(len(rate)), d.serving].astype(float) * power[d.serving] * d.model.ue_gain
            assert (sinr <= signal / c.ue_noise_w[k] * (1 + 1e-6)).all(), "an SINR above the SNR"


def check_record(world: World, record: Record) -> None:
    """Conservation and ranges of a task's record (first axis: drops)."""
    n_cells = len(world.cells.id)
    assert (record["reached"] <= record["users"]).all() and (record["reached"] >= 0).all()
    assert record["load"].shape[1:] == (2, n_cells)
    assert ((record["load"] >= 0) & (record["load"] <= 1 + 1e-12)).all()
    assert (record["served"] <= record["offered"] * (1 + 1e-9) + 1e-6).all()
    assert np.allclose(record["carried"].sum(axis=-1), record["served"])
    assert np.allclose(record["site_carried"].sum(axis=-1), record["served"])
    for name, counts in record.items():
        if name.startswith("hist_"):
            assert (counts >= 0).all()
            assert (counts.sum(axis=-1) == record["users"][:, None]).all(), f"{name}: a user is missing"
