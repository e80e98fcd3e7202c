"""Several impairments in one pass over the samples: the C++ kernel and its NumPy twin.

What each stage does is said in `converters`, `iq_imbalance`, `power_amplifier` and `phase_noise`; this is the same
arithmetic without the memory traffic between them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.kernels import kernel

__all__ = ["Passed", "front_end", "front_end_numpy", "mixing"]


class Passed(NamedTuple):
    """samples complex64 [groups, ports, n], power [groups, ports] = mean |y|^2, pseudo_variance = mean y^2."""

    samples: NDArray[np.complex64]
    power: NDArray[np.float64]
    pseudo_variance: NDArray[np.complexfloating]


def mixing(k1: Any, k2: Any) -> NDArray[np.float32]:
    """The real 2 x 2 matrix (a, b, c, d) of y = k1 x + k2 conj(x), float32 [..., 4]."""
    k1, k2 = np.broadcast_arrays(np.asarray(k1, complex), np.asarray(k2, complex))
    rows = (k1.real + k2.real, k2.imag - k1.imag, k1.imag + k2.imag, k1.real - k2.real)
    return np.stack(rows, axis=-1).astype(np.float32)


def front_end(
    x: NDArray,
    *,
    turn_in: NDArray | None = None,
    step: NDArray | None = None,
    bits: int | None = None,
    mix: NDArray | None = None,
    gain: tuple[NDArray, float] | None = None,
    turn_out: NDArray | None = None,
) -> Passed:
    """Samples behind these stages, in this order, each left out where it is None.

    Parameters
    ----------
    x : complex [groups, ports, n]. turn_in, turn_out : complex factors [groups, n], the same for all ports.
    step, bits : of a mid-rise quantiser on both axes, step one value or [groups, ports].
    mix : of `mixing`, one or [groups, ports, 4]. gain : (table complex64 [size + 1] at |x|^2 = k / scale, scale).

    >>> front_end(np.ones((1, 1, 4)), mix=mixing(1.0, 0.5)).samples[0, 0, 0].item()
    (1.5+0j)
    """
    x = np.ascontiguousarray(x, np.complex64)
    if x.ndim != 3:
        raise ArgumentError(f"samples have the shape {x.shape}; expected [groups, ports, n]")
    groups, ports, n = x.shape
    turns = [None if t is None else np.ascontiguousarray(t, np.complex64) for t in (turn_in, turn_out)]
    if any(t is not None and t.shape != (groups, n) for t in turns):
        raise ArgumentError(f"a rotation needs the shape {(groups, n)}")
    if (step is None) != (bits is None):
        raise ArgumentError("a quantiser needs its step and its bits")
    steps = (
        None if step is None else np.ascontiguousarray(np.broadcast_to(np.asarray(step, np.float32), (groups, ports)))
    )
    mixes = None if mix is None else np.ascontiguousarray(np.broadcast_to(mix, (groups, ports, 4)), np.float32)
    table, scale = (None, 1.0) if gain is None else (np.ascontiguousarray(gain[0], np.complex64), float(gain[1]))
    half = 0.0 if bits is None else float(1 << (int(bits) - 1))
    fast = kernel("front_end")
    if fast is not None:
        floats = [None if t is None else t.view(np.float32).reshape(groups, n, 2) for t in turns]
        pairs = None if table is None else table.view(np.float32).reshape(-1, 2)
        out, moments = fast(
            x.view(np.float32).reshape(groups, ports, n, 2), floats[0], steps, half, mixes, pairs, scale, floats[1]
        )
        samples = out.reshape(groups, ports, 2 * n).view(np.complex64)
    else:
        samples, moments = front_end_numpy(x, turns[0], steps, half, mixes, table, scale, turns[1])
    moments = moments / n
    return Passed(samples, moments[..., 0], moments[..., 1] + 1j * moments[..., 2])


def front_end_numpy(x, turn_in, step, half, mix, table, scale, turn_out) -> tuple[NDArray, NDArray]:
    """The same in NumPy: (samples, sums of |y|^2, Re y^2, Im y^2 [groups, ports, 3])."""
    y: Any = np.array(x) if turn_in is None else x * turn_in[:, None]
    if step is not None:
        wide = step[..., None]
        parts = y.view(np.float32) * (np.float32(1.0) / wide)
        y = ((np.clip(np.floor(parts), -half, half - 1) + np.float32(0.5)) * wide).view(np.complex64)
    if mix is not None:
        a, b, c, d = (mix[..., i, None] for i in range(4))
        y = (a * y.real + b * y.imag) + 1j * (c * y.real + d * y.imag)
    if table is not None:
        power = (y.real * y.real + y.imag * y.imag) * np.float32(scale)
        y = y * table[np.minimum(power, np.float32(len(table) - 1)).astype(np.int32)]
    if turn_out is not None:
        y = y * turn_out[:, None]
    y = np.ascontiguousarray(y, np.complex64)
    square = (y.astype(complex) ** 2).sum(axis=-1)
    return y, np.stack([(np.abs(y.astype(complex)) ** 2).sum(axis=-1), square.real, square.imag], axis=-1)
