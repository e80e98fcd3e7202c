"""Penetration losses of TR 38.901 clause 7.4.3: buildings (low and high loss), the legacy model below 6 GHz, cars."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import ModelCard, Range, Reference, check_domain, register
from silla.physics.radio.environments import TR38901

__all__ = [
    "BUILDING_SPREAD_DB",
    "building_loss",
    "car_loss",
    "indoor_distance",
    "legacy_building_loss",
    "material_loss_db",
    "wall_loss_db",
]

_F64 = NDArray[np.float64]
_FREQ = Range(0.5, 100.0, "GHz")
_MATERIALS = {  # dB = a + b f_GHz, Table 7.4.3-1
    "glass": (2.0, 0.2),
    "irr-glass": (23.0, 0.3),
    "concrete": (5.0, 4.0),
    "wood": (4.85, 0.12),
}
_WALLS = {"low": (("glass", 0.3), ("concrete", 0.7)), "high": (("irr-glass", 0.7), ("concrete", 0.3))}
BUILDING_SPREAD_DB = {"low": 4.4, "high": 6.5}  # sigma_P of Table 7.4.3-2


def material_loss_db(material: str, frequency_ghz: ArrayLike) -> _F64:
    """Loss in dB of one material: TR 38.901 Table 7.4.3-1 ("glass", "irr-glass", "concrete", "wood")."""
    if material not in _MATERIALS:
        raise ArgumentError(f"material {material!r} is not known; known: {', '.join(_MATERIALS)}")
    check_domain("frequency_ghz", frequency_ghz, _FREQ, what="TR 38.901 material loss")
    a, b = _MATERIALS[material]
    return a + b * np.asarray(frequency_ghz, dtype=float)


def wall_loss_db(kind: str, frequency_ghz: ArrayLike) -> _F64:
    """Loss PL_tw in dB through the external wall of a "low" or "high" loss building.

    PL_tw = 5 - 10 log10(sum_i p_i 10^(-L_i / 10)): 30 % glass and 70 % concrete for low loss, 70 % coated glass and
    30 % concrete for high loss. TR 38.901 Table 7.4.3-2.

    >>> round(float(wall_loss_db("low", 3.5)), 1)
    12.7
    """
    if kind not in _WALLS:
        raise ArgumentError(f"building kind {kind!r} is not known, allowed 'low' or 'high'")
    through = sum(share * 10.0 ** (-material_loss_db(m, frequency_ghz) / 10.0) for m, share in _WALLS[kind])
    return 5.0 - 10.0 * np.log10(through)


def indoor_distance(uniform: ArrayLike, depth_m: float = 25.0) -> _F64:
    """Horizontal distance in the building, d_2D-in, in metres, of draws `uniform` [..., 2] in [0, 1).

    The lesser of two distances uniform up to `depth_m`: 25 m in UMa and UMi, 10 m in RMa and SMa (clause 7.4.3.1).
    """
    return depth_m * np.min(np.asarray(uniform, dtype=float), axis=-1)


def building_loss(
    high_loss: ArrayLike, frequency_ghz: float, distance_in_m: ArrayLike, normal: ArrayLike = 0.0
) -> _F64:
    """Outdoor-to-indoor loss PL_tw + PL_in + N(0, sigma_P^2) in dB.

    Parameters
    ----------
    high_loss : bool, which building; distance_in_m : d_2D-in; normal : standard normal draw, one per user.
    PL_in = 0.5 d_2D-in; sigma_P = 4.4 dB (low) or 6.5 dB (high). Source: clause 7.4.3.1 equation 7.4-2 and Table
    7.4.3-2. The shadow fading of the outdoor part (7 dB, Table 7.5-6) is not in it.
    """
    high = np.asarray(high_loss, dtype=bool)
    wall = np.where(high, wall_loss_db("high", frequency_ghz), wall_loss_db("low", frequency_ghz))
    sigma = np.where(high, BUILDING_SPREAD_DB["high"], BUILDING_SPREAD_DB["low"])
    return wall + 0.5 * np.asarray(distance_in_m, dtype=float) + sigma * np.asarray(normal, dtype=float)


def legacy_building_loss(frequency_ghz: float, distance_in_m: ArrayLike) -> _F64:
    """Single-frequency loss in dB for UMa and UMi below 6 GHz: 20 + 0.5 d_2D-in, d_2D-in uniform in 0..25 m.

    Source: TR 38.901 Table 7.4.3-3 (the model of TR 36.873, kept for backward compatibility); sigma_P = 0 and shadow
    fading 7 dB. Raises DomainError at and above 6 GHz.
    """
    check_domain("frequency_ghz", frequency_ghz, Range(0.5, 6.0, "GHz"), what="TR 38.901 legacy building loss")
    return 20.0 + 0.5 * np.asarray(distance_in_m, dtype=float)


def car_loss(normal: ArrayLike = 0.0, metallised: ArrayLike = False, frequency_ghz: float = 3.5) -> _F64:
    """Loss in dB into a car: N(mu, 5^2), mu 9 dB, or 20 dB with metallised windows; one draw per user.

    Source: TR 38.901 clause 7.4.3.2 equation 7.4-3; valid for 0.6 to 60 GHz.
    """
    check_domain("frequency_ghz", frequency_ghz, Range(0.6, 60.0, "GHz"), what="TR 38.901 car loss")
    return np.where(np.asarray(metallised, dtype=bool), 20.0, 9.0) + 5.0 * np.asarray(normal, dtype=float)


register(
    ModelCard(
        id="radio.penetration.building",
        title="Outdoor-to-indoor building penetration",
        function=wall_loss_db,
        sources=(TR38901,),
        valid={"frequency_ghz": _FREQ},
        references=(
            Reference(
                {"kind": "high", "frequency_ghz": 30.0}, 38.549, "Table 7.4.3-2 evaluated by hand", absolute=1e-3
            ),
        ),
        increasing=("frequency_ghz",),
        left_out="incidence angle, floor height gain",
    )
)
