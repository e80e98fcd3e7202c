"""Gate circuits of QAOA and OpenQASM 3 out and in (openqasm.com/versions/3.0), for the gates that are used here."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DataFileError
from silla.physics.qubits.qaoa_mixers import WarmStart, XYMixer, turned
from silla.physics.qubits.statevector.cost import terms_of

__all__ = ["Circuit", "Gate", "bell", "qaoa_circuit", "read_qasm", "simulate", "write_qasm"]

# name -> (angles, qubits)
GATES = {
    "h": (0, 1), "x": (0, 1), "y": (0, 1), "z": (0, 1), "s": (0, 1), "sdg": (0, 1), "t": (0, 1), "tdg": (0, 1),
    "sx": (0, 1), "p": (1, 1), "rx": (1, 1), "ry": (1, 1), "rz": (1, 1), "cx": (0, 2), "cz": (0, 2), "swap": (0, 2),
    "rxx": (1, 2), "ryy": (1, 2), "rzz": (1, 2),
}  # fmt: skip
# what stdgates.inc does not define
_DEFINITIONS = {
    "rzz": "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }",
    "rxx": "gate rxx(theta) a, b { h a; h b; cx a, b; rz(theta) b; cx a, b; h a; h b; }",
    "ryy": "gate ryy(theta) a, b { rx(pi/2) a; rx(pi/2) b; cx a, b; rz(theta) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b; }",
}


@dataclass(frozen=True)
class Gate:
    """One gate: name of GATES, its qubits, its angles in radians."""

    name: str
    qubits: tuple[int, ...]
    angles: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in GATES:
            raise ArgumentError(f"gate {self.name!r} is not known; known: {', '.join(GATES)}")
        n_angles, n_qubits = GATES[self.name]
        if len(self.angles) != n_angles or len(self.qubits) != n_qubits or len(set(self.qubits)) != n_qubits:
            raise ArgumentError(
                f"{self.name} takes {n_angles} angles and {n_qubits} different qubits, found {self.angles} on "
                f"{self.qubits}"
            )


@dataclass(frozen=True)
class Circuit:
    """Gates on n qubits, then measurements: bit k of the result is qubit measured[k]."""

    n: int
    gates: tuple[Gate, ...]
    measured: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        used = [q for g in self.gates for q in g.qubits] + list(self.measured)
        if self.n < 1 or any(not 0 <= q < self.n for q in used):
            raise ArgumentError(f"a circuit of {self.n} qubits uses qubit {max(used, default=0)}")

    @property
    def n_two_qubit(self) -> int:
        """Gates on two qubits."""
        return sum(len(g.qubits) == 2 for g in self.gates)


def bell() -> Circuit:
    """(|00> + |11>)/sqrt(2), measured."""
    return Circuit(2, (Gate("h", (0,)), Gate("cx", (0, 1))), (0, 1))


def qaoa_circuit(
    model: Any, gamma: ArrayLike, beta: ArrayLike, *, mixer: str | WarmStart | XYMixer = "x", measure: bool = True
) -> Circuit:
    """The circuit whose state is `Qaoa(model, mixer=mixer).state(gamma, beta)` up to a global phase.

    Qubit q is spin q, |0> is spin +1. Terms of three spins and more are done by ladders of cx. Raises ArgumentError
    for an XY mixer whose start is not one -1 (or one +1) spin in each group: other Dicke states are not prepared here.
    """
    terms = terms_of(model)
    g, b = (np.atleast_1d(np.asarray(a, dtype=float)) for a in (gamma, beta))
    if g.shape != b.shape or g.ndim != 1:
        raise ArgumentError(f"gamma and beta are [p] each, found shapes {g.shape} and {b.shape}")
    gates = list(_start(terms.n, mixer))
    products = terms.products()
    for angle, turn in zip(g, b):
        for spins, value in products:
            gates += _product(spins, 2.0 * float(angle) * value)
        gates += _mixing(terms.n, mixer, float(turn))
    return Circuit(terms.n, tuple(gates), tuple(range(terms.n)) if measure else ())


def _product(spins: tuple[int, ...], angle: float) -> list[Gate]:
    """exp(-i angle/2 Z Z ... Z)."""
    if len(spins) == 1:
        return [Gate("rz", spins, (angle,))]
    if len(spins) == 2:
        return [Gate("rzz", spins, (angle,))]
    ladder = [Gate("cx", (a, b)) for a, b in pairwise(spins)]
    return [*ladder, Gate("rz", (spins[-1],), (angle,)), *reversed(ladder)]


def _start(n: int, mixer: str | WarmStart | XYMixer) -> Iterator[Gate]:
    if isinstance(mixer, WarmStart):
        for q, t in enumerate(mixer.angles(n)):
            yield Gate("ry", (q,), (float(t),))
    elif isinstance(mixer, XYMixer):
        for group, down in zip(mixer.groups, mixer.counts(n)):
            if down not in (0, 1, len(group) - 1, len(group)):
                raise ArgumentError(
                    f"a circuit prepares groups with none, one, all but one or all spins -1; found {down} "
                    f"of {len(group)}"
                )
            if 0 < down < len(group):
                yield from _one_of([int(q) for q in group])
            if down and down >= len(group) - 1 and (down != 1 or len(group) == 1):
                for q in group:
                    yield Gate("x", (int(q),))
    else:
        for q in range(n):
            yield Gate("h", (q,))


def _one_of(group: list[int]) -> Iterator[Gate]:
    """The equal superposition of one |1> among |0>: the |1> is handed on, with a share left behind at each qubit."""
    yield Gate("x", (group[0],))
    for k, (a, b) in enumerate(pairwise(group)):
        turn = math.acos(math.sqrt(1.0 / (len(group) - k)))
        yield Gate("ry", (b,), (-turn,))
        yield Gate("cz", (a, b))
        yield Gate("ry", (b,), (turn,))
        yield Gate("cx", (b, a))


def _mixing(n: int, mixer: str | WarmStart | XYMixer, beta: float) -> Iterator[Gate]:
    if isinstance(mixer, XYMixer):
        for a, b in mixer.pairs().tolist():
            yield Gate("rxx", (a, b), (beta,))
            yield Gate("ryy", (a, b), (beta,))
    elif isinstance(mixer, WarmStart):
        about_z, about_x, _, _ = turned(mixer.angles(n), beta)
        for q in range(n):
            for name, angle in (("rz", about_z[q]), ("rx", about_x[q]), ("rz", about_z[q])):
                yield Gate(name, (q,), (2.0 * float(angle),))
    else:
        for q in range(n):
            yield Gate("rx", (q,), (2.0 * beta,))


_FIXED = {
    "h": np.array([[1, 1], [1, -1]]) / np.sqrt(2), "x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]), "s": np.diag([1, 1j]), "sdg": np.diag([1, -1j]), "t": np.diag([1, np.exp(0.25j * np.pi)]),
    "tdg": np.diag([1, np.exp(-0.25j * np.pi)]), "sx": np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2,
    "cx": np.eye(4)[[0, 3, 2, 1]], "cz": np.diag([1, 1, 1, -1]), "swap": np.eye(4)[[0, 2, 1, 3]],
}  # fmt: skip


def matrix(gate: Gate) -> NDArray[np.complex128]:
    """Unitary of a gate, its first qubit the lowest bit."""
    if gate.name in _FIXED:
        return _FIXED[gate.name].astype(complex)
    angle = gate.angles[0]
    if gate.name == "p":
        return np.diag([1.0, np.exp(1j * angle)])
    axis = {"x": _FIXED["x"], "y": _FIXED["y"], "z": _FIXED["z"]}[gate.name[1]].astype(complex)
    if len(gate.qubits) == 2:
        axis = np.kron(axis, axis)
    return np.cos(angle / 2) * np.eye(len(axis)) - 1j * np.sin(angle / 2) * axis


def simulate(circuit: Circuit) -> NDArray[np.complex128]:
    """Amplitudes [2^n] before the measurements, gate by gate; for small circuits."""
    state = np.zeros(1 << circuit.n, dtype=complex)
    state[0] = 1.0
    for gate in circuit.gates:
        state = applied(state, matrix(gate), gate.qubits)
    return state


def applied(state: NDArray[np.complex128], unitary: NDArray[np.complex128], qubits: tuple[int, ...]) -> NDArray[Any]:
    """A matrix on some qubits of a state [2^n], the first of them the lowest bit of the matrix."""
    n = len(state).bit_length() - 1
    axes = [n - 1 - q for q in reversed(qubits)]
    tensor = np.moveaxis(state.reshape((2,) * n), axes, range(len(axes)))
    shape = tensor.shape
    turned_tensor = (unitary @ tensor.reshape(len(unitary), -1)).reshape(shape)
    return np.moveaxis(turned_tensor, range(len(axes)), axes).reshape(-1)


def write_qasm(circuit: Circuit) -> str:
    """The circuit in OpenQASM 3. Angles are written with 17 digits: read back, they are equal.

    >>> print(write_qasm(bell()), end="")
    OPENQASM 3.0;
    include "stdgates.inc";
    qubit[2] q;
    bit[2] c;
    h q[0];
    cx q[0], q[1];
    c[0] = measure q[0];
    c[1] = measure q[1];
    """
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";']
    lines += [text for name, text in _DEFINITIONS.items() if any(g.name == name for g in circuit.gates)]
    lines.append(f"qubit[{circuit.n}] q;")
    if circuit.measured:
        lines.append(f"bit[{len(circuit.measured)}] c;")
    for gate in circuit.gates:
        angles = f"({', '.join(repr(a) for a in gate.angles)})" if gate.angles else ""
        lines.append(f"{gate.name}{angles} {', '.join(f'q[{q}]' for q in gate.qubits)};")
    lines += [f"c[{k}] = measure q[{q}];" for k, q in enumerate(circuit.measured)]
    return "\n".join(lines) + "\n"


@dataclass
class _Reading:
    """What has been read so far."""

    where: str
    qubits: dict[str, tuple[int, int]] = field(default_factory=dict)  # register -> (first, size)
    bits: dict[str, tuple[int, int]] = field(default_factory=dict)
    macros: dict[str, tuple[list[str], list[str], str]] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    measured: dict[int, int] = field(default_factory=dict)
    n: int = 0
    n_bits: int = 0

    def fail(self, line: int, what: str) -> DataFileError:
        return DataFileError(f"{self.where}:{line} {what}")


def read_qasm(text: str, *, where: str = "OpenQASM") -> Circuit:
    """The circuit of an OpenQASM 3 text: registers, gates of GATES, definitions made of them, measurements at the end.

    Registers follow one another in the order of their declarations. DataFileError, with the line, for anything else:
    classical control, resets, loops, gates after a measurement of their qubit.
    """
    reading = _Reading(where)
    for line, statement in _statements(text, reading):
        _take(reading, line, statement)
    if not reading.n:
        raise reading.fail(1, "declares no qubit")
    missing = set(range(reading.n_bits)) - set(reading.measured)
    if reading.measured and missing:
        raise reading.fail(1, f"never measures into bits {sorted(missing)} of {reading.n_bits}")
    return Circuit(reading.n, tuple(reading.gates), tuple(reading.measured[k] for k in sorted(reading.measured)))


def _statements(text: str, reading: _Reading) -> Iterator[tuple[int, str]]:
    clean = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    clean = re.sub(r"//[^\n]*", "", clean)
    at = 0
    for found in re.finditer(r"\s*(gate\b[^{]*\{[^}]*\}|[^;{}]+;)", clean):
        if clean[at : found.start()].strip():
            break
        line = clean.count("\n", 0, found.start(1)) + 1
        yield line, " ".join(found[1].rstrip(";").split())
        at = found.end()
    if clean[at:].strip():
        rest = clean[at:].strip()
        raise reading.fail(clean.count("\n", 0, clean.index(rest, at)) + 1, f"cannot be read: {rest.splitlines()[0]!r}")


def _take(reading: _Reading, line: int, statement: str) -> None:
    if m := re.fullmatch(r"OPENQASM (\d+)(\.\d+)?", statement):
        if m[1] != "3":
            raise reading.fail(line, f"is OpenQASM {m[1]}; version 3 is read here")
    elif statement.startswith(("include ", "barrier")):
        pass
    elif m := re.fullmatch(r"(qubit|bit) ?(?:\[(\d+)\])? (\w+)", statement):
        size = int(m[2] or 1)
        if m[1] == "qubit":
            reading.qubits[m[3]] = reading.n, size
            reading.n += size
        else:
            reading.bits[m[3]] = reading.n_bits, size
            reading.n_bits += size
    elif m := re.fullmatch(r"gate (\w+) ?(?:\(([^)]*)\))? ?([\w, ]+?) ?\{(.*)\}", statement):
        split = [[p.strip() for p in part.split(",") if p.strip()] for part in (m[2] or "", m[3])]
        reading.macros[m[1]] = split[0], split[1], m[4]
        if m[1] in GATES and _is_known(reading, line, m[1]):
            del reading.macros[m[1]]
    elif m := re.fullmatch(r"([\w\[\]]+) ?= ?measure ([\w\[\]]+)", statement):
        bits, qubits = _places(reading, line, m[1], reading.bits), _places(reading, line, m[2], reading.qubits)
        if len(bits) != len(qubits):
            raise reading.fail(line, f"measures {len(qubits)} qubits into {len(bits)} bits")
        reading.measured.update(zip(bits, qubits))
    elif re.fullmatch(r"gphase ?\(.*\)", statement):
        pass  # no measurement sees a global phase
    elif m := re.fullmatch(r"(\w+) ?(?:\((.*)\))? ?(\w[\w\[\], ]*)", statement):
        operands = [_places(reading, line, part.strip(), reading.qubits) for part in m[3].split(",")]
        width = max(len(o) for o in operands)
        if any(len(o) not in (1, width) for o in operands):
            raise reading.fail(line, f"uses registers of unlike sizes in {statement!r}")
        angles = [_value(reading, line, part, {}) for part in _split(m[2] or "")]
        for k in range(width):
            _gate(reading, line, m[1], angles, [o[k % len(o)] for o in operands], 0)
    else:
        raise reading.fail(line, f"has a statement that is not read here: {statement!r}")


def _is_known(reading: _Reading, line: int, name: str) -> bool:
    """Whether a definition of a gate's own name is that gate, up to a global phase."""
    n_angles, n_qubits = GATES[name]
    angles, qubits = [0.7] * n_angles, tuple(range(n_qubits))
    trial = _Reading(reading.where, macros=dict(reading.macros))
    _gate(trial, line, name, angles, list(qubits), 0)
    ours, theirs = matrix(Gate(name, qubits, tuple(angles))), np.eye(1 << n_qubits, dtype=complex)
    for gate in trial.gates:
        theirs = np.array([applied(column, matrix(gate), gate.qubits) for column in theirs.T]).T
    return bool(abs(abs(np.vdot(ours, theirs)) - (1 << n_qubits)) < 1e-9)


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts if p.strip()]


def _places(reading: _Reading, line: int, text: str, registers: dict[str, tuple[int, int]]) -> list[int]:
    m = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", text)
    if not m or m[1] not in registers:
        raise reading.fail(line, f"names {text!r}, which is not declared; there are {', '.join(registers) or 'none'}")
    first, size = registers[m[1]]
    if m[2] is None:
        return list(range(first, first + size))
    if int(m[2]) >= size:
        raise reading.fail(line, f"names {text}, and {m[1]} has {size}")
    return [first + int(m[2])]


def _gate(reading: _Reading, line: int, name: str, angles: list[float], qubits: list[int], depth: int) -> None:
    if set(qubits) & set(reading.measured.values()):
        raise reading.fail(line, f"has {name} on a qubit after its measurement")
    if name in ("U", "u", "u3") and len(angles) == 3 and len(qubits) == 1:
        for part, angle in (("rz", angles[2]), ("ry", angles[0]), ("rz", angles[1])):
            reading.gates.append(Gate(part, (qubits[0],), (angle,)))
    elif name not in reading.macros and (name in ("id", "CX") or name in GATES):
        if name == "id":
            return
        try:
            reading.gates.append(Gate({"CX": "cx"}.get(name, name), tuple(qubits), tuple(angles)))
        except ArgumentError as error:
            raise reading.fail(line, str(error)) from error
    elif name in reading.macros and depth < 32:
        formal_angles, formal_qubits, body = reading.macros[name]
        if len(formal_angles) != len(angles) or len(formal_qubits) != len(qubits):
            raise reading.fail(line, f"calls {name} with {len(angles)} angles and {len(qubits)} qubits")
        values, places = dict(zip(formal_angles, angles)), dict(zip(formal_qubits, qubits))
        for statement in filter(None, (s.strip() for s in body.split(";"))):
            m = re.fullmatch(r"(\w+) ?(?:\((.*)\))? ?([\w, ]+)", statement)
            if not m or any(part.strip() not in places for part in m[3].split(",")):
                raise reading.fail(line, f"defines {name} by what is not read here: {statement!r}")
            inner = [_value(reading, line, part, values) for part in _split(m[2] or "")]
            _gate(reading, line, m[1], inner, [places[p.strip()] for p in m[3].split(",")], depth + 1)
    else:
        known = ", ".join(GATES)
        raise reading.fail(line, f"uses gate {name!r}, not known; known: {known}, and definitions made of them")


_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_NAMES = {"pi": math.pi, "π": math.pi, "tau": math.tau, "τ": math.tau, "euler": math.e}


def _value(reading: _Reading, line: int, text: str, names: dict[str, float]) -> float:
    """A number, or an expression of numbers, pi, the parameters and + - * / **."""

    def walk(node: ast.AST) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.Name) and node.id in (names | _NAMES):
            return (names | _NAMES)[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](walk(node.operand))
        raise ValueError(text)

    try:
        return walk(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise reading.fail(line, f"has an angle that cannot be evaluated: {text!r}") from error
