"""What every network problem is: arrays, a QUBO, a decoder to the domain's solution, classical rivals, a file.

`KINDS` maps the name of a problem to its class. Energies of the QUBO are the objective wherever a state is feasible.
"""

from __future__ import annotations

import dataclasses
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DataFileError
from silla.physics.qubits.ising import Ising, Qubo
from silla.physics.qubits.samples import Samples, timing

__all__ = ["KINDS", "Decoded", "Instance", "Rival", "contenders", "load", "save"]

_SCHEMA = "silla-problem/1"


@dataclass(frozen=True)
class Decoded:
    """A solution of the domain: its objective (lower is better), whether all constraints hold, whether bits had to be
    repaired to make it one, and what is violated or was changed.
    """

    solution: NDArray[Any]
    objective: float
    feasible: bool
    repaired: bool
    note: str = ""


Rival = Callable[[float, int], Decoded]
"""A classical method of the problem's own: (CPU seconds, seed) -> Decoded."""

KINDS: dict[str, type[Instance]] = {}


@dataclass(frozen=True, eq=False)
class Instance(ABC):
    """A problem. Fields are arrays, numbers and strings: they are what a file holds."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.kind:
            KINDS[cls.kind] = cls

    @abstractmethod
    def _build(self) -> Qubo:
        """The QUBO with its penalties."""

    @abstractmethod
    def decode(self, bits: ArrayLike) -> Decoded:
        """The solution that bits [n] of the QUBO stand for, repaired where they break a constraint."""

    @abstractmethod
    def objective(self, solution: ArrayLike) -> float:
        """The objective of a solution, without any penalty."""

    @abstractmethod
    def rivals(self) -> dict[str, Rival]:
        """Classical methods of this problem's own, the exact one first."""

    @cached_property
    def qubo(self) -> Qubo:
        """The QUBO: its energy is the objective of every feasible state, and more than the optimum elsewhere."""
        return self._build()

    @cached_property
    def ising(self) -> Ising:
        """The QUBO over spins."""
        return self.qubo.to_ising()


def contenders(
    problem: Instance, samplers: Mapping[str, Any] | Iterable[str] = (), rivals: Iterable[str] | None = None
) -> dict[str, Callable[[Instance, float, int], Samples]]:
    """Solvers for `compare`, all measured by the decoded objective: samplers on the QUBO, and the problem's rivals.

    An infeasible answer has an infinite energy. Raises ArgumentError for unknown names.
    """
    from silla.physics.qubits.solvers import SOLVERS

    if not isinstance(samplers, Mapping):
        unknown = [name for name in samplers if name not in SOLVERS]
        if unknown:
            raise ArgumentError(f"no solver is called {unknown[0]!r}; known: {', '.join(SOLVERS)}")
        samplers = {name: SOLVERS[name]() for name in samplers}
    own = problem.rivals()
    wanted = list(own) if rivals is None else list(rivals)
    unknown = [name for name in wanted if name not in own]
    if unknown:
        raise ArgumentError(f"{problem.kind} has no rival {unknown[0]!r}; known: {', '.join(own)}")
    out = {name: _sampled(sampler) for name, sampler in samplers.items()}
    return {**out, **{name: _rival(own[name]) for name in wanted}}


def _sampled(sampler: Any) -> Callable[[Instance, float, int], Samples]:
    def run(problem: Instance, cpu_s: float, seed: int) -> Samples:
        from silla.physics.qubits.compare import within

        found = within(sampler, problem.qubo, cpu_s, seed)
        start = time.perf_counter()
        answer = problem.decode(found.state)
        spent = {**found.timing, "decode": time.perf_counter() - start, "wall": found.wall_s}
        return _samples(answer, spent, found.reads)

    return run


def _rival(rival: Rival) -> Callable[[Instance, float, int], Samples]:
    def run(problem: Instance, cpu_s: float, seed: int) -> Samples:
        start = time.perf_counter()
        answer = rival(cpu_s, seed)
        wall = time.perf_counter() - start
        return _samples(answer, timing(run=wall, wall=wall), 1)

    return run


def _samples(answer: Decoded, spent: dict[str, float], reads: int) -> Samples:
    energy = answer.objective if answer.feasible else np.inf
    info = {"status": answer.note or "heuristic", "repaired": answer.repaired}
    states = np.atleast_2d(answer.solution)
    return Samples(states, np.array([energy]), np.array([reads]), spent, "binary", info)


def save(path: Path | str, problem: Instance) -> None:
    """Write a problem as JSON (.json) or compressed NumPy arrays (.npz), with the schema's name and the kind."""
    path = Path(path)
    fields = {f.name: getattr(problem, f.name) for f in dataclasses.fields(problem)}
    if path.suffix == ".json":
        plain = {key: _plain(value) for key, value in fields.items()}
        text = json.dumps({"schema": _SCHEMA, "kind": problem.kind, "fields": plain}, ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")
    elif path.suffix == ".npz":
        arrays: dict[str, Any] = {key: np.asarray(value) for key, value in fields.items()}
        arrays |= {"__schema__": np.array(_SCHEMA), "__kind__": np.array(problem.kind)}
        with path.open("wb") as f:
            np.savez_compressed(f, **arrays)
    else:
        raise ArgumentError(f"{path}: a problem is written as .json or .npz, found {path.suffix!r}")


def _plain(value: Any) -> Any:
    a = np.asarray(value)
    if np.iscomplexobj(a):
        return {"real": np.real(a).tolist(), "imag": np.imag(a).tolist()}
    if a.ndim == 0:
        return a.item()
    return {"values": a.tolist(), "shape": list(a.shape)}


def load(path: Path | str) -> Instance:
    """The problem of a file that `save` wrote; DataFileError where it is none."""
    path = Path(path)
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as data:
                stored = {key: data[key] for key in data.files}
            schema, kind = str(stored.pop("__schema__")), str(stored.pop("__kind__"))
            fields = {key: value.item() if value.ndim == 0 else value for key, value in stored.items()}
        else:
            document = json.loads(path.read_text(encoding="utf-8"))
            schema, kind = document["schema"], document["kind"]
            fields = {key: _array(value) for key, value in document["fields"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataFileError(f"{path}: not a problem's file: {error}") from error
    if schema != _SCHEMA or kind not in KINDS:
        raise DataFileError(f"{path}: schema {schema!r} and kind {kind!r}; known: {_SCHEMA!r}, {', '.join(KINDS)}")
    try:
        return KINDS[kind](**fields)
    except TypeError as error:
        raise DataFileError(f"{path}: fields do not fit the kind {kind!r}: {error}") from error


def _array(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "real" in value:
        return np.array(value["real"]) + 1j * np.array(value["imag"])
    return np.array(value["values"]).reshape(value["shape"])
