"""Network problems inside a run. Oracles: enumeration, the same users before and after, the rules of honesty."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.engine.scenarios import HEX, loaded_of, world_of

import silla
from silla.base.errors import ArgumentError, ScenarioError
from silla.engine.plan import plan_run
from silla.engine.problems import build
from silla.engine.solve import Question, check_question, compared, solve
from silla.engine.tasks import run_task
from silla.report import build as build_report

SLEEP = (
    "solve=[{id: 절전, title: 밤의 절전, problem: site-selection, solvers: [annealing, tabu, qaoa], cpu_s: 0.4, "
    "seeds: 2, trials: 2}]"
)


def question(problem="site-selection", solvers=("annealing", "tabu", "qaoa"), cpu_s=0.4, **options):
    return Question("q", "", problem, tuple(sorted(options.items())), solvers, cpu_s, 2, 2)


def test_the_best_row_is_the_optimum_and_every_solver_reports_all_its_time():
    world = world_of(HEX)
    record = solve(world, question())
    qubo = build(world, "site-selection").instance.qubo
    states = (np.arange(2**qubo.n)[:, None] >> np.arange(qubo.n)) & 1
    assert np.nanmin(record["best"]) == pytest.approx(qubo.energy(states).min())
    assert set(record["solver"][record["quantum"]]) == {"qaoa"} and (~record["quantum"]).sum() >= 3
    assert (record["wall_s"] >= record["time_run"] - 1e-3).all() and (record["cpu_s"] > 0).all()
    assert (record["low"] <= record["mean"] + 1e-12).all() and (record["best"] <= record["mean"] + 1e-9).all()


def test_before_and_after_see_the_same_users_and_other_ones_in_every_trial():
    world = world_of(HEX)
    record = solve(world, question(solvers=("annealing",), cpu_s=0.05))
    assert record["before"].shape == record["after"].shape == (2, len(record["figure"]))
    watts = list(record["figure"]).index("power_w")
    assert (record["after"][:, watts] <= record["before"][:, watts]).all()
    rate = list(record["figure"]).index("throughput_mean_mbps")
    assert record["before"][0, rate] != record["before"][1, rate]


def test_a_quantum_result_is_not_shown_without_three_classical_ones(monkeypatch):
    problem = build(world_of(HEX), "site-selection").instance
    monkeypatch.setattr(type(problem), "rivals", lambda self: {})
    _, refused = compared(problem, ("annealing", "qaoa"), 0.02, [1])
    assert "3 strong classical baselines" in refused
    _, shown = compared(problem, ("annealing", "tabu", "tempering", "qaoa"), 0.02, [1])
    assert shown == ""


def test_a_problem_too_large_for_the_simulator_is_a_failure_and_not_another_solvers_result():
    record = solve(world_of(HEX), question("cell-sleep", ("annealing", "grover"), 0.01, max_load=1.0))
    assert record["size"][0] > 10
    row = list(record["solver"]).index("grover")
    assert np.isnan(record["best"][row]) and "qubits" in record["failure"][row]


def test_faults_are_told():
    with pytest.raises(ArgumentError, match="no problem is called"):
        check_question(question("nothing"))
    with pytest.raises(ScenarioError, match=r"solve\[0\].options: .*has no option 'colour'"):
        plan_run(loaded_of(HEX, "solve=[{problem: pci, options: {colour: 3}}]"))
    with pytest.raises(ScenarioError, match="no variant has the id '7g'"):
        loaded_of(HEX, "solve=[{problem: pci, variants: [7g]}]")
    with pytest.raises(ScenarioError, match="annealing"):
        loaded_of(HEX, "solve=[{problem: pci, solvers: [d-wave]}]")


def test_a_question_is_a_task_of_the_run():
    plan = plan_run(loaded_of(HEX, SLEEP))
    (task,) = plan.solve.values()
    assert task in plan.tasks() and task.kind == "solve"
    record = run_task(task, plan.worlds)
    assert str(record["winner"]) in record["solver"]


def test_run_and_report_carry_the_tables(tmp_path):
    results = silla.run(loaded_of(HEX, SLEEP, "snapshot.drops=2", "map.step_m=400"), tmp_path / "out", jobs=1)
    solvers, effect = results.table("solve"), results.table("solve_effect")
    assert solvers["title"][0] == "밤의 절전" and solvers.filter(pl.col("chosen") == "yes").height == 1
    change = effect.filter(pl.col("figure") == "power_w").row(0, named=True)
    assert change["change"] == pytest.approx(change["after"] - change["before"]) and change["n"] == 2
    page = build_report(tmp_path / "out").read_text("utf-8")
    assert "밤의 절전" in page and "Network problems as qubits" in page and "quantum, simulated" in page
