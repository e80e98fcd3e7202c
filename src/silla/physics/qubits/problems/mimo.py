"""Uplink MIMO detection as Ising problems: minimise |y - H x|^2 over QAM vectors x.

Complex channels become real ones of twice the size; each real dimension is a PAM amplitude. `plain` writes
amplitudes in natural binary, sum_k 2^k s_k, which keeps the energy quadratic (QuAMax: Kim, Venturelli and Jamieson,
SIGCOMM 2019); `regularised` adds a pull towards a linear estimate (Singh et al., IEEE Trans. Wireless Commun. 21(12)
2022); `gray` keeps the Gray labels of TS 38.211, a polynomial of degree 4 (16-QAM) to 8 (256-QAM)
that `quadratised` makes quadratic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError
from silla.physics.qubits.ising import Ising, Qubo
from silla.physics.qubits.polynomial import HigherOrder
from silla.physics.qubits.problems.instance import Decoded, Instance, Rival

__all__ = ["MODULATIONS", "Mimo", "MimoDetection", "Pam", "draw_uses", "pam", "real_channel"]

MODULATIONS = {"bpsk": 1, "qpsk": 1, "16qam": 2, "64qam": 3, "256qam": 4}
"""Bits of one real dimension."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pam:
    """Amplitudes of one real dimension, increasing, unit energy of the complex symbol; and the bits of each."""

    modulation: str
    bits_each: int
    levels: Floats  # [2^bits_each]
    labels: NDArray[np.int8]  # [2^bits_each, bits_each] Gray

    @property
    def complex_symbols(self) -> bool:
        """Whether a symbol has two dimensions (all but BPSK)."""
        return self.modulation != "bpsk"


def pam(modulation: str) -> Pam:
    """The amplitudes of a modulation: "bpsk", "qpsk", "16qam", "64qam" or "256qam".

    A dimension with bits b0, b2, b4 has amplitude (1 - 2 b0) [4 - (1 - 2 b2) [2 - (1 - 2 b4)]] (TS 38.211 clause 5.1);
    BPSK is real here, +1 and -1.

    >>> pam("16qam").levels.round(3).tolist(), pam("16qam").labels.tolist()
    ([-0.949, -0.316, 0.316, 0.949], [[1, 1], [1, 0], [0, 0], [0, 1]])
    """
    if modulation not in MODULATIONS:
        raise ArgumentError(f"modulation is one of {', '.join(MODULATIONS)}, found {modulation!r}")
    each = MODULATIONS[modulation]
    labels = np.array(list(product((0, 1), repeat=each)), dtype=np.int8)
    amplitude = _gray_amplitude(1 - 2 * labels.astype(float))
    order = np.argsort(amplitude)
    dimensions = 1 if modulation == "bpsk" else 2
    norm = np.sqrt(dimensions * np.mean(amplitude**2))
    return Pam(modulation, each, amplitude[order] / norm, labels[order])


def _gray_amplitude(signs: Floats) -> Floats:
    """Amplitude [...] of signs [..., bits] by the standard's nesting."""
    each = signs.shape[-1]
    inner = np.ones(signs.shape[:-1])
    for k in range(each - 1, 0, -1):
        inner = 2.0 ** (each - k) - signs[..., k] * inner
    return signs[..., 0] * inner


def real_channel(channel: ArrayLike, received: ArrayLike, modulation: str) -> tuple[Floats, Floats]:
    """(H [..., 2 m, n_real], y [..., 2 m]) of complex H [..., m, n] and y [..., m]; n_real is 2 n, or n for BPSK."""
    h, y = np.asarray(channel, dtype=np.complex128), np.asarray(received, dtype=np.complex128)
    if h.ndim < 2 or 0 in h.shape or y.shape != h.shape[:-1]:
        raise ArgumentError(f"H must be [..., m, n] and y [..., m], found {h.shape} and {y.shape}")
    if not (np.isfinite(h).all() and np.isfinite(y).all()):
        raise ArgumentError("the channel and the received vector must be finite")
    left = np.concatenate([h.real, h.imag], axis=-2)
    out = left if modulation == "bpsk" else np.concatenate([left, np.concatenate([-h.imag, h.real], axis=-2)], axis=-1)
    return out, np.concatenate([y.real, y.imag], axis=-1)


@dataclass(frozen=True)
class Mimo:
    """One channel use.

    channel : complex [m, n] from n users to m antennas. received : complex [m]. modulation : see `pam`.
    noise : variance of the complex noise of an antenna.

    Levels are indexes into `pam(modulation).levels`, [n_real]: real parts of all users first, then imaginary ones.
    """

    channel: NDArray[np.complex128]
    received: NDArray[np.complex128]
    modulation: str
    noise: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.noise) and self.noise > 0):
            raise ArgumentError(f"the noise variance must be positive, found {self.noise}")
        pam(self.modulation)
        if np.ndim(self.channel) != 2:
            raise ArgumentError(f"the channel must be [m, n], found shape {np.shape(self.channel)}")
        real_channel(self.channel, self.received, self.modulation)

    @cached_property
    def real(self) -> tuple[Floats, Floats]:
        """(H, y) over the reals."""
        return real_channel(self.channel, self.received, self.modulation)

    @cached_property
    def pam(self) -> Pam:
        """The amplitudes."""
        return pam(self.modulation)

    @property
    def n_real(self) -> int:
        """Real dimensions."""
        return self.real[0].shape[1]

    @property
    def n_spins(self) -> int:
        """Spins of `plain`: bits of one channel use."""
        return self.n_real * self.pam.bits_each

    def metric(self, levels: ArrayLike) -> Floats:
        """|y - H x|^2 [...] of levels [..., n_real]."""
        h, y = self.real
        return ((y - self.pam.levels[np.asarray(levels)] @ h.T) ** 2).sum(axis=-1)

    @cached_property
    def _spread(self) -> Floats:
        """Amplitudes of the spins, x = T s: [n_real, n_spins], spins of a dimension together, the heaviest first."""
        each = self.pam.bits_each
        step = (self.pam.levels[1] - self.pam.levels[0]) / 2.0
        return np.kron(np.eye(self.n_real), step * 2.0 ** np.arange(each - 1, -1, -1))

    def plain(self) -> Ising:
        """The Ising model whose energy is |y - H x|^2 of the levels that `levels_of` decodes."""
        return self._quadratic(*self.real)

    def regularised(self, strength: float, prior: ArrayLike | None = None) -> Ising:
        """`plain` plus strength * |x - prior|^2; the prior is the MMSE estimate when None, sliced to levels.

        Strengths of 0 to a few noise variances; 0 is `plain`.
        """
        from silla.physics.qubits.problems.mimo_detectors import mmse

        if not (np.isfinite(strength) and strength >= 0):
            raise ArgumentError(f"the regularisation must not be negative, found {strength}")
        h, y = self.real
        guess = mmse(h[None], y[None], self.pam, self.noise)[0][0] if prior is None else np.asarray(prior)
        root = np.sqrt(strength)
        return self._quadratic(
            np.vstack([h, root * np.eye(self.n_real)]), np.concatenate([y, root * self.pam.levels[guess]])
        )

    def _quadratic(self, h: Floats, y: Floats) -> Ising:
        a = h @ self._spread
        gram = a.T @ a
        couplings = 2.0 * gram
        np.fill_diagonal(couplings, 0.0)
        return Ising(-2.0 * (a.T @ y), couplings, float(y @ y + np.trace(gram)))

    def levels_of(self, spins: ArrayLike) -> NDArray[np.int64]:
        """Levels [..., n_real] of spins [..., n_spins] of `plain` and `regularised`."""
        each = self.pam.bits_each
        s = (np.asarray(spins) + 1) // 2
        return (s.reshape(*s.shape[:-1], self.n_real, each) @ (1 << np.arange(each - 1, -1, -1))).astype(np.int64)

    def spins_of(self, levels: ArrayLike) -> NDArray[np.int8]:
        """Spins of `plain` for levels: inverse of `levels_of`."""
        each = self.pam.bits_each
        bits = (np.asarray(levels)[..., None] >> np.arange(each - 1, -1, -1)) & 1
        return (2 * bits - 1).reshape(*np.shape(levels)[:-1], self.n_spins).astype(np.int8)

    def gray(self) -> HigherOrder:
        """|y - H x|^2 as a polynomial over spins 1 - 2 b of the Gray bits, [n_real * bits_each] in order."""
        each = self.pam.bits_each
        # amplitude of a dimension: {spins: coefficient}, from the nesting of the standard
        terms = {(): 1.0}
        for k in range(each - 1, 0, -1):
            terms = {(): 2.0 ** (each - k), **{(k, *t): -v for t, v in terms.items()}}
        step = (self.pam.levels[1] - self.pam.levels[0]) / 2.0
        amplitude = {(0, *t): step * v for t, v in terms.items()}
        h, y = self.real
        gram, matched = h.T @ h, h.T @ y
        out: dict[tuple[int, ...], float] = {}
        at = [{tuple(i * each + k for k in t): v for t, v in amplitude.items()} for i in range(self.n_real)]
        for i in range(self.n_real):
            for t, v in at[i].items():
                out[t] = out.get(t, 0.0) - 2.0 * matched[i] * v
            for j in range(self.n_real):
                for t, v in at[i].items():
                    for u, w in at[j].items():
                        out[t + u] = out.get(t + u, 0.0) + gram[i, j] * v * w
        return HigherOrder(self.n_real * each, out, "spin", float(y @ y))

    def levels_of_gray(self, spins: ArrayLike) -> NDArray[np.int64]:
        """Levels [..., n_real] of spins [..., n_spins] of `gray`."""
        each = self.pam.bits_each
        s = np.asarray(spins, dtype=float)
        amplitude = _gray_amplitude(s.reshape(*s.shape[:-1], self.n_real, each))
        return ((amplitude + (1 << each) - 1) // 2).astype(np.int64)

    def bits(self, levels: ArrayLike) -> NDArray[np.int8]:
        """Bits [..., n_spins] of levels, user by user as TS 38.211 maps them: b0 real, b1 imaginary, b2 real, ..."""
        return bits_of_levels(self.pam, levels)


def bits_of_levels(alphabet: Pam, levels: ArrayLike) -> NDArray[np.int8]:
    """Bits [..., n_real * bits_each] of levels [..., n_real], user by user, the standard's order within a symbol."""
    label = alphabet.labels[np.asarray(levels)]
    if alphabet.complex_symbols:
        n = label.shape[-2] // 2
        label = np.stack([label[..., :n, :], label[..., n:, :]], axis=-1)
    return label.reshape(*np.shape(levels)[:-1], -1)


def levels_of_bits(alphabet: Pam, bits: ArrayLike) -> NDArray[np.int64]:
    """Levels [..., n_real] of bits [..., n_bits]: inverse of `bits_of_levels`."""
    b = np.asarray(bits)
    dimensions = 2 if alphabet.complex_symbols else 1
    shaped = b.reshape(*b.shape[:-1], -1, alphabet.bits_each, dimensions)
    amplitude = _gray_amplitude(1.0 - 2.0 * np.moveaxis(shaped, -1, -3))
    level = ((amplitude + (1 << alphabet.bits_each) - 1) // 2).astype(np.int64)
    return level.reshape(*b.shape[:-1], -1)


def draw_uses(
    rng: np.random.Generator, count: int, m: int, n: int, modulation: str, snr_db: float, bits: ArrayLike | None = None
) -> tuple[NDArray[np.complex128], NDArray[np.complex128], NDArray[np.int64], float]:
    """(H [count, m, n], y [count, m], levels [count, n_real], noise) of channel uses in independent Rayleigh fading.

    The SNR is that of one receive antenna, all users together: noise = n / 10^(snr_db / 10) for unit symbols and unit
    mean channel gains. bits : [count, bits of a use] to send; uniform when None.
    """
    if min(count, m, n) < 1:
        raise ArgumentError(f"counts must be 1 at least, found count {count}, m {m}, n {n}")
    alphabet = pam(modulation)
    n_real = n * (2 if alphabet.complex_symbols else 1)
    h = (rng.standard_normal((count, m, n)) + 1j * rng.standard_normal((count, m, n))) / np.sqrt(2.0)
    level = rng.integers(0, len(alphabet.levels), (count, n_real))
    level = level if bits is None else levels_of_bits(alphabet, bits)
    x = alphabet.levels[level]
    symbols = x[:, :n] + 1j * x[:, n:] if alphabet.complex_symbols else x.astype(complex)
    noise = n / 10.0 ** (snr_db / 10.0)
    w = rng.standard_normal((count, m)) + 1j * rng.standard_normal((count, m))
    return h, np.einsum("bmn,bn->bm", h, symbols) + w * np.sqrt(noise / 2.0), level, noise


@dataclass(frozen=True, eq=False)
class MimoDetection(Instance):
    """One channel use as a problem: fields of `Mimo`, and the strength of the regularisation (0: plain).

    Solutions are levels [n_real]; the objective is |y - H x|^2.
    """

    channel: Any
    received: Any
    modulation: str
    noise: float
    regularisation: float = 0.0

    kind: ClassVar[str] = "mimo-detection"
    title: ClassVar[str] = "Uplink MIMO detection"

    def __post_init__(self) -> None:
        for name in ("channel", "received"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.complex128))
        self.use  # noqa: B018 - refuses what cannot be used

    @cached_property
    def use(self) -> Mimo:
        """The channel use."""
        return Mimo(self.channel, self.received, self.modulation, self.noise)

    def _build(self) -> Qubo:
        model = self.use.regularised(self.regularisation) if self.regularisation else self.use.plain()
        return model.to_qubo()

    def objective(self, solution: ArrayLike) -> float:
        """|y - H x|^2 of levels."""
        return float(self.use.metric(solution))

    def answer(self, levels: ArrayLike, note: str = "") -> Decoded:
        """Levels with their objective; every vector is feasible."""
        chosen = np.asarray(levels, dtype=np.int64)
        return Decoded(chosen, self.objective(chosen), True, False, note)

    def decode(self, bits: ArrayLike) -> Decoded:
        """Levels of the bits of the QUBO."""
        return self.answer(self.use.levels_of(2 * np.asarray(bits, dtype=np.int64) - 1))

    def rivals(self) -> dict[str, Rival]:
        """Sphere search (as many nodes as the seconds allow), K-best-32 and -512, expectation propagation, MMSE."""
        from silla.physics.qubits.problems import mimo_detectors as det

        h, y = (part[None] for part in self.use.real)
        alphabet = self.use.pam

        def sphere(cpu_s: float, seed: int) -> Decoded:
            found = det.sphere(h, y, alphabet, noise=self.noise, max_nodes=max(1000, int(cpu_s * 1e6)))
            proven = found.proven is not None and bool(found.proven[0])
            return self.answer(found.levels[0], "optimal" if proven else "node limit")

        def best(k: int) -> Rival:
            return lambda cpu_s, seed: self.answer(det.k_best(h, y, alphabet, k, noise=self.noise).levels[0, 0])

        return {
            "sphere": sphere,
            "k-best-32": best(32),
            "k-best-512": best(512),
            "ep": lambda cpu_s, seed: self.answer(det.expectation_propagation(h, y, alphabet, self.noise)[0].levels[0]),
            "mmse": lambda cpu_s, seed: self.answer(det.mmse(h, y, alphabet, self.noise).levels[0]),
        }
