"""Oracles: the channel per resource element where it holds, Clarke's closed form of intercarrier interference."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.radio.link import simulate as sim
from silla.physics.radio.link.channels import PathChannel
from silla.physics.radio.link.channels_noise import propagate
from silla.physics.radio.link.dmrs import Dmrs
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.ofdm import Numerology, modulate, phase_compensation
from silla.physics.radio.link.pusch import PuschConfig


def _grids(channel: sim.LinkChannel, n: int = 2, numerology: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A full slot of QPSK received without noise, in time and in frequency."""
    user = PuschConfig(Carrier(n_prb=24, numerology=numerology), mcs_index=5)
    config, rng = sim.LinkConfig((user,), channel, n_rx=2, domain="time"), np.random.default_rng(1)
    h, _, paths = sim._response(config, n, rng)
    quarter = rng.integers(0, 4, (n, 1, 14, 288))
    grid = np.exp(0.5j * np.pi * (quarter + 0.5)).astype(np.complex64)
    return sim._through_time(config, [grid], paths, 0.0, rng), propagate(grid, h[0], 0.0, rng=rng)


def _error_db(got: np.ndarray, want: np.ndarray) -> float:
    return float(10 * np.log10((np.abs(got - want) ** 2).mean() / (np.abs(want) ** 2).mean()))


def test_within_the_prefix_both_domains_agree():
    assert _error_db(*_grids(sim.LinkChannel("tdl", "A", delay_spread_s=100e-9))) < -50.0


def test_fast_fading_interferes_as_clarke_says():
    """(pi f / scs)^2 / 6 of the power is intercarrier interference; the mean over the symbol differs little."""
    ratio = 0.05
    got, want = _grids(sim.LinkChannel("rayleigh", doppler_hz=ratio * 30e3), n=20)
    expected = 10 * np.log10((np.pi * ratio) ** 2 / 6)
    assert _error_db(got, want) == pytest.approx(expected, abs=1.0)


def test_what_frequency_refuses_time_counts():
    user = PuschConfig(Carrier(n_prb=24, numerology=2), mcs_index=16)
    channel = sim.LinkChannel("tdl", "A", delay_spread_s=500e-9)
    with pytest.raises(DomainError, match="cyclic prefix"):
        sim.simulate_slots(sim.LinkConfig((user,), channel, estimation="perfect"), 30.0, 2, np.random.default_rng(2))
    config = sim.LinkConfig((user,), channel, estimation="perfect", domain="time")
    short = sim.LinkConfig(
        (user,), sim.LinkChannel("tdl", "A", delay_spread_s=50e-9), estimation="perfect", domain="time"
    )
    broken, whole = (sim.simulate_slots(c, 30.0, 4, np.random.default_rng(2)) for c in (config, short))
    assert whole.block_errors == 0
    assert whole.coded_bit_errors < broken.coded_bit_errors


def test_unmodelled_mixtures_are_refused():
    users = tuple(PuschConfig(Carrier(n_prb=24), mcs_index=m, dmrs=Dmrs(ports=(p,))) for m, p in ((5, 0), (20, 1)))
    flat = sim.LinkChannel("rayleigh")
    for receiver in ("k-best", "ep"):
        with pytest.raises(ArgumentError, match="one modulation"):
            sim.LinkConfig(users, flat, receiver=receiver)
    with pytest.raises(ArgumentError, match="domain"):
        sim.LinkConfig(users[:1], flat, domain="wavelet")
    with pytest.raises(ArgumentError, match="sir_db"):
        sim.LinkConfig(users[:1], flat, domain="time", sir_db=3.0)


@pytest.mark.parametrize(("mu", "slot"), [(0, 0), (1, 1), (2, 6)])
def test_compensated_symbols_start_the_carrier_at_phase_zero(mu, slot):
    """Clause 5.4 by the letter: a symbol of constant 1 (one subcarrier at 0 Hz) times the running carrier."""
    numerology, f0 = Numerology(mu, 1), 3.123456e9
    grid = np.zeros((14, 12), np.complex64)
    grid[:, 6] = np.sqrt(numerology.size)
    samples = modulate(grid * phase_compensation(numerology, f0, slot=slot)[:, None], numerology, slot=slot)
    before = sum(numerology.slot_samples(s) for s in range(slot % numerology.slots_per_subframe))
    starts = numerology.symbol_starts(slot)
    turns = f0 * (before + starts) / numerology.sample_rate_hz
    carrier = np.exp(2j * np.pi * (turns % 1.0))
    assert np.allclose(samples[starts] * carrier, 1.0, atol=1e-3)


def test_paths_keep_the_ports_of_their_user():
    config = sim.LinkConfig((PuschConfig(Carrier(n_prb=24)),), sim.LinkChannel("rayleigh"))
    by_port, _, paths = sim._response(config, 3, np.random.default_rng(0))
    assert isinstance(paths[0], PathChannel)
    assert paths[0].n_tx == by_port[0].shape[2] == 1
