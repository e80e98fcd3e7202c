"""The quantum approximate optimisation algorithm, exactly: energies, gradients, states and reads of 2p angles.

|gamma, beta> = prod_l M(beta_l) exp(-i gamma_l (H - offset)) |start>, the energy is <H> (Farhi, Goldstone and Gutmann,
arXiv:1411.4028). Mixers are in `qaoa_mixers`, angles are found in `qaoa_training`, the solver is in `qaoa_solver`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.qubits.qaoa_mixers import WarmStart, XYMixer, product_state, turned
from silla.physics.qubits.statevector.cost import cost_of, terms_of
from silla.physics.qubits.statevector.memory import available_bytes, plan
from silla.physics.qubits.statevector.run import planes, rotate_pairs, run_layers
from silla.physics.qubits.statevector.sampling import draw, probabilities

__all__ = ["Qaoa", "Reads", "ring_cut_fraction", "triangle_free_cut_fraction"]


@dataclass(frozen=True, eq=False)
class Reads:
    """Distinct states that were read: spins [R, n], energies [R], counts [R]."""

    spins: NDArray[np.int8]
    energies: NDArray[np.float64]
    counts: NDArray[np.int64]


class Qaoa:
    """QAOA of one model, ready for any depth.

    Parameters
    ----------
    model : Ising, Qubo or HigherOrder. mixer : "x", a `WarmStart`, or an `XYMixer`.
    precision : "single" (energies to about 1e-6 of their spread) or "double".
    symmetry : with the X mixer and a model that no flip of all spins changes, hold half the state; results are equal.
    limit : bytes of memory allowed (default: what is available). Raises ArgumentError where more would be needed.

    >>> from silla.physics.qubits.ising import Ising
    >>> pair = Qaoa(Ising([0.0, 0.0], [[0, 1], [0, 0]]), precision="double")
    >>> round(pair.energy([np.pi / 4], [-np.pi / 8]), 6)
    -1.0
    """

    def __init__(
        self, model: Any, *, mixer: str | WarmStart | XYMixer = "x", precision: str = "single", symmetry: bool = True,
        limit: int | None = None, use_kernel: bool = True,
    ):  # fmt: skip
        if not (mixer == "x" or isinstance(mixer, (WarmStart, XYMixer))):
            raise ArgumentError(f"a mixer is 'x', a WarmStart or an XYMixer, found {mixer!r}")
        terms = terms_of(model)
        self.n, self.mixer, self.precision, self.use_kernel = terms.n, mixer, precision, use_kernel
        self.limit = limit
        mirror = symmetry and mixer == "x" and terms.n > 1 and terms.symmetric
        if isinstance(mixer, XYMixer):
            mixer.counts(terms.n)
        self._polar = mixer.angles(terms.n) if isinstance(mixer, WarmStart) else np.zeros(0)
        self.cost = cost_of(terms, precision=precision, mirror=bool(mirror), limit=limit, use_kernel=use_kernel)
        self._state = planes(self.cost.n, precision)
        self._back: NDArray[Any] | None = None  # allocated with the first gradient

    @property
    def scale(self) -> float:
        """Root mean square of the energies about their mean: gamma times this is of order one."""
        return float(np.sqrt((self.cost.terms.all_values() ** 2).sum())) or 1.0

    def energy(self, gamma: ArrayLike, beta: ArrayLike) -> float:
        """<H> at angles gamma [p], beta [p]."""
        return self._run(gamma, beta, keep=False)

    def gradient(self, gamma: ArrayLike, beta: ArrayLike) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """(energy, d/dgamma [p], d/dbeta [p]) by the adjoint method."""
        gamma, beta = self._angles(gamma, beta)
        if self._back is None:
            self._back = self._second_state()
        if isinstance(self.mixer, XYMixer):
            return self._pair_gradient(gamma, beta)
        phi, field = self._columns(beta)
        result = run_layers(
            self.cost, gamma, phi, state=self._start(), field=field, uniform=self.mixer == "x", back=self._back,
            use_kernel=self.use_kernel,
        )  # fmt: skip
        if field is None:
            return result.energy, result.d_gamma, result.d_phi.sum(axis=1)
        d_beta = np.zeros(len(beta))
        for layer, angle in enumerate(beta):
            _, _, da, db = turned(self._polar, float(angle))
            behind = (
                result.d_field[layer + 1] if layer + 1 < len(beta) else 0.0
            )  # after the last layer it is a phase alone
            d_beta[layer] = float((result.d_field[layer] + behind) @ da + result.d_phi[layer] @ db)
        return result.energy, result.d_gamma, d_beta

    def state(self, gamma: ArrayLike, beta: ArrayLike) -> NDArray[np.complex128]:
        """Amplitudes [2^n] of basis states, bit q of an index is qubit q; |spin +1> is bit 0.

        With symmetry the half held is written out to both. Exact up to the phase of the offset, which is left out.
        """
        self._run(gamma, beta, keep=True)
        out = self._state[0].astype(np.complex128)
        out.imag = self._state[1]
        if isinstance(self.mixer, WarmStart) and np.size(gamma):
            a = turned(self._polar, float(np.asarray(beta, dtype=float).ravel()[-1]))[0]
            for q in range(self.n):
                out.reshape(-1, 2, 1 << q)[...] *= np.exp(-1j * a[q] * np.array([1.0, -1.0]))[:, None]
        return np.concatenate([out, out[::-1]]) / np.sqrt(2.0) if self.cost.mirror else out

    def probabilities(self, gamma: ArrayLike, beta: ArrayLike) -> NDArray[np.float64]:
        """[2^n] probabilities of basis states."""
        self._run(gamma, beta, keep=True)
        p = probabilities(self._state)
        return 0.5 * np.concatenate([p, p[::-1]]) if self.cost.mirror else p

    def sample(self, gamma: ArrayLike, beta: ArrayLike, n_reads: int, rng: np.random.Generator) -> Reads:
        """Reads of the state, each distinct one once."""
        self._run(gamma, beta, keep=True)
        states, counts = draw(self._state, n_reads, rng)
        spins = self.cost.spins(states)
        energies = self.cost.base + self.cost.step * self.cost.values[states].astype(np.float64) + self.cost.offset
        if not self.cost.mirror:
            return Reads(spins, energies, counts)
        other = rng.binomial(counts, 0.5)  # which half each read fell into
        kept = np.concatenate([counts - other, other])
        both = np.concatenate([spins, -spins])
        return Reads(both[kept > 0], np.tile(energies, 2)[kept > 0], kept[kept > 0])

    def _second_state(self) -> NDArray[Any]:
        """Planes for the gradient; ArgumentError where they do not fit beside what is held."""
        held = self._state.nbytes + self.cost.values.nbytes
        limit = available_bytes() + held if self.limit is None else self.limit
        plan(self.cost.n, precision=self.precision, counted=self.cost.counted, gradient=True, limit=limit)
        return planes(self.cost.n, self.precision)

    def _angles(self, gamma: ArrayLike, beta: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        g, b = np.atleast_1d(np.asarray(gamma, float)), np.atleast_1d(np.asarray(beta, float))
        if g.ndim != 1 or g.shape != b.shape:
            raise ArgumentError(f"gamma and beta are [p] each, found shapes {g.shape} and {b.shape}")
        return g, b

    def _columns(self, beta: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """(phi [p, n], field [p, n] or None): angles of the single qubits."""
        if self.mixer == "x":
            return np.repeat(beta[:, None], self.n, axis=1), None
        parts = [turned(self._polar, float(angle))[:2] for angle in beta]
        a = np.array([part[0] for part in parts]).reshape(-1, self.n)
        field = a.copy()
        field[1:] += a[:-1]
        return np.array([part[1] for part in parts]).reshape(-1, self.n), field

    def _start(self) -> NDArray[Any]:
        """The planes, filled with the start where it is not the uniform one."""
        if isinstance(self.mixer, WarmStart):
            self._state[...] = product_state(self._polar, self._state.dtype)
        elif isinstance(self.mixer, XYMixer):
            self._state[...] = self.mixer.start(self.n, self._state.dtype)
        return self._state

    def _run(self, gamma: ArrayLike, beta: ArrayLike, *, keep: bool) -> float:
        g, b = self._angles(gamma, beta)
        if isinstance(self.mixer, XYMixer):
            return self._pair_layers(g, b)
        phi, field = self._columns(b)
        if not len(g) and self.mixer == "x":  # no layer: the uniform superposition itself
            self._state[0], self._state[1] = 2.0 ** (-self.cost.n / 2), 0.0
        return run_layers(
            self.cost, g, phi, state=self._start(), field=field if len(g) else None,
            uniform=self.mixer == "x" and len(g) > 0, keep=keep, use_kernel=self.use_kernel,
        ).energy  # fmt: skip

    def _phase(self, state: NDArray[Any], gamma: float) -> None:
        none = np.zeros((1, self.n))
        run_layers(self.cost, [gamma], none, state=state, uniform=False, keep=True, use_kernel=self.use_kernel)

    def _measured(self, back: NDArray[Any] | None = None) -> float:
        none = np.zeros((0, self.n))
        options: dict[str, Any] = {"uniform": False, "back": back, "use_kernel": self.use_kernel}
        return run_layers(self.cost, [], none, state=self._state, **options).energy

    def _pair_layers(self, gamma: NDArray[np.float64], beta: NDArray[np.float64]) -> float:
        assert isinstance(self.mixer, XYMixer)
        state, pairs = self._start(), self.mixer.pairs()
        for g, b in zip(gamma, beta):
            self._phase(state, g)
            rotate_pairs(state, pairs, np.full(len(pairs), b), use_kernel=self.use_kernel)
        return self._measured()

    def _pair_gradient(self, gamma, beta) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        assert isinstance(self.mixer, XYMixer) and self._back is not None
        self._pair_layers(gamma, beta)
        energy = self._measured(self._back)
        pairs, state, back = self.mixer.pairs(), self._state, self._back
        d_gamma, d_beta = np.zeros(len(gamma)), np.zeros(len(beta))
        values = self.cost.values
        for layer in range(len(gamma) - 1, -1, -1):
            turn = np.full(len(pairs), beta[layer])
            d_beta[layer] = rotate_pairs(state, pairs, turn, back=back, use_kernel=self.use_kernel).sum()
            w = back[0] * state[1] - back[1] * state[0]
            d_gamma[layer] = 2.0 * (self.cost.base * w.sum(dtype=float) + self.cost.step * float(np.dot(w, values)))
            if layer:
                self._phase(state, -gamma[layer])
                self._phase(back, -gamma[layer])
        return energy, d_gamma, d_beta


_DEGREE = Range(2.0, 1e6, "")


def triangle_free_cut_fraction(degree: float, gamma: float, beta: float) -> float:
    """Expected fraction of edges cut by QAOA of depth one on a regular graph without triangles.

    1/2 - 1/2 sin(4 beta) sin(2 gamma) cos^(d-1)(2 gamma), for H = sum of s_i s_j over edges, exp(-i gamma H) and
    exp(-i beta sum X). The source cuts with sum (1 - s s)/2: its gamma is -2 gamma here (Wang, Hadfield, Jiang and
    Rieffel, PRA 97, 022304, 2018, corollary 1). Raises DomainError for a degree below 2.

    >>> round(triangle_free_cut_fraction(3, -0.5 * float(np.arctan(1 / np.sqrt(2))), float(np.pi / 8)), 4)
    0.6925
    """
    check_domain("degree", degree, _DEGREE, what="cut fraction of QAOA at depth one")
    turn = -2.0 * gamma
    return float(0.5 + 0.5 * np.sin(4.0 * beta) * np.sin(turn) * np.cos(turn) ** (degree - 1.0))


def ring_cut_fraction(depth: int) -> float:
    """Best fraction of edges that QAOA of this depth cuts on a long even ring: (2p + 1)/(2p + 2), rings above 2p spins.

    Conjectured by Farhi et al. (arXiv:1411.4028, section V), proven by Mbeng, Fazio and Santoro (arXiv:1906.08948).

    >>> ring_cut_fraction(1)
    0.75
    """
    if depth < 1:
        raise ArgumentError(f"depth is {depth}; at least 1")
    return (2.0 * depth + 1.0) / (2.0 * depth + 2.0)


register(
    ModelCard(
        id="qubits.qaoa.triangle_free_cut",
        title="QAOA of depth one on regular graphs without triangles: fraction of edges cut",
        function=triangle_free_cut_fraction,
        sources=(
            Citation(
                "Wang2018",
                "Z. Wang, S. Hadfield, Z. Jiang, E. G. Rieffel, Quantum approximate optimization algorithm for MaxCut: "
                "a fermionic view, Physical Review A 97, 022304 (2018)",
                "https://doi.org/10.1103/PhysRevA.97.022304",
            ),
        ),
        valid={"degree": _DEGREE},
        references=(
            Reference(
                {"degree": 3.0, "gamma": -0.5 * float(np.arctan(1.0 / np.sqrt(2.0))), "beta": float(np.pi / 8)},
                0.6924500897298753,
                "1/2 + (1/(2 sqrt(3))) (1 - 1/3): the optimum of degree 3",
                rel=1e-12,
            ),
        ),
        left_out="graphs with triangles, deeper circuits: those are simulated",
    )
)
