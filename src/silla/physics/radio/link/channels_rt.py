"""Path lists of a ray tracer as channels: Sionna RT's `Paths`, or arrays of amplitudes, delays and Doppler shifts.

`from_arrays` and `from_sionna_rt` give the channel of one place as it was found. A `PathList` holds many places of a
terminal, from which slots of a link campaign are drawn.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, MissingExtra
from silla.base.hashing import content_hash
from silla.base.provenance import Citation
from silla.physics.radio.link.channels import PathChannel

__all__ = ["SIONNA_RT", "PathList", "from_arrays", "from_sionna_rt", "path_list_of_sionna_rt"]

_MOST_TAPS = 256  # of the profile that an estimator is told

SIONNA_RT = Citation("SionnaRT", "J. Hoydis et al., Sionna RT: differentiable ray tracing for radio propagation "
                     "modeling, IEEE Globecom Workshops, 2023", "10.1109/GCWkshps58843.2023.10465179")  # fmt: skip


@dataclass(frozen=True, eq=False)
class PathList:
    """Paths between a base station and a terminal at one or more places, the base station sending.

    amplitude : complex [n_places, n_rx, n_tx, n_paths], the phase of the carrier over the path included. delay_s :
    [n_places, n_paths], negative where a place has fewer paths. doppler_hz : [n_places, n_paths]. Every place is
    brought to a mean power of 1 per antenna pair and a first delay of 0; power [n_places] is what it had.
    Raises ArgumentError for other shapes, for what is not finite, and for a place that no path reaches.
    """

    amplitude: NDArray[np.complex64]
    delay_s: NDArray[np.float64]
    doppler_hz: NDArray[np.float64]
    power: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        a, tau = np.asarray(self.amplitude, complex), np.asarray(self.delay_s, float)
        if a.ndim != 4 or 0 in a.shape or tau.shape != (a.shape[0], a.shape[3]):
            raise ArgumentError(
                f"amplitudes of shape {a.shape} and delays of shape {tau.shape}; expected "
                "[n_places, n_rx, n_tx, n_paths] and [n_places, n_paths]"
            )
        shift = np.asarray(self.doppler_hz, float)
        if shift.shape != tau.shape:
            raise ArgumentError(f"doppler_hz has the shape {shift.shape}; expected {tau.shape}")
        exists = tau >= 0
        a = np.where(exists[:, None, None, :], a, 0.0)
        if not (np.isfinite(a).all() and np.isfinite(tau).all() and np.isfinite(shift[exists]).all()):
            raise ArgumentError("amplitudes, delays and Doppler shifts of paths must be finite")
        power = (np.abs(a) ** 2).sum(axis=-1).mean(axis=(1, 2))
        if not (power > 0).all():
            lost = np.flatnonzero(~(power > 0))
            raise ArgumentError(f"no path reaches place {lost[0]} ({len(lost)} of {len(power)} places): leave it out")
        a = a / np.sqrt(power)[:, None, None, None]
        first = np.where(exists, tau, np.inf).min(axis=1, keepdims=True)
        for name, value in (
            ("amplitude", a.astype(np.complex64)), ("delay_s", np.where(exists, tau - first, 0.0)),
            ("doppler_hz", np.where(exists, shift, 0.0)), ("power", power),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    @functools.cached_property
    def hash(self) -> str:
        """Of the content."""
        return content_hash([self.amplitude, self.delay_s, self.doppler_hz])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PathList) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    @property
    def n_places(self) -> int:
        return self.amplitude.shape[0]

    def profile(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(delays in s, powers that sum to 1): the mean over the places, of at most 256 taps."""
        tau = self.delay_s.ravel()
        p = (np.abs(self.amplitude) ** 2).mean(axis=(1, 2)).ravel() / self.n_places
        tau, p = tau[p > 0], p[p > 0]
        if len(tau) > _MOST_TAPS:
            width = tau.max() / (_MOST_TAPS - 1) or 1.0
            tau = width * np.rint(tau / width)
        tau, where = np.unique(tau, return_inverse=True)
        return tau, np.bincount(where, p).astype(float)

    def draw(self, *, rng: np.random.Generator, batch: int, n_rx: int, n_tx: int, reverse: bool = False) -> PathChannel:
        """Channels of `batch` slots, each at a place drawn at random. reverse : the terminal sends (reciprocity).

        Each path turns by a random phase, the same for all antennas: a place is known to some wavelengths, no better.
        Where arrays have more antennas than n_rx and n_tx, the first ones are taken; ArgumentError for fewer.
        """
        a = self.amplitude.swapaxes(1, 2) if reverse else self.amplitude
        if a.shape[1] < n_rx or a.shape[2] < n_tx:
            raise ArgumentError(
                f"the paths join {a.shape[2]} sending and {a.shape[1]} receiving antennas; the link asks for {n_tx} "
                f"and {n_rx}: trace with larger arrays, or ask for fewer"
            )
        at = rng.integers(0, self.n_places, batch)
        turn = np.exp(2j * np.pi * rng.random((batch, a.shape[3])))
        gain = a[at, :n_rx, :n_tx] * turn[:, None, None, :]
        return PathChannel(gain[..., None].astype(np.complex64), self.delay_s[at], self.doppler_hz[at][..., None])


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
    a, tau, shift = _read(paths)
    if not (0 <= receiver < a.shape[0] and 0 <= transmitter < a.shape[2]):
        raise ArgumentError(
            f"receiver {receiver} and transmitter {transmitter} of {a.shape[0]} receivers and {a.shape[2]} transmitters"
        )
    pick = (receiver, transmitter)
    return from_arrays(a[receiver, :, transmitter, :, :], tau[pick], shift[pick], normalise=normalise)


def path_list_of_sionna_rt(paths: Any) -> PathList:
    """Every pair of a transmitter and a receiver that a path joins, as one place; the transmitters are base stations.

    paths : as `from_sionna_rt` takes them. Raises what it raises, and ArgumentError where nothing is joined.
    """
    a, tau, shift = _read(paths)
    a = a.transpose(0, 2, 1, 3, 4).reshape(-1, a.shape[1], a.shape[3], a.shape[4])
    tau, shift = tau.reshape(len(a), -1), shift.reshape(len(a), -1)
    joined = (np.where((tau >= 0)[:, None, None], np.abs(a), 0.0) > 0).any(axis=(1, 2, 3))
    if not joined.any():
        raise ArgumentError("no path joins a transmitter and a receiver: there is no channel")
    return PathList(a[joined], tau[joined], shift[joined])


def _read(paths: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Amplitudes [n_rx, antennas, n_tx, antennas, n_paths]; delays and Doppler shifts [n_rx, n_tx, n_paths]."""
    try:
        import sionna.rt  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        raise MissingExtra("sionna", "oracle", "importing ray-traced paths") from None
    if not (hasattr(paths, "cir") and hasattr(paths, "doppler")):
        raise ArgumentError(f"expected a sionna.rt.Paths object, found {type(paths).__name__}")
    if not getattr(paths, "synthetic_array", True):
        raise ArgumentError("the paths have a delay per antenna: find them with PathSolver(...)(synthetic_array=True)")
    a, tau = paths.cir(sampling_frequency=1.0, num_time_steps=1, normalize_delays=False, out_type="numpy")
    return a[..., 0], np.asarray(tau), np.array(paths.doppler)
