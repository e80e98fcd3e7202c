"""Path lists of a ray tracer as channels: Sionna RT's `Paths`, or arrays of amplitudes, delays and Doppler shifts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError, MissingExtra
from silla.base.provenance import Citation
from silla.physics.radio.link.channels import PathChannel

__all__ = ["SIONNA_RT", "from_arrays", "from_sionna_rt"]

SIONNA_RT = Citation("SionnaRT", "J. Hoydis et al., Sionna RT: differentiable ray tracing for radio propagation "
                     "modeling, IEEE Globecom Workshops, 2023", "10.1109/GCWkshps58843.2023.10465179")  # fmt: skip


def from_arrays(
    amplitude: ArrayLike, delay_s: ArrayLike, doppler_hz: ArrayLike | None = None, *, normalise: bool = False
) -> PathChannel:
    """The channel of one link's paths.

    amplitude : complex [n_rx, n_tx, n_paths], of the baseband equivalent (the phase of the carrier over the path
    included). delay_s : [n_paths]; negative entries mark paths that do not exist (Sionna RT's padding). doppler_hz :
    [n_paths], 0 when left out. normalise : mean power of 1 per antenna pair and a first delay of 0.

    >>> from_arrays(np.ones((1, 1, 2)), [1e-7, 2e-7], normalise=True).delay_s.tolist()
    [0.0, 1e-07]
    """
    a, tau = np.asarray(amplitude, complex), np.asarray(delay_s, float)
    if a.ndim != 3 or tau.shape != a.shape[-1:]:
        raise ArgumentError(
            f"amplitudes of shape {a.shape} and delays of shape {tau.shape}; expected [n_rx, n_tx, n_paths], [n_paths]"
        )
    shift = np.zeros_like(tau) if doppler_hz is None else np.asarray(doppler_hz, float)
    if shift.shape != tau.shape:
        raise ArgumentError(f"doppler_hz has the shape {shift.shape}; expected {tau.shape}")
    exists = tau >= 0
    if not exists.any():
        raise ArgumentError("no path joins the two ends: there is no channel")
    a, tau, shift = a[..., exists], tau[exists], shift[exists]
    if normalise:
        power = (np.abs(a) ** 2).sum(axis=-1).mean()
        if not power > 0:
            raise ArgumentError("all paths have the amplitude 0: their power cannot be normalised")
        a, tau = a / np.sqrt(power), tau - tau.min()
    return PathChannel(a[None, ..., None].astype(np.complex64), tau, shift[None, :, None])


def from_sionna_rt(paths: Any, *, receiver: int = 0, transmitter: int = 0, normalise: bool = True) -> PathChannel:
    """The channel between one transmitter and one receiver of a `sionna.rt.Paths` object (Sionna RT 1.0 or later).

    normalise : as in `from_arrays`; False keeps the path gains and the absolute delays. Paths must have been found
    with synthetic arrays (`synthetic_array=True`), so that they have one delay for all antennas.
    Raises MissingExtra without the package, ArgumentError for an object of another kind.
    """
    try:
        import sionna.rt  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        raise MissingExtra("sionna", "oracle", "importing ray-traced paths") from None
    if not (hasattr(paths, "cir") and hasattr(paths, "doppler")):
        raise ArgumentError(f"expected a sionna.rt.Paths object, found {type(paths).__name__}")
    if not getattr(paths, "synthetic_array", True):
        raise ArgumentError("the paths have a delay per antenna: find them with PathSolver(...)(synthetic_array=True)")
    a, tau = paths.cir(sampling_frequency=1.0, num_time_steps=1, normalize_delays=False, out_type="numpy")
    shift = np.array(paths.doppler)
    if not (0 <= receiver < a.shape[0] and 0 <= transmitter < a.shape[2]):
        raise ArgumentError(
            f"receiver {receiver} and transmitter {transmitter} of {a.shape[0]} receivers and {a.shape[2]} transmitters"
        )
    pick = (receiver, transmitter)
    return from_arrays(a[receiver, :, transmitter, :, :, 0], tau[pick], shift[pick], normalise=normalise)
