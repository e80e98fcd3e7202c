"""Network problems. Oracles: enumeration of every state of small instances against every solution of the domain."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DataFileError, RunError
from silla.physics.qubits.compare import compare
from silla.physics.qubits.problems import (
    Association,
    CellSleep,
    Colouring,
    Cover,
    KeyFlows,
    MimoDetection,
    Scheduling,
    SiteSelection,
    SurfaceLinks,
    TrackingAreas,
    contenders,
    load,
    save,
)
from silla.physics.qubits.problems.colouring import clique, confusion_edges, dsatur
from silla.physics.qubits.problems.mimo import draw_uses
from silla.physics.qubits.solvers import Exhaustive


def colouring(rng):
    return Colouring(4, [[0, 1], [1, 2], [2, 3]], 4, [[0, 2], [0, 3], [1, 3]], rng.random(3), 2)


def association(rng):
    share = rng.uniform(0.05, 0.5, (5, 3))
    share[0, 1] = np.inf
    return Association(share, np.argsort(rng.random((5, 4)), axis=1)[:, :3], 4, rng.uniform(0, 0.3, 4))


def areas(rng):
    return TrackingAreas(rng.random((5, 5)), rng.random(5), 3, 0.3)


def cover(rng):
    serves = rng.random((7, 5)) < 0.5
    serves[:, 0] |= ~serves.any(axis=1)
    weight = rng.random(7)
    weight[:3] = np.inf
    return CellSleep(rng.random(5), serves, weight)


def scheduling(rng):
    return Scheduling(rng.random(7), np.argwhere(np.triu(rng.random((7, 7)) < 0.4, 1)))


def flows(rng):
    edges = [[0, 1], [1, 2], [0, 2], [2, 3]]
    return KeyFlows(edges, [2, 1, 1, 2], [[0, 2, 2], [1, 3, 1], [0, 3, 1]], rng.uniform(0.5, 2, 3), 2)


def surface(rng):
    g = rng.normal(size=(2, 8)) + 1j * rng.normal(size=(2, 8))
    return SurfaceLinks(g, rng.normal(size=2) + 0j, rng.random(2))


def mimo(rng):
    h, y, _, noise = draw_uses(rng, 1, 3, 2, "16qam", 12.0)
    return MimoDetection(h[0], y[0], "16qam", noise)


BUILDERS = {f.__name__: f for f in (colouring, association, areas, cover, scheduling, flows, surface, mimo)}


def every_solution(p):
    """All feasible solutions of the domain."""
    if hasattr(p, "n_labels"):
        found = product(range(p.n_labels), repeat=p.n_items)
    elif isinstance(p, Cover | Scheduling):
        found = product((0, 1), repeat=p.n)
    elif isinstance(p, KeyFlows):
        found = product(*[range(int(d[2]) + 1) for d in p.demand for _ in range(p.n_paths)])
    elif isinstance(p, SurfaceLinks):
        found = product((-1, 1), repeat=p.cascaded.shape[1])
    else:
        found = product(range(4), repeat=p.use.n_real)
    return [a for a in map(p.answer, map(np.array, found)) if a.feasible]


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("seed", range(4))
def test_the_minimum_of_the_qubo_is_the_best_solution(name, seed):
    p = BUILDERS[name](np.random.default_rng(seed))
    best = min(a.objective for a in every_solution(p))
    found = Exhaustive().sample(p.qubo)
    answer = p.decode(found.best[0])
    assert answer.feasible and not answer.repaired
    assert found.best[1] == pytest.approx(best)
    assert answer.objective == pytest.approx(best)
    assert p.ising.n == p.qubo.n


@pytest.mark.parametrize("name", BUILDERS)
def test_every_state_decodes_to_a_solution_and_none_is_below_the_optimum(name):
    rng = np.random.default_rng(7)
    p = BUILDERS[name](rng)
    best = min(a.objective for a in every_solution(p))
    states = rng.integers(0, 2, (300, p.qubo.n))
    energies = p.qubo.energy(states)
    assert (energies >= best - 1e-9).all()
    for x, e in zip(states, energies):
        answer = p.decode(x)
        assert answer.feasible or name == "colouring"
        assert answer.objective >= best - 1e-9 or not answer.feasible
        assert answer.objective == pytest.approx(p.objective(answer.solution))
        if not answer.repaired and answer.feasible and name not in ("cover", "flows"):
            assert answer.objective == pytest.approx(e)


@pytest.mark.parametrize("name", BUILDERS)
def test_exact_rivals_are_exact_and_others_feasible(name):
    pytest.importorskip("ortools")
    p = BUILDERS[name](np.random.default_rng(3))
    best = min(a.objective for a in every_solution(p))
    exact = {"surface": None}.get(name, next(iter(p.rivals())))
    for rival, run in p.rivals().items():
        answer = run(0.05, 1)
        assert answer.objective >= best - 1e-6 or not answer.feasible
        if rival == exact:
            assert answer.note == "optimal" and answer.objective == pytest.approx(best, abs=1e-6)
        if "search" in rival or "descent" in rival:
            assert answer.feasible and answer.objective <= best + 0.2 * abs(best) + 1e-9


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_files_keep_every_energy(name, suffix, tmp_path):
    p = BUILDERS[name](np.random.default_rng(3))
    save(tmp_path / f"문제.{suffix}", p)
    back = load(tmp_path / f"문제.{suffix}")
    assert type(back) is type(p)
    x = np.random.default_rng(1).integers(0, 2, (50, p.qubo.n))
    assert back.qubo.energy(x) == pytest.approx(p.qubo.energy(x), rel=1e-12)


def test_one_link_of_a_surface_is_solved_by_the_sweep():
    rng = np.random.default_rng(1)
    p = SurfaceLinks(rng.normal(size=(1, 10)) + 1j * rng.normal(size=(1, 10)), 0.3)
    answer = p.rivals()["sweep"](1.0, 1)
    assert answer.note == "optimal"
    assert answer.objective == pytest.approx(min(a.objective for a in every_solution(p)))


def test_contenders_compare_by_the_decoded_objective():
    pytest.importorskip("ortools")
    p = scheduling(np.random.default_rng(5))
    c = compare(p, contenders(p, ["annealing", "tabu"]), 0.03, [1, 2])
    best = min(a.objective for a in every_solution(p))
    assert {r.solver for r in c.rows} == {"annealing", "tabu", "highs-exact", "greedy-degree", "local-search"}
    assert c.row("annealing").best == pytest.approx(best)
    assert c.row("highs-exact").best == pytest.approx(best) and c.row("highs-exact").status == "optimal"
    with pytest.raises(ArgumentError, match="no rival"):
        contenders(p, [], ["magic"])
    with pytest.raises(ArgumentError, match="no solver"):
        contenders(p, ["magic"])


def test_colouring_rivals_on_known_graphs():
    """Myciel's graph of 11 vertices needs 4 colours and has no triangle; a cycle of five needs 3."""
    cycle = [(i, (i + 1) % 5) for i in range(5)]
    grotzsch = cycle + [(i, 5 + (i + d) % 5) for i in range(5) for d in (1, 4)] + [(10, 5 + i) for i in range(5)]
    assert dsatur(5, cycle).max() + 1 == 3
    colours = dsatur(11, grotzsch)
    assert all(colours[a] != colours[b] for a, b in grotzsch) and colours.max() + 1 == 4
    assert len(clique(11, grotzsch)) == 2
    pytest.importorskip("ortools")
    with pytest.raises(RunError, match="proven"):
        Colouring(11, grotzsch, 3).exact(5.0, 1)
    assert Colouring(11, grotzsch, 4).exact(5.0, 1).feasible
    assert len(confusion_edges(cycle, 5)) == 5


def test_an_infeasible_colouring_names_its_clique():
    k4 = [(i, j) for i in range(4) for j in range(i)]
    with pytest.raises(ArgumentError, match="vertices 0, 1, 2, 3 are a clique of 4"):
        Colouring(6, [*k4, (4, 5)], 3)


def test_disconnected_lonely_and_single_items():
    assert Exhaustive().sample(Colouring(1, [], 1).qubo).best[1] == 0.0
    assert Colouring(3, [[0, 1]], 2).rivals()["dsatur"](0.1, 1).feasible
    assert Scheduling([2.0], []).decode([1]).objective == -2.0
    assert Scheduling([1.0, 2.0], []).exact(1.0, 1).objective == -3.0
    assert Cover([1.0], np.ones((1, 1), bool), [np.inf]).decode([1]).repaired
    assert Cover([1.0, 2.0], np.zeros((0, 2), bool), []).exact(1.0, 1).objective == 0.0
    unjoined = KeyFlows([[0, 1]], [5], [[0, 1, 2], [0, 7, 1]], [1.0, 1.0])
    assert unjoined.exact(1.0, 1).objective == -2.0 and unjoined.rivals()["greedy-paths"](1.0, 1).objective == -2.0


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Colouring(0, [], 3), "one vertex"),
        (lambda: Colouring(2, [[0, 0]], 3), "with itself"),
        (lambda: Colouring(2, [[0, 5]], 3), "outside"),
        (lambda: Colouring(2, [], 3, [[0, 1]], [np.nan]), "soft_weight"),
        (lambda: Association([[np.inf]], [[0]], 1), "finite share"),
        (lambda: Association([[0.1]], [[3]], 1), "outside"),
        (lambda: TrackingAreas(np.zeros((2, 3)), np.zeros(2), 1), "moves must be"),
        (lambda: SiteSelection([1.0], np.zeros((1, 1), bool), [np.inf]), "no facility serves it"),
        (lambda: Cover([np.nan], np.ones((1, 1), bool), [1.0]), "finite"),
        (lambda: Scheduling([], []), "weights"),
        (lambda: Scheduling([np.nan], []), "weights"),
        (lambda: KeyFlows([[0, 1]], [0.5], [[0, 1, 1]], [1.0]), "whole units"),
        (lambda: KeyFlows([[0, 1]], [1], [[0, 0, 1]], [1.0]), "two different nodes"),
        (lambda: KeyFlows([[0, 1]], [1], [], []), "one demand"),
        (lambda: KeyFlows([[0, 1]], [1], [[0, 5, 1]], [1.0]).qubo, "no demand"),
        (lambda: save("x.txt", Scheduling([1.0], [])), "json or .npz"),
    ],
)
def test_bad_input_is_refused(build, says):
    with pytest.raises(ArgumentError, match=says):
        build()


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "x", "kind": "y", "fields": {}}', '{"kind": 1}'])
def test_bad_files_are_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataFileError):
        load(tmp_path / "a.json")
    with pytest.raises(DataFileError):
        load(tmp_path / "none.npz")
