"""Alice: she sent the light, answers in the reconciliation, and chooses the hashes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from silla.coding.toeplitz import toeplitz_hash
from silla.coding.universal_hash import verification_tag
from silla.physics.quantum.distillation.party import Abort, Party, Script, take
from silla.physics.quantum.distillation.pool import KeyPool
from silla.physics.quantum.distillation.reconciliation import answer
from silla.physics.quantum.distillation.records import AliceRecord
from silla.physics.quantum.distillation.settings import Settings
from silla.physics.quantum.distillation.sifting import counts_of, look_up, pulses_from, sift
from silla.physics.quantum.distillation.wire import Kind, Malformed, packed, unpacked
from silla.physics.quantum.finite_key import Counts

__all__ = ["Alice"]


class Alice(Party):
    """The sender's end.

    record : what she sent. random_bytes : source of random bytes (`os.urandom`); the security of the key rests on it.
    """

    name, other = "alice", "bob"

    def __init__(
        self,
        record: AliceRecord,
        settings: Settings,
        pool: KeyPool,
        session: int = 0,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ):
        self._record, self._random = record, random_bytes
        super().__init__(settings, pool, session)

    def _bits(self, n: int) -> np.ndarray:
        return np.unpackbits(np.frombuffer(self._random((n + 7) // 8), np.uint8), count=n)

    def _play(self) -> Script:
        book, k = self.ledger, len(self.settings.intensities)
        rises, n, bases = take((yield [], Kind.DETECTED), np.ndarray, int, bytes)
        if len(rises) != n:
            raise Malformed("as many pulses as bases were due")
        at = look_up(self._record, pulses_from(rises))
        mine, bits, intensity = (x[at] for x in (self._record.basis, self._record.bit, self._record.intensity))
        if n and int(intensity.max()) >= k:
            raise Abort(f"the record holds intensity {int(intensity.max())} where {k} were agreed on")
        same = mine == unpacked(bases, n)
        n_key = int(np.count_nonzero(same & (mine == 0)))
        n_sample = self.settings.sample_of(n_key)
        if n_sample < 1:
            raise Abort(f"{n_key} detections in the key basis are too few")
        seed = int.from_bytes(self._random(8), "little") >> 1
        sampled = np.sort(np.random.default_rng(seed).choice(n_key, n_sample, replace=False))
        sets = sift(same, mine, sampled)
        kept = intensity[same]
        told = [packed(same), kept.astype("<u1"), seed, packed(bits[sets.test]), packed(bits[sets.sample])]
        book.detected, book.test, book.sampled = n, len(sets.test), n_sample
        book.other_basis, book.reconciled = n - int(np.count_nonzero(same)), len(sets.key)

        payload = yield [(Kind.SIFTED, told)], Kind.ESTIMATED
        test_errors, book.sample_errors, rate = take(payload, np.ndarray, int, float)
        book.test_errors = int(test_errors.sum())
        self._check_rate(rate, test_errors, k)
        key = bits[sets.key]
        book.parities, last = yield from answer(self.settings, key, rate, seed, [])
        key_errors = self._errors(last, intensity[sets.key], k)

        hash_seed = self._random(32)
        tag = verification_tag(key, hash_seed, self.settings.tag_bits)
        book.verification = self.settings.tag_bits
        (equal,) = take((yield [(Kind.VERIFY, [hash_seed, tag.to_bytes(16, "little")])], Kind.VERIFIED), int)
        if equal != 1:
            raise Abort("verification failed: the keys differ after reconciliation")
        counts = Counts(
            counts_of(intensity[sets.key], k),
            key_errors,
            counts_of(intensity[sets.test], k),
            test_errors.astype(np.int64),
        )
        length = self._length(counts)
        diagonals = self._bits(len(key) + length - 1)
        amplify = (Kind.AMPLIFY, [length, packed(diagonals)])
        messages = self._sent_with([amplify])
        tag_0 = self._tag(0, messages, self._received)
        (theirs,) = take((yield [amplify, (Kind.ALICE_TAG, [tag_0])], Kind.BOB_TAG), bytes)
        if theirs != self._tag(1, self._sent, self._received[:-1]):
            raise Abort("authentication failed: what was received is not what was sent")
        self._last = (Kind.DONE, [self._tag(2, self._sent, self._received)])
        return self._accept(toeplitz_hash(key, diagonals, length))

    def _pending(self) -> list[bytes]:
        return [self._send(*self._last)]

    def _check_rate(self, rate: float, test_errors: np.ndarray, k: int) -> None:
        if test_errors.shape != (k,) or np.any(test_errors < 0) or not 0.0 < rate <= 1.0:
            raise Malformed("an estimate that cannot be")
        if rate > self.settings.max_error:
            raise Abort(f"error rate {rate:.4f} above {self.settings.max_error:g}: no key can come of it")

    def _errors(self, last: list[Any], intensity: np.ndarray, k: int) -> np.ndarray:
        _, errors = take(last, int, np.ndarray)
        counts = counts_of(intensity, k)
        if errors.shape != (k,) or np.any(errors < 0) or np.any(errors > counts):
            raise Malformed("more errors than bits")
        self.ledger.errors = int(errors.sum())
        return errors.astype(np.int64)
