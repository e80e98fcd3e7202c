"""The two ends of a direct message, as state machines without I/O: each is told what happened and says what to do next.

One frame: the sender hides her part of the message in a payload, covers it with a local mask, codes it, and turns each
photon by the bit that is due, under a public scrambling sequence. Both look at the check. Only when it passes does the
receiver decode, and only when he has the frame does the sender tell the mask: a frame that was listened to beyond the
limit is of no use to anybody, and neither is one that was lost. Long and Zhang, Sci. Bull. 66, 1267 (2021), for the
masking; Wyner's wiretap code is in `secrecy`. The public channel is authenticated: what it says is read by everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from silla.base.errors import ArgumentError
from silla.coding import crc
from silla.coding.encoding import encode
from silla.coding.min_sum import decode, quantise
from silla.physics.quantum.messages.plan import CODE, PAYLOAD, SENT_BITS, Plan
from silla.physics.quantum.messages.secrecy import TAG_BYTES, hide, reveal, tag_of

__all__ = ["HEADER", "CheckReport", "Receiver", "Sender", "Unmask", "n_frames"]

Bits = NDArray[np.uint8]
HEADER = 8  # bytes that say how long the message is
_ITERATIONS = 40
_PIECE = 1 << 20  # readings taken at a time
_TOGETHER = 128  # blocks decoded at a time


@dataclass(frozen=True)
class CheckReport:
    """What the check of a frame showed; said in public. counts : int64 [3, K] pulses, clicks and errors of the checks
    that count at each intensity. alarm : what a watchdog on the stations saw, empty for nothing."""

    frame: int
    counts: NDArray[np.int64]
    alarm: str = ""

    @property
    def clicks(self) -> int:
        """Of all intensities."""
        return int(self.counts[1].sum())

    @property
    def errors(self) -> int:
        """Of all intensities."""
        return int(self.counts[2].sum())


@dataclass(frozen=True)
class Unmask:
    """What opens a frame that has arrived: its mask, and the matrix of the hash; said in public."""

    frame: int
    mask: Bits
    diagonals: Bits


def n_frames(plan: Plan, n_bytes: int) -> int:
    """Frames of a message with its length and its tag."""
    return -(-8 * (n_bytes + HEADER + TAG_BYTES) // plan.n_secret)


def _bits(data: bytes) -> Bits:
    return np.unpackbits(np.frombuffer(data, np.uint8))


def _addresses(plan: Plan, slots: NDArray[np.int64]) -> Any:
    """Number of the sent bit that each bit of each slot is, [n_slots, bits]: place x blocks + block."""
    address = slots[:, None] * plan.link.bits + np.arange(plan.link.bits)
    return address % (plan.n_blocks * SENT_BITS)


def _scramble(plan: Plan, key: int, slots: NDArray[np.int64]) -> Any:
    """Public pseudo-random bits of each slot, [n_slots, bits]: every symbol is as likely whatever is sent.

    SplitMix64 of the slot's number (Steele, Lea and Flood, OOPSLA 2014): public, so they need no strength.
    """
    x = slots.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    x ^= x >> np.uint64(31)
    return ((x[:, None] >> np.arange(plan.link.bits, dtype=np.uint64)) & np.uint64(1)).astype(np.uint8)


class Sender:
    """Has the message. key : the tag's, shared with the receiver. rng : her private randomness."""

    def __init__(self, plan: Plan, data: bytes, key: bytes, rng: np.random.Generator):
        self.plan, self.rng, self.aborted = plan, rng, ""
        whole = _bits(len(data).to_bytes(HEADER, "little") + data + tag_of(data, key))
        self.n_frames = n_frames(plan, len(data))
        fill = rng.integers(0, 2, self.n_frames * plan.n_secret - len(whole), dtype=np.uint8)
        self.parts = np.concatenate([whole, fill]).reshape(self.n_frames, plan.n_secret)
        self.frame = 0
        self._open: Unmask | None = None
        self._cleared = False
        self._code: Bits = np.zeros((0, 0), np.uint8)
        self._scramble = 0

    @property
    def done(self) -> bool:
        """Whether every frame has arrived, or all has been given up."""
        return bool(self.aborted) or self.frame >= self.n_frames

    def prepare(self, scramble: int) -> None:
        """A frame's code words, with fresh randomness and a fresh mask each time it is sent."""
        plan = self.plan
        fresh = self.rng.integers(0, 2, plan.n_payload - plan.n_secret, dtype=np.uint8)
        diagonals = self.rng.integers(0, 2, max(0, plan.n_payload - 1), dtype=np.uint8)
        mask = self.rng.integers(0, 2, plan.n_payload, dtype=np.uint8)
        payload = hide(self.parts[self.frame], fresh, diagonals) ^ mask
        blocks = crc.append(payload.reshape(plan.n_blocks, PAYLOAD), "24B")
        self._code, self._open = encode(CODE, blocks), Unmask(self.frame, mask, diagonals)
        self._cleared, self._scramble = False, scramble

    def symbols(self, slots: NDArray[np.int64]) -> NDArray[np.int16]:
        """What she does to the photon of each slot, 0 .. dimension - 1."""
        out = np.empty(len(slots), np.int16)
        for first in range(0, len(slots), _PIECE):
            part = slots[first : first + _PIECE]
            place, block = np.divmod(_addresses(self.plan, part), self.plan.n_blocks)
            bits = self._code[block, 2 * CODE.z + place] ^ _scramble(self.plan, self._scramble, part)
            out[first : first + _PIECE] = (bits.astype(np.int16) << np.arange(self.plan.link.bits)).sum(axis=1)
        return out

    def checked(self, report: CheckReport) -> None:
        """She stops for good when Eve may know more than what is spent on randomness, or a watchdog barks."""
        self.aborted = self.aborted or _verdict(self.plan, report)
        self._cleared = not self.aborted

    def answered(self, frame: int, arrived: bool) -> Unmask | None:
        """The opening of a frame that has passed its check and arrived; None for one that is to be sent again."""
        if frame != self.frame:
            raise ArgumentError(f"the answer is about frame {frame}, and frame {self.frame} is on its way")
        if self.aborted or not self._cleared or not arrived:
            return None
        self.frame += 1
        return self._open


class Receiver:
    """Has the photons' readings. key : the tag's."""

    def __init__(self, plan: Plan, key: bytes):
        self.plan, self.key, self.aborted = plan, key, ""
        self.parts: list[Bits] = []
        self._payload: Bits | None = None
        self._cleared = False

    def checked(self, report: CheckReport) -> None:
        """He stops for good when she does: both judge the same counts."""
        self.aborted = self.aborted or _verdict(self.plan, report)
        self._cleared = not self.aborted

    def decode(self, slots: NDArray[np.int64], symbols: NDArray[Any], scramble: int) -> bool:
        """Whether the frame arrived whole; its readings are kept, covered by the mask. Never before its check."""
        if not self._cleared:
            raise ArgumentError("a frame may not be decoded before its check has passed")
        votes = self._votes(slots, symbols, scramble)
        blocks = self._decoded(votes)
        good = bool(np.all(crc.check(blocks, "24B")))
        self._payload = blocks[:, :PAYLOAD].reshape(-1) if good else None
        self._cleared = False
        return good

    def _votes(self, slots: NDArray[np.int64], symbols: NDArray[Any], scramble: int) -> NDArray[np.int16]:
        """[places, blocks] readings of 0 less those of 1."""
        plan, link = self.plan, self.plan.link
        votes = np.zeros(plan.n_blocks * SENT_BITS, np.int16)
        for first in range(0, len(slots), _PIECE):
            part = slice(first, first + _PIECE)
            bits = ((symbols[part, None] >> np.arange(link.bits)) & 1).astype(np.uint8)
            bits ^= _scramble(plan, scramble, slots[part])
            np.add.at(votes, _addresses(plan, slots[part]).ravel(), 1 - 2 * bits.ravel().astype(np.int16))
        return votes.reshape(SENT_BITS, plan.n_blocks)

    def _decoded(self, votes: NDArray[np.int16]) -> Bits:
        """[n_blocks, CODE.k] decisions, some blocks at a time."""
        error = min(max(self.plan.usual.bit_error, 1e-4), 0.49)
        sure = np.float32(np.log((1.0 - error) / error))
        parts = []
        for first in range(0, self.plan.n_blocks, _TOGETHER):
            some = votes[:, first : first + _TOGETHER].T
            llr = np.zeros((len(some), CODE.n), np.float32)
            llr[:, 2 * CODE.z :] = sure * some
            parts.append(np.asarray(decode(CODE, quantise(llr), max_iterations=_ITERATIONS)[0])[:, : CODE.k])
        return np.concatenate(parts)

    def opened(self, said: Unmask) -> None:
        """The frame's part of the message."""
        if self._payload is None or said.frame != len(self.parts):
            raise ArgumentError(f"frame {said.frame} was opened, and frame {len(self.parts)} is wanted")
        self.parts.append(reveal(self._payload ^ said.mask, self.plan.n_secret, said.diagonals))
        self._payload = None

    def message(self, n: int) -> bytes | None:
        """The message of n frames; None when a part is missing, he has stopped, or the tag does not fit."""
        if self.aborted or len(self.parts) != n:
            return None
        whole = np.packbits(np.concatenate(self.parts)[: 8 * (n * self.plan.n_secret // 8)]).tobytes()
        size = int.from_bytes(whole[:HEADER], "little")
        data, tag = whole[HEADER : HEADER + size], whole[HEADER + size : HEADER + size + TAG_BYTES]
        if len(tag) != TAG_BYTES or tag != tag_of(data, self.key):
            self.aborted = "the tag does not fit: the message was altered"
            return None
        return data


def _verdict(plan: Plan, report: CheckReport) -> str:
    """Why the frame's check fails, or an empty string."""
    if report.alarm:
        return f"frame {report.frame}: {report.alarm}: somebody may be listening"
    bound = plan.bound(report.clicks, report.errors)
    cost, allowed = plan.cost_bit(report.counts), plan.allowance_bit
    if cost <= allowed and not (plan.own_limit is not None and bound > plan.own_limit):
        return ""
    seen, spent = _what_was_seen(plan, report, bound), _spent(min(cost, plan.n_payload), allowed)
    return f"frame {report.frame}: {seen}{spent}: somebody may be listening"


def _what_was_seen(plan: Plan, report: CheckReport, bound: float) -> str:
    """The check in words: its errors, or the yields of its decoys where these are what does not fit."""
    clicks, errors = report.clicks, report.errors
    seen = errors / clicks if clicks else float("nan")
    usual = plan.usual
    likely = usual.check_error * clicks + 4.0 * (usual.check_error * clicks + 1.0) ** 0.5
    if errors > likely or not clicks or not plan.link.decoys:
        return (
            f"{errors} of {clicks} checks are wrong ({100 * seen:.2f} %), so the error rate may be "
            f"{100 * bound:.2f} %; the limit is {100 * plan.max_check_error:.2f} %"
        )
    sent, found, _ = report.counts
    rates = ", ".join(
        f"{100 * y / max(n, 1):.3g} % (usual: {100 * u:.3g})" for n, y, u in zip(sent, found, usual.check_gain)
    )
    leak = plan.leak(report.counts)
    return (
        f"signal and decoys click in {rates} of the checks, so only {100 * leak.single_share:.0f} % of what arrives is "
        "sure to be single photons: photon numbers may be split"
    )


def _spent(cost: float, allowed: float) -> str:
    return f"; an eavesdropper may know {cost:,.0f} payload bits, and {allowed:,.0f} are spent on that"
