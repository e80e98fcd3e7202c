"""Bob: he detected the light, asks in the reconciliation, and works everything out once more."""

from __future__ import annotations

import numpy as np

from silla.coding.toeplitz import toeplitz_hash
from silla.coding.universal_hash import verification_tag
from silla.physics.quantum.distillation.party import Abort, Party, Script, take
from silla.physics.quantum.distillation.pool import KeyPool
from silla.physics.quantum.distillation.reconciliation import CORRECTED, ask
from silla.physics.quantum.distillation.records import BobRecord
from silla.physics.quantum.distillation.settings import Settings
from silla.physics.quantum.distillation.sifting import counts_of, error_rate, rises_of, sift
from silla.physics.quantum.distillation.wire import Kind, Malformed, packed, unpacked
from silla.physics.quantum.finite_key import Counts

__all__ = ["Bob"]


class Bob(Party):
    """The receiver's end."""

    name, other = "bob", "alice"

    def __init__(self, record: BobRecord, settings: Settings, pool: KeyPool, session: int = 0):
        self._record = record
        super().__init__(settings, pool, session)

    def _play(self) -> Script:
        book, k, record, n = self.ledger, len(self.settings.intensities), self._record, len(self._record.pulse)
        told = [rises_of(record.pulse), n, packed(record.basis)]
        payload = yield [(Kind.DETECTED, told)], Kind.SIFTED
        raw, kept, seed, test_bits, sample_bits = take(payload, bytes, np.ndarray, int, bytes, bytes)
        same = unpacked(raw, n).astype(bool)
        if len(kept) != int(np.count_nonzero(same)) or (len(kept) and int(kept.max()) >= k):
            raise Malformed("intensities that were not agreed on")
        intensity = np.zeros(n, np.uint8)
        intensity[same] = kept
        n_key = int(np.count_nonzero(same & (record.basis == 0)))
        n_sample = self.settings.sample_of(n_key)
        sampled = np.sort(np.random.default_rng(seed).choice(n_key, n_sample, replace=False))
        sets = sift(same, record.basis, sampled)
        wrong = record.bit[sets.test] != unpacked(test_bits, len(sets.test))
        test_errors = counts_of(intensity[sets.test][wrong], k)
        sample_errors = int(np.count_nonzero(record.bit[sets.sample] != unpacked(sample_bits, n_sample)))
        rate = error_rate(n_sample, sample_errors, len(sets.test), int(test_errors.sum()))
        book.detected, book.test, book.test_errors = n, len(sets.test), int(test_errors.sum())
        book.sampled, book.sample_errors = n_sample, sample_errors
        book.other_basis, book.reconciled = n - int(np.count_nonzero(same)), len(sets.key)

        estimated = (Kind.ESTIMATED, [test_errors.astype("<i8"), sample_errors, rate])
        if rate > self.settings.max_error:
            raise Abort(f"error rate {rate:.4f} above {self.settings.max_error:g}: no key can come of it")
        key, book.parities, out = yield from ask(self.settings, record.bit[sets.key], rate, seed, [estimated])
        wrong = key != record.bit[sets.key]
        key_errors = counts_of(intensity[sets.key][wrong], k)
        book.errors = int(key_errors.sum())

        payload = yield [*out, (Kind.ASK, [CORRECTED, key_errors.astype("<i8")])], Kind.VERIFY
        hash_seed, tag = take(payload, bytes, bytes)
        if len(hash_seed) != 32 or len(tag) != 16:
            raise Malformed("a verification of another size")
        mine = verification_tag(key, hash_seed, self.settings.tag_bits)
        book.verification = self.settings.tag_bits
        if int.from_bytes(tag, "little") != mine:
            raise Abort("verification failed: the keys differ after reconciliation")
        counts = Counts(counts_of(intensity[sets.key], k), key_errors, counts_of(intensity[sets.test], k), test_errors)
        length, raw = take((yield [(Kind.VERIFIED, [1])], Kind.AMPLIFY), int, bytes)
        if length != self._length(counts):
            raise Abort(f"alice makes a key of {length} bits; these counts allow {book.key}")
        diagonals = unpacked(raw, len(key) + length - 1)
        (tag_0,) = take((yield [], Kind.ALICE_TAG), bytes)
        if tag_0 != self._tag(0, self._received[:-1], self._sent):
            raise Abort("authentication failed: what was received is not what was sent")
        secret = toeplitz_hash(key, diagonals, length)
        tag_1 = self._tag(1, self._received, self._sent)
        (tag_2,) = take((yield [(Kind.BOB_TAG, [tag_1])], Kind.DONE), bytes)
        if tag_2 != self._tag(2, self._received[:-1], self._sent):
            raise Abort("authentication failed: the last message is not alice's")
        return self._accept(secret)
