"""One-bit reconfigurable surfaces: each of N elements reflects with phase 0 or pi.

One link is solved exactly in O(N log N): the best signs are those of Re(g_n exp(-j theta)) for some theta, and as
theta turns half a circle every sign changes once. Many users are an Ising problem (sum of received
power) or a max-min search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.qubits.ising import Ising, Qubo, check_memory
from silla.physics.qubits.problems.instance import Decoded, Instance, Rival

__all__ = [
    "Surface",
    "SurfaceLinks",
    "best_single_link",
    "link_power",
    "max_min_search",
    "phase_quantisation_power",
    "sum_power_ising",
]


class Surface(NamedTuple):
    """Signs [N] in {-1, +1} and the power |d + sum g_n s_n|^2 of the link (the least of many links for max-min)."""

    signs: NDArray[np.int8]
    power: float


def _channels(cascaded: ArrayLike, direct: ArrayLike) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    g = np.atleast_2d(np.asarray(cascaded, dtype=np.complex128))
    d = np.broadcast_to(np.asarray(direct, dtype=np.complex128), (len(g),))
    if g.ndim != 2 or g.shape[1] == 0:
        raise ArgumentError(f"cascaded channels must be [n_links, N] with one element at least, found {g.shape}")
    if not (np.isfinite(g).all() and np.isfinite(d).all()):
        raise ArgumentError("channels must be finite")
    return g, d


def link_power(cascaded: ArrayLike, signs: ArrayLike, direct: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Received power |d_k + sum_n g_kn s_n|^2 of every link [K], for signs [..., N]: [..., K]."""
    g, d = _channels(cascaded, direct)
    return np.abs(np.asarray(signs) @ g.T + d) ** 2


def best_single_link(cascaded: ArrayLike, direct: complex = 0.0) -> Surface:
    """The signs that maximise |d + sum g_n s_n|^2, exactly, and that power.

    cascaded : complex [N], transmitter-element-receiver. direct : complex, the path without the surface.

    The maximum over s of |z(s)| is the maximum over theta of max_s Re(z(s) exp(-j theta)); the inner optimum is a sign
    pattern of which there are N on the half circle and their negatives (Ren, Shen, Li, Chen and Luo, A linear time
    algorithm for the optimal discrete IRS beamforming, IEEE Wireless Commun. Lett. 12(3) 2023). Raises ArgumentError
    for an empty channel or one that is not finite.

    >>> round(best_single_link([1.0, -2.0, 1.0j]).power, 9)
    10.0
    """
    g, d = _channels(cascaded, direct)
    g = g[0]
    angle = np.arctan2(g.imag, g.real)
    # sign(Re(g exp(-j theta))) changes where theta passes angle + pi/2 (mod pi)
    turn = np.mod(angle + 0.5 * np.pi, np.pi)
    order = np.argsort(turn)
    # just after theta = 0: positive real part, or on the imaginary axis the sign of the imaginary part
    start = np.where((g.real > 0) | ((g.real == 0) & (g.imag > 0)), 1.0, -1.0)
    steps = (-2.0 * start * g)[order]
    sums = np.empty(len(g) + 1, dtype=np.complex128)
    sums[0] = start @ g
    np.cumsum(steps, out=sums[1:])
    sums[1:] += sums[0]
    plus, minus = np.abs(d[0] + sums), np.abs(d[0] - sums)
    k_plus, k_minus = int(np.argmax(plus)), int(np.argmax(minus))
    positive = plus[k_plus] >= minus[k_minus]
    signs = start
    signs[order[: k_plus if positive else k_minus]] *= -1.0
    signs = signs if positive else -signs
    return Surface(signs.astype(np.int8), float(np.abs(d[0] + signs @ g) ** 2))


def sum_power_ising(cascaded: ArrayLike, direct: ArrayLike = 0.0, weights: ArrayLike | None = None) -> Ising:
    """Ising model whose energy is minus the weighted sum of the links' powers; dense, N spins.

    cascaded : [K, N]. direct : [K] or a number. weights : [K], one by default.

    >>> m = sum_power_ising([[1.0, 1.0j], [1.0, -1.0]], [0.5, 0.0])
    >>> float(m.energy([1, -1])), float(-link_power([[1.0, 1.0j], [1.0, -1.0]], [1, -1], [0.5, 0.0]).sum())
    (-7.25, -7.25)
    """
    g, d = _channels(cascaded, direct)
    w = np.ones(len(g)) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != (len(g),) or not (np.isfinite(w).all() and (w >= 0).all()):
        raise ArgumentError(f"weights must be [{len(g)}], finite and not negative")
    check_memory(g.shape[1], what="the couplings of a surface")
    gram = ((g.conj().T * w) @ g).real
    field = -2.0 * ((d.conj() * w) @ g).real
    constant = -float(np.trace(gram)) - float(w @ np.abs(d) ** 2)
    couplings = -2.0 * gram
    np.fill_diagonal(couplings, 0.0)
    return Ising(field, couplings, constant)


def max_min_search(
    cascaded: ArrayLike, direct: ArrayLike = 0.0, *, rng: np.random.Generator, starts: int = 8, sweeps: int = 50
) -> Surface:
    """Signs that raise the least power over the links: the best of several ascents by single flips, not proven best.

    Starts are the exact optimum of each link, the pattern of the summed channels, and random ones, `starts` at least.
    """
    g, d = _channels(cascaded, direct)
    n = g.shape[1]
    firsts = [best_single_link(g[k], d[k]).signs for k in range(len(g))] + [best_single_link(g.sum(0)).signs]
    firsts += [rng.choice(np.array([-1, 1], np.int8), n) for _ in range(max(0, starts - len(firsts)))]
    best = Surface(firsts[0], -1.0)
    for first in firsts:
        s = first.astype(float)
        z = g @ s + d
        value = float(np.abs(z).min() ** 2)
        for _ in range(sweeps):
            before = value
            for i in rng.permutation(n):
                moved = z - 2.0 * g[:, i] * s[i]
                new = float(np.abs(moved).min() ** 2)
                if new > value:
                    s[i], z, value = -s[i], moved, new
            if value <= before:
                break
        exact = float(link_power(g, s, d).min())
        if exact > best.power:
            best = Surface(s.astype(np.int8), exact)
    return best


_BITS = Range(1, 16, "bit")


def phase_quantisation_power(bits: ArrayLike) -> NDArray[np.float64]:
    """Power of a large surface with b-bit phases relative to continuous phases, (2^b / pi sin(pi / 2^b))^2.

    Mean over uniform channel phases, squared amplitude law (Wu and Zhang, IEEE Trans. Commun. 68(3) 2020, eq. 25:
    losses of 3.9, 0.9 and 0.2 dB at 1, 2 and 3 bits). DomainError outside 1 to 16 bits.

    >>> round(float(10 * np.log10(phase_quantisation_power(1))), 2)
    -3.92
    """
    check_domain("bits", bits, _BITS, what="phase quantisation of a surface")
    levels = 2.0 ** np.asarray(bits, dtype=float)
    return np.asarray((levels / np.pi * np.sin(np.pi / levels)) ** 2)


WU_ZHANG = Citation(
    "WuZhang2020",
    "Q. Wu and R. Zhang, Beamforming optimization for wireless network aided by intelligent reflecting surface with "
    "discrete phase shifts, IEEE Trans. Commun. 68(3) (2020)",
    "https://doi.org/10.1109/TCOMM.2019.2958916",
)
register(
    ModelCard(
        id="qubits.ris.phase_quantisation",
        title="Power of a reconfigurable surface with few phase bits",
        function=phase_quantisation_power,
        sources=(WU_ZHANG,),
        valid={"bits": _BITS},
        references=(
            Reference({"bits": 1}, 10 ** (-0.39), "Wu and Zhang 2020, Proposition 1: 3.9 dB", rel=0.01),
            Reference({"bits": 2}, 10 ** (-0.09), "Wu and Zhang 2020: 0.9 dB", rel=0.01),
        ),
        increasing=("bits",),
        left_out="Finite N, direct path, element coupling and amplitude ripple over phase.",
    )
)


@dataclass(frozen=True, eq=False)
class SurfaceLinks(Instance):
    """Signs of a one-bit surface for the greatest weighted sum of the links' powers.

    cascaded : complex [K, N]. direct : complex [K]. weights : [K]. Solutions are signs [N]; the objective is minus the
    weighted power. One link is solved exactly by the sweep.
    """

    cascaded: Any
    direct: Any
    weights: Any = 1.0

    kind: ClassVar[str] = "ris"
    title: ClassVar[str] = "One-bit reconfigurable surface"

    def __post_init__(self) -> None:
        g, d = _channels(self.cascaded, self.direct)
        weights = np.broadcast_to(np.asarray(self.weights, dtype=float), (len(g),)).copy()
        for name, value in (("cascaded", g), ("direct", d.copy()), ("weights", weights)):
            object.__setattr__(self, name, value)

    def _build(self) -> Qubo:
        return sum_power_ising(self.cascaded, self.direct, self.weights).to_qubo()

    def objective(self, solution: ArrayLike) -> float:
        """Minus the weighted power of signs [N]."""
        return -float(link_power(self.cascaded, solution, self.direct) @ self.weights)

    def answer(self, signs: ArrayLike, note: str = "") -> Decoded:
        """Signs with their objective; every pattern is feasible."""
        s = np.asarray(signs, dtype=np.int64)
        return Decoded(s, self.objective(s), True, False, note)

    def decode(self, bits: ArrayLike) -> Decoded:
        """Signs 2 x - 1."""
        return self.answer(2 * np.asarray(bits, dtype=np.int64) - 1)

    def _sweep(self, cpu_s: float, seed: int) -> Decoded:
        """The best pattern among the exact ones of each link; of one link, the optimum."""
        found = [best_single_link(g, d).signs for g, d in zip(self.cascaded, self.direct)]
        best = min(found, key=self.objective)
        return self.answer(best, "optimal" if len(found) == 1 else "")

    def _flips(self, cpu_s: float, seed: int) -> Decoded:
        """Greedy descent by single flips from many starts."""
        from silla.physics.qubits.compare import within
        from silla.physics.qubits.solvers import Greedy

        return self.decode(within(Greedy(), self.qubo, cpu_s, seed).state)

    def rivals(self) -> dict[str, Rival]:
        """The angular sweep and single flips."""
        return {"sweep": self._sweep, "flips": self._flips}
