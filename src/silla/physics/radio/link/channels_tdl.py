"""Tapped delay lines: TR 38.901 TDL-A to E, the fixed profiles of TS 38.101-4, and two-user pairs of them.

Taps fade by Xiao's sum of sinusoids, whose mean autocorrelation is Clarke's J0 exactly, with random phases of every
antenna pair; a given spatial correlation is put on the pairs of each tap.
"""

from __future__ import annotations

import functools
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation
from silla.physics.radio.link.channels import PathChannel, rms_delay_spread
from silla.physics.radio.link.channels_correlation import square_root, uniform_correlation

__all__ = ["TDL_PROFILES", "XIAO", "double_tdl", "draw_tdl", "max_doppler_hz", "tdl_power", "tdl_profile"]

XIAO = Citation(
    "Xiao2006",
    "C. Xiao, Y. R. Zheng, N. C. Beaulieu, Novel sum-of-sinusoids simulation models for Rayleigh and Rician fading "
    "channels, IEEE Trans. Wireless Commun. 5(12), 2006",
    "10.1109/TWC.2006.256990",
)
SPEED_OF_LIGHT = 299_792_458.0
N_SINUSOIDS = 20
LOS_DOPPLER = 0.7  # of the maximum: TR 38.901 clause 7.7.2
_F64 = NDArray[np.float64]


@functools.cache
def _tables() -> dict[str, tuple[_F64, _F64, bool]]:
    """profile -> (delays, powers in dB, whether the first row is the line of sight)."""
    text = resources.files("silla.physics.radio.link").joinpath("data").joinpath("tdl.csv").read_text().splitlines()
    rows: dict[str, list[list[str]]] = {}
    for line in text[2:]:
        name, *row = line.split(",")
        rows.setdefault(name, []).append(row)
    return {
        name: (np.array([float(r[0]) for r in part]), np.array([float(r[1]) for r in part]), part[0][2] == "los")
        for name, part in rows.items()
    }


TDL_PROFILES = ("A", "B", "C", "D", "E", "A10", "A30", "B100", "C60", "C300", "D10", "D30")


def max_doppler_hz(speed_m_per_s: float, carrier_hz: float) -> float:
    """v f / c in Hz.

    >>> round(max_doppler_hz(30.0, 3.5e9), 2)
    350.24
    """
    return float(speed_m_per_s) * float(carrier_hz) / SPEED_OF_LIGHT


def tdl_profile(
    profile: str, delay_spread_s: float | None = None, k_factor_db: float | None = None
) -> tuple[_F64, _F64, float]:
    """(delays in s [n_taps], Rayleigh powers [n_taps], line-of-sight power at the first tap), powers summing to 1.

    profile : "A" to "E" (TR 38.901 Tables 7.7.2-1 to 5), scaled to the rms delay spread; "A10" to "D30" (TS 38.101-4
    Annex B.2.1) have their own and take none. k_factor_db : the wanted K-factor of D and E (clause 7.7.6), after which
    the delay spread is normalised anew; None keeps the table's.

    >>> delays, power, los = tdl_profile("A", 100e-9)
    >>> len(delays), round(float(power.sum() + los), 6)
    (23, 1.0)
    """
    name = str(profile).upper().removeprefix("TDL").removeprefix("-")
    if name not in TDL_PROFILES:
        raise ArgumentError(
            f"TDL profile {profile!r} is not known; known: {', '.join(TDL_PROFILES)} (TR 38.901 clause 7.7.2, "
            "TS 38.101-4 Annex B.2.1)"
        )
    delay, power_db, los = _tables()[name]
    power = 10.0 ** (power_db / 10.0)
    scalable = len(name) == 1
    if scalable and (delay_spread_s is None or not 0.0 <= delay_spread_s < 1e-3):
        raise ArgumentError(f"TDL-{name} needs its rms delay spread in seconds (0 to 1e-3), found {delay_spread_s!r}")
    if not scalable and delay_spread_s is not None:
        raise ArgumentError(f"TDL-{name} has fixed delays (TS 38.101-4 Annex B.2.1): it takes no delay spread")
    if k_factor_db is not None:
        if not los:
            raise ArgumentError(f"TDL-{name} has no line of sight: it takes no K-factor (TR 38.901 clause 7.7.6)")
        power[1:] *= power[0] / power[1:].sum() / 10.0 ** (k_factor_db / 10.0)
        if scalable:
            delay = delay / rms_delay_spread(delay, power)
    scale = float(delay_spread_s) if scalable and delay_spread_s is not None else 1e-9
    power /= power.sum()
    if los:
        return delay[1:] * scale, power[1:], float(power[0])
    return delay * scale, power, 0.0


def tdl_power(profile: str, delay_spread_s: float | None = None, k_factor_db: float | None = None) -> tuple[_F64, _F64]:
    """(delays in s, powers) of a profile with the line of sight in its first tap: what an LMMSE estimator is told."""
    delay, power, los = tdl_profile(profile, delay_spread_s, k_factor_db)
    return delay, power + los * (np.arange(len(power)) == 0)


def draw_tdl(
    profile: str,
    *,
    rng: np.random.Generator,
    batch: int = 1,
    n_rx: int = 1,
    n_tx: int = 1,
    delay_spread_s: float | None = None,
    k_factor_db: float | None = None,
    doppler_hz: float = 0.0,
    correlation: str | tuple[float, float] | np.ndarray = "low",
    n_sinusoids: int = N_SINUSOIDS,
) -> PathChannel:
    """`batch` independent channels of a profile.

    doppler_hz : maximum Doppler shift v f / c. correlation : level of `uniform_correlation`, or a matrix [n_rx n_tx,
    n_rx n_tx] with antenna pair (r, t) at r n_tx + t. Tap p of antenna pair a is
    sqrt(P_p / N) sum_n exp(j (2 pi f_D t cos(alpha_pn) + phi_apn)), alpha_pn = (2 pi n + theta_pn) / N with theta and
    phi uniform (Xiao 2006, equation 6); a line of sight adds a tone at 0.7 f_D (TR 38.901 clause 7.7.2), coherent over
    the antennas. Mean power per antenna pair is 1.

    >>> channel = draw_tdl("C", delay_spread_s=300e-9, rng=np.random.default_rng(1), n_rx=4, doppler_hz=100.0)
    >>> channel.gain.shape
    (1, 4, 1, 24, 20)
    """
    if batch < 1 or n_rx < 1 or n_tx < 1 or n_sinusoids < 4:
        raise ArgumentError(
            f"batch {batch}, n_rx {n_rx} and n_tx {n_tx} must be at least 1 and n_sinusoids {n_sinusoids} at least 4"
        )
    if not 0.0 <= doppler_hz < np.inf:
        raise ArgumentError(f"maximum Doppler shift {doppler_hz!r} Hz; it must be finite and not negative")
    delay, power, los = tdl_profile(profile, delay_spread_s, k_factor_db)
    n_taps, n_pairs = len(delay), n_rx * n_tx
    phase = rng.random((batch, n_pairs, n_taps, n_sinusoids), dtype=np.float32)
    gain = np.exp(np.complex64(2j * np.pi) * phase)
    gain *= np.sqrt(power / n_sinusoids).astype(np.float32)[:, None]
    alpha = (np.arange(n_sinusoids) + rng.random((batch, n_taps, n_sinusoids)) - 0.5) * (2 * np.pi / n_sinusoids)
    doppler = doppler_hz * np.cos(alpha)
    gain = _correlated(gain, n_rx, n_tx, correlation).reshape(batch, n_rx, n_tx, n_taps, n_sinusoids)
    if los:
        tone = np.sqrt(los) * np.exp(2j * np.pi * rng.random(batch))
        gain, doppler = _with_tone(gain, doppler, tone, LOS_DOPPLER * doppler_hz)
    return PathChannel(gain, delay, doppler)


def _correlated(gain: np.ndarray, n_rx: int, n_tx: int, correlation) -> np.ndarray:
    """gain [batch, n_rx n_tx, ...] with correlated antenna pairs."""
    if isinstance(correlation, str | tuple):
        matrix = uniform_correlation(n_rx, n_tx, correlation)
    else:
        matrix = np.asarray(correlation)
        if matrix.shape != (n_rx * n_tx, n_rx * n_tx):
            raise ArgumentError(f"a spatial correlation of shape {matrix.shape}; expected {(n_rx * n_tx, n_rx * n_tx)}")
    if np.array_equal(matrix, np.eye(len(matrix))):
        return gain
    root = square_root(matrix).astype(np.complex64)
    shape = gain.shape
    return np.matmul(root, gain.reshape(shape[0], shape[1], -1)).reshape(shape)


def _with_tone(
    gain: np.ndarray, doppler: np.ndarray, tone: np.ndarray, shift_hz: float
) -> tuple[np.ndarray, np.ndarray]:
    """One ray more: the line of sight on the first tap, nothing on the others."""
    extra = np.zeros((*gain.shape[:-1], 1), np.complex64)
    extra[:, :, :, 0, 0] = tone[:, None, None]
    shift = np.full((*doppler.shape[:-1], 1), 0.0)
    shift[:, 0, 0] = shift_hz
    return np.concatenate([gain, extra], axis=-1), np.concatenate([doppler, shift], axis=-1)


def double_tdl(
    *, rng: np.random.Generator, batch: int = 1, n_rx: int = 4, n_tx: int = 1, correlation: str = "low"
) -> tuple[PathChannel, PathChannel]:
    """The channels of two users on one receiver: TDL-B100 with 400 Hz and TDL-C300 with 100 Hz maximum Doppler shift.

    The two-user scenario "DoubleTDL" of the 5G neural receiver (Wiesmayr et al., arXiv 2409.02912), with `correlation`
    "low", "medium" or "high" of TS 38.104 Annex G.2.3.1. n_tx antennas per user.
    """
    first = draw_tdl("B100", rng=rng, batch=batch, n_rx=n_rx, n_tx=n_tx, doppler_hz=400.0, correlation=correlation)
    second = draw_tdl("C300", rng=rng, batch=batch, n_rx=n_rx, n_tx=n_tx, doppler_hz=100.0, correlation=correlation)
    return first, second
