"""Loss budget of a free-space link: between a station and a satellite, either way, or between two places on the ground.

    loss = beam into the aperture + jitter + turbulence + air + optics          dB

each from its own module (`beam`, `turbulence`, `air`), each kept apart, so that a planner sees what limits the link.
Turbulence widens the beam where it is near the transmitter (uplink, level path); where it is near the receiver
(downlink) it blurs the image, and what falls outside the field of view is lost. Scintillation leaves the mean as it is,
so mean counts need no term for it; its fades are given beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import ModelCard, Range, Reference, check_domain, register
from silla.physics.optical import turbulence as tb
from silla.physics.optical.air import KIM, Weather, level_loss_db
from silla.physics.optical.beam import ANGLE, APERTURE, capture, divergence_rad, spot_radius_m
from silla.physics.optical.sky import background_photons_per_s

__all__ = ["Budget", "Terminals", "level_budget", "slant_budget", "stray_photons_per_s"]

_DB = -10.0
FIELD = Range(1e-7, 0.2, "rad")


@dataclass(frozen=True)
class Terminals:
    """The two telescopes of a link.

    transmitter_m, receiver_m : diameters. divergence_rad : measured half angle at 1/e2; None is that of the diameter
    (`beam.divergence_rad`). jitter_rad : of the pointing, each axis. optics : transmittance of both ends together,
    without the detector. field_of_view_rad : full angle. filter_m : width of the receiver's filter. margin_db : any
    other loss.
    """

    wavelength_m: float = 850e-9
    transmitter_m: float = 0.3
    receiver_m: float = 1.0
    divergence_rad: float | None = None
    jitter_rad: float = 1e-6
    optics: float = 0.4
    field_of_view_rad: float = 100e-6
    filter_m: float = 1e-9
    receiver_obscuration: float = 0.0
    margin_db: float = 0.0

    def half_angle_rad(self) -> float:
        """Divergence of the beam sent, half angle at 1/e2."""
        if self.divergence_rad is not None:
            return self.divergence_rad
        return float(divergence_rad(self.wavelength_m, self.transmitter_m))

    def waist_m(self) -> float:
        """1/e2 radius of the beam in the transmitter that has that divergence, not more than its telescope holds."""
        return min(self.wavelength_m / (np.pi * self.half_angle_rad()), 0.5 * self.transmitter_m)


class Budget(NamedTuple):
    """Losses in dB, each of the broadcast shape, and the scintillation index at the receiver."""

    geometry_db: Any  # the beam is wider than the aperture
    pointing_db: Any
    turbulence_db: Any
    air_db: Any
    optics_db: Any
    scintillation: Any

    @property
    def total_db(self) -> Any:
        """All together."""
        return self.geometry_db + self.pointing_db + self.turbulence_db + self.air_db + self.optics_db


def slant_budget(
    terminals: Terminals,
    elevation_deg: ArrayLike,
    range_m: ArrayLike,
    *,
    height_m: float = 0.0,
    direction: str = "down",
    weather: Weather | None = None,
    wind_m_per_s: float = tb.HV_WIND_M_PER_S,
    ground: float = tb.HV_GROUND,
) -> Budget:
    """Budget of a link between a station and a satellite.

    Parameters
    ----------
    elevation_deg, range_m : of the satellite seen from the station, broadcast. height_m : of the station.
    direction : "down" or "up". weather : the clear sky unless given. wind_m_per_s, ground : of the turbulence.

    >>> b = slant_budget(Terminals(divergence_rad=5e-6, jitter_rad=0.0), 90.0, 500e3)
    >>> float(np.round(b.geometry_db, 2))
    11.14
    """
    _check(terminals)
    check_domain("range_m", range_m, Range(100e3, 40e6, "m"), what="satellite link")
    elevation, distance = np.broadcast_arrays(np.asarray(elevation_deg, float), np.asarray(range_m, float))
    air: dict[str, float] = {"wind_m_per_s": wind_m_per_s, "ground": ground}
    at: dict[str, Any] = {"height_m": height_m, **air}
    wave, weather = terminals.wavelength_m, weather or Weather()
    rytov = tb.rytov_variance(wave, elevation, direction=direction, target_m=float(np.max(distance)), **at)
    fried = tb.fried_m(wave, elevation, direction=direction, target_m=float(np.max(distance)), **at)
    index = np.asarray(tb.scintillation(rytov).index)
    if direction == "down":
        index = index * tb.aperture_averaging(terminals.receiver_m, wave, elevation, **at)
        broadening, blurred = 1.0, seeing_loss_db(fried, wave, terminals.field_of_view_rad)
    else:
        broadening, blurred = tb.long_term_factor(terminals.waist_m(), fried), 0.0
    lost = weather.slant_loss_db(wave, elevation, height_m)
    return _budget(terminals, distance, broadening, blurred, lost, index)


def level_budget(
    terminals: Terminals, length_m: ArrayLike, *, weather: Weather | None = None, structure: float = 1e-14
) -> Budget:
    """Budget of a link between two places near the ground, shape of `length_m`.

    Parameters
    ----------
    length_m : up to 150 km. structure : C_n^2 along the path, m^(-2/3): 1e-16 calm night, 1e-14 day, 1e-13 strong.

    Left out: the horizon, clouds (they lie above), aperture averaging beyond that of a plane wave.

    >>> b = level_budget(Terminals(transmitter_m=0.05, receiver_m=0.1), 5e3)
    >>> 0.1 < float(b.air_db) < 5.0
    True
    """
    _check(terminals)
    check_domain("length_m", length_m, Range(10.0, 150e3, "m"), what="level link", advice="the Earth is round")
    length, weather, wave = np.asarray(length_m, float), weather or Weather(), terminals.wavelength_m
    rytov = tb.level_rytov_variance(wave, length, structure)
    fried = tb.level_fried_m(wave, length, structure)
    # Andrews and Phillips, section 10.3.3: a plane wave's scintillation over an aperture, weak turbulence
    k = 2.0 * np.pi / wave
    averaged = (1.0 + 1.062 * k * terminals.receiver_m**2 / (4.0 * length)) ** (-7.0 / 6.0)
    index = np.asarray(tb.scintillation(np.minimum(rytov, tb.RYTOV.high)).index) * averaged
    broadening = tb.long_term_factor(terminals.waist_m(), fried)
    lost = level_loss_db(length, wave, visibility_km=weather.visibility_km, rain_mm_per_h=weather.rain_mm_per_h)
    blurred = seeing_loss_db(fried, wave, terminals.field_of_view_rad)
    return _budget(terminals, length, broadening, blurred, lost, index)


def seeing_loss_db(fried_m: ArrayLike, wavelength_m: ArrayLike, field_of_view_rad: ArrayLike):
    """What a Gaussian image of full width 0.98 lambda / r_0 at half its height loses outside the field of view, dB.

    >>> float(np.round(seeing_loss_db(0.05, 850e-9, 16.66e-6), 2))  # the field as wide as the image: half is lost
    3.01
    """
    width = 0.98 * np.asarray(wavelength_m, float) / np.asarray(fried_m, float)
    return (_DB * np.log10(-np.expm1(-np.log(2.0) * np.square(np.asarray(field_of_view_rad, float) / width))))[()]


def _budget(terminals: Terminals, distance, broadening, blurred, lost, index) -> Budget:
    angle, waist = terminals.half_angle_rad(), terminals.waist_m()
    spot = np.asarray(spot_radius_m(distance, angle, waist))
    common: dict[str, Any] = {"obscuration": terminals.receiver_obscuration}

    def caught(width, jitter=0.0):
        return np.log10(capture(distance, 0.0, terminals.receiver_m, waist_m=width, jitter_rad=jitter, **common))

    alone, wide = caught(spot), caught(spot * broadening)
    shape = np.shape(distance)
    optics = _DB * np.log10(terminals.optics) + terminals.margin_db
    return Budget(
        _DB * alone,
        _DB * (caught(spot * broadening, terminals.jitter_rad) - wide),
        np.broadcast_to(_DB * (wide - alone) + blurred, shape),
        np.broadcast_to(lost, shape),
        np.full(shape, optics),
        np.broadcast_to(index, shape),
    )


def stray_photons_per_s(terminals: Terminals, radiance: ArrayLike):
    """Photons per second of a sky or ground of this radiance, W/(m2 sr um), that reach the receiver's detectors."""
    return background_photons_per_s(
        radiance,
        terminals.wavelength_m,
        aperture_m=terminals.receiver_m,
        field_of_view_rad=terminals.field_of_view_rad,
        filter_m=terminals.filter_m,
        optics=terminals.optics,
    )


def _check(t: Terminals) -> None:
    what = "free-space link"
    check_domain("transmitter_m", t.transmitter_m, APERTURE, what=what)
    check_domain("receiver_m", t.receiver_m, APERTURE, what=what)
    check_domain("optics", t.optics, Range(1e-4, 1.0, ""), what=what)
    check_domain("jitter_rad", t.jitter_rad, ANGLE, what=what, advice="did you give microradians?")
    check_domain("field_of_view_rad", t.field_of_view_rad, FIELD, what=what, advice="full angle")
    check_domain("margin_db", t.margin_db, Range(0.0, 60.0, "dB"), what=what)
    if t.divergence_rad is not None:
        check_domain("divergence_rad", t.divergence_rad, Range(1e-7, 0.1, "rad"), what=what, advice="half angle")


def _card_down(range_m, divergence_rad, receiver_m):
    terminals = Terminals(divergence_rad=divergence_rad, receiver_m=receiver_m, jitter_rad=0.0, optics=1.0)
    return slant_budget(terminals, 90.0, range_m).geometry_db


register(
    ModelCard(
        id="optical.free_space.budget",
        title="Free-space link budget: geometry of a downlink",
        function=_card_down,
        sources=(tb.ANDREWS, KIM),
        valid={"range_m": Range(100e3, 40e6, "m")},
        references=(
            Reference(
                {"range_m": 1200e3, "divergence_rad": 5e-6, "receiver_m": 1.0},
                18.6,
                "closed form: (aperture radius / 6 m)^2 twice",
                absolute=0.05,
            ),
        ),
        increasing=("range_m",),
        left_out="constant pointing offsets, refraction, coupling into single-mode fibre",
    )
)
