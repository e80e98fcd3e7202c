"""Years in which primitives fall. Oracles: the closed form of the lognormal case, Mosca's inequality, monotonicity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.qubits.threat import GROWTHS, PRIMITIVES, ROADMAP, ROUTES, Growth, broken_years, expose
from silla.physics.qubits.threat.evidence import routes_of
from silla.physics.qubits.threat.years import chance, closed_form_year, route_years

PLAIN = Growth("superconducting", 2025.0, 128, 1e-3, (1.5, 0.3), None, None, "test")
ROUTE = replace(routes_of("rsa-2048")[0], qubits=128 * 2**12, floor=1.0)


def test_the_lognormal_case_has_a_closed_form():
    years = route_years(ROUTE, PLAIN, stream(1, "t"), 20_000)
    law = stats.lognorm(s=0.3, scale=12 * 1.5, loc=2025.0)
    # one false alarm in a thousand seeds
    assert stats.kstest(years, law.cdf).pvalue > 1e-3
    for p in (0.05, 0.5, 0.95):
        assert closed_form_year(ROUTE, PLAIN, p) == pytest.approx(law.ppf(p))


def test_falling_need_shares_the_way():
    """12 doublings apart, machines double in 1.5 years and the need halves in 3: 12 / (1/1.5 + 1/3) years."""
    growth = replace(PLAIN, doubling=(1.5, 0.0), halving_need=(3.0, 0.0))
    route = replace(ROUTE, year=2025.0)
    assert route_years(route, growth, stream(1, "t"), 100) == pytest.approx(2025 + 12 / (1 / 1.5 + 1 / 3))
    floor = replace(route, floor=128 * 2.0**11)  # machines must come this far by themselves
    assert route_years(floor, growth, stream(1, "t"), 100) == pytest.approx(2025 + 11 * 1.5)


def test_gates_must_be_good_enough_too():
    slow = replace(PLAIN, doubling=(0.1, 0.0), gate_error=8e-3, halving_error=(4.0, 0.0))
    route = replace(ROUTE, gate_error=1e-3)
    assert route_years(route, slow, stream(1, "t"), 100) == pytest.approx(2025 + 4 * 3)
    assert np.isinf(route_years(route, replace(slow, halving_error=None), stream(1, "t"), 100)).all()


def test_an_attack_is_not_used_before_it_is_known():
    early = replace(PLAIN, qubits=1e9)
    assert (route_years(replace(ROUTE, year=2031.0), early, stream(1, "t"), 100) == 2031.0).all()


def test_what_needs_more_falls_later_in_every_future():
    assert (broken_years("p-256", n=2000) <= broken_years("p-384", n=2000)).all()
    assert (broken_years("rsa-2048", n=2000) <= broken_years("rsa-3072", n=2000)).all()
    by = [broken_years("p-256", n=2000, standing=s) for s in ("published", "preprint", "vendor")]
    assert np.median(by[0]) >= np.median(by[1]) >= np.median(by[2])


def test_ciphers_and_lattices_do_not_fall():
    for name in ("aes-128", "aes-256", "ml-kem-768", "ml-dsa-65"):
        assert np.isinf(broken_years(name, n=100)).all()


def test_seeds_repeat():
    assert (broken_years("p-256", n=500, seed=7) == broken_years("p-256", n=500, seed=7)).all()
    assert (broken_years("p-256", n=500, seed=7) != broken_years("p-256", n=500, seed=8)).any()


def test_mosca():
    certain = np.full(1000, 2035.0)
    for x, y in ((1.0, 2.0), (5.0, 3.0), (6.0, 4.0), (12.0, 5.0)):
        e = expose(certain, now=2026.0, lifetime=x, migration=y, confidentiality=True)
        assert (e.at_end[0] == 1.0) == (2026.0 + x + y >= 2035.0)
        assert e.latest_start == 2035.0 - x - y and e.late_by == max(0.0, 2026.0 - e.latest_start)
    signature = expose(certain, now=2026.0, lifetime=12.0, migration=5.0, confidentiality=False)
    assert signature.now[0] == 0.0 and signature.latest_start == 2030.0
    never = expose(np.full(1000, np.inf), now=2026.0, lifetime=50.0, migration=9.0, confidentiality=True)
    assert never.at_end[0] == 0.0 and np.isinf(never.latest_start) and never.late_by == 0.0


def test_intervals_are_exact_binomial():
    years = np.r_[np.full(3, 2030.0), np.full(97, 2050.0)]
    p, low, high = chance(years, 2040.0)
    exact = stats.binomtest(3, 100).proportion_ci(0.95, "exact")
    assert (p, low, high) == pytest.approx((0.03, exact.low, exact.high))


def test_evidence_states_its_standing():
    assert {r.standing for r in ROUTES} == {"published", "preprint", "vendor"}
    assert all(r.source and r.qubits > r.floor for r in ROUTES)
    assert all(m.standing in ("published", "preprint", "vendor") for m in ROADMAP)
    assert all(g.source for g in GROWTHS.values()) and all(p.note for p in PRIMITIVES.values())


@pytest.mark.parametrize(
    "make",
    [
        lambda: broken_years("rot13"),
        lambda: broken_years("p-256", n=10),
        lambda: broken_years("p-256", standing="rumour"),
        lambda: replace(PLAIN, doubling=(0.0, 0.1)),
        lambda: replace(PLAIN, doubling=(1.0, -0.1)),
        lambda: replace(PLAIN, qubits=0),
        lambda: expose(np.ones(10), now=2026, lifetime=-1, migration=0, confidentiality=True),
        lambda: expose(np.ones(10), now=2026, lifetime=1, migration=0, confidentiality=True, risk=1.0),
    ],
)
def test_bad_input(make):
    with pytest.raises(ArgumentError):
        make()
