"""Quantum links of a world: what the fibre, its classical light and the detectors leave of keys and messages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from silla.base.units import SPEED_OF_LIGHT_M_PER_S
from silla.engine.quantum_protocols import Line, direct_point, key_point, reconciliation
from silla.physics.optical.fibre import attenuation_at, nepers_per_m, transmittance
from silla.physics.optical.raman import noise_photons_per_s, raman_cross_section
from silla.physics.quantum.attack import intercept_resend_error
from silla.physics.quantum.bounds import plob_bit
from silla.physics.quantum.detectors import background_per_gate
from silla.physics.quantum.distillation.yields import AUTHENTICATION_BIT
from silla.physics.quantum.repeaters import Chain, chain, hashing_bound, pair_key_bit
from silla.world.types import DirectLinks, KeyLinks, World

__all__ = [
    "DirectRates",
    "KeyRates",
    "LinkBudget",
    "PairRates",
    "direct_rates",
    "error_under",
    "key_line",
    "key_rate_of",
    "key_rates",
    "link_budgets",
    "pair_rates",
    "plob_bit_per_s",
]

Floats = NDArray[np.float64]

_WAYS = {"cascade": "Cascade", "ldpc": "LDPC decoding"}
_ENDLESS = 1e15  # bits of a block
_DEAD = 1e-3  # bit/s below which a link is said to make no key
_MOST_ERROR = 0.49  # the models' limit, far beyond any key
_STANDARD_RAMAN = 3e-9  # 1/(km nm), the catalogue's coefficient of standard fibre


@dataclass(frozen=True)
class LinkBudget:
    """Light budget of each link [n]: loss of the fibre in dB, transmittance with receiver and detector, background.

    raman_per_gate, dark_per_gate : clicks per gate; background their sum. channel : transmittance of the fibre alone.
    photons_per_mode : Raman photons in one mode of light at the receiver's input.
    """

    loss_db: Floats
    channel: Floats
    total: Floats
    raman_per_gate: Floats
    dark_per_gate: Floats
    background: Floats
    photons_per_mode: Floats


@dataclass(frozen=True)
class KeyRates:
    """What each link makes, per second.

    bit_per_s : net, secret less authentication. secret_bit_per_s, authentication_bit_per_s : of the blocks of that
    second, each with its tags' pads. sifted_bit_per_s : bits before error correction (symbols of cv-qkd), with
    efficiency f; corrected_bit_per_s : most that the link's cores correct, infinite where that is assumed.
    qber : NaN where none is measured.
    """

    bit_per_s: Floats
    secret_bit_per_s: Floats
    authentication_bit_per_s: Floats
    sifted_bit_per_s: Floats
    corrected_bit_per_s: Floats
    efficiency: Floats
    qber: Floats
    plob_bit_per_s: Floats
    limited_by: tuple[str, ...]


@dataclass(frozen=True)
class DirectRates:
    """Secret message bit/s and the receiver's error rate of each direct link."""

    bit_per_s: Floats
    qber: Floats


@dataclass(frozen=True)
class PairRates:
    """What each chain of repeaters makes: secret key or message bit/s, pairs/s, their fidelity; the chain's fibres."""

    bit_per_s: Floats
    pairs_per_s: Floats
    fidelity: Floats
    loss_db: Floats
    length_m: Floats


class _Channel(NamedTuple):
    """What loss and noise depend on; arrays over channels."""

    fibre: NDArray[np.int64]
    wavelength_m: Floats
    filter_m: Floats
    gate_s: Floats
    detector: tuple[dict[str, Any], ...]


def link_budgets(world: World, links: KeyLinks | DirectLinks) -> LinkBudget:
    """The light budget of key or direct links."""
    channels = _Channel(links.fibre, links.wavelength_m, links.filter_m, links.gate_s, links.detector)
    loss = _loss_db(world, channels)
    channel = transmittance(loss)
    efficiency = np.array([d["efficiency"] for d in links.detector], dtype=float)
    dark, both = _noise(world, channels, links.receiver_transmittance)
    width_hz = SPEED_OF_LIGHT_M_PER_S * links.filter_m / links.wavelength_m**2
    per_mode = 0.5 * _raman_photons_per_s(world, channels) / width_hz  # one of two polarisations
    total = channel * links.receiver_transmittance * efficiency
    return LinkBudget(loss, channel, total, both - dark, dark, both, per_mode)


def _loss_db(world: World, channels: _Channel) -> Floats:
    f, fibre = world.fibres, channels.fibre
    per_km = attenuation_at(channels.wavelength_m, f.attenuation_db_per_km[fibre])
    return per_km * f.length_m[fibre] / 1e3 + f.extra_loss_db[fibre]


def _noise(world: World, channels: _Channel, optics: Floats | float) -> tuple[Floats, Floats]:
    """(dark clicks, clicks of dark counts and Raman light together) per gate of two detectors, behind the optics."""
    gate = channels.gate_s
    rate = np.array([_dark_rate(d, g) for d, g in zip(channels.detector, gate)], dtype=float)
    efficiency = np.array([d["efficiency"] for d in channels.detector], dtype=float)
    photons = _raman_photons_per_s(world, channels) * optics
    dark = background_per_gate(rate, gate)
    both = background_per_gate(rate, gate, light_photons_per_s=photons, efficiency=efficiency)
    return np.asarray(dark), np.asarray(both)


def _dark_rate(detector: dict[str, Any], gate_s: float) -> float:
    """Dark counts per second; a published count per gate is turned back into a rate at this gate."""
    per_gate = detector["dark_per_gate"]
    return detector["dark_counts_per_s"] if per_gate is None else per_gate / gate_s


def _raman_photons_per_s(world: World, channels: _Channel) -> Floats:
    """Raman photons per second at the receivers' inputs, within their filters, from all classical channels."""
    f, fibre = world.fibres, channels.fibre
    photons = np.zeros(len(fibre))
    for i, k in enumerate(fibre):
        centre, spacing = float(f.classical_wavelength_m[k]), float(f.classical_spacing_hz[k])
        quantum_m = float(channels.wavelength_m[i])
        comb = _comb(centre, spacing, int(f.classical_channels[k]), quantum_m)
        if not len(comb):
            continue
        attenuation = f.attenuation_db_per_km[k]
        # The catalogue's coefficient rescales standard fibre's spectrum (a hollow core scatters a thousand times less).
        section = raman_cross_section(comb, quantum_m) * f.part[k]["raman_per_km_nm"] / _STANDARD_RAMAN
        for direction, share in (("co", f.co_fraction[k]), ("counter", 1.0 - f.co_fraction[k])):
            photons[i] += np.sum(
                noise_photons_per_s(
                    f.classical_power_w[k] * share, comb, quantum_m, channels.filter_m[i], f.length_m[k],
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
    """Rates of each key link's protocol at its best settings, dead time counted.

    intercepted : [n_links] share of pulses that an eavesdropper intercepts and resends.
    """
    links = world.key_links
    if not len(links.id):
        empty = np.zeros(0)
        return KeyRates(empty, empty, empty, empty, empty, empty, empty, empty, ())
    rows = [key_rate_of(links, budget, i, float(x)) for i, x in enumerate(intercepted)]
    secret, spent, sifted, most, f, qber, clicks = (np.array(column) for column in zip(*rows))
    dead = np.array([d["dead_time_ns"] for d in links.detector], dtype=float) * 1e-9
    limits = _limits(links, budget, qber, secret, clicks / 2 * dead, sifted > most)
    bound = plob_bit_per_s(links, budget)
    return KeyRates(secret - spent, secret, spent, sifted, most, f, qber, bound, limits)


class LinkRate(NamedTuple):
    """Of one link, per second: secret bits, bits spent on authentication, sifted bits, most that are corrected; f,
    error rate, clicks before dead time."""

    secret: float
    authentication: float
    sifted: float
    corrected: float
    efficiency: float
    qber: float
    clicks: float


def key_rate_of(links: KeyLinks, budget: LinkBudget, i: int, intercepted: float, split: float = 0.0) -> LinkRate:
    """Link i with a share of its pulses intercepted, or their photon numbers split.

    Sifted bits that the link's cores cannot correct are thrown away. Every block spends the pads of its tags; a block
    with no more secret bits than these is no key, as `distillation.Party` has it.
    """
    line, clock = key_line(links, budget, i, intercepted, split), float(links.pulse_rate_hz[i])
    point = key_point(line)
    most = float("inf")
    if line.correction != "assumed" and line.protocol != "cv-qkd":
        most = float(links.reconciliation_cores[i]) * reconciliation(line, point.qber).bit_per_s
    sifted = point.sifted * clock
    share = min(1.0, most / sifted) if sifted > 0.0 else 1.0
    secret, spent = point.bit * clock * share, AUTHENTICATION_BIT * sifted * share / line.block_bits
    if secret <= max(spent, _DEAD):
        secret = spent = 0.0
    return LinkRate(secret, spent, sifted, most, point.efficiency, point.qber, point.clicks * clock)


def key_line(links: KeyLinks, budget: LinkBudget, i: int, intercepted: float, split: float = 0.0) -> Line:
    """Link i as its protocol sees it, with a share of its pulses intercepted or their photon numbers split."""
    d, h = links.detector[i], links.homodyne[i]
    continuous = links.protocol[i] == "cv-qkd"
    optics = float(links.receiver_transmittance[i])
    return Line(
        protocol=links.protocol[i],
        channel=float(budget.channel[i]),
        receiver=optics if continuous else optics * d["efficiency"],
        background=float(budget.background[i]),
        error=error_under(links.protocol[i], float(links.misalignment[i]), intercepted),
        clock_hz=float(links.pulse_rate_hz[i]),
        dead_time_s=d["dead_time_ns"] * 1e-9,
        afterpulse=float(d["afterpulse"]),
        intensity=float(links.signal_intensity[i]),
        block_bits=float(links.block_bits[i]),
        epsilon=float(links.security_epsilon[i]),
        error_correction=float(links.error_correction_efficiency[i]),
        correction=links.error_correction[i],
        decoys=int(links.decoys[i]),
        isolation=float(links.isolation[i]),
        split=split,
        intercepted=intercepted,
        noise_photons=float(budget.photons_per_mode[i]) if continuous else 0.0,
        homodyne=(h["detection"], h["efficiency"], h["electronic_noise"], h["excess_noise"], h["reconciliation"]),
    )


def error_under(protocol: str, misalignment: float, intercepted: float) -> float:
    """Error rate of signal clicks under interception of a share of the pulses.

    A photon of twin-field keys is shared between both fibres: who looks on which it is takes all of its phase, where a
    qubit measured in a random one of two bases keeps half of its meaning.
    """
    if protocol in ("tf", "sns"):
        return min(misalignment + intercepted * (0.5 - misalignment), _MOST_ERROR)
    return float(intercept_resend_error(misalignment, intercepted))


def _limits(
    links: KeyLinks, budget: LinkBudget, qber: Floats, bits: Floats, dead_share: Floats, slow: NDArray[np.bool_]
) -> tuple[str, ...]:
    """What holds each link back most, in words of the budget."""
    words = []
    for i in range(len(bits)):
        raman = budget.raman_per_gate[i] > budget.dark_per_gate[i]
        if links.protocol[i] == "cv-qkd":
            noisy = 2.0 * budget.photons_per_mode[i] / budget.channel[i] > links.homodyne[i]["excess_noise"]
            short = replace(key_line(links, budget, i, 0.0), block_bits=1e16)
            none = "loss: the block is too short" if key_point(short).bit > 0 else "loss and excess noise"
            words.append("Raman noise" if noisy else "fibre loss" if bits[i] > 0 else none)
        elif bits[i] <= 0:
            noise = "Raman noise" if raman else "loss"
            words.append(noise if qber[i] > 0.03 + links.misalignment[i] else _no_key(links, budget, i))
        elif slow[i]:
            n = int(links.reconciliation_cores[i])
            words.append(f"{_WAYS[links.error_correction[i]]} on {n} core{'s' if n > 1 else ''}")
        elif dead_share[i] > 0.5:
            words.append("detector dead time")
        elif raman and qber[i] > 1.5 * links.misalignment[i]:
            words.append("Raman noise")
        else:
            words.append("fibre loss")
    return tuple(words)


def _no_key(links: KeyLinks, budget: LinkBudget, i: int) -> str:
    """Why a link without a key, whose light is not lost in noise, has none."""
    line = key_line(links, budget, i, 0.0)
    if links.protocol[i] == "decoy-bb84" and key_point(replace(line, block_bits=_ENDLESS)).bit > 0.0:
        return "loss: the block is too short"
    aligned = key_point(replace(line, error=0.0, block_bits=_ENDLESS)).bit > 0.0
    return "misalignment" if aligned else "loss and dark counts"


def plob_bit_per_s(links: KeyLinks | DirectLinks, budget: LinkBudget) -> Floats:
    """Repeaterless capacity of each link's fibre, bit/s."""
    return np.asarray(plob_bit(budget.channel)) * links.pulse_rate_hz


def direct_rates(world: World, budget: LinkBudget, intercepted: Floats, split: Floats | None = None) -> DirectRates:
    """Rates of direct-communication links with weak pulses or stored pairs; zero under too strong an attack.

    intercepted, split : [n_links] share of pulses that are measured and resent, and whose photon numbers are split.

    Above an error rate of 1/4 on one way the schemes are not defined (the intercept-resend limit): nothing is sent, and
    the error rate given is that of the two ways together.
    """
    links = world.direct_links
    if not len(links.id):
        return DirectRates(np.zeros(0), np.zeros(0))
    split = np.zeros(len(links.id)) if split is None else split
    pairs = zip(intercepted, split, strict=True)
    points = [direct_point(_direct_line(links, budget, i, float(x), float(y))) for i, (x, y) in enumerate(pairs)]
    return DirectRates(np.array([p.bit_per_s for p in points]), np.array([p.qber for p in points]))


def _direct_line(links: DirectLinks, budget: LinkBudget, i: int, intercepted: float, split: float) -> Line:
    d = links.detector[i]
    return Line(
        protocol=links.protocol[i],
        channel=float(budget.channel[i]),
        receiver=float(links.receiver_transmittance[i]) * d["efficiency"],
        background=float(budget.background[i]),
        error=float(intercept_resend_error(links.misalignment[i], intercepted)),
        clock_hz=float(links.pulse_rate_hz[i]),
        dead_time_s=d["dead_time_ns"] * 1e-9,
        intercepted=intercepted,
        dimension=int(links.dimension[i]),
        decoys=int(links.decoys[i]),
        isolation=float(links.isolation[i]),
        split=split,
        message_bits=float(links.block_bits[i]),
    )


def pair_rates(world: World) -> PairRates:
    """What each chain of repeaters delivers while all of its fibres are whole and untouched."""
    r = world.repeaters
    made = [_chain(world, i) for i in range(len(r.id))]
    pairs = np.array([c.pairs_per_s for c, _, _ in made], dtype=float)
    fidelity = np.array([c.fidelity for c, _, _ in made], dtype=float)
    key = np.array([pair_key_bit(f, c) for f, c in zip(fidelity, r.error_correction_efficiency)], dtype=float)
    bits = pairs * np.where(r.makes_keys, key, hashing_bound(fidelity))
    loss, length = (np.array([row[k] for row in made], dtype=float) for k in (1, 2))
    return PairRates(np.where(bits < _DEAD, 0.0, bits), pairs, fidelity, loss, length)


def _chain(world: World, i: int) -> tuple[Chain, float, float]:
    """(chain, loss in dB and length in metres of its fibres together)."""
    r, f = world.repeaters, world.fibres
    path = np.array(r.path[i])
    n = len(path)
    segments = _Channel(
        path, np.full(n, r.wavelength_m[i]), np.full(n, r.filter_m[i]), np.full(n, r.gate_s[i]), (r.detector[i],) * n
    )
    loss = _loss_db(world, segments)
    _, background = _noise(world, segments, 1.0)
    made = chain(
        transmittance(loss),
        f.length_m[path],
        attempts_per_s=float(r.attempts_per_s[i]),
        modes=int(r.modes[i]),
        station_efficiency=float(r.memory_efficiency[i] * r.detector[i]["efficiency"]),
        background=0.5 * background,
        pair_fidelity=float(r.pair_fidelity[i]),
        swap_success=float(r.swap_success[i]),
        swap_fidelity=float(r.swap_fidelity[i]),
        memory_s=float(r.memory_s[i]),
        purify_rounds=int(r.purify_rounds[i]),
    )
    return made, float(loss.sum()), float(f.length_m[path].sum())
