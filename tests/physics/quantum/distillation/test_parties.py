"""Oracles: keys equal or nobody accepts, whatever happens on the way; sums of the ledger; the finite-key formula."""

from __future__ import annotations

import functools
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.physics.quantum import distillation as d
from silla.physics.quantum.attack import intercept_resend_error
from silla.physics.quantum.distillation.wire import Kind, Malformed, Message, decode, encode
from silla.physics.quantum.photons.attacks import InterceptResend
from silla.physics.quantum.presets import LIM, RUSCA

pytestmark = pytest.mark.skipif(not kernels.available(), reason="no C++ kernels: slow")


@functools.cache
def small(reconciliation="cascade"):
    prepared = d.prepare(LIM, 3.0, 4e4, reconciliation=reconciliation)
    return prepared, d.collect(prepared, seed=1)


def play(adversary=None, reconciliation="cascade", seed=7):
    prepared, found = small(reconciliation)
    return d.distil(prepared, found=found, adversary=adversary, random_bytes=stream(seed, "alice").bytes)


def test_both_ends_have_the_same_key_and_account():
    made = play()
    alice, bob = made.alice, made.bob
    assert made.outcome.key and alice.key == bob.key and alice.key_bits == bob.key_bits == alice.ledger.net
    for name in alice.ledger.__dataclass_fields__:
        if not name.startswith("message"):
            assert getattr(alice.ledger, name) == getattr(bob.ledger, name), name
    alice.ledger.check()
    wrong = np.count_nonzero(
        (made.detections.alice_bit != made.detections.bob_bit)
        & (made.detections.alice_basis == 0) & (made.detections.bob_basis == 0)
    )  # fmt: skip
    assert alice.ledger.errors + alice.ledger.sample_errors == wrong
    assert alice.ledger.efficiency > 1.0


def test_length_is_the_formulas():
    from silla.physics.quantum.distillation.yields import secret_length
    from silla.physics.quantum.finite_key import Counts, key_length

    settings_ = small()[0].settings
    counts = Counts(
        np.array([5e5, 3e5, 1e4]), np.array([5e3, 3e3, 5e3]), np.array([9e4, 6e4, 2e3]), np.array([900, 600, 1000])
    )
    length, _ = secret_length(counts, settings_, 100_000)
    plain = key_length(counts, settings_.intensities, settings_.probabilities, leaked_bit=100_000 + settings_.tag_bits
                       - np.log2(2 / settings_.eps_cor))  # fmt: skip
    assert length == int(plain.length_bit)
    assert secret_length(counts, settings_, 100_001)[0] in (length - 1, length)


def test_pool_pays_and_is_paid_back():
    made = play()
    for party in (made.alice, made.bob):
        assert len(party.pool) == 48 and party.pool.spent == 48
    assert made.alice.pool.take(48) == made.bob.pool.take(48)
    with pytest.raises(DomainError, match="0 left"):
        made.alice.pool.take(1)


def test_a_pool_that_is_empty_refuses_the_session():
    prepared, found = small()
    with pytest.raises(DomainError, match="47 left"):
        d.Alice(found.alice(), prepared.settings, d.KeyPool(bytes(16 + 47)))


def test_unequal_pools_abort():
    prepared, found = small()
    alice = d.Alice(found.alice(), prepared.settings, d.KeyPool(bytes(64)), 1, stream(1, "a").bytes)
    bob = d.Bob(found.bob(), prepared.settings, d.KeyPool(bytes(16) + b"\1" * 48), 1)
    outcome = d.run(alice, bob)
    assert outcome.accepted == (False, False) and "authentication failed" in " ".join(outcome.reasons)


def test_intercept_resend_gives_no_key():
    prepared, _ = small()
    for share in (1.0, 0.5):
        found = d.collect(prepared, seed=2, attack=InterceptResend(share))
        made = d.distil(prepared, found=found, random_bytes=stream(2, "x").bytes)
        assert made.outcome.accepted == (False, False) and not made.alice.key and not made.bob.key
        assert "error rate" in made.outcome.reasons[1] or "no key" in made.outcome.reasons[0]
        assert intercept_resend_error(LIM.misalignment, share) > 0.11


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 2**32), st.sampled_from(["drop", "duplicate", "alter", "reorder"]),
    st.sampled_from([0.0003, 0.003, 0.1, 1.0]),
)  # fmt: skip
def test_whoever_is_on_the_channel_never_are_two_keys_unequal(seed, kind, share):
    adversary = d.Adversary.of(kind, share, np.random.default_rng(seed))
    made = play(adversary)
    for party in (made.alice, made.bob):
        assert party.state in ("accepted", "aborted")
        assert bool(party.key) == (party.state == "accepted") and bool(party.reason) != bool(party.key)
    if made.outcome.key:
        assert made.alice.key == made.bob.key
    if adversary.done.get("alter"):
        assert not made.bob.key  # Bob accepts last, and everything that was altered is seen by then
    if not adversary.done:
        assert made.outcome.key, made.outcome.reasons


@pytest.mark.parametrize("kind", ["drop", "duplicate", "alter", "reorder"])
def test_whatever_is_done_to_any_one_message_ends_without_a_key_and_is_said(kind):
    """The last message is the exception that no protocol avoids: what is done to it, Alice cannot know."""

    def run(adversary):
        prepared, found = small()
        secret = stream(5, "s").bytes(64)
        alice = d.Alice(found.alice(), prepared.settings, d.KeyPool(secret), 7, stream(7, "alice").bytes)
        bob = d.Bob(found.bob(), prepared.settings, d.KeyPool(secret), 7)
        channel = d.Channel(adversary)
        return alice, bob, channel, d.run(alice, bob, channel)

    n, silent = run(None)[3].messages, 0
    for number in sorted({*range(1, 12), *range(12, n, max(1, n // 8)), *range(n - 4, n + 1)}):
        adversary = d.Adversary(np.random.default_rng(number), only=frozenset({number}), **{kind: 1.0})
        alice, bob, channel, outcome = run(adversary)
        if kind == "reorder" and not channel.overtaken:
            assert outcome.key  # the other end waited for it: late, and in order
            silent += 1
        elif kind == "duplicate" and number >= n - 2:
            assert outcome.key and alice.key == bob.key  # copies of the last tags, behind a transcript that agrees
        elif number < n:
            assert outcome.accepted == (False, False) and all(outcome.reasons), (number, outcome)
            assert not alice.key and not bob.key
        else:
            assert not bob.key
    assert kind != "reorder" or silent < n


def test_a_message_of_an_earlier_session_is_known():
    prepared, found = small()
    old = d.Bob(found.bob(), prepared.settings, d.KeyPool(bytes(64)), 6).start()[0]
    alice = d.Alice(found.alice(), prepared.settings, d.KeyPool(bytes(64)), 7, stream(7, "alice").bytes)
    alice.start()
    alice.receive(old)
    assert alice.state == "aborted" and "another session" in alice.reason


@pytest.mark.parametrize("number", [1, 2, 3, 5, 40])
def test_one_altered_message_ends_with_a_reason(number):
    adversary = d.Adversary(np.random.default_rng(number), alter=1.0, only=frozenset({number}))
    made = play(adversary)
    assert made.outcome.accepted == (False, False) and all(made.outcome.reasons)


def test_an_alteration_that_parses_is_found_by_the_tag():
    """Somebody swaps Alice's random diagonals for his own: nothing but authentication can see it."""
    prepared, found = small()
    secret = stream(3, "s").bytes(64)
    alice = d.Alice(found.alice(), prepared.settings, d.KeyPool(secret), 1, stream(3, "a").bytes)
    bob = d.Bob(found.bob(), prepared.settings, d.KeyPool(secret), 1)

    class Swapped:
        def touch(self, raw, number):
            message = decode(raw)
            if message.kind == Kind.AMPLIFY:
                length, diagonals = message.payload
                raw = encode(message._replace(payload=[length, bytes(len(diagonals))]))
            return [(raw, False)]

    outcome = d.run(alice, bob, d.Channel(Swapped()))  # type: ignore[arg-type]
    assert outcome.accepted == (False, False) and "authentication failed" in outcome.reasons[1]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 2**32), st.sampled_from(["cascade", "ldpc"]), st.sampled_from([1, 2]),
    st.sampled_from([8e3, 1.3e4, 3e4]), st.sampled_from([0.0, 3.0, 9.0]), st.sampled_from([0.0, 0.01, 0.04]),
)  # fmt: skip
def test_photons_to_keys_are_equal_at_both_ends(seed, reconciliation, decoys, block, loss_db, misalignment):
    """Small blocks of any link: equal keys of the ledger's length, or no key at either end and a reason at both."""
    system = replace(LIM, misalignment=misalignment)
    try:
        prepared = d.prepare(system, loss_db, block, decoys=decoys, reconciliation=reconciliation)
    except DomainError as error:
        assert "must have at least" in str(error)
        return
    made = d.distil(prepared, seed=seed, random_bytes=stream(seed, "equal").bytes)
    assert made.outcome.accepted in ((True, True), (False, False))
    if made.outcome.key:
        assert made.alice.key == made.bob.key and 8 * len(made.alice.key) >= made.alice.key_bits > 0
        assert made.alice.key_bits == made.alice.ledger.key - made.alice.ledger.authentication
    else:
        assert not made.alice.key and not made.bob.key and all(made.outcome.reasons)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 12), st.booleans())
def test_no_bytes_break_a_party(garbage, kind, framed):
    prepared, found = small()
    bob = d.Bob(found.bob(), prepared.settings, d.KeyPool(bytes(64)), 1)
    bob.start()
    raw = encode(Message(Kind(kind), (1).to_bytes(8, "little"), 0, [garbage])) if framed else garbage
    bob.receive(raw)
    bob.timeout()
    assert bob.state == "aborted" and bob.reason and not bob.key


def test_wire_round_trip_and_refusals():
    payload = [1, -5, 2.5, b"abc", np.arange(4, dtype="<u4")]
    raw = encode(Message(Kind.ASK, b"12345678", 9, payload))
    back = decode(raw)
    assert back.payload[:4] == payload[:4] and (back.payload[4] == payload[4]).all() and back.number == 9
    for bad in (raw[:-1], raw + b"x", b"XXXX" + raw[4:], raw[:4] + b"\2" + raw[5:], raw[:5] + b"\77" + raw[6:], b""):
        with pytest.raises(Malformed):
            decode(bad)


def test_a_block_too_short_says_how_long_it_must_be():
    with pytest.raises(DomainError, match="must have at least"):
        d.prepare(LIM, 20.0, 2e3)
    with pytest.raises(DomainError, match="no block"):
        d.prepare(LIM, 80.0, 1e6)


@pytest.mark.parametrize(
    ("system", "loss_db", "options"),
    [
        (LIM, 3.0, {}), (LIM, 20.0, {}), (LIM, 12.0, {"decoys": 1}),
        (RUSCA, 10.0, {"decoys": 1, "reconciliation": "ldpc"}),
    ],
)  # fmt: skip
def test_the_length_that_is_named_gives_a_key(system, loss_db, options):
    """A little under it nothing is expected; half as much again gives a key in every run."""
    with pytest.raises(DomainError) as refused:
        d.prepare(system, loss_db, 1e3, **options)
    least, sure = (float(x) for x in re.findall(r"([\d.e+]+) (?:bits to expect|to have)", str(refused.value)))
    assert d.prepare(system, loss_db, least, **options).expected_bit > 0
    with pytest.raises(DomainError, match="must have at least"):
        d.prepare(system, loss_db, 0.85 * least, **options)
    prepared = d.prepare(system, loss_db, sure, **options)
    for seed in range(8):
        made = d.distil(prepared, seed=seed, random_bytes=stream(seed, "sure").bytes)
        assert made.outcome.key, made.outcome.reasons
        assert made.alice.key == made.bob.key and made.alice.key_bits > 0


def test_expected_bits_are_near_those_of_a_run():
    prepared, _ = small()
    assert play().alice.key_bits == pytest.approx(prepared.expected_bit, rel=0.25)


def test_records_are_checked():
    one = np.zeros(2, np.uint8)
    with pytest.raises(ArgumentError, match="rise"):
        d.Detections(np.array([3, 3]), one, one, one, one, one, 10)
    with pytest.raises(ArgumentError, match="alice_intensity"):
        d.Detections(np.array([3, 4]), one, one, one, one, one + 9, 10)
    with pytest.raises(ArgumentError, match="same n"):
        d.Detections(np.array([3]), one, one, one, one, one, 10)
