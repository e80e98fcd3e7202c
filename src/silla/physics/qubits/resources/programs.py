"""Programs: logical qubits, Toffoli and T states and sequential steps of Shor's, Grover's and QAOA's circuits.

Presets carry source and standing. Counts are formulas of the problem's size wherever a formula is published.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from silla.base.errors import ArgumentError

__all__ = [
    "PRESETS", "Program", "aes_search", "ecc_2017", "ecc_2026", "grover_qubo", "qaoa", "rotation_t_states", "rsa_2019",
    "rsa_2025",
]  # fmt: skip


@dataclass(frozen=True)
class Program:
    """What is to be run.

    logical_qubits : width. active : of them, those that compute at a time (the others may be stored densely).
    toffoli, t_states : counts of one run. depth : sequential steps that each wait for a measurement. runs : times that
    it is run one after another. online : share of a run that follows when the key is known (the rest is prepared).
    model : the cost model of the source's own assumptions.
    """

    name: str
    logical_qubits: float
    toffoli: float
    t_states: float
    depth: float
    source: str
    standing: str
    active: float | None = None
    runs: float = 1.0
    online: float = 1.0
    model: str = "gidney-ekera-2019"

    def __post_init__(self) -> None:
        for name in ("logical_qubits", "depth", "runs"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ArgumentError(f"program {self.name}: {name} is {value}, allowed above 0 and finite")
        if self.toffoli < 0 or self.t_states < 0 or not math.isfinite(self.toffoli + self.t_states):
            raise ArgumentError(f"program {self.name}: counts must be finite and not negative")
        if not 0 < self.online <= 1:
            raise ArgumentError(f"program {self.name}: online is {self.online}, allowed above 0 and at most 1")

    @property
    def active_qubits(self) -> float:
        """Logical qubits that compute at a time."""
        return self.logical_qubits if self.active is None else min(self.active, self.logical_qubits)


def _bits(n: float, name: str, least: int) -> float:
    if not (math.isfinite(n) and n >= least and n == int(n)):
        raise ArgumentError(f"{name} is {n}, allowed a whole number of {least} or more")
    return float(n)


def rsa_2019(n: int = 2048) -> Program:
    """Factoring n bits: 3 n + 0.002 n lg n qubits, 0.3 n^3 + 0.0005 n^3 lg n Toffoli, depth 500 n^2 + n^2 lg n.

    Gidney and Ekera 2019, abstract. Its discrete logarithms in safe-prime groups cost about as much.

    >>> round(rsa_2019().toffoli / 1e9, 2)
    2.62
    """
    n = int(_bits(n, "bits of the modulus", 256))
    lg = math.log2(n)
    return Program(
        f"rsa-{n}-2019", 3 * n + 0.002 * n * lg, 0.3 * n**3 + 0.0005 * n**3 * lg, 0.0, 500 * n**2 + n**2 * lg,
        "Gidney and Ekera, Quantum 5, 433 (2021), arXiv:1905.09749", "published",
    )  # fmt: skip


def rsa_2025(n: int = 2048) -> Program:
    """Factoring with approximate residues: 1,400 logical qubits and 6.5e9 Toffoli at n = 2048 (Gidney 2025).

    Other sizes are scaled: qubits with n, Toffoli with n^3 (declared; the source tabulates its own). A tenth of the
    qubits computes while the others are stored (declared; the source stores most of them in yoked codes).
    """
    n = int(_bits(n, "bits of the modulus", 256))
    size = n / 2048
    toffoli = 6.5e9 * size**3
    return Program(
        f"rsa-{n}-2025", 1400 * size, toffoli, 0.0, toffoli, "Gidney 2025, arXiv:2505.15917", "preprint",
        active=140 * size, model="gidney-2025",
    )  # fmt: skip


def ecc_2017(n: int = 256) -> Program:
    """Discrete logarithm on a curve of n bits: 9 n + 2 lg n + 10 qubits, 448 n^3 lg n + 4090 n^3 Toffoli.

    Roetteler, Naehrig, Svore, Lauter 2017 (arXiv:1706.06752, abstract): 2,330 qubits at n = 256.

    >>> ecc_2017(256).logical_qubits
    2330
    """
    n = int(_bits(n, "bits of the curve", 128))
    lg = math.log2(n)
    toffoli = 448 * n**3 * lg + 4090 * n**3
    return Program(
        f"ecc-{n}-2017", 9 * n + 2 * math.ceil(lg) + 10, toffoli, 0.0, toffoli,
        "Roetteler et al., ASIACRYPT 2017, arXiv:1706.06752", "published",
    )  # fmt: skip


def ecc_2026(n: int = 256) -> Program:
    """Discrete logarithm on a curve of n bits: 1,200 logical qubits and 9e7 Toffoli at n = 256 (2026).

    The circuits are withheld; only counts are public. About half of the run precedes knowledge of the key. Other sizes
    are scaled: qubits with n, Toffoli with n^3 (declared).
    """
    n = int(_bits(n, "bits of the curve", 128))
    size = n / 256
    toffoli = 9e7 * size**3
    return Program(
        f"ecc-{n}-2026", 1200 * size, toffoli, 0.0, toffoli,
        "Babbush et al. 2026 (Google Quantum AI): below 1,200 logical qubits, 9e7 Toffoli; circuits withheld",
        "preprint",
        active=120 * size, online=0.5, model="babbush-2026",
    )  # fmt: skip


def rotation_t_states(rotations: float, error: float) -> float:
    """T states of one rotation, 3 log2(1/eps), eps = error / rotations (Ross and Selinger 2016).

    >>> round(rotation_t_states(1000, 0.001), 1)
    59.8
    """
    if rotations <= 0:
        return 0.0
    return 3.0 * math.log2(rotations / error)


def qaoa(n: int, pairs: int, max_degree: int, layers: int, reads: int, fields: int | None = None) -> Program:
    """QAOA of an Ising model: `layers` of one rotation a pair, one a field and one a qubit, `reads` times.

    Rotations of pairs that share no qubit run at once: max_degree + 1 colours of edges at most (Vizing), one step more
    for fields and one for the mixer; each step waits for the T states of a rotation, one after another.
    """
    n = int(_bits(n, "n", 1))
    layers, reads = int(_bits(layers, "layers", 1)), int(_bits(reads, "reads", 1))
    if pairs < 0 or max_degree < 0 or pairs > n * (n - 1) // 2:
        raise ArgumentError(f"pairs is {pairs}, allowed 0 to n (n - 1) / 2 = {n * (n - 1) // 2}")
    rotations = layers * (pairs + (n if fields is None else fields) + n)
    each = rotation_t_states(rotations, 0.01)
    steps = layers * ((max_degree + 1 if pairs else 0) + 2)
    return Program(
        f"qaoa-{n}", n, 0.0, rotations * each, steps * each,
        "Farhi et al., arXiv:1411.4028; rotations: Ross and Selinger, arXiv:1403.2975", "published", runs=reads,
    )  # fmt: skip


def grover_qubo(n: int, pairs: int, bits: int, fields: int | None = None, *, certain: bool = False) -> Program:
    """Minimum of a QUBO by Durr and Hoyer: its oracle adds every weight into an accumulator of `bits` and compares.

    Toffoli of one iteration: 2 (pairs (bits + 1) + fields bits) to add and take back by ripple-carry adders (one
    Toffoli a bit, Gidney 2018), bits to compare, n to reflect. Iterations: sqrt(2^n) pi/4 for a known optimum, the
    least any search can need; with `certain`, the bound 22.5 sqrt(2^n) of Durr and Hoyer (arXiv:quant-ph/9607014).
    """
    n, bits = int(_bits(n, "n", 1)), int(_bits(bits, "bits", 1))
    if n > 1000:
        raise ArgumentError(f"n is {n}: 2^(n/2) iterations of Grover's search have no number; allowed up to 1000")
    oracle = 2.0 * (pairs * (bits + 1.0) + (n if fields is None else fields) * bits) + bits + n
    iterations = (22.5 if certain else math.pi / 4) * 2.0 ** (n / 2)
    count = oracle * iterations
    return Program(
        f"grover-{n}", 2 * n + 2 * bits + 2, count, 0.0, count,
        "Durr and Hoyer, arXiv:quant-ph/9607014; adders: Gidney, Quantum 2, 74 (2018)", "published",
    )  # fmt: skip


# log2 of gates times depth of a key search, and log2 depth of one search on one machine
_AES = {128: (157.0, 74.7, 984), 192: (221.0, 107.0, 1112), 256: (285.0, 139.4, 1336)}


def aes_search(bits: int = 128) -> Program:
    """Grover's search for an AES key on one machine.

    Jaques et al. 2020 (arXiv:1910.01700): gates times depth 2^157, 2^221, 2^285; the depth of one oracle is below
    2^11 there, and pi/4 2^(k/2) of them follow one another. On m machines each takes 1/sqrt(m) of the time: a square
    root, so the total cost rises.
    """
    if bits not in _AES:
        raise ArgumentError(f"AES has keys of 128, 192 or 256 bits, found {bits}")
    product, depth, width = _AES[bits]
    gates = 2.0 ** (product - depth)
    return Program(
        f"aes-{bits}", width, gates / 8.0, 0.0, 2.0**depth,
        "Jaques, Naehrig, Roetteler, Virdia, EUROCRYPT 2020, arXiv:1910.01700", "published",
    )  # fmt: skip


PRESETS = {
    "rsa-2048-2019": rsa_2019(2048),
    "rsa-2048-2025": rsa_2025(2048),
    "ecc-256-2017": ecc_2017(256),
    "ecc-256-2026": ecc_2026(256),
    "aes-128": aes_search(128),
    "aes-256": aes_search(256),
}
