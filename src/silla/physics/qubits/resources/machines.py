"""Machine models: what a quantum computer of each kind is assumed to do, with the source and standing of every number.

Gate errors and cycle times are those that published estimates assume of a future fault-tolerant machine; `qubits` is
what has been shown by now. Power has no agreed figure: it is declared, and energy is an order of magnitude.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from silla.base.errors import ArgumentError

__all__ = ["MACHINES", "STANDINGS", "Machine", "machine"]

STANDINGS = ("published", "preprint", "vendor", "declared")


@dataclass(frozen=True)
class Machine:
    """A quantum computer.

    kind : "gate" or "annealer". gate_error : per physical operation. cycle_s : one round of the surface code.
    reaction_s : from a measurement to the gate that depends on it. gate_s, measure_s : one operation.
    connectivity : neighbours of a qubit (0: any pair). qubits : shown by now. power_w + power_per_qubit_w per qubit.
    anneal_s, readout_s, programming_s : of an annealer, 0 elsewhere.
    """

    name: str
    kind: str
    gate_error: float
    cycle_s: float
    reaction_s: float
    gate_s: float
    measure_s: float
    connectivity: int
    qubits: int
    power_w: float
    power_per_qubit_w: float
    source: str
    standing: str
    anneal_s: float = 0.0
    readout_s: float = 0.0
    programming_s: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in ("gate", "annealer"):
            raise ArgumentError(f"machine {self.name}: kind is {self.kind!r}, allowed gate or annealer")
        if self.standing not in STANDINGS:
            raise ArgumentError(f"machine {self.name}: standing is {self.standing!r}, allowed {', '.join(STANDINGS)}")
        if self.kind == "gate" and not 0.0 < self.gate_error < 0.01:
            raise ArgumentError(
                f"machine {self.name}: gate_error is {self.gate_error:g}, allowed above 0 and below 0.01, the "
                "threshold of the surface code"
            )
        times = {"cycle_s": self.cycle_s, "gate_s": self.gate_s, "measure_s": self.measure_s}
        times = times if self.kind == "gate" else {"anneal_s": self.anneal_s, "readout_s": self.readout_s}
        for name, value in times.items():
            if not (math.isfinite(value) and value > 0.0):
                raise ArgumentError(f"machine {self.name}: {name} is {value}, allowed above 0")
        least = {"reaction_s": self.reaction_s, "power_w": self.power_w, "power_per_qubit_w": self.power_per_qubit_w}
        for name, value in least.items():
            if not (math.isfinite(value) and value >= 0.0):
                raise ArgumentError(f"machine {self.name}: {name} is {value}, allowed 0 or more")

    def energy_j(self, qubits: float, seconds: float) -> float:
        """Joules of a run on that many physical qubits."""
        return (self.power_w + self.power_per_qubit_w * qubits) * seconds


MACHINES: dict[str, Machine] = {
    m.name: m
    for m in (
        Machine(
            "superconducting", "gate", 1e-3, 1e-6, 10e-6, 50e-9, 400e-9, 4, 105, 25e3, 1.0,
            "times and error: assumptions of Gidney and Ekera (arXiv:1905.09749) and Gidney (arXiv:2505.15917); "
            "qubits: Google Quantum AI, Nature 638, 920 (2025); power declared", "published",
        ),
        Machine(
            "neutral-atom", "gate", 1e-3, 1e-3, 1e-3, 1e-6, 500e-6, 0, 448, 10e3, 0.1,
            "cycle of about 1 ms and error 1e-3: assumptions of Cain et al. (arXiv:2603.28627, authors hold shares in "
            "a vendor); qubits: fault-tolerant experiments on 448 atoms (Bluvstein et al. 2025), arrays above 6,000 "
            "trapped; power declared", "vendor",
        ),
        Machine(
            "trapped-ion", "gate", 8e-4, 5e-3, 1e-3, 100e-6, 200e-6, 0, 98, 10e3, 0.1,
            "two-qubit error 8e-4 and 98 qubits: Quantinuum Helios, vendor's figures of 2025; cycle with transport and "
            "power declared", "vendor",
        ),
        Machine(
            "annealer", "annealer", 0.0, 0.0, 0.0, 0.0, 0.0, 20, 4400, 12.5e3, 0.0,
            "D-Wave Advantage2, vendor's figures of 2025: above 4,400 qubits, 20 couplers each, 12.5 kW; anneal 20 us, "
            "readout and delay about 100 us, programming about 10 ms (system documentation)", "vendor",
            anneal_s=20e-6, readout_s=100e-6, programming_s=10e-3,
        ),
    )
}  # fmt: skip


def machine(name: str) -> Machine:
    """The machine of that name; ArgumentError with the known ones otherwise."""
    if name not in MACHINES:
        raise ArgumentError(f"no machine is called {name!r}; known: {', '.join(MACHINES)}")
    return MACHINES[name]
