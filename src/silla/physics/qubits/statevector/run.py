"""Layers of phases and rotations on a state vector, by the kernel or its twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.base.kernels import kernel
from silla.physics.qubits.statevector import twin
from silla.physics.qubits.statevector.cost import Cost
from silla.physics.qubits.statevector.memory import aligned

__all__ = ["RunResult", "planes", "rotate_pairs", "run_layers"]

_SMALLEST = 6  # qubits that the kernel takes
_MOST_RADIANS = 1e4  # single precision: the phase is then known to about 1e-3


@dataclass(frozen=True, eq=False)
class RunResult:
    """Energy with the model's offset, norm of the state before it was divided out, derivatives of the energy."""

    energy: float
    norm: float
    d_gamma: NDArray[np.float64]
    d_phi: NDArray[np.float64]
    d_field: NDArray[np.float64]


def planes(n: int, precision: str = "single") -> NDArray[Any]:
    """Two planes [2, 2^n], real and imaginary parts, not initialised."""
    return aligned((2, 1 << n), np.float32 if precision == "single" else np.float64)


def run_layers(
    cost: Cost, gamma: ArrayLike, phi: ArrayLike, *, state: NDArray[Any], field: ArrayLike | None = None,
    uniform: bool = True, keep: bool = False, back: NDArray[Any] | None = None, use_kernel: bool = True,
) -> RunResult:  # fmt: skip
    """The layers prod_l [prod_q exp(-i phi_lq X_q)] exp(-i gamma_l C - i sum_q field_lq s_q) on a state.

    Parameters
    ----------
    cost : C. gamma : [depth]. phi : [depth, n], one more column where only half the state is held (cost.mirror): the
        angle of the last spin.
    state : planes [2, 2^n] float32 or float64: read unless `uniform`, written if `keep` and no gradient is asked.
    field : [depth, n] or None.
    back : planes for the gradient, or None; both are overwritten. The gradient is that of the adjoint method (Jones and
        Gacon, arXiv:2009.02823): all derivatives for about the cost of four energies.

    Errors of the energy in single precision: about 1e-6 of the spread of the energies. Raises DomainError where a phase
    is too large for single precision.
    """
    gamma, phi = np.ascontiguousarray(gamma, np.float64), np.ascontiguousarray(phi, np.float64)
    depth, columns = len(gamma), cost.n + cost.mirror
    if phi.shape != (depth, columns):
        raise ArgumentError(f"phi has the shape {phi.shape}; expected {(depth, columns)}: one row a layer")
    fields = None if field is None else np.ascontiguousarray(field, np.float64)
    if not (np.isfinite(gamma).all() and np.isfinite(phi).all() and (fields is None or np.isfinite(fields).all())):
        raise ArgumentError("an angle is not finite")
    span = max(abs(cost.least), abs(cost.greatest))
    if state.dtype == np.float32 and depth and span * np.abs(gamma).max() > _MOST_RADIANS:
        raise DomainError(
            f"phases of {span * np.abs(gamma).max():.3g} rad lose their digits in single precision (allowed "
            f"{_MOST_RADIANS:g}); take precision='double' or smaller angles"
        )
    single = cost.values.dtype == np.float32
    if not cost.counted and single != (state.dtype == np.float32):
        raise ArgumentError("the energies and the state must be of one precision")
    fast = kernel("qaoa_run") if use_kernel and cost.n >= _SMALLEST else None
    energy, norm, *derivatives = (fast or twin.qaoa_run)(
        state, cost.values, cost.base, cost.step, gamma, phi, fields, uniform, cost.mirror, keep, back
    )
    return RunResult(energy / norm + cost.offset, norm, *derivatives)


def rotate_pairs(
    state: NDArray[Any], pairs: NDArray[np.int32], phi: ArrayLike, *, back: NDArray[Any] | None = None,
    use_kernel: bool = True,
) -> NDArray[np.float64]:  # fmt: skip
    """exp(-i phi_k (X_a X_b + Y_a Y_b) / 2) on pairs [m, 2] in turn, in place; the number of ones is conserved.

    With `back`, undone in reverse order on both states; returns the derivatives by phi_k, 2 Im <back|(XX+YY)/2|state>.
    """
    a, b = (np.ascontiguousarray(pairs[:, k], np.int32) for k in (0, 1))
    turn = (kernel("pair_rotations") if use_kernel else None) or twin.pair_rotations
    return turn(state, a, b, np.ascontiguousarray(phi, np.float64), back)
