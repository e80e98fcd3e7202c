"""Polynomials of any degree over spins or bits, and their quadratic form with auxiliary bits (Rosenberg 1975)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.physics.qubits.ising import Qubo

__all__ = ["HigherOrder"]

sp: Any = scipy.sparse  # its stubs refuse what its arrays take

Term = tuple[int, ...]


@dataclass(frozen=True)
class HigherOrder:
    """E = offset + sum over terms of coefficient times the product of the variables of the term.

    Parameters
    ----------
    n : variables. terms : {(i, j, ...): coefficient}; repeated variables reduce (s^2 = 1, x^2 = x), terms add.
    vartype : "spin" in {-1, +1} or "binary" in {0, 1}.

    >>> p = HigherOrder(3, {(0, 1, 2): 1.0, (0,): -2.0}, "spin")
    >>> p.energy([1, 1, -1]).tolist(), p.degree
    (-3.0, 3)
    """

    n: int
    terms: Mapping[Term, float] = field(default_factory=dict)
    vartype: Literal["spin", "binary"] = "spin"
    offset: float = 0.0

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ArgumentError(f"a polynomial needs one variable at least, found n = {self.n}")
        if self.vartype not in ("spin", "binary"):
            raise ArgumentError(f"vartype is 'spin' or 'binary', found {self.vartype!r}")
        reduced: dict[Term, float] = {}
        for term, value in self.terms.items():
            if not np.isfinite(value):
                raise ArgumentError(f"the coefficient of {term} must be finite, found {value}")
            if any(not 0 <= i < self.n for i in term):
                raise ArgumentError(f"term {term} names a variable outside 0..{self.n - 1}")
            counts = Counter(term)
            kept = tuple(sorted(i for i, c in counts.items() if self.vartype == "binary" or c % 2))
            reduced[kept] = reduced.get(kept, 0.0) + float(value)
        constant = reduced.pop((), 0.0)
        object.__setattr__(self, "terms", {t: v for t, v in sorted(reduced.items()) if v != 0.0})
        object.__setattr__(self, "offset", float(self.offset) + constant)

    @property
    def degree(self) -> int:
        """Variables in the longest term."""
        return max((len(t) for t in self.terms), default=0)

    def energy(self, states: ArrayLike) -> NDArray[np.float64]:
        """Energies [...] of states [..., n]."""
        s = np.asarray(states, dtype=np.float64)
        if s.ndim == 0 or s.shape[-1] != self.n:
            raise ArgumentError(f"states must be [..., {self.n}], found shape {s.shape}")
        out = np.full(s.shape[:-1], self.offset)
        for term, value in self.terms.items():
            out = out + value * s[..., list(term)].prod(axis=-1)
        return out

    def to_binary(self) -> HigherOrder:
        """The same energies over bits, s = 2 x - 1."""
        return self if self.vartype == "binary" else self._substituted(2.0, -1.0, "binary")

    def to_spin(self) -> HigherOrder:
        """The same energies over spins, x = (1 + s) / 2."""
        return self if self.vartype == "spin" else self._substituted(0.5, 0.5, "spin")

    def _substituted(self, slope: float, constant: float, vartype: Literal["spin", "binary"]) -> HigherOrder:
        out: dict[Term, float] = {}
        for term, value in self.terms.items():
            for size in range(len(term) + 1):
                part = value * slope**size * constant ** (len(term) - size)
                for chosen in combinations(term, size):
                    out[chosen] = out.get(chosen, 0.0) + part
        return HigherOrder(self.n, out, vartype, self.offset)

    def quadratised(self, penalty: float | None = None) -> tuple[Qubo, Callable[[ArrayLike], NDArray[np.int8]]]:
        """(QUBO over n + auxiliary bits, map from its states to the first n bits).

        The most frequent pair x_i x_j of long terms is replaced by a bit y with the penalty
        M (x_i x_j - 2 x_i y - 2 x_j y + 3 y), 0 where y = x_i x_j and M at least elsewhere. A wrong y changes the
        replaced terms by no more than the sum of their absolute coefficients, so M above that sum keeps every minimum
        (Rosenberg 1975; Boros and Hammer 2002, section 4.4). `penalty` overrides M when larger.

        Minima over all bits are the minima of the polynomial: tested by enumeration.
        """
        terms = dict(self.to_binary().terms)
        n, pairs = self.n, []
        penalties: dict[Term, float] = {}
        while any(len(t) > 2 for t in terms):
            counts = Counter(pair for t in terms if len(t) > 2 for pair in combinations(t, 2))
            i, j = min(counts, key=lambda p: (-counts[p], p))
            touched = [t for t in terms if len(t) > 2 and i in t and j in t]
            bound = sum(abs(terms[t]) for t in touched)
            for t in touched:
                kept = tuple(sorted({*t} - {i, j} | {n}))
                terms[kept] = terms.get(kept, 0.0) + terms.pop(t)
            m = max(bound * (1.0 + 1e-9) + 1e-12, penalty or 0.0)
            for part, weight in (((i, j), 1.0), ((i, n), -2.0), ((j, n), -2.0), ((n,), 3.0)):
                key = tuple(sorted(part))
                penalties[key] = penalties.get(key, 0.0) + m * weight
            pairs.append((i, j))
            n += 1
        for t, v in penalties.items():
            terms[t] = terms.get(t, 0.0) + v
        rows = [t[0] for t in terms]
        columns = [t[-1] for t in terms]
        matrix = sp.csr_array((list(terms.values()), (rows, columns)), shape=(n, n))
        qubo = Qubo(matrix if n > 256 else matrix.toarray(), self.to_binary().offset)
        return qubo, lambda states: np.asarray(states, dtype=np.int8)[..., : self.n]
