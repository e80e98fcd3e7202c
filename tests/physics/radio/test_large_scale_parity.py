"""The coupling kernel beside its NumPy twin, for each instruction set, environment and option."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.physics.radio.antennas import Panel, pattern_table
from silla.physics.radio.environments import Environment, EnvironmentParameters, Version
from silla.physics.radio.large_scale import coupling_gain

silla_kernels = pytest.importorskip("silla_kernels", reason="no C++ kernels to compare the twins with")
pytestmark = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())

PATTERNS = np.stack(
    [
        pattern_table(Panel(10, 1, electrical_tilt_deg=100.0), step_deg=2.0),
        pattern_table(Panel(4, 4), "best", step_deg=2.0),
        pattern_table(Panel(isotropic=True), step_deg=2.0),
    ]
)
N_USERS = 517  # neither a multiple of a block nor of a vector


@pytest.fixture(params=silla_kernels.supported())
def isa(request):
    before = silla_kernels.isa()
    silla_kernels.set_isa(request.param)
    yield request.param
    silla_kernels.set_isa(before)


def drop(environments, seed=0, n_sites=7, spread_m=900.0):
    """Arguments of `coupling_gain` for a random layout; site 1 has no cell, and cells are not in the order of sites."""
    rng = np.random.default_rng(seed)
    env = np.resize(np.asarray(environments), n_sites)
    cell_site = rng.permutation(np.repeat(np.delete(np.arange(n_sites), 1), 3))
    n_cells = len(cell_site)
    height = np.where((env >= Environment.INH_OPEN) & (env <= Environment.INF_HH), 8.0, 25.0)
    positive = {
        "user_xyz_m": np.column_stack(
            [rng.uniform(-spread_m, spread_m, (N_USERS, 2)), rng.choice([1.5, 4.5, 13.5, 16.5, 22.5], N_USERS)]
        ),
        "user_indoor": rng.random(N_USERS) < 0.6,
        "user_d2d_in_m": rng.uniform(0, 25, N_USERS),
        "user_loss_db": rng.uniform(0, 30, N_USERS),
        "site_xyz_m": np.column_stack([rng.uniform(-spread_m, spread_m, (n_sites, 2)), height]),
        "site_env": env,
        "cell_site": cell_site,
        "cell_azimuth_rad": rng.uniform(-np.pi, np.pi, n_cells),
        "cell_downtilt_rad": rng.uniform(0, 0.3, n_cells),
        "cell_pattern": rng.integers(0, len(PATTERNS), n_cells),
        "patterns_dbi": PATTERNS,
        "los_uniform": rng.random((N_USERS, n_sites), dtype=np.float32),
        "shadow_normal": rng.standard_normal((N_USERS, n_sites), dtype=np.float32),
        "frequency_ghz": 3.5,
    }
    return positive, rng


def compare(arguments, **options):
    fast, twin = (coupling_gain(**arguments, **options, use_kernel=use) for use in (True, False))
    flipped = fast.los != twin.los
    assert flipped.mean() <= 1e-3, "a draw within rounding of its probability is rare"
    same = ~flipped[:, arguments["cell_site"]]
    for a, b in ((fast.gain, twin.gain), (fast.gain_2, twin.gain_2)):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            difference_db = 10 * np.abs(np.log10(a[same]) - np.log10(b[same]))
            assert difference_db.max() < 1e-3
            assert np.quantile(difference_db, 0.99) < 2e-4
    return twin


@pytest.mark.parametrize("env", [e for e in Environment if e < kernels.constant("n_environments", 0)])
def test_every_environment(isa, env):
    arguments, _ = drop([env])
    arguments["frequency_ghz"] = 156.0 if env == Environment.SUBTHZ_UMI else 3.5
    parameters = EnvironmentParameters(
        clutter_height_m=24.0, clutter_density=0.4, building_height_m=12.0, vegetation_density=0.2
    )
    compare(arguments, parameters=parameters)


@pytest.mark.parametrize("version", list(Version))
def test_mixed_sites_and_every_version(isa, version):
    arguments, _ = drop([Environment.UMA, Environment.UMI, Environment.RMA], seed=1)
    compare(arguments, tr_version=int(version), gas_db_per_km=1.7)


def test_close_links_and_high_bands(isa):
    arguments, _ = drop([Environment.UMI, Environment.INH_MIXED], seed=2, spread_m=25.0)
    compare(arguments | {"frequency_ghz": 70.0})


def test_given_line_of_sight(isa):
    arguments, rng = drop([Environment.UMA], seed=3)
    given = rng.random(arguments["los_uniform"].shape) < 0.4
    twin = compare(arguments, los_given=given)
    assert (twin.los == given).all()


def test_wrap_around(isa):
    arguments, _ = drop([Environment.UMA], seed=4)
    wrap = 1500.0 * np.array([(0, 0), (1, 0), (-1, 0), (0.5, 0.87), (-0.5, 0.87), (0.5, -0.87), (-0.5, -0.87)])
    compare(arguments, wrap_xy_m=wrap)


def test_a_second_pattern(isa):
    arguments, rng = drop([Environment.UMI], seed=5)
    second = rng.integers(0, len(PATTERNS), len(arguments["cell_site"]))
    twin = compare(arguments, cell_pattern_2=second)
    assert twin.gain_2 is not None


def test_a_building_that_lets_nothing_in(isa):
    arguments, _ = drop([Environment.UMA], seed=6)
    arguments["user_loss_db"] = np.where(np.arange(N_USERS) % 3 == 0, np.inf, 10.0)
    fast, twin = (coupling_gain(**arguments, use_kernel=use).gain for use in (True, False))
    assert (fast[::3] == 0).all() and (twin[::3] == 0).all()
    assert (fast[1::3] > 0).all() and np.isfinite(fast).all()


def test_no_user_and_an_environment_that_the_kernel_does_not_have():
    arguments, _ = drop([Environment.UMA])
    nobody = {k: v[:0] for k, v in arguments.items() if k.startswith(("user", "los", "shadow"))}
    assert coupling_gain(**(arguments | nobody)).gain.shape == (0, 18)
    with pytest.raises(ValueError, match="environment code"):
        silla_kernels.coupling(
            np.zeros((1, 3)), np.zeros(1, bool), np.zeros(1), np.zeros(1), np.zeros((1, 3)),
            np.array([99], np.int32), np.zeros(0, np.int32), np.zeros(0), np.zeros(0), np.zeros(0, np.int32),
            PATTERNS, np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32), 3.5, False, 20.0, 5.0, 0.2, 10.0,
            2.0, 0.1, None, np.zeros((1, 2)), 0.0, None,
        )  # fmt: skip
