"""Sources and gates. Oracles: moments, sums over photon numbers, sampled arrival times, published limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from silla.base.errors import DomainError
from silla.base.rng import stream
from silla.physics.quantum import sources
from silla.physics.quantum.bounds import bb84_rate
from silla.physics.quantum.decoy_bb84 import best_intensity, key_rate
from silla.physics.quantum.detectors import DETECTORS, gated_share

LINK: dict[str, Any] = {"y0": 1e-7, "misalignment": 0.01}


@given(st.floats(0.01, 1.5))
def test_distributions_have_their_moments(mean):
    n = np.arange(61)
    for p, g2 in ((sources.laser(mean), 1.0), (sources.pairs(min(mean, 0.5)), 2.0)):
        assert p.sum() == pytest.approx(1.0, abs=1e-9) and p.min() >= 0.0
        assert sources.correlation(p) == pytest.approx(g2, rel=1e-6)
    assert (n * sources.laser(mean)).sum() == pytest.approx(mean, rel=1e-9)


@given(st.floats(0.01, 0.9), st.floats(0.0, 0.5))
def test_an_emitter_has_the_mean_and_correlation_asked_for(mean, g2):
    p = sources.emitter(mean, g2)
    assert p.sum() == pytest.approx(1.0) and (np.arange(3) * p).sum() == pytest.approx(mean)
    assert sources.correlation(p) == pytest.approx(g2, abs=1e-9)


def test_heralding_purifies():
    """Weak pumping: g2 of the heralded arm falls to about 4 mu, for thermal pairs and an inefficient herald."""
    p, click = sources.heralded(sources.pairs(0.01), 0.3)
    assert click == pytest.approx(0.01 * 0.3, rel=0.02)
    assert p[0] == 0.0 and sources.correlation(p) == pytest.approx(4 * 0.01, rel=0.2)
    dark, _ = sources.heralded(sources.pairs(0.01), 0.3, dark=1e-3)
    assert dark[0] > 0.2  # false heralds of empty pulses


def test_emitter_rate_against_limits_and_rivals():
    ideal = sources.emitter_key_rate(0.1, mean=1.0, g2=0.0, error_correction=1.0, sifting=1.0, **LINK)
    assert ideal.rate == pytest.approx(ideal.gain * bb84_rate(ideal.qber), rel=1e-9)
    # laser-like statistics without decoys end early: the reach of g2 = 1 is far below that of g2 = 0.01
    eta = 10.0 ** -np.arange(0.5, 6.0, 0.05)
    reach = [eta[sources.emitter_key_rate(eta, mean=0.1, g2=g, **LINK).rate > 0].min() for g in (1.0, 0.1, 0.01)]
    assert reach[0] > 5 * reach[1] > 25 * reach[2]
    # a bright emitter passes decoy states at short range: mean 0.57 against the best laser pulse
    one = sources.EMITTERS["quantum-dot"]
    emitted = sources.emitter_key_rate(0.1, mean=one.mean, g2=one.g2, **LINK).rate
    assert emitted > key_rate(0.1, mu=best_intensity(0.1, **LINK), error_correction=1.16, **LINK).rate


def test_gates_by_sampling():
    rng = stream(11, "test", "gates")
    for name in ("snspd", "silicon"):
        jitter, pulse, gate = DETECTORS[name].jitter_s, 100e-12, 300e-12
        times = rng.normal(0, jitter / 2.3548, 200_000) + rng.normal(0, pulse / 2.3548, 200_000)
        expected = np.mean(np.abs(times) < gate / 2)
        assert gated_share(gate, jitter, pulse) == pytest.approx(expected, abs=4e-3)
    assert gated_share(1e-9, 0.0) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sources.emitter(0.5, 1.5), "g2"),
        (lambda: sources.emitter(1.5, 0.0), "mean"),
        (lambda: sources.correlation([1.0, 0.0]), "emits nothing"),
        (lambda: sources.heralded(sources.pairs(0.1), 0.0), "efficiency"),
        (lambda: sources.emitter_key_rate(0.1, mean=0.5, g2=2.0, **LINK), "g2"),
        (lambda: gated_share(0.0, 1e-10), "gate_s"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(DomainError, match=message):
        call()
