"""The strongest cell and weighted sums. Oracle: plain NumPy in double precision; kernels beside twins for each set."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.physics.radio.received import strongest, weigh_cells, weigh_users


@pytest.fixture(params=["twin", *(kernels.constant("supported", list)())])
def use_kernel(request):
    if request.param == "twin":
        yield False
        return
    import silla_kernels

    before = silla_kernels.isa()
    silla_kernels.set_isa(request.param)
    yield True
    silla_kernels.set_isa(before)


@pytest.mark.parametrize("shape", [(0, 5), (1, 1), (7, 15), (40, 16), (33, 57), (9000, 225)])
def test_against_plain_numpy(use_kernel, shape):
    rng = np.random.default_rng(shape[1])
    gain = (10 ** rng.uniform(-20, -5, shape)).astype(np.float32)
    cells, users = rng.uniform(0, 40, shape[1]), rng.uniform(0, 1, shape[0])
    wide = gain.astype(np.float64)
    assert (strongest(gain, cells, use_kernel=use_kernel) == np.argmax(wide * cells, axis=1)).all()
    np.testing.assert_allclose(weigh_cells(gain, cells, use_kernel=use_kernel), wide @ cells, rtol=1e-12)
    np.testing.assert_allclose(weigh_users(gain, users, use_kernel=use_kernel), users @ wide, rtol=1e-12)


def test_the_first_of_equals(use_kernel):
    gain = np.ones((3, 50), dtype=np.float32)
    weight = np.ones(50)
    assert strongest(gain, weight, use_kernel=use_kernel).tolist() == [0, 0, 0]
    weight[[17, 33, 49]] = 2.0
    assert strongest(gain, weight, use_kernel=use_kernel).tolist() == [17, 17, 17]
    assert strongest(0 * gain, weight, use_kernel=use_kernel).tolist() == [0, 0, 0]


def test_a_weak_remainder_survives_a_strong_own_cell(use_kernel):
    """Seven decades apart: single-precision sums would lose the interferer altogether."""
    gain = np.array([[1.0, 1e-9, 0.0]], dtype=np.float32)
    rest = weigh_cells(gain, [1.0, 1.0, 1.0], use_kernel=use_kernel) - gain[:, 0]
    assert rest[0] == pytest.approx(1e-9, rel=1e-6)


def test_weights_that_do_not_fit(use_kernel):
    with pytest.raises(ValueError):
        weigh_cells(np.ones((4, 3), np.float32), np.ones(4), use_kernel=use_kernel)
