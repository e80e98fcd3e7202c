"""Sending a message: the two parties, the photons between them, and the account of it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.quantum.messages.parties import HEADER, CheckReport, Receiver, Sender
from silla.physics.quantum.messages.plan import Counts, Link, Plan, make_plan
from silla.physics.quantum.photons.attacks import Attack
from silla.physics.quantum.photons.countermeasures import bright_light
from silla.physics.quantum.photons.direct_attacks import check_attack, told_bit
from silla.physics.quantum.photons.time_bins import receive

__all__ = ["Delivery", "send_message"]

_ATTEMPTS = 8  # of one frame


@dataclass(frozen=True)
class Delivery:
    """What came of a message.

    delivered : the message at the receiver, None when it was given up. reason : why. frames : of the message;
    frames_sent : with those sent again; frames_arrived : opened by the receiver. photons : slots used, checks and lost
    frames among them; clicks : of message slots. seconds : at the link's clock. bit_per_s : message bits over seconds,
    0 when given up; capacity_bit_per_s : the wiretap capacity of the undisturbed link. check_clicks, check_error : of
    all checks; max_check_error : the limit. secret_share : of the payload that carries message. sent_bytes : of the
    message that the receiver had opened when it ended.

    Of the last frame: eve_bound_bit, payload bits that an eavesdropper may know by its check, allowance_bit, those that
    randomness makes up for. What only the simulation knows: eve_read_bit, payload bits that the attacker read in all
    frames; eve_message_bit, message bits that she has at most (of frames whose mask was never told: none).
    """

    delivered: bytes | None
    aborted: bool
    reason: str
    frames: int
    frames_sent: int
    frames_arrived: int
    photons: int
    clicks: int
    seconds: float
    bit_per_s: float
    capacity_bit_per_s: float
    check_clicks: int
    check_error: float
    max_check_error: float
    symbol_error: float
    secret_share: float
    sent_bytes: int
    eve_bound_bit: float
    allowance_bit: float
    eve_read_bit: float
    eve_message_bit: float


def send_message(
    link: Link,
    data: bytes,
    *,
    seed: int,
    attack: Attack | None = None,
    watchdog: bool = True,
    max_check_error: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Delivery:
    """Send bytes from one end of a direct-communication link to the other, photon by photon.

    link : `Dl04Link` or `TimeBinLink`, as its owners know it. attack : what somebody does on the line, which they do
    not know; one of `photons.direct_attacks.ATTACKS`. watchdog : the detectors' photocurrent and the light that enters
    the encoder are watched, and empty pulses must stay as dark as calibrated. max_check_error : error rate at which
    they stop; None leaves it to the plan.
    progress : called with (frames arrived, frames).
    Raises DomainError where no secret message passes the link. The tag's key comes from an earlier secret.

    >>> from silla.physics.quantum.photons.receiver import PhotonDetector
    >>> from silla.physics.quantum.photons.direct import Dl04Link
    >>> link = Dl04Link(0.5, PhotonDetector(0.8), misalignment=0.002, check_share=0.2)
    >>> send_message(link, "경주".encode(), seed=1).delivered.decode()
    '경주'
    >>> from silla.physics.quantum.photons.attacks import InterceptResend
    >>> send_message(link, b"secret", seed=1, attack=InterceptResend(0.5)).delivered is None
    True
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ArgumentError(f"the message is a {type(data).__name__}; give bytes, of text its encode()")
    check_attack(attack)
    line = replace(link, attack=attack)
    data = bytes(data)
    plan = make_plan(link, 8 * (len(data) + 24), max_check_error=max_check_error)
    key = stream(seed, "qdc", "tag key").bytes(32)
    sender = Sender(plan, data, key, stream(seed, "qdc", "sender"))
    receiver = Receiver(plan, key)
    sums: dict[str, int] = dict.fromkeys(("sent", "slots", "clicks", "checks", "errors", "wrong"), 0)
    attempts, alarm, told = 0, bright_light(attack) if watchdog else "", told_bit(attack, link)
    account = _Account(plan, told)
    while not sender.done:
        sent = sums["sent"]
        scramble = int(stream(seed, "qdc", "scramble", sent).integers(0, 2**64, dtype=np.uint64))
        sender.prepare(scramble)
        got = receive(line, plan.n_slots, seed=seed, name=f"qdc:{sent}")
        symbols = (sender.symbols(got.slot) + got.offset) % np.int16(link.dimension)
        report = CheckReport(sender.frame, got.checks, alarm or (_darkness(plan, got.checks) if watchdog else ""))
        account.frame(got.n_message, report)
        for name, more in zip(
            sums, (1, got.n_slots, len(got.slot), report.clicks, report.errors, (got.offset > 0).sum())
        ):
            sums[name] += int(more)
        for party in (sender, receiver):
            party.checked(report)
        if sender.aborted or receiver.aborted:
            break
        opened = sender.answered(report.frame, receiver.decode(got.slot, symbols, scramble))
        attempts = 0 if opened is not None else attempts + 1
        if opened is not None:
            receiver.opened(opened)
            account.opened()
            if progress is not None:
                progress(sender.frame, sender.n_frames)
        elif attempts >= _ATTEMPTS:
            sender.aborted = f"frame {report.frame} was lost {attempts} times: the line carries less than planned"
    delivered = None if sender.aborted else receiver.message(sender.n_frames)
    return _delivery(plan, sender, receiver, delivered, len(data), sums, account)


class _Account:
    """What the attacker reads, frame by frame, and what both ends believe of it."""

    def __init__(self, plan: Plan, told: float):
        self.plan, self.told = plan, told
        self.bound = self.read = self.message = self._last = 0.0

    def frame(self, n_message: int, report: CheckReport) -> None:
        """A frame was sent and checked."""
        self.bound = min(self.plan.cost_bit(report.counts), float(self.plan.n_payload))
        self._last = min(self.told * n_message, float(self.plan.n_payload))
        self.read += self._last

    def opened(self) -> None:
        """Its mask was told: what she read beyond the randomness is message."""
        self.message += min(max(self._last - self.plan.allowance_bit, 0.0), float(self.plan.n_secret))


def _darkness(plan: Plan, checks: Counts) -> str:
    """Why the clicks of empty pulses are not those of the calibrated detectors, or an empty string: blinded detectors
    are dark. Exact Poisson test with a false-alarm rate of 1e-6."""
    if not plan.link.decoys or plan.link.decoys[-1] > 0.0:
        return ""
    from scipy.stats import poisson

    expected, seen = float(checks[0, -1] * plan.usual.check_gain[-1]), int(checks[1, -1])
    if seen > expected or float(poisson.cdf(seen, expected)) > 1e-6:
        return ""  # too many clicks are errors and photons from elsewhere, which the bounds count
    return f"empty pulses click {seen} times, and the dark counts of the detectors alone should {expected:.0f} times"


def _delivery(
    plan, sender: Sender, receiver: Receiver, delivered, n_bytes: int, sums: dict[str, int], account: _Account
) -> Delivery:
    seconds = sums["slots"] * plan.link.slot_s
    reason = sender.aborted or receiver.aborted
    return Delivery(
        delivered,
        delivered is None,
        reason,
        sender.n_frames,
        sums["sent"],
        len(receiver.parts),
        sums["slots"],
        sums["clicks"],
        seconds,
        8 * n_bytes / seconds if delivered is not None else 0.0,
        plan.usual.capacity_bit_per_s,
        sums["checks"],
        sums["errors"] / sums["checks"] if sums["checks"] else float("nan"),
        plan.max_check_error,
        sums["wrong"] / sums["clicks"] if sums["clicks"] else float("nan"),
        plan.n_secret / plan.n_payload,
        min(n_bytes, max(0, len(receiver.parts) * plan.n_secret // 8 - HEADER)),
        account.bound,
        plan.allowance_bit,
        account.read,
        min(account.message, 8.0 * n_bytes),
    )
