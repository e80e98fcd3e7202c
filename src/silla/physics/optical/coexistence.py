"""Where a quantum channel disturbs least: noise of classical channels at every wavelength it could have.

Adds, at the quantum receiver's filter, spontaneous Raman scattering (`raman`), four-wave mixing (`four_wave_mixing`,
co-propagating channels alone) and classical light that the filter lets through,

    N = sum_c [Raman_c + P_c t_c 10^(-isolation / 10) lambda_c / (h c)] + mixing + ASE          photons per second

t_c is exp(-alpha_c L) for channels that run with the quantum signal and the Rayleigh backscatter of the fibre for those
that run against it, S alpha_s (1 - exp(-2 alpha_c L)) / (2 alpha_c), with S the share of scattered light that is caught
(Nakazawa, J. Opt. Soc. Am. 73, 1175 (1983)). ASE is what a booster before the fibre emits in its own band, 2 n_sp (G -
1) photons per second and hertz (Desurvire, Erbium-Doped Fiber Amplifiers (1994)), less what a notch filter takes out.

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

__all__ = ["Booster", "Coexistence", "noise_at"]

# scattering of 3.2e-5 per m at 1550 nm times the 1.5e-3 of it that a standard fibre catches: -33 dB of a long fibre
_BACKSCATTER_PER_M = 1.5e-3 * 3.2e-5


class Coexistence(NamedTuple):
    """Photons per second at the receiver's input within its filter, and the line's loss; one per quantum wavelength."""

    raman_photons_per_s: Any
    mixing_photons_per_s: Any
    leaked_photons_per_s: Any
    loss_db: Any
    amplifier_photons_per_s: Any = 0.0

    @property
    def photons_per_s(self) -> Any:
        """All of them together."""
        three = self.raman_photons_per_s + self.mixing_photons_per_s + self.leaked_photons_per_s
        return three + self.amplifier_photons_per_s

    def at_power(self, factor: ArrayLike) -> Coexistence:
        """The same with every launched power times `factor`: mixing goes with its cube, ASE stays (gain saturates)."""
        x = np.asarray(factor, float)
        return self._replace(
            raman_photons_per_s=self.raman_photons_per_s * x,
            mixing_photons_per_s=self.mixing_photons_per_s * x**3,
            leaked_photons_per_s=self.leaked_photons_per_s * x,
        )


class Booster(NamedTuple):
    """An amplifier before the fibre. rejection_db : of the notch filter that keeps the quantum channel free of ASE."""

    gain_db: float = 20.0
    noise_figure_db: float = 5.0
    low_m: float = 1528e-9
    high_m: float = 1568e-9
    rejection_db: float = 60.0


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
    booster: Booster | None = None,
) -> Coexistence:
    """Noise that the classical channels leave at each candidate wavelength of a quantum channel.

    Parameters
    ----------
    quantum_wavelength_m : shape [candidates]. powers_w, classical_wavelength_m : shape [channels], launched.
    length_m : of the shared fibre. bandwidth_m : of the quantum filter. direction : of the classical channels, "co" or
    "counter". isolation_db : of that filter against a classical channel. attenuation_1550_db_per_km : the rest of the
    spectrum follows `fibre.attenuation_at`. booster : its noise, for channels that run with the quantum signal.

    Left out: Raman depletion between classical channels, amplifiers along the fibre, reflections at connectors.
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
    mixing, noise = np.zeros(quantum.shape), np.zeros(quantum.shape)
    alpha_c = nepers_per_m(at_classical)
    if direction == "co":
        width_hz = SPEED_OF_LIGHT_M_PER_S * bandwidth_m / quantum**2
        frequencies = SPEED_OF_LIGHT_M_PER_S / classical
        mixing = mixing_photons_per_s(
            power, frequencies, SPEED_OF_LIGHT_M_PER_S / quantum, width_hz, length_m, alpha_per_m=float(alpha_c.mean())
        )
        reaches = np.exp(-alpha_c * length_m)
        noise = _booster_photons_per_s(booster, quantum, width_hz) * np.exp(-nepers_per_m(at_quantum) * length_m)
    else:
        reaches = _BACKSCATTER_PER_M * -np.expm1(-2.0 * alpha_c * length_m) / (2.0 * alpha_c)
    photons = np.sum(power * reaches * classical) / (PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S)
    leaked = np.full(quantum.shape, photons * 10.0 ** (-isolation_db / 10.0))
    return Coexistence(raman, mixing, leaked, at_quantum * length_m * 1e-3, noise)


def _booster_photons_per_s(booster: Booster | None, wavelength_m, width_hz):
    """ASE photons per second behind the notch filter, both polarisations; n_sp from the noise figure F = 2 n_sp."""
    if booster is None:
        return np.zeros(np.shape(wavelength_m))
    check_domain("gain_db", booster.gain_db, Range(0.0, 40.0, "dB"), what="booster")
    check_domain("noise_figure_db", booster.noise_figure_db, Range(3.0, 12.0, "dB"), what="booster")
    density = 10.0 ** (0.1 * booster.noise_figure_db) * (10.0 ** (0.1 * booster.gain_db) - 1.0)
    inside = (wavelength_m >= booster.low_m) & (wavelength_m <= booster.high_m)
    return np.where(inside, density * width_hz * 10.0 ** (-0.1 * booster.rejection_db), 0.0)
