"""The surface code: logical error rate, distance, physical qubits; the same by simulation (Stim, PyMatching)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, MissingExtra
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = [
    "Checked", "Memory", "check_distance", "distance_for", "logical_error_rate", "memory_experiment",
    "physical_per_logical",
]  # fmt: skip

_ERROR = Range(1e-6, 9.9e-3, "per gate")
_DISTANCE = Range(3.0, 199.0, "")
_LARGEST = 199


def logical_error_rate(gate_error: float, distance: float, prefactor: float = 0.1, threshold: float = 0.01) -> float:
    """Errors per logical qubit and round: prefactor (p / threshold)^((d + 1) / 2).

    Gidney and Ekera 2019 (arXiv:1905.09749, section 2.13): 0.1 (100 p)^((d + 1) / 2). Left out: leakage, bursts, drift.

    >>> round(logical_error_rate(1e-3, 27) / 1e-15, 6)
    1.0
    """
    check_domain("gate_error", gate_error, _ERROR, what="surface code")
    check_domain("distance", distance, _DISTANCE, what="surface code")
    return float(prefactor * (gate_error / threshold) ** ((distance + 1) / 2))


def distance_for(gate_error: float, target: float, prefactor: float = 0.1, threshold: float = 0.01) -> int:
    """Least odd distance whose logical error rate is at most `target`; ArgumentError where none up to 199 is enough.

    >>> distance_for(1e-3, 1e-15 * 1.001)
    27
    """
    if not 0.0 < target < 1.0:
        raise ArgumentError(f"target error per logical qubit and round is {target:g}, allowed above 0 and below 1")
    for d in range(3, _LARGEST + 1, 2):
        if logical_error_rate(gate_error, d, prefactor, threshold) <= target:
            return d
    raise ArgumentError(
        f"no distance up to {_LARGEST} brings a gate error of {gate_error:g} to {target:g} per round; use better gates"
    )


def physical_per_logical(distance: int) -> int:
    """Physical qubits of one patch with its share of borders: 2 (d + 1)^2 (Gidney and Ekera 2019).

    >>> physical_per_logical(27)
    1568
    """
    return 2 * (distance + 1) ** 2


@dataclass(frozen=True)
class Memory:
    """A memory experiment of d rounds: failures of `shots`, errors per logical qubit and round, 95 % interval.

    One logical basis is simulated and counted twice: X and Z errors are alike in the rotated code.
    """

    gate_error: float
    distance: int
    shots: int
    failures: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Checked:
    """Simulation beside the formula: distances for `target` by either, ratio of rates at each distance simulated.

    fitted : log10(rate) = intercept + slope d through the simulated points. confirmed : one step of d at most apart, or
    rates within a factor of two.
    """

    memories: tuple[Memory, ...]
    slope: float
    intercept: float
    target: float
    distance_formula: int
    distance_simulated: int
    ratio: tuple[float, ...]
    confirmed: bool


def _stim() -> tuple[Any, Any]:
    try:
        import pymatching
        import stim
    except ImportError as error:
        raise MissingExtra(error.name or "stim", "qubits", "the simulation of the surface code") from None
    return stim, pymatching


def memory_experiment(gate_error: float, distance: int, shots: int, seed: int) -> Memory:
    """d rounds of the rotated surface code with depolarising noise everywhere, decoded by minimum-weight matching.

    Noise of strength `gate_error` after every gate, on data before every round, and on resets and measurements.
    """
    from scipy.stats import binomtest

    check_domain("gate_error", gate_error, _ERROR, what="memory experiment")
    if distance < 3 or distance % 2 == 0 or distance > 25:
        raise ArgumentError(f"distance is {distance}, allowed odd, 3 to 25, for a simulation")
    if shots < 100:
        raise ArgumentError(f"shots is {shots}, allowed 100 or more")
    stim, pymatching = _stim()
    circuit = stim.Circuit.generated(
        "surface_code:rotated_memory_z", distance=distance, rounds=distance, after_clifford_depolarization=gate_error,
        before_round_data_depolarization=gate_error, before_measure_flip_probability=gate_error,
        after_reset_flip_probability=gate_error,
    )  # fmt: skip
    matching = pymatching.Matching.from_detector_error_model(circuit.detector_error_model(decompose_errors=True))
    sampler = circuit.compile_detector_sampler(seed=seed)
    failures, left = 0, shots
    while left:
        batch = min(left, 100_000)
        events, flips = sampler.sample(batch, separate_observables=True)
        failures += int(np.any(matching.decode_batch(events) != flips, axis=1).sum())
        left -= batch
    exact = binomtest(failures, shots).proportion_ci()
    per = [_per_round(x, distance) for x in (failures / shots, float(exact.low), float(exact.high))]
    return Memory(gate_error, distance, shots, failures, *per)


def _per_round(shot: float, rounds: int) -> float:
    """Both bases' error rate per round from one basis' failures per shot: an odd number of flips fails."""
    return 2.0 * 0.5 * (1.0 - (1.0 - 2.0 * min(shot, 0.5)) ** (1.0 / rounds))


def check_distance(
    gate_error: float = 2e-3,
    target: float = 1e-12,
    distances: Sequence[int] = (3, 5, 7),
    shots: int = 200_000,
    seed: int = 1,
) -> Checked:
    """The formula's distance beside the one extrapolated from simulated small distances.

    ArgumentError where a simulated distance shows fewer than 10 failures: raise `shots` or `gate_error`.
    """
    if len(distances) < 2:
        raise ArgumentError("two distances at least are needed to extrapolate")
    memories = tuple(memory_experiment(gate_error, d, shots, seed + d) for d in distances)
    poor = next((m for m in memories if m.failures < 10), None)
    if poor is not None:
        raise ArgumentError(
            f"distance {poor.distance} at {gate_error:g}: {poor.failures} failures of {shots}, 10 needed; raise shots"
        )
    x = np.array(distances, float)
    y = np.log10([m.rate for m in memories])
    weight = np.sqrt([m.failures for m in memories])
    slope, intercept = np.polyfit(x, y, 1, w=weight)
    if slope >= 0:
        raise ArgumentError(f"at {gate_error:g} larger distances do no better: above threshold")
    needed = (math.log10(target) - intercept) / slope
    simulated = max(3, 2 * math.ceil((needed - 1) / 2) + 1)
    formula = distance_for(gate_error, target)
    ratio = tuple(m.rate / logical_error_rate(gate_error, m.distance) for m in memories)
    close = all(0.5 <= r <= 2.0 for r in ratio)
    return Checked(
        memories, float(slope), float(intercept), target, formula, simulated, ratio,
        close or abs(simulated - formula) <= 2,
    )  # fmt: skip


register(
    ModelCard(
        id="qubits.resources.surface_code",
        title="Surface code: errors per logical qubit and round",
        function=logical_error_rate,
        sources=(
            Citation(
                "GidneyEkera2019",
                "C. Gidney, M. Ekera, How to factor 2048 bit RSA integers in 8 hours using 20 million noisy qubits, "
                "Quantum 5, 433 (2021)",
                "https://arxiv.org/abs/1905.09749",
            ),
        ),
        valid={"gate_error": _ERROR, "distance": _DISTANCE},
        references=(
            Reference({"gate_error": 1e-3, "distance": 27}, 1e-15, "0.1 (100 p)^((d + 1)/2) at d = 27", rel=1e-9),
        ),
        increasing=("gate_error",),
        decreasing=("distance",),
        left_out="leakage, bursts and drift; simulation confirms the distance (validation/surface_code_distance)",
    )
)
