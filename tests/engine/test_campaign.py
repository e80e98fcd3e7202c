"""Link campaigns. Oracles: the same counts for any number of workers and after a kill; scipy's exact intervals."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy.stats import binomtest

from silla.base.errors import ArgumentError, DomainError, RunError
from silla.base.rng import stream
from silla.engine import campaign as module
from silla.engine.campaign import Campaign, LinkTask, Stop, chunk_slots
from silla.engine.curves import CurvePoint, crossing, threshold
from silla.engine.link_setup import LinkSetup, check_link
from silla.engine.link_study import study
from silla.engine.waterfall import waterfall
from silla.physics.radio.link.simulate import LinkCounts, simulate_slots
from silla.results.store import Store

AWGN = LinkSetup(channel="awgn", rx=1, prb=2, mcs=5, estimation="perfect").config()
FADING = LinkSetup(channel="rayleigh", rx=2, prb=2, mcs=5, estimation="perfect").config()
STOP = Stop(30, 600)


def test_a_campaign_is_the_plain_simulation():
    point = Campaign(seed=3).points([(AWGN, 0.0)], Stop(1, 1))[0]
    address = ("link", module._draws(AWGN), "0.0", 0)
    assert point.counts == simulate_slots(AWGN, 0.0, chunk_slots(AWGN), stream(3, *address))


def test_workers_and_what_was_asked_before_do_not_change_counts(monkeypatch):
    monkeypatch.setattr(module, "_POOL_S", 0.0)
    wanted = [(AWGN, 0.5), (AWGN, 1.5), (FADING, 4.0)]
    alone = Campaign(seed=2).points(wanted, STOP)
    two = Campaign(seed=2, jobs=2)
    assert two.points(wanted, STOP) == alone
    more = Campaign(seed=2)
    more.points([(FADING, 4.0)], Stop(500, 1500))  # chunks beyond where STOP is content
    assert more.points(wanted[::-1], STOP) == alone[::-1]
    assert Campaign(seed=1).points(wanted, STOP) != alone


@pytest.mark.slow
def test_ray_gives_the_counts_of_one_process():
    pytest.importorskip("ray", reason="ray is not installed")
    wanted = [(AWGN, 0.5), (FADING, 4.0)]
    assert Campaign(seed=2, engine="ray", jobs=2).points(wanted, STOP) == Campaign(seed=2).points(wanted, STOP)


def test_what_is_in_the_store_is_not_computed_again(tmp_path):
    first = Campaign(seed=4, store=Store(tmp_path))
    found = first.points([(AWGN, 1.0)], STOP)
    again = Campaign(seed=4, store=Store(tmp_path))
    assert again.points([(AWGN, 1.0)], STOP) == found
    assert again.computed == 0 and again.reused > 0


def test_a_campaign_that_was_killed_goes_on(tmp_path):
    options = ["--channel", "awgn", "--rx", "1", "--prb", "2", "--mcs", "5", "--snr-db", "0,0.5,1", "--jobs", "1"]
    options += ["--max-slots", "4000", "--errors", "5000", "--json"]
    command = [sys.executable, "-m", "silla", "link", *options, "--out", str(tmp_path / "killed")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("killed/tasks/*/*.rec"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "link.json").exists(), "it ended before it could be killed"
    kept = len(list(tmp_path.glob("killed/tasks/*/*.rec")))
    config = LinkSetup(channel="awgn", rx=1, prb=2, mcs=5).config()
    stop, wanted = Stop(5000, 4000), [(config, 0.0), (config, 0.5), (config, 1.0)]
    on = Campaign(store=Store(tmp_path / "killed" / "tasks"))
    assert on.points(wanted, stop) == Campaign().points(wanted, stop)
    assert on.reused >= min(kept, 1) and on.computed > 0


def test_points_stop_for_the_reason_they_give():
    many, none = (Campaign().points([(AWGN, x)], Stop(50, 800, 0.02))[0] for x in (-3.0, 8.0))
    few = Campaign().points([(AWGN, 2.0)], Stop(50, 800))[0]
    assert many.stopped == "errors" and many.counts.block_errors >= 50
    assert none.stopped == "bound" and none.curve.interval[1] < 0.02
    assert few.stopped == "slots" and 800 <= few.counts.slots < 800 + chunk_slots(AWGN)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (100, 1234)])
def test_intervals_are_exact(k, n):
    exact = binomtest(k, n).proportion_ci(0.95)
    assert CurvePoint(0.0, n, k).interval == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_thresholds_are_where_the_curve_and_its_limits_pass():
    points = [
        CurvePoint(0.0, 1000, 900),
        CurvePoint(1.0, 1000, 200),
        CurvePoint(2.0, 1000, 50),
        CurvePoint(3.0, 1000, 0),
    ]
    found = threshold(points, 0.1)
    assert found.snr_db == pytest.approx(1.5)  # 0.2 and 0.05: their geometric mean
    assert found.low_db < found.snr_db < found.high_db
    assert np.isnan(threshold(points, 0.95).snr_db) and np.isnan(crossing([0.0], [0.5], 0.1))


def test_a_waterfall_is_found_wherever_it_lies():
    setup = LinkSetup(channel="awgn", rx=1, prb=2, estimation="perfect")
    found = []
    for mcs in (0, 20):
        points, at = waterfall(Campaign(), [LinkSetup(**{**setup.__dict__, "mcs": mcs}).config()], stop=Stop(30, 400))[
            0
        ]
        assert points[0].counts.bler > 0.1 > points[-1].counts.bler and len(points) >= 4
        assert points[0].snr_db < at.low_db <= at.snr_db <= at.high_db < points[-1].snr_db
        found.append(at.snr_db)
    assert found[0] < 0.0 and found[1] > 10.0


def test_receivers_see_the_same_slots_and_stand_in_their_order():
    setup = LinkSetup(channel="rayleigh", prb=2, layers=2, rx=2, mcs=5)
    links = {n: setup.with_receiver(n).config() for n in ("ls+lmmse", "lmmse+lmmse", "perfect+lmmse", "genie")}
    curves = study(Campaign(), links, stop=Stop(60, 1200), bound=True)
    at = [c.threshold.snr_db for c in curves]
    assert [c.label for c in curves][-1] == "finite-block bound"
    assert at[0] > at[1] > at[2] > at[3] and at[2] > at[4]
    assert np.all(np.diff([y for _, y in curves[-1].bound]) <= 0)
    assert len({module._draws(config) for config in links.values()}) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channel": "tdl-f"}, "did you mean"),
        ({"mcs": 29}, "38.214"),
        ({"mcs_table": "qam512"}, "known"),
        ({"prb": 0}, "4.4.2"),
        ({"prb": 300}, "275"),
        ({"layers": 5, "rx": 8}, "6.3.1.5"),
        ({"layers": 4, "rx": 2}, "antennas"),
        ({"scs_khz": 45}, "4.2-1"),
        ({"doppler_hz": 1e4}, "numerology"),
        ({"doppler_hz": float("nan")}, "finite"),
        ({"delay_spread_ns": 5000.0}, "prefix"),
        ({"delay_spread_ns": None}, "delay spread"),
        ({"receiver": "map"}, "known"),
        ({"transmissions": 9}, "transmissions"),
        ({"direction": "sideways"}, "uplink"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_the_reason(change, said):
    with pytest.raises((ArgumentError, DomainError), match=said):
        check_link(LinkSetup(**change).config())


def test_searches_of_one_constellation_refuse_two():
    from silla.physics.radio.link.grid import Carrier
    from silla.physics.radio.link.pdsch import PdschConfig
    from silla.physics.radio.link.simulate import LinkChannel, LinkConfig

    user = PdschConfig(Carrier(n_prb=4), n_layers=5, mcs_index=(5, 20), dmrs=_two_symbols())
    channel = LinkChannel("awgn")
    assert LinkConfig((user,), channel, n_rx=8).n_layers == 5
    for receiver in ("k-best", "ep"):
        with pytest.raises(ArgumentError, match="one modulation"):
            LinkConfig((user,), channel, n_rx=8, receiver=receiver)


def _two_symbols():
    from silla.physics.radio.link.dmrs import Dmrs

    return Dmrs(length=2)


def test_a_task_that_fails_is_reported(monkeypatch):
    def fault(*_):
        raise ValueError("no")

    monkeypatch.setattr(module, "simulate_slots", fault)
    with pytest.raises(RunError, match="1 of 1") as error:
        Campaign().points([(AWGN, 0.0)], STOP)
    assert "ValueError: no" in next(iter(error.value.failures.values()))


def test_tasks_are_told_apart_by_all_that_matters():
    base = LinkTask(AWGN, 1.0, 0, 10, 1)
    others = [
        LinkTask(FADING, 1.0, 0, 10, 1), LinkTask(AWGN, 1.5, 0, 10, 1), LinkTask(AWGN, 1.0, 1, 10, 1),
        LinkTask(AWGN, 1.0, 0, 11, 1), LinkTask(AWGN, 1.0, 0, 10, 2),
    ]  # fmt: skip
    assert len({base.hash, *(t.hash for t in others)}) == 6
    assert base.run({})["slots"] == 10 and LinkCounts().bler != 0


def test_searches_of_several_links_find_what_each_finds_alone(monkeypatch):
    """Side by side, on kept workers and in one process: the same points."""
    links = [AWGN, FADING, LinkSetup(channel="rayleigh", rx=2, prb=2, mcs=5, estimation="ls").config()]
    alone = [waterfall(Campaign(seed=5), [c], stop=Stop(20, 200))[0] for c in links]
    assert waterfall(Campaign(seed=5), links, stop=Stop(20, 200)) == alone
    monkeypatch.setattr(module, "_POOL_S", 0.0)
    two = Campaign(seed=5, jobs=2)
    assert waterfall(two, links, stop=Stop(20, 200)) == alone
    assert two._workers is None


def test_a_link_without_a_waterfall_does_not_stop_the_others():
    """An interferer as strong as the signal: the block is lost at any ratio."""
    hopeless = LinkSetup(channel="rayleigh", rx=2, prb=2, mcs=20, sir_db=-10.0, receiver="mrc").config()
    (points, none), (_, at) = waterfall(Campaign(), [hopeless, FADING], stop=Stop(20, 200))
    assert np.isnan(none.snr_db) and min(p.counts.bler for p in points) > 0.1 and np.isfinite(at.snr_db)
    with pytest.raises(RunError, match="stays above"):
        waterfall(Campaign(), [hopeless], stop=Stop(20, 200))


def test_counts_of_chunks_add_up_to_a_larger_campaign():
    small, large = (Campaign(seed=6).points([(AWGN, 1.0)], Stop(10_000, n))[0].counts for n in (200, 600))
    parts = [LinkTask(AWGN, 1.0, i, chunk_slots(AWGN), 6).run({}) for i in range(3)]
    total = sum((LinkCounts(**{k: v.item() for k, v in part.items()}) for part in parts), LinkCounts())
    assert total == large and LinkCounts(**{k: v.item() for k, v in parts[0].items()}) == small


@pytest.mark.parametrize("stop", [Stop(1, 1), Stop(1, 10**9), Stop(10**9, 1), Stop(10**9, 10**9, 0.999999)])
def test_odd_rules_stop_at_the_first_chunk(stop):
    """One error, one slot, or a bound that anything meets: at 0 dB the first chunk suffices."""
    point = Campaign().points([(AWGN, 0.0)], stop)[0]
    assert point.counts.slots == chunk_slots(AWGN) and point.stopped == stop.reason(point.counts) != ""


def test_a_damaged_record_is_computed_again(tmp_path):
    wanted = [(AWGN, 1.0)]
    found = Campaign(seed=7, store=Store(tmp_path)).points(wanted, STOP)
    for path in tmp_path.glob("*/*.rec"):
        path.write_bytes(path.read_bytes()[:-5])
    again = Campaign(seed=7, store=Store(tmp_path))
    assert again.points(wanted, STOP) == found and again.computed > 0 and again.reused == 0
    wider = Campaign(seed=7, store=Store(tmp_path))
    assert wider.points(wanted, Stop(30, 5000))[0].counts.blocks >= found[0].counts.blocks
    assert wider.reused > 0
