"""OFDM of NR: numerologies 0 to 6 with their exact cyclic prefixes, modulation, demodulation, transform precoding.

Subcarrier 0 of a grid is the lowest one; subcarrier k of K lies at (k - K/2) subcarrier spacings from the carrier
(TS 38.211 clause 5.3.1 with k_0 = 0). Transforms are unitary: K subcarriers of unit energy give samples of mean
power K / n_fft.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft as _scipy_fft

from silla.base.errors import ArgumentError, DomainError
from silla.base.kernels import kernel
from silla.base.provenance import Citation

__all__ = [
    "TS38211", "Numerology", "check_transform_size", "demodulate", "modulate", "phase_compensation", "to_samples",
    "to_subcarriers", "transform_deprecode", "transform_precode",
]  # fmt: skip

TS38211 = Citation("TS38211", "3GPP TS 38.211, NR; Physical channels and modulation, V17.5.0", "clauses 4 and 5.3.1")
_C64 = NDArray[np.complex64]
scipy_fft: Any = _scipy_fft  # scipy declares the dispatch of its transforms, not the arrays that come back


@dataclass(frozen=True)
class Numerology:
    """Subcarrier spacing, symbols and cyclic prefixes of one NR carrier (TS 38.211 clauses 4.2, 4.3 and 5.3.1).

    mu : 0..6, the subcarrier spacing is 15 kHz x 2^mu. n_prb : resource blocks, 1..275. extended : extended cyclic
    prefix, for mu = 2 alone. n_fft : transform size, a multiple of 128 so that every prefix is a whole number of
    samples; None for the least power of two that holds the carrier.

    >>> n = Numerology(1, 273)
    >>> n.n_fft, n.sample_rate_hz, n.cyclic_prefixes(0)[:2].tolist(), n.slot_samples(0)
    (4096, 122880000.0, [352, 288], 61440)
    """

    mu: int
    n_prb: int
    extended: bool = False
    n_fft: int | None = None

    def __post_init__(self) -> None:
        if self.mu not in range(7):
            raise ArgumentError(f"numerology mu is {self.mu!r}; allowed: 0 to 6 (TS 38.211 Table 4.2-1)")
        if not 1 <= self.n_prb <= 275:
            raise ArgumentError(f"{self.n_prb!r} resource blocks; allowed: 1 to 275 (TS 38.211 clause 4.4.2)")
        if self.extended and self.mu != 2:
            raise ArgumentError(
                f"the extended cyclic prefix exists for mu = 2 alone, not for mu = {self.mu} (TS 38.211 Table 4.2-1)"
            )
        size = max(128, 1 << (12 * self.n_prb - 1).bit_length()) if self.n_fft is None else int(self.n_fft)
        if size % 128 or size < 12 * self.n_prb:
            raise ArgumentError(
                f"n_fft is {size}; it must be a multiple of 128 (whole samples in every cyclic prefix) and hold "
                f"{12 * self.n_prb} subcarriers"
            )
        object.__setattr__(self, "n_fft", size)

    @property
    def size(self) -> int:
        """Transform size."""
        assert self.n_fft is not None
        return self.n_fft

    @property
    def scs_hz(self) -> float:
        """Subcarrier spacing in Hz."""
        return 15e3 * 2**self.mu

    @property
    def sample_rate_hz(self) -> float:
        return self.scs_hz * self.size

    @property
    def n_subcarriers(self) -> int:
        return 12 * self.n_prb

    @property
    def n_symbols(self) -> int:
        """OFDM symbols of a slot."""
        return 12 if self.extended else 14

    @property
    def slots_per_subframe(self) -> int:
        return 2**self.mu

    def subcarrier_hz(self) -> NDArray[np.floating]:
        """Frequency [n_subcarriers] of each subcarrier from the carrier."""
        return (np.arange(self.n_subcarriers) - self.n_subcarriers // 2) * self.scs_hz

    def cyclic_prefixes(self, slot: int = 0) -> NDArray[np.int64]:
        """Samples [n_symbols] of the cyclic prefixes of a slot of the subframe (counted modulo its slots).

        N_CP = 144 kappa 2^-mu, 16 kappa more in symbols 0 and 7 2^mu of the subframe; 512 kappa 2^-mu extended.
        """
        if self.extended:
            return np.full(self.n_symbols, self.size // 4)
        index = slot % self.slots_per_subframe * 14 + np.arange(14)
        late = index % (7 * 2**self.mu) == 0
        return 9 * self.size // 128 + late * (2**self.mu * self.size // 128)

    def slot_samples(self, slot: int = 0) -> int:
        """Samples of a slot."""
        return int(self.cyclic_prefixes(slot).sum()) + self.n_symbols * self.size

    def symbol_starts(self, slot: int = 0) -> NDArray[np.int64]:
        """Sample [n_symbols], from the slot's start, of the first sample of each symbol after its prefix."""
        prefixes = self.cyclic_prefixes(slot)
        return np.cumsum(prefixes) + self.size * np.arange(self.n_symbols)

    def symbol_times_s(self, slot: int = 0) -> NDArray[np.floating]:
        """Middle [n_symbols] of each symbol's useful part, in seconds from the start of the subframe's slot."""
        return (self.symbol_starts(slot) + self.size / 2) / self.sample_rate_hz


def _expect_grid(grid: np.ndarray, numerology: Numerology) -> np.ndarray:
    grid = np.asarray(grid)
    if grid.ndim < 2 or grid.shape[-1] != numerology.n_subcarriers:
        raise ArgumentError(
            f"a grid of shape {grid.shape}; expected [..., symbols, {numerology.n_subcarriers} subcarriers]"
        )
    if not 1 <= grid.shape[-2] <= numerology.n_symbols:
        raise ArgumentError(f"{grid.shape[-2]} symbols in a slot of {numerology.n_symbols}")
    return grid


def to_samples(grid: np.ndarray, n_fft: int, scale: float = 1.0) -> _C64:
    """Samples complex64 [..., n_fft] of symbols without prefixes: scale times the unitary transform of the subcarriers.

    grid : [..., K], subcarrier k at bin (k - floor(K / 2)) mod n_fft, the other bins empty.

    >>> to_samples(np.array([0, 0, 1, 0]), 16).real.tolist() == [0.25] * 16
    True
    """
    x, k = _rows(grid, n_fft, np.shape(grid)[-1])
    if (found := _by_kernel(x, n_fft, k, scale, False)) is not None:
        return found.reshape(*np.shape(grid)[:-1], n_fft)
    spectrum = np.zeros((*x.shape[:-1], n_fft), np.complex64)
    half = k // 2
    spectrum[..., : k - half] = x[..., half:]
    spectrum[..., n_fft - half :] = x[..., :half]
    samples = scipy_fft.ifft(spectrum, axis=-1, norm="ortho", overwrite_x=True)
    return _scaled(samples, scale).reshape(*np.shape(grid)[:-1], n_fft)


def to_subcarriers(samples: np.ndarray, n_subcarriers: int, scale: float = 1.0) -> _C64:
    """Subcarriers complex64 [..., K] of symbols without prefixes [..., n_fft]: the inverse of `to_samples`.

    >>> x = np.arange(5) + 1j
    >>> bool(np.allclose(to_subcarriers(to_samples(x, 128), 5), x, atol=1e-5))
    True
    """
    n_fft, k = np.shape(samples)[-1], n_subcarriers
    x, _ = _rows(samples, n_fft, k)
    if (found := _by_kernel(x, n_fft, k, scale, True)) is not None:
        return found.reshape(*np.shape(samples)[:-1], k)
    spectrum = np.asarray(scipy_fft.fft(x, axis=-1, norm="ortho"))
    half = k // 2
    grid = np.concatenate([spectrum[..., n_fft - half :], spectrum[..., : k - half]], axis=-1)
    return _scaled(grid, scale).reshape(*np.shape(samples)[:-1], k)


def _rows(x: np.ndarray, n_fft: int, k: int) -> tuple[_C64, int]:
    if not 1 <= k <= n_fft:
        raise ArgumentError(f"{k} subcarriers in a transform of {n_fft}; allowed: 1 to {n_fft}")
    x = np.ascontiguousarray(x, np.complex64)
    return x.reshape(-1, x.shape[-1]), k


def _scaled(x: np.ndarray, scale: float) -> _C64:
    return np.asarray(x * np.float32(scale) if scale != 1.0 else x, np.complex64)


def _by_kernel(x: _C64, n_fft: int, k: int, scale: float, forward: bool) -> _C64 | None:
    """Rows by the C++ kernel; None where there is none for the length."""
    fast = kernel("ofdm")
    if fast is None or n_fft < 64 or n_fft & (n_fft - 1):
        return None
    return fast(x.view(np.float32), n_fft, k, _twiddles(n_fft), scale / np.sqrt(n_fft), forward).view(np.complex64)


@functools.lru_cache(maxsize=16)
def _twiddles(n: int) -> NDArray[np.float32]:
    """Parts of exp(-2 pi j p / m), its square and cube, p < m / 4, for m = n, n / 4, .. while m >= 4."""
    parts = []
    while n >= 4:
        angle = -2.0 * np.pi / n * np.arange(n // 4) * np.array([[1], [2], [3]])
        parts.append(np.stack([np.cos(angle), np.sin(angle)], axis=1).ravel())
        n //= 4
    return np.concatenate(parts).astype(np.float32)


def modulate(
    grid: np.ndarray, numerology: Numerology, *, slot: int = 0, window: int = 0, carrier_hz: float | None = None
) -> _C64:
    """Samples complex64 [..., n] of the first symbols of a slot, each with its cyclic prefix.

    grid : [..., n_symbols, n_subcarriers]. window : samples over which neighbouring symbols overlap with raised-cosine
    edges, inside the cyclic prefix and so at its cost; 0 for none. With a window the answer is `window` samples longer:
    its tail overlaps the next slot's first prefix, to which the caller adds it. carrier_hz : with the compensation of
    `phase_compensation` for a mixer at that carrier that runs through, as samples for a radio need it (TS 38.211 clause
    5.4); None for none: a link whose two ends agree is the same without.

    >>> n = Numerology(1, 1)
    >>> modulate(np.ones((14, 12)), n).shape
    (1920,)
    """
    grid = _expect_grid(grid, numerology)
    n_symbols, size = grid.shape[-2], numerology.size
    prefixes = numerology.cyclic_prefixes(slot)[:n_symbols]
    if not 0 <= window <= int(prefixes.min()):
        raise ArgumentError(f"a window of {window} samples; allowed: 0 to the cyclic prefix's {int(prefixes.min())}")
    if carrier_hz is not None:
        grid = grid * phase_compensation(numerology, carrier_hz, slot=slot)[:n_symbols, None]
    useful = to_samples(grid, size)
    out = np.zeros((*grid.shape[:-2], int(prefixes.sum()) + n_symbols * size + window), np.complex64)
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(window) + 0.5) / max(window, 1))).astype(np.float32)
    at = 0
    for symbol, prefix in enumerate(prefixes.tolist()):
        wave = useful[..., symbol, :]
        whole = np.concatenate([wave[..., size - prefix :], wave, wave[..., :window]], axis=-1)
        if window:
            whole[..., :window] *= rise
            whole[..., whole.shape[-1] - window :] *= rise[::-1]
        out[..., at : at + whole.shape[-1]] += whole
        at += prefix + size
    return out


def demodulate(
    samples: np.ndarray,
    numerology: Numerology,
    *,
    n_symbols: int | None = None,
    slot: int = 0,
    early: int = 0,
    carrier_hz: float | None = None,
) -> _C64:
    """Grid complex64 [..., n_symbols, n_subcarriers] of the samples of a slot.

    early : samples by which each transform starts inside the prefix; the phase ramp that this gives is taken out.
    carrier_hz : of the transmitter's phase compensation, which is taken out too (see `modulate`).

    >>> n = Numerology(0, 2)
    >>> grid = np.exp(1j * np.arange(14 * 24)).reshape(14, 24)
    >>> bool(np.allclose(demodulate(modulate(grid, n), n, early=5), grid, atol=1e-5))
    True
    """
    samples = np.asarray(samples)
    count = numerology.n_symbols if n_symbols is None else int(n_symbols)
    if not 1 <= count <= numerology.n_symbols:
        raise ArgumentError(f"{count} symbols in a slot of {numerology.n_symbols}")
    size, starts = numerology.size, numerology.symbol_starts(slot)[:count]
    if not 0 <= early <= int(numerology.cyclic_prefixes(slot)[:count].min()):
        raise ArgumentError(f"transforms {early} samples early would start before the cyclic prefix")
    if samples.shape[-1] < int(starts[-1]) + size - early:
        raise ArgumentError(f"{samples.shape[-1]} samples hold fewer than {count} symbols of slot {slot}")
    places = starts[:, None] - early + np.arange(size)
    grid = to_subcarriers(samples[..., places], numerology.n_subcarriers)
    if early:
        k = np.arange(numerology.n_subcarriers) - numerology.n_subcarriers // 2
        grid = grid * np.exp(2j * np.pi * k * early / size)
    if carrier_hz is not None:
        grid = grid * phase_compensation(numerology, carrier_hz, slot=slot)[:count, None].conj()
    return grid.astype(np.complex64, copy=False)


def phase_compensation(numerology: Numerology, carrier_hz: float, *, slot: int = 0) -> _C64:
    """Factors complex64 [n_symbols] of a slot's symbols that make a carrier at carrier_hz start each at phase 0.

    TS 38.211 clause 5.4 mixes a symbol by exp(2 pi j f0 (t - t_l)), t_l its first sample after the prefix, counted from
    the subframe's start. A mixer that runs through, exp(2 pi j f0 t), needs symbols multiplied by exp(-2 pi j f0 t_l).

    >>> np.angle(phase_compensation(Numerology(0, 1), 1e6)[:2]).astype(float).round(3).tolist()
    [-1.309, 2.749]
    """
    if not np.isfinite(carrier_hz):
        raise ArgumentError(f"carrier_hz is {carrier_hz!r}; it must be finite")
    before = sum(numerology.slot_samples(s) for s in range(slot % numerology.slots_per_subframe))
    turns = float(carrier_hz) * (before + numerology.symbol_starts(slot)) / numerology.sample_rate_hz
    return np.exp(-2j * np.pi * (turns - np.rint(turns))).astype(np.complex64)


def check_transform_size(n_subcarriers: int) -> None:
    """DomainError unless n_subcarriers is 12 2^a 3^b 5^c, which transform precoding needs."""
    rest = n_subcarriers // 12
    for prime in (2, 3, 5):
        while rest and rest % prime == 0:
            rest //= prime
    if n_subcarriers < 12 or n_subcarriers % 12 or rest != 1:
        raise DomainError(
            f"transform precoding over {n_subcarriers} subcarriers: resource blocks must be 2^a 3^b 5^c "
            f"(TS 38.211 clause 6.3.1.4), found {n_subcarriers / 12:g}"
        )


def transform_precode(x: np.ndarray) -> _C64:
    """DFT-s-OFDM: the unitary DFT over the last axis, [..., 12 x resource blocks] (TS 38.211 clause 6.3.1.4).

    Raises DomainError unless the resource blocks are 2^a 3^b 5^c.

    >>> transform_precode(np.ones(12)).round(3)[:2].tolist()
    [(3.4639999866485596+0j), 0j]
    """
    x = np.asarray(x)
    check_transform_size(x.shape[-1])
    return np.fft.fft(x, norm="ortho").astype(np.complex64, copy=False)


def transform_deprecode(y: np.ndarray) -> _C64:
    """The inverse of `transform_precode`."""
    y = np.asarray(y)
    check_transform_size(y.shape[-1])
    return np.fft.ifft(y, norm="ortho").astype(np.complex64, copy=False)
