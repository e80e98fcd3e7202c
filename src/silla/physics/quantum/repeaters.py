"""Chains of repeaters: heralded pairs on every segment, swapped end to end, for keys or for messages without trust.

Each of N segments tries for a pair until it has one; memories hold it until all segments are ready, then all stations
swap at once. With p the chance of a pair per round of `modes` attempts, T the time of a round, F a pair's fidelity:

    rounds        K(N) = E[max of N geometric variables] = sum_k C(N,k) (-1)^(k+1) / (1 - (1-p)^k)
    pairs per s   R = q^(N-1) / (K(N) T)                                    q: chance of a swap; a failure starts anew
    fidelity      Werner weights w = (4 F - 1) / 3 multiply: of N pairs, of N - 1 swaps, of waiting

A pair decays in two memories by exp(-2 t / tau), so waiting costs E[prod exp(-2 (K - k_i) T / tau)], summed here
without approximation. False heralds by background make a pair's state random. What is left of each pair:

    key bits      1 - (1 + f) h(e),  e = 2 (1 - F) / 3                      BBM92, both bases alike
    message bits  1 - S(rho) = 1 + F log2 F + (1 - F) log2[(1 - F) / 3]     qubits teleported, hashing bound

Briegel, Duer, Cirac and Zoller, PRL 81, 5932 (1998); Sangouard, Simon, de Riedmatten and Gisin, RMP 83, 33 (2011)
(heralding in the middle, one half of the Bell states); Bennett, DiVincenzo, Smolin and Wootters, PRA 54, 3824 (1996)
(hashing); Devetak and Winter, Proc. R. Soc. A 461, 207 (2005) (it is private). The tests play the chain with dice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.quantum.entanglement import FIDELITY, purify
from silla.physics.quantum.entropy import binary_entropy

__all__ = ["Chain", "chain", "expected_rounds", "hashing_bound", "pair_key_bit", "waiting_weight"]

PROBABILITY = Range(1e-12, 1.0, "")
SEGMENTS = Range(1.0, 64.0, "segments")
_ROUNDS = 4  # of purification at most
_DIRECT = 4096  # terms of a series that are added one by one
_SURE = 1.0 - 1e-16

SANGOUARD = Citation(
    "sangouard2011",
    "N. Sangouard, C. Simon, H. de Riedmatten, N. Gisin, Quantum repeaters based on atomic ensembles and linear "
    "optics, Rev. Mod. Phys. 83, 33 (2011)",
    "https://doi.org/10.1103/RevModPhys.83.33",
)
BENNETT = Citation(
    "bennett1996mixed",
    "C. H. Bennett, D. P. DiVincenzo, J. A. Smolin, W. K. Wootters, Mixed-state entanglement and quantum error "
    "correction, Phys. Rev. A 54, 3824 (1996), section III B",
    "https://doi.org/10.1103/PhysRevA.54.3824",
)


class Chain(NamedTuple):
    """What a chain delivers."""

    pairs_per_s: float
    fidelity: float
    segment_probability: tuple[float, ...]  # of a pair per round, each segment
    round_s: float
    waiting_weight: float  # Werner weight that waiting leaves


def expected_rounds(probability: ArrayLike) -> float:
    """E[max] of independent geometric numbers of rounds, one for each segment's success probability.

    >>> expected_rounds([0.5]), round(expected_rounds([0.5, 0.5]), 6)
    (2.0, 2.666667)
    """
    log_miss = np.log1p(-np.minimum(_probabilities(probability), _SURE))

    def beyond(rounds):  # P(max > rounds)
        return -np.expm1(np.log1p(-np.exp(np.multiply.outer(rounds, log_miss))).sum(axis=-1))

    # P(max > 0) is 1; the rest from the first round on.
    return 1.0 + _summed(beyond, 1, float(-log_miss.max()))


def _summed(term, first: int, slowest: float) -> float:
    """Sum of term(m) from m = `first` on: one by one to a few thousand, then by Euler and Maclaurin.

    `slowest` is the rate of the slowest decay per round; by then every term changes by a part in thousands a round.
    """
    total = float(term(np.arange(first, _DIRECT, dtype=float)).sum())
    end = _DIRECT + 45.0 / slowest
    edges = np.geomspace(_DIRECT, end, 97)
    x, weight = np.polynomial.legendre.leggauss(12)
    half = 0.5 * np.diff(edges)[:, None]
    nodes = edges[:-1, None] + half * (1.0 + x)
    return total + float((term(nodes) * half * weight).sum()) + 0.5 * float(term(np.array([_DIRECT]))[0])


def waiting_weight(probability: ArrayLike, round_over_lifetime: float) -> float:
    """E[prod_i exp(-2 (K - k_i) x)]: Werner weight left when the last of the segments has its pair.

    probability : of each segment per round. round_over_lifetime : x = T / tau, 0 for memories without decay.

    >>> waiting_weight([0.3, 0.3], 0.0), waiting_weight([1.0, 1.0], 5.0)
    (1.0, 1.0)
    """
    p = _probabilities(probability)
    check_domain("round_over_lifetime", round_over_lifetime, Range(0.0, 1e6, ""), what="quantum repeater")
    if round_over_lifetime == 0.0 or len(p) == 1 or (p == 1.0).all():
        return 1.0
    log_keep, log_miss = -2.0 * round_over_lifetime, np.log1p(-np.minimum(p, _SURE))

    def ready(rounds):
        """P(max = m) times the mean weight then: prod a_i(m) - prod keep a_i(m - 1), with the pairs of rounds 1..m."""
        return np.prod(_held(rounds, p, log_miss, log_keep), axis=-1) - np.prod(
            np.exp(log_keep) * _held(rounds - 1.0, p, log_miss, log_keep), axis=-1
        )

    return min(_summed(ready, 1, float(-log_miss.max())), 1.0)


def _held(rounds, p, log_miss, log_keep):
    """E[keep^(m - k); k <= m] = p (keep^m - miss^m) / (keep - miss) of a geometric k, [..., segment]."""
    m = np.asarray(rounds, float)[..., None]
    larger, gap = np.maximum(log_miss, log_keep), -np.abs(log_miss - log_keep)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(gap == 0.0, m, np.expm1(m * gap) / np.expm1(gap))
    return p * np.exp((m - 1.0) * larger) * ratio


def hashing_bound(fidelity: ArrayLike):
    """Private bits per Werner pair with one-way communication, 1 - S(rho), 0 below F = 0.8107.

    >>> float(hashing_bound(1.0)), float(hashing_bound(0.8))
    (1.0, 0.0)
    """
    f = _fidelity(fidelity)
    with np.errstate(divide="ignore", invalid="ignore"):
        other = np.where(f < 1.0, (1.0 - f) * np.log2((1.0 - f) / 3.0), 0.0)
    return np.maximum(1.0 + f * np.log2(f) + other, 0.0)[()]


def pair_key_bit(fidelity: ArrayLike, error_correction: float = 1.16):
    """Secret key bits per Werner pair measured in two bases (BBM92): 1 - (1 + f) h(e), e = 2 (1 - F) / 3.

    >>> float(pair_key_bit(1.0)), float(pair_key_bit(0.8))
    (1.0, 0.0)
    """
    check_domain("error_correction", error_correction, Range(1.0, 5.0, ""), what="quantum repeater")
    error = 2.0 * (1.0 - _fidelity(fidelity)) / 3.0
    return np.maximum(1.0 - (1.0 + error_correction) * binary_entropy(error), 0.0)[()]


def chain(
    transmittance: ArrayLike,
    length_m: ArrayLike,
    *,
    attempts_per_s: float,
    modes: int = 1,
    station_efficiency: float,
    background: ArrayLike = 0.0,
    pair_fidelity: float = 1.0,
    swap_success: float = 1.0,
    swap_fidelity: float = 1.0,
    memory_s: float = np.inf,
    purify_rounds: int = 0,
    speed_m_per_s: float = 2.04e8,
) -> Chain:
    """Pairs per second and their fidelity, end to end.

    Parameters
    ----------
    transmittance, length_m : [N] of each segment's fibre; the pair is heralded in its middle.
    attempts_per_s : clock of a source; a round lasts at least as long as light takes over the longest segment.
    modes : attempts side by side in a round (time, space or frequency). station_efficiency : memory write and read
    times detector, of each photon. background : [N] or one, clicks per gate of one detector. pair_fidelity : of a true
    herald.
    swap_success, swap_fidelity : of a Bell measurement between two memories. memory_s : tau. purify_rounds : BBPSSW
    rounds of the end-to-end pairs, 0 to 4; the earlier pair waits for the later one in its memories.

    Left out: nested swapping (which is faster when swaps fail), cut-offs, errors of purification's own gates.
    Raises DomainError outside the ranges, ArgumentError where lengths do not match.

    >>> two = chain([0.1, 0.1], [5e4, 5e4], attempts_per_s=1e6, modes=100, station_efficiency=0.7, pair_fidelity=0.98)
    >>> round(two.fidelity, 4), 3000 < two.pairs_per_s < 4000
    (0.9605, True)
    """
    eta, length = np.atleast_1d(np.asarray(transmittance, float)), np.atleast_1d(np.asarray(length_m, float))
    what = "quantum repeater"
    if eta.ndim != 1 or eta.shape != length.shape:
        raise ArgumentError(f"{what}: {eta.size} transmittances for {length.size} lengths; give one each")
    check_domain("segments", float(len(eta)), SEGMENTS, what=what)
    check_domain("transmittance", eta, Range(1e-20, 1.0, ""), what=what)
    check_domain("length_m", length, Range(0.0, 2e6, "m"), what=what)
    check_domain("attempts_per_s", attempts_per_s, Range(1.0, 1e12, "per s"), what=what)
    check_domain("modes", float(modes), Range(1.0, 1e6, ""), what=what)
    check_domain("station_efficiency", station_efficiency, Range(1e-6, 1.0, ""), what=what)
    check_domain("background", background, Range(0.0, 0.1, "per gate"), what=what)
    check_domain("swap_success", swap_success, Range(1e-6, 1.0, ""), what=what)
    check_domain("purify_rounds", float(purify_rounds), Range(0.0, float(_ROUNDS), ""), what=what)
    if not memory_s > 0.0:
        check_domain("memory_s", memory_s, Range(1e-9, 1e9, "s"), what=what)
    good, single = _herald(np.sqrt(eta) * station_efficiency, np.broadcast_to(np.asarray(background, float), eta.shape))
    p = np.maximum(-np.expm1(modes * np.log1p(-np.minimum(single, 1.0 - 1e-16))), PROBABILITY.low)
    round_s = max(1.0 / attempts_per_s, float(length.max()) / speed_m_per_s)
    decay = np.exp(-2.0 * round_s / memory_s)  # from the emission of a photon to its herald
    waited = waiting_weight(p, round_s / memory_s)
    weight = (
        np.prod(good) * (_weight(pair_fidelity) * decay) ** len(p) * _weight(swap_fidelity) ** (len(p) - 1) * waited
    )
    rate = swap_success ** (len(p) - 1) / (expected_rounds(p) * round_s)
    rate, fidelity = _purified(rate, (1.0 + 3.0 * float(weight)) / 4.0, memory_s, purify_rounds)
    return Chain(rate, fidelity, tuple(float(x) for x in p), round_s, waited)


def _herald(arm, background):
    """(share of heralds by the two photons, chance of a herald) of a linear-optics Bell measurement in the middle.

    The station of measurement-device-independent keys, half of the Bell states: Ma and Razavi, PRA 86, 062319, (B9).
    """
    d = background
    both = 0.5 * arm * arm
    true = (1.0 - d) ** 2 * both
    every = (1.0 - d) ** 2 * (both + (4.0 * arm - 3.0 * arm * arm) * d + 4.0 * (1.0 - arm) ** 2 * d**2)
    return true / np.maximum(every, 1e-300), every


def _purified(rate: float, fidelity: float, memory_s: float, rounds: int) -> tuple[float, float]:
    for _ in range(rounds):
        # The first of two pairs waits for the second: exponential times of mean 1 / rate.
        waited = 1.0 / (1.0 + 2.0 / (rate * memory_s)) if np.isfinite(memory_s) else 1.0
        older = (1.0 + 3.0 * _weight(fidelity) * waited) / 4.0
        better = purify(older, fidelity)
        rate, fidelity = 0.5 * rate * float(better.probability), float(better.fidelity)
    return float(rate), float(fidelity)


def _weight(fidelity: float) -> float:
    check_domain("fidelity", fidelity, FIDELITY, what="quantum repeater")
    return (4.0 * fidelity - 1.0) / 3.0


def _fidelity(fidelity: ArrayLike):
    check_domain("fidelity", fidelity, FIDELITY, what="quantum repeater", advice="1/4 (noise) to 1")
    return np.asarray(fidelity, float)


def _probabilities(probability: ArrayLike):
    p = np.atleast_1d(np.asarray(probability, float))
    check_domain("probability", p, PROBABILITY, what="quantum repeater")
    return p


register(
    ModelCard(
        id="quantum.repeaters.rounds",
        title="Rounds until every segment of a repeater chain has its pair",
        function=lambda **arguments: expected_rounds([arguments["p1"], arguments["p2"]]),
        sources=(SANGOUARD,),
        valid={"p1": PROBABILITY, "p2": PROBABILITY},
        references=(
            Reference({"p1": 0.5, "p2": 0.5}, 8.0 / 3.0, "2/p - 1/(2p - p^2)", rel=1e-12),
            Reference({"p1": 1e-3, "p2": 1e-3}, 1499.74987, "2/p - 1/(2p - p^2); about 3/(2p)", rel=1e-7),
        ),
        decreasing=("p1", "p2"),
        left_out="nested swapping, cut-off times",
    )
)
register(
    ModelCard(
        id="quantum.repeaters.hashing",
        title="Private bits of a Werner pair (hashing bound)",
        function=hashing_bound,
        sources=(BENNETT,),
        valid={"fidelity": FIDELITY},
        references=(
            Reference({"fidelity": 1.0}, 1.0, "a Bell pair", absolute=1e-12),
            Reference({"fidelity": 0.8107}, 0.0, "Bennett et al. 1996: zero at F = 0.8107", absolute=2e-4),
        ),
        left_out="two-way distillation",
    )
)
