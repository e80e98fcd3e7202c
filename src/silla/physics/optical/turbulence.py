"""Turbulent air on a beam: coherence, beam wander and broadening, scintillation and its fades.

    C_n^2(h) = 0.00594 (v / 27)^2 (1e-5 h)^10 e^(-h / 1000) + 2.7e-16 e^(-h / 1500) + A e^(-h / 100)     m^(-2/3)

Hufnagel-Valley; v 21 m/s and A 1.7e-14 give the "5/7" air: r_0 5 cm and isoplanatic angle 7 urad at 0.5 um. With
k = 2 pi / lambda, zeta the zenith angle, x = (h - h_0) / (H - h_0) and m the integral of C_n^2 with the weight named,

    r_0     = (0.423 k^2 sec zeta m[1])^(-3/5)                          light from space, plane wave
    r_0     = (0.423 k^2 sec zeta m[(1 - x)^(5/3)])^(-3/5)              light to space, spherical wave
    theta_0 = (2.914 k^2 sec^(8/3) zeta m[(h - h_0)^(5/3)])^(-3/5)
    s_R^2   = 2.25 k^(7/6) sec^(11/6) zeta m[(h - h_0)^(5/6)]           Rytov variance, plane wave
    s_R^2   = 2.25 k^(7/6) (H - h_0)^(5/6) sec^(11/6) zeta m[(x (1 - x))^(5/6)]            spherical wave
    w_LT    = w (1 + (sqrt(8) w_0 / r_0)^(5/3))^(3/5)                   long-term spot of an uplink
    <r_c^2> = 0.54 L^2 (lambda / 2 w_0)^2 (2 w_0 / r_0)^(5/3)           its wander, within w_LT

Andrews and Phillips, Laser Beam Propagation through Random Media, 2nd ed. (2005), chapters 6, 9, 10 and 12. On a level
path of constant C_n^2: s_R^2 = 1.23 C_n^2 k^(7/6) L^(11/6), r_0 = (0.423 k^2 C_n^2 L)^(-3/5), times (3/8)^(-3/5) for a
spherical wave.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = [
    "Scintillation",
    "aperture_averaging",
    "fade_db",
    "fade_probability",
    "fried_m",
    "isoplanatic_angle_rad",
    "level_fried_m",
    "level_rytov_variance",
    "long_term_factor",
    "refractive_structure",
    "rytov_variance",
    "scintillation",
    "wander_m2",
]

WAVELENGTH = Range(350e-9, 2000e-9, "m")
HEIGHT = Range(0.0, 6000.0, "m")
ELEVATION = Range(5.0, 90.0, "degrees")
WIND = Range(0.0, 100.0, "m/s")
GROUND = Range(0.0, 1e-11, "m^(-2/3)")
RYTOV = Range(0.0, 1e3, "")
HV_WIND_M_PER_S, HV_GROUND = 21.0, 1.7e-14
_TOP_M = 30e3
_WHAT = "turbulence"

ANDREWS = Citation(
    "andrews2005",
    "L. C. Andrews, R. L. Phillips, Laser Beam Propagation through Random Media, 2nd ed., SPIE Press (2005)",
    "https://doi.org/10.1117/3.626196",
)


def refractive_structure(
    height_m: ArrayLike, *, wind_m_per_s: ArrayLike = HV_WIND_M_PER_S, ground: ArrayLike = HV_GROUND
):
    """C_n^2 of the Hufnagel-Valley profile in m^(-2/3), by height above the ground.

    Parameters
    ----------
    height_m : any shape. wind_m_per_s : rms wind between 5 and 20 km. ground : A, C_n^2 at the ground.

    >>> float(refractive_structure(0.0))
    1.727e-14
    """
    check_domain("wind_m_per_s", wind_m_per_s, WIND, what=_WHAT)
    check_domain("ground", ground, GROUND, what=_WHAT, advice="1e-15 (night, high site) to 1e-13 (noon) is usual")
    h = np.asarray(height_m, float)
    jet = 0.00594 * (np.asarray(wind_m_per_s, float) / 27.0) ** 2 * (1e-5 * h) ** 10 * np.exp(-h / 1000.0)
    return (jet + 2.7e-16 * np.exp(-h / 1500.0) + np.asarray(ground, float) * np.exp(-h / 100.0))[()]


def _moment(weight, height_m: float, **air: Any) -> float:
    """Integral over height above the station of C_n^2 times weight(height above it).

    The ground layer starts at the station, as it does on a mountain; the rest is by height above the sea.
    """
    points, weights = np.polynomial.legendre.leggauss(24)
    edges = np.array([0.0, 50.0, 200.0, 600.0, 2e3, 6e3, 12e3, 20e3, _TOP_M])
    half = 0.5 * np.diff(edges)[:, None]
    z = (edges[:-1, None] + half) + half * points
    ground = air.get("ground", HV_GROUND)
    free = refractive_structure(z + height_m, wind_m_per_s=air.get("wind_m_per_s", HV_WIND_M_PER_S), ground=0.0)
    return float(np.sum(half * weights * (free + ground * np.exp(-z / 100.0)) * weight(z)))


def _check_path(wavelength_m, elevation_deg, height_m) -> tuple[Any, Any]:
    check_domain("wavelength_m", wavelength_m, WAVELENGTH, what=_WHAT)
    check_domain("elevation_deg", elevation_deg, ELEVATION, what=_WHAT, advice="lower paths are not modelled")
    check_domain("station height", height_m, HEIGHT, what=_WHAT)
    return 2.0 * np.pi / np.asarray(wavelength_m, float), 1.0 / np.sin(np.radians(np.asarray(elevation_deg, float)))


def fried_m(
    wavelength_m: ArrayLike,
    elevation_deg: ArrayLike,
    *,
    height_m: float = 0.0,
    direction: str = "down",
    target_m: float = 500e3,
    **air: Any,
):
    """Fried parameter r_0 in metres, at the ground station.

    Parameters
    ----------
    wavelength_m, elevation_deg : broadcast. height_m : of the station. direction : "down" (plane wave) or "up"
    (spherical wave; as it matters for the beam sent). target_m : height of the other end, for "up". air :
    `wind_m_per_s`, `ground` of `refractive_structure`.

    >>> float((fried_m(500e-9, 90.0) * 100).round(1))  # cm: the 5 of the 5/7 air
    5.0
    """
    k, secant = _check_path(wavelength_m, elevation_deg, height_m)
    _direction(direction)
    reach = target_m - height_m
    moment = _moment(
        (lambda z: 1.0) if direction == "down" else (lambda z: (1.0 - z / reach) ** (5 / 3)), height_m, **air
    )
    return ((0.423 * k**2 * secant * moment) ** (-0.6))[()]


def _direction(direction: str) -> None:
    if direction not in ("down", "up"):
        raise ArgumentError(f"{_WHAT}: direction is {direction!r}, allowed 'down' or 'up'")


def isoplanatic_angle_rad(wavelength_m: ArrayLike, elevation_deg: ArrayLike, *, height_m: float = 0.0, **air: Any):
    """Angle theta_0 within which the air bends light alike.

    >>> float((isoplanatic_angle_rad(500e-9, 90.0) * 1e6).round(1))  # the 7 of the 5/7 air
    6.9
    """
    k, secant = _check_path(wavelength_m, elevation_deg, height_m)
    moment = _moment(lambda z: z ** (5 / 3), height_m, **air)
    return ((2.914 * k**2 * secant ** (8 / 3) * moment) ** (-0.6))[()]


def rytov_variance(
    wavelength_m: ArrayLike,
    elevation_deg: ArrayLike,
    *,
    height_m: float = 0.0,
    direction: str = "down",
    target_m: float = 500e3,
    **air: Any,
):
    """Rytov variance of the slant path; arguments as in `fried_m`.

    >>> 0.0 < float(rytov_variance(850e-9, 60.0)) < 0.3
    True
    """
    k, secant = _check_path(wavelength_m, elevation_deg, height_m)
    _direction(direction)
    reach = target_m - height_m
    if direction == "down":
        moment = _moment(lambda z: z ** (5 / 6), height_m, **air)
    else:
        moment = _moment(lambda z: (z * (1.0 - z / reach)) ** (5 / 6), height_m, **air)
    return (2.25 * k ** (7 / 6) * secant ** (11 / 6) * moment)[()]


def level_rytov_variance(wavelength_m: ArrayLike, length_m: ArrayLike, structure: ArrayLike):
    """Rytov variance of a level path with constant C_n^2 (m^(-2/3)), plane wave.

    >>> float(level_rytov_variance(850e-9, 1000.0, 1e-14).round(3))
    0.401
    """
    check_domain("wavelength_m", wavelength_m, WAVELENGTH, what=_WHAT)
    check_domain("structure", structure, GROUND, what=_WHAT)
    k = 2.0 * np.pi / np.asarray(wavelength_m, float)
    return (1.23 * np.asarray(structure, float) * k ** (7 / 6) * np.asarray(length_m, float) ** (11 / 6))[()]


def level_fried_m(wavelength_m: ArrayLike, length_m: ArrayLike, structure: ArrayLike, *, spherical: bool = True):
    """Fried parameter of a level path with constant C_n^2; of a spherical wave unless told otherwise."""
    check_domain("structure", structure, Range(1e-20, 1e-11, "m^(-2/3)"), what=_WHAT)
    k = 2.0 * np.pi / np.asarray(wavelength_m, float)
    weight = 3.0 / 8.0 if spherical else 1.0
    return ((0.423 * k**2 * np.asarray(structure, float) * np.asarray(length_m, float) * weight) ** (-0.6))[()]


def long_term_factor(waist_m: ArrayLike, fried_m: ArrayLike):
    """Long-term spot over that without air, (1 + (sqrt(8) w_0 / r_0)^(5/3))^(3/5), wander counted.

    >>> float(long_term_factor(0.0, 0.1))
    1.0
    """
    ratio = np.sqrt(8.0) * np.asarray(waist_m, float) / np.asarray(fried_m, float)
    return ((1.0 + ratio ** (5 / 3)) ** 0.6)[()]


def wander_m2(distance_m: ArrayLike, wavelength_m: ArrayLike, waist_m: ArrayLike, fried_m: ArrayLike):
    """Variance <r_c^2> of the spot's centre at the far end of an uplink, m2 (both axes together)."""
    waist = np.asarray(waist_m, float)
    spread = (np.asarray(wavelength_m, float) / (2.0 * waist)) ** 2 * (2.0 * waist / np.asarray(fried_m, float)) ** (
        5 / 3
    )
    return (0.54 * np.asarray(distance_m, float) ** 2 * spread)[()]


class Scintillation(NamedTuple):
    """Variance of the normalised intensity at a point, and the two parameters of its gamma-gamma distribution."""

    index: Any
    alpha: Any  # large eddies
    beta: Any  # small eddies


def scintillation(rytov_variance: ArrayLike) -> Scintillation:
    """Scintillation index from weak to saturated turbulence, plane wave, no inner scale: ibid. Eqs. (9.46)-(9.47).

    >>> float(scintillation(1e-4).index.round(8))  # weak: the Rytov variance itself
    0.0001
    """
    check_domain("rytov_variance", rytov_variance, RYTOV, what="scintillation")
    s2 = np.asarray(rytov_variance, float)
    strong = s2**1.2
    large = 0.49 * s2 / (1.0 + 1.11 * strong) ** (7 / 6)
    small = 0.51 * s2 / (1.0 + 0.69 * strong) ** (5 / 6)
    with np.errstate(divide="ignore"):
        return Scintillation(np.expm1(large + small)[()], (1.0 / np.expm1(large))[()], (1.0 / np.expm1(small))[()])


def aperture_averaging(
    aperture_m: ArrayLike, wavelength_m: ArrayLike, elevation_deg: ArrayLike, *, height_m: float = 0.0, **air: Any
):
    """Scintillation of a telescope over that of a point, light from space: 1 / (1 + 1.1 (D^2 / lambda h_s sec)^(7/6)).

    h_s = (m[z^2] / m[z^(5/6)])^(6/7), the height that scintillates most. Weak turbulence; Tyson, J. Opt. Soc. Am. A 13,
    2166 (1996) after Yura and McKinley, Appl. Opt. 22, 3353 (1983).

    >>> 0.0 < float(aperture_averaging(1.0, 850e-9, 60.0)) < 0.05
    True
    """
    _, secant = _check_path(wavelength_m, elevation_deg, height_m)
    high = (_moment(lambda z: z**2, height_m, **air) / _moment(lambda z: z ** (5 / 6), height_m, **air)) ** (6 / 7)
    ratio = np.square(np.asarray(aperture_m, float)) / (np.asarray(wavelength_m, float) * high * secant)
    return (1.0 / (1.0 + 1.1 * ratio ** (7 / 6)))[()]


def fade_probability(depth_db: ArrayLike, index: ArrayLike, *, law: str = "log-normal", rytov: ArrayLike | None = None):
    """Chance that scintillation takes the light more than `depth_db` below its mean.

    Parameters
    ----------
    depth_db : 0 and above. index : scintillation index, aperture averaging counted. law : "log-normal" (weak
    turbulence, or a large aperture) or "gamma-gamma" (a point, any strength; needs `rytov` and ignores `index`).

    >>> float(fade_probability(3.0, 0.1).round(4))
    0.0186
    """
    check_domain("depth_db", depth_db, Range(0.0, 300.0, "dB"), what="fades")
    below = 10.0 ** (-np.asarray(depth_db, float) / 10.0)
    if law == "log-normal":
        from scipy.special import ndtr

        check_domain("index", index, Range(1e-12, 1e3, ""), what="fades")
        variance = np.log1p(np.asarray(index, float))
        return ndtr((np.log(below) + 0.5 * variance) / np.sqrt(variance))[()]
    if law != "gamma-gamma" or rytov is None:
        raise ArgumentError(f"fades: law is {law!r}, allowed 'log-normal', or 'gamma-gamma' with a Rytov variance")
    found = scintillation(rytov)
    return np.vectorize(_gamma_gamma_below)(below, found.alpha, found.beta)[()]


def _gamma_gamma_below(x: float, alpha: float, beta: float) -> float:
    """P(X Y < x) for gamma variables of mean 1: the distribution of Y averaged over quantiles of X."""
    from scipy.special import gammainc, gammaincinv

    points, weights = np.polynomial.legendre.leggauss(200)
    quantile = gammaincinv(alpha, 0.5 + 0.5 * points) / alpha
    return float(0.5 * np.sum(weights * gammainc(beta, beta * x / quantile)))


def fade_db(probability: ArrayLike, index: ArrayLike):
    """Depth in dB below the mean that log-normal scintillation of this index exceeds with a probability below 1/2.

    >>> float(fade_db(0.0186, 0.1).round(1))
    3.0
    """
    from scipy.special import ndtri

    check_domain("probability", probability, Range(1e-12, 0.5, ""), what="fades")
    variance = np.log1p(np.asarray(index, float))
    log = ndtri(np.asarray(probability, float)) * np.sqrt(variance) - 0.5 * variance
    return (-10.0 / np.log(10.0) * log)[()]


def _card_index(**arguments):
    return scintillation(**arguments).index


register(
    ModelCard(
        id="optical.turbulence.fried",
        title="Fried parameter of a slant path through Hufnagel-Valley air",
        function=fried_m,
        sources=(ANDREWS,),
        valid={"wavelength_m": WAVELENGTH, "elevation_deg": ELEVATION},
        references=(
            Reference({"wavelength_m": 500e-9, "elevation_deg": 90.0}, 0.05, "HV 5/7: 5 cm at 0.5 um", rel=0.01),
        ),
        increasing=("wavelength_m", "elevation_deg"),
        left_out="inner and outer scale, other profiles",
    )
)
register(
    ModelCard(
        id="optical.turbulence.isoplanatic",
        title="Isoplanatic angle of a slant path through Hufnagel-Valley air",
        function=isoplanatic_angle_rad,
        sources=(ANDREWS,),
        valid={"wavelength_m": WAVELENGTH, "elevation_deg": ELEVATION},
        references=(
            Reference({"wavelength_m": 500e-9, "elevation_deg": 90.0}, 7e-6, "HV 5/7: 7 urad at 0.5 um", rel=0.02),
        ),
        increasing=("wavelength_m", "elevation_deg"),
    )
)
register(
    ModelCard(
        id="optical.turbulence.scintillation",
        title="Scintillation index of a plane wave, weak to saturated",
        function=_card_index,
        sources=(ANDREWS,),
        valid={"rytov_variance": RYTOV},
        references=(
            Reference({"rytov_variance": 1e-4}, 1e-4, "weak limit: the Rytov variance", rel=1e-3),
            # exp(0.49 / 1.11^(7/6) ... ) tends to 1 + 0.86 s^(-4/5) far in saturation
            Reference({"rytov_variance": 1e3}, 0.86 * 1e3**-0.4 + 1.0, "saturation: 1 + 0.86 / s^(4/5)", rel=0.02),
        ),
        left_out="inner scale, spherical waves",
    )
)
