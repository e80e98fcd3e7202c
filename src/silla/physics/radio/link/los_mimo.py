"""Line-of-sight MIMO in the near field: spherical waves between two arrays of subarrays, and the best spacing.

The distances between all pairs of subarrays are exact, so that the channel has full rank where the wavefront's
curvature can be seen across the arrays. Each subarray may carry two polarisations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Citation, ModelCard, Reference, register
from silla.base.units import SPEED_OF_LIGHT_M_PER_S

__all__ = [
    "SubarrayPair", "condition_number", "los_capacity_bits", "optimal_spacing_m", "rayleigh_distance_m",
    "spherical_channel",
]  # fmt: skip

_C128 = NDArray[np.complexfloating]
BOHAGEN2007 = Citation(
    "Bohagen2007",
    "F. Bohagen, P. Orten & G. E. Oien, Design of optimal high-rank line-of-sight MIMO channels, IEEE Trans. Wireless "
    "Commun. 6 (2007) 1420-1425",
    "https://doi.org/10.1109/TWC.2007.348338",
)
SARRIS2007 = Citation(
    "Sarris2007",
    "I. Sarris & A. R. Nix, Design and performance assessment of high-capacity MIMO architectures in the presence of a "
    "line-of-sight component, IEEE Trans. Veh. Technol. 56 (2007) 2194-2202",
    "https://doi.org/10.1109/TVT.2007.897240",
)


def optimal_spacing_m(
    frequency_hz: float, distance_m: float, n: int, tilt_tx_deg: float = 0.0, tilt_rx_deg: float = 0.0
) -> float:
    """Spacing at which two equal lines of n subarrays have orthogonal channels: sqrt(lambda R / (n cos a cos b)).

    a, b : angles between each line and the plane perpendicular to the path. Source: Bohagen et al. 2007 equation 11
    (d_t d_r cos a cos b = lambda R / n), which the spherical channel meets up to (array / R)^2.

    >>> round(optimal_spacing_m(142e9, 50.0, 2), 4)
    0.2297
    """
    if not (0 < frequency_hz < np.inf and 0 < distance_m < np.inf and n >= 1):
        raise ArgumentError(
            f"frequency {frequency_hz!r} Hz, distance {distance_m!r} m, {n!r} subarrays: all must lie above 0"
        )
    shrink = np.cos(np.radians(tilt_tx_deg)) * np.cos(np.radians(tilt_rx_deg))
    if not shrink > 1e-6:
        raise DomainError("a line of subarrays along the path has one direction to the other end: no spacing helps")
    return float(np.sqrt(SPEED_OF_LIGHT_M_PER_S / frequency_hz * distance_m / (n * shrink)))


def rayleigh_distance_m(aperture_m: float, frequency_hz: float) -> float:
    """2 D^2 / lambda in metres: nearer than that an array of aperture D sees the wavefront's curvature.

    >>> round(rayleigh_distance_m(0.1, 300e9), 2)
    20.01
    """
    if not (aperture_m >= 0 and frequency_hz > 0):
        raise ArgumentError(f"aperture {aperture_m!r} m at {frequency_hz!r} Hz: neither may be negative")
    return float(2.0 * aperture_m**2 * frequency_hz / SPEED_OF_LIGHT_M_PER_S)


@dataclass(frozen=True)
class SubarrayPair:
    """Two equal panels of rows x columns subarrays that face each other over a distance.

    spacing_m : between neighbouring subarrays, along rows and columns, (row, column). polarisations : 1 or 2 on every
    subarray. cross_polar_db : power that leaks into the other polarisation. tilt_deg : rotation of the receiving panel
    about its vertical axis. offset_m : lateral shift of the receiving panel (x, y). roll_deg : rotation about the path.

    >>> pair = SubarrayPair(2, 2, (0.23, 0.23), 50.0)
    >>> pair.n_ports, pair.delays_s().shape
    (8, (4, 4))
    """

    rows: int
    columns: int
    spacing_m: tuple[float, float]
    distance_m: float
    polarisations: int = 2
    cross_polar_db: float = -25.0
    tilt_deg: float = 0.0
    roll_deg: float = 0.0
    offset_m: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not (self.rows >= 1 and self.columns >= 1 and self.polarisations in (1, 2)):
            raise ArgumentError(
                f"{self.rows} x {self.columns} subarrays of {self.polarisations} polarisations; allowed: at least one "
                "subarray, 1 or 2 polarisations"
            )
        if not 0 < self.distance_m < np.inf:
            raise ArgumentError(f"the distance is {self.distance_m!r} m; it must lie above 0")
        if not all(0 <= d < np.inf for d in self.spacing_m):
            raise ArgumentError(f"the spacing is {self.spacing_m!r} m; it must not be negative")
        if not self.cross_polar_db <= 0:
            raise ArgumentError(f"cross-polar power of {self.cross_polar_db!r} dB; at most 0")

    @property
    def n_subarrays(self) -> int:
        return self.rows * self.columns

    @property
    def n_ports(self) -> int:
        """Ports of either end."""
        return self.n_subarrays * self.polarisations

    def positions(self) -> NDArray[np.floating]:
        """Places [n_subarrays, 2] in a panel, centred, in metres."""
        y = (np.arange(self.rows) - (self.rows - 1) / 2) * self.spacing_m[0]
        x = (np.arange(self.columns) - (self.columns - 1) / 2) * self.spacing_m[1]
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)

    @property
    def aperture_m(self) -> float:
        """Diagonal of a panel from centre to centre of its outer subarrays."""
        return float(np.hypot((self.rows - 1) * self.spacing_m[0], (self.columns - 1) * self.spacing_m[1]))

    def delays_s(self) -> NDArray[np.floating]:
        """Delay [receiving, transmitting subarray] of every path, exact."""
        flat = self.positions()
        tx = np.concatenate([flat, np.zeros((len(flat), 1))], axis=1)
        a, b = np.radians(self.roll_deg), np.radians(self.tilt_deg)
        rolled = flat @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
        x, y, z = rolled[:, 0] * np.cos(b), rolled[:, 1], rolled[:, 0] * np.sin(b)
        rx = np.stack([x + self.offset_m[0], y + self.offset_m[1], z + self.distance_m], axis=1)
        return np.sqrt(((rx[:, None] - tx[None]) ** 2).sum(axis=-1)) / SPEED_OF_LIGHT_M_PER_S


def spherical_channel(pair: SubarrayPair, frequency_hz: ArrayLike, *, reference_s: float | None = None) -> _C128:
    """Channel [..., receiving port, transmitting port] at frequencies [...], of unit gain at the panels' distance.

    h = (R / d) exp(-j 2 pi f (d / c - t_0)) with the exact distance d of each pair; ports count the subarrays of the
    first polarisation, then of the second, which leak into one another with `cross_polar_db`. reference_s : the delay
    t_0 that the receiver's timing has taken out, the mean one if not given.

    >>> h = spherical_channel(SubarrayPair(1, 2, (0.0, optimal_spacing_m(142e9, 50.0, 2)), 50.0, 1), 142e9)
    >>> bool(abs(np.vdot(h[:, 0], h[:, 1])) < 1e-4)
    True
    """
    f = np.asarray(frequency_hz, float)
    delay = pair.delays_s()
    t0 = float(delay.mean()) if reference_s is None else reference_s
    amplitude = pair.distance_m / (delay * SPEED_OF_LIGHT_M_PER_S)
    one = amplitude * np.exp(-2j * np.pi * f[..., None, None] * (delay - t0))
    if pair.polarisations == 1:
        return np.asarray(one, complex)
    leak = 10.0 ** (pair.cross_polar_db / 10.0)
    own, other = np.sqrt(1.0 - leak), np.sqrt(leak)
    return np.asarray(np.block([[own * one, other * one], [-other * one, own * one]]), complex)


def condition_number(h: ArrayLike) -> NDArray[np.float64]:
    """Largest over smallest singular value of channels [..., n, m]."""
    s = np.linalg.svd(np.asarray(h), compute_uv=False)
    return s[..., 0] / np.maximum(s[..., -1], 1e-300)


def los_capacity_bits(h: ArrayLike, snr: ArrayLike) -> NDArray[np.float64]:
    """log2 det(I + SNR H^H H / n_tx) in bit per channel use: the power is split evenly and SNR is that of all layers
    together at one receiving port of unit gain.

    At most n log2(1 + SNR) for n x n unit-gain channels, when they are orthogonal; log2(1 + n SNR) at rank one.

    >>> round(float(los_capacity_bits(np.ones((4, 4)), 3.75)), 9)
    4.0
    """
    h = np.asarray(h, complex)
    gram = h.conj().swapaxes(-1, -2) @ h
    scale = np.asarray(snr, float)[..., None, None] / h.shape[-1]
    return np.linalg.slogdet(np.eye(h.shape[-1]) + scale * gram)[1] / np.log(2.0)


def _spacing(frequency_ghz: float, distance_m: float, n: int) -> float:
    return optimal_spacing_m(frequency_ghz * 1e9, distance_m, int(n))


register(
    ModelCard(
        id="radio.link.los_mimo_spacing",
        title="Spacing of orthogonal line-of-sight MIMO",
        function=_spacing,
        sources=(BOHAGEN2007, SARRIS2007),
        references=(
            Reference(
                {"frequency_ghz": SPEED_OF_LIGHT_M_PER_S / 1e9 / 0.002, "distance_m": 100.0, "n": 2},
                float(np.sqrt(0.1)), "d^2 = lambda R / n = 2 mm x 100 m / 2", rel=1e-9,
            ),
        ),
        increasing=("distance_m",),
        decreasing=("frequency_ghz",),
        left_out="reflections; the subarrays are far-field to one another",
    )
)  # fmt: skip
