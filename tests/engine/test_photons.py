"""Photon campaigns: the same counts however they are computed."""

from __future__ import annotations

import pytest

from silla.base.errors import ArgumentError
from silla.engine.photons import PhotonTask, simulate, simulate_until
from silla.physics.quantum.channel import gain_and_error
from silla.physics.quantum.photons import decoy, pairs
from silla.physics.quantum.photons.attacks import InterceptResend
from silla.physics.quantum.photons.receiver import PhotonDetector, Receiver
from silla.results.store import Store

AT = Receiver.alike(PhotonDetector(0.9, 1e-6), misalignment=0.02)
LINK = decoy.DecoyLink(1.0, AT)


def same(a, b) -> bool:
    return bool((a.sent == b.sent).all() and (a.clicks == b.clicks).all())


def test_a_campaign_is_the_plain_run():
    assert same(simulate(LINK, 40_000_000, seed=1), decoy.simulate(LINK, 40_000_000, seed=1))
    link = pairs.PairLink(0.1, (0.5, 0.5), AT, AT)
    assert same(simulate(link, 1_000_000, seed=1), pairs.simulate(link, 1_000_000, seed=1))


def test_workers_do_not_change_counts():
    n = 100_000_000
    assert same(simulate(LINK, n, seed=2, jobs=2), simulate(LINK, n, seed=2))


def test_what_is_in_the_store_is_not_computed_again(tmp_path, monkeypatch):
    store = Store(tmp_path / "tasks")
    first = simulate(LINK, 80_000_000, seed=3, store=store)
    calls = []
    from silla.engine import photons

    run = photons._run
    monkeypatch.setattr(photons, "_run", lambda task: calls.append(task) or run(task))
    assert same(simulate(LINK, 80_000_000, seed=3, store=store), first) and not calls
    longer = simulate(LINK, 120_000_000, seed=3, store=store)
    assert calls and all(task.first >= 32 for task in calls) and longer.n_slots == 120_000_000


def test_tasks_are_told_apart_by_all_that_matters():
    base = PhotonTask(LINK, None, 1, 0, 2, 10)
    others = [
        PhotonTask(decoy.DecoyLink(0.9, AT), None, 1, 0, 2, 10),
        PhotonTask(LINK, InterceptResend(0.5), 1, 0, 2, 10),
        PhotonTask(LINK, None, 2, 0, 2, 10),
        PhotonTask(LINK, None, 1, 0, 2, 11),
    ]
    assert len({base.hash, *(task.hash for task in others)}) == 5
    assert PhotonTask(LINK, None, 1, 0, 2, 10).hash == base.hash


def test_pulses_until_the_error_rate_is_known():
    link = decoy.DecoyLink(1e-3, AT)
    counts = simulate_until(link, lambda c: (c.n_errors(0), c.n_clicks(0)), 2e-4, seed=4)
    known = float(gain_and_error(0.48, 0.9e-3, y0=2e-6, misalignment=0.02).qber)
    assert isinstance(counts, decoy.DecoyCounts)
    deviation = (0.02 * 0.98 / counts.n_clicks(0)) ** 0.5
    assert 1.96 * deviation < 2.2e-4 and abs(counts.qber(0) - known) < 5 * deviation
    few = simulate_until(link, lambda c: (c.n_errors(0), c.n_clicks(0)), 1e-6, seed=4, most_pulses=1_000_000)
    assert few.n_slots == 1_000_000


def test_bad_input_is_refused():
    with pytest.raises(ArgumentError, match="jobs"):
        simulate(LINK, 1000, seed=1, jobs=0)
    with pytest.raises(ArgumentError, match="half_width"):
        simulate_until(LINK, lambda c: (0, 1), 0.0, seed=1)
    with pytest.raises(ArgumentError, match="intercepted"):
        simulate(pairs.PairLink(0.1, (0.5, 0.5), AT, AT), 1000, seed=1, attack=InterceptResend())
