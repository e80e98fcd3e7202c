"""Four-wave mixing: light that classical channels of one fibre make at a fourth frequency.

Channels i, j, k that run the same way make a wave at f_i + f_j - f_k. At the end of a fibre of length L

    P = (D / 3)^2 gamma^2 P_i P_j P_k exp(-alpha L) |1 - exp(-(alpha - i db) L)|^2 / (alpha^2 + db^2)
    db = (2 pi lambda^2 / c) |Disp(lambda)| |f_i - f_k| |f_j - f_k|

D = 3 for i = j and 6 otherwise, lambda at the mean of f_i and f_j, about which odd orders of dispersion cancel. The
usual form with an efficiency and an effective length is the same expression. Hill et al., J. Appl. Phys. 49, 5098
(1978); Shibata, Braun and Waarts, IEEE J. Quantum Electron. 23, 1205 (1987); for quantum channels Peters et al., New J.
Phys. 11, 045012 (2009). Dispersion of standard fibre: ITU-T G.652, Disp = S_0 / 4 (lambda - lambda_0^4 / lambda^3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import DomainError
from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.base.units import PLANCK_J_S, SPEED_OF_LIGHT_M_PER_S

__all__ = ["dispersion_s_per_m2", "mixing_photons_per_s", "mixing_power_w", "phase_mismatch_per_m"]

WAVELENGTH = Range(1260e-9, 1675e-9, "m")
POWER = Range(0.0, 1.0, "W")
ALPHA = Range(1e-6, 1e-2, "1/m")
LENGTH = Range(0.0, 2e6, "m")
MISMATCH = Range(0.0, 1e6, "1/m")
NONLINEARITY = Range(0.0, 0.1, "1/(W m)")
STANDARD_FIBRE_PER_W_M = 1.3e-3  # gamma near 1550 nm, effective area about 80 um2
ZERO_DISPERSION_M = 1310e-9
ZERO_SLOPE_S_PER_M3 = 0.09e3  # 0.09 ps/(nm2 km)
_MOST_CHANNELS = 200


def dispersion_s_per_m2(
    wavelength_m: ArrayLike, *, zero_m: float = ZERO_DISPERSION_M, slope_s_per_m3: float = ZERO_SLOPE_S_PER_M3
):
    """Chromatic dispersion of standard single-mode fibre, s/m2 (1e-6 of it is 1 ps/(nm km)).

    >>> float((dispersion_s_per_m2(1550e-9) * 1e6).round(1))
    17.1
    """
    check_domain("wavelength_m", wavelength_m, WAVELENGTH, what="dispersion")
    wave = np.asarray(wavelength_m, float)
    return (0.25 * slope_s_per_m3 * (wave - zero_m**4 / wave**3))[()]


def phase_mismatch_per_m(f_i_hz: ArrayLike, f_j_hz: ArrayLike, f_k_hz: ArrayLike, **fibre: float):
    """db in 1/m of the wave at f_i + f_j - f_k, third-order dispersion included; `fibre` as in `dispersion_s_per_m2`.

    >>> float(phase_mismatch_per_m(193.1e12, 193.1e12, 193.2e12).round(4))
    0.0087
    """
    f_i, f_j, f_k = (np.asarray(f, float) for f in (f_i_hz, f_j_hz, f_k_hz))
    wave = SPEED_OF_LIGHT_M_PER_S / (0.5 * (f_i + f_j))
    curve = 2.0 * np.pi * wave**2 / SPEED_OF_LIGHT_M_PER_S * np.abs(dispersion_s_per_m2(wave, **fibre))
    return (curve * np.abs(f_i - f_k) * np.abs(f_j - f_k))[()]


def mixing_power_w(
    power_i_w: ArrayLike,
    power_j_w: ArrayLike,
    power_k_w: ArrayLike,
    length_m: ArrayLike,
    *,
    mismatch_per_m: ArrayLike,
    alpha_per_m: ArrayLike,
    degenerate: ArrayLike = False,
    nonlinearity_per_w_m: ArrayLike = STANDARD_FIBRE_PER_W_M,
):
    """Watts of one mixing product at the end of the fibre; broadcast shape of the inputs.

    Parameters
    ----------
    power_i_w, power_j_w, power_k_w : launched. mismatch_per_m : db. alpha_per_m : attenuation, the same for all waves.
    degenerate : whether i and j are one channel. nonlinearity_per_w_m : gamma.

    Left out: depletion of the channels, random polarisations (parallel ones are assumed, the most), counter-propagating
    channels, which do not mix.

    >>> float((mixing_power_w(1e-3, 1e-3, 1e-3, 25e3, mismatch_per_m=0.0, alpha_per_m=4.6e-5) * 1e9).round(1))
    472.4
    """
    what = "four-wave mixing"
    for name, value in {"power_i_w": power_i_w, "power_j_w": power_j_w, "power_k_w": power_k_w}.items():
        check_domain(name, value, POWER, what=what, advice="did you give dBm or mW?")
    check_domain("length_m", length_m, LENGTH, what=what)
    check_domain("mismatch_per_m", mismatch_per_m, MISMATCH, what=what)
    check_domain("alpha_per_m", alpha_per_m, ALPHA, what=what)
    check_domain("nonlinearity_per_w_m", nonlinearity_per_w_m, NONLINEARITY, what=what)
    length, db, alpha, gamma = (
        np.asarray(x, float) for x in (length_m, mismatch_per_m, alpha_per_m, nonlinearity_per_w_m)
    )
    decay = np.exp(-alpha * length)
    grown = (-np.expm1(-alpha * length)) ** 2 + 4.0 * decay * np.sin(0.5 * db * length) ** 2
    ways = np.where(np.asarray(degenerate, bool), 1.0, 4.0)  # (D / 3)^2
    powers = np.asarray(power_i_w, float) * np.asarray(power_j_w, float) * np.asarray(power_k_w, float)
    return (ways * gamma**2 * powers * decay * grown / (alpha**2 + db**2))[()]


def mixing_photons_per_s(
    powers_w: ArrayLike,
    frequencies_hz: ArrayLike,
    quantum_hz: ArrayLike,
    bandwidth_hz: ArrayLike,
    length_m: float,
    *,
    alpha_per_m: float,
    nonlinearity_per_w_m: float = STANDARD_FIBRE_PER_W_M,
    **fibre: float,
):
    """Photons per second within quantum channels from all products of the classical ones; shape of `quantum_hz`.

    A product counts whole when its centre lies within half of `bandwidth_hz` of the quantum channel, else not at all:
    right for products narrower than the filter, and on a common grid.

    Parameters
    ----------
    powers_w, frequencies_hz : shape [channels], at most 200, all in the direction of the quantum signal.
    quantum_hz : any shape. bandwidth_hz : of its filter. The others are those of `mixing_power_w`.

    >>> f = 193.1e12 + 100e9 * np.arange(2)
    >>> n = mixing_photons_per_s([1e-3, 1e-3], f, [193.0e12, 192.0e12], 50e9, 25e3, alpha_per_m=4.6e-5)
    >>> bool(n[0] > 1e6), float(n[1])
    (True, 0.0)
    """
    power, f = np.asarray(powers_w, float), np.asarray(frequencies_hz, float)
    if power.shape != f.shape or f.ndim != 1 or not 1 <= f.size <= _MOST_CHANNELS:
        raise DomainError(
            f"four-wave mixing: powers of shape {power.shape} at frequencies of shape {f.shape}, allowed one power for "
            f"each of 1 to {_MOST_CHANNELS} channels"
        )
    i, j = np.triu_indices(f.size)
    pair, k = np.meshgrid(np.arange(i.size), np.arange(f.size), indexing="ij")
    i, j, k = i[pair].ravel(), j[pair].ravel(), k.ravel()
    mixes = (k != i) & (k != j)
    i, j, k = i[mixes], j[mixes], k[mixes]
    made_hz = f[i] + f[j] - f[k]
    watts = mixing_power_w(
        power[i],
        power[j],
        power[k],
        length_m,
        mismatch_per_m=phase_mismatch_per_m(f[i], f[j], f[k], **fibre),
        alpha_per_m=alpha_per_m,
        degenerate=i == j,
        nonlinearity_per_w_m=nonlinearity_per_w_m,
    )
    order = np.argsort(made_hz)
    made_hz, summed = made_hz[order], np.concatenate([[0.0], np.cumsum((watts / (PLANCK_J_S * made_hz))[order])])
    quantum, half = np.asarray(quantum_hz, float), 0.5 * np.asarray(bandwidth_hz, float)
    first = np.searchsorted(made_hz, quantum - half, side="left")
    last = np.searchsorted(made_hz, quantum + half, side="right")
    return np.where(last > first, summed[last] - summed[first], 0.0)[()]


_SHORT = {"power_i_w": 1e-3, "power_j_w": 1e-3, "power_k_w": 1e-3, "mismatch_per_m": 0.0, "alpha_per_m": 1e-6}
register(
    ModelCard(
        id="optical.four_wave_mixing.power",
        title="Power of a four-wave mixing product in fibre",
        function=mixing_power_w,
        sources=(
            Citation(
                "shibata1987",
                "N. Shibata, R. P. Braun, R. G. Waarts, Phase-mismatch dependence of efficiency of wave generation "
                "through four-wave mixing in a single-mode optical fiber, IEEE J. Quantum Electron. 23, 1205 (1987)",
                "https://doi.org/10.1109/JQE.1987.1073489",
            ),
            Citation(
                "peters2009",
                "N. A. Peters et al., Dense wavelength multiplexing of 1550 nm QKD with strong classical channels in "
                "reconfigurable networking environments, New J. Phys. 11, 045012 (2009)",
                "https://doi.org/10.1088/1367-2630/11/4/045012",
            ),
        ),
        valid={
            "power_i_w": POWER,
            "power_j_w": POWER,
            "power_k_w": POWER,
            "length_m": LENGTH,
            "mismatch_per_m": MISMATCH,
            "alpha_per_m": ALPHA,
        },
        references=(
            Reference(
                {**_SHORT, "length_m": 1000.0, "nonlinearity_per_w_m": 1e-3},
                4.0e-9 * np.exp(-2e-3),
                "short lossless limit (2 gamma L)^2 P^3, with its attenuation to first order",
                rel=1e-5,
            ),
        ),
        increasing=("power_i_w", "power_j_w", "power_k_w"),
        left_out="depletion, polarisation averaging, counter-propagation",
    )
)
