"""The kernels of `kernels/src/qaoa*.cpp` in NumPy: the same signatures, double precision inside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ising_diagonal", "pair_rotations", "polynomial_diagonal", "qaoa_run"]

Floats = NDArray[np.float64]


def _put(cost: NDArray[Any], value: Floats, base: float, step: float) -> tuple[float, int, float, int]:
    cost[:] = np.rint((value - base) / step) if cost.dtype == np.uint16 else value
    low, high = int(value.argmin()), int(value.argmax())
    return float(value[low]), low, float(value[high]), high


def ising_diagonal(cost: NDArray[Any], h: Floats, J: Floats, base: float = 0.0, step: float = 1.0):
    """Fills cost [2^n] with sum h s + sum J s s; (least, its index, greatest, its index)."""
    value = np.zeros(1)
    for q in range(len(h)):
        line = np.full(1, h[q])
        for i in range(q):
            line = np.concatenate([line + J[i, q], line - J[i, q]])
        value = np.concatenate([value + line, value - line])
    return _put(cost, value, base, step)


def polynomial_diagonal(cost: NDArray[Any], mask: NDArray[np.uint64], coefficient: Floats, base=0.0, step=1.0):
    """The same for sum coefficient prod_{q in mask} s_q, by the transform of Walsh and Hadamard."""
    value = np.zeros(len(cost))
    np.add.at(value, mask.astype(np.int64), coefficient)
    half = 1
    while half < len(value):
        v = value.reshape(-1, 2, half)
        value = np.stack([v[:, 0] + v[:, 1], v[:, 0] - v[:, 1]], axis=1).ravel()
        half *= 2
    return _put(cost, value, base, step)


def _flip(psi: NDArray[np.complex128], q: int, n: int) -> NDArray[np.complex128]:
    """X on qubit q; q = n stands for the flip of all."""
    return psi[::-1] if q == n else psi.reshape(-1, 2, 1 << q)[:, ::-1].reshape(-1)


def _signs(n: int) -> Any:
    return 1.0 - 2.0 * (np.arange(1 << n) >> np.arange(n)[:, None] & 1)


def qaoa_run(
    state, cost, base, step, gamma, phi, field=None, uniform=True, mirror=False, keep=False, back=None, low_bits=0,
    high_bits=0,
):  # fmt: skip
    """(energy, norm, d_gamma, d_phi, d_field) of layers exp(-i phi X) exp(-i gamma cost - i field s)."""
    n, depth = len(cost).bit_length() - 1, len(gamma)
    counted = cost.dtype == np.uint16
    c = (base if counted else 0.0) + (step if counted else 1.0) * cost.astype(np.float64)
    signs = _signs(n) if field is not None else None
    psi: Any = np.full(1 << n, 2.0 ** (-n / 2), complex) if uniform else state[0] + 1j * state[1].astype(np.float64)

    def phase(layer):
        return np.exp(-1j * (gamma[layer] * c + (0.0 if signs is None else np.asarray(field)[layer] @ signs)))

    def turn(v, q, angle):
        return np.cos(angle) * v - 1j * np.sin(angle) * _flip(v, q, n)

    for layer in range(depth):
        psi = psi * phase(layer)
        for q in range(n + mirror):
            psi = turn(psi, q, phi[layer, q])
    weight = np.abs(psi) ** 2
    energy, norm = float(weight @ c), float(weight.sum())
    d_gamma, d_phi, d_field = np.zeros(depth), np.zeros((depth, n + mirror)), np.zeros((depth, n))
    if keep and back is None:
        state[0], state[1] = psi.real, psi.imag
    if back is None:
        return energy, norm, d_gamma, d_phi, d_field
    lam: Any = c * psi
    if depth == 0:
        back[0], back[1] = lam.real, lam.imag
    for layer in range(depth - 1, -1, -1):
        for q in range(n + mirror):
            d_phi[layer, q] = 2.0 * np.vdot(lam, _flip(psi, q, n)).imag
        for q in range(n + mirror):
            psi, lam = turn(psi, q, -phi[layer, q]), turn(lam, q, -phi[layer, q])
        w = (lam.conj() * psi).imag
        d_gamma[layer] = 2.0 * float(w @ c)
        if signs is not None:
            d_field[layer] = 2.0 * signs @ w
        undo = phase(layer).conj()
        psi, lam = psi * undo, lam * undo
    return energy, norm, d_gamma, d_phi, d_field


def pair_rotations(state, a, b, phi, back=None):
    """exp(-i phi (XX + YY) / 2) on pairs in turn; with `back` undone on both, and the derivatives by phi."""
    n, out = state.shape[1].bit_length() - 1, np.zeros(len(phi))
    z = np.arange(1 << n)

    def turn(planes, x, y, angle):
        psi = planes[0] + 1j * planes[1].astype(np.float64)
        u, v = psi[x].copy(), psi[y].copy()
        psi[x], psi[y] = np.cos(angle) * u - 1j * np.sin(angle) * v, np.cos(angle) * v - 1j * np.sin(angle) * u
        planes[0], planes[1] = psi.real, psi.imag

    for k in range(len(phi)) if back is None else range(len(phi) - 1, -1, -1):
        x = z[(z >> a[k] & 1 == 1) & (z >> b[k] & 1 == 0)]
        y = x ^ (1 << int(a[k]) | 1 << int(b[k]))
        if back is None:
            turn(state, x, y, phi[k])
            continue
        p, q = (v[0] + 1j * v[1].astype(np.float64) for v in (state, back))
        out[k] = 2.0 * float((np.vdot(q[x], p[y]) + np.vdot(q[y], p[x])).imag)
        turn(state, x, y, -phi[k])
        turn(back, x, y, -phi[k])
    return out
