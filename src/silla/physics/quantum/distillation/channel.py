"""A classical channel with somebody on it, and a run of two parties over it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from silla.base.errors import ArgumentError
from silla.physics.quantum.distillation.party import Party

__all__ = ["ADVERSARIES", "Adversary", "Channel", "Outcome", "run"]

ADVERSARIES = ("drop", "reorder", "duplicate", "alter")


@dataclass
class Adversary:
    """What is done to messages, each with its probability: lost, held back, doubled, changed in a random bit.

    One that is held back comes behind the next one of its way; where the other end says nothing more without it, it
    comes after all, late and in order.

    only : numbers of messages (counted over both ways) to which it is done; empty for all.
    """

    rng: np.random.Generator
    drop: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    alter: float = 0.0
    only: frozenset[int] = frozenset()
    done: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: str, share: float, rng: np.random.Generator) -> Adversary:
        """One that does a single thing, with that probability."""
        if kind not in ADVERSARIES:
            raise ArgumentError(f"adversary {kind!r}, allowed {', '.join(ADVERSARIES)}")
        if not 0.0 <= share <= 1.0:
            raise ArgumentError(f"an adversary acts on a share of {share} of the messages, allowed 0 to 1")
        adversary = cls(rng)
        setattr(adversary, kind, share)
        return adversary

    def touch(self, raw: bytes, number: int) -> list[tuple[bytes, bool]]:
        """Messages to deliver in its place, each with whether it is held back behind the next one."""
        if self.only and number not in self.only:
            return [(raw, False)]
        if self._does("drop"):
            return []
        if self._does("alter"):
            place = int(self.rng.integers(8 * len(raw)))
            changed = bytearray(raw)
            changed[place // 8] ^= 1 << place % 8
            raw = bytes(changed)
        late = self._does("reorder")
        return [(raw, late)] * (2 if self._does("duplicate") else 1)

    def _does(self, what: str) -> bool:
        if self.rng.random() >= getattr(self, what):
            return False
        self.done[what] = self.done.get(what, 0) + 1
        return True


class Channel:
    """Messages on their way, each way in order unless the adversary holds one back."""

    def __init__(self, adversary: Adversary | None = None):
        self._adversary = adversary
        self._ways: tuple[deque[bytes], deque[bytes]] = (deque(), deque())
        self._late: tuple[list[bytes], list[bytes]] = ([], [])
        self.carried = 0
        self.overtaken = 0  # messages that came behind a later one

    def send(self, way: int, messages: list[bytes]) -> None:
        """Messages from one end: way 0 to Bob, way 1 to Alice."""
        for raw in messages:
            self.carried += 1
            treated = [(raw, False)] if self._adversary is None else self._adversary.touch(raw, self.carried)
            for copy, late in treated:
                if late and not self._late[way]:
                    self._late[way].append(copy)
                else:
                    self._ways[way].append(copy)
                    self.overtaken += len(self._late[way])
                    self._ways[way].extend(self._late[way])
                    self._late[way].clear()

    def next(self, way: int) -> bytes | None:
        """The next message to deliver; those held back come when nothing else is left."""
        if not self._ways[way] and self._late[way]:
            self._ways[way].extend(self._late[way])
            self._late[way].clear()
        return self._ways[way].popleft() if self._ways[way] else None


@dataclass(frozen=True)
class Outcome:
    """How a run ended. reasons : why each end gave up, "" for one that accepted."""

    accepted: tuple[bool, bool]
    reasons: tuple[str, str]
    messages: int

    @property
    def key(self) -> bool:
        """Both ends accepted."""
        return all(self.accepted)


def run(alice: Party, bob: Party, channel: Channel | None = None) -> Outcome:
    """Carry messages until both ends are done; an end that still waits when none is left is told so.

    Raises ArithmeticError should both accept and differ, which must never be.
    """
    channel = Channel() if channel is None else channel
    channel.send(0, alice.start())
    channel.send(1, bob.start())
    while True:
        moved = False
        for way, party in ((0, bob), (1, alice)):
            while (raw := channel.next(way)) is not None:
                moved = True
                channel.send(1 - way, party.receive(raw))
        if moved:
            continue
        waiting = [(way, p) for way, p in ((0, alice), (1, bob)) if p.state == "running"]
        if not waiting:
            break
        for way, party in waiting:
            channel.send(way, party.timeout())
    accepted = (alice.state == "accepted", bob.state == "accepted")
    if all(accepted) and (alice.key != bob.key or alice.key_bits != bob.key_bits):
        raise ArithmeticError("both ends accepted different keys")
    return Outcome(accepted, (alice.reason, bob.reason), channel.carried)
