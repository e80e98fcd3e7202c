"""Sending a message: the two parties, the photons between them, and the account of it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.physics.quantum.messages.parties import CheckReport, Receiver, Sender
from silla.physics.quantum.messages.plan import Link, make_plan
from silla.physics.quantum.photons.attacks import InterceptResend
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
    all checks; max_check_error : the limit. secret_share : of the payload that carries message.
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


def send_message(
    link: Link,
    data: bytes,
    *,
    seed: int,
    attack: InterceptResend | None = None,
    max_check_error: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Delivery:
    """Send bytes from one end of a direct-communication link to the other, photon by photon.

    link : `Dl04Link` or `TimeBinLink`, as its owners know it. attack : what somebody does on the line, which they do
    not know. max_check_error : error rate at which they stop; None leaves it to the plan.
    progress : called with (frames arrived, frames).
    Raises DomainError where no secret message passes the link. The tag's key comes from an earlier secret.

    >>> from silla.physics.quantum.photons.receiver import PhotonDetector
    >>> from silla.physics.quantum.photons.direct import Dl04Link
    >>> link = Dl04Link(0.5, PhotonDetector(0.8), misalignment=0.002, check_share=0.2)
    >>> send_message(link, "경주".encode(), seed=1).delivered.decode()
    '경주'
    >>> send_message(link, b"secret", seed=1, attack=InterceptResend(0.5)).delivered is None
    True
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ArgumentError(f"the message is a {type(data).__name__}; give bytes, of text its encode()")
    line = _tapped(link, attack)
    data = bytes(data)
    plan = make_plan(link, 8 * (len(data) + 24), max_check_error=max_check_error)
    key = stream(seed, "qdc", "tag key").bytes(32)
    sender = Sender(plan, data, key, stream(seed, "qdc", "sender"))
    receiver = Receiver(plan, key)
    sums: dict[str, int] = dict.fromkeys(("sent", "slots", "clicks", "checks", "errors", "wrong"), 0)
    attempts = 0
    while not sender.done:
        sent = sums["sent"]
        scramble = int(stream(seed, "qdc", "scramble", sent).integers(0, 2**64, dtype=np.uint64))
        sender.prepare(scramble)
        got = receive(line, plan.n_slots, seed=seed, name=f"qdc:{sent}")
        symbols = (sender.symbols(got.slot) + got.offset) % link.dimension
        report = CheckReport(sender.frame, got.check_clicks, got.check_errors)
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
            if progress is not None:
                progress(sender.frame, sender.n_frames)
        elif attempts >= _ATTEMPTS:
            sender.aborted = f"frame {report.frame} was lost {attempts} times: the line carries less than planned"
    delivered = None if sender.aborted else receiver.message(sender.n_frames)
    return _delivery(plan, sender, receiver, delivered, len(data), sums)


def _tapped(link: Any, attack: Any) -> Any:
    """The link with somebody on it."""
    if attack is None:
        return link
    if not isinstance(attack, InterceptResend):
        raise ArgumentError(f"the attack is a {type(attack).__name__}; on direct messages: InterceptResend")
    return replace(link, intercepted=attack.share)


def _delivery(plan, sender: Sender, receiver: Receiver, delivered, n_bytes: int, sums: dict[str, int]) -> Delivery:
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
    )
