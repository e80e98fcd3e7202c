"""Network problems to be solved on the world of the scenario, by classical and quantum solvers side by side."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from silla.scenario.fields import REQUIRED, Part, choice, quantity, text

__all__ = ["Problem", "Solve", "Solver"]

Problem = Literal[
    "association",
    "cell-sleep",
    "key-flows",
    "mimo-detection",
    "pci",
    "ris",
    "scheduling",
    "site-selection",
    "tracking-areas",
]
Solver = Literal[
    "annealing", "bifurcation", "cp-sat", "exhaustive", "greedy", "highs", "tabu", "tempering", "qaoa", "grover"
]


class Solve(Part):
    """A problem of the network: every solver has the same CPU seconds, the best solution is tried on the world."""

    id: str = text("", description="Identifier; by default the problem's name and its number.", max_length=80)
    title: str = text("", description="Caption for people, any script.")
    problem: Problem = choice(REQUIRED, description="Which problem.")
    options: dict[str, float | int | str | bool | None] = Field(
        default_factory=dict, description="Options of the problem; `silla solve --list` shows them."
    )
    solvers: tuple[Solver, ...] = Field(
        ("annealing", "tempering", "tabu", "bifurcation"),
        min_length=1,
        max_length=10,
        description="Solvers of the problem as qubits; qaoa and grover are quantum computers, simulated exactly. The "
        "problem's own classical methods always stand beside them.",
    )
    cpu_s: float = quantity(1.0, unit="s", ge=0.01, le=600, description="CPU seconds of every solver and seed.")
    seeds: int = quantity(3, unit="1", ge=1, le=100, description="Repetitions of every solver.")
    trials: int = quantity(
        4, unit="1", ge=2, le=100, description="Independent sets of users on which before and after are compared."
    )
    variants: tuple[str, ...] = Field(
        (), max_length=50, description="Variants on whose worlds it is solved; none: the last."
    )
    enabled: bool = Field(default=True, description="Whether it is solved.")
