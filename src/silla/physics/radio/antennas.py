"""Antenna patterns: the 3GPP element, rectangular panels with electrical downtilt, DFT beam grids, pattern tables.

Angles are those of TR 38.901 clause 7.1: zenith theta in [0, pi] from +z, azimuth phi in [-pi, pi] from the boresight
x axis, in the antenna's own (local) coordinates. `to_local` turns directions of the world into them.
A pattern table samples a pattern on a regular grid; it is what the drop-level composition and its kernel consume.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import ModelCard, Reference, register
from silla.physics.radio.environments import TR38901

__all__ = [
    "Panel",
    "beam_grid_gain",
    "element_gain_dbi",
    "lookup",
    "panel_gain",
    "pattern_table",
    "to_local",
]

_F64 = NDArray[np.float64]
_CHUNK = 16384  # directions handled at once: bounds the memory of the steering matrix


@dataclass(frozen=True)
class Panel:
    """A rectangular panel array in the y-z plane, boresight along +x: TR 38.901 clause 7.3 and Table 7.3-1.

    rows, columns : M and N, elements of one polarisation. row_spacing, column_spacing : d_V and d_H in wavelengths.
    element_gain_dbi, beamwidth_deg (zenith, azimuth), max_attenuation_db : of the element; `isotropic` replaces it
        by 0 dBi in every direction. Defaults are the table's outdoor element (8 dBi, 65 degrees, 30 dB).
    electrical_tilt_deg : zenith angle to which the column is phased, 90 for none, 102 for 12 degrees below horizon.
    """

    rows: int = 1
    columns: int = 1
    row_spacing: float = 0.5
    column_spacing: float = 0.5
    element_gain_dbi: float = 8.0
    beamwidth_deg: tuple[float, float] = (65.0, 65.0)
    max_attenuation_db: float = 30.0
    electrical_tilt_deg: float = 90.0
    isotropic: bool = False


def element_gain_dbi(zenith_rad: ArrayLike, azimuth_rad: ArrayLike, panel: Panel = Panel()) -> _F64:
    """Gain in dBi of one element towards local (zenith, azimuth).

    A = G_max - min(A_V + A_H, A_max), A_V = min(12 ((theta - 90) / theta_3dB)^2, SLA_V), A_H = min(12 (phi /
    phi_3dB)^2, A_max), with SLA_V = A_max = 30 dB, 65 degrees and 8 dBi: TR 38.901 Table 7.3-1.

    >>> float(element_gain_dbi(np.pi / 2, 0.0))
    8.0
    """
    theta, phi = np.degrees(np.asarray(zenith_rad, dtype=float)), np.degrees(np.asarray(azimuth_rad, dtype=float))
    if panel.isotropic:
        return np.zeros(np.broadcast(theta, phi).shape)
    limit = panel.max_attenuation_db
    vertical = np.minimum(12.0 * ((theta - 90.0) / panel.beamwidth_deg[0]) ** 2, limit)
    horizontal = np.minimum(12.0 * (phi / panel.beamwidth_deg[1]) ** 2, limit)
    return panel.element_gain_dbi - np.minimum(vertical + horizontal, limit)


def _phases(zenith_rad: _F64, azimuth_rad: _F64) -> tuple[_F64, _F64]:
    """Direction cosines along z (rows) and y (columns)."""
    return np.cos(zenith_rad), np.sin(zenith_rad) * np.sin(azimuth_rad)


def _dirichlet(u: _F64, n: int) -> _F64:
    """|sum_{k<n} exp(2 pi j k u)|^2 / n for n isotropic elements sharing unit power."""
    s = np.sin(np.pi * u)
    small = np.abs(s) < 1e-9
    return np.where(small, float(n), np.sin(np.pi * n * u) ** 2 / (n * np.where(small, 1.0, s) ** 2))


def panel_gain(
    zenith_rad: ArrayLike, azimuth_rad: ArrayLike, panel: Panel,
    steer_zenith_rad: float | None = None, steer_azimuth_rad: float = 0.0,
) -> _F64:  # fmt: skip
    """Linear power gain of the whole panel steered to one direction (its electrical tilt by default).

    G = G_element(theta, phi) |a^H(steered) a(theta, phi)|^2 / (M N), a the array response: clause 7.3, with uniform
    weights of unit total power (the complex weights of Table 7.8-1's single-port mapping, TR 36.873 clause 7.1).
    """
    theta, phi = np.broadcast_arrays(np.asarray(zenith_rad, dtype=float), np.asarray(azimuth_rad, dtype=float))
    steer = np.radians(panel.electrical_tilt_deg) if steer_zenith_rad is None else steer_zenith_rad
    uz, uy = _phases(theta, phi)
    sz, sy = _phases(np.asarray(steer), np.asarray(steer_azimuth_rad))
    array = _dirichlet(panel.row_spacing * (uz - sz), panel.rows)
    array = array * _dirichlet(panel.column_spacing * (uy - sy), panel.columns)
    return 10.0 ** (element_gain_dbi(theta, phi, panel) / 10.0) * array


def beam_grid_gain(
    zenith_rad: ArrayLike, azimuth_rad: ArrayLike, panel: Panel, oversampling: int = 1, reduce: str = "best"
) -> _F64:
    """Linear gain over a two-dimensional DFT beam grid: of the best beam, or the mean over all beams.

    Parameters
    ----------
    oversampling : O, beams per dimension and element: O M vertical times O N horizontal beams whose direction cosines
        are spaced 1 / (O M d_V) and 1 / (O N d_H), centred on the electrical tilt (TS 38.214 clause 5.2.2.2.1).
    reduce : "best" is the gain that a served user sees; "mean" is what an interfered user sees from a cell whose
        scheduler points each beam equally often.
    """
    if reduce not in ("best", "mean"):
        raise ArgumentError(f"beam_grid_gain: reduce is {reduce!r}, allowed 'best' or 'mean'")
    theta, phi = np.asarray(zenith_rad, dtype=float), np.asarray(azimuth_rad, dtype=float)
    uz, uy = _phases(theta, phi)  # of different shapes on a grid of angles: the rows' part is worked out once a row
    element = 10.0 ** (element_gain_dbi(theta, phi, panel) / 10.0)
    centre = np.cos(np.radians(panel.electrical_tilt_deg))

    def along(u: _F64, n: int, spacing: float, middle: float) -> _F64:
        if n == 1:
            return np.ones_like(u)
        steps = np.arange(n * oversampling) / (n * oversampling) - 0.5 + 0.5 / n / oversampling
        flat, out = u.ravel(), np.empty(u.size)
        for start in range(0, u.size, _CHUNK):
            part = flat[start : start + _CHUNK, None]
            gains = _dirichlet(spacing * (part - middle) - steps, n)
            out[start : start + _CHUNK] = gains.max(axis=1) if reduce == "best" else gains.mean(axis=1)
        return out.reshape(u.shape)

    gain = element * along(uz, panel.rows, panel.row_spacing, centre)
    return gain * along(uy, panel.columns, panel.column_spacing, 0.0)


def to_local(direction: _F64, azimuth_rad: ArrayLike, downtilt_rad: ArrayLike) -> tuple[_F64, _F64]:
    """Local (zenith, azimuth) in radians of world directions.

    Parameters
    ----------
    direction : [..., 3] vectors of any length, x east, y north, z up.
    azimuth_rad : boresight's angle from +x towards +y; downtilt_rad : mechanical, positive below the horizon.
        Both broadcast against ``direction[..., 0]``. TR 38.901 equations 7.1-7 and 7.1-8 with zero slant.

    >>> round(float(to_local(np.array([0.0, 2.0, 0.0]), np.pi / 2, 0.0)[1]), 9)
    0.0
    """
    x, y, z = direction[..., 0], direction[..., 1], direction[..., 2]
    ca, sa, cb, sb = np.cos(azimuth_rad), np.sin(azimuth_rad), np.cos(downtilt_rad), np.sin(downtilt_rad)
    ahead = ca * x + sa * y
    lx, ly, lz = cb * ahead - sb * z, ca * y - sa * x, sb * ahead + cb * z
    return np.arctan2(np.hypot(lx, ly), lz), np.arctan2(ly, lx)


@functools.lru_cache(maxsize=64)
def pattern_table(
    panel: Panel, mode: str = "fixed", step_deg: float = 1.0, oversampling: int = 1
) -> NDArray[np.float32]:
    """Gain in dBi sampled on [zenith 0..180, azimuth -180..180] degrees, float32 [180/step + 1, 360/step + 1].

    mode : "fixed" the panel phased to its electrical tilt, "best" and "mean" its DFT beam grid (`beam_grid_gain`).
    Values are floored at -100 dBi so that pattern nulls can be interpolated. The array is kept for the next call with
    the same arguments, and therefore read-only.
    """
    theta = np.radians(np.arange(0.0, 180.0 + step_deg / 2, step_deg))[:, None]
    phi = np.radians(np.arange(-180.0, 180.0 + step_deg / 2, step_deg))[None, :]
    if mode == "fixed":
        gain = panel_gain(theta, phi, panel)
    else:
        gain = beam_grid_gain(theta, phi, panel, oversampling, mode)
    table = (10.0 * np.log10(np.maximum(gain, 1e-10))).astype(np.float32)
    table.setflags(write=False)
    return table


def lookup(table_dbi: NDArray[np.float32], zenith_rad: ArrayLike, azimuth_rad: ArrayLike) -> _F64:
    """Gain in dBi of a pattern table towards local angles, bilinear in dB."""
    rows, columns = table_dbi.shape[0] - 1, table_dbi.shape[1] - 1
    r = np.clip(np.asarray(zenith_rad, dtype=float) * (rows / np.pi), 0.0, rows)
    c = np.clip((np.asarray(azimuth_rad, dtype=float) + np.pi) * (columns / (2 * np.pi)), 0.0, columns)
    i, j = np.minimum(r.astype(np.int32), rows - 1), np.minimum(c.astype(np.int32), columns - 1)
    fr, fc = r - i, c - j
    upper = table_dbi[i, j] * (1 - fc) + table_dbi[i, j + 1] * fc
    lower = table_dbi[i + 1, j] * (1 - fc) + table_dbi[i + 1, j + 1] * fc
    return upper * (1 - fr) + lower * fr


register(
    ModelCard(
        id="radio.antennas.element",
        title="Antenna element and panel",
        function=element_gain_dbi,
        sources=(TR38901,),
        references=(
            Reference(
                {"zenith_rad": np.pi / 2, "azimuth_rad": np.radians(32.5)},
                5.0,
                "Table 7.3-1: 3 dB at half the beamwidth",
                absolute=1e-9,
            ),
        ),
        left_out="polarisation, mutual coupling, beam squint",
    )
)
