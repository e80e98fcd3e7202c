"""Oracle: whatever bytes come, a party neither raises nor makes a key, and says in plain words why it gives up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from silla.base.rng import stream
from silla.physics.quantum.distillation import Alice, AliceRecord, Bob, BobRecord, KeyPool, Settings
from silla.physics.quantum.distillation.wire import Kind, Malformed, Message, decode, encode

AGREED = Settings((0.5, 0.1, 2e-4), (0.7, 0.2, 0.1))
N = 3000


def parties():
    rng = stream(1, "bad messages")
    pulse = np.cumsum(rng.integers(1, 30, N)).astype(np.uint64)
    basis, bit = (rng.integers(0, 2, N, dtype=np.uint8) for _ in range(2))
    secret = bytes(64)
    alice = Alice(
        AliceRecord(pulse, basis, bit, rng.integers(0, 3, N, dtype=np.uint8)), AGREED, KeyPool(secret), 0, rng.bytes
    )
    return alice, Bob(BobRecord(pulse, basis, bit), AGREED, KeyPool(secret))


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_malformed(raw):
    try:
        message = decode(raw)
    except Malformed:
        return
    assert encode(message) == raw


fields = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.binary(max_size=40), st.floats(width=64),
    st.lists(st.integers(0, 255), max_size=20).map(lambda x: np.array(x, "<u1")),
    st.lists(st.integers(-(2**40), 2**40), max_size=20).map(lambda x: np.array(x, "<i8")),
)  # fmt: skip


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 5), fields), min_size=1, max_size=2))
def test_fields_of_any_sort_end_in_a_plain_reason(changes):
    alice, bob = parties()
    alice.start()
    message = decode(bob.start()[0])
    payload = list(message.payload)
    for place, value in changes:
        payload[place % len(payload)] = value
    forged = encode(message._replace(payload=payload))
    answers = alice.receive(forged)
    if alice.state == "running":  # the change was none that shows before the tags
        return
    assert alice.state == "aborted" and alice.key == b"" and decode(answers[0]).kind == Kind.ABORT
    assert not any(word in alice.reason for word in ("ndarray", "argument", "NoneType", "0x"))


@pytest.mark.parametrize("kind", list(Kind)[1:])
def test_a_message_of_the_wrong_kind_or_without_fields(kind):
    alice, _ = parties()
    alice.start()
    alice.receive(encode(Message(kind, bytes(8), 0, [])))
    assert alice.state == "aborted" and alice.reason
