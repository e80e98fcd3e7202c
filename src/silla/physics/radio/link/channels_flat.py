"""Flat fading: Rayleigh and Rician, in blocks or with Clarke's autocorrelation, exactly or by sinusoids."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import j0

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register
from silla.physics.radio.link.channels import PathChannel
from silla.physics.radio.link.channels_correlation import square_root

__all__ = ["CLARKE", "clarke_autocorrelation", "clarke_gains", "draw_block_fading", "draw_flat"]

CLARKE = Citation("Clarke1968", "R. H. Clarke, A statistical theory of mobile-radio reception, Bell Syst. Tech. J. 47, "
                  "1968", "10.1002/j.1538-7305.1968.tb00069.x")  # fmt: skip
_C64 = NDArray[np.complex64]


def clarke_autocorrelation(time_s: ArrayLike, doppler_hz: float) -> NDArray[np.float64]:
    """J0(2 pi f_D t): correlation of a Rayleigh fading gain with itself t seconds later (Clarke 1968).

    >>> round(float(clarke_autocorrelation(1e-3, 100.0)), 4)
    0.9037
    """
    return j0(2.0 * np.pi * float(doppler_hz) * np.asarray(time_s, float))


def _split(k_factor: float | None) -> tuple[float, float]:
    """(amplitude of the line of sight, amplitude of the scattered part) for a linear K-factor."""
    if k_factor is None:
        return 0.0, 1.0
    if not 0.0 <= k_factor < np.inf:
        raise ArgumentError(f"Rician K-factor {k_factor!r} (linear); it must be finite and not negative")
    return float(np.sqrt(k_factor / (k_factor + 1.0))), float(np.sqrt(1.0 / (k_factor + 1.0)))


def draw_block_fading(shape: int | tuple[int, ...], *, rng: np.random.Generator, k_factor: float | None = None) -> _C64:
    """Independent gains of unit mean power: Rayleigh, or Rician with a linear K-factor and a uniform phase.

    >>> draw_block_fading((2, 4), rng=np.random.default_rng(0)).shape
    (2, 4)
    """
    los, scattered = _split(k_factor)
    normal = rng.standard_normal((2, *np.atleast_1d(shape)))
    gain = scattered * np.sqrt(0.5) * (normal[0] + 1j * normal[1])
    if los:
        gain = gain + los * np.exp(2j * np.pi * rng.random(gain.shape))
    return gain.astype(np.complex64)


def clarke_gains(
    time_s: ArrayLike, doppler_hz: float, *, rng: np.random.Generator, shape: int | tuple[int, ...] = ()
) -> _C64:
    """Rayleigh gains [*shape, n_times], Gaussian with the autocorrelation J0(2 pi f_D t) exactly.

    Drawn through the root of the covariance matrix of the times [n_times], any times, at most 4096.
    """
    t = np.atleast_1d(np.asarray(time_s, float))
    if len(t) > 4096:
        raise ArgumentError(f"{len(t)} times at once; at most 4096 (use draw_flat, whose gains are sums of sinusoids)")
    root = square_root(clarke_autocorrelation(t[:, None] - t, doppler_hz))
    normal = rng.standard_normal((2, *np.atleast_1d(np.asarray(shape, int)), len(t)))
    return (np.sqrt(0.5) * (normal[0] + 1j * normal[1]) @ root.conj()).astype(np.complex64)


def draw_flat(
    *,
    rng: np.random.Generator,
    batch: int = 1,
    n_rx: int = 1,
    n_tx: int = 1,
    doppler_hz: float = 0.0,
    k_factor: float | None = None,
    n_sinusoids: int = 64,
) -> PathChannel:
    """Flat Rayleigh (or, with a linear K-factor, Rician) fading: one path at delay 0.

    At doppler_hz = 0 the gain is one complex Gaussian number per antenna pair (block fading); above 0 it is Xiao's sum
    of sinusoids, independent over antenna pairs. The line of sight has the Doppler shift 0.7 f_D.
    """
    los, scattered = _split(k_factor)
    if doppler_hz == 0.0:
        gain = scattered * draw_block_fading((batch, n_rx, n_tx, 1, 1), rng=rng)
        doppler = np.zeros((batch, 1, 1))
    else:
        alpha = (np.arange(n_sinusoids) + rng.random((batch, 1, n_sinusoids)) - 0.5) * (2 * np.pi / n_sinusoids)
        doppler = float(doppler_hz) * np.cos(alpha)
        phase = rng.random((batch, n_rx, n_tx, 1, n_sinusoids))
        gain = scattered * np.exp(2j * np.pi * phase) / np.sqrt(n_sinusoids)
    if los:
        tone = los * np.exp(2j * np.pi * rng.random((batch, 1, 1, 1, 1)))
        gain = np.concatenate([gain, np.broadcast_to(tone, (*gain.shape[:4], 1))], axis=-1)
        doppler = np.concatenate([doppler, np.full((batch, 1, 1), 0.7 * doppler_hz)], axis=-1)
    return PathChannel(gain.astype(np.complex64), np.zeros(1), doppler)


register(
    ModelCard(
        id="radio.link.clarke",
        title="Doppler autocorrelation of Rayleigh fading",
        function=clarke_autocorrelation,
        sources=(CLARKE,),
        references=(
            Reference({"time_s": 0.0, "doppler_hz": 100.0}, 1.0, "definition", rel=1e-12),
            Reference(
                {"time_s": 2.404825557695773 / (2 * np.pi), "doppler_hz": 1.0}, 0.0, "first zero of J0", absolute=1e-12
            ),
        ),
        left_out="arrival angles that are not uniform, elevation",
    )
)
