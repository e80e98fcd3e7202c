"""dimod samplers as our solvers, and our solvers as dimod samplers."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.physics.qubits.exchange import dimod_module, to_dimod
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.machines.retry import BadAnswer, Retry
from silla.physics.qubits.samples import Sampler, Samples, timing

__all__ = ["DimodSolver", "as_dimod"]

# D-Wave's keys, microseconds each
_MICROSECONDS = {"qpu_programming_time": "programming", "qpu_sampling_time": "run"}


class DimodSolver(Sampler):
    """Any sampler of dimod's interface: dwave-samplers, a quantum annealer, a composite.

    Parameters
    ----------
    sampler : has sample(bqm, **parameters). parameters : given with every call (num_sweeps=..., seed=...).
    reads : asked for as num_reads, None where the sampler takes no such parameter. retry : how often and how long.

    Options: reads, parameters (on top of those of the solver).

    timing: run is the call less what the sampler tells of itself (programming, and reading out, of an annealer).
    MachineError where it fails, leaves a variable out, returns values other than -1 and +1, or fewer reads than asked.
    """

    name: ClassVar[str] = "dimod"
    options: ClassVar[dict[str, Any]] = {"reads": 100, "parameters": {}}

    def __init__(self, sampler: Any, *, parameters: dict[str, Any] | None = None, retry: Retry | None = None):
        if not callable(getattr(sampler, "sample", None)):
            raise ArgumentError(f"a dimod sampler has a method sample, found {type(sampler).__name__}")
        self.sampler, self.fixed, self.retry = sampler, dict(parameters or {}), retry or Retry()

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        clock = time.perf_counter()
        bqm = to_dimod(model)
        reads, given = o["reads"], {**self.fixed, **o["parameters"]}
        if reads is not None:
            if not isinstance(reads, (int, np.integer)) or reads < 1:
                raise ArgumentError(f"reads must be a whole number of 1 at least, or None, found {reads!r}")
            given.setdefault("num_reads", int(reads))
        if "seed" in (getattr(self.sampler, "parameters", None) or {}):
            given.setdefault("seed", seed)
        programmed = time.perf_counter()

        def work() -> tuple[NDArray[np.int8], NDArray[np.int64], dict[str, Any]]:
            answer = self.sampler.sample(bqm, **given)
            if callable(getattr(answer, "resolve", None)):
                answer.resolve()  # a machine's answer may still be on its way
            return _checked(answer, model.n, None if reads is None else int(reads))

        (states, counts, told), calls = self.retry.call(work, machine=type(self.sampler).__name__)
        spent = time.perf_counter() - programmed
        parts = {key: told[name] * 1e-6 for name, key in _MICROSECONDS.items() if name in told}
        times = timing(
            programming=programmed - clock + parts.get("programming", 0.0),
            run=parts.get("run", max(0.0, spent - parts.get("programming", 0.0))),
            queue=max(0.0, spent - sum(parts.values())) if parts else 0.0,
        )
        info = {"status": "heuristic", "machine": type(self.sampler).__name__, "calls": calls}
        return Samples(states, model.energy(states), counts, times, "spin", info)


def _checked(answer: Any, n: int, reads: int | None) -> tuple[NDArray[np.int8], NDArray[np.int64], dict[str, Any]]:
    try:
        labels = list(answer.variables)
        values = np.asarray(answer.record.sample)
        counts = np.asarray(answer.record.num_occurrences, dtype=np.int64)
        told = dict((answer.info or {}).get("timing", {}) or {})
    except (AttributeError, TypeError) as error:
        raise BadAnswer(f"the answer is no sample set ({type(error).__name__}: {error})") from error
    if sorted(map(str, labels)) != sorted(map(str, range(n))):
        raise BadAnswer(f"{len(labels)} variables came back, and the problem has {n} spins")
    if values.ndim != 2 or values.shape[1] != n or not len(values):
        raise BadAnswer(f"samples of shape {values.shape} came back for {n} spins")
    if str(getattr(answer.vartype, "name", answer.vartype)) == "BINARY":
        values = 2 * values - 1
    if not np.isin(values, (-1, 1)).all():
        raise BadAnswer("a spin is neither -1 nor +1")
    if reads is not None and int(counts.sum()) < reads:
        raise BadAnswer(f"{int(counts.sum())} reads came back of {reads}")
    order = np.argsort([int(v) for v in labels])
    told = {k: float(v) for k, v in told.items() if isinstance(v, (int, float))}
    return values[:, order].astype(np.int8), counts, told


def as_dimod(solver: Sampler) -> Any:
    """The solver as an instance of dimod.Sampler, for dimod's composites; MissingExtra without dimod.

    Any solver of ours already answers sample(bqm), sample_ising and sample_qubo; composites ask for the class too.
    """
    dimod = dimod_module("a dimod sampler")

    class _Wrapped(dimod.Sampler):
        parameters = None
        properties = None

        def __init__(self) -> None:
            self.parameters, self.properties = solver.parameters, solver.properties

        def sample(self, bqm: Any, **options: Any) -> Any:
            return solver.sample(bqm, **options)

    return _Wrapped()
