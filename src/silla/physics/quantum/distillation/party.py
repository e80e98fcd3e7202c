"""What Alice and Bob have in common: numbering of messages, order, transcript, giving up.

A party is a state machine without I/O: `start()` and `receive(raw)` return the messages to send, `timeout()` says that
nothing more will come. It ends accepted, with a key, or aborted, with a reason and without one.

Every message that either end sends goes into the transcript. Before a key is accepted both ends have compared the whole
transcript by Wegman-Carter tags under pads from their key pool, so that whatever was altered, added or exchanged on
the way ends in an abort. So does a message that comes again or out of its turn:
whoever carries them keeps their order, as TCP does, and one that does not come in order was dropped, held back or
replayed by somebody.

Nobody can make two parties accept in the same instant: when the very last message is lost, Alice has the key
and Bob has
given up. Keys accepted at both ends are equal up to eps_cor; whether the other end accepted shows at the first use.
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import Any

import numpy as np

from silla.base.errors import SillaError
from silla.coding.universal_hash import TAG_BYTES, authentication_tag
from silla.physics.quantum.distillation.ledger import Ledger
from silla.physics.quantum.distillation.pool import KeyPool
from silla.physics.quantum.distillation.settings import Settings
from silla.physics.quantum.distillation.wire import Kind, Malformed, Message, decode, encode, packed
from silla.physics.quantum.distillation.yields import PADS, secret_length
from silla.physics.quantum.finite_key import Counts

__all__ = ["Abort", "Party", "Script"]

_WORD = {np.ndarray: "array", bytes: "bytes", int: "integer", float: "number"}


class Abort(Exception):
    """The party gives up, for the reason given."""


Script = Generator[tuple[list[tuple[Kind, list[Any]]], Kind], list[Any], bytes]


class Party:
    """One end. `key` (bits packed into bytes) and `key_bits` are there once `state` is "accepted"."""

    name, other = "?", "?"

    def __init__(self, settings: Settings, pool: KeyPool, session: int = 0):
        self.settings, self.pool, self.ledger = settings, pool, Ledger()
        self.state, self.reason = "running", ""
        self.key, self.key_bits = b"", 0
        self._session = int(session).to_bytes(8, "little")
        self._sent: list[bytes] = []
        self._received: list[bytes] = []
        self._awaits = Kind.ABORT
        self._pads = pool.take(PADS * TAG_BYTES)  # on both sides at the start, so that the pools stay in step
        self.ledger.authentication = 8 * PADS * TAG_BYTES
        self._script = self._play()

    def _play(self) -> Script:
        raise NotImplementedError

    # ---- the outside

    def start(self) -> list[bytes]:
        """The first messages; to be called once."""
        return self._advance(None)

    def receive(self, raw: bytes) -> list[bytes]:
        """The answers to a message of the other end, or of whoever speaks for it. Never raises for bad bytes."""
        if self.state != "running":
            return []
        try:
            message = decode(raw)
        except Malformed as error:
            return self._give_up(f"malformed message: {error}")
        if message.session != self._session:
            return self._give_up("a message of another session")
        if message.kind == Kind.ABORT:
            text = message.payload[0] if message.payload and isinstance(message.payload[0], bytes) else b""
            self._end(f"{self.other} gave up: {text[:300].decode(errors='replace')}")
            return []
        due = len(self._received)
        if message.number < due:
            again = self._received[message.number] == raw
            if again and self._awaits == Kind.DONE:
                return []  # the transcript has been compared and the other end may have its key: a copy says nothing
            return self._give_up(f"message {message.number} came again" + ("" if again else ", and it is another one"))
        if message.number > due:
            return self._give_up(f"message {message.number} came while {due} was due: order changed, or one was lost")
        self._received.append(raw)
        return self._advance(message)

    def timeout(self) -> list[bytes]:
        """Nothing more will come: the party gives up unless it is done."""
        if self.state != "running":
            return []
        return self._give_up(f"no answer: {self.name} waited for {self._awaits.name.lower()} from {self.other}")

    # ---- the inside

    def _advance(self, message: Message | None) -> list[bytes]:
        try:
            if message is None:
                wanted = next(self._script)
            elif message.kind != self._awaits:
                raise Abort(f"{message.kind.name.lower()} came while {self._awaits.name.lower()} was due")
            else:
                wanted = self._script.send(message.payload)
        except StopIteration as end:
            self.key, self.state = end.value, "accepted"
            self._count()
            self.ledger.check()
            return self._pending()
        except Abort as error:
            return self._give_up(str(error))
        except (Malformed, SillaError) as error:
            return self._give_up(f"a message that makes no sense: {str(error).partition(chr(10))[0][:160]}")
        except (ValueError, TypeError, IndexError, OverflowError, struct.error):  # whose words are of our own code
            return self._give_up(
                f"a message that makes no sense: {self._awaits.name.lower()} does not fit what came before"
            )
        messages, self._awaits = wanted
        return [self._send(kind, payload) for kind, payload in messages]

    def _pending(self) -> list[bytes]:
        return []

    def _send(self, kind: Kind, payload: list[Any]) -> bytes:
        raw = encode(Message(kind, self._session, len(self._sent), payload))
        self._sent.append(raw)
        return raw

    def _give_up(self, reason: str) -> list[bytes]:
        self._end(reason)
        return [encode(Message(Kind.ABORT, self._session, len(self._sent), [reason.encode()[:300]]))]

    def _end(self, reason: str) -> None:
        self.state, self.reason, self.key, self.key_bits = "aborted", reason, b"", 0
        self._count()
        self._script.close()

    def _count(self) -> None:
        self.ledger.messages = len(self._sent) + len(self._received)
        self.ledger.message_bytes = sum(map(len, self._sent)) + sum(map(len, self._received))

    def _sent_with(self, messages: list[tuple[Kind, list[Any]]]) -> list[bytes]:
        """What will have been sent once these messages are out."""
        first = len(self._sent)
        return self._sent + [encode(Message(k, self._session, first + i, p)) for i, (k, p) in enumerate(messages)]

    def _length(self, counts: Counts) -> int:
        """Bits of the key by the finite-key formula; Abort when there are none or fewer than the tags cost."""
        book = self.ledger
        length, found = secret_length(counts, self.settings, book.parities)
        book.vacuum, book.single = float(found.vacuum_bit), float(found.single_bit)
        book.phase_error = float(found.phase_error)
        if length <= book.authentication:
            raise Abort(
                f"no key: {book.reconciled} reconciled bits with {book.error_rate:.4f} errors, phase error up to "
                f"{book.phase_error:.4f} and {book.parities} bits told leave {length} secret bits, and authentication "
                f"takes {book.authentication}"
            )
        book.key, book.hashed_away = length, book.reconciled - length
        return length

    def _accept(self, secret: np.ndarray) -> bytes:
        """The key for use, packed: what comes behind the bits that are paid back into the pool."""
        book = self.ledger
        book.payback = book.authentication
        self.pool.put(packed(secret[: book.payback]))
        self.key_bits = book.net
        return packed(secret[book.payback :])

    def _tag(self, place: int, from_alice: list[bytes], from_bob: list[bytes]) -> bytes:
        """Tag number `place` over both streams, in an order that both ends know."""
        length = sum(map(len, from_alice)).to_bytes(8, "little")
        text = b"".join([length, *from_alice, *from_bob, bytes([place])])
        pad = self._pads[TAG_BYTES * place : TAG_BYTES * (place + 1)]
        return authentication_tag(text, self.pool.hash_key, pad)


def take(payload: list[Any], *types: type) -> list[Any]:
    """The payload when it has these types, in this order; Malformed otherwise."""
    if len(payload) != len(types) or any(not isinstance(v, t) for v, t in zip(payload, types)):
        found, due = ([_WORD.get(t, "other") for t in row] for row in (map(type, payload), types))
        raise Malformed(f"fields {', '.join(found) or 'none'}; expected {', '.join(due)}")
    return payload
