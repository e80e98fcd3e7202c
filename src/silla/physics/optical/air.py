"""Clear and foul air on a beam: aerosol and molecules by elevation, fog, rain, clouds.

    sigma(lambda) = 3.912 / V (lambda / 550 nm)^(-q)           1/km of aerosol at visibility V (2 % contrast)

Kruse: q = 1.6 above 50 km, 1.3 from 6 to 50 km, 0.585 V^(1/3) below. Kim keeps the first two and has 0.16 V + 0.34 from
1 to 6 km, V - 0.5 from 0.5 to 1 km, 0 below: fog is grey. A slant path crosses aerosol that thins as exp(-h / 1.2 km)
and molecules that thin as exp(-h / 8.4 km), each times the air mass of Kasten and Young. Rain takes 1.076 R^0.67 dB/km
up to the rain height (ITU-R P.1814); clouds are their optical depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = [
    "WEATHERS",
    "Weather",
    "air_mass",
    "extinction_db_per_km",
    "level_loss_db",
    "rain_db_per_km",
    "slant_loss_db",
]

WAVELENGTH = Range(350e-9, 2000e-9, "m")
VISIBILITY = Range(0.01, 300.0, "km")
ELEVATION = Range(0.0, 90.0, "degrees")
RAIN = Range(0.0, 300.0, "mm/h")
_AEROSOL_SCALE_KM, _MOLECULE_SCALE_KM = 1.2, 8.434
_DB_PER_NEPER = 10.0 / np.log(10.0)
_WHAT = "air"

KIM = Citation(
    "kim2001",
    "I. I. Kim, B. McArthur, E. Korevaar, Comparison of laser beam propagation at 785 nm and 1550 nm in fog and haze "
    "for "
    "optical wireless communications, Proc. SPIE 4214, 26 (2001)",
    "https://doi.org/10.1117/12.417512",
)
KASTEN = Citation(
    "kasten1989",
    "F. Kasten, A. T. Young, Revised optical air mass tables and approximation formula, Appl. Opt. 28, 4735 (1989)",
    "https://doi.org/10.1364/AO.28.004735",
)
P1814 = Citation(
    "p1814",
    "Recommendation ITU-R P.1814, Prediction methods required for the design of terrestrial free-space optical links "
    "(2007)",
)


@dataclass(frozen=True)
class Weather:
    """What the air holds.

    visibility_km : at the ground. rain_mm_per_h. cloud_depth : optical depth towards zenith. zenith_loss_db : measured
    loss towards zenith, which stands for aerosol and molecules where it is known.
    """

    visibility_km: float = 23.0
    rain_mm_per_h: float = 0.0
    cloud_depth: float = 0.0
    zenith_loss_db: float | None = None

    def slant_loss_db(self, wavelength_m: ArrayLike, elevation_deg: ArrayLike, height_m: ArrayLike = 0.0):
        """Loss in dB from a station through this air; see `slant_loss_db`."""
        found = slant_loss_db(
            wavelength_m,
            elevation_deg,
            visibility_km=300.0 if self.zenith_loss_db is not None else self.visibility_km,
            rain_mm_per_h=self.rain_mm_per_h,
            cloud_depth=self.cloud_depth,
            height_m=height_m,
        )
        if self.zenith_loss_db is None:
            return found
        clear = slant_loss_db(wavelength_m, elevation_deg, visibility_km=300.0, height_m=height_m)
        return found - clear + self.zenith_loss_db * air_mass(elevation_deg)


# visibilities of the international code; cloud depths typical of each kind
WEATHERS = {
    "clear": Weather(),
    "very-clear": Weather(50.0),
    "haze": Weather(4.0),
    "light-fog": Weather(0.77),
    "fog": Weather(0.2),
    "rain": Weather(6.0, rain_mm_per_h=5.0, cloud_depth=15.0),
    "thin-cloud": Weather(cloud_depth=1.0),
    "overcast": Weather(10.0, cloud_depth=15.0),
}


def extinction_db_per_km(wavelength_m: ArrayLike, visibility_km: ArrayLike, *, model: str = "kim"):
    """Loss in dB/km along the ground at a visibility of 0.01 to 300 km; `model` "kim" or "kruse".

    >>> float(extinction_db_per_km(550e-9, 1.0).round(2))
    16.99
    """
    check_domain("wavelength_m", wavelength_m, WAVELENGTH, what=_WHAT)
    check_domain("visibility_km", visibility_km, VISIBILITY, what=_WHAT)
    v = np.asarray(visibility_km, float)
    if model == "kruse":
        q = np.where(v > 50.0, 1.6, np.where(v > 6.0, 1.3, 0.585 * np.cbrt(v)))
    elif model == "kim":
        low = np.where(v > 1.0, 0.16 * v + 0.34, np.maximum(v - 0.5, 0.0))
        q = np.where(v > 50.0, 1.6, np.where(v > 6.0, 1.3, low))
    else:
        raise ArgumentError(f"{_WHAT}: model is {model!r}, allowed 'kim' or 'kruse'")
    return (_DB_PER_NEPER * 3.912 / v * (np.asarray(wavelength_m, float) / 550e-9) ** (-q))[()]


def rain_db_per_km(rain_mm_per_h: ArrayLike):
    """Loss of rain, 1.076 R^0.67 dB/km, the same at every optical wavelength.

    >>> float(rain_db_per_km(25.0).round(1))
    9.3
    """
    check_domain("rain_mm_per_h", rain_mm_per_h, RAIN, what=_WHAT)
    return (1.076 * np.asarray(rain_mm_per_h, float) ** 0.67)[()]


def air_mass(elevation_deg: ArrayLike):
    """Air crossed at an elevation over that at zenith: 1 / (sin e + 0.50572 (e + 6.07995)^(-1.6364)).

    >>> [float(x) for x in air_mass([90.0, 30.0, 0.0]).round(2)]
    [1.0, 1.99, 37.92]
    """
    check_domain("elevation_deg", elevation_deg, ELEVATION, what="air mass")
    e = np.asarray(elevation_deg, float)
    return (1.0 / (np.sin(np.radians(e)) + 0.50572 * (e + 6.07995) ** -1.6364))[()]


def slant_loss_db(
    wavelength_m: ArrayLike,
    elevation_deg: ArrayLike,
    *,
    visibility_km: ArrayLike = 23.0,
    rain_mm_per_h: ArrayLike = 0.0,
    cloud_depth: ArrayLike = 0.0,
    height_m: ArrayLike = 0.0,
    rain_height_m: float = 3000.0,
):
    """Loss in dB from a station through the whole atmosphere; broadcast shape of the inputs.

    Parameters
    ----------
    wavelength_m, elevation_deg. visibility_km : at the ground. rain_mm_per_h : within `rain_height_m` of the sea.
    cloud_depth : optical depth towards zenith: 0.3 cirrus, 1 thin, 10 and above overcast. height_m : of the station,
    below which neither aerosol nor molecules count.

    Left out: lines of water vapour and oxygen (choose a window), broken clouds.

    >>> float(slant_loss_db(850e-9, 90.0).round(2))
    0.58
    """
    check_domain("cloud_depth", cloud_depth, Range(0.0, 200.0, ""), what=_WHAT)
    check_domain("station height", height_m, Range(-500.0, 9000.0, "m"), what=_WHAT)
    mass = air_mass(elevation_deg)
    km = np.asarray(height_m, float) * 1e-3
    aerosol = extinction_db_per_km(wavelength_m, visibility_km) * _AEROSOL_SCALE_KM * np.exp(-km / _AEROSOL_SCALE_KM)
    um2 = np.square(np.asarray(wavelength_m, float) * 1e6)
    # Hansen and Travis, Space Sci. Rev. 16, 527 (1974), Eq. (2.30), at sea level
    molecules = 0.008569 / um2**2 * (1.0 + 0.0113 / um2 + 0.00013 / um2**2) * np.exp(-km / _MOLECULE_SCALE_KM)
    wet_km = np.maximum(rain_height_m * 1e-3 - km, 0.0)
    clouds = np.asarray(cloud_depth, float)
    return (mass * (aerosol + _DB_PER_NEPER * (molecules + clouds) + rain_db_per_km(rain_mm_per_h) * wet_km))[()]


def level_loss_db(
    length_m: ArrayLike, wavelength_m: ArrayLike, *, visibility_km: ArrayLike = 23.0, rain_mm_per_h: ArrayLike = 0.0
):
    """Loss in dB of air between two places near the ground.

    >>> float(level_loss_db(2000.0, 550e-9, visibility_km=1.0).round(1))
    34.0
    """
    per_km = extinction_db_per_km(wavelength_m, visibility_km) + rain_db_per_km(rain_mm_per_h)
    return (np.asarray(length_m, float) * 1e-3 * per_km)[()]


register(
    ModelCard(
        id="optical.air.extinction",
        title="Extinction by haze and fog against visibility (Kim)",
        function=extinction_db_per_km,
        sources=(KIM,),
        valid={"wavelength_m": WAVELENGTH, "visibility_km": VISIBILITY},
        references=(
            Reference(
                {"wavelength_m": 785e-9, "visibility_km": 0.2}, 85.0, "Kim et al., Table 1: 200 m, 785 nm", rel=0.01
            ),
            Reference(
                {"wavelength_m": 1550e-9, "visibility_km": 10.0}, 0.4, "Kim et al., Table 1: 10 km, 1550 nm", rel=0.15
            ),
        ),
        left_out="wavelengths within absorption lines",
    )
)
register(
    ModelCard(
        id="optical.air.mass",
        title="Optical air mass against elevation",
        function=air_mass,
        sources=(KASTEN,),
        valid={"elevation_deg": ELEVATION},
        references=(
            Reference({"elevation_deg": 90.0}, 1.0, "zenith", absolute=1e-3),
            Reference({"elevation_deg": 0.0}, 37.92, "Kasten and Young: the horizon", rel=1e-3),
        ),
        decreasing=("elevation_deg",),
    )
)
register(
    ModelCard(
        id="optical.air.slant",
        title="Loss of a slant path through the atmosphere",
        function=slant_loss_db,
        sources=(KIM, KASTEN, P1814),
        valid={
            "wavelength_m": WAVELENGTH,
            "elevation_deg": ELEVATION,
            "visibility_km": VISIBILITY,
            "rain_mm_per_h": RAIN,
        },
        references=(
            Reference(
                {"wavelength_m": 550e-9, "elevation_deg": 90.0, "visibility_km": 23.0},
                _DB_PER_NEPER * (3.912 / 23.0 * 1.2 + 0.0973),
                "optical depths of aerosol and molecules (0.097 at 550 nm) towards zenith",
                rel=2e-3,
            ),
        ),
        increasing=("rain_mm_per_h",),
        decreasing=("visibility_km", "elevation_deg"),
        left_out="absorption lines, broken clouds",
    )
)
