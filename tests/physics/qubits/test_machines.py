"""Machines behind the solvers' interface. Oracles: enumeration, the exact simulator, dimod's own samplers; machines
that misbehave on purpose."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DataFileError, MachineError
from silla.physics.qubits.exchange import to_dimod
from silla.physics.qubits.ising import Ising, Qubo
from silla.physics.qubits.machines import DimodSolver, PrimitiveSolver, Recorder, Replay, Retry, as_dimod
from silla.physics.qubits.qaoa import Qaoa
from silla.physics.qubits.qaoa_solver import QaoaSolver
from silla.physics.qubits.solvers import SOLVERS

QUICK = Retry(attempts=3, timeout_s=5.0, wait_s=0.0)


def random_ising(n: int = 5, seed: int = 1) -> Ising:
    rng = np.random.default_rng(seed)
    return Ising(rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1), 0.7)


def optimum(model) -> float:
    return SOLVERS["exhaustive"]().sample(model).best[1]


def samplers() -> dict[str, object]:
    primitives = pytest.importorskip("qiskit.primitives")
    aer = pytest.importorskip("qiskit_aer.primitives")
    return {"reference": primitives.StatevectorSampler(seed=3), "aer": aer.SamplerV2(seed=3)}


@pytest.mark.parametrize("name", ["reference", "aer"])
def test_any_primitive_reads_the_state_of_the_simulator(name):
    """Chi-square of 4000 reads at a false-alarm rate of 1e-6."""
    from scipy.stats import chi2

    model, angles = random_ising(), ([0.3, 0.4], [-0.5, -0.2])
    found = PrimitiveSolver(samplers()[name]).sample(model, angles=angles, reads=4000)
    p = Qaoa(model, precision="double").probabilities(*angles)
    seen = np.zeros(32)
    seen[((1 - found.states) // 2) @ (1 << np.arange(5))] = found.counts
    assert seen.sum() == 4000 and ((seen - 4000 * p) ** 2 / (4000 * p)).sum() < chi2.isf(1e-6, 31)
    np.testing.assert_allclose(found.energies, model.energy(found.states))
    assert found.info["calls"] == 1 and found.info["two_qubit_gates"] == 2 * 10
    assert found.timing["run"] > 0 and found.timing["wall"] >= found.timing["run"]


def test_trained_on_the_simulator_a_primitive_finds_the_optimum():
    model = Qubo(np.triu(np.random.default_rng(5).normal(size=(5, 5))))
    found = PrimitiveSolver(samplers()["aer"]).sample(model, depth=2, reads=500)
    assert found.vartype == "binary" and found.best[1] == pytest.approx(optimum(model))


def test_trained_by_an_estimator():
    """COBYLA on the reference estimator comes within a tenth of the angles found with exact gradients."""
    primitives = pytest.importorskip("qiskit.primitives")
    model = random_ising(4)
    solver = PrimitiveSolver(samplers()["reference"], estimator=primitives.StatevectorEstimator())
    found = solver.sample(model, depth=1, training="estimator", max_evaluations=60, reads=200)
    qaoa = Qaoa(model, precision="double")
    reached = qaoa.energy(found.info["gamma"], found.info["beta"])
    from silla.physics.qubits.qaoa_training import train

    assert reached - model.offset < 0.9 * (train(qaoa, 1, method="ramp").energy - model.offset) < 0
    assert found.best[1] == pytest.approx(optimum(model))
    with pytest.raises(ArgumentError, match="EstimatorV2"):
        PrimitiveSolver(samplers()["reference"]).sample(model, training="estimator")


def test_gates_are_counted_as_the_machine_runs_them():
    """On a line of qubits without rzz each of the 10 couplings takes two cx, and swaps come on top."""
    transpiler = pytest.importorskip("qiskit.transpiler")
    line = transpiler.CouplingMap.from_line(5)
    manager = transpiler.generate_preset_pass_manager(
        optimization_level=1, coupling_map=line, basis_gates=["rz", "sx", "x", "cx"], seed_transpiler=1
    )
    model, angles = random_ising(), ([0.3], [-0.5])
    found = PrimitiveSolver(samplers()["aer"], pass_manager=manager).sample(model, angles=angles, reads=3000)
    assert found.info["two_qubit_gates"] > 20
    exact = Qaoa(model, precision="double").energy(*angles)
    mean = float(found.energies @ found.counts) / 3000
    spread = np.sqrt(found.counts @ (found.energies - mean) ** 2 / 3000)
    assert abs(mean - exact) < 5 * spread / np.sqrt(3000)


class Faulty:
    """A SamplerV2 that misbehaves for its first calls and is Aer afterwards."""

    def __init__(self, *faults):
        self.faults, self.calls, self.good = list(faults), 0, samplers()["aer"]
        self.cancelled = 0

    def run(self, circuits, *, shots):
        self.calls += 1
        fault = self.faults.pop(0) if self.faults else "none"
        if fault == "short":
            return self.good.run(circuits, shots=shots - 1)
        if fault == "wide":
            import qiskit

            wide = qiskit.QuantumCircuit(7)
            wide.measure_all()
            return self.good.run([wide], shots=shots)
        if fault == "lost":
            raise ConnectionError("connection reset")
        if fault == "wrong":
            raise ValueError("no such gate")
        if fault == "empty":
            return SimpleNamespace(result=list)
        if fault == "slow":
            return SimpleNamespace(result=lambda: time.sleep(30), cancel=self.cancel)
        return self.good.run(circuits, shots=shots)

    def cancel(self):
        self.cancelled += 1


@pytest.mark.parametrize("fault", ["short", "wide", "lost", "empty", "slow"])
def test_a_passing_fault_is_asked_again(fault):
    machine = Faulty(fault)
    retry = Retry(attempts=2, timeout_s=0.3 if fault == "slow" else 20.0, wait_s=0.0)
    if fault == "slow":  # what is warm answers well within the time
        machine.good.run([_bell()], shots=1).result()
    found = PrimitiveSolver(machine, retry=retry).sample(random_ising(3), angles=([0.1], [0.2]), reads=50)
    assert machine.calls == found.info["calls"] == 2 and found.n_reads == 50
    assert machine.cancelled == (fault == "slow")


def _bell():
    import qiskit

    circuit = qiskit.QuantumCircuit(2)
    circuit.h(0)
    circuit.measure_all()
    return circuit


@pytest.mark.parametrize(
    ("faults", "calls", "match"),
    [
        (["short"] * 9, 3, "49 reads came back of 50"),
        (["wide"] * 9, 3, "7 bits a read, and the problem has 3 spins"),
        (["lost", "short", "empty"], 3, "call 1: ConnectionError: connection reset; call 2: 49 reads"),
        (["wrong"] * 9, 1, "ValueError: no such gate"),
    ],
)
def test_a_lasting_fault_is_an_error_that_tells_every_call(faults, calls, match):
    machine = Faulty(*faults)
    with pytest.raises(MachineError, match=match) as caught:
        PrimitiveSolver(machine, retry=QUICK).sample(random_ising(3), angles=([0.1], [0.2]), reads=50)
    assert machine.calls == calls and "No other solver has taken its place" in str(caught.value)


def test_a_time_out_is_told():
    machine = Faulty("slow", "slow")
    with pytest.raises(MachineError, match=r"no answer within 0\.1 s"):
        retry = Retry(attempts=2, timeout_s=0.1, wait_s=0.0)
        PrimitiveSolver(machine, retry=retry).sample(random_ising(3), angles=([0.1], [0.2]), reads=50)
    assert machine.cancelled == 2


def test_dimod_samplers_as_ours():
    dwave = pytest.importorskip("dwave.samplers")
    model = random_ising(8)
    found = DimodSolver(dwave.SimulatedAnnealingSampler()).sample(model, reads=30, seed=4)
    assert found.best[1] == pytest.approx(optimum(model)) and found.n_reads == 30
    again = DimodSolver(dwave.SimulatedAnnealingSampler()).sample(model, reads=30, seed=4)
    assert (again.states == found.states).all()
    exact = DimodSolver(__import__("dimod").ExactSolver()).sample(random_ising(6), reads=None)
    assert len(exact.states) == 64 and exact.best[1] == pytest.approx(optimum(random_ising(6)))


class FaultyDimod:
    def __init__(self, change):
        self.parameters = {"num_reads": []}
        self.change, self.calls = change, 0

    def sample(self, bqm, num_reads):
        import dimod

        self.calls += 1
        n = len(bqm.variables)
        return self.change(dimod.SampleSet.from_samples_bqm(np.ones((num_reads, n), dtype=np.int8), bqm))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda s: s.slice(3), "3 reads came back of 10"),
        (lambda s: None, "no sample set"),
        (lambda s: _relabelled(s), "4 variables came back, and the problem has 5 spins"),
    ],
)
def test_dimod_samplers_that_answer_badly(change, match):
    machine = FaultyDimod(change)
    with pytest.raises(MachineError, match=match):
        DimodSolver(machine, retry=QUICK).sample(random_ising(), reads=10)
    assert machine.calls == 3


def _relabelled(samples):
    import dimod

    return dimod.SampleSet.from_samples(samples.record.sample[:, :4], "SPIN", samples.record.energy)


def test_what_an_annealer_tells_of_its_time_is_used():
    def told(samples):
        samples.info["timing"] = {"qpu_programming_time": 15000.0, "qpu_sampling_time": 2000.0}
        return samples

    found = DimodSolver(FaultyDimod(told)).sample(random_ising(), reads=10)
    assert found.timing["run"] == pytest.approx(2e-3) and found.timing["programming"] >= 15e-3


def test_ours_as_dimod_samplers():
    dimod = pytest.importorskip("dimod")
    model = random_ising(6)
    sampler = as_dimod(QaoaSolver())
    assert isinstance(sampler, dimod.Sampler)
    answer = sampler.sample(to_dimod(model), reads=200, depth=2, seed=2)
    assert answer.first.energy == pytest.approx(optimum(model))
    truncated = dimod.TruncateComposite(sampler, 1).sample(to_dimod(model), reads=200, depth=2)
    assert len(truncated) == 1 and truncated.first.energy == pytest.approx(optimum(model))
    spins = sampler.sample_ising({"a": 0.5, "b": 0.0}, {("a", "b"): -1.0}, depth=1)
    assert spins.first.sample == {"a": -1, "b": -1} and spins.first.energy == pytest.approx(-1.5)


def test_recorded_runs_are_played_back(tmp_path):
    path, model = tmp_path / "runs.json", random_ising()
    recorder = Recorder(QaoaSolver(), path)
    first = recorder.sample(model, seed=3, reads=100, depth=1)
    recorder.sample(random_ising(4), seed=3, reads=100, depth=1)
    replay = Replay(path)
    played = replay.sample(model, seed=3, reads=100)
    assert (played.states == first.states).all() and (played.counts == first.counts).all()
    assert played.info["recorded"] and played.info["gamma"] == first.info["gamma"]
    assert played.timing["programming"] == pytest.approx(first.timing["programming"])
    more = Recorder(QaoaSolver(), path)  # goes on with what is there
    more.sample(model, seed=4, reads=50)
    assert len(json.loads(path.read_text())["runs"]) == 3
    for question in ({"seed": 5}, {"seed": 3, "reads": 101}):
        with pytest.raises(ArgumentError, match="is not recorded"):
            replay.sample(model, **question)
    with pytest.raises(ArgumentError, match="is not recorded"):
        replay.sample(random_ising(5, seed=9), seed=3)


def test_files_of_recorded_runs_that_are_refused(tmp_path):
    path = tmp_path / "runs.json"
    for text in ("", "[]", '{"format": "other", "runs": {}}', '{"format": "silla qubit runs 1", "runs": {"a": {}}}'):
        path.write_text(text)
        with pytest.raises(DataFileError, match=r"runs\.json"):
            Replay(path)
    with pytest.raises(DataFileError, match="cannot be read"):
        Replay(tmp_path / "absent.json")
    path.unlink()
    Recorder(QaoaSolver(), path).sample(random_ising(), seed=1, reads=10, depth=1)
    document = json.loads(path.read_text())
    next(iter(document["runs"].values()))["answer"]["states"] = [[2, 0]]
    path.write_text(json.dumps(document))
    with pytest.raises(DataFileError, match="damaged"):
        Replay(path).sample(random_ising(), seed=1)


def test_what_is_no_machine():
    for call in (lambda: PrimitiveSolver(3), lambda: DimodSolver("x"), lambda: Retry(attempts=0),
                 lambda: PrimitiveSolver(Faulty()).sample(random_ising(), reads=0)):  # fmt: skip
        with pytest.raises(ArgumentError):
            call()


def test_heavy_packages_are_not_imported_with_the_solvers():
    import subprocess
    import sys

    code = "import sys, silla.physics.qubits.machines, silla.physics.qubits.solvers; "
    code += "print([m for m in ('qiskit', 'qiskit_aer', 'dimod') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
