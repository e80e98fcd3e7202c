"""Single-mode fibre: loss, transmittance, delay."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.base.units import SPEED_OF_LIGHT_M_PER_S

__all__ = [
    "GROUP_INDEX_1550",
    "attenuation_at",
    "group_delay_s",
    "link_loss_db",
    "nepers_per_m",
    "transmittance",
]

GROUP_INDEX_1550 = 1.4682
LENGTH = Range(0.0, 2e6, "m")
ATTENUATION = Range(0.1, 10.0, "dB/km")
LOSS = Range(0.0, 200.0, "dB")

_SMF28 = Citation(
    "smf28ultra",
    "Corning SMF-28 Ultra optical fibre, product information PI-1424: greatest attenuation at 1310, 1383, 1490, 1550 "
    "and 1625 nm, group index 1.4682 at 1550 nm",
)
_G652 = Citation("g652", "ITU-T G.652 (11/2016), Characteristics of a single-mode optical fibre and cable, Appendix I")
# wavelength in nm -> dB/km; the first point follows from 1310 nm by Rayleigh's 1/lambda^4
_TYPICAL_NM = np.array([1260.0, 1310.0, 1383.0, 1490.0, 1550.0, 1625.0])
_TYPICAL_DB_PER_KM = np.array([0.374, 0.32, 0.32, 0.21, 0.18, 0.20])


def link_loss_db(
    length_m: ArrayLike,
    attenuation_db_per_km: ArrayLike,
    *,
    connectors: ArrayLike = 0,
    connector_db: ArrayLike = 0.3,
    splices: ArrayLike = 0,
    splice_db: ArrayLike = 0.05,
    insertion_db: ArrayLike = 0.0,
):
    """Loss in dB of a fibre link: length times attenuation, connectors, splices, and filters or switches in the path.

    Parameters
    ----------
    length_m, attenuation_db_per_km : any shape, broadcast. connectors, splices : how many, at the loss of each
    (typical values of ITU-T G.652 Appendix I and L.12). insertion_db : of multiplexers and switches.

    Raises DomainError for lengths outside 0 to 2000 km, attenuation outside 0.1 to 10 dB/km, negative losses.

    >>> float(link_loss_db(50e3, 0.2, connectors=2, splices=10))
    11.1
    """
    check_domain("length_m", length_m, LENGTH, what="fibre")
    check_domain(
        "attenuation_db_per_km", attenuation_db_per_km, ATTENUATION, what="fibre", advice="did you give dB/m instead?"
    )
    for name, value in {
        "connectors": connectors,
        "connector_db": connector_db,
        "splices": splices,
        "splice_db": splice_db,
        "insertion_db": insertion_db,
    }.items():
        check_domain(name, value, Range(0.0, 1e5, ""), what="fibre")
    line = np.asarray(length_m, float) * 1e-3 * np.asarray(attenuation_db_per_km, float)
    joints = np.asarray(connectors) * np.asarray(connector_db) + np.asarray(splices) * np.asarray(splice_db)
    return (line + joints + np.asarray(insertion_db))[()]


def transmittance(loss_db: ArrayLike):
    """Share of the power, or probability of a photon, that passes a loss of 0 to 200 dB: 10^(-loss / 10).

    >>> float(transmittance(20.0))
    0.01
    """
    check_domain("loss_db", loss_db, LOSS, what="fibre", advice="nothing is received beyond 200 dB; shorten the link")
    return np.power(10.0, -np.asarray(loss_db, float) / 10.0)[()]


def nepers_per_m(attenuation_db_per_km: ArrayLike):
    """Power attenuation coefficient alpha in 1/m, so that power falls as exp(-alpha z).

    >>> float(nepers_per_m(0.2).round(9))
    4.6052e-05
    """
    check_domain("attenuation_db_per_km", attenuation_db_per_km, ATTENUATION, what="fibre")
    return (np.asarray(attenuation_db_per_km, float) * (np.log(10.0) / 10.0) * 1e-3)[()]


def group_delay_s(length_m: ArrayLike, group_index: float = GROUP_INDEX_1550):
    """Time a pulse needs: n_g L / c, 4.9 us per km.

    >>> float(group_delay_s(1e3).round(10))
    4.8974e-06
    """
    check_domain("length_m", length_m, LENGTH, what="fibre")
    check_domain("group_index", group_index, Range(1.0, 2.0, ""), what="fibre")
    return (np.asarray(length_m, float) * group_index / SPEED_OF_LIGHT_M_PER_S)[()]


def attenuation_at(wavelength_m: ArrayLike, attenuation_1550_db_per_km: ArrayLike = 0.18):
    """Attenuation in dB/km at a wavelength of 1260 to 1625 nm, of a low-water-peak fibre known at 1550 nm.

    The data sheet's curve (linear between its points) shifted to the value at 1550 nm: what ages or bends a fibre adds
    about the same at every wavelength.

    >>> float(attenuation_at(1310e-9, 0.20).round(3))
    0.34
    """
    check_domain("wavelength_m", wavelength_m, Range(1260e-9, 1625e-9, "m"), what="fibre attenuation")
    check_domain("attenuation_1550_db_per_km", attenuation_1550_db_per_km, ATTENUATION, what="fibre attenuation")
    curve = np.interp(np.asarray(wavelength_m, float) * 1e9, _TYPICAL_NM, _TYPICAL_DB_PER_KM)
    return (curve + (np.asarray(attenuation_1550_db_per_km, float) - 0.18))[()]


register(
    ModelCard(
        id="optical.fibre.loss",
        title="Loss of a fibre link",
        function=link_loss_db,
        sources=(_G652,),
        valid={"length_m": LENGTH, "attenuation_db_per_km": ATTENUATION},
        references=(
            Reference({"length_m": 50e3, "attenuation_db_per_km": 0.21}, 10.5, "length times attenuation", rel=1e-12),
        ),
        increasing=("length_m", "attenuation_db_per_km"),
        left_out="bends, ageing, polarisation-dependent loss",
    )
)
register(
    ModelCard(
        id="optical.fibre.delay",
        title="Group delay of a fibre",
        function=group_delay_s,
        sources=(_SMF28,),
        valid={"length_m": LENGTH},
        references=(Reference({"length_m": 1e3}, 4.8974e-6, "1.4682 * 1 km / c", rel=1e-4),),
        increasing=("length_m",),
        left_out="chromatic and polarisation-mode dispersion",
    )
)
register(
    ModelCard(
        id="optical.fibre.attenuation_spectrum",
        title="Attenuation of low-water-peak fibre against wavelength",
        function=attenuation_at,
        sources=(_SMF28,),
        valid={"wavelength_m": Range(1260e-9, 1625e-9, "m")},
        references=(
            Reference({"wavelength_m": 1550e-9}, 0.18, "data sheet", absolute=1e-9),
            Reference({"wavelength_m": 1310e-9}, 0.32, "data sheet", absolute=1e-9),
        ),
    )
)
