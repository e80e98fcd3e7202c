"""Oracles: moments and autocorrelations in closed form, time against frequency, sionna on the same rays, Sionna RT."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import j0

from silla.base.errors import ArgumentError, DomainError
from silla.physics.radio.link import channels_cdl as cdl
from silla.physics.radio.link.channels import (
    PathChannel,
    apply_frequency,
    apply_time,
    awgn,
    check_numerology,
    delay_power_profile,
    frequency_response,
    path_gains,
    rms_delay_spread,
    slot_response,
)
from silla.physics.radio.link.channels_correlation import cross_polarised_correlation, square_root, uniform_correlation
from silla.physics.radio.link.channels_flat import clarke_gains, draw_block_fading, draw_flat
from silla.physics.radio.link.channels_rt import from_arrays, from_sionna_rt, path_list_of_sionna_rt
from silla.physics.radio.link.channels_tdl import TDL_PROFILES, double_tdl, draw_tdl, tdl_power, tdl_profile
from silla.physics.radio.link.ofdm import Numerology, demodulate, modulate

SCALABLE = ("A", "B", "C", "D", "E")


@pytest.mark.parametrize("profile", SCALABLE)
def test_delay_spread_of_the_scaled_profiles(profile):
    for spread in (10e-9, 363e-9):
        delay, power = tdl_power(profile, spread)
        assert rms_delay_spread(delay, power) == pytest.approx(spread, rel=0.01)  # the tables are rounded
        clusters = cdl.cdl_clusters(profile, spread)
        tau = np.append(clusters.delay_s, 0.0)
        assert rms_delay_spread(tau, np.append(clusters.power, clusters.los_power)) == pytest.approx(spread, rel=0.01)


def test_fixed_profiles_have_the_spread_in_their_name():
    for profile in TDL_PROFILES[5:]:
        delay, power = tdl_power(profile)
        assert rms_delay_spread(delay, power) == pytest.approx(float(profile[1:]) * 1e-9, rel=0.12)


@pytest.mark.parametrize("profile, k_db", [("D", 13.3), ("E", 22.0)])
def test_k_factors(profile, k_db):
    """K of the first tap as stated below TR 38.901 Tables 7.7.2-4 and 7.7.2-5."""
    _, power, los = tdl_profile(profile, 1e-7)
    assert 10 * np.log10(los / power[0]) == pytest.approx(k_db, abs=0.05)
    delay, power, los = tdl_profile(profile, 1e-7, k_factor_db=3.0)
    assert los / power.sum() == pytest.approx(10**0.3)
    assert rms_delay_spread(np.append(delay, 0), np.append(power, los)) == pytest.approx(1e-7, rel=1e-9)


def test_taps_have_the_profiles_power_and_clarkes_autocorrelation():
    rng, fd, batch = np.random.default_rng(1), 200.0, 2000
    times = np.linspace(0.0, 8e-3, 9)
    gains = path_gains(draw_tdl("C", rng=rng, batch=batch, delay_spread_s=1e-7, doppler_hz=fd), times)[:, 0, 0]
    _, power = tdl_power("C", 1e-7)
    mean = (np.abs(gains[..., 0]) ** 2).mean(axis=0)
    assert (np.abs(mean / power - 1) < 5 / np.sqrt(batch)).all()  # |a|^2 has a relative spread of at most 1
    normal = gains / np.sqrt(power)[:, None]
    correlation = (normal * normal[..., :1].conj()).mean(axis=(0, 1))
    assert np.abs(correlation - j0(2 * np.pi * fd * times)).max() < 5 / np.sqrt(batch * len(power))


def test_taps_are_rayleigh_and_independent():
    gains = path_gains(draw_tdl("B", rng=np.random.default_rng(2), batch=3000, n_rx=2, delay_spread_s=1e-7), [0.0])
    first = gains[:, :, 0, :, 0] / np.sqrt(tdl_power("B", 1e-7)[1])
    assert stats.kstest(np.abs(first[:, 0, 4]) ** 2, "expon").pvalue > 1e-4
    across = np.abs(np.corrcoef(first[:, :, :5].reshape(3000, -1).T) - np.eye(10))
    assert across.max() < 5 / np.sqrt(3000)


def test_spatial_correlation():
    rng = np.random.default_rng(3)
    wanted = uniform_correlation(2, 2, "medium")
    assert wanted[0].tolist() == pytest.approx([1.0, 0.3, 0.9, 0.27])
    gains = path_gains(draw_tdl("A30", rng=rng, batch=6000, n_rx=2, n_tx=2, correlation="medium"), [0.0])
    tap = gains[:, :, :, 1, 0].reshape(6000, 4)
    found = tap.T @ tap.conj() / (np.abs(tap) ** 2).mean() / 6000
    assert np.abs(found - wanted).max() < 6 / np.sqrt(6000)
    line = uniform_correlation(4, 1, "high")
    assert line[0, 1:].tolist() == pytest.approx([0.9 ** (1 / 9), 0.9 ** (4 / 9), 0.9])
    assert np.linalg.eigvalsh(uniform_correlation(8, 8, "high")).min() > -1e-9


def test_cross_polarised_correlation():
    """gamma alone couples antennas of both other polarisations; without it the matrix falls apart into blocks."""
    r = cross_polarised_correlation(4, 4, 0.9, 0.9, 0.3)
    assert np.allclose(r, r.T)
    assert np.linalg.eigvalsh(r).min() > 0
    one = cross_polarised_correlation(2, 2, 0.5, 0.5, 0.2)
    pairs = {(r_, t): 2 * r_ + t for r_ in range(2) for t in range(2)}
    expected = np.eye(4)
    # Gamma couples equal receive polarisations of different transmit ones: -gamma for the first, +gamma for the second
    for receive, sign in ((0, -0.2), (1, 0.2)):
        i, j = pairs[receive, 0], pairs[receive, 1]
        expected[i, j] = expected[j, i] = sign
    assert np.allclose(one, expected)
    with pytest.raises(DomainError, match="semidefinite"):
        square_root(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_flat_fading_is_clarkes_exactly():
    rng, fd = np.random.default_rng(4), 100.0
    times = np.array([0.0, 1e-3, 2.5e-3, 7e-3])
    wanted = j0(2 * np.pi * fd * (times[:, None] - times))
    for gains in (
        clarke_gains(times, fd, rng=rng, shape=20000),
        path_gains(draw_flat(rng=rng, batch=20000, doppler_hz=fd), times)[:, 0, 0, 0],
    ):
        found = gains.T @ gains.conj() / len(gains)
        assert np.abs(found - wanted).max() < 6 / np.sqrt(20000)


def test_rician_moments():
    rng, k = np.random.default_rng(5), 4.0
    for gain in (
        draw_block_fading(40000, rng=rng, k_factor=k),
        frequency_response(draw_flat(rng=rng, batch=40000, k_factor=k), [0.0], [0.0]).ravel(),
        frequency_response(draw_flat(rng=rng, batch=40000, k_factor=k, doppler_hz=50.0), [0.01], [0.0]).ravel(),
    ):
        power = np.abs(gain) ** 2
        assert power.mean() == pytest.approx(1.0, abs=0.02)
        # E|h|^4 = (K^2 + 4 K + 2) / (K + 1)^2, with 1/64 of the scattered part's excess missing for 64 sinusoids
        assert (power**2).mean() == pytest.approx((k**2 + 4 * k + 2) / (k + 1) ** 2, rel=0.03)


@pytest.mark.parametrize("profile", ["A", "D"])
def test_time_and_frequency_agree(profile):
    rng, n = np.random.default_rng(6), Numerology(1, 12, n_fft=256)
    channel = draw_tdl(profile, rng=rng, batch=2, n_rx=2, n_tx=2, delay_spread_s=60e-9)
    x = (rng.standard_normal((2, 2, 14, 144)) + 1j * rng.standard_normal((2, 2, 14, 144))).astype(np.complex64)
    received = apply_time(channel, modulate(x, n), n.sample_rate_hz)
    got = demodulate(received, n, early=6)[:, :, 1:13]  # the ends of the slot have no neighbours
    wanted = apply_frequency(x, slot_response(channel, n))[:, :, 1:13]
    assert np.mean(np.abs(got - wanted) ** 2) < 1e-6 * np.mean(np.abs(wanted) ** 2)


def test_time_and_frequency_agree_in_motion():
    """What is left is the intercarrier interference, (pi f_D / scs)^2 / 6 of the power in the mean."""
    rng, n, fd = np.random.default_rng(7), Numerology(0, 6), 300.0
    channel = draw_tdl("B", rng=rng, batch=12, delay_spread_s=100e-9, doppler_hz=fd)
    x = np.sqrt(0.5) * (rng.standard_normal((12, 1, 14, 72)) + 1j * rng.standard_normal((12, 1, 14, 72)))
    got = demodulate(apply_time(channel, modulate(x, n), n.sample_rate_hz), n, early=3)[:, :, 1:13]
    wanted = apply_frequency(x, slot_response(channel, n))[:, :, 1:13]
    left = np.mean(np.abs(got - wanted) ** 2) / np.mean(np.abs(wanted) ** 2)
    assert 0.4 < left / ((np.pi * fd / n.scs_hz) ** 2 / 6) < 1.6


def test_doppler_and_delays_beyond_the_numerology_are_refused():
    rng = np.random.default_rng(8)
    fast = draw_tdl("A30", rng=rng, doppler_hz=2000.0)
    with pytest.raises(DomainError, match=r"Doppler shift .* subcarrier spacing 15 kHz"):
        slot_response(fast, Numerology(0, 10))
    check_numerology(fast, Numerology(3, 10))
    with pytest.raises(DomainError, match="cyclic prefix"):
        slot_response(draw_tdl("C", rng=rng, delay_spread_s=1000e-9), Numerology(3, 10))


def test_delay_power_profile_and_awgn():
    channel = draw_tdl("E", rng=np.random.default_rng(9), batch=2, n_rx=2, delay_spread_s=5e-8)
    delay, power = delay_power_profile(channel)
    wanted = tdl_power("E", 5e-8)
    assert np.allclose(delay, wanted[0])
    assert np.allclose(power, wanted[1], rtol=1e-5)
    noise = awgn(np.zeros((1000, 50), np.complex64), 0.25, np.random.default_rng(10))
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(0.25, rel=0.03)
    assert abs(np.mean(noise**2)) < 0.01
    with pytest.raises(ArgumentError):
        awgn(np.zeros(4), -1.0, np.random.default_rng(0))


def test_two_users():
    first, second = double_tdl(rng=np.random.default_rng(11), batch=3)
    assert first.gain.shape[:3] == second.gain.shape[:3] == (3, 4, 1)
    assert np.abs(first.doppler_hz).max() == pytest.approx(400.0, rel=0.01)
    assert np.abs(second.doppler_hz).max() == pytest.approx(100.0, rel=0.01)
    assert first.delay_s.max() < second.delay_s.max()


def test_rays_of_cdl_have_the_tables_power_and_spread():
    clusters = cdl.cdl_clusters("B", 1e-7)
    channel = cdl.draw_cdl("B", rng=np.random.default_rng(12), delay_spread_s=1e-7, carrier_hz=3.5e9, batch=400,
                           tx=cdl.Array(slants_deg=(0.0,)), rx=cdl.Array(slants_deg=(0.0, 90.0)))  # fmt: skip
    power = (np.abs(channel.gain) ** 2).sum(axis=-1).mean(axis=0)  # [rx, tx, cluster]
    both = power.sum(axis=0)[0]  # a pair of orthogonal receivers collects P (1 + 1 / XPR)
    assert np.allclose(both / clusters.power, 1 + 1 / clusters.xpr, rtol=0.05)
    # rms of the rays about their cluster: the table's spread times that of Table 7.5-3's offsets
    away = clusters.angles["aoa"] - clusters.angles["aoa"].mean(axis=1, keepdims=True)
    assert np.degrees(np.sqrt((away**2).mean())) == pytest.approx(22.0, rel=1e-3)


def test_scaled_angles():
    angles, power = np.array([170.0, -175.0, 160.0, -150.0]), np.array([1.0, 0.5, 0.2, 0.3])
    scaled = np.radians(cdl.scale_angles(angles, power, 30.0, 5.0))
    mean = (power * np.exp(1j * scaled)).sum() / power.sum()
    assert np.degrees(np.sqrt(-2 * np.log(abs(mean)))) == pytest.approx(5.0, rel=0.01)
    assert np.degrees(np.angle(mean)) == pytest.approx(30.0, abs=0.2)


def test_motion_towards_the_arrival_raises_the_frequency():
    line = cdl.cdl_clusters("D", 1e-8)._replace(los_angles={"aod": 0.0, "aoa": 0.0, "zod": np.pi / 2, "zoa": np.pi / 2})
    angles = {a: line.angles[a][None] for a in cdl.ANGLES}
    phases = np.zeros((1, len(line.power), 20, 2, 2))
    for moving in ("rx", "tx"):
        c = cdl.ray_channel(line, angles, phases, 3e9, cdl.Array(), cdl.Array(), (10.0, 0.0, 0.0), moving)
        assert c.doppler_hz[0, -1, 0] == pytest.approx(10.0 * 3e9 / 299792458.0)


@pytest.mark.oracle
@pytest.mark.parametrize("profile", SCALABLE)
def test_cdl_coefficients_against_sionna(profile):
    """The same rays, phases and velocity in both: every coefficient is the same."""
    torch = pytest.importorskip("torch")
    sionna = pytest.importorskip("sionna.phy.channel.tr38901")
    common = {"num_rows_per_panel": 1, "num_cols_per_panel": 2, "carrier_frequency": 3.5e9}
    bs = sionna.PanelArray(polarization="dual", polarization_type="cross", antenna_pattern="38.901", **common)
    ut = sionna.PanelArray(polarization="single", polarization_type="V", antenna_pattern="omni", **common)
    model = sionna.CDL(
        profile, 100e-9, 3.5e9, ut, bs, "uplink", min_speed=10.0,
        ut_orientation=torch.tensor([0.3, 0.2, 0.1]), bs_orientation=torch.tensor([np.pi, 0.0, 0.0]),
    )  # fmt: skip
    kept = {}

    def keep(owner, name):
        call = getattr(owner, name)
        setattr(owner, name, lambda *given: kept.setdefault(name, call(*given)))

    keep(model._cir_gen, "_step_10")
    keep(model, "_random_coupling")
    keep(model, "_get_velocity")
    a, tau = model(1, 3, 1e4)
    a, tau = a[0, 0].numpy()[:, 0], tau[0, 0, 0].numpy()
    aoa, aod, zoa, zod = (x.numpy()[:, 0, 0] for x in kept["_random_coupling"])
    phases = kept["_step_10"].numpy()[:, 0, 0]
    swap = {"aod": "aoa", "aoa": "aod", "zod": "zoa", "zoa": "zod"}
    clusters = cdl.cdl_clusters(profile, 100e-9)
    clusters = clusters._replace(los_angles={k: clusters.los_angles[v] for k, v in swap.items()})
    channel = cdl.ray_channel(
        clusters, {"aoa": aoa, "aod": aod, "zoa": zoa, "zod": zod}, phases.reshape(*phases.shape[:-1], 2, 2), 3.5e9,
        cdl.Array(1, 2, bearing_deg=np.degrees(0.3), downtilt_deg=np.degrees(0.2), slant_deg=np.degrees(0.1)),
        cdl.Array(1, 2, (-45.0, 45.0), pattern="38.901", bearing_deg=180.0),
        kept["_get_velocity"].numpy()[0], moving="tx",
    )  # fmt: skip
    f = np.linspace(-5e7, 5e7, 11)
    theirs = np.einsum("rtpn,pf->rtnf", a, np.exp(-2j * np.pi * np.outer(tau, f)))
    ours = frequency_response(channel, np.arange(3) / 1e4, f)[0]
    assert np.abs(ours - theirs).max() < 2e-5 * np.abs(theirs).max()


@pytest.mark.oracle
def test_tdl_against_sionna_in_distribution():
    pytest.importorskip("torch")
    sionna = pytest.importorskip("sionna.phy.channel.tr38901")
    a, tau = sionna.TDL("A", 100e-9, 3.5e9, min_speed=20.0)(3000, 2, 500.0)
    channel = draw_tdl("A", rng=np.random.default_rng(13), batch=3000, delay_spread_s=100e-9,
                       doppler_hz=20.0 * 3.5e9 / 299792458.0)  # fmt: skip
    f = np.array([-4e6, 4e6])
    ours = frequency_response(channel, [0.0, 2e-3], f)[:, 0, 0].reshape(3000, 4)
    theirs = np.einsum(
        "bpt,bpf->btf", a.numpy()[:, 0, 0, 0, 0], np.exp(-2j * np.pi * tau.numpy()[:, 0, 0, :, None] * f)
    )
    theirs = theirs.reshape(3000, 4)
    assert np.abs(ours.T @ ours.conj() - theirs.T @ theirs.conj()).max() / 3000 < 8 / np.sqrt(3000)
    assert stats.ks_2samp(np.abs(ours[:, 0]), np.abs(theirs[:, 0])).pvalue > 1e-4


def test_imported_arrays():
    f = np.array([0.0, 1e6])
    a = np.array([[[1.0, 0.5j, 9.0]]])
    channel = from_arrays(a, [1e-7, 3e-7, -1.0], [10.0, 0.0, 0.0])
    t = 0.02
    wanted = np.exp(2j * np.pi * (10 * t - f * 1e-7)) + 0.5j * np.exp(-2j * np.pi * f * 3e-7)
    assert np.allclose(frequency_response(channel, [t], f).ravel(), wanted, atol=1e-6)
    unit = from_arrays(a, [1e-7, 3e-7, -1.0], normalise=True)
    assert (np.abs(unit.gain) ** 2).sum() == pytest.approx(1.0)
    assert unit.delay_s.min() == 0.0
    for bad in (lambda: from_arrays(a[0], [0.0]), lambda: from_arrays(a, [-1.0, -1.0, -1.0])):
        with pytest.raises(ArgumentError):
            bad()


@pytest.mark.oracle
@pytest.mark.slow
def test_paths_of_sionna_rt():
    rt = pytest.importorskip("sionna.rt")
    try:
        scene = rt.load_scene(rt.scene.simple_street_canyon)
    except Exception as error:  # no LLVM on this machine
        pytest.skip(f"no ray tracer: {error}")
    scene.frequency = 3.5e9
    scene.tx_array = rt.PlanarArray(num_rows=1, num_cols=2, pattern="iso", polarization="V")
    scene.rx_array = rt.PlanarArray(num_rows=1, num_cols=2, pattern="iso", polarization="cross")
    scene.add(rt.Transmitter("tx", [-30, 0, 20]))
    scene.add(rt.Receiver("rx", [30, 5, 1.5], velocity=[10, 0, 0]))
    paths = rt.PathSolver()(scene, max_depth=3, synthetic_array=True)
    f = np.linspace(-5e6, 5e6, 5)
    theirs = paths.cfr(frequencies=f, sampling_frequency=1e3, num_time_steps=3, normalize_delays=False,
                       out_type="numpy")[0, :, 0]  # fmt: skip
    channel = from_sionna_rt(paths, normalise=False)
    ours = frequency_response(channel, np.arange(3) / 1e3, f)[0]
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()
    places = path_list_of_sionna_rt(paths)
    scaled = from_sionna_rt(paths)
    assert places.n_places == 1
    assert np.allclose(places.amplitude[0][..., : scaled.gain.shape[3]], scaled.gain[0, ..., 0], rtol=1e-4, atol=1e-6)
    with pytest.raises(ArgumentError):
        from_sionna_rt(object())


@pytest.mark.parametrize(
    "call",
    [
        lambda r: draw_tdl("F", rng=r, delay_spread_s=1e-7),
        lambda r: draw_tdl("A", rng=r),
        lambda r: draw_tdl("A30", rng=r, delay_spread_s=1e-7),
        lambda r: draw_tdl("A", rng=r, delay_spread_s=1e-7, k_factor_db=3.0),
        lambda r: draw_tdl("A", rng=r, delay_spread_s=1e-7, correlation="strong"),
        lambda r: draw_tdl("A", rng=r, delay_spread_s=1e-7, n_rx=0),
        lambda r: draw_tdl("A", rng=r, delay_spread_s=1e-7, doppler_hz=np.nan),
        lambda r: draw_tdl("A", rng=r, delay_spread_s=1e-7, n_rx=2, correlation=np.eye(3)),
        lambda r: cdl.draw_cdl("F", rng=r, delay_spread_s=1e-7, carrier_hz=1e9),
        lambda r: cdl.draw_cdl("A", rng=r, delay_spread_s=-1.0, carrier_hz=1e9),
        lambda r: cdl.draw_cdl("A", rng=r, delay_spread_s=1e-7, carrier_hz=1e9, moving="both"),
        lambda r: cdl.draw_cdl("A", rng=r, delay_spread_s=1e-7, carrier_hz=1e9, angles_deg={"up": (0, 1)}),
        lambda r: cdl.Array(0, 1),
        lambda r: PathChannel(np.ones((1, 1, 1, 2)), np.zeros(2), np.zeros((1, 2, 1))),
        lambda r: PathChannel(np.full((1, 1, 1, 1, 1), np.nan), np.zeros(1), np.zeros((1, 1, 1))),
        lambda r: PathChannel(np.ones((1, 1, 1, 1, 1)), np.full(1, -1.0), np.zeros((1, 1, 1))),
        lambda r: uniform_correlation(2, 2, (0.5, 1.5)),
        lambda r: draw_block_fading(3, rng=r, k_factor=-1.0),
    ],
)
def test_bad_input(call):
    with pytest.raises(ArgumentError):
        call(np.random.default_rng(0))
