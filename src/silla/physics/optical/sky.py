"""Unwanted light in a telescope: sky by day and night, the sunlit or moonlit Earth below, as photons per second.

    N = H Omega A dlambda / (h nu) * optics           Omega = pi (FOV / 2)^2, A the aperture's area

H is the spectral radiance of what the telescope looks at, W / (m2 sr um): measured values for the sky, by day 1.5 to
150, by night 1.5e-5 to 1.5e-3 (Miao, Han, Gong and Guo, New J. Phys. 7, 215 (2005)), and for the Earth the diffuse
reflection albedo E / pi of sunlight, E from a black body of 5772 K, moonlight weaker by 0.12 (R_moon / d_moon)^2.
Between sunset and the end of twilight (18 degrees below the horizon) the logarithm of the sky's radiance falls evenly
with the Sun.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.base.units import BOLTZMANN_J_PER_K, PLANCK_J_S, SPEED_OF_LIGHT_M_PER_S

__all__ = [
    "SKIES",
    "background_photons_per_s",
    "earth_radiance",
    "photons_per_mode",
    "sky_radiance",
    "sunlight_w_per_m2_um",
]

WAVELENGTH = Range(350e-9, 2000e-9, "m")
RADIANCE = Range(0.0, 1e4, "W/(m2 sr um)")
_WHAT = "background light"

# W / (m2 sr um)
SKIES = {"dark": 1.5e-5, "full-moon": 1.5e-3, "day": 15.0, "bright-day": 150.0}

MIAO = Citation(
    "miao2005",
    "E.-L. Miao, Z.-F. Han, S.-S. Gong, T. Zhang, D.-S. Diao, G.-C. Guo, Background noise of satellite-to-ground "
    "quantum "
    "key distribution, New J. Phys. 7, 215 (2005)",
    "https://doi.org/10.1088/1367-2630/7/1/215",
)
BONATO = Citation(
    "bonato2009",
    "C. Bonato, A. Tomaello, V. Da Deppo, G. Naletto, P. Villoresi, Feasibility of satellite quantum key "
    "distribution, New "
    "J. Phys. 11, 045017 (2009)",
    "https://doi.org/10.1088/1367-2630/11/4/045017",
)


def photons_per_mode(radiance: ArrayLike, wavelength_m: ArrayLike):
    """Mean photons of this radiance in one mode of light and one polarisation: H lambda^5 / (2 h c^2).

    What a homodyne receiver sees, whose local oscillator picks one mode. Of a black body it is Planck's
    1 / (exp(h nu / k T) - 1), since H is twice that times h c^2 / lambda^5.

    >>> float(photons_per_mode(15.0, 1550e-9).round(8))
    1.13e-06
    """
    check_domain("radiance", radiance, RADIANCE, what=_WHAT)
    check_domain("wavelength_m", wavelength_m, WAVELENGTH, what=_WHAT)
    per_m = 1e6 * np.asarray(radiance, float)
    return (per_m * np.asarray(wavelength_m, float) ** 5 / (2.0 * PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S**2))[()]


def background_photons_per_s(
    radiance: ArrayLike,
    wavelength_m: ArrayLike,
    *,
    aperture_m: ArrayLike,
    field_of_view_rad: ArrayLike,
    filter_m: ArrayLike,
    optics: ArrayLike = 1.0,
):
    """Photons per second behind the telescope's filter; broadcast shape of the inputs.

    Parameters
    ----------
    radiance : H, W/(m2 sr um). aperture_m : diameter. field_of_view_rad : full angle. filter_m : width of the filter.
    optics : transmittance from the aperture on.

    >>> n = background_photons_per_s(1.5e-5, 850e-9, aperture_m=1.0, field_of_view_rad=100e-6, filter_m=1e-9)
    >>> float(n.round(1))
    395.9
    """
    check_domain("radiance", radiance, RADIANCE, what=_WHAT)
    check_domain("wavelength_m", wavelength_m, WAVELENGTH, what=_WHAT)
    check_domain("aperture_m", aperture_m, Range(1e-3, 10.0, "m"), what=_WHAT)
    check_domain("field_of_view_rad", field_of_view_rad, Range(1e-7, 0.2, "rad"), what=_WHAT, advice="full angle")
    check_domain("filter_m", filter_m, Range(1e-13, 100e-9, "m"), what=_WHAT, advice="0.1 to 10 nm is usual")
    check_domain("optics", optics, Range(0.0, 1.0, ""), what=_WHAT)
    solid = np.pi * np.square(0.5 * np.asarray(field_of_view_rad, float))
    area = np.pi * np.square(0.5 * np.asarray(aperture_m, float))
    watts = np.asarray(radiance, float) * solid * area * (np.asarray(filter_m, float) * 1e6) * np.asarray(optics, float)
    return (watts * np.asarray(wavelength_m, float) / (PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S))[()]


def sky_radiance(sun_elevation_deg: ArrayLike, *, day: str = "day", night: str = "dark"):
    """Radiance of the sky seen from the ground by the Sun's elevation; `day` and `night` name two of `SKIES`.

    >>> [float(f"{x:.3g}") for x in sky_radiance([10.0, -9.0, -30.0])]
    [15.0, 0.015, 1.5e-05]
    """
    for name in (day, night):
        if name not in SKIES:
            raise ArgumentError(f"{_WHAT}: sky is {name!r}, allowed {', '.join(SKIES)}")
    dusk = np.clip(np.asarray(sun_elevation_deg, float) / -18.0, 0.0, 1.0)
    return (SKIES[day] * (SKIES[night] / SKIES[day]) ** dusk)[()]


def sunlight_w_per_m2_um(wavelength_m: ArrayLike):
    """Spectral irradiance of sunlight outside the atmosphere, black body of 5772 K at 1 au.

    Within 10 % of the measured spectrum from 600 to 1700 nm (970 at 850 nm).

    >>> float(sunlight_w_per_m2_um(850e-9).round(-1))
    1030.0
    """
    check_domain("wavelength_m", wavelength_m, WAVELENGTH, what=_WHAT)
    wave = np.asarray(wavelength_m, float)
    exponent = PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S / (wave * BOLTZMANN_J_PER_K * 5772.0)
    planck = 2.0 * PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S**2 / wave**5 / np.expm1(exponent)
    return (np.pi * planck * (6.957e8 / 1.495978707e11) ** 2 * 1e-6)[()]


def earth_radiance(wavelength_m: ArrayLike, sun_elevation_deg: ArrayLike, *, moon: bool = False, albedo: float = 0.3):
    """Radiance of the ground seen from a satellite: reflected sunlight, or moonlight (full moon overhead) and the dark.

    By night without the Moon the ground gives as much as the dark sky (cities are left out). By day times the sine of
    the Sun's elevation.

    >>> float(earth_radiance(850e-9, 90.0).round(0))
    98.0
    """
    check_domain("albedo", albedo, Range(0.0, 1.0, ""), what=_WHAT)
    lit = np.asarray(sunlight_w_per_m2_um(wavelength_m)) * albedo / np.pi
    night = SKIES["dark"] + (lit * 0.12 * (1737.4 / 384_400.0) ** 2 if moon else 0.0)
    height = np.asarray(sun_elevation_deg, float)
    day = lit * np.sin(np.radians(np.clip(height, 0.0, 90.0)))
    twilight = lit * 0.01 * (night / (lit * 0.01)) ** np.clip(height / -18.0, 0.0, 1.0)
    return np.maximum(day, np.maximum(twilight, night))[()]


register(
    ModelCard(
        id="optical.sky.background",
        title="Background photons in a telescope",
        function=background_photons_per_s,
        sources=(MIAO, BONATO),
        valid={"radiance": RADIANCE, "wavelength_m": WAVELENGTH},
        references=(
            Reference(
                {
                    "radiance": 1.0,
                    "wavelength_m": 1e-6,
                    "aperture_m": 2.0,
                    "field_of_view_rad": 2e-3,
                    "filter_m": 1e-9,
                },
                np.pi**2 * 1e-9 / (PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S / 1e-6),
                "closed form: pi (1 mrad)^2 times pi (1 m)^2 times 1 nm over the photon's energy",
                rel=1e-12,
            ),
        ),
        increasing=("radiance",),
        left_out="stars and stray light in the telescope, cities below",
    )
)
