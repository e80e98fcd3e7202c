"""Units and constants: SI inside, decibels only at the edges.

Functions take scalars or arrays and return what NumPy returns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "BOLTZMANN_J_PER_K",
    "EARTH_RADIUS_M",
    "ELEMENTARY_CHARGE_C",
    "NOISE_DENSITY_W_PER_HZ",
    "PLANCK_J_S",
    "ROOM_TEMPERATURE_K",
    "SPEED_OF_LIGHT_M_PER_S",
    "db",
    "dbm_to_w",
    "from_db",
    "w_to_dbm",
]

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0  # exact, SI 2019
PLANCK_J_S = 6.626_070_15e-34  # exact, SI 2019
BOLTZMANN_J_PER_K = 1.380_649e-23  # exact, SI 2019
ELEMENTARY_CHARGE_C = 1.602_176_634e-19  # exact, SI 2019
ROOM_TEMPERATURE_K = 290.0  # IEEE standard noise temperature
NOISE_DENSITY_W_PER_HZ = BOLTZMANN_J_PER_K * ROOM_TEMPERATURE_K  # -173.98 dBm/Hz
EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG


def db(ratio: ArrayLike):
    """Decibels of a power ratio: 10 log10(ratio); zero gives -inf without a warning."""
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(ratio)


def from_db(value_db: ArrayLike):
    """Power ratio of decibels: 10^(x/10)."""
    return np.power(10.0, np.asarray(value_db, dtype=float) / 10.0)


def dbm_to_w(power_dbm: ArrayLike):
    """Watts of dBm."""
    return from_db(power_dbm) * 1e-3


def w_to_dbm(power_w: ArrayLike):
    """dBm of watts."""
    return db(np.asarray(power_w, dtype=float) * 1e3)
