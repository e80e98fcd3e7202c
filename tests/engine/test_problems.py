"""Problems of a world. Oracles: the exact rivals, the world itself after its patch, figures counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engine.scenarios import CITY, HEX, world_of

from silla.base.errors import ArgumentError
from silla.engine.problems import PROBLEMS, build
from silla.engine.problems.radio_view import drops_of, figures
from silla.physics.qubits.compare import compare
from silla.physics.qubits.problems import contenders, load, save
from silla.world.types import replace

SMALL = {
    "association": {"max_users": 8, "choices": 2},
    "scheduling": {"max_users": 12},
    "mimo-detection": {"users": 2, "antennas": 4},
    "ris": {"rows": 4, "columns": 4},
    "pci": {},
    "tracking-areas": {"page_cost": 5.0},
    "cell-sleep": {},
    "site-selection": {},
    "key-flows": {"units": 3, "hub_bit_per_s": 1e9},
}


@pytest.fixture(scope="module")
def city():
    return world_of(CITY)


def solved(built):
    """The solution of the first rival, the exact one where there is one."""
    name = "sweep" if built.kind.name == "ris" else next(iter(built.instance.rivals()))
    return built.instance.rivals()[name](2.0, 1)


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_is_built_solved_and_applied(city, name, tmp_path):
    pytest.importorskip("ortools")
    built = build(city, name, **SMALL[name])
    assert set(SMALL) == set(PROBLEMS) and built.kind is PROBLEMS[name]
    answer = solved(built)
    assert answer.feasible and answer.note == "optimal"
    annealed = compare(built.instance, contenders(built.instance, ["annealing"], []), 0.3, [1]).rows[0]
    assert annealed.best is not None and annealed.best >= answer.objective - 1e-6 * (1 + abs(answer.objective))
    before, after = built.before_after(answer.solution)
    assert set(before) == set(after) == set(built.kind.better)
    assert all(np.isfinite(v) for v in [*before.values(), *after.values()])
    patched = built.apply(answer.solution)
    if built.kind.sets:
        part, field = built.kind.sets.split(".")
        assert np.shape(getattr(getattr(patched, part), field)) == np.shape(getattr(getattr(city, part), field))
        assert list(built.patch(answer.solution)) == [part]
    else:
        assert patched == city and built.patch(answer.solution) == {}
    save(tmp_path / "a.json", built.instance)
    back = load(tmp_path / "a.json")
    x = np.random.default_rng(1).integers(0, 2, back.qubo.n)
    assert back.qubo.energy(x) == pytest.approx(built.instance.qubo.energy(x))


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("pci", "collisions"),
        ("pci", "confusions"),
        ("pci", "mod3_users"),
        ("cell-sleep", "power_w"),
        ("site-selection", "power_w"),
        ("association", "squared_loads"),
        ("scheduling", "least_sinr_db"),
        ("ris", "sum_gain_db"),
        ("tracking-areas", "signalling_per_s"),
    ],
)
def test_solutions_improve_what_they_are_for(city, name, figure):
    pytest.importorskip("ortools")
    built = build(city, name, **SMALL[name])
    before, after = built.before_after(solved(built).solution)
    sign = 1 if built.kind.better[figure] == "higher" else -1
    assert sign * after[figure] >= sign * before[figure] - 1e-9 * abs(before[figure])
    if figure in ("power_w", "collisions", "sum_gain_db"):
        assert after[figure] != before[figure]


def test_pcis_hold_on_the_world(city):
    built = build(city, "pci", first=30)
    world = built.apply(built.instance.rivals()["dsatur+descent"](0.2, 1).solution)
    pci = world.cells.pci[built.context["cells"]]
    assert (
        pci.min() >= 30
        and (world.cells.pci[city.cells.carrier != city.cells.carrier[built.context["cells"][0]]] == -1).all()
    )
    near = built.context["near"]
    assert len(near) and (pci[near[:, 0]] != pci[near[:, 1]]).all()
    around = {i: {*near[near[:, 0] == i, 1], *near[near[:, 1] == i, 0]} for i in range(len(pci))}
    for cell in around.values():
        assert len({pci[j] for j in cell}) == len(cell)  # no two neighbours of a cell are alike


def test_too_few_identities_name_the_cells():
    text = CITY.replace("id: hub,", "id: 허브,").replace("at: hub", "at: 허브").replace("[hub, relay]", "[허브, relay]")
    world = world_of(text)
    with pytest.raises(ArgumentError, match=r"2 identities cannot do: cells m\S+, .*clique of"):
        build(world, "pci", identities=2)


def test_a_cell_that_is_off_serves_nobody_and_sleeps(city):
    off = replace(city, {"cells": {"active": np.arange(len(city.cells.id)) != 0}})
    drop = drops_of(off, 1)[0]
    first = next(c for c in drop.carriers if 0 in c.model.cells)
    assert (first.model.cells[first.serving][first.gain.max(axis=1) > 0] != 0).all()
    assert figures(off, [drop])["power_w"] < figures(city, drops_of(city, 1))["power_w"]
    all_off = replace(city, {"cells": {"active": np.zeros(len(city.cells.id), dtype=bool)}})
    assert figures(all_off, drops_of(all_off, 1))["served_share"] == 0.0


def test_offsets_move_users(city):
    users = drops_of(city, 1)[0]
    carrier = users.carriers[0]
    cell = int(np.bincount(carrier.serving).argmax())
    offset = np.ones(len(city.cells.id))
    offset[carrier.model.cells[cell]] = 1e-3
    moved = drops_of(replace(city, {"cells": {"offset": offset}}), 1)[0].carriers[0]
    assert (moved.serving == cell).sum() < (carrier.serving == cell).sum()
    assert (moved.gain == carrier.gain).all()


def test_key_flows_respect_budgets(city):
    built = build(city, "key-flows", units=4, hub_bit_per_s=1e10)
    answer = built.instance.rivals()["highs-exact"](2.0, 1)
    assert (built.instance.link_units(answer.solution) <= built.instance.budget).all()
    before, after = built.before_after(answer.solution)
    assert 0 <= before["key_served_share"] <= 1 and 0 <= after["key_served_share"] <= 1


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("magic", {}, "no problem is called 'magic'"),
        ("pci", {"colour": 3}, "no option colour"),
        ("pci", {"carrier": "x"}, "no carrier is called 'x'"),
        ("pci", {"identities": 2000}, "not within 0..1007"),
        ("pci", {"n_drops": 0}, "one drop"),
        ("cell-sleep", {"max_load": 0.0}, "raise it"),
        ("mimo-detection", {"modulation": "8psk"}, "modulation is one of"),
        ("ris", {"site": "없음"}, "no site is called '없음'"),
        ("ris", {"rows": 0}, "1 at least"),
        ("tracking-areas", {"areas": 0}, "one area"),
    ],
)
def test_bad_input_is_refused(city, name, options, says):
    with pytest.raises(ArgumentError, match=says):
        build(city, name, **options)


def test_a_world_without_quantum_links_has_no_key_flows():
    with pytest.raises(ArgumentError, match="no key links"):
        build(world_of(HEX), "key-flows")
