"""Resource estimates. Oracles: published worked examples (Litinski 2019, Gidney-Ekera 2019), Stim, closed forms."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from silla.base.errors import ArgumentError, DomainError
from silla.physics.qubits.resources import COST_MODELS, MACHINES, PRESETS, Machine, Program, estimate, spread
from silla.physics.qubits.resources.anneal import anneal, chain_length
from silla.physics.qubits.resources.clocks import CLOCKS, clock
from silla.physics.qubits.resources.codes import check_distance, distance_for, logical_error_rate, memory_experiment
from silla.physics.qubits.resources.crossover import crossing, fit_growth
from silla.physics.qubits.resources.programs import aes_search, ecc_2026, grover_qubo, qaoa, rsa_2019, rsa_2025

FAST = MACHINES["superconducting"]


def test_litinski_s_worked_example():
    """100 qubits, 1e8 T gates, error 1e-4: 55,000 qubits in 4 hours, or 120,000 in 22 minutes (arXiv:1808.02892)."""
    program = Program("example", 100, 0.0, 1e8, 1e8, "arXiv:1808.02892", "published")
    good = replace(FAST, gate_error=1e-4)
    slow = estimate(program, good, "litinski-2019-compact", budget=0.01)
    quick = estimate(program, good, "litinski-2019-fast", budget=0.01)
    assert (slow.distance, quick.distance, quick.factories) == (13, 13, 11)
    assert slow.physical_qubits == pytest.approx(55_000, rel=0.02) and slow.run_s / 3600 == pytest.approx(4, rel=0.02)
    assert quick.physical_qubits == pytest.approx(120_000, rel=0.02) and quick.run_s / 60 == pytest.approx(22, rel=0.02)


def test_published_attacks_are_met():
    first = estimate(rsa_2019(), FAST, factories=28)
    assert first.distance == 27 and 0.5 < first.physical_qubits / 20e6 < 2 and 0.5 < first.expected_s / 28800 < 2
    second = estimate(rsa_2025(), FAST)
    assert 0.5 < second.physical_qubits / 1e6 < 2 and 0.5 < second.expected_s / 604800 < 2
    curve = estimate(ecc_2026(), FAST)
    assert curve.physical_qubits == pytest.approx(500e3, rel=0.1) and curve.online_s == pytest.approx(540, rel=0.1)


def test_larger_keys_and_worse_gates_take_more():
    sizes = [estimate(rsa_2019(n), FAST).physical_qubits for n in (1024, 2048, 3072, 4096)]
    assert sizes == sorted(sizes)
    gates = [estimate(rsa_2019(), replace(FAST, gate_error=p)).distance for p in (1e-4, 5e-4, 1e-3)]
    assert gates == sorted(gates)
    few, many = (estimate(rsa_2019(), FAST, factories=k) for k in (1, 100))
    assert few.run_s > many.run_s and few.limited_by == "factories" and many.limited_by == "steps"
    tight = estimate(rsa_2019(), FAST, budget=0.001)
    assert tight.distance > estimate(rsa_2019(), FAST).distance and tight.failure < 0.003


def test_the_storage_budget_holds():
    for e in spread(rsa_2019(), FAST):
        if e.model != "babbush-2026":
            assert e.failure <= 1 - math.exp(-0.5)
            assert e.expected_s == pytest.approx(e.run_s / (1 - e.failure), rel=1e-9)


def test_the_distance_is_the_least_one():
    for target in (1e-6, 3e-9, 1e-15):
        d = distance_for(1e-3, target)
        assert logical_error_rate(1e-3, d) <= target < logical_error_rate(1e-3, d - 2)


def test_simulation_confirms_the_distance():
    found = check_distance(2e-3, 1e-12, (3, 5), 60_000, seed=3)
    assert abs(found.distance_formula - found.distance_simulated) <= 4
    assert found.memories[0].low < found.memories[0].rate < found.memories[0].high
    again = memory_experiment(2e-3, 3, 20_000, 6)
    assert again == memory_experiment(2e-3, 3, 20_000, 6)


def test_grover_s_iterations_grow_with_the_root():
    small, large = grover_qubo(20, 190, 16), grover_qubo(40, 190, 16, 20)
    assert large.toffoli / small.toffoli == pytest.approx(2.0**10, rel=0.01)
    assert grover_qubo(20, 190, 16, certain=True).toffoli / small.toffoli == pytest.approx(22.5 / (math.pi / 4))


def test_qaoa_counts():
    p = qaoa(10, 45, 9, 2, 100)
    rotations = 2 * (45 + 10 + 10)
    assert p.t_states == pytest.approx(rotations * 3 * math.log2(rotations / 0.01))
    assert p.depth == pytest.approx(2 * 12 * 3 * math.log2(rotations / 0.01)) and p.runs == 100
    once, often = (estimate(qaoa(10, 45, 9, 2, r), FAST).expected_s for r in (1, 100))
    assert often == pytest.approx(100 * once)


def test_an_annealer():
    assert chain_length(100, 5, 20) == 1 and chain_length(160, 159, 20) == 11
    e = anneal(160, 159, MACHINES["annealer"], 1000)
    assert e.physical_qubits == 1760 and e.run_s == pytest.approx(0.01 + 1000 * 120e-6) and e.fits
    assert not anneal(500, 499, MACHINES["annealer"]).fits


def test_clocks():
    assert clock("resource-element").seconds == pytest.approx(10.9e-9, rel=0.01)
    assert [c.seconds for c in CLOCKS.values()] == sorted(c.seconds for c in CLOCKS.values())


def test_a_key_search_takes_longer_than_the_universe():
    assert estimate(aes_search(128), FAST).run_s > 4.3e17 / 2
    with pytest.raises(ArgumentError, match="128, 192 or 256"):
        aes_search(64)


def test_growth_and_crossing_of_known_laws():
    sizes = [5, 10, 15, 20, 25, 30]
    law, other = fit_growth(sizes, [1e-6 * 2.0**n for n in sizes])
    assert law.law == "exponential" and law.b == pytest.approx(1.0) and other.law == "power"
    at = crossing(law, lambda n: n / 2)  # 2^(n/2) s against 1e-6 2^n s: n = 2 log2(1e6) = 39.86
    assert at.size == 40 and at.extrapolated and (at.earliest, at.latest) == (40, 40)
    power, _ = fit_growth(sizes, [1e-6 * n**2.0 for n in sizes])
    assert power.law == "power" and crossing(power, lambda n: n / 2, 1000).size is None
    assert crossing(law, lambda n: -30.0, 1000).extrapolated is False


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: replace(FAST, gate_error=0.02), ArgumentError),
        (lambda: replace(FAST, cycle_s=0.0), ArgumentError),
        (lambda: replace(FAST, power_w=float("nan")), ArgumentError),
        (lambda: Machine("x", "dial-up", 1e-3, 1, 1, 1, 1, 4, 1, 1, 1, "", "declared"), ArgumentError),
        (lambda: estimate(rsa_2019(), MACHINES["annealer"]), ArgumentError),
        (lambda: estimate(rsa_2019(), FAST, "astrology"), ArgumentError),
        (lambda: estimate(rsa_2019(), FAST, budget=1.0), ArgumentError),
        (lambda: estimate(rsa_2019(), FAST, factories=0), ArgumentError),
        (lambda: estimate(rsa_2019(), replace(FAST, gate_error=5e-3)), ArgumentError),
        (lambda: rsa_2019(100), ArgumentError),
        (lambda: grover_qubo(5000, 3, 3), ArgumentError),
        (lambda: qaoa(4, 7, 3, 1, 1), ArgumentError),
        (lambda: qaoa(4, 6, 3, 0, 1), ArgumentError),
        (lambda: anneal(4, 3, FAST), ArgumentError),
        (lambda: anneal(4, 3, MACHINES["annealer"], 0), ArgumentError),
        (lambda: clock("dawn"), ArgumentError),
        (lambda: fit_growth([1, 2, 3], [1, 2, 3]), ArgumentError),
        (lambda: fit_growth([1, 2, 3, 4], [1, 2, 3, 0]), ArgumentError),
        (lambda: memory_experiment(1e-3, 4, 1000, 1), ArgumentError),
        (lambda: check_distance(1e-3, 1e-12, (3, 5), 1000), ArgumentError),
        (lambda: logical_error_rate(0.02, 3), DomainError),
        (lambda: distance_for(1e-3, 0.0), ArgumentError),
    ],
)
def test_bad_input(make, error):
    with pytest.raises(error):
        make()


def test_every_preset_and_model_states_its_standing():
    assert {p.standing for p in PRESETS.values()} <= {"published", "preprint"}
    assert all(m.source and m.standing for m in (*COST_MODELS.values(), *MACHINES.values()))
