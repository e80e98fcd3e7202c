"""Link campaigns on ray-traced paths. Oracles: one path is a Gaussian channel, reciprocity, the powers
that were given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DataFileError
from silla.base.hashing import content_hash
from silla.engine.link_setup import LinkSetup
from silla.engine.path_files import load_paths, save_paths
from silla.physics.radio.link.channels import frequency_response
from silla.physics.radio.link.channels_rt import PathList
from silla.physics.radio.link.simulate import simulate_slots


def places(n=3, n_rx=2, n_tx=4, n_paths=5, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, n_rx, n_tx, n_paths)) + 1j * rng.normal(size=(n, n_rx, n_tx, n_paths))
    tau = rng.uniform(1e-7, 6e-7, (n, n_paths))
    tau[0, 3:] = -1.0  # padding of a ray tracer
    return 1e-5 * a, tau, rng.uniform(-50, 50, (n, n_paths))


def test_places_have_power_one_and_start_at_zero():
    a, tau, shift = places()
    found = PathList(a, tau, shift)
    power = (np.abs(found.amplitude) ** 2).sum(axis=-1).mean(axis=(1, 2))
    assert power == pytest.approx(1.0, rel=1e-6)
    assert (found.delay_s >= 0).all()
    assert found.delay_s[1].min() == 0.0
    assert found.delay_s[1] == pytest.approx(tau[1] - tau[1].min())
    inside = np.where(tau[0] >= 0, np.abs(a[0]) ** 2, 0.0).sum(axis=-1).mean()
    assert found.power[0] == pytest.approx(inside)
    assert not found.amplitude[0, ..., 3:].any()
    delay, p = found.profile()
    assert p.sum() == pytest.approx(1.0)
    assert (p @ delay) == pytest.approx(
        float(((np.abs(found.amplitude) ** 2).mean(axis=(1, 2)) * found.delay_s).sum() / 3)
    )


def test_a_long_profile_keeps_power_and_mean_delay():
    rng = np.random.default_rng(3)
    found = PathList(rng.normal(size=(20, 1, 1, 40)) + 0j, rng.uniform(0, 1e-6, (20, 40)), np.zeros((20, 40)))
    delay, p = found.profile()
    assert len(delay) <= 256
    assert p.sum() == pytest.approx(1.0)
    exact = float(((np.abs(found.amplitude) ** 2).mean(axis=(1, 2)) * found.delay_s).sum() / 20)
    assert p @ delay == pytest.approx(exact, abs=1e-9)


def test_slots_are_drawn_from_every_place_with_phases_of_their_own():
    found = PathList(*places())
    drawn = found.draw(rng=np.random.default_rng(1), batch=300, n_rx=2, n_tx=4)
    assert len(np.unique(drawn.delay_s[:, 1])) == 3
    h = frequency_response(drawn, [0.0], np.linspace(-1e6, 1e6, 41))
    assert float((np.abs(h) ** 2).mean()) == pytest.approx(1.0, rel=0.05)
    turned = found.draw(rng=np.random.default_rng(1), batch=300, n_rx=4, n_tx=2, reverse=True)
    assert np.array_equal(turned.gain, drawn.gain.swapaxes(1, 2))
    fewer = found.draw(rng=np.random.default_rng(1), batch=300, n_rx=1, n_tx=2)
    assert np.array_equal(fewer.gain, drawn.gain[:, :1, :2])
    # antennas keep their phases to each other: only the common phase of a path is drawn
    ratio = drawn.gain[:, 0, 0] / drawn.gain[:, 1, 1]
    assert len(np.unique(np.round(ratio[:, 0, 0], 3))) == 3


def test_a_file_keeps_everything(tmp_path):
    a, tau, shift = places()
    save_paths(tmp_path / "길.npz", PathList(a, tau, shift))
    found = load_paths(tmp_path / "길.npz")
    assert found.power == pytest.approx(PathList(a, tau, shift).power, rel=1e-5)
    assert np.allclose(found.amplitude, PathList(a, tau, shift).amplitude, rtol=1e-5)
    np.savez(tmp_path / "one.npz", amplitude=a[1], delay_s=tau[1])
    one = load_paths(tmp_path / "one.npz")
    assert one.n_places == 1
    assert not one.doppler_hz.any()
    again = load_paths(tmp_path / "one.npz")
    assert again == one
    assert hash(again) == hash(one)
    assert content_hash(again) == content_hash(one)
    assert again != found


def test_one_path_is_a_gaussian_channel(tmp_path):
    """With one path every resource element has gain 1: losses agree with "awgn" at the same ratio."""
    np.savez(tmp_path / "los.npz", amplitude=np.ones((1, 1, 1)), delay_s=np.array([3e-6]))
    setup = LinkSetup(channel="awgn", prb=6, mcs=10, rx=1, estimation="perfect")
    snr_db, n = 3.85, 400
    lost = []
    for s in (setup, replace(setup, paths=str(tmp_path / "los.npz"))):
        lost.append(simulate_slots(s.config(), snr_db, n, np.random.default_rng(5)).block_errors / n)
    assert 0.02 < lost[0] < 0.98
    assert abs(lost[0] - lost[1]) < 4 * np.sqrt(2 * 0.25 / n)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda p: p.write_bytes(b"not a file of arrays"), "not a .npz"),
        (lambda p: np.savez(p, amplitude=np.ones((1, 1, 2))), "missing: delay_s"),
        (lambda p: np.savez(p, amplitude=np.ones((1, 1, 2)), delay_s=np.zeros(3)), "expected"),
        (lambda p: np.savez(p, amplitude=np.ones((1, 1, 2)), delay_s=-np.ones(2)), "no path reaches place 0"),
        (lambda p: np.savez(p, amplitude=np.full((1, 1, 1), np.nan), delay_s=np.zeros(1)), "finite"),
        (lambda p: np.savez(p, amplitude=np.array([[["x"]]]), delay_s=np.zeros(1)), "x.npz: "),
        (lambda p: np.savez(p, amplitude=np.ones((1, 1, 1)), delay_s=np.array([object()])), "plain arrays"),
        (lambda p: None, "cannot be read"),
    ],
)
def test_files_that_hold_no_paths_are_refused(tmp_path, write, words):
    write(tmp_path / "x.npz")
    with pytest.raises(DataFileError, match=words):
        load_paths(tmp_path / "x.npz")


def test_links_that_the_paths_cannot_carry_are_refused(tmp_path):
    save_paths(tmp_path / "p.npz", PathList(*places()))
    file = str(tmp_path / "p.npz")
    with pytest.raises(ArgumentError, match="have their own"):
        LinkSetup(paths=file, doppler_hz=5.0).config()
    with pytest.raises(ArgumentError, match="trace with larger arrays"):
        simulate_slots(LinkSetup(paths=file, rx=8, prb=4).config(), 10.0, 1, np.random.default_rng(0))
    with pytest.raises(ArgumentError, match=r"end in \.npz"):
        save_paths(tmp_path / "p.txt", PathList(*places()))
