"""Radios for 1 Tbit/s: bands and hardware, the power budget, 5G beside it.

The link itself, bit by bit, is `physics.radio.link.wideband`; `tbps` puts its report together from the parts here.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.engine.tbps_search import interval, measured
from silla.physics.radio.atmosphere import gas_attenuation_db_per_km, rain_attenuation_db_per_km
from silla.physics.radio.link.impairments.converters import quantiser_sqnr_db, schreier_power_w, walden_power_w
from silla.physics.radio.link.los_mimo import (
    SubarrayPair,
    optimal_spacing_m,
    rayleigh_distance_m,
)
from silla.physics.radio.link.mapping import bits_per_symbol
from silla.physics.radio.link.wideband import (
    N_SYMBOLS,
    WIDE_MODULATIONS,
    Hardware,
    WidebandLink,
    ideal_hardware,
    layout,
)
from silla.physics.radio.link_budget import free_space_loss_db, noise_dbm

__all__ = [
    "FARTHEST_M", "IMPAIRMENTS", "IMT2020_PEAK_BIT_PER_S", "PRESETS", "Energy", "System", "budget", "budget_snr_db",
    "build_link", "changed", "hardware_with", "overheads", "panels", "power", "reach_by_budget_m", "reference_5g",
    "system",
]  # fmt: skip

IMT2020_PEAK_BIT_PER_S = 20e9
"""Downlink peak data rate that IMT-2020 requires (ITU-R M.2410 clause 4.1)."""
FARTHEST_M = 1e6
"""No distance is as far."""
IMPAIRMENTS = {
    "phase-noise": ("oscillator",),
    "amplifier": ("amplifier",),
    "dac": ("dac_bits",),
    "adc": ("adc_bits",),
    "jitter": ("jitter_s",),
    "tx-iq": ("tx_image_db",),
    "rx-iq": ("rx_image_db", "iq_compensation"),
    "squint": ("squint",),
    "air": (),
}
"""Each impairment and the fields of `Hardware` that switch it; "air" is the slope of gases and rain over a carrier."""


@dataclass(frozen=True)
class Energy:
    """Figures of merit of the power account. They are stated assumptions of the order published, not measurements.

    amplifier_efficiency : drain efficiency at saturation; at a back-off it falls as in class B, with the amplitude.
    walden_j, schreier_db : of the converters. decoder_j_per_bit, mac_j : digital baseband. element_w : each receiving
    element (low-noise amplifier, phase shifter). oscillator_w : of each carrier and end.
    """

    amplifier_efficiency: float = 0.10
    walden_j: float = 80e-15
    schreier_db: float = 150.0
    decoder_j_per_bit: float = 5e-12
    mac_j: float = 0.5e-12
    element_w: float = 0.03
    oscillator_w: float = 0.2
    sources: tuple[str, ...] = (
        "amplifier_efficiency: H. Wang et al., Power Amplifiers Performance Survey 2000-present (silicon, D band)",
        "walden_j, schreier_db: B. Murmann, ADC Performance Survey (converters above 10 GS/s)",
        "decoder_j_per_bit: C. Kestel, M. Herrmann & N. Wehn, When channel coding hits the implementation wall, "
        "ISTC 2018 (Tbit/s decoders aim at 1 pJ/bit; published LDPC decoders need several)",
        "mac_j: a complex multiplication and addition of 8 to 12 bits in a 7 nm process, order of magnitude",
    )


@dataclass(frozen=True)
class System:
    """A band and the radios in it.

    low_hz, high_hz : edges of the band. spacing_hz : of the carriers. first_hz : lower edge of the first one.
    elements : of a subarray along one side, n x n in all. psat_dbm : saturated power of an element's amplifier.
    """

    name: str
    title: str
    low_hz: float
    high_hz: float
    first_hz: float
    spacing_hz: float
    n_carriers: int
    mu: int
    n_subcarriers: int
    n_fft: int
    layers: int
    modulation: str
    rate: Fraction
    hardware: Hardware = field(default_factory=Hardware)
    rows: int = 2
    columns: int = 2
    polarisations: int = 2
    elements: int = 8
    element_gain_dbi: float = 5.0
    psat_dbm: float = 10.0
    noise_figure_db: float = 10.0
    steering_deg: float = 15.0
    distance_m: float = 50.0
    tracked: int = 12
    waveform: str = "ofdm"
    speed_m_s: float = 0.0
    energy: Energy = field(default_factory=Energy)
    note: str = ""

    @property
    def carriers_hz(self) -> tuple[float, ...]:
        """Centres of the carriers."""
        return tuple(self.first_hz + (i + 0.5) * self.spacing_hz for i in range(self.n_carriers))

    @property
    def bandwidth_hz(self) -> float:
        """Spectrum that the carriers take, with their guards."""
        return self.n_carriers * self.spacing_hz


PRESETS = {
    s.name: s
    for s in (
        System(
            "dband", "D band, 4 carriers of 8 GHz", 110e9, 170e9, 130e9, 8e9, 4, 10, 504, 1024, 8, "qam64",
            Fraction(5, 6),
            note="Fixed and mobile allocations of the D band (RR Article 5: 130-134, 141-148.5, 151.5-164, 167-174.8 "
            "GHz) are not contiguous; a contiguous 32 GHz is an assumption on future regulation.",
        ),
        System(
            "sub-thz-300", "252 to 322 GHz, 6 carriers of 8.64 GHz", 252.72e9, 321.84e9, 252.72e9, 8.64e9, 6, 10, 540,
            1024, 8, "qam16", Fraction(5, 6), Hardware(backoff_db=8.0), elements=16, psat_dbm=3.0,
            noise_figure_db=12.0, distance_m=20.0, energy=Energy(amplifier_efficiency=0.05),
            note="Channels of IEEE 802.15.3d (four of 2.16 GHz each); its waveform is another. Above 275 GHz the band "
            "is identified, not allocated (RR No. 5.564A).",
        ),
        System(
            "nr-100mhz", "5G NR, 100 MHz at 3.5 GHz", 3.3e9, 3.8e9, 3.45e9, 100e6, 1, 1, 3276, 4096, 8, "qam256",
            Fraction(948, 1024), Hardware("tr38803-30ghz", "rapp-3", 12.0, 12, 12, 1e-12, 50.0, 40.0), elements=1,
            psat_dbm=40.0, noise_figure_db=7.0, steering_deg=0.0, tracked=0,
            energy=Energy(amplifier_efficiency=0.5),
            note="Eight layers of the same near-field geometry, so that the engine is the same.",
        ),
    )
}  # fmt: skip
"""Bands that `silla link tbps` knows."""


def system(preset: str) -> System:
    """The preset of that name; ArgumentError for another."""
    if preset not in PRESETS:
        raise ArgumentError(f"preset {preset!r} is not known; known: {', '.join(PRESETS)}")
    return PRESETS[preset]


def changed(
    base: System,
    *,
    layers: int | None = None,
    modulation: str | None = None,
    rate: float | str | Fraction | None = None,
    bandwidth_ghz: float | None = None,
    oscillator: str | None = None,
    waveform: str | None = None,
    subarrays: tuple[int, int] | None = None,
    polarisations: int | None = None,
    steering_deg: float | None = None,
    backoff_db: float | None = None,
    mu: int | None = None,
    speed_m_s: float | None = None,
) -> System:
    """The system with some things changed; carriers are added or taken away to fit the bandwidth.

    Raises ArgumentError for values that mean nothing, DomainError for more bandwidth than the band has.
    """
    new = base
    if bandwidth_ghz is not None:
        if not 0 < bandwidth_ghz < np.inf:
            raise ArgumentError(f"a bandwidth of {bandwidth_ghz!r} GHz; it must lie above 0")
        n = math.floor(bandwidth_ghz * 1e9 / base.spacing_hz + 1e-9)
        if n < 1:
            raise ArgumentError(
                f"{bandwidth_ghz:g} GHz hold no carrier: one takes {base.spacing_hz / 1e9:g} GHz in {base.name!r}"
            )
        fitting = math.floor((base.high_hz - base.low_hz) / base.spacing_hz + 1e-9)
        if n > fitting:
            raise DomainError(
                f"{bandwidth_ghz:g} GHz do not fit the band {base.low_hz / 1e9:g}-{base.high_hz / 1e9:g} GHz of preset "
                f"{base.name!r}, which holds {fitting} carriers of {base.spacing_hz / 1e9:g} GHz"
            )
        first = min(base.first_hz, base.high_hz - n * base.spacing_hz)
        new = replace(new, n_carriers=n, first_hz=max(first, base.low_hz))
    if layers is not None:
        new = replace(new, layers=int(layers))
    if modulation is not None:
        if modulation not in WIDE_MODULATIONS:
            raise ArgumentError(f"modulation {modulation!r} is not known; known: {', '.join(WIDE_MODULATIONS)}")
        new = replace(new, modulation=modulation)
    if rate is not None:
        new = replace(new, rate=_rate(rate))
    if waveform is not None:
        new = replace(new, waveform=waveform)
    if subarrays is not None:
        new = replace(new, rows=int(subarrays[0]), columns=int(subarrays[1]))
    if polarisations is not None:
        new = replace(new, polarisations=int(polarisations))
    if steering_deg is not None:
        new = replace(new, steering_deg=float(steering_deg))
    if oscillator is not None:
        new = replace(new, hardware=replace(new.hardware, oscillator=oscillator))
    if mu is not None:
        new = _renumbered(new, mu)
    if speed_m_s is not None:
        new = replace(new, speed_m_s=float(speed_m_s))
    if backoff_db is not None:
        new = replace(new, hardware=replace(new.hardware, backoff_db=float(backoff_db)))
    return new


def _renumbered(s: System, mu: int) -> System:
    """The system at another subcarrier spacing, its carriers as wide as before."""
    if int(mu) != mu or not 0 <= mu <= 13:
        raise ArgumentError(f"numerology mu is {mu!r}; allowed: 0 to 13 (15 kHz x 2^mu; NR ends at 6)")
    factor = 2.0 ** (s.mu - mu)
    n_fft, n_subcarriers = int(s.n_fft * factor), int(s.n_subcarriers * factor) // 12 * 12
    if n_fft > 1 << 15 or n_fft < 128:
        raise DomainError(
            f"mu = {mu} needs a transform of {s.n_fft * factor:g} for {s.spacing_hz / 1e9:g} GHz; allowed: 128 to 32768"
        )
    return replace(s, mu=int(mu), n_fft=n_fft, n_subcarriers=n_subcarriers)


def _rate(text: float | str | Fraction) -> Fraction:
    try:
        value = Fraction(text).limit_denominator(1 << 20)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ArgumentError(f"code rate {text!r}; give a number or a fraction such as 5/6") from None
    if not 0 < value <= Fraction(948, 1024):
        raise ArgumentError(f"code rate {text!r}; allowed: above 0, up to 948/1024 (TS 38.214)")
    return value


def hardware_with(base: Hardware, names: Sequence[str]) -> Hardware:
    """Ideal hardware with the named impairments of `base` alone; ArgumentError for a name that is not known."""
    for name in names:
        if name not in IMPAIRMENTS:
            raise ArgumentError(f"impairment {name!r} is not known; known: {', '.join(IMPAIRMENTS)}")
    kept = {f for name in names for f in IMPAIRMENTS[name]} | {"backoff_db"}
    return replace(ideal_hardware(), **{f.name: getattr(base, f.name) for f in fields(base) if f.name in kept})


def _loss_db(s: System, distance_m: float, rain_mm_per_h: float) -> np.ndarray:
    """Free space, gases and rain at the subcarriers [carrier, subcarrier]."""
    scs = 15e3 * 2**s.mu
    offset = (np.arange(s.n_subcarriers) - s.n_subcarriers // 2) * scs
    air = _air_db_per_km(s.carriers_hz, float(offset[0]), scs, s.n_subcarriers, float(rain_mm_per_h))
    return free_space_loss_db((np.array(s.carriers_hz)[:, None] + offset) / 1e9, distance_m) + air * distance_m / 1e3


@functools.lru_cache(maxsize=8)
def _air_db_per_km(carriers_hz: tuple[float, ...], first: float, scs: float, n: int, rain: float) -> np.ndarray:
    """Of gases and rain, read-only. Every line of P.676 counts at every subcarrier, hence kept; of more than 600
    subcarriers at 600 places in a carrier, between which it is straight to 1e-5 dB/km."""
    offset = first + scs * np.arange(n)
    places = offset if n <= 600 else np.linspace(offset[0], offset[-1], 600)
    rows = []
    for centre in carriers_hz:
        ghz = (centre + places) / 1e9
        air = gas_attenuation_db_per_km(ghz)
        if rain:
            air = air + rain_attenuation_db_per_km(ghz, rain)
        rows.append(np.interp(offset, places, air))
    out = np.array(rows)
    out.setflags(write=False)
    return out


def panels(s: System, spaced_for_m: float, distance_m: float) -> SubarrayPair:
    """Panels whose subarrays are spaced best for one distance, used over another."""
    centre = s.first_hz + 0.5 * s.bandwidth_hz
    row, column = (optimal_spacing_m(centre, spaced_for_m, n) if n > 1 else 0.0 for n in (s.rows, s.columns))
    return SubarrayPair(s.rows, s.columns, (row, column), distance_m, s.polarisations)


def build_link(
    s: System,
    distance_m: float,
    rain_mm_per_h: float = 0.0,
    impairments: Sequence[str] = tuple(IMPAIRMENTS),
    spaced_for_m: float | None = None,
) -> WidebandLink:
    """The link at a distance. spaced_for_m : distance for which the subarrays are spaced, the same if not given.

    Raises DomainError nearer than 2 D^2 / lambda of a subarray, whose wave is no longer plane, and for subarrays that
    would overlap.
    """
    _check_distance(distance_m)
    if not 0 <= rain_mm_per_h <= 300:
        raise DomainError(f"rain of {rain_mm_per_h!r} mm/h; allowed: 0 to 300 (ITU-R P.838)")
    wave = 299_792_458.0 / max(s.carriers_hz)
    near = rayleigh_distance_m(s.elements * wave / 2, max(s.carriers_hz))
    if distance_m < near:
        raise DomainError(
            f"{distance_m:g} m is nearer than the {near:.2g} m at which the wave of one subarray of {s.elements} x "
            f"{s.elements} elements is plane: the model does not hold there"
        )
    pair = panels(s, distance_m if spaced_for_m is None else spaced_for_m, distance_m)
    width = s.elements * wave / 2
    if min((d for d, n in zip(pair.spacing_m, (s.rows, s.columns)) if n > 1), default=width) < width * (1 - 1e-9):
        raise DomainError(
            f"subarrays {min(d for d in pair.spacing_m if d) * 1e3:.3g} mm apart, as their spacing for "
            f"{distance_m if spaced_for_m is None else spaced_for_m:g} m would have it, overlap: one of {s.elements} x "
            f"{s.elements} elements is {width * 1e3:.3g} mm wide; space them for a longer distance"
        )
    air: tuple[tuple[float, ...], ...] = ()
    if "air" in impairments:
        loss = _loss_db(s, distance_m, rain_mm_per_h)
        relative = loss + 10 * np.log10(np.mean(10 ** (-loss / 10)))
        air = tuple(tuple(row) for row in relative.round(6).tolist())
    return WidebandLink(
        s.carriers_hz, s.mu, s.n_subcarriers, s.n_fft, s.layers, s.modulation, s.rate,
        pair,
        hardware=hardware_with(s.hardware, impairments), elements=s.elements, steering_deg=s.steering_deg,
        waveform=s.waveform, tracked=s.tracked, speed_m_s=s.speed_m_s, air_db=air,
    )  # fmt: skip


def _check_distance(distance_m: float) -> None:
    if not 0 < distance_m < FARTHEST_M:
        raise ArgumentError(f"a distance of {distance_m!r} m; allowed: above 0, below 1000 km")


def budget(s: System, distance_m: float, rain_mm_per_h: float = 0.0) -> dict[str, float]:
    """Powers of one layer on one carrier, and the SNR at one receiving port that `propagate` takes.

    P_sat - back-off + 10 lg(elements) at each subarray, array gain at both ends, free space, gases and rain averaged
    over all carriers, thermal noise with the noise figure over the occupied width.
    """
    _check_distance(distance_m)
    n = s.elements**2
    loss = _loss_db(s, distance_m, rain_mm_per_h)
    mean_loss = float(-10 * np.log10(np.mean(10 ** (-loss / 10))))
    tx = s.psat_dbm - s.hardware.backoff_db + 10 * math.log10(n)
    gain = s.element_gain_dbi + 10 * math.log10(n)
    noise = float(noise_dbm(s.n_subcarriers * 15e3 * 2**s.mu, s.noise_figure_db))
    received = tx + 2 * gain - mean_loss
    return {
        "tx_power_dbm": tx,
        "array_gain_dbi": gain,
        "eirp_dbm": tx + gain,
        "loss_db": mean_loss,
        "received_dbm": received,
        "noise_dbm": noise,
        "snr_db": received - noise,
    }


def budget_snr_db(s: System, distance_m: float, rain_mm_per_h: float = 0.0) -> float:
    """SNR of one layer at one receiving port."""
    return budget(s, distance_m, rain_mm_per_h)["snr_db"]


def reach_by_budget_m(s: System, needed_db: float | None, rain: float) -> float:
    """Distance at which the budget gives an SNR; 0 where it does not at 1 m."""
    if needed_db is None or budget_snr_db(s, 1.0, rain) < needed_db:
        return 0.0
    low, high = 0.0, 6.0 - 1e-6
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if budget_snr_db(s, 10.0**middle, rain) >= needed_db else (low, middle)
    return 10.0**low


def overheads(s: System, link: WidebandLink) -> dict[str, float]:
    """Factors from the rate of bare symbols over the whole spectrum to the net rate; their product is the net rate."""
    q_m, lay = bits_per_symbol(s.modulation), layout(link)
    bare = s.layers * q_m * s.bandwidth_hz
    data = len(lay.data) / s.n_subcarriers
    coded = s.layers * q_m * len(lay.data) * (N_SYMBOLS - 1) * s.n_carriers
    return {
        "symbols_bit_per_s": bare,
        "guard_bands": link.occupied_hz / s.spacing_hz,
        "cyclic_prefix": N_SYMBOLS / link.scs_hz / link.slot_s,
        "dmrs": (N_SYMBOLS - 1) / N_SYMBOLS,
        "ptrs": data,
        "code_and_crc": link.bits_per_slot / coded,
        "net_bit_per_s": link.net_bit_per_s,
    }


def power(s: System, link: WidebandLink, iterations: float) -> dict[str, Any]:
    """Electric power in watts by part, energy per net bit, and the figures of merit that it rests on."""
    e, n_rx = s.energy, link.panels.n_ports
    chains = s.layers * s.n_carriers
    radiated = chains * s.elements**2 * 10 ** ((s.psat_dbm - s.hardware.backoff_db) / 10) * 1e-3
    efficiency = e.amplifier_efficiency * 10 ** (-s.hardware.backoff_db / 20)
    rate = link.sample_rate_hz
    adc_bits, dac_bits = s.hardware.adc_bits or 8, s.hardware.dac_bits or 8
    enob = (quantiser_sqnr_db(adc_bits) - 1.76) / 6.02
    n_adc, n_dac = 2 * n_rx * s.n_carriers, 2 * chains
    symbols_per_s = N_SYMBOLS / link.slot_s * s.n_carriers
    transforms = (s.layers + n_rx) * symbols_per_s * s.n_fft / 2 * math.log2(s.n_fft)
    equaliser = symbols_per_s * s.n_subcarriers * s.layers * n_rx
    parts = {
        "amplifiers": radiated / efficiency,
        "receiving_elements": n_rx * s.n_carriers * s.elements**2 * e.element_w,
        "oscillators": 2 * s.n_carriers * e.oscillator_w,
        "dac": n_dac * walden_power_w(dac_bits, rate, e.walden_j),
        "adc": n_adc * walden_power_w(enob, rate, e.walden_j),
        "transforms": transforms * e.mac_j,
        "equaliser": equaliser * e.mac_j,
        "decoder": link.net_bit_per_s * e.decoder_j_per_bit,
    }
    total = sum(parts.values())
    return {
        "watt": parts,
        "total_w": total,
        "pj_per_bit": total / link.net_bit_per_s * 1e12,
        "radiated_w": radiated,
        "amplifier_efficiency": efficiency,
        "adc_by_schreier_w": n_adc * schreier_power_w(quantiser_sqnr_db(adc_bits), rate, e.schreier_db),
        "n_adc": n_adc,
        "n_dac": n_dac,
        "converter_gs_per_s": rate / 1e9,
        "decoder_iterations": iterations,
        "assumptions": asdict(e),
    }


@functools.lru_cache(maxsize=8)
def reference_5g(n_slots: int = 8, seed: int = 1, snr_db: float = 40.0) -> dict[str, Any]:
    """5G on the same engine: one NR carrier of 100 MHz with 8 layers of 256QAM at rate 948/1024, and what follows.

    Returns net rate of a carrier and with errors, of 16 carriers (the most that TS 38.101 aggregates in a band
    combination), the carriers that IMT-2020's 20 Gbit/s take, and the errors with their interval.
    """
    s = system("nr-100mhz")
    link = build_link(s, s.distance_m)
    counts = measured(link, snr_db, n_slots, seed)
    goodput = link.net_bit_per_s * (1 - counts.bler)
    return {
        "title": s.title,
        "layers": s.layers,
        "modulation": s.modulation,
        "code_rate": float(s.rate),
        "bandwidth_hz": s.bandwidth_hz,
        "carrier_net_bit_per_s": link.net_bit_per_s,
        "carrier_goodput_bit_per_s": goodput,
        "sixteen_carriers_bit_per_s": 16 * goodput,
        "imt2020_peak_bit_per_s": IMT2020_PEAK_BIT_PER_S,
        "carriers_for_imt2020": math.ceil(IMT2020_PEAK_BIT_PER_S / goodput) if goodput > 0 else None,
        "snr_db": snr_db,
        "blocks": interval(counts.block_errors, counts.blocks),
        "code_blocks": interval(counts.code_block_errors, counts.code_blocks),
        "source": "ITU-R M.2410 clause 4.1 (20 Gbit/s); TS 38.214 Table 5.1.3.1-2, MCS 27",
    }
