"""What a solver returns, and the interface that every solver has: classical, simulated or a machine."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.physics.qubits.exchange import dimod_module, from_dimod
from silla.physics.qubits.ising import Ising, Qubo, bits_of, spins_of

__all__ = ["TIMING_KEYS", "Sampler", "Samples", "timing"]

TIMING_KEYS = ("queue", "programming", "run", "readout", "decode", "wall")


def timing(**parts: float) -> dict[str, float]:
    """Seconds by TIMING_KEYS, zero where nothing is given.

    >>> timing(run=0.5, wall=0.6)["queue"]
    0.0
    """
    unknown = set(parts) - set(TIMING_KEYS)
    if unknown:
        raise ArgumentError(f"timing has the keys {', '.join(TIMING_KEYS)}; found {', '.join(sorted(unknown))}")
    return {key: float(parts.get(key, 0.0)) for key in TIMING_KEYS}


@dataclass(frozen=True)
class Samples:
    """States that a solver returned, lowest energy first where `sorted` made them so.

    states : int8 [R, n]. energies : [R]. counts : int64 [R], how often each was read. timing : seconds by TIMING_KEYS.
    info : what else the solver knows: "status" ("optimal", "feasible", "heuristic"), "bound", sweeps, ...
    """

    states: NDArray[np.int8]
    energies: NDArray[np.float64]
    counts: NDArray[np.int64]
    timing: dict[str, float]
    vartype: Literal["spin", "binary"] = "spin"
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_rows = len(self.states)
        if np.ndim(self.states) != 2 or len(self.energies) != n_rows or len(self.counts) != n_rows:
            raise ArgumentError(
                f"states [R, n], energies [R] and counts [R] must agree, found {np.shape(self.states)}, "
                f"{np.shape(self.energies)}, {np.shape(self.counts)}"
            )
        if n_rows == 0:
            raise ArgumentError("a solver returned no state; it must return one at least or raise")

    @property
    def best(self) -> tuple[NDArray[np.int8], float]:
        """(state, energy) of the lowest energy."""
        k = int(np.argmin(self.energies))
        return self.states[k], float(self.energies[k])

    @property
    def n_reads(self) -> int:
        """Reads, each state counted as often as it was read."""
        return int(self.counts.sum())

    def sorted(self) -> Samples:
        """By energy, the lowest first."""
        order = np.argsort(self.energies, kind="stable")
        return replace(self, states=self.states[order], energies=self.energies[order], counts=self.counts[order])

    def aggregated(self) -> Samples:
        """Equal states in one row, lowest energy first."""
        states, first, which = np.unique(self.states, axis=0, return_index=True, return_inverse=True)
        counts = np.bincount(which.ravel(), self.counts).astype(np.int64)
        return replace(self, states=states, energies=self.energies[first], counts=counts).sorted()

    def as_bits(self) -> Samples:
        """The same states as bits."""
        return self if self.vartype == "binary" else replace(self, states=bits_of(self.states), vartype="binary")

    def as_spins(self) -> Samples:
        """The same states as spins."""
        return self if self.vartype == "spin" else replace(self, states=spins_of(self.states), vartype="spin")

    def to_dimod(self, labels: Sequence[Hashable] | None = None) -> Any:
        """The dimod SampleSet; MissingExtra without dimod."""
        dimod = dimod_module("a dimod sample set")
        names = list(range(self.states.shape[1])) if labels is None else list(labels)
        return dimod.SampleSet.from_samples(
            (self.states, names),
            vartype="SPIN" if self.vartype == "spin" else "BINARY",
            energy=self.energies,
            num_occurrences=self.counts,
            info={"timing": dict(self.timing), **self.info},
        )


class Sampler(ABC):
    """A solver. Subclasses say `name`, the options with their defaults, and `_sample` on an Ising model.

    A drop-in for `dimod.Sampler`: `sample` of a dimod model, `sample_ising` and `sample_qubo` of dictionaries return
    dimod sample sets.
    """

    name: ClassVar[str] = ""
    options: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def _sample(self, model: Ising, *, seed: int, **options: Any) -> Samples:
        """Spins of the model."""

    @property
    def parameters(self) -> dict[str, list[str]]:
        """Names of the options (dimod.Sampler's attribute)."""
        return {"seed": [], **{key: [] for key in self.options}}

    @property
    def properties(self) -> dict[str, Any]:
        """Name and defaults (dimod.Sampler's attribute)."""
        return {"name": self.name, "defaults": dict(self.options)}

    def sample(self, model: Any, *, seed: int = 1, **options: Any) -> Any:
        """Samples of an Ising model or a QUBO in its own variables; of a dimod model, a dimod SampleSet.

        Energies are the model's own, computed anew from the states whatever the solver reported. timing["wall"] is
        that of the whole call. Raises ArgumentError for an unknown option or another kind of model.
        """
        started = time.perf_counter()
        unknown = set(options) - set(self.options)
        if unknown:
            known = ", ".join(sorted(self.options)) or "none"
            raise ArgumentError(f"{self.name} has no option {', '.join(sorted(unknown))}; known: {known}")
        labels, given, binary = None, model, isinstance(model, Qubo)
        if not isinstance(model, (Ising, Qubo)):
            if not hasattr(model, "to_ising") or not hasattr(model, "variables"):
                raise ArgumentError(f"{self.name} samples Ising, Qubo or dimod models, found {type(model).__name__}")
            given, labels = from_dimod(model)
            binary = model.vartype.name == "BINARY"
        ising = given if isinstance(given, Ising) else given.to_ising()
        samples = self._sample(ising, seed=int(seed), **{**self.options, **options})
        samples = samples.as_bits() if binary else samples.as_spins()
        energies = ising.energy(samples.as_spins().states)
        samples = replace(samples, energies=energies).sorted()
        spent = {**timing(**samples.timing), "wall": time.perf_counter() - started}
        samples = replace(samples, timing=spent)
        return samples if labels is None else samples.to_dimod(labels)

    def sample_ising(self, h: Any, J: Any, **options: Any) -> Any:
        """As dimod's: h {v: bias} or a list, J {(u, v): bias}; returns a dimod SampleSet."""
        linear = dict(enumerate(h)) if isinstance(h, (list, tuple, np.ndarray)) else h
        bqm = dimod_module("sample_ising").BinaryQuadraticModel.from_ising(linear, J)
        return self.sample(bqm, **options)

    def sample_qubo(self, Q: Any, **options: Any) -> Any:
        """As dimod's: Q {(u, v): bias}; returns a dimod SampleSet."""
        return self.sample(dimod_module("sample_qubo").BinaryQuadraticModel.from_qubo(Q), **options)
