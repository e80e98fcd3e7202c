"""Slots of a `WidebandLink` from random bits to decided bits: transmitter, channel, receiver, and what is counted.

Samples are kept symbol by symbol, without their cyclic prefixes: amplifiers have no memory and the channel is shorter
than the prefix, so that its convolution is circular up to the oscillators' drift during the prefix.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft as _scipy_fft

from silla.base.errors import ArgumentError
from silla.coding.transport_block import decode_transport_block, encode_transport_block
from silla.physics.radio.link.channels_noise import complex_gaussian
from silla.physics.radio.link.channels_noise import propagate as through_channel
from silla.physics.radio.link.demapping import demap_int8
from silla.physics.radio.link.detection import lmmse
from silla.physics.radio.link.impairments import phase_noise as pn
from silla.physics.radio.link.impairments.converters import optimal_step
from silla.physics.radio.link.impairments.front_end import Passed, front_end, mixing
from silla.physics.radio.link.impairments.iq_imbalance import imbalance_for_rejection
from silla.physics.radio.link.impairments.power_amplifier import amplifier, drive_for_backoff, gain_table
from silla.physics.radio.link.mapping import bits_per_symbol, map_symbols
from silla.physics.radio.link.ofdm import to_samples, to_subcarriers
from silla.physics.radio.link.scrambling import gold, pdsch_c_init, qpsk_sequence
from silla.physics.radio.link.wideband import DMRS_SYMBOL, RECEIVER_SNR, WidebandLink, channel, layout, phase_tracker

__all__ = ["Sent", "SlotCounts", "propagate", "receive", "simulate_slots", "transmit", "transmitted"]

fft: Any = _scipy_fft  # scipy declares the dispatch of its transforms, not the arrays that come back

_C64 = NDArray[Any]  # complex64


class Sent(NamedTuple):
    """Of one slot: bits [word and carrier, a] of the code words of each size, data symbols [carrier, layer, re] and
    samples [carrier, layer, symbol, n_fft] of unit mean power."""

    bits: tuple[NDArray[np.uint8], ...]
    symbols: _C64
    samples: _C64


@dataclass(frozen=True)
class SlotCounts:
    """What slots gave; counts add with +.

    blocks, block_errors : transport blocks. code_blocks, code_block_errors : their code blocks. error_power : sum of
    |x_hat - x|^2 over `symbols` data symbols of each layer, [layers]; x has unit mean power.
    """

    slots: int
    bits: int
    bit_errors: int
    blocks: int
    block_errors: int
    code_blocks: int
    code_block_errors: int
    iterations: int
    symbols: int
    error_power: NDArray[np.float64]

    def __add__(self, other: SlotCounts) -> SlotCounts:
        names = self.__dataclass_fields__
        return SlotCounts(**{n: getattr(self, n) + getattr(other, n) for n in names})

    @property
    def bler(self) -> float:
        """Share of transport blocks in error."""
        return self.block_errors / max(self.blocks, 1)

    @property
    def code_bler(self) -> float:
        """Share of code blocks in error."""
        return self.code_block_errors / max(self.code_blocks, 1)

    @property
    def layer_snr_db(self) -> NDArray[np.float64]:
        """SINR of each layer after the receiver, measured from the symbols that were sent; -20 lg(EVM)."""
        return -10.0 * np.log10(self.error_power / max(self.symbols, 1))


def _random_bits(rng: np.random.Generator, *shape: int) -> NDArray[np.uint8]:
    n = int(np.prod(shape))
    return np.unpackbits(np.frombuffer(rng.bytes(-(-n // 8)), np.uint8), count=n).reshape(shape)


@functools.lru_cache(maxsize=8)
def _reference(link: WidebandLink) -> tuple[_C64, list[_C64]]:
    """The DM-RS symbol [layer, subcarrier] without its tone, and the pilots of each layer."""
    lay, n = layout(link), link.layers
    grid = np.zeros((n, link.n_subcarriers), np.complex64)
    values = []
    for layer, places in enumerate(lay.pilots):
        pilots = qpsk_sequence(1 + layer, len(places)) * np.float32(np.sqrt(n))
        grid[layer, places] = pilots
        values.append(pilots)
    return grid, values


@functools.lru_cache(maxsize=8)
def _scrambling(words: tuple[int, ...], n: int) -> NDArray[np.uint8]:
    """Of some code words, [words, 1, n]: the same on all carriers."""
    return np.stack([gold(pdsch_c_init(1, 0, word), n) for word in words])[:, None]


def _equal_words(link: WidebandLink) -> list[tuple[int, tuple[int, ...]]]:
    """(layers, numbers of the code words on as many layers): their blocks are coded in one call."""
    words = link.code_words
    return [(n, tuple(i for i, m in enumerate(words) if m == n)) for n in dict.fromkeys(words)]


def transmit(link: WidebandLink, rng: np.random.Generator) -> Sent:
    """Random bits of one slot of every carrier, and what they become at the input of the converters."""
    lay, n_c = layout(link), len(link.carriers_hz)
    n_re = len(lay.data) * (link.n_symbols - 1)
    q_m, rate = bits_per_symbol(link.modulation), float(link.rate)
    x = np.empty((n_c, link.layers, n_re), np.complex64)
    all_bits, first = [], 0
    for layers, words in _equal_words(link):
        n_w, n_coded = len(words), n_re * layers * q_m
        bits = _random_bits(rng, n_w * n_c, link.transport_block_bits(layers))
        coded = encode_transport_block(bits, n_coded, q_m, rate, n_layers=layers).reshape(n_w, n_c, n_coded)
        symbols = map_symbols(coded, link.modulation, scrambling=_scrambling(words, n_coded))
        part = x[:, first : first + n_w * layers].reshape(n_c, n_w, layers, n_re)
        part[:] = symbols.reshape(n_w, n_c, n_re, layers).transpose(1, 0, 3, 2)
        all_bits.append(bits)
        first += n_w * layers
    placed = x.reshape(n_c, link.layers, link.n_symbols - 1, len(lay.data))
    if link.waveform == "dft-s-ofdm":
        placed = fft.fft(placed, axis=-1, norm="ortho")
    grid = np.zeros((n_c, link.layers, link.n_symbols, link.n_subcarriers), np.complex64)
    for places, source in _runs(lay.data):
        grid[:, :, :DMRS_SYMBOL, places] = placed[:, :, :DMRS_SYMBOL, source]
        grid[:, :, DMRS_SYMBOL + 1 :, places] = placed[:, :, DMRS_SYMBOL:, source]
    grid[:, :, DMRS_SYMBOL] = _reference(link)[0]
    grid[..., lay.tone] = np.sqrt(len(lay.block))
    samples = to_samples(grid, link.n_fft, np.sqrt(link.n_fft / link.n_subcarriers))
    return Sent(tuple(all_bits), x, samples)


@functools.lru_cache(maxsize=64)
def _runs_of(places: bytes) -> tuple[tuple[slice, slice], ...]:
    at = np.frombuffer(places, np.int64)
    edges = [0, *(np.flatnonzero(np.diff(at) != 1) + 1).tolist(), len(at)]
    return tuple((slice(int(at[a]), int(at[b - 1]) + 1), slice(a, b)) for a, b in itertools.pairwise(edges))


def _runs(places: NDArray[np.int64]) -> tuple[tuple[slice, slice], ...]:
    """(places, their numbers) of each stretch that is contiguous: slices copy faster."""
    return _runs_of(places.tobytes())


def _oscillations(link: WidebandLink, rng: np.random.Generator) -> tuple[_C64, _C64] | None:
    """exp(j phase) of the transmitters and receivers, each [carrier, symbol, n_fft]; None without any."""
    name, size = link.hardware.oscillator, link.n_fft
    if name is None and link.doppler_hz == 0.0:
        return None
    step = size + link.prefix_samples
    n_c, n = len(link.carriers_hz), link.n_symbols * step
    phases = np.zeros((2, n_c, n), np.float32)
    if name is not None:
        for c, carrier in enumerate(link.carriers_hz):
            phases[:, c] = pn.phase_noise_samples(n, link.sample_rate_hz, carrier, name, rng=rng, shape=(2,))
    if link.doppler_hz:
        phases[1] += (2.0 * np.pi * link.doppler_hz / link.sample_rate_hz * np.arange(n)).astype(np.float32)
    useful = phases.reshape(2, n_c, link.n_symbols, step)[..., link.prefix_samples :]
    turn = np.empty(useful.shape, np.complex64)
    np.cos(useful, out=turn.real)
    np.sin(useful, out=turn.imag)
    return turn[0], turn[1]


def transmitted(link: WidebandLink, samples: _C64, turn: _C64 | None = None) -> _C64:
    """Samples behind converters, mixers and amplifiers, over the amplifiers' linear gain, and behind the oscillators
    whose factors [carrier, symbol, n_fft] are `turn`."""
    hw = link.hardware
    step = None if hw.dac_bits is None else np.float32(optimal_step(hw.dac_bits) * np.sqrt(0.5))
    gain = None
    if hw.amplifier is not None:
        model = amplifier(hw.amplifier)
        gain = gain_table(model, drive_for_backoff(model, float(hw.backoff_db)), 8192)
    mix = None if hw.tx_image_db is None else mixing(*imbalance_for_rejection(hw.tx_image_db))
    return _passed(samples, step=step, bits=hw.dac_bits, mix=mix, gain=gain, turn_out=turn)[0]


def _passed(z: _C64, **stages: Any) -> tuple[_C64, Passed]:
    """`front_end` over the symbols of a slot; nothing is copied where no stage is asked for."""
    if all(stage is None for stage in stages.values()):
        power = np.ones(0)
        return z, Passed(z, power, power + 0j)
    for name in ("turn_in", "turn_out"):
        if stages.get(name) is not None:
            stages[name] = stages[name].reshape(len(z), -1)
    done = front_end(z.reshape(*z.shape[:2], -1), **stages)
    return done.samples.reshape(z.shape), done


def propagate(link: WidebandLink, samples: _C64, snr_db: float, rng: np.random.Generator) -> _C64:
    """What the receivers' converters give, [carrier, port, symbol, n_fft], for samples of `transmit`.

    snr_db : mean received energy of one layer at one port over N0, per resource element, the amplifiers' distortion not
    counted. Order: converters, imbalance, amplifiers and oscillators of the transmitter; channel and thermal noise over
    the carrier's own subcarriers; oscillators, imbalance, clock jitter and converters of the receiver.
    """
    if not np.isfinite(snr_db):
        raise ArgumentError(f"an SNR of {snr_db!r} dB; it must be finite")
    hw, size = link.hardware, link.n_fft
    turns = _oscillations(link, rng)
    x = transmitted(link, samples, None if turns is None else turns[0])
    # samples of unit power have symbols of energy n_fft / K
    noise = 10.0 ** (-max(snr_db, -100.0) / 10.0) * size / link.n_subcarriers  # nothing arrives far above -100 dB
    y = through_channel(to_subcarriers(x, link.n_subcarriers), channel(link), noise, rng=rng)
    z = to_samples(y, size)
    if hw.jitter_s:  # z(t + e) = z + e z'; one clock for the ports of a carrier
        offset = (np.arange(link.n_subcarriers) - link.n_subcarriers // 2) * link.scs_hz
        y *= (2j * np.pi * hw.jitter_s * offset).astype(np.complex64)
        slope = to_samples(y, size)
        slope *= complex_gaussian((len(z), 1, link.n_symbols, size // 2), rng=rng).view(np.float32) * np.float32(2**0.5)
        z += slope
    mix = None if hw.rx_image_db is None else mixing(*imbalance_for_rejection(hw.rx_image_db))
    if hw.adc_bits is None:
        return _passed(z, turn_in=None if turns is None else turns[1], mix=mix)[0]
    # the gain control sets every port's range to its own power
    mixed = front_end(
        z.reshape(*z.shape[:2], -1), turn_in=None if turns is None else turns[1].reshape(len(z), -1), mix=mix
    )
    step = optimal_step(hw.adc_bits) * np.sqrt(0.5 * mixed.power)
    return front_end(mixed.samples, step=step, bits=hw.adc_bits).samples.reshape(z.shape)


class _Estimator(NamedTuple):
    """h_hat = pilots @ gather @ spread of each layer, gather [pilot, r] and spread [r, subcarrier]; freedom : sum over
    the layers of the trace of the smoothing at the pilots."""

    gather: tuple[_C64, ...]
    spread: _C64
    freedom: float


@functools.lru_cache(maxsize=8)
def _estimator(link: WidebandLink) -> _Estimator:
    """Linear estimators of least mean square error for delays spread evenly over twice the panels' own span.

    Their correlation sinc(2 T f) is an integral over delays, taken at r Gauss-Legendre nodes: the estimator then has
    rank r, a few more than twice the product of span and bandwidth.
    """
    span = 2.0 * link.delay_span_s + 0.01 / (link.layers * link.scs_hz)
    nodes, share = np.polynomial.legendre.leggauss(12 + int(np.ceil(np.pi * span * link.occupied_hz)))
    turn = 2j * np.pi * span * link.scs_hz * nodes
    spread = np.exp((np.arange(link.n_subcarriers) - link.n_subcarriers // 2) * turn[:, None])
    gather, freedom = [], 0.0
    noise = np.diag(2.0 / share) / RECEIVER_SNR / link.layers
    for places in layout(link).pilots:
        at = spread[:, places].conj()
        weights = np.linalg.solve(noise + at @ at.conj().T, at).T
        gather.append(weights.astype(np.complex64))
        freedom += float(np.trace(weights @ spread[:, places]).real)
    return _Estimator(tuple(gather), spread.astype(np.complex64), freedom)


def _iq_compensated(z: _C64) -> _C64:
    """What `circularity_restored` gives, port by port."""
    flat = z.reshape(*z.shape[:2], -1)
    found = front_end(flat)
    v, c = found.power, found.pseudo_variance
    w = c / (v + np.sqrt(np.maximum(v * v - np.abs(c) ** 2, 0.0)))
    return front_end(flat, mix=mixing(1.0, -w)).samples.reshape(z.shape)


def _phase_followed(link: WidebandLink, z: _C64) -> _C64:
    """The samples turned back by the phase that the tone shows, relative to the one of the DM-RS symbol.

    The tone and its 2 u empty neighbours give the first Fourier coefficients of exp(j phase) over a symbol at each
    port; the ports are combined with the tone's own gain, the means of the symbols smoothed, and the phasor found by
    weights of least error.
    """
    u, tracker = link.tracked, phase_tracker(link)
    coefficient = z @ _around_tone(link)  # [carrier, port, symbol, 2 u + 1]
    gain = coefficient[:, :, DMRS_SYMBOL, u].conj()
    combined = np.einsum("cr,crsk->csk", gain, coefficient)
    combined[..., u] = combined[..., u] @ tracker.common.T
    track = combined @ tracker.within
    size = np.abs(track)
    np.maximum(size, np.float32(1e-20), out=size)
    track = np.conj(track) / size
    return z * track[:, None]


@functools.lru_cache(maxsize=16)
def _around_tone(link: WidebandLink) -> _C64:
    """Transform [n_fft, 2 u + 1] to the bins around the tone."""
    lay = layout(link)
    orders = lay.bins[lay.tone] + np.arange(-link.tracked, link.tracked + 1)
    return np.exp(-2j * np.pi / link.n_fft * np.arange(link.n_fft)[:, None] * orders).astype(np.complex64)


class Received(NamedTuple):
    """x_hat [carrier, layer, re] unbiased, its noise variance alike, and decided bits as `Sent` has them
    with whether their CRCs hold."""

    symbols: _C64
    noise_variance: NDArray[np.float32]
    decoded: tuple


def receive(link: WidebandLink, z: _C64) -> Received:
    """Blind IQ compensation, phase tracking, channel and noise estimation, LMMSE, demapping and decoding.

    The receiver knows the layout, the delays' span and the oscillators' spectrum: channel, noise and phases are its own
    estimates.
    """
    lay, n_c, n_p = layout(link), z.shape[0], z.shape[1]
    if link.hardware.iq_compensation and link.hardware.rx_image_db is not None:
        z = _iq_compensated(z)
    z = _phase_followed(link, z)
    grid = to_subcarriers(z, link.n_subcarriers, np.sqrt(link.n_subcarriers / link.n_fft))
    h, n0 = _estimated(link, grid[:, :, DMRS_SYMBOL])
    y = np.empty((n_c, n_p, link.n_symbols - 1, len(lay.data)), np.complex64)
    for places, target in _runs(lay.data):
        y[..., :DMRS_SYMBOL, target] = grid[:, :, :DMRS_SYMBOL, places]
        y[..., DMRS_SYMBOL:, target] = grid[:, :, DMRS_SYMBOL + 1 :, places]
    found = lmmse(y, np.ascontiguousarray(h[..., None, lay.data]), n0[:, None, None])
    x, variance = found.symbols, found.noise_variance
    if link.waveform == "dft-s-ofdm":
        x = fft.ifft(x, axis=-1, norm="ortho")
        variance = np.broadcast_to(variance.mean(axis=-1, keepdims=True), variance.shape)
    x, variance = (a.reshape(n_c, link.layers, -1) for a in (x, variance))
    return Received(x, variance, _decoded(link, x, variance))


def _estimated(link: WidebandLink, y: _C64) -> tuple[_C64, NDArray[np.float32]]:
    """Channel [carrier, port, layer, subcarrier] and noise variance [carrier] from the DM-RS symbol [.., subcarrier].

    The noise, thermal and all else that is not the channel, is what the smoothed estimate leaves at the pilots; what
    the estimate itself is wrong by counts as noise too.
    """
    estimator, values = _estimator(link), _reference(link)[1]
    h = np.empty((*y.shape[:2], link.layers, y.shape[-1]), np.complex64)
    left, count = np.zeros(len(y)), 0
    for layer, places in enumerate(layout(link).pilots):
        pilots = y[..., places] / values[layer]
        h[:, :, layer] = pilots @ estimator.gather[layer] @ estimator.spread
        rest = pilots - h[:, :, layer, places]
        left += (np.abs(rest) ** 2).sum(axis=(1, 2)) * link.layers
        count += len(places)
    n0 = left / (y.shape[1] * (count - estimator.freedom))
    return h, (n0 * (1.0 + estimator.freedom / count)).astype(np.float32)


def _decoded(link: WidebandLink, x: _C64, variance: NDArray[np.float32]) -> tuple:
    q_m, out, first, n_c = bits_per_symbol(link.modulation), [], 0, len(x)
    for layers, words in _equal_words(link):
        n_w = len(words)
        part = slice(first, first + n_w * layers)
        symbols, noise = (
            np.ascontiguousarray(a[:, part].reshape(n_c, n_w, layers, -1).transpose(1, 0, 3, 2)).reshape(n_w, n_c, -1)
            for a in (x, variance)
        )
        llr = demap_int8(symbols, noise, link.modulation, scrambling=_scrambling(words, symbols.shape[-1] * q_m))
        out.append(
            decode_transport_block(
                llr.reshape(n_w * n_c, -1), link.transport_block_bits(layers), q_m, float(link.rate), n_layers=layers,
                max_iterations=link.max_iterations,
            )
        )  # fmt: skip
        first += n_w * layers
    return tuple(out)


def _count(link: WidebandLink, sent: Sent, got: Received) -> SlotCounts:
    error = got.symbols - sent.symbols
    power = np.einsum("clr,clr->l", error.view(np.float32), error.view(np.float32))
    wrong = [(d.bits != b) for d, b in zip(got.decoded, sent.bits)]
    return SlotCounts(
        slots=1,
        bits=sum(b.size for b in sent.bits),
        bit_errors=sum(int(w.sum()) for w in wrong),
        blocks=sum(len(b) for b in sent.bits),
        block_errors=sum(int(w.any(axis=1).sum()) for w in wrong),
        code_blocks=sum(d.block_ok.size for d in got.decoded),
        code_block_errors=sum(int((~d.block_ok).sum()) for d in got.decoded),
        iterations=sum(int(d.iterations.sum()) for d in got.decoded),
        symbols=error.shape[0] * error.shape[2],
        error_power=power.astype(float),
    )


def simulate_slots(link: WidebandLink, snr_db: float, n_slots: int, rng: np.random.Generator) -> SlotCounts:
    """Counts of slots at an SNR (see `propagate`): every bit is drawn, coded, sent, received, decoded and compared.

    >>> from silla.base.rng import stream
    >>> from silla.physics.radio.link.los_mimo import SubarrayPair
    >>> link = WidebandLink((142e9,), 10, 96, 128, 2, "qpsk", 0.5, SubarrayPair(1, 1, (0, 0), 50.0))
    >>> counts = simulate_slots(link, 12.0, 1, stream(1, "example"))
    >>> counts.bit_errors, counts.blocks
    (0, 1)
    """
    if n_slots < 1:
        raise ArgumentError(f"{n_slots} slots; at least 1")
    total = None
    for _ in range(n_slots):
        sent = transmit(link, rng)
        counts = _count(link, sent, receive(link, propagate(link, sent.samples, snr_db, rng)))
        total = counts if total is None else total + counts
    assert total is not None
    return total
