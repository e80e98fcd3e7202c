"""Clustered delay lines CDL-A to E of TR 38.901 clause 7.7.1: rays, cross-polarisation, antenna arrays, motion.

Angles are those of clause 7.1 in global coordinates, in radians: zenith from +z, azimuth from +x. Coefficients are
those of equations 7.5-22 and 7.5-29; clusters are not split further (clause 7.7.1, step 4).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.physics.radio.antennas import Panel, element_gain_dbi
from silla.physics.radio.link.channels import PathChannel, rms_delay_spread

__all__ = ["CDL_PROFILES", "Array", "Clusters", "cdl_clusters", "draw_cdl", "ray_channel", "scale_angles"]

SPEED_OF_LIGHT = 299_792_458.0
CDL_PROFILES = ("A", "B", "C", "D", "E")
_HALF = (0.0447, 0.1413, 0.2492, 0.3715, 0.5129, 0.6797, 0.8844, 1.1481, 1.5195, 2.1551)
OFFSETS = np.array([sign * a for a in _HALF for sign in (1.0, -1.0)])  # Table 7.5-3, rms angle spread 1
ANGLES = ("aod", "aoa", "zod", "zoa")
_F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Array:
    """A rectangular antenna array in the y-z plane of its own coordinates, boresight along +x (clause 7.3).

    rows, columns : elements of one polarisation; spacings in wavelengths. slants_deg : one slant angle for a single
    polarisation, two for cross-polarised elements (polarisation model 2, equations 7.3-4 and 7.3-5). pattern : "38.901"
    (Table 7.3-1, 8 dBi) or "isotropic". bearing_deg, downtilt_deg, slant_deg : orientation (clause 7.1.3).
    Elements are numbered polarisation by polarisation, in each along the columns, in each from the lowest row.
    """

    rows: int = 1
    columns: int = 1
    slants_deg: tuple[float, ...] = (0.0,)
    row_spacing: float = 0.5
    column_spacing: float = 0.5
    pattern: str = "isotropic"
    bearing_deg: float = 0.0
    downtilt_deg: float = 0.0
    slant_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1 or len(self.slants_deg) not in (1, 2):
            raise ArgumentError(
                f"an array of {self.rows} rows, {self.columns} columns and {len(self.slants_deg)} polarisations; "
                "allowed: at least one row and column, one or two slant angles"
            )
        if self.pattern not in ("isotropic", "38.901"):
            raise ArgumentError(f"element pattern {self.pattern!r}; allowed: 'isotropic', '38.901'")

    @property
    def n_antennas(self) -> int:
        return self.rows * self.columns * len(self.slants_deg)

    def rotation(self) -> _F64:
        """R = R_z(bearing) R_y(downtilt) R_x(slant), equation 7.1-4."""
        a, b, c = np.radians([self.bearing_deg, self.downtilt_deg, self.slant_deg])
        z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
        y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
        x = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
        return z @ y @ x

    def positions(self) -> _F64:
        """Places [n_antennas, 3] in wavelengths, in global coordinates, centred."""
        y, z = np.meshgrid(
            (np.arange(self.columns) - (self.columns - 1) / 2) * self.column_spacing,
            (np.arange(self.rows) - (self.rows - 1) / 2) * self.row_spacing,
            indexing="ij",
        )
        local = np.stack([np.zeros(y.size), y.ravel(), z.ravel()], axis=-1)
        return np.tile(local, (len(self.slants_deg), 1)) @ self.rotation().T

    def field(self, zenith: ArrayLike, azimuth: ArrayLike) -> _F64:
        """Field [..., n_antennas, 2] towards global directions, in the global (theta, phi) basis."""
        zenith, azimuth = np.asarray(zenith, float), np.asarray(azimuth, float)
        rotation = self.rotation()
        local = unit_vector(zenith, azimuth) @ rotation
        local_zenith = np.arccos(np.clip(local[..., 2], -1.0, 1.0))
        local_azimuth = np.arctan2(local[..., 1], local[..., 0])
        panel = Panel(isotropic=self.pattern == "isotropic")
        amplitude = 10.0 ** (element_gain_dbi(local_zenith, local_azimuth, panel) / 20.0)
        ours = _basis(local_zenith, local_azimuth) @ rotation.T  # [..., 2, 3], in global coordinates
        turn = _basis(zenith, azimuth) @ ours.swapaxes(-1, -2)  # [..., 2 global, 2 local]
        slants = np.radians(self.slants_deg)
        local_field = np.stack([np.cos(slants), np.sin(slants)])  # [2, polarisations]
        by_slant = amplitude[..., None, None] * (turn @ local_field)
        return np.repeat(by_slant.swapaxes(-1, -2), self.rows * self.columns, axis=-2)


def unit_vector(zenith: ArrayLike, azimuth: ArrayLike) -> _F64:
    """Cartesian [..., 3] of directions."""
    t, p = np.asarray(zenith, float), np.asarray(azimuth, float)
    return np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], axis=-1)


def _basis(t: _F64, p: _F64) -> _F64:
    """The unit vectors theta and phi [..., 2, 3] at directions."""
    theta = np.stack([np.cos(t) * np.cos(p), np.cos(t) * np.sin(p), -np.sin(t)], axis=-1)
    return np.stack([theta, np.stack([-np.sin(p), np.cos(p), np.zeros_like(p)], axis=-1)], axis=-2)


class Clusters(NamedTuple):
    """A profile: delays in s and powers [n_clusters] (without the line of sight), and angles in radians.

    angles : name ("aod", "aoa", "zod", "zoa") -> rays [n_clusters, 20]. los_power : of the line of sight, 0 for none;
    los_angles : its four angles. xpr : linear cross-polarisation ratio. Powers, with the line of sight, sum to 1.
    """

    delay_s: _F64
    power: _F64
    angles: dict[str, _F64]
    los_power: float
    los_angles: dict[str, float]
    xpr: float


@functools.cache
def _table(name: str) -> tuple[_F64, bool, _F64]:
    """(rows [n, 6] of delay, power in dB and four angles, line of sight in the first, the row of spreads)."""
    text = resources.files("silla.physics.radio.link").joinpath("data").joinpath("cdl.csv").read_text().splitlines()
    rows = [line.split(",") for line in text[2:] if line.startswith(f"{name},")]
    numbers = np.array([[float(x) for x in row[1:7]] for row in rows])
    return numbers[:-1], rows[0][-1] == "los", numbers[-1]


def cdl_clusters(
    profile: str,
    delay_spread_s: float,
    *,
    k_factor_db: float | None = None,
    angles_deg: Mapping[str, tuple[float, float]] | None = None,
) -> Clusters:
    """The clusters and rays of CDL-A to E (TR 38.901 Tables 7.7.1-1 to 5), scaled.

    k_factor_db : wanted K-factor of D and E (clause 7.7.6). angles_deg : name ("aod", "aoa", "zod", "zoa") -> (mean,
    rms spread) in degrees, which `scale_angles` gives the cluster angles (clause 7.7.5.1).

    >>> c = cdl_clusters("A", 100e-9)
    >>> c.delay_s.shape, c.angles["aoa"].shape, c.xpr
    ((23,), (23, 20), 10.0)
    """
    name = str(profile).upper().removeprefix("CDL").removeprefix("-")
    if name not in CDL_PROFILES:
        raise ArgumentError(
            f"CDL profile {profile!r} is not known; known: {', '.join(CDL_PROFILES)} (TR 38.901 clause 7.7.1)"
        )
    if not 0.0 <= delay_spread_s < 1e-3:
        raise ArgumentError(f"CDL-{name}: rms delay spread {delay_spread_s!r} s; allowed: 0 to 1e-3")
    unknown = set(angles_deg or ()) - set(ANGLES)
    if unknown:
        raise ArgumentError(f"angles_deg names {', '.join(sorted(unknown))}; allowed: {', '.join(ANGLES)}")
    rows, los, spread = _table(name)
    delay, power, centre = rows[:, 0].copy(), 10.0 ** (rows[:, 1] / 10.0), rows[:, 2:].copy()
    if k_factor_db is not None:
        if not los:
            raise ArgumentError(f"CDL-{name} has no line of sight: it takes no K-factor (TR 38.901 clause 7.7.6)")
        power[1:] *= power[0] / power[1:].sum() / 10.0 ** (k_factor_db / 10.0)
        delay /= rms_delay_spread(delay, power)
    power /= power.sum()
    for i, angle in enumerate(ANGLES):
        if angles_deg and angle in angles_deg:
            centre[:, i] = scale_angles(centre[:, i], power, *angles_deg[angle])
    first = 1 if los else 0
    rays = {a: np.radians(centre[first:, i, None] + spread[2 + i] * OFFSETS) for i, a in enumerate(ANGLES)}
    sight = {a: float(np.radians(centre[0, i])) for i, a in enumerate(ANGLES)}
    return Clusters(
        delay[first:] * delay_spread_s, power[first:], rays, float(power[0]) if los else 0.0, sight,
        float(10.0 ** (spread[1] / 10.0)),
    )  # fmt: skip


def scale_angles(angle_deg: ArrayLike, power: ArrayLike, mean_deg: float, spread_deg: float) -> _F64:
    """Cluster angles with the wanted mean and rms angle spread (TR 38.901 equation 7.7-5, spreads of Annex A).

    phi' = (AS_wanted / AS_model) (phi - mu_model) + mu_wanted.
    """
    phi, p = np.radians(np.asarray(angle_deg, float)), np.asarray(power, float)
    resultant = (p * np.exp(1j * phi)).sum() / p.sum()
    spread = np.sqrt(-2.0 * np.log(min(abs(resultant), 1.0)))
    if not spread_deg >= 0 or spread < 1e-9:
        raise ArgumentError(f"angles of spread {np.degrees(spread):g} cannot be scaled to {spread_deg!r} degrees")
    away = np.angle(np.exp(1j * (phi - np.angle(resultant))))
    return np.degrees(away) * np.radians(spread_deg) / spread + mean_deg


def draw_cdl(
    profile: str,
    *,
    rng: np.random.Generator,
    delay_spread_s: float,
    carrier_hz: float,
    batch: int = 1,
    tx: Array = Array(),
    rx: Array = Array(),
    velocity_m_per_s: ArrayLike = (0.0, 0.0, 0.0),
    moving: str = "rx",
    reverse: bool = False,
    k_factor_db: float | None = None,
    angles_deg: Mapping[str, tuple[float, float]] | None = None,
) -> PathChannel:
    """`batch` independent channels of a profile between two arrays.

    velocity_m_per_s : [3], of the moving end. moving : "rx" or "tx". reverse : swap departure and arrival (uplink: the
    tables' departure is the base station). Rays are coupled at random within each cluster (clause 7.7.1, step 2) and
    get random phases (step 10); see `ray_channel`.

    >>> rng, rx = np.random.default_rng(1), Array(1, 2, (45, -45))
    >>> c = draw_cdl("C", rng=rng, delay_spread_s=1e-7, carrier_hz=3.5e9, rx=rx)
    >>> c.gain.shape
    (1, 4, 1, 24, 20)
    """
    clusters = cdl_clusters(profile, delay_spread_s, k_factor_db=k_factor_db, angles_deg=angles_deg)
    if reverse:
        swap = {"aod": "aoa", "aoa": "aod", "zod": "zoa", "zoa": "zod"}
        clusters = clusters._replace(
            angles={a: clusters.angles[swap[a]] for a in ANGLES},
            los_angles={a: clusters.los_angles[swap[a]] for a in ANGLES},
        )
    n_clusters = len(clusters.power)
    shape = (batch, n_clusters, 20)
    angles = {a: rng.permuted(np.broadcast_to(clusters.angles[a], shape), axis=-1) for a in ANGLES}
    phases = rng.uniform(-np.pi, np.pi, (*shape, 2, 2))
    return ray_channel(clusters, angles, phases, carrier_hz, tx, rx, velocity_m_per_s, moving)


def ray_channel(
    clusters: Clusters,
    angles: Mapping[str, np.ndarray],
    phases: np.ndarray,
    carrier_hz: float,
    tx: Array,
    rx: Array,
    velocity_m_per_s: ArrayLike = (0.0, 0.0, 0.0),
    moving: str = "rx",
) -> PathChannel:
    """The channel of given coupled rays and phases: equations 7.5-22 and 7.5-29 of TR 38.901.

    angles : name -> [batch, n_clusters, n_rays] rad. phases : [batch, n_clusters, n_rays, 2, 2], of the polarisation
    pairs (theta theta, theta phi; phi theta, phi phi), receiver first. The line of sight, if any, is the last path.
    """
    if moving not in ("rx", "tx"):
        raise ArgumentError(f"moving is {moving!r}; allowed: 'rx', 'tx'")
    velocity = np.asarray(velocity_m_per_s, float)
    if velocity.shape != (3,) or not np.isfinite(velocity).all() or not carrier_hz > 0:
        raise ArgumentError("velocity_m_per_s must be three finite numbers and carrier_hz positive")
    wave = SPEED_OF_LIGHT / carrier_hz
    cross = np.array([[1.0, clusters.xpr**-0.5], [clusters.xpr**-0.5, 1.0]])
    gain, doppler = _coefficients(angles, cross * np.exp(1j * np.asarray(phases)), tx, rx, velocity / wave, moving)
    n_rays = gain.shape[-1]
    gain *= np.sqrt(clusters.power / n_rays)[:, None]
    delay = clusters.delay_s
    if clusters.los_power:
        sight = {a: np.full((1, 1, 1), clusters.los_angles[a]) for a in ANGLES}
        los_gain, los_doppler = _coefficients(sight, np.diag([1.0, -1.0]), tx, rx, velocity / wave, moving)
        path = np.zeros((*gain.shape[:3], 1, n_rays), complex)
        path[..., 0] = np.sqrt(clusters.los_power) * los_gain[..., 0]
        shift = np.zeros((len(gain), 1, n_rays))
        shift[..., 0] = los_doppler[..., 0]
        gain, doppler = np.concatenate([gain, path], axis=3), np.concatenate([doppler, shift], axis=1)
        delay = np.append(delay, delay.min())
    return PathChannel(gain.astype(np.complex64), delay, doppler)


def _coefficients(
    angles: Mapping[str, np.ndarray], polar: np.ndarray, tx: Array, rx: Array, velocity: _F64, moving: str
) -> tuple[np.ndarray, _F64]:
    """(gains [batch, n_rx, n_tx, clusters, rays] of unit power rays, Doppler shifts [batch, clusters, rays])."""
    arrive, depart = unit_vector(angles["zoa"], angles["aoa"]), unit_vector(angles["zod"], angles["aod"])
    at = rx.field(angles["zoa"], angles["aoa"]) * np.exp(2j * np.pi * arrive @ rx.positions().T)[..., None]
    of = tx.field(angles["zod"], angles["aod"]) * np.exp(2j * np.pi * depart @ tx.positions().T)[..., None]
    gain = at @ polar @ of.swapaxes(-1, -2)  # [batch, clusters, rays, n_rx, n_tx]
    doppler = (arrive if moving == "rx" else depart) @ velocity
    return gain.transpose(0, 3, 4, 1, 2), np.broadcast_to(doppler, gain.shape[:3]).copy()
