"""Gases and rain: specific attenuation by ITU-R P.676 (line by line) and ITU-R P.838, 1 to 350 GHz."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.physics.radio.spectral_lines import OXYGEN_LINES, WATER_LINES

__all__ = ["P676", "P838", "gas_attenuation_db_per_km", "rain_attenuation_db_per_km", "rain_coefficients"]

_F64 = NDArray[np.float64]
P676 = Citation(
    "P676", "Recommendation ITU-R P.676-12/-13, Attenuation by atmospheric gases", "https://www.itu.int/rec/R-REC-P.676"
)
P838 = Citation(
    "P838", "Recommendation ITU-R P.838-3, Specific attenuation model for rain", "https://www.itu.int/rec/R-REC-P.838"
)
_FREQ = Range(1.0, 350.0, "GHz")
_PRESSURE = Range(100.0, 1100.0, "hPa")
_TEMPERATURE = Range(200.0, 330.0, "K")
_VAPOUR = Range(0.0, 50.0, "g/m3")
_RAIN = Range(0.0, 300.0, "mm/h")


def gas_attenuation_db_per_km(
    frequency_ghz: ArrayLike, pressure_hpa: float = 1013.25, temperature_k: float = 288.15, vapour_g_per_m3: float = 7.5
) -> _F64:
    """Attenuation in dB/km by oxygen, nitrogen and water vapour, shape of the frequency.

    Parameters
    ----------
    pressure_hpa : total barometric pressure p + e; temperature_k; vapour_g_per_m3 : water-vapour density rho.

    gamma = 0.1820 f (N''_O2 + N''_H2O), sums over 44 oxygen and 35 water lines with the non-resonant dry continuum.
    Source: ITU-R P.676-12 Annex 1 equations 1 to 9. Left out: paths through layered air (the air is uniform).

    >>> round(float(gas_attenuation_db_per_km(60.0)), 1)
    14.7
    """
    for name, value, valid in (
        ("frequency_ghz", frequency_ghz, _FREQ),
        ("pressure_hpa", pressure_hpa, _PRESSURE),
        ("temperature_k", temperature_k, _TEMPERATURE),
        ("vapour_g_per_m3", vapour_g_per_m3, _VAPOUR),
    ):
        check_domain(name, value, valid, what="ITU-R P.676 gas attenuation")
    f = np.asarray(frequency_ghz, dtype=float)
    e = vapour_g_per_m3 * temperature_k / 216.7
    p, theta = pressure_hpa - e, 300.0 / temperature_k
    n = _oxygen(f[..., None], p, e, theta) + _dry_continuum(f, p, e, theta) + _water(f[..., None], p, e, theta)
    return 0.1820 * f * n


def _line_shape(f: _F64, f0: _F64, width: _F64, shift: _F64 | float) -> _F64:
    """F_i of equation 5: two Lorentzians of half-width `width` with interference correction `shift`."""
    below = (width - shift * (f0 - f)) / ((f0 - f) ** 2 + width**2)
    above = (width - shift * (f0 + f)) / ((f0 + f) ** 2 + width**2)
    return f / f0 * (below + above)


def _oxygen(f: _F64, p: float, e: float, theta: float) -> _F64:
    f0, a1, a2, a3, a4, a5, a6 = OXYGEN_LINES.T
    strength = a1 * 1e-7 * p * theta**3 * np.exp(a2 * (1.0 - theta))
    width = np.sqrt((a3 * 1e-4 * (p * theta ** (0.8 - a4) + 1.1 * e * theta)) ** 2 + 2.25e-6)  # Zeeman splitting
    shift = (a5 + a6 * theta) * 1e-4 * (p + e) * theta**0.8
    return (strength * _line_shape(f, f0, width, shift)).sum(axis=-1)


def _water(f: _F64, p: float, e: float, theta: float) -> _F64:
    f0, b1, b2, b3, b4, b5, b6 = WATER_LINES.T
    strength = b1 * 1e-1 * e * theta**3.5 * np.exp(b2 * (1.0 - theta))
    width = b3 * 1e-4 * (p * theta**b4 + b5 * e * theta**b6)
    width = 0.535 * width + np.sqrt(0.217 * width**2 + 2.1316e-12 * f0**2 / theta)  # Doppler broadening
    return (strength * _line_shape(f, f0, width, 0.0)).sum(axis=-1)


def _dry_continuum(f: _F64, p: float, e: float, theta: float) -> _F64:
    """N''_D of equation 8: Debye spectrum of oxygen below 10 GHz, pressure-induced nitrogen above 100 GHz."""
    d = 5.6e-4 * (p + e) * theta**0.8
    debye = 6.14e-5 / (d * (1.0 + (f / d) ** 2))
    nitrogen = 1.4e-12 * p * theta**1.5 / (1.0 + 1.9e-5 * f**1.5)
    return f * p * theta**2 * (debye + nitrogen)


# Tables 1 to 4 of P.838-3: sums of Gaussians in log10(f), then a line (m, c)
_K = {
    "h": ([-5.33980, -0.35351, -0.23789, -0.94158], [-0.10008, 1.26970, 0.86036, 0.64552],
          [1.13098, 0.45400, 0.15354, 0.16817], -0.18961, 0.71147),
    "v": ([-3.80595, -3.44965, -0.39902, 0.50167], [0.56934, -0.22911, 0.73042, 1.07319],
          [0.81061, 0.51059, 0.11899, 0.27195], -0.16398, 0.63297),
}  # fmt: skip
_ALPHA = {
    "h": ([-0.14318, 0.29591, 0.32177, -5.37610, 16.1721], [1.82442, 0.77564, 0.63773, -0.96230, -3.29980],
          [-0.55187, 0.19822, 0.13164, 1.47828, 3.43990], 0.67849, -1.95537),
    "v": ([-0.07771, 0.56727, -0.20238, -48.2991, 48.5833], [2.33840, 0.95545, 1.14520, 0.791669, 0.791459],
          [-0.76284, 0.54039, 0.26809, 0.116226, 0.116479], -0.053739, 0.83433),
}  # fmt: skip


def _gaussians(log_f: _F64, row: tuple[list[float], list[float], list[float], float, float]) -> _F64:
    a, b, c = (np.array(x) for x in row[:3])
    return (a * np.exp(-(((log_f[..., None] - b) / c) ** 2))).sum(axis=-1) + row[3] * log_f + row[4]


def rain_coefficients(
    frequency_ghz: ArrayLike, elevation_deg: float = 0.0, polarisation_tilt_deg: float = 45.0
) -> tuple[_F64, _F64]:
    """Regression coefficients (k, alpha) of rain attenuation: tilt 0 is horizontal, 90 vertical, 45 circular.

    k and alpha combine the horizontal and vertical values by equations 4 and 5 of ITU-R P.838-3 (tilt tau relative to
    the horizontal). Valid 1 to 1000 GHz in the Recommendation; refused here above the 350 GHz of `atmosphere`.
    """
    check_domain("frequency_ghz", frequency_ghz, _FREQ, what="ITU-R P.838 rain attenuation")
    log_f = np.log10(np.asarray(frequency_ghz, dtype=float))
    kh, kv = (10.0 ** _gaussians(log_f, _K[pol]) for pol in "hv")
    ah, av = (_gaussians(log_f, _ALPHA[pol]) for pol in "hv")
    turn = np.cos(np.radians(elevation_deg)) ** 2 * np.cos(np.radians(2.0 * polarisation_tilt_deg))
    k = (kh + kv + (kh - kv) * turn) / 2.0
    return k, (kh * ah + kv * av + (kh * ah - kv * av) * turn) / (2.0 * k)


def rain_attenuation_db_per_km(
    frequency_ghz: ArrayLike, rain_mm_per_h: ArrayLike, elevation_deg: float = 0.0, polarisation_tilt_deg: float = 45.0
) -> _F64:
    """Attenuation gamma_R = k R^alpha in dB/km of rain at R mm/h (ITU-R P.838-3 equation 1).

    >>> round(float(rain_attenuation_db_per_km(28.0, 25.0)), 1)
    4.2
    """
    check_domain("rain_mm_per_h", rain_mm_per_h, _RAIN, what="ITU-R P.838 rain attenuation")
    k, alpha = rain_coefficients(frequency_ghz, elevation_deg, polarisation_tilt_deg)
    return k * np.asarray(rain_mm_per_h, dtype=float) ** alpha


register(
    ModelCard(
        id="radio.atmosphere.gas",
        title="Attenuation by atmospheric gases",
        function=gas_attenuation_db_per_km,
        sources=(P676,),
        valid={"frequency_ghz": _FREQ, "vapour_g_per_m3": _VAPOUR},
        references=(Reference({"frequency_ghz": 12.0}, 0.0179877, "itur 0.4.0, an independent P.676-12", rel=1e-5),),
        left_out="layered atmosphere, scintillation",
    )
)
register(
    ModelCard(
        id="radio.atmosphere.rain",
        title="Attenuation by rain",
        function=rain_attenuation_db_per_km,
        sources=(P838,),
        valid={"frequency_ghz": _FREQ, "rain_mm_per_h": _RAIN},
        references=(
            Reference(
                {"frequency_ghz": 30.0, "rain_mm_per_h": 10.0, "polarisation_tilt_deg": 90.0},
                0.2291 * 10**0.9129,
                "P.838-3 Table 5, 30 GHz vertical",
                rel=2e-3,
            ),
        ),
        increasing=("rain_mm_per_h",),
        left_out="the reduction factor of long paths (P.530)",
    )
)
