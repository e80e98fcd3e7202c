"""How well any code of a given length could do: the normal approximation of finite block lengths, on fading too.

A block of k bits over n complex channel uses of signal-to-noise ratios gamma_i, known to the receiver, is lost with
probability about Q((C - k + log2(2 n) / 2) / sqrt(V)), C and V the sums of capacity and dispersion (Polyanskiy, Poor &
Verdu 2010). With a constellation, C and V are moments of its information density in place of the Gaussian ones.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, ModelCard, Reference, register
from silla.physics.radio.link.channels import check_numerology, frequency_response
from silla.physics.radio.link.mapping import axis_levels, bits_per_symbol
from silla.physics.radio.link.simulate import LinkConfig, code_words, data_places, sent_power

__all__ = ["POLYANSKIY", "finite_block_bler", "finite_block_bound", "information_moments"]

POLYANSKIY = Citation(
    "Polyanskiy2010",
    "Y. Polyanskiy, H. V. Poor, S. Verdu, Channel coding rate in the finite blocklength regime, IEEE Trans. Inf. "
    "Theory 56(5), 2010",
    "10.1109/TIT.2010.2043769",
)
_F64 = NDArray[np.float64]
_LOG2E = float(np.log2(np.e))


def information_moments(snr: ArrayLike, modulation: str | None = None) -> tuple[_F64, _F64]:
    """(mean, variance) of the information density in bit and bit^2 per complex channel use, of snr's shape.

    snr : linear. modulation : a square constellation ("qpsk" .. "qam4096") with equally likely symbols; None for the
    capacity of the power-constrained channel: C = log2(1 + g), V = (1 - (1 + g)^-2) log2(e)^2.

    >>> c, v = information_moments(1.0)
    >>> float(c), round(float(v), 4)
    (1.0, 1.561)
    """
    g = np.asarray(snr, float)
    if not (np.isfinite(g).all() and (g >= 0).all()):
        raise ArgumentError("snr must be finite and not negative (linear)")
    if modulation is None:
        return np.log2(1.0 + g), (1.0 - (1.0 + g) ** -2) * _LOG2E**2
    grid, mean, variance = _moment_table(modulation)
    at = 10.0 * np.log10(np.maximum(g, 1e-6))
    return np.interp(at, grid, mean), np.interp(at, grid, variance)


@functools.lru_cache(maxsize=8)
def _moment_table(modulation: str) -> tuple[_F64, _F64, _F64]:
    """(SNR in dB, mean, variance), every 0.1 dB: by Gauss-Hermite quadrature over the noise of one axis."""
    if bits_per_symbol(modulation) % 2:
        raise ArgumentError(f"{modulation} is no square constellation")
    levels, grid = axis_levels(modulation), np.arange(-60.0, 60.05, 0.1)
    node, weight = np.polynomial.hermite.hermgauss(48)
    weight = weight / weight.sum()
    mean, variance = np.empty(len(grid)), np.empty(len(grid))
    for i, sigma in enumerate(np.sqrt(0.5 * 10.0 ** (-grid / 10.0))):  # of an axis
        away = (levels[:, None] - levels)[:, None, :] / sigma  # [sent, 1, other]
        n = np.sqrt(2.0) * node[None, :, None]
        exponent = -((away + n) ** 2 - n**2) / 2.0
        top = exponent.max(axis=-1, keepdims=True)
        log_sum = (top[..., 0] + np.log(np.exp(exponent - top).sum(axis=-1))) * _LOG2E
        density = np.log2(len(levels)) - log_sum
        first = (density @ weight).mean()
        mean[i], variance[i] = 2 * first, 2 * max(float((density**2 @ weight).mean() - first**2), 0.0)
    return grid, np.maximum(mean, 0.0), variance


def finite_block_bound(
    n_bits: int, snr: ArrayLike, modulation: str | None = None, *, n_uses: float | None = None
) -> _F64:
    """Probability [...] that the best code of this length loses a block, for channels snr [..., n] (linear).

    n_bits : k, information bits of the block. snr : of each channel use, or of samples of them: n_uses says how many
    uses the block really has (default: the length of the last axis). Each row is one state of the channel, known to the
    receiver; on a fading channel average the answer over rows. It is an approximation, good from about 100 uses on.

    >>> round(float(finite_block_bound(500, np.full(1000, 1.0))), 3)
    0.0
    """
    g = np.atleast_1d(np.asarray(snr, float))
    n = float(g.shape[-1] if n_uses is None else n_uses)
    if n_bits < 1 or not n >= 1:
        raise ArgumentError(f"{n_bits!r} bits in {n:g} channel uses; both must be at least 1")
    c, v = information_moments(g, modulation)
    mean, variance = n * c.mean(axis=-1), n * v.mean(axis=-1)
    top = np.inf if modulation is None else n * bits_per_symbol(modulation)
    margin = mean - n_bits + 0.5 * np.log2(2.0 * n)
    return np.where(n_bits > top, 1.0, ndtr(-margin / np.sqrt(np.maximum(variance, 1e-12))))


def finite_block_bler(config: LinkConfig, snr_db: ArrayLike, n_slots: int, rng: np.random.Generator) -> _F64:
    """Mean over `n_slots` channels of the bound on the block error rate of a link, shaped as snr_db: no receiver and
    code does better. All ratios see the same channels.

    True channel state, Gaussian signals, joint detection: each resource element with eigenvalues l_i of H^H H / N0
    gives sum_i log2(1 + l_i). One user with one code word.
    """
    words = [word for user in config.users for word in code_words(user)]
    if len(words) != 1:
        raise ArgumentError("the finite-block bound of a link needs one user with one code word")
    user, numerology = config.users[0], config.numerology
    ratios = np.asarray(snr_db, float)
    n0 = sent_power(user) / 10.0 ** (ratios.reshape(-1, 1) / 10.0)
    places = data_places(user)
    symbol, subcarrier = places // numerology.n_subcarriers, places % numerology.n_subcarriers
    used = np.unique(subcarrier)
    symbols, tones = np.unique(symbol)[::3], used[:: max(4, len(used) // 200)]
    times = numerology.symbol_times_s(user.carrier.slot)[symbols]
    lost = np.zeros(ratios.size)
    w = getattr(user, "precoder", None)
    ports = user.n_layers if w is None else len(w)
    for _ in range(n_slots):
        channel = config.channel.draw(1, config.n_rx, ports, 1, rng)[0]
        check_numerology(channel, numerology)
        h = frequency_response(channel, times, numerology.subcarrier_hz()[tones])[0].transpose(2, 3, 0, 1)
        h = h if w is None else h @ w
        eigen = np.linalg.eigvalsh(h.conj().swapaxes(-1, -2) @ h)[..., -min(h.shape[-2:]) :]
        modes = np.maximum(eigen, 0.0).reshape(1, -1) / n0
        # the modes of one use count together: n_uses times as many real dimensions
        lost += finite_block_bound(words[0].tbs, modes, n_uses=len(places) * eigen.shape[-1])
    return (lost / n_slots if n_slots else np.full(lost.shape, np.nan)).reshape(ratios.shape)


def _bound_db(n_bits: int, n_uses: int, snr_db: float) -> float:
    return float(finite_block_bound(n_bits, 10.0 ** (snr_db / 10.0), n_uses=n_uses)[()])


def _qpsk_bits(snr_db: float) -> float:
    return float(information_moments(10.0 ** (snr_db / 10.0), "qpsk")[0])


register(
    ModelCard(
        id="radio.link.finite_block",
        title="Mutual information of QPSK, of the finite-block bound",
        function=_qpsk_bits,
        sources=(POLYANSKIY,),
        references=(
            Reference({"snr_db": 0.187}, 1.0, "rate-1/2 limit of binary signals, Eb/N0 = 0.187 dB", absolute=1e-3),
        ),
        increasing=("snr_db",),
        left_out="codes below about 100 channel uses, where the normal approximation is poor",
    )
)
