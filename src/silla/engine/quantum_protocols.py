"""One link as its protocol sees it, and what each protocol makes of it at its best settings.

The protocols of `quantum.keys` and `quantum.direct` are rows of two tables; adding one is adding a row. All values of a
`Line` are numbers, so links that repeat (variants, epochs) are computed once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from silla.base.errors import DomainError
from silla.physics.quantum import (
    bbm92,
    cvqkd,
    dl04,
    finite_key,
    finite_key_best,
    hd_qsdc,
    mdi,
    six_state,
    twin_field,
    two_step,
)
from silla.physics.quantum.attack import splitting_yields
from silla.physics.quantum.channel import Received, gain_and_error
from silla.physics.quantum.detectors import dead_time_factor
from silla.physics.quantum.direct_decoys import Station, pulse_leak
from silla.physics.quantum.distillation.efficiency import Efficiency, measured_efficiency
from silla.physics.quantum.entropy import binary_entropy
from silla.physics.quantum.messages.passing import passes
from silla.physics.quantum.messages.plan import Plan, make_plan
from silla.physics.quantum.messages.settings import with_best_pulses
from silla.physics.quantum.optimise import maximise
from silla.physics.quantum.photons.attacks import Attack, InterceptResend
from silla.physics.quantum.photons.countermeasures import trojan_phase_error
from silla.physics.quantum.photons.direct import Dl04Link
from silla.physics.quantum.photons.direct_attacks import splitting
from silla.physics.quantum.photons.receiver import PhotonDetector
from silla.physics.quantum.photons.time_bins import TimeBinLink

__all__ = ["DIRECT", "KEYS", "DirectPoint", "KeyPoint", "Line", "direct_point", "key_point", "reconciliation"]

_DETECTORS = 2  # on which the clicks of a basis fall
_BUSY = 0.2  # clicks in a dead time from which on dimmer pulses may pay
_MOST_LIGHT = 1e20  # photons per second that a fibre bears (Lucamarini et al. 2015, section III)
_MOST_WRONG, _MOST_TOLD = 0.49, 5.0
_HD_DIMENSIONS = (2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Line:
    """A quantum channel with its ends; probabilities and transmittances, SI.

    channel : of the fibre alone. receiver : optics and detector (cv-qkd: optics alone). background : clicks per gate of
    both detectors. error : rate of wrong clicks of signal photons, attack included. intensity : mean photons, NaN
    for the best. error_correction : f, where correction is "assumed"; "cascade" and "ldpc" have the measured one at
    the error rate that is seen. isolation : share of light shone into the transmitter that comes back, NaN where it is
    not counted. split : share of pulses whose photon numbers are split. noise_photons : background light per mode at
    the receiver's input, homodyne : (detection, efficiency, electronic noise, excess noise, reconciliation), of cv-qkd.
    """

    protocol: str
    channel: float
    receiver: float
    background: float
    error: float
    clock_hz: float
    dead_time_s: float = 0.0
    afterpulse: float = 0.0
    intensity: float = float("nan")
    block_bits: float = 1e7
    epsilon: float = 1e-9
    error_correction: float = 1.16
    correction: str = "assumed"
    decoys: int = 2
    isolation: float = float("nan")
    split: float = 0.0
    intercepted: float = 0.0
    noise_photons: float = 0.0
    homodyne: tuple[str, float, float, float, float] = ("homodyne", 0.6, 0.01, 0.01, 0.95)
    dimension: int = 0
    message_bits: float = 0.0

    @property
    def total(self) -> float:
        """Transmittance of fibre and receiver."""
        return self.channel * self.receiver

    @property
    def arm(self) -> float:
        """Transmittance from either end to a station in the middle, its detectors included."""
        return float(np.sqrt(self.channel) * self.receiver)


@dataclass(frozen=True)
class KeyPoint:
    """What one pulse brings.

    bit : secret bits, dead time counted. clicks : before dead time. qber : NaN where none is measured. sifted : bits
    that error correction works on, dead time counted (symbols of cv-qkd). efficiency : f of the error correction.
    """

    bit: float
    clicks: float
    qber: float
    mean_photons: float
    sifted: float = 0.0
    efficiency: float = float("nan")


@dataclass(frozen=True)
class DirectPoint:
    """Secret message bit/s, the receiver's error rate, mean photons (NaN: single photons), bins of a frame."""

    bit_per_s: float
    qber: float
    mean_photons: float
    dimension: int = 2


def _best(line: Line, rate: Callable[..., object], low: float, high: float, name: str = "mu") -> float:
    """The given intensity, else the best between two limits."""
    if np.isfinite(line.intensity):
        return line.intensity
    return float(maximise(rate, {name: (low, high)})[name])


def _decoy_bb84(line: Line) -> KeyPoint:
    """The settings are the best of the line as it is; what is counted may be bent by an attack on photon numbers."""
    signal = line.intensity if np.isfinite(line.intensity) else None
    best = finite_key_best.best_finite_key(
        line.total, block=line.block_bits, decoys=line.decoys, y0=line.background, misalignment=line.error,
        afterpulse=line.afterpulse, eps_sec=line.epsilon, error_correction=line.error_correction, signal=signal,
    )  # fmt: skip
    mean = float(np.sum(best.intensities * best.probabilities))
    # Under attack the QBER that is measured is that of the settings in use, not of settings that suit the attacker.
    seen = gain_and_error(mean, line.total, y0=line.background, misalignment=line.error, afterpulse=line.afterpulse)
    rate = float(best.rate)
    if rate > 0.0 and (line.split > 0.0 or np.isfinite(line.isolation)):
        rate = max(_counted_bits(line, best), 0.0) / float(best.pulses)
    return KeyPoint(rate, float(seen.gain), float(seen.qber), mean, line.block_bits / float(best.pulses))


def _counted_bits(line: Line, best: finite_key_best.BestFiniteKey) -> float:
    """Secret bits of a block at these settings, from the counts under attack and the light that comes back."""
    mu, p, q = best.intensities, best.probabilities, float(best.key_basis)
    n = np.arange(40)
    yields = splitting_yields(n, float(mu[0]), line.total, line.receiver, line.background, line.split)
    factorial = np.cumprod(np.maximum(n, 1.0))
    gain = np.array([float((np.exp(-m) * m**n / factorial * yields).sum()) for m in mu])
    wrong = 0.5 * line.background + line.error * np.maximum(gain - line.background, 0.0) + 0.5 * line.afterpulse * gain
    gain = gain * (1.0 + line.afterpulse)
    sent = float(best.pulses) * p
    counts = finite_key.Counts(*(sent * share * c for share in (q * q, (1.0 - q) ** 2) for c in (gain, wrong)))
    found = finite_key.key_length(counts, mu, p, eps_sec=line.epsilon, error_correction=line.error_correction)
    bits, single = float(found.signed_bit), float(found.single_bit)
    if np.isfinite(line.isolation) and single > 0.0:
        emitted = float(best.pulses) * q * q * float((p * np.exp(-mu) * mu).sum())
        reflected = _MOST_LIGHT / line.clock_hz * line.isolation
        worse = trojan_phase_error(float(found.phase_error), reflected, min(single / emitted, 1.0))
        bits -= single * float(binary_entropy(worse) - binary_entropy(found.phase_error))
    return bits


def _six_state(line: Line) -> KeyPoint:
    link = {"y0": line.background, "misalignment": line.error, "error_correction": line.error_correction}
    mu = _best(line, lambda mu: six_state.key_rate(line.total, mu=mu, **link).signed_rate, 0.01, 1.5)
    return _point(six_state.key_rate(line.total, mu=mu, **link), mu, 1.0 / 3.0)


def _bbm92(line: Line) -> KeyPoint:
    link = {"y0": line.background, "misalignment": line.error, "error_correction": line.error_correction}
    given = np.isfinite(line.intensity)
    half = 0.5 * line.intensity if given else float(bbm92.best_brightness(line.arm, line.arm, **link))
    return _point(bbm92.key_rate(line.arm, line.arm, brightness=half, **link), 2.0 * half, 0.5)


def _station(line: Line) -> dict[str, Any]:
    """Noise of a station in the middle; its functions count the background of one detector."""
    return {
        "background": 0.5 * line.background,
        "misalignment": line.error,
        "error_correction": line.error_correction,
    }


def _mdi(line: Line) -> KeyPoint:
    weak = 0.25 * line.intensity if np.isfinite(line.intensity) else 0.05
    link: dict[str, Any] = _station(line) | {"decoys": "vacuum+weak", "nu": min(weak, 0.05)}
    mu = line.intensity if np.isfinite(line.intensity) else float(mdi.best_intensity(line.arm, line.arm, **link))
    return _point(mdi.key_rate(line.arm, line.arm, mu=mu, **link), mu)


def _twin_field(line: Line) -> KeyPoint:
    if np.isfinite(line.intensity):
        return _point(twin_field.cal_key_rate(line.arm, mu=line.intensity, **_station(line)), line.intensity)
    found, mu = twin_field.best_cal(line.arm, **_station(line))
    return _point(found, float(mu))


def _sns(line: Line) -> KeyPoint:
    """Pairing leaves at most half of the windows that were announced."""
    if not np.isfinite(line.intensity):
        found, mu, _ = twin_field.best_sns(line.arm, **_station(line))
        return _point(found, float(mu), 0.5)

    def rate(sending):
        return twin_field.sns_key_rate(line.arm, mu=line.intensity, sending=sending, **_station(line))

    sending = float(maximise(lambda sending: rate(sending).signed_rate, {"sending": (0.005, 0.6)})["sending"])
    return _point(rate(sending), line.intensity, 0.5)


def _cv_qkd(line: Line) -> KeyPoint:
    """An interception adds two units of shot noise to the share of symbols that it touches (Lodewyck et al. 2007).

    Background photons within the mode of the local oscillator add 2 n at the receiver (Qi et al., New J. Phys. 12).
    """
    detection, efficiency, electronic, excess, reconciliation = line.homodyne
    line_t = max(line.channel, cvqkd.LINE.low)
    excess = excess + 2.0 * line.intercepted + 2.0 * line.noise_photons / line_t
    if line.channel < cvqkd.LINE.low or excess > cvqkd.EXCESS.high:
        return KeyPoint(0.0, 0.0, float("nan"), float("nan"))  # beyond the model, far beyond any key
    link: dict = {
        "excess_noise": excess,
        "reconciliation": reconciliation,
        "efficiency": efficiency * line.receiver,
        "electronic_noise": electronic,
        "detection": detection,
    }
    given = np.isfinite(line.intensity)
    modulation = 2.0 * line.intensity if given else float(cvqkd.best_modulation(line_t, **link))
    found = cvqkd.finite_key_rate(line_t, symbols=line.block_bits, modulation=modulation, **link)
    return KeyPoint(float(found.rate), 0.0, float("nan"), 0.5 * modulation, 1.0)


def _point(found, mu: float, sifting: float = 1.0) -> KeyPoint:
    return KeyPoint(float(found.rate), float(found.gain), float(found.qber), mu, sifting * float(found.gain))


KEYS: dict[str, Callable[[Line], KeyPoint]] = {
    "decoy-bb84": _decoy_bb84,
    "six-state": _six_state,
    "bbm92": _bbm92,
    "mdi": _mdi,
    "tf": _twin_field,
    "sns": _sns,
    "cv-qkd": _cv_qkd,
}


@functools.lru_cache(maxsize=8192)
def key_point(line: Line) -> KeyPoint:
    """Rate per pulse of a key protocol at the settings that are best without an attack on photon numbers."""
    settled = replace(_ready(replace(line, split=0.0)), split=line.split)
    point = _alive(settled, KEYS[line.protocol](settled))
    return replace(point, efficiency=float("nan") if line.protocol == "cv-qkd" else settled.error_correction)


@functools.lru_cache(maxsize=8192)
def _ready(line: Line) -> Line:
    """The line with its intensity, where dead time fixes it, and with the f of its error correction.

    f is that of the error rate which the protocol sees at its best settings for this f; it changes slowly with the
    error rate, and that but little with f, so that a few rounds settle both.
    """
    if line.correction == "assumed" or line.protocol == "cv-qkd":
        return _settled(line)
    return _corrected(_settled(_corrected(line, line.error)), None)


def _corrected(line: Line, error: float | None) -> Line:
    """The line with the f that belongs to its own error rate, from a first guess of that (None: as it is)."""
    for _ in range(3):
        f = reconciliation(line, KEYS[line.protocol](line).qber if error is None else error).f
        if abs(f - line.error_correction) < 5e-4:
            break
        line, error = replace(line, error_correction=f), None
    return line


def reconciliation(line: Line, error: float) -> Efficiency:
    """f (at most 5, the limit of the protocols' formulas) and bit/s of one core, at an error rate of the key."""
    found = measured_efficiency(line.correction, min(error, _MOST_WRONG), line.block_bits)
    return found._replace(f=min(found.f, _MOST_TOLD))


@functools.lru_cache(maxsize=8192)
def _settled(line: Line) -> Line:
    """The line with a dimmer intensity where dead time makes that pay; otherwise left to the protocol's own search."""
    if np.isfinite(line.intensity):
        return line
    free = KEYS[line.protocol](line)
    if free.clicks * line.clock_hz * line.dead_time_s / _DETECTORS < _BUSY:
        return line
    dimmer = [replace(line, intensity=float(mu)) for mu in np.geomspace(0.01, min(1.0, free.mean_photons), 9)]
    return max([line, *dimmer], key=lambda one: _alive(one, KEYS[one.protocol](one)).bit)


def _alive(line: Line, point: KeyPoint) -> KeyPoint:
    busy = point.clicks * line.clock_hz / _DETECTORS
    alive = float(dead_time_factor(busy, line.dead_time_s))
    return replace(point, bit=point.bit * alive, sifted=point.sifted * alive)


def _with_dead_time(line: Line, found, detectors: float):
    """Signed message bit/s: dead time costs the receiver clicks, and the eavesdropper nothing."""
    alive = 1.0 / (1.0 + found.gain / detectors * line.clock_hz * line.dead_time_s)
    return (alive * (found.signed + found.eve_bit) - found.eve_bit) * line.clock_hz


_CHECKED = 0.2  # of the pulses of direct messages
_KINDS = ("none", "one-decoy", "vacuum+weak")


def _guarded(line: Line) -> dict[str, Any]:
    """What the owners count against a direct message: decoys, and light that a Trojan horse gets back."""
    reflected = _MOST_LIGHT / line.clock_hz * line.isolation if np.isfinite(line.isolation) else 0.0
    return {"decoys": _KINDS[line.decoys], "reflected": min(reflected, 1e3)}


def _split_leak(line: Line, mu: float, station: Station) -> float | None:
    """Bits per pulse that Eve may know by a check whose photon numbers are split; None where they are not.

    The signal's counts stay what they were, at the check and at the receiver: only the decoys' change.
    """
    if not line.split:
        return None
    n = np.arange(40)
    total, sees = line.channel * station.efficiency, float(station.efficiency)
    yields = splitting_yields(n, max(mu, 1e-4), total, sees, float(station.dark), line.split)
    factorial = np.cumprod(np.maximum(n, 1.0))

    def received(k: Any) -> Received:
        gain = float((np.exp(-float(k)) * float(k) ** n / factorial * yields).sum())
        wrong = station.dark_error * station.dark + line.error * max(gain - float(station.dark), 0.0)
        return Received(gain, wrong, wrong / gain if gain > 0.0 else station.dark_error)

    return float(pulse_leak(received, station, mu=mu, **_guarded(line)).leak)


def _dl04(line: Line) -> DirectPoint:
    def rate(mu):
        return dl04.secrecy_capacity(
            line.channel, mean_photons=mu, misalignment=line.error, y0=line.background,
            receiver_efficiency=line.receiver, **_guarded(line),
        )  # fmt: skip

    mu = float(maximise(lambda mu: _with_dead_time(line, rate(mu), 2.0), {"mu": (2e-5, 1.0)}, start=31)["mu"])
    found = rate(mu)
    leak = _split_leak(line, mu, Station(line.receiver, line.background, 1.0))
    if leak is not None:
        found = found._replace(signed=found.signed + found.eve_bit - leak, eve_bit=leak)
    return DirectPoint(max(float(_with_dead_time(line, found, 2.0)), 0.0), float(found.qber), mu)


def _high_dimensional(line: Line) -> DirectPoint:
    """Bins as wide as half a clock period, as in the weak-pulse systems whose clock is given for two bins."""
    best = DirectPoint(0.0, 0.5, float("nan"), line.dimension or 2)
    for n in (line.dimension,) if line.dimension else _HD_DIMENSIONS:
        arguments: dict = {
            "bin_s": 0.5 / line.clock_hz,
            "dead_time_s": line.dead_time_s,
            "misalignment": line.error,
            "y0": line.background,
            "receiver_efficiency": line.receiver,
            **_guarded(line),
        }

        def rate(mu, n=n, arguments=arguments):
            return hd_qsdc.message_rate(n, line.channel, mean_photons=mu, **arguments)

        mu = float(maximise(lambda mu, rate=rate: rate(mu).signed_bit_per_s, {"mu": (1e-4, 1.0)})["mu"])
        found = rate(mu)
        bits = float(found.signed_bit_per_s)
        dark = -float(np.expm1(n * np.log1p(-line.background)))
        leak = _split_leak(line, mu, Station(line.receiver / n, dark, float(np.log2(n)), qubit=False))
        if leak is not None:
            bits -= (leak - float(found.direct.eve_bit)) / float(found.frame_s)
        if bits > best.bit_per_s or best.bit_per_s == 0.0 >= bits:
            best = DirectPoint(max(bits, 0.0), float(found.direct.qber), mu, n)
    return best


def _two_step(line: Line) -> DirectPoint:
    """Pairs leave no faster than the blind time of the detectors makes worth while.

    A R / (1 + g R tau) - E R is greatest at R = (sqrt(A / E) - 1) / (g tau), A and E what a pair brings and leaks.
    """
    found = two_step.secrecy_capacity(
        line.channel, misalignment=line.error, y0=line.background, receiver_efficiency=line.receiver
    )
    brings, leaks = max(float(found.signed + found.eve_bit), 0.0), float(found.eve_bit)
    pairs = line.clock_hz
    if line.dead_time_s > 0.0 and leaks > 0.0:
        worth = (np.sqrt(brings / leaks) - 1.0) / (float(found.gain) * line.dead_time_s)
        pairs = min(pairs, max(float(worth), 1.0))
    rate = max(float(_with_dead_time(replace(line, clock_hz=pairs), found, 1.0)), 0.0)
    return DirectPoint(rate, float(found.qber), float("nan"), 4)


DIRECT: dict[str, Callable[[Line], DirectPoint]] = {"dl04": _dl04, "hd": _high_dimensional, "two-step": _two_step}
_MOST_ERROR = 0.25  # of one way; beyond it the two ways together are at the intercept-resend limit and nothing is sent


@functools.lru_cache(maxsize=8192)
def direct_point(line: Line) -> DirectPoint:
    """Rate of a direct-communication protocol at its best settings; 0 above an error rate of a quarter on one way."""
    if line.error > _MOST_ERROR:
        return DirectPoint(0.0, 2.0 * line.error * (1.0 - line.error), float("nan"), line.dimension or 2)
    ideal = DIRECT[line.protocol](replace(line, message_bits=0.0))
    return _coded(line, ideal) if line.message_bits > 0.0 else ideal


def _coded(line: Line, ideal: DirectPoint) -> DirectPoint:
    """Messages as they are sent, in frames of silla's own code, whose check passes or does not.

    Its owners plan for the line as it is when nobody is on it, and do not know of the attack.
    """
    x = line.intercepted
    clean = replace(line, error=(line.error - 0.25 * x) / (1.0 - 0.5 * x), intercepted=0.0, split=0.0)
    plan = _frame(clean)
    if plan is None:
        return replace(ideal, bit_per_s=0.0)
    attack: Attack | None = InterceptResend(x) if x > 0.0 else None
    if line.split > 0.0:
        attack = splitting(plan.link, line.split)
    rate = plan.n_secret / (plan.n_slots * plan.link.slot_s) if passes(plan, attack) else 0.0
    return replace(ideal, bit_per_s=rate, mean_photons=float(plan.link.mean_photons or float("nan")))


@functools.lru_cache(maxsize=1024)
def _frame(line: Line) -> Plan | None:
    """The frame of a line with nobody on it, at the best intensities; None where it carries no secret bit."""
    reflected = float(_guarded(line)["reflected"])
    if line.protocol == "dl04":
        detector = PhotonDetector(line.receiver, 1.0 - (1.0 - line.background) ** 0.5, line.dead_time_s)
        link: Dl04Link | TimeBinLink = Dl04Link(
            line.channel, detector, line.error, _CHECKED, clock_hz=line.clock_hz,
            gate_s=min(1e-9, 1.0 / line.clock_hz), reflected=reflected,
        )  # fmt: skip
    else:
        best = _high_dimensional(replace(line, message_bits=0.0)).dimension
        link = TimeBinLink(
            line.channel, line.receiver, 2 ** int(np.log2(best)), line.error, line.background, 0.5 / line.clock_hz,
            line.dead_time_s, check_share=_CHECKED, reflected=reflected,
        )  # fmt: skip
    try:
        link = with_best_pulses(link, int(line.message_bits), n_decoys=line.decoys)
        return make_plan(link, int(line.message_bits))
    except DomainError:
        return None
