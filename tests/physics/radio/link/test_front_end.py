"""The front end in one pass. Oracles: the impairments' own functions one after the other, and its NumPy twin."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.radio.link.impairments import converters, iq_imbalance, power_amplifier
from silla.physics.radio.link.impairments.front_end import front_end, front_end_numpy, mixing

MODEL = power_amplifier.amplifier("r4-163314")


def samples(n: int = 1000) -> np.ndarray:
    rng = stream(1, "front end")
    return ((rng.standard_normal((2, 3, n)) + 1j * rng.standard_normal((2, 3, n))) / np.sqrt(2)).astype(np.complex64)


def turns(n: int = 1000, seed: int = 2) -> np.ndarray:
    return np.exp(1j * stream(seed, "turn").uniform(0, 6, (2, n))).astype(np.complex64)


def table():
    return power_amplifier.gain_table(MODEL, power_amplifier.drive_for_backoff(MODEL, 8.0), 8192)


def test_stages_are_the_impairments_in_their_order():
    x, before, after = samples(), turns(), turns(seed=3)
    k = iq_imbalance.imbalance_for_rejection(25.0)
    step = converters.optimal_step(6) * np.sqrt(0.5)
    done = front_end(x, turn_in=before, step=step, bits=6, mix=mixing(*k), gain=table(), turn_out=after)
    y = converters.quantise(x * before[:, None], 6, np.sqrt(0.5))
    y = power_amplifier.amplify_normalised(iq_imbalance.imbalanced(y, *k), MODEL, 8.0) * after[:, None]
    # a sample at the very edge of a level or of a table's entry may fall to the other side
    assert np.mean(np.abs(done.samples - y) > 1e-4) < 2e-3
    assert np.allclose(done.power, np.mean(np.abs(done.samples) ** 2, axis=-1), rtol=1e-5)
    assert np.allclose(done.pseudo_variance, np.mean(done.samples.astype(complex) ** 2, axis=-1), atol=1e-5)


@pytest.mark.skipif(not kernels.available(), reason="no C++ kernels")
@pytest.mark.parametrize("n", [1, 255, 256, 1000])
def test_kernel_and_twin_agree_on_every_instruction_set(n):
    import silla_kernels

    x, before, after = samples(n), turns(n), turns(n, 3)
    steps = np.full((2, 3), 0.1, np.float32) * np.arange(1, 7, dtype=np.float32).reshape(2, 3)
    mix = np.broadcast_to(mixing(1.0 + 0.1j, 0.05 - 0.02j), (2, 3, 4)).copy()
    gain, scale = table()
    twin, moments = front_end_numpy(x, before, steps, 16.0, mix, gain, scale, after)
    used = silla_kernels.isa()
    try:
        for isa in silla_kernels.supported():
            silla_kernels.set_isa(isa)
            out = front_end(x, turn_in=before, step=steps, bits=5, mix=mix, gain=(gain, scale), turn_out=after)
            assert np.mean(np.abs(out.samples - twin) > 1e-4) <= 5e-3
            assert np.allclose(out.power * n, moments[..., 0], rtol=2e-2)
            plain = front_end(x, mix=mix)
            assert np.allclose(plain.samples, front_end_numpy(x, None, None, 0.0, mix, None, 1.0, None)[0], atol=1e-6)
    finally:
        silla_kernels.set_isa(used)


def test_refuses_shapes_that_do_not_fit():
    x = samples(16)
    with pytest.raises(ArgumentError, match="shape"):
        front_end(x[0])
    with pytest.raises(ArgumentError, match="rotation"):
        front_end(x, turn_in=turns(15))
    with pytest.raises(ArgumentError, match="quantiser"):
        front_end(x, bits=4)
