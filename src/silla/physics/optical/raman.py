"""Spontaneous Raman noise of classical channels in a quantum channel of the same fibre.

A classical channel of power P scatters, per metre of fibre, rho P dlambda watts into a quantum channel of width
dlambda. With alpha_c and alpha_q the attenuation at the two wavelengths, L the length and P the launched power, at the
quantum receiver

    co-propagating       P rho dlambda [exp(-alpha_c L) - exp(-alpha_q L)] / (alpha_q - alpha_c)
                         -> P rho dlambda L exp(-alpha L)                     for equal attenuation
    counter-propagating  P rho dlambda [1 - exp(-(alpha_c + alpha_q) L)] / (alpha_c + alpha_q)

Chapuran et al., New J. Phys. 11, 105001 (2009); Eraerds et al., New J. Phys. 12, 063027 (2010), Eqs. (4)-(6).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.base.units import BOLTZMANN_J_PER_K, PLANCK_J_S, SPEED_OF_LIGHT_M_PER_S
from silla.physics.optical.raman_gain import FREQUENCY_OFFSET_HZ, GAIN_PER_W_M, GAIN_SOURCE, REFERENCE_PUMP_HZ

__all__ = ["MEASURED_SCALE", "noise_photons_per_s", "noise_power_w", "raman_cross_section"]

ERAERDS = Citation(
    "eraerds2010",
    "P. Eraerds, N. Walenta, M. Legre, N. Gisin, H. Zbinden, Quantum key distribution and 1 Gbps data encryption over "
    "a single fibre, New J. Phys. 12, 063027 (2010)",
    "https://doi.org/10.1088/1367-2630/12/6/063027",
)
CHAPURAN = Citation(
    "chapuran2009",
    "T. E. Chapuran et al., Optical networking for quantum key distribution and quantum communications, New J. Phys. "
    "11, 105001 (2009)",
    "https://doi.org/10.1088/1367-2630/11/10/105001",
)
WAVELENGTH = Range(1260e-9, 1675e-9, "m")
SHIFT = Range(0.0, 42e12, "Hz")
MEASURED_SCALE = 0.61
"""Measured over computed cross-section: the ratio of Eraerds et al., Fig. 3 (1550 nm pump, both peaks) to gain times
thermal occupation in both polarisations. 1 gives the computed one, 2 dB more noise."""


def raman_cross_section(
    classical_wavelength_m: ArrayLike,
    quantum_wavelength_m: ArrayLike,
    *,
    temperature_k: float = 293.0,
    scale: float = MEASURED_SCALE,
):
    """rho in 1/(m m): share of classical power scattered per metre of fibre and metre of bandwidth, into one direction.

    1e-9 per (km nm) is 1e-3 per (m m). From the Raman gain g of silica at the shift D = |f_c - f_q| and the thermal
    number of phonons n = 1 / (exp(h D / k T) - 1), in both polarisations:

        rho = 2 scale g(D) h f_q (n + 1) c / lambda_q^2               quantum channel at the longer wavelength (Stokes)
        rho = 2 scale g(D) h f_q (f_q / f_c) n c / lambda_q^2         at the shorter (anti-Stokes)

    with g proportional to the higher of the two frequencies.

    Parameters
    ----------
    classical_wavelength_m, quantum_wavelength_m : 1260 to 1675 nm, at most 42 THz apart, broadcast.
    temperature_k : of the fibre. scale : see MEASURED_SCALE.

    Left out: change of the mode area with wavelength, other fibres than standard single-mode.

    >>> float((raman_cross_section(1550e-9, 1562e-9) * 1e-6).round(11))  # per (km nm): peak near 5e-9
    4.74e-09
    """
    what = "Raman cross-section"
    check_domain("classical_wavelength_m", classical_wavelength_m, WAVELENGTH, what=what)
    check_domain("quantum_wavelength_m", quantum_wavelength_m, WAVELENGTH, what=what)
    check_domain("temperature_k", temperature_k, Range(150.0, 400.0, "K"), what=what)
    lambda_q = np.asarray(quantum_wavelength_m, float)
    f_c = SPEED_OF_LIGHT_M_PER_S / np.asarray(classical_wavelength_m, float)
    f_q = SPEED_OF_LIGHT_M_PER_S / lambda_q
    shift = np.abs(f_c - f_q)
    check_domain("shift between the channels", shift, SHIFT, what=what, advice="bring the channels closer together")
    # below the first point of the table g n tends to a constant; 10 GHz stands for it
    shift = np.maximum(shift, 1e10)
    upper = np.maximum(f_c, f_q)
    gain = np.interp(shift, FREQUENCY_OFFSET_HZ, GAIN_PER_W_M) * upper / REFERENCE_PUMP_HZ
    phonons = 1.0 / np.expm1(PLANCK_J_S * shift / (BOLTZMANN_J_PER_K * temperature_k))
    occupation = np.where(f_q < f_c, phonons + 1.0, phonons * f_q / f_c)
    return (2.0 * scale * gain * PLANCK_J_S * f_q * occupation * SPEED_OF_LIGHT_M_PER_S / lambda_q**2)[()]


def noise_power_w(
    power_w: ArrayLike,
    cross_section: ArrayLike,
    bandwidth_m: ArrayLike,
    length_m: ArrayLike,
    *,
    classical_alpha_per_m: ArrayLike,
    quantum_alpha_per_m: ArrayLike,
    direction: str = "co",
):
    """Raman noise in watts at the quantum receiver's input, per classical channel; broadcast shape of the inputs.

    Parameters
    ----------
    power_w : launched classical power. cross_section : rho, 1/(m m). bandwidth_m : of the quantum channel's filter.
    length_m : of the shared fibre. classical_alpha_per_m, quantum_alpha_per_m : attenuation, 1/m (`nepers_per_m`).
    direction : "co", both towards the quantum receiver, or "counter".

    >>> w = noise_power_w(1e-3, 3e-3, 0.6e-9, 25e3, classical_alpha_per_m=4.6e-5, quantum_alpha_per_m=4.6e-5)
    >>> float((w * 1e12).round(3))
    14.249
    """
    if direction not in ("co", "counter"):
        raise ArgumentError(f"Raman noise: direction is {direction!r}, allowed 'co' or 'counter'")
    what = "Raman noise"
    check_domain("power_w", power_w, Range(0.0, 10.0, "W"), what=what, advice="did you give dBm or mW?")
    check_domain("bandwidth_m", bandwidth_m, Range(0.0, 50e-9, "m"), what=what)
    check_domain("length_m", length_m, Range(0.0, 2e6, "m"), what=what)
    a_c, a_q = np.asarray(classical_alpha_per_m, float), np.asarray(quantum_alpha_per_m, float)
    check_domain("attenuation", np.minimum(a_c, a_q), Range(1e-6, 1e-2, "1/m"), what=what)
    length = np.asarray(length_m, float)
    if direction == "co":
        # (1 - e^-x) / x with x the difference of the two attenuations over the length: no cancellation when they agree
        effective = length * np.exp(-a_c * length) * _mean_decay((a_q - a_c) * length)
    else:
        effective = length * _mean_decay((a_q + a_c) * length)
    return (np.asarray(power_w, float) * np.asarray(cross_section, float) * np.asarray(bandwidth_m) * effective)[()]


def _mean_decay(x):
    """(1 - exp(-x)) / x, 1 at x = 0."""
    small = np.abs(x) < 1e-12
    return np.where(small, 1.0, -np.expm1(-x) / np.where(small, 1.0, x))


def noise_photons_per_s(
    power_w: ArrayLike,
    classical_wavelength_m: ArrayLike,
    quantum_wavelength_m: ArrayLike,
    bandwidth_m: ArrayLike,
    length_m: ArrayLike,
    *,
    classical_alpha_per_m: ArrayLike,
    quantum_alpha_per_m: ArrayLike,
    direction: str = "co",
    cross_section: ArrayLike | None = None,
    temperature_k: float = 293.0,
):
    """Raman photons per second within the quantum channel at the receiver's input, for each classical channel.

    Sum over channels for the total. `cross_section` (1/(m m)) replaces `raman_cross_section` where it was measured.

    >>> n = noise_photons_per_s(1e-3, 1551e-9, 1550e-9, 0.6e-9, 25e3, cross_section=3e-3,
    ...     classical_alpha_per_m=4.605e-5, quantum_alpha_per_m=4.605e-5)
    >>> float((n / 1e8).round(2))
    1.11
    """
    if cross_section is None:
        cross_section = raman_cross_section(classical_wavelength_m, quantum_wavelength_m, temperature_k=temperature_k)
    power = noise_power_w(
        power_w,
        cross_section,
        bandwidth_m,
        length_m,
        classical_alpha_per_m=classical_alpha_per_m,
        quantum_alpha_per_m=quantum_alpha_per_m,
        direction=direction,
    )
    return (power * np.asarray(quantum_wavelength_m, float) / (PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S))[()]


_ANCHOR_ALPHA = 0.2 * np.log(10.0) / 10.0 * 1e-3
register(
    ModelCard(
        id="optical.raman.noise",
        title="Raman photons of a classical channel in a quantum channel",
        function=noise_photons_per_s,
        sources=(CHAPURAN, ERAERDS),
        valid={
            "power_w": Range(0.0, 10.0, "W"),
            "length_m": Range(0.0, 2e6, "m"),
            "bandwidth_m": Range(0.0, 50e-9, "m"),
        },
        references=(
            Reference(
                {
                    "power_w": 1e-3,
                    "classical_wavelength_m": 1551e-9,
                    "quantum_wavelength_m": 1550e-9,
                    "bandwidth_m": 0.6e-9,
                    "length_m": 25e3,
                    "classical_alpha_per_m": _ANCHOR_ALPHA,
                    "quantum_alpha_per_m": _ANCHOR_ALPHA,
                    "cross_section": 3e-3,
                },
                1.11e8,
                "P L rho dlambda exp(-alpha L) with 0 dBm, 3e-9 /(km nm), 0.6 nm, 25 km of 0.2 dB/km",
                rel=5e-3,
            ),
        ),
        increasing=("power_w", "bandwidth_m"),
        left_out="four-wave mixing, crosstalk of filters, depletion of the classical channel",
    )
)
register(
    ModelCard(
        id="optical.raman.cross_section",
        title="Spontaneous Raman cross-section of standard fibre",
        function=raman_cross_section,
        sources=(GAIN_SOURCE, ERAERDS),
        valid={"classical_wavelength_m": WAVELENGTH, "quantum_wavelength_m": WAVELENGTH},
        references=(
            Reference(
                {"classical_wavelength_m": 1550e-9, "quantum_wavelength_m": 1562e-9},
                5.1e-3,
                "Eraerds et al., Fig. 3, Stokes peak, read off",
                rel=0.2,
            ),
            Reference(
                {"classical_wavelength_m": 1550e-9, "quantum_wavelength_m": 1538e-9},
                4.0e-3,
                "Eraerds et al., Fig. 3, anti-Stokes peak, read off",
                rel=0.2,
            ),
        ),
    )
)
