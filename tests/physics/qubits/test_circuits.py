"""Circuits, OpenQASM 3, noise. Oracles: the QAOA engine, qiskit's statevector and OpenQASM 3, density matrices, Aer's
noise models."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base.errors import ArgumentError, DataFileError
from silla.physics.qubits.circuits import (
    GATES,
    Circuit,
    Gate,
    bell,
    matrix,
    qaoa_circuit,
    read_qasm,
    simulate,
    write_qasm,
)
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.machines.primitives import to_qiskit
from silla.physics.qubits.noise import Noise, density_matrix, exact_probabilities, misread, trajectories
from silla.physics.qubits.polynomial import HigherOrder
from silla.physics.qubits.qaoa import Qaoa
from silla.physics.qubits.qaoa_mixers import WarmStart, XYMixer


def random_ising(n: int, seed: int = 1) -> Ising:
    rng = np.random.default_rng(seed)
    return Ising(rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1), 0.7)


def every_gate() -> Circuit:
    rng = np.random.default_rng(3)
    gates = [Gate("h", (q,)) for q in range(4)]
    for name, (n_angles, n_qubits) in GATES.items():
        for _ in range(2):
            qubits = tuple(rng.choice(4, n_qubits, replace=False).tolist())
            gates.append(Gate(name, qubits, tuple(rng.uniform(-4, 4, n_angles).tolist())))
    return Circuit(4, tuple(gates), (2, 0, 1, 3))


def overlap(a, b) -> float:
    return float(abs(np.vdot(a, b)))


MIXERS = {
    "x": "x",
    "warm": WarmStart([0.9, 0.1, 0.5, 0.7, 0.4], 0.1),
    "one": XYMixer([[0, 1, 2], [4, 3]], 1, "ring"),
    "all but one": XYMixer([[0, 1, 2, 3, 4]], 4, "complete"),
    "fixed": XYMixer([[0, 1], [2, 3, 4]], [0, 3]),
}


@pytest.mark.parametrize("mixer", MIXERS)
def test_the_circuit_prepares_the_state_of_the_engine(mixer):
    for model in (random_ising(5), HigherOrder(5, {(0, 1, 2, 4): 0.8, (1,): -0.3, (2, 3): 1.0})):
        gamma, beta = [0.3, -0.8], [0.9, 0.2]
        circuit = qaoa_circuit(model, gamma, beta, mixer=MIXERS[mixer])
        state = Qaoa(model, mixer=MIXERS[mixer], precision="double").state(gamma, beta)
        assert overlap(simulate(circuit), state) == pytest.approx(1.0, abs=1e-12)


def test_every_gate_is_qiskits():
    qiskit_info = pytest.importorskip("qiskit.quantum_info")
    circuit = every_gate()
    theirs = qiskit_info.Statevector(to_qiskit(Circuit(4, circuit.gates))).data
    assert overlap(simulate(circuit), theirs) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(abs(simulate(bell())), [2**-0.5, 0, 0, 2**-0.5], atol=1e-15)


def test_qasm_round_trip_is_exact():
    circuit = every_gate()
    assert read_qasm(write_qasm(circuit)) == circuit
    assert read_qasm(write_qasm(bell())) == bell()


def test_qasm_through_qiskit():
    pytest.importorskip("qiskit_qasm3_import")
    qasm3 = pytest.importorskip("qiskit.qasm3")
    from qiskit.quantum_info import Operator

    circuit = every_gate()
    theirs = qasm3.loads(write_qasm(circuit))
    assert [theirs.find_bit(i.qubits[0]).index for i in theirs.data if i.operation.name == "measure"] == [2, 0, 1, 3]
    ours = Operator(to_qiskit(Circuit(4, circuit.gates)))
    theirs.remove_final_measurements()
    assert Operator(theirs).equiv(ours)


def test_qasm_that_qiskit_writes():
    qiskit = pytest.importorskip("qiskit")
    from qiskit import qasm3

    circuit = every_gate()
    back = read_qasm(qasm3.dumps(to_qiskit(circuit)))
    assert back.measured == circuit.measured
    assert overlap(simulate(back), simulate(circuit)) == pytest.approx(1.0, abs=1e-12)
    native = qiskit.transpile(to_qiskit(circuit), basis_gates=["rz", "sx", "x", "cx"], optimization_level=1)
    assert overlap(simulate(read_qasm(qasm3.dumps(native))), simulate(circuit)) == pytest.approx(1.0, abs=1e-9)


def test_qasm_by_hand():
    text = """OPENQASM 3; // a comment
    include "stdgates.inc";
    /* two
       lines */
    gate twist(a, b) x, y { rz(a/2) x; cx x, y; rz(-b) y; cx x, y; }
    qubit[2] q; qubit r;
    bit[3] c;
    h q;
    twist(pi/2, 2*pi**2 - 1) q[0], r;
    U(0.1, 0.2, 0.3) q[1];
    barrier q;
    c[2] = measure r;
    c[0] = measure q[1];
    c[1] = measure q[0];
    """
    circuit = read_qasm(text)
    assert circuit.n == 3 and circuit.measured == (1, 0, 2)
    assert [g.name for g in circuit.gates] == ["h", "h", "rz", "cx", "rz", "cx", "rz", "ry", "rz"]
    assert circuit.gates[4].angles[0] == pytest.approx(-(2 * np.pi**2 - 1))


def test_a_definition_that_only_bears_the_name_is_followed():
    text = "OPENQASM 3.0; gate rzz(t) a, b { cx a, b; rz(2*t) b; cx a, b; } qubit[2] q; rzz(0.5) q[0], q[1];"
    assert [g.name for g in read_qasm(text).gates] == ["cx", "rz", "cx"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("OPENQASM 2.0;\nqreg q[2];", ":1 is OpenQASM 2"),
        ("OPENQASM 3.0;\nqubit[2] q;\nreset q[0];", ":3 uses gate 'reset'"),
        ("OPENQASM 3.0;\nqubit[2] q;\nh q[2];", r":3 names q\[2\], and q has 2"),
        ("OPENQASM 3.0;\nqubit[2] q;\nh p;", ":3 names 'p'"),
        ("OPENQASM 3.0;\nqubit[2] q;\nccz q[0], q[1];", ":3 uses gate 'ccz'"),
        ("OPENQASM 3.0;\nqubit[2] q;\nrx(import) q[0];", ":3 has an angle"),
        ("OPENQASM 3.0;\nqubit[2] q;\ncx q[0], q[0];", ":3 cx takes"),
        ("OPENQASM 3.0;\nqubit q; bit c;\nc = measure q;\nh q;", ":4 has h on a qubit after"),
        ("OPENQASM 3.0;\nqubit q;\nif (c) { h q; }", ":3"),
        ("OPENQASM 3.0;\nqubit q; bit[2] c;\nc[0] = measure q;", "never measures into bits"),
        ("OPENQASM 3.0;\nqubit q;\nh q", ":3 cannot be read"),
        ("OPENQASM 3.0;", "declares no qubit"),
    ],
)
def test_qasm_that_is_refused(text, match):
    with pytest.raises(DataFileError, match=match):
        read_qasm(text, where="file.qasm")


def test_bad_circuits():
    for call in (
        lambda: Gate("u7", (0,)), lambda: Gate("rz", (0,)), lambda: Gate("cx", (1, 1)),
        lambda: Circuit(1, (Gate("h", (1,)),)), lambda: qaoa_circuit(random_ising(3), [0.1], [0.1, 0.2]),
        lambda: qaoa_circuit(random_ising(4), [0.1], [0.1], mixer=XYMixer([[0, 1, 2, 3]], 2)),
    ):  # fmt: skip
        with pytest.raises(ArgumentError):
            call()


NOISE = Noise(one_qubit=0.02, two_qubit=0.05, damping=0.03, read_1_as_0=0.04, read_0_as_1=0.01)


def test_no_noise_is_the_pure_state():
    circuit = every_gate()
    state = simulate(circuit)
    np.testing.assert_allclose(density_matrix(circuit, Noise()), np.outer(state, state.conj()), atol=1e-13)


def test_trajectories_converge_to_the_density_matrix():
    """Energies within 5 standard errors (false alarm 6e-7), probabilities by chi-square-like bounds."""
    model = random_ising(4)
    circuit, cost = qaoa_circuit(model, [0.3, 0.5], [-0.6, -0.3]), Qaoa(model, precision="double", symmetry=False).cost
    for noise in (NOISE, Noise(one_qubit=0.03, two_qubit=0.03), Noise(damping=0.1)):
        exact = exact_probabilities(circuit, noise)
        run = trajectories(circuit, noise, cost.energies(), 1500, np.random.default_rng(7))
        assert exact.sum() == pytest.approx(1.0, abs=1e-12) and run.probabilities.sum() == pytest.approx(1.0)
        assert abs(run.energy - exact @ cost.energies()) < 5 * run.standard_error
        assert abs(run.probabilities - exact).max() < 5 * 0.5 / np.sqrt(1500)
    assert run.standard_error > 0


def test_density_matrix_is_aers():
    aer = pytest.importorskip("qiskit_aer")
    from qiskit_aer.noise import NoiseModel, amplitude_damping_error, depolarizing_error

    circuit = qaoa_circuit(random_ising(4), [0.3], [-0.6], measure=False)
    damp = amplitude_damping_error(NOISE.damping)
    model = NoiseModel(basis_gates=["h", "rx", "rz", "rzz"])
    model.add_all_qubit_quantum_error(depolarizing_error(NOISE.one_qubit, 1).compose(damp), ["h", "rx", "rz"])
    model.add_all_qubit_quantum_error(depolarizing_error(NOISE.two_qubit, 2).compose(damp.tensor(damp)), ["rzz"])
    theirs = to_qiskit(circuit)
    theirs.save_density_matrix()
    rho = aer.AerSimulator(method="density_matrix", noise_model=model).run(theirs).result().data()["density_matrix"]
    np.testing.assert_allclose(density_matrix(circuit, NOISE), np.asarray(rho), atol=1e-12)


def test_wrong_reads():
    """One qubit surely 1, another surely 0."""
    p = misread([0, 1, 0, 0], Noise(read_1_as_0=0.1, read_0_as_1=0.02))
    np.testing.assert_allclose(p, [0.1 * 0.98, 0.9 * 0.98, 0.1 * 0.02, 0.9 * 0.02])


def test_full_depolarising_leaves_nothing():
    np.testing.assert_allclose(density_matrix(bell(), Noise(two_qubit=1.0)), np.eye(4) / 4, atol=1e-15)
    np.testing.assert_allclose(np.diag(density_matrix(bell(), Noise(damping=1.0))).real, [1, 0, 0, 0], atol=1e-15)


def test_noise_that_is_refused():
    with pytest.raises(ArgumentError, match=r"damping is 1\.5"):
        Noise(damping=1.5)
    with pytest.raises(ArgumentError, match="10 at most"):
        density_matrix(Circuit(11, ()), Noise())
    for energies, count in ((np.zeros(3), 5), (np.zeros(4), 1)):
        with pytest.raises(ArgumentError):
            trajectories(bell(), Noise(), energies, count, np.random.default_rng(1))


def test_matrices_are_unitary():
    for gate in every_gate().gates:
        u = matrix(gate)
        np.testing.assert_allclose(u @ u.conj().T, np.eye(len(u)), atol=1e-15)
