"""Power, noise and signal-to-noise ratio of one link, and how far a link reaches."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.units import NOISE_DENSITY_W_PER_HZ, SPEED_OF_LIGHT_M_PER_S, db, from_db

__all__ = ["eirp_dbm", "free_space_loss_db", "noise_dbm", "noise_w", "reach_m", "snr_db"]

_F64 = NDArray[np.float64]


def noise_w(bandwidth_hz: ArrayLike, noise_figure_db: ArrayLike = 0.0) -> _F64:
    """Noise power k T0 B F in watts at the receiver input, T0 = 290 K."""
    return NOISE_DENSITY_W_PER_HZ * np.asarray(bandwidth_hz, dtype=float) * from_db(noise_figure_db)


def noise_dbm(bandwidth_hz: ArrayLike, noise_figure_db: ArrayLike = 0.0) -> _F64:
    """`noise_w` in dBm.

    >>> round(float(noise_dbm(20e6, 9.0)), 2)
    -91.96
    """
    return np.asarray(db(noise_w(bandwidth_hz, noise_figure_db) * 1e3), dtype=float)


def eirp_dbm(tx_power_dbm: ArrayLike, antenna_gain_dbi: ArrayLike, feeder_loss_db: ArrayLike = 0.0) -> _F64:
    """Equivalent isotropic radiated power in dBm."""
    gain = np.asarray(antenna_gain_dbi, dtype=float) - np.asarray(feeder_loss_db, dtype=float)
    return np.asarray(tx_power_dbm, dtype=float) + gain


def free_space_loss_db(frequency_ghz: ArrayLike, distance_m: ArrayLike) -> _F64:
    """20 log10(4 pi d f / c) in dB (Friis; ITU-R P.525 equation 3).

    >>> round(float(free_space_loss_db(1.0, 1.0)), 2)
    32.45
    """
    d, f = np.asarray(distance_m, dtype=float), np.asarray(frequency_ghz, dtype=float)
    if (d <= 0).any() or (f <= 0).any():
        raise ArgumentError("free_space_loss_db: frequency and distance must be positive")
    return 20.0 * np.log10(4.0 * np.pi * d * f * 1e9 / SPEED_OF_LIGHT_M_PER_S)


def snr_db(
    eirp: ArrayLike, loss_db: ArrayLike, rx_gain_dbi: ArrayLike, bandwidth_hz: ArrayLike, noise_figure_db: ArrayLike
) -> _F64:
    """Signal-to-noise ratio in dB: EIRP (dBm) - path loss + receive gain - noise."""
    gain = np.asarray(rx_gain_dbi, dtype=float) - np.asarray(loss_db, dtype=float)
    return np.asarray(eirp, dtype=float) + gain - noise_dbm(bandwidth_hz, noise_figure_db)


def reach_m(
    allowed_loss_db: float, frequency_ghz: float, specific_attenuation_db_per_km: float = 0.0, exponent: float = 2.0,
    longest_m: float = 1e6,
) -> float:  # fmt: skip
    """Greatest distance in metres at which 1 m free space + 10 n log10(d) + gamma d / 1000 stays within the loss.

    The close-in model with exponent n (2 is free space) plus gases and rain; the loss increases with d, so the distance
    is found by bisection in log d to 1e-9. Zero when even one metre is too far; at most `longest_m`.
    """

    def loss(d: float) -> float:
        return (
            float(free_space_loss_db(frequency_ghz, 1.0))
            + 10.0 * exponent * np.log10(d)
            + (specific_attenuation_db_per_km * d / 1e3)
        )

    if loss(1.0) > allowed_loss_db:
        return 0.0
    low, high = 0.0, float(np.log10(longest_m))
    if loss(longest_m) <= allowed_loss_db:
        return float(longest_m)
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if loss(10.0**middle) <= allowed_loss_db else (low, middle)
    return float(10.0**low)
