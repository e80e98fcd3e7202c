"""From watts over a day to kilowatt-hours, joules per bit and grams of carbon dioxide, split by kind of equipment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register

__all__ = ["J_PER_KWH", "EnergyDay", "carbon_g", "energy_day", "hour_intensity", "joule_per_bit"]

J_PER_KWH = 3.6e6  # exact

ES_203_228 = Citation(
    "ES203228",
    "ETSI ES 203 228 V1.4.1, Assessment of mobile network energy efficiency, clause 5.2: data volume over energy",
    "https://www.etsi.org/deliver/etsi_es/203200_203299/203228/",
)
ISO_30134 = Citation("ISO30134-2", "ISO/IEC 30134-2:2016, Power usage effectiveness (PUE)")


@dataclass(frozen=True)
class EnergyDay:
    """A day's energy at the meter; epochs along the last axis of the inputs.

    Each *_kwh has the inputs' shape without the last axis; total_kwh is the sum of the three kinds.
    carbon_g_by_epoch : shape (..., epochs); carbon_g its sum. joule_per_bit : total over delivered bits, inf if none.
    """

    radio_kwh: np.ndarray
    gpu_kwh: np.ndarray
    quantum_kwh: np.ndarray
    total_kwh: np.ndarray
    carbon_g_by_epoch: np.ndarray
    carbon_g: np.ndarray
    joule_per_bit: np.ndarray


def joule_per_bit(energy_j: ArrayLike, bits: ArrayLike):
    """Joules per delivered bit, inf where nothing was delivered (the inverse of ES 203 228's efficiency).

    >>> float(joule_per_bit(3.6e6, 1e9))
    0.0036
    """
    check_domain("energy_j", energy_j, Range(0.0, np.inf, "J"), what="energy per bit")
    check_domain("bits", bits, Range(0.0, np.inf, "bit"), what="energy per bit")
    energy, volume = np.asarray(energy_j, float), np.asarray(bits, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(volume > 0, energy / np.where(volume > 0, volume, 1.0), np.inf)


def hour_intensity(profile_g_per_kwh: ArrayLike, start_h: ArrayLike) -> np.ndarray:
    """Carbon intensity in g/kWh of the hour in which each epoch starts; the profile has 24 values and repeats.

    Raises ArgumentError for another number of values, DomainError for values outside 0..2000 g/kWh.
    """
    profile = np.asarray(profile_g_per_kwh, float)
    if profile.shape != (24,):
        raise ArgumentError(f"the carbon profile has shape {profile.shape}, needed are 24 hourly values in g/kWh")
    check_domain("carbon intensity", profile, Range(0.0, 2000.0, "g/kWh"), what="carbon profile")
    return profile[np.floor(np.asarray(start_h, float)).astype(int) % 24]


def carbon_g(energy_j: ArrayLike, intensity_g_per_kwh: ArrayLike):
    """Grams of CO2 equivalent of an energy at a grid intensity.

    >>> float(carbon_g(3.6e6, 400.0))
    400.0
    """
    return np.asarray(energy_j, float) / J_PER_KWH * np.asarray(intensity_g_per_kwh, float)


def energy_day(
    radio_w: ArrayLike,
    gpu_w: ArrayLike,
    quantum_w: ArrayLike,
    bits: ArrayLike,
    epoch_s: float,
    intensity_g_per_kwh: ArrayLike,
    *,
    radio_overhead: float = 1.0,
    gpu_pue: float = 1.3,
    quantum_overhead: float = 1.0,
) -> EnergyDay:
    """Energy, carbon and joules per bit of a series of epochs.

    Parameters
    ----------
    radio_w, gpu_w, quantum_w : mean power in each epoch, shape (..., epochs). bits : delivered in each epoch.
    epoch_s : seconds per epoch. intensity_g_per_kwh : per epoch, see `hour_intensity`.
    radio_overhead, gpu_pue, quantum_overhead : power at the meter over power of the equipment (ISO/IEC 30134-2), 1..3.
        The defaults declare free cooling at outdoor sites and an edge room of 1.3.

    >>> day = energy_day([1000.0], [0.0], [0.0], [3.6e9], 3600.0, [400.0])
    >>> float(day.total_kwh), float(day.carbon_g), float(day.joule_per_bit)
    (1.0, 400.0, 0.001)
    """
    check_domain("epoch_s", epoch_s, Range(1e-3, 86400.0, "s"), what="energy of a day")
    metered = []
    for name, power, factor in (
        ("radio_w", radio_w, radio_overhead),
        ("gpu_w", gpu_w, gpu_pue),
        ("quantum_w", quantum_w, quantum_overhead),
    ):
        check_domain(name, power, Range(0.0, 1e12, "W"), what="energy of a day")
        check_domain(f"overhead of {name}", factor, Range(1.0, 3.0, ""), what="energy of a day")
        metered.append(np.asarray(power, float) * factor * epoch_s)
    radio, gpu, quantum = np.broadcast_arrays(*metered)
    total = radio + gpu + quantum
    grams = carbon_g(total, intensity_g_per_kwh)
    kinds = [part.sum(axis=-1) / J_PER_KWH for part in (radio, gpu, quantum)]
    return EnergyDay(
        *kinds,
        total_kwh=kinds[0] + kinds[1] + kinds[2],
        carbon_g_by_epoch=grams,
        carbon_g=grams.sum(axis=-1),
        joule_per_bit=joule_per_bit(total.sum(axis=-1), np.sum(np.asarray(bits, float), axis=-1)),
    )


register(
    ModelCard(
        id="compute.energy.joule_per_bit",
        title="Energy per delivered bit",
        function=joule_per_bit,
        sources=(ES_203_228, ISO_30134),
        valid={"energy_j": Range(0.0, np.inf, "J"), "bits": Range(0.0, np.inf, "bit")},
        references=(Reference({"energy_j": 3.6e6, "bits": 1e9}, 0.0036, "1 kWh over 1 Gbit", rel=1e-12),),
        increasing=("energy_j",),
        decreasing=("bits",),
    )
)
