"""Where to put a quantum channel beside classical ones: best band, highest launch power, and what limits it.

For every candidate wavelength: noise of the classical channels within the receiver's filter (`optical.coexistence`),
loss of the line there, and the key rate of decoy-state BB84 at the best intensity. Raman and leaked light go with the
launched power, mixing with its cube, so the highest power is found without computing the noise again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Range, check_domain
from silla.base.units import SPEED_OF_LIGHT_M_PER_S, dbm_to_w
from silla.physics.optical.coexistence import Booster, Coexistence, noise_at
from silla.physics.optical.raman import SHIFT
from silla.physics.quantum.channel import CHANNEL_RANGES
from silla.physics.quantum.decoy_bb84 import best_intensity, key_rate
from silla.physics.quantum.detectors import FILTER, background_per_gate, dead_time_factor

__all__ = ["BANDS", "Band", "ClassicalLoad", "Placement", "Receiver", "best_placement"]

Floats = NDArray[np.floating[Any]]

# ITU-T G.Sup39, nm; the U band (1625 to 1675) lies beyond the fibre's attenuation data and is refused
BANDS = {
    "O": (1260.0, 1360.0),
    "E": (1360.0, 1460.0),
    "S": (1460.0, 1530.0),
    "C": (1530.0, 1565.0),
    "L": (1565.0, 1625.0),
}
_LOWEST_DBM, _HIGHEST_DBM = -70.0, 30.0
DIRECTIONS = ("co", "counter", "both")


@dataclass(frozen=True)
class ClassicalLoad:
    """Classical channels of one fibre. direction : as the quantum signal, against it, or a set of them either way."""

    wavelengths_m: Floats
    power_dbm: float  # launched, each
    direction: str = "co"
    bit_per_s: float = 0.0

    @classmethod
    def grid(
        cls,
        channels: int,
        *,
        power_dbm: float,
        spacing_ghz: float = 100.0,
        centre_nm: float = 1547.5,
        direction: str = "co",
    ) -> ClassicalLoad:
        """Channels of even spacing about a centre. Raises DomainError for none, or more than 200."""
        check_domain("channels", channels, Range(1, 200, ""), what="classical load")
        check_domain("spacing_ghz", spacing_ghz, Range(6.25, 10_000.0, "GHz"), what="classical load")
        check_domain("centre_nm", centre_nm, Range(1000.0, 2000.0, "nm"), what="classical load")
        check_domain("power_dbm", power_dbm, Range(_LOWEST_DBM, _HIGHEST_DBM, "dBm"), what="classical load")
        if direction not in DIRECTIONS:
            raise ArgumentError(f"classical load: direction is {direction!r}, allowed {', '.join(DIRECTIONS)}")
        steps = np.arange(channels) - 0.5 * (channels - 1)
        return cls(
            SPEED_OF_LIGHT_M_PER_S / (SPEED_OF_LIGHT_M_PER_S / (centre_nm * 1e-9) + 1e9 * spacing_ghz * steps)[::-1],
            power_dbm,
            direction,
        )

    @classmethod
    def carrying(cls, bit_per_s: float, *, channel_bit_per_s: float = 100e9, **grid: Any) -> ClassicalLoad:
        """As many channels as a rate needs, as ten of 100 Gbit/s for 1 Tbit/s; `grid` as above without `channels`."""
        check_domain("rate", bit_per_s, Range(1e6, 1e15, "bit/s"), what="classical load")
        check_domain("rate of a channel", channel_bit_per_s, Range(1e6, 2e12, "bit/s"), what="classical load")
        n = int(np.ceil(bit_per_s / channel_bit_per_s - 1e-9))
        load = cls.grid(n, **grid)
        return cls(load.wavelengths_m, load.power_dbm, load.direction, n * channel_bit_per_s)


@dataclass(frozen=True)
class Receiver:
    """The quantum receiver and its source, the same at any wavelength. y0 : background clicks per gate of its own."""

    clock_hz: float = 1e9
    efficiency: float = 0.5
    y0: float = 1e-8
    gate_s: float = 0.1e-9
    filter_m: float = 0.1e-9
    isolation_db: float = 120.0
    insertion_db: float = 2.0  # multiplexers and filters in the quantum path
    misalignment: float = 0.01
    error_correction: float = 1.16
    dead_time_s: float = 30e-9
    decoys: str = "vacuum+weak"


@dataclass(frozen=True)
class Band:
    """The best place within one band; rate 0 where there is no key in it."""

    name: str
    wavelength_nm: float
    rate_bit_per_s: float
    highest_dbm: float | None  # power of each channel up to which the rate stays at the target; None where it never is
    noise_photons_per_s: dict[str, float]
    loss_db: float
    qber: float
    why: str


@dataclass(frozen=True)
class Placement:
    """Result of `best_placement`; arrays over the candidates."""

    wavelength_nm: Floats
    rate_bit_per_s: Floats
    qber: Floats
    loss_db: Floats
    highest_dbm: Floats  # NaN where the target is never met
    noise: dict[str, Floats]  # photons per second by source
    bands: list[Band]
    best: Band | None  # None where no candidate has a key
    target_bit_per_s: float
    why: str


def best_placement(
    load: ClassicalLoad,
    length_m: float,
    *,
    receiver: Receiver | None = None,
    wavelengths_nm: ArrayLike | None = None,
    bands: tuple[str, ...] = tuple(BANDS),
    target_bit_per_s: float = 1e3,
    attenuation_1550_db_per_km: float = 0.2,
    booster: Booster | None = None,
    guard_nm: float = 0.8,
) -> Placement:
    """Key rate at every candidate wavelength, the best place in each band and overall, and the highest launch power.

    Parameters
    ----------
    load : the classical channels. length_m : of the fibre shared. wavelengths_nm : candidates; None takes every
    nanometre of `bands` that the Raman table covers (42 THz from every channel) and that is `guard_nm` away from each
    channel. target_bit_per_s : rate to be kept at the highest power.

    Raises DomainError for wavelengths outside the fibre's data (1260 to 1625 nm) or the Raman table, when they were
    named, and for a fibre of 0 m or more than 500 km; ArgumentError for an unknown band.

    >>> found = best_placement(ClassicalLoad.carrying(1e12, power_dbm=0.0), 20e3)
    >>> found.best is not None and found.best.name in "OES"
    True
    """
    receiver = receiver or Receiver()
    check_domain("length_m", length_m, Range(1.0, 500e3, "m"), what="placement")
    check_domain("target", target_bit_per_s, Range(1e-6, 1e12, "bit/s"), what="placement")
    check_domain("detector efficiency", receiver.efficiency, Range(1e-4, 1.0, ""), what="placement")
    check_domain("clock", receiver.clock_hz, Range(1.0, 1e12, "Hz"), what="placement")
    check_domain("filter", receiver.filter_m, FILTER, what="placement", advice="filters of 0.1 to 1 nm are usual")
    check_domain("y0", receiver.y0, CHANNEL_RANGES["y0"], what="placement")
    check_domain("misalignment", receiver.misalignment, CHANNEL_RANGES["misalignment"], what="placement")
    check_domain(
        "insertion_db", receiver.insertion_db, Range(0.0, 60.0, "dB"), what="placement", advice="a loss is positive"
    )
    nm = _candidates(load, wavelengths_nm, bands, guard_nm)
    noise = _noise(load, nm, length_m, receiver, attenuation_1550_db_per_km, booster)
    rate, qber = _rates(receiver, noise)
    highest = _highest_dbm(load.power_dbm, receiver, noise, target_bit_per_s)
    parts = {
        "raman": np.asarray(noise.raman_photons_per_s),
        "mixing": np.asarray(noise.mixing_photons_per_s),
        "leaked": np.asarray(noise.leaked_photons_per_s),
        "amplifier": np.broadcast_to(noise.amplifier_photons_per_s, nm.shape),
    }
    loss = np.asarray(noise.loss_db)
    found = []
    for name in bands:
        inside = np.flatnonzero((nm >= BANDS[name][0]) & (nm < BANDS[name][1] + (name == "L")))
        if inside.size:
            i = inside[np.argmax(_order(rate, noise)[inside])]
            found.append(_band(name, i, nm, rate, qber, loss, highest, parts, receiver))
    alive = [band for band in found if band.rate_bit_per_s > 0.0]
    best = max(alive, key=lambda band: band.rate_bit_per_s, default=None)
    return Placement(nm, rate, qber, loss, highest, parts, found, best, target_bit_per_s, _compare(best, found, load))


def _candidates(load: ClassicalLoad, given: ArrayLike | None, bands: tuple[str, ...], guard_nm: float) -> Floats:
    if not bands:
        raise ArgumentError(f"placement: no band is given, allowed {', '.join(BANDS)}")
    for name in bands:
        if name not in BANDS:
            extra = "; the U band lies beyond the fibre's attenuation data" if name == "U" else ""
            raise ArgumentError(f"placement: band is {name!r}, allowed {', '.join(BANDS)}{extra}")
    classical_nm = load.wavelengths_m * 1e9
    if given is not None:
        nm = np.atleast_1d(np.asarray(given, float))
        check_domain("wavelength", nm, Range(1260.0, 1625.0, "nm"), what="placement", advice="no fibre data beyond")
        return nm
    whole = np.unique(np.concatenate([np.arange(BANDS[b][0], BANDS[b][1] + 0.5) for b in bands]))
    shift = np.abs(SPEED_OF_LIGHT_M_PER_S * 1e9 * (1.0 / whole[:, None] - 1.0 / classical_nm))
    kept = (shift.max(axis=1) <= SHIFT.high) & (np.abs(whole[:, None] - classical_nm).min(axis=1) >= guard_nm)
    if not kept.any():
        raise DomainError("placement: no candidate is left within the Raman table's 42 THz and clear of the channels")
    return whole[kept]


def _noise(load, nm, length_m, receiver: Receiver, attenuation, booster) -> Coexistence:
    power = np.full(load.wavelengths_m.shape, float(dbm_to_w(load.power_dbm)))
    common: dict[str, Any] = {
        "bandwidth_m": receiver.filter_m,
        "isolation_db": receiver.isolation_db,
        "attenuation_1550_db_per_km": attenuation,
        "booster": booster,
    }
    ways = ("co", "counter") if load.direction == "both" else (load.direction,)
    quantum_m = np.clip(nm * 1e-9, 1260e-9, 1625e-9)  # the ends may round to just beyond
    parts = [noise_at(quantum_m, power, load.wavelengths_m, length_m, direction=way, **common) for way in ways]
    if len(parts) == 1:
        return parts[0]
    one, two = parts
    return Coexistence(
        one.raman_photons_per_s + two.raman_photons_per_s,
        one.mixing_photons_per_s + two.mixing_photons_per_s,
        one.leaked_photons_per_s + two.leaked_photons_per_s,
        one.loss_db,
        one.amplifier_photons_per_s + two.amplifier_photons_per_s,
    )


def _link(receiver: Receiver, noise: Coexistence):
    passed = 10.0 ** (-0.1 * receiver.insertion_db) * receiver.efficiency
    y0 = background_per_gate(
        0.0, receiver.gate_s, light_photons_per_s=np.minimum(noise.photons_per_s, 1e15), efficiency=passed
    )
    y0 = np.minimum(1.0 - (1.0 - receiver.y0) * (1.0 - np.asarray(y0)), 0.99)
    return 10.0 ** (-0.1 * np.asarray(noise.loss_db)) * passed, y0


def _signed(receiver: Receiver, noise: Coexistence):
    eta, y0 = _link(receiver, noise)
    common: dict[str, Any] = {
        "y0": y0,
        "misalignment": receiver.misalignment,
        "error_correction": receiver.error_correction,
        "decoys": receiver.decoys,
    }
    return key_rate(eta, mu=best_intensity(eta, **common), sifting=0.5, **common)


def _rates(receiver: Receiver, noise: Coexistence):
    found = _signed(receiver, noise)
    live = dead_time_factor(found.gain * receiver.clock_hz, receiver.dead_time_s)
    return np.asarray(found.rate * receiver.clock_hz * live), np.asarray(found.qber)


def _order(rate: Floats, noise: Coexistence) -> Floats:
    """Rates, and where there is none the lesser noise over the line's light, so that a best place is always named."""
    worst = np.asarray(noise.photons_per_s) * 10.0 ** (0.1 * np.asarray(noise.loss_db))
    return np.where(rate > 0.0, rate, -worst)


def _highest_dbm(now_dbm: float, receiver: Receiver, noise: Coexistence, target: float) -> Floats:
    """Power of each channel at which the rate falls to the target, by bisection; NaN where it is never met."""
    shape = np.shape(noise.loss_db)
    low, high = np.full(shape, _LOWEST_DBM), np.full(shape, _HIGHEST_DBM)

    def met(dbm):
        return _rates(receiver, noise.at_power(10.0 ** (0.1 * (dbm - now_dbm))))[0] >= target

    never, always = ~met(low), met(high)
    for _ in range(16):
        middle = 0.5 * (low + high)
        good = met(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return np.where(never, np.nan, np.where(always, _HIGHEST_DBM, low))


_NAMES = {
    "raman": "Raman scattering", "mixing": "four-wave mixing", "leaked": "light through the filter", "amplifier": "ASE"
}  # fmt: skip


def _band(name, i, nm, rate, qber, loss, highest, parts, receiver: Receiver) -> Band:
    noise = {source: float(values[i]) for source, values in parts.items()}
    total, greatest = sum(noise.values()), max(noise, key=lambda source: noise[source])
    clicks = total * receiver.gate_s * receiver.efficiency * 10.0 ** (-0.1 * receiver.insertion_db)
    if rate[i] <= 0.0:
        why = f"no key: {_NAMES[greatest]} of {noise[greatest]:.3g} photons/s beside a loss of {loss[i]:.1f} dB"
    elif clicks < receiver.y0:
        why = f"loss of {loss[i]:.1f} dB; classical light adds less than the detectors' own background"
    else:
        share = 100.0 * noise[greatest] / total
        why = f"{_NAMES[greatest]}, {share:.0f} % of {total:.3g} photons/s; loss {loss[i]:.1f} dB"
    dbm = float(highest[i])
    return Band(
        name, float(nm[i]), float(rate[i]), None if np.isnan(dbm) else dbm, noise, float(loss[i]), float(qber[i]), why
    )


def _compare(best: Band | None, bands: list[Band], load: ClassicalLoad) -> str:
    if best is None:
        return "no band has a key; lower the launch power, narrow the filter or the gate, or shorten the fibre"
    others = [band for band in bands if band.name != best.name]
    if not others:
        return f"{best.wavelength_nm:g} nm: {best.why}"
    rival = max(others, key=lambda band: band.rate_bit_per_s)
    total, theirs = (sum(band.noise_photons_per_s.values()) for band in (best, rival))
    quiet = f"{theirs / total:.3g} times less noise" if total < theirs else f"{total / theirs:.3g} times more noise"
    loss, more = best.loss_db - rival.loss_db, "more" if best.loss_db > rival.loss_db else "less"
    return (
        f"{best.name} band at {best.wavelength_nm:g} nm: {quiet} and {abs(loss):.1f} dB {more} loss than the "
        f"{rival.name} band at {rival.wavelength_nm:g} nm"
    )
