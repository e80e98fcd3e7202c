"""QAOA on any Qiskit primitive of version 2: Aer, the reference ones of qiskit.primitives, or a provider's machine."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError, MissingExtra
from silla.base.rng import stream
from silla.physics.qubits.circuits import Circuit, qaoa_circuit
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.machines.retry import BadAnswer, Retry
from silla.physics.qubits.qaoa import Qaoa
from silla.physics.qubits.qaoa_training import ramp, train
from silla.physics.qubits.samples import Sampler, Samples, timing
from silla.physics.qubits.statevector.cost import Terms, terms_of

__all__ = ["PrimitiveSolver", "observable", "to_qiskit"]


def _qiskit() -> Any:
    try:
        import qiskit
    except ImportError as error:
        raise MissingExtra("qiskit", "qubits", "a Qiskit circuit") from error
    return qiskit


def to_qiskit(circuit: Circuit) -> Any:
    """The qiskit QuantumCircuit, measured bits in a register "c"."""
    qiskit = _qiskit()
    out = qiskit.QuantumCircuit(circuit.n)
    for gate in circuit.gates:
        getattr(out, gate.name)(*gate.angles, *gate.qubits)
    if circuit.measured:
        register = qiskit.ClassicalRegister(len(circuit.measured), "c")
        out.add_register(register)
        out.measure(list(circuit.measured), register)
    return out


def observable(model: Any) -> Any:
    """The energy without its offset as a qiskit SparsePauliOp."""
    _qiskit()
    from qiskit.quantum_info import SparsePauliOp

    terms: Terms = terms_of(model)
    listed = [("Z" * len(spins), list(spins), value) for spins, value in terms.products()]
    return SparsePauliOp.from_sparse_list(listed or [("", [], 0.0)], num_qubits=terms.n)


class PrimitiveSolver(Sampler):
    """QAOA read from a SamplerV2.

    Parameters
    ----------
    sampler : qiskit.primitives.StatevectorSampler(), qiskit_aer.primitives.SamplerV2(), a provider's.
    estimator : an EstimatorV2 for training="estimator".
    pass_manager : turns circuits into the machine's own gates: qiskit.transpiler.generate_preset_pass_manager(...).
    retry : how often and how long.

    Options: depth, reads, mixer, angles ((gamma, beta): no training), training: "interp", "fourier" or "ramp" on the
    exact simulator, or "estimator" (COBYLA on the machine's energies, max_evaluations of them).

    timing: programming is circuits and training, run the wait for the machine (queue included where it does not tell
    them apart), decode its bits. info: angles, "two_qubit_gates" and "depth" as run, "calls" made. MachineError when no
    usable answer came.
    """

    name: ClassVar[str] = "primitive"
    options: ClassVar[dict[str, Any]] = {
        "depth": 1, "reads": 1024, "mixer": "x", "angles": None, "training": "interp", "max_evaluations": 200,
    }  # fmt: skip

    def __init__(self, sampler: Any, *, estimator: Any = None, pass_manager: Any = None, retry: Retry | None = None):
        if not callable(getattr(sampler, "run", None)):
            raise ArgumentError(f"a sampler has a method run (SamplerV2), found {type(sampler).__name__}")
        self.sampler, self.estimator, self.pass_manager = sampler, estimator, pass_manager
        self.retry = retry or Retry()

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        reads = o["reads"]
        if not isinstance(reads, (int, np.integer)) or reads < 1:
            raise ArgumentError(f"reads must be a whole number of 1 at least, found {reads!r}")
        clock = time.perf_counter()
        gamma, beta, evaluations = self._angles(model, seed, o)
        circuit = self._native(to_qiskit(qaoa_circuit(model, gamma, beta, mixer=o["mixer"])))
        programmed = time.perf_counter()
        job: list[Any] = []

        def work() -> NDArray[np.int8]:
            job[:] = [self.sampler.run([circuit], shots=int(reads))]
            return self._bits(job[0].result(), model.n, int(reads))

        bits, calls = self.retry.call(work, machine=type(self.sampler).__name__, cancel=lambda: _cancel(job))
        done = time.perf_counter()
        states, counts = np.unique(bits, axis=0, return_counts=True)
        spins = (1 - 2 * states).astype(np.int8)
        spent = timing(
            programming=programmed - clock, run=done - programmed, decode=time.perf_counter() - done
        )  # fmt: skip
        info = {
            "status": "heuristic", "machine": type(self.sampler).__name__, "calls": calls, "evaluations": evaluations,
            "gamma": gamma.tolist(), "beta": beta.tolist(), "depth": int(circuit.depth()),
            "two_qubit_gates": int(sum(len(i.qubits) == 2 and i.operation.name != "barrier" for i in circuit.data)),
        }  # fmt: skip
        return Samples(spins, model.energy(spins), counts.astype(np.int64), spent, "spin", info)

    def _native(self, circuit: Any) -> Any:
        return circuit if self.pass_manager is None else self.pass_manager.run(circuit)

    @staticmethod
    def _bits(result: Any, n: int, reads: int) -> NDArray[np.int8]:
        """[reads, n] bits, qubit q in column q; BadAnswer when they are not that many."""
        try:
            fields = list(result[0].data.values())
            bits = np.asarray(fields[0].to_bool_array(order="little"), dtype=np.int8)
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise BadAnswer(f"the result holds no register of bits ({type(error).__name__}: {error})") from error
        bits = bits.reshape(-1, bits.shape[-1])
        if bits.shape[1] != n:
            raise BadAnswer(f"{bits.shape[1]} bits a read, and the problem has {n} spins")
        if len(bits) != reads:
            raise BadAnswer(f"{len(bits)} reads came back of {reads}")
        return bits

    def _angles(self, model: Ising, seed: int, o: dict[str, Any]) -> tuple[Any, Any, int]:
        if o["angles"] is not None:
            gamma, beta = (np.atleast_1d(np.asarray(a, dtype=float)) for a in o["angles"])
            return gamma, beta, 0
        if o["training"] != "estimator":
            qaoa = Qaoa(model, mixer=o["mixer"])
            t = train(qaoa, o["depth"], method=o["training"], max_evaluations=o["max_evaluations"])
            return t.gamma, t.beta, t.n_evaluations
        if self.estimator is None:
            raise ArgumentError("training='estimator' needs an EstimatorV2: PrimitiveSolver(sampler, estimator=...)")
        return self._trained_on_the_machine(model, seed, o)

    def _trained_on_the_machine(self, model: Ising, seed: int, o: dict[str, Any]) -> tuple[Any, Any, int]:
        from scipy.optimize import minimize

        depth, operator = int(o["depth"]), observable(model)
        scale = float(np.sqrt((terms_of(model).all_values() ** 2).sum())) or 1.0
        gamma, beta = ramp(depth, scale)
        count, best = 0, (np.inf, gamma, beta)

        def energy(x: NDArray[np.float64]) -> float:
            nonlocal count, best
            circuit = self._native(
                to_qiskit(qaoa_circuit(model, x[:depth] / scale, x[depth:], mixer=o["mixer"], measure=False))
            )
            asked = operator.apply_layout(circuit.layout) if circuit.layout is not None else operator

            def work() -> float:
                value = float(np.asarray(self.estimator.run([(circuit, asked)]).result()[0].data.evs))
                if not np.isfinite(value):
                    raise BadAnswer(f"the energy is {value}")
                return value

            value, _ = self.retry.call(work, machine=type(self.estimator).__name__)
            count += 1
            if value < best[0]:
                best = value, x[:depth] / scale, x[depth:].copy()
            return value / scale

        x0 = np.concatenate([gamma * scale, beta]) + 0.02 * stream(seed, "qaoa", "start").standard_normal(2 * depth)
        minimize(energy, x0, method="COBYLA", options={"maxiter": int(o["max_evaluations"]), "rhobeg": 0.2})
        return best[1], best[2], count


def _cancel(job: list[Any]) -> None:
    """Ask the machine to forget a job; that it cannot is no reason to fail."""
    import contextlib

    for one in job:
        with contextlib.suppress(Exception):
            one.cancel()
