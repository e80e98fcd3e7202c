"""Physical qubits, distance, factories, time and energy of a program under published cost models.

Every model answers the same questions: how many physical qubits a logical one takes, how long a sequential step lasts,
what a magic state costs. The spread between them is the honest error bar of any single answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from silla.base.errors import ArgumentError
from silla.physics.qubits.resources.codes import logical_error_rate
from silla.physics.qubits.resources.machines import Machine
from silla.physics.qubits.resources.programs import Program

__all__ = ["COST_MODELS", "CostModel", "Estimate", "estimate", "spread"]

_YOKED = 430.0 / 1352.0  # Gidney 2025: 430 physical qubits for a stored logical one, 2 (25 + 1)^2 for a bare patch


@dataclass(frozen=True)
class Factory:
    """A source of magic states: patches and rounds (`rounds_d` times d) for one, its error, T states that it replaces.

    patches 0: it counts in `qubit_rounds`, physical qubits times rounds of one state, and needs no patch of its own.
    """

    name: str
    patches: float
    rounds_d: float
    error: float
    per_toffoli: float
    qubit_rounds: float = 0.0


@dataclass(frozen=True)
class CostModel:
    """Assumptions of one publication.

    block : layout of logical qubits, "routed" (1.5 patches each), "yoked" (stored densely beside routed active ones),
    "fast" (2 n + sqrt(8 n) + 1 tiles), "compact" (1.5 n + 3). patch : physical qubits of a patch, "2(d+1)^2" or "2d^2".
    step_d, step_cycles, step_reactions : a step lasts step_d d + step_cycles rounds and step_reactions reactions.
    prefactor : of the logical error rate per round, or per d rounds where `per_d`. toffoli_steps : steps of a Toffoli.
    factories : each better than the one before. one_factory : no more than one of them. magic_budget : wrong states of
    a run up to which a factory is good enough (None: the run's budget).
    """

    name: str
    block: str
    patch: str
    step_d: float
    step_cycles: float
    step_reactions: float
    prefactor: float
    per_d: bool
    toffoli_steps: float
    factories: tuple[Factory, ...]
    source: str
    standing: str
    one_factory: bool = False
    magic_budget: float | None = None
    gates_for_cycle: bool = False

    def tiles(self, program: Program) -> tuple[float, float]:
        """(patches at full distance, logical qubits stored densely)."""
        n = program.logical_qubits
        if self.block == "routed":
            return 1.5 * n, 0.0
        if self.block == "yoked":
            return 1.5 * program.active_qubits, n - program.active_qubits
        if self.block == "compact":
            return 1.5 * n + 3.0, 0.0
        return 2.0 * n + math.ceil(math.sqrt(8.0 * n)) + 1.0, 0.0

    def patch_qubits(self, d: int) -> float:
        """Physical qubits of one patch."""
        return 2.0 * (d + 1) ** 2 if self.patch == "2(d+1)^2" else 2.0 * d**2

    def cycle_s(self, machine: Machine) -> float:
        """One round: the machine's, or four gates and two measurements (Beverland et al.)."""
        return 4 * machine.gate_s + 2 * machine.measure_s if self.gates_for_cycle else machine.cycle_s

    def step_s(self, d: int, machine: Machine) -> float:
        """Seconds of one sequential step."""
        return (self.step_d * d + self.step_cycles) * self.cycle_s(machine) + self.step_reactions * machine.reaction_s


def _distilled(p: float, levels: int) -> float:
    """Error of 15-to-1 distillation, 35 p^3 a level (Bravyi and Kitaev 2005)."""
    for _ in range(levels):
        p = 35.0 * p**3
    return p


_CULTIVATED_CCZ = Factory("8T-to-CCZ on cultivated T", 20.0, 6.0, 28 * (2e-9) ** 2, 1.0)
# beyond published factories: 15-to-1 of cultivated T states (8 blocks of 11 patches) before 8T-to-CCZ, declared
_LARGE = Factory("8T-to-CCZ on 15-to-1 of cultivated T", 100.0, 12.0, 28 * (35 * (2e-9) ** 3) ** 2, 1.0)
_PUBLISHED_UP_TO = 1e-3  # gate error that the errors of published factories are for


def _fifteen(patches: float, rounds: float) -> tuple[Factory, ...]:
    # errors are filled in for the machine; two levels take 16 blocks of patches, three 16 of these
    return tuple(
        Factory(f"15-to-1, {k} level{'s' * (k > 1)}", patches * 16 ** (k - 1), rounds, -k, 4.0) for k in (1, 2, 3)
    )


COST_MODELS: dict[str, CostModel] = {
    m.name: m
    for m in (
        CostModel(
            "gidney-ekera-2019", "routed", "2(d+1)^2", 0.0, 1.0, 1.0, 0.1, False, 1.0,
            (
                Factory("AutoCCZ", 72.0, 5.5, 1e-10, 1.0),
                Factory("AutoCCZ, a fifth larger", 86.4, 5.5, 1e-12, 1.0),
                _LARGE,
            ),
            "arXiv:1905.09749; factory 12d x 6d, 5.5 d rounds, larger ones with fewer errors (Gidney and Fowler, "
            "arXiv:1812.01238); half a patch more a qubit for routing; a step waits one round and one reaction",
            "published",
        ),
        CostModel(
            "gidney-2025", "yoked", "2(d+1)^2", 2.0, 0.0, 1.0, 0.1, False, 1.0,
            (_CULTIVATED_CCZ, _LARGE),
            "arXiv:2505.15917; storage 430 / 1352 of a patch (yoked codes, arXiv:2312.04522); a step fetches from "
            "storage and consumes a state, d rounds each, and waits one reaction; factory of 20 patches declared",
            "preprint",
        ),
        CostModel(
            "babbush-2026", "yoked", "2(d+1)^2", 0.0, 1.0, 1.0, 0.1, False, 1.0,
            (Factory("cultivated T", 0.0, 0.0, 2e-9, 4.0, qubit_rounds=1e5), _CULTIVATED_CCZ, _LARGE),
            "counts of 2026 with withheld circuits: reaction-limited steps, storage as in arXiv:2505.15917; T states "
            "cultivated at 2e-9 (arXiv:2409.17595), about 1e5 qubit-rounds each (declared, 1 of 100 tries succeeds), "
            "while fewer than one is wrong in a run; a run that fails is repeated",
            "preprint", magic_budget=1.0,
        ),
        CostModel(
            "litinski-2019-fast", "fast", "2d^2", 1.0, 0.0, 0.0, 0.1, False, 4.0, _fifteen(11.0, 11.0),
            "Litinski, Quantum 3, 128 (2019), arXiv:1808.02892: fast block, 15-to-1 in 11 tiles and 11 d rounds",
            "published",
        ),
        CostModel(
            "litinski-2019-compact", "compact", "2d^2", 1.0, 0.0, 0.0, 0.1, False, 4.0, _fifteen(11.0, 11.0),
            "Litinski, arXiv:1808.02892: compact block of 1.5 n + 3 tiles and a single distillation block", "published",
            one_factory=True,
        ),
        CostModel(
            "beverland-2022", "fast", "2d^2", 1.0, 0.0, 0.0, 0.03, True, 3.0, _fifteen(20.0, 13.0),
            "Beverland et al. 2022, arXiv:2211.07629: 0.03 (p/0.01)^((d+1)/2) a logical cycle of d rounds, each "
            "four gates and two measurements; space-efficient 15-to-1 of 20 patches, 13 cycles; three steps a Toffoli",
            "preprint", gates_for_cycle=True,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """What one run needs. Times in seconds; `expected_s` with runs that fail repeated, `online_s` from the key known.

    failure : of a run, storage and magic states together. factory_s : one magic state in one factory. limited_by :
    "steps" or "factories". fits : the machine shown by now has as many qubits. spacetime : qubit-seconds of all runs.
    """

    program: str
    machine: str
    model: str
    standing: str
    logical_qubits: float
    physical_qubits: float
    distance: int
    toffoli: float
    t_states: float
    factory: str
    factories: int
    factory_qubits: float
    factory_s: float
    run_s: float
    online_s: float
    expected_s: float
    failure: float
    limited_by: str
    energy_j: float
    fits: bool

    @property
    def spacetime(self) -> float:
        """Physical qubit-seconds."""
        return self.physical_qubits * self.expected_s


def estimate(
    program: Program,
    machine: Machine,
    model: str | CostModel | None = None,
    *,
    budget: float = 0.25,
    factories: int | None = None,
) -> Estimate:
    """The program on the machine under a cost model (the program's own when None).

    The least odd distance is taken whose errors over all patches and rounds stay within `budget` a run; magic states
    come from the first factory whose errors stay within it too (else the last, and `failure` shows it). `factories`
    None: as many as keep pace with the steps.

    Raises ArgumentError for an annealer, an unknown model, a budget outside 0..1, or where no distance is enough.

    >>> from silla.physics.qubits.resources.machines import MACHINES
    >>> from silla.physics.qubits.resources.programs import rsa_2019
    >>> estimate(rsa_2019(), MACHINES["superconducting"], factories=28).distance
    27
    """
    cost = _model(program.model if model is None else model)
    if machine.kind != "gate":
        raise ArgumentError(f"{machine.name} runs no circuits; use `anneal` for it")
    if not 0.0 < budget < 1.0:
        raise ArgumentError(f"budget is {budget:g}, allowed above 0 and below 1")
    if factories is not None and factories < 1:
        raise ArgumentError(f"factories is {factories}, allowed 1 or more")
    states, steps, factory, error = _magic(program, machine, cost, budget)
    patches, stored = cost.tiles(program)
    for d in range(3, 200, 2):
        run_s, count, period = _time(cost, machine, factory, d, states, steps, factories)
        rounds = run_s / cost.cycle_s(machine) / (d if cost.per_d else 1.0)
        lost = logical_error_rate(machine.gate_error, d, cost.prefactor) * patches * rounds
        if lost <= budget:
            break
    else:
        raise ArgumentError(
            f"{program.name} on {machine.name} ({cost.name}): no distance up to 199 keeps a run within {budget:g}; "
            f"gate error {machine.gate_error:g}"
        )
    patch = cost.patch_qubits(d)
    in_factories = count * factory.patches * patch if factory.patches else states * factory.qubit_rounds / rounds
    qubits = (patches + _YOKED * stored) * patch + in_factories
    failure = -math.expm1(-(lost + states * error))
    expected = program.runs * run_s / max(math.exp(-(lost + states * error)), 1e-300)
    return Estimate(
        program.name, machine.name, cost.name, cost.standing, program.logical_qubits, qubits, d, program.toffoli,
        program.t_states, factory.name, count, in_factories, period, run_s, program.online * run_s, expected, failure,
        "factories" if run_s > steps * cost.step_s(d, machine) * 1.001 else "steps",
        machine.energy_j(qubits, expected), qubits <= machine.qubits,
    )  # fmt: skip


def _model(model: str | CostModel) -> CostModel:
    if isinstance(model, CostModel):
        return model
    if model not in COST_MODELS:
        raise ArgumentError(f"no cost model is called {model!r}; known: {', '.join(COST_MODELS)}")
    return COST_MODELS[model]


def _magic(program: Program, machine: Machine, cost: CostModel, budget: float) -> tuple[float, float, Factory, float]:
    """(magic states, steps, the factory, error of its state)."""
    if cost.block in ("fast", "compact"):
        # one T state a step on these layouts: nothing runs at once
        steps = cost.toffoli_steps * program.toffoli + program.t_states
    else:
        steps = program.depth
    allowed = budget if cost.magic_budget is None else cost.magic_budget
    states, error, factory = 0.0, 0.0, cost.factories[-1]
    for factory in cost.factories:
        # a CCZ state serves one Toffoli or, catalysed, two T (arXiv:1812.01238); without it a Toffoli takes four T
        ccz = factory.per_toffoli == 1.0
        states = factory.per_toffoli * program.toffoli + program.t_states / (2.0 if ccz else 1.0)
        error = _wrong(factory, machine.gate_error)
        if states * error <= allowed:
            break
    return states, steps, factory, error


def _wrong(factory: Factory, gate_error: float) -> float:
    """Error of a state: as published, or of distillation from states as good as a gate."""
    if factory.error < 0:
        return _distilled(gate_error, int(-factory.error))
    if gate_error > _PUBLISHED_UP_TO:
        raise ArgumentError(
            f"{factory.name}: its error is published for a gate error up to {_PUBLISHED_UP_TO:g}, found "
            f"{gate_error:g}; take a Litinski or Beverland model"
        )
    return factory.error


def _time(
    cost: CostModel, machine: Machine, factory: Factory, d: int, states: float, steps: float, factories: int | None
) -> tuple[float, int, float]:
    """(seconds of a run, factories, seconds of a state in one factory)."""
    walk = steps * cost.step_s(d, machine)
    if not factory.patches:
        return walk, 0, 0.0
    period = factory.rounds_d * d * cost.cycle_s(machine)
    needed = max(1, math.ceil(states * period / walk - 1e-9))
    count = 1 if cost.one_factory else needed if factories is None else factories
    return max(walk, states * period / count), count, period


def spread(program: Program, machine: Machine, *, budget: float = 0.25) -> list[Estimate]:
    """The program under every cost model: the spread between publications."""
    return [estimate(program, machine, name, budget=budget) for name in COST_MODELS]
