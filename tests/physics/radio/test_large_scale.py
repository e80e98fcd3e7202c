"""Oracle: the drop composed link by link from the single models, in plain Python loops."""

import numpy as np
import pytest

from silla.base.errors import ArgumentError
from silla.physics.radio.antennas import Panel, lookup, pattern_table, to_local
from silla.physics.radio.environments import ENVIRONMENTS, Environment, Version
from silla.physics.radio.large_scale import coupling_gain, nearest_image, out_of_range
from silla.physics.radio.los import los_probability
from silla.physics.radio.path_loss import environment_height, path_loss

PATTERNS = np.stack([pattern_table(Panel(rows=8, electrical_tilt_deg=96.0)), pattern_table(Panel(isotropic=True))])
SITES = np.array([[0.0, 0.0, 25.0], [300.0, 50.0, 10.0], [-200.0, 150.0, 35.0], [20.0, 20.0, 3.0]])
ENVS = np.array([Environment.UMA, Environment.UMI, Environment.RMA, Environment.INH_OPEN])
CELL_SITE = np.array([0, 0, 1, 2, 3])
AZIMUTH = np.radians([30.0, 150.0, -90.0, 0.0, 45.0])
TILT = np.radians([0.0, 4.0, 2.0, 0.0, 20.0])
PATTERN = np.array([0, 0, 1, 0, 1])


def drop(n=30, seed=3):
    rng = np.random.default_rng(seed)
    xyz = np.column_stack([rng.uniform(-250, 250, (n, 2)), rng.choice([1.5, 4.5, 22.5], n)])
    indoor = rng.random(n) < 0.5
    return {
        "user_xyz_m": xyz,
        "user_indoor": indoor,
        "user_d2d_in_m": np.where(indoor, rng.uniform(0, 25, n), 0.0),
        "user_loss_db": np.where(indoor, rng.uniform(10, 30, n), 0.0),
        "los_uniform": rng.random((n, len(SITES)), dtype=np.float32),
        "shadow_normal": rng.standard_normal((n, len(SITES)), dtype=np.float32),
    }


def run(d, **more):
    args = {
        "site_xyz_m": SITES, "site_env": ENVS, "cell_site": CELL_SITE, "cell_azimuth_rad": AZIMUTH,
        "cell_downtilt_rad": TILT, "cell_pattern": PATTERN, "patterns_dbi": PATTERNS, "frequency_ghz": 3.5,
        "use_kernel": False,
    }  # fmt: skip
    return coupling_gain(**{**args, **d, **more})


def by_hand(d, u, c):
    s = CELL_SITE[c]
    env = ENVIRONMENTS[Environment(int(ENVS[s]))]
    x, y, z = d["user_xyz_m"][u]
    sx, sy, sz = SITES[s]
    d2 = float(np.hypot(x - sx, y - sy))
    into = bool(d["user_indoor"][u]) and not env.indoor
    d_out = max(d2 - d["user_d2d_in_m"][u], 0.0) if into else d2
    if not env.indoor:
        d2 = max(d2, 10.0)
    p = float(los_probability(env.name, d_out, sz, z))
    draw = float(d["los_uniform"][u, s])
    los = draw < p
    spare = draw / p if los else (draw - p) / (1 - p)
    he = float(environment_height(d2, z, spare)) if env.name == "uma" else 1.0
    loss = path_loss(env.name, 3.5, d2, sz, z, env_height_m=he)
    db = float(loss.los_db if los else loss.nlos_db)
    sigma = env.shadow_o2i_db if into else float(loss.shadow_los_db if los else loss.shadow_nlos_db)
    db -= sigma * float(d["shadow_normal"][u, s])
    db += 0.0 if env.indoor else d["user_loss_db"][u]
    theta, phi = to_local(np.array([x - sx, y - sy, z - sz]), AZIMUTH[c], TILT[c])
    return 10 ** ((float(lookup(PATTERNS[PATTERN[c]], theta, phi)) - db) / 10), los


def test_every_link_against_the_loop():
    d = drop(120)
    got, beyond = run(d), out_of_range(d["user_xyz_m"], SITES, ENVS)
    links = [(u, c) for u in range(120) for c in range(5) if not beyond[u, CELL_SITE[c]]]
    assert len(links) > 300 and {int(CELL_SITE[c]) for _, c in links} == {0, 1, 2, 3}
    for u, c in links:
        gain, los = by_hand(d, u, c)
        assert got.gain[u, c] == pytest.approx(gain, rel=2e-5)
        assert bool(got.los[u, CELL_SITE[c]]) == los
    assert got.gain.dtype == np.float32 and got.los.shape == (120, 4)


def test_blocks_do_not_change_the_answer():
    d = drop(40_000, 5)
    whole = run(d)
    part = run({k: v[39_000:] for k, v in d.items()})
    assert np.array_equal(whole.gain[39_000:], part.gain) and np.array_equal(whole.los[39_000:], part.los)


def test_given_line_of_sight_replaces_the_probability():
    d = drop()
    for state in (True, False):
        got = run(d, los_given=np.full((30, 4), state))
        assert (got.los == state).all()
    blocked, clear = (run(d, los_given=np.full((30, 4), s)).gain[:, 2] for s in (False, True))
    assert np.median(clear / blocked) > 10.0


def test_gases_are_charged_over_the_slant_distance():
    d = drop()
    plain, humid = run(d).gain.astype(float), run(d, gas_db_per_km=20.0).gain.astype(float)
    slant = np.linalg.norm(d["user_xyz_m"][:, None] - SITES[None], axis=-1)[:, CELL_SITE]
    assert 10 * np.log10(plain / humid) == pytest.approx(0.02 * slant, abs=1e-4)


def test_second_patterns_share_the_channel():
    d = drop()
    got = run(d, cell_pattern_2=1 - PATTERN)
    swapped = run(d, cell_pattern=1 - PATTERN)
    assert got.gain_2 is not None and np.array_equal(got.gain_2, swapped.gain)
    assert run(d).gain_2 is None


def test_wrap_takes_the_nearest_of_all_images():
    rng = np.random.default_rng(8)
    user, site = rng.uniform(-900, 900, (50, 2)), rng.uniform(-400, 400, (6, 2))
    shifts = np.array([[0.0, 0.0], [1000.0, 0.0], [-1000.0, 0.0], [0.0, 1000.0], [0.0, -1000.0]])
    got = nearest_image(user, site, shifts)
    for u in range(50):
        for s in range(6):
            images = [np.hypot(*(user[u] - site[s] - w)) for w in shifts]
            assert np.hypot(*got[u, s]) == pytest.approx(min(images))
    assert nearest_image(user, site, None) == pytest.approx(user[:, None] - site[None])


def test_calibration_version_ignores_the_way_indoors():
    d = drop()
    old = run(d, tr_version=int(Version.V14_0))
    outside = run({**d, "user_indoor": np.zeros(30, bool), "user_d2d_in_m": np.zeros(30)}, tr_version=0)
    assert np.array_equal(old.gain, outside.gain)


def test_median_gain_falls_by_the_path_loss_slope():
    # one omnidirectional UMi cell, NLOS: 35.3 dB per decade of distance
    n = 4000
    rng = np.random.default_rng(1)
    d = {
        "user_xyz_m": np.column_stack([np.repeat([100.0, 1000.0], n), np.zeros(2 * n), np.full(2 * n, 1.5)]),
        "user_indoor": np.zeros(2 * n, bool), "user_d2d_in_m": np.zeros(2 * n), "user_loss_db": np.zeros(2 * n),
        "los_uniform": np.zeros((2 * n, 1), np.float32),
        "shadow_normal": rng.standard_normal((2 * n, 1)).astype(np.float32),
    }  # fmt: skip
    got = run(
        d, site_xyz_m=np.array([[0.0, 0.0, 10.0]]), site_env=np.array([2]), cell_site=np.array([0]),
        cell_azimuth_rad=np.zeros(1), cell_downtilt_rad=np.zeros(1), cell_pattern=np.array([1]),
        los_given=np.zeros((2 * n, 1), bool),
    )  # fmt: skip
    db = 10 * np.log10(got.gain[:, 0].astype(float))
    expected = 35.3 * np.log10(np.hypot(1000, 8.5) / np.hypot(100, 8.5))
    assert np.median(db[:n]) - np.median(db[n:]) == pytest.approx(expected, abs=6 * 1.25 * 7.82 / np.sqrt(n) * 1.42)
    assert np.std(db[:n]) == pytest.approx(7.82, rel=0.06)


def test_out_of_range_flags():
    users = np.array([[100.0, 0.0, 1.5], [6000.0, 0.0, 1.5], [100.0, 0.0, 40.0]])
    flags = out_of_range(users, SITES[:2], ENVS[:2])
    assert flags[:, 0].tolist() == [False, True, True]
    assert out_of_range(users[:1], np.array([[0.0, 0.0, 150.0]]), np.array([1]))[0, 0]


@pytest.mark.parametrize("more", [
    {"los_uniform": np.zeros((3, 4), np.float32)},
    {"shadow_normal": np.zeros((30, 3), np.float32)},
    {"cell_site": np.array([0, 0, 1, 2, 9])},
    {"cell_pattern": np.array([0, 0, 1, 0, 2])},
])  # fmt: skip
def test_shapes_and_indexes_are_checked(more):
    with pytest.raises(ArgumentError):
        run(drop(), **more)
