"""One wideband link, bit by bit: code, waveform, analog hardware, near-field MIMO, synchronised receiver, decoder.

A slot has 14 symbols on each of several carriers. Symbol 2 carries DM-RS, the layers on combs of their own; the other
symbols carry data. All carry a tone with empty neighbours, from which the receiver follows the phase within the symbol
(phase-tracking reference signal). Spacings 15 kHz x 2^mu go on past the mu = 6 where NR ends. Layers share
two code words as TS 38.211 Table 7.3.1.3-1 says. Both ends have one oscillator for each carrier, shared by all ports.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.base.units import SPEED_OF_LIGHT_M_PER_S
from silla.coding.segmentation import segmentation
from silla.physics.radio.link.impairments import phase_noise as pn
from silla.physics.radio.link.impairments.beam_squint import squint_gain
from silla.physics.radio.link.impairments.converters import optimal_step
from silla.physics.radio.link.impairments.iq_imbalance import imbalance_for_rejection
from silla.physics.radio.link.impairments.power_amplifier import amplifier, drive_for_backoff
from silla.physics.radio.link.los_mimo import SubarrayPair, spherical_channel
from silla.physics.radio.link.mapping import bits_per_symbol
from silla.physics.radio.link.tbs import Mcs, transport_block_size

__all__ = [
    "DMRS_SYMBOL",
    "N_SYMBOLS",
    "WIDE_MODULATIONS",
    "Hardware",
    "Layout",
    "WidebandLink",
    "channel",
    "ideal_hardware",
    "layout",
    "phase_tracker",
]

N_SYMBOLS, DMRS_SYMBOL = 14, 2
MOST_ENTRIES = 30_000_000
"""Of a channel, all subcarriers and pairs of ports: half a gigabyte."""
RECEIVER_SNR = 10.0**2.5
"""SNR of a layer at a port that the receiver's estimators are made for."""
WAVEFORMS = ("ofdm", "dft-s-ofdm")
WIDE_MODULATIONS = ("qpsk", "qam16", "qam64", "qam256", "qam1024", "qam4096")
_C64 = NDArray[np.complex64]


@dataclass(frozen=True)
class Hardware:
    """Analog hardware of the link; None, 0 or False switches an impairment off.

    oscillator : of `phase_noise.OSCILLATORS`, at both ends. amplifier, backoff_db : of `power_amplifier.AMPLIFIERS`,
    output back-off from saturation. dac_bits, adc_bits. jitter_s : deviation of the receiver's sampling clock.
    tx_image_db : image rejection of the transmitters, after their calibration. rx_image_db : of the receivers, before
    the blind compensation that they apply (`iq_compensation`). squint : arrays of phase shifters, not of true delays.
    """

    oscillator: str | None = "tr38803-70ghz"
    amplifier: str | None = "r4-163314"
    backoff_db: float = 9.0
    dac_bits: int | None = 8
    adc_bits: int | None = 7
    jitter_s: float = 50e-15
    tx_image_db: float | None = 40.0
    rx_image_db: float | None = 25.0
    iq_compensation: bool = True
    squint: bool = True

    def __post_init__(self) -> None:
        if self.oscillator is not None:
            pn.oscillator(self.oscillator)
        if self.amplifier is not None:
            drive_for_backoff(amplifier(self.amplifier), float(self.backoff_db))
        for bits in (self.dac_bits, self.adc_bits):
            if bits is not None:
                optimal_step(bits)
        if not 0 <= self.jitter_s < 1e-9:
            raise ArgumentError(f"clock jitter of {self.jitter_s!r} s; allowed: 0 to 1 ns")
        for rejection in (self.tx_image_db, self.rx_image_db):
            if rejection is not None:
                imbalance_for_rejection(rejection)


def ideal_hardware() -> Hardware:
    """Hardware without any impairment."""
    return Hardware(None, None, 9.0, None, None, 0.0, None, None, False, False)


class Layout(NamedTuple):
    """Where things lie in a symbol of K subcarriers: data, tone (its place) and pilots [n_layers][n_pilots]."""

    data: NDArray[np.int64]
    tone: int
    block: NDArray[np.int64]
    pilots: tuple[NDArray[np.int64], ...]
    bins: NDArray[np.int64]


@dataclass(frozen=True)
class WidebandLink:
    """Everything that the bits of a slot meet except the noise.

    carriers_hz : centre of each carrier. mu : numerology, 15 kHz x 2^mu. n_subcarriers : of each carrier. n_fft :
    transform size, which sets the converters' rate. layers : transmitted from as many ports of `panels`.
    elements : of each subarray along the steering plane; steering_deg : from broadside. tracked : order to which the
    phase is followed within a symbol, 2 tracked + 1 subcarriers are its price. speed_m_s : radial, for Doppler.
    air_db : loss of each carrier's subcarriers relative to the mean, as tuples, or () for none. n_symbols : how many of
    a slot's 14 symbols there are, an allocation shorter than a slot (TS 38.214 clause 5.1.2.1).

    Raises ArgumentError or DomainError, with the reason, for what cannot work: more layers than ports, overlapping
    carriers, delays beyond the cyclic prefix or the pilots, Doppler or phase noise beyond the numerology.
    """

    carriers_hz: tuple[float, ...]
    mu: int
    n_subcarriers: int
    n_fft: int
    layers: int
    modulation: str
    rate: Fraction
    panels: SubarrayPair
    hardware: Hardware = field(default_factory=Hardware)
    elements: int = 16
    steering_deg: float = 0.0
    waveform: str = "ofdm"
    tracked: int = 12
    speed_m_s: float = 0.0
    air_db: tuple[tuple[float, ...], ...] = ()
    max_iterations: int = 10
    n_symbols: int = N_SYMBOLS

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", Fraction(self.rate).limit_denominator(1 << 20))
        if self.modulation not in WIDE_MODULATIONS:
            raise ArgumentError(f"modulation {self.modulation!r} is not known; known: {', '.join(WIDE_MODULATIONS)}")
        if self.waveform not in WAVEFORMS:
            raise ArgumentError(f"waveform {self.waveform!r} is not known; known: {', '.join(WAVEFORMS)}")
        if not 0 < self.rate <= Fraction(948, 1024):
            raise ArgumentError(f"code rate {float(self.rate):g}; allowed: above 0, up to 948/1024 (TS 38.214)")
        if not 1 <= self.layers <= 8:
            raise ArgumentError(f"{self.layers} layers; allowed: 1 to 8 (TS 38.211 clause 7.3.1.3)")
        if self.layers > self.panels.n_ports:
            raise DomainError(
                f"{self.layers} layers on {self.panels.n_ports} antenna ports ({self.panels.n_subarrays} subarrays of "
                f"{self.panels.polarisations} polarisations): the layers cannot be told apart; at most "
                f"{self.panels.n_ports}"
            )
        if not (isinstance(self.mu, int) and 0 <= self.mu <= 13):
            raise ArgumentError(f"numerology mu is {self.mu!r}; allowed: 0 to 13 (NR ends at 6, TS 38.211 clause 4.2)")
        if self.n_subcarriers < 48 or self.n_subcarriers % 12:
            raise ArgumentError(f"{self.n_subcarriers} subcarriers; allowed: multiples of 12 from 48")
        if self.n_fft < self.n_subcarriers or self.n_fft % 128:
            raise ArgumentError(
                f"a transform of {self.n_fft} for {self.n_subcarriers} subcarriers; it must hold them and be a "
                "multiple of 128 (whole samples in the cyclic prefix)"
            )
        if not DMRS_SYMBOL < self.n_symbols <= N_SYMBOLS:
            raise ArgumentError(f"{self.n_symbols} symbols; allowed: {DMRS_SYMBOL + 1} to {N_SYMBOLS}")
        if not 0 <= self.tracked <= 16:
            raise ArgumentError(f"phase tracking of order {self.tracked}; allowed: 0 to 16")
        if self.elements < 1 or not abs(self.steering_deg) < 90:
            raise ArgumentError(f"{self.elements} elements steered by {self.steering_deg} degrees; from 1, below +-90")
        if self.air_db and {len(row) for row in self.air_db} != {self.n_subcarriers}:
            raise ArgumentError(f"air_db needs one row of {self.n_subcarriers} values for each carrier")
        if not np.isfinite(self.speed_m_s):
            raise ArgumentError(f"a speed of {self.speed_m_s!r} m/s; it must be finite")
        entries = len(self.carriers_hz) * self.n_subcarriers * self.panels.n_ports**2
        if entries > MOST_ENTRIES:
            raise DomainError(
                f"{self.panels.n_ports} ports on {len(self.carriers_hz)} carriers of {self.n_subcarriers} subcarriers: "
                f"a channel of {entries:.2g} numbers; at most {MOST_ENTRIES:.2g}, use fewer subarrays or carriers"
            )
        self._check_spectrum()
        self._check_time()

    def __hash__(self) -> int:
        return self._hash

    @functools.cached_property
    def _hash(self) -> int:  # kept: the air's loss has a value for each subcarrier, and many caches ask for it
        return hash(tuple(getattr(self, f.name) for f in fields(self)))

    def _check_spectrum(self) -> None:
        if not self.carriers_hz or any(not c > self.occupied_hz for c in self.carriers_hz):
            raise ArgumentError(f"carriers at {self.carriers_hz}: at least one, each above its own width")
        for a, b in itertools.pairwise(sorted(self.carriers_hz)):
            if b - a < self.occupied_hz * (1 - 1e-9):
                raise DomainError(
                    f"carriers at {a / 1e9:g} and {b / 1e9:g} GHz overlap: each takes {self.occupied_hz / 1e9:.3g} GHz"
                )

    def _check_time(self) -> None:
        spread, prefix = self.delay_span_s, 9.0 / 128.0 / self.scs_hz
        if spread > prefix / 2:
            raise DomainError(
                f"delays differ by {spread * 1e9:.3g} ns between ports, the cyclic prefix is {prefix * 1e9:.3g} ns at "
                f"{self.scs_hz / 1e6:g} MHz spacing: use a lower numerology or smaller panels"
            )
        if spread > 0.4 / (self.layers * self.scs_hz):
            raise DomainError(
                f"delays of {spread * 1e9:.3g} ns turn the channel faster than DM-RS on every {self.layers}th "
                "subcarrier can follow: use a lower numerology"
            )
        if abs(self.doppler_hz) > 0.05 * self.scs_hz:
            raise DomainError(
                f"a Doppler shift of {self.doppler_hz / 1e3:.3g} kHz at {self.scs_hz / 1e3:g} kHz subcarrier spacing "
                "mixes subcarriers; allowed: up to 5 % of the spacing, use a higher numerology"
            )
        if self.hardware.oscillator is not None:
            limit, needed = self.phase_noise_limit_db(), self.shannon_snr_db
            if limit < needed:
                raise DomainError(
                    f"phase noise of {self.hardware.oscillator} at {max(self.carriers_hz) / 1e9:g} GHz leaves "
                    f"{limit:.1f} dB at {self.scs_hz / 1e6:g} MHz spacing, {self.modulation} at rate "
                    f"{float(self.rate):.3f} needs more than {needed:.1f} dB: use a higher numerology, a lower "
                    "modulation or another oscillator"
                )

    @property
    def scs_hz(self) -> float:
        """Subcarrier spacing."""
        return 15e3 * 2**self.mu

    @property
    def occupied_hz(self) -> float:
        """Width of a carrier's subcarriers."""
        return self.n_subcarriers * self.scs_hz

    @property
    def sample_rate_hz(self) -> float:
        return self.n_fft * self.scs_hz

    @property
    def prefix_samples(self) -> int:
        """Of the normal cyclic prefix (TS 38.211 clause 5.3.1)."""
        return 9 * self.n_fft // 128

    @property
    def slot_s(self) -> float:
        """1 ms / 2^mu, the longer prefixes of every half millisecond counted in, or the symbols' share of it."""
        return 1e-3 / 2**self.mu * self.n_symbols / N_SYMBOLS

    @property
    def doppler_hz(self) -> float:
        return max(self.carriers_hz) * self.speed_m_s / SPEED_OF_LIGHT_M_PER_S

    @property
    def delay_span_s(self) -> float:
        """Largest distance of a port pair's delay from the mean one, to which the receiver is timed."""
        delay = self.panels.delays_s()
        return float(np.abs(delay - delay.mean()).max())

    @property
    def shannon_snr_db(self) -> float:
        """SINR at which capacity is what a layer carries."""
        return float(10.0 * np.log10(2.0 ** (bits_per_symbol(self.modulation) * float(self.rate)) - 1.0))

    def phase_noise_limit_db(self) -> float:
        """SINR that phase noise of both ends leaves at the highest carrier, after tracking."""
        if self.hardware.oscillator is None:
            return np.inf
        return float(-10.0 * np.log10(phase_tracker(self).left))

    @property
    def code_words(self) -> tuple[int, ...]:
        """Layers of each code word (TS 38.211 Table 7.3.1.3-1)."""
        return (self.layers,) if self.layers <= 4 else (self.layers // 2, self.layers - self.layers // 2)

    def transport_block_bits(self, n_layers: int) -> int:
        """Bits of a transport block on that many layers (TS 38.214 clause 5.1.3.2)."""
        n_re = len(layout(self).data) * (self.n_symbols - 1)
        return transport_block_size(n_re, Mcs(bits_per_symbol(self.modulation), self.rate), n_layers)

    @property
    def bits_per_slot(self) -> int:
        """Information bits of a slot, all carriers: what is left after every overhead."""
        return len(self.carriers_hz) * sum(self.transport_block_bits(n) for n in self.code_words)

    @property
    def code_blocks_per_slot(self) -> int:
        """Code blocks of a slot, all carriers (TS 38.212 clause 5.2.2)."""
        each = (segmentation(self.transport_block_bits(n), float(self.rate)).n_blocks for n in self.code_words)
        return len(self.carriers_hz) * sum(each)

    @property
    def net_bit_per_s(self) -> float:
        """Rate without errors: `bits_per_slot` over `slot_s`."""
        return self.bits_per_slot / self.slot_s

    def without_impairments(self) -> WidebandLink:
        """The same link on ideal hardware and without the air's slope."""
        return replace(self, hardware=ideal_hardware(), air_db=())


def _smooth_length(n: int) -> int:
    """Largest 2^a 3^b 5^c up to n: what transform precoding takes."""
    best = 1
    for a in range(n.bit_length()):
        for b in range(n.bit_length()):
            for c in range(n.bit_length()):
                size = 2**a * 3**b * 5**c
                if best < size <= n:
                    best = size
    return best


@functools.lru_cache(maxsize=64)
def _layout(n_sc: int, n_fft: int, layers: int, tracked: int, transform: bool) -> Layout:
    tone = n_sc // 2 + n_sc // 4  # away from the centre, so that its own image falls elsewhere
    block = np.arange(tone - tracked, tone + tracked + 1)
    free = np.setdiff1d(np.arange(n_sc), block)
    data = free[: _smooth_length(len(free))] if transform else free
    pilots = tuple(free[free % layers == layer] for layer in range(layers))
    bins = (np.arange(n_sc) - n_sc // 2) % n_fft
    return Layout(data, tone, block, pilots, bins)


def layout(link: WidebandLink) -> Layout:
    """Places of data, tone and pilots."""
    return _layout(link.n_subcarriers, link.n_fft, link.layers, link.tracked, link.waveform == "dft-s-ofdm")


def phase_tracker(link: WidebandLink) -> pn.Tracker:
    """`phase_noise.phase_tracker` at the highest carrier, for the tone's SNR that `RECEIVER_SNR` implies."""
    noise = 1.0 / (RECEIVER_SNR * link.panels.n_ports * (2 * link.tracked + 1))
    return _phase_tracker(
        link.n_fft, link.scs_hz, max(link.carriers_hz), link.hardware.oscillator, link.tracked, noise,
        abs(link.doppler_hz), link.occupied_hz, link.n_symbols, link.prefix_samples,
    )  # fmt: skip


@functools.lru_cache(maxsize=32)
def _phase_tracker(
    n_fft, scs_hz, carrier_hz, oscillator, tracked, noise, doppler_hz, width_hz, n_symbols, prefix
) -> pn.Tracker:
    return pn.phase_tracker(
        n_fft, scs_hz, carrier_hz, oscillator, tracked, noise, doppler_hz=doppler_hz, bandwidth_hz=width_hz,
        n_symbols=n_symbols, prefix=prefix,
    )  # fmt: skip


@functools.lru_cache(maxsize=16)
def channel(link: WidebandLink) -> _C64:
    """The channel [carrier, receiving port, layer, 1, subcarrier]: spherical waves, squint of both ends, air."""
    offset = (np.arange(link.n_subcarriers) - link.n_subcarriers // 2) * link.scs_hz
    f = np.array(link.carriers_hz)[:, None] + offset
    h = spherical_channel(link.panels, f)[..., : link.layers]
    if link.hardware.squint:
        for c, centre in enumerate(link.carriers_hz):
            h[c] *= (squint_gain(f[c], centre, link.elements, link.steering_deg) ** 2)[:, None, None]
    if link.air_db:
        h *= 10.0 ** (-np.array(link.air_db)[..., None, None] / 20.0)
    out = np.ascontiguousarray(h.transpose(0, 2, 3, 1)[..., None, :], np.complex64)
    out.setflags(write=False)
    return out
