"""Quantum links of a world: what the fibre, its classical light and the detectors leave of keys and messages."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.units import SPEED_OF_LIGHT_M_PER_S
from silla.physics.optical.fibre import attenuation_at, nepers_per_m, transmittance
from silla.physics.optical.raman import noise_photons_per_s, raman_cross_section
from silla.physics.quantum.attack import intercept_resend_error
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.channel import gain_and_error
from silla.physics.quantum.detectors import background_per_gate, dead_time_factor
from silla.physics.quantum.dl04 import best_direct_rate
from silla.physics.quantum.finite_key_best import best_finite_key
from silla.world.types import DirectLinks, KeyLinks, World

__all__ = ["DirectRates", "KeyRates", "LinkBudget", "direct_rates", "key_rates", "link_budgets", "plob_bit_per_s"]

Floats = NDArray[np.float64]

_DIRECT_ERROR_LIMIT = 0.25
_DEAD = 1e-3  # bit/s below which a link is said to make no key
_STANDARD_RAMAN = 3e-9  # 1/(km nm), the catalogue's coefficient of standard fibre


@dataclass(frozen=True)
class LinkBudget:
    """Light budget of each link [n]: loss of the fibre in dB, transmittance with receiver and detector, background.

    raman_per_gate, dark_per_gate : clicks per gate; background their sum. channel : transmittance of the fibre alone.
    """

    loss_db: Floats
    channel: Floats
    total: Floats
    raman_per_gate: Floats
    dark_per_gate: Floats
    background: Floats


@dataclass(frozen=True)
class KeyRates:
    """What each link makes: secret bit/s, QBER, and the PLOB bound in bit/s."""

    bit_per_s: Floats
    qber: Floats
    plob_bit_per_s: Floats
    limited_by: tuple[str, ...]


def link_budgets(world: World, links: KeyLinks | DirectLinks) -> LinkBudget:
    """The light budget of key or direct links."""
    f = world.fibres
    fibre = links.fibre
    length = f.length_m[fibre]
    loss = attenuation_at(links.wavelength_m, f.attenuation_db_per_km[fibre]) * length / 1e3 + f.extra_loss_db[fibre]
    channel = transmittance(loss)
    efficiency = np.array([d["efficiency"] for d in links.detector], dtype=float)
    photons = _raman_photons_per_s(world, links)
    dark_rate = [_dark_rate(d, g) for d, g in zip(links.detector, links.gate_s)]
    gate = links.gate_s
    after = links.receiver_transmittance * efficiency
    dark = background_per_gate(np.array(dark_rate, dtype=float), gate)
    both = background_per_gate(
        np.array(dark_rate, dtype=float),
        gate,
        light_photons_per_s=photons * links.receiver_transmittance,
        efficiency=efficiency,
    )
    return LinkBudget(loss, channel, channel * after, both - dark, np.asarray(dark), np.asarray(both))


def _dark_rate(detector: dict[str, Any], gate_s: float) -> float:
    """Dark counts per second; a published count per gate is turned back into a rate at this gate."""
    per_gate = detector["dark_per_gate"]
    return detector["dark_counts_per_s"] if per_gate is None else per_gate / gate_s


def _raman_photons_per_s(world: World, links: KeyLinks | DirectLinks) -> Floats:
    """Raman photons per second at the receivers' inputs, within their filters, from all classical channels."""
    f, fibre = world.fibres, links.fibre
    photons = np.zeros(len(fibre))
    for i, k in enumerate(fibre):
        centre, spacing = float(f.classical_wavelength_m[k]), float(f.classical_spacing_hz[k])
        quantum_m = float(links.wavelength_m[i])
        comb = _comb(centre, spacing, int(f.classical_channels[k]), quantum_m)
        if not len(comb):
            continue
        attenuation = f.attenuation_db_per_km[k]
        # The catalogue's coefficient rescales standard fibre's spectrum (a hollow core scatters a thousand times less).
        section = raman_cross_section(comb, quantum_m) * f.part[k]["raman_per_km_nm"] / _STANDARD_RAMAN
        for direction, share in (("co", f.co_fraction[k]), ("counter", 1.0 - f.co_fraction[k])):
            photons[i] += np.sum(
                noise_photons_per_s(
                    f.classical_power_w[k] * share, comb, quantum_m, links.filter_m[i], f.length_m[k],
                    classical_alpha_per_m=nepers_per_m(attenuation_at(comb, attenuation)),
                    quantum_alpha_per_m=nepers_per_m(attenuation_at(quantum_m, attenuation)),
                    direction=direction, cross_section=section,
                )
            )  # fmt: skip
    return photons


def _comb(centre_m: float, spacing_hz: float, channels: int, quantum_m: float) -> Floats:
    """Wavelengths of the classical channels, without those within half a spacing of the quantum channel."""
    frequency = SPEED_OF_LIGHT_M_PER_S / centre_m + (np.arange(channels) - (channels - 1) / 2) * spacing_hz
    clear = np.abs(frequency - SPEED_OF_LIGHT_M_PER_S / quantum_m) > spacing_hz / 2
    return np.asarray(SPEED_OF_LIGHT_M_PER_S / frequency[clear], dtype=float)


def key_rates(world: World, budget: LinkBudget, intercepted: Floats) -> KeyRates:
    """Finite-key decoy BB84 rates at the best settings of the clean link.

    intercepted : [n_links] share of pulses that an eavesdropper intercepts and resends. The rate with dead time is the
    key rate per pulse times the share of clicks that survive.
    """
    links = world.key_links
    if not len(links.id):
        empty = np.zeros(0)
        return KeyRates(empty, empty, empty, ())
    error = intercept_resend_error(links.misalignment, intercepted)
    after = np.array([d["afterpulse"] for d in links.detector], dtype=float)
    settings = (
        budget.total, links.block_bits, budget.background, np.asarray(error, dtype=float), after,
        links.security_epsilon, links.error_correction_efficiency,
    )  # fmt: skip
    best = [_best_key(*(float(column[i]) for column in settings)) for i in range(len(links.id))]
    rate, mean_photons = np.array(best).T
    # Under attack the QBER that is measured is that of the settings in use, not of settings that suit the attacker.
    seen = gain_and_error(mean_photons, budget.total, y0=budget.background, misalignment=error, afterpulse=after)
    clicks = np.asarray(seen.gain) * links.pulse_rate_hz
    dead = np.array([d["dead_time_ns"] for d in links.detector], dtype=float) * 1e-9
    bits = (
        rate * links.pulse_rate_hz * dead_time_factor(clicks / 2, dead)
    )  # the clicks of a basis fall on two detectors
    limits = _limits(budget, np.asarray(seen.qber), bits, clicks * dead / 2, links.misalignment)
    return KeyRates(np.where(bits < _DEAD, 0.0, bits), np.asarray(seen.qber), plob_bit_per_s(links, budget), limits)


@functools.lru_cache(maxsize=4096)
def _best_key(
    transmittance: float, block: float, y0: float, misalignment: float, afterpulse: float, eps_sec: float, f: float
) -> tuple[float, float]:
    """(secret bits per pulse, mean photons per pulse) of a link at its best settings; links and variants repeat."""
    best = best_finite_key(
        transmittance, block=block, y0=y0, misalignment=misalignment, afterpulse=afterpulse, eps_sec=eps_sec,
        error_correction=f,
    )  # fmt: skip
    return float(best.rate), float(np.sum(best.intensities * best.probabilities))


def _limits(
    budget: LinkBudget, qber: Floats, bits: Floats, dead_share: Floats, misalignment: Floats
) -> tuple[str, ...]:
    """What holds each link back most, in words of the budget."""
    words = []
    for i in range(len(qber)):
        if bits[i] <= 0:
            noise = "Raman noise" if budget.raman_per_gate[i] > budget.dark_per_gate[i] else "loss"
            words.append(noise if qber[i] > 0.03 + misalignment[i] else "loss: the block is too short")
        elif dead_share[i] > 0.5:
            words.append("detector dead time")
        elif budget.raman_per_gate[i] > budget.dark_per_gate[i] and qber[i] > 1.5 * misalignment[i]:
            words.append("Raman noise")
        else:
            words.append("fibre loss")
    return tuple(words)


def plob_bit_per_s(links: KeyLinks | DirectLinks, budget: LinkBudget) -> Floats:
    """Repeaterless capacity of each link's fibre, bit/s."""
    return np.asarray(plob_bit(budget.channel)) * links.pulse_rate_hz


@dataclass(frozen=True)
class DirectRates:
    """Secret message bit/s and the receiver's error rate of each direct link."""

    bit_per_s: Floats
    qber: Floats


def direct_rates(world: World, budget: LinkBudget, intercepted: Floats) -> DirectRates:
    """Rates of direct-communication links (DL04 with weak pulses); zero under too strong an attack.

    Above an error rate of 1/4 on one way the scheme is not defined (the intercept-resend limit): nothing is sent, and
    the error rate given is that of the two ways together.
    """
    links = world.direct_links
    if not len(links.id):
        return DirectRates(np.zeros(0), np.zeros(0))
    efficiency = links.receiver_transmittance * np.array([d["efficiency"] for d in links.detector], dtype=float)
    error = np.asarray(intercept_resend_error(links.misalignment, intercepted), dtype=float)
    lost = error > _DIRECT_ERROR_LIMIT
    best, _ = best_direct_rate(
        budget.channel,
        misalignment=np.minimum(error, _DIRECT_ERROR_LIMIT),
        y0=budget.background,
        receiver_efficiency=efficiency,
    )
    dead = np.array([d["dead_time_ns"] for d in links.detector], dtype=float) * 1e-9
    alive = dead_time_factor(np.asarray(best.gain) * links.pulse_rate_hz / 2, dead)
    rate = np.asarray(best.capacity) * links.pulse_rate_hz * alive
    return DirectRates(np.where(lost, 0.0, rate), np.where(lost, 2 * error * (1 - error), np.asarray(best.qber)))
