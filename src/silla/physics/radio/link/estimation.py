"""Channel estimation from reference symbols: least squares, linear interpolation and LMMSE, with their error variance.

An estimator is a separable filter, built once for a pattern of pilots, a profile and a noise variance, and applied to
many slots. It knows nothing of DM-RS: pilots are indices and values. Code-division groups are averaged out first, and
the filters know where the averaged pilots lay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import j0

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation
from silla.physics.radio.link.ofdm import Numerology

__all__ = [
    "EDFORS", "Estimate", "Estimator", "Pilots", "frequency_correlation", "least_squares", "linear_estimator",
    "lmmse_estimator", "residual_covariance", "time_correlation",
]  # fmt: skip

EDFORS = Citation(
    "Edfors1998",
    "O. Edfors et al., OFDM channel estimation by singular value decomposition, IEEE Trans. Commun. 46(7), 1998",
    "10.1109/26.701321",
)
_C64 = NDArray[np.complex64]


@dataclass(frozen=True, eq=False)
class Pilots:
    """Reference symbols of the ports on the grid of one slot.

    symbols : [n_pilot_symbols] indices, increasing. values : complex [n_ports, n_pilot_symbols, n_subcarriers], 0
    where a port sends nothing; a port uses the same subcarriers on every pilot symbol, all with one power.
    cdm_frequency, cdm_time : successive pilots (of a port's comb, of the pilot symbols) over which other ports of the
    same resource elements cancel; 1 and 1 for ports that share none.
    """

    symbols: NDArray[np.int64]
    values: _C64
    cdm_frequency: int = 1
    cdm_time: int = 1

    def __post_init__(self) -> None:
        symbols, values = np.asarray(self.symbols, int), np.asarray(self.values, np.complex64)
        if values.ndim != 3 or symbols.shape != values.shape[1:2] or not len(symbols):
            raise ArgumentError(
                f"pilots of shape {values.shape} on symbols {symbols.tolist()}; expected [ports, pilot symbols, "
                "subcarriers]"
            )
        if (np.diff(symbols) <= 0).any() or symbols[0] < 0:
            raise ArgumentError(f"pilot symbols {symbols.tolist()} must increase from 0 on")
        power = np.abs(values) ** 2
        used = power > 0
        if not used.any(axis=(1, 2)).all() or (used != used[:, :1]).any():
            raise ArgumentError("every port needs pilots, on the same subcarriers of every pilot symbol")
        if len(set(used[:, 0].sum(axis=-1).tolist())) != 1 or np.ptp(power[used]) > 1e-3 * power.max():
            raise ArgumentError("ports must have equally many pilots of equal power")
        if self.n_comb(used) % self.cdm_frequency or len(symbols) % self.cdm_time:
            raise ArgumentError(
                f"{self.n_comb(used)} pilots on {len(symbols)} symbols are no whole number of code-division groups of "
                f"{self.cdm_frequency} by {self.cdm_time}"
            )
        object.__setattr__(self, "symbols", symbols)
        object.__setattr__(self, "values", values)

    @staticmethod
    def n_comb(used: np.ndarray) -> int:
        return int(used[0, 0].sum())

    @property
    def n_ports(self) -> int:
        return len(self.values)

    @property
    def n_subcarriers(self) -> int:
        return self.values.shape[-1]

    @property
    def power(self) -> float:
        """Of a pilot, |p|^2."""
        return float(np.abs(self.values[0, 0]).max() ** 2)

    def subcarriers(self, port: int) -> NDArray[np.int64]:
        """Subcarriers [n_groups, cdm_frequency] of a port's averaged pilots."""
        return np.flatnonzero(self.values[port, 0]).reshape(-1, self.cdm_frequency)

    def times(self) -> NDArray[np.int64]:
        """Symbols [n_groups, cdm_time] of the averaged pilots."""
        return self.symbols.reshape(-1, self.cdm_time)


class Estimate(NamedTuple):
    """response complex64 [batch, n_rx, n_ports, n_symbols (or 1: all alike), n_subcarriers], and the error variance
    E|h - response|^2, float32 [n_ports, n_symbols (or 1), n_subcarriers]."""

    response: _C64
    error_variance: NDArray[np.float32]


def least_squares(y: np.ndarray, pilots: Pilots) -> _C64:
    """LS estimates at the averaged pilots, complex64 [batch, n_rx, n_ports, n_time_groups, n_frequency_groups].

    y : [batch, n_rx, n_symbols, n_subcarriers]. The mean over a code-division group of y p* / |p|^2; its noise
    variance is N0 / (|p|^2 cdm_frequency cdm_time) where the channel is flat over the group.
    """
    y = np.asarray(y)
    if y.ndim != 4 or y.shape[-1] != pilots.n_subcarriers or y.shape[2] <= pilots.symbols[-1]:
        raise ArgumentError(
            f"y of shape {y.shape} does not hold pilots on symbols {pilots.symbols.tolist()} and "
            f"{pilots.n_subcarriers} subcarriers; expected [batch, n_rx, n_symbols, n_subcarriers]"
        )
    n_t, n_f, size = len(pilots.times()), pilots.cdm_frequency, pilots.cdm_frequency * pilots.cdm_time
    out = []
    for port in range(pilots.n_ports):
        comb = _as_slice(pilots.subcarriers(port).ravel())
        # one pilot symbol at a time is far cheaper than a gather over two axes
        raw = [
            y[:, :, symbol, comb] * (pilots.values[port, i, comb].conj() / np.float32(pilots.power * size))
            for i, symbol in enumerate(pilots.symbols.tolist())
        ]
        groups = [sum(raw[g * pilots.cdm_time + 1 : (g + 1) * pilots.cdm_time], raw[g * pilots.cdm_time])
                  for g in range(n_t)]  # fmt: skip
        part = np.stack(groups, axis=2)
        out.append(part.reshape(*part.shape[:-1], -1, n_f).sum(axis=-1) if n_f > 1 else part)
    return np.stack(out, axis=2)


def _as_slice(index: np.ndarray) -> slice | np.ndarray:
    step = np.diff(index)
    if len(index) > 1 and (step == step[0]).all():
        return slice(int(index[0]), int(index[-1]) + 1, int(step[0]))
    return index


def frequency_correlation(offset_hz: ArrayLike, delay_s: ArrayLike, power: ArrayLike) -> NDArray[np.complex128]:
    """E[H(f + offset) H*(f)] = sum_p P_p exp(-2 pi j offset tau_p), of the offset's shape.

    >>> complex(frequency_correlation(0.0, [0.0, 1e-6], [0.5, 0.5]))
    (1+0j)
    """
    phase = np.asarray(offset_hz, float)[..., None] * np.asarray(delay_s, float)
    return np.exp(-2j * np.pi * phase) @ np.asarray(power, float)


def time_correlation(offset_s: ArrayLike, doppler_hz: float) -> NDArray[np.float64]:
    """J0(2 pi f_D offset), Clarke's autocorrelation."""
    return j0(2 * np.pi * float(doppler_hz) * np.asarray(offset_s, float))


class _Axis(NamedTuple):
    """Correlations along one axis: of the observations, of outputs with observations, and weights of a filter."""

    observed: np.ndarray  # [n, n]
    crossed: np.ndarray  # [n_out, n]


def _axis(points: np.ndarray, groups: np.ndarray, at: np.ndarray, correlate, codes=()) -> _Axis:
    """groups [n, size]: indices into points averaged by one observation; at: indices of the outputs.

    codes : [size] each, of other channels of these statistics that the average takes in with these factors.
    """
    n, size = groups.shape
    flat = points[groups.ravel()]
    whole = correlate(flat[:, None] - flat).reshape(n, size, n, size)
    observed = whole.mean(axis=(1, 3))
    for code in codes:
        observed = observed + np.einsum("isjt,s,t->ij", whole, code, np.conj(code)) / size**2
    crossed = correlate(points[at][:, None] - flat).reshape(len(at), n, size).mean(axis=2)
    return _Axis(observed, crossed)


class _Block(NamedTuple):
    """Outputs of some equal stretches of subcarriers: observations [n_blocks, n_in] -> places [n_blocks, n_out]."""

    first_in: np.ndarray
    first_out: np.ndarray
    matrix: np.ndarray  # [n_terms, n_in, n_out]


@dataclass(frozen=True, eq=False)
class Estimator:
    """A separable filter: h(t, f) = sum_i after[t, i] sum_j F_i[j, f] sum_p before[i, p] h_LS(p, j).

    Call it with y [batch, n_rx, n_symbols, n_subcarriers]; it returns an `Estimate`.
    """

    pilots: Pilots
    before: np.ndarray  # [n_terms, n_time_groups]
    blocks: list[list[_Block]]  # of each port
    after: np.ndarray  # [n_symbols or 1, n_terms]
    error_variance: NDArray[np.float32]

    def __call__(self, y: np.ndarray) -> Estimate:
        return Estimate(self.interpolate(least_squares(y, self.pilots)), self.error_variance)

    def interpolate(self, ls: np.ndarray) -> _C64:
        """The response from least-squares estimates of `least_squares`."""
        n_batch, n_rx, n_ports = ls.shape[:3]
        n_terms, n_times, n_f = self.after.shape[1], len(self.after), self.pilots.n_subcarriers
        plain = len(self.before) == 1 and len(self.before[0]) == 1 and self.before[0, 0] == 1.0
        rows = ls if plain else np.matmul(self.before, ls)  # [batch, n_rx, n_ports, n_terms, n_in]
        out = np.empty((n_batch, n_rx, n_ports, n_times, n_f), np.complex64)
        part = np.empty((n_batch, n_rx, n_terms, n_f), np.complex64)
        for port, blocks in enumerate(self.blocks):
            for block in blocks:
                _filter(rows[:, :, port], block, part)
            if n_terms == 1:
                np.multiply(self.after, part, out=out[:, :, port])
            elif np.isrealobj(self.after):  # real and imaginary parts side by side: half the work
                np.matmul(self.after, part.view(np.float32), out=out.view(np.float32)[:, :, port])
            else:
                np.matmul(self.after, part, out=out[:, :, port])
        return out


def _filter(rows: np.ndarray, block: _Block, out: np.ndarray) -> None:
    """out [batch, n_rx, n_terms, n_subcarriers] at the block's places, from rows [batch, n_rx, n_terms, n_in]."""
    n_terms, n_in, n_out = block.matrix.shape
    n_blocks = len(block.first_in)
    step_in = int(block.first_in[1] - block.first_in[0]) if n_blocks > 1 else 1
    windows = np.lib.stride_tricks.sliding_window_view(rows, n_in, axis=-1)
    start = int(block.first_in[0])
    taken = windows[..., start : start + (n_blocks - 1) * step_in + 1 : step_in, :]
    first = int(block.first_out[0])
    for term in range(n_terms):
        flat = np.ascontiguousarray(taken[:, :, term]).reshape(-1, n_in)
        made = (flat @ block.matrix[term]).reshape(*rows.shape[:2], n_blocks * n_out)
        out[:, :, term, first : first + n_blocks * n_out] = made


def _stretches(pilots: Pilots, port: int, block: int | None, margin: int) -> list[tuple[int, int, int, int]]:
    """(first observation, number of them, first output, number of outputs) of each stretch of subcarriers."""
    groups, n_sc = pilots.subcarriers(port), pilots.n_subcarriers
    if block is None or block + 2 * margin >= n_sc:
        return [(0, len(groups), 0, n_sc)]
    middle = groups.mean(axis=1)
    n_in = int(np.median([((middle >= a - margin) & (middle < a + block + margin)).sum()
                          for a in range(0, n_sc, block)]))  # fmt: skip
    out = []
    for first in range(0, n_sc, block):
        size = min(block, n_sc - first)
        start = int(np.searchsorted(middle, first - margin))
        out.append((min(max(0, start), len(groups) - n_in), n_in, first, size))
    return out


def _merged(pilots: Pilots, port: int, stretches, make) -> list[_Block]:
    """Stretches of the same geometry share a matrix, runs of them a block; make(first, n_in, out, n_out) -> matrix."""
    groups = pilots.subcarriers(port)
    made: dict[tuple, np.ndarray] = {}
    blocks: list[_Block] = []
    key_before = None
    for first_in, n_in, first_out, n_out in stretches:
        geometry = groups[first_in : first_in + n_in] - first_out
        key = (geometry.tobytes(), n_out)
        if key not in made:
            made[key] = make(first_in, n_in, first_out, n_out)
        if key == key_before:
            last = blocks[-1]
            even = len(last.first_in) < 2 or first_in - last.first_in[-1] == last.first_in[1] - last.first_in[0]
            if even:
                blocks[-1] = _Block(np.append(last.first_in, first_in), np.append(last.first_out, first_out), made[key])
                continue
        blocks.append(_Block(np.array([first_in]), np.array([first_out]), made[key]))
        key_before = key
    return blocks


def lmmse_estimator(
    pilots: Pilots,
    numerology: Numerology,
    noise_variance: float,
    delay_s: ArrayLike,
    power: ArrayLike,
    doppler_hz: float = 0.0,
    *,
    slot: int = 0,
    block: int | None = None,
    margin: int = 96,
) -> Estimator:
    """The linear estimator of least mean square error over time and frequency (Edfors et al. 1998, both axes at once).

    delay_s, power : power delay profile that the receiver assumes ([n_taps], the mean channel power is its sum).
    doppler_hz : maximum Doppler shift of Clarke's spectrum. With correlations R_t and R_f the filter is
    (R_t' kron R_f') (R_t kron R_f + s I)^-1, taken apart by the eigenvectors of R_t, so that its cost is separable.
    block : subcarriers estimated at a time from the pilots within `margin` subcarriers of them, None for all from all;
    blocks cost a little accuracy and much less time. The error variance returned is exact for the assumed
    profile, what ports of a code-division group leave in one another included (as white noise if they differ in time).
    """
    thermal = _noise(pilots, numerology, noise_variance)
    times, frequencies = numerology.symbol_times_s(slot), numerology.subcarrier_hz()
    tau, p = np.asarray(delay_s, float), np.asarray(power, float)
    if tau.shape != p.shape or tau.ndim != 1 or not len(tau) or (p < 0).any() or not p.sum() > 0:
        raise ArgumentError("the power delay profile needs as many powers as delays, none negative")
    time = _axis(times, pilots.times(), np.arange(len(times)), lambda d: time_correlation(d, doppler_hz))
    values_t, vectors_t = np.linalg.eigh(time.observed)
    after = time.crossed @ vectors_t
    keep = (np.abs(after) ** 2).max(axis=0) > 1e-9  # directions that no output hears of
    after, before, values_t = after[:, keep], vectors_t[:, keep].conj().T, values_t[keep]
    if doppler_hz == 0.0:
        after = after[:1]
    error = np.empty((pilots.n_ports, len(after), pilots.n_subcarriers), np.float32)
    per_port = []
    for port in range(pilots.n_ports):
        groups, gains = pilots.subcarriers(port), {}
        codes, white = _leaks(pilots, port, numerology, slot, tau, p, doppler_hz)
        noise = thermal + white

        def make(first, n_in, out, n_out, groups=groups, gains=gains, noise=noise, codes=codes):
            axis = _axis(
                frequencies, groups[first : first + n_in], np.arange(out, out + n_out),
                lambda d: frequency_correlation(d, tau, p), codes,
            )  # fmt: skip
            values, vectors = np.linalg.eigh(axis.observed)
            crossed = axis.crossed @ vectors
            inverse = 1.0 / (values_t[:, None] * np.clip(values, 0, None) + noise)  # [n_terms, n_in]
            gains[(groups[first : first + n_in] - out).tobytes(), n_out] = np.abs(crossed) ** 2 @ inverse.T
            return np.stack([(crossed * weight) @ vectors.conj().T for weight in inverse]).transpose(0, 2, 1)

        stretches = _stretches(pilots, port, block, margin)
        per_port.append(_cast(_merged(pilots, port, stretches, make)))
        for first, n_in, out, n_out in stretches:
            explained = gains[(groups[first : first + n_in] - out).tobytes(), n_out] @ (np.abs(after) ** 2).T
            error[port, :, out : out + n_out] = np.maximum(p.sum() - explained.T, 0.0)
    before, after = _ready(before, after)
    return Estimator(pilots, before, per_port, after, error)


def _noise(pilots: Pilots, numerology: Numerology, noise_variance: float) -> float:
    if not 0 < noise_variance < np.inf:
        raise ArgumentError(f"noise_variance is {noise_variance!r}; it must be positive and finite")
    if pilots.n_subcarriers != numerology.n_subcarriers or pilots.symbols[-1] >= numerology.n_symbols:
        raise ArgumentError(
            f"pilots on {pilots.n_subcarriers} subcarriers and symbols {pilots.symbols.tolist()} do not fit a grid of "
            f"{numerology.n_subcarriers} subcarriers and {numerology.n_symbols} symbols"
        )
    return float(noise_variance) / (pilots.power * pilots.cdm_frequency * pilots.cdm_time)


def _codes(pilots: Pilots, port: int) -> list[np.ndarray]:
    """Of the other ports on a port's resource elements, their code relative to its own [cdm_time, cdm_frequency]."""
    rows = np.searchsorted(pilots.symbols, pilots.times()[0])
    place = np.ix_(rows, pilots.subcarriers(port)[0])
    own = pilots.values[port][place].conj() / pilots.power
    others = [pilots.values[q][place] * own for q in range(pilots.n_ports) if q != port]
    return [code for code in others if code.any()]


def _leaks(pilots: Pilots, port: int, numerology: Numerology, slot: int, tau, p, doppler_hz: float):
    """What co-ports leave in averaged pilots where the channel varies over the group.

    Returns the codes [cdm_frequency] of those that differ along frequency alone, whose leakage is coloured as the
    channel is, and the white power of the others (they differ over neighbouring symbols).
    """
    times, comb = pilots.times()[0], pilots.subcarriers(port)[0]
    at, f = numerology.symbol_times_s(slot)[times], numerology.subcarrier_hz()[comb]
    joint = np.kron(time_correlation(at[:, None] - at, doppler_hz), frequency_correlation(f[:, None] - f, tau, p))
    coloured, white = [], 0.0
    for code in _codes(pilots, port):
        if np.allclose(code, code[0]):
            coloured.append(code[0])
        else:
            flat = code.ravel() / code.size
            white += max(float((flat @ joint @ flat.conj()).real), 0.0)
    return coloured, white


def _cast(blocks: list[_Block]) -> list[_Block]:
    return [b._replace(matrix=np.ascontiguousarray(b.matrix.astype(np.complex64))) for b in blocks]


def _ready(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In single precision; a single term with the sign and size moved into `after`."""
    if before.shape == (1, 1):
        after, before = after * before, np.ones((1, 1))
    return before.astype(np.complex64 if np.iscomplexobj(before) else np.float32), after.astype(np.float32)


def linear_estimator(
    pilots: Pilots,
    numerology: Numerology,
    noise_variance: float,
    delay_s: ArrayLike = (0.0,),
    power: ArrayLike = (1.0,),
    doppler_hz: float = 0.0,
    *,
    slot: int = 0,
) -> Estimator:
    """Least squares with linear interpolation between pilots, over frequency and then over time, held at the ends.

    Profile and Doppler shift serve the error variance alone: E|h - estimate|^2 = r - 2 Re(w^H r') + w^H (R + s I) w.
    """
    thermal = _noise(pilots, numerology, noise_variance)
    times, frequencies = numerology.symbol_times_s(slot), numerology.subcarrier_hz()
    tau, p = np.asarray(delay_s, float), np.asarray(power, float)
    n_symbols, n_sc = len(times), pilots.n_subcarriers
    across = _hold_weights(times, times[pilots.times()].mean(axis=1))
    time = _axis(times, pilots.times(), np.arange(n_symbols), lambda d: time_correlation(d, doppler_hz))
    error = np.empty((pilots.n_ports, n_symbols, n_sc), np.float32)
    per_port = []
    for port in range(pilots.n_ports):
        groups = pilots.subcarriers(port)
        along = _hold_weights(np.arange(n_sc), groups.mean(axis=1))
        per_port.append(_cast(_sparse_blocks(along, len(pilots.times()))))
        codes, white = _leaks(pilots, port, numerology, slot, tau, p, doppler_hz)
        freq = _frequency_moments(frequencies, groups, along, tau, p, codes)
        noise = thermal + white
        quadratic = np.outer(((across @ time.observed) * across).sum(axis=1), freq[1])
        quadratic += noise * np.outer((across**2).sum(axis=1), (along**2).sum(axis=1))
        error[port] = p.sum() - 2 * np.outer((across * time.crossed).sum(axis=1), freq[0]) + quadratic
    before, after = _ready(np.eye(len(pilots.times())), across)
    return Estimator(pilots, before, per_port, after, error)


def _hold_weights(at: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Weights [n_at, n_known] of linear interpolation, the nearest value outside."""
    weights = np.zeros((len(at), len(known)))
    if len(known) == 1:
        weights[:, 0] = 1.0
        return weights
    x = np.clip(at, known[0], known[-1])
    left = np.clip(np.searchsorted(known, x, side="right") - 1, 0, len(known) - 2)
    share = (x - known[left]) / (known[left + 1] - known[left])
    rows = np.arange(len(at))
    weights[rows, left] = 1 - share
    weights[rows, left + 1] = share
    return weights


def _sparse_blocks(along: np.ndarray, n_terms: int, block: int = 96) -> list[_Block]:
    """A banded matrix [n_out, n_in] cut into stretches of outputs; they are not merged."""
    out = []
    for first in range(0, len(along), block):
        part = along[first : first + block]
        used = np.flatnonzero(part.any(axis=0))
        start, stop = int(used[0]), int(used[-1]) + 1
        matrix = np.repeat(part[:, start:stop].T[None], n_terms, axis=0)
        out.append(_Block(np.array([start]), np.array([first]), matrix))
    return out


def _frequency_moments(frequencies, groups, along, tau, p, codes) -> tuple[np.ndarray, np.ndarray]:
    """(Re w^H r', w^H R w) of each subcarrier, from the few groups that it uses."""
    first, second = np.empty(len(along)), np.empty(len(along))
    for k, weights in enumerate(along):
        used = np.flatnonzero(weights)
        axis = _axis(frequencies, groups[used], np.array([k]), lambda d: frequency_correlation(d, tau, p), codes)
        w = weights[used]
        first[k] = float((axis.crossed[0].conj() @ w).real)
        second[k] = float((w @ axis.observed @ w).real)
    return first, second


def residual_covariance(y: np.ndarray, estimate: Estimate, pilots: Pilots, *, bundle: int | None = None) -> _C64:
    """Covariance of noise and interference from the pilots' residuals, complex64 [batch, n_bundles, n_rx, n_rx].

    The mean of e e^H over the pilots, e = y - sum_ports h p. bundle : subcarriers averaged together, None for all.
    Estimates h that follow the noise make it a little small: the shrinkage of an LMMSE filter over many pilots is
    negligible, that of plain least squares is total.
    """
    h = estimate.response
    n_sc = pilots.n_subcarriers
    width = n_sc if bundle is None else int(bundle)
    if not 1 <= width <= n_sc:
        raise ArgumentError(f"a bundle of {bundle!r} subcarriers; allowed: 1 to {n_sc}")
    used = np.abs(pilots.values).max(axis=(0, 1)) > 0
    left = np.stack(
        [
            y[:, :, s] - (h[:, :, :, min(s, h.shape[3] - 1)] * pilots.values[:, i]).sum(axis=2)
            for i, s in enumerate(pilots.symbols.tolist())
        ],
        axis=2,
    )  # [batch, n_rx, n_pilot_symbols, n_subcarriers]
    out = []
    for first in range(0, n_sc, width):
        part = left[..., first : first + width][..., used[first : first + width]]
        flat = part.reshape(*part.shape[:2], -1)
        if flat.shape[-1] < 1:
            raise ArgumentError(f"subcarriers {first} to {first + width - 1} hold no pilot: use a larger bundle")
        out.append(np.matmul(flat, flat.conj().swapaxes(-1, -2)) / flat.shape[-1])
    return np.stack(out, axis=1).astype(np.complex64)
