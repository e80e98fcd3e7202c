"""Grover's search and the minimum finding of Durr and Hoyer, exactly, with their queries counted.

An iteration flips the sign of the marked states and reflects about the uniform superposition. All amplitudes of marked
states stay equal, and those of the others: after k iterations a read is marked with probability sin^2((2k+1) t),
sin^2 t = M/N, and uniform within its kind (Boyer, Brassard, Hoyer and Tapp, Fortschritte der Physik 46, 493, 1998).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.base.rng import stream
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.samples import Sampler, Samples, timing
from silla.physics.qubits.statevector.cost import cost_of, spins_at

__all__ = [
    "GroverSolver", "Search", "best_iterations", "grover_state", "minimum", "query_bound", "search_unknown",
    "success_probability",
]  # fmt: skip

_STATES = Range(1.0, 2.0**60, "")
GROWTH = 6.0 / 5.0  # of the range of iterations after a miss; any factor between 1 and 4/3 serves


def success_probability(n_states: float, n_marked: float, iterations: int) -> float:
    """sin^2((2k+1) t) with sin^2 t = M/N: a read after k iterations is marked. Raises DomainError for M > N.

    >>> round(success_probability(4, 1, 1), 12)
    1.0
    """
    check_domain("n_states", n_states, _STATES, what="Grover's search")
    check_domain("n_marked", n_marked, Range(0.0, float(n_states), ""), what="Grover's search")
    if iterations < 0:
        raise ArgumentError(f"the number of iterations is {iterations}; at least 0")
    return float(np.sin((2 * iterations + 1) * np.arcsin(np.sqrt(n_marked / n_states))) ** 2)


def best_iterations(n_states: float, n_marked: float) -> int:
    """The first number of iterations at which the success probability peaks, floor(pi / (4 t)) at most."""
    if not 0 < n_marked <= n_states:
        raise ArgumentError(f"{n_marked} marked of {n_states} states; at least one and not more than all")
    t = math.asin(math.sqrt(n_marked / n_states))
    return max(0, round(math.pi / (4.0 * t) - 0.5))


def grover_state(marked: ArrayLike, iterations: int) -> NDArray[np.float64]:
    """Amplitudes [N] (all real) after that many iterations on a state vector; marked [N] of bool, N a power of two."""
    flags = _flags(marked)
    if iterations < 0:
        raise ArgumentError(f"the number of iterations is {iterations}; at least 0")
    state = np.full(len(flags), len(flags) ** -0.5)
    for _ in range(iterations):
        state[flags] *= -1.0
        state = 2.0 * state.mean() - state
    return state


def _flags(marked: ArrayLike) -> NDArray[np.bool_]:
    flags = np.asarray(marked, dtype=bool)
    if flags.ndim != 1 or len(flags) < 1 or len(flags) & (len(flags) - 1):
        raise ArgumentError(f"marked states are a vector of 2^n flags, found shape {flags.shape}")
    return flags


@dataclass(frozen=True)
class Search:
    """What a search returned: the index read last (-1: none found), whether it is right, iterations (oracle queries),
    reads, and the indexes accepted on the way."""

    index: int
    found: bool
    queries: int
    reads: int
    trace: tuple[int, ...] = ()


def search_unknown(marked: ArrayLike, rng: np.random.Generator, *, max_queries: float = math.inf) -> Search:
    """A marked state when their number is not known: iterations drawn below a bound that grows by 6/5 after a miss.

    Expected iterations are at most 9/2 sqrt(N/M) (Boyer et al., theorem 3). Without a marked state it would never end:
    `max_queries` (default then 9 sqrt(N)) ends it.
    """
    flags = _flags(marked)
    if math.isinf(max_queries) and not flags.any():
        max_queries = 9.0 * math.sqrt(len(flags))

    def read(k: int) -> int:
        p = grover_state(flags, k) ** 2
        return int(rng.choice(len(flags), p=p / p.sum()))

    return _grow(len(flags), read, lambda z: bool(flags[z]), rng, max_queries)


def _grow(n_states, read, accept, rng, max_queries) -> Search:
    bound, queries, reads = 1.0, 0, 0
    while True:
        k = int(rng.integers(0, math.ceil(bound)))
        if queries + k > max_queries:
            return Search(-1, False, queries, reads)
        z = read(k)
        queries, reads = queries + k, reads + 1
        if accept(z):
            return Search(z, True, queries, reads)
        if queries + 1 > max_queries or reads > 64 + 8 * max_queries:
            return Search(-1, False, queries, reads)
        bound = min(GROWTH * bound, math.sqrt(n_states))


def query_bound(n_states: float) -> float:
    """22.5 sqrt(N) + 1.4 log2(N)^2: steps after which the least value is held with probability 1/2 at least (Durr and
    Hoyer, quant-ph/9607014, theorem 1; a step is an iteration, or log2 N steps to prepare the superposition).

    >>> round(query_bound(1024))
    860
    """
    return 22.5 * math.sqrt(n_states) + 1.4 * math.log2(n_states) ** 2 if n_states > 1 else 1.0


def minimum(
    values: ArrayLike, rng: np.random.Generator, *, max_queries: float | None = None, amplitudes: bool | None = None
) -> Search:
    """The index of a least value by Durr and Hoyer's search: the threshold falls to each smaller value that is read.

    values : [N]. max_queries : iterations allowed (default 22.5 sqrt(N)). amplitudes : read from full state vectors;
    False: from the two probabilities that they come down to, which is the same in distribution and takes N log N
    once; None: vectors up to 2^12 states. `found` says whether the index is that of a least value.
    """
    v = np.asarray(values, dtype=np.float64)
    if v.ndim != 1 or not len(v) or not np.isfinite(v).all():
        raise ArgumentError(f"values are a vector of finite numbers, found shape {v.shape}")
    n = len(v)
    budget = 22.5 * math.sqrt(n) if max_queries is None else max_queries
    full = (n <= 4096 and n & (n - 1) == 0) if amplitudes is None else amplitudes
    order = np.argsort(v, kind="stable")
    ordered = v[order]
    held = int(rng.integers(n))
    queries, reads, trace = 0, 1, [held]
    while queries < budget and v[held] > ordered[0]:
        # a machine does not know that it is at the minimum and spends what is left; queries are counted up to there
        n_below = int(np.searchsorted(ordered, v[held], side="left"))
        read = _vector_read(v < v[held], rng) if full else _two_kinds_read(order, n_below, rng)
        step = _grow(n, read, lambda z, level=v[held]: bool(v[z] < level), rng, budget - queries)
        queries, reads = queries + step.queries, reads + step.reads
        if not step.found:
            break
        held = step.index
        trace.append(held)
    return Search(held, bool(v[held] == ordered[0]), queries, reads, tuple(trace))


def _vector_read(marked: NDArray[np.bool_], rng: np.random.Generator):
    def read(k: int) -> int:
        p = grover_state(marked, k) ** 2
        return int(rng.choice(len(marked), p=p / p.sum()))

    return read


def _two_kinds_read(order: NDArray[np.int64], n_marked: int, rng: np.random.Generator):
    def read(k: int) -> int:
        if rng.random() < success_probability(len(order), n_marked, k):
            return int(order[rng.integers(n_marked)])
        return int(order[n_marked + rng.integers(len(order) - n_marked)])

    return read


class GroverSolver(Sampler):
    """Durr and Hoyer's minimum finding over all 2^n states, simulated exactly; each repetition is one read.

    Options: repeats (each within 22.5 sqrt(N) iterations and right with probability 1/2 at least), max_n.
    info: "queries" of all repetitions, "bound" on one of them.

    >>> GroverSolver().sample(Ising([0.0, 0.1], [[0, 1], [0, 0]]), seed=1).best[0].tolist()
    [1, -1]
    """

    name: ClassVar[str] = "grover"
    options: ClassVar[dict[str, Any]] = {"repeats": 4, "max_n": 24}

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        if model.n > o["max_n"]:
            raise ArgumentError(
                f"Grover's search over n = {model.n} spins is simulated on all 2^{model.n} energies; allowed up to "
                f"max_n = {o['max_n']}; it would take about {query_bound(2.0**model.n):.2g} iterations on a machine"
            )
        if not isinstance(o["repeats"], (int, np.integer)) or o["repeats"] < 1:
            raise ArgumentError(f"repeats must be a whole number of 1 at least, found {o['repeats']!r}")
        clock = time.perf_counter()
        energies = cost_of(model, precision="double").energies()
        programmed = time.perf_counter()
        rng = stream(seed, "grover")
        found = [minimum(energies, rng) for _ in range(o["repeats"])]
        states = np.array([f.index for f in found])
        spent = timing(programming=programmed - clock, run=time.perf_counter() - programmed)
        queries = sum(f.queries for f in found)
        info = {"status": "heuristic", "simulated": True, "queries": queries, "bound": query_bound(len(energies))}
        counts = np.ones(len(states), np.int64)
        return Samples(spins_at(states, model.n), energies[states], counts, spent, "spin", info)


register(
    ModelCard(
        id="qubits.grover.success",
        title="Grover's search: probability of reading a marked state",
        function=success_probability,
        sources=(
            Citation(
                "Boyer1998",
                "M. Boyer, G. Brassard, P. Hoyer, A. Tapp, Tight bounds on quantum searching, Fortschritte der Physik "
                "46, 493 (1998)",
                "https://arxiv.org/abs/quant-ph/9605034",
            ),
        ),
        valid={"n_states": _STATES},
        references=(
            Reference(
                {"n_states": 4.0, "n_marked": 1.0, "iterations": 1}, 1.0, "section 3: one of four, certain", rel=1e-12
            ),
            Reference({"n_states": 1.0, "n_marked": 1.0, "iterations": 0}, 1.0, "all marked", rel=1e-12),
        ),
        left_out="noise, and the gates of the oracle",
    )
)
