"""Peak rates: what a carrier ends at, and what it would take to carry a given rate, 1 Tbit/s for instance.

The arithmetic is R = eta B with eta = layers x bits x code rate x (1 - overhead); the range follows from the SNR that
the modulation needs on every layer, the transmit power, the antennas, the noise, the gases and the rain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import ModelCard, Reference, register
from silla.physics.radio.atmosphere import gas_attenuation_db_per_km, rain_attenuation_db_per_km
from silla.physics.radio.link_budget import free_space_loss_db, noise_dbm, reach_m
from silla.physics.radio.modulation import BITS_PER_SYMBOL
from silla.physics.radio.rate import TS38306

__all__ = ["BANDS", "MAX_CODE_RATE", "Band", "Efficiency", "Link", "carry", "designs", "peak_rate", "required_snr_db"]

MAX_CODE_RATE = 948.0 / 1024.0


@dataclass(frozen=True)
class Band:
    """A contiguous stretch of spectrum: edges in GHz and what it is. A carrier cannot be wider than its band."""

    name: str
    low_ghz: float
    high_ghz: float
    note: str

    @property
    def width_hz(self) -> float:
        """Width in hertz."""
        return (self.high_ghz - self.low_ghz) * 1e9


# 3GPP bands: TS 38.104 Table 5.2-1 and -2. Above 100 GHz: blocks with mobile and fixed allocations, ITU Radio
# Regulations Article 5; 275 to 450 GHz is identified, not allocated (RR No. 5.564A).
BANDS = (
    Band("n78, 3.5 GHz", 3.3, 3.8, "5G, FR1"),
    Band("n104, 6.7 GHz", 6.425, 7.125, "FR1"),
    Band("FR3, 7.8 GHz", 7.125, 8.4, "under study for IMT-2030 (WRC-27)"),
    Band("FR3, 15 GHz", 14.8, 15.35, "under study for IMT-2030 (WRC-27)"),
    Band("n258, 26 GHz", 24.25, 27.5, "5G, FR2"),
    Band("n263, 60 GHz", 57.0, 71.0, "5G, FR2-2"),
    Band("E band, 73 GHz", 71.0, 76.0, "fixed links; 5 GHz block"),
    Band("W band, 93 GHz", 92.0, 94.0, "fixed links"),
    Band("D band, 145 GHz", 141.0, 148.5, "mobile and fixed allocation"),
    Band("D band, 158 GHz", 151.5, 164.0, "mobile and fixed allocation"),
    Band("D band, 171 GHz", 167.0, 174.8, "mobile and fixed allocation"),
    Band("209-226 GHz", 209.0, 226.0, "mobile and fixed allocation"),
    Band("252-275 GHz", 252.0, 275.0, "mobile and fixed allocation"),
    Band("252-325 GHz", 252.0, 325.0, "allocation to 275, identified above"),
)


@dataclass(frozen=True)
class Efficiency:
    """How a carrier turns hertz into bits: layers, modulation ("qam256"), code rate, share of overhead.

    `bit_per_s_per_hz`, where given, states the efficiency outright in place of the other four.
    """

    layers: int = 8
    modulation: str = "qam256"
    code_rate: float = MAX_CODE_RATE
    overhead: float = 0.0
    bit_per_s_per_hz: float | None = None

    def __post_init__(self) -> None:
        if self.bit_per_s_per_hz is not None and not 0 < self.bit_per_s_per_hz < np.inf:
            raise ArgumentError(f"spectral efficiency is {self.bit_per_s_per_hz:g} bit/s/Hz, must be positive")
        if self.modulation not in BITS_PER_SYMBOL:
            raise ArgumentError(f"modulation {self.modulation!r} is not known; known: {', '.join(BITS_PER_SYMBOL)}")
        if not 1 <= self.layers <= 1024:
            raise ArgumentError(f"layers is {self.layers}, allowed 1 to 1024")
        if not (0 < self.code_rate <= 1 and 0 <= self.overhead < 1):
            raise ArgumentError("code rate must lie in (0, 1] and overhead in [0, 1)")

    @property
    def total(self) -> float:
        """eta in bit/s/Hz."""
        if self.bit_per_s_per_hz is not None:
            return self.bit_per_s_per_hz
        return self.layers * BITS_PER_SYMBOL[self.modulation] * self.code_rate * (1.0 - self.overhead)

    @property
    def per_layer(self) -> float:
        """bit/s/Hz that each layer carries while it carries data, before overhead."""
        return self.total / self.layers / (1.0 - self.overhead)


@dataclass(frozen=True)
class Link:
    """Power, antennas, receiver and weather of the link that the range is computed for.

    tx_power_dbm : over the whole carrier and all layers, which share it equally. tx_gain_dbi, rx_gain_dbi : of the
    whole antennas, for every layer. exponent : of distance, 2 for free space. implementation_loss_db : the receiver's
    distance from Shannon's bound.
    """

    tx_power_dbm: float = 30.0
    tx_gain_dbi: float = 40.0
    rx_gain_dbi: float = 30.0
    noise_figure_db: float = 10.0
    rain_mm_per_h: float = 0.0
    vapour_g_per_m3: float = 7.5
    implementation_loss_db: float = 3.0
    exponent: float = 2.0


def peak_rate(bandwidth_hz: float, bit_per_s_per_hz: float) -> float:
    """Peak rate eta B in bit/s.

    >>> peak_rate(400e6, 60.0) / 1e9
    24.0
    """
    if not (0 < bandwidth_hz < np.inf and 0 < bit_per_s_per_hz < np.inf):
        raise ArgumentError("bandwidth and spectral efficiency must be positive and finite")
    return bandwidth_hz * bit_per_s_per_hz


def required_snr_db(efficiency: Efficiency, implementation_loss_db: float) -> float:
    """SNR in dB that each layer needs: 2^eta_layer - 1 (Shannon) plus the implementation loss."""
    return 10.0 * np.log10(np.expm1(efficiency.per_layer * np.log(2.0))) + implementation_loss_db


def air_db_per_km(frequency_ghz: float, link: Link) -> float:
    """Gases (P.676) and rain (P.838) in dB/km; refused above their 350 GHz."""
    gas = float(gas_attenuation_db_per_km(frequency_ghz, vapour_g_per_m3=link.vapour_g_per_m3))
    return gas + (float(rain_attenuation_db_per_km(frequency_ghz, link.rain_mm_per_h)) if link.rain_mm_per_h else 0.0)


def _budget(frequency_ghz: float, bandwidth_hz: float, efficiency: Efficiency, link: Link) -> dict[str, float]:
    """What the link needs and how far it reaches at full efficiency."""
    snr = required_snr_db(efficiency, link.implementation_loss_db)
    per_layer = link.tx_power_dbm - 10.0 * np.log10(efficiency.layers)
    noise = float(noise_dbm(bandwidth_hz, link.noise_figure_db))
    allowed = per_layer + link.tx_gain_dbi + link.rx_gain_dbi - noise - snr
    air = air_db_per_km(frequency_ghz, link)
    return {
        "required_snr_db": snr,
        "noise_dbm": noise,
        "allowed_loss_db": allowed,
        "air_db_per_km": air,
        "reach_m": reach_m(allowed, frequency_ghz, air, link.exponent),
    }


def _power_at(distance_m: float, frequency_ghz: float, budget: dict[str, float], link: Link) -> float:
    """Transmit power in dBm that carries the full efficiency to that distance."""
    loss = float(free_space_loss_db(frequency_ghz, 1.0)) + 10.0 * link.exponent * np.log10(distance_m)
    loss += budget["air_db_per_km"] * distance_m / 1e3
    return link.tx_power_dbm + loss - budget["allowed_loss_db"]


def carry(
    target_bit_per_s: float,
    frequency_ghz: float,
    bandwidth_hz: float | None,
    efficiency: Efficiency,
    link: Link,
    distance_m: float | None = None,
) -> dict[str, Any]:
    """Whether one carrier carries the target, and if not, what it ends at and what it lacks.

    Parameters
    ----------
    bandwidth_hz : of the carrier; None asks for the bandwidth that the target needs.
    distance_m : also require the link to close there; None leaves the range as a result.

    Returns a dict: carries, ends_at_bit_per_s, why (one sentence, empty when it carries), bandwidth_hz (given or
    needed), bandwidth_needed_hz, efficiency_needed_bit_per_s_per_hz, required_snr_db, air_db_per_km, reach_m,
    power_needed_dbm (at distance_m). Raises DomainError beyond 350 GHz, and for a carrier wider than its frequency.
    """
    if not 0 < target_bit_per_s < np.inf:
        raise ArgumentError("the target rate must be positive and finite")
    if distance_m is not None and not 0 < distance_m < np.inf:
        raise ArgumentError(f"distance is {distance_m:g} m, must be positive")
    needed_hz = target_bit_per_s / efficiency.total
    width = needed_hz if bandwidth_hz is None else bandwidth_hz
    ends_at = peak_rate(width, efficiency.total)
    if width > 2e9 * frequency_ghz:
        raise DomainError(f"a carrier of {width / 1e9:g} GHz does not fit around {frequency_ghz:g} GHz")
    budget = _budget(frequency_ghz, width, efficiency, link)
    answer: dict[str, Any] = {
        "ends_at_bit_per_s": ends_at,
        "bandwidth_hz": width,
        "bandwidth_needed_hz": needed_hz,
        "efficiency_needed_bit_per_s_per_hz": target_bit_per_s / width,
        **budget,
        "power_needed_dbm": None if distance_m is None else _power_at(distance_m, frequency_ghz, budget, link),
    }
    answer["why"] = _why(target_bit_per_s, width, efficiency, distance_m, answer)
    answer["carries"] = not answer["why"]
    return answer


def _why(target: float, width: float, efficiency: Efficiency, distance_m: float | None, answer: dict[str, Any]) -> str:
    ends_at = answer["ends_at_bit_per_s"]
    if ends_at < target * (1.0 - 1e-9):
        return (
            f"{width / 1e6:g} MHz at {efficiency.total:.4g} bit/s/Hz end at {ends_at / 1e9:.4g} Gbit/s; "
            f"{target / 1e9:.4g} Gbit/s need {answer['bandwidth_needed_hz'] / 1e9:.3g} GHz at that efficiency"
        )
    if answer["reach_m"] <= 0:
        return "the link does not close at any distance: more power or antenna gain is needed"
    if distance_m is not None and distance_m > answer["reach_m"]:
        return (
            f"the link reaches {answer['reach_m']:.3g} m at that rate, not {distance_m:g} m; "
            f"{answer['power_needed_dbm']:.1f} dBm would"
        )
    return ""


_SHOWN = ("carries", "bandwidth_needed_hz", "ends_at_bit_per_s", "required_snr_db", "reach_m", "why")


def designs(target_bit_per_s: float, link: Link, overhead: float = 0.0, max_layers: int = 16) -> list[dict[str, Any]]:
    """For each band of `BANDS`, the lightest carrier inside it that carries the target, or what the band ends at.

    Lightest is fewest layers (1, 2, 4, ..., max_layers), then the lowest modulation (of 16 to 1024QAM). Each row: band,
    band_ghz, note, width_hz, carries, layers, modulation, bit_per_s_per_hz, bandwidth_needed_hz, ends_at_bit_per_s,
    required_snr_db, reach_m.
    """
    rows = []
    layer_counts = [n for n in (2**k for k in range(11)) if n <= max_layers]
    for band in BANDS:
        options = [
            Efficiency(layers, modulation, overhead=overhead)
            for layers in layer_counts
            for modulation in ("qam16", "qam64", "qam256", "qam1024")
        ]
        fitting = [e for e in options if target_bit_per_s / e.total <= band.width_hz]
        chosen = fitting[0] if fitting else max(options, key=lambda e: e.total)
        width = min(target_bit_per_s / chosen.total, band.width_hz)
        centre = 0.5 * (band.low_ghz + band.high_ghz)
        answer = carry(target_bit_per_s, centre, width, chosen, link)
        rows.append(
            {
                "band": band.name,
                "band_ghz": [band.low_ghz, band.high_ghz],
                "note": band.note,
                "width_hz": band.width_hz,
                "layers": chosen.layers,
                "modulation": chosen.modulation,
                "bit_per_s_per_hz": chosen.total,
                **{key: answer[key] for key in _SHOWN},
            }
        )
    return rows


register(
    ModelCard(
        id="radio.peak.rate",
        title="Peak rate of a carrier",
        function=peak_rate,
        sources=(TS38306,),
        references=(
            Reference({"bandwidth_hz": 16.7e9, "bit_per_s_per_hz": 60.0}, 1.002e12, "1 Tbit/s in 16.7 GHz", rel=1e-9),
            Reference({"bandwidth_hz": 400e6, "bit_per_s_per_hz": 60.0}, 24e9, "400 MHz end at 24 Gbit/s", rel=1e-9),
        ),
        increasing=("bandwidth_hz", "bit_per_s_per_hz"),
        left_out="how a channel comes to have that many equal layers",
    )
)
