"""A laser beam between two telescopes: how wide it gets, and what of it the far telescope catches.

A Gaussian beam of waist radius w0 (1/e2 of intensity) has at distance L the radius w and sends into an aperture of
radius a on its axis, of which a disc of radius b is hidden,

    w^2 = w0^2 + (theta L)^2        eta = exp(-2 b^2 / w^2) - exp(-2 a^2 / w^2)

with theta = lambda / (pi w0), the half angle at 1/e2. A transmitter's own aperture cuts the beam and widens it. With
alpha the ratio of aperture radius to w0 and gamma that of hidden to whole aperture, the far field's intensity on the
axis is that of the gain

    G = 4 pi A / lambda^2 * (2 / alpha^2) [exp(-alpha^2) - exp(-gamma^2 alpha^2)]^2,       A = pi a^2

Klein and Degnan, Appl. Opt. 13, 2134 (1974), Eqs. (7), (14). A beam of theta^2 = 8 / G has the same intensity there, so
`divergence_rad` gives that; the power that the aperture cuts off is within G. Jitter of the pointing, normal with sigma
radians in each of two axes, widens the mean spot to w^2 + (2 sigma L)^2, which is exact for a Gaussian spot.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import DomainError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = ["capture", "divergence_rad", "jitter_fade_probability", "spot_radius_m", "truncation_gain"]

WAVELENGTH = Range(350e-9, 2000e-9, "m")
APERTURE = Range(1e-3, 10.0, "m")
DISTANCE = Range(1.0, 1e8, "m")
ANGLE = Range(0.0, 0.1, "rad")
RATIO = Range(0.0, 0.95, "")
_WHAT = "free-space beam"


def truncation_gain(aperture_over_waist: ArrayLike, obscuration: ArrayLike = 0.0):
    """Gain on the axis of a Gaussian beam cut by an aperture, over that of the aperture evenly lit; 1 at the most.

    Parameters
    ----------
    aperture_over_waist : alpha, radius of the aperture over 1/e2 radius of the beam in it. obscuration : gamma, hidden
    radius over whole radius.

    >>> float(truncation_gain(1.1209).round(4))  # the best without a hidden centre
    0.8145
    """
    check_domain("aperture over waist", aperture_over_waist, Range(1e-3, 1e3, ""), what=_WHAT)
    check_domain("obscuration", obscuration, RATIO, what=_WHAT)
    alpha2, gamma2 = np.square(np.asarray(aperture_over_waist, float)), np.square(np.asarray(obscuration, float))
    # exp(-gamma2 alpha2) - exp(-alpha2), arranged for small alpha
    return (2.0 / alpha2 * (np.exp(-gamma2 * alpha2) * -np.expm1(-(1.0 - gamma2) * alpha2)) ** 2)[()]


def divergence_rad(
    wavelength_m: ArrayLike, aperture_m: ArrayLike, *, waist_m: ArrayLike | None = None, obscuration: ArrayLike = 0.0
):
    """Half angle at 1/e2 of the Gaussian beam with the far field's intensity on the axis, cut-off power counted.

    Parameters
    ----------
    wavelength_m. aperture_m : diameter of the transmitting telescope. waist_m : 1/e2 radius of the beam in it; None
    takes aperture radius / 1.12, the best. obscuration : hidden over whole diameter.

    >>> float((divergence_rad(850e-9, 0.3) * 1e6).round(2))
    2.83
    """
    check_domain("wavelength_m", wavelength_m, WAVELENGTH, what=_WHAT)
    check_domain("aperture_m", aperture_m, APERTURE, what=_WHAT)
    wave, radius = np.asarray(wavelength_m, float), 0.5 * np.asarray(aperture_m, float)
    ratio = 1.1209 if waist_m is None else radius / np.asarray(waist_m, float)
    gain = (2.0 * np.pi * radius / wave) ** 2 * truncation_gain(ratio, obscuration)
    return np.sqrt(8.0 / gain)[()]


def spot_radius_m(distance_m: ArrayLike, divergence_rad: ArrayLike, waist_m: ArrayLike = 0.0):
    """1/e2 radius of the beam after a distance: sqrt(w0^2 + (theta L)^2).

    >>> float(spot_radius_m(1200e3, 5e-6).round(3))
    6.0
    """
    check_domain("distance_m", distance_m, DISTANCE, what=_WHAT)
    check_domain("divergence_rad", divergence_rad, ANGLE, what=_WHAT, advice="did you give microradians?")
    return np.hypot(np.asarray(waist_m, float), np.asarray(divergence_rad, float) * np.asarray(distance_m, float))[()]


def capture(
    distance_m: ArrayLike,
    divergence_rad: ArrayLike,
    aperture_m: ArrayLike,
    *,
    waist_m: ArrayLike = 0.0,
    jitter_rad: ArrayLike = 0.0,
    obscuration: ArrayLike = 0.0,
):
    """Share of the beam that the receiving telescope catches, averaged over the jitter; broadcast shape of the inputs.

    Parameters
    ----------
    distance_m, divergence_rad, waist_m : as in `spot_radius_m`. aperture_m : diameter of the receiver. jitter_rad : of
    the transmitter's pointing, standard deviation in each axis. obscuration : of the receiver, hidden over whole
    diameter.

    Left out: a constant pointing offset, diffraction by the receiver.
    Raises DomainError outside the ranges.

    >>> float((10 * np.log10(capture(1200e3, 5e-6, 1.0))).round(2))
    -18.6
    """
    check_domain("aperture_m", aperture_m, APERTURE, what=_WHAT)
    check_domain("jitter_rad", jitter_rad, ANGLE, what=_WHAT, advice="did you give microradians?")
    check_domain("obscuration", obscuration, RATIO, what=_WHAT)
    spot = np.hypot(
        spot_radius_m(distance_m, divergence_rad, waist_m), 2.0 * np.asarray(jitter_rad) * np.asarray(distance_m)
    )
    if np.any(spot <= 0.0):
        raise DomainError(f"{_WHAT}: the beam has no width; give a divergence or a waist above 0")
    area = 0.5 * (np.asarray(aperture_m, float) / spot) ** 2
    hidden = np.square(np.asarray(obscuration, float))
    return (np.exp(-hidden * area) * -np.expm1(-(1.0 - hidden) * area))[()]


def jitter_fade_probability(
    depth_db: ArrayLike,
    distance_m: ArrayLike,
    divergence_rad: ArrayLike,
    jitter_rad: ArrayLike,
    waist_m: ArrayLike = 0.0,
):
    """Chance that jitter takes more than `depth_db` from the light on the axis: (x)^(w^2 / 4 sigma^2 L^2).

    x = 10^(-depth/10). Exact for an aperture much smaller than the spot and normal jitter (Rayleigh offsets).

    >>> float(jitter_fade_probability(3.0, 1e6, 10e-6, 2e-6).round(4))
    0.0133
    """
    check_domain("depth_db", depth_db, Range(0.0, 200.0, "dB"), what=_WHAT)
    spot = spot_radius_m(distance_m, divergence_rad, waist_m)
    offset = 2.0 * np.asarray(jitter_rad, float) * np.asarray(distance_m, float)
    with np.errstate(divide="ignore"):
        power = np.where(offset > 0.0, np.square(spot / np.where(offset > 0.0, offset, 1.0)), np.inf)
    return np.power(10.0 ** (-np.asarray(depth_db, float) / 10.0), power)[()]


register(
    ModelCard(
        id="optical.beam.capture",
        title="Gaussian beam between two telescopes, averaged over pointing jitter",
        function=capture,
        sources=(
            Citation(
                "klein1974",
                "B. J. Klein, J. J. Degnan, Optical antenna gain. 1: Transmitting antennas, Appl. Opt. 13, 2134 (1974)",
                "https://doi.org/10.1364/AO.13.002134",
            ),
        ),
        valid={"distance_m": DISTANCE, "divergence_rad": ANGLE, "aperture_m": APERTURE, "jitter_rad": ANGLE},
        references=(
            Reference(
                {"distance_m": 1e6, "divergence_rad": 10e-6, "aperture_m": 1.0, "jitter_rad": 0.0},
                -np.expm1(-0.5 / 100.0),
                "closed form: 1 - exp(-2 a^2 / w^2), a 0.5 m, w 10 m",
                rel=1e-12,
            ),
        ),
        increasing=("aperture_m",),
        decreasing=("jitter_rad",),
        left_out="turbulence (`turbulence`), constant pointing offsets",
    )
)
