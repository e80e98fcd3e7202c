"""Where a quantum channel disturbs least: noise of classical channels at every wavelength it could have.

Adds, at the quantum receiver's filter, spontaneous Raman scattering (`raman`), four-wave mixing (`four_wave_mixing`,
co-propagating channels alone) and classical light that the filter lets through,

    N = sum_c [Raman_c + P_c exp(-alpha_c L) 10^(-isolation / 10) lambda_c / (h c)] + mixing          photons per second

Zischler, Ghazisaeidi, Mecozzi and Antonelli, arXiv:2602.21671 (2026), set out the same three parts in closed form;
their own expressions were not at hand, those here are of the modules named. Their finding, that the upper E band beats
the O band, holds here at moderate power (48 channels of -10 dBm over 60 to 100 km); the tests show where it turns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from silla.base.provenance import Range, check_domain
from silla.base.units import PLANCK_J_S, SPEED_OF_LIGHT_M_PER_S
from silla.physics.optical.fibre import attenuation_at, nepers_per_m
from silla.physics.optical.four_wave_mixing import mixing_photons_per_s
from silla.physics.optical.raman import noise_photons_per_s

__all__ = ["Coexistence", "noise_at"]


class Coexistence(NamedTuple):
    """Photons per second at the receiver's input within its filter, and the line's loss; one per quantum wavelength."""

    raman_photons_per_s: Any
    mixing_photons_per_s: Any
    leaked_photons_per_s: Any
    loss_db: Any

    @property
    def photons_per_s(self) -> Any:
        """All three together."""
        return self.raman_photons_per_s + self.mixing_photons_per_s + self.leaked_photons_per_s


def noise_at(
    quantum_wavelength_m: ArrayLike,
    powers_w: ArrayLike,
    classical_wavelength_m: ArrayLike,
    length_m: float,
    *,
    bandwidth_m: float = 0.1e-9,
    direction: str = "co",
    isolation_db: float = 120.0,
    attenuation_1550_db_per_km: float = 0.18,
) -> Coexistence:
    """Noise that the classical channels leave at each candidate wavelength of a quantum channel.

    Parameters
    ----------
    quantum_wavelength_m : shape [candidates]. powers_w, classical_wavelength_m : shape [channels], launched.
    length_m : of the shared fibre. bandwidth_m : of the quantum filter. direction : of the classical channels, "co" or
    "counter". isolation_db : of that filter against a classical channel; counter-propagating ones must be scattered
    back first, which is left out: they leak nothing here. attenuation_1550_db_per_km : the rest of the spectrum follows
    `fibre.attenuation_at`.

    Left out: Raman depletion between classical channels, amplifier noise, Rayleigh backscatter.
    Raises DomainError outside the ranges of the parts, as for a Raman shift beyond 42 THz.

    >>> o_band, c_band = noise_at([1310e-9, 1530e-9], [1e-3], [1550e-9], 25e3).photons_per_s
    >>> bool(o_band < 0.01 * c_band)
    True
    """
    quantum = np.atleast_1d(np.asarray(quantum_wavelength_m, float))
    power, classical = (np.atleast_1d(np.asarray(x, float)) for x in (powers_w, classical_wavelength_m))
    check_domain("isolation_db", isolation_db, Range(0.0, 300.0, "dB"), what="coexistence")
    at_quantum = np.asarray(attenuation_at(quantum, attenuation_1550_db_per_km))
    at_classical = np.asarray(attenuation_at(classical, attenuation_1550_db_per_km))
    raman = noise_photons_per_s(
        power,
        classical,
        quantum[:, None],
        bandwidth_m,
        length_m,
        classical_alpha_per_m=nepers_per_m(at_classical),
        quantum_alpha_per_m=nepers_per_m(at_quantum)[:, None],
        direction=direction,
    ).sum(axis=1)
    mixing, leaked = np.zeros(quantum.shape), np.zeros(quantum.shape)
    if direction == "co":
        alpha = float(nepers_per_m(at_classical.mean()))
        width_hz = SPEED_OF_LIGHT_M_PER_S * bandwidth_m / float(np.mean(quantum)) ** 2
        frequencies = SPEED_OF_LIGHT_M_PER_S / classical
        mixing = mixing_photons_per_s(
            power, frequencies, SPEED_OF_LIGHT_M_PER_S / quantum, width_hz, length_m, alpha_per_m=alpha
        )
        arrives = power * np.exp(-nepers_per_m(at_classical) * length_m) * classical
        through = arrives.sum() / (PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S) * 10.0 ** (-isolation_db / 10.0)
        leaked = np.full(quantum.shape, through)
    return Coexistence(raman, mixing, leaked, at_quantum * length_m * 1e-3)
