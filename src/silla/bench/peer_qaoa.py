"""One QAOA energy on peers: Aer and PennyLane's lightning, timed in an interpreter of their own on one thread.

Run as a script it reads h, J, gamma and beta as JSON on standard input, prints milliseconds and the energy as JSON, and
needs nothing of silla.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["peer_energy"]

_PACKAGES = {"aer": "qiskit_aer", "lightning": "pennylane_lightning"}


def peer_energy(peer: str, problem: dict[str, Any]) -> tuple[float | None, float | None, str]:
    """(milliseconds of processor time, energy, remark) of "aer" or "lightning"; None where it is not installed."""
    if importlib.util.find_spec(_PACKAGES[peer]) is None:
        return None, None, f"{peer} not installed"
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, str(Path(__file__)), peer]
    run = subprocess.run(
        command, input=json.dumps(problem), capture_output=True, text=True, env={**os.environ, **one}, timeout=300
    )
    if run.returncode != 0:
        last = run.stderr.strip().splitlines()[-1:] or [str(run.returncode)]
        return None, None, f"{peer} failed: {last[0]}"
    answer = json.loads(run.stdout.strip().splitlines()[-1])
    return answer["ms"], answer["energy"], f"{answer['version']} {answer['ms']:.0f} ms"


def _aer(problem: dict[str, Any]) -> tuple[Any, str]:
    import qiskit_aer  # type: ignore[import-not-found]
    from qiskit import QuantumCircuit  # type: ignore[import-not-found]
    from qiskit.quantum_info import SparsePauliOp  # type: ignore[import-not-found]

    h, couplings = problem["h"], problem["J"]
    n = len(h)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n) if couplings[i][j]]
    circuit: Any = QuantumCircuit(n)
    circuit.h(range(n))
    for gamma, beta in zip(problem["gamma"], problem["beta"]):
        for i, j in pairs:
            circuit.rzz(2 * gamma * couplings[i][j], i, j)
        for q in range(n):
            circuit.rz(2 * gamma * h[q], q)
            circuit.rx(2 * beta, q)
    terms = [("ZZ", [i, j], couplings[i][j]) for i, j in pairs] + [("Z", [q], h[q]) for q in range(n)]
    circuit.save_expectation_value(SparsePauliOp.from_sparse_list(terms, num_qubits=n), range(n))
    precision = problem.get("precision", "single")
    simulator = qiskit_aer.AerSimulator(method="statevector", precision=precision, max_parallel_threads=1)
    return lambda: float(simulator.run(circuit).result().data()["expectation_value"]), f"Aer {qiskit_aer.__version__}"


def _lightning(problem: dict[str, Any]) -> tuple[Any, str]:
    import numpy as np
    import pennylane as qml  # type: ignore[import-not-found]

    h, couplings = problem["h"], problem["J"]
    n = len(h)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n) if couplings[i][j]]
    device = qml.device("lightning.qubit", wires=n, c_dtype=np.complex64)
    products = [qml.Z(i) @ qml.Z(j) for i, j in pairs] + [qml.Z(q) for q in range(n)]
    energy = qml.Hamiltonian([couplings[i][j] for i, j in pairs] + list(h), products)

    @qml.qnode(device)
    def circuit():
        for q in range(n):
            qml.Hadamard(q)
        for gamma, beta in zip(problem["gamma"], problem["beta"]):
            for i, j in pairs:
                qml.IsingZZ(2 * gamma * couplings[i][j], wires=[i, j])
            for q in range(n):
                qml.RZ(2 * gamma * h[q], wires=q)
                qml.RX(2 * beta, wires=q)
        return qml.expval(energy)

    return lambda: float(circuit()), f"lightning.qubit {importlib.metadata.version('pennylane_lightning')}"


def main(peer: str) -> None:
    """Time the best of three calls."""
    call, version = {"aer": _aer, "lightning": _lightning}[peer](json.loads(sys.stdin.read()))
    energy, spent = call(), []
    for _ in range(3):
        start = time.process_time()
        energy = call()
        spent.append(time.process_time() - start)
    print(json.dumps({"ms": 1e3 * min(spent), "energy": energy, "version": version}))


if __name__ == "__main__":
    import importlib.metadata

    main(sys.argv[1])
